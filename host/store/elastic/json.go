package elastic

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk/wire"
)

// Patterns of eight equal bytes.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// hasEscapes says whether s has a byte that JSON escapes: a control character, a quote or a backslash. It looks at eight
// bytes at once; bytes over 0x7f never are one.
func hasEscapes(s []byte) bool {
	for len(s) >= 8 {
		if v := binary.LittleEndian.Uint64(s); escapes(v) != 0 {
			return true
		}
		s = s[8:]
	}
	for _, c := range s {
		if c < 0x20 || c == '"' || c == '\\' {
			return true
		}
	}
	return false
}

// escapes has the high bit of bytes that JSON escapes, and perhaps of bytes behind the first of them.
func escapes(v uint64) uint64 {
	quote, slash := v^('"'*ones), v^('\\'*ones)
	return ((v - 0x20*ones) | (quote - ones) | (slash - ones)) & ^v & highs
}

const hexDigits = "0123456789abcdef"

// appendJSON appends s as a string of JSON.
func appendJSON(dst, s []byte) []byte {
	dst = append(dst, '"')
	if hasEscapes(s) {
		dst = appendEscaped(dst, s)
	} else {
		dst = append(dst, s...)
	}
	return append(dst, '"')
}

func appendEscaped(dst, s []byte) []byte {
	from := 0
	for i, c := range s {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(dst, s[from:]...)
}

// clock renders instants. It keeps the last second, because instants that follow each other mostly share it.
type clock struct {
	second int64
	text   []byte // of second, up to its fraction, quote included
}

// append appends ns, nanoseconds since 1970 UTC, in RFC 3339.
func (c *clock) append(dst []byte, ns int64) []byte {
	second, fraction := ns/1e9, ns%1e9
	if fraction < 0 {
		second, fraction = second-1, fraction+1e9
	}
	if c.text == nil || second != c.second {
		c.second = second
		c.text = time.Unix(second, 0).UTC().AppendFormat(append(c.text[:0], '"'), "2006-01-02T15:04:05")
	}
	dst = append(dst, c.text...)
	if fraction != 0 {
		digits := [10]byte{'.'}
		for i := 9; i > 0; i-- {
			digits[i] = byte('0' + fraction%10)
			fraction /= 10
		}
		n := len(digits)
		for digits[n-1] == '0' {
			n--
		}
		dst = append(dst, digits[:n]...)
	}
	return append(dst, 'Z', '"')
}

// octets are the numbers of an IPv4 address as text; the last byte is the length.
var octets = func() (t [256][4]byte) {
	for i := range t {
		t[i][3] = byte(copy(t[i][:3], strconv.Itoa(i)))
	}
	return t
}()

func appendIP(dst []byte, c *wire.Column, k int) []byte {
	v, ok := c.IPv4(k)
	if !ok {
		return netip.AddrFrom16([16]byte(c.IP16(k))).AppendTo(dst)
	}
	for shift := 24; shift >= 0; shift -= 8 {
		o := &octets[byte(v>>shift)]
		dst = append(dst, o[:o[3]]...)
		if shift > 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}

func finite(c *wire.Column, from, to int) bool {
	for ; from < to; from++ {
		if f := c.Float(from); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

// appendPlain renders a value of any column as text.
func appendPlain(dst []byte, c *wire.Column, k, row int, message *wire.Column) []byte {
	switch c.Type {
	case wire.Type_INT64:
		return strconv.AppendInt(dst, c.Int(k), 10)
	case wire.Type_DOUBLE:
		return strconv.AppendFloat(dst, c.Float(k), 'g', -1, 64)
	case wire.Type_BOOL:
		return strconv.AppendBool(dst, c.Bool(k))
	case wire.Type_IP:
		return appendIP(dst, c, k)
	case wire.Type_TIMESTAMP:
		return time.Unix(0, c.Nanos(k)).UTC().AppendFormat(dst, time.RFC3339Nano)
	case wire.Type_GEO:
		lat, lon := c.Point(k)
		dst = strconv.AppendFloat(dst, lat, 'g', -1, 64)
		return strconv.AppendFloat(append(dst, ','), lon, 'g', -1, 64)
	default:
		return append(dst, c.Text(k, row, message)...)
	}
}
