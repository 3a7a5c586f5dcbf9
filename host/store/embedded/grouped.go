package embedded

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/store"
)

// groups is what a statement asks of a selection: values of its rows in groups by the keys of a path.
type groups struct {
	path  []*aggKey
	only  *keep   // nil: all buckets above
	list  *metric // its elements are rows of their own, as e; nil: there is none
	names []string
	of    []measure
	cols  []column // that measures are computed from

	timed bool  // groups are alike in their time, too, see ofTimes
	tops  int   // of a segment only that many groups are kept, see kept; 0: all
	first int   // only the first so many by count are wanted; 0: all
	total int64 // events of all groups, if only has those that may be the first
}

// newGroups asks how many rows there are, and for those of aggs that which says, in this order.
func newGroups(path []*aggKey, only *keep, aggs []store.Agg, which []int) (*groups, error) {
	q := &groups{path: path, only: only}
	q.add("c", countMeasure, nil)
	for _, i := range which {
		m, err := newMetric(&aggs[i])
		if err != nil {
			return nil, err
		}
		q.add("m"+strconv.Itoa(i), m.measure, m.field.cols)
	}
	return q, nil
}

func (q *groups) add(name string, m measure, cols []column) {
	q.names, q.of, q.cols = append(q.names, name), append(q.of, m), append(q.cols, cols...)
}

// reads are the columns that the statement is computed from.
func (q *groups) reads() []column {
	cols := slices.Clone(q.cols)
	for _, k := range q.path {
		cols = append(cols, k.field.columns()...)
	}
	if q.timed {
		cols = append(cols, column{fieldTime, kindTime, false})
	}
	if len(cols) == 0 {
		cols = []column{{colOffset, kindInt, false}}
	}
	slices.SortFunc(cols, func(a, b column) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(cols)
}

// keyed is a relation with the keys of the path as k0, k1, …; events that are in several buckets of a list field are
// there once for each.
func (q *groups) keyed(sql string) string {
	for i, k := range q.path {
		name := "k" + strconv.Itoa(i)
		expr := k.expr
		if k.unnest {
			expr = "unnest(" + expr + ")"
		}
		sql = "(SELECT *, " + expr + " AS " + name + " FROM " + sql + ")"
		if !k.nulls {
			sql = "(SELECT * FROM " + sql + " WHERE " + name + " IS NOT NULL)"
		}
		if q.only != nil && q.only.depth == i+1 {
			sql = q.only.restrict(sql)
		}
	}
	if q.list != nil {
		sql = "(SELECT *, unnest(list_distinct(" + q.list.field.expr + ")) AS e FROM " + sql + ")"
	}
	return sql
}

func (o *keep) restrict(sql string) string {
	if o.few != "" {
		return "(SELECT * FROM " + sql + " WHERE list_contains(" + o.few + ", k0))"
	}
	null := slices.ContainsFunc(o.tuples, func(t string) bool { return strings.Contains(t, "NULL") })
	if o.depth == 1 && !null {
		return "(SELECT * FROM " + sql + " WHERE k0 IN (" + strings.Join(o.tuples, ", ") + "))"
	}
	names, on := make([]string, o.depth), make([]string, o.depth)
	for i := range o.depth {
		names[i] = "v" + strconv.Itoa(i)
		on[i] = "k" + strconv.Itoa(i) + " IS NOT DISTINCT FROM " + names[i]
	}
	return "(SELECT * FROM " + sql + " SEMI JOIN (VALUES (" + strings.Join(o.tuples, "), (") + ")) AS v(" +
		strings.Join(names, ", ") + ") ON " + strings.Join(on, " AND ") + ")"
}

// each is what the rows of a part are alike in beside the keys; ok is false if parts cannot be put together.
func (q *groups) each() (x string, ok bool) {
	for _, m := range q.of {
		if m.whole == "" || m.each != "" && x != "" && m.each != x {
			return "", false
		}
		if m.each != "" {
			x = m.each
		}
	}
	return x, true
}

// maxListed is how many values are handed out by the engine to be looked at one by one.
const maxListed = 200_000

func (q *groups) listed() bool {
	return slices.ContainsFunc(q.of, func(m measure) bool { return m.listed })
}

// columns are those of a partial.
func (q *groups) columns() []string {
	out := keyNames(len(q.path))
	if x, _ := q.each(); x != "" {
		out = append(out, "x")
	}
	if q.timed {
		out = append(out, ofTimes)
	}
	for i, m := range q.of {
		for j := range m.parts {
			out = append(out, partName(i, j))
		}
	}
	if q.tops > 0 {
		out = append(out, ofTops)
	}
	return out
}

func partName(measure, part int) string { return fmt.Sprintf("p%d_%d", measure, part) }

// addresses are which columns of a partial are IP addresses.
func (q *groups) addresses() []int {
	var out []int
	for i, k := range q.path {
		if k.agg.Kind == store.Terms && k.field.Kind == kindIP {
			out = append(out, i)
		}
	}
	for _, m := range q.of {
		if m.each != "" && m.kind == kindIP {
			return append(out, len(q.path))
		}
	}
	return out
}

// partial is the statement of parts of groups; before are columns that the parts are alike in, too.
func (q *groups) partial(sql string, before ...string) string {
	by := append(before, keyNames(len(q.path))...)
	list := slices.Clone(by)
	if x, _ := q.each(); x != "" {
		list, by = append(list, x+" AS x"), append(by, "x")
	}
	if q.timed {
		list, by = append(list, "epoch_ns("+quoteName(fieldTime)+") AS "+ofTimes), append(by, ofTimes)
	}
	for i, m := range q.of {
		for j, part := range m.parts {
			list = append(list, part+" AS "+partName(i, j))
		}
	}
	sql = "SELECT " + strings.Join(list, ", ") + " FROM " + q.keyed(sql)
	if len(by) > 0 {
		sql += " GROUP BY " + strings.Join(by, ", ")
	}
	return sql
}

// grouped is the relation that a statement's groups are made of, and how its measures are computed from it: rows, or
// partials where they are kept.
func (a *aggregator) grouped(q *groups) (from string, sel []string, r *relation, err error) {
	pl, err := a.store.plan(a.ctx, a.snap, a.sel, q.reads())
	if err != nil {
		return "", nil, nil, err
	}
	if _, ok := q.each(); ok {
		from, r, err = a.fromPartials(q, pl)
		if err != nil {
			return "", nil, nil, err
		}
	}
	if r != nil {
		for i, m := range q.of {
			parts := make([]any, len(m.parts))
			for j := range parts {
				parts[j] = partName(i, j)
			}
			sel = append(sel, fmt.Sprintf(m.whole, parts...)+" AS "+q.names[i])
		}
		return from, sel, r, nil
	}
	if q.first > 0 {
		if q.only, q.total, err = a.likely(q.path, q.first); err != nil {
			return "", nil, nil, err
		}
		if q.first = 0; q.only != nil {
			return a.grouped(q)
		}
	}
	if r, err = pl.relation(pl.read, true); err != nil {
		return "", nil, nil, err
	}
	for i, m := range q.of {
		sel = append(sel, m.rows+" AS "+q.names[i])
	}
	return q.keyed(r.sql), sel, r, nil
}

// fromPartials is the relation of a statement's partials: those that are kept, and those that are computed with the
// statement. r is nil if it is better to read all rows.
func (a *aggregator) fromPartials(q *groups, pl *plan) (from string, r *relation, err error) {
	p, err := q.split(pl)
	if err != nil || len(p.whole) == 0 {
		return "", nil, err
	}
	ps, err := a.partialsOf(q, pl, p.whole)
	if ps == nil || err != nil || q.listed() && rowsOf(ps) > maxListed {
		return "", nil, err
	}
	t, some := a.store.partialTable(q, ps)
	rest, r, err := a.rest(q, pl, p)
	if err != nil {
		return "", nil, err
	}
	if some {
		rest = append(rest, "SELECT * FROM "+t.rows())
		r.tables = append(r.tables, t)
	}
	if len(rest) == 0 {
		rest = append(rest, q.partial(r.sql))
	}
	return "(" + strings.Join(rest, " UNION ALL ") + ")", r, nil
}

// parted is a plan's segments as a statement's groups are kept of them.
type parted struct {
	whole []source // what lies in the selection, without the stretches that times cut
	// The stretches that times cut, the earlier ones and the later ones: of these groups are kept with their times.
	edges [2][]source
	cut   []planned // the rows of edges, to be read if nothing is kept of them
	live  []planned // other rows
}

// ofTimes is the column of partials that has their times, in nanoseconds.
const ofTimes = "moment"

// mostTimed is how many events a stretch has at most whose groups are kept with their times.
const mostTimed = 100_000

// times is the statement with the time as another key, of what segments have at their ends.
func (q *groups) times() *groups {
	timed := *q
	timed.timed, timed.tops = true, 0
	return &timed
}

// split parts a plan's segments.
func (q *groups) split(pl *plan) (*parted, error) {
	out, timed := &parted{}, q.times()
	whole, edge := digester{of: q, all: map[string]digest{}}, digester{of: timed, all: map[string]digest{}}
	for _, one := range pl.read {
		switch {
		case !one.entire:
			out.live = append(out.live, one)
			continue
		case !one.cut:
			out.whole = append(out.whole, whole.source(one, pl.sel))
			continue
		}
		in, cut := one.segment.pieces(pl.sel.from, pl.sel.to)
		if slices.ContainsFunc(cut, func(t timeSpan) bool { return t.Rows > mostTimed }) {
			out.live = append(out.live, one)
			continue
		}
		if in.Rows > 0 {
			if err := pl.piece(one.segment, pl.cols, in.First, next(in.Last), func(p planned, sel *selection) {
				out.whole = append(out.whole, whole.source(p, sel))
			}); err != nil {
				return nil, err
			}
		}
		for i, t := range cut {
			if err := pl.piece(one.segment, timed.reads(), t.First, next(t.Last), func(p planned, sel *selection) {
				out.edges[i] = append(out.edges[i], edge.source(p, sel))
			}); err != nil {
				return nil, err
			}
			if err := pl.piece(one.segment, pl.cols, max(t.First, pl.sel.from), min(next(t.Last), pl.sel.to), func(p planned, _ *selection) {
				out.cut = append(out.cut, p)
			}); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// next is the instant behind t; behind the last there is none, and none that can be selected.
func next(t int64) int64 { return max(t, t+1) }

// piece plans the reading of a segment in other times.
func (pl *plan) piece(g *segment, cols []column, from, to int64, f func(p planned, sel *selection)) error {
	sel := pl.sel.during(from, to)
	p, err := sel.segment(g, cols, pl.lists)
	if p != nil && err == nil {
		f(*p, sel)
	}
	return err
}

// digester makes sources.
type digester struct {
	of  *groups
	all map[string]digest // by what is read
}

func (d *digester) source(p planned, sel *selection) source {
	of, ok := d.all[p.always]
	if !ok {
		of = sha256.Sum256([]byte(d.of.kept("(" + p.always + ")")))
		d.all[p.always] = of
	}
	return source{p, sel, of}
}

// rest are the statement's parts of all that is not in partials of whole segments.
func (a *aggregator) rest(q *groups, pl *plan, p *parted) (parts []string, r *relation, err error) {
	timed := q.times()
	live, kept := p.live, [][]*partial{}
	for _, edges := range p.edges {
		if len(edges) == 0 {
			continue
		}
		ps, err := a.partialsOf(timed, pl, edges)
		if err != nil {
			return nil, nil, err
		}
		if ps == nil {
			live, kept = append(slices.Clone(p.live), p.cut...), nil
			break
		}
		kept = append(kept, ps)
	}
	if r, err = pl.relation(live, true); err != nil {
		return nil, nil, err
	}
	if !r.empty {
		parts = append(parts, q.partial(r.sql))
	}
	columns := slices.DeleteFunc(timed.columns(), func(c string) bool { return c == ofTimes })
	for _, ps := range kept {
		if t, some := a.store.partialTable(timed, ps); some {
			r.tables = append(r.tables, t)
			parts = append(parts, fmt.Sprintf("SELECT %s FROM %s WHERE %s >= %s AND %[3]s < %[5]s",
				strings.Join(columns, ", "), t.rows(), ofTimes, quoteInt(pl.sel.from), quoteInt(pl.sel.to)))
		}
	}
	return parts, r, nil
}
