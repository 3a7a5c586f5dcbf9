// Package syslog is the input that receives syslog messages over UDP, TCP and TLS.
//
// The one idea: a message is kept whole. Whatever arrives between two frame bounds, PRI included, is the
// record; parsers take it apart later. Datagrams are one record each (RFC 5426); streams are framed by
// octet counts or newlines (RFC 6587), told apart message by message, and TLS is RFC 5425's.
package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/logcenter/logcenter/host/input"
)

// What a zero in Config means, and what need not be configured.
const (
	defaultMaxConnections = 1024
	defaultReadBuffer     = 8 << 20
	// drain is how long a stopping input goes on reading what senders have already handed to the kernel.
	drain = 100 * time.Millisecond
)

// Config of a syslog input.
type Config struct {
	input.Common
	// UDP is the address and port for datagrams, e.g. 127.0.0.1:5514. Empty: none.
	UDP string
	// TCP is the address and port for connections. Empty: none. UDP or TCP must be given.
	TCP string
	// TLS secures the connections. nil = plain TCP. It is asked whenever the port is opened.
	TLS func() (*tls.Config, error)
	// MaxConnections bounds open connections; more are refused and counted. 0 means 1024.
	MaxConnections int
	// IdleTimeout closes a connection that has been silent so long. 0 = never.
	IdleTimeout time.Duration
	// ReadBuffer is how many bytes of datagrams the kernel keeps until they are read; it gives less where
	// net.core.rmem_max says so. 0 means 8 MiB.
	ReadBuffer int
}

// Input receives syslog messages. Made by New.
type Input struct {
	cfg   Config
	env   input.Env
	count input.Counters

	mu    sync.Mutex // guards what follows; not held while reading or writing
	udp   *net.UDPConn
	tcp   net.Listener
	conns map[net.Conn]struct{}
	drops uint32 // the kernel's count for udp that is in count already

	stopping atomic.Bool
}

var (
	_ input.Input  = (*Input)(nil)
	_ input.Opener = (*Input)(nil)
)

// New checks a configuration.
func New(cfg Config, env input.Env) (*Input, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.UDP == "" && cfg.TCP == "" {
		return nil, fmt.Errorf("input %s: listens on nothing: set udp, tcp or both, e.g. 127.0.0.1:5514", cfg.Name)
	}
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = defaultMaxConnections
	}
	if cfg.ReadBuffer == 0 {
		cfg.ReadBuffer = defaultReadBuffer
	}
	return &Input{cfg: cfg, env: env, conns: map[net.Conn]struct{}{}}, nil
}

// Name implements [input.Input].
func (in *Input) Name() string { return in.cfg.Name }

// Try says why an input with this configuration could not be opened now, nil if it could.
func Try(cfg Config) error {
	in, err := New(cfg, input.Env{})
	if err != nil {
		return err
	}
	if err := in.Open(); err != nil {
		return err
	}
	return in.close()
}

// Open binds the ports that are not bound yet. When it fails, none stays bound, and the input has failed.
func (in *Input) Open() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	err := in.open()
	if err != nil {
		in.count.End(err)
	}
	return err
}

func (in *Input) open() error {
	if in.cfg.UDP != "" && in.udp == nil {
		c, err := net.ListenPacket("udp", in.cfg.UDP)
		if err != nil {
			return in.explain("udp", in.cfg.UDP, err)
		}
		in.udp, in.drops = c.(*net.UDPConn), 0
		in.buffer()
	}
	if in.cfg.TCP != "" && in.tcp == nil {
		l, err := in.listen()
		if err != nil {
			if in.udp != nil {
				err = errors.Join(err, in.udp.Close())
				in.udp = nil
			}
			return err
		}
		in.tcp = l
	}
	return nil
}

func (in *Input) listen() (net.Listener, error) {
	var secure *tls.Config
	if in.cfg.TLS != nil {
		var err error
		if secure, err = in.cfg.TLS(); err != nil {
			return nil, fmt.Errorf("input %s: tls: %w", in.cfg.Name, err)
		}
	}
	l, err := net.Listen("tcp", in.cfg.TCP)
	if err != nil {
		return nil, in.explain("tcp", in.cfg.TCP, err)
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	return l, nil
}

// close gives the ports up.
func (in *Input) close() (err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.udp != nil {
		err = in.udp.Close()
	}
	if in.tcp != nil {
		err = errors.Join(err, in.tcp.Close())
	}
	in.udp, in.tcp = nil, nil
	return err
}

// buffer enlarges the kernel's buffer for datagrams, and tells when it stays far smaller than asked for.
func (in *Input) buffer() {
	got, err := setReceiveBuffer(in.udp, in.cfg.ReadBuffer)
	switch {
	case err != nil:
		in.env.Log("input %s: udp %s: the kernel's read buffer cannot be set: %v", in.cfg.Name, in.cfg.UDP, err)
	case got < in.cfg.ReadBuffer/2:
		in.env.Log("input %s: udp %s: the kernel gives a read buffer of %d KiB instead of %d: bursts may be lost; run sysctl -w net.core.rmem_max=%d",
			in.cfg.Name, in.cfg.UDP, got>>10, in.cfg.ReadBuffer>>10, in.cfg.ReadBuffer)
	}
}

// explain says what to do about a port that cannot be had.
func (in *Input) explain(network, address string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		hint = fmt.Sprintf(": another program has this port; stop it (ss -lnp --%s shows its name) or set another port for this input", network)
	case errors.Is(err, os.ErrPermission):
		hint = ": ports below 1024 need CAP_NET_BIND_SERVICE; use 5514, or give the program that capability"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = ": this machine has no such address; use one of its own, or 0.0.0.0 for all"
	}
	return fmt.Errorf("input %s: cannot listen on %s %s: %w%s", in.cfg.Name, network, address, err, hint)
}

// Addresses are where the input listens, as network://address; where it is not open yet, what is configured.
func (in *Input) Addresses() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	var all []string
	if in.udp != nil {
		all = append(all, "udp://"+in.udp.LocalAddr().String())
	} else if in.cfg.UDP != "" {
		all = append(all, "udp://"+in.cfg.UDP)
	}
	scheme := "tcp://"
	if in.cfg.TLS != nil {
		scheme = "tls://"
	}
	if in.tcp != nil {
		all = append(all, scheme+in.tcp.Addr().String())
	} else if in.cfg.TCP != "" {
		all = append(all, scheme+in.cfg.TCP)
	}
	return all
}

// Stats implements [input.Input].
func (in *Input) Stats() input.Stats {
	in.countDrops()
	return in.count.Snapshot("syslog", &in.cfg.Common, in.Addresses()...)
}

// countDrops adds the datagrams that the kernel had to drop since the last call.
func (in *Input) countDrops() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.udp == nil {
		return
	}
	if now, ok := kernelDrops(in.udp); ok {
		in.count.Drop(input.DropKernel, int64(now-in.drops)) // the kernel counts modulo 2^32
		in.drops = now
	}
}

// Run implements [input.Input].
func (in *Input) Run(ctx context.Context) (err error) {
	if err := in.Open(); err != nil {
		return err
	}
	in.count.Begin()
	defer func() { in.count.End(err) }()
	in.stopping.Store(false)
	b := input.NewBatcher(in.env, &in.cfg.Common, &in.count, false)
	var readers sync.WaitGroup
	if in.udp != nil {
		readers.Go(func() { in.readDatagrams(b) })
	}
	if in.tcp != nil {
		readers.Go(func() { in.accept(b, &readers) })
	}
	<-ctx.Done()
	in.stop()
	err = b.Shutdown(&readers)
	in.countDrops()
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.udp != nil {
		err = errors.Join(err, in.udp.Close())
	}
	in.udp, in.tcp = nil, nil
	return err
}

// stop accepts no more connections and makes all readers end soon: they read what is there already.
func (in *Input) stop() {
	in.stopping.Store(true)
	in.mu.Lock()
	defer in.mu.Unlock()
	until := time.Now().Add(drain)
	if in.tcp != nil {
		_ = in.tcp.Close() // what it could fail at, accepting, is over
	}
	if in.udp != nil {
		_ = in.udp.SetReadDeadline(until) // fails on closed sockets only, whose readers are gone
	}
	for c := range in.conns {
		_ = c.SetReadDeadline(until)
	}
}
