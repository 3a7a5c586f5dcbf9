package archive

import (
	"context"
	"errors"
	"fmt"

	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/sdk/wire"
)

const (
	parquetEnding = ".parquet"
	indexEnding   = ".index"
)

// parquetWriter is a store of its own whose segments go into the archive one after the other.
type parquetWriter struct {
	store  *embedded.Store
	offset uint64
	err    error // the first row it could not keep
}

func newParquetWriter(dir, class string) (*parquetWriter, error) {
	w := &parquetWriter{}
	var err error
	w.store, err = embedded.Open(dir, embedded.Options{
		MemoryLimit: 256 << 20, Threads: 1, FlushBytes: 1 << 40, TailBytes: 1 << 41, FlushInterval: -1, MergeInterval: -1,
		Classify: func(string, string) retention.Class { return retention.Class{Name: class} },
		Rejected: func(r store.Rejection) {
			if w.err == nil {
				w.err = fmt.Errorf("an event of %s cannot be written: %s", r.Source, r.Reason)
			}
		},
	})
	return w, err
}

func (w *parquetWriter) add(ctx context.Context, b *wire.Batch) error {
	w.offset++
	return errors.Join(w.store.Append(ctx, w.offset, []*wire.Batch{b}), w.err)
}

func (w *parquetWriter) cut(ctx context.Context, emit func(staged) error) error {
	if err := w.store.Flush(ctx); err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, g := range w.store.Segments() {
		err := emit(staged{
			path: g.Path, ending: parquetEnding, index: g.Index(), events: g.Rows, rawBytes: g.RawBytes, from: g.MinTime, to: g.MaxTime,
		})
		if err != nil {
			return err
		}
		gone[g.Class+"/"+g.Day] = true
	}
	for id := range gone {
		if err := w.store.DropPartition(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (w *parquetWriter) close() error { return w.store.Close() }
