// Command correlation raises alerts when events match a query, when too many do within a time, when several kinds of
// events of several devices come together or one after the other, when something stays away that should come, or when
// something is seen for the first time: the alert types of the log standard.
//
// Its one idea: all rules look at a batch of columns in one pass, and only rows that match leave a mark, in the group
// of their keys and in the order of the events' own times. Each type is a question to the marks of one group. What is
// remembered is bounded, and is part of the snapshot.
package main

import (
	"fmt"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/query"
	document "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// MaxState is how much all groups of all rules together may take in memory. When it is more, groups of the rule that
	// takes most are forgotten, first those that were left alone longest, and counted.
	MaxState schema.Bytes `yaml:"max_state" default:"256MiB" min:"1" max:"256MiB"`
	// MaxRuleState is how much the groups of one rule may take.
	MaxRuleState schema.Bytes `yaml:"max_rule_state" default:"192MiB" min:"1" max:"256MiB"`
}

// detector watches. The SDK hands it one batch at a time.
type detector struct {
	config     Config
	rules      []*rule
	set        *query.Set
	matches    [][]uint64
	groups     groups
	timers     timers
	mostTimers int // how many there may be before useless ones are looked for
	pattern    pattern
	origins    origins
	reports    reports
	touched    []touched // of the row at hand
	series     int       // of deviation rules
	presence   presence
	bounded    int64 // bytes that the collector was told of
	batch      view
}

// touched is a group that the row at hand has left a mark in, at index fresh; -1 if that is suppressed.
type touched struct {
	group uint32
	fresh int
}

// New is a detector without rules.
func New(c Config) (sdk.Detector, error) {
	d := &detector{config: c}
	return d, d.SetRules(nil)
}

// SetRules compiles the rules that it looks for. Errors have the path of the rule and the key that is wrong.
func (d *detector) SetRules(rules []document.Rule) error {
	var err error
	if d.rules, err = compileAll(rules, d.now); err != nil {
		return err
	}
	var matchers []*query.Matcher
	for _, r := range d.rules {
		for i := range r.parts {
			r.parts[i].slot = len(matchers)
			matchers = append(matchers, r.parts[i].matcher)
		}
		if r.ends != nil {
			r.ends.slot = len(matchers)
			matchers = append(matchers, r.ends.matcher)
		}
		for i := range r.exceptions {
			r.exceptions[i].slot = len(matchers)
			matchers = append(matchers, r.exceptions[i].matcher)
		}
	}
	if len(d.rules) > mostRules {
		return fmt.Errorf("%d rules; %d is the most", len(d.rules), mostRules)
	}
	d.forget()
	d.set, err = query.NewSet(matchers...)
	return err
}

// mostRules is how many rules a process has room for.
const mostRules = 1 << 16

// now is the clock of relative dates in queries: a replay must decide as the first run did.
func (d *detector) now() time.Time { return d.batch.newest() }

// Detect is not called: the SDK prefers DetectBatch.
func (d *detector) Detect(*sdk.Event, func(sdk.Alert)) error { return nil }

// DetectBatch looks at the events of one batch.
func (d *detector) DetectBatch(b *wire.Batch, emit func(sdk.Alert)) error {
	d.batch.reset(b, d.origins.number(b.Journal, b.Partition))
	d.presence.received(d.batch.receipt)
	d.matches = d.set.Match(b, d.matches)
	timed := d.reports.timed()
	for _, r := range d.rules {
		if !timed {
			d.run(r, emit)
			continue
		}
		begun := time.Now()
		d.run(r, emit)
		r.stats.cost += time.Since(begun)
	}
	d.bound()
	return nil
}

// run goes through the rows that match some part of a rule, as they came in.
func (d *detector) run(r *rule, emit func(sdk.Alert)) {
	rows := d.batch.arrival.order(len(d.matches[r.parts[0].slot]), func(i int) (some uint64) {
		for k := range r.parts {
			some |= d.matches[r.parts[k].slot][i]
		}
		if r.ends != nil {
			some |= d.matches[r.ends.slot][i]
		}
		return some
	})
	r.stats.matched += uint64(len(rows))
	for _, row := range rows {
		d.event(r, int(row), emit)
	}
}

// event puts an event into the groups of its keys, and asks each whether that raises an alert.
func (d *detector) event(r *rule, row int, emit func(sdk.Alert)) {
	e := d.batch.entry(row)
	r.stats.lastMatch = max(r.stats.lastMatch, e.at)
	if d.batch.isAhead(row) {
		r.stats.ahead++
	}
	if r.kind == silence { // what a device wrote hours ago, or with a wrong clock, says as well that it is there
		e.at = d.batch.receipt[row]
	}
	if r.ends != nil && d.matched(r.ends, row) {
		if d.ended(r, row, e.at, emit); !d.matched(&r.parts[0], row) {
			return
		}
	}
	if d.leftOut(r, row, e.at) {
		return
	}
	if r.Field != "" {
		var ok bool
		if e.value, ok = d.batch.number(r, row); !ok {
			r.stats.ungrouped++
			return
		}
	}
	d.touched = d.touched[:0]
	for k := range r.parts {
		p := &r.parts[k]
		if !d.matched(p, row) {
			continue
		}
		e.mask = p.bit
		if !d.batch.keys(p, row, func(key []byte) { d.put(r, key, e, row, emit) }) {
			r.stats.ungrouped++
		}
	}
	for _, t := range d.touched {
		if t.fresh >= 0 {
			d.decide(r, t, row, emit)
		}
	}
	d.groups.trim(r)
}

// matched says whether the query of a part selects a row.
func (d *detector) matched(p *part, row int) bool {
	return d.matches[p.slot][row>>6]&(1<<(row&63)) != 0
}

// decide asks whether the fresh mark of a group raises an alert.
func (d *detector) decide(r *rule, t touched, row int, emit func(sdk.Alert)) {
	g := d.groups.at(t.group)
	w := d.groups.keepWindow(g)
	held := int64(0)
	if w != nil {
		held = w.bytes()
	}
	found := d.pattern.find(r, d.groups.block(g), g.mask, t.fresh, w)
	raised := found
	for found {
		d.emit(g, d.pattern.found, d.carried(r, row), emit)
		d.groups.spend(g, d.pattern.found[len(d.pattern.found)-1])
		found = d.pattern.again(r, d.groups.block(g), w)
	}
	if w != nil {
		d.groups.account(r, w.bytes()-held)
	}
	if !raised {
		d.groups.settle(g)
	}
}

// put leaves a mark of an event in a group.
func (d *detector) put(r *rule, key []byte, e entry, row int, emit func(sdk.Alert)) {
	if r.kind == deviation {
		d.count(r, key, e.at, row)
		return
	}
	id, hash := d.groups.find(r, key)
	if r.kind == silence && id != 0 && d.endedSilence(id, e.at) {
		d.tellSilence(id, emit)
		id = 0
	}
	if len(r.open) > 0 {
		d.heardAgain(r, key, e.at, emit)
	}
	if r.kind == newValue {
		d.known(r, id, key, hash, e, row, emit)
		return
	}
	if id == 0 {
		id = d.groups.add(r, key, hash)
	}
	d.groups.touch(id)
	if r.kind == silence {
		d.heard(id, e, row)
		return
	}
	g := d.groups.at(id)
	t := d.touch(id)
	if e.at < g.until && (r.kind != absence || e.mask == 1) { // in the quiet time; what then came is good for later ones
		if t.fresh == untouched {
			t.fresh = suppressed
			g.suppressed++
			r.stats.suppressed++
		}
		return
	}
	if t.fresh >= 0 { // of another part of the rule
		d.groups.block(g).tags[t.fresh].mask |= e.mask
	} else {
		if g.n > 0 && e.at < g.last-r.lateness() {
			r.stats.late++
		}
		t.fresh = d.groups.place(g, e)
	}
	g.mask |= e.mask
	if r.kind == absence && e.mask == 1 {
		d.keep(g, r, row)
		d.setTimer(id, r.round(e.at+r.window), e.mark)
	}
}

const (
	untouched  = -1
	suppressed = -2
)

// touch is what is known of a group and the row at hand; valid until the next call.
func (d *detector) touch(id uint32) *touched {
	for i := range d.touched {
		if d.touched[i].group == id {
			return &d.touched[i]
		}
	}
	d.touched = append(d.touched, touched{id, untouched})
	return &d.touched[len(d.touched)-1]
}

// never is before all times.
const never = -1 << 63

func main() { sdk.ServeDetector(New) }
