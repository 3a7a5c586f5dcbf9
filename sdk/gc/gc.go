// Package gc bounds garbage in bytes. Go's collector lets it grow in proportion to what lives: a process that
// keeps little and handles megabytes at a time then collects all the time, and one that keeps much takes several
// times its memory.
package gc

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Most and least garbage in percent of what lives, and by how many percent that must change to be set anew.
const (
	most    = 400
	least   = 33
	changes = 10
)

// Tune lets about so many bytes of garbage gather before they are collected, now and from now on, but no less than
// a third of what lives and no more than four times that. GOGC in the environment goes before. To be called once.
func Tune(garbage uint64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	now := 100 // Go's own default
	var cycle func(*[16]byte)
	cycle = func(*[16]byte) {
		metrics.Read(live)
		percent := most
		if n := live[0].Value.Uint64(); n > 0 {
			percent = int(min(most, max(least, 100*garbage/n)))
		}
		if d := percent - now; max(d, -d)*100 > now*changes {
			debug.SetGCPercent(percent)
			now = percent
		}
		runtime.SetFinalizer(new([16]byte), cycle) // nobody has it: the collector's next cycle calls again
	}
	cycle(nil)
}
