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
	matcher *query.Matcher
}

// Parts are the queries of a rule that has been checked.
func Parts(r *rule.Rule) ([]*Part, error) {
	var parts []*Part
	add := func(p Part) error {
		text := p.Query
		if r.Stream != "" && (p.Step >= 0 || p.Ends) {
			text = inStream(r.Stream, text)
		}
		n, err := query.Parse(text)
		if err == nil {
			p.matcher, err = query.Compile(n, query.Options{})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		parts = append(parts, &p)
		return nil
	}
	if len(r.Steps) == 0 {
		by := append(append([]string{}, r.GroupBy...), r.Values...)
		if r.Field != "" {
			by = append(by, r.Field)
		}
		if err := add(Part{Name: "query", Query: r.Query, By: by}); err != nil {
			return nil, err
		}
	}
	if r.Ends != "" {
		if err := add(Part{Name: "ends", Query: r.Ends, Step: -1, Ends: true, By: r.GroupBy}); err != nil {
			return nil, err
		}
	}
	for i, s := range r.Steps {
		by, name := s.By, schema.Index("steps", i)
		if len(by) == 0 {
			by = r.GroupBy
		}
		if s.Without != "" {
			if err := add(Part{Name: name + ".without", Query: s.Without, Step: i, Without: true, By: by}); err != nil {
				return nil, err
			}
		}
		if err := add(Part{Name: name + ".query", Query: s.Query, Step: i, By: by}); err != nil {
			return nil, err
		}
	}
	for i, e := range r.Exceptions {
		if err := add(Part{Name: schema.Index("exceptions", i) + ".query", Query: e.Query, Step: -1}); err != nil {
			return nil, err
		}
	}
	return parts, nil
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
	parts, err := Parts(r)
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
		add(query.FieldsOf(p.matcher.Node())...)
		add(p.By...)
	}
	return names, nil
}

// Node is the part's query with the rule's stream.
func (p *Part) Node() query.Node { return p.matcher.Node() }
