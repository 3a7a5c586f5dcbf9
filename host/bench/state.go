package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// StateResult is what a detector's process takes for much that it must remember.
type StateResult struct {
	Name       string  `json:"name"`
	Events     int     `json:"events"`
	PerCoreS   float64 `json:"events_per_core_s"` // of CPU time of the detector's process
	BarPerCore float64 `json:"bar_events_per_core_s"`
	MemoryMB   float64 `json:"memory_mb"` // that the process had resident at most before the snapshot
	BarMB      float64 `json:"bar_memory_mb"`
	SnapshotMB float64 `json:"snapshot_mb"`
	SnapshotS  float64 `json:"snapshot_s"` // wall time of writing it, and of reading it into a fresh process
	RestoreS   float64 `json:"restore_s"`
	BarS       float64 `json:"bar_s"` // of both
}

// memoryCase is one rule and the events that it must remember.
type memoryCase struct {
	name             string
	rule             map[string]any
	addresses, users int
	step             time.Duration // between events
	late             int           // percent of the events that are up to a minute late
	warm, events     int           // before and while processor time is taken
	barCore, barMB   float64
	barS             float64
}

// memoryCases are the cases of [State].
var memoryCases = []memoryCase{
	{
		name:      "count of 1,000,000 addresses, 4 events each",
		rule:      map[string]any{"query": "*", "group_by": []string{"source.ip"}, "threshold": 20},
		addresses: 1000000, users: 1, step: time.Microsecond, warm: batchRows, events: 4000000, barMB: 250, barS: 5,
	},
	{
		name:      "10,000 groups, 100 different values in 10m",
		rule:      map[string]any{"query": "*", "group_by": []string{"source.ip"}, "aggregate": "distinct", "field": "user.name", "threshold": 1000},
		addresses: 10000, users: 100, step: 300 * time.Microsecond, warm: 2400000, events: 2400000, barCore: 500000,
	},
	{
		name:      "the same, every tenth event up to 1m late",
		rule:      map[string]any{"query": "*", "group_by": []string{"source.ip"}, "aggregate": "distinct", "field": "user.name", "threshold": 1000},
		addresses: 10000, users: 100, step: 300 * time.Microsecond, late: 10, warm: 2400000, events: 2400000,
	},
}

// batchRows is how many events a made-up batch has.
const batchRows = 4096

// State has the detector remember much, one case after the other, each in a process of its own.
func State(ctx context.Context, o Options, each func(StateResult) error) error {
	for _, c := range memoryCases {
		r, err := c.measure(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return nil
}

func (c *memoryCase) measure(ctx context.Context, o Options) (res StateResult, err error) {
	c.rule["id"], c.rule["name"] = "r", c.name
	log := logrus.New()
	log.SetLevel(logrus.WarnLevel)
	reg, err := plugin.Open(plugin.Options{
		Dirs: o.Dirs, RunDir: filepath.Join(o.Dir, "run"), Log: logrus.NewEntry(log), CallDeadline: time.Minute,
	})
	if err != nil {
		return res, err
	}
	defer func() { _ = reg.Close() }()
	if err := giveRules(reg, []map[string]any{c.rule}); err != nil {
		return res, err
	}
	if err := reg.Enable(ctx, detector); err != nil {
		return res, err
	}
	p, err := reg.Get(detector)
	if err != nil {
		return res, err
	}
	if err := c.fill(ctx, p, &res); err != nil {
		return res, err
	}
	return res, c.snapshot(ctx, p, &res)
}

// fill sends the events.
func (c *memoryCase) fill(ctx context.Context, p *plugin.Plugin, res *StateResult) error {
	generation, err := p.Generation(ctx)
	if err != nil {
		return err
	}
	made := eventMaker{memoryCase: c, rnd: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // made-up traffic
	var cpu time.Duration
	for offset := uint64(1); made.n < c.warm+c.events; offset++ {
		if made.n < c.warm {
			cpu = p.CPU()
		}
		b := made.batch()
		b.Seq, b.Offset = offset, offset
		reply, err := p.Detect(ctx, generation, b)
		if err != nil {
			return err
		}
		if reply.Error != "" {
			return fmt.Errorf("%s", reply.Error)
		}
		reply.Release()
	}
	*res = StateResult{
		Name: c.name, Events: made.n, BarPerCore: c.barCore, BarMB: c.barMB, BarS: c.barS, MemoryMB: round(float64(peak(p.PID())) / 1e6),
		PerCoreS: round(float64(c.events) / (p.CPU() - cpu).Seconds()),
	}
	return nil
}

// snapshot moves the state into a fresh process.
func (c *memoryCase) snapshot(ctx context.Context, p *plugin.Plugin, res *StateResult) error {
	generation, err := p.Generation(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	offset, state, err := p.Snapshot(ctx, generation)
	if err != nil {
		return err
	}
	res.SnapshotS, res.SnapshotMB = round(time.Since(begun).Seconds()), round(float64(len(state))/1e6)
	begun = time.Now()
	err = p.Restore(ctx, offset, state)
	res.RestoreS = round(time.Since(begun).Seconds())
	return err
}

// eventMaker makes the events of a case.
type eventMaker struct {
	*memoryCase
	rnd *rand.Rand
	now time.Duration
	n   int

	at, received, source, user, place wire.Builder
}

func (m *eventMaker) batch() *wire.Batch {
	begun := time.Date(2026, 10, 11, 4, 0, 0, 0, time.UTC)
	line := &wire.Column{Field: uint32(ecs.Message), Name: "message", Type: wire.Type_STRING, Count: batchRows, Values: make([]byte, 4*(batchRows+1))}
	m.at.Reset(wire.Type_TIMESTAMP, false, batchRows, nil, nil)
	m.received.Reset(wire.Type_TIMESTAMP, false, batchRows, nil, nil)
	m.source.Reset(wire.Type_IP, false, batchRows, nil, nil)
	m.user.Reset(wire.Type_STRING, false, batchRows, nil, nil)
	m.place.Reset(wire.Type_INT64, false, batchRows, nil, nil)
	for i := range batchRows {
		m.now += m.step
		behind := time.Duration(0)
		if m.rnd.IntN(100) < m.late {
			behind = time.Duration(m.rnd.Int64N(int64(time.Minute)))
		}
		k := m.rnd.IntN(m.addresses)
		m.at.Nanos(i, begun.Add(m.now-behind).UnixNano())
		m.received.Nanos(i, begun.Add(m.now).UnixNano())
		m.source.IP(i, [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: byte(k >> 16), 14: byte(k >> 8), 15: byte(k)})
		m.user.Text(i, fmt.Sprint("user", m.rnd.IntN(m.users)))
		m.place.Int(i, int64(m.n)<<8)
		m.n++
	}
	return &wire.Batch{Rows: batchRows, Journal: benchJournal, Columns: []*wire.Column{
		line, m.at.Finish(uint32(ecs.Timestamp)), m.received.Finish(uint32(ecs.EventIngested)), m.source.Finish(uint32(ecs.SourceIP)),
		m.user.Finish(uint32(ecs.UserName)), m.place.Finish(uint32(ecs.LogcenterPosition)),
	}}
}
