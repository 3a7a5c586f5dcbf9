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

// fromPartials is the relation of a statement's partials: those of segments that lie in the selection whole are kept,
// the others are computed with the statement. r is nil if it is better to read all rows.
func (a *aggregator) fromPartials(q *groups, pl *plan) (from string, r *relation, err error) {
	sources, live := q.sources(pl)
	if len(sources) == 0 {
		return "", nil, nil
	}
	ps, err := a.partialsOf(q, pl, sources)
	if ps == nil || err != nil || q.listed() && rowsOf(ps) > maxListed {
		return "", nil, err
	}
	t, some := a.store.partialTable(q, ps)
	if r, err = pl.relation(live, true); err != nil {
		return "", nil, err
	}
	var parts []string
	if some {
		parts = append(parts, "SELECT * FROM "+t.rows())
		r.tables = append(r.tables, t)
	}
	if !r.empty || !some {
		parts = append(parts, q.partial(r.sql))
	}
	return "(" + strings.Join(parts, " UNION ALL ") + ")", r, nil
}

// sources are the segments of a plan that lie in the selection whole; live are the others.
func (q *groups) sources(pl *plan) (sources []source, live []planned) {
	digests := map[string]digest{}
	for _, one := range pl.read {
		if !one.whole {
			live = append(live, one)
			continue
		}
		of, ok := digests[one.always]
		if !ok {
			of = sha256.Sum256([]byte(q.kept("(" + one.always + ")")))
			digests[one.always] = of
		}
		sources = append(sources, source{one, of})
	}
	return sources, live
}
