package query

import (
	"strings"
	"unicode/utf8"
)

// PlaceKind says what can stand at a place of a text.
type PlaceKind uint8

// The kinds of places.
const (
	AtNothing PlaceKind = iota // nothing that is known: within a regular expression, right behind a quote
	AtClause                   // a clause: the name of a field, a word, NOT or (; where After is true, AND or OR as well
	AtName                     // the name of a field, whose colon is there already
	AtValue                    // a value of Field
	AtBound                    // one end of a range of Field
	AtList                     // the name of a list that values of Field are looked for in
)

// Place is where a caret stands in the text of a query, which may be unfinished or wrong.
type Place struct {
	Kind   PlaceKind
	Pos           // of the word that the caret is in, quotes included, for what is written in its stead; empty at the caret if it is in none
	Prefix string // what that word has before the caret, without quotes and escapes
	Field  string // of AtValue, AtBound and AtList, and of AtClause among values of one field; empty: the text of message
	Quoted bool   // the word is in quotes
	After  bool   // AtClause: there is a clause before it
	Clause Pos    // what the place belongs to, with NOT and other signs before it
}

// At says where a caret stands. It is in bytes of text, and is taken to the beginning of the character that it lies in, or to
// the nearest end. At works on any text, reads it once and knows nothing of types.
func At(text string, caret int) Place {
	caret = min(max(caret, 0), len(text))
	for caret > 0 && caret < len(text) && !utf8.RuneStart(text[caret]) {
		caret--
	}
	s := places{parser: parser{text: text}, caret: caret, signs: -1}
	for !s.done() {
	}
	return s.place
}

// Rest is the query without the clause of the place: what the values of that clause are looked for in. Where a text is so
// broken that nothing can be read, it is [All] and false.
func (p Place) Rest(text string) (Node, bool) {
	before := text[:min(p.Clause.Start, len(text))] + " * "
	for _, t := range []string{before + text[min(p.Clause.End, len(text)):], before} {
		if n, err := Parse(t); err == nil {
			return n, true
		}
		if n, err := Parse(t + strings.Repeat(")", openGroups(t))); err == nil {
			return n, true
		}
	}
	return &All{}, false
}

// openGroups counts the parentheses that are not closed.
func openGroups(text string) int {
	s := places{parser: parser{text: text}, caret: len(text) + 1, signs: -1}
	for !s.done() {
	}
	return min(len(s.groups), MaxDepth)
}

// places reads a text as the parser does, but for what is wrong with it.
type places struct {
	parser
	caret  int
	groups []string // the fields of the parentheses around
	signs  int      // where the signs before a clause begin; -1: there are none
	after  bool     // there is a clause before
	place  Place
}

// done reads one piece and says whether the caret is found or the text at its end.
func (s *places) done() bool {
	s.space()
	if s.caret <= s.pos || s.end() {
		s.found(s.gap(min(s.caret, len(s.text))))
		return true
	}
	start := s.pos
	switch c := s.text[s.pos]; {
	case c == '(':
		s.push(s.field())
	case c == ')':
		if len(s.groups) > 0 {
			s.groups = s.groups[:len(s.groups)-1]
		}
		s.pos++
		s.after, s.signs = true, -1
	case c == '!' || c == '+' || c == '-':
		s.sign(start)
		s.pos++
	case strings.HasPrefix(s.text[s.pos:], "&&") || strings.HasPrefix(s.text[s.pos:], "||"):
		s.pos += 2
		s.after, s.signs = false, -1
	case s.atWord("AND") || s.atWord("OR") || s.atWord("NOT"):
		not := c == 'N'
		after := s.after
		for !s.end() && s.text[s.pos] >= 'A' && s.text[s.pos] <= 'Z' {
			s.pos++
		}
		if s.caret <= s.pos {
			s.found(Place{Kind: AtClause, Pos: Pos{start, s.pos}, Prefix: s.text[start:s.caret], Field: s.field(), After: after, Clause: Pos{start, s.pos}})
			return true
		}
		if not {
			s.sign(start)
		} else {
			s.signs = -1
		}
		s.after = false
	default:
		depth := len(s.groups)
		if s.clause(start) {
			return true
		}
		s.after, s.signs = len(s.groups) == depth, -1 // a group that has just begun has no clause yet
	}
	return false
}

func (s *places) found(p Place) { s.place = p }

// field is that of the parentheses around.
func (s *places) field() string {
	if len(s.groups) == 0 {
		return ""
	}
	return s.groups[len(s.groups)-1]
}

func (s *places) push(field string) {
	s.groups = append(s.groups, field)
	s.pos++
	s.after, s.signs = false, -1
}

// sign notes a sign before a clause.
func (s *places) sign(start int) {
	if s.signs < 0 {
		s.signs = start
	}
}

// gap is a place where no word is yet.
func (s *places) gap(at int) Place {
	p := Place{Kind: AtClause, Pos: Pos{at, at}, After: s.after && s.signs < 0, Clause: s.whole(at, at)}
	if p.Field = s.field(); p.Field != "" {
		p.Kind = AtValue
	}
	return p
}

// whole is a clause with the signs before it.
func (s *places) whole(start, end int) Pos {
	if s.signs >= 0 {
		start = s.signs
	}
	return Pos{start, end}
}

// clause reads a clause that starts here, and says whether the caret is in it.
func (s *places) clause(start int) bool {
	name, named, _ := s.fieldName() // a name with wildcards is a word
	if !named {
		return s.value(s.field(), start)
	}
	colon := start + len(name)
	s.pos = colon + 1
	s.space()
	if s.caret > colon && s.caret <= s.pos && (s.end() || s.caret < s.pos || s.text[s.pos] == '(' || s.text[s.pos] == ')') {
		at := Pos{s.caret, s.caret}
		s.found(Place{Kind: AtValue, Pos: at, Field: name, Clause: s.whole(start, s.caret)})
		return true
	}
	switch {
	case s.end() || s.text[s.pos] == ')' || s.atAnd() || s.atOr() || s.atWord("NOT"):
	case s.text[s.pos] == '(':
		s.push(name)
		s.after = false
		if s.caret <= colon {
			s.found(Place{Kind: AtName, Pos: Pos{start, colon}, Prefix: s.text[start:s.caret], Clause: s.whole(start, s.pos)})
			return true
		}
		return false
	default:
		if s.caret > colon {
			return s.value(name, start)
		}
		s.value(name, start)
	}
	if s.caret > colon {
		return false
	}
	s.found(Place{Kind: AtName, Pos: Pos{start, colon}, Prefix: s.text[start:s.caret], Clause: s.whole(start, s.pos)})
	return true
}

// value reads a value of a clause that started at start, and says whether the caret is in it.
func (s *places) value(field string, start int) bool {
	from := s.pos
	p := Place{Kind: AtValue, Field: field}
	switch c := s.text[s.pos]; {
	case c == '"':
		closed := s.skipQuoted()
		p.Quoted = true
		p.Pos = Pos{from, s.pos}
		if closed && s.caret == s.pos {
			p = Place{Kind: AtNothing, Pos: Pos{s.caret, s.caret}}
		} else if s.caret > from && s.caret <= s.pos {
			p.Prefix = unescaped(s.text[from+1 : s.caret])
		}
	case c == '/':
		s.skipRegex()
		p = Place{Kind: AtNothing, Pos: Pos{from, s.pos}, Field: field}
	case (c == '[' || c == '{') && field != "":
		if s.caret != from {
			return s.bounds(field, start)
		}
		s.skipBounds()
		p.Pos = Pos{from, s.pos}
	case (c == '<' || c == '>') && field != "":
		s.pos++
		if !s.end() && s.text[s.pos] == '=' {
			s.pos++
		}
		s.space()
		if s.caret == from { // all of it is replaced
			s.skipBound()
			p.Pos = Pos{from, s.pos}
			break
		}
		from = s.pos
		p.Kind, p.Quoted = AtBound, s.skipBound()
		s.word(&p, from)
	default:
		s.skipWord()
		if field != "" && s.text[from:s.pos] == "list" && !s.end() && s.text[s.pos] == '(' {
			return s.list(p, start, from)
		}
		if field == "" {
			p.Kind, p.After = AtClause, s.after && s.signs < 0
		}
		s.word(&p, from)
	}
	if s.caret < from && p.Kind != AtBound || s.caret < start || s.caret > s.pos {
		return false
	}
	p.Clause = s.whole(start, s.pos)
	s.found(p)
	return true
}

// list reads what follows list, the name of a list in parentheses, and says whether the caret is in it.
func (s *places) list(p Place, start, from int) bool {
	open := s.pos
	s.pos++
	s.space()
	name := Pos{s.pos, s.pos}
	if !s.end() && s.text[s.pos] == '"' {
		p.Quoted = true
		s.skipQuoted()
	} else {
		for !s.end() && nameByte(s.text[s.pos]) {
			s.pos++
		}
	}
	name.End = s.pos
	s.space()
	closed := !s.end() && s.text[s.pos] == ')'
	switch {
	case closed:
		s.pos++
	case name.End > name.Start:
		s.pos = name.End // what follows is another clause
	}
	if s.caret < from || s.caret > s.pos {
		return false
	}
	p.Clause = s.whole(start, s.pos)
	switch {
	case s.caret <= open:
		p.Pos, p.Prefix, p.Quoted = Pos{from, s.pos}, s.text[from:s.caret], false
	case closed && s.caret == s.pos:
		p.Kind, p.Pos, p.Quoted = AtNothing, Pos{s.caret, s.caret}, false
	default:
		p.Kind, p.Pos = AtList, Pos{s.caret, s.caret}
		if name.Start <= s.caret && s.caret <= name.End {
			p.Pos, p.Prefix = name, strings.Trim(s.text[name.Start:s.caret], `"`)
		}
	}
	s.found(p)
	return true
}

// word makes what was read from from on the word of p; the caret may be before it, behind > and a space.
func (s *places) word(p *Place, from int) {
	if s.caret < from {
		p.Pos = Pos{min(s.caret, len(s.text)), min(s.caret, len(s.text))}
		return
	}
	p.Pos = Pos{from, s.pos}
	if s.caret <= s.pos {
		p.Prefix = unescaped(strings.TrimPrefix(s.text[from:s.caret], `"`))
	}
}

// bounds reads a range in brackets.
func (s *places) bounds(field string, start int) bool {
	s.pos++
	word := Pos{-1, -1} // that the caret is in
	for !s.end() && s.text[s.pos] != ']' && s.text[s.pos] != '}' {
		from := s.pos
		switch {
		case s.text[s.pos] == '"':
			s.skipQuoted()
		case s.atSpace():
			s.space()
			continue
		default:
			for !s.end() && !s.atSpace() && !strings.ContainsRune(`]}"`, rune(s.text[s.pos])) {
				s.skipCharacter()
			}
		}
		if from <= s.caret && s.caret <= s.pos {
			word = Pos{from, s.pos}
		}
	}
	closed := !s.end()
	if closed {
		s.pos++
	}
	if s.caret > s.pos || s.caret <= start || closed && s.caret == s.pos {
		return false
	}
	p := Place{Kind: AtBound, Field: field, Pos: Pos{s.caret, s.caret}, Clause: s.whole(start, s.pos)}
	if word.Start >= 0 {
		p.Pos = word
		if s.text[word.Start:word.End] == "TO" {
			p.Kind, p.Pos = AtNothing, Pos{s.caret, s.caret}
			s.found(p)
			return true
		}
		p.Quoted = s.text[word.Start] == '"'
		p.Prefix = unescaped(strings.TrimPrefix(s.text[word.Start:s.caret], `"`))
	}
	s.found(p)
	return true
}

// skipBounds reads a range in brackets.
func (s *places) skipBounds() {
	for s.pos++; !s.end() && s.text[s.pos] != ']' && s.text[s.pos] != '}'; {
		if s.text[s.pos] == '"' {
			s.skipQuoted()
		} else {
			s.skipCharacter()
		}
	}
	s.pos = min(s.pos+1, len(s.text))
}

// skipBound reads what stands behind < or >, and says whether it is in quotes.
func (s *places) skipBound() (quoted bool) {
	if quoted = !s.end() && s.text[s.pos] == '"'; quoted {
		s.skipQuoted()
	} else {
		s.skipWord()
	}
	return quoted
}

// skipQuoted reads "…" and says whether it is closed.
func (s *places) skipQuoted() bool {
	for s.pos++; !s.end(); {
		if s.text[s.pos] == '"' {
			s.pos++
			return true
		}
		s.skipCharacter()
	}
	return false
}

func (s *places) skipRegex() {
	for s.pos++; !s.end() && s.text[s.pos] != '/'; {
		s.skipCharacter()
	}
	for !s.end() && !s.delimiter(s.pos) { // the / and an i behind it
		s.pos++
	}
}

// skipWord reads a word; it is never empty but at the end, so that reading goes on.
func (s *places) skipWord() {
	from := s.pos
	for !s.end() && !s.delimiter(s.pos) {
		s.skipCharacter()
	}
	if s.pos == from && !s.end() && s.text[s.pos] != ')' && s.text[s.pos] != '(' && !s.atSpace() {
		s.skipCharacter()
	}
}

// skipCharacter reads one character, or one that a backslash frees from its meaning.
func (s *places) skipCharacter() {
	if s.text[s.pos] == '\\' {
		s.pos++
		if s.end() {
			return
		}
	}
	_, size := utf8.DecodeRuneInString(s.text[s.pos:])
	s.pos += size
}

// unescaped is a word without its backslashes.
func unescaped(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; i == len(s) {
				break
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
