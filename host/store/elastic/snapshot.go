package elastic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Snapshot names a snapshot in a repository of files.
type Snapshot struct {
	Repository string
	Location   string // folder of the repository, which path.repo of every node must contain
	Name       string
}

// snapshotPoll is how often the cluster is asked how far it is.
const snapshotPoll = 300 * time.Millisecond

// Prefix is that of all names in the cluster.
func (s *Store) Prefix() string { return s.opts.Prefix }

// Snapshot has the cluster make a snapshot of all indices of the store. progress is told bytes; its error ends the
// snapshot. The snapshot has at least what was durable before the call. A snapshot that ends with an error is removed.
func (s *Store) Snapshot(ctx context.Context, n Snapshot, progress func(done, total int64) error) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	return s.client.snapshot(ctx, s.opts.Prefix, n, progress)
}

// DeleteSnapshot removes a snapshot; one that is not there is no error.
func (s *Store) DeleteSnapshot(ctx context.Context, n Snapshot) error {
	return s.client.deleteSnapshot(ctx, n)
}

func (n Snapshot) path() string { return "/_snapshot/" + n.Repository + "/" + n.Name }

// repository registers the repository.
func (c *client) repository(ctx context.Context, n Snapshot) error {
	body := map[string]any{"type": "fs", "settings": map[string]any{"location": n.Location}}
	err := c.do(ctx, http.MethodPut, "/_snapshot/"+n.Repository, body, nil)
	var e *Error
	switch {
	case errors.As(err, &e) && strings.Contains(e.Reason, "path.repo"):
		return fmt.Errorf("%w: add path.repo: [%q], or a folder above it, to elasticsearch.yml of every node and restart them; all nodes must see the same folder", err, n.Location)
	case isStatus(err, http.StatusForbidden):
		return fmt.Errorf("%w: a repository needs the cluster privilege manage", err)
	case err != nil:
		return fmt.Errorf("repository %s in %s: %w", n.Repository, n.Location, err)
	}
	return nil
}

func (c *client) snapshot(ctx context.Context, prefix string, n Snapshot, progress func(done, total int64) error) error {
	if err := c.repository(ctx, n); err != nil {
		return err
	}
	body := map[string]any{"indices": prefix + "-*", "include_global_state": false, "ignore_unavailable": true}
	if err := c.do(ctx, http.MethodPut, n.path()+"?wait_for_completion=false", body, nil); err != nil {
		return fmt.Errorf("snapshot %s: %w", n.Name, err)
	}
	err := c.watch(ctx, n, progress)
	if err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
		defer cancel()
		return errors.Join(fmt.Errorf("snapshot %s: %w", n.Name, err), c.deleteSnapshot(undo, n))
	}
	return nil
}

func (c *client) deleteSnapshot(ctx context.Context, n Snapshot) error {
	err := c.do(ctx, http.MethodDelete, n.path(), nil, nil)
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return fmt.Errorf("removing snapshot %s: %w", n.Name, err)
	}
	return nil
}

// watch waits until a snapshot is whole.
func (c *client) watch(ctx context.Context, n Snapshot, progress func(done, total int64) error) error {
	type size struct {
		Bytes int64 `json:"size_in_bytes"`
	}
	for {
		var a struct {
			Snapshots []struct {
				State  string `json:"state"`
				Shards struct {
					Failed int `json:"failed"`
				} `json:"shards_stats"`
				Stats struct {
					Incremental size `json:"incremental"`
					Processed   size `json:"processed"`
				} `json:"stats"`
			} `json:"snapshots"`
		}
		if err := c.do(ctx, http.MethodGet, n.path()+"/_status", nil, &a); err != nil {
			return err
		}
		if len(a.Snapshots) != 1 {
			return errors.New("the cluster does not know it")
		}
		s := a.Snapshots[0]
		done := s.Stats.Processed.Bytes
		if s.State == "SUCCESS" {
			done = s.Stats.Incremental.Bytes
		}
		if err := progress(done, s.Stats.Incremental.Bytes); err != nil {
			return err
		}
		if s.State == "SUCCESS" {
			ended, err := c.ended(ctx, n)
			if err != nil {
				return err
			}
			if !ended {
				s.State = "FINALIZING"
			}
		}
		switch {
		case s.State == "SUCCESS" && s.Shards.Failed == 0:
			return nil
		case s.State == "SUCCESS" || s.State == "FAILED" || s.State == "PARTIAL" || s.State == "ABORTED":
			return fmt.Errorf("it ended as %s, with %d shards failed: see GET %s", s.State, s.Shards.Failed, n.path())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(snapshotPoll):
		}
	}
}

// ended tells whether a snapshot whose shards are all done is also written down. Until then it is lost with the master node,
// and its indices cannot be deleted: the status of shards alone says SUCCESS before.
func (c *client) ended(ctx context.Context, n Snapshot) (bool, error) {
	var a struct {
		Snapshots []struct {
			State string `json:"state"`
		} `json:"snapshots"`
	}
	if err := c.do(ctx, http.MethodGet, n.path(), nil, &a); err != nil {
		return false, err
	}
	return len(a.Snapshots) == 1 && a.Snapshots[0].State != "IN_PROGRESS", nil
}

// Restore brings the indices of a snapshot into a cluster that has none under the prefix. Events behind the entry durable
// of the event journal, which may be in it in part, are to come from the journal again.
func Restore(ctx context.Context, o Options, n Snapshot, durable uint64) error {
	o.defaults()
	c, err := newClient(&o)
	if err != nil {
		return err
	}
	var there map[string]any
	if err := c.do(ctx, http.MethodGet, "/"+o.Prefix+"-*/_settings?filter_path=*.settings.index.uuid&expand_wildcards=all", nil, &there); err != nil {
		return err
	}
	for name := range there {
		return fmt.Errorf("the cluster has %d indices %s-*, such as %s: nothing is overwritten; remove them first", len(there), o.Prefix, name)
	}
	if err := c.repository(ctx, n); err != nil {
		return err
	}
	body := map[string]any{"indices": o.Prefix + "-*", "include_global_state": false, "include_aliases": true}
	if err := c.do(ctx, http.MethodPost, n.path()+"/_restore?wait_for_completion=false", body, nil); err != nil {
		return fmt.Errorf("restoring snapshot %s: %w", n.Name, err)
	}
	if err := c.restored(ctx, n); err != nil {
		return err
	}
	s := &Store{opts: o, client: c}
	state, err := s.state(ctx)
	if err != nil {
		return err
	}
	if state.Kind == "" {
		return fmt.Errorf("snapshot %s has no state in %s: it is not of a Logcenter store", n.Name, s.metaIndex())
	}
	state.Durable = min(state.Durable, durable)
	return c.do(ctx, http.MethodPut, "/"+s.metaIndex()+"/_doc/"+kindState+"?refresh=true", state, nil)
}

// restored waits until all indices of a snapshot have their primary shards.
func (c *client) restored(ctx context.Context, n Snapshot) error {
	var a struct {
		Snapshots []struct {
			Indices []string `json:"indices"`
		} `json:"snapshots"`
	}
	if err := c.do(ctx, http.MethodGet, n.path(), nil, &a); err != nil {
		return err
	}
	if len(a.Snapshots) != 1 {
		return fmt.Errorf("snapshot %s is not in repository %s", n.Name, n.Repository)
	}
	for {
		var h struct {
			Indices map[string]struct {
				Shards int `json:"number_of_shards"`
				Active int `json:"active_primary_shards"` // the status is yellow already while they are restored
			} `json:"indices"`
		}
		if err := c.do(ctx, http.MethodGet, "/_cluster/health?level=indices", nil, &h); err != nil {
			return err
		}
		waits := ""
		for _, name := range a.Snapshots[0].Indices {
			if x := h.Indices[name]; x.Shards == 0 || x.Active < x.Shards {
				waits = name
			}
		}
		if waits == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while index %s is being restored", ctx.Err(), waits)
		case <-time.After(snapshotPoll):
		}
	}
}
