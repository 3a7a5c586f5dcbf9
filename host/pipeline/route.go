package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Router says which streams an event belongs to, by one pass for all of them. Safe for concurrent use.
type Router struct {
	names []string
	sets  sync.Pool // *query.Set
	mu    sync.Mutex
	count map[string]int64
}

// NewRouter makes a router of named queries; nil for none. Queries are checked when streams are saved, so
// one that does not compile is an error that names its stream.
func NewRouter(streams map[string]query.Node) (*Router, error) {
	if len(streams) == 0 {
		return nil, nil //nolint:nilnil // no streams, no router
	}
	r := &Router{count: map[string]int64{}}
	var ms []*query.Matcher
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		m, err := query.Compile(streams[name], query.Options{})
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", name, err)
		}
		r.names = append(r.names, name)
		ms = append(ms, m)
	}
	set, err := query.NewSet(ms...)
	if err != nil {
		return nil, err
	}
	r.sets.New = func() any { return set.Clone() }
	return r, nil
}

// Counts is how many events went to each stream since the router was made.
func (r *Router) Counts() map[string]int64 {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[string]int64, len(r.count))
	for k, v := range r.count {
		out[k] = v
	}
	return out
}

// route marks events with the streams they belong to. It is the last step: streams see what is stored.
func (w *work) route(context.Context) error {
	r := w.plan.Streams
	if r == nil || w.rows == 0 {
		return nil
	}
	column, counts := r.of(&w.batch)
	if column != nil {
		w.set(column)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, n := range counts {
		r.count[r.names[i]] += n
	}
	return nil
}

// Of is the column logcenter.stream of a batch of finished events; nil if they are in no stream.
func (r *Router) Of(b *wire.Batch) *wire.Column {
	c, _ := r.of(b)
	return c
}

// of is also how many events each stream has.
func (r *Router) of(events *wire.Batch) (*wire.Column, []int64) {
	set := r.sets.Get().(*query.Set)
	defer r.sets.Put(set)
	rows := int(events.Rows)
	matches := set.Match(events, nil)
	var b wire.Builder
	b.Reset(wire.Type_STRING, true, rows, nil, nil)
	counts := make([]int64, len(r.names))
	for row := range rows {
		for i, m := range matches {
			if m[row>>6]>>(row&63)&1 != 0 {
				b.Text(row, r.names[i])
				counts[i]++
			}
		}
	}
	if !b.Used() {
		return nil, counts
	}
	return b.Finish(id(ecs.LogcenterStream)), counts
}
