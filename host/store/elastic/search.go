package elastic

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
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

func (h *hit) place() (p place, err error) {
	if len(h.Sort) != 3 {
		return p, fmt.Errorf("event %s came with %d sort values", h.ID, len(h.Sort))
	}
	at, ok1 := h.Sort[0].(json.Number)
	source, ok2 := h.Sort[1].(string)
	position, ok3 := h.Sort[2].(json.Number)
	if !ok1 || !ok2 || !ok3 {
		return p, fmt.Errorf("event %s came with the sort values %v", h.ID, h.Sort)
	}
	p.Source = source
	if p.Time, err = at.Int64(); err == nil {
		p.Position, err = position.Int64()
	}
	return p, err
}

// cursor is where a page ended, and the snapshot it was of.
type cursor struct {
	snapshot
	Last place  `json:"l"`
	Of   uint64 `json:"o"` // hash of the request it belongs to
}

func encodeToken(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // plain numbers and strings
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeToken(s string, v any) error {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, v) != nil {
		return fmt.Errorf("%w: it is not one of this store's", store.ErrCursor)
	}
	return nil
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

// searchAnswer is what _search returns.
type searchAnswer struct {
	TimedOut bool `json:"timed_out"`
	Shards   struct {
		Total    int `json:"total"`
		Failed   int `json:"failed"`
		Failures []struct {
			Reason errorCause `json:"reason"`
		} `json:"failures"`
	} `json:"_shards"`
	Hits struct {
		Total struct {
			Value int64 `json:"value"`
		} `json:"total"`
		Hits []hit `json:"hits"`
	} `json:"hits"`
	Aggregations map[string]json.RawMessage `json:"aggregations"`
}

// ask searches. An answer that lacks a part is an error: nobody is to take it for the whole.
func (s *Store) ask(ctx context.Context, indices string, body map[string]any) (*searchAnswer, error) {
	if d, ok := ctx.Deadline(); ok { // so that the cluster stops, too
		body["timeout"] = fmt.Sprintf("%dms", max(1, time.Until(d).Milliseconds()))
	}
	a := &searchAnswer{}
	err := s.client.do(ctx, http.MethodPost, "/"+indices+"/_search?allow_partial_search_results=false", body, a)
	switch {
	case isMissing(err) && indices == s.alias(): // nothing was ever stored
		return &searchAnswer{}, nil
	case err != nil:
		return nil, asked(err)
	case a.TimedOut:
		return nil, fmt.Errorf("%s did not finish in time: %w", s.product(), context.DeadlineExceeded)
	case a.Shards.Failed > 0:
		reason := "no reason given"
		if len(a.Shards.Failures) > 0 {
			reason = a.Shards.Failures[0].Reason.deepest().Reason
		}
		return nil, fmt.Errorf("%d shards of %s failed: %s", a.Shards.Failed, s.product(), reason)
	}
	return a, nil
}

// asked tells an analyst's fault from the cluster's.
func asked(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case strings.Contains(e.Type+e.Reason, "too_many_buckets"), strings.Contains(e.Reason, "Trying to create too many buckets"):
		return fmt.Errorf("%w: more than %d: use a larger interval or width, or smaller sizes", store.ErrTooManyBuckets, store.MaxBuckets)
	case strings.Contains(e.Type+e.Reason, "too_many_clauses"), strings.Contains(e.Reason, "maxClauseCount"):
		return fmt.Errorf("%w: too many different words begin or look so: write more of the word, or search for the words with AND", store.ErrRequest)
	case strings.Contains(e.Type+e.Reason, "too_complex_to_determinize"):
		return fmt.Errorf("%w: the regular expression is too complex: use fewer repetitions", store.ErrRequest)
	}
	return err
}

// Search implements [store.Store].
func (s *Store) Search(ctx context.Context, scope store.Scope, r store.SearchRequest) (*store.Page, error) {
	if r.Limit == 0 {
		r.Limit = 100
	}
	if r.Limit < 0 || r.Limit > store.MaxPage {
		return nil, fmt.Errorf("%w: limit is %d, want 1 to %d", store.ErrRequest, r.Limit, store.MaxPage)
	}
	q, err := s.check(scope, r.Selection)
	if err != nil {
		return nil, err
	}
	of := requestHash(fmt.Sprintf("search %t", r.OldestFirst), r.Query, r.From, r.To, scope)
	var c *cursor
	if r.Cursor != "" {
		c = &cursor{}
		if err := decodeToken(r.Cursor, c); err != nil {
			return nil, err
		}
		if c.Of != of {
			return nil, fmt.Errorf("%w: it belongs to another query, range or order", store.ErrCursor)
		}
	}
	page := &store.Page{Total: -1, Events: []store.Event{}}
	if r.Count {
		page.Total = 0
	}
	if q.nothing {
		return page, nil
	}
	if err = s.settle(ctx, q); err != nil {
		return nil, err
	}
	if q.notice != "" {
		page.Notices = append(page.Notices, q.notice)
	}
	body := map[string]any{
		"sort": order(q.product, r.OldestFirst), "size": min(r.Limit+1, store.MaxPage), "track_total_hits": r.Count, "_source": sourceFilter(q.product, r.Fields),
	}
	if c != nil {
		q.snapshot.as(c.snapshot)
		body["search_after"] = []any{c.Last.Time, c.Last.Source, c.Last.Position}
	}
	body["query"] = q.within()
	a, err := s.ask(ctx, s.alias(), body)
	if err != nil {
		return nil, err
	}
	if r.Count {
		page.Total = a.Hits.Total.Value
	}
	return page, s.fill(page, q.product, a.Hits.Hits, r, cursor{snapshot: q.snapshot, Of: of})
}

// fill puts hits into a page.
func (s *Store) fill(page *store.Page, p product, hits []hit, r store.SearchRequest, next cursor) (err error) {
	// The cluster gives no more than MaxPage, so a page of that size cannot know whether there is another.
	if len(hits) > r.Limit || len(hits) == store.MaxPage {
		hits = hits[:r.Limit]
		if next.Last, err = hits[len(hits)-1].place(); err != nil {
			return err
		}
		page.Cursor = encodeToken(next)
	}
	keep := keeper(r.Fields)
	for i := range hits {
		page.Events = append(page.Events, hits[i].event(p, keep))
	}
	return nil
}

func order(p product, oldest bool) []any {
	dir := "desc"
	if oldest {
		dir = "asc"
	}
	var out []any
	for _, f := range []string{fieldTime + suffixNanos, colSource, p.field(fieldPosition)} {
		out = append(out, map[string]any{f: dir})
	}
	return out
}

// keeper says which fields are asked for; nil means all.
func keeper(fields []string) func(string) bool {
	if len(fields) == 0 {
		return nil
	}
	names := map[string]bool{fieldTime: true}
	for _, f := range fields {
		names[query.FieldName(query.Field{Name: f})] = true
	}
	return func(name string) bool { return names[name] }
}

// sourceFilter keeps what nobody asked for in the cluster.
func sourceFilter(p product, fields []string) any {
	if len(fields) == 0 {
		return true
	}
	names := []string{fieldTime, colUndeclared}
	for _, f := range fields {
		names = append(names, p.field(query.FieldName(query.Field{Name: f})))
	}
	return names
}
