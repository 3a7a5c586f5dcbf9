package elastic

import (
	"context"
	"errors"
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
	copies, err := s.copies(ctx)
	if err != nil {
		return r, err
	}
	// The user may look at its own indices only, so this asks for these instead of for the health of the cluster.
	var stats struct {
		Indices map[string]struct {
			Shards map[string][]struct {
				Routing struct {
					State   string `json:"state"`
					Primary bool   `json:"primary"`
				} `json:"routing"`
			} `json:"shards"`
		} `json:"indices"`
	}
	path := "/" + s.names() + "/_stats/docs?level=shards&filter_path=indices.*.shards.*.routing"
	if err := s.client.do(ctx, http.MethodGet, path, nil, &stats); err != nil {
		return r, err
	}
	for _, index := range stats.Indices {
		for _, shard := range index.Shards {
			for _, c := range shard {
				if !c.Routing.Primary && c.Routing.State == "STARTED" {
					copies--
				}
			}
		}
	}
	var recovery map[string]struct {
		Shards []struct {
			Type string `json:"type"`
		} `json:"shards"`
	}
	if err := s.client.do(ctx, http.MethodGet, "/"+s.names()+"/_recovery?active_only=true&filter_path=*.shards.type", nil, &recovery); err != nil {
		return r, err
	}
	for _, index := range recovery {
		for _, shard := range index.Shards {
			if shard.Type == "PEER" && r.Making < copies {
				r.Making++
			}
		}
	}
	r.Missing = max(0, copies-r.Making)
	return r, nil
}

// copies is how many the indices are to have, all together.
func (s *Store) copies(ctx context.Context) (n int, err error) {
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
		return 0, err
	}
	for name, index := range a {
		shards, err1 := strconv.Atoi(index.Settings.Index.Shards)
		replicas, err2 := strconv.Atoi(index.Settings.Index.Replicas)
		if err := errors.Join(err1, err2); err != nil {
			return 0, fmt.Errorf("settings of index %s: %w", name, err)
		}
		n += shards * replicas
	}
	return n, nil
}
