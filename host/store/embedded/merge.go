package embedded

import (
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// Small segments of a partition are merged once there are so many: each row is then written twice, rarely three
// times. What is small depends on the load, for writing all rows twice would cost as much as ingest does.
const (
	mergeCount  = 8
	urgentCount = 64 // so many are merged even before a flush that is due
	smallIdle   = 4  // below SegmentRows/smallIdle rows a segment is small to an idle store,
	smallBusy   = 16 // below this share to a busy one
	idleFactor  = 4  // a store is idle so many times as long after a flush as the flush took
)

// merger merges while nothing waits to be flushed.
func (s *Store) merger() {
	defer s.done.Done()
	if s.opts.MergeInterval < 0 {
		<-s.ctx.Done()
		return
	}
	t := time.NewTicker(s.opts.MergeInterval)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
		}
		for {
			merged, err := s.merge(s.ctx)
			if err != nil && s.ctx.Err() == nil && s.opts.Failed != nil {
				s.opts.Failed(err)
			}
			if !merged || err != nil {
				break
			}
		}
	}
}

// mergeable finds small segments of one partition that fit into one. s.mu is held.
func (s *Store) mergeable() []*segment {
	least, share := mergeCount, int64(smallBusy)
	if due, _ := s.flushDue(); due {
		least = urgentCount
	} else if time.Now().UnixNano()-s.flushed.Load() > idleFactor*s.flushTime.Load() {
		share = smallIdle
	}
	byPart := map[string][]*segment{} // an import's apart: a snapshot has it or not
	for _, g := range s.segments {
		if g.Rows < int64(s.opts.SegmentRows)/share {
			name := fmt.Sprintf("%s %d", g.partition(), g.Import)
			byPart[name] = append(byPart[name], g)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byPart)) {
		small := byPart[name]
		if len(small) < least {
			continue
		}
		slices.SortFunc(small, func(a, b *segment) int { return int(a.Rows - b.Rows) })
		n, rows := 0, int64(0)
		for n < len(small) && rows+small[n].Rows <= int64(s.opts.SegmentRows) && sameKinds(small[:n], small[n]) {
			rows += small[n].Rows
			n++
		}
		if n >= mergeCount/2 {
			return small[:n]
		}
	}
	return nil
}

// sameKinds says whether a segment's columns have the types that others give them.
func sameKinds(others []*segment, g *segment) bool {
	for _, o := range others {
		for name, c := range g.Columns {
			if have, ok := o.Columns[name]; ok && (have.Kind != c.Kind || have.List != c.List) {
				return false
			}
		}
	}
	return true
}

// merge replaces some small segments by one; false if there was nothing to do, or a flush goes first.
func (s *Store) merge(ctx context.Context) (bool, error) {
	if !s.write.TryLock() {
		return false, nil
	}
	defer s.write.Unlock()
	s.mu.Lock()
	old := s.mergeable()
	durable := s.durable
	all := s.segments
	s.mu.Unlock()
	if len(old) == 0 {
		return false, nil
	}
	g, err := s.mergeSegments(ctx, old)
	if err != nil {
		return false, fmt.Errorf("merge: %w", err)
	}
	left := slices.DeleteFunc(slices.Clone(all), func(x *segment) bool { return slices.Contains(old, x) })
	if err := s.replace(append(left, g), old, durable); err != nil {
		g.drop.Store(true)
		g.release()
		return false, fmt.Errorf("merge: %w", err)
	}
	s.merges.Add(1)
	return true, nil
}

func (s *Store) mergeSegments(ctx context.Context, old []*segment) (*segment, error) {
	g := &segment{segmentInfo: old[0].segmentInfo}
	g.ID, g.Merged = s.nextID, true
	g.Rows, g.Raw = 0, 0
	s.nextID++
	g.path = g.file(s.dir)
	g.Columns, g.Undeclared = map[string]columnInfo{}, map[string]int64{}
	files := make([]string, len(old))
	for i, o := range old {
		files[i] = quote(o.path)
		g.Rows += o.Rows
		g.Raw += o.Raw
		g.MinTime, g.MaxTime = min(g.MinTime, o.MinTime), max(g.MaxTime, o.MaxTime)
		g.MinIngested, g.MaxIngested = min(g.MinIngested, o.MinIngested), max(g.MaxIngested, o.MaxIngested)
		g.MinOffset, g.MaxOffset = min(g.MinOffset, o.MinOffset), max(g.MaxOffset, o.MaxOffset)
		for name, c := range o.Columns {
			c.Count += g.Columns[name].Count
			g.Columns[name] = c
		}
		for name, n := range o.Undeclared {
			g.Undeclared[name] += n
		}
		g.Sources = append(g.Sources, o.Sources...)
	}
	if !slices.ContainsFunc(old, func(o *segment) bool { return o.Positions == nil }) {
		for _, o := range old {
			for source, of := range o.Positions {
				g.cover(source, of)
			}
		}
	}
	slices.Sort(g.Sources)
	g.Sources = slices.Compact(g.Sources)
	if err := durable.MakeDir(filepath.Join(s.dir, segmentsDir, filepath.FromSlash(g.partition()))); err != nil {
		return nil, err
	}
	c, err := s.writer.get()
	if err != nil {
		return nil, err
	}
	defer s.writer.put(c)
	list := strings.Join(files, ", ")
	order := quoteName(fieldTime)
	if _, ok := g.Columns[fieldLogType]; ok {
		order = quoteName(fieldLogType) + ", " + order
	}
	err = c.copyTo(ctx, "SELECT * FROM read_parquet(["+list+"], union_by_name = true) ORDER BY "+order, g.path)
	if err == nil {
		err = g.index(ctx, c)
	}
	if err != nil {
		g.remove()
		return nil, err
	}
	return g, nil
}

// index reads the words of a segment's messages and its times and writes its index.
func (g *segment) index(ctx context.Context, c *conn) error {
	words := newWordSet()
	times := make([]int64, 0, g.Rows)
	err := c.rows(ctx, "SELECT epoch_ns("+quoteName(fieldTime)+"), "+quoteName(fieldMessage)+" FROM read_parquet("+quote(g.path)+")", nil, func(v []driver.Value) error {
		times = append(times, v[0].(int64))
		if m, ok := v[1].(string); ok {
			words.addText([]byte(m))
		}
		return nil
	})
	if err != nil {
		return err
	}
	g.words = words.bloom()
	g.Spans = spansOf(times, g.MinTime, g.MaxTime)
	return g.finish()
}
