package service

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// noStore is store.kind none: events go to alerts and feeds only.
type noStore struct{ last *atomic.Uint64 }

func (n noStore) Append(_ context.Context, offset uint64, _ []*wire.Batch) error {
	n.last.Store(offset)
	return nil
}

func (n noStore) Durable() uint64           { return n.last.Load() }
func (noStore) Flush(context.Context) error { return nil }
func (noStore) Search(context.Context, store.Scope, store.SearchRequest) (*store.Page, error) {
	return nil, errNoStore
}

func (noStore) Aggregate(context.Context, store.Scope, store.AggregateRequest) (*store.AggregateResult, error) {
	return nil, errNoStore
}

func (noStore) Fields(context.Context, store.Scope, store.Selection) ([]store.FieldInfo, error) {
	return nil, errNoStore
}

func (noStore) FieldStats(context.Context, store.Scope, store.FieldStatsRequest) (*store.FieldStats, error) {
	return nil, errNoStore
}

func (noStore) Scan(context.Context, store.Scope, store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	return func(yield func(store.ScanBatch, error) bool) { yield(store.ScanBatch{}, errNoStore) }
}

func (noStore) Partitions(context.Context) ([]store.Partition, error) { return nil, nil }
func (noStore) DropPartition(context.Context, string) error           { return errNoStore }
func (noStore) Import(context.Context, store.ImportRequest) (store.Import, error) {
	return nil, errNoStore
}
func (noStore) Adopt(context.Context, uint64) error { return errNoStore }
func (noStore) Stats() store.Stats                  { return store.Stats{Kind: "none"} }
func (noStore) Close() error                        { return nil }
