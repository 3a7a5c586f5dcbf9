// Command correlation raises alerts when events match a query, when too many do within a time, when several kinds of
// events of several devices come together or one after the other, when something stays away that should come, or when
// something is seen for the first time: the alert types of the log standard.
//
// Its one idea: all rules look at a batch of columns in one pass, and only rows that match leave a mark, in the group
// of their keys and in the order of the events' own times. Each type is a question to the marks of one group. What is
// remembered is bounded, and is part of the snapshot.
package main

import (
	"math/bits"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/query"
	document "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Builtin adds the rules that come with the plugin: login-failures, attack-burst, error-burst and
	// login-guessed. A rule of the same id under rules replaces one.
	Builtin bool `yaml:"builtin" default:"true"`
	// Disable are ids of rules that are left out.
	Disable []string `yaml:"disable"`
	// Rules are the admin's own.
	Rules []document.Rule `yaml:"rules"`
	// MaxGroups is how many groups, of all rules together, are watched at once. When there are more, the one
	// that has been silent longest is forgotten, and counted.
	MaxGroups int `yaml:"max_groups" default:"100000" min:"1" max:"10000000"`
	// MaxEvents is how many events all groups together remember, 32 bytes each. Beyond, groups are forgotten.
	MaxEvents int `yaml:"max_events" default:"2000000" min:"100" max:"100000000"`
}

// detector watches. The SDK hands it one batch at a time.
type detector struct {
	config   Config
	rules    []*rule
	set      *query.Set
	matches  [][]uint64
	groups   groups
	timers   timers
	pattern  pattern
	journals journals
	notes    notes
	touched  []*group // of the row at hand
	series   int      // of deviation rules
	batch    view
}

// New compiles the rules. Errors name the rule and the key that is wrong.
func New(c Config) (sdk.Detector, error) {
	d := &detector{config: c, groups: groups{limit: c.MaxGroups, limitEvents: c.MaxEvents}}
	return d, d.SetRules(nil)
}

// SetRules takes the host's rules, beside those of the configuration.
func (d *detector) SetRules(given []document.Rule) error {
	var err error
	if d.rules, err = d.config.compile(d.now, given); err != nil {
		return err
	}
	var matchers []*query.Matcher
	for _, r := range d.rules {
		for i := range r.parts {
			r.parts[i].slot = len(matchers)
			matchers = append(matchers, r.parts[i].matcher)
		}
		for i := range r.exceptions {
			r.exceptions[i].slot = len(matchers)
			matchers = append(matchers, r.exceptions[i].matcher)
		}
	}
	d.set, err = query.NewSet(matchers...)
	return err
}

// now is the clock of relative dates in queries: a replay must decide as the first run did.
func (d *detector) now() time.Time { return d.batch.newest() }

// Detect is not called: the SDK prefers DetectBatch.
func (d *detector) Detect(*sdk.Event, func(sdk.Alert)) error { return nil }

// DetectBatch looks at the events of one batch.
func (d *detector) DetectBatch(b *wire.Batch, emit func(sdk.Alert)) error {
	d.batch.reset(b, d.journals.number(b.Journal))
	d.matches = d.set.Match(b, d.matches)
	for _, r := range d.rules {
		d.run(r, emit)
	}
	d.notes.tell()
	return nil
}

// run goes through the rows that match some part of a rule, in order.
func (d *detector) run(r *rule, emit func(sdk.Alert)) {
	d.batch.rewind()
	for i := range d.matches[r.parts[0].slot] {
		some := uint64(0)
		for k := range r.parts {
			some |= d.matches[r.parts[k].slot][i]
		}
		for ; some != 0; some &= some - 1 {
			d.event(r, i*64+bits.TrailingZeros64(some), emit)
		}
	}
}

// event puts an event into the groups of its keys, and asks each whether that raises an alert.
func (d *detector) event(r *rule, row int, emit func(sdk.Alert)) {
	e := d.batch.seen(row)
	if d.leftOut(r, row, e.at) {
		return
	}
	if r.Field != "" {
		var ok bool
		if e.value, ok = d.batch.number(r, row); !ok {
			d.notes.ungrouped++
			return
		}
	}
	d.touched = d.touched[:0]
	for k := range r.parts {
		p := &r.parts[k]
		if d.matches[p.slot][row>>6]&(1<<(row&63)) == 0 {
			continue
		}
		e.mask = p.bit
		if !d.batch.keys(p, row, func(key []byte) { d.put(r, key, e, row, emit) }) {
			d.notes.ungrouped++
		}
	}
	for _, g := range d.touched {
		if g.gone || g.fresh < 0 {
			continue
		}
		before := len(g.seen)
		if d.pattern.find(g, g.fresh) {
			a := d.raise(g, d.pattern.found, d.carried(r, row))
			emit(a)
			d.opened(r, g.key, &a)
			g.spend(d.pattern.found[len(d.pattern.found)-1])
		} else {
			d.notes.forgotten += g.settle()
		}
		d.groups.events += len(g.seen) - before
	}
	d.notes.forgotten += d.groups.trim()
}

// put leaves a mark of an event in a group.
func (d *detector) put(r *rule, key []byte, e seen, row int, emit func(sdk.Alert)) {
	if r.kind == deviation {
		d.count(r, key, e.at, row)
		return
	}
	if len(r.open) > 0 {
		d.heardAgain(r, key, e.at, emit)
	}
	g := r.groups[string(key)]
	if r.kind == newValue {
		d.known(r, g, key, e, row, emit)
		return
	}
	if g == nil {
		g = &group{rule: r, key: string(key), fresh: -1, until: never}
		r.groups[g.key] = g
	}
	d.groups.touch(g)
	if r.kind == silence {
		d.heard(g, e, row)
		return
	}
	first := !slices.Contains(d.touched, g)
	if first {
		g.fresh = -1
		d.touched = append(d.touched, g)
	}
	before := len(g.seen)
	if !g.add(e) {
		if first {
			g.suppressed++
			d.notes.suppressed++
		}
		return
	}
	d.groups.events += len(g.seen) - before
	if r.kind == absence && e.mask == 1 {
		g.fields = d.carried(r, row)
		d.timers.add(timer{at: r.round(e.at + r.window), g: g, seen: e})
	}
}

// never is before all times.
const never = -1 << 63

func main() { sdk.ServeDetector(New) }
