package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// plain commits at once.
type plain struct{}

func (plain) Commit(c journal.Consumer, offset uint64) error { return c.Commit(offset) }

func body(t testing.TB, lines []string) []byte {
	b, err := records(lines, nil).MarshalVT()
	require.NoError(t, err)
	return b
}

func open(t *testing.T, dir string) *disk.Journal {
	j, err := disk.Open(dir, disk.Options{NoSync: true})
	require.NoError(t, err)
	return j
}

// stopping is an event journal that ends the run at some append: before it is made, or right behind it.
type stopping struct {
	journal.Journal
	stop   func()
	left   int
	before bool
	all    uint64 // if set: cancel when this raw entry is through
	cancel func()
}

func (s *stopping) Append(ctx context.Context, body []byte) (uint64, error) {
	s.left--
	if s.left == 0 && s.before {
		s.stop()
	}
	at, err := s.Journal.Append(ctx, body)
	if s.left == 0 {
		s.stop()
	}
	if e, decodeErr := pipeline.DecodeEntry(body); decodeErr == nil && e.To == s.all {
		s.cancel()
	}
	return at, err
}

// covers is the last raw entry that the event journal holds what became of.
func covers(t *testing.T, j journal.Journal) uint64 {
	if j.Last() == 0 {
		return 0
	}
	e, err := j.Read(j.Last())
	require.NoError(t, err)
	entry, err := pipeline.DecodeEntry(e.Body)
	require.NoError(t, err)
	return entry.To
}

// entries reads the whole event journal: the raw entries that its entries cover, and all lines.
func entries(t *testing.T, j journal.Journal) (covered []uint64, lines []string) {
	for at := uint64(1); at <= j.Last(); at++ {
		e, err := j.Read(at)
		require.NoError(t, err)
		entry, err := pipeline.DecodeEntry(e.Body)
		require.NoError(t, err)
		for o := entry.From; o <= entry.To; o++ {
			covered = append(covered, o)
		}
		for _, e := range events(entry.Batch) {
			lines = append(lines, e["message"]+"@"+e["logcenter.position"])
		}
	}
	return covered, lines
}

func TestRunnerGivesEachRawEntryOnceInOrder(t *testing.T) {
	rawDir, eventDir := t.TempDir(), t.TempDir()
	slow := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: []ecs.Field{ecs.EventAction}}, parse(func(line []byte, ev *sdk.Event) error {
		for range line[len(line)-1] % 4 * 50 { // batches take their time, and overtake each other
			ev.Set(ecs.EventAction, line)
		}
		return nil
	}))
	rnd := rand.New(rand.NewPCG(5, 6))
	var want []string
	raw := open(t, rawDir)
	_, err := raw.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	const total = 400
	for i := 1; i <= total; i++ {
		lines := make([]string, rnd.IntN(20)) // some are empty
		for row := range lines {
			lines[row] = fmt.Sprintf("line %d.%d", i, row)
			want = append(want, fmt.Sprintf("%s@%d", lines[row], pipeline.Position(uint64(i), row, 0)))
		}
		_, err := raw.Append(t.Context(), body(t, lines))
		require.NoError(t, err)
	}
	require.NoError(t, raw.Close())
	runs := 0
	for ; ; runs++ {
		raw, ev := open(t, rawDir), open(t, eventDir)
		ctx, cancel := context.WithCancel(t.Context())
		stops := &stopping{Journal: ev, stop: cancel, left: 1 + rnd.IntN(3), before: rnd.IntN(2) == 0}
		if last := covers(t, ev); last > total-20 {
			stops.stop = func() {} // the last run stops when all is through
			stops.all, stops.cancel = total, cancel
		}
		r, err := pipeline.NewRunner(processor(pipeline.Plan{Parsers: []pipeline.Stage{slow}}, nil), raw, stops, plain{}, pipeline.RunnerOptions{BatchBytes: 1 + rnd.IntN(1500)})
		require.NoError(t, err)
		require.NoError(t, r.Run(ctx))
		cancel()
		last := covers(t, ev)
		require.NoError(t, raw.Close())
		require.NoError(t, ev.Close())
		if last == total {
			break
		}
	}
	assert.Greater(t, runs, 10, "it was stopped again and again")
	ev := open(t, eventDir)
	defer func() { require.NoError(t, ev.Close()) }()
	covered, lines := entries(t, ev)
	require.Len(t, covered, total)
	for i, o := range covered {
		require.EqualValues(t, i+1, o)
	}
	assert.Equal(t, want, lines)
}

func TestRunnerStopsAtWhatItCannotRead(t *testing.T) {
	raw, ev := open(t, t.TempDir()), open(t, t.TempDir())
	defer func() { require.NoError(t, raw.Close()); require.NoError(t, ev.Close()) }()
	r, err := pipeline.NewRunner(processor(pipeline.Plan{}, nil), raw, ev, plain{}, pipeline.RunnerOptions{BatchBytes: 1})
	require.NoError(t, err)
	for _, b := range [][]byte{body(t, []string{"good"}), []byte("\xff\xffno batch")} {
		_, err := raw.Append(t.Context(), b)
		require.NoError(t, err)
	}
	require.ErrorContains(t, r.Run(t.Context()), "entry 2")
	_, lines := entries(t, ev)
	assert.Len(t, lines, 1, "what came before is through")
}

// TestAStartStandsBetweenWhatCameBeforeAndSince: also where all of it is read at once, and wherever the host is killed.
func TestAStartStandsBetweenWhatCameBeforeAndSince(t *testing.T) {
	at := time.Date(2026, 10, 11, 4, 0, 0, 5, time.UTC)
	bodies := [][]byte{pipeline.StartOf(at), body(t, []string{"a"}), body(t, []string{"b"}), pipeline.StartOf(at.Add(1)), pipeline.StartOf(at.Add(2)), body(t, []string{"c"})}
	for stop := 1; stop <= 6; stop++ {
		raw, ev := open(t, t.TempDir()), open(t, t.TempDir())
		for _, b := range bodies {
			_, err := raw.Append(t.Context(), b)
			require.NoError(t, err)
		}
		for run := range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			stops := &stopping{Journal: ev, stop: cancel, left: stop, all: 6, cancel: cancel}
			if run == 1 {
				stops.stop, stops.left = func() {}, 100
			}
			if covers(t, ev) < 6 {
				r, err := pipeline.NewRunner(processor(pipeline.Plan{}, nil), raw, stops, plain{}, pipeline.RunnerOptions{})
				require.NoError(t, err)
				require.NoError(t, r.Run(ctx))
			}
			cancel()
		}
		var got []string
		for n := uint64(1); n <= ev.Last(); n++ {
			e, err := ev.Read(n)
			require.NoError(t, err)
			entry, err := pipeline.DecodeEntry(e.Body)
			require.NoError(t, err)
			require.Equal(t, raw.ID(), entry.Journal)
			if !entry.Start.IsZero() {
				require.True(t, entry.Clock.IsZero())
				require.Zero(t, entry.Batch.Rows)
				got = append(got, fmt.Sprint("start ", entry.Start.Sub(at).Nanoseconds()))
			}
			for _, e := range events(entry.Batch) {
				got = append(got, e["message"])
			}
		}
		assert.Equal(t, []string{"start 0", "a", "b", "start 1", "start 2", "c"}, got, "stopped at append %d", stop)
		covered, _ := entries(t, ev)
		assert.Equal(t, []uint64{1, 2, 3, 4, 5, 6}, covered)
		require.NoError(t, raw.Close())
		require.NoError(t, ev.Close())
	}
}

func TestRunnerEndsWithItsEventJournal(t *testing.T) {
	raw, ev := open(t, t.TempDir()), open(t, t.TempDir())
	defer func() { require.NoError(t, raw.Close()) }()
	r, err := pipeline.NewRunner(processor(pipeline.Plan{}, nil), raw, ev, plain{}, pipeline.RunnerOptions{BatchBytes: 1})
	require.NoError(t, err)
	require.NoError(t, ev.Close())
	for range 20 {
		_, err := raw.Append(t.Context(), body(t, []string{"x"}))
		require.NoError(t, err)
	}
	require.NoError(t, r.Run(t.Context()))
}

func entry(t testing.TB) ([]byte, *pipeline.Raw, *wire.Batch) {
	r := processor(pipeline.Plan{}, nil)
	raw, err := pipeline.NewRaw(journalID, 0, 40, [][]byte{body(t, []string{"a", "登录"}), body(t, nil), body(t, []string{"c"})})
	require.NoError(t, err)
	f, err := r.Process(t.Context(), raw)
	require.NoError(t, err)
	defer f.Release()
	f.Dead = []deadletter.Letter{{EventID: "x", Reason: "dead_letter"}}
	out, err := pipeline.AppendEntry([]byte("before"), raw, f)
	require.NoError(t, err)
	return out[len("before"):], raw, proto.Clone(f.Batch).(*wire.Batch)
}

func TestEntryRoundTrip(t *testing.T) {
	b, raw, batch := entry(t)
	e, err := pipeline.DecodeEntry(b)
	require.NoError(t, err)
	assert.Equal(t, journalID, e.Journal)
	assert.EqualValues(t, 40, e.From)
	assert.EqualValues(t, 42, e.To)
	assert.EqualValues(t, 42, raw.To)
	assert.Equal(t, events(batch), events(e.Batch))
	assert.Equal(t, "c", events(e.Batch)[2]["message"])
	assert.Equal(t, fmt.Sprint(pipeline.Position(42, 0, 0)), events(e.Batch)[2]["logcenter.position"])
	assert.Equal(t, []deadletter.Letter{{EventID: "x", Reason: "dead_letter"}}, e.Dead)
	dead, err := pipeline.DecodeDead(b)
	require.NoError(t, err)
	assert.Equal(t, e.Dead, dead.Dead)
	assert.Equal(t, []uint64{40, 42, 0}, []uint64{dead.From, dead.To, uint64(dead.Batch.Rows)})
	for n := range len(b) {
		_, err := pipeline.DecodeEntry(b[:n])
		_, deadErr := pipeline.DecodeDead(b[:n])
		if n < 24 {
			require.Error(t, err)
			require.Error(t, deadErr)
		}
	}
}

// A field that has another type than when it was written keeps its name, and is nobody's.
func TestFieldsOfAnotherType(t *testing.T) {
	b := records([]string{"a"}, nil)
	b.Columns = append(b.Columns, &wire.Column{Name: "source.port", Type: wire.Type_STRING, Count: 1, Values: []byte{0, 0, 0, 0, 1, 0, 0, 0}, Data: []byte("x")})
	body, err := b.MarshalVT()
	require.NoError(t, err)
	other := records([]string{"b"}, nil)
	other.Columns = append(other.Columns, &wire.Column{Name: "source.port", Type: wire.Type_INT64, Width: 4, Count: 1, Values: make([]byte, 4)})
	body2, err := other.MarshalVT()
	require.NoError(t, err)
	raw, err := pipeline.NewRaw(journalID, 0, 1, [][]byte{body, body2})
	require.NoError(t, err)
	require.NoError(t, raw.Batch.Validate(uint32(ecs.Message)))
}

func FuzzDecodeEntry(f *testing.F) {
	b, _, _ := entry(f)
	f.Add(b)
	f.Add([]byte(strings.Repeat("LCE1", 6)))
	f.Add([]byte(strings.Repeat("LCT1", 8)))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = pipeline.DecodeDead(b) // survives it, too
		e, err := pipeline.DecodeEntry(b)
		if err != nil || e.Batch.Rows > 1000 {
			return
		}
		events(e.Batch)
	})
}
