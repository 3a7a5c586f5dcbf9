package main

import (
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// presence is when somebody was there to receive events: only that time is silence. Host and journal say so, and no clock, so
// that a replay comes to the same.
type presence struct {
	known int64 // of the newest event, by its receipt, or the watermark: until then nothing is missing
	since int64 // the last start
}

// received notes when the events of a batch were.
func (p *presence) received(receipt []int64) {
	for _, at := range receipt {
		p.known = max(p.known, at)
	}
}

// from is when the silence of a group begins that was heard last at a time. Who was down knows nothing of the time before, and
// devices take a while to come back: a start is a beginning for all.
func (p *presence) from(last int64) int64 { return max(last, p.since) }

// silentAt is when a group is silent for long enough, unless it is heard before.
func (d *detector) silentAt(g *group) int64 {
	r := d.rules[g.rule]
	return r.due(d.presence.from(g.last) + r.window)
}

// Resumed has silence begin anew: the host was down until at. Who was silent for long enough by then is told; whether time was
// told in between must not matter.
func (d *detector) Resumed(at time.Time, emit func(sdk.Alert)) error {
	var others []timer
	for len(d.timers) > 0 && d.timers[0].due <= d.presence.known {
		t := d.timers.pop()
		switch g := d.groups.at(t.group); {
		case g.serial != t.serial:
		case d.rules[g.rule].kind == silence:
			d.silent(t.group, d.presence.known, emit)
		default: // lines from before may be sent behind the start: they decide with the watermark
			others = append(others, t)
		}
	}
	for _, t := range others {
		d.timers.add(t)
	}
	d.presence.since = max(d.presence.since, at.UnixNano())
	return nil
}
