package syslog

import (
	"errors"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// setReceiveBuffer asks for a receive buffer of so many bytes and returns what the kernel gave. Beyond
// net.core.rmem_max it gives that only to those with CAP_NET_ADMIN (socket(7), SO_RCVBUFFORCE).
func setReceiveBuffer(c *net.UDPConn, bytes int) (got int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var serr error
	err = raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes) != nil {
			if serr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bytes); serr != nil {
				return
			}
		}
		got, serr = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
	})
	return got / 2, errors.Join(err, serr) // the kernel doubles the value for its own overhead
}

// The last of the counters that SO_MEMINFO returns, see include/uapi/linux/sock_diag.h.
const (
	memInfoVars  = 9
	memInfoDrops = 8
)

// kernelDrops is how many datagrams the kernel dropped at this socket for want of room, or with a wrong
// checksum, since it was opened; modulo 2^32. ok is false where the kernel does not say (before Linux 4.12).
func kernelDrops(c *net.UDPConn) (n uint32, ok bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	var vars [memInfoVars]uint32
	size := uint32(unsafe.Sizeof(vars))
	var errno unix.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&vars)), uintptr(unsafe.Pointer(&size)), 0)
	})
	return vars[memInfoDrops], err == nil && errno == 0 && size == uint32(unsafe.Sizeof(vars))
}
