package sandbox

import (
	"context"
	"fmt"
	"os"
	"time"
)

const (
	watchInterval = 250 * time.Millisecond
	// spinShare is how much of one processor a process may use while it has nothing to do, in the whole of a window.
	spinShare = 0.8
	// socketsMost is how many files may lie in a process's socket folder.
	socketsMost = 16
)

// Watch looks at a process a few times a second until ctx is done or it is too much, which is the error: more memory
// or threads than granted, its socket folder filled, or a processor used for a whole window (0 is never) while it was
// not busy. Where the kernel keeps a bound by itself, this finds what it let through.
func Watch(ctx context.Context, pid int, p Policy, window time.Duration, busy func() bool) error {
	p = p.WithDefaults()
	family := p.Limits.Processes > 1
	t := time.NewTicker(watchInterval)
	defer t.Stop()
	idle := spin{window: window, last: usageOf(pid, family).cpu, at: time.Now(), busy: busy()}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		u := usageOf(pid, family)
		switch {
		case u.memory > p.Limits.Memory:
			return fmt.Errorf("it used %s of memory, its bound is %s (limits.memory)", Bytes(u.memory), Bytes(p.Limits.Memory))
		case u.threads > p.Limits.Threads:
			return fmt.Errorf("it had %d threads, its bound is %d", u.threads, p.Limits.Threads)
		case family && u.processes > p.Limits.Processes:
			return fmt.Errorf("it had %d processes, its bound is %d (limits.processes)", u.processes, p.Limits.Processes)
		}
		if p.Sockets != "" {
			if n := entries(p.Sockets); n > socketsMost {
				return fmt.Errorf("it made %d files in the folder of its socket, where %d may be", n, socketsMost)
			}
		}
		if err := idle.look(u.cpu, busy()); err != nil {
			return err
		}
	}
}

// entries counts the files of a folder, as far as it matters.
func entries(dir string) int {
	d, err := os.Open(dir)
	if err != nil {
		return 0
	}
	defer func() { _ = d.Close() }()
	names, _ := d.Readdirnames(socketsMost + 1) // none at the end
	return len(names)
}

// spin adds up what a process does while it has nothing to do.
type spin struct {
	window   time.Duration
	last     time.Duration // processor time
	at       time.Time
	busy     bool
	idle     time.Duration
	idleUsed time.Duration
}

func (s *spin) look(cpu time.Duration, busy bool) error {
	now := time.Now()
	if !busy && !s.busy {
		s.idle += now.Sub(s.at)
		s.idleUsed += cpu - s.last
	}
	s.last, s.at, s.busy = cpu, now, busy
	if s.window == 0 || s.idle < s.window {
		return nil
	}
	used, idle := s.idleUsed, s.idle
	s.idle, s.idleUsed = 0, 0
	if used > time.Duration(spinShare*float64(idle)) {
		return fmt.Errorf("it used %.1f s of processor time in %.1f s in which it was asked nothing", used.Seconds(), idle.Seconds())
	}
	return nil
}
