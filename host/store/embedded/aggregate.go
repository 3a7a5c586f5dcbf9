package embedded

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
)

// Aggregate implements [store.Store]. Each level of buckets is one SQL statement, which also computes the single
// values below it; values that are dear to compute for buckets that will be cut have a statement of their own.
func (s *Store) Aggregate(ctx context.Context, scope store.Scope, r store.AggregateRequest) (*store.AggregateResult, error) {
	return s.aggregated(ctx, scope, r, false)
}

// aggregated aggregates; rows: from the events alone.
func (s *Store) aggregated(ctx context.Context, scope store.Scope, r store.AggregateRequest, rows bool) (*store.AggregateResult, error) {
	p, err := s.visible(ctx)
	if err != nil {
		return nil, err
	}
	defer p.release()
	q, ok, err := s.selection(scope, r.Selection, p)
	if err != nil {
		return nil, err
	}
	if !ok { // compute from nothing, so that the answer has its usual form
		q = &selection{from: nanos(r.From), to: nanos(r.To), now: time.Now(), node: &query.All{}}
		return s.aggregate(ctx, &snapshot{}, q, r.Aggs, rows)
	}
	return s.aggregate(ctx, p, q, r.Aggs, rows)
}

func (s *Store) aggregate(ctx context.Context, p *snapshot, q *selection, aggs []store.Agg, rows bool) (*store.AggregateResult, error) {
	aggs, err := checkAggs(aggs, 1, q)
	if err != nil {
		return nil, err
	}
	// Partition by partition events alike come together, and a GROUP BY meets groups that it has at hand. Searches
	// keep the order of flushes: what they look for is then found early, whatever partition it is in.
	grouped := *p
	grouped.segments = slices.SortedFunc(slices.Values(p.segments), func(a, b *segment) int { return strings.Compare(a.path, b.path) })
	a := &aggregator{ctx: ctx, store: s, snap: &grouped, sel: q, rows: rows}
	root := newAggNode(aggs)
	all := make([]int, len(aggs))
	for i := range all {
		all[i] = i
	}
	if err := a.fill(nil, nil, map[string]*aggNode{"": root}, aggs, all); err != nil {
		return nil, err
	}
	return &store.AggregateResult{Total: root.count, Aggs: root.results}, nil
}

// checkAggs names aggregations and refuses what cannot be computed, before anything is read.
func checkAggs(aggs []store.Agg, depth int, q *selection) ([]store.Agg, error) {
	if len(aggs) > 0 && depth > store.MaxDepth {
		return nil, fmt.Errorf("%w: aggregations are nested more than %d deep", store.ErrRequest, store.MaxDepth)
	}
	out := slices.Clone(aggs)
	names := map[string]bool{}
	for i := range out {
		a := &out[i]
		if a.Name == "" {
			a.Name = string(a.Kind)
			if a.Field != "" {
				a.Name += "(" + a.Field + ")"
			}
		}
		if names[a.Name] {
			return nil, fmt.Errorf("%w: two aggregations are named %s", store.ErrRequest, a.Name)
		}
		names[a.Name] = true
		var err error
		switch {
		case a.Kind.Buckets():
			if _, err = newAggKey(a, q); err == nil {
				a.Aggs, err = checkAggs(a.Aggs, depth+1, q)
			}
		case len(a.Aggs) > 0:
			err = fmt.Errorf("%w: %s makes no buckets, so nothing can be nested in it", store.ErrRequest, a.Name)
		default:
			_, err = newMetric(a)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// aggNode is one bucket, or the whole selection, while its results come in.
type aggNode struct {
	count   int64
	results []store.AggResult
}

// newAggNode has the results of no events.
func newAggNode(aggs []store.Agg) *aggNode {
	n := &aggNode{results: make([]store.AggResult, len(aggs))}
	for i, a := range aggs {
		r := &n.results[i]
		r.Name, r.Kind = a.Name, a.Kind
		switch a.Kind {
		case store.Count, store.Distinct, store.Sum:
			r.Value = new(float64)
		case store.Percentiles:
			for range a.Percents {
				r.Values = append(r.Values, math.NaN())
			}
		}
	}
	return n
}

type aggregator struct {
	ctx     context.Context //nolint:containedctx // of one call
	store   *Store
	snap    *snapshot
	sel     *selection
	rows    bool // nothing but events is read: no partials
	buckets int
}

// keep restricts a level to the buckets that were kept above it.
type keep struct {
	depth  int      // keys it names
	tuples []string // SQL of their values
	few    string   // those of one key if they are few strings
}

// fill computes those of aggs for the nodes of a path; nodes are by the SQL of their keys.
func (a *aggregator) fill(path []*aggKey, only *keep, nodes map[string]*aggNode, aggs []store.Agg, which []int) error {
	var vals, levels []int
	for _, i := range which {
		if _, err := newMetric(&aggs[i]); err == nil {
			vals = append(vals, i)
		} else {
			levels = append(levels, i)
		}
	}
	if len(vals) > 0 || len(path) == 0 {
		if err := a.values(path, only, nodes, aggs, vals); err != nil {
			return err
		}
	}
	for _, i := range levels {
		if err := a.level(path, only, nodes, aggs, i); err != nil {
			return err
		}
	}
	return nil
}

// values computes single values for all nodes of a path. At the root it also counts.
func (a *aggregator) values(path []*aggKey, only *keep, nodes map[string]*aggNode, aggs []store.Agg, which []int) error {
	var plain []int
	for _, i := range which {
		m, err := newMetric(&aggs[i])
		if err != nil {
			return err
		}
		if m.unnest {
			if err := a.valueQuery(path, only, nodes, aggs, []int{i}, m); err != nil {
				return err
			}
		} else {
			plain = append(plain, i)
		}
	}
	if len(plain) == 0 {
		if len(path) > 0 {
			return nil
		}
		if _, all := a.sel.node.(*query.All); all { // the most of it is known
			known, rest := a.sel.split(a.snap)
			of := *a
			if of.snap = rest; len(rest.segments)+len(rest.tail) > 0 {
				if err := of.valueQuery(nil, nil, nodes, nil, nil, nil); err != nil {
					return err
				}
			}
			nodes[""].count += known
			return nil
		}
	}
	return a.valueQuery(path, only, nodes, aggs, plain, nil)
}

func (a *aggregator) valueQuery(path []*aggKey, only *keep, nodes map[string]*aggNode, aggs []store.Agg, which []int, list *metric) error {
	q, err := newGroups(path, only, aggs, which)
	if err != nil {
		return err
	}
	q.list = list
	from, sel, r, err := a.grouped(q)
	if err != nil {
		return err
	}
	keys := keyNames(len(path))
	sql := "SELECT " + strings.Join(append(slices.Clone(keys), sel...), ", ") + " FROM " + from
	if len(keys) > 0 {
		sql += " GROUP BY " + strings.Join(keys, ", ")
	}
	return a.store.run(a.ctx, r, sql, func(v []driver.Value) error {
		n := nodes[tuple(path, v)]
		if n == nil {
			return nil
		}
		v = v[len(path):]
		if list == nil && len(path) == 0 {
			n.count, _ = v[0].(int64)
		}
		for j, i := range which {
			setValue(&n.results[i], &aggs[i], v[1+j])
		}
		return nil
	})
}

func keyNames(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = "k" + strconv.Itoa(i)
	}
	return keys
}

// tuple is the SQL of a row's keys.
func tuple(path []*aggKey, v []driver.Value) string {
	parts := make([]string, len(path))
	for i, k := range path {
		parts[i] = k.literal(v[i])
	}
	return strings.Join(parts, ", ")
}

// level computes one level of buckets and what is nested in it.
func (a *aggregator) level(path []*aggKey, only *keep, nodes map[string]*aggNode, aggs []store.Agg, i int) error {
	agg := &aggs[i]
	k, err := newAggKey(agg, a.sel)
	if err != nil {
		return err
	}
	path = append(path[:len(path):len(path)], k)
	inline := inlineValues(agg)
	q, err := newGroups(path, only, agg.Aggs, inline)
	if err != nil {
		return err
	}
	if agg.Kind == store.GeoTile {
		for i, m := range k.center() {
			q.add([]string{"lat", "lon"}[i], m, nil)
		}
	}
	if selective(agg, path) && only == nil {
		q.first = agg.Size
	}
	from, sel, r, err := a.grouped(q)
	if err != nil {
		return err
	}
	l := &levelReader{a: a, path: path, agg: agg, index: i, nodes: nodes, inline: inline, below: map[string]*aggNode{}, key: k, firsts: map[string][]float64{}}
	if err := a.store.run(a.ctx, r, levelSQL(path, sel, from, agg, q.total), l.row); err != nil {
		return err
	}
	if err := l.finish(); err != nil {
		return err
	}
	rest := restOf(agg, inline)
	if len(rest) > 0 && len(l.below) > 0 {
		if l.cut {
			only = &keep{depth: len(path), tuples: slices.Sorted(slices.Values(l.tuples))}
			if len(path) == 1 {
				only.few = k.few()
			}
		}
		if err := a.fill(path, only, l.below, agg.Aggs, rest); err != nil {
			return err
		}
	}
	l.assemble()
	return nil
}

// inlineValues are the values of an aggregation's buckets that its own statement computes.
func inlineValues(agg *store.Agg) []int {
	var out []int
	for j := range agg.Aggs {
		m, err := newMetric(&agg.Aggs[j])
		if err == nil && !m.unnest && (!agg.Kind.Top() || !m.dear) {
			out = append(out, j)
		}
	}
	return out
}

func restOf(agg *store.Agg, inline []int) []int {
	var out []int
	for j := range agg.Aggs {
		if !slices.Contains(inline, j) {
			out = append(out, j)
		}
	}
	return out
}

// levelReader takes the rows of a level's statement.
type levelReader struct {
	a      *aggregator
	path   []*aggKey
	key    *aggKey
	agg    *store.Agg
	index  int
	nodes  map[string]*aggNode
	inline []int

	below  map[string]*aggNode
	tuples []string
	cut    bool
	made   []*madeBucket
	firsts map[string][]float64 // parent → numbers of its buckets, for gaps
}

type madeBucket struct {
	parent *aggNode
	node   *aggNode
	bucket store.Bucket
	number float64 // of histograms and ranges: their order
}

func (l *levelReader) row(v []driver.Value) error {
	n := len(l.path)
	above := tuple(l.path[:n-1], v)
	parent := l.nodes[above]
	if parent == nil {
		return nil
	}
	b, err := l.key.bucket(v[n-1])
	if err != nil {
		return err
	}
	node := newAggNode(l.agg.Aggs)
	node.count, _ = v[n].(int64)
	for j, i := range l.inline {
		setValue(&node.results[i], &l.agg.Aggs[i], v[n+1+j])
	}
	if l.agg.Kind == store.GeoTile {
		b.Center = centerOf(v[n+1+len(l.inline):])
	}
	if l.agg.Kind.Top() {
		r := &parent.results[l.index]
		if len(l.firsts[above]) == 0 {
			r.Other = toInt(v[len(v)-1])
			l.firsts[above] = []float64{0}
		}
		if r.Other -= node.count; r.Other > 0 {
			l.cut = true
		}
	} else {
		l.firsts[above] = append(l.firsts[above], l.key.number(v[n-1]))
	}
	l.key.found(v[n-1])
	t := tuple(l.path, v)
	l.below[t] = node
	l.tuples = append(l.tuples, t)
	return l.add(parent, node, b, l.key.number(v[n-1]))
}

func (l *levelReader) add(parent, node *aggNode, b store.Bucket, number float64) error {
	l.made = append(l.made, &madeBucket{parent, node, b, number})
	return l.a.counted()
}

// counted counts a bucket.
func (a *aggregator) counted() error {
	if a.buckets++; a.buckets > store.MaxBuckets {
		return fmt.Errorf("%w: more than %d: use a larger interval or width, or smaller sizes", store.ErrTooManyBuckets, store.MaxBuckets)
	}
	return nil
}

// finish adds buckets without events where they are wanted.
func (l *levelReader) finish() error {
	if l.agg.Kind.Top() {
		// Other of a parent is right only after its last row.
		l.cut = false
		for _, n := range l.nodes {
			l.cut = l.cut || n.results[l.index].Other > 0
		}
		return nil
	}
	if l.agg.Kind != store.Ranges && !l.agg.Empty {
		return nil
	}
	for above, parent := range l.nodes {
		have := l.firsts[above]
		err := l.a.gaps(l.key, have, func(n float64, b store.Bucket) error {
			if _, found := slices.BinarySearch(have, n); found {
				return nil
			}
			node, err := l.a.nothing(l.agg.Aggs)
			if err != nil {
				return err
			}
			return l.add(parent, node, b, n)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// gaps hands out the buckets that there must be, with events or without.
func (a *aggregator) gaps(k *aggKey, have []float64, f func(n float64, b store.Bucket) error) error {
	first, last, ok := k.span(a.sel, have)
	if ok && last-first >= store.MaxBuckets {
		return fmt.Errorf("%w: %.0f: use a larger interval or width", store.ErrTooManyBuckets, last-first+1)
	}
	for i := 0.0; ok && i <= last-first; i++ { // large numbers have no next one
		n := first + i
		b, err := k.bucket(k.numbered(n))
		if err == nil {
			err = f(n, b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nothing is the node of a bucket without events: some aggregations have buckets even there.
func (a *aggregator) nothing(aggs []store.Agg) (*aggNode, error) {
	node := newAggNode(aggs)
	for i := range aggs {
		agg := &aggs[i]
		if !agg.Kind.Buckets() || agg.Kind.Top() || agg.Kind != store.Ranges && !agg.Empty {
			continue
		}
		k, err := newAggKey(agg, a.sel)
		if err != nil {
			return nil, err
		}
		err = a.gaps(k, nil, func(_ float64, b store.Bucket) error {
			below, err := a.nothing(agg.Aggs)
			if err != nil {
				return err
			}
			if len(below.results) > 0 {
				b.Aggs = below.results
			}
			node.results[i].Buckets = append(node.results[i].Buckets, b)
			return a.counted()
		})
		if err != nil {
			return nil, err
		}
	}
	return node, nil
}

// span is which buckets there must be.
func (k *aggKey) span(q *selection, have []float64) (first, last float64, ok bool) {
	switch {
	case k.agg.Kind == store.Ranges:
		return 0, float64(len(k.agg.Ranges)) - 1, true
	case k.agg.Kind == store.DateHistogram && k.field.name == fieldTime && q.to > q.from:
		return float64(k.iv.Bucket(time.Unix(0, q.from))), float64(k.iv.Bucket(time.Unix(0, q.to-1))), true
	case len(have) == 0:
		return 0, 0, false
	default:
		return have[0], have[len(have)-1], true
	}
}

// assemble hands the buckets to their parents, in order.
func (l *levelReader) assemble() {
	if !l.agg.Kind.Top() { // those come in order
		slices.SortStableFunc(l.made, func(a, b *madeBucket) int { return cmp.Compare(a.number, b.number) })
	}
	for _, m := range l.made {
		m.bucket.Count = m.node.count
		if len(m.node.results) > 0 {
			m.bucket.Aggs = m.node.results
		}
		r := &m.parent.results[l.index]
		r.Buckets = append(r.Buckets, m.bucket)
	}
}
