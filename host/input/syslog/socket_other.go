//go:build !linux

package syslog

import "net"

// setReceiveBuffer asks for a receive buffer of so many bytes. What the kernel gave cannot be told here.
func setReceiveBuffer(c *net.UDPConn, bytes int) (got int, err error) {
	return bytes, c.SetReadBuffer(bytes)
}

// kernelDrops is known on Linux only.
func kernelDrops(*net.UDPConn) (n uint32, ok bool) { return 0, false }
