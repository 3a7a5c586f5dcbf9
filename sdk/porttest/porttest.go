// Package porttest finds ports for servers of tests that are programs of their own, or are stopped and started again.
package porttest

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports lie below those that Linux gives to outgoing connections (ip_local_port_range, from 32768), one of which could
// otherwise have the port of a server that is away.
const (
	lowest = 12000
	count  = 20000
	tries  = 1000
)

var (
	mu    sync.Mutex
	given = map[int]bool{}
)

// Free is a port of 127.0.0.1 that nobody listens at, by TCP and by UDP. A process is given each once. It is safe for
// concurrent use.
func Free() (port int, err error) {
	mu.Lock()
	defer mu.Unlock()
	for range tries {
		port = lowest + rand.IntN(count)
		if given[port] {
			continue
		}
		if err = try(port); err == nil {
			given[port] = true
			return port, nil
		}
	}
	return 0, errors.Join(errors.New("no free port of 127.0.0.1"), err)
}

// Address is 127.0.0.1 with a port as [Free] finds it.
func Address() (string, error) {
	port, err := Free()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}

// try listens for a moment.
func try(port int) error {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	p, err := net.ListenPacket("udp", address)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	return errors.Join(p.Close(), l.Close())
}
