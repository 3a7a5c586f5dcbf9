package query

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// reserved are the characters that a backslash frees from their meaning inside quotes.
const reserved = `+-!(){}[]^"~*?:\/&|<>=`

func nameByte(c byte) bool {
	return c == '_' || c == '-' || c == '.' || c == '@' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// fieldName looks whether the word here is a field name and a colon, without moving on.
func (p *parser) fieldName() (name string, found bool, err *Error) {
	i, wild := p.pos, false
	for i < len(p.text) && (nameByte(p.text[i]) || p.text[i] == '*' || p.text[i] == '?') {
		wild = wild || !nameByte(p.text[i])
		i++
	}
	name = p.text[p.pos:i]
	if i == len(p.text) || p.text[i] != ':' || !nameStart(name) || strings.HasPrefix(p.text[i:], "://") {
		return "", false, nil
	}
	if wild && name != "*" {
		return "", false, p.errorf(Pos{p.pos, i}, "name one field, or write \\: to search for the text", "field names cannot have wildcards")
	}
	end := i
	for end < len(p.text) && !p.delimiter(end) {
		end++
	}
	if isAddress(p.text[p.pos:end]) {
		return "", false, nil
	}
	return name, true, nil
}

func nameStart(name string) bool {
	if name == "" {
		return false
	}
	switch c := name[0]; {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '@', c == '*', c == '?':
		return true
	default:
		return false
	}
}

// isAddress recognises words whose colons do not end a field name.
func isAddress(s string) bool {
	if len(s) > 64 || !maybeAddress(s) {
		return false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	_, err := net.ParseMAC(s)
	return err == nil
}

// maybeAddress rules out nearly all names of fields, at a fraction of what an error costs. A zone may be any text.
func maybeAddress(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '%':
			return true
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':' || c == '.' || c == '-' || c == '/':
		default:
			return false
		}
	}
	return true
}

// word reads an unquoted value: a term, a prefix, a wildcard pattern, a network, or *.
func (p *parser) word(f Field, start int, direct bool) (Node, *Error) {
	from := p.pos
	w, err := p.readWord()
	if err != nil {
		return nil, err
	}
	raw := p.text[from:p.pos]
	if raw == "" { // a value cannot start with what stands here, e.g. ) behind a group's (
		return nil, p.errorf(Pos{from, min(from+1, len(p.text))}, "", "a value is expected here")
	}
	if raw == "list" && f.Name != "" && !p.end() && p.text[p.pos] == '(' {
		return p.list(f, start)
	}
	if !direct {
		switch raw {
		case "and", "or", "not":
			p.lower = raw
		}
	}
	at := Pos{start, p.pos}
	p.space()
	if perr := p.count(at); perr != nil {
		return nil, perr
	}
	switch {
	case w.wild && strings.Trim(w.pattern, "*") == "":
		if f.Name == "" {
			return &All{Pos: at}, nil
		}
		return &Exists{Field: f, Pos: at}, nil
	case w.prefix():
		return &Prefix{Field: f, Value: w.value[:len(w.value)-1], Pos: at}, nil
	case w.wild:
		return &Wildcard{Field: f, Pattern: w.pattern, Pos: at}, nil
	}
	if !w.escaped && f.Name != "" && strings.IndexByte(raw, '/') > 0 {
		if prefix, err := ParsePrefix(raw); err == nil {
			return &CIDR{Field: f, Prefix: prefix, Pos: at}, nil
		}
	}
	return &Term{Field: f, Value: w.value, Pos: at}, nil
}

type wordText struct {
	value   string // without escapes
	pattern string // with \ before *, ? and \ that mean themselves, and before nothing else
	wild    bool   // it has an unescaped * or ?
	stars   int    // unescaped *
	marks   int    // unescaped ?
	last    bool   // the last character is an unescaped *
	escaped bool
}

func (w *wordText) prefix() bool { return w.stars == 1 && w.marks == 0 && w.last && len(w.value) > 1 }

func (p *parser) readWord() (w wordText, err *Error) {
	var value, pattern strings.Builder
	for !p.end() && !p.delimiter(p.pos) {
		c := p.text[p.pos]
		size := 1
		w.last = false
		switch c {
		case '\\':
			if p.pos+1 == len(p.text) {
				return w, p.errorf(Pos{p.pos, p.pos + 1}, `write \\ for a backslash`, "the query ends behind a backslash")
			}
			_, size = utf8.DecodeRuneInString(p.text[p.pos+1:])
			p.pos++
			w.escaped = true
			if strings.IndexByte(`*?\`, p.text[p.pos]) >= 0 {
				pattern.WriteByte('\\')
			}
		case '*':
			w.wild, w.last = true, true
			w.stars++
		case '?':
			w.wild = true
			w.marks++
		case '[', ']', '{', '}':
			return w, p.errorf(Pos{p.pos, p.pos + 1}, fmt.Sprintf("put the value in quotes, or write \\%c", c), "%c cannot stand in an unquoted value", c)
		case '^', '~':
			return w, p.suffixError()
		default:
			_, size = utf8.DecodeRuneInString(p.text[p.pos:])
		}
		value.WriteString(p.text[p.pos : p.pos+size])
		pattern.WriteString(p.text[p.pos : p.pos+size])
		p.pos += size
	}
	w.value, w.pattern = value.String(), pattern.String()
	return w, nil
}

// noSuffix refuses a boost or a fuzziness behind a quote or parenthesis.
func (p *parser) noSuffix() *Error {
	if !p.end() && (p.text[p.pos] == '^' || p.text[p.pos] == '~') {
		return p.suffixError()
	}
	return nil
}

func (p *parser) suffixError() *Error {
	at := Pos{p.pos, p.pos + 1}
	if p.text[p.pos] == '^' {
		return p.errorf(at, `results are ordered by time; write \^ to search for the sign`, "boosts (^) have no meaning here")
	}
	return p.errorf(at, `use * or a regular expression; write \~ to search for the sign`, "fuzzy and proximity searches (~) are not supported")
}

// list reads what follows list, the name of a list in parentheses.
func (p *parser) list(f Field, start int) (Node, *Error) {
	open := p.pos
	p.pos++
	p.space()
	from := p.pos
	var name string
	if !p.end() && p.text[p.pos] == '"' {
		v, err := p.readQuoted()
		if err != nil {
			return nil, err
		}
		name = v
	} else {
		for !p.end() && nameByte(p.text[p.pos]) {
			p.pos++
		}
		name = p.text[from:p.pos]
	}
	to := p.pos
	p.space()
	hint := fmt.Sprintf("write %s:list(name); list\\( for the text", f.Name)
	if p.end() || p.text[p.pos] != ')' {
		return nil, p.errorf(Pos{open, min(p.pos+1, len(p.text))}, hint, ") expected behind the name of the list")
	}
	if err := CheckListName(name); err != nil {
		return nil, p.errorf(Pos{from, max(to, from)}, hint, "%s", err)
	}
	p.pos++
	if err := p.noSuffix(); err != nil {
		return nil, err
	}
	n := &InList{Field: f, List: name, Pos: Pos{start, p.pos}}
	p.space()
	return n, p.count(n.Pos)
}

// quoted reads "…".
func (p *parser) quoted(f Field, start int) (Node, *Error) {
	value, err := p.readQuoted()
	if err != nil {
		return nil, err
	}
	if err := p.noSuffix(); err != nil {
		return nil, err
	}
	n := &Term{Field: f, Value: value, Quoted: true, Pos: Pos{start, p.pos}}
	p.space()
	return n, p.count(n.Pos)
}

func (p *parser) readQuoted() (string, *Error) {
	open := p.pos
	var b strings.Builder
	for i := open + 1; i < len(p.text); i++ {
		c := p.text[i]
		if c == '"' {
			p.pos = i + 1
			return b.String(), nil
		}
		if c == '\\' && i+1 < len(p.text) && strings.IndexByte(reserved, p.text[i+1]) >= 0 {
			i++
			c = p.text[i]
		}
		b.WriteByte(c)
	}
	return "", p.errorf(Pos{open, len(p.text)}, `close it with ", or write \" to search for the sign`, "unclosed quote")
}

// regex reads /…/.
func (p *parser) regex(f Field, start int) (Node, *Error) {
	open := p.pos
	path := `a path goes in quotes: "/admin/login"`
	var b strings.Builder
	i := open + 1
	for ; i < len(p.text) && p.text[i] != '/'; i++ {
		if p.text[i] == '\\' && i+1 < len(p.text) {
			if p.text[i+1] != '/' {
				b.WriteByte('\\')
			}
			i++
		}
		b.WriteByte(p.text[i])
	}
	if i == len(p.text) {
		return nil, p.errorf(Pos{open, i}, "close it with /; "+path, "unclosed regular expression")
	}
	expr := b.String()
	end := i + 1
	fold := end < len(p.text) && p.text[end] == 'i'
	if fold {
		end++
	}
	if end < len(p.text) && !p.delimiter(end) {
		return nil, p.errorf(Pos{open, i + 1}, path, "a value that starts with / is a regular expression, and text follows it")
	}
	if expr == "" {
		return nil, p.errorf(Pos{open, i + 1}, path, "empty regular expression")
	}
	if err := checkRegex(expr); err != nil {
		// Offsets are of expr; in the text there may be a \ more before each /.
		shift := open + 1
		err.Pos.Start += shift + strings.Count(expr[:err.Pos.Start], "/")
		err.Pos.End += shift + strings.Count(expr[:err.Pos.End], "/")
		return nil, err
	}
	p.pos = end
	n := &Regex{Field: f, Expr: expr, Fold: fold, Pos: Pos{start, p.pos}}
	p.space()
	return n, p.count(n.Pos)
}

// openRange reads >5 and the like.
func (p *parser) openRange(f Field, start int) (Node, *Error) {
	from := p.pos
	op := p.text[p.pos : p.pos+1]
	p.pos++
	if !p.end() && p.text[p.pos] == '=' {
		p.pos++
		op += "="
	}
	if f.Name == "" {
		return nil, p.errorf(Pos{from, p.pos}, fmt.Sprintf("write field:%s5, or \\%s to search for the sign", op, op[:1]), "%s needs a field", op)
	}
	p.space()
	hint := fmt.Sprintf("write %s:%s5", f.Name, op)
	if p.end() {
		return nil, p.errorf(Pos{from, p.behind()}, hint, "%s has no value", op)
	}
	var value string
	if p.text[p.pos] == '"' {
		v, err := p.readQuoted()
		if err != nil {
			return nil, err
		}
		value = v
	} else {
		w, err := p.readWord()
		if err != nil {
			return nil, err
		}
		if w.value == "" || w.wild {
			return nil, p.errorf(Pos{from, p.behind()}, hint, "%s needs a plain value", op)
		}
		value = w.value
	}
	n := &Range{Field: f, Pos: Pos{start, p.pos}}
	if op[0] == '>' {
		n.Min, n.IncludeMin = &value, op == ">="
	} else {
		n.Max, n.IncludeMax = &value, op == "<="
	}
	p.space()
	return n, p.count(n.Pos)
}

// bracketRange reads [a TO b] and its variants. A bound is what stands before TO or the bracket, so that
// it may have inner spaces: [2026-10-11 12:00:00 TO now].
func (p *parser) bracketRange(f Field, start int) (Node, *Error) {
	open := p.pos
	if f.Name == "" {
		return nil, p.errorf(Pos{open, open + 1}, fmt.Sprintf("write field:[1 TO 5], or \\%c to search for the sign", p.text[open]), "a range needs a field")
	}
	n := &Range{Field: f, IncludeMin: p.text[open] == '['}
	p.pos++
	lo, err := p.bound(open, true)
	if err != nil {
		return nil, err
	}
	hi, err := p.bound(open, false)
	if err != nil {
		return nil, err
	}
	n.Min, n.Max = lo, hi
	n.IncludeMin = n.IncludeMin && lo != nil
	n.IncludeMax = hi != nil && p.text[p.pos] == ']'
	p.pos++
	n.Pos = Pos{start, p.pos}
	p.space()
	if err := p.count(n.Pos); err != nil {
		return nil, err
	}
	if lo == nil && hi == nil {
		return &Exists{Field: f, Pos: n.Pos}, nil
	}
	return n, nil
}

// bound reads one end of a range up to and with TO, or up to the closing bracket; nil is an open end.
func (p *parser) bound(open int, first bool) (*string, *Error) {
	const hint = "write [1 TO 5]; * is an open end"
	p.space()
	from := p.pos
	if !p.end() && p.text[p.pos] == '"' {
		v, err := p.readQuoted()
		if err != nil {
			return nil, err
		}
		p.space()
		if !p.boundEnd(first) {
			return nil, p.errorf(Pos{open, min(p.pos+1, len(p.text))}, hint, "%s expected behind %q", boundEnds[first], v)
		}
		return &v, nil
	}
	var b strings.Builder
	literal := false // escapes make * mean itself
	for {
		if p.end() {
			return nil, p.errorf(Pos{open, len(p.text)}, hint, "unclosed range, %s expected", boundEnds[first])
		}
		if c := p.text[p.pos]; p.pos == from || c == ']' || c == '}' || p.atSpace() {
			gap := p.pos
			p.space()
			if p.boundEnd(first) {
				break
			}
			if p.end() {
				continue
			}
			if c := p.text[p.pos]; c == ']' || c == '}' {
				return nil, p.errorf(Pos{open, p.pos + 1}, hint, "TO expected in the range")
			}
			b.WriteString(p.text[gap:p.pos])
		}
		switch c := p.text[p.pos]; {
		case c == '\\' && p.pos+1 < len(p.text):
			p.pos++
			literal = true
		case c == '[' || c == '{' || c == '"':
			return nil, p.errorf(Pos{p.pos, p.pos + 1}, `put the bound in quotes`, "%c cannot stand in an unquoted bound", c)
		}
		_, size := utf8.DecodeRuneInString(p.text[p.pos:])
		b.WriteString(p.text[p.pos : p.pos+size])
		p.pos += size
	}
	v := b.String()
	switch {
	case v == "*" && !literal:
		return nil, nil //nolint:nilnil // an open end
	case v == "":
		return nil, p.errorf(Pos{open, min(p.pos+1, len(p.text))}, hint, "the range lacks a bound")
	}
	return &v, nil
}

var boundEnds = map[bool]string{true: "TO", false: "] or }"}

// boundEnd consumes TO behind the first bound; behind the second it stays before the bracket.
func (p *parser) boundEnd(first bool) bool {
	if p.end() {
		return false
	}
	if !first {
		return p.text[p.pos] == ']' || p.text[p.pos] == '}'
	}
	rest := p.text[p.pos:]
	if !strings.HasPrefix(rest, "TO") || len(rest) > 2 && rest[2] != '"' && rest[2] != ']' && rest[2] != '}' && !p.delimiter(p.pos+2) {
		return false
	}
	p.pos += 2
	return true
}

// ParsePrefix reads a network such as 10.0.0.0/8. Host bits are cleared, IPv4-mapped IPv6 becomes IPv4.
func ParsePrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, err
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}
