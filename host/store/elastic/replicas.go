package elastic

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/logcenter/logcenter/host/store"
)

var _ store.Replicated = (*Store)(nil)

// SetReplicas implements [store.Replicated].
func (s *Store) SetReplicas(ctx context.Context, n int) error {
	if n < 0 || n > store.MaxReplicas {
		return fmt.Errorf("%w: %d replicas, want 0 to %d", store.ErrRequest, n, store.MaxReplicas)
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.prepare.Lock()
	defer s.prepare.Unlock()
	was := s.replicas
	s.replicas = n
	err := s.putTemplates(ctx)
	if err == nil {
		err = s.putReplicas(ctx, n)
	}
	if err != nil {
		s.replicas = was
		return fmt.Errorf("setting replicas: %w", err)
	}
	return nil
}

// putReplicas gives the indices there are their number of copies. s.prepare is held.
func (s *Store) putReplicas(ctx context.Context, n int) error {
	body := map[string]any{"index": map[string]any{"number_of_replicas": n}}
	return s.client.do(ctx, http.MethodPut, "/"+s.names()+"/_settings?allow_no_indices=true", body, nil)
}

// names are those of all indices of the store, for requests that take patterns.
func (s *Store) names() string {
	p := s.opts.Prefix
	return s.metaIndex() + "," + p + "-ev-*," + p + "-import-*," + p + "-restored-*"
}

// Replicas implements [store.Replicated].
func (s *Store) Replicas(ctx context.Context) (store.Replicas, error) {
	if err := s.ready(ctx); err != nil {
		return store.Replicas{}, err
	}
	s.prepare.Lock()
	r := store.Replicas{Wanted: s.replicas}
	s.prepare.Unlock()
	// The user may look at its own indices only, so this does not ask for the health of the cluster.
	var a map[string]struct {
		Settings struct {
			Index struct {
				Shards   string `json:"number_of_shards"`
				Replicas string `json:"number_of_replicas"`
			} `json:"index"`
		} `json:"settings"`
	}
	path := "/" + s.names() + "/_settings/index.number_of_shards,index.number_of_replicas"
	if err := s.client.do(ctx, http.MethodGet, path, nil, &a); err != nil {
		return r, err
	}
	var recovery map[string]struct {
		Shards []struct {
			Stage   string `json:"stage"`
			Primary bool   `json:"primary"`
		} `json:"shards"`
	}
	if err := s.client.do(ctx, http.MethodGet, "/"+s.names()+"/_recovery?filter_path=*.shards.stage,*.shards.primary", nil, &recovery); err != nil {
		return r, err
	}
	for name, index := range a {
		shards, err1 := strconv.Atoi(index.Settings.Index.Shards)
		copies, err2 := strconv.Atoi(index.Settings.Index.Replicas)
		if err1 != nil || err2 != nil {
			return r, fmt.Errorf("index %s has %q shards and %q replicas", name, index.Settings.Index.Shards, index.Settings.Index.Replicas)
		}
		r.Missing += shards * copies
		for _, shard := range recovery[name].Shards {
			switch {
			case shard.Primary:
			case shard.Stage == "DONE":
				r.Missing--
			default:
				r.Missing--
				r.Making++
			}
		}
	}
	return r, nil
}
