package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// listKey is a comparison of a field with a list.
type listKey struct{ field, list string }

const (
	// listPage is how many different values are asked for at once.
	listPage = 10_000
	// termsOfClause is how many values a terms query may have, by default (index.max_terms_count).
	termsOfClause = 65_536
)

// inLists finds what is in the lists of a query. Lists have up to a million entries, and match subdomains and networks,
// which no query of the cluster says for so many. So the cluster is asked which values there are in the range, and the
// list for each of them.
func (s *Store) inLists(ctx context.Context, q *selection) (err error) {
	q.lists = map[listKey][]string{}
	query.Walk(q.node, func(leaf query.Node) {
		n, ok := leaf.(*query.InList)
		if !ok || err != nil {
			return
		}
		k := listKey{query.FieldName(n.Field), n.List}
		if _, done := q.lists[k]; !done {
			q.lists[k], err = s.inList(ctx, q, n)
		}
	})
	return err
}

// inList asks a list for all values that a field has in the range of q, whatever else the query asks.
func (s *Store) inList(ctx context.Context, q *selection, n *query.InList) (values []string, err error) {
	list := query.KnownLists().List(n.List)
	f, known := ecs.Lookup(query.FieldName(n.Field))
	if list == nil || !known { // it was there when the query was checked
		return nil, nil
	}
	all := *q
	all.node = &query.All{}
	if err := all.translate(s.product(), s.known()); err != nil {
		return nil, err
	}
	composite := map[string]any{"size": listPage, "sources": []any{map[string]any{"v": map[string]any{"terms": map[string]any{"field": all.product.counted(f.Info())}}}}}
	for {
		body := map[string]any{"size": 0, "query": all.within(), "aggs": map[string]any{"v": map[string]any{"composite": composite}}}
		answer, err := s.ask(ctx, s.alias(), body)
		if err != nil {
			return nil, err
		}
		page := struct {
			Buckets []struct {
				Key struct {
					V string `json:"v"`
				} `json:"key"`
			} `json:"buckets"`
			After json.RawMessage `json:"after_key"`
		}{}
		if raw, ok := answer.Aggregations["v"]; ok {
			if err := json.Unmarshal(raw, &page); err != nil {
				return nil, fmt.Errorf("values of %s: %w", f.Name(), err)
			}
		}
		for _, b := range page.Buckets {
			if !listed(list, b.Key.V, q.now.UnixNano()) {
				continue
			}
			if len(values) == store.MaxListed {
				return nil, store.TooManyListed(n)
			}
			values = append(values, b.Key.V)
		}
		if len(page.After) == 0 || len(page.Buckets) == 0 {
			return values, nil
		}
		composite["after"] = page.After
	}
}

func listed(l *query.List, value string, now int64) bool {
	if l.Type() != query.ListIP {
		return l.Has([]byte(value), now)
	}
	a, err := netip.ParseAddr(value)
	return err == nil && l.HasAddr(a.Unmap(), now)
}

// inList compares a field with the values that were found, in as many clauses as they need.
func (t *translator) inList(n *query.InList, name string) clause {
	values := t.lists[listKey{name, n.List}]
	if len(values) == 0 {
		return none()
	}
	var cs []clause
	for len(values) > 0 {
		k := min(len(values), termsOfClause)
		cs = append(cs, clause{"terms": clause{t.product.field(name): values[:k]}})
		values = values[k:]
	}
	return boolean("should", cs)
}
