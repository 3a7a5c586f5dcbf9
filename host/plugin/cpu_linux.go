package plugin

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of times in /proc/PID/stat (proc(5)): USER_HZ is 100 on every Linux Go runs on.
const clockTick = 10 * time.Millisecond

// processCPU is the processor time of a process, 0 if it is gone.
func processCPU(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name in parentheses may hold anything; fields are counted behind it. utime and stime are 14 and 15.
	f := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(string(f[11]), 10, 64) // the kernel writes numbers
	system, _ := strconv.ParseInt(string(f[12]), 10, 64)
	return time.Duration(user+system) * clockTick
}
