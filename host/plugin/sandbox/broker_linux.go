package sandbox

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification is struct seccomp_notif, and response struct seccomp_notif_resp (seccomp_unotify(2)).
type notification struct {
	id    uint64
	pid   uint32 // of the thread
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

type response struct {
	id    uint64
	val   int64
	error int32
	flags uint32
}

// handover is struct seccomp_notif_addfd.
type handover struct {
	id         uint64
	flags      uint32
	from       uint32
	to         uint32
	descriptor uint32 // its flags
}

const (
	ioctlValid    = 0x40082102 // SECCOMP_IOCTL_NOTIF_ID_VALID
	ioctlHandover = 0x40182103 // SECCOMP_IOCTL_NOTIF_ADDFD
)

// broker answers the calls of one process that its filter leaves to the host.
type broker struct {
	p         *Policy
	endpoints []endpoint
	pid       int
	listener  *os.File
	limit     func(error) // the process tries too often

	mu       sync.Mutex
	executed bool // the launcher has become the program
	counts   map[string]int64
	tokens   float64 // refusals until it is too many
	filled   time.Time
	names    map[string]resolved
	waiting  chan struct{} // bounds calls under way that may have to wait
}

type resolved struct {
	addrs []netip.Addr
	until time.Time
}

const (
	refusalsBurst  = 1000 // at once
	refusalsSecond = 100  // and in the long run, each second
	refusalKinds   = 64   // told apart
	waitingMost    = 16   // calls under way at once that may have to wait
	namesKept      = 30 * time.Second
	maxFileRead    = 4096 // bytes of a path
)

func newBroker(p *Policy, pid int, listener *os.File, limit func(error)) (*broker, error) {
	b := &broker{
		p: p, pid: pid, listener: listener, limit: limit, counts: map[string]int64{}, tokens: refusalsBurst, filled: time.Now(),
		names: map[string]resolved{}, waiting: make(chan struct{}, waitingMost),
	}
	for _, a := range p.Network {
		e, err := parseEndpoint(a)
		if err != nil {
			return nil, err
		}
		b.endpoints = append(b.endpoints, e)
	}
	return b, nil
}

// serve answers until the process is gone or the listener closed.
func (b *broker) serve() {
	raw, err := b.listener.SyscallConn()
	if err != nil {
		return
	}
	for {
		var n notification
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			// Only asked when there is something: the call waits by itself, and a thread with it.
			poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			if k, err := unix.Poll(poll, 0); err == nil && k == 0 || errors.Is(err, unix.EINTR) {
				return false
			}
			if poll[0].Revents&unix.POLLIN == 0 {
				failed = os.ErrClosed // nobody is left
				return true
			}
			n = notification{}
			if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
				failed = errno
			}
			return true
		})
		switch {
		case err != nil, errors.Is(failed, os.ErrClosed):
			return
		case errors.Is(failed, unix.ENOENT), errors.Is(failed, unix.EINTR): // who asked was killed
			continue
		case failed != nil: // nobody would answer what it asks from here on
			b.limit(fmt.Errorf("what its sandbox asks cannot be heard any more: %w", failed))
			return
		}
		asked := n
		b.decide(&asked)
	}
}

// carryOn has the kernel do what was asked for.
const carryOn = uint32(unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE)

func (b *broker) respond(n *notification, value int64, errno unix.Errno, flags uint32) {
	r := response{id: n.id, val: value, error: -int32(errno), flags: flags}
	raw, err := b.listener.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // fails when who asked is gone
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&r)))
	})
}

// valid says whether who asked still waits, so that what was read of it was its own.
func (b *broker) valid(n *notification) bool {
	ok := false
	raw, err := b.listener.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, ioctlValid, uintptr(unsafe.Pointer(&n.id)))
		ok = errno == 0
	})
	return ok
}

func (b *broker) decide(n *notification) {
	switch nr := uintptr(n.nr); {
	case nr == unix.SYS_EXECVE && !b.executed:
		b.executed = true
		b.respond(n, 0, 0, carryOn)
	case nr == unix.SYS_CLONE || slices.Contains(legacyForks, nr):
		b.clone(n)
	case nr == unix.SYS_OPENAT || nr == legacyOpen && nr != 0:
		b.open(n)
	case nr == unix.SYS_CONNECT && len(b.endpoints) > 0:
		go b.atOnce(n, b.connect)
	case nr == unix.SYS_SENDTO, nr == unix.SYS_SENDMSG, nr == unix.SYS_SENDMMSG:
		go b.atOnce(n, b.send)
	case nr == unix.SYS_LISTEN:
		b.listen(n)
	default:
		b.refuse(n, does(nr), unix.EPERM)
	}
}

// atOnce answers calls that may have to wait, a few at once. There are no more than the process has threads.
func (b *broker) atOnce(n *notification, answer func(*notification)) {
	b.waiting <- struct{}{}
	defer func() { <-b.waiting }()
	answer(n)
}

// refuse counts a refusal, and gives notice when there are more than chance or a careless library makes.
func (b *broker) refuse(n *notification, what string, errno unix.Errno) {
	b.mu.Lock()
	if _, known := b.counts[what]; !known && len(b.counts) >= refusalKinds {
		what = "other things"
	}
	b.counts[what]++
	now := time.Now()
	b.tokens = min(refusalsBurst, b.tokens+refusalsSecond*now.Sub(b.filled).Seconds()) - 1
	b.filled = now
	over := b.tokens < 0
	b.mu.Unlock()
	if over {
		b.limit(fmt.Errorf("the sandbox refused it too much too fast; at last it tried to %s", what))
	}
	b.respond(n, 0, errno, 0)
}

func (b *broker) refused() []Refusal {
	b.mu.Lock()
	defer b.mu.Unlock()
	return refusals(b.counts)
}

// clone counts processes and threads.
func (b *broker) clone(n *notification) {
	thread := uintptr(n.nr) == unix.SYS_CLONE && n.args[0]&unix.CLONE_THREAD != 0
	u := usageOf(b.pid, b.p.Limits.Processes > 1)
	switch {
	case uintptr(n.nr) == unix.SYS_CLONE && n.args[0]&cloneAway != 0:
		b.refuse(n, "start a process that is not below it", unix.EPERM)
	case u.threads >= b.p.Limits.Threads:
		b.refuse(n, fmt.Sprintf("have more than %d threads", b.p.Limits.Threads), unix.EAGAIN)
	case thread:
		b.respond(n, 0, 0, carryOn)
	case b.p.Limits.Processes == 1:
		b.refuse(n, "start a process", unix.EPERM)
	case u.processes >= b.p.Limits.Processes:
		b.refuse(n, fmt.Sprintf("have more than %d processes", b.p.Limits.Processes), unix.EAGAIN)
	default:
		b.respond(n, 0, 0, carryOn)
	}
}

// open opens a file that was granted by its name. All else is Landlock's.
func (b *broker) open(n *notification) {
	at, flags := n.args[1], n.args[2]
	if uintptr(n.nr) == legacyOpen {
		at, flags = n.args[0], n.args[1]
	}
	path, ok := b.path(n, at)
	if !ok || flags&(unix.O_ACCMODE|unix.O_PATH|unix.O_DIRECTORY) != unix.O_RDONLY || !slices.Contains(b.p.Files, path) {
		b.respond(n, 0, 0, carryOn)
		return
	}
	// Without waiting, because it may be a pipe by now.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		var errno unix.Errno
		if !errors.As(err, &errno) {
			errno = unix.EACCES
		}
		b.respond(n, 0, errno, 0)
		return
	}
	defer func() { _ = f.Close() }()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		b.refuse(n, "open "+path+", which is no regular file", unix.EACCES)
		return
	}
	h := handover{id: n.id, from: uint32(f.Fd()), descriptor: uint32(flags) & unix.O_CLOEXEC}
	given := int64(-1)
	if raw, err := b.listener.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			if r, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, ioctlHandover, uintptr(unsafe.Pointer(&h))); errno == 0 {
				given = int64(r)
			}
		})
	}
	if given < 0 {
		b.respond(n, 0, unix.EMFILE, 0)
		return
	}
	b.respond(n, given, 0, 0)
}

// memory reads what the process has at an address.
func (b *broker) memory(n *notification, at uint64, into []byte) int {
	local := unix.Iovec{Base: &into[0]}
	local.SetLen(len(into))
	k, err := unix.ProcessVMReadv(int(n.pid), []unix.Iovec{local}, []unix.RemoteIovec{{Base: uintptr(at), Len: len(into)}}, 0)
	if err != nil || !b.valid(n) {
		return 0
	}
	return k
}

// path reads a path, page by page, as what lies behind its end may not be there.
func (b *broker) path(n *notification, at uint64) (string, bool) {
	const page = 4096
	buf := make([]byte, 0, maxFileRead)
	for len(buf) < maxFileRead {
		part := make([]byte, min(page-int(at%page), maxFileRead-len(buf)))
		k := b.memory(n, at, part)
		if k <= 0 {
			return "", false
		}
		if end := bytes.IndexByte(part[:k], 0); end >= 0 {
			path := string(append(buf, part[:end]...))
			return path, filepath.IsAbs(path)
		}
		buf = append(buf, part[:k]...)
		at += uint64(k)
	}
	return "", false
}

// connect connects the process's socket by itself, to an address that it has looked at: one that stays in the process
// could be another one a moment later.
func (b *broker) connect(n *notification) {
	size := n.args[2] & low // the kernel looks at no more
	if size < 2 || size > unix.SizeofSockaddrAny {
		b.respond(n, 0, unix.EINVAL, 0)
		return
	}
	addr := make([]byte, size)
	if b.memory(n, n.args[1], addr) != len(addr) {
		b.respond(n, 0, unix.EFAULT, 0)
		return
	}
	to, ok := sockaddr(addr)
	switch {
	case !ok && binary.NativeEndian.Uint16(addr) == unix.AF_UNSPEC: // lets go of a datagram socket's peer
	case !ok:
		b.refuse(n, "connect to a local socket", unix.EACCES)
		return
	case !b.granted(to):
		b.refuse(n, "connect to "+to.String(), unix.EACCES)
		return
	}
	fd, errno := b.descriptor(n)
	if errno != 0 {
		b.respond(n, 0, errno, 0)
		return
	}
	defer func() { _ = unix.Close(fd) }()
	_, _, errno = unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&addr[0])), uintptr(len(addr)))
	b.respond(n, 0, errno, 0)
}

// listen lets a process wait for calls on local sockets only.
func (b *broker) listen(n *notification) {
	fd, errno := b.descriptor(n)
	if errno != 0 {
		b.respond(n, 0, errno, 0)
		return
	}
	defer func() { _ = unix.Close(fd) }()
	if family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil || family != unix.AF_UNIX {
		b.refuse(n, "listen on the network", unix.EPERM)
		return
	}
	_, _, errno = unix.Syscall(unix.SYS_LISTEN, uintptr(fd), uintptr(n.args[1]), 0)
	b.respond(n, 0, errno, 0)
}

// descriptor is the socket that the call's first argument names, in this process.
func (b *broker) descriptor(n *notification) (int, unix.Errno) {
	p, err := unix.PidfdOpen(groupOf(int(n.pid)), 0)
	if err != nil {
		return -1, unix.ESRCH
	}
	defer func() { _ = unix.Close(p) }()
	fd, err := unix.PidfdGetfd(p, int(int32(n.args[0])), 0)
	if err != nil {
		var errno unix.Errno
		if !errors.As(err, &errno) {
			errno = unix.EPERM
		}
		return -1, errno
	}
	if !b.valid(n) {
		_ = unix.Close(fd)
		return -1, unix.ESRCH
	}
	return fd, 0
}

// groupOf is the process of a thread.
func groupOf(tid int) int {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return tid
	}
	return int(field(data, "Tgid:"))
}

func sockaddr(raw []byte) (netip.AddrPort, bool) {
	switch family := binary.NativeEndian.Uint16(raw); {
	case family == unix.AF_INET && len(raw) >= unix.SizeofSockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(raw[4:8])), binary.BigEndian.Uint16(raw[2:])), true
	case family == unix.AF_INET6 && len(raw) >= unix.SizeofSockaddrInet6-4: // the zone is not always there
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(raw[8:24])).Unmap(), binary.BigEndian.Uint16(raw[2:])), true
	}
	return netip.AddrPort{}, false
}

// granted says whether a process may connect to an address.
func (b *broker) granted(to netip.AddrPort) bool {
	if to.Port() == dnsPort && slices.Contains(nameservers(), to.Addr()) {
		return true
	}
	for _, e := range b.endpoints {
		if e.port != 0 && e.port != to.Port() {
			continue
		}
		if e.host == "" {
			return true
		}
		if a, err := netip.ParseAddr(e.host); err == nil {
			if a.Unmap() == to.Addr() {
				return true
			}
			continue
		}
		if slices.Contains(b.lookup(e.host), to.Addr()) {
			return true
		}
	}
	return false
}

// lookup is what a name stands for now.
func (b *broker) lookup(host string) []netip.Addr {
	b.mu.Lock()
	r, ok := b.names[host]
	b.mu.Unlock()
	if ok && time.Now().Before(r.until) {
		return r.addrs
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return r.addrs // as it was
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names[host] = resolved{addrs, time.Now().Add(namesKept)}
	return addrs
}

// nameservers are those of resolv.conf(5), or those on this machine if it has none.
func nameservers() []netip.Addr {
	out := []netip.Addr{}
	data, _ := os.ReadFile("/etc/resolv.conf")
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" {
			if a, err := netip.ParseAddr(f[1]); err == nil {
				out = append(out, a.Unmap())
			}
		}
	}
	if len(out) == 0 {
		out = append(out, netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback())
	}
	return out
}
