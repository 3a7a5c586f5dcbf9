package sandbox

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what a process uses, or it and its descendants.
type usage struct {
	memory    int64 // resident, swapped, and page tables
	threads   int
	processes int
	cpu       time.Duration
}

// usageOf looks at a process, and with family at its descendants. Of one that is gone it is zero.
func usageOf(pid int, family bool) usage {
	u := one(pid)
	if !family {
		return u
	}
	const most = 4096 // bounds the look, whatever is there
	for queue := children(pid); len(queue) > 0 && u.processes < most; queue = queue[1:] {
		c := one(queue[0])
		u.memory += c.memory
		u.threads += c.threads
		u.processes += c.processes
		u.cpu += c.cpu
		queue = append(queue, children(queue[0])...)
	}
	return u
}

func one(pid int) (u usage) {
	dir := "/proc/" + strconv.Itoa(pid)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return u
	}
	u.processes = 1
	u.memory = (field(status, "VmRSS:") + field(status, "VmSwap:") + field(status, "VmPTE:")) << 10
	u.threads = int(field(status, "Threads:"))
	if stat, err := os.ReadFile(dir + "/stat"); err == nil {
		u.cpu = cpuOf(stat)
	}
	return u
}

// field is a number of /proc/PID/status.
func field(status []byte, name string) int64 {
	_, rest, ok := bytes.Cut(status, []byte("\n"+name))
	if !ok {
		return 0
	}
	rest, _, _ = bytes.Cut(rest, []byte("\n"))
	text, _, _ := strings.Cut(strings.TrimSpace(string(rest)), " ")
	n, _ := strconv.ParseInt(text, 10, 64) // the kernel writes numbers
	return n
}

// children are the processes that all threads of a process have started (proc(5); CONFIG_PROC_CHILDREN).
func children(pid int) (out []int) {
	dir := "/proc/" + strconv.Itoa(pid) + "/task"
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, t := range tasks {
		data, err := os.ReadFile(dir + "/" + t.Name() + "/children")
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(data)) {
			if n, err := strconv.Atoi(f); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// clockTick is the unit of times in /proc/PID/stat (proc(5)): USER_HZ is 100 on every Linux Go runs on.
const clockTick = 10 * time.Millisecond

func cpuOf(stat []byte) time.Duration {
	// The name in parentheses may hold anything; fields are counted behind it. utime and stime are 14 and 15.
	f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(string(f[11]), 10, 64) // the kernel writes numbers
	system, _ := strconv.ParseInt(string(f[12]), 10, 64)
	return time.Duration(user+system) * clockTick
}

// Memory is what the bound of memory is compared with, in bytes: what a process and its descendants have resident or
// swapped out, what they share with the host included, and their page tables. 0 if it is gone.
func Memory(pid int) int64 {
	if pid == 0 {
		return 0
	}
	return usageOf(pid, true).memory
}

// CPU is the processor time of a process, to the nanosecond, 0 if it is gone. Its clock is that of
// clock_getcpuclockid(3): the complement of the process's number above three bits that ask for what the scheduler counted.
func CPU(pid int) time.Duration {
	const scheduled = 2
	var t unix.Timespec
	if pid == 0 || unix.ClockGettime(int32(^pid<<3|scheduled), &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
