package main

import (
	"fmt"
	"os"
	"time"

	"github.com/logcenter/logcenter/sdk/wire"
)

// stats are how a rule has fared since the process began.
type stats struct {
	matched, raised, suppressed, ungrouped, late, excepted uint64
	expired                                                uint64        // matching events of exceptions that are over
	ahead                                                  uint64        // matching events of clocks that are ahead
	cost                                                   time.Duration // of its batches that were timed
	lastMatch                                              int64         // ns since 1970, 0 is never
}

// reports is what of the figures the admin was told.
type reports struct {
	log     time.Time // when the admin was told
	evicted uint64    // that the admin was told of
	expired uint64    // the same
	batches uint64
}

const (
	// logEvery is how often the plugin's log says what was forgotten.
	logEvery = time.Minute
	// timedBatches is of how many batches one is timed, rule by rule.
	timedBatches = 8
)

// timed says whether the batch at hand is one that rules are timed for.
func (r *reports) timed() bool {
	r.batches++
	return r.batches%timedBatches == 1
}

// RuleStats tells the host how the rules fare.
func (d *detector) RuleStats(out []*wire.RuleStat) []*wire.RuleStat {
	for _, r := range d.rules {
		out = append(out, &wire.RuleStat{
			Rule: r.ID, Matched: r.stats.matched, Raised: r.stats.raised, Suppressed: r.stats.suppressed, Evicted: r.held.evicted,
			Ungrouped: r.stats.ungrouped, Late: r.stats.late, Ahead: r.stats.ahead, Excepted: r.stats.excepted, Groups: uint64(r.held.groups + len(r.usual.series)), Bytes: uint64(max(0, r.held.bytes)),
			CostNs: uint64(r.stats.cost) * timedBatches, LastMatchNs: r.stats.lastMatch,
		})
	}
	d.warn()
	return out
}

// warn writes into the plugin's log what was forgotten because there was too much, once a minute at most.
func (d *detector) warn() {
	if time.Since(d.reports.log) < logEvery {
		return
	}
	d.reports.log = time.Now()
	d.flush()
}

func (d *detector) flush() {
	var evicted, expired uint64
	var most, past *rule
	for _, r := range d.rules {
		evicted, expired = evicted+r.held.evicted, expired+r.stats.expired
		if most == nil || r.held.evicted > most.held.evicted {
			most = r
		}
		if past == nil || r.stats.expired > past.stats.expired {
			past = r
		}
	}
	if evicted > d.reports.evicted {
		fmt.Fprintf(os.Stderr, "%d groups or events of rules forgotten because there were too many, most of rule %s: see max_state and max_rule_state\n", evicted-d.reports.evicted, most.ID)
	}
	if expired > d.reports.expired {
		fmt.Fprintf(os.Stderr, "%d events counted that an exception would leave out if it were not over, most of rule %s\n", expired-d.reports.expired, past.ID)
	}
	d.reports.evicted, d.reports.expired = evicted, expired
}

// Close tells what was not told yet.
func (d *detector) Close() error {
	d.flush()
	return nil
}
