package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// traffic is batches of events of many addresses, event time going on by step with each event. users is how many different
// user names an address has, late the share of events, in percent, that are late by up to a minute.
type traffic struct {
	rnd              *rand.Rand
	addresses, users int
	step             time.Duration
	late             int
	now              time.Duration
	n                int
}

const trafficRows = 4096

func (t *traffic) batch() *wire.Batch {
	lines := make([][]byte, trafficRows)
	var at, received, source, user, place wire.Builder
	at.Reset(wire.Type_TIMESTAMP, false, trafficRows, nil, nil)
	received.Reset(wire.Type_TIMESTAMP, false, trafficRows, nil, nil)
	source.Reset(wire.Type_IP, false, trafficRows, nil, nil)
	user.Reset(wire.Type_STRING, false, trafficRows, nil, nil)
	place.Reset(wire.Type_INT64, false, trafficRows, nil, nil)
	for i := range lines {
		lines[i] = []byte("x")
		t.now += t.step
		behind := time.Duration(0)
		if t.rnd.IntN(100) < t.late {
			behind = time.Duration(t.rnd.Int64N(int64(time.Minute)))
		}
		at.Nanos(i, start.Add(t.now-behind).UnixNano())
		received.Nanos(i, start.Add(t.now).UnixNano())
		var a [16]byte
		a[10], a[11] = 0xff, 0xff
		k := t.rnd.IntN(t.addresses)
		a[12], a[13], a[14], a[15] = 10, byte(k>>16), byte(k>>8), byte(k)
		source.IP(i, a)
		user.Text(i, fmt.Sprint("user", t.rnd.IntN(t.users)))
		place.Int(i, int64(t.n)<<8)
		t.n++
	}
	return batchOf(lines, map[ecs.Field]*wire.Builder{
		ecs.Timestamp: &at, ecs.EventIngested: &received, ecs.SourceIP: &source, ecs.UserName: &user, ecs.LogcenterPosition: &place,
	})
}

// BenchmarkDistinct counts different values of 10,000 groups with 100 values each within ten minutes.
func BenchmarkDistinct(b *testing.B) {
	for _, late := range []int{0, 10} {
		b.Run(fmt.Sprintf("late=%d%%", late), func(b *testing.B) {
			stage := sdk.DetectorStage(New)
			plugintest.Open(b, stage, []byte(`{"builtin":false,"rules":[{"id":"r","name":"R","query":"*","group_by":["source.ip"],"aggregate":"distinct","field":"user.name","threshold":1000}]}`))
			// Two million events in a window: 200 of each group.
			t := &traffic{rnd: rand.New(rand.NewPCG(1, 2)), addresses: 10000, users: 100, step: 300 * time.Microsecond, late: late}
			batches := make([]*wire.Batch, 0, 64)
			for range 64 {
				batches = append(batches, t.batch())
			}
			n, shift := 0, int64(t.now)
			run := func() {
				in := batches[n%len(batches)]
				if n++; n > len(batches) { // the same again, later
					for _, f := range []ecs.Field{ecs.Timestamp, ecs.EventIngested} {
						c := in.Column(uint32(f))
						for k := range trafficRows {
							put(c.Values[8*k:], c.Nanos(k)+shift)
						}
					}
				}
				require.NoError(b, stage.Process(context.Background(), in, func(r *wire.Result) error { require.Empty(b, r.Error); return nil }))
			}
			for range 600 { // the windows fill
				run()
			}
			b.ResetTimer()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.N)*trafficRows/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkSnapshot writes and reads the state of a million groups of four events.
func BenchmarkSnapshot(b *testing.B) {
	config := []byte(`{"builtin":false,"rules":[{"id":"r","name":"R","query":"*","group_by":["source.ip"],"threshold":20}]}`)
	stage := sdk.DetectorStage(New)
	plugintest.Open(b, stage, config)
	t := &traffic{rnd: rand.New(rand.NewPCG(1, 2)), addresses: 1000000, users: 1, step: time.Microsecond}
	for range 4 * 1000000 / trafficRows {
		require.NoError(b, stage.Process(context.Background(), t.batch(), func(*wire.Result) error { return nil }))
	}
	for b.Loop() {
		var state bytes.Buffer
		_, err := stage.Snapshot(&state)
		require.NoError(b, err)
		into := sdk.DetectorStage(New)
		plugintest.Open(b, into, config)
		require.NoError(b, into.Restore(&state, 0))
	}
}

func put(b []byte, v int64) {
	for i := range 8 {
		b[i] = byte(v >> (8 * i))
	}
}
