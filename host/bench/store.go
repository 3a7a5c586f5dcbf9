package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/sdk/wire"
)

// StoreResult is what writing into a store costs, the way there left out.
type StoreResult struct {
	Name       string  `json:"name"`
	RawMB      float64 `json:"raw_mb"`
	Events     int64   `json:"events"`
	WallS      float64 `json:"wall_s"` // of writing, everything durable at its end
	CPUS       float64 `json:"cpu_s"`  // of this process while it writes
	CPUMsPerMB float64 `json:"cpu_ms_per_mb"`
	EventsPerS float64 `json:"events_per_s"`
	Rejected   int64   `json:"rejected"`
	// StoreRawRatio is bytes on disk for each of the raw log, replicas left out.
	StoreRawRatio float64 `json:"store_bytes_per_raw_byte"`

	// The rest is that of a cluster.
	ClusterCPUMsPerMB float64 `json:"cluster_cpu_ms_per_mb,omitempty"` // of all nodes
	Bulks             int64   `json:"bulks,omitempty"`
	BulkMB            float64 `json:"bulk_mb,omitempty"` // of one, on average
	InFlight          float64 `json:"bulks_in_flight,omitempty"`
	MostInFlight      int     `json:"most_bulks_in_flight,omitempty"`
	SentRawRatio      float64 `json:"sent_bytes_per_raw_byte,omitempty"`
}

// WritePlugins make the events that [Store] writes.
var WritePlugins = []string{"dptech", "nsfocus", "nginx", "geoip", "masking"}

// roundBytes of raw log are parsed and then written, again and again: the store is measured while nothing else runs, and
// the events of one round fit into memory.
const roundBytes = 64 << 20

// storeRun takes turns at parsing and writing.
type storeRun struct {
	*run
	raws   []*pipeline.Raw
	size   int64 // of raws
	offset uint64
	wall   time.Duration
	cpu    time.Duration
}

// Store parses the input once and returns what writing it into o.Store costs.
func Store(ctx context.Context, o Options) (res *StoreResult, err error) {
	if o.BatchSize == 0 {
		o.BatchSize = defaultBatch
	}
	if o.Workers == 0 {
		o.Workers = 3
	}
	if len(o.Plugins) == 0 {
		o.Plugins = WritePlugins
	}
	r := &storeRun{run: &run{o: o}, offset: o.Store.Durable()}
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	if r.registry != nil {
		defer func() { err = errors.Join(err, r.registry.Close()) }()
	}
	cluster, _ := o.Store.(*elastic.Store)
	var nodes time.Duration
	if cluster != nil {
		if nodes, err = cluster.NodesCPU(ctx); err != nil {
			return nil, err
		}
	}
	had := o.Store.Stats()
	err = r.batches(func(b *wire.Batch) error {
		r.offset++
		r.raws = append(r.raws, pipeline.RawOf(benchJournal, r.offset, b))
		if r.size += int64(b.SizeVT()); r.size < roundBytes {
			return nil
		}
		return r.round(ctx)
	})
	if err == nil {
		err = r.round(ctx)
	}
	if err != nil {
		return nil, err
	}
	return r.storeResult(ctx, had, cluster, nodes)
}

// round parses what was read and writes it, each with all the machine's processors.
func (r *storeRun) round(ctx context.Context) error {
	finished, err := r.parse(ctx)
	defer func() {
		for _, f := range finished {
			if f != nil {
				f.Release()
			}
		}
	}()
	if err != nil {
		return err
	}
	begun, before := time.Now(), ownCPU()
	for i, f := range finished {
		if err := r.o.Store.Append(ctx, r.raws[i].From, []*wire.Batch{f.Batch}); err != nil {
			return err
		}
	}
	if err := r.o.Store.Flush(ctx); err != nil {
		return err
	}
	r.wall += time.Since(begun)
	r.cpu += ownCPU() - before
	r.raws, r.size = r.raws[:0], 0
	return nil
}

func (r *storeRun) parse(ctx context.Context) ([]*pipeline.Finished, error) {
	finished := make([]*pipeline.Finished, len(r.raws))
	errs := make([]error, r.o.Workers)
	var wg sync.WaitGroup
	for w := range r.o.Workers {
		wg.Go(func() {
			for i := w; i < len(r.raws) && errs[w] == nil; i += r.o.Workers {
				finished[i], errs[w] = r.processor.Process(ctx, r.raws[i])
			}
		})
	}
	wg.Wait()
	return finished, errors.Join(errs...)
}

func (r *storeRun) storeResult(ctx context.Context, had store.Stats, cluster *elastic.Store, nodes time.Duration) (*StoreResult, error) {
	mb, seconds := float64(r.bytes)/1e6, r.wall.Seconds()
	res := &StoreResult{
		Name: r.o.Name, RawMB: round(mb), Events: r.processor.Events.Load(), WallS: round(seconds), CPUS: round(r.cpu.Seconds()),
		CPUMsPerMB: round(1000 * r.cpu.Seconds() / mb), EventsPerS: round(float64(r.processor.Events.Load()) / seconds),
	}
	if cluster != nil {
		now, err := cluster.NodesCPU(ctx)
		if err != nil {
			return nil, err
		}
		res.ClusterCPUMsPerMB = round(1000 * (now - nodes).Seconds() / mb)
		w := cluster.Writing()
		res.Bulks, res.MostInFlight = w.Bulks, w.MostInFlight
		res.BulkMB = round(float64(w.Bytes) / float64(max(1, w.Bulks)) / 1e6)
		res.InFlight = round(w.Waiting.Seconds() / seconds)
		res.SentRawRatio = round(float64(w.Bytes) / 1e6 / mb)
	}
	if _, err := r.o.Store.Partitions(ctx); err != nil { // looks at the sizes
		return nil, err
	}
	st := r.o.Store.Stats()
	res.Rejected = st.Rejected - had.Rejected
	res.StoreRawRatio = round(float64(st.Bytes-had.Bytes) / 1e6 / mb)
	return res, nil
}

// Print writes the figures as one line, for people or as JSON.
func (r *StoreResult) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintf(w, "%-40s %6.1f MB %8d events  wall %6.2f s  cpu %6.2f s  %6.2f ms/MB  %8.0f events/s  %.3f bytes stored per raw byte\n",
		r.Name, r.RawMB, r.Events, r.WallS, r.CPUS, r.CPUMsPerMB, r.EventsPerS, r.StoreRawRatio)
	if err == nil && r.Bulks > 0 {
		_, err = fmt.Fprintf(w, "  cluster %.2f ms/MB  %d bulks of %.1f MB  %.2f in flight, at most %d  %.2f bytes sent per raw byte\n",
			r.ClusterCPUMsPerMB, r.Bulks, r.BulkMB, r.InFlight, r.MostInFlight, r.SentRawRatio)
	}
	return err
}
