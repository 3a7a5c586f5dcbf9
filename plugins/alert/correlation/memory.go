package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// garbage is how much may gather beside what is remembered before it is collected, in bytes.
const garbage = 64 << 20

// boundStep is by how much what is remembered must change for the collector to be told anew, in bytes.
const boundStep = 4 << 20

// bound has the collector keep the process to what is remembered and a little more: its share of what lives would be far
// too much of a large state, which has next to nothing in it for the collector to look through. GOMEMLIMIT in the environment
// goes before.
func (d *detector) bound() {
	if by := d.groups.bytes - d.bounded; by < boundStep && by > -boundStep {
		return
	}
	d.bounded = d.groups.bytes
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetMemoryLimit(max(int64(live[0].Value.Uint64()), d.groups.bytes) + garbage)
}
