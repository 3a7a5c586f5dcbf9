package sandbox

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Datagrams carry their address beside them, in memory that may change between a look and the kernel's own. So the host
// sends for processes that have network, from a copy that it has looked at. Those without have no socket that could send
// to an address, and send by themselves.

const (
	sendMost    = 1 << 20 // bytes of one message; streams may send less than they were asked to
	piecesMost  = 1024    // of one message, as IOV_MAX
	messageMost = 64      // of one call

	msghdrBytes  = 56 // struct msghdr, see recv(2)
	mmsghdrBytes = 64 // and a length behind it
	iovecBytes   = 16
)

// message is what a process wants to send.
type message struct {
	to   []byte // a socket address, empty for the one that the socket is connected to
	data []byte
	more bool // than was copied
}

// send answers sendto, sendmsg and sendmmsg.
func (b *broker) send(n *notification) {
	var flags uint64
	count := 1
	switch uintptr(n.nr) {
	case unix.SYS_SENDTO:
		flags = n.args[3]
	case unix.SYS_SENDMSG:
		flags = n.args[2]
	case unix.SYS_SENDMMSG:
		flags = n.args[3]
		count = int(min(n.args[2]&low, messageMost))
	}
	fd, errno := b.descriptor(n)
	if errno != 0 {
		b.respond(n, 0, errno, 0)
		return
	}
	defer func() { _ = unix.Close(fd) }()
	sent := int64(0)
	for i := range count {
		m, errno := b.message(n, i)
		k := 0
		if errno == 0 {
			k, errno = b.sendOne(n, fd, m, int(flags))
		}
		switch {
		case errno == errAnswered:
			return
		case errno != 0 && sent == 0:
			b.respond(n, 0, errno, 0)
			return
		case errno != 0:
			b.respond(n, sent, 0, 0)
			return
		}
		if uintptr(n.nr) != unix.SYS_SENDMMSG {
			b.respond(n, int64(k), 0, 0)
			return
		}
		b.store(n, n.args[1]+uint64(i*mmsghdrBytes+msghdrBytes), uint32(k))
		sent++
	}
	b.respond(n, sent, 0, 0)
}

// errAnswered says that the call was refused, and told so.
const errAnswered = unix.Errno(0xffff)

// sendOne sends a message if its address is granted.
func (b *broker) sendOne(n *notification, fd int, m message, flags int) (int, unix.Errno) {
	if len(m.to) > 0 {
		to, ok := sockaddr(m.to)
		if !ok {
			b.refuse(n, "send to a local socket", unix.EACCES)
			return 0, errAnswered
		}
		if !b.granted(to) {
			b.refuse(n, "send to "+to.String(), unix.EACCES)
			return 0, errAnswered
		}
	}
	if m.more {
		if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_STREAM {
			return 0, unix.EMSGSIZE
		}
	}
	var data, to unsafe.Pointer
	if len(m.data) > 0 {
		data = unsafe.Pointer(&m.data[0])
	}
	if len(m.to) > 0 {
		to = unsafe.Pointer(&m.to[0])
	}
	k, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(data), uintptr(len(m.data)), uintptr(flags|unix.MSG_NOSIGNAL), uintptr(to), uintptr(len(m.to)))
	return int(k), errno
}

// message copies the i-th message of a call.
func (b *broker) message(n *notification, i int) (m message, errno unix.Errno) {
	name, size := n.args[4], n.args[5]&low
	pieces := make([]byte, iovecBytes)
	if uintptr(n.nr) == unix.SYS_SENDTO {
		binary.NativeEndian.PutUint64(pieces, n.args[1])
		binary.NativeEndian.PutUint64(pieces[8:], n.args[2])
	} else {
		head := make([]byte, msghdrBytes)
		if b.memory(n, n.args[1]+uint64(i*mmsghdrBytes), head) != len(head) {
			return m, unix.EFAULT
		}
		word := func(at int) uint64 { return binary.NativeEndian.Uint64(head[at:]) }
		name, size = word(0), word(8)&low
		if word(40) != 0 {
			b.refuse(n, "send descriptors or options", unix.EPERM)
			return m, errAnswered
		}
		count := word(24)
		if count > piecesMost {
			return m, unix.EMSGSIZE
		}
		pieces = make([]byte, count*iovecBytes)
		if count > 0 && b.memory(n, word(16), pieces) != len(pieces) {
			return m, unix.EFAULT
		}
	}
	if name != 0 && size > 0 {
		if size < 2 || size > unix.SizeofSockaddrAny {
			return m, unix.EINVAL
		}
		m.to = make([]byte, size)
		if b.memory(n, name, m.to) != len(m.to) {
			return m, unix.EFAULT
		}
	}
	for ; len(pieces) > 0 && !m.more; pieces = pieces[iovecBytes:] {
		at, want := binary.NativeEndian.Uint64(pieces), binary.NativeEndian.Uint64(pieces[8:])
		have := min(want, uint64(sendMost-len(m.data)))
		m.more = have < want
		if have == 0 {
			continue
		}
		part := make([]byte, have)
		if b.memory(n, at, part) != len(part) {
			return m, unix.EFAULT
		}
		m.data = append(m.data, part...)
	}
	return m, 0
}

// store writes a number where the process waits for it.
func (b *broker) store(n *notification, at uint64, v uint32) {
	var buf [4]byte
	binary.NativeEndian.PutUint32(buf[:], v)
	local := unix.Iovec{Base: &buf[0]}
	local.SetLen(len(buf))
	// One that cannot be written is the process's own fault; it has what it asked for.
	_, _ = unix.ProcessVMWritev(int(n.pid), []unix.Iovec{local}, []unix.RemoteIovec{{Base: uintptr(at), Len: len(buf)}}, 0)
}
