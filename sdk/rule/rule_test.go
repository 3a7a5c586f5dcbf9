package rule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/document"
	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
)

// read decodes rules as a file has them.
func read(text string) ([]rule.Rule, error) {
	docs, err := document.Read("rules.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	var list rule.List
	if len(docs) != 1 {
		return nil, nil
	}
	err = docs[0].Decode(&list)
	return list.Rules, err
}

func TestDefaults(t *testing.T) {
	rules, err := read(`rules:
  - id: vpn-guessing
    name: Password guessing at the VPN
    query: event.dataset:dptech.vpn AND event.outcome:failure
    group_by: [source.ip]
  - {id: silent, name: Silent, type: silence, query: '*', window: 15m, frequency: 1m}
`)
	require.NoError(t, err)
	require.Len(t, rules, 2)
	assert.Equal(t, "frequency", rules[0].Type)
	assert.InDelta(t, 20, rules[0].Threshold, 0)
	assert.Equal(t, time.Duration(0), rules[0].Period())
	assert.Equal(t, time.Minute, rules[1].Period())
}

// Each bad rule stands in line 2; the key that is wrong is named.
func TestErrors(t *testing.T) {
	step := "{query: a}, {query: b}"
	for _, tt := range []struct{ name, rule, want string }{
		{"a key nobody knows", "query: a, treshold: 5", `treshold: unknown key (did you mean "threshold"?)`},
		{"no id", "-", "id: is required"},
		{"a bad id", "id: a b, query: a", `id: "a b" is no id`},
		{"twice", "query: a}\n  - {id: r, name: R, query: a", `rules.yaml:3:10: rules[1].id: "r" is used twice (the first is rules[0])`},
		{"no query", "type: keyword", "query: is required"},
		{"a bad query", "query: a AND", "query: column"},
		{"a bad query of a step", "type: sequence, steps: [{query: a}, {query: '('}]", "steps[1].query: column"},
		{"a query beside steps", "query: a, type: sequence, steps: [" + step + "]", "query: sequence rules have a query in each of their steps"},
		{"steps where there are none", "query: a, steps: [" + step + "]", "steps: frequency rules have none"},
		{"an absence of three", "type: absence, steps: [" + step + ", {query: c}]", "steps: an absence rule has two"},
		{"a sequence of one", "type: sequence, steps: [{query: a}]", "steps: a sequence has 2 to 8, not 1"},
		{"steps tied unlike", "type: sequence, steps: [{query: a, by: [source.ip]}, {query: b, by: [source.ip, user.name]}]", "steps[1].by: has 2 fields where 1 tie the steps together"},
		{"waits for what must not come", "type: sequence, steps: [{query: a}, {query: b, without: b}]", "steps[1].without: is what a step beside it waits for"},
		{"without before the first", "type: sequence, steps: [{query: a, without: c}, {query: b}]", "steps[0].without: nothing is before the first step"},
		{"too long a chain", "type: sequence, steps: [{query: a, count: 40}, {query: b, count: 40}]", "steps: all counts together are 80; 64 is the most"},
		{"a window of nothing", "query: a, window: 0s", "window: \"0s\" is out of bounds"},
		{"a window that is no duration", "query: a, window: ten", "window: "},
		{"windows that do not make up a day", "query: a, type: deviation, window: 7h", "window: windows of 7h do not make up a day"},
		{"half a count", "query: a, threshold: 2.5", "threshold: a count has a whole number from 1 to 100000, not 2.5"},
		{"none is too many", "query: a, threshold: 0", "threshold: a count has a whole number"},
		{"a sum of nothing", "query: a, aggregate: sum", "field: an aggregate other than count has one"},
		{"below for a count", "query: a, compare: below", "compare: every window starts with a single event"},
		{"both for a count", "query: a, compare: both", "compare: both is for deviation rules"},
		{"values where nothing is new", "query: a, values: [user.name]", "values: a new_value rule has some"},
		{"recovery of a keyword", "query: a, type: keyword, recovery: true", "recovery: a keyword rule does not know when it is over (ends is the query of the event that says so)"},
		{"recovery of a sequence", "type: sequence, recovery: true, group_by: [a], steps: [{query: b}, {query: c}]", "recovery: what a sequence alert was about is never over"},
		{"an end that nobody is told of", "query: a, type: keyword, ends: b", "ends: says when a keyword rule with recovery: true is over, and no other"},
		{"an end that cannot be read", "query: a, type: keyword, recovery: true, ends: '('", "ends: "},
		{"a period for what streams", "query: a, frequency: 5m", "frequency: frequency rules fire on the event that completes them"},
		{"a period that is none", "query: a, type: silence, frequency: often", `frequency: "often" is neither continuous nor a duration`},
		{"a period that does not divide the day", "query: a, type: silence, frequency: 7m", "frequency: periods of 7m do not make up a day"},
		{"no severity", "query: a, severity: Critical", `severity: "Critical" is not allowed`},
		{"a technique that is none", "query: a, tags: [attack.t11]", `tags[0]: "attack.t11" is nothing of ATT&CK`},
		{"a tactic misspelt", "query: a, tags: [attack.credential_acces]", `did you mean "attack.credential-access"?`},
		{"a channel that is none", "query: a, channels: ['smtp/']", `channels[0]: "smtp/" is no channel`},
		{"an exception without a reason", "query: a, exceptions: [{query: b, author: li.na}]", "exceptions[0].reason: is required"},
		{"an exception until never", "query: a, exceptions: [{query: b, author: li.na, reason: c, until: tomorrow}]", `exceptions[0].until: "tomorrow" is no time`},
		{"an exception that cannot be read", "query: a, exceptions: [{query: 'b OR', author: li.na, reason: c}]", "exceptions[0].query: column"},
		{"a zone nobody knows", "query: a, schedule: {timezone: Mars/Base}", `schedule.timezone: "Mars/Base" is no time zone`},
		{"a day nobody knows", "query: a, schedule: {days: [friday]}", `schedule.days[0]: "friday" is not allowed (one of mon`},
		{"hours of nothing", "query: a, schedule: {from: '09:00', to: '09:00'}", "schedule.to: 09:00 to 09:00 is no time"},
		{"a holiday that is none", "query: a, schedule: {holidays: [2026-13-01]}", `schedule.holidays[0]: "2026-13-01" is no day`},
		{"maintenance backwards", "query: a, schedule: {maintenance: [{from: '2026-10-02T10:00', to: '2026-10-01T10:00', reason: x}]}", "schedule.maintenance[0].to: is not behind from"},
		{"an event of both", "query: a, examples: [{name: e, events: [{line: a, fields: {x: 1}}]}]", "examples[0].events[0]: an event is a line or fields"},
		{"keys of no alert", "query: a, examples: [{name: e, events: [{line: a}], keys: [{a: b}]}]", "examples[0].keys: are of 1 alerts, and alerts is 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.rule
			if text == "-" {
				text = "name: R, query: a"
			} else if !strings.HasPrefix(text, "id:") {
				text = "id: r, name: R, " + text
			} else {
				text = "name: R, " + text
			}
			_, err := read("rules:\n  - {" + text + "}\n")
			require.ErrorContains(t, err, tt.want)
			for _, e := range document.Errors(err) {
				assert.GreaterOrEqual(t, e.Line, 2)
			}
		})
	}
}

func TestCalendar(t *testing.T) {
	var s rule.Schedule
	schema.Defaults(&s)
	s.From, s.To = "09:00", "18:00"
	s.Holidays, s.Workdays = []string{"2026-10-01/2026-10-07"}, []string{"2026-10-10"}
	s.Maintenance = []rule.Maintenance{{From: "2026-10-13T12:00", To: "2026-10-13T13:00", Reason: "switches"}}
	inside, err := s.Compile()
	require.NoError(t, err)
	s.When = "outside"
	outside, err := s.Compile()
	require.NoError(t, err)
	s.When, s.From, s.To = "inside", "22:00", "06:00"
	night, err := s.Compile()
	require.NoError(t, err)
	for _, tt := range []struct {
		at                     string
		inside, outside, night bool
	}{
		{"2026-10-12T08:59:59+08:00", false, true, false},
		{"2026-10-12T09:00:00+08:00", true, false, false},
		{"2026-10-12T17:59:59+08:00", true, false, false},
		{"2026-10-12T18:00:00+08:00", false, true, false},
		{"2026-10-12T10:00:00Z", false, true, false}, // 18:00 there
		{"2026-10-10T10:00:00+08:00", true, false, false},
		{"2026-10-11T10:00:00+08:00", false, true, false},
		{"2026-10-05T10:00:00+08:00", false, true, false}, // a Monday, and a holiday
		{"2026-10-13T12:30:00+08:00", false, false, false},
		{"2026-10-12T23:00:00+08:00", false, true, true},
		{"2026-10-13T05:59:59+08:00", false, true, true},
		{"2026-10-12T05:00:00+08:00", false, true, false}, // behind a Sunday
		{"2026-10-17T05:00:00+08:00", false, true, true},  // behind a Friday
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		require.NoError(t, err)
		assert.Equal(t, []bool{tt.inside, tt.outside, tt.night}, []bool{inside.Watches(at.UnixNano()), outside.Watches(at.UnixNano()), night.Watches(at.UnixNano())}, tt.at)
	}
	friday := time.Date(2026, 10, 16, 18, 0, 0, 0, time.FixedZone("", 8*3600))
	next, ok := inside.Next(friday.UnixNano())
	require.True(t, ok)
	assert.Equal(t, "2026-10-19T09:00:00+08:00", time.Unix(0, next).In(friday.Location()).Format(time.RFC3339))
	var always *rule.Calendar
	assert.True(t, always.Watches(0))
	assert.Zero(t, testing.AllocsPerRun(100, func() { inside.Watches(next) }))
}

func TestOccurrences(t *testing.T) {
	rules, err := read(`rules:
  - id: r
    name: R
    query: a
    examples:
      - name: e
        start: '2026-10-11T12:00:00+08:00'
        alerts: 1
        events:
          - {line: '<38>{time:Jan _2 15:04:05} {time+08:00:15:04:05} {unix} x{n} {n:70} {"a":{"b":1}}', times: 2, every: 90s}
          - {fields: {user.name: 'u{n}', tags: [a, 'b{n}'], event.severity: 3}}
          - {at: 30s, line: plain, input: office}
`)
	require.NoError(t, err)
	var got []string
	list := rules[0].Examples[0].Occurrences(time.Time{})
	for _, o := range list {
		got = append(got, o.At.UTC().Format("15:04:05")+" "+string(o.Line))
	}
	assert.Equal(t, []string{
		`04:00:00 <38>Oct 11 04:00:00 12:00:00 1791691200 x1 70 {"a":{"b":1}}`,
		"04:00:30 plain",
		`04:01:30 <38>Oct 11 04:01:30 12:01:30 1791691290 x2 71 {"a":{"b":1}}`,
		"04:01:30 ", // with the event before
	}, got)
	assert.Equal(t, map[string]any{"user.name": "u1", "tags": []any{"a", "b1"}, "event.severity": int64(3)}, list[3].Fields)
	assert.Equal(t, "office", list[1].Input)
}

// What anybody may write must be answered, and what is taken must be usable.
func FuzzRead(f *testing.F) {
	f.Add([]byte("rules:\n  - {id: r, name: R, query: a, schedule: {from: '22:00', to: '06:00'}}\n"))
	f.Add([]byte("rules:\n  - {id: r, name: R, type: deviation, query: a, window: 1h, frequency: 2h}\n"))
	f.Add([]byte("rules:\n  - {id: r, name: R, query: a, examples: [{name: e, events: [{line: '{time+08:00:2006}{n:9}'}]}]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, err := read(string(text))
		if err != nil {
			return
		}
		for i := range rules {
			if s := rules[i].Schedule; s != nil {
				c, err := s.Compile()
				require.NoError(t, err)
				c.Watches(0)
			}
			for k := range rules[i].Examples {
				e := &rules[i].Examples[k]
				if len(e.Events) < 10 && e.Events[0].Times < 10 {
					e.Occurrences(time.Time{})
				}
			}
		}
	})
}
