package embedded

import (
	"context"
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
)

// scanToken is where a scan stands: behind an event of a source of a partition. Order is day, class, source, then
// (@timestamp, position), so it does not depend on which segments there are.
type scanToken struct {
	Snapshot  uint64 `json:"n"`
	Imports   uint64 `json:"i,omitempty"`
	Partition string `json:"p"` // day/class, and of restored ones their name: partitions in their order
	Source    string `json:"s"`
	Time      int64  `json:"t"`
	Position  int64  `json:"o"`
	Done      int64  `json:"d"`
	Of        uint64 `json:"h"`
}

func (t scanToken) encode() string {
	b, err := json.Marshal(t)
	if err != nil { // plain numbers and strings
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Sizes of a scan's batches.
const (
	scanBytes   = 16 << 20 // raw bytes a batch, by the average of its partition
	scanMaxRows = 32768
	scanMinRows = 256
	scanParts   = 512 // pieces that a time range with too many events is counted in
)

// Scan implements [store.Store]. It flushes, unless only what is settled is asked for, then reads segments only.
func (s *Store) Scan(ctx context.Context, scope store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	return func(yield func(store.ScanBatch, error) bool) {
		err := s.scan(ctx, scope, r, func(b store.ScanBatch) bool { return yield(b, nil) })
		if err != nil && !errors.Is(err, errStopped) {
			yield(store.ScanBatch{}, err)
		}
	}
}

var errStopped = errors.New("the reader stopped")

// scanner is one scan.
type scanner struct {
	store *Store
	ctx   context.Context //nolint:containedctx // of one call
	snap  *snapshot
	sel   *selection
	yield func(store.ScanBatch) bool
	keep  func(string) bool
	token scanToken
	after *scanToken // where to resume; nil behind it
	total int64
	limit int64 // rows a batch
	cols  []column
}

func (s *Store) scan(ctx context.Context, scope store.Scope, r store.ScanRequest, yield func(store.ScanBatch) bool) error {
	of := requestHash(strings.TrimSpace("scan "+r.Partition), r.Query, r.From, r.To, scope)
	x := &scanner{store: s, ctx: ctx, yield: yield, token: scanToken{Of: of}}
	if r.Resume != "" {
		b, err := base64.RawURLEncoding.DecodeString(r.Resume)
		if err != nil || json.Unmarshal(b, &x.token) != nil {
			return fmt.Errorf("%w: the token is not one of this store's", store.ErrCursor)
		}
		if x.token.Of != of {
			return fmt.Errorf("%w: the token belongs to another query or range", store.ErrCursor)
		}
		after := x.token
		x.after = &after
	}
	if !r.Settled {
		if err := s.Flush(ctx); err != nil {
			return err
		}
	}
	see := s.visible
	if r.Partition != "" { // it is asked for whatever its age
		see = func(context.Context) (*snapshot, error) { return s.snapshot() }
	}
	p, err := see(ctx)
	if err != nil {
		return err
	}
	defer p.release()
	p.tail = nil
	q, ok, err := s.selection(scope, r.Whole(), p)
	if err != nil || !ok {
		return err
	}
	if x.after != nil {
		q.maxOffset = min(q.maxOffset, x.after.Snapshot)
		p.upTo(x.after.Imports)
	} else {
		s.mu.Lock()
		q.maxOffset = min(q.maxOffset, s.durable)
		s.mu.Unlock()
	}
	q.partition = r.Partition
	x.token.Snapshot, x.token.Imports = q.maxOffset, p.imports
	x.snap, x.sel = p, q
	if len(r.Fields) > 0 {
		names := map[string]bool{fieldTime: true, fieldMessage: true, fieldPosition: true}
		for _, f := range r.Fields {
			names[query.FieldName(query.Field{Name: f})] = true
		}
		x.keep = func(name string) bool { return names[name] }
	}
	return x.run()
}

// run walks partitions and their sources.
func (x *scanner) run() error {
	parts := map[string][]*segment{}
	for _, g := range x.snap.segments {
		if x.sel.partition != "" && x.sel.partition != g.partition() {
			continue
		}
		if g.MaxTime >= x.sel.from && g.MinTime < x.sel.to && g.MinOffset <= x.sel.maxOffset {
			name := g.Day + "/" + g.Class
			if g.Restored != "" {
				name += "/" + g.Restored
			}
			parts[name] = append(parts[name], g)
			x.total += g.Rows
		}
	}
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if x.after != nil && name < x.after.Partition {
			continue
		}
		segs := parts[name]
		var sources []string
		for _, g := range segs {
			sources = append(sources, g.Sources...)
		}
		slices.Sort(sources)
		for _, source := range slices.Compact(sources) {
			if x.after != nil && name == x.after.Partition && source < x.after.Source {
				continue
			}
			if err := x.source(name, source, segs); err != nil {
				return err
			}
		}
	}
	return nil
}

// source hands out what one source has in one partition.
func (x *scanner) source(name, source string, segs []*segment) error {
	q := *x.sel
	q.partition = segs[0].partition()
	q.source = source
	x.token.Partition, x.token.Source = name, source
	var raw, rows int64
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	x.cols = nil
	seen := map[string]bool{}
	for _, g := range segs {
		raw += g.Raw
		rows += g.Rows
		lo, hi = min(lo, g.MinTime), max(hi, g.MaxTime)
		for name, c := range g.Columns {
			if !seen[name] && (x.keep == nil || strings.HasPrefix(name, "#") || x.keep(baseName(name))) {
				seen[name] = true
				x.cols = append(x.cols, column{name, c.Kind, c.List})
			}
		}
	}
	slices.SortFunc(x.cols, func(a, b column) int { return strings.Compare(a.Name, b.Name) })
	x.limit = min(max(scanBytes/(raw/max(rows, 1)+256), scanMinRows), scanMaxRows)
	q.from, q.to = max(q.from, lo), min(q.to, hi+1)
	if x.after != nil {
		if name != x.after.Partition || source != x.after.Source {
			x.after = nil // the token's own place is gone
		} else {
			q.from = max(q.from, x.after.Time)
		}
	}
	if q.from >= q.to {
		x.after = nil
		return nil
	}
	return x.window(&q, rows)
}

// window hands out the events of q's time range. rows is an upper bound of how many there are.
func (x *scanner) window(q *selection, rows int64) error {
	if rows <= x.limit {
		_, err := x.batch(q, math.MinInt64)
		return err
	}
	if q.to-q.from == 1 { // so many events at one instant: by position
		after := int64(math.MinInt64)
		for {
			last, err := x.batch(q, after)
			if err != nil || last == math.MaxInt64 {
				return err
			}
			after = last
		}
	}
	step := (q.to - q.from + scanParts - 1) / scanParts
	counts := map[int64]int64{}
	r, err := x.store.relation(x.ctx, x.snap, q, fixedColumns[:1])
	if err != nil || r.empty {
		return err
	}
	sql := fmt.Sprintf("SELECT (epoch_ns(%s) - %d) // %d AS k, count(*) FROM %s GROUP BY k", quoteName(fieldTime), q.from, step, r.sql)
	err = x.store.run(x.ctx, r, sql, func(v []driver.Value) error {
		counts[v[0].(int64)] = v[1].(int64)
		return nil
	})
	if err != nil {
		return err
	}
	part := *q
	part.to = q.from
	n := int64(0)
	emit := func() error {
		w, rows := part, n
		n = 0
		part.from = part.to
		if rows == 0 {
			return nil
		}
		return x.window(&w, rows)
	}
	for k := range int64(scanParts) {
		end := min(q.to, q.from+(k+1)*step)
		if n > 0 && n+counts[k] > x.limit {
			if err := emit(); err != nil {
				return err
			}
		}
		if n == 0 { // without the empty pieces before, so that a full piece gets smaller each time
			part.from = q.from + k*step
		}
		part.to = end
		n += counts[k]
		if end == q.to {
			break
		}
	}
	return emit()
}

// batch hands out at most limit events of q with positions after one; last is the last position when there may be
// more, else the greatest.
func (x *scanner) batch(q *selection, after int64) (last int64, err error) {
	r, err := x.store.relation(x.ctx, x.snap, q, x.cols)
	if err != nil || r.empty {
		return math.MaxInt64, err
	}
	list := make([]string, len(x.cols))
	for i, c := range x.cols {
		list[i] = selectValue(c)
	}
	t, pos := quoteName(fieldTime), quoteName(fieldPosition)
	where := pos + " > " + quoteInt(after)
	if x.after != nil {
		where += fmt.Sprintf(" AND (%s > %s OR %s > %s)", t, quoteTime(x.after.Time), pos, quoteInt(x.after.Position))
	}
	sql := fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s, %s LIMIT %d", strings.Join(list, ", "), r.sql, where, t, pos, x.limit)
	b := newBatchBuilder(x.cols, int(x.limit), x.keep)
	if err := x.store.runArrow(x.ctx, r, sql, b.add); err != nil {
		return 0, err
	}
	last = math.MaxInt64
	if b.n == 0 {
		return last, nil
	}
	if int64(b.n) == x.limit {
		last = b.lastPosition
	}
	x.token.Time, x.token.Position = b.lastTime, b.lastPosition
	x.token.Done += int64(b.n)
	x.after = nil
	id, err := store.ParseEventID(store.FormatEventID(x.token.Source, b.lastPosition))
	if err != nil {
		return 0, err
	}
	batch, err := b.finish()
	if err != nil {
		return 0, err
	}
	out := store.ScanBatch{Batch: batch, Token: x.token.encode(), Done: x.token.Done, Total: x.total}
	out.Batch.Journal, out.Batch.Partition = id.Journal, id.Partition
	if !x.yield(out) {
		return 0, errStopped
	}
	return last, nil
}
