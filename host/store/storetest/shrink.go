package storetest

import (
	"slices"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
)

// mostShrinks bounds the questions asked to find a smaller one.
const mostShrinks = 100

// shrink finds a smaller question of which the answers still differ.
func (x *contest) shrink(q *question) *question {
	asked := 0
	for {
		smaller := false
		for _, s := range q.smaller() {
			if asked++; asked > mostShrinks {
				return q
			}
			if x.ask(s) != "" {
				q, smaller = s, true
				break
			}
		}
		if !smaller {
			return q
		}
	}
}

// smaller are the questions that are one step simpler.
func (q *question) smaller() (out []*question) {
	if q.invalid != "" {
		return nil
	}
	with := func(f func(*question)) {
		s := *q
		f(&s)
		out = append(out, &s)
	}
	if q.scope != nil {
		with(func(s *question) { s.scope = nil })
	}
	if wide := epoch.AddDate(200, 0, 0); q.to.Before(wide) {
		with(func(s *question) { s.from, s.to = epoch.AddDate(-200, 0, 0), wide })
	}
	if q.page > 0 && q.page < 1000 {
		with(func(s *question) { s.page = 1000 })
	}
	for _, n := range smallerNodes(q.node) {
		with(func(s *question) { s.node = n })
	}
	for _, aggs := range smallerAggs(q.aggs) {
		if len(aggs) > 0 {
			with(func(s *question) { s.aggs = aggs })
		}
	}
	return out
}

func smallerNodes(n query.Node) (out []query.Node) {
	lists := func(nodes []query.Node, build func([]query.Node) query.Node) {
		out = append(out, nodes...)
		for i := range nodes {
			if len(nodes) > 2 {
				out = append(out, build(slices.Delete(slices.Clone(nodes), i, i+1)))
			}
			for _, s := range smallerNodes(nodes[i]) {
				changed := slices.Clone(nodes)
				changed[i] = s
				out = append(out, build(changed))
			}
		}
	}
	switch n := n.(type) {
	case *query.All:
		return nil
	case *query.And:
		lists(n.Nodes, func(l []query.Node) query.Node { return &query.And{Nodes: l} })
	case *query.Or:
		lists(n.Nodes, func(l []query.Node) query.Node { return &query.Or{Nodes: l} })
	case *query.Not:
		out = append(out, n.Node)
		for _, s := range smallerNodes(n.Node) {
			out = append(out, &query.Not{Node: s})
		}
	}
	return append(out, &query.All{})
}

// smallerAggs leaves out one aggregation, or what is nested in it, or puts that in its place.
func smallerAggs(aggs []store.Agg) (out [][]store.Agg) {
	for i, a := range aggs {
		if len(aggs) > 1 {
			out = append(out, slices.Delete(slices.Clone(aggs), i, i+1))
		}
		replaced := func(with store.Agg) {
			changed := slices.Clone(aggs)
			changed[i] = with
			out = append(out, changed)
		}
		for _, below := range a.Aggs {
			below.Name = a.Name
			replaced(below)
		}
		if len(a.Aggs) > 0 {
			plain := a
			plain.Aggs = nil
			replaced(plain)
		}
		for _, s := range smallerAggs(a.Aggs) {
			changed := a
			changed.Aggs = s
			replaced(changed)
		}
		if a.Missing != "" {
			present := a
			present.Missing = ""
			replaced(present)
		}
	}
	return out
}
