// Package template reads lines by patterns that look like the lines.
//
// Its one idea: a pattern is text with named gaps, and it is compiled to steps that go over the line once, from
// left to right. There is no backtracking, so that time is linear in the line whatever is in it, and a
// pattern is read as easily as the line it is for.
//
//	var failed = template.MustCompile("Failed %{method:word} for %{user} from %{ip:ip} port %{port:int} %{}")
//
//	m, err := failed.Match(line)
//	ev.Set(ecs.UserName, m.Get("user"))
//	ev.SetIP(ecs.SourceIP, m.Get("ip"))
//
// What a match hands out are slices of the line: they hold as long as the line does, and nothing is allocated.
// Where lines have several shapes, a [Set] has a pattern for each.
//
// # Patterns
//
//	%{name}         any text, up to the next text of the pattern, or the end of the line
//	%{name:kind}    what the kind says
//	%{?name}        passed over, the name is a note; also %{?name:kind}, and %{} and %{:kind} without a note
//	%%{             is %{ as text; any other % is itself
//	anything else   is text that must be there, byte by byte
//
// A pattern is for the whole line; one that ends in %{} leaves the rest open, one that begins with %{} begins
// anywhere. A space in a pattern stands for one blank (space or tab) or more, and blanks at the ends of the line
// are passed over.
//
// Kinds:
//
//	text        the default
//	last        text up to the last place in the line where the next text of the pattern is: for what others choose, such
//	            as names of users, that may hold this text itself. What is behind it must fit from there on.
//	word        text without blanks, not empty
//	int         digits, '+' or '-' in front
//	number      digits, with a sign, a fraction and an exponent
//	ip          an IPv4 or IPv6 address
//	mac         a MAC address, see [netaddr.MACLen]
//	time        a time as [timestamp.Detect] knows them
//	quoted      text in double or single quotes or backquotes; the value is without them. A backslash, and a
//	            quote written twice, protect a quote.
//	brackets    text in (), [], {} or <>, which nest; the value is without them
//	rest        the rest of the line; at the end of a pattern only
//
// A value that is just "-" is empty, whatever its kind: in logs it stands for none.
package template

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk/fault"
)

// Limits of a pattern.
const (
	MaxFields  = 64   // with names; as many again without
	MaxPattern = 4096 // bytes
)

// ErrNoMatch is why a line has no match; match with errors.Is.
var ErrNoMatch = errors.New("not a line of this pattern")

// Error is where a line parts from a pattern. Its Err says what the pattern has there, and is an [ErrNoMatch].
type Error = fault.Error

// kind is what a gap takes.
type kind uint8

const (
	kindText kind = iota
	kindLast
	kindWord
	kindInt
	kindNumber
	kindIP
	kindMAC
	kindTime
	kindQuoted
	kindBrackets
	kindRest
)

var kindNames = []string{"text", "last", "word", "int", "number", "ip", "mac", "time", "quoted", "brackets", "rest"}

var kindWants = []string{
	"text", "text", "a word", "a whole number", "a number", "an IP address", "a MAC address", "a time", "text in quotes", "text in brackets", "",
}

// gap is a field of a pattern and the text behind it.
type gap struct {
	kind  kind
	slot  int    // of the value, -1 for none
	lit   string // text behind it
	blank bool   // lit begins with a blank
	after bool   // lit ends with a blank
	name  string
	at    int // byte in the pattern
}

// Template is a compiled pattern. It is not changed by matching and may be used by any number of goroutines.
type Template struct {
	pattern string
	head    string // text in front of the first gap
	after   bool   // head ends with a blank
	gaps    []gap
	names   []string
	// faults has, for gap i, kind 2*i+2 where its value is wrong and 2*i+3 where the text behind it is; 1 is the
	// head, the last the end of the line.
	faults fault.Cache
}

// Compile makes a Template of a pattern. The error says at which byte of the pattern something is wrong, and
// what would be right.
func Compile(pattern string) (*Template, error) {
	t := &Template{pattern: pattern}
	if len(pattern) > MaxPattern {
		return nil, t.errorf(MaxPattern, "longer than %d bytes", MaxPattern)
	}
	var lit strings.Builder
	flush := func() {
		text := squeeze(lit.String())
		lit.Reset()
		if len(t.gaps) == 0 {
			t.head, t.after = strings.TrimLeft(text, " \t"), strings.HasSuffix(text, " ")
			return
		}
		g := &t.gaps[len(t.gaps)-1]
		g.lit, g.blank, g.after = text, strings.HasPrefix(text, " "), strings.HasSuffix(text, " ")
	}
	pattern = strings.TrimRight(pattern, " \t\r\n")
	for i := 0; i < len(pattern); {
		switch {
		case strings.HasPrefix(pattern[i:], "%%{"):
			lit.WriteString("%{")
			i += 3
		case strings.HasPrefix(pattern[i:], "%{"):
			flush()
			n := strings.IndexByte(pattern[i:], '}')
			if n < 0 {
				return nil, t.errorf(i, "%%{ is never closed by }; write %%%%{ if it is part of the text")
			}
			if err := t.gap(i, pattern[i+2:i+n]); err != nil {
				return nil, err
			}
			i += n + 1
		default:
			lit.WriteByte(pattern[i])
			i++
		}
	}
	flush()
	if err := t.check(); err != nil {
		return nil, err
	}
	t.explain()
	return t, nil
}

// MustCompile is Compile for patterns known when the program is written. It panics where Compile fails.
func MustCompile(pattern string) *Template {
	t, err := Compile(pattern)
	if err != nil {
		panic(err)
	}
	return t
}

func (t *Template) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("template: byte %d of %q: %s", at, t.pattern, fmt.Sprintf(format, args...))
}

// gap adds the gap at byte i of the pattern, with that between its brackets.
func (t *Template) gap(i int, text string) error {
	name, kindName, hasKind := strings.Cut(text, ":")
	g := gap{slot: -1, at: i, name: name}
	if hasKind {
		k := slices.Index(kindNames, kindName)
		if k < 0 {
			return t.errorf(i+2+len(name)+1, "unknown kind %q: use one of %s", kindName, strings.Join(kindNames, ", "))
		}
		g.kind = kind(k)
	}
	if note, skip := strings.CutPrefix(name, "?"); skip {
		name = note
		g.name = name
	} else if name != "" {
		if slices.Contains(t.names, name) {
			return t.errorf(i, "a second field with the name %q", name)
		}
		if len(t.names) == MaxFields {
			return t.errorf(i, "more than %d fields with names", MaxFields)
		}
		g.slot = len(t.names)
		t.names = append(t.names, name)
	}
	for k, c := range []byte(name) {
		if c <= ' ' || c == '%' || c == '{' || c == '?' {
			return t.errorf(i+2+strings.Index(text, name)+k, "%q cannot be part of a name", c)
		}
	}
	if len(t.gaps) == 2*MaxFields {
		return t.errorf(i, "more than %d fields", 2*MaxFields)
	}
	t.gaps = append(t.gaps, g)
	return nil
}

// check refuses gaps of which nobody can tell where they end.
func (t *Template) check() error {
	if len(t.gaps) == 0 && strings.TrimSpace(t.head) == "" {
		return t.errorf(0, "text or a field, such as %%{name}, is expected")
	}
	for i := range t.gaps {
		g := &t.gaps[i]
		if i == len(t.gaps)-1 {
			if g.kind == kindRest && g.lit != "" {
				return t.errorf(g.at, "nothing can follow a field of kind rest; make it text")
			}
			continue
		}
		switch {
		case g.kind == kindRest:
			return t.errorf(g.at, "a field of kind rest must be the last; make it text")
		case g.lit == "" && g.kind <= kindWord:
			return t.errorf(t.gaps[i+1].at, "text is expected between the fields %q and %q, or for %q a kind that ends by itself: int, number, ip, mac, time, quoted or brackets",
				g.name, t.gaps[i+1].name, g.name)
		}
	}
	return nil
}

// explain makes the errors of lines that do not match.
func (t *Template) explain() {
	want := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s is expected", ErrNoMatch, fmt.Sprintf(format, args...))
	}
	kinds := []error{nil, want("%q", t.head)}
	for _, g := range t.gaps {
		what := kindWants[g.kind]
		if g.name != "" {
			what += " (" + g.name + ")"
		}
		kinds = append(kinds, want("%s", what), want("%q behind %s", g.lit, what))
	}
	t.faults.Scanner, t.faults.Kinds = "template", append(kinds, want("the end of the line"))
}

// squeeze makes every run of spaces one.
func squeeze(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] != ' ' || i == 0 || s[i-1] != ' ' {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// String is the pattern.
func (t *Template) String() string { return t.pattern }

// Names are the names of the fields in their order. The slice must not be changed.
func (t *Template) Names() []string { return t.names }

// Index is the number of the field of that name for [Match.At], from 0; -1 if there is none.
func (t *Template) Index(name string) int { return slices.Index(t.names, name) }

// Match is what a line has at the fields of a pattern. It aliases the line. A Match is about 560 bytes, meant
// to live on the stack. The zero value has no fields. Reading is safe from several goroutines.
type Match struct {
	t    *Template
	line []byte
	n    int // slots that are set
	sel  int
	at   [MaxFields]span
}

type span struct{ start, end uint32 }

// Match reads a line. The error is an [*Error] that says where the line parts from the pattern, and is an
// [ErrNoMatch]; the fields in front of that place are set with an error too.
func (t *Template) Match(line []byte) (m Match, err error) {
	kind, pos := m.match(t, line)
	return m, t.faults.At(kind, pos)
}

// Get is the value of the field of that name: nil if there is none, or the line did not get that far, so that
// nothing needs to be checked before it is given to a setter.
func (m *Match) Get(name string) []byte {
	if m.t == nil {
		return nil
	}
	for i, s := range m.t.names {
		if s == name {
			return m.At(i)
		}
	}
	return nil
}

// Len is the number of fields that have a value.
func (m *Match) Len() int { return m.n }

// Name is the name of field i, from 0, "" if there is none.
func (m *Match) Name(i int) string {
	if uint(i) >= uint(m.n) {
		return ""
	}
	return m.t.names[i]
}

// At is the value of field i, from 0, in the order of the pattern; nil if there is none.
func (m *Match) At(i int) []byte {
	if uint(i) >= uint(m.n) {
		return nil
	}
	s := m.at[i]
	return m.line[s.start:s.end:s.end]
}

// Pattern is the number, from 0, of the pattern of a [Set] that the line matches.
func (m *Match) Pattern() int { return m.sel }

// tooLong is the length of a line that no Match can be made of.
const tooLong = math.MaxInt32
