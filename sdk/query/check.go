package query

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// Resolve says what is known of a field. Fields that are not known are undeclared: strings of which equality,
// prefix and existence can be asked.
type Resolve func(name string) (t ecs.Type, list, known bool)

// KnownFields resolves the fields that this process knows, see [ecs.Lookup].
func KnownFields(name string) (t ecs.Type, list, known bool) {
	f, ok := ecs.Lookup(name)
	if !ok {
		return 0, false, false
	}
	i := f.Info()
	return i.Type, i.List, true
}

// FieldName is the name of the field that f reads: message if it is empty or an alias.
func FieldName(f Field) string {
	if f.Name == "" || f.Name == "event.original" {
		return "message"
	}
	return f.Name
}

// TypeOf is the type that f has in queries: Keyword for undeclared fields, with known false.
// A nil resolve is [KnownFields].
func TypeOf(f Field, resolve Resolve) (t ecs.Type, known bool) {
	if resolve == nil {
		resolve = KnownFields
	}
	name := FieldName(f)
	t, _, known = resolve(name)
	switch {
	case name == "message":
		return ecs.Text, true
	case !known:
		return ecs.Keyword, false
	default:
		return t, true
	}
}

// Check says whether every comparison of a query fits the type of its field, as all executors need it. A nil
// resolve is [KnownFields]. Lists are those of [KnownLists]; a process that was never told any takes them on trust. The
// error is of type [*Error] and is the first in the text.
func Check(n Node, resolve Resolve) error { return CheckWith(n, Options{Resolve: resolve}) }

// CheckFields is [Check] but for lists that there are not: they may come later, and have nothing in them until then. It
// is for queries that are kept, which a list that somebody deletes must not make unreadable. A nil resolve is
// [KnownFields].
func CheckFields(n Node, resolve Resolve) error { return check(n, Options{Resolve: resolve}, true) }

// CheckWith is [Check] with lists that are not those of the process.
func CheckWith(n Node, o Options) error { return check(n, o, false) }

// check checks all leaves; missing lists are allowed or not.
func check(n Node, o Options, missing bool) error {
	missing = missing || o.Lists == nil && known.Load() == nil
	var first *Error
	Walk(n, func(leaf Node) {
		err := checkLeaf(leaf, o, missing)
		if err != nil && (first == nil || err.Pos.Start < first.Pos.Start) {
			first = err
		}
	})
	if first != nil {
		return first
	}
	return nil
}

// Warnings are what is likely a mistake in a query that can be answered: fields nobody declared whose name is
// close to a known one, and operators in lower case.
func Warnings(n Node, resolve Resolve) []*Error {
	var out []*Error
	Walk(n, func(leaf Node) {
		f := FieldOf(leaf)
		if _, known := TypeOf(f, resolve); !known {
			e := &Error{Pos: f.Pos, Msg: fmt.Sprintf("no plugin declares a field %s", f.Name)}
			if near := nearestField(f.Name); near != "" {
				e.Hint = "did you mean " + near + "?"
			}
			out = append(out, e)
		}
		if t, ok := leaf.(*Term); ok && t.Field.Name == "" && !t.Quoted && (t.Value == "and" || t.Value == "or" || t.Value == "not") {
			out = append(out, &Error{Pos: t.Pos, Msg: t.Value + " is read as a word", Hint: "the operator is " + strings.ToUpper(t.Value)})
		}
	})
	return out
}

// Walk calls f for every leaf of a query, in the order of the text. All is no leaf.
func Walk(n Node, f func(leaf Node)) {
	switch n := n.(type) {
	case nil, *All:
	case *And:
		for _, s := range n.Nodes {
			Walk(s, f)
		}
	case *Or:
		for _, s := range n.Nodes {
			Walk(s, f)
		}
	case *Not:
		Walk(n.Node, f)
	default:
		f(n)
	}
}

// FieldsOf lists the fields a query reads, sorted, each once; aliases under the name of their field.
func FieldsOf(n Node) []string {
	var names []string
	Walk(n, func(leaf Node) { names = append(names, FieldName(FieldOf(leaf))) })
	slices.Sort(names)
	return slices.Compact(names)
}

// FieldOf is the field that a leaf looks at; the zero Field for other nodes.
func FieldOf(leaf Node) Field {
	switch n := leaf.(type) {
	case *Term:
		return n.Field
	case *Prefix:
		return n.Field
	case *Wildcard:
		return n.Field
	case *Regex:
		return n.Field
	case *Range:
		return n.Field
	case *CIDR:
		return n.Field
	case *InList:
		return n.Field
	case *Exists:
		return n.Field
	default:
		return Field{}
	}
}

func checkLeaf(n Node, o Options, missing bool) *Error {
	f := FieldOf(n)
	t, known := TypeOf(f, o.Resolve)
	fail := func(hint, format string, args ...any) *Error {
		return &Error{Pos: n.Position(), Msg: fmt.Sprintf(format, args...), Hint: hint}
	}
	if _, ok := n.(*Exists); ok {
		return nil
	}
	if !known {
		return checkUndeclared(n, f, fail)
	}
	switch n := n.(type) {
	case *InList:
		return checkList(n, t, o.lists(), missing)
	case *Range:
		return checkRange(n, t, fail)
	case *CIDR:
		if t != ecs.IP {
			return fail(fmt.Sprintf(`put the value in quotes to search for the text: "%s"`, n.Prefix), "%s is %s field, networks are for ip fields", FieldName(f), a(t))
		}
	case *Regex:
		if t != ecs.Keyword && t != ecs.Text {
			return fail(patternHint(f, t), "%s is %s field, regular expressions are for keyword and text fields", FieldName(f), a(t))
		}
		return placed(n, second(n.Compile(t)))
	case *Wildcard, *Prefix:
		if t == ecs.Text {
			return placed(n, second(TextWords(n)))
		}
		if t != ecs.Keyword {
			return fail(patternHint(f, t), "%s is %s field, wildcards are for keyword and text fields", FieldName(f), a(t))
		}
	case *Term:
		return checkTerm(n, t)
	}
	return nil
}

func checkTerm(n *Term, t ecs.Type) *Error {
	switch t {
	case ecs.Keyword:
		return nil
	case ecs.Text:
		return placed(n, second(TextWords(n)))
	}
	err := placed(n, second(ParseValue(t, n.Value)))
	if err != nil {
		err.Msg = fmt.Sprintf("%s, and %s is %s field", err.Msg, FieldName(n.Field), a(t))
	}
	return err
}

func checkRange(n *Range, t ecs.Type, fail func(hint, format string, args ...any) *Error) *Error {
	var err error
	switch t {
	case ecs.Long:
		_, _, err = n.Longs()
	case ecs.Double:
		_, _, err = n.Doubles()
	case ecs.IP:
		_, _, err = n.Addrs()
	case ecs.Date:
		_, _, err = n.Dates(time.Now(), time.UTC)
	default:
		return fail("ranges are for numbers, dates and IP addresses; for text use field:start*", "%s is %s field and has no ranges", FieldName(n.Field), a(t))
	}
	return placed(n, err)
}

// checkUndeclared allows equality, prefix and (before) existence.
func checkUndeclared(n Node, f Field, fail func(hint, format string, args ...any) *Error) *Error {
	hint := "declare this field in a plugin"
	if near := nearestField(f.Name); near != "" {
		hint += ", or did you mean " + near + "?"
	}
	var what string
	switch n.(type) {
	case *Term, *Prefix:
		return nil
	case *Range:
		what = "ranges"
	case *CIDR:
		what = "networks"
	case *InList:
		what = "lists"
	case *Regex:
		what = "regular expressions"
	default:
		what = "wildcards other than a final *"
	}
	return fail(hint, "%s is not declared, so it takes no %s", f.Name, what)
}

// a is a type with its article.
func a(t ecs.Type) string {
	if t == ecs.IP {
		return "an " + t.String()
	}
	return "a " + t.String()
}

func patternHint(f Field, t ecs.Type) string {
	switch t {
	case ecs.IP:
		return fmt.Sprintf("write a network: %s:10.0.0.0/8", f.Name)
	case ecs.Long, ecs.Double:
		return fmt.Sprintf("write a range: %s:[400 TO 499]", f.Name)
	case ecs.Date:
		return fmt.Sprintf("write a range or a shorter date: %s:2026-10-11", f.Name)
	default:
		return ""
	}
}

func second[T any](_ T, err error) error { return err }

// placed gives an error of a value or pattern the place of its node.
func placed(n Node, err error) *Error {
	if err == nil {
		return nil
	}
	e, ok := err.(*Error) //nolint:errorlint // made in this package
	if !ok {
		return &Error{Pos: n.Position(), Msg: err.Error()}
	}
	c := *e
	c.Pos = n.Position()
	return &c
}

// nearestField is the known field whose name is closest to name, "" if none is close.
func nearestField(name string) string {
	if name == "" || len(name) > 64 {
		return ""
	}
	best, distance := "", 1+max(1, len(name)/4)
	for _, f := range ecs.All() {
		known := f.Name()
		if known == name {
			continue
		}
		if d := editDistance(strings.ToLower(name), known, distance); d < distance {
			best, distance = known, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of neighbours; limit or more is limit.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	var rows [3][]int
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
	}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, prev, cur := rows[(i+2)%3], rows[i%3], rows[(i+1)%3]
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
	}
	return min(limit, rows[(len(a)+1)%3][len(b)])
}
