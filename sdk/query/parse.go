package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on query texts.
const (
	MaxText  = 16 << 10 // bytes of a query
	MaxDepth = 100      // nesting of parentheses and NOT
	MaxNodes = 1024     // nodes of the AST
)

// Parse reads a query. The empty text is [All]. Errors are of type [*Error].
//
// The syntax is Lucene's as Graylog and Kibana users know it:
//
//	word                    message has the word; several words: all of them
//	"two words"             message has the words next to each other
//	field:value             see Term for what that means on each type of field
//	field:(a OR b)          the field goes to every value inside
//	fail*  te?t  *          starts with, any one character, everything
//	field:*  _exists_:field the field has a value
//	/app[0-2][0-9]/         regular expression, see CompileRegex; /\\cmd\.exe$/i in any case
//	field:[1 TO 5]          range with its ends; {1 TO 5} without; [1 TO 5} mixed; * is an open end
//	field:>5 >=5 <5 <=5     open ranges
//	source.ip:10.0.0.0/8    addresses of a network
//	source.ip:list(scanners) a value that is in a list which is kept apart, see InList
//	a AND b, a && b, a b    both; +a is the same as a
//	a OR b, a || b          one of them
//	NOT a, !a, -a           not; matches events without the field too
//
// NOT binds closest, then AND, then OR. Two clauses without an operator between them are joined by AND,
// however they are mixed with OR: a b OR c is (a AND b) OR c. AND, OR and NOT are operators in upper case
// only. White space may follow the colon of a field.
//
// A backslash takes the meaning from the character behind it. In quotes it does so before the characters
// that have a meaning in queries, and stands for itself before others, so that "C:\Windows" is that path.
// Reserved are + - ! at the start of a clause, ( ) [ ] { } " ^ ~ * ? \ everywhere, / < > at the start
// of a value, && and ||. A value may hold : / - + @ unquoted. A word with a colon is a field and its value
// if what stands before the colon is a field name that does not start with a digit, and the word is not an
// IP or MAC address or a URL.
//
// Boosts (^) and fuzzy or proximity searches (~) are errors.
func Parse(text string) (Node, error) {
	p := &parser{text: text}
	if err := p.checkText(); err != nil {
		return nil, err
	}
	n, err := p.query()
	if err != nil {
		return nil, p.finish(err)
	}
	return n, nil
}

type parser struct {
	text  string
	pos   int
	depth int
	nodes int
	lower string // a lower-case and, or, not that was read as a word
}

func (p *parser) checkText() error {
	if len(p.text) > MaxText {
		return p.finish(p.errorf(Pos{MaxText, len(p.text)}, "put many values into a list: `logcenter watchlist import`, and field:list(name)",
			"the query is %d bytes long, the limit is %d", len(p.text), MaxText))
	}
	for i := 0; i < len(p.text); {
		r, size := utf8.DecodeRuneInString(p.text[i:])
		if r == utf8.RuneError && size == 1 {
			return p.finish(p.errorf(Pos{i, i + 1}, "queries are UTF-8", "byte %#02x is not UTF-8", p.text[i]))
		}
		i += size
	}
	return nil
}

func (p *parser) errorf(at Pos, hint, format string, args ...any) *Error {
	return &Error{Pos: at, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// finish completes an error with what only the parser knows.
func (p *parser) finish(err *Error) *Error {
	err.column = err.Column(p.text)
	if p.lower != "" {
		h := fmt.Sprintf("%s is read as a word here, the operator is %s", p.lower, strings.ToUpper(p.lower))
		if err.Hint != "" {
			h = err.Hint + "; " + h
		}
		err.Hint = h
	}
	return err
}

// query is the start rule.
func (p *parser) query() (Node, *Error) {
	p.space()
	if p.end() {
		return &All{Pos: Pos{0, len(p.text)}}, nil
	}
	n, err := p.or(Field{})
	if err != nil {
		return nil, err
	}
	if !p.end() { // or stops at the end and before )
		return nil, p.errorf(Pos{p.pos, p.pos + 1}, "remove it, or write \\) to search for it", "there is no ( for this )")
	}
	return n, nil
}

// or reads clauses joined by OR. Like all rules it ends behind white space.
func (p *parser) or(f Field) (Node, *Error) {
	start := p.pos
	first, err := p.and(f)
	if err != nil || !p.atOr() {
		return first, err
	}
	nodes := []Node{first}
	for p.atOr() {
		op := p.operator()
		if err := p.operand(op); err != nil {
			return nil, err
		}
		n, err := p.and(f)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	n := &Or{Nodes: nodes, Pos: Pos{start, p.behind()}}
	return n, p.count(n.Pos)
}

// and reads clauses joined by AND or by nothing.
func (p *parser) and(f Field) (Node, *Error) {
	start := p.pos
	if err := p.operand(Pos{}); err != nil {
		return nil, err
	}
	var nodes []Node
	for {
		n, err := p.not(f)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		if p.end() || p.text[p.pos] == ')' || p.atOr() {
			break
		}
		if p.atAnd() {
			op := p.operator()
			if err := p.operand(op); err != nil {
				return nil, err
			}
		}
	}
	if len(nodes) == 1 {
		return nodes[0], nil
	}
	n := &And{Nodes: nodes, Pos: Pos{start, p.behind()}}
	return n, p.count(n.Pos)
}

// operand makes sure that a clause starts here. op is the operator before, if any.
func (p *parser) operand(op Pos) *Error {
	const hint = "put a word in quotes to search for it"
	switch {
	case p.atAnd() || p.atOr():
		at := p.operator()
		word := p.text[at.Start:at.End]
		if op.End > op.Start {
			return p.errorf(at, hint, "%s follows %s without a clause between them", word, p.text[op.Start:op.End])
		}
		return p.errorf(at, hint, "%s has nothing on its left", word)
	case !p.end() && p.text[p.pos] != ')':
		return nil
	case op.End > op.Start:
		return p.errorf(op, hint, "%s has nothing on its right", p.text[op.Start:op.End])
	case p.end():
		return p.errorf(Pos{p.pos, p.pos}, "", "the query ends where a clause is expected")
	default:
		return p.errorf(Pos{p.pos, p.pos + 1}, "remove it, or write \\) to search for it", "there is no clause before this )")
	}
}

// not reads a clause with the signs before it.
func (p *parser) not(f Field) (Node, *Error) {
	start := p.pos
	switch {
	case p.atWord("NOT"):
		op := p.operator()
		if err := p.operand(op); err != nil {
			return nil, err
		}
		return p.negated(f, start)
	case p.text[p.pos] == '!':
		op := Pos{p.pos, p.pos + 1}
		p.pos++
		p.space()
		if err := p.operand(op); err != nil {
			return nil, err
		}
		return p.negated(f, start)
	case p.text[p.pos] == '-' || p.text[p.pos] == '+':
		sign := p.text[p.pos]
		p.pos++
		if p.end() || p.text[p.pos] == ')' || p.atSpace() {
			return nil, p.errorf(Pos{start, start + 1}, fmt.Sprintf("write %cword without a space, or \\%c to search for the sign", sign, sign),
				"%c stands alone", sign)
		}
		if err := p.operand(Pos{start, start + 1}); err != nil {
			return nil, err
		}
		if sign == '-' {
			return p.negated(f, start)
		}
		if err := p.deeper(start); err != nil {
			return nil, err
		}
		n, err := p.not(f)
		p.depth--
		return n, err
	default:
		return p.clause(f)
	}
}

func (p *parser) negated(f Field, start int) (Node, *Error) {
	if err := p.deeper(start); err != nil {
		return nil, err
	}
	n, err := p.not(f)
	if err != nil {
		return nil, err
	}
	p.depth--
	not := &Not{Node: n, Pos: Pos{start, p.behind()}}
	return not, p.count(not.Pos)
}

// clause reads a value, a field with its value, or parentheses. f is the field of the parentheses around.
func (p *parser) clause(f Field) (Node, *Error) {
	start := p.pos
	name, found, err := p.fieldName()
	if err != nil {
		return nil, err
	}
	if !found {
		return p.value(f, start, false)
	}
	at := Pos{start, start + len(name)}
	p.pos = at.End + 1
	p.space()
	switch {
	case p.end() || p.text[p.pos] == ')' || p.atAnd() || p.atOr() || p.atWord("NOT"):
		return nil, p.errorf(Pos{start, at.End + 1}, fmt.Sprintf("write %s:value, %s:* for events that have the field, or %s\\: to search for the text", name, name, name),
			"%s: has no value", name)
	case name == "*":
		return p.allFields(start)
	case name == "_exists_":
		return p.exists(start)
	default:
		return p.value(Field{Name: name, Pos: at}, start, true)
	}
}

// allFields is what follows "*:".
func (p *parser) allFields(start int) (Node, *Error) {
	if p.text[p.pos] == '*' {
		p.pos++
		if p.end() || p.delimiter(p.pos) {
			n := &All{Pos: Pos{start, p.pos}}
			p.space()
			return n, p.count(n.Pos)
		}
	}
	return nil, p.errorf(Pos{start, start + 1}, "name the field, or leave field and colon away to search message", "field names cannot have wildcards")
}

// exists is what follows "_exists_:".
func (p *parser) exists(start int) (Node, *Error) {
	from := p.pos
	quoted := p.text[from] == '"'
	if quoted {
		from++
	}
	to := from
	for to < len(p.text) && nameByte(p.text[to]) {
		to++
	}
	p.pos = to
	if quoted && to < len(p.text) && p.text[to] == '"' {
		p.pos++
	} else if quoted {
		to = from
	}
	if to == from || !p.end() && !p.delimiter(p.pos) {
		return nil, p.errorf(Pos{start, max(p.pos, from)}, "write _exists_:source.ip", "_exists_: needs the name of one field")
	}
	n := &Exists{Field: Field{Name: p.text[from:to], Pos: Pos{from, to}}, Pos: Pos{start, p.pos}}
	p.space()
	return n, p.count(n.Pos)
}

// value reads one value or parentheses for field f. The clause started at start; after a colon
// (direct) signs are part of the value.
func (p *parser) value(f Field, start int, direct bool) (Node, *Error) {
	switch c := p.text[p.pos]; {
	case c == '(':
		return p.group(f)
	case c == '"':
		return p.quoted(f, start)
	case c == '/':
		return p.regex(f, start)
	case c == '[' || c == '{':
		return p.bracketRange(f, start)
	case c == '<' || c == '>':
		return p.openRange(f, start)
	default:
		return p.word(f, start, direct)
	}
}

func (p *parser) group(f Field) (Node, *Error) {
	open := p.pos
	if err := p.deeper(open); err != nil {
		return nil, err
	}
	p.pos++
	p.space()
	if !p.end() && p.text[p.pos] == ')' {
		return nil, p.errorf(Pos{open, p.pos + 1}, "write a clause inside, or \\( and \\) to search for the signs", "nothing between ( and )")
	}
	if p.end() {
		return nil, p.unclosed(open)
	}
	n, err := p.or(f)
	if err != nil {
		return nil, err
	}
	if p.end() {
		return nil, p.unclosed(open)
	}
	p.pos++
	p.depth--
	if err := p.noSuffix(); err != nil {
		return nil, err
	}
	p.space()
	return n, nil
}

func (p *parser) unclosed(open int) *Error {
	return p.errorf(Pos{open, open + 1}, "close it with ), or write \\( to search for the sign", "there is no ) for this (")
}

func (p *parser) deeper(at int) *Error {
	if p.depth++; p.depth > MaxDepth {
		return p.errorf(Pos{at, at + 1}, "", "parentheses and NOT are nested more than %d deep", MaxDepth)
	}
	return nil
}

func (p *parser) count(at Pos) *Error {
	if p.nodes++; p.nodes > MaxNodes {
		return p.errorf(at, "put many values into a list: `logcenter watchlist import`, and field:list(name)", "the query has more than %d parts", MaxNodes)
	}
	return nil
}

func (p *parser) end() bool { return p.pos >= len(p.text) }

func (p *parser) atSpace() bool {
	r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
	return unicode.IsSpace(r)
}

func (p *parser) space() {
	for !p.end() {
		r, size := utf8.DecodeRuneInString(p.text[p.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		p.pos += size
	}
}

// behind is the end of what was read without the white space behind it.
func (p *parser) behind() int {
	return len(strings.TrimRightFunc(p.text[:p.pos], unicode.IsSpace))
}

func (p *parser) atAnd() bool { return p.atWord("AND") || strings.HasPrefix(p.text[p.pos:], "&&") }
func (p *parser) atOr() bool  { return p.atWord("OR") || strings.HasPrefix(p.text[p.pos:], "||") }

// atWord says whether an operator spelt in letters stands here.
func (p *parser) atWord(op string) bool {
	if !strings.HasPrefix(p.text[p.pos:], op) {
		return false
	}
	i := p.pos + len(op)
	return i == len(p.text) || p.delimiter(i)
}

// delimiter says whether the character at i ends a word.
func (p *parser) delimiter(i int) bool {
	switch p.text[i] {
	case '(', ')', '"':
		return true
	case '&', '|':
		return i+1 < len(p.text) && p.text[i+1] == p.text[i]
	}
	r, _ := utf8.DecodeRuneInString(p.text[i:])
	return unicode.IsSpace(r)
}

// operator reads the operator that stands here.
func (p *parser) operator() Pos {
	at := Pos{p.pos, p.pos + 2}
	if c := p.text[p.pos]; c == 'A' || c == 'N' {
		at.End++
	}
	p.pos = at.End
	p.space()
	return at
}
