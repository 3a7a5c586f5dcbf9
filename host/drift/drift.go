// Package drift notices that a device has begun to write its lines differently, as after new firmware.
//
// A [Tracker] looks at finished events, which are masked, and learns shares for each device: of the lines that no
// parser claims, of those a parser rejects, and of the events without each of the parser's fields. When a share gets
// worse by much and stays so, that is a drift: one alert, with lines from before and since. It ends when the share is
// as it was, when an admin or a day accepts the new one, or with another version of the plugin.
//
// What is compared (rate.go): a baseline of the newest 20,000 lines of its kind, and a suspicion, which is the sum of
// the log-likelihood ratios of what was seen since under a share that is worse by the effect, and the usual one
// (Page's CUSUM, Biometrika 41, 1954). A drift needs a sum that chance reaches once in half a billion lines, an effect
// that is large, enough bad lines, some time, and twice as many bad lines an hour as usual: at night, when a device
// writes little, the few odd lines it always writes are no drift.
//
// Fields are counted by device, parser and event.dataset, so that another mix of log types changes nothing, and are
// judged only if nearly every event had them: what depends on the traffic has no baseline worth an alarm.
//
// Memory is bounded: [Options.MaxKeys] keys, each of at most 10 lines of 512 bytes and 70 bytes a field: 32 MB for
// 2,000 keys of 128 fields, 2,000 being the default. The keys seen least lately go first.
package drift

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Options say what is a drift. The zero value of a field means its default, but for Persist.
type Options struct {
	// Path is the file of what was learned; empty keeps it in memory only.
	Path string
	// Effect is how much the share of lines that are not parsed or not claimed must rise; default 0.05.
	Effect float64
	// FieldEffect is how much the share of events that have a field must fall; default 0.5.
	FieldEffect float64
	// Learn is how many lines make a baseline; default 500.
	Learn int
	// MinLines is how many bad lines a drift needs; default 50.
	MinLines int
	// Persist is how long the lines must be bad; 0 is no time at all.
	Persist time.Duration
	// Accept is how long a drift lasts until the new share is taken for the usual one; default 24 h.
	Accept time.Duration
	// Rows bounds how many events a second are looked at; default 10,000. Of more, whole batches are left out.
	Rows int
	// MaxKeys bounds devices × parsers × datasets; default 2,000.
	MaxKeys int
	Log     *logrus.Entry
}

func (o *Options) fill() {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	num := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.Effect, 0.05)
	def(&o.FieldEffect, 0.5)
	num(&o.Learn, 500)
	num(&o.MinLines, 50)
	num(&o.Rows, 10000)
	num(&o.MaxKeys, 2000)
	if o.Accept == 0 {
		o.Accept = 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = logrus.NewEntry(logrus.StandardLogger())
	}
}

// Plugin is a parser in service, as far as the tracker must know it.
type Plugin struct {
	ID, Version string
	Label       string      // as in logcenter.parser
	Config      string      // anything that changes with its configuration
	Fields      []ecs.Field // that it may write
}

// Stats are figures since the host started.
type Stats struct {
	Rows, Skipped int64 // events looked at, and left out for Options.Rows
	Keys          int   // now
	Evicted       int64 // keys that went for others, or for which there was no room
	Open          int   // drifts now
	Raised        int64
}

const (
	keepDrifts   = 200 // that are listed; ended ones go first
	saveEvery    = 5 * time.Minute
	cheapSave    = 50 * time.Millisecond // a file that is written faster is written at each change
	savePart     = 20                    // a larger one takes no more than this part of the time
	newKeysPart  = 20                    // of MaxKeys may be new in a second
	forgetParser = 24 * time.Hour
)

// ErrUnknown means that there is no such drift that is open.
var ErrUnknown = errors.New("no open drift has this id")

// Tracker learns and compares. Safe for concurrent use; Observe has one caller.
type Tracker struct {
	o      Options
	limits [kinds]limits

	mu      sync.Mutex
	offset  uint64 // of the event journal, the last entry seen
	at      int64  // newest receipt, ns: the tracker's clock
	keys    map[uint64]*key
	plugins []*parser // those in service first seen first; also those that were
	byLabel map[uint64]*parser
	missing map[string]int64 // parsers that were in service and are not now, since when
	drifts  []*Drift         // oldest first
	stats   Stats
	saved   int64         // at
	changed bool          // a drift has changed since
	wrote   time.Time     // when the file was written last
	cost    time.Duration // of writing it

	bucket bucket
	fresh  bucket
	scan   scan
}

// Open makes a tracker with what was learned before. A file that cannot be read costs only that: it is said in the log.
func Open(o Options) *Tracker {
	o.fill()
	t := &Tracker{o: o, keys: map[uint64]*key{}, byLabel: map[uint64]*parser{}, missing: map[string]int64{}}
	l := limits{effect: o.Effect, learn: float64(o.Learn), lines: float64(o.MinLines), persist: int64(o.Persist), worst: 1}
	t.limits[unparsed], t.limits[unrecognised] = l, l
	l.effect, l.worst = o.FieldEffect, mostlyThere
	t.limits[fields] = l
	t.bucket = bucket{rate: float64(o.Rows)}
	t.fresh = bucket{rate: max(1, float64(o.MaxKeys)/newKeysPart)}
	if err := t.load(); err != nil {
		o.Log.WithError(err).Error("what was learned of the devices' lines cannot be read; it is learned again")
	}
	return t
}

// Plugins tells which parsers are in service. For one whose version or configuration is another than before, all is
// learned again, and what has got worse is a drift that says so.
func (t *Tracker) Plugins(ps []Plugin) {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.byLabel)
	for _, old := range t.plugins {
		if _, gone := t.missing[old.ID]; !gone && old.active {
			t.missing[old.ID] = t.at
		}
		old.active = false
	}
	for _, p := range ps {
		delete(t.missing, p.ID)
		now := newParser(p)
		i := slices.IndexFunc(t.plugins, func(old *parser) bool { return old.ID == p.ID })
		if i < 0 {
			t.plugins = append(t.plugins, now)
		} else {
			t.replace(t.plugins[i], now)
			t.plugins[i] = now
		}
		t.byLabel[hash([]byte(p.Label))] = now
	}
}

// replace brings the keys of a parser to what it is now.
func (t *Tracker) replace(old, now *parser) {
	cause := ""
	switch {
	case old.Version != now.Version:
		cause = fmt.Sprintf("plugin %s changed from version %s to %s", now.ID, old.Version, now.Version)
	case old.Config != now.Config:
		cause = fmt.Sprintf("plugin %s has another configuration", now.ID)
	}
	for _, k := range t.keys {
		if k.parser != old {
			continue
		}
		if cause != "" && k.open != nil {
			t.end(k.open, StateSuperseded)
		}
		k.become(now, cause, t.at)
	}
}

// Observe looks at one entry of the event journal. now is the wall clock, for the budget of rows; all else goes by the
// times of receipt. Entries that were seen before are passed over.
func (t *Tracker) Observe(now time.Time, offset uint64, e *pipeline.Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if offset <= t.offset {
		return
	}
	t.offset = offset
	if !e.Clock.IsZero() {
		t.at = max(t.at, e.Clock.UnixNano())
	}
	rows := int(e.Batch.Rows) + len(e.Dead)
	if rows > 0 && len(t.byLabel) > 0 {
		if weight := t.bucket.take(now, rows); weight > 0 {
			t.stats.Rows += int64(rows)
			t.fresh.refill(now)
			t.look(e.Batch, e.Dead, weight)
		} else {
			t.stats.Skipped += int64(rows)
		}
	}
	t.settle()
	if t.changed || t.at-t.saved >= int64(saveEvery) {
		t.saveSoon()
	}
}

// settle ends drifts whose new share has become the usual one, and forgets parsers that were taken out of service for
// good.
func (t *Tracker) settle() {
	for _, d := range t.drifts {
		if d.State == StateOpen && t.at-d.Raised.UnixNano() >= int64(t.o.Accept) {
			t.end(d, StateAccepted)
		}
	}
	for id, since := range t.missing {
		if t.at-since < int64(forgetParser) {
			continue
		}
		delete(t.missing, id)
		for _, k := range t.keys {
			if k.kind == unrecognised {
				k.relearn(t.at)
			}
		}
	}
}

// Accept takes the share of an open drift for the usual one from now on.
func (t *Tracker) Accept(id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range t.drifts {
		if d.ID == id && d.State == StateOpen {
			t.end(d, StateAccepted)
			t.save()
			return nil
		}
	}
	return ErrUnknown
}

// Stats returns the figures.
func (t *Tracker) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	s.Keys = len(t.keys)
	for _, d := range t.drifts {
		if d.State == StateOpen {
			s.Open++
		}
	}
	return s
}

// bucket is a budget a second.
type bucket struct {
	rate, have float64
	last       time.Time
	left       int // rows left out since the last that were taken
}

// refill adds what time has brought, a second's worth at most. A clock that is set back brings nothing.
func (b *bucket) refill(now time.Time) {
	if b.last.IsZero() {
		b.have = b.rate
	} else if d := now.Sub(b.last); d > 0 {
		b.have = min(b.rate, b.have+b.rate*d.Seconds())
	}
	b.last = now
}

// take says how many rows each of these stands for, 0 if they are left out. A batch is taken whole, even if it is more
// than is there, and its debt paid before the next.
func (b *bucket) take(now time.Time, rows int) (weight float64) {
	b.refill(now)
	if b.have <= 0 {
		b.left += rows
		return 0
	}
	weight = float64(b.left+rows) / float64(rows)
	b.have -= float64(rows)
	b.left = 0
	return weight
}
