package elastic

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// conflicts are the fields that older indices have with another type, as when a plugin's new version declares one
// anew. As long as those indices are there, such a field is kept and searched as one that nobody declares.
type conflicts map[string]bool

// conflict says what is wrong and when it will not be.
func conflict(name string) string {
	return fmt.Sprintf("%s has another type in older indices: until they are dropped only equality, prefix and exists can be asked of it", name)
}

// putMapping makes the mappings of the indices there are fit the fields of now, and finds the fields that cannot.
func (s *Store) putMapping(ctx context.Context) error {
	properties := s.product().properties()
	put := func() error {
		return s.client.do(ctx, http.MethodPut, "/"+s.alias()+"/_mapping", map[string]any{"properties": properties}, nil)
	}
	found := conflicts{}
	err := put()
	if isStatus(err, http.StatusBadRequest) {
		if found, err = s.compare(ctx, properties); err != nil {
			return err
		}
		for name := range found {
			i, _ := ecs.Lookup(name)
			delete(properties, s.product().field(name))
			delete(properties, s.product().exact(name, i.Type()))
			delete(properties, s.product().counted(i.Info()))
			delete(properties, s.product().tokens(name))
		}
		err = put()
	}
	if err != nil && !isMissing(err) {
		return fmt.Errorf("mapping of declared fields: %w", err)
	}
	was := s.conflicts.Load()
	s.conflicts.Store(&found)
	if len(found) > 0 && (was == nil || len(*was) != len(found)) && s.opts.Failed != nil {
		var names []string
		for name := range found {
			names = append(names, name)
		}
		slices.Sort(names)
		s.opts.Failed(fmt.Errorf("%s", conflict(strings.Join(names, ", "))))
	}
	return nil
}

// compare finds the events' fields that some index has with another type than is wanted.
func (s *Store) compare(ctx context.Context, want map[string]any) (conflicts, error) {
	var have map[string]struct {
		Mappings struct {
			Properties map[string]struct {
				Type string `json:"type"`
			} `json:"properties"`
		} `json:"mappings"`
	}
	if err := s.client.do(ctx, http.MethodGet, "/"+s.alias()+"/_mapping", nil, &have); err != nil {
		return nil, fmt.Errorf("mapping of declared fields: %w", err)
	}
	out := conflicts{}
	for _, index := range have {
		for field, is := range index.Mappings.Properties {
			w, ok := want[field].(map[string]any)
			if !ok || w["type"] == is.Type {
				continue
			}
			name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(field, suffixNanos), suffixTokens), suffixSet)
			if _, ok := ecs.Lookup(s.product().eventField(name)); ok {
				out[s.product().eventField(name)] = true
			}
		}
	}
	return out, nil
}

// known are the conflicts found last.
func (s *Store) known() conflicts {
	if c := s.conflicts.Load(); c != nil {
		return *c
	}
	return nil
}

// undisputed refuses aggregations of fields that are in conflict.
func (q *selection) undisputed(levels []*level) error {
	for _, l := range levels {
		if q.conflicts[l.field.name] {
			return fmt.Errorf("%w: %s of %s: %s", store.ErrRequest, l.Kind, l.field.name, conflict(l.field.name))
		}
		if err := q.undisputed(l.below); err != nil {
			return err
		}
	}
	return nil
}
