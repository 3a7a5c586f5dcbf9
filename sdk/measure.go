package sdk

import (
	"fmt"
	"os"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"

	"github.com/logcenter/logcenter/sdk/wire"
)

// ProfileEnv names the descriptor that a plugin's processor time is profiled into, from Open to Close, and asks for
// allocations to be counted, if it is set: `logcenter plugin test` tells from it what takes the time.
const ProfileEnv = "LOGCENTER_PROFILE_FD"

// AllocationsCounter is the counter of a result that says how many objects the process allocated meanwhile.
const AllocationsCounter = "allocations"

// measure is what a process under test tells of itself; the zero value tells nothing.
type measure struct {
	profile *os.File
	sample  []metrics.Sample
}

func newMeasure() *measure {
	fd, err := strconv.Atoi(os.Getenv(ProfileEnv))
	if err != nil {
		return &measure{}
	}
	return &measure{profile: os.NewFile(uintptr(fd), "profile"), sample: []metrics.Sample{{Name: "/gc/heap/allocs:objects"}}}
}

func (m *measure) start() {
	if m.profile == nil {
		return
	}
	if err := pprof.StartCPUProfile(m.profile); err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
	}
}

func (m *measure) stop() {
	if m.profile != nil {
		pprof.StopCPUProfile()
	}
}

// allocated is how many objects the process has allocated so far.
func (m *measure) allocated() uint64 {
	if m.profile == nil {
		return 0
	}
	metrics.Read(m.sample)
	return m.sample[0].Value.Uint64()
}

// count adds to a result what was allocated since. Calls at the same time count each other's.
func (m *measure) count(r *wire.Result, since uint64) {
	if m.profile == nil {
		return
	}
	if r.Counters == nil {
		r.Counters = map[string]int64{}
	}
	r.Counters[AllocationsCounter] = int64(m.allocated() - since)
}
