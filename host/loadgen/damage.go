package loadgen

import (
	"bytes"
	"unicode/utf8"
)

// damage spoils the line under construction as networks and devices do. What it leaves of secrets is
// whole and stays noted.
func (g *Generator) damage(dst []byte) []byte {
	g.line.Malformed = true
	line := dst[g.base:]
	switch g.rnd.bits(3) {
	case 0:
		return g.loseHead(dst)
	case 1:
		return g.loseDelimiter(dst)
	case 2:
		// The newline between two lines got lost.
		return append(dst, line[:g.untilSecret(len(line)/3)]...)
	case 3:
		if g.line.Format == Web {
			return g.handshake(dst)
		}
	}
	return g.cut(dst)
}

// cut ends the line at a random place, not within a secret or a character.
func (g *Generator) cut(dst []byte) []byte {
	at := int(g.rnd.between(1, uint32(len(dst)-g.base-1)))
	for i, s := range g.spans[:g.spanN] {
		if at < s.end {
			at = min(at, s.start)
			g.spanN = i
			break
		}
	}
	for at > 1 && !utf8.RuneStart(dst[g.base+at]) {
		at--
	}
	return dst[:g.base+at]
}

// untilSecret is n, or less to end before the first secret.
func (g *Generator) untilSecret(n int) int {
	if g.spanN > 0 {
		return min(n, g.spans[0].start)
	}
	return n
}

// loseHead removes the first bytes; no secret and no Chinese is that far in front.
func (g *Generator) loseHead(dst []byte) []byte {
	n := int(g.rnd.between(1, 12))
	line := dst[g.base:]
	copy(line, line[n:])
	for i := range g.spans[:g.spanN] {
		g.spans[i].start -= n
		g.spans[i].end -= n
	}
	return dst[:len(dst)-n]
}

// loseDelimiter replaces what a parser of the format looks for.
func (g *Generator) loseDelimiter(dst []byte) []byte {
	delimiter := [formats]byte{'%', '\'', '"', ' '}[g.line.Format]
	line := dst[g.base:]
	if i := bytes.IndexByte(line, delimiter); i >= 0 {
		line[i] = ' '
	}
	return dst
}

// handshake is what nginx logs of a TLS client on its plain port.
func (g *Generator) handshake(dst []byte) []byte {
	g.spanN = 0
	dst = appendIP(dst[:g.base], g.outside())
	dst = append(dst, " - - ["...)
	dst = g.clock.appendHTTP(dst)
	return append(dst, `] "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03" 400 157 "-" "-" 0.041`...)
}
