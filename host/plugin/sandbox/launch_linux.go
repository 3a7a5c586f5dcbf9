package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// launcherName is the name under which a program is the launcher, and orders where it finds what to do.
	launcherName = "logcenter-sandbox"
	orders       = "LOGCENTER_SANDBOX"
)

// order is what the launcher is told.
type order struct {
	Policy  Policy
	Parent  int // the host
	Control int // descriptor of the socket on which it reports
}

// A program that links this package is the launcher when it is started under its name. It is so before main, because
// every program that starts plugins would have to think of it, tests included, and because what a program sets up for
// itself would be time lost.
func init() {
	if len(os.Args) > 0 && os.Args[0] == launcherName {
		runtime.LockOSThread() // what is confined is this thread, and all that comes of it
		launch()
	}
}

// launch confines this process and becomes the program. It does not return.
func launch() {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(orders)), &o); err != nil {
		fmt.Fprintln(os.Stderr, "This starts plugins for Logcenter; it is no command.")
		os.Exit(2)
	}
	// Above what the process may have open itself, so that nothing of its own can have this number.
	control := max(o.Policy.Limits.Files, 64) + 1
	if err := unix.Dup3(o.Control, control, unix.O_CLOEXEC); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(126)
	}
	_ = unix.Close(o.Control)
	done, listener, err := confine(&o, control)
	if err == nil {
		err = tell(control, done, listener)
	}
	if err == nil {
		err = syscall.Exec(o.Policy.Binary, append([]string{o.Policy.Binary}, o.Policy.Args...), environment())
		err = fmt.Errorf("start %s: %w", o.Policy.Binary, err)
	}
	_ = tell(control, confined{Error: err.Error()}, -1) // the host knows by its end, too
	os.Exit(126)
}

// environment is what the program is given of the launcher's.
func environment() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, orders+"=") {
			env = append(env, e)
		}
	}
	return env
}

// tell sends the host what was done, and the listener if there is one.
func tell(control int, c confined, listener int) error {
	msg, err := json.Marshal(c)
	if err != nil {
		return err
	}
	var rights []byte
	if listener >= 0 {
		rights = unix.UnixRights(listener)
	}
	return unix.Sendmsg(control, msg, rights, nil, 0)
}

// confine takes from this process all that the policy does not grant.
func confine(o *order, control int) (c confined, listener int, err error) {
	p := &o.Policy
	c.PID = os.Getpid()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return c, -1, fmt.Errorf("die with the host: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil { // what it starts stays below it
		return c, -1, fmt.Errorf("keep descendants: %w", err)
	}
	if os.Getppid() != o.Parent {
		return c, -1, errors.New("the host is gone")
	}
	if err := unix.Setpgid(0, 0); err != nil { // the process group is killed as one
		return c, -1, fmt.Errorf("process group: %w", err)
	}
	if err := noInput(); err != nil {
		return c, -1, err
	}
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("600"), 0) // before the host, when the machine is short of memory
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return c, -1, fmt.Errorf("no new privileges: %w", err)
	}
	// Landlock comes before capabilities go: what was granted is opened with the host's rights.
	if c.Landlock, err = landlock(p); err != nil {
		return c, -1, err
	}
	if err := dropCapabilities(); err != nil {
		return c, -1, err
	}
	if c.Data, err = limit(p); err != nil {
		return c, -1, err
	}
	c.CPUs = pin(p.Limits.CPUs) == nil
	if !canSeccomp() {
		return c, -1, nil
	}
	if listener, err = seccomp(p, os.Getpid(), control); err != nil {
		return c, -1, err
	}
	c.Seccomp, c.Notify = true, listener >= 0
	return c, listener, nil
}

// noInput has the process read nothing where the host reads.
func noInput() error {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: "/dev/null", Err: err}
	}
	if err := unix.Dup3(null, 0, 0); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return unix.Close(null)
}

// dropCapabilities leaves a host that runs as root with plugins that can do no more than any user. The user stays.
func dropCapabilities() error {
	const (
		noRoot       = 1<<0 | 1<<1 // SECBIT_NOROOT and its lock: user 0 gets nothing by executing
		noSetuidFix  = 1<<2 | 1<<3
		noAmbientSet = 1<<6 | 1<<7
	)
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) // since 4.3
	for capability := uintptr(0); ; capability++ {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			break // the last one is behind us, or we have none to drop
		}
	}
	_ = unix.Prctl(unix.PR_SET_SECUREBITS, noRoot|noSetuidFix|noAmbientSet, 0, 0, 0) // refused to who has no capabilities anyway
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	return nil
}

// pin leaves a process some of the processors that the host has, not the same ones to each; 0 leaves all.
func pin(cpus int) error {
	var may, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil || cpus == 0 {
		return err
	}
	var all []int
	for i := range len(may) * 64 {
		if may.IsSet(i) {
			all = append(all, i)
		}
	}
	for i := range min(cpus, len(all)) {
		set.Set(all[(os.Getpid()+i)%len(all)])
	}
	return unix.SchedSetaffinity(0, &set)
}

// dataSlack is how much more than its resident bound a process may have mapped for writing: runtimes reserve ahead.
const dataSlack = 512 << 20

// limit sets resource limits. data says whether memory is among them.
func limit(p *Policy) (data bool, err error) {
	files := uint64(0) // what regular files may grow to
	if len(p.Write) > 0 {
		files = unix.RLIM_INFINITY
	}
	for _, l := range [...]struct {
		name     string
		resource int
		value    uint64
	}{
		// A limit of 0 would still feed a core_pattern that is a program; 1 is for neither (core(5)).
		{"core", unix.RLIMIT_CORE, 1},
		{"open files", unix.RLIMIT_NOFILE, uint64(p.Limits.Files)},
		{"file size", unix.RLIMIT_FSIZE, files},
		{"locked memory", unix.RLIMIT_MEMLOCK, 64 << 10},
		{"message queues", unix.RLIMIT_MSGQUEUE, 0},
		{"pending signals", unix.RLIMIT_SIGPENDING, 1024},
		{"real-time priority", unix.RLIMIT_RTPRIO, 0},
		// Private memory that can be written, which Go's and others' reservations of address space are not.
		{"data", unix.RLIMIT_DATA, uint64(p.Limits.Memory) + dataSlack},
	} {
		have := unix.Rlimit{}
		if err := unix.Getrlimit(l.resource, &have); err != nil {
			return false, fmt.Errorf("limit of %s: %w", l.name, err)
		}
		v := min(l.value, have.Max)
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: v, Max: v}); err != nil {
			return false, fmt.Errorf("limit of %s: %w", l.name, err)
		}
	}
	return true, nil
}
