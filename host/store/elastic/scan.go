package elastic

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// scanToken is where a scan stands: behind an event of a source of a partition. Order is day, class, source, then
// (@timestamp, position).
type scanToken struct {
	snapshot
	Partition string `json:"p"` // day/class, and of restored ones their name: partitions in their order
	Last      place  `json:"l"`
	Done      int64  `json:"d"`
	Of        uint64 `json:"h"`
}

// Sizes of a scan's batches.
const (
	scanBytes   = 16 << 20 // of an answer, by the average of the one before
	scanMaxRows = store.MaxPage
	scanMinRows = 64
	scanFirst   = 256
)

// Scan implements [store.Store]. Partitions that are dropped meanwhile are deleted when it has ended.
func (s *Store) Scan(ctx context.Context, scope store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	return func(yield func(store.ScanBatch, error) bool) {
		x := &scanner{store: s, ctx: ctx, yield: yield, rows: scanFirst}
		if err := x.run(scope, r); err != nil {
			yield(store.ScanBatch{}, err)
		}
	}
}

type scanner struct {
	store  *Store
	ctx    context.Context //nolint:containedctx // of one call
	sel    *selection
	only   string // ID of a partition; empty: all
	yield  func(store.ScanBatch, error) bool
	fields []string
	token  scanToken
	resume bool // token.Last is where to go on in token.Partition
	total  int64
	rows   int
	ended  bool // the reader stopped
}

func (x *scanner) run(scope store.Scope, r store.ScanRequest) error {
	s := x.store
	of := requestHash(strings.TrimSpace("scan "+r.Partition), r.Query, r.From, r.To, scope)
	if r.Resume != "" {
		if err := decodeToken(r.Resume, &x.token); err != nil {
			return err
		}
		if x.token.Of != of {
			return fmt.Errorf("%w: the token belongs to another query or range", store.ErrCursor)
		}
		x.resume = true
	}
	var err error
	if x.sel, err = s.check(scope, r.Whole()); err != nil || x.sel.nothing {
		return err
	}
	if err = s.settle(x.ctx, x.sel); err != nil {
		return err
	}
	if x.resume {
		x.sel.snapshot.as(x.token.snapshot)
	}
	x.token.snapshot, x.token.Of = x.sel.snapshot, of
	x.only = r.Partition
	x.sel.hidden = nil // it asks for single indices
	if len(r.Fields) > 0 {
		x.fields = append([]string{fieldMessage, fieldPosition}, r.Fields...)
	}
	s.scans.Lock()
	s.scanning++
	s.scans.Unlock()
	defer func() {
		s.scans.Lock()
		s.scanning--
		s.scans.Unlock()
		if err := s.bury(context.WithoutCancel(x.ctx)); err != nil {
			s.fail(err)
		}
	}()
	return x.partitions()
}

// partitions walks what there is now, in order.
func (x *scanner) partitions() error {
	s := x.store
	type part struct {
		name    string
		indices []string
		empty   []string // as far as is known; they may not even have been made
	}
	var parts []part
	s.mu.Lock()
	for key, gens := range s.series {
		if x.only != "" && x.only != key.id() || x.only == "" && s.hides(key) {
			continue
		}
		p := part{name: key.date() + "/" + key.class}
		if key.restored != "" {
			p.name += "/" + key.restored
		}
		for _, g := range gens {
			if g.docs == 0 {
				p.empty = append(p.empty, g.index)
			} else {
				p.indices = append(p.indices, g.index)
			}
			x.total += g.docs
		}
		parts = append(parts, p)
	}
	s.mu.Unlock()
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.name, b.name) })
	for _, p := range parts {
		if x.resume && p.name < x.token.Partition {
			continue
		}
		if x.resume && p.name != x.token.Partition {
			x.resume = false // the token's own place is gone
		}
		x.token.Partition = p.name
		for _, index := range p.empty {
			err := s.refreshAll(x.ctx, index)
			if err != nil && !isMissing(err) {
				return err
			}
			if err == nil {
				p.indices = append(p.indices, index)
			}
		}
		if len(p.indices) == 0 {
			x.resume = false
			continue
		}
		if err := x.partition(strings.Join(p.indices, ",")); err != nil || x.ended {
			return err
		}
		x.resume = false
	}
	return nil
}

// partition hands out what one partition has, by source and time.
func (x *scanner) partition(indices string) error {
	after := x.resume
	for {
		body := map[string]any{
			"sort": []any{clause{colSource: "asc"}, clause{fieldTime + suffixNanos: "asc"}, clause{x.sel.product.field(fieldPosition): "asc"}},
			"size": x.rows, "track_total_hits": false, "query": x.sel.within(), "_source": sourceFilter(x.sel.product, x.fields),
		}
		if after {
			body["search_after"] = []any{x.token.Last.Source, x.token.Last.Time, x.token.Last.Position}
		}
		a, err := x.store.ask(x.ctx, indices, body)
		if err != nil {
			return err
		}
		hits := a.Hits.Hits
		full := len(hits) == x.rows
		size := 0
		for len(hits) > 0 {
			n := 1
			for n < len(hits) && hits[n].Sort[0] == hits[0].Sort[0] {
				n++
			}
			bytes, err := x.batch(hits[:n])
			if err != nil || x.ended {
				return err
			}
			size += bytes
			hits = hits[n:]
			after = true
		}
		if !full {
			return nil
		}
		x.rows = min(max(scanBytes/(size/x.rows+256), scanMinRows), scanMaxRows)
	}
}

// batch hands out hits of one source.
func (x *scanner) batch(hits []hit) (size int, err error) {
	last := hits[len(hits)-1]
	last.Sort = []any{last.Sort[1], last.Sort[0], last.Sort[2]}
	if x.token.Last, err = last.place(); err != nil {
		return 0, err
	}
	b, err := newBatch(x.sel.product, hits, keeper(x.fields))
	if err != nil {
		return 0, err
	}
	id, err := store.ParseEventID(hits[0].ID)
	if err != nil {
		return 0, err
	}
	b.Journal, b.Partition = id.Journal, id.Partition
	x.token.Done += int64(len(hits))
	for _, c := range b.Columns {
		size += len(c.Data) + len(c.Values)
	}
	if !x.yield(store.ScanBatch{Batch: b, Token: encodeToken(x.token), Done: x.token.Done, Total: x.total}, nil) {
		x.ended = true
	}
	return size, nil
}

// newBatch makes columns of hits.
func newBatch(p product, hits []hit, keep func(string) bool) (*wire.Batch, error) {
	rows := len(hits)
	columns := map[columnKey]*wire.Builder{}
	column := func(key columnKey, t wire.Type, list bool) *wire.Builder {
		w := columns[key]
		if w == nil {
			w = &wire.Builder{}
			w.Reset(t, list, rows, nil, nil)
			columns[key] = w
		}
		return w
	}
	for row := range hits {
		for name, v := range hits[row].event(p, keep) {
			if name == fieldID {
				continue
			}
			vals, isList := v.([]any)
			if !isList {
				vals = []any{v}
			}
			key, t, list := columnKey{name: name}, wire.Type_STRING, true
			if f, ok := ecs.Lookup(name); ok && fits(f.Info(), vals) {
				key.field, t, list = uint32(f), wireTypes[f.Type()], f.Info().List
			}
			w := column(key, t, list)
			for _, e := range vals {
				if key.field == 0 {
					e = store.ValueText(e)
				}
				if !store.SetValue(w, row, key.name != fieldMessage && key.field != 0, e) {
					return nil, fmt.Errorf("event %s, %s: a %T where a %s was expected", hits[row].ID, name, e, t)
				}
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(columns), func(a, b columnKey) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.field, b.field))
	})
	b := &wire.Batch{Rows: uint32(rows)}
	for _, key := range keys {
		c := columns[key].Finish(key.field)
		if c == nil {
			continue
		}
		c.Name = key.name
		b.Columns = append(b.Columns, c)
	}
	return b, nil
}

// columnKey tells columns apart: what was stored when a field had another type, or none, is a column beside.
type columnKey struct {
	name  string
	field uint32 // 0 for texts of undeclared fields
}

// fits says whether values are as the field is declared.
func fits(i ecs.Info, vals []any) bool {
	for _, v := range vals {
		ok := false
		switch v.(type) {
		case string:
			ok = i.Type == ecs.Keyword || i.Type == ecs.Text
		case int64:
			ok = i.Type == ecs.Long
		case float64:
			ok = i.Type == ecs.Double
		case bool:
			ok = i.Type == ecs.Boolean
		case netip.Addr:
			ok = i.Type == ecs.IP
		case time.Time:
			ok = i.Type == ecs.Date
		case store.GeoPoint:
			ok = i.Type == ecs.GeoPoint
		}
		if !ok {
			return false
		}
	}
	return i.List || len(vals) == 1
}
