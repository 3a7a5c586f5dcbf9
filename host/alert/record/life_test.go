package record_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

func verdict(v record.Verdict) func(*record.Request) {
	return func(q *record.Request) { q.Verdict = v }
}

func assignee(who string) func(*record.Request) {
	return func(q *record.Request) { q.Assignee = who }
}

// The state machine: what each action does in each state.
func TestStates(t *testing.T) {
	type step struct {
		action record.Action
		change func(*record.Request)
	}
	ack, toBob, toNobody := step{record.Acknowledge, nil}, step{record.Assign, assignee("bob")}, step{record.Assign, nil}
	closeTrue, closeFalse := step{record.Close, verdict(record.TruePositive)}, step{record.Close, verdict(record.FalsePositive)}
	reopen, note := step{record.Reopen, nil}, step{record.Note, func(q *record.Request) { q.Note = "n" }}
	for _, c := range []struct {
		name    string
		steps   []step
		state   record.State
		verdict record.Verdict
		who     string
		log     string
		refused string // the last step is, for this
	}{
		{"raised", nil, record.Open, "", "", "raised", ""},
		{"acknowledged", []step{ack}, record.Acknowledged, "", "", "raised acknowledged", ""},
		{"acknowledged twice", []step{ack, ack}, record.Acknowledged, "", "", "raised acknowledged", ""},
		{"assigned", []step{toBob}, record.Open, "", "bob", "raised assigned:bob", ""},
		{"assigned to the same", []step{toBob, toBob}, record.Open, "", "bob", "raised assigned:bob", ""},
		{"given back", []step{toBob, ack, toNobody}, record.Acknowledged, "", "", "raised assigned:bob acknowledged assigned:", ""},
		{"closed at once", []step{closeTrue}, record.Closed, record.TruePositive, "", "raised closed:true_positive", ""},
		{"closed", []step{ack, closeFalse}, record.Closed, record.FalsePositive, "", "raised acknowledged closed:false_positive", ""},
		{"closed twice", []step{closeTrue, closeTrue}, record.Closed, record.TruePositive, "", "raised closed:true_positive", ""},
		{"judged anew", []step{closeTrue, closeFalse}, record.Closed, record.FalsePositive, "", "raised closed:true_positive closed:false_positive", ""},
		{"reopened", []step{closeTrue, reopen}, record.Open, "", "", "raised closed:true_positive reopened", ""},
		{"reopened while open", []step{ack, reopen}, record.Acknowledged, "", "", "raised acknowledged", ""},
		{"reopened and acknowledged", []step{closeTrue, reopen, ack}, record.Acknowledged, "", "", "raised closed:true_positive reopened acknowledged", ""},
		{"noted", []step{note, note, closeTrue, note}, record.Closed, record.TruePositive, "", "raised noted noted closed:true_positive noted", ""},
		{"acknowledged behind closing", []step{closeTrue, ack}, record.Closed, record.TruePositive, "", "raised closed:true_positive", "is closed: reopen it first"},
		{"assigned behind closing", []step{closeTrue, toBob}, record.Closed, record.TruePositive, "", "raised closed:true_positive", "is closed: reopen it first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			a := raised("brute", "alice", 1)
			f.raise(a)
			for i, s := range c.steps {
				err := f.act(s.action, s.change, a.Id)
				if c.refused != "" && i == len(c.steps)-1 {
					require.ErrorIs(t, err, record.ErrState)
					require.ErrorContains(t, err, c.refused)
					continue
				}
				require.NoError(t, err)
			}
			d := f.show(a.Id)
			assert.Equal(t, c.state, d.State)
			assert.Equal(t, c.verdict, d.Verdict)
			assert.Equal(t, c.who, d.Assignee)
			assert.Equal(t, c.state == record.Closed, !d.Closed.IsZero())
			var log []string
			for _, l := range d.Log {
				text := l.What
				if l.What == record.ChangeAssigned || l.Value != "" {
					text += ":" + l.Value
				}
				log = append(log, text)
				if l.What != record.ChangeRaised {
					assert.Equal(t, "alice", l.By)
				}
			}
			assert.Equal(t, c.log, strings.Join(log, " "))
		})
	}
}

func TestRequestsAreChecked(t *testing.T) {
	f := newFixture(t)
	a := raised("brute", "alice", 1)
	f.raise(a)
	for want, q := range map[string]record.Request{
		"name 1 to 1000 alerts, not 0":                    {Action: record.Acknowledge},
		"there is no action \"burn\"":                     {Action: "burn", IDs: []string{a.Id}},
		"who closes an alert says how it was judged":      {Action: record.Close, IDs: []string{a.Id}},
		"verdict \"maybe\"":                               {Action: record.Close, IDs: []string{a.Id}, Verdict: "maybe"},
		"a verdict belongs to the action close":           {Action: record.Note, IDs: []string{a.Id}, Verdict: record.Benign, Note: "x"},
		"an assignee belongs to the action assign":        {Action: record.Acknowledge, IDs: []string{a.Id}, Assignee: "bob"},
		"the note is empty":                               {Action: record.Note, IDs: []string{a.Id}, Note: " \n"},
		"the note has 9000 bytes, 8192 are possible":      {Action: record.Note, IDs: []string{a.Id}, Note: strings.Repeat("x", 9000)},
		"the name of the assignee has 200 bytes, 128 are": {Action: record.Assign, IDs: []string{a.Id}, Assignee: strings.Repeat("x", 200)},
	} {
		_, err := f.Act(t.Context(), store.Everything(), q)
		require.ErrorIs(t, err, record.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
	require.ErrorIs(t, f.act(record.Acknowledge, nil, a.Id, "nobody"), record.ErrNotFound)
	assert.Equal(t, record.Open, f.show(a.Id).State, "all or none")
	require.NoError(t, f.act(record.Acknowledge, nil, a.Id, a.Id))
}

// Escalation asks within a transaction of its own whether somebody has taken an alert up, and notes what it did.
func TestUnacknowledged(t *testing.T) {
	f := newFixture(t)
	a, repeat := raised("brute", "alice", 1), raised("brute", "alice", 2)
	f.raise(a, repeat)
	escalate := func(id string) (ok bool) {
		require.NoError(t, f.db.Update(t.Context(), func(tx *sql.Tx) (err error) {
			if ok, err = record.Unacknowledged(t.Context(), tx, id); err == nil && ok {
				err = record.Escalated(t.Context(), tx, id, "mail/boss", f.clock.Now())
			}
			return err
		}))
		return ok
	}
	assert.True(t, escalate(a.Id))
	assert.False(t, escalate(repeat.Id), "its first one is")
	assert.False(t, escalate("gone"))
	require.NoError(t, f.act(record.Acknowledge, nil, a.Id))
	assert.False(t, escalate(a.Id))
	b := raised("brute", "bob", 1)
	f.raise(b, recovery(b.Id, 9))
	assert.False(t, escalate(b.Id), "it is over")
	log := f.show(a.Id).Log
	assert.Equal(t, record.ChangeEscalated, log[2].What)
	assert.Equal(t, "mail/boss", log[2].Value)
}

func TestFiltersAndPages(t *testing.T) {
	f := newFixture(t)
	var all []string
	for n := range 30 {
		a := raised([]string{"brute", "scan"}[n%2], fmt.Sprint("user", n), n)
		a.Severity = []string{"Warn", "Error", "Fatal"}[n%3]
		if n%5 == 0 {
			a.Fields["observer.name"], a.Fields["rule.id"], a.Tags = "waf02", "920350", append(a.Tags, "web")
		}
		f.raise(a)
		f.clock.pass(time.Minute)
		all = append(all, a.Id)
	}
	slices.Reverse(all) // n is 29 - index
	pick := func(keep func(n int) bool) (out []string) {
		for i, id := range all {
			if keep(29 - i) {
				out = append(out, id)
			}
		}
		return out
	}
	require.NoError(t, f.act(record.Acknowledge, nil, all[0]))
	require.NoError(t, f.act(record.Assign, assignee("bob"), all[1]))
	require.NoError(t, f.act(record.Close, verdict(record.Benign), all[2]))
	for name, c := range map[string]struct {
		filter record.Filter
		keep   func(n int) bool
	}{
		"all":          {record.Filter{}, func(int) bool { return true }},
		"time":         {record.Filter{From: noon.Add(5 * time.Minute), To: noon.Add(9 * time.Minute)}, func(n int) bool { return n >= 5 && n < 9 }},
		"severity":     {record.Filter{Severities: []string{"Error", "Fatal"}}, func(n int) bool { return n%3 > 0 }},
		"rule":         {record.Filter{Rules: []string{"scan"}}, func(n int) bool { return n%2 == 1 }},
		"key":          {record.Filter{Keys: map[string]string{"user.name": "user7"}}, func(n int) bool { return n == 7 }},
		"tag":          {record.Filter{Tags: []string{"web", "attack.t1110.001"}}, func(n int) bool { return n%5 == 0 }},
		"device":       {record.Filter{Devices: []string{"waf02", "waf03"}}, func(n int) bool { return n%5 == 0 }},
		"device rule":  {record.Filter{DeviceRule: "920350"}, func(n int) bool { return n%5 == 0 }},
		"text":         {record.Filter{Text: "暴力破解 OF User1"}, func(n int) bool { return n == 1 || n >= 10 && n < 20 }},
		"open":         {record.Filter{States: []record.State{record.Open}}, func(n int) bool { return n != 29 && n != 27 }},
		"closed":       {record.Filter{States: []record.State{record.Closed}, Verdicts: []record.Verdict{record.Benign}}, func(n int) bool { return n == 27 }},
		"assignee":     {record.Filter{Assignee: "bob"}, func(n int) bool { return n == 28 }},
		"nobody's":     {record.Filter{Assignee: "-"}, func(n int) bool { return n != 28 }},
		"held":         {record.Filter{Held: "storm"}, func(int) bool { return false }},
		"all together": {record.Filter{Rules: []string{"brute"}, Severities: []string{"Warn"}, Tags: []string{"web"}}, func(n int) bool { return n == 0 }},
		"another kind": {record.Filter{Kinds: []string{"summary"}}, func(int) bool { return false }},
		"every kind":   {record.Filter{Kinds: []string{"all"}}, func(int) bool { return true }},
	} {
		assert.Equal(t, pick(c.keep), f.pages(c.filter, 7), name)
	}
	page, err := f.List(t.Context(), store.Everything(), record.Filter{}, "", 10)
	require.NoError(t, err)
	f.raise(raised("late", "x", 1))
	next, err := f.List(t.Context(), store.Everything(), record.Filter{}, page.Cursor, 1000)
	require.NoError(t, err)
	require.Len(t, next.Alerts, 20, "what came meanwhile is not in it")
	require.Empty(t, next.Cursor)
	for want, filter := range map[string]record.Filter{
		"severity \"High\"": {Severities: []string{"High"}}, "state \"new\"": {States: []record.State{"new"}},
		"verdict \"bad\"": {Verdicts: []record.Verdict{"bad"}}, "is not before": {From: noon, To: noon},
	} {
		_, err := f.List(t.Context(), store.Everything(), filter, "", 1)
		require.ErrorIs(t, err, record.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
}

func TestRates(t *testing.T) {
	f := newFixture(t)
	judge := func(rule string, n int, v record.Verdict, device string) {
		a := raised(rule, fmt.Sprint("user", n), n)
		a.Fields["observer.name"] = device
		f.raise(a, raised(rule, fmt.Sprint("user", n), n+1000)) // and a repeat
		if v != "" {
			require.NoError(t, f.act(record.Close, verdict(v), a.Id))
		}
	}
	for n, v := range []record.Verdict{record.TruePositive, record.TruePositive, record.TruePositive, record.FalsePositive, record.Benign, ""} {
		judge("brute", n, v, "waf01")
	}
	judge("scan", 10, record.FalsePositive, "waf02")
	miss := record.Missed{Time: noon.Add(-time.Hour), Device: "waf01", Dataset: "acme.waf", Rule: "brute", DeviceRule: "942100", Description: "SQL injection in a cookie", EventIDs: []string{eventID(3)}}
	kept, err := f.Miss(t.Context(), store.Everything(), miss, "alice")
	require.NoError(t, err)
	_, err = f.Miss(t.Context(), store.Everything(), record.Missed{Time: noon.Add(-48 * time.Hour), Device: "waf03", Description: "before"}, "alice")
	require.NoError(t, err)

	rates, err := f.Rates(t.Context(), store.Everything(), record.ByRule, noon.Add(-2*time.Hour), noon.Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, rates, 2)
	third, quarter, one := 1.0/5, 1.0/4, 1.0
	assert.Equal(t, record.Rate{
		Rule: "brute", Alerts: 6, Repeats: 6, TruePositives: 3, FalsePositives: 1, Benign: 1, Unjudged: 1, Missed: 1,
		FalsePositiveRate: &third, FalseNegativeRate: &quarter,
	}, rates[0])
	assert.Equal(t, record.Rate{Rule: "scan", Alerts: 1, Repeats: 1, FalsePositives: 1, FalsePositiveRate: &one}, rates[1])
	byDevice, err := f.Rates(t.Context(), store.Everything(), record.ByDevice, time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Len(t, byDevice, 3)
	assert.Equal(t, "waf03", byDevice[2].Device)
	assert.InDelta(t, 1, *byDevice[2].FalseNegativeRate, 0)
	assert.Nil(t, byDevice[2].FalsePositiveRate)
	byWAF, err := f.Rates(t.Context(), store.Everything(), record.ByDeviceRule, time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Len(t, byWAF, 1)
	assert.Equal(t, "942100", byWAF[0].DeviceRule)
	assert.EqualValues(t, 7, byWAF[0].Alerts)
	assert.EqualValues(t, 1, byWAF[0].Missed)

	require.NoError(t, f.Forgive(t.Context(), store.Everything(), kept.ID))
	require.ErrorIs(t, f.Forgive(t.Context(), store.Everything(), kept.ID), record.ErrNotFound)
	left, err := f.Misses(t.Context(), store.Everything(), time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Len(t, left, 1)
	for want, m := range map[string]record.Missed{
		"time is missing": {Device: "d", Description: "x"}, "has not come yet": {Time: noon.Add(time.Hour), Device: "d", Description: "x"},
		"device is missing": {Time: noon, Description: "x"}, "description is missing": {Time: noon, Device: "d"},
		"event_ids": {Time: noon, Device: "d", Description: "x", EventIDs: []string{"?"}},
	} {
		_, err := f.Miss(t.Context(), store.Everything(), m, "alice")
		require.ErrorIs(t, err, record.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
}

func TestCases(t *testing.T) {
	f, ctx, all := newFixture(t), t.Context(), store.Everything()
	a, b, c := raised("brute", "alice", 3), raised("brute", "bob", 1), raised("scan", "carol", 2)
	f.raise(a, b, c)
	made, err := f.CreateCase(ctx, all, " stolen account ", "alice", "by the VPN", []string{a.Id, b.Id}, "alice")
	require.NoError(t, err)
	require.Equal(t, "stolen account", made.Title)
	require.Equal(t, []string{b.Id, a.Id}, []string{made.Members[0].ID, made.Members[1].ID}, "by the time of their events")
	act := func(q record.CaseRequest) (*record.CaseDetail, error) {
		q.By = "bob"
		f.clock.pass(time.Minute)
		return f.ActOnCase(ctx, all, made.ID, q)
	}
	for _, q := range []record.CaseRequest{
		{Action: record.Add, IDs: []string{c.Id, a.Id}},
		{Action: record.Remove, IDs: []string{b.Id}},
		{Action: record.Assign, Owner: "bob"},
		{Action: record.Note, Note: "the user was on leave"},
		{Action: record.Close, Note: "locked"},
		{Action: record.Close},
	} {
		_, err := act(q)
		require.NoError(t, err)
	}
	require.NoError(t, f.act(record.Close, verdict(record.TruePositive), a.Id))
	_, err = act(record.CaseRequest{Action: record.Add, IDs: []string{b.Id}})
	require.ErrorIs(t, err, record.ErrState)
	one, err := f.Case(ctx, all, made.ID)
	require.NoError(t, err)
	assert.Equal(t, record.Closed, one.State)
	assert.Equal(t, "bob", one.Owner)
	assert.EqualValues(t, 2, one.Alerts)
	assert.Equal(t, []int64{made.ID}, f.show(a.Id).Cases)
	assert.Empty(t, f.show(b.Id).Cases)
	var line []string
	for _, l := range one.Timeline {
		line = append(line, l.What)
	}
	assert.Equal(t, "raised raised created added added added removed assigned noted closed closed", strings.Join(line, " "), "of the case and of its alerts")
	_, err = act(record.CaseRequest{Action: record.Reopen})
	require.NoError(t, err)
	other, err := f.CreateCase(ctx, all, "another", "", "", nil, "alice")
	require.NoError(t, err)
	list, err := f.Cases(ctx, all, record.Open, "", 0)
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, other.ID, list[0].ID)
	list, err = f.Cases(ctx, all, "", "bob", 0)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, []string{c.Id, a.Id}, f.list(record.Filter{Case: made.ID}))
	for want, q := range map[string]record.CaseRequest{
		"no action": {Action: "burn"}, "add and remove name alerts": {Action: record.Add}, "an owner belongs": {Action: record.Close, Owner: "x"}, "the note is empty": {Action: record.Note},
	} {
		_, err := act(q)
		require.ErrorIs(t, err, record.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
	_, err = f.Case(ctx, all, 99)
	require.ErrorIs(t, err, record.ErrNotFound)
}

// Who follows gets every change once and in order, also across two connections.
func TestFollow(t *testing.T) {
	f := newFixture(t, func(o *record.Options) { o.PerRule, o.Together = -1, -1 })
	f.raise(raised("before", "x", 1))
	type seen struct {
		id   int64
		what string
	}
	follow := func(after int64, filter record.Filter, most int) (out []seen, last int64, gaps int) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_ = f.Follow(ctx, store.Everything(), filter, after, func() error { gaps++; return nil }, func(c *record.Followed, at int64) error {
			last = at
			if c != nil {
				out = append(out, seen{c.Change.ID, c.Alert.Rule + " " + c.Change.What})
			}
			if len(out) == most {
				return context.Canceled
			}
			return nil
		})
		return out, last, gaps
	}
	begun := make(chan struct{})
	type result struct {
		out  []seen
		last int64
	}
	done := make(chan result)
	go func() {
		close(begun)
		out, last, _ := follow(1, record.Filter{}, 1200)
		done <- result{out, last}
	}()
	<-begun
	for n := range 24 {
		var batch []*wire.Alert
		for i := range 50 {
			batch = append(batch, raised("r", fmt.Sprint(n*50+i), n))
		}
		f.raise(batch...)
	}
	first := <-done
	require.Len(t, first.out, 1200)
	for i, s := range first.out {
		require.Equal(t, seen{int64(i + 2), "r raised"}, s)
	}
	a := raised("s", "x", 1)
	f.raise(a)
	require.NoError(t, f.act(record.Acknowledge, nil, a.Id))
	again, _, gaps := follow(first.last, record.Filter{Rules: []string{"s"}}, 2)
	require.Equal(t, []seen{{1202, "s raised"}, {1203, "s acknowledged"}}, again)
	require.Zero(t, gaps)

	require.NoError(t, f.act(record.Close, verdict(record.Benign), f.list(record.Filter{Rules: []string{"before"}})[0]))
	f.clock.pass(4 * 365 * 24 * time.Hour)
	n, err := f.Expire(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n, "only what is closed goes")
	_, _, gaps = follow(900, record.Filter{Rules: []string{"s"}}, 2)
	require.Equal(t, 1, gaps, "changes are missing behind it")

	ended := make(chan error)
	go func() {
		ended <- f.Follow(t.Context(), store.Everything(), record.Filter{}, 0, nil, func(*record.Followed, int64) error { return nil })
	}()
	f.EndFollows()
	require.NoError(t, <-ended)
}

func TestRetention(t *testing.T) {
	f := newFixture(t, func(o *record.Options) { o.Keep, o.MaxAlerts, o.PerRule, o.Together = 24*time.Hour, 1000, -1, -1 })
	old, inCase, open := raised("r", "old", 1), raised("r", "in a case", 1), raised("r", "open", 1)
	f.raise(old, inCase, open, raised("r", "open", 2))
	require.NoError(t, f.act(record.Close, verdict(record.Benign), old.Id, inCase.Id))
	c, err := f.CreateCase(t.Context(), store.Everything(), "c", "", "", []string{inCase.Id}, "alice")
	require.NoError(t, err)
	f.clock.pass(25 * time.Hour)
	n, err := f.Expire(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Equal(t, []string{open.Id, inCase.Id}, f.list(record.Filter{}))
	require.Len(t, f.show(open.Id).Again, 1, "repeats of what is open stay")
	_, err = f.ActOnCase(t.Context(), store.Everything(), c.ID, record.CaseRequest{Action: record.Close})
	require.NoError(t, err)
	f.clock.pass(25 * time.Hour)
	n, err = f.Expire(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	_, err = f.Case(t.Context(), store.Everything(), c.ID)
	require.ErrorIs(t, err, record.ErrNotFound)

	var batch []*wire.Alert
	for i := range 1200 {
		batch = append(batch, raised("more", fmt.Sprint(i), i))
	}
	f.raise(batch...)
	n, err = f.Expire(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 202, n)
	s, err := f.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 204, s.Removed)
	require.Len(t, f.list(record.Filter{Repeats: true}), 1000)
}
