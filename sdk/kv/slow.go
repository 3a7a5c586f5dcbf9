package kv

import "github.com/logcenter/logcenter/sdk/internal/swar"

// The thorough look: for scanners whose separators are several bytes, or can be protected in bare
// values. It goes byte by byte from stop to stop.

// setStops fills it.stops from the scanner.
func (it *Iter) setStops() {
	add := func(c byte) { it.stops[c>>6] |= 1 << (c & 63) }
	add(it.pairByte)
	if it.blanks {
		it.stops[0] |= 1<<(' '+1) - 1
	}
	for i := range len(it.sc.PairAny) {
		add(it.sc.PairAny[i])
	}
	if it.sc.EscapeBare {
		add(it.sc.Escape)
	}
	if it.sc.Brackets {
		add('(')
		add('[')
		add('{')
	}
}

func (it *Iter) isStop(c byte) bool { return it.stops[c>>6]>>(c&63)&1 != 0 }

// keyEnd returns where the first separator of either kind is, from i on, or the length of the line.
func (it *Iter) keyEnd(i int) int {
	line, sep := it.line, it.sepByte
	if !it.slow {
		for ; i < len(line) && line[i] != sep && line[i] != it.pairByte && (!it.blanks || line[i] > ' '); i++ {
		}
		return i
	}
	esc := it.bareEscape()
	for ; i < len(line); i++ {
		c := line[i]
		if c == sep || it.isStop(c) && it.pairAt(i) > 0 {
			return i
		}
		if c == esc && esc != 0 {
			i++
		}
	}
	return len(line)
}

// bareEnd returns where the bare value that starts at v ends: at a separator, or with the line.
func (it *Iter) bareEnd(v int) int {
	switch {
	case !it.slow:
		return it.findPair(v)
	case it.sc.LongValues && it.blanks:
		return it.longEnd(v)
	}
	line, esc := it.line, it.bareEscape()
	for i := v; i < len(line); i++ {
		c := line[i]
		switch {
		case !it.isStop(c):
		case it.pairAt(i) > 0:
			return i
		case c == esc && esc != 0:
			i++
		case it.sc.Brackets && (c == '(' || c == '[' || c == '{'):
			kind := byte(1) << (c >> 5) // 2, 4 and 8
			if it.noBrackets&kind != 0 {
				break
			}
			if e := matching(line, i); e > 0 {
				i = e
			} else {
				it.fault(errBracket, i)
				it.noBrackets |= kind
			}
		}
	}
	return len(line)
}

// longEnd returns the blank before the key that follows the value starting at v, or the length of the
// line. The key is the word before the next Sep.
func (it *Iter) longEnd(v int) int {
	line, esc := it.line, it.bareEscape()
	blank := -1
	for i := v; i < len(line); i++ {
		switch c := line[i]; {
		case c == esc && esc != 0:
			i++
		case c <= ' ':
			blank = i
		case c == it.sepByte && blank >= 0 && blank < i-1:
			return blank
		}
	}
	return len(line)
}

// bareEscape is the byte that escapes in bare values, or 0.
func (it *Iter) bareEscape() byte {
	if it.sc.EscapeBare {
		return it.sc.Escape
	}
	return 0
}

// matching returns where the bracket that opens at i is closed, or -1. Only brackets of its own kind are
// counted, so that a stray one of another kind does no harm.
func matching(line []byte, i int) int {
	opening, closing := line[i], line[i]+2
	if opening == '(' {
		closing = ')'
	}
	depth := 0
	for ; i < len(line); i++ {
		switch line[i] {
		case opening:
			depth++
		case closing:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// AppendUnquoted appends v to dst with its backslash escapes resolved and returns the extended slice:
// \n, \r and \t become the control characters, a backslash before any other byte is left out, one at
// the end stays. If v stands in quotes (", ' or `) they are left out. dst and v must not overlap.
func AppendUnquoted(dst, v []byte) []byte {
	if n := len(v); n >= 2 && v[0] == v[n-1] && (v[0] == '"' || v[0] == '\'' || v[0] == '`') {
		v = v[1 : n-1]
	}
	return appendUnescaped(dst, v, '\\')
}

func appendUnescaped(dst, v []byte, esc byte) []byte {
	for {
		i := swar.Index(v, 0, esc)
		dst = append(dst, v[:i]...)
		if i+1 >= len(v) {
			return append(dst, v[i:]...)
		}
		c := v[i+1]
		if esc == '\\' {
			switch c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			}
		} else if c != esc && (esc == '"' || esc == '\'' || esc == '`') {
			dst = append(dst, esc) // a lone quote, not a doubled one
		}
		dst = append(dst, c)
		v = v[i+2:]
	}
}
