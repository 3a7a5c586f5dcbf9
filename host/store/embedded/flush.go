package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Waits between attempts to flush while it fails, e.g. because the disk is full.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// flusher flushes when the tail is large or old enough.
func (s *Store) flusher() {
	defer s.done.Done()
	retry := firstRetry
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		s.mu.Lock()
		due, wait := s.flushDue()
		s.mu.Unlock()
		if due {
			if err := s.flush(s.ctx); err == nil {
				retry = firstRetry
				continue
			} else if s.opts.Failed != nil && s.ctx.Err() == nil {
				s.opts.Failed(err)
			}
			timer.Reset(retry)
			retry = min(2*retry, lastRetry)
			select { // a kick would not help
			case <-s.ctx.Done():
				return
			case <-timer.C:
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
	}
}

// flushDue says whether to flush now, else how long at most to wait. s.mu is held.
func (s *Store) flushDue() (bool, time.Duration) {
	if s.appended == s.durable { // else the offset of entries without rows is to be made durable, too
		return false, time.Hour
	}
	// Half of the bound: one half is written while the other fills.
	if s.tailRaw >= s.opts.FlushBytes || s.tailSize >= s.opts.TailBytes/2 {
		return true, 0
	}
	if s.opts.FlushInterval < 0 {
		return false, time.Hour
	}
	wait := time.Until(s.since.Add(s.opts.FlushInterval))
	return wait <= 0, wait
}

// flush writes the tail as it is now into segments, all cut at one offset. Without a tail it still makes the
// offset durable, for entries may have no rows.
func (s *Store) flush(ctx context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	start := time.Now()
	s.mu.Lock()
	entries := s.tail[:len(s.tail):len(s.tail)]
	offset := s.appended
	old := s.segments
	if len(entries) == 0 && offset == s.durable {
		s.mu.Unlock()
		return nil
	}
	s.flushing = len(entries)
	s.tailRaw = 0
	s.mu.Unlock()

	segs, err := s.writeSegments(ctx, entries)
	if err == nil {
		err = s.commit(append(old[:len(old):len(old)], segs...), offset)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	rest := s.tail[s.flushing:]
	if err != nil {
		for _, g := range segs {
			g.drop.Store(true)
			g.release()
		}
		for _, e := range entries {
			s.tailRaw += e.raw
		}
		s.flushing = 0
		s.space.Broadcast()
		return fmt.Errorf("flush: %w", err)
	}
	for _, e := range entries {
		s.tailSize -= e.size
	}
	s.segments = append(old[:len(old):len(old)], segs...)
	s.tail = append([]*entry(nil), rest...)
	s.flushing = 0
	s.since = time.Now()
	s.durable = offset
	s.space.Broadcast()
	s.flushTime.Store(int64(time.Since(start)))
	s.flushed.Store(time.Now().UnixNano())
	return nil
}

// commit makes a list of segments the content of the store. s.write is held.
func (s *Store) commit(segs []*segment, durable uint64) error {
	s.mu.Lock()
	imports := s.imports
	s.mu.Unlock()
	return s.commitImport(segs, durable, imports)
}

func (s *Store) commitImport(segs []*segment, durable, imports uint64) error {
	m := &manifest{Version: 1, Durable: durable, NextID: s.nextID, Imports: imports}
	for _, g := range segs {
		m.Segments = append(m.Segments, &g.segmentInfo)
	}
	return m.save(s.dir)
}

// batchRows is a flush seen as one table: row i is row i-starts[k] of entries[k].
type flushRows struct {
	entries []*entry
	starts  []int
	n       int
	keys    []rowKey
	parts   []partKey
	into    *store.ImportRequest // where all rows belong; nil: where class and day of each say
}

type partKey struct {
	class string
	day   int64 // since 1970
}

// rowKey sorts rows: partition, log type, time.
type rowKey struct {
	part    uint16
	logType uint16
	row     int32
	time    int64
}

// writeSegments writes entries as segments, none of which is in a manifest yet.
func (s *Store) writeSegments(ctx context.Context, entries []*entry) ([]*segment, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	return s.writeRows(ctx, &flushRows{entries: entries})
}

func (s *Store) writeRows(ctx context.Context, t *flushRows) ([]*segment, error) {
	entries := t.entries
	for _, e := range entries {
		t.starts = append(t.starts, t.n)
		t.n += e.rows
	}
	if err := s.keyRows(t); err != nil {
		return nil, err
	}
	perms := t.perms(s.opts.SegmentRows)
	writers := make([]*segmentWriter, len(perms))
	for i, perm := range perms {
		writers[i] = s.newSegment(t, perm)
	}
	for _, c := range t.columns() {
		v := newVector(c, t.n)
		for i, e := range entries {
			if e.has(c) {
				e.into(v, t.starts[i], i)
			}
		}
		for _, w := range writers {
			w.add(v)
		}
	}
	segs := make([]*segment, 0, len(writers))
	c, err := s.writer.get()
	if err != nil {
		return nil, err
	}
	defer s.writer.put(c)
	for _, w := range writers {
		g, err := w.write(ctx, s, c)
		if err != nil {
			return segs, err
		}
		segs = append(segs, g)
	}
	return segs, nil
}

// dense numbers the texts of a column over all rows; 0 is no value.
func (t *flushRows) dense(name string) (ids []uint16, texts []string, err error) {
	ids = make([]uint16, t.n)
	texts = []string{""}
	known := map[string]uint16{"": 0}
	number := func(b []byte) uint16 {
		id, ok := known[string(b)]
		if !ok && len(texts) <= math.MaxUint16 {
			id = uint16(len(texts))
			texts = append(texts, string(b))
			known[string(b)] = id
		}
		return id
	}
	for i, e := range t.entries {
		c := e.fields[name]
		if c == nil {
			continue
		}
		dst := ids[t.starts[i]:]
		if c.Encoding != wire.Encoding_DICT {
			c.Each(e.rows, func(row, k int) { dst[row] = number(c.Text(k, row, e.message)) })
			continue
		}
		codes := make([]uint16, c.Entries())
		for k := range codes {
			codes[k] = number(c.Entry(k))
		}
		c.Each(e.rows, func(row, k int) { dst[row] = codes[c.Code(k)] })
	}
	return ids, texts, nil
}

const dayNanos = int64(24 * time.Hour)

// keyRows finds the partition of every row and what it is sorted by.
func (s *Store) keyRows(t *flushRows) error {
	observers, observerTexts, err := t.dense(fieldObserver)
	if err != nil {
		return err
	}
	types, typeTexts, err := t.dense(fieldLogType)
	if err != nil {
		return err
	}
	classes := map[[2]uint16]string{}
	known := map[partKey]uint16{}
	t.keys = make([]rowKey, t.n)
	last, lastPart := [2]uint16{}, -1
	lastDay, into := int64(0), int64(0)
	if t.into != nil {
		day, err := time.Parse(time.DateOnly, t.into.Day)
		if err != nil {
			return err
		}
		into = floorDiv(day.UnixNano(), dayNanos)
	}
	for i, e := range t.entries {
		in := e.ingested()
		for r := range e.rows {
			row := t.starts[i] + r
			day := floorDiv(in[r], dayNanos)
			if t.into != nil {
				day = into
			}
			pair := [2]uint16{observers[row], types[row]}
			if lastPart < 0 || pair != last || day != lastDay {
				class, ok := classes[pair]
				if !ok && t.into != nil {
					class = t.into.Class
				} else if !ok {
					class = s.opts.Classify(observerTexts[pair[0]], typeTexts[pair[1]]).Name
					classes[pair] = class
				}
				k := partKey{class, day}
				id, ok := known[k]
				if !ok {
					if len(t.parts) == math.MaxUint16 {
						return fmt.Errorf("%d partitions in one flush", len(t.parts))
					}
					id = uint16(len(t.parts))
					known[k] = id
					t.parts = append(t.parts, k)
				}
				last, lastDay, lastPart = pair, day, int(id)
			}
			t.keys[row] = rowKey{uint16(lastPart), types[row], int32(row), e.times[r]}
		}
	}
	slices.SortFunc(t.keys, func(a, b rowKey) int {
		switch {
		case a.part != b.part:
			return int(a.part) - int(b.part)
		case a.logType != b.logType:
			return int(a.logType) - int(b.logType)
		case a.time != b.time:
			return cmp.Compare(a.time, b.time)
		default:
			return int(a.row - b.row)
		}
	})
	return nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// part is the rows of one new segment.
type part struct {
	key  partKey
	rows []int32
}

// perms cuts the sorted rows into segments.
func (t *flushRows) perms(limit int) []part {
	var out []part
	for i := 0; i < len(t.keys); {
		j := i
		for j < len(t.keys) && j-i < limit && t.keys[j].part == t.keys[i].part {
			j++
		}
		rows := make([]int32, j-i)
		for k := range rows {
			rows[k] = t.keys[i+k].row
		}
		out = append(out, part{t.parts[t.keys[i].part], rows})
		i = j
	}
	return out
}

// columns lists what the entries have, in a fixed order.
func (t *flushRows) columns() []column {
	seen := map[string]bool{}
	cols := slices.Clone(fixedColumns[:3])
	extra := false
	var names []string
	for _, e := range t.entries {
		extra = extra || len(e.extra) > 0
		for name := range e.fields {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if f, ok := ecs.Lookup(name); ok {
			cols = append(cols, columnsOf(f.Info())...)
		}
	}
	if extra {
		cols = append(cols, fixedColumns[3])
	}
	return cols
}

// segmentWriter collects the columns of a new segment.
type segmentWriter struct {
	part
	seg    *segment
	fields []arrow.Field
	arrays []arrow.Array
}

func (s *Store) newSegment(t *flushRows, p part) *segmentWriter {
	day := time.Unix(0, 0).UTC().AddDate(0, 0, int(p.key.day)).Format("2006-01-02")
	g := &segment{segmentInfo: segmentInfo{
		ID: s.nextID, Class: p.key.class, Day: day, Rows: int64(len(p.rows)),
		MinTime: math.MaxInt64, MaxTime: math.MinInt64, MinIngested: math.MaxInt64, MaxIngested: math.MinInt64, MinOffset: math.MaxUint64,
	}}
	s.nextID++
	if t.into != nil {
		g.Restored = t.into.Restored
		if !t.into.Expires.IsZero() {
			g.Expires = t.into.Expires.UnixNano()
		}
	}
	g.path = g.file(s.dir)
	g.Columns = map[string]columnInfo{}
	g.Undeclared = map[string]int64{}
	t.describe(g, p.rows)
	return &segmentWriter{part: p, seg: g}
}

// describe finds a segment's bounds, stretches, sources, undeclared fields and words.
func (t *flushRows) describe(g *segment, rows []int32) {
	words := newWordSet()
	ingested := make([][]int64, len(t.entries))
	used := make([]bool, len(t.entries))
	positions := make([]span, len(t.entries))
	undeclared := make([]map[string]*wire.Column, len(t.entries))
	times := make([]int64, len(rows))
	for n, r := range rows {
		i, row := t.locate(r)
		e := t.entries[i]
		if !used[i] {
			used[i] = true
			positions[i] = span{e.position(row), e.position(row)}
			ingested[i] = e.ingested()
			g.MinOffset, g.MaxOffset = min(g.MinOffset, e.offset), max(g.MaxOffset, e.offset)
			if !slices.Contains(g.Sources, e.source) {
				g.Sources = append(g.Sources, e.source)
			}
			undeclared[i] = map[string]*wire.Column{}
			for _, c := range e.extra {
				undeclared[i][c.Name] = c
			}
		}
		at := e.position(row)
		positions[i].First, positions[i].Last = min(positions[i].First, at), max(positions[i].Last, at)
		times[n] = e.times[row]
		g.MinTime, g.MaxTime = min(g.MinTime, e.times[row]), max(g.MaxTime, e.times[row])
		g.MinIngested, g.MaxIngested = min(g.MinIngested, ingested[i][row]), max(g.MaxIngested, ingested[i][row])
		m := e.message.Bytes(row)
		g.Raw += int64(len(m))
		words.addText(m)
		for name, c := range undeclared[i] {
			if c.Has(row) {
				g.Undeclared[name]++
			}
		}
	}
	for i, e := range t.entries {
		if used[i] {
			g.cover(e.source, positions[i])
		}
	}
	g.words = words.bloom()
	g.Spans = spansOf(times, g.MinTime, g.MaxTime)
}

func (t *flushRows) locate(r int32) (entry, row int) {
	i, found := slices.BinarySearch(t.starts, int(r))
	if !found {
		i--
	}
	for i+1 < len(t.starts) && t.starts[i+1] == int(r) { // entries without rows
		i++
	}
	return i, int(r) - t.starts[i]
}

// add gives the segment its rows of a column, if any has a value.
func (w *segmentWriter) add(v *vector) {
	n := v.countIn(w.rows)
	if n == 0 {
		return
	}
	w.fields = append(w.fields, v.col.arrowField())
	w.arrays = append(w.arrays, v.array(w.rows, len(w.rows)-n))
	w.seg.Columns[v.col.Name] = columnInfo{Kind: v.col.Kind, List: v.col.List, Count: int64(n)}
}

// write makes the segment's files, synced and under their names.
func (w *segmentWriter) write(ctx context.Context, s *Store, c *conn) (*segment, error) {
	g := w.seg
	schema := arrow.NewSchema(w.fields, nil)
	rec := array.NewRecordBatch(schema, w.arrays, g.Rows)
	defer rec.Release()
	if err := durable.MakeDir(filepath.Join(s.dir, segmentsDir, filepath.FromSlash(g.partition()))); err != nil {
		return nil, err
	}
	t := table{fmt.Sprintf("flush %d", s.tableID.Add(1)), schema, []arrow.RecordBatch{rec}}
	release, err := c.open(t)
	if err != nil {
		return nil, err
	}
	err = c.copyTo(ctx, "SELECT * FROM "+quoteName(t.name), g.path)
	release()
	w.arrays = nil
	if err == nil {
		err = g.finish()
	}
	if err != nil {
		g.remove()
		return nil, err
	}
	return g, nil
}

// copyTo writes a query's rows as a synced Parquet file.
func (c *conn) copyTo(ctx context.Context, sql, path string) error {
	tmp := path + durable.Suffix
	err := c.exec(ctx, fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE %d, DICTIONARY_SIZE_LIMIT 4096)", sql, quote(tmp), rowGroup))
	if err == nil {
		err = durable.Sync(tmp)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(tmp)))
	}
	return durable.Commit(path)
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
