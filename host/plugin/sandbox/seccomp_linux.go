package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filter lets through what is not named here: plugins are written in any language, whose runtimes use any of some
// three hundred calls. Named is what reaches beyond the process: other processes, the network, the kernel's less
// trodden paths. Calls younger than this list (newestCall) do not exist for a plugin.

// newestCall is the last one known here: mseal, of Linux 6.10. Numbers are the same everywhere since 5.0.
const newestCall = 462

// refusedCalls are refused whatever they are given, each with what it tries to do, in an admin's words.
var refusedCalls = []struct {
	does  string
	calls []uintptr
}{
	{"look into another process", []uintptr{
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE,
		unix.SYS_PROCESS_MRELEASE, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
	}},
	{signals, []uintptr{unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_TKILL}},
	{tunes, []uintptr{
		unix.SYS_SETPRIORITY, unix.SYS_SCHED_SETSCHEDULER, unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETATTR,
		unix.SYS_IOPRIO_SET, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
	}},
	// All of a plugin is one process group, which is killed as one.
	{"leave its process group", []uintptr{unix.SYS_SETSID, unix.SYS_SETPGID}},
	{"share memory or messages", []uintptr{
		unix.SYS_MEMFD_CREATE, unix.SYS_MEMFD_SECRET, unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_MSGGET,
		unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MSGCTL, unix.SYS_SEMGET, unix.SYS_SEMOP, unix.SYS_SEMTIMEDOP,
		unix.SYS_SEMCTL, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
	}},
	{"use the kernel's keys", []uintptr{unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY}},
	{"mount or enter namespaces", []uintptr{
		unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_UNSHARE, unix.SYS_SETNS,
		unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK,
		unix.SYS_MOUNT_SETATTR, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_FANOTIFY_INIT,
	}},
	{"change the machine", append([]uintptr{
		unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_REBOOT, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD,
		unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_ACCT, unix.SYS_QUOTACTL,
		unix.SYS_QUOTACTL_FD, unix.SYS_NFSSERVCTL, unix.SYS_SYSLOG, unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME,
		unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_VHANGUP,
		unix.SYS_PERSONALITY,
	}, legacyRefused...)},
	// Faults are often found in them.
	{"use bpf, perf, userfaultfd or io_uring", []uintptr{
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
		unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	}},
	{executes, []uintptr{unix.SYS_EXECVEAT}}, // execve is looked at
	// A second listener would be asked in place of the host, once the host's is closed.
	{"filter system calls itself", []uintptr{unix.SYS_SECCOMP}},
}

// What calls do that are refused for what they are given.
const (
	signals  = "signal another process"
	tunes    = "change another process"
	executes = "execute a program"
)

// refusedFor is what calls do that are refused when they are given the wrong thing.
var refusedFor = map[uintptr]string{
	unix.SYS_SOCKET: "open a socket", unix.SYS_SOCKETPAIR: "open a socket", unix.SYS_CONNECT: "connect to a socket",
	unix.SYS_EXECVE: executes,
	unix.SYS_KILL:   signals, unix.SYS_TGKILL: signals, unix.SYS_RT_TGSIGQUEUEINFO: signals,
	unix.SYS_FCNTL: signals, unix.SYS_IOCTL: "signal or type by a descriptor",
	unix.SYS_PRCTL: "leave the host", unix.SYS_PRLIMIT64: tunes, unix.SYS_SCHED_SETAFFINITY: tunes,
}

// does is what a refused call tries to do.
func does(number uintptr) string {
	if s := refusedFor[number]; s != "" {
		return s
	}
	for _, g := range refusedCalls {
		if slices.Contains(g.calls, number) {
			return g.does
		}
	}
	return fmt.Sprintf("use system call %d", number)
}

// filter is a seccomp program that is being written: blocks, each of which looks at one call.
type filter struct {
	prog   []unix.SockFilter
	refuse uint32 // what a refusal answers
	ask    uint32 // what a question to the host answers
}

// Offsets in struct seccomp_data; the low half of an argument comes first on all architectures of this package.
const (
	dataNumber = 0
	dataArch   = 4
	dataArgs   = 16
)

func (f *filter) op(code uint16, k uint32, jt, jf uint8) {
	f.prog = append(f.prog, unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
}

func (f *filter) load(offset uint32) { f.op(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, offset, 0, 0) }

func (f *filter) ret(action uint32) { f.op(unix.BPF_RET|unix.BPF_K, action, 0, 0) }

const (
	jumpEqual   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	jumpGreater = unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K
	jumpAtLeast = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	and         = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
)

// call answers a call with an action.
func (f *filter) call(number uintptr, action uint32) {
	f.load(dataNumber)
	f.op(jumpEqual, uint32(number), 0, 1)
	f.ret(action)
}

// unless answers a call with an action unless the low half of an argument, under a mask, is a value.
func (f *filter) unless(number uintptr, arg, mask, value, action uint32) {
	f.load(dataNumber)
	f.op(jumpEqual, uint32(number), 0, 4)
	f.load(dataArgs + 8*arg)
	f.op(and, mask, 0, 0)
	f.op(jumpEqual, value, 1, 0)
	f.ret(action)
}

// when answers a call with an action when the low half of an argument is a value.
func (f *filter) when(number uintptr, arg, value, action uint32) {
	f.load(dataNumber)
	f.op(jumpEqual, uint32(number), 0, 3)
	f.load(dataArgs + 8*arg)
	f.op(jumpEqual, value, 0, 1)
	f.ret(action)
}

// pointed answers a call with an action when an argument is not nil.
func (f *filter) pointed(number uintptr, arg, action uint32) {
	f.load(dataNumber)
	f.op(jumpEqual, uint32(number), 0, 5)
	f.load(dataArgs + 8*arg)
	f.op(jumpEqual, 0, 0, 2)
	f.load(dataArgs + 8*arg + 4)
	f.op(jumpEqual, 0, 1, 0)
	f.ret(action)
}

const (
	errno    = uint32(unix.SECCOMP_RET_ERRNO)
	allow    = uint32(unix.SECCOMP_RET_ALLOW)
	notify   = uint32(unix.SECCOMP_RET_USER_NOTIF)
	low      = 0xffffffff
	sockType = 0xf // the rest are flags
)

// program is the filter for a policy. self is the process it is for, control a descriptor on which messages may be
// sent. With asks, refusals are told to the host and it decides what may be decided there; without, calls that need
// that are let through where something else bounds them.
func program(p *Policy, self, control int, asks bool) []unix.SockFilter {
	f := &filter{refuse: errno | uint32(unix.EPERM), ask: allow}
	if asks {
		f.refuse, f.ask = notify, notify
	}
	f.load(dataArch)
	f.op(jumpEqual, auditArch, 1, 0)
	f.ret(unix.SECCOMP_RET_KILL_PROCESS)
	f.load(dataNumber)
	if x32Bit != 0 {
		f.op(jumpAtLeast, x32Bit, 0, 1)
		f.ret(errno | uint32(unix.ENOSYS))
	}
	f.op(jumpGreater, newestCall, 0, 1)
	f.ret(errno | uint32(unix.ENOSYS))
	// What programs do all the time comes first, for kernels that do not remember what a filter lets through.
	for _, n := range [...]uintptr{unix.SYS_FUTEX, unix.SYS_EPOLL_PWAIT, unix.SYS_READ, unix.SYS_WRITE, unix.SYS_NANOSLEEP, unix.SYS_MADVISE} {
		f.call(n, allow)
	}
	for _, g := range refusedCalls {
		for _, n := range g.calls {
			f.call(n, f.refuse)
		}
	}
	f.processes(p, uint32(self), asks)
	f.leash()
	f.sockets(p, uint32(control))
	if asks && len(p.Files) > 0 {
		f.call(unix.SYS_OPENAT, notify)
		if legacyOpen != 0 {
			f.call(legacyOpen, notify)
		}
	}
	f.ret(allow)
	return f.prog
}

// processes are calls that make and reach processes and threads.
func (f *filter) processes(p *Policy, self uint32, asks bool) {
	for _, n := range [...]uintptr{unix.SYS_KILL, unix.SYS_TGKILL, unix.SYS_RT_TGSIGQUEUEINFO} {
		f.unless(n, 0, low, self, f.refuse)
	}
	f.unless(unix.SYS_PRLIMIT64, 0, low, 0, f.refuse)
	if p.Limits.CPUs > 0 {
		f.call(unix.SYS_SCHED_SETAFFINITY, f.refuse)
	} else {
		f.unless(unix.SYS_SCHED_SETAFFINITY, 0, low, 0, f.refuse)
	}
	// Signals and input by other doors.
	for _, command := range [...]uint32{unix.F_SETOWN, unix.F_SETOWN_EX, unix.F_SETSIG} {
		f.when(unix.SYS_FCNTL, 1, command, f.refuse)
	}
	for _, request := range [...]uint32{0x8901 /* FIOSETOWN */, 0x8902 /* SIOCSPGRP */, unix.TIOCSTI, unix.TIOCLINUX} {
		f.when(unix.SYS_IOCTL, 1, request, f.refuse)
	}
	// The flags of clone3 are in memory, where they can change behind the filter's back: programs fall back to clone.
	f.call(unix.SYS_CLONE3, errno|uint32(unix.ENOSYS))
	forks := f.refuse
	if p.Limits.Processes > 1 {
		forks = f.ask
	}
	for _, n := range legacyForks {
		f.call(n, forks)
	}
	f.unless(unix.SYS_CLONE, 0, cloneAway, 0, f.refuse)
	f.unless(unix.SYS_CLONE, 0, unix.CLONE_THREAD, unix.CLONE_THREAD, forks)
	if asks { // threads are counted
		f.call(unix.SYS_CLONE, notify)
	}
	f.call(unix.SYS_EXECVE, f.ask) // the launcher's own is the first, and the last
}

// cloneAway are flags by which a new process would leave the namespaces, or the descendants, of its maker.
const cloneAway = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
	unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_PARENT

// leash refuses to undo what ties a process to the host, and its descendants to it.
func (f *filter) leash() {
	f.load(dataNumber)
	f.op(jumpEqual, uint32(unix.SYS_PRCTL), 0, 6)
	f.load(dataArgs)
	f.op(jumpEqual, unix.PR_SET_CHILD_SUBREAPER, 3, 0)
	f.op(jumpEqual, unix.PR_SET_PDEATHSIG, 0, 3)
	f.load(dataArgs + 8)
	f.op(jumpEqual, uint32(unix.SIGKILL), 1, 0)
	f.ret(f.refuse)
}

// sockets leaves a process its own socket, on which the host calls it, and what the policy grants.
func (f *filter) sockets(p *Policy, control uint32) {
	network := len(p.Network) > 0
	unixOnly := f.refuse
	if network {
		unixOnly = allow // looked at one by one
		for _, kind := range [...]uint32{unix.SOCK_RAW, unix.SOCK_PACKET, unix.SOCK_RDM, unix.SOCK_DCCP} {
			f.socketKind(kind)
		}
		f.families()
	}
	f.unless(unix.SYS_SOCKET, 0, low, unix.AF_UNIX, unixOnly)
	if !network {
		f.unless(unix.SYS_SOCKET, 1, sockType, unix.SOCK_STREAM, f.refuse)
		f.call(unix.SYS_CONNECT, f.refuse)
	} else {
		f.call(unix.SYS_CONNECT, f.ask)
		f.call(unix.SYS_LISTEN, f.ask)
	}
	// Datagrams have addresses: without network there are streams only.
	if !network {
		f.unless(unix.SYS_SOCKETPAIR, 1, sockType, unix.SOCK_STREAM, f.refuse)
		return
	}
	f.pointed(unix.SYS_SENDTO, 4, f.ask)
	f.unless(unix.SYS_SENDMSG, 0, low, control, f.ask)
	f.call(unix.SYS_SENDMMSG, f.ask)
}

// socketKind refuses sockets of a type.
func (f *filter) socketKind(kind uint32) {
	f.load(dataNumber)
	f.op(jumpEqual, uint32(unix.SYS_SOCKET), 0, 4)
	f.load(dataArgs + 8)
	f.op(and, sockType, 0, 0)
	f.op(jumpEqual, kind, 0, 1)
	f.ret(f.refuse)
}

// families refuses sockets that are not of the internet and not local.
func (f *filter) families() {
	f.load(dataNumber)
	f.op(jumpEqual, uint32(unix.SYS_SOCKET), 0, 5)
	f.load(dataArgs)
	f.op(jumpEqual, unix.AF_UNIX, 3, 0)
	f.op(jumpEqual, unix.AF_INET, 2, 0)
	f.op(jumpEqual, unix.AF_INET6, 1, 0)
	f.ret(f.refuse)
}

// seccomp filters the calls of the calling thread. The listener is where refused calls are told; -1 if the kernel
// cannot.
func seccomp(p *Policy, self, control int) (listener int, err error) {
	if auditArch == 0 {
		return -1, errors.New("no filter of system calls for this architecture")
	}
	if canNotify() {
		for _, flags := range [...]uintptr{unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER} {
			if listener, err = install(program(p, self, control, true), flags); err == nil {
				return listener, nil
			}
		}
	}
	_, err = install(program(p, self, control, false), 0)
	return -1, err
}

func install(prog []unix.SockFilter, flags uintptr) (int, error) {
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	r, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return -1, fmt.Errorf("seccomp: %w", errno)
	}
	return int(r), nil
}

// canSeccomp says whether the kernel has filters.
func canSeccomp() bool {
	action := uint32(unix.SECCOMP_RET_ERRNO)
	return auditArch != 0 && available(&action)
}

// canNotify says whether the kernel can ask the host and hand it descriptors (5.6).
func canNotify() bool {
	action := uint32(unix.SECCOMP_RET_USER_NOTIF)
	if auditArch == 0 || !available(&action) {
		return false
	}
	_, _, errno := unix.Syscall(unix.SYS_PIDFD_GETFD, ^uintptr(0), 0, 0)
	return errno == unix.EBADF
}

func available(action *uint32) bool {
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(action)))
	return errno == 0
}
