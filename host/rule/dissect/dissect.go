// Package dissect takes a rule apart into its queries, to say which events match which of them: the detector says that a
// rule fires, and not why.
package dissect

import (
	"fmt"
	"strconv"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Part is one query of a rule. Not safe for concurrent use.
type Part struct {
	// Name is its place in the document, such as query, steps[1].query, steps[1].without or exceptions[0].query.
	Name string
	// Query is its text, without the rule's stream.
	Query string
	// Step is the step that it is about, from 0; -1 for exceptions and ends.
	Step int
	// Without says that it is what must not happen before its step.
	Without bool
	// Ends says that it is what a keyword alert is over with.
	Ends bool
	// By are the fields whose values tie its events to others; an event without one of them does not count.
	By      []string
	node    query.Node
	matcher *query.Matcher // nil unless it is made by Parts
}

// Parts are the queries of a rule that has been checked, ready to be asked of events.
func Parts(r *rule.Rule) ([]*Part, error) {
	parts, err := Read(r)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if p.matcher, err = query.Compile(p.node, query.Options{}); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return parts, nil
}

// Read is Parts for who only looks at the queries: [Part.Match] is not for these. It costs a fraction, as no expression is
// compiled.
func Read(r *rule.Rule) (_ []*Part, err error) {
	parts := queries(r)
	for _, p := range parts {
		if p.node, err = p.parse(r); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return parts, nil
}

// parse reads a query with the rule's stream.
func (p *Part) parse(r *rule.Rule) (query.Node, error) {
	text := p.Query
	if r.Stream != "" && (p.Step >= 0 || p.Ends) {
		text = inStream(r.Stream, text)
	}
	return query.Parse(text)
}

// queries are the parts of a rule without their matchers.
func queries(r *rule.Rule) (parts []*Part) {
	add := func(p Part) { parts = append(parts, &p) }
	if len(r.Steps) == 0 {
		by := append(append([]string{}, r.GroupBy...), r.Values...)
		if r.Field != "" {
			by = append(by, r.Field)
		}
		add(Part{Name: "query", Query: r.Query, By: by})
	}
	if r.Ends != "" {
		add(Part{Name: "ends", Query: r.Ends, Step: -1, Ends: true, By: r.GroupBy})
	}
	for i, s := range r.Steps {
		by, name := s.By, schema.Index("steps", i)
		if len(by) == 0 {
			by = r.GroupBy
		}
		if s.Without != "" {
			add(Part{Name: name + ".without", Query: s.Without, Step: i, Without: true, By: by})
		}
		add(Part{Name: name + ".query", Query: s.Query, Step: i, By: by})
	}
	for i, e := range r.Exceptions {
		add(Part{Name: schema.Index("exceptions", i) + ".query", Query: e.Query, Step: -1})
	}
	return parts
}

// Use is a list that a query of a rule asks for.
type Use struct {
	List string
	Part string // the name of the part, such as query
}

// Lists are the lists that a rule asks for, each once, with the first part that does. The lists need not be there.
func Lists(r *rule.Rule) (uses []Use, err error) {
	parts, err := Read(r)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, p := range parts {
		for _, name := range query.ListsOf(p.node) {
			if !seen[name] {
				seen[name] = true
				uses = append(uses, Use{List: name, Part: p.Name})
			}
		}
	}
	return uses, nil
}

// inStream narrows a query to the events of a stream.
func inStream(stream, text string) string {
	in := ecs.LogcenterStream.Name() + ":" + strconv.Quote(stream)
	if text == "" {
		return in
	}
	return in + " AND (" + text + ")"
}

// Match says which rows of a batch the query selects.
func (p *Part) Match(b *wire.Batch) (rows []bool) {
	rows = make([]bool, b.Rows)
	for i, word := range p.matcher.Match(b, nil) {
		for k := range 64 {
			if row := i*64 + k; row < len(rows) {
				rows[row] = word>>k&1 != 0
			}
		}
	}
	return rows
}

// Fields are the names of all fields that a rule looks at: in its queries, to tie events together and to compute. Those
// that alerts only carry are left out.
func Fields(r *rule.Rule) ([]string, error) {
	parts, err := Read(r)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var names []string
	add := func(list ...string) {
		for _, name := range list {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	for _, p := range parts {
		add(query.FieldsOf(p.node)...)
		add(p.By...)
	}
	return names, nil
}

// Node is the part's query with the rule's stream.
func (p *Part) Node() query.Node { return p.node }
