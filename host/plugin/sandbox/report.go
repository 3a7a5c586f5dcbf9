package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// Report says what of a policy is enforced on this machine, in an admin's words.
type Report struct {
	// Off: nothing is, because the admin said so.
	Off bool `json:"off,omitempty"`
	// Enforced are the bounds, each with what keeps it.
	Enforced []string `json:"enforced"`
	// Missing are the bounds that nothing keeps, each with what is lacking.
	Missing []string `json:"missing"`
}

// String is the report on one line.
func (r Report) String() string {
	if r.Off {
		return "off"
	}
	s := strings.Join(r.Enforced, ", ")
	if len(r.Missing) > 0 {
		s += "; not enforced: " + strings.Join(r.Missing, ", ")
	}
	return s
}

// Refusal is something that a process tried and was refused.
type Refusal struct {
	What  string `json:"what"` // e.g. "execute a program"
	Count int64  `json:"count"`
}

// Sum adds counts up.
func Sum(a, b []Refusal) []Refusal {
	counts := map[string]int64{}
	for _, r := range append(a[:len(a):len(a)], b...) {
		counts[r.What] += r.Count
	}
	return refusals(counts)
}

// refusals sorts counts, the most frequent first.
func refusals(counts map[string]int64) []Refusal {
	out := make([]Refusal, 0, len(counts))
	for what, n := range counts {
		out = append(out, Refusal{what, n})
	}
	slices.SortFunc(out, func(a, b Refusal) int {
		if a.Count != b.Count {
			return int(min(max(b.Count-a.Count, -1), 1))
		}
		return strings.Compare(a.What, b.What)
	})
	return out
}

// Bytes is a size for people.
func Bytes(n int64) string {
	for _, u := range [...]struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.size {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(u.size)), ".0") + " " + u.name
		}
	}
	return fmt.Sprint(n, " B")
}

// Kernel is what this machine's kernel has for confining.
type Kernel struct {
	Landlock int  // version of its interface, 0 if there is none
	Seccomp  bool // filters of system calls
	Notify   bool // refusals can be told, and calls answered by the host
}

// Lacks are the means without which a sandbox is not one, empty if all are there.
func (k Kernel) Lacks() []string {
	var out []string
	if k.Landlock == 0 {
		out = append(out, "Landlock (Linux 5.13, CONFIG_SECURITY_LANDLOCK)")
	}
	if !k.Seccomp {
		out = append(out, "seccomp filters (CONFIG_SECCOMP_FILTER, on amd64 and arm64)")
	}
	return out
}

// confined is what a launcher could do, as it tells the host.
type confined struct {
	PID      int    `json:"pid,omitempty"`
	Landlock int    `json:"landlock,omitempty"`
	Seccomp  bool   `json:"seccomp,omitempty"`
	Notify   bool   `json:"notify,omitempty"`
	CPUs     bool   `json:"cpus,omitempty"`
	Data     bool   `json:"data,omitempty"` // bound of RLIMIT_DATA
	Error    string `json:"error,omitempty"`
}

// report puts what was done for a policy into words.
func (c confined) report(p Policy) Report {
	var r Report
	say := func(ok bool, bound, by, lacks string) {
		if ok {
			r.Enforced = append(r.Enforced, bound+" ("+by+")")
		} else {
			r.Missing = append(r.Missing, bound+" ("+lacks+")")
		}
	}
	say(c.Landlock > 0, "files", fmt.Sprintf("Landlock ABI %d", c.Landlock), "no Landlock")
	if len(p.Network) == 0 {
		say(c.Seccomp, "network off", "seccomp", "no seccomp")
		if !c.Seccomp && c.Landlock >= 4 {
			say(true, "TCP off", fmt.Sprintf("Landlock ABI %d", c.Landlock), "")
		}
	} else {
		say(c.Notify, "network "+strings.Join(p.Network, " "), "seccomp", "seccomp cannot ask the host")
	}
	executes := "Landlock"
	if c.Notify {
		executes = "seccomp"
	}
	say(c.Notify || c.Landlock > 0, "no other programs", executes, "no Landlock, and seccomp cannot ask the host")
	say(c.Seccomp, "no signals, tracing or tuning of others", "seccomp", "no seccomp")
	by := "watched"
	if c.Data {
		by = "rlimit, watched"
	}
	say(true, "memory "+Bytes(p.Limits.Memory), by, "")
	if p.Limits.CPUs > 0 {
		say(c.CPUs, plural(p.Limits.CPUs, "processor"), "affinity", "it cannot be set")
	}
	switch {
	case p.Limits.Processes > 1:
		say(c.Notify, fmt.Sprintf("%d processes", p.Limits.Processes), "seccomp", "seccomp cannot ask the host")
	default:
		say(c.Seccomp, "one process", "seccomp", "no seccomp")
	}
	say(true, fmt.Sprintf("%d threads", p.Limits.Threads), map[bool]string{true: "seccomp", false: "watched"}[c.Notify], "")
	say(true, fmt.Sprintf("%d open files", p.Limits.Files), "rlimit", "")
	say(true, "no core dumps", "rlimit", "")
	say(true, "idle processor time", "watched", "")
	return r
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
