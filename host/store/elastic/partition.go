package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/store"
)

const dayNanos = int64(24 * time.Hour)

// partitionKey is retention class by day of event.ingested, in days since 1970, and the restore it came with.
type partitionKey struct {
	class    string
	day      int64
	restored string // empty: the store's own
}

func (k partitionKey) date() string { return time.Unix(k.day*86400, 0).UTC().Format("2006-01-02") }
func (k partitionKey) id() string   { return store.PartitionID(k.restored, k.class, k.date()) }

// hides says whether searches leave a partition out because its online time is over.
func (s *Store) hides(k partitionKey) bool {
	return s.opts.OldestOnline != nil && k.restored == "" && k.date() < s.opts.OldestOnline(k.class)
}

// hidden are the indices of partitions whose online time is over.
func (s *Store) hidden() (indices []string) {
	if s.opts.OldestOnline == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, gens := range s.series {
		if s.hides(key) {
			for _, g := range gens {
				indices = append(indices, g.index)
			}
		}
	}
	return indices
}

// generation is one index. Events of its partition from its first offset to that of the next one are in it.
type generation struct {
	index string
	key   partitionKey
	first uint64

	imported uint64    // number of the import that made it; 0: none did
	expires  time.Time // of a restored one; zero is never

	action []byte // of its documents; Append's own

	docs, raw, bytes int64 // under Store.mu; bytes are as of the last look
}

// line is what the action line of its documents begins with, up to the id.
func (g *generation) line() []byte {
	if g.action == nil {
		g.action = []byte(`{"index":{"_index":"` + g.index + `","_id":"`)
	}
	return g.action
}

// record is a document of the meta index.
type metaRecord struct {
	Kind    string `json:"kind"` // state or generation
	Owner   string `json:"owner,omitempty"`
	Durable uint64 `json:"durable,omitempty"`
	Horizon uint64 `json:"horizon,omitempty"`
	Index   string `json:"index,omitempty"`
	Class   string `json:"class,omitempty"`
	Day     int64  `json:"day"`
	First   uint64 `json:"first,omitempty"`
	Dropped bool   `json:"dropped,omitempty"`

	// Of the state, the last number that an import was given; of a generation, that of the import that made it.
	Import    uint64    `json:"import,omitempty"`
	Committed bool      `json:"committed,omitempty"` // the import
	Restored  string    `json:"restored,omitempty"`
	Expires   time.Time `json:"expires,omitzero"`
}

// meta is what is recorded of a generation.
func (g *generation) meta() metaRecord {
	return metaRecord{
		Kind: kindGeneration, Index: g.index, Class: g.key.class, Day: g.key.day, First: g.first,
		Import: g.imported, Restored: g.key.restored, Expires: g.expires,
	}
}

// living is what is recorded of a generation of a series: an import in there is committed.
func (g *generation) living() metaRecord {
	m := g.meta()
	m.Committed = g.imported > 0
	return m
}

const (
	kindState      = "state"
	kindGeneration = "generation"
)

// errOwner means that another host writes under the prefix.
var errOwner = errors.New("it belongs to another host")

// horizonStep is how many offsets are reserved at once. Only behind a reservation a new generation may begin: up to
// it, events may have been sent before a crash, and must meet the same index again.
const horizonStep = 1000

// connect prepares the cluster and reads what is recorded in it.
func (s *Store) connect(ctx context.Context) error {
	s.prepare.Lock()
	defer s.prepare.Unlock()
	if s.connected.Load() {
		return nil
	}
	err := s.load(ctx)
	if err != nil {
		if ctx.Err() == nil || s.failure() == nil {
			s.fail(err)
		}
		return err
	}
	s.connected.Store(true)
	s.fail(nil)
	return nil
}

func (s *Store) load(ctx context.Context) error {
	p, err := s.client.identify(ctx)
	if err != nil {
		return err
	}
	s.client.product.Store(int32(p))
	meta := map[string]any{
		"settings": map[string]any{"number_of_shards": 1, "number_of_replicas": s.replicas},
		"mappings": map[string]any{"dynamic": false, "properties": map[string]any{
			"kind": map[string]any{"type": "keyword"}, "index": map[string]any{"type": "keyword"},
		}},
	}
	if err := s.putIndex(ctx, s.metaIndex(), meta); err != nil {
		return err
	}
	if err := s.putTemplate(ctx); err != nil {
		return err
	}
	if err := s.putReplicas(ctx, s.replicas); err != nil {
		return err
	}
	state, err := s.state(ctx)
	if err != nil {
		return err
	}
	if state.Owner != "" && s.opts.Owner != "" && state.Owner != s.opts.Owner {
		return fmt.Errorf("%w: the indices %s-* hold the events of another event journal (%s, this one is %s): choose another store.elasticsearch.prefix, or bring back the data folder that belongs to them",
			errOwner, s.opts.Prefix, state.Owner, s.opts.Owner)
	}
	gens, doomed, err := s.generations(ctx)
	if err != nil {
		return err
	}
	if err := s.resumeDrops(ctx, doomed); err != nil {
		return err
	}
	s.mu.Lock()
	s.series = gens
	s.appended = max(s.appended, state.Durable)
	s.imports = max(s.imports, state.Import)
	s.mu.Unlock()
	s.horizon = state.Horizon
	s.resent.Store(state.Horizon)
	s.recorded.Store(state.Durable)
	if err := s.counts(ctx); err != nil {
		return err
	}
	return s.sizes(ctx)
}

func (s *Store) putIndex(ctx context.Context, name string, body any) error {
	err := s.client.do(ctx, http.MethodPut, "/"+name+"?timeout="+s.patience(), body, nil)
	var e *Error
	if errors.As(err, &e) && e.Type == "resource_already_exists_exception" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("index %s: %w", name, err)
	}
	return nil
}

func (s *Store) state(ctx context.Context) (m metaRecord, err error) {
	var a struct {
		Found  *bool      `json:"found"`
		Source metaRecord `json:"_source"`
	}
	path := "/" + s.metaIndex() + "/_doc/" + kindState
	got, err := s.client.exchange(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return metaRecord{}, err
	}
	if got.status >= 300 && got.status != http.StatusNotFound {
		return metaRecord{}, s.client.newError(got)
	}
	err = s.client.decode(got.body, "GET "+path, &a)
	if err == nil && a.Found == nil { // not the answer about a document, there or not
		err = s.client.newError(got)
	}
	return a.Source, err
}

// generations reads the indices that are recorded.
func (s *Store) generations(ctx context.Context) (gens map[partitionKey][]*generation, doomed []*generation, err error) {
	if err := s.refreshAll(ctx, s.metaIndex()); err != nil {
		return nil, nil, err
	}
	found, err := s.underAlias(ctx)
	if err != nil {
		return nil, nil, err
	}
	gens = map[partitionKey][]*generation{}
	after := ""
	for {
		var a struct {
			Hits struct {
				Hits []struct {
					Source metaRecord `json:"_source"`
				} `json:"hits"`
			} `json:"hits"`
		}
		body := map[string]any{"size": store.MaxPage, "sort": []any{map[string]any{"index": "asc"}}, "query": term("kind", kindGeneration)}
		if after != "" {
			body["search_after"] = []any{after}
		}
		if err := s.client.do(ctx, http.MethodPost, "/"+s.metaIndex()+"/_search?allow_partial_search_results=false", body, &a); err != nil {
			return nil, nil, err
		}
		for _, h := range a.Hits.Hits {
			r := h.Source
			g := &generation{index: r.Index, key: partitionKey{r.Class, r.Day, r.Restored}, first: r.First, imported: r.Import, expires: r.Expires}
			after = g.index
			if r.Dropped || g.imported > 0 && !r.Committed && !found[g.index] {
				doomed = append(doomed, g)
				continue
			}
			if g.imported > 0 && !found[g.index] {
				err := s.publish(ctx, g)
				if isMissing(err) { // somebody deleted it; it is recorded in case that it is brought back
					s.tell(fmt.Errorf("partition %s has lost the events of an import: %w", g.key.id(), err))
					continue
				}
				if err != nil {
					return nil, nil, err
				}
			}
			gens[g.key] = append(gens[g.key], g)
		}
		if len(a.Hits.Hits) < store.MaxPage {
			break
		}
	}
	for _, list := range gens {
		slices.SortFunc(list, func(a, b *generation) int { return int(int64(a.first) - int64(b.first)) })
	}
	return gens, doomed, nil
}

// record writes down what is acknowledged.
func (s *Store) record(ctx context.Context) error {
	s.prepare.Lock()
	defer s.prepare.Unlock()
	return s.recordState(ctx)
}

// recordState is record with s.prepare held.
func (s *Store) recordState(ctx context.Context) error {
	acked := s.acknowledged()
	m := metaRecord{Kind: kindState, Owner: s.opts.Owner, Durable: acked, Horizon: s.horizon, Import: s.lastImport()}
	if err := s.client.do(ctx, http.MethodPut, "/"+s.metaIndex()+"/_doc/"+kindState, m, nil); err != nil {
		return fmt.Errorf("recording offset %d: %w", acked, err)
	}
	s.recorded.Store(acked)
	return nil
}

// reserve allows documents of an offset to be sent, and has new declared fields mapped.
func (s *Store) reserve(ctx context.Context, offset uint64) error {
	s.prepare.Lock()
	defer s.prepare.Unlock()
	if err := s.putTemplate(ctx); err != nil {
		return err
	}
	if offset <= s.horizon {
		return nil
	}
	was := s.horizon
	s.horizon = offset + horizonStep
	if err := s.recordState(ctx); err != nil {
		s.horizon = was
		return err
	}
	s.free = offset
	return nil
}

// target is the index of an offset's events in a partition. It makes one that is needed.
func (s *Store) target(ctx context.Context, key partitionKey, offset uint64) (*generation, error) {
	s.prepare.Lock()
	defer s.prepare.Unlock()
	s.mu.Lock()
	var g *generation
	gens := s.series[key]
	for _, have := range gens {
		if have.first <= offset {
			g = have
		}
	}
	full := g != nil && g == gens[len(gens)-1] && s.free > 0 && offset >= s.free && offset > g.first &&
		(g.docs >= s.opts.RollDocs || g.bytes >= s.opts.RollBytes)
	s.mu.Unlock()
	if g != nil && !full {
		return g, nil
	}
	n := &generation{key: key, first: offset}
	n.index = fmt.Sprintf("%s-ev-%s-%s-%06d", s.opts.Prefix, key.class, key.date(), offset)
	for s.isDoomed(n.index) { // an entry that was not taken had it made
		n.index += "-again"
	}
	if err := s.recordGeneration(ctx, n.meta()); err != nil {
		return nil, err
	}
	if err := s.createIndex(ctx, n); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.series[key] = append(s.series[key], n)
	slices.SortFunc(s.series[key], func(a, b *generation) int { return int(int64(a.first) - int64(b.first)) })
	s.mu.Unlock()
	return n, nil
}

func (s *Store) recordGeneration(ctx context.Context, m metaRecord) error {
	if err := s.client.do(ctx, http.MethodPut, "/"+s.metaIndex()+"/_doc/"+m.Index, m, nil); err != nil {
		return fmt.Errorf("recording index %s: %w", m.Index, err)
	}
	return nil
}

func (s *Store) createIndex(ctx context.Context, g *generation) error {
	return s.putIndex(ctx, g.index, map[string]any{})
}

// counts asks how many events each index has. s.prepare is held, nothing is being written.
func (s *Store) counts(ctx context.Context) error {
	found, err := s.look(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, gens := range s.series {
		for _, g := range gens {
			f := found[g.index]
			g.docs, g.raw = f.docs, f.raw
		}
	}
	return nil
}

// content is what an index has.
type content struct {
	docs, raw int64
	from, to  int64 // nanoseconds, as exact as float64
}

func (s *Store) look(ctx context.Context) (map[string]content, error) {
	err := s.refreshAll(ctx, s.alias())
	if isMissing(err) {
		return map[string]content{}, nil
	}
	if err != nil {
		return nil, err
	}
	type number struct {
		Value *float64 `json:"value"`
	}
	var indices struct {
		Buckets []struct {
			Key   string `json:"key"`
			Count int64  `json:"doc_count"`
			Raw   number `json:"raw"`
			From  number `json:"from"`
			To    number `json:"to"`
		} `json:"buckets"`
	}
	body := map[string]any{"size": 0, "aggs": map[string]any{"i": map[string]any{
		"terms": map[string]any{"field": "_index", "size": store.MaxBuckets / 2},
		"aggs": map[string]any{
			"raw":  map[string]any{"sum": map[string]any{"field": colRaw}},
			"from": map[string]any{"min": map[string]any{"field": fieldTime + suffixNanos}},
			"to":   map[string]any{"max": map[string]any{"field": fieldTime + suffixNanos}},
		},
	}}}
	a, err := s.ask(ctx, s.alias(), body)
	if err != nil {
		return nil, err
	}
	out := map[string]content{}
	if a.Aggregations == nil {
		return out, nil
	}
	if err := json.Unmarshal(a.Aggregations["i"], &indices); err != nil {
		return nil, err
	}
	for _, b := range indices.Buckets {
		c := content{docs: b.Count}
		for dst, v := range map[*int64]*float64{&c.raw: b.Raw.Value, &c.from: b.From.Value, &c.to: b.To.Value} {
			if v != nil {
				*dst = int64(*v)
			}
		}
		out[b.Key] = c
	}
	return out, nil
}

// sizes asks how large indices are.
func (s *Store) sizes(ctx context.Context) error {
	var a struct {
		Indices map[string]struct {
			Primaries struct {
				Store struct {
					Size int64 `json:"size_in_bytes"`
				} `json:"store"`
			} `json:"primaries"`
		} `json:"indices"`
	}
	err := s.client.do(ctx, http.MethodGet, "/"+s.alias()+"/_stats/store?filter_path=indices.*.primaries.store.size_in_bytes", nil, &a)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, gens := range s.series {
		for _, g := range gens {
			g.bytes = a.Indices[g.index].Primaries.Store.Size
		}
	}
	return nil
}

// Partitions implements [store.Store].
func (s *Store) Partitions(ctx context.Context) ([]store.Partition, error) {
	if _, _, err := s.findable(ctx); err != nil {
		return nil, err
	}
	found, err := s.look(ctx)
	if err == nil {
		err = s.sizes(ctx)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []store.Partition{}
	for key, gens := range s.series {
		p := store.Partition{ID: key.id(), Class: key.class, Day: key.date(), Restored: key.restored}
		for _, g := range gens {
			c, ok := found[g.index]
			if !ok || c.docs == 0 {
				continue
			}
			from, to := time.Unix(0, c.from).UTC(), time.Unix(0, c.to).UTC()
			p.Expires = g.expires
			if p.Events == 0 || from.Before(p.From) {
				p.From = from
			}
			if p.Events == 0 || to.After(p.To) {
				p.To = to
			}
			p.Events += c.docs
			p.RawBytes += c.raw
			p.Bytes += g.bytes
		}
		if p.Events > 0 {
			out = append(out, p)
		}
	}
	store.SortPartitions(out)
	return out, nil
}
