package storetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// errNotApplicable is the answer of the reference to what it does not know.
var errNotApplicable = errors.New("not asked of the matcher")

// reference answers as stores are to answer, as plainly as can be: the in-memory matcher selects events, the rest is
// loops over them. It has none of the methods that change or drop anything but Append.
type reference struct {
	store.Store

	batches []*wire.Batch
	events  [][]*referenceEvent // by batch and row
	made    int                 // buckets of the answer under way
	// slack is how far an answer may be off that is computed in floating point, in another order; by its place in
	// the answer.
	slack map[*float64]float64
	// sorted are the values that percentiles are of, likewise.
	sorted map[*float64][]float64
}

type referenceEvent struct {
	store.Event
	at time.Time
	id store.EventID
}

func newReference() *reference {
	return &reference{slack: map[*float64]float64{}, sorted: map[*float64][]float64{}}
}

// Append implements [store.Store]. It keeps the batches.
func (r *reference) Append(_ context.Context, _ uint64, batches []*wire.Batch) error {
	for _, b := range batches {
		rows := make([]*referenceEvent, b.Rows)
		for i := range rows {
			ev := store.EventAt(b, i)
			id, err := store.ParseEventID(ev["event.id"].(string))
			if err != nil {
				return err
			}
			ev["logcenter.position"] = id.Position
			rows[i] = &referenceEvent{ev, ev["@timestamp"].(time.Time), id}
		}
		r.batches, r.events = append(r.batches, b), append(r.events, rows)
	}
	return nil
}

// Flush implements [store.Store].
func (r *reference) Flush(context.Context) error { return nil }

// selected are the events of a request in the order of their ids' text and time, oldest first.
func (r *reference) selected(scope store.Scope, sel store.Selection) ([]*referenceEvent, error) {
	if sel.Query != nil {
		if err := query.Check(sel.Query, nil); err != nil {
			return nil, fmt.Errorf("%w: %w", store.ErrRequest, err)
		}
	}
	n := scope.Narrow(sel.Query)
	if n == nil {
		return nil, nil
	}
	if slices.Contains(query.FieldsOf(n), "event.id") {
		return nil, errNotApplicable // which the host makes of the position when it is asked for
	}
	m, err := query.Compile(n, query.Options{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrRequest, err)
	}
	var out []*referenceEvent
	for i, b := range r.batches {
		bits := m.Match(b, nil)
		for row, ev := range r.events[i] {
			if bits[row/64]&(1<<(row%64)) != 0 && !ev.at.Before(sel.From) && ev.at.Before(sel.To) {
				out = append(out, ev)
			}
		}
	}
	slices.SortFunc(out, func(a, b *referenceEvent) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id.Source(), b.id.Source()), cmp.Compare(a.id.Position, b.id.Position))
	})
	return out, nil
}

// Search implements [store.Store]. A cursor is the place of the next event.
func (r *reference) Search(_ context.Context, scope store.Scope, req store.SearchRequest) (*store.Page, error) {
	all, err := r.selected(scope, req.Selection)
	if err != nil {
		return nil, err
	}
	if !req.OldestFirst {
		slices.Reverse(all)
	}
	from, _ := strconv.Atoi(req.Cursor)
	to := min(from+req.Limit, len(all))
	p := &store.Page{Total: int64(len(all))}
	if to < len(all) {
		p.Cursor = strconv.Itoa(to)
	}
	for _, ev := range all[from:to] {
		p.Events = append(p.Events, ev.Event)
	}
	return p, nil
}

// values are the different values of a field.
func (ev *referenceEvent) values(field string) []any {
	v, ok := ev.Event[field]
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []any
	for _, e := range list {
		if f, ok := e.(float64); ok {
			e = f + 0 // zero has no sign
		}
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

// Fields implements [store.Store].
func (r *reference) Fields(_ context.Context, scope store.Scope, sel store.Selection) ([]store.FieldInfo, error) {
	all, err := r.selected(scope, sel)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, ev := range all {
		for name := range ev.Event {
			if len(ev.values(name)) > 0 {
				counts[name]++
			}
		}
	}
	out := []store.FieldInfo{}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		i := store.FieldInfo{Name: name, Type: "flattened", Count: counts[name]}
		if f, ok := ecs.Lookup(name); ok {
			i.Type, i.List, i.Declared = f.Type().String(), f.Info().List, true
		}
		out = append(out, i)
	}
	return out, nil
}

// FieldStats implements [store.Store].
func (r *reference) FieldStats(_ context.Context, scope store.Scope, req store.FieldStatsRequest) (*store.FieldStats, error) {
	i, err := store.AggregatedField(store.Count, req.Field)
	if err != nil {
		return nil, err
	}
	all, err := r.selected(scope, req.Selection)
	if err != nil {
		return nil, err
	}
	st := &store.FieldStats{Field: i.Name, Type: i.Type.String(), Missing: int64(len(all))}
	distinct := map[any]bool{}
	for _, ev := range all {
		vals := ev.values(i.Name)
		if len(vals) > 0 {
			st.Count, st.Missing = st.Count+1, st.Missing-1
		}
		for _, v := range vals {
			distinct[v] = true
			if i.Type == ecs.Long || i.Type == ecs.Double || i.Type == ecs.Date || i.Type == ecs.IP {
				if st.Min == nil || compareValues(v, st.Min) < 0 {
					st.Min = v
				}
				if st.Max == nil || compareValues(v, st.Max) > 0 {
					st.Max = v
				}
			}
		}
	}
	st.Distinct = int64(len(distinct))
	if i.Type == ecs.Text || i.Type == ecs.GeoPoint || i.Name == "event.id" || st.Count == 0 {
		return st, nil
	}
	top := store.Agg{Kind: store.Terms, Field: i.Name, Size: cmp.Or(req.Size, 10)}
	var out store.AggResult
	err = r.buckets(&out, all, &top, req.Selection)
	st.Top = out.Buckets
	return st, err
}

// compareValues orders the values of one field.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	case time.Time:
		return a.Compare(b.(time.Time))
	case netip.Addr:
		x, y := a.As16(), b.(netip.Addr).As16()
		return bytes.Compare(x[:], y[:])
	case bool:
		if a == b.(bool) {
			return 0
		} else if a {
			return 1
		}
		return -1
	default:
		return 0
	}
}
