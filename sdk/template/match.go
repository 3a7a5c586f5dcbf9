package template

import (
	"github.com/logcenter/logcenter/sdk/internal/swar"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// match goes over the line. It returns the fault of t and its place, 0 if there is none.
func (m *Match) match(t *Template, line []byte) (kind, pos int) {
	m.t, m.line, m.n = t, line, 0
	if len(line) > tooLong {
		return len(t.faults.Kinds) - 1, tooLong
	}
	end := len(line)
	for end > 0 && line[end-1] <= ' ' {
		end--
	}
	line = line[:end]
	i := blanks(line, 0)
	behind := prefixEnd(line, i, t.head)
	if behind < 0 {
		return 1, i
	}
	i = behind
	if t.after {
		i = blanks(line, i)
	}
	for k := range t.gaps {
		g := &t.gaps[k]
		v0, v1, next := g.value(line, i, k == len(t.gaps)-1)
		if next < 0 {
			if g.kind <= kindWord && v0 >= 0 {
				return 2*k + 3, v0
			}
			return 2*k + 2, i
		}
		if g.slot >= 0 {
			if v1-v0 == 1 && line[v0] == '-' {
				v1 = v0
			}
			m.at[g.slot] = span{uint32(v0), uint32(v1)}
			m.n = g.slot + 1
		}
		if i = next; g.lit == "" {
			continue
		}
		if g.blank {
			for i+1 < len(line) && isBlank(line[i]) && isBlank(line[i+1]) {
				i++
			}
		}
		if behind = prefixEnd(line, i, g.lit); behind < 0 {
			return 2*k + 3, i
		}
		i = behind
		if g.after {
			i = blanks(line, i)
		}
	}
	if i < len(line) {
		return len(t.faults.Kinds) - 1, i
	}
	return 0, 0
}

// blanks returns where the blanks at i end.
func blanks(line []byte, i int) int {
	for i < len(line) && isBlank(line[i]) {
		i++
	}
	return i
}

// prefixEnd returns where lit, which line[i:] begins with, ends; -1 if it does not. A space inside of lit is a blank or
// more; one at its ends is one blank, and match passes over the others.
func prefixEnd(line []byte, i int, lit string) int {
	if len(line)-i < len(lit) {
		return -1
	}
	if string(line[i:i+len(lit)]) == lit {
		return i + len(lit)
	}
	for k := range len(lit) {
		if i == len(line) || line[i] != lit[k] && (lit[k] != ' ' || line[i] != '\t') {
			return -1
		}
		if i++; inner(lit, k) {
			i = blanks(line, i)
		}
	}
	return i
}

// inner reports whether lit[k] is a space between other bytes.
func inner(lit string, k int) bool {
	return lit[k] == ' ' && k > 0 && k+1 < len(lit) && !isBlank(lit[k-1]) && !isBlank(lit[k+1])
}

// suffixStart is prefixEnd for a line that ends with lit, which is not empty: it returns where lit starts.
func suffixStart(line []byte, lit string) int {
	i := len(line)
	for k := len(lit) - 1; k >= 0; k-- {
		if i == 0 || line[i-1] != lit[k] && (lit[k] != ' ' || line[i-1] != '\t') {
			return -1
		}
		if i--; inner(lit, k) {
			for i > 0 && isBlank(line[i-1]) {
				i--
			}
		}
	}
	return i
}

// value finds the gap's value at i and returns where the text behind it must be, -1 if it does not fit; v0 is
// then, for kinds text, last and word, where that text was looked for in vain, or -1.
func (g *gap) value(line []byte, i int, last bool) (v0, v1, next int) {
	switch g.kind {
	case kindText, kindLast:
		return g.text(line, i, last)
	case kindWord:
		return g.word(line, i)
	case kindRest:
		return i, len(line), len(line)
	}
	if i < len(line) && line[i] == '-' && (i+1 == len(line) || line[i+1]-'0' > 9) && (g.lit == "" || prefixEnd(line, i+1, g.lit[:1]) > 0) {
		return i, i + 1, i + 1 // none
	}
	n := 0
	switch g.kind {
	case kindInt:
		n = intLen(line[i:])
	case kindNumber:
		n = numberLen(line[i:])
	case kindIP:
		n = netaddr.AddrLen(line[i:])
	case kindMAC:
		n = netaddr.MACLen(line[i:])
	case kindTime:
		if i < len(line) && (line[i] == '*' || line[i] == '.') {
			i++ // Cisco's clock is not set, or has lost its source
		}
		_, n, _ = timestamp.Detect(line[i:])
	case kindQuoted:
		if n = quotedLen(line[i:]); n > 0 {
			return i + 1, i + n - 1, i + n
		}
	case kindBrackets:
		if n = bracketsLen(line[i:]); n > 0 {
			return i + 1, i + n - 1, i + n
		}
	}
	if n == 0 {
		return -1, -1, -1
	}
	return i, i + n, i + n
}

// text finds the text up to g.lit, or up to the end of the line behind the last gap.
func (g *gap) text(line []byte, i int, last bool) (v0, v1, next int) {
	if g.lit == "" {
		return i, len(line), len(line)
	}
	var end int
	switch {
	case last: // what the pattern ends with ends the line: text in front may have it, too
		end = suffixStart(line, g.lit)
	case g.kind == kindLast:
		end = findLast(line, i, g.lit)
	default:
		end = find(line, i, g.lit)
	}
	if end < i {
		return i, -1, -1
	}
	v1 = end
	if g.blank {
		for v1 > i && isBlank(line[v1-1]) {
			v1--
		}
	}
	return i, v1, end
}

// word finds the word up to g.lit or a blank.
func (g *gap) word(line []byte, i int) (v0, v1, next int) {
	end := i
	if g.lit == "" || g.blank {
		end = swar.Index2(line, i, ' ', '\t')
	} else {
		c := g.lit[0]
		for {
			for end < len(line) && line[end] != c && !isBlank(line[end]) {
				end++
			}
			if end == len(line) || line[end] != c {
				return end, -1, -1
			}
			if prefixEnd(line, end, g.lit) > 0 {
				break
			}
			end++
		}
	}
	if end == i {
		return -1, -1, -1
	}
	return i, end, end
}

// find returns where lit, which is not empty, is in line from i on, -1 if nowhere.
func find(line []byte, i int, lit string) int {
	c, tab := lit[0], lit[0]
	if c == ' ' {
		tab = '\t'
	}
	for {
		if i = swar.Index2(line, i, c, tab); i == len(line) {
			return -1
		}
		if len(lit) == 1 || prefixEnd(line, i, lit) > 0 {
			return i
		}
		i++
	}
}

// findLast returns where lit, which is not empty, is in line for the last time, from i on; -1 if nowhere.
func findLast(line []byte, i int, lit string) int {
	for at := len(line) - 1; at >= i; at-- {
		if (line[at] == lit[0] || line[at] == '\t' && lit[0] == ' ') && prefixEnd(line, at, lit) > 0 {
			return at
		}
	}
	return -1
}

func intLen(b []byte) int {
	i := 0
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		i = 1
	}
	start := i
	if i = digits(b, i); i == start {
		return 0
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

func numberLen(b []byte) int {
	n := intLen(b)
	if n == 0 {
		return 0
	}
	if n+1 < len(b) && b[n] == '.' && b[n+1]-'0' <= 9 {
		n = digits(b, n+1)
	}
	if n < len(b) && b[n]|0x20 == 'e' {
		n += intLen(b[n+1:]) + 1
		if b[n-1]|0x20 == 'e' {
			n-- // no exponent
		}
	}
	return n
}

// quotedLen returns the length of the quoted text that b starts with, with its quotes, 0 if there is none.
func quotedLen(b []byte) int {
	if len(b) < 2 || b[0] != '"' && b[0] != '\'' && b[0] != '`' {
		return 0
	}
	q := b[0]
	for i := 1; ; i++ {
		i = swar.Index2(b, i, q, '\\')
		if i >= len(b) {
			return 0
		}
		if i+1 < len(b) && (b[i] == '\\' || b[i+1] == q) {
			i++
			continue
		}
		if b[i] == q {
			return i + 1
		}
	}
}

// bracketsLen returns the length of the text in brackets that b starts with, with them, 0 if there is none.
// Only brackets of its own kind are counted.
func bracketsLen(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	opening := b[0]
	closing := opening + 2
	switch opening {
	case '(':
		closing = ')'
	case '[', '{', '<':
	default:
		return 0
	}
	depth := 0
	for i := 0; ; i++ {
		i = swar.Index2(b, i, opening, closing)
		if i >= len(b) {
			return 0
		}
		if b[i] == opening {
			depth++
		} else if depth--; depth == 0 {
			return i + 1
		}
	}
}
