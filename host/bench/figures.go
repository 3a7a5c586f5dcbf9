package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// usage is processor time by process.
type usage map[string]time.Duration

func (r *run) cpu() usage {
	u := usage{"host": ownCPU()}
	if r.registry != nil {
		for _, p := range r.registry.All() {
			if c := p.CPU(); c > 0 {
				u[p.Manifest().ID] = c
			}
		}
	}
	return u
}

// ownCPU is this process's own.
func ownCPU() time.Duration {
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		return 0
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

func (r *run) result(before usage, wall time.Duration) *Result {
	res := &Result{
		Name: r.o.Name, RawMB: float64(r.bytes) / 1e6, Events: r.processor.Events.Load(), Unparsed: r.processor.Unparsed.Load(),
		Masked: r.processor.Masked.Load(), Alerts: r.alerts.Load(), WallS: round(wall.Seconds()), Processes: map[string]float64{}, MemoryOf: map[string]float64{},
	}
	var total time.Duration
	for name, c := range r.cpu() {
		d := c - before[name]
		total += d
		res.Processes[name] = round(1000 * d.Seconds() / res.RawMB)
	}
	res.CPUS = round(total.Seconds())
	res.CPUMsPerMB = round(1000 * total.Seconds() / res.RawMB)
	res.MBPerCoreS = round(res.RawMB / total.Seconds())
	res.RawMB = round(res.RawMB)
	memory := peak(os.Getpid())
	if r.registry != nil {
		for _, p := range r.registry.All() {
			if pid := p.PID(); pid != 0 {
				most := peak(pid)
				res.MemoryOf[p.Manifest().ID] = round(float64(most) / 1e6)
				memory += most
			}
		}
	}
	res.MemoryMB = round(float64(memory) / 1e6)
	if r.o.Store != nil && r.bytes > 0 {
		res.StoreRawRatio = round(float64(r.o.Store.Stats().Bytes) / float64(r.bytes))
	}
	return res
}

func round(v float64) float64 {
	f, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 3, 64), 64) // of our own making
	return f
}

// peak is the most memory that a process had resident, bytes (proc(5), VmHWM); 0 where the system does not say.
func peak(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, line, _ := bytes.Cut(data, []byte("VmHWM:"))
	f := bytes.Fields(line)
	if len(f) == 0 {
		return 0
	}
	kb, _ := strconv.ParseInt(string(f[0]), 10, 64) // the kernel writes a number
	return kb << 10
}
