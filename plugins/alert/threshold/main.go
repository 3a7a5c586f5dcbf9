// Command threshold raises alerts when events match a query, or when too many do within a time: the keyword
// and the frequency alerts of the log standard.
//
// Its one idea: all rules look at a batch of columns in one pass, and only rows that match are counted, by the
// events' own times, in windows that slide. What it remembers is bounded, and is part of its snapshot.
package main

import (
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Builtin adds the rules that come with the plugin: login-failures, attack-burst and error-burst. A rule of
	// the same id under rules replaces one.
	Builtin bool `yaml:"builtin" default:"true"`
	// Disable are ids of rules that are left out.
	Disable []string `yaml:"disable"`
	// Rules are the admin's own.
	Rules []Rule `yaml:"rules"`
	// MaxGroups is how many groups, of all rules together, are watched at once. When there are more, the one
	// that has been silent longest is forgotten, and counted.
	MaxGroups int `yaml:"max_groups" default:"100000" min:"1" max:"10000000"`
	// MaxEvents is how many events all groups together remember, 24 bytes each. Beyond, groups are forgotten.
	MaxEvents int `yaml:"max_events" default:"2000000" min:"100" max:"100000000"`
}

// detector counts. The SDK hands it one batch at a time.
type detector struct {
	rules    []*rule
	set      *query.Set
	matches  [][]uint64
	groups   groups
	journals journals
	notes    notes
	key      []byte
	batch    view
}

// New compiles the rules. Errors name the rule and the key that is wrong.
func New(c Config) (sdk.Detector, error) {
	d := &detector{groups: groups{limit: c.MaxGroups, limitEvents: c.MaxEvents}}
	var err error
	if d.rules, err = c.compile(d.now); err != nil {
		return nil, err
	}
	matchers := make([]*query.Matcher, len(d.rules))
	for i, r := range d.rules {
		matchers[i] = r.matcher
	}
	if d.set, err = query.NewSet(matchers...); err != nil {
		return nil, err
	}
	return d, nil
}

// now is the clock of relative dates in queries: a replay must decide as the first run did.
func (d *detector) now() time.Time { return d.batch.newest() }

// Detect is not called: the SDK prefers DetectBatch.
func (d *detector) Detect(*sdk.Event, func(sdk.Alert)) error { return nil }

// DetectBatch counts the events of one batch.
func (d *detector) DetectBatch(b *wire.Batch, emit func(sdk.Alert)) error {
	d.batch.reset(b, d.journals.number(b.Journal))
	d.matches = d.set.Match(b, d.matches)
	for i, r := range d.rules {
		if !empty(d.matches[i]) {
			d.count(r, d.matches[i], emit)
		}
	}
	d.notes.tell()
	return nil
}

func empty(rows []uint64) bool {
	for _, w := range rows {
		if w != 0 {
			return false
		}
	}
	return true
}

func main() { sdk.ServeDetector(New) }
