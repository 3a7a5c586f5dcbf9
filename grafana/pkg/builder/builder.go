// Package builder shows a query's text as clauses that can be chosen from lists, and writes the text of clauses.
//
// Nothing is lost either way: the text of [Parse]d clauses, [Print]ed, has the same syntax tree as the text before. What
// clauses cannot say, such as parentheses within parentheses, is one clause with the text of it, verbatim.
package builder

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/query"
)

// The operators of clauses. Those of text may have no field, which is the text of the line.
const (
	Is       = "is"       // one value: a word, a number, an address; on text, words next to each other
	AnyOf    = "any_of"   // one of several values
	Starts   = "starts"   // begins with the value
	Like     = "like"     // a pattern with * and ?
	Matches  = "matches"  // a regular expression
	MatchesI = "matchesi" // a regular expression, in any case
	Above    = "gt"
	AtLeast  = "gte"
	Below    = "lt"
	AtMost   = "lte"
	Between  = "between" // two values, both included
	Network  = "in"      // addresses of a network
	InList   = "in_list" // values that are in the list of this name
	Exists   = "exists"  // has a value; without values
)

// Clause is one condition.
type Clause struct {
	Field   string   `json:"field,omitempty"`
	Op      string   `json:"op,omitempty"`
	Values  []string `json:"values,omitempty"`
	Negated bool     `json:"negated,omitempty"`
	// Quoted says whether the values of is and any_of are written in quotes, which makes no difference to what is found.
	// nil: as it reads best.
	Quoted *bool `json:"quoted,omitempty"`
	// Verbatim is a part of the text that clauses cannot show. All else but Negated is empty then.
	Verbatim string `json:"verbatim,omitempty"`
}

// Form is a query as clauses. No clauses are all events.
type Form struct {
	Clauses []Clause `json:"clauses"`
	Join    string   `json:"join"` // AND or OR; AND where there are less than two
}

// Parse shows a text as clauses. Errors are of type [*selection.Error].
func Parse(text string) (Form, error) {
	n, err := selection.Parse(text)
	if err != nil {
		return Form{}, err
	}
	f := Form{Clauses: []Clause{}, Join: "AND"}
	nodes := []query.Node{n}
	switch n := n.(type) {
	case *query.All:
		return f, nil
	case *query.And:
		nodes = n.Nodes
	case *query.Or:
		if _, one := simple(n); !one {
			nodes, f.Join = n.Nodes, "OR"
		}
	}
	for _, n := range nodes {
		f.Clauses = append(f.Clauses, clauseOf(n))
	}
	return f, nil
}

func clauseOf(n query.Node) Clause {
	inner, negated := n, false
	if not, ok := n.(*query.Not); ok {
		inner, negated = not.Node, true
	}
	if c, ok := simple(inner); ok {
		c.Negated = negated
		return c
	}
	return Clause{Verbatim: query.Format(inner), Negated: negated}
}

// simple is a node as a clause, if there is one that says the same.
func simple(n query.Node) (Clause, bool) {
	c := Clause{Field: query.FieldOf(n).Name}
	switch n := n.(type) {
	case *query.Term:
		c.Op, c.Values, c.Quoted = Is, []string{n.Value}, &n.Quoted
	case *query.Prefix:
		c.Op, c.Values = Starts, []string{n.Value}
	case *query.Wildcard:
		c.Op, c.Values = Like, []string{n.Pattern}
	case *query.Regex:
		c.Op, c.Values = Matches, []string{n.Expr}
		if n.Fold {
			c.Op = MatchesI
		}
	case *query.CIDR:
		c.Op, c.Values = Network, []string{n.Prefix.String()}
	case *query.InList:
		c.Op, c.Values = InList, []string{n.List}
	case *query.Exists:
		c.Op = Exists
	case *query.Range:
		return c, rangeClause(n, &c)
	case *query.Or:
		return anyOf(n)
	default:
		return c, false
	}
	return c, true
}

func rangeClause(n *query.Range, c *Clause) bool {
	switch {
	case n.Min == nil && n.Max != nil:
		c.Op, c.Values = Below, []string{*n.Max}
		if n.IncludeMax {
			c.Op = AtMost
		}
	case n.Max == nil && n.Min != nil:
		c.Op, c.Values = Above, []string{*n.Min}
		if n.IncludeMin {
			c.Op = AtLeast
		}
	case n.Min != nil && n.IncludeMin && n.IncludeMax:
		c.Op, c.Values = Between, []string{*n.Min, *n.Max}
	default:
		return false
	}
	return true
}

// anyOf is several values of one field, all quoted or none.
func anyOf(n *query.Or) (Clause, bool) {
	var c Clause
	for i, o := range n.Nodes {
		t, ok := o.(*query.Term)
		if !ok || i > 0 && (t.Field.Name != c.Field || t.Quoted != *c.Quoted) {
			return c, false
		}
		c.Field, c.Quoted = t.Field.Name, &t.Quoted
		c.Values = append(c.Values, t.Value)
	}
	c.Op = AnyOf
	return c, true
}

// Print writes the text of clauses. Clauses that say nothing yet, with neither a field nor a value, are passed over. Errors
// are of type [*model.Error] and name the clause.
func Print(f Form) (string, error) {
	if f.Join != "" && f.Join != "AND" && f.Join != "OR" {
		return "", &model.Error{Field: "join", Msg: fmt.Sprintf("%.20q is not possible", f.Join), Hint: "write AND or OR"}
	}
	if len(f.Clauses) > query.MaxNodes {
		return "", &model.Error{Field: "clauses", Msg: fmt.Sprintf("%d are too many, the limit is %d", len(f.Clauses), query.MaxNodes)}
	}
	var nodes []query.Node
	for i, c := range f.Clauses {
		if c.empty() {
			continue
		}
		n, err := c.node()
		if err != nil {
			err.Field = fmt.Sprintf("clauses[%d]", i)
			return "", err
		}
		nodes = append(nodes, n)
	}
	var n query.Node
	switch {
	case len(nodes) == 0:
		return "", nil
	case len(nodes) > 1 && f.Join == "OR":
		n = &query.Or{Nodes: nodes}
	default:
		n = selection.And(nodes...)
	}
	text := query.Format(n)
	if _, err := query.Parse(text); err != nil {
		return "", &model.Error{Field: "clauses", Msg: "together they are no query: " + err.Error()}
	}
	return text, nil
}

func (c Clause) empty() bool {
	return strings.TrimSpace(c.Verbatim) == "" && c.Op != Exists && strings.Join(c.Values, "") == "" && c.Quoted == nil
}

// node is the clause as a node, checked to be read as itself.
func (c Clause) node() (query.Node, *model.Error) {
	n, err := c.plain()
	if err != nil {
		return nil, err
	}
	if c.Negated {
		n = &query.Not{Node: n}
	}
	if again, perr := query.Parse(query.Format(n)); perr != nil || !query.Equal(n, again) {
		e := &model.Error{Msg: fmt.Sprintf("%s %s %s cannot be written in the query language", c.Field, c.Op, strings.Join(c.Values, ", "))}
		if perr != nil {
			e.Msg = perr.Error()
		}
		return nil, e
	}
	return n, nil
}

func (c Clause) plain() (query.Node, *model.Error) {
	if c.Verbatim != "" {
		n, err := query.Parse(c.Verbatim)
		if err != nil {
			return nil, &model.Error{Msg: err.Error()}
		}
		return n, nil
	}
	want := 1
	switch c.Op {
	case Exists:
		want = 0
	case Between:
		want = 2
	case AnyOf:
		want = max(1, len(c.Values))
	}
	if len(c.Values) != want {
		return nil, &model.Error{Msg: fmt.Sprintf("%s takes %d values and has %d", c.Op, want, len(c.Values))}
	}
	field := query.Field{Name: c.Field}
	switch c.Op {
	case Is:
		return c.term(field, c.Values[0]), nil
	case AnyOf:
		var nodes []query.Node
		for _, v := range c.Values {
			nodes = append(nodes, c.term(field, v))
		}
		if len(nodes) == 1 {
			return nodes[0], nil
		}
		return &query.Or{Nodes: nodes}, nil
	case Exists:
		return &query.Exists{Field: field}, nil
	default:
		return c.comparison(field)
	}
}

func (c Clause) comparison(field query.Field) (query.Node, *model.Error) {
	v := c.Values[0]
	switch c.Op {
	case Starts:
		return &query.Prefix{Field: field, Value: v}, nil
	case Like:
		return pattern(field, v), nil
	case Matches, MatchesI:
		return &query.Regex{Field: field, Expr: v, Fold: c.Op == MatchesI}, nil
	case Above, AtLeast:
		return &query.Range{Field: field, Min: &v, IncludeMin: c.Op == AtLeast}, nil
	case Below, AtMost:
		return &query.Range{Field: field, Max: &v, IncludeMax: c.Op == AtMost}, nil
	case Between:
		return &query.Range{Field: field, Min: &v, Max: &c.Values[1], IncludeMin: true, IncludeMax: true}, nil
	case Network:
		p, err := query.ParsePrefix(v)
		if err != nil {
			return nil, &model.Error{Msg: fmt.Sprintf("%.60q is not a network", v), Hint: "write e.g. 10.0.0.0/8"}
		}
		return &query.CIDR{Field: field, Prefix: p}, nil
	case InList:
		if err := query.CheckListName(v); err != nil {
			return nil, &model.Error{Msg: err.Error()}
		}
		return &query.InList{Field: field, List: v}, nil
	default:
		return nil, &model.Error{Msg: fmt.Sprintf("there is no operator %.40q", c.Op)}
	}
}

// pattern is a person's pattern as what it means: one without wildcards is a value, one that ends in its only * a beginning.
func pattern(field query.Field, v string) query.Node {
	w := &query.Wildcard{Field: field, Pattern: v}
	if n, err := query.Parse(query.Format(w)); err == nil && !query.Equal(n, w) && query.FieldOf(n).Name == field.Name {
		return n
	}
	return w
}

func (c Clause) term(field query.Field, v string) *query.Term {
	quoted := NeedsQuotes(v)
	if c.Quoted != nil {
		quoted = *c.Quoted
	}
	return &query.Term{Field: field, Value: v, Quoted: quoted}
}

// NeedsQuotes says whether a value reads better in quotes, or would not be one value without them.
func NeedsQuotes(v string) bool {
	if v == "" || v == "AND" || v == "OR" || v == "NOT" || v[0] == '-' || v[0] == ':' || strings.HasPrefix(v, "_exists_:") {
		return true
	}
	return strings.ContainsFunc(v, func(r rune) bool { return !plainRune(r) })
}

// plainRune is what an unquoted word has without a second thought.
func plainRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-@:", r) || r > 0x7f && !unicode.IsSpace(r)
}
