package redrive_test

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/hold"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/redrive"
	"github.com/logcenter/logcenter/host/store"
)

// parts are those of a host that a redrive works on, in a directory that can be opened again.
type parts struct {
	*redrive.Redriver
	t   *testing.T
	dir string
	raw *disk.Journal
}

func open(t *testing.T, dir string) *parts {
	t.Helper()
	p := &parts{Redriver: &redrive.Redriver{}, t: t, dir: dir}
	var err error
	p.raw, err = disk.Open(filepath.Join(dir, "raw"), disk.Options{})
	require.NoError(t, err)
	p.Intake, err = input.NewIntake(p.raw, filepath.Join(dir, "keys"), input.IntakeOptions{})
	require.NoError(t, err)
	p.Hold, err = hold.Open(filepath.Join(dir, "hold"))
	require.NoError(t, err)
	p.Letters, err = deadletter.Open(filepath.Join(dir, "letters.ndjson"))
	require.NoError(t, err)
	return p
}

func (p *parts) close() {
	p.t.Helper()
	require.NoError(p.t, p.Letters.Close())
	require.NoError(p.t, p.Hold.Close())
	require.NoError(p.t, p.raw.Close()) // the intake is not closed, as if the host was killed
}

// week is when the events came: before the window of idempotency keys.
var week = time.Now().UTC().Add(-6 * 24 * time.Hour).Truncate(time.Second)

func id(row int) string { return fmt.Sprintf("abcdefghijklmnopqrstuv-0-7-%d", row) }

// letter makes a letter of an event, whose record is held.
func (p *parts) letter(eventID, text string) {
	p.t.Helper()
	r := input.Record{Input: "web", Timezone: "Asia/Shanghai", Address: "192.0.2.1", Tags: []string{"dmz"}, Text: text, Mark: input.Decoded, Received: week}
	b, err := r.Batch().MarshalVT()
	require.NoError(p.t, err)
	rs := []hold.Record{{EventID: eventID, Reason: "p 1: poison", Batch: b}}
	require.NoError(p.t, p.Hold.Keep(rs))
	require.NoError(p.t, p.Letters.Add([]deadletter.Letter{{EventID: eventID, Time: week, Stage: "parser", Plugin: "p", Reason: "poison", Held: rs[0].Time}}))
}

// journal is what the raw journal has, one text a record.
func (p *parts) journal() (out []string) {
	p.t.Helper()
	for n := uint64(1); n <= p.raw.Last(); n++ {
		e, err := p.raw.Read(n)
		require.NoError(p.t, err)
		raw, err := pipeline.NewRaw(p.raw.ID(), 0, n, [][]byte{e.Body})
		require.NoError(p.t, err)
		ev := store.EventAt(raw.Batch, 0)
		assert.Equal(p.t, week, ev["event.ingested"])
		out = append(out, fmt.Sprint(ev["message"], " ", ev["logcenter.input"], " ", ev["event.timezone"], " ", ev["log.source.address"], " ",
			ev["tags"], " ", ev["logcenter.flags"], " from ", ev["logcenter.redriven_from"]))
	}
	return out
}

func was(text string, row int) string {
	return text + " web Asia/Shanghai 192.0.2.1 [dmz] [decoded] from " + id(row)
}

func TestRedriveOnceEach(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	p := open(t, dir)
	p.letter(id(1), "one")
	p.letter(id(2), "two")
	p.letter(id(3), "three")
	require.NoError(t, p.Letters.Add([]deadletter.Letter{{EventID: id(4), Time: week}}))

	res, err := p.Redrive(ctx, redrive.Request{DryRun: true})
	require.NoError(t, err)
	assert.Equal(t, &redrive.Result{Selected: 4, Redriven: 3, NotHeld: 1}, res)
	assert.Empty(t, p.journal())

	res, err = p.Redrive(ctx, redrive.Request{EventIDs: []string{id(2), "nobody"}})
	require.NoError(t, err)
	assert.Equal(t, &redrive.Result{Selected: 1, Redriven: 1, Unknown: []string{"nobody"}}, res)
	assert.Equal(t, []string{was("two", 2)}, p.journal())

	p.close()
	p = open(t, dir)
	defer p.close()
	q, _, err := deadletter.ParseQuery("plugin:p AND reason:poison", nil)
	require.NoError(t, err)
	res, err = p.Redrive(ctx, redrive.Request{Filter: deadletter.Filter{Query: q}})
	require.NoError(t, err)
	assert.Equal(t, &redrive.Result{Selected: 3, Redriven: 2, Already: 1}, res)
	assert.ElementsMatch(t, []string{was("one", 1), was("two", 2), was("three", 3)}, p.journal())
	res, err = p.Redrive(ctx, redrive.Request{})
	require.NoError(t, err)
	assert.Equal(t, &redrive.Result{Selected: 4, Already: 3, NotHeld: 1}, res)
}

// A host that is killed between the journal and the mark finds, when it is asked again, what it had written.
func TestRedriveCutOffByACrash(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	p := open(t, dir)
	p.letter(id(1), "one")
	p.letter(id(2), "two")
	require.NoError(t, p.Letters.Close()) // the mark cannot be written
	_, err := p.Redrive(ctx, redrive.Request{})
	require.ErrorContains(t, err, "dead letters")
	require.Len(t, p.journal(), 2)
	require.NoError(t, p.Hold.Close())
	require.NoError(t, p.raw.Close())

	p = open(t, dir)
	defer p.close()
	res, err := p.Redrive(ctx, redrive.Request{})
	require.NoError(t, err)
	assert.Equal(t, &redrive.Result{Selected: 2, Redriven: 2}, res)
	assert.ElementsMatch(t, []string{was("one", 1), was("two", 2)}, p.journal())
}

// The events of one line are made again by that line, once.
func TestRedriveALineOfManyEvents(t *testing.T) {
	p := open(t, t.TempDir())
	defer p.close()
	p.letter(id(1), "line")
	p.letter(id(1)+"-3", "line")
	res, err := p.Redrive(context.Background(), redrive.Request{})
	require.NoError(t, err)
	assert.Equal(t, 2, res.Redriven)
	assert.Len(t, p.journal(), 1)

	// A letter that nobody asked for is redriven with the others of its line: it must not come again when the keys are forgotten.
	p.letter(id(2), "other")
	p.letter(id(2)+"-3", "other")
	res, err = p.Redrive(context.Background(), redrive.Request{EventIDs: []string{id(2) + "-3"}})
	require.NoError(t, err)
	assert.Equal(t, 1, res.Redriven)
	res, err = p.Redrive(context.Background(), redrive.Request{})
	require.NoError(t, err)
	assert.Equal(t, &redrive.Result{Selected: 4, Already: 4}, res)
	assert.Len(t, p.journal(), 2)
}

func TestRedriveWhileTheJournalFails(t *testing.T) {
	p := open(t, t.TempDir())
	p.letter(id(1), "one")
	require.NoError(t, p.raw.Close())
	_, err := p.Redrive(context.Background(), redrive.Request{})
	require.Error(t, err)
	ds, _ := p.Letters.Get([]string{id(1)})
	require.Zero(t, ds[0].Redriven)
}

// What a store refused is made a record of as an input would.
func TestRecordOfAnEvent(t *testing.T) {
	b, ok := redrive.Record(store.Event{
		"event.id": id(1), "message": "GET / ******", "event.ingested": week, "logcenter.input": "web", "event.timezone": "UTC",
		"log.source.address": "192.0.2.1", "tags": []any{"dmz"}, "logcenter.flags": []any{"decoded", "unparsed"}, "source.ip": netip.MustParseAddr("10.0.0.1"),
	})
	require.True(t, ok)
	raw, err := pipeline.NewRaw("j", 0, 1, [][]byte{b})
	require.NoError(t, err)
	assert.Equal(t, store.Event{
		"message": "GET / ******", "event.ingested": week, "logcenter.input": "web", "event.timezone": "UTC",
		"log.source.address": "192.0.2.1", "tags": []any{"dmz"}, "logcenter.flags": []any{"decoded"},
	}, store.EventAt(raw.Batch, 0))

	for _, ev := range []store.Event{nil, {"message": "x"}, {"event.ingested": week}, {"message": strings.Repeat(" ", 3), "event.ingested": week}} {
		_, ok := redrive.Record(ev)
		assert.False(t, ok, ev)
	}
}

// While the plugin does not run, its events would pass it by and could not be redriven again.
func TestRedriveWaitsForThePlugin(t *testing.T) {
	p := open(t, t.TempDir())
	defer p.close()
	p.letter(id(1), "one")
	p.Ready = func(plugin string) error { return fmt.Errorf("plugin %s is quarantined", plugin) }
	for _, dry := range []bool{true, false} {
		_, err := p.Redrive(context.Background(), redrive.Request{DryRun: dry})
		require.ErrorIs(t, err, redrive.ErrNotReady)
		require.ErrorContains(t, err, "plugin p is quarantined")
	}
	require.Empty(t, p.journal())
	p.Ready = func(string) error { return nil }
	res, err := p.Redrive(context.Background(), redrive.Request{})
	require.NoError(t, err)
	require.Equal(t, 1, res.Redriven)
}
