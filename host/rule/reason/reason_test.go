package reason_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/reason"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/storetest"
	document "github.com/logcenter/logcenter/sdk/rule"
)

var begun = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// stored are events, and what was asked for last.
type stored struct {
	events []storetest.Event
	err    error
	asked  store.ScanRequest
}

func (s *stored) Scan(_ context.Context, _ store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	s.asked = r
	return func(yield func(store.ScanBatch, error) bool) {
		b, err := storetest.Batch(7, s.events)
		yield(store.ScanBatch{Batch: b}, errors.Join(err, s.err))
	}
}

// at is an event so many minutes behind begun.
func at(minutes int, message string, fields storetest.Event) storetest.Event {
	e := storetest.Event{"@timestamp": begun.Add(time.Duration(minutes) * time.Minute), "message": message}
	for name, v := range fields {
		e[name] = v
	}
	return e
}

// ids are those of the first n stored events.
func ids(n int) (list []string) {
	for i := range n {
		list = append(list, store.EventID{Journal: storetest.Journal, Position: store.Position(7, uint16(i), 0)}.String())
	}
	return list
}

func read(t *testing.T, text string) *document.Rule {
	t.Helper()
	docs, err := rule.Read("r.yaml", []byte(text))
	require.NoError(t, err)
	return &docs[0].Rule
}

const sequence = `
id: s
name: Denied, then let in
type: sequence
group_by: [source.ip]
window: 10m
steps:
  - {query: 'event.action:deny', count: 2}
  - {query: 'event.action:allow', without: 'event.action:reset'}
`

func TestEventsAndTheirParts(t *testing.T) {
	st := &stored{events: []storetest.Event{ // not in the order of their times
		at(5, "let in", storetest.Event{"event.action": "allow", "source.ip": "192.0.2.7"}),
		at(1, "first", storetest.Event{"event.action": "deny", "source.ip": "192.0.2.7"}),
		at(3, "second", storetest.Event{"event.action": "deny", "source.ip": "192.0.2.7"}),
	}}
	a := reason.Alert{ID: "x", Rule: "s", Keys: map[string]string{"source.ip": "192.0.2.7"}, EventIDs: ids(3), Events: 3, First: begun.Add(time.Minute), Last: begun.Add(5 * time.Minute)}
	r, err := reason.Of(t.Context(), st, store.Everything(), a, read(t, sequence))
	require.NoError(t, err)
	var messages []string
	for _, e := range r.Events {
		messages = append(messages, e.Message)
		assert.Equal(t, a.Keys, e.Keys)
	}
	assert.Equal(t, []string{"first", "second", "let in"}, messages)
	assert.Equal(t, ids(3)[0], r.Events[2].ID)
	assert.Equal(t, []string{"steps[1].query"}, r.Events[2].Parts)
	matched := map[string]int{}
	for _, p := range r.Parts {
		matched[p.Name] = p.Matched
		assert.Equal(t, p.Name == "steps[1].without", p.Without, p.Name)
	}
	assert.Equal(t, map[string]int{"steps[0].query": 2, "steps[1].query": 1, "steps[1].without": 0}, matched)
	assert.Equal(t, []string{"events of all 2 steps of the same source.ip within 10m, in this order", "steps[0]: 2 events", "steps[1]: without an event of event.action:reset before it"}, r.Wanted)
	assert.Equal(t, []string{"all steps within 4m", "steps[0].query: 2 events", "steps[1].query: 1 event"}, r.Found)
	assert.Empty(t, r.Notes)
	assert.True(t, st.asked.Selection.From.Before(a.First), "a clock may be behind")
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	one := []storetest.Event{at(0, "x", nil)}
	for name, tt := range map[string]struct {
		alert reason.Alert
		rule  string
		want  []string
	}{
		"events that are gone":   {reason.Alert{EventIDs: ids(3), Events: 3}, sequence, []string{"2 of 3 events are not in the store any more, or you may not see them"}},
		"more than are known":    {reason.Alert{EventIDs: ids(1), Events: 500}, sequence, []string{"of 500 events behind it the newest 1 are remembered"}},
		"no events":              {reason.Alert{}, sequence, []string{"no event is behind it"}},
		"no ids":                 {reason.Alert{EventIDs: []string{"?"}, Events: 1}, sequence, []string{`"?" is no id of an event`}},
		"a rule that is unknown": {reason.Alert{Rule: "gone", EventIDs: ids(1)}, "", []string{"rule gone is not one of the host's, so that nothing is known of what it wants"}},
		"a recovery":             {reason.Alert{Kind: "recovery", Recovers: "a1"}, sequence, []string{"this says that alert a1 is over", "no event is behind it"}},
	} {
		t.Run(name, func(t *testing.T) {
			var r *document.Rule
			if tt.rule != "" {
				r = read(t, tt.rule)
			}
			tt.alert.First = begun
			got, err := reason.Of(t.Context(), &stored{events: one}, store.Everything(), tt.alert, r)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.Notes)
		})
	}
	_, err := reason.Of(t.Context(), &stored{events: one, err: errors.New("disk is broken")}, store.Everything(), reason.Alert{EventIDs: ids(1)}, nil)
	require.ErrorContains(t, err, "disk is broken")
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		rule   string
		alert  reason.Alert
		wanted string
		found  []string
	}{
		{
			"{id: r, name: R, query: a, group_by: [user.name], threshold: 4, window: 2m}",
			reason.Alert{Events: 7, Last: begun.Add(90 * time.Second)},
			"events of the same user.name within 2m: more than 4",
			[]string{"7 events within 1m30s", "without 3 of them it would not have been raised"},
		},
		{
			"{id: r, name: R, query: a, aggregate: avg, field: event.duration, threshold: 9, compare: below, window: 1h}",
			reason.Alert{Events: 3, Last: begun.Add(time.Hour), Fields: map[string]string{"avg of event.duration": "8.5"}},
			"the average of event.duration over events within 1h: less than 9",
			[]string{"avg of event.duration is 8.5", "3 events within 1h"},
		},
		{
			"{id: r, name: R, type: absence, group_by: [user.name], window: 30m, before: 5m, steps: [{query: a}, {query: b}]}",
			reason.Alert{Last: begun},
			"an event of steps[0] of the same user.name, and none of steps[1] within 30m behind it, or up to 5m before it",
			[]string{"the event of steps[0] was at 2026-11-30T08:00:00Z; until 2026-11-30T08:30:00Z an event of steps[1] would have been needed"},
		},
		{
			"{id: r, name: R, type: silence, query: a, group_by: [host.name], window: 15m}",
			reason.Alert{Last: begun},
			"no event of the same host.name for 15m, after there were some",
			[]string{"the last event was at 2026-11-30T08:00:00Z; until 2026-11-30T08:15:00Z another one would have been needed"},
		},
		{
			"{id: r, name: R, type: new_value, query: a, group_by: [user.name], values: [source.ip], learn: 24h}",
			reason.Alert{Last: begun, Keys: map[string]string{"source.ip": "192.0.2.7"}},
			"an event with values of source.ip of the same user.name that were not seen before, once it has learnt for 1d",
			[]string{`source.ip is "192.0.2.7"`},
		},
		{
			"{id: r, name: R, type: deviation, query: a, window: 1h, compare: both}",
			reason.Alert{Last: begun, Fields: map[string]string{"usual": "3.0", "deviations": "9.1", "other": "x"}},
			"a count within 1h that is 4 standard deviations or more off what is usual for the hour of the week",
			[]string{"deviations: 9.1", "usual: 3.0"},
		},
	} {
		tt.alert.First = begun
		got, err := reason.Of(t.Context(), &stored{}, store.Everything(), tt.alert, read(t, tt.rule))
		require.NoError(t, err)
		assert.Contains(t, got.Wanted, tt.wanted)
		assert.Equal(t, tt.found, got.Found, tt.rule)
	}
}
