package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// flattenedType is the type of undeclared fields in the list of fields.
const flattenedType = "flattened"

// maxUndeclared bounds how many undeclared fields are listed.
const maxUndeclared = 10000

type countAnswer struct {
	Count int64 `json:"doc_count"`
}

// Fields implements [store.Store].
func (s *Store) Fields(ctx context.Context, scope store.Scope, sel store.Selection) ([]store.FieldInfo, error) {
	q, err := s.check(scope, sel)
	if err != nil || q.nothing {
		return []store.FieldInfo{}, err
	}
	if err = s.settle(ctx, q); err != nil {
		return nil, err
	}
	all := ecs.All()
	aggs := clause{"names": clause{"terms": clause{"field": colNames, "size": maxUndeclared}}}
	for i, f := range all {
		field := q.product.exact(f.Name(), f.Type())
		if f.Type() == ecs.Text {
			field = q.product.tokens(f.Name())
		}
		aggs[strconv.Itoa(i)] = clause{"filter": clause{"exists": clause{"field": field}}}
	}
	a, err := s.ask(ctx, s.alias(), map[string]any{"size": 0, "track_total_hits": true, "query": q.within(), "aggs": aggs})
	if err != nil || a.Hits.Total.Value == 0 {
		return []store.FieldInfo{}, err
	}
	counts := map[string]int64{}
	var names struct {
		Buckets []struct {
			Key   string `json:"key"`
			Count int64  `json:"doc_count"`
		} `json:"buckets"`
	}
	if err := json.Unmarshal(a.Aggregations["names"], &names); err != nil {
		return nil, err
	}
	for _, b := range names.Buckets {
		counts[b.Key] = b.Count
	}
	out := []store.FieldInfo{}
	for i, f := range all {
		var c countAnswer
		if err := json.Unmarshal(a.Aggregations[strconv.Itoa(i)], &c); err != nil {
			return nil, err
		}
		info := f.Info()
		switch info.Name {
		case fieldID, fieldMessage, fieldTime, fieldPosition:
			c.Count = a.Hits.Total.Value
		}
		if c.Count += counts[info.Name]; c.Count > 0 { // of those stored before it was declared
			out = append(out, store.FieldInfo{Name: info.Name, Type: info.Type.String(), List: info.List, Declared: true, Count: c.Count})
		}
		delete(counts, info.Name)
	}
	for name, n := range counts {
		out = append(out, store.FieldInfo{Name: name, Type: flattenedType, Count: n})
	}
	slices.SortFunc(out, func(a, b store.FieldInfo) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// FieldStats implements [store.Store]. The different values of message are not counted: Distinct is 0.
func (s *Store) FieldStats(ctx context.Context, scope store.Scope, r store.FieldStatsRequest) (*store.FieldStats, error) {
	f, err := aggregated(store.Count, r.Field)
	if err != nil {
		return nil, err
	}
	if r.Size == 0 {
		r.Size = 10
	}
	q, err := s.check(scope, r.Selection)
	if err != nil {
		return nil, err
	}
	st := &store.FieldStats{Field: f.name, Type: f.typ.String()}
	if q.nothing {
		return st, nil
	}
	if err = s.settle(ctx, q); err != nil {
		return nil, err
	}
	if q.conflicts[f.name] {
		return nil, fmt.Errorf("%w: statistics of %s: %s", store.ErrRequest, f.name, conflict(f.name))
	}
	has := q.exists(f.name)
	field := q.product.exact(f.name, f.typ)
	aggs := clause{"has": clause{"filter": has}}
	if f.typ != ecs.Text && f.name != fieldID {
		aggs["distinct"] = clause{"cardinality": clause{"field": field, "precision_threshold": exactDistinct}}
	}
	a, err := s.ask(ctx, s.alias(), map[string]any{"size": 0, "track_total_hits": true, "query": q.within(), "aggs": aggs})
	if err != nil || a.Hits.Total.Value == 0 {
		return st, err
	}
	var c countAnswer
	var distinct valueAnswer
	if err := json.Unmarshal(a.Aggregations["has"], &c); err != nil {
		return nil, err
	}
	st.Count, st.Missing = c.Count, a.Hits.Total.Value-c.Count
	if raw := a.Aggregations["distinct"]; raw != nil {
		if err := json.Unmarshal(raw, &distinct); err != nil {
			return nil, err
		}
	}
	if distinct.Value != nil {
		st.Distinct = int64(*distinct.Value)
	}
	if f.name == fieldID {
		st.Distinct = st.Count
	}
	if f.typ == ecs.Text || f.typ == ecs.GeoPoint || f.name == fieldID || st.Count == 0 {
		return st, nil
	}
	if f.numeric() || f.typ == ecs.Date || f.typ == ecs.IP {
		for dir, dst := range map[string]*any{"asc": &st.Min, "desc": &st.Max} {
			if *dst, err = s.extreme(ctx, q, f, dir); err != nil {
				return nil, err
			}
		}
	}
	top, err := s.aggregate(ctx, q, []store.Agg{{Kind: store.Terms, Field: f.name, Size: r.Size}})
	if err != nil {
		return nil, err
	}
	st.Top = top.Aggs[0].Buckets
	return st, nil
}

// extreme is the first value in an order, exact: aggregations compute in floating point.
func (s *Store) extreme(ctx context.Context, q *selection, f aggField, dir string) (any, error) {
	a, err := s.ask(ctx, s.alias(), map[string]any{
		"size": 1, "_source": false, "track_total_hits": false,
		"query": boolean("filter", []clause{q.within(), q.exists(f.name)}),
		"sort":  []any{clause{q.product.exact(f.name, f.typ): clause{"order": dir, "missing": "_last"}}},
	})
	if err != nil || len(a.Hits.Hits) == 0 || len(a.Hits.Hits[0].Sort) == 0 {
		return nil, err
	}
	raw, err := json.Marshal(a.Hits.Hits[0].Sort[0])
	if err != nil {
		return nil, err
	}
	return termKey(f.typ, raw)
}
