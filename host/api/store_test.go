package api_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// memStore keeps events in a slice. It shows how the API calls a store; that answers are right is the
// stores' own suite's to prove.
type memStore struct {
	mu     sync.Mutex
	events []store.Event // oldest first
	err    error         // answers everything
	panics bool
	block  chan struct{} // Search waits for it or the context

	search store.SearchRequest
	agg    store.AggregateRequest
	aggs   []store.AggResult
	scans  int
	failAt int // Scan fails at this batch, once
	batch  int // rows of a scan's batch

	failSearch int // this search from now fails; 0: none
}

func (m *memStore) selected(s store.Scope, sel store.Selection) ([]store.Event, error) {
	if m.panics {
		panic("out of luck")
	}
	if m.err != nil {
		return nil, m.err
	}
	n := s.Narrow(sel.Query)
	var out []store.Event
	for _, ev := range m.events {
		t := ev["@timestamp"].(time.Time)
		if n != nil && matches(n, ev) && !t.Before(sel.From) && t.Before(sel.To) {
			out = append(out, ev)
		}
	}
	return out, nil
}

// matches knows as much of the language as these tests need.
func matches(n query.Node, ev store.Event) bool {
	switch n := n.(type) {
	case *query.All:
		return true
	case *query.And:
		return !slices.ContainsFunc(n.Nodes, func(n query.Node) bool { return !matches(n, ev) })
	case *query.Term:
		if n.Field.Name == "" {
			return strings.Contains(fmt.Sprint(ev["message"]), n.Value)
		}
		return fmt.Sprint(ev[n.Field.Name]) == n.Value
	default:
		return false
	}
}

func (m *memStore) Search(ctx context.Context, s store.Scope, r store.SearchRequest) (*store.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.search = r
	if m.block != nil {
		select {
		case <-m.block:
		case <-ctx.Done():
			return nil, fmt.Errorf("search: %w", ctx.Err())
		}
	}
	all, err := m.selected(s, r.Selection)
	if m.failSearch--; m.failSearch == 0 {
		err = fmt.Errorf("disk is broken")
	}
	if err != nil {
		return nil, err
	}
	if !r.OldestFirst {
		slices.Reverse(all)
	}
	from := 0
	if r.Cursor != "" {
		if from, err = strconv.Atoi(r.Cursor); err != nil || from > len(all) {
			return nil, store.ErrCursor
		}
	}
	p := &store.Page{Total: -1}
	if r.Count {
		p.Total = int64(len(all))
	}
	to := min(from+cmp.Or(r.Limit, 100), len(all))
	for _, ev := range all[from:to] {
		p.Events = append(p.Events, project(ev, r.Fields))
	}
	if to < len(all) {
		p.Cursor = strconv.Itoa(to)
	}
	return p, nil
}

func project(ev store.Event, fields []string) store.Event {
	if len(fields) == 0 {
		return ev
	}
	out := store.Event{"event.id": ev["event.id"], "@timestamp": ev["@timestamp"]}
	for _, f := range fields {
		if v, ok := ev[f]; ok {
			out[f] = v
		}
	}
	return out
}

func (m *memStore) Aggregate(_ context.Context, s store.Scope, r store.AggregateRequest) (*store.AggregateResult, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, err := m.selected(s, r.Selection)
	m.agg = r
	return &store.AggregateResult{Total: int64(len(all)), Aggs: m.aggs}, err
}

func (m *memStore) Fields(_ context.Context, s store.Scope, sel store.Selection) ([]store.FieldInfo, error) {
	all, err := m.selected(s, sel)
	counts := map[string]int64{}
	for _, ev := range all {
		for name := range ev {
			counts[name]++
		}
	}
	var out []store.FieldInfo
	for name, n := range counts {
		out = append(out, store.FieldInfo{Name: name, Type: "keyword", Declared: true, Count: n})
	}
	slices.SortFunc(out, func(a, b store.FieldInfo) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

func (m *memStore) FieldStats(_ context.Context, s store.Scope, r store.FieldStatsRequest) (*store.FieldStats, error) {
	all, err := m.selected(s, r.Selection)
	st := &store.FieldStats{Field: r.Field, Type: "ip", Min: netip.MustParseAddr("192.0.2.1"), Max: netip.MustParseAddr("2001:db8::1")}
	for _, ev := range all {
		if _, ok := ev[r.Field]; ok {
			st.Count++
		} else {
			st.Missing++
		}
	}
	st.Top = []store.Bucket{{Key: netip.MustParseAddr("192.0.2.1"), Text: "192.0.2.1", Count: st.Count}}
	return st, err
}

func (m *memStore) Scan(ctx context.Context, s store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	return func(yield func(store.ScanBatch, error) bool) {
		m.mu.Lock()
		m.scans++
		all, err := m.selected(s, r.Selection)
		size := cmp.Or(m.batch, 7)
		m.mu.Unlock()
		from := 0
		if err == nil && r.Resume != "" {
			if from, err = strconv.Atoi(r.Resume); err != nil || from > len(all) {
				err = store.ErrCursor
			}
		}
		for err == nil && from < len(all) {
			if err = ctx.Err(); err != nil {
				break
			}
			m.mu.Lock()
			if m.failAt > 0 && from >= m.failAt {
				m.failAt, err = 0, fmt.Errorf("disk is broken")
			}
			m.mu.Unlock()
			if err != nil {
				break
			}
			to := min(from+size, len(all))
			b := toBatch(all[from:to], r.Fields)
			if !yield(store.ScanBatch{Batch: b, Token: strconv.Itoa(to), Done: int64(to), Total: int64(len(m.events))}, nil) {
				return
			}
			clobber(b) // memory is valid until the next step
			from = to
		}
		if err != nil {
			yield(store.ScanBatch{}, err)
		}
	}
}

func clobber(b *wire.Batch) {
	for _, c := range b.Columns {
		clear(c.Data)
		clear(c.Values)
	}
}

// toBatch turns events into columns; all have the same kind of value in a field.
func toBatch(events []store.Event, fields []string) *wire.Batch {
	b := &wire.Batch{Rows: uint32(len(events)), Journal: "journal", Partition: 2}
	names := map[string]any{}
	for _, ev := range events {
		for name, v := range ev {
			if name != "event.id" && (len(fields) == 0 || slices.Contains(fields, name) || name == "@timestamp" || name == "logcenter.position") {
				names[name] = v
			}
		}
	}
	for name, sample := range names {
		var w wire.Builder
		list, isList := sample.([]any)
		if isList {
			sample = list[0]
		}
		w.Reset(kindOf(sample), isList, len(events), nil, nil)
		for row, ev := range events {
			switch v := ev[name].(type) {
			case nil:
			case []any:
				for _, e := range v {
					store.SetValue(&w, row, name != "message", e)
				}
			default:
				store.SetValue(&w, row, name != "message", v)
			}
		}
		c := w.Finish(0)
		c.Name = name
		b.Columns = append(b.Columns, c)
	}
	return b
}

func kindOf(v any) wire.Type {
	switch v.(type) {
	case int64:
		return wire.Type_INT64
	case float64:
		return wire.Type_DOUBLE
	case bool:
		return wire.Type_BOOL
	case netip.Addr:
		return wire.Type_IP
	case time.Time:
		return wire.Type_TIMESTAMP
	case store.GeoPoint:
		return wire.Type_GEO
	default:
		return wire.Type_STRING
	}
}

func (m *memStore) Append(context.Context, uint64, []*wire.Batch) error { return nil }
func (m *memStore) Durable() uint64                                     { return 0 }
func (m *memStore) Flush(context.Context) error                         { return nil }
func (m *memStore) Partitions(context.Context) ([]store.Partition, error) {
	return nil, nil
}
func (m *memStore) DropPartition(context.Context, string) error { return nil }
func (m *memStore) Import(context.Context, store.ImportRequest) (store.Import, error) {
	return nil, store.ErrRequest
}
func (m *memStore) Adopt(context.Context, uint64) error { return nil }
func (m *memStore) Stats() store.Stats                  { return store.Stats{} }
func (m *memStore) Close() error                        { return nil }

// fill makes n events a second apart, the last one just before testDay. Each has a line of its own.
func (m *memStore) fill(n int) {
	for i := range n {
		pos := store.Position(uint64(1+i/100), uint16(i%100), 0)
		ev := store.Event{
			"@timestamp": testDay.Add(time.Duration(i-n) * time.Second), "logcenter.position": pos,
			"event.id": store.EventID{Journal: "journal", Partition: 2, Position: pos}.String(),
			"message":  fmt.Sprintf("line %d of \"%d\", 登录失败\twith <134>", i, n), "event.dataset": "nginx.access",
			"source.ip": netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), "source.port": int64(1024 + i),
		}
		if i%3 == 0 {
			ev["log.level"] = "Error"
			ev["event.dataset"] = "dptech.attack"
			ev["tags"] = []any{"a,b", "c"}
			ev["source.geo.location"] = store.GeoPoint{Lat: 31.25, Lon: 121.5}
			ev["event.risk_score"] = 0.5
		}
		m.events = append(m.events, ev)
	}
}
