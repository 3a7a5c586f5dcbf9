package embedded

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk/query"
)

// fewHits is up to how many matches are found all at once, which makes counting and paging one pass over the text.
// Where there are more, as many are soon found and little is lost.
const fewHits = 4096

// few finds all events that match; ok is false if they are more than fewHits.
func (s *Store) few(ctx context.Context, p *snapshot, q *selection) (hits []hit, ok bool, err error) {
	r, err := s.relation(ctx, p, q, hitColumns)
	if err != nil || r.empty {
		return nil, true, err
	}
	hits, err = s.hits(ctx, r, fmt.Sprintf("%s LIMIT %d", hitSQL(r), fewHits+1))
	return hits, len(hits) <= fewHits, err
}

// behind are those of all hits that come behind after, in order, up to limit.
func behind(hits []hit, after *place, limit int, oldest bool) []hit {
	sign := -1
	if oldest {
		sign = 1
	}
	slices.SortFunc(hits, func(a, b hit) int { return sign * a.compare(b.place) })
	if after != nil {
		hits = slices.DeleteFunc(hits, func(h hit) bool { return sign*h.compare(*after) <= 0 })
	}
	return hits[:min(limit, len(hits))]
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.Time, o.Time), strings.Compare(p.Source, o.Source), cmp.Compare(p.Position, o.Position))
}

// count counts a selection. with is what of the snapshot has matches, so that nothing else needs to be read for a
// page; it is valid as long as p.
func (s *Store) count(ctx context.Context, p *snapshot, q *selection) (total int64, with *snapshot, err error) {
	total, rest := q.split(p)
	with = &snapshot{offset: p.offset}
	for _, g := range p.segments {
		if rows, ok := q.known(g); ok && rows > 0 {
			with.segments = append(with.segments, g)
		}
	}
	file := []column{{colFile, kindString, false}}
	r, err := s.relation(ctx, rest, q, file)
	if err != nil || r.empty {
		return total, with, err
	}
	found := map[string]bool{}
	name := quoteName(colFile)
	err = s.run(ctx, r, "SELECT "+name+", count(*) FROM "+r.sql+" GROUP BY "+name, func(v []driver.Value) error {
		found[v[0].(string)] = true
		total += v[1].(int64)
		return nil
	})
	for _, g := range rest.segments {
		if found[g.path] {
			with.segments = append(with.segments, g)
		}
	}
	if found[""] {
		with.tail = p.tail
	}
	return total, with, err
}

// split counts what is known of a snapshot without reading it, and leaves the rest.
func (q *selection) split(p *snapshot) (known int64, rest *snapshot) {
	rest = &snapshot{offset: p.offset, tail: p.tail}
	for _, g := range p.segments {
		if rows, ok := q.known(g); ok {
			known += rows
		} else {
			rest.segments = append(rest.segments, g)
		}
	}
	return known, rest
}

// known is how many of a segment's events are selected, if that is known without reading them.
func (q *selection) known(g *segment) (rows int64, ok bool) {
	if _, all := q.node.(*query.All); !all || g.MaxOffset > q.maxOffset ||
		q.partition != "" && q.partition != g.partition() || q.source != "" && (len(g.Sources) != 1 || g.Sources[0] != q.source) {
		return 0, false
	}
	p := g.excerpt(q.from, q.to)
	return p.rows, !p.cut
}
