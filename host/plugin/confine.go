package plugin

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
)

// connect starts the process and connects to it. The error says what the admin can do.
func (p *process) connect(m *Manifest) (err error) {
	if p.rpc, err = p.client.Client(); err == nil {
		return nil
	}
	if p.box != nil {
		if launcher := p.box.Err(); launcher != nil {
			return launcher
		}
	}
	return explainStart(m, err)
}

// watch ends the process when it uses what it was not granted.
func (p *process) watch(spin time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-p.failed
		cancel()
	}()
	if err := sandbox.Watch(ctx, p.pid, p.policy, spin, func() bool { return p.busy.Load() > 0 }); err != nil {
		p.fail(err)
	}
}

// lastWords keeps what a process said of its own end on its standard error: a runtime's first line of why.
type lastWords struct {
	mu   sync.Mutex
	line []byte // that is not whole yet
	said string
}

// mostWords bounds a line.
const mostWords = 512

// Write implements io.Writer.
func (l *lastWords) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := b; len(rest) > 0 && l.said == ""; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		l.line = append(l.line, line[:min(len(line), mostWords-len(l.line))]...)
		rest = after
		if !whole {
			break
		}
		for _, mark := range [...]string{"fatal error: ", "panic: ", "runtime: ", "runtime/cgo: ", "MemoryError"} {
			if bytes.HasPrefix(l.line, []byte(mark)) {
				l.said = mend(string(l.line))
			}
		}
		l.line = l.line[:0]
	}
	return len(b), nil
}

// explain adds to why a process failed how it ended, if not by the host, and what it said itself. Call it after kill.
func (p *process) explain(err error) error {
	if p.client.Exited() { // which is set behind the state
		if st := p.cmd.ProcessState; st != nil && !st.Success() {
			if ws, ok := st.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
				err = fmt.Errorf("%w (%s)", err, st)
			}
		}
	}
	p.last.mu.Lock()
	defer p.last.mu.Unlock()
	if p.last.said != "" {
		err = fmt.Errorf("%w; it said %q", err, p.words.hide(p.last.said))
	}
	return err
}

// SandboxReport is what of its sandbox is enforced: of the running process, or of the next one.
func (p *Plugin) SandboxReport() sandbox.Report {
	p.mu.Lock()
	proc, l := p.proc, p.launch
	p.mu.Unlock()
	switch {
	case l.mode == SandboxOff:
		return sandbox.Report{Off: true}
	case proc != nil && proc.box != nil:
		return proc.box.Report()
	}
	return sandbox.Expect(l.policy)
}

// Refused counts what its processes tried and the sandbox refused since the host started, the most frequent first.
func (p *Plugin) Refused() []sandbox.Refusal {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc == nil || p.proc.box == nil || p.proc.counted {
		return p.refused
	}
	return sandbox.Sum(p.refused, p.proc.box.Refused())
}

// buried counts in what a process did that is gone.
func (p *Plugin) buried(proc *process, cpu time.Duration) {
	p.deadCPU.Add(int64(cpu))
	if proc.box == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = sandbox.Sum(p.refused, proc.box.Refused())
	proc.counted = true
}
