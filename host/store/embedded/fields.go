package embedded

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// flattenedType is the type of undeclared fields in the list of fields.
const flattenedType = "flattened"

// Fields implements [store.Store]. Segments that are selected whole are counted from their indexes.
func (s *Store) Fields(ctx context.Context, scope store.Scope, sel store.Selection) ([]store.FieldInfo, error) {
	p, err := s.visible(ctx)
	if err != nil {
		return nil, err
	}
	defer p.release()
	q, ok, err := s.selection(scope, sel, p)
	if err != nil || !ok {
		return []store.FieldInfo{}, err
	}
	counts := map[string]int64{}
	undeclared := map[string]int64{}
	_, everything := q.node.(*query.All)
	rest := *p
	rest.segments = nil
	for _, g := range p.segments {
		if !everything || g.MinTime < q.from || g.MaxTime >= q.to {
			rest.segments = append(rest.segments, g)
			continue
		}
		for name, c := range g.Columns {
			counts[name] += c.Count
		}
		for name, n := range g.Undeclared {
			undeclared[name] += n
		}
	}
	if err := s.countFields(ctx, &rest, q, counts, undeclared); err != nil {
		return nil, err
	}
	return fieldList(counts, undeclared), nil
}

// countFields counts values by scanning.
func (s *Store) countFields(ctx context.Context, p *snapshot, q *selection, counts, undeclared map[string]int64) error {
	kinds := map[string]column{}
	for _, g := range p.segments {
		for name, c := range g.Columns {
			kinds[name] = column{name, c.Kind, c.List}
		}
	}
	for _, e := range p.tail {
		for name := range e.fields {
			if f, ok := ecs.Lookup(name); ok {
				for _, c := range columnsOf(f.Info()) {
					kinds[c.Name] = c
				}
			}
		}
		if len(e.extra) > 0 {
			kinds[colFlattened] = fixedColumns[3]
		}
	}
	delete(kinds, colSource)
	delete(kinds, colOffset)
	kinds[fieldTime] = fixedColumns[0]
	_, extra := kinds[colFlattened]
	delete(kinds, colFlattened)
	cols := make([]column, 0, len(kinds))
	for _, c := range kinds {
		cols = append(cols, c)
	}
	slices.SortFunc(cols, func(a, b column) int { return strings.Compare(a.Name, b.Name) })
	list := make([]string, len(cols))
	for i, c := range cols {
		list[i] = "count(" + quoteName(c.Name) + ")"
	}
	r, err := s.relation(ctx, p, q, cols)
	if err != nil || r.empty {
		return err
	}
	err = s.run(ctx, r, "SELECT "+strings.Join(list, ", ")+" FROM "+r.sql, func(v []driver.Value) error {
		for i, c := range cols {
			counts[c.Name] += v[i].(int64)
		}
		return nil
	})
	if err != nil || !extra {
		return err
	}
	if r, err = s.relation(ctx, p, q, fixedColumns[3:]); err != nil {
		return err
	}
	sql := "SELECT k, count(*) FROM (SELECT unnest(json_keys(" + quoteName(colFlattened) + ")) AS k FROM " + r.sql + ") GROUP BY k"
	return s.run(ctx, r, sql, func(v []driver.Value) error {
		undeclared[v[0].(string)] += v[1].(int64)
		return nil
	})
}

func fieldList(counts, undeclared map[string]int64) []store.FieldInfo {
	out := []store.FieldInfo{}
	all := counts[fieldTime]
	for name, n := range counts {
		name, isLon := strings.CutSuffix(name, suffixLon)
		name = strings.TrimSuffix(name, suffixLat)
		if n == 0 || isLon || strings.HasPrefix(name, "#") {
			continue
		}
		f, ok := ecs.Lookup(name)
		if !ok {
			undeclared[name] += n
			continue
		}
		i := f.Info()
		n += undeclared[name] // stored before the field was declared
		delete(undeclared, name)
		out = append(out, store.FieldInfo{Name: name, Type: i.Type.String(), List: i.List, Declared: true, Count: n})
	}
	for name, n := range undeclared {
		if n > 0 {
			_, known := ecs.Lookup(name)
			out = append(out, store.FieldInfo{Name: name, Type: flattenedType, Declared: known, Count: n})
		}
	}
	if all > 0 {
		out = append(out, store.FieldInfo{Name: fieldID, Type: ecs.Keyword.String(), Declared: true, Count: all})
	}
	slices.SortFunc(out, func(a, b store.FieldInfo) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// FieldStats implements [store.Store].
func (s *Store) FieldStats(ctx context.Context, scope store.Scope, r store.FieldStatsRequest) (*store.FieldStats, error) {
	f, err := aggregated(store.Count, r.Field)
	if err != nil {
		return nil, err
	}
	if r.Size == 0 {
		r.Size = 10
	}
	p, err := s.visible(ctx)
	if err != nil {
		return nil, err
	}
	defer p.release()
	q, ok, err := s.selection(scope, r.Selection, p)
	if err != nil {
		return nil, err
	}
	st := &store.FieldStats{Field: f.name, Type: f.typ.String()}
	if !ok {
		return st, nil
	}
	if err := s.fieldCounts(ctx, p, q, f, st); err != nil {
		return nil, err
	}
	if f.typ == ecs.Text || f.typ == ecs.GeoPoint || f.name == fieldID || st.Count == 0 {
		return st, nil
	}
	top, err := s.aggregate(ctx, p, q, []store.Agg{{Kind: store.Terms, Field: f.name, Size: r.Size}}, false)
	if err != nil {
		return nil, err
	}
	st.Top = top.Aggs[0].Buckets
	return st, nil
}

// fieldCounts computes all but the top values.
func (s *Store) fieldCounts(ctx context.Context, p *snapshot, q *selection, f aggField, st *store.FieldStats) error {
	r, err := s.relation(ctx, p, q, f.columns())
	if err != nil || r.empty {
		return err
	}
	x := f.expr()
	has := x + " IS NOT NULL"
	ordered := f.numeric() || f.typ == ecs.Date || f.typ == ecs.IP
	low, high := "NULL", "NULL"
	if ordered {
		low, high = "min("+x+")", "max("+x+")"
	}
	distinct := "count(DISTINCT " + x + ")"
	if f.List {
		has = "len(" + x + ") > 0"
		distinct = "len(list_distinct(flatten(list(" + x + "))))"
		if ordered {
			low, high = "min(list_min("+x+"))", "max(list_max("+x+"))"
		}
	}
	sql := fmt.Sprintf("SELECT count(*), count(*) FILTER (%s), %s, %s, %s FROM %s", has, distinct, low, high, r.sql)
	return s.run(ctx, r, sql, func(v []driver.Value) error {
		st.Count, _ = v[1].(int64)
		st.Missing = v[0].(int64) - st.Count
		st.Distinct = toInt(v[2])
		for i, dst := range []*any{&st.Min, &st.Max} {
			if v[3+i] == nil {
				continue
			}
			d, err := decodeValue(f.Kind, v[3+i])
			if err != nil {
				return err
			}
			if f, ok := d.(float64); ok {
				d = f + 0 // zero has no sign
			}
			*dst = d
		}
		return nil
	})
}

// Partitions implements [store.Store]. Events in the tail have none yet.
func (s *Store) Partitions(context.Context) ([]store.Partition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	byID := map[string]*store.Partition{}
	for _, g := range s.segments {
		p := byID[g.partition()]
		if p == nil {
			p = &store.Partition{ID: g.partition(), Class: g.Class, Day: g.Day, From: time.Unix(0, g.MinTime).UTC(), To: time.Unix(0, g.MaxTime).UTC(), Restored: g.Restored}
			if g.Expires != 0 {
				p.Expires = time.Unix(0, g.Expires).UTC()
			}
			byID[p.ID] = p
		}
		p.Events += g.Rows
		p.Bytes += g.Bytes
		p.RawBytes += g.Raw
		if t := time.Unix(0, g.MinTime).UTC(); t.Before(p.From) {
			p.From = t
		}
		if t := time.Unix(0, g.MaxTime).UTC(); t.After(p.To) {
			p.To = t
		}
	}
	out := make([]store.Partition, 0, len(byID))
	for _, p := range byID {
		out = append(out, *p)
	}
	store.SortPartitions(out)
	return out, nil
}

// DropPartition implements [store.Store]. It flushes first, so that events of the partition in the tail go too.
func (s *Store) DropPartition(ctx context.Context, id string) error {
	if s.readOnly {
		return errReadOnly
	}
	if err := s.Flush(ctx); err != nil {
		return err
	}
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	var left, gone []*segment
	for _, g := range s.segments {
		if g.partition() == id {
			gone = append(gone, g)
		} else {
			left = append(left, g)
		}
	}
	durable := s.durable
	s.mu.Unlock()
	if len(gone) == 0 {
		return fmt.Errorf("%w: there is no partition %q", store.ErrRequest, id)
	}
	return s.replace(left, gone, durable)
}

// replace makes left the segments of the store and removes the files of gone when no query reads them any more.
// s.write is held.
func (s *Store) replace(left, gone []*segment, durable uint64) error {
	if err := s.commit(left, durable); err != nil {
		return err
	}
	s.mu.Lock()
	s.segments = left
	s.dropped += len(gone)
	s.mu.Unlock()
	s.partials.forget(gone)
	for _, g := range gone {
		g.drop.Store(true)
		g.release()
	}
	return s.renew()
}

// maxDropped is how many files DuckDB may know that are gone.
const maxDropped = 1000

// renew replaces the engine of queries once it knows many files that are gone: it keeps what it read of their
// footers. Queries under way end on the old one. s.write is held.
func (s *Store) renew() error {
	s.mu.Lock()
	due := s.dropped > maxDropped
	s.mu.Unlock()
	if !due {
		return nil
	}
	e, err := s.newReaders()
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := s.readers
	s.readers, s.dropped = e, 0
	s.mu.Unlock()
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		_ = old.close() // in memory: nothing can be lost
	}()
	return nil
}
