package embedded

import (
	"context"
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
)

// place orders events: time, then source, then position.
type place struct {
	Time     int64  `json:"t"`
	Source   string `json:"s"`
	Position int64  `json:"p"`
}

// cursor is where a page ended, and the snapshot it was of: an event journal offset.
type cursor struct {
	Snapshot uint64 `json:"n"`
	Imports  uint64 `json:"i,omitempty"`
	Last     place  `json:"l"`
	Of       uint64 `json:"o"` // hash of the request it belongs to
}

func (c cursor) encode() string {
	b, err := json.Marshal(c)
	if err != nil { // plain numbers and strings
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(s string, of uint64) (c cursor, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return c, fmt.Errorf("%w: it is not one of this store's", store.ErrCursor)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("%w: it is not one of this store's", store.ErrCursor)
	}
	if c.Of != of {
		return c, fmt.Errorf("%w: it belongs to another query, range or order", store.ErrCursor)
	}
	return c, nil
}

// requestHash ties a cursor to what it pages through.
func requestHash(kind string, n query.Node, from, to time.Time, scope store.Scope) uint64 {
	h := fnv.New64a()
	text := "*"
	if narrowed := scope.Narrow(n); narrowed != nil {
		text = query.Format(narrowed)
	}
	_, _ = fmt.Fprintf(h, "%s\x00%s\x00%d\x00%d", kind, text, nanos(from), nanos(to)) // never fails
	return h.Sum64()
}

// hit is one event found: its place in the order and in the snapshot.
type hit struct {
	place
	file string // empty: the tail
	row  int64  // of the file; of the tail: entry << 32 | row
}

// hitColumns are what a page is ordered by and fetched by.
var hitColumns = []column{
	{fieldTime, kindTime, false},
	{colSource, kindString, false},
	{fieldPosition, kindInt, false},
	{colFile, kindString, false},
	{colRow, kindInt, false},
}

// Search implements [store.Store].
func (s *Store) Search(ctx context.Context, scope store.Scope, r store.SearchRequest) (*store.Page, error) {
	if r.Limit == 0 {
		r.Limit = 100
	}
	if r.Limit < 0 || r.Limit > store.MaxPage {
		return nil, fmt.Errorf("%w: limit is %d, want 1 to %d", store.ErrRequest, r.Limit, store.MaxPage)
	}
	p, err := s.visible(ctx)
	if err != nil {
		return nil, err
	}
	defer p.release()
	page := &store.Page{Total: -1, Events: []store.Event{}}
	q, ok, err := s.selection(scope, r.Selection, p)
	if err != nil {
		return nil, err
	}
	if !ok {
		if r.Count {
			page.Total = 0
		}
		return page, nil
	}
	of := requestHash(fmt.Sprintf("search %t", r.OldestFirst), r.Query, r.From, r.To, scope)
	var after *place
	if r.Cursor != "" {
		c, err := decodeCursor(r.Cursor, of)
		if err != nil {
			return nil, err
		}
		after = &c.Last
		q.maxOffset = min(q.maxOffset, c.Snapshot)
		p.upTo(c.Imports)
	}
	hits, err := s.found(ctx, p, q, after, r, page)
	if err != nil {
		return nil, err
	}
	if len(hits) > r.Limit {
		hits = hits[:r.Limit]
		page.Cursor = cursor{q.maxOffset, p.imports, hits[len(hits)-1].place, of}.encode()
	}
	page.Events, err = s.events(ctx, p, hits, r.Fields)
	return page, err
}

// found finds the page's hits and one more if there is one, and counts if that is asked for.
func (s *Store) found(ctx context.Context, p *snapshot, q *selection, after *place, r store.SearchRequest, page *store.Page) (hits []hit, err error) {
	limit := r.Limit + 1
	if !r.Count {
		return s.page(ctx, p, q, after, limit, r.OldestFirst)
	}
	if _, all := q.node.(*query.All); !all {
		hits, ok, err := s.few(ctx, p, q)
		if err != nil {
			return nil, err
		}
		if ok {
			page.Total = int64(len(hits))
			return behind(hits, after, limit, r.OldestFirst), nil
		}
	}
	total, with, err := s.count(ctx, p, q)
	if err != nil {
		return nil, err
	}
	page.Total = total
	return s.page(ctx, with, q, after, limit, r.OldestFirst)
}

// page finds the first limit events behind after. It walks windows of time in the order wanted, so that a page
// of a large store reads only the segments it comes from.
func (s *Store) page(ctx context.Context, p *snapshot, q *selection, after *place, limit int, oldest bool) ([]hit, error) {
	from, to := q.from, q.to
	if after != nil && oldest {
		from = max(from, after.Time)
	} else if after != nil && after.Time < math.MaxInt64 {
		to = min(to, after.Time+1)
	}
	var hits []hit
	w := newWindows(p, q, from, to, oldest)
	for len(hits) < limit {
		lo, hi, ok := w.next(limit)
		if !ok {
			break
		}
		part := *q
		part.from, part.to = lo, hi
		r, err := s.relation(ctx, p, &part, hitColumns)
		if err != nil {
			return nil, err
		}
		if r.empty {
			continue
		}
		more, err := s.hits(ctx, r, pageSQL(r, after, limit-len(hits), oldest))
		if err != nil {
			return nil, err
		}
		hits = append(hits, more...)
	}
	return hits, nil
}

// hits runs a query that hitSQL begins.
func (s *Store) hits(ctx context.Context, r *relation, sql string) (out []hit, err error) {
	err = s.run(ctx, r, sql, func(v []driver.Value) error {
		out = append(out, hit{place{v[0].(int64), v[1].(string), v[2].(int64)}, v[3].(string), v[4].(int64)})
		return nil
	})
	return out, err
}

func hitSQL(r *relation) string {
	return fmt.Sprintf("SELECT epoch_ns(%s), %s, %s, %s, %s FROM %s",
		quoteName(fieldTime), quoteName(colSource), quoteName(fieldPosition), quoteName(colFile), quoteName(colRow), r.sql)
}

func pageSQL(r *relation, after *place, limit int, oldest bool) string {
	t, src, pos := quoteName(fieldTime), quoteName(colSource), quoteName(fieldPosition)
	dir, sign := "DESC", "<"
	if oldest {
		dir, sign = "ASC", ">"
	}
	where := ""
	if after != nil {
		where = fmt.Sprintf(" WHERE %s %s %s OR (%s = %s AND (%s %s %s OR (%s = %s AND %s %s %s)))",
			t, sign, quoteTime(after.Time), t, quoteTime(after.Time),
			src, sign, quote(after.Source), src, quote(after.Source), pos, sign, quoteInt(after.Position))
	}
	return fmt.Sprintf("%s%s ORDER BY %s %s, %s %s, %s %s LIMIT %d", hitSQL(r), where, t, dir, src, dir, pos, dir, limit)
}

// windows cuts a time range into pieces that grow, from the end where reading starts. How many rows a piece has is
// guessed from the stretches of segments and the bounds of entries.
type windows struct {
	spans    []timeSpan
	from, to int64
	oldest   bool
	target   float64 // rows
}

const (
	firstWindow  = 100_000 // rows
	windowGrowth = 4
)

func newWindows(p *snapshot, q *selection, from, to int64, oldest bool) *windows {
	w := &windows{from: from, to: to, oldest: oldest, target: firstWindow}
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	add := func(t timeSpan) {
		if t.overlaps(from, to) {
			w.spans = append(w.spans, t)
			lo, hi = min(lo, t.First), max(hi, t.Last)
		}
	}
	for _, g := range p.segments {
		if (q.partition == "" || q.partition == g.partition()) && g.mayHold(q.node) {
			for _, t := range g.spans() {
				add(t)
			}
		}
	}
	for _, e := range p.tail {
		add(timeSpan{e.minTime, e.maxTime, int64(e.rows)})
	}
	if len(w.spans) == 0 {
		w.to = w.from
		return w
	}
	w.from = max(from, lo)
	if hi < math.MaxInt64 {
		w.to = min(to, hi+1)
	}
	return w
}

// next is the next window; limit is how many rows the page lacks at most.
func (w *windows) next(limit int) (lo, hi int64, ok bool) {
	if w.from >= w.to {
		return 0, 0, false
	}
	w.target = max(w.target, float64(limit))
	lo, hi = w.from, w.to
	if w.estimate(lo, hi) > 1.5*w.target {
		near, far := lo, hi // bisect the end that lies inside
		for far-near > 1 {
			mid := near + (far-near)/2
			rows := w.estimate(w.from, mid)
			if !w.oldest {
				rows = w.estimate(mid, w.to)
			}
			if (rows > w.target) == w.oldest {
				far = mid
			} else {
				near = mid
			}
		}
		if w.oldest {
			hi = far
		} else {
			lo = near
		}
	}
	if w.oldest {
		w.from = hi
	} else {
		w.to = lo
	}
	w.target *= windowGrowth
	return lo, hi, true
}

func (w *windows) estimate(lo, hi int64) float64 {
	n := 0.0
	for _, s := range w.spans {
		a, b := max(lo, s.First), min(hi, s.Last+1)
		if b > a {
			n += float64(s.Rows) * (float64(b-a) / (float64(s.Last-s.First) + 1))
		}
	}
	return n
}

// events fetches hits whole, in their order.
func (s *Store) events(ctx context.Context, p *snapshot, hits []hit, fields []string) ([]store.Event, error) {
	out := make([]store.Event, len(hits))
	var keep func(string) bool
	if len(fields) > 0 {
		names := make(map[string]bool, len(fields))
		for _, f := range fields {
			names[query.FieldName(query.Field{Name: f})] = true
		}
		keep = func(name string) bool { return names[name] }
	}
	byFile := map[string][]int{}
	for i, h := range hits {
		if h.file == "" {
			out[i] = p.tail[h.row>>32].event(int(uint32(h.row)), keep)
			continue
		}
		byFile[h.file] = append(byFile[h.file], i)
	}
	for _, idx := range byFile {
		slices.SortFunc(idx, func(a, b int) int { return int(hits[a].row - hits[b].row) })
	}
	// A segment's few rows keep one thread busy, so as many segments are read at once as there are threads.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	free := make(chan struct{}, s.opts.Threads)
	for _, g := range p.segments {
		idx := byFile[g.path]
		if len(idx) == 0 {
			continue
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			if err := s.fetch(ctx, g, hits, idx, keep, out); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return out, context.Cause(ctx)
}

// near is how far apart rows of a file may lie to be read in one go: Parquet is decoded in vectors of 2,048.
const near = 2048

// fetch reads the rows of one segment; idx is sorted by row.
func (s *Store) fetch(ctx context.Context, g *segment, hits []hit, idx []int, keep func(string) bool, out []store.Event) error {
	d := newRowDecoder(g, keep)
	if len(d.list) == 1 { // only the row number: all that is asked for is in the hits
		for _, i := range idx {
			out[i] = store.Event{}
			stamp(out[i], hits[i].place)
		}
		return nil
	}
	at := make(map[int64]int, len(idx))
	var parts []string
	for i := 0; i < len(idx); {
		j := i
		var rows []string
		for ; j < len(idx) && hits[idx[j]].row-hits[idx[max(i, j-1)]].row <= near; j++ {
			at[hits[idx[j]].row] = idx[j]
			rows = append(rows, fmt.Sprint(hits[idx[j]].row))
		}
		cond := fmt.Sprintf("file_row_number BETWEEN %d AND %d", hits[idx[i]].row, hits[idx[j-1]].row)
		if len(rows) > 1 {
			cond += " AND file_row_number IN (" + strings.Join(rows, ", ") + ")"
		}
		parts = append(parts, "SELECT "+strings.Join(d.list, ", ")+" FROM read_parquet(?) WHERE "+cond)
		i = j
	}
	for len(parts) > 0 {
		n := min(64, len(parts))
		err := s.fetchRows(ctx, strings.Join(parts[:n], " UNION ALL "), slices.Repeat([]any{g.path}, n), func(v []driver.Value) error {
			i, ok := at[v[0].(int64)]
			if !ok {
				return fmt.Errorf("row %v of %s was not asked for", v[0], g.path)
			}
			ev, err := d.event(v)
			if err != nil {
				return err
			}
			stamp(ev, hits[i].place)
			out[i] = ev
			return nil
		})
		if err != nil {
			return err
		}
		parts = parts[n:]
	}
	return nil
}

// fetchRows runs a query on one thread. An engine of several would have the calling thread look for work without
// pause while another one has the only piece there is, and segments are read side by side anyway.
func (s *Store) fetchRows(ctx context.Context, sql string, files []any, f func(v []driver.Value) error) error {
	ctx, cancel := s.queryContext(ctx)
	defer cancel()
	c, err := s.fetchers.get()
	if err != nil {
		return err
	}
	defer s.fetchers.put(c)
	return c.rows(ctx, sql, files, f)
}

// stamp sets what every event has.
func stamp(ev store.Event, p place) {
	ev[fieldTime] = time.Unix(0, p.Time).UTC()
	ev[fieldID] = store.FormatEventID(p.Source, p.Position)
}
