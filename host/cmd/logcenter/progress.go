package main

import (
	"io"
	"sync"
	"time"
)

// progress tells on a terminal how far a long work is, in one line that is written over, and else every now
// and then in a line of its own. It is safe for concurrent use.
type progress struct {
	w        io.Writer
	quiet    bool
	terminal bool

	mu      sync.Mutex
	next    time.Time
	written int // columns of the line that will be written over
}

const (
	progressEvery = 200 * time.Millisecond // on a terminal
	reportEvery   = 10 * time.Second       // elsewhere
)

func newProgress(w io.Writer, quiet bool) *progress {
	p := &progress{w: w, quiet: quiet, terminal: terminalColumns(w) > 0}
	p.next = time.Now().Add(p.every())
	return p
}

func (p *progress) every() time.Duration {
	if p.terminal {
		return progressEvery
	}
	return reportEvery
}

// tell writes what text returns if it is time to.
func (p *progress) tell(text func() string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet || time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(p.every())
	s := text()
	if !p.terminal {
		tell(p.w, "%s\n", s)
		return
	}
	if limit := terminalColumns(p.w); limit > 1 {
		s = cut(s, limit-1)
	}
	tell(p.w, "\r%s\x1b[K", s)
	p.written = columnsOf(s)
}

// clear takes the line away that would be written over.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.written > 0 {
		tell(p.w, "\r\x1b[K")
		p.written = 0
	}
}

// end writes the last line, which stays.
func (p *progress) end(format string, args ...any) {
	if p.quiet {
		return
	}
	p.clear()
	tell(p.w, format+"\n", args...)
}
