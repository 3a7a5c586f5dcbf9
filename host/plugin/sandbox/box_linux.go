package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Box is the sandbox around one process. All methods are safe for concurrent use.
type Box struct {
	p       Policy
	control *net.UnixConn
	childs  *os.File // the launcher's end, until it is started
	limit   func(error)

	mu     sync.Mutex
	done   confined
	broker *broker
	failed error         // of the launcher
	told   chan struct{} // closed when the launcher has told, or is gone
	last   chan struct{} // closed when it has become the program, or failed
}

// Probe is what this machine's kernel has.
func Probe() Kernel {
	return Kernel{Landlock: landlockABI(), Seccomp: canSeccomp(), Notify: canNotify()}
}

// Expect is the report of a process that would be started with p here.
func Expect(p Policy) Report {
	k := Probe()
	return confined{Landlock: k.Landlock, Seccomp: k.Seccomp, Notify: k.Notify, CPUs: true, Data: true}.report(p.WithDefaults())
}

// Wrap makes a command start a policy's program in a sandbox, with the environment and files that the command has by
// then. limit is told, once or more, why a process should be ended that tries too much of what it is refused; it must
// not wait. Started is called when the command runs, and Close in the end, whether it ran or not.
func Wrap(cmd *exec.Cmd, p Policy, limit func(error)) (*Box, error) {
	p = p.WithDefaults().withLoader()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	ours, childs := os.NewFile(uintptr(pair[0]), "sandbox"), os.NewFile(uintptr(pair[1]), "sandbox")
	c, err := net.FileConn(ours)
	err = errors.Join(err, ours.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), childs.Close())
	}
	control, _ := c.(*net.UnixConn) // the pair's family
	o := order{Policy: p, Parent: os.Getpid(), Control: 3 + len(cmd.ExtraFiles)}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, errors.Join(err, control.Close(), childs.Close())
	}
	// This very program, also when its file was replaced by a newer one meanwhile.
	cmd.Path, cmd.Args, cmd.Err = "/proc/self/exe", []string{launcherName}, nil
	cmd.ExtraFiles = append(cmd.ExtraFiles, childs)
	cmd.Env = append(cmd.Env, orders+"="+string(text))
	b := &Box{p: p, control: control, childs: childs, limit: limit, told: make(chan struct{}), last: make(chan struct{})}
	go b.attend()
	return b, nil
}

// attend hears what the launcher did, and then answers the process.
func (b *Box) attend() {
	listener, err := b.hear()
	if err != nil {
		b.fail(err)
		close(b.told)
		close(b.last)
		return
	}
	// What the launcher says afterwards is that it could not become the program.
	go func() {
		defer close(b.last)
		if _, err := b.hear(); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
			b.fail(err)
		}
	}()
	if listener == nil {
		close(b.told)
		return
	}
	defer func() { _ = listener.Close() }()
	b.mu.Lock()
	br, err := newBroker(&b.p, b.done.PID, listener, b.limit)
	b.broker = br
	b.mu.Unlock()
	if err != nil {
		b.fail(err)
	}
	close(b.told)
	if err == nil {
		br.serve()
	}
}

func (b *Box) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = err
}

// Started says that the command was started, or that this was tried in vain.
func (b *Box) Started() { _ = b.childs.Close() }

// Err is why the launcher could not make a command its program, nil if it could. It may be asked once Started was.
func (b *Box) Err() error {
	for _, c := range [...]chan struct{}{b.told, b.last} {
		select {
		case <-c:
		case <-time.After(time.Second): // it hangs, which the one who waits for the program notices
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if errors.Is(b.failed, io.EOF) {
		return nil // it ended without a word; what started it knows how
	}
	return b.failed
}

// Report says what is enforced. Before the launcher has told, nothing is.
func (b *Box) Report() Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.done.report(b.p)
}

// Refused counts what the process tried and was refused, the most frequent first; only what the kernel tells of.
func (b *Box) Refused() []Refusal {
	b.mu.Lock()
	br := b.broker
	b.mu.Unlock()
	if br == nil {
		return nil
	}
	return br.refused()
}

// Kill ends all processes of the sandbox at once.
func (b *Box) Kill() {
	b.mu.Lock()
	pid := b.done.PID
	b.mu.Unlock()
	if pid > 0 {
		_ = unix.Kill(-pid, unix.SIGKILL) // they are gone
	}
}

// Close gives up what the host has of the sandbox. Call Kill first.
func (b *Box) Close() {
	_ = b.childs.Close()
	_ = b.control.Close()
	b.mu.Lock()
	br := b.broker
	b.mu.Unlock()
	if br != nil {
		_ = br.listener.Close()
	}
}

// hear takes one message of the launcher.
func (b *Box) hear() (*os.File, error) {
	msg, oob := make([]byte, 64<<10), make([]byte, unix.CmsgSpace(4))
	n, k, _, _, err := b.control.ReadMsgUnix(msg, oob)
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err != nil {
		return nil, err
	}
	var c confined
	if err := json.Unmarshal(msg[:n], &c); err != nil {
		return nil, fmt.Errorf("launcher: %w", err)
	}
	if c.Error != "" {
		return nil, errors.New(c.Error)
	}
	b.mu.Lock()
	b.done = c
	b.mu.Unlock()
	control, err := unix.ParseSocketControlMessage(oob[:k])
	if err != nil || len(control) == 0 {
		return nil, err
	}
	fds, err := unix.ParseUnixRights(&control[0])
	if err == nil && len(fds) != 1 {
		err = fmt.Errorf("%d descriptors", len(fds))
	}
	if err != nil {
		return nil, fmt.Errorf("launcher: %w", err)
	}
	unix.CloseOnExec(fds[0])
	if err := unix.SetNonblock(fds[0], true); err != nil { // so that nobody's thread waits for it
		return nil, errors.Join(err, unix.Close(fds[0]))
	}
	return os.NewFile(uintptr(fds[0]), "seccomp"), nil
}
