package drift_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/drift"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

var start = time.Date(2026, 10, 11, 4, 0, 0, 0, time.UTC)

// acme is a parser as the tests need one.
func acme(version string) drift.Plugin {
	return drift.Plugin{ID: "acmefw", Version: version, Label: "acmefw " + version, Fields: []ecs.Field{ecs.SourceIP, ecs.UserName, ecs.EventAction, ecs.EventDataset, ecs.HostName}}
}

// feed gives a tracker batches. Its clock is what the batches say.
type feed struct {
	t      *testing.T
	tr     *drift.Tracker
	o      drift.Options
	offset uint64
	at     time.Time
	total  int
}

func quiet() *logrus.Entry {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return logrus.NewEntry(l)
}

func newFeed(t *testing.T, o drift.Options) *feed {
	o.Log = quiet()
	if o.Persist == 0 {
		o.Persist = time.Minute
	}
	f := &feed{t: t, o: o, at: start, tr: drift.Open(o)}
	f.tr.Plugins([]drift.Plugin{acme("1.0")})
	return f
}

// give is one batch, a second after the one before.
func (f *feed) give(events ...storetest.Event) { f.giveAfter(time.Second, events...) }

func (f *feed) giveAfter(d time.Duration, events ...storetest.Event) {
	f.t.Helper()
	f.at = f.at.Add(d)
	f.offset++
	for _, ev := range events {
		ev["@timestamp"] = f.at
		if ev["event.ingested"] == nil {
			ev["event.ingested"] = f.at
		}
	}
	b, err := storetest.Batch(f.offset, events)
	require.NoError(f.t, err)
	f.total += len(events)
	f.tr.Observe(f.at, f.offset, &pipeline.Entry{Batch: b})
}

// line is one parsed line with all its fields.
func line(i int) storetest.Event {
	return storetest.Event{
		"message": fmt.Sprintf("acme srcip=192.0.2.%d user=u%d action=pass", i%250, i), "log.source.address": fmt.Sprintf("198.51.100.7:%d", 1024+i%9),
		"logcenter.input": "syslog", "logcenter.parser": "acmefw 1.0", "host.name": "fw01", "event.dataset": "acme.traffic",
		"source.ip": fmt.Sprintf("192.0.2.%d", i%250), "user.name": fmt.Sprintf("u%d", i), "event.action": "pass",
	}
}

// with is a line with some fields changed; nil takes one out.
func with(ev storetest.Event, kv ...any) storetest.Event {
	for i := 0; i < len(kv); i += 2 {
		if kv[i+1] == nil {
			delete(ev, kv[i].(string))
		} else {
			ev[kv[i].(string)] = kv[i+1]
		}
	}
	return ev
}

func unparsed(i int) storetest.Event {
	return with(line(i), "message", fmt.Sprintf("acme NEW LAYOUT %d password=******", i), "logcenter.flags", []any{"unparsed"}, "error.code", "error",
		"host.name", nil, "event.dataset", nil, "source.ip", nil, "user.name", nil, "event.action", nil)
}

func unclaimed(i int) storetest.Event {
	return with(unparsed(i), "logcenter.parser", nil, "error.code", nil)
}

func lacking(i int) storetest.Event { return with(line(i), "source.ip", nil, "event.action", nil) }

func (f *feed) many(n int, event func(i int) storetest.Event) {
	f.t.Helper()
	for i := 0; i < n; i += 10 {
		var batch []storetest.Event
		for j := range min(10, n-i) {
			batch = append(batch, event(i+j))
		}
		f.give(batch...)
	}
}

// until gives lines until there is a drift, and says how many it took; -1 if most were not enough.
func (f *feed) until(most int, event func(i int) storetest.Event) int {
	f.t.Helper()
	for i := 0; i < most; i++ {
		f.give(event(i))
		if len(f.tr.Untold()) > 0 {
			return i + 1
		}
	}
	return -1
}

func (f *feed) drifts() []drift.Drift { return f.tr.Drifts(drift.Filter{}) }

func (f *feed) open() (n int) { return f.tr.Stats().Open }

func TestALayoutThatChanges(t *testing.T) {
	now := func(rate float64, event func(i int) storetest.Event) func(i int) storetest.Event { // a share of the lines changes
		return func(i int) storetest.Event {
			if float64(int(float64(i+1)*rate)) > float64(i)*rate {
				return event(i)
			}
			return line(i)
		}
	}
	f := func(name string, change func(i int) storetest.Event, persist time.Duration, within int, kind, title string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			f := newFeed(t, drift.Options{Persist: persist})
			f.many(3000, line)
			require.Empty(t, f.tr.Untold())
			n := f.until(within, change)
			require.Positive(t, n, "no drift within %d lines", within)
			alerts := f.tr.Untold()
			require.Len(t, alerts, 1)
			a := alerts[0]
			assert.Equal(t, "logcenter.drift."+kind, a.Rule)
			assert.Equal(t, title, a.Name)
			d := f.drifts()[0]
			assert.Len(t, d.Before, 5)
			assert.Len(t, d.After, 5)
			assert.Contains(t, a.Fields["line.before.1"], "action=pass")
			assert.NotEmpty(t, a.EventIds)
			assert.WithinDuration(t, start.Add(301*time.Second), d.Since, 40*time.Second)
			assert.Contains(t, a.Remarks, "logcenter drift accept "+a.Id)
		})
	}
	f("fifty lines that are not parsed", unparsed, time.Second, 50, "unparsed", "198.51.100.7 (fw01): acmefw does not parse 100% of its lines, 0% before")
	f("they must last", unparsed, time.Minute, 61, "unparsed", "198.51.100.7 (fw01): acmefw does not parse 100% of its lines, 0% before")
	f("half of the lines are not parsed", now(0.5, unparsed), time.Second, 110, "unparsed", "198.51.100.7 (fw01): acmefw does not parse 50.5% of its lines, 0% before")
	f("lines that nobody claims", unclaimed, time.Second, 50, "unrecognised", "198.51.100.7 (fw01): no parser claims 100% of its lines, 0% before")
	f("fields that are gone", lacking, time.Second, 50, "fields",
		"fw01: acme.traffic lacks fields that acmefw filled: source.ip (0%, 100% before), event.action (0%, 100% before)")
}

// What is no drift.
func TestWhatChangesWithoutADrift(t *testing.T) {
	f := func(name string, o drift.Options, do func(f *feed)) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			f := newFeed(t, o)
			f.many(3000, line)
			do(f)
			assert.Empty(t, f.drifts())
		})
	}
	f("a burst that ends", drift.Options{}, func(f *feed) {
		f.many(500, unparsed)
		f.many(2000, line)
	})
	f("a field that depends on the traffic", drift.Options{}, func(f *feed) {
		f.many(9000, func(i int) storetest.Event {
			if i%3 == 0 {
				return with(line(i), "user.name", nil)
			}
			return line(i)
		})
		f.many(2000, func(i int) storetest.Event { return with(line(i), "user.name", nil) })
	})
	f("another mix of log types", drift.Options{}, func(f *feed) {
		login := func(i int) storetest.Event { return with(lacking(i), "event.dataset", "acme.login") }
		f.many(2000, login)
		f.many(2000, func(i int) storetest.Event {
			if i%50 == 0 {
				return line(i)
			}
			return login(i)
		})
	})
	f("a device that falls silent", drift.Options{}, func(f *feed) { f.giveAfter(48*time.Hour, line(1)) })
	f("a parser that is out of service", drift.Options{}, func(f *feed) {
		f.many(2000, func(i int) storetest.Event { return with(unparsed(i), "error.code", "unavailable") })
		f.tr.Plugins(nil)
		f.many(2000, unclaimed)
		f.tr.Plugins([]drift.Plugin{{ID: "other", Version: "1", Label: "other 1"}})
		f.many(2000, unclaimed)
		f.tr.Plugins([]drift.Plugin{acme("1.0"), {ID: "other", Version: "1", Label: "other 1"}})
		f.many(2000, line)
	})
	f("lines that are redriven", drift.Options{}, func(f *feed) {
		f.many(2000, func(i int) storetest.Event { return with(unparsed(i), "logcenter.redriven_from", "x") })
	})
	f("a new device that was never parsed", drift.Options{}, func(f *feed) {
		f.many(3000, func(i int) storetest.Event { return with(unclaimed(i), "log.source.address", "198.51.100.9") })
	})
	f("a version on trial beside", drift.Options{}, func(f *feed) {
		f.many(3000, func(i int) storetest.Event { return with(unparsed(i), "logcenter.parser", "acmefw 2.0") })
	})
}

// Ten days of a device that writes much by day and little by night, and an odd line every minute all the time: at night
// these are half of its lines.
func TestNightIsNoDrift(t *testing.T) {
	f := newFeed(t, drift.Options{})
	for minute := range 10 * 24 * 60 {
		good := 40
		if hour := minute / 60 % 24; hour >= 12 {
			good = 1
		}
		batch := []storetest.Event{unparsed(minute)}
		for i := range good {
			batch = append(batch, line(i))
		}
		f.giveAfter(time.Minute, batch...)
		require.Empty(t, f.drifts(), "after %d minutes", minute)
	}
	n := f.until(400, unparsed) // and then the firmware changes
	assert.Positive(t, n)
	t.Logf("found after %d lines", n)
}

func TestADriftEnds(t *testing.T) {
	f := newFeed(t, drift.Options{})
	f.many(3000, line)
	f.many(1000, unparsed)
	require.Equal(t, 1, f.open())
	id := f.drifts()[0].ID
	f.many(3000, unparsed)
	require.Len(t, f.drifts(), 1, "one change is one drift")

	f.many(2000, line)
	require.Zero(t, f.open())
	require.Equal(t, drift.StateReturned, f.drifts()[0].State)

	f.many(1000, unparsed)
	require.Len(t, f.drifts(), 2, "another change is another drift")
	require.Equal(t, 1, f.open())
	assert.NotEqual(t, id, f.drifts()[0].ID)
	require.ErrorIs(t, f.tr.Accept(id), drift.ErrUnknown)
	require.NoError(t, f.tr.Accept(f.drifts()[0].ID))
	require.Equal(t, drift.StateAccepted, f.drifts()[0].State)
	f.many(3000, unparsed)
	require.Zero(t, f.open(), "it is the usual share now")

	f = newFeed(t, drift.Options{})
	f.many(3000, line)
	f.many(1000, unparsed)
	f.giveAfter(25*time.Hour, unparsed(1))
	require.Equal(t, drift.StateAccepted, f.drifts()[0].State, "a day later it is the usual share")
}

// An event that never is because its parser makes a dead letter of it counts as one that is not parsed.
func TestDeadLettersAreLinesThatAreNotParsed(t *testing.T) {
	f := newFeed(t, drift.Options{Persist: time.Second})
	f.many(3000, line)
	for i := range 60 {
		f.at = f.at.Add(time.Second)
		f.offset++
		f.tr.Observe(f.at, f.offset, &pipeline.Entry{Batch: &wire.Batch{}, Clock: f.at, Dead: []deadletter.Letter{{
			EventID: fmt.Sprint(i), Stage: "parser", Plugin: "acmefw", Version: "1.0", Reason: "dead_letter", Address: "198.51.100.7:9", Text: "acme NEW ******",
		}}})
	}
	require.Equal(t, 1, f.open())
	assert.Equal(t, "acme NEW ******", f.drifts()[0].After[0].Text)
}

// With another version or configuration all is learned again, and what got worse by it is said.
func TestAnotherVersionOfAPlugin(t *testing.T) {
	label := func(event func(i int) storetest.Event) func(i int) storetest.Event {
		return func(i int) storetest.Event { return with(event(i), "logcenter.parser", "acmefw 2.0") }
	}
	f := newFeed(t, drift.Options{})
	f.many(3000, line)
	f.tr.Plugins([]drift.Plugin{acme("2.0")})
	f.many(3000, label(line))
	require.Empty(t, f.drifts())

	f = newFeed(t, drift.Options{})
	f.many(3000, line)
	f.tr.Plugins([]drift.Plugin{acme("2.0")})
	f.many(3000, label(func(i int) storetest.Event {
		if i%5 == 0 {
			return unparsed(i)
		}
		return lacking(i)
	}))
	ds := f.drifts()
	require.Len(t, ds, 2)
	for _, d := range ds {
		assert.Equal(t, "plugin acmefw changed from version 1.0 to 2.0", d.Cause)
		assert.Equal(t, "2.0", d.Version)
		assert.Contains(t, d.Advice, "go back to the version")
		assert.Contains(t, d.Before[0].Text, "action=pass", d.Kind)
		assert.NotEmpty(t, d.After, d.Kind)
	}
	f.many(3000, label(lacking))

	f = newFeed(t, drift.Options{})
	f.many(3000, line)
	again := acme("1.0")
	again.Config = "another"
	f.tr.Plugins([]drift.Plugin{again})
	f.many(3000, lacking)
	require.Len(t, f.drifts(), 1)
	assert.Equal(t, "plugin acmefw has another configuration", f.drifts()[0].Cause)
}

func TestARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drift.json")
	f := newFeed(t, drift.Options{Path: path})
	f.many(3000, line)
	f.many(200, unparsed) // not long enough for a drift
	require.Empty(t, f.drifts())
	f.tr.Save()
	again := func() { // as if killed
		f.tr = drift.Open(f.o)
		f.tr.Plugins(nil) // as while plugins start
		f.tr.Plugins([]drift.Plugin{acme("1.0")})
	}
	keys := f.tr.Keys(drift.Filter{})
	again()
	assert.Equal(t, keys, f.tr.Keys(drift.Filter{}))
	f.offset -= 3 // entries that come again are seen once
	for range 3 {
		f.give(unparsed(1))
	}
	assert.Equal(t, keys, f.tr.Keys(drift.Filter{}))

	f.many(600, unparsed)
	require.Equal(t, 1, f.open())
	id := f.tr.Untold()[0].Id
	again() // killed before the alert was delivered
	require.Len(t, f.tr.Untold(), 1)
	require.Equal(t, id, f.tr.Untold()[0].Id)
	f.tr.Told(id)
	again()
	require.Empty(t, f.tr.Untold())
	f.many(1000, unparsed)
	require.Len(t, f.drifts(), 1)
	f.many(2000, line)
	require.Equal(t, drift.StateReturned, f.drifts()[0].State)
	again() // killed before it was told that it is over
	over := f.tr.Untold()
	require.Len(t, over, 1)
	assert.Equal(t, "recovery", over[0].Kind)
	assert.Equal(t, id, over[0].Recovers)
	assert.NotEqual(t, id, over[0].Id)
	assert.Equal(t, "returned", over[0].Fields["ended"])
	assert.Equal(t, map[string]string{"device": over[0].Keys["device"], "plugin": "acmefw", "version": "1.0"}, over[0].Keys)
	f.tr.Told(over[0].Id)
	again()
	require.Empty(t, f.tr.Untold(), "it is told once")

	// With another version on the disk of the host that starts:
	f.tr.Save()
	f.tr = drift.Open(f.o)
	f.tr.Plugins([]drift.Plugin{acme("2.0")})
	f.many(2000, func(i int) storetest.Event { return with(unparsed(i), "logcenter.parser", "acmefw 2.0") })
	require.Equal(t, "plugin acmefw changed from version 1.0 to 2.0", f.drifts()[0].Cause)
}

func TestAFileThatCannotBeRead(t *testing.T) {
	f := func(content string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "drift.json")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		f := newFeed(t, drift.Options{Path: path})
		f.many(3000, line)
		f.many(1000, unparsed)
		assert.Equal(t, 1, f.open(), content)
	}
	f("")
	f("{")
	f(`{"version":99}`)
	f(`{"version":1,"keys":[{"kind":"fields","plugin":"nobody"},{"kind":"?"},{"kind":"unparsed","open":"x"}],"drifts":[null,{"state":"open"}]}`)
	f(strings.Repeat("\x00", 100))
}

// Memory and work are bounded whatever comes.
func TestBounds(t *testing.T) {
	f := newFeed(t, drift.Options{MaxKeys: 100})
	f.many(6000, func(i int) storetest.Event { return with(line(i), "host.name", fmt.Sprintf("fw%d", i)) })
	st := f.tr.Stats()
	assert.LessOrEqual(t, st.Keys, 100)
	assert.Positive(t, st.Evicted)
	f.many(1000, line)
	f.many(1000, unparsed)
	assert.Equal(t, 1, f.open(), "devices that write are not those that go")

	f = newFeed(t, drift.Options{Rows: 100})
	batch := make([]storetest.Event, 100)
	for i := range batch {
		batch[i] = line(i)
	}
	for range 100 {
		f.giveAfter(100*time.Millisecond, batch...) // ten times the budget
	}
	st = f.tr.Stats()
	assert.InDelta(t, 1000, st.Rows, 200)
	assert.EqualValues(t, f.total, st.Rows+st.Skipped)
}

func TestNothingIsAllocatedPerEvent(t *testing.T) {
	f := newFeed(t, drift.Options{})
	f.many(3000, line)
	batch := make([]storetest.Event, 2000)
	for i := range batch {
		batch[i] = with(line(i), "@timestamp", f.at, "event.ingested", f.at)
	}
	b, err := storetest.Batch(1, batch)
	require.NoError(t, err)
	e := &pipeline.Entry{Batch: b}
	per := testing.AllocsPerRun(50, func() {
		f.offset++
		f.at = f.at.Add(time.Second)
		f.tr.Observe(f.at, f.offset, e)
	})
	assert.Less(t, per, 20.0, "a batch of 2,000 events")
}

func BenchmarkObserve(b *testing.B) {
	f := newFeed(nil, drift.Options{Rows: 1 << 30})
	batch := make([]storetest.Event, 4000)
	for i := range batch {
		batch[i] = with(line(i), "@timestamp", f.at, "event.ingested", f.at, "host.name", fmt.Sprintf("fw%02d", i%7))
	}
	events, err := storetest.Batch(1, batch)
	require.NoError(b, err)
	e := &pipeline.Entry{Batch: events}
	for b.Loop() {
		f.offset++
		f.at = f.at.Add(time.Second)
		f.tr.Observe(f.at, f.offset, e)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch)), "ns/event")
}

func TestList(t *testing.T) {
	f := newFeed(t, drift.Options{})
	f.many(3000, func(i int) storetest.Event {
		if i%4 == 0 {
			return with(line(i), "user.name", nil)
		}
		return line(i)
	})
	keys := f.tr.Keys(drift.Filter{Device: "fw01"})
	require.Len(t, keys, 3, "the sender's two are found by the name of its host")
	for _, k := range keys {
		assert.True(t, k.Learned, k)
	}
	keys = f.tr.Keys(drift.Filter{Kind: "fields", Plugin: "acmefw"})
	require.Len(t, keys, 1)
	rates := map[string]drift.Rate{}
	for _, r := range keys[0].Rates {
		rates[r.Field] = r
	}
	assert.InDelta(t, 0.75, rates["user.name"].Baseline, 0.01)
	assert.InDelta(t, 0.75, rates["user.name"].Current, 0.05)
	assert.False(t, rates["user.name"].Judged)
	assert.InDelta(t, 1, rates["source.ip"].Baseline, 0)
	assert.True(t, rates["source.ip"].Judged)
	assert.Empty(t, f.tr.Keys(drift.Filter{Device: "nobody"}))
}

// A parser that is gone after a restart is out of service as one that was disabled: its lines are nobody's.
func TestARestartWithoutAParser(t *testing.T) {
	f := newFeed(t, drift.Options{Path: filepath.Join(t.TempDir(), "drift.json")})
	f.many(3000, line)
	f.tr.Save()
	f.tr = drift.Open(f.o)
	f.tr.Plugins([]drift.Plugin{{ID: "other", Version: "1", Label: "other 1"}})
	f.many(2000, unclaimed)
	require.Empty(t, f.drifts())
	f.giveAfter(25*time.Hour, unclaimed(1)) // a day later that is as it should be
	f.many(2000, unclaimed)
	require.Empty(t, f.drifts())
}
