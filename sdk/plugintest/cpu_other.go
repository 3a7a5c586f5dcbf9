//go:build !unix

package plugintest

import "time"

var started = time.Now()

// cpuTime is the time by the clock, where processor time is not to be had.
func cpuTime() time.Duration { return time.Since(started) }
