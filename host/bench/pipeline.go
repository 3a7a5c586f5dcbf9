// Package bench measures the whole path on real input: what a host does between the first byte of a line
// and its last consumer, with every plugin in a process of its own, and the same work in one process beside
// it.
package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/drift"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Options of one run.
type Options struct {
	Name    string
	Input   string   // file of lines
	Dirs    []string // plugins
	Plugins []string // ids to use; empty: the parsers, geoip, masking and correlation
	Journal bool     // both journals, with fsync
	Socket  bool     // no shared memory
	Drift   bool     // the drift alarm looks at the events, as in a host
	// Unconfined runs plugins without their sandbox, to tell what that costs.
	Unconfined bool
	Workers    int    // 0: as in a host
	Dir        string // for journals; emptied
	BatchSize  int    // bytes; 0 means 768 KiB
	// Rules are those of detectors that take some, as in documents.
	Rules []map[string]any
	// Stages are used in place of processes, for the baseline in one process.
	Stages []pipeline.Stage
	// Store takes the finished events; nil is none.
	Store store.Store
	// Progress is told how many bytes went in; may be nil.
	Progress func(bytes int64)
}

// Result is one line of figures. CPU is that of all processes.
type Result struct {
	Name          string             `json:"name"`
	RawMB         float64            `json:"raw_mb"`
	Events        int64              `json:"events"`
	Unparsed      int64              `json:"unparsed"`
	Masked        int64              `json:"masked"`
	WallS         float64            `json:"wall_s"`
	CPUS          float64            `json:"cpu_s"`
	CPUMsPerMB    float64            `json:"cpu_ms_per_mb"`
	MBPerCoreS    float64            `json:"mb_per_core_s"`
	Processes     map[string]float64 `json:"cpu_ms_per_mb_by_process"`
	MemoryMB      float64            `json:"memory_mb"` // peaks of all processes added up
	MemoryOf      map[string]float64 `json:"memory_mb_by_process"`
	Alerts        int64              `json:"alerts"`
	StoreRawRatio float64            `json:"store_bytes_per_raw_byte,omitempty"`
}

// DefaultPlugins are what the figures are measured with.
var DefaultPlugins = []string{"dptech", "nsfocus", "nginx", "geoip", "masking", "correlation"}

const defaultBatch = 768 << 10

// run is a run under way.
type run struct {
	o         Options
	registry  *plugin.Registry
	plan      pipeline.Plan
	detectors []pipeline.Stage
	processor *pipeline.Processor
	drift     *drift.Tracker
	bytes     int64
	alerts    atomic.Int64
}

// Pipeline runs the input through the path once and returns the figures.
func Pipeline(ctx context.Context, o Options) (res *Result, err error) {
	if o.BatchSize == 0 {
		o.BatchSize = defaultBatch
	}
	if o.Workers == 0 {
		o.Workers = 3
	}
	r := &run{o: o}
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	if r.registry != nil {
		defer func() { err = errors.Join(err, r.registry.Close()) }()
	}
	before, begun := r.cpu(), time.Now()
	if o.Journal {
		err = r.journalled(ctx)
	} else {
		err = r.direct(ctx)
	}
	if err != nil {
		return nil, err
	}
	if o.Store != nil {
		if err := o.Store.Flush(ctx); err != nil {
			return nil, err
		}
	}
	return r.result(before, time.Since(begun)), nil
}

func (r *run) start(ctx context.Context) error {
	if r.o.Stages != nil {
		r.assign(r.o.Stages)
		return nil
	}
	ids := r.o.Plugins
	if len(ids) == 0 {
		ids = DefaultPlugins
	}
	log := logrus.New()
	log.SetLevel(logrus.WarnLevel)
	o := plugin.Options{Dirs: r.o.Dirs, RunDir: filepath.Join(r.o.Dir, "run"), Socket: r.o.Socket, Log: logrus.NewEntry(log)}
	if r.o.Unconfined {
		o.Sandbox = plugin.SandboxOff
	}
	reg, err := plugin.Open(o)
	if err != nil {
		return err
	}
	r.registry = reg
	if err := giveRules(reg, r.o.Rules); err != nil {
		return errors.Join(err, reg.Close())
	}
	var stages []pipeline.Stage
	for _, id := range ids {
		if err := reg.Enable(ctx, id); err != nil {
			return errors.Join(err, reg.Close())
		}
		p, err := reg.Get(id)
		if err != nil {
			return err
		}
		stages = append(stages, p)
	}
	r.assign(stages)
	return nil
}

// giveRules has the detectors that take rules start with some.
func giveRules(reg *plugin.Registry, rules []map[string]any) error {
	if len(rules) == 0 {
		return nil
	}
	text, err := json.Marshal(rules)
	reg.SetRules(text)
	return err
}

func (r *run) assign(stages []pipeline.Stage) {
	for _, s := range stages {
		switch s.Manifest().Kind {
		case wire.Kind_PARSER:
			r.plan.Parsers = append(r.plan.Parsers, s)
		case wire.Kind_ENRICHER:
			r.plan.Enrichers = append(r.plan.Enrichers, s)
		case wire.Kind_MASKER:
			r.plan.Maskers = append(r.plan.Maskers, s)
		case wire.Kind_DETECTOR:
			r.detectors = append(r.detectors, s)
		}
	}
	r.processor = pipeline.NewProcessor(pipeline.NewPlan(r.plan), nil)
	if r.o.Drift {
		r.watch()
	}
}

// watch begins a drift alarm that has learned nothing.
func (r *run) watch() {
	var ps []drift.Plugin
	for _, s := range r.plan.Parsers {
		m := s.Manifest()
		ps = append(ps, drift.Plugin{ID: m.ID, Version: m.Version, Label: m.Label(), Fields: m.Writes})
	}
	r.drift = drift.Open(drift.Options{Persist: time.Minute})
	r.drift.Plugins(ps)
}

// observe shows the drift alarm an entry, if there is one.
func (r *run) observe(offset uint64, e *pipeline.Entry) {
	if r.drift != nil {
		r.drift.Observe(time.Now(), offset, e)
	}
}

// batches cuts the input into raw batches as an input would make them and hands them to use, in order.
func (r *run) batches(use func(b *wire.Batch) error) error {
	f, err := os.Open(r.o.Input)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReaderSize(f, 1<<20)
	var rest []byte
	for {
		buf := make([]byte, 0, r.o.BatchSize)
		buf = append(buf, rest...)
		n, err := io.ReadFull(in, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		last := err != nil
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		b, used := frame(buf, last)
		if used == 0 && !last {
			return fmt.Errorf("%s: a line of more than %d bytes", r.o.Input, r.o.BatchSize)
		}
		if !last {
			rest = buf[used:]
		}
		if b.Rows > 0 {
			r.bytes += int64(used)
			if r.o.Progress != nil {
				r.o.Progress(r.bytes)
			}
			if err := use(b); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// frame makes a batch of the whole lines in buf and says how many bytes they are.
func frame(buf []byte, last bool) (*wire.Batch, int) {
	if last && len(buf) > 0 && buf[len(buf)-1] != '\n' {
		buf = append(buf, '\n')
	}
	m := &wire.Column{Field: uint32(ecs.Message), Name: "message", Type: wire.Type_STRING, Separator: 1}
	m.Values = binary.LittleEndian.AppendUint32(make([]byte, 0, len(buf)/40), 0)
	used := 0
	for {
		n := bytes.IndexByte(buf[used:], '\n')
		if n < 0 {
			break
		}
		used += n + 1
		m.Values = binary.LittleEndian.AppendUint32(m.Values, uint32(used))
		m.Count++
	}
	m.Data = buf[:used]
	rows := int(m.Count)
	received := &wire.Column{Field: uint32(ecs.EventIngested), Name: "event.ingested", Type: wire.Type_TIMESTAMP, Count: m.Count, Values: make([]byte, 0, 8*rows)}
	now := uint64(time.Now().UnixNano())
	for range rows {
		received.Values = binary.LittleEndian.AppendUint64(received.Values, now)
	}
	in := &wire.Column{
		Field: uint32(ecs.LogcenterInput), Name: "logcenter.input", Type: wire.Type_STRING, Encoding: wire.Encoding_DICT,
		Count: m.Count, Width: 1, Values: make([]byte, rows), Data: []byte("bench"), Dict: []byte{0, 0, 0, 0, 5, 0, 0, 0},
	}
	return &wire.Batch{Rows: m.Count, Columns: []*wire.Column{m, received, in}}, used
}

// benchJournal is the id of the raw journal where there is none.
const benchJournal = "benchbenchbenchbenchbe"

// direct has workers take batches from the reader; detectors and the store, if there is one, get them in order.
func (r *run) direct(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type unit struct {
		raw  *pipeline.Raw
		done chan *pipeline.Finished
	}
	work, order := make(chan unit), make(chan unit, r.o.Workers)
	var wg sync.WaitGroup
	for range r.o.Workers {
		wg.Go(func() {
			for u := range work {
				f, err := r.processor.Process(ctx, u.raw)
				if err != nil {
					cancel(err)
				}
				u.done <- f
			}
		})
	}
	wg.Go(func() {
		for u := range order {
			f := <-u.done
			if f == nil {
				continue
			}
			e := &pipeline.Entry{Batch: f.Batch, Dead: f.Dead}
			r.observe(u.raw.From, e)
			if err := r.detect(ctx, u.raw.From, e); err != nil {
				cancel(err)
			}
			if r.o.Store != nil {
				if err := r.o.Store.Append(ctx, u.raw.From, []*wire.Batch{f.Batch}); err != nil {
					cancel(err)
				}
			}
			f.Release()
		}
	})
	offset := uint64(0)
	err := r.batches(func(b *wire.Batch) error {
		offset++
		u := unit{pipeline.RawOf(benchJournal, offset, b), make(chan *pipeline.Finished, 1)}
		select {
		case order <- u:
			work <- u
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(work)
	close(order)
	wg.Wait()
	return errors.Join(err, context.Cause(ctx))
}

// commits is the raw journal's acknowledger where no keys are kept.
type commits struct{}

func (commits) Commit(c journal.Consumer, offset uint64) error { return c.Commit(offset) }

// journalled is the host's own way: reader → raw journal → runner → event journal → store and detectors.
func (r *run) journalled(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	open := func(name string) (*disk.Journal, error) {
		dir := filepath.Join(r.o.Dir, name)
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		return disk.Open(dir, disk.Options{MaxBytes: 1 << 30})
	}
	raw, err := open("raw")
	if err != nil {
		return err
	}
	defer func() { _ = raw.Close() }()
	events, err := open("event")
	if err != nil {
		return err
	}
	defer func() { _ = events.Close() }()
	runner, err := pipeline.NewRunner(r.processor, raw, events, commits{}, pipeline.RunnerOptions{
		Workers: r.o.Workers, BatchBytes: r.o.BatchSize, OnError: func(err error) { cancel(err) },
	})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	stopped := func(f func(context.Context) error) {
		wg.Go(func() {
			if err := f(ctx); err != nil {
				cancel(err)
			}
		})
	}
	onError := func(err error) { cancel(err) }
	var rawDone, detected, stored atomic.Uint64
	alert := &pipeline.Feed{Group: "alert", Journal: events, OnError: onError, Handle: func(ctx context.Context, offset uint64, e *pipeline.Entry) error {
		defer detected.Store(e.To)
		r.observe(offset, e)
		return r.detect(ctx, offset, e)
	}}
	feeds := []*pipeline.Feed{alert}
	if r.o.Store != nil {
		f := pipeline.StoreFeed(events, r.o.Store, onError)
		f.OnEntry = func(e *pipeline.Entry) { stored.Store(e.To) }
		feeds = append(feeds, f)
	}
	for _, f := range feeds {
		stopped(f.Run)
	}
	stopped(runner.Run)
	err = r.batches(func(b *wire.Batch) error {
		n := b.SizeVT()
		body := make([]byte, n) // the journal keeps it
		if _, err := b.MarshalToSizedBufferVT(body); err != nil {
			return err
		}
		off, err := raw.Append(ctx, body)
		rawDone.Store(off)
		return err
	})
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	for (detected.Load() < rawDone.Load() || r.o.Store != nil && stored.Load() < rawDone.Load()) && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	err = context.Cause(ctx)
	cancel(nil)
	wg.Wait()
	return err
}

func (r *run) detect(ctx context.Context, offset uint64, e *pipeline.Entry) error {
	for _, d := range r.detectors {
		req := &wire.Batch{Seq: offset, Rows: e.Batch.Rows, Journal: e.Batch.Journal, Offset: offset}
		req.Columns = d.Manifest().Columns(nil, e.Batch)
		a, err := d.Process(ctx, req)
		if err != nil {
			return err
		}
		for _, p := range a.Parts {
			if p.Reply != nil {
				r.alerts.Add(int64(len(p.Reply.Alerts)))
			}
		}
		a.Release()
	}
	return nil
}
