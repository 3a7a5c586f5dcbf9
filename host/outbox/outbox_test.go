package outbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/outbox"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/route"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestMain(m *testing.M) {
	code := m.Run()
	trial.Clean()
	os.Exit(code)
}

// clock is a clock that stands still until it is moved.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time           { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) advance(by time.Duration) { c.ns.Add(by.Nanoseconds()) }

// office is an outbox with real notifiers, each of which writes what it is told to a file.
type office struct {
	t        *testing.T
	dir      string
	store    *metadata.Store
	registry *plugin.Registry
	box      *outbox.Outbox
	o        outbox.Options
	stop     func()
}

// notifier is the settings of one; targets may be none.
func (o *office) notifier(id string, targets ...any) plugin.Settings {
	return plugin.Settings{Config: map[string]any{"file": o.file(id), "down": o.file(id) + ".down", "targets": targets}}
}

func (o *office) file(id string) string { return filepath.Join(o.dir, id+".log") }

func newOffice(t *testing.T, change func(o *office, p map[string]plugin.Settings)) *office {
	o := &office{t: t, dir: t.TempDir()}
	settings := map[string]plugin.Settings{}
	change(o, settings)
	folders := t.TempDir()
	for id := range settings {
		trial.Folder(t, folders, id, trial.Manifest(id, "notifier", "permissions: {write: ['"+o.dir+"']}"), "notifier")
		s := settings[id]
		s.Grant.Write = []string{o.dir}
		settings[id] = s
	}
	reg, err := trial.Open(t, folders, plugin.Options{Plugins: settings})
	require.NoError(t, err)
	require.NoError(t, reg.Start(t.Context()))
	o.registry = reg
	o.store, err = metadata.Open(t.Context(), filepath.Join(o.dir, "meta", "test.db"), "test", outbox.Schema)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.store.Close()) })
	o.o.Store, o.o.Plugins, o.o.Log = o.store, reg, trial.Quiet()
	o.o.OnError = func(err error) { t.Errorf("outbox: %v", err) }
	o.start()
	t.Cleanup(func() { o.stop() })
	return o
}

// start runs an outbox over what is kept, as a host that was started again does.
func (o *office) start() {
	o.box = outbox.New(o.o)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(o.t, o.box.Run(ctx)) })
	o.stop = func() { cancel(); wg.Wait() }
}

func (o *office) add(alerts ...*wire.Alert) {
	o.t.Helper()
	require.NoError(o.t, o.store.Update(o.t.Context(), func(tx *sql.Tx) error {
		for _, a := range alerts {
			if err := o.box.Add(o.t.Context(), tx, a); err != nil {
				return err
			}
		}
		return nil
	}))
}

// told are the ids that a notifier wrote down, with their targets, in their order.
func (o *office) told(id string) (out []string) {
	text, _ := os.ReadFile(o.file(id)) // it is there once something was told
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "told "); ok {
			out = append(out, rest)
		}
	}
	return out
}

func (o *office) list(f outbox.Filter) []outbox.Delivery {
	o.t.Helper()
	list, err := o.box.List(o.t.Context(), f, 0, 10_000)
	require.NoError(o.t, err)
	slices.Reverse(list)
	return list
}

func (o *office) eventually(what string, ok func() bool) {
	o.t.Helper()
	require.Eventually(o.t, ok, 2*time.Minute, 10*time.Millisecond, what)
}

// settled waits until no delivery waits.
func (o *office) settled() {
	o.t.Helper()
	o.eventually("nothing waits", func() bool {
		one, err := o.box.List(o.t.Context(), outbox.Filter{State: outbox.Waiting}, 0, 1) // all would keep the database busy
		return err == nil && len(one) == 0
	})
}

func alert(id string) *wire.Alert {
	return &wire.Alert{Id: id, Rule: "r", Name: "an alert", Severity: "Warn", Priority: 3, Fields: map[string]string{"asset.owner": "netops"}}
}

func alerts(n int) (list []*wire.Alert, ids []string) {
	for i := range n {
		id := fmt.Sprintf("a%04d", i)
		list, ids = append(list, alert(id)), append(ids, id)
	}
	return list, ids
}

func TestEveryChannelIsToldInOrder(t *testing.T) {
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"], p["two"] = o.notifier("one"), o.notifier("two", "soc", "lead")
	})
	list, ids := alerts(500)
	begun := time.Now()
	o.add(list...)
	o.settled()
	t.Logf("1,500 deliveries in %v", time.Since(begun))
	assert.Equal(t, ids, o.told("one"))
	var soc, lead []string
	for _, line := range o.told("two") {
		id, target, _ := strings.Cut(line, " ")
		if target == "soc" {
			soc = append(soc, id)
		} else {
			lead = append(lead, id)
		}
	}
	assert.Equal(t, ids, soc)
	assert.Equal(t, ids, lead)
	assert.Len(t, o.list(outbox.Filter{State: outbox.Delivered}), 1500)
	// An alert that is added again, as after a crash of who raised it, is not told again.
	o.add(list[0])
	o.settled()
	assert.Len(t, o.told("one"), 500)
}

func TestLatencyCountsFromTheDecision(t *testing.T) {
	clock := newClock()
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"] = o.notifier("one")
		o.o.Now = clock.now
	})
	decided, summary := alert("decided"), alert("summary")
	decided.DecidedNs = clock.now().Add(-2 * time.Second).UnixNano()
	o.add(decided, summary)
	o.settled()
	l := o.state("one").Figures.Latency
	assert.EqualValues(t, 2, l.Count)
	assert.InDelta(t, 2, l.Sum, 0.001, "the detector decided two seconds ago; the other one was decided by none")
}

func TestWhatIsRolledBackIsNotTold(t *testing.T) {
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) { p["one"] = o.notifier("one") })
	err := o.store.Update(t.Context(), func(tx *sql.Tx) error {
		require.NoError(t, o.box.Add(t.Context(), tx, alert("never")))
		return fmt.Errorf("the alert cannot be recorded")
	})
	require.Error(t, err)
	o.add(alert("told"))
	o.settled()
	assert.Equal(t, []string{"told"}, o.told("one"))
}

func TestRoutes(t *testing.T) {
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"], p["two"] = o.notifier("one"), o.notifier("two", "soc", "lead")
		o.o.Settings.Table = route.NewTable([]route.Route{
			{Name: "owners", Match: route.Match{Fields: map[string]string{"asset.owner": "net*"}}, To: []string{"two/lead"}},
			{Name: "rest", To: []string{"one"}},
		}, nil)
	})
	own, slip, partly := alert("own"), alert("slip"), alert("partly")
	own.Channels, slip.Channels, partly.Channels = []string{"two"}, []string{"too/soc", "two/sock"}, []string{"two/soc", "nobody"}
	other := alert("other")
	other.Fields = nil
	silent := alert("silent")
	silent.Silent = true
	o.add(alert("routed"), own, slip, partly, other, silent)
	o.settled()
	assert.Equal(t, []string{"other"}, o.told("one"))
	got := o.told("two")
	slices.Sort(got)
	assert.Equal(t, []string{"own lead", "own soc", "partly soc", "routed lead", "slip lead"}, got)
	reasons := map[string]string{}
	for _, d := range o.list(outbox.Filter{State: outbox.Dead}) {
		reasons[d.Alert+" "+d.Channel] = d.Reason
	}
	assert.Equal(t, map[string]string{
		"slip too/soc": "there is no notifier too; is it two?", "slip two/sock": "notifier two has no target sock; it has soc, lead",
		"partly nobody": "there is no notifier nobody",
	}, reasons)
}

func TestReceiverDownAndBack(t *testing.T) {
	clock := newClock()
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"], p["two"] = o.notifier("one"), o.notifier("two")
		o.o.Now = clock.now
	})
	require.NoError(t, os.WriteFile(o.file("one")+".down", nil, 0o600))
	list, ids := alerts(200)
	o.add(list...)
	// The one that works is not held back.
	o.eventually("the other channel", func() bool { return len(o.told("two")) == 200 })
	tries := func() (n int) {
		for _, d := range o.list(outbox.Filter{State: outbox.Waiting, Channel: "one"}) {
			n += d.Tries
		}
		return n
	}
	for range 60 { // a minute of the clock
		clock.advance(time.Second)
		o.look()
	}
	c := o.state("one")
	assert.Equal(t, int64(200), c.Waiting)
	assert.Equal(t, "the receiver is down", c.Figures.Reason)
	n := tries()
	assert.True(t, n >= 3 && n <= 12, "a receiver that is down is asked now and then: %d times", n)
	require.NoError(t, os.Remove(o.file("one")+".down"))
	clock.advance(time.Minute)
	o.look()
	o.settled()
	got := o.told("one")
	assert.ElementsMatch(t, ids, got)
	early := 0
	for i := range got[:len(got)-1] {
		if got[i] > got[i+1] {
			early++
		}
	}
	assert.LessOrEqual(t, early, 2, "few stepped aside")
}

func (o *office) state(name string) outbox.Channel {
	o.t.Helper()
	list, err := o.box.Channels(o.t.Context())
	require.NoError(o.t, err)
	i := slices.IndexFunc(list, func(c outbox.Channel) bool { return c.Name == name })
	require.GreaterOrEqual(o.t, i, 0, "%s among %v", name, list)
	return list[i]
}

func TestOneThatCannotBeDeliveredHoldsNobodyBackForLong(t *testing.T) {
	clock := newClock()
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"] = o.notifier("one")
		o.o.Now = clock.now
	})
	later, refused := alert("later"), alert("refused")
	later.Name, refused.Name = "LATER", "REFUSE"
	o.add(alert("first"), later, alert("behind"), refused)
	o.eventually("the first try", func() bool { return o.list(outbox.Filter{Alert: "later"})[0].Tries == 1 })
	assert.Equal(t, []string{"first"}, o.told("one"))
	assert.Equal(t, "paused", o.state("one").State)
	for n := 2; n <= 5; n++ {
		clock.advance(59 * time.Second) // it asked for a minute
		o.look()
		assert.Equal(t, n-1, o.list(outbox.Filter{Alert: "later"})[0].Tries, "RetryAfter is obeyed")
		clock.advance(2 * time.Second)
		assert.Equal(t, "paused", o.state("one").State, "until a try succeeds")
		o.eventually("the next try", func() bool { return o.list(outbox.Filter{Alert: "later"})[0].Tries == n })
	}
	clock.advance(time.Minute)
	o.eventually("those behind it", func() bool { return len(o.told("one")) == 2 })
	o.eventually("a final answer", func() bool { return o.list(outbox.Filter{Alert: "refused"})[0].State == outbox.Dead })
	assert.Equal(t, "never", o.list(outbox.Filter{Alert: "refused"})[0].Reason)

	// Given up when its time is over.
	clock.advance(25 * time.Hour)
	o.settled()
	d := o.list(outbox.Filter{Alert: "later"})[0]
	assert.Equal(t, outbox.Dead, d.State)
	assert.Equal(t, "not delivered within 1d; last: in a minute", d.Reason)
}

// look has the outbox look at its clock, and gives it the time to do so.
func (o *office) look() {
	o.box.Set(o.o.Settings)
	time.Sleep(20 * time.Millisecond)
}

func TestHangingNotifier(t *testing.T) {
	clock := newClock()
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"], p["two"] = o.notifier("one"), o.notifier("two")
		o.o.Now = clock.now
		o.o.Settings.Channels = map[string]outbox.Pace{"one": {Timeout: 100 * time.Millisecond}}
	})
	for i := range 3 {
		h := alert(fmt.Sprint("hang", i))
		h.Name, h.Channels = "HANG", []string{"one"}
		o.add(h)
	}
	list, ids := alerts(20)
	o.add(list...)
	o.eventually("the other one is not held back", func() bool { return len(o.told("two")) == 20 })
	done := make(chan struct{})
	defer close(done)
	go func() { // the clock runs on, so that channels pause as long as they would, but in less time
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				clock.advance(10 * time.Second)
				o.box.Set(o.o.Settings)
			}
		}
	}()
	p, err := o.registry.Get("one")
	require.NoError(t, err)
	o.eventually("quarantine", func() bool { st, _ := p.State(); return st == plugin.Quarantined })
	_, reason := p.State()
	assert.Contains(t, reason, "10 alerts in a row were not answered, last: no answer within 100ms")
	assert.Equal(t, "quarantined", o.state("one").State)
	assert.EqualValues(t, 23, o.state("one").Waiting)
	var hanging []int64
	for _, d := range o.list(outbox.Filter{State: outbox.Waiting, Channel: "one"}) {
		if d.Name == "HANG" {
			hanging = append(hanging, d.ID)
		}
	}
	_, err = o.box.Drop(t.Context(), outbox.Selection{IDs: hanging}, "test")
	require.NoError(t, err)
	require.NoError(t, o.registry.Enable(t.Context(), "one"))
	o.settled()
	assert.Equal(t, ids, o.told("one"))
}

// TestHangingTarget: a target that never answers is cut off; the notifier goes on, in the same process, with the others.
func TestHangingTarget(t *testing.T) {
	clock := newClock()
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"] = o.notifier("one", "a", "b")
		o.o.Now = clock.now
		o.o.Settings.Channels = map[string]outbox.Pace{"one/a": {Timeout: 700 * time.Millisecond}}
	})
	to := func(target, id, name string) {
		a := alert(id)
		a.Name, a.Channels = name, []string{"one/" + target}
		o.add(a)
	}
	to("a", "hangs", "HANG")
	to("a", "waits", "fine")
	n := 0
	o.eventually("a is cut off", func() bool {
		to("b", fmt.Sprint("b", n), "fine")
		n++
		clock.advance(100 * time.Millisecond)
		o.box.Set(o.o.Settings)
		return o.state("one/a").State == "cut_off"
	})
	a := o.state("one/a")
	assert.EqualValues(t, 3, a.Figures.Unanswered)
	assert.EqualValues(t, 1, a.Figures.CutOff)
	assert.Equal(t, "no answer within 700ms", a.Reason)
	assert.GreaterOrEqual(t, a.Resume.Sub(clock.now()), 20*time.Second)
	o.eventually("b gets all", func() bool { return len(o.told("one")) == n })
	assert.Equal(t, "ready", o.state("one/b").State)
	p, err := o.registry.Get("one")
	require.NoError(t, err)
	assert.Zero(t, p.Restarts.Load())

	_, err = o.box.Drop(t.Context(), outbox.Selection{IDs: []int64{o.list(outbox.Filter{Channel: "one/a"})[0].ID}}, "test")
	require.NoError(t, err)
	tested, err := o.box.Test(t.Context(), "one/a", "test")
	require.NoError(t, err)
	require.True(t, tested[0].Delivered)
	o.settled() // although the clock stands still
	assert.Equal(t, "ready", o.state("one/a").State)
}

func TestEscalation(t *testing.T) {
	clock := newClock()
	var acknowledged sync.Map
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"], p["two"] = o.notifier("one"), o.notifier("two", "lead", "ciso")
		o.o.Now = clock.now
		o.o.Open = func(_ context.Context, _ *sql.Tx, id string) (bool, error) {
			_, done := acknowledged.Load(id)
			return !done, nil
		}
		o.o.Settings.Table = route.NewTable(
			[]route.Route{{Name: "all", To: []string{"one"}}},
			[]route.Escalation{
				{Name: "lead", Match: route.Match{Severity: []string{"Error"}}, After: 15 * time.Minute, To: []string{"two/lead"}, Repeat: 30 * time.Minute, Times: 3},
				{Name: "ciso", Match: route.Match{Severity: []string{"Error"}}, After: 2 * time.Hour, To: []string{"two/ciso"}},
			})
	})
	grave, taken, slight := alert("grave"), alert("taken"), alert("slight")
	grave.Severity, taken.Severity = "Error", "Error"
	o.add(grave, taken, slight)
	o.settled()
	assert.Empty(t, o.told("two"))
	at := func(d time.Duration) int {
		clock.advance(d)
		o.look()
		o.settled()
		return len(o.told("two"))
	}
	assert.Zero(t, at(14*time.Minute))
	acknowledged.Store("taken", true)
	clock.advance(time.Minute)
	o.eventually("the first time", func() bool { return len(o.told("two")) == 1 })
	// A host that is started again goes on where it was.
	o.stop()
	o.start()
	assert.Equal(t, 1, at(29*time.Minute))
	clock.advance(time.Minute)
	o.eventually("the second time", func() bool { return len(o.told("two")) == 2 })
	clock.advance(30 * time.Minute)
	o.eventually("the third time", func() bool { return len(o.told("two")) == 3 })
	clock.advance(45 * time.Minute)
	o.eventually("the next one", func() bool { return len(o.told("two")) == 4 })
	assert.Equal(t, 4, at(24*time.Hour))
	ids := map[string]bool{}
	for i, line := range o.told("two") {
		id, target, _ := strings.Cut(line, " ")
		ids[id] = true
		assert.Equal(t, map[bool]string{true: "lead", false: "ciso"}[i < 3], target)
	}
	assert.Len(t, ids, 4, "each has an id of its own")
	for _, d := range o.list(outbox.Filter{Kind: "escalation"}) {
		assert.Equal(t, "escalation", d.Routed)
	}
}

func TestKillsOfTheNotifier(t *testing.T) {
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) { p["one"] = o.notifier("one") })
	list, ids := alerts(200)
	p, err := o.registry.Get("one")
	require.NoError(t, err)
	for i, a := range list {
		o.add(a)
		if i%20 == 10 {
			o.eventually("a process", func() bool { return p.PID() != 0 })
			_ = syscall.Kill(p.PID(), syscall.SIGKILL) // may be gone
		}
	}
	o.settled()
	assert.Equal(t, ids, slices.Compact(slices.Sorted(slices.Values(o.told("one")))))
	t.Logf("%d told, %d processes started", len(o.told("one")), p.Restarts.Load())
}

func TestRestartWithAFullQueue(t *testing.T) {
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) { p["one"] = o.notifier("one") })
	o.stop()
	list, ids := alerts(1000)
	o.add(list...)
	require.Len(t, o.list(outbox.Filter{State: outbox.Waiting}), 1000)
	o.start()
	o.settled()
	assert.Equal(t, ids, o.told("one"))
}

func TestSwapAndDisable(t *testing.T) {
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) { p["one"] = o.notifier("one", "a") })
	list, ids := alerts(100)
	o.add(list[:50]...)
	s := o.notifier("one", "a", "b")
	s.Grant.Write = []string{o.dir}
	_, err := o.registry.Reconfigure(t.Context(), "one", s)
	require.NoError(t, err)
	o.settled()
	require.NoError(t, o.registry.Disable("one"))
	a := list[50]
	a.Channels = []string{"one/a"}
	o.add(a)
	o.eventually("it waits", func() bool { return o.state("one/a").State == "disabled" })
	assert.EqualValues(t, 1, o.state("one/a").Waiting)
	require.NoError(t, o.registry.Enable(t.Context(), "one"))
	o.settled()
	b := list[51]
	b.Channels = []string{"one"}
	o.add(b)
	o.settled()
	var got []string
	for _, line := range o.told("one") {
		if id, ok := strings.CutSuffix(line, " a"); ok {
			got = append(got, id)
		}
	}
	assert.Equal(t, ids[:52], slices.Compact(got))
	assert.Contains(t, o.told("one"), "a0051 b")
}

func TestTargetsThatWereNotKnown(t *testing.T) {
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		s := o.notifier("one", "soc", "lead")
		s.Disabled = true
		p["one"] = s
	})
	a := alert("early")
	a.Channels = []string{"one"}
	o.add(a)
	assert.EqualValues(t, 1, o.state("one").Waiting)
	require.NoError(t, o.registry.Enable(t.Context(), "one"))
	o.eventually("both are told", func() bool { return len(o.told("one")) == 2 })
	o.settled()
	assert.ElementsMatch(t, []string{"early soc", "early lead"}, o.told("one"))
	assert.Len(t, o.list(outbox.Filter{}), 2)
}

func TestLimitsRedriveAndDrop(t *testing.T) {
	clock := newClock()
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"] = o.notifier("one")
		o.o.Now = clock.now
		o.o.Settings.Limits = outbox.Limits{MaxWaiting: 15, MaxDead: 20}
	})
	require.NoError(t, o.registry.Disable("one"))
	list, ids := alerts(30)
	for _, a := range list {
		a.Channels = []string{"one"}
	}
	o.add(list...)
	clock.advance(time.Minute)
	o.eventually("the oldest are given up", func() bool { return len(o.list(outbox.Filter{State: outbox.Dead})) == 15 })
	dead := o.list(outbox.Filter{State: outbox.Dead})
	assert.Equal(t, ids[0], dead[0].Alert)
	assert.Equal(t, "more than 15 wait for the channel", dead[0].Reason)
	n, err := o.box.Redrive(t.Context(), outbox.Selection{IDs: []int64{dead[14].ID}, DryRun: true}, "test")
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)
	n, err = o.box.Drop(t.Context(), outbox.Selection{IDs: []int64{dead[0].ID}}, "test")
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)
	require.NoError(t, o.registry.Enable(t.Context(), "one"))
	o.settled()
	assert.Equal(t, ids[15:], o.told("one"))
	n, err = o.box.Redrive(t.Context(), outbox.Selection{Filter: outbox.Filter{Channel: "one"}}, "test")
	require.NoError(t, err)
	assert.EqualValues(t, 14, n)
	clock.advance(time.Minute)
	o.settled()
	assert.Len(t, o.told("one"), 29)
	d, err := o.box.Get(t.Context(), dead[1].ID)
	require.NoError(t, err)
	assert.Equal(t, outbox.Delivered, d.State)
	_, err = o.box.Get(t.Context(), dead[0].ID)
	require.ErrorIs(t, err, outbox.ErrUnknown)

	// What was delivered is forgotten after a week.
	clock.advance(8 * 24 * time.Hour)
	o.eventually("forgotten", func() bool { return len(o.list(outbox.Filter{})) == 0 })
}

func TestChannelTest(t *testing.T) {
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"], p["two"] = o.notifier("one"), o.notifier("two", "soc", "lead")
	})
	got, err := o.box.Test(t.Context(), "two", "alice")
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.True(t, got[0].Delivered)
	assert.Equal(t, []string{got[0].Alert + " soc", got[1].Alert + " lead"}, o.told("two"))
	require.NoError(t, os.WriteFile(o.file("one")+".down", nil, 0o600))
	got, err = o.box.Test(t.Context(), "one", "alice")
	require.NoError(t, err)
	assert.False(t, got[0].Delivered)
	assert.Equal(t, "the receiver is down", got[0].Reason)
	_, err = o.box.Test(t.Context(), "two/sock", "alice")
	require.ErrorIs(t, err, outbox.ErrNoChannel)
	assert.ErrorContains(t, err, "it has soc, lead")
}
