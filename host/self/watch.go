package self

import (
	"fmt"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// The values of Part.Status, best first.
const (
	OK       = "ok"
	Degraded = "degraded"
	Failed   = "failed"
)

// Part is a part of the host as it is.
type Part struct {
	Kind string // plugin, input, channel, journal, consumer, store, certificate …
	Name string // empty if there is one of the kind only
	// ID tells it from others of its kind. Empty: its name does.
	ID     string
	Status string
	// State is its state in a word, such as quarantined; it ends the event's action. Empty: recovered, degraded or failed.
	State  string
	Level  ecs.Severity // empty: by status
	Reason string       // why it is so; a change of it is no news
	Advice string       // what an admin can do
	// Sudden parts are told at once: their states do not blink.
	Sudden bool
}

// Moment is what happened and is not a state.
type Moment struct {
	Kind, Name string
	Action     string
	Level      ecs.Severity
	Reason     string
	Advice     string
	Count      int // how often; 0 is not said
}

// event is one record.
type event struct {
	at                   time.Time
	kind, name           string
	action, how          string // event.action and event.type
	level                ecs.Severity
	state, status, was   string
	reason, advice, file string
	count                int
}

const (
	// mostChanges of a part in changesWithin are told.
	mostChanges   = 12
	changesWithin = time.Hour
	// mostParts are watched.
	mostParts = 10000
	// aliveEvery is how often the file says that the host runs.
	aliveEvery = time.Minute
)

type key struct{ kind, id string }

// is is a state of a part.
type is struct {
	state, status string
}

// watched is what is remembered of a part.
type watched struct {
	name  string
	told  is
	seen  is
	since time.Time   // of seen
	tells []time.Time // within changesWithin
	quiet int         // changes that were not told since
	round uint64      // it was there in
}

// watcher finds what is to be told. For one goroutine.
type watcher struct {
	after, over time.Duration
	parts       map[key]*watched
	round       uint64
	saved       time.Time
	lastAlive   time.Time // of the host before, if it did not end in order
	crowded     bool      // more than mostParts
}

// look compares all parts with what was told of them. It says whether anything was told.
func (w *watcher) look(now time.Time, parts []Part, tell func(*event)) (changed bool) {
	w.round++
	for i := range parts {
		p := &parts[i]
		k := key{p.Kind, p.ID}
		if k.id == "" {
			k.id = p.Name
		}
		x := w.parts[k]
		if x == nil {
			if w.crowded = len(w.parts) >= mostParts; w.crowded {
				continue
			}
			x = &watched{told: is{OK, OK}}
			if p.Status == OK { // nobody needs to be told what was always fine
				x.told = p.is()
			}
			x.seen = x.told
			w.parts[k] = x
		}
		x.name, x.round = p.Name, w.round
		changed = w.compare(now, x, p, tell) || changed
	}
	for k, x := range w.parts {
		if x.round == w.round {
			continue
		}
		// What is not there any more is not in trouble.
		gone := Part{Kind: k.kind, Name: x.name, Status: OK, Reason: "it is gone"}
		changed = w.compare(now, x, &gone, tell) || changed
		if x.told.status == OK {
			delete(w.parts, k)
		}
	}
	return changed
}

func (p *Part) is() is {
	s := is{p.State, p.Status}
	if s.state == "" {
		s.state = p.Status
	}
	return s
}

// compare tells of a part if it is to be told.
func (w *watcher) compare(now time.Time, x *watched, p *Part, tell func(*event)) bool {
	s := p.is()
	if s != x.seen {
		x.seen, x.since = s, now
	}
	wait := w.after
	if s.status == OK {
		wait = w.over
	}
	if s == x.told || !p.Sudden && now.Sub(x.since) < wait {
		return false
	}
	x.tells = slices.DeleteFunc(x.tells, func(t time.Time) bool { return now.Sub(t) >= changesWithin })
	if len(x.tells) >= mostChanges {
		if x.since.Equal(now) {
			x.quiet++
		}
		return false
	}
	x.tells = append(x.tells, now)
	e := change(now, x, p)
	x.told, x.quiet = s, 0
	tell(e)
	return true
}

// change is the record of another state.
func change(now time.Time, x *watched, p *Part) *event {
	s := p.is()
	e := &event{
		at: now, kind: p.Kind, name: p.Name, action: p.Kind + "-" + s.state, how: "change", level: p.Level,
		state: s.state, status: s.status, was: x.told.state, reason: p.Reason, advice: p.Advice,
	}
	if p.State == "" && s.status == OK {
		e.action = p.Kind + "-recovered"
	}
	switch {
	case s.status != OK:
		e.how = "error"
	case x.told.status != OK:
		e.how = "end"
	}
	if e.level == "" {
		e.level = map[string]ecs.Severity{OK: ecs.Informational, Degraded: ecs.Warn, Failed: ecs.Fatal}[s.status]
	}
	if x.quiet > 0 {
		e.reason = joined(e.reason, fmt.Sprintf("%d changes before this one were not told, because there were more than %d within an hour", x.quiet, mostChanges))
	}
	if p.Kind == "certificate" {
		e.file = p.Name
	}
	return e
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// moment is the record of what happened.
func moment(now time.Time, m Moment) *event {
	return &event{at: now, kind: m.Kind, name: m.Name, action: m.Action, how: "info", level: m.Level, reason: m.Reason, advice: m.Advice, count: m.Count}
}
