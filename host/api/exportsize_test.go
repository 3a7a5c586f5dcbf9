package api_test

import (
	"context"
	"iter"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/wire"
)

// endless hands out the same batch many times: a store of any size without its cost.
type endless struct {
	*memStore
	batch   *wire.Batch
	batches int
}

func (e endless) Scan(ctx context.Context, _ store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	return func(yield func(store.ScanBatch, error) bool) {
		from, _ := strconv.Atoi(r.Resume)
		for i := from; i < e.batches && ctx.Err() == nil; i++ {
			if !yield(store.ScanBatch{Batch: e.batch, Token: strconv.Itoa(i + 1)}, nil) {
				return
			}
		}
	}
}

// lines counts what is written to it.
type lines struct{ bytes, rows atomic.Int64 }

func (l *lines) Write(b []byte) (int, error) {
	for _, c := range b {
		if c == '\n' {
			l.rows.Add(1)
		}
	}
	l.bytes.Add(int64(len(b)))
	return len(b), nil
}

// An export's memory does not depend on its size. 0.5 GB; with LOGCENTER_LONG 5 GB.
func TestExportOfAnySize(t *testing.T) {
	m := &memStore{}
	m.fill(20000)
	size := int64(500_000_000)
	if os.Getenv("LOGCENTER_LONG") != "" {
		size = 5_000_000_000
	}
	e := endless{memStore: m, batch: toBatch(m.events, nil)}
	m.events = nil
	e.batches = int(size / 200 / int64(e.batch.Rows)) // a row has about 200 bytes
	f := newFixture(t, func(o *api.Options) { o.Store = e })
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak int64 // above what there was before
	var out lines
	start := time.Now()
	p, err := f.client().Export(t.Context(), client.ExportRequest{Selection: wholeDay}, &out, func(client.Progress) error {
		runtime.ReadMemStats(&now)
		peak = max(peak, int64(now.Sys-now.HeapReleased)-int64(before.Sys-before.HeapReleased))
		return nil
	})
	require.NoError(t, err)
	took := time.Since(start)
	assert.EqualValues(t, e.batches*int(e.batch.Rows), out.rows.Load())
	assert.Equal(t, p.Rows, out.rows.Load())
	assert.Equal(t, p.Bytes, out.bytes.Load())
	assert.Less(t, peak, int64(200<<20), "host and client together")
	t.Logf("export without a store: %d MB, %.0f MB/s, %.1f h/TB, memory +%d MB",
		out.bytes.Load()/1e6, float64(out.bytes.Load())/1e6/took.Seconds(), took.Hours()*1e12/float64(out.bytes.Load()), peak>>20)
}
