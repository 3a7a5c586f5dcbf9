package plugin_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/host/plugin/trial"
)

// siege is a host with a hostile plugin, its neighbour, and what both must not reach.
type siege struct {
	t         *testing.T
	dir       string
	registry  *plugin.Registry
	neighbour *plugin.Plugin
	log       *lines
	api       net.Listener
	knocked   atomic.Int32 // connections that somebody made to the host's sockets
	signals   chan os.Signal
}

// lines are what the host logs.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(bytes.TrimSpace(b)))
	return len(b), nil
}

func (l *lines) count(part string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

func lay(t *testing.T) *siege {
	if k := sandbox.Probe(); len(k.Lacks()) > 0 || !k.Notify {
		t.Skipf("SKIPPED: this kernel lacks what the sandbox is made of: %v, notifications: %v", k.Lacks(), k.Notify)
	}
	// Short, because paths of sockets are.
	tmp, err := os.MkdirTemp("", "siege")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(tmp)) })
	s := &siege{t: t, dir: filepath.Join(tmp, "plugins"), log: &lines{}, signals: make(chan os.Signal, 16)}
	signal.Notify(s.signals, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGIO)
	t.Cleanup(func() { signal.Stop(s.signals) })
	require.NoError(t, os.MkdirAll(filepath.Join(tmp, "data", "journal"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(tmp, "data", "journal", "raw"), []byte("password=hunter2"), 0o600))
	trial.Folder(t, s.dir, "good", trial.Manifest("good", "parser"), "parser")
	trial.Hostile(t, s.dir, "hostile", trial.Manifest("hostile", "parser", "limits: {memory: 256MiB}"))
	log := logrus.New()
	log.SetOutput(s.log)
	s.registry, err = trial.Open(t, s.dir, plugin.Options{SpinWindow: time.Second, CallDeadline: 2 * time.Second, Guard: filepath.Join(tmp, "data"), Log: logrus.NewEntry(log)})
	require.NoError(t, err)
	require.NoError(t, s.registry.Start(t.Context()))
	s.neighbour = s.plugin("good")
	s.api = s.listen("tcp", "127.0.0.1:0")
	return s
}

func (s *siege) plugin(id string) *plugin.Plugin {
	p, err := s.registry.Get(id)
	require.NoError(s.t, err)
	return p
}

func (s *siege) listen(network, address string) net.Listener {
	l, err := net.Listen(network, address)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.knocked.Add(1)
			_ = c.Close()
		}
	}()
	return l
}

// attack has the hostile plugin do what a line says, and returns what it says came of it: "poison" if it did not
// survive that.
func (s *siege) attack(line string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	a, err := s.plugin("hostile").Process(ctx, batch(line))
	require.NoError(s.t, err)
	defer a.Release()
	require.Len(s.t, a.Parts, 1)
	if a.Parts[0].Reply == nil {
		return "poison: " + a.Parts[0].Err.Error()
	}
	if len(a.Parts[0].Reply.Errors) == 0 {
		return strings.Join(told(batch(line), a), " ")
	}
	return strings.Clone(a.Parts[0].Reply.Errors[0].Message)
}

// asking has the neighbour asked all the time until done, and returns how long it took at most.
func (s *siege) asking(done <-chan struct{}) time.Duration {
	longest := time.Duration(0)
	for {
		begun := time.Now()
		assert.Equal(s.t, []string{"a 1"}, ask(s.t, s.neighbour, "a port=1"))
		longest = max(longest, time.Since(begun))
		select {
		case <-done:
			return longest
		case <-time.After(time.Millisecond):
		}
	}
}

// How an admin learns of an attack.
const (
	byError   = "error of the event"
	byRefusal = "refused: "   // and what, in Plugin.Refused
	byFailure = "failure: "   // and why, in Plugin.LastFailure
	byLog     = "log: "       // and a part of a line
	elsewhere = "/etc/passwd" // a file that anybody may read
)

type attack struct {
	name, line string
	stopped    string // part of what the plugin got
	reported   string
	by         string // what stops it
}

func (s *siege) attacks() []attack {
	tmp := filepath.Dir(s.dir)
	abstract := "@" + filepath.Base(tmp)
	s.listen("unix", abstract)
	named := filepath.Join(tmp, "host.sock")
	s.listen("unix", named)
	datagrams, err := net.ListenPacket("unixgram", filepath.Join(tmp, "gram.sock"))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = datagrams.Close() })
	own := s.ownFolder()
	sockets, err := filepath.Glob(filepath.Join(filepath.Dir(own), "*", "plugin*"))
	require.NoError(s.t, err)
	require.Len(s.t, sockets, 2, "each plugin's")
	copies, err := filepath.Glob(filepath.Join(filepath.Dir(s.neighbourBinary()), "good-*"))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, copies)
	self, other := strconv.Itoa(os.Getpid()), strconv.Itoa(s.neighbour.PID())
	api := s.api.Addr().String()
	const denied, forbidden = "permission denied", "operation not permitted"
	a := []attack{
		{"read /etc/passwd", "read " + elsewhere, denied, byError, "Landlock"},
		{"read the journal", "read " + filepath.Join(tmp, "data", "journal", "raw"), denied, byError, "Landlock"},
		{"list the data folder", "list " + filepath.Join(tmp, "data"), denied, byError, "Landlock"},
		{"read a neighbour's folder", "read " + filepath.Join(s.dir, "good", "behaviour"), denied, byError, "Landlock"},
		{"read a neighbour's program", "read " + copies[0], denied, byError, "Landlock"},
		{"list the plugins", "list " + s.dir, denied, byError, "Landlock"},
		{"read the host's environment", "read /proc/" + self + "/environ", denied, byError, "Landlock"},
		{"write to /tmp", "write /tmp/" + filepath.Base(tmp) + ".hostile", denied, byError, "Landlock"},
		{"write into its own folder", "write " + filepath.Join(s.dir, "hostile", "plugin.yaml"), denied, byError, "Landlock"},
		{"write to a device", "write /dev/kmsg", denied, byError, "Landlock"},
		{"TCP to the API", "dial tcp " + api, forbidden, byRefusal + "open a socket", "seccomp"},
		{"UDP", "dial udp 192.0.2.1:514", forbidden, byRefusal + "open a socket", "seccomp"},
		{"netlink", "socket 16 3 0", forbidden, byRefusal + "open a socket", "seccomp"},
		{"raw packets", "socket 17 3 0", forbidden, byRefusal + "open a socket", "seccomp"},
		{"vsock", "socket 40 1 0", forbidden, byRefusal + "open a socket", "seccomp"},
		{"local datagrams", "socket 1 2 0", forbidden, byRefusal + "open a socket", "seccomp"},
		{"datagram to a named socket", "sendto " + filepath.Join(tmp, "gram.sock"), "transport endpoint is already connected", byRefusal + "open a socket", "seccomp"},
		{"a socket of the host", "dial unix " + named, forbidden, byRefusal + "connect to a socket", "seccomp"},
		{"an abstract socket", "dial unix " + abstract, forbidden, byRefusal + "connect to a socket", "seccomp, Landlock"},
		{"execute a shell", "exec /bin/sh -c id", forbidden, byRefusal + "execute a program", "seccomp, Landlock"},
		{"signal the host", "signal " + self + " " + strconv.Itoa(int(syscall.SIGUSR1)), forbidden, byRefusal + "signal another process", "seccomp, Landlock"},
		{"kill the neighbour", "signal " + other + " 9", forbidden, byRefusal + "signal another process", "seccomp, Landlock"},
		{"signal by a pipe", "io-signal " + self, forbidden, byRefusal + "signal another process", "seccomp"},
		{"trace the host", "trace " + self, forbidden, byRefusal + "look into another process", "seccomp, Landlock"},
		{"trace the neighbour", "trace " + other, forbidden, byRefusal + "look into another process", "seccomp, Landlock"},
		{"read the host's memory", "memory-of " + self, forbidden, byRefusal + "look into another process", "seccomp, Landlock"},
		{"lower the host's limits", "limits-of " + self, forbidden, byRefusal + "change another process", "seccomp"},
		{"slow the host down", "nice " + self, forbidden, byRefusal + "change another process", "seccomp"},
		{"kernel: mounts, keys, namespaces", "calls " + words(unix.SYS_MOUNT, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_CHROOT, unix.SYS_KEYCTL, unix.SYS_OPEN_BY_HANDLE_AT), forbidden, byRefusal + "mount or enter namespaces", "seccomp"},
		{"kernel: bpf, perf, io_uring, userfaultfd", "calls " + words(unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_IO_URING_SETUP, unix.SYS_USERFAULTFD), forbidden, byRefusal + "use bpf", "seccomp"},
		{"put itself in the host's place", "calls " + words(unix.SYS_SECCOMP), forbidden, byRefusal + "filter system calls", "seccomp"},
		{"calls of tomorrow", "calls 463 500 1000", forbidden, byError, "seccomp"},
		{"calls by the x32 interface", "x32", "function not implemented", byError, "seccomp"},
		{"calls by the 32-bit interface", "i386", "poison", byFailure + "bad system call", "seccomp"},
		{"fork bomb", "fork", forbidden, byRefusal + "start a process", "seccomp"},
		{"outlive the host", "detach", forbidden, byRefusal + "leave the host", "seccomp"},
		{"thread bomb", "threads", "poison", byFailure + "thread", "seccomp"},
		{"memory bomb", "memory", "poison", byFailure + "memory", "watch, rlimit"},
		{"memory bomb, shared memory", "shared", "poison", byFailure + "limits.memory", "watch"},
		{"open files without end", "files", "too many open files", byError, "rlimit"},
		{"fill the folder of its socket", "folder", "poison", byFailure + "in the folder of its socket", "watch"},
		{"fill the disk", "disk", "file too large", byError, "rlimit"},
		{"dump core", "core", forbidden, byError, "rlimit"},
		{"fill the host's log", "flood 20000", "said it all", byLog + "the plugin says too much", "bounded"},
		{"knock without end", "knock", "poison", byFailure + "refused it too much too fast", "host"},
		{"hang", "hang", "poison", byFailure + "no answer within", "deadline"},
		{"spin behind the host's back", "spin", "spinning", byFailure + "it was asked nothing", "watch"},
	}
	for _, path := range sockets {
		if !strings.HasPrefix(path, own) {
			a = append(a, attack{"a neighbour's socket", "dial unix " + path, forbidden, byRefusal + "connect to a socket", "seccomp"})
		}
	}
	return a
}

func words(numbers ...int) string {
	var out []string
	for _, n := range numbers {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, " ")
}

// ownFolder is where the hostile plugin may make its socket.
func (s *siege) ownFolder() string {
	for v := range strings.FieldsSeq(s.attack("env")) {
		if dir, ok := strings.CutPrefix(v, "PLUGIN_UNIX_SOCKET_DIR="); ok {
			return dir
		}
	}
	s.t.Fatal("no folder of sockets")
	return ""
}

func (s *siege) neighbourBinary() string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", s.neighbour.PID()))
	require.NoError(s.t, err)
	return path
}

// TestHostilePlugin has a plugin attack all around it: nothing gets in, an admin can see what was tried, the host is
// as before and the neighbour answers all the time.
func TestHostilePlugin(t *testing.T) {
	s := lay(t)
	hostile := s.plugin("hostile")
	pid := s.neighbour.PID()
	type row struct {
		attack
		got    string
		report string
		took   time.Duration
	}
	var table []row
	for _, a := range s.attacks() {
		t.Run(a.name, func(t *testing.T) {
			s.t = t
			done := make(chan struct{})
			var longest time.Duration
			var wg sync.WaitGroup
			wg.Go(func() { longest = s.asking(done) })
			begun := time.Now()
			got := s.attack(a.line)
			reported := func() (string, bool) { return s.reported(hostile, a.reported, begun) }
			assert.Eventually(t, func() bool { _, ok := reported(); return ok }, time.Minute, 10*time.Millisecond, "reported as %q; refused %v, last failure %v", a.reported, hostile.Refused(), hostile.LastFailure())
			close(done)
			wg.Wait()
			assert.Contains(t, got, a.stopped)
			assert.NotContains(t, got, "got in")
			report, _ := reported()
			table = append(table, row{a, got, report, longest})
			require.NoError(t, s.registry.Enable(t.Context(), "hostile")) // if it was quarantined
			require.NoError(t, hostile.Wait(t.Context()))
		})
	}
	s.t = t
	assert.Zero(t, s.knocked.Load(), "connections to the host")
	assert.Empty(t, s.signals, "signals to the host")
	assert.NoFileExists(t, "/tmp/"+filepath.Base(filepath.Dir(s.dir))+".hostile")
	assert.Equal(t, pid, s.neighbour.PID(), "the neighbour is the same")
	assert.Zero(t, s.neighbour.Restarts.Load())
	assert.LessOrEqual(t, s.log.count("flood"), 300, "lines in the host's log")
	assert.Equal(t, "a port=1", s.attack("a port=1"), "the hostile plugin is at service again")
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	say := func(row string) {
		_, err := io.WriteString(w, row+"\n")
		require.NoError(t, err)
	}
	say("attack\tstopped by\tit got\tan admin sees\tneighbour's longest answer")
	for _, r := range table {
		say(strings.Join([]string{r.name, r.by, short(r.got), short(r.report), r.took.Round(time.Millisecond).String()}, "\t"))
	}
	require.NoError(t, w.Flush())
	t.Logf("on this kernel: %s\n%s", hostile.SandboxReport(), b.String())
}

func short(s string) string {
	s = strings.ReplaceAll(s, "\n", "; ")
	if len(s) > 90 {
		return s[:90] + "…"
	}
	return s
}

// reported is what an admin sees of an attack by the means that is named.
func (s *siege) reported(p *plugin.Plugin, by string, since time.Time) (string, bool) {
	if what, ok := strings.CutPrefix(by, byRefusal); ok {
		for _, r := range p.Refused() {
			if strings.HasPrefix(r.What, what) {
				return fmt.Sprintf("refused to %s ×%d", r.What, r.Count), true
			}
		}
		return "", false
	}
	if why, ok := strings.CutPrefix(by, byFailure); ok {
		f := p.LastFailure()
		return "failed: " + f.Reason, f.At.After(since) && strings.Contains(f.Reason, why)
	}
	if part, ok := strings.CutPrefix(by, byLog); ok {
		return "log: " + part, s.log.count(part) > 0
	}
	return "error.message of the event", true
}

// Lies about the answer are the protocol's matter: see TestNonsense for those that are found at once.
func TestHostileAnswers(t *testing.T) {
	dir := t.TempDir()
	for _, lie := range []string{"endless", "oversize"} {
		trial.Folder(t, dir, lie, trial.Manifest(lie, "parser"), lie)
	}
	trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	r, err := trial.Open(t, dir, plugin.Options{})
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context()))
	get := func(id string) *plugin.Plugin {
		p, err := r.Get(id)
		require.NoError(t, err)
		return p
	}
	endless := get("endless")
	for seq := range uint64(50) {
		b := batch("a")
		b.Seq = seq
		a, err := endless.Process(t.Context(), b)
		require.NoError(t, err)
		a.Release()
		if endless.Failures.Load() > 0 {
			break
		}
	}
	require.Eventually(t, func() bool { return strings.Contains(endless.LastFailure().Reason, "nonsense answer") }, 2*time.Minute, 10*time.Millisecond)
	a, err := get("oversize").Process(t.Context(), batch("a"))
	require.NoError(t, err)
	defer a.Release()
	assert.Nil(t, a.Parts[0].Reply)
	assert.ErrorContains(t, a.Parts[0].Err, "larger than max")
	assert.Equal(t, []string{"a"}, ask(t, get("good"), "a"))
}

// A plugin says itself where it listens; the host must not be led to somebody else's socket.
func TestPluginThatListensElsewhere(t *testing.T) {
	dir := t.TempDir()
	folder := trial.Folder(t, dir, "liar", trial.Manifest("liar", "parser"), "elsewhere")
	l, err := net.Listen("unix", filepath.Join(folder, "s"))
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "elsewhere"), []byte(l.Addr().String()), 0o600))
	r, err := trial.Open(t, dir, plugin.Options{})
	require.NoError(t, err)
	err = r.Start(t.Context())
	require.ErrorContains(t, err, "want a Unix socket in the folder")
	require.NoError(t, l.(*net.UnixListener).SetDeadline(time.Now().Add(-time.Second)))
	_, err = l.Accept()
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "nobody came")
}
