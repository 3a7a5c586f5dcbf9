package sandbox

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Policy is what one process may do. Paths are absolute; what is not there is left out.
type Policy struct {
	// Binary is the program, and Args are what it is given.
	Binary string
	Args   []string
	// Read are files and folders that may be read, with all that is below them.
	Read []string
	// Files are single files that may be read, also when another one takes their place.
	Files []string
	// Write are folders in which anything may be read, made, changed and removed. A file stands for itself only.
	Write []string
	// Exec are further programs that may be executed while the process starts, such as a dynamic loader. They may be
	// read, too.
	Exec []string
	// Sockets is the folder for the process's own socket, and nobody else's.
	Sockets string
	// Network are the addresses that may be connected to, as HOST:PORT. HOST is a name, an address, or * for any,
	// PORT a number or *. None: no network at all.
	Network []string
	Limits  Limits
}

// Limits bound what a process uses. Zero is the default, which WithDefaults fills in.
type Limits struct {
	// Memory is resident bytes of all its processes, including what it shares with the host. 0 is 1 GiB.
	Memory int64
	// Processes is how many there may be, itself included. 0 is 1.
	Processes int
	// CPUs is how many processors they may run on. 0 is all.
	CPUs int
	// Threads of all its processes. 0 is 256.
	Threads int
	// Files is how many may be open at once. 0 is 256, with network 1024.
	Files int
}

const (
	defaultMemory  = 1 << 30
	defaultThreads = 256
	defaultFiles   = 256
	networkFiles   = 1024
)

// WithDefaults returns p with its limits filled in.
func (p Policy) WithDefaults() Policy {
	l := &p.Limits
	for _, d := range []struct {
		value *int
		is    int
	}{{&l.Processes, 1}, {&l.Threads, defaultThreads}, {&l.Files, defaultFiles}} {
		if *d.value == 0 {
			*d.value = d.is
		}
	}
	if len(p.Network) > 0 {
		l.Files = max(l.Files, networkFiles)
	}
	if l.Memory == 0 {
		l.Memory = defaultMemory
	}
	l.Threads = max(l.Threads, l.Processes)
	return p
}

// dnsPort is where names are asked for; who may connect anywhere may ask the machine's name servers.
const dnsPort = 53

// endpoint is a parsed address. Empty host and port 0 are any.
type endpoint struct {
	host string
	port uint16
}

func parseEndpoint(s string) (endpoint, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" || port == "" {
		return endpoint{}, fmt.Errorf("%q: want HOST:PORT, where either may be *, e.g. siem.example.com:6514 or [2001:db8::1]:*", s)
	}
	e := endpoint{host: strings.ToLower(host)}
	if host == "*" {
		e.host = ""
	}
	if port != "*" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return endpoint{}, fmt.Errorf("%q: the port is a number from 1 to 65535, or *", s)
		}
		e.port = uint16(n)
	}
	return e, nil
}
