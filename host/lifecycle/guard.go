package lifecycle

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Store is the keeper's store as the rest of the host uses it: what is added waits while a partition is dropped, and
// answers say when their range reaches past what is online.
func (k *Keeper) Store() store.Store { return &guarded{k.o.Store, k} }

type guarded struct {
	store.Store
	k *Keeper
}

// Append implements [store.Store].
func (g *guarded) Append(ctx context.Context, offset uint64, batches []*wire.Batch) error {
	g.k.still.RLock()
	defer g.k.still.RUnlock()
	return g.Store.Append(ctx, offset, batches)
}

// Import implements [store.Store].
func (g *guarded) Import(ctx context.Context, r store.ImportRequest) (store.Import, error) {
	im, err := g.Store.Import(ctx, r)
	if err != nil {
		return nil, err
	}
	return &guardedImport{im, g.k}, nil
}

type guardedImport struct {
	store.Import
	k *Keeper
}

// Commit implements [store.Import].
func (i *guardedImport) Commit(ctx context.Context) (store.Partition, error) {
	i.k.still.RLock()
	defer i.k.still.RUnlock()
	return i.Import.Commit(ctx)
}

// Search implements [store.Store].
func (g *guarded) Search(ctx context.Context, s store.Scope, r store.SearchRequest) (*store.Page, error) {
	p, err := g.Store.Search(ctx, s, r)
	if err == nil {
		p.Notices = append(p.Notices, g.k.past(r.From)...)
	}
	return p, err
}

// Aggregate implements [store.Store].
func (g *guarded) Aggregate(ctx context.Context, s store.Scope, r store.AggregateRequest) (*store.AggregateResult, error) {
	a, err := g.Store.Aggregate(ctx, s, r)
	if err == nil {
		a.Notices = append(a.Notices, g.k.past(r.From)...)
	}
	return a, err
}

// past says which classes have no events online as old as a range asks for.
func (k *Keeper) past(from time.Time) []string {
	shorter := map[int]int{} // online days → classes
	for _, r := range k.o.Policy.Rows() {
		day, err := time.Parse(time.DateOnly, k.o.Policy.OldestOnline(r.Class().Name, k.o.Now()))
		if err == nil && from.Before(day) {
			shorter[r.OnlineDays]++
		}
	}
	if len(shorter) == 0 {
		return nil
	}
	days := slices.Sorted(maps.Keys(shorter))
	text := fmt.Sprintf("the time range reaches past what is online: events are searched for %d", days[0])
	if len(days) > 1 {
		text += fmt.Sprintf(" to %d", days[len(days)-1])
	}
	text += " days, by their type; older ones are "
	if k.o.Destination == nil {
		return []string{text + "gone"}
	}
	return []string{text + "in the archive (an admin finds them there)"}
}
