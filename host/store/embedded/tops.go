package embedded

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/store"
)

// The terms with the most events among a million of them are found without a million groups. Of each segment the largest
// groups are kept, and a bound on all others; put together they tell which terms may be among the first, as with the
// threshold algorithm (Fagin, Lotem, Naor: Optimal Aggregation Algorithms for Middleware, 2001). Only those are counted then,
// exactly. Where the terms are about alike in number nothing can be left out, and all are counted.

// topsKept is how many groups of a segment are kept at most.
const topsKept = 400

// mostTops is how many terms are counted for an answer at most.
const mostTops = 4 * mostLeast

// ofTops is the column that is kept beside keys and counts: what no other term of the segment has more events than.
const ofTops = "r"

// kept is the statement of what is kept of segments; before are columns that its groups are alike in, too. Of tops there is
// a row without a key for each segment, with the number of its events.
func (q *groups) kept(sql string, before ...string) string {
	sql = q.partial(sql, before...)
	if q.tops == 0 {
		return sql
	}
	by := strings.Join(append(slices.Clone(before), "true"), ", ")
	list := strings.Join(append(slices.Clone(before), ""), ", ")
	count := partName(0, 0)
	return fmt.Sprintf("WITH t AS MATERIALIZED (%[1]s),"+
		" h AS MATERIALIZED (SELECT %[2]ssum(%[3]s)::BIGINT AS n, list_min(max(%[3]s, %[4]d)) AS %[5]s FROM t GROUP BY %[6]s)"+
		" SELECT %[2]sk0, %[3]s, %[5]s FROM t JOIN h USING (%[7]s) WHERE %[3]s > %[5]s"+
		" UNION ALL SELECT %[2]sNULL, n, %[5]s FROM h",
		sql, list, count, q.tops, ofTops, by, strings.Join(before, ", "))
}

// likely finds the terms that may be the first so many, and how many events all terms have; nil if too many may be.
func (a *aggregator) likely(path []*aggKey, size int) (only *keep, total int64, err error) {
	q := &groups{path: path, tops: a.store.partials.tops}
	q.add("c", countMeasure, nil)
	pl, err := a.store.plan(a.ctx, a.snap, a.sel, q.reads())
	if err != nil {
		return nil, 0, err
	}
	p, err := q.split(pl)
	if err != nil || len(p.whole) == 0 {
		return nil, 0, err
	}
	ps, err := a.partialsOf(q, pl, p.whole)
	if ps == nil || err != nil {
		return nil, 0, err
	}
	t, some := a.store.partialTable(q, ps)
	if !some {
		return nil, 0, nil
	}
	rest, r, err := a.rest(q, pl, p)
	if err != nil {
		return nil, 0, err
	}
	if len(rest) == 0 {
		rest = append(rest, q.partial(r.sql))
	}
	r.tables = append(r.tables, t)
	only = &keep{depth: 1}
	err = a.store.run(a.ctx, r, likelySQL(strings.Join(rest, " UNION ALL "), t.rows(), size), func(v []driver.Value) error {
		only.tuples = append(only.tuples, path[0].literal(v[0]))
		total = toInt(v[1])
		return nil
	})
	if n := len(only.tuples); err != nil || n == 0 || n > mostTops {
		return nil, 0, a.store.partials.refuse(statement(p.whole), err)
	}
	slices.Sort(only.tuples)
	return only, total, nil
}

// likelySQL is the statement that finds the terms which may be the first so many: live are the groups that are not kept. A
// term has at most what is known of it and, for each segment where it is not known, what is the most there.
func likelySQL(live, kept string, size int) string {
	c := partName(0, 0)
	return fmt.Sprintf("WITH live AS MATERIALIZED (%[1]s),"+
		" t AS MATERIALIZED (SELECT * FROM %[2]s UNION ALL SELECT k0, %[3]s, 0 FROM live UNION ALL SELECT NULL, coalesce(sum(%[3]s), 0), 0 FROM live),"+
		" a AS (SELECT sum(%[3]s)::BIGINT AS total, sum(%[4]s) AS rest FROM t WHERE k0 IS NULL),"+
		" g AS MATERIALIZED (SELECT k0, sum(%[3]s) AS least, sum(%[4]s) AS r FROM t WHERE k0 IS NOT NULL GROUP BY k0),"+
		" h AS (SELECT list_min(max(least, %[5]d)) AS bar, count(*) AS n FROM g)"+
		" SELECT k0, total FROM g, a, h WHERE n >= %[5]d AND rest < bar AND least + rest - r >= bar LIMIT %[6]d",
		live, kept, c, ofTops, size, mostTops+1)
}

// selective says whether a level's buckets may be few of very many.
func selective(agg *store.Agg, path []*aggKey) bool {
	return agg.Kind == store.Terms && len(path) == 1 && !path[0].nulls && agg.Size <= mostLeast
}
