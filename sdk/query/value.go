package query

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// ParseValue reads a value as a query writes it for a field of type t: string for Keyword and Text, int64,
// float64, bool, netip.Addr (IPv4-mapped IPv6 as IPv4), time.Time for Date (see [ParseDate], relative to
// now, UTC). Geo points have no values in queries. Errors are of type [*Error] without a place.
func ParseValue(t ecs.Type, s string) (any, error) {
	switch t {
	case ecs.Keyword, ecs.Text, 0:
		return s, nil
	case ecs.Long:
		return parsed(parseLong(s))
	case ecs.Double:
		return parsed(parseDouble(s))
	case ecs.Boolean:
		return parsed(parseBool(s))
	case ecs.IP:
		return parsed(parseAddr(s))
	case ecs.Date:
		from, _, err := ParseDate(s, time.Now(), time.UTC)
		return from, err
	default:
		return nil, valueError("only _exists_ can be asked of places", "%s fields have no values to search for", t)
	}
}

// parsed keeps a nil *Error from becoming an error.
func parsed[T any](v T, err *Error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func parseLong(s string) (int64, *Error) {
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v, nil
	}
	return 0, valueError("write digits with an optional -, e.g. 443 or -5, within 64 bits", "%q is not a whole number", clip(s))
}

func parseDouble(s string) (float64, *Error) {
	// ParseFloat also takes hexadecimal, underscores, inf and nan.
	if strings.Trim(s, "+-.0123456789eE") == "" {
		if v, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(v, 0) {
			return v, nil
		}
	}
	return 0, valueError("write e.g. 0.5, -3 or 1e6", "%q is not a number", clip(s))
}

func parseBool(s string) (bool, *Error) {
	switch s {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, valueError("write true or false", "%q is not a boolean", clip(s))
}

func parseAddr(s string) (netip.Addr, *Error) {
	a, err := netip.ParseAddr(s)
	if err == nil && a.Zone() == "" {
		return a.Unmap(), nil
	}
	if p, err := ParsePrefix(s); err == nil {
		return netip.Addr{}, valueError("write it without quotes", "%q is a network, not an address", p)
	}
	return netip.Addr{}, valueError("write e.g. 10.0.0.1 or 2001:db8::1, or a network: 10.0.0.0/8", "%q is not an IP address", clip(s))
}

// clip shortens a value for a message.
func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:57], "") + "..."
}

// Longs are the bounds of a range on a Long field, both inclusive; low > high is empty.
func (n *Range) Longs() (low, high int64, err error) {
	low, high = math.MinInt64, math.MaxInt64
	if n.Min != nil {
		v, perr := parseLong(*n.Min)
		switch {
		case perr != nil:
			return 0, 0, perr
		case n.IncludeMin:
			low = v
		case v == math.MaxInt64:
			return 1, 0, nil
		default:
			low = v + 1
		}
	}
	if n.Max != nil {
		v, perr := parseLong(*n.Max)
		switch {
		case perr != nil:
			return 0, 0, perr
		case n.IncludeMax:
			high = v
		case v == math.MinInt64:
			return 1, 0, nil
		default:
			high = v - 1
		}
	}
	return low, high, nil
}

// Doubles are the bounds of a range on a Double field, both inclusive (an excluded bound is the float64 next
// to it); low > high is empty. NaN is in no range.
func (n *Range) Doubles() (low, high float64, err error) {
	low, high = math.Inf(-1), math.Inf(1)
	if n.Min != nil {
		v, perr := parseDouble(*n.Min)
		if perr != nil {
			return 0, 0, perr
		}
		if low = v; !n.IncludeMin {
			low = math.Nextafter(v, math.Inf(1))
		}
	}
	if n.Max != nil {
		v, perr := parseDouble(*n.Max)
		if perr != nil {
			return 0, 0, perr
		}
		if high = v; !n.IncludeMax {
			high = math.Nextafter(v, math.Inf(-1))
		}
	}
	return low, high, nil
}

// Addrs are the bounds of a range on an IP field as 16 bytes with IPv4 mapped into IPv6, both inclusive and
// ordered by bytes; low > high is empty. So >=10.0.0.0 holds for all IPv6 addresses above ::ffff:10.0.0.0 too.
func (n *Range) Addrs() (low, high [16]byte, err error) {
	for i := range high {
		high[i] = 0xff
	}
	empty := func() ([16]byte, [16]byte, error) { return [16]byte{1}, [16]byte{}, nil }
	if n.Min != nil {
		a, perr := parseAddr(*n.Min)
		if perr != nil {
			return low, high, perr
		}
		low = a.As16()
		if !n.IncludeMin {
			next := netip.AddrFrom16(low).Next()
			if !next.IsValid() {
				return empty()
			}
			low = next.As16()
		}
	}
	if n.Max != nil {
		a, perr := parseAddr(*n.Max)
		if perr != nil {
			return low, high, perr
		}
		high = a.As16()
		if !n.IncludeMax {
			prev := netip.AddrFrom16(high).Prev()
			if !prev.IsValid() {
				return empty()
			}
			high = prev.As16()
		}
	}
	return low, high, nil
}

// Dates are the bounds of a range on a Date field, from inclusive, to exclusive, in nanoseconds since 1970 UTC;
// from >= to is empty. A bound stands for the whole unit it is written in, as in [ParseDate]: [2026-10-11 TO
// 2026-10-11] is that day, {2026-10-11 TO *] begins with the day after. An open end is the least or greatest
// int64. now and zone are those of ParseDate.
func (n *Range) Dates(now time.Time, zone *time.Location) (from, to int64, err error) {
	from, to = math.MinInt64, math.MaxInt64
	if n.Min != nil {
		first, next, err := ParseDate(*n.Min, now, zone)
		if err != nil {
			return 0, 0, err
		}
		if from = first.UnixNano(); !n.IncludeMin {
			from = next.UnixNano()
		}
	}
	if n.Max != nil {
		first, next, err := ParseDate(*n.Max, now, zone)
		if err != nil {
			return 0, 0, err
		}
		if to = next.UnixNano(); !n.IncludeMax {
			to = first.UnixNano()
		}
	}
	return from, to, nil
}

// AddrRange is a network as its first and last address in 16 bytes with IPv4 mapped into IPv6.
func (n *CIDR) AddrRange() (first, last [16]byte) {
	first = n.Prefix.Masked().Addr().As16()
	bits := n.Prefix.Bits()
	if n.Prefix.Addr().Is4() {
		bits += 96
	}
	last = first
	for i := bits; i < 128; i++ {
		last[i/8] |= 0x80 >> (i % 8)
	}
	return first, last
}
