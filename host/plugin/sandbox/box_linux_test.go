package sandbox_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
)

// run runs a program in a sandbox and returns what it says.
func run(t *testing.T, p sandbox.Policy) (string, *sandbox.Box) {
	t.Helper()
	if k := sandbox.Probe(); len(k.Lacks()) > 0 || !k.Notify {
		t.Skipf("SKIPPED: this kernel lacks what the sandbox is made of: %v", k.Lacks())
	}
	var out bytes.Buffer
	cmd := exec.Command("")
	cmd.Env = []string{"PATH=/usr/bin:/bin", "WORD=hello"}
	cmd.Stdout, cmd.Stderr = &out, &out
	b, err := sandbox.Wrap(cmd, p, func(err error) { t.Log(err) })
	require.NoError(t, err)
	t.Cleanup(b.Close)
	err = cmd.Start()
	b.Started()
	require.NoError(t, err)
	timer := time.AfterFunc(30*time.Second, b.Kill)
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		out.WriteString(err.Error())
	}
	return out.String(), b
}

func TestProgramOfTheSystem(t *testing.T) {
	out, b := run(t, sandbox.Policy{Binary: "/bin/sh", Args: []string{"-c", "echo $WORD $0; echo $LOGCENTER_SANDBOX; /bin/true; cat < /etc/passwd"}})
	require.NoError(t, b.Err())
	assert.Contains(t, out, "hello /bin/sh\n\n", "its environment is its own")
	assert.Contains(t, out, "annot fork", "one process")
	_, b = run(t, sandbox.Policy{Binary: filepath.Join(t.TempDir(), "none")})
	assert.ErrorContains(t, b.Err(), "no such file or directory")
}

// An interpreter needs to read what it is made of, and nothing else.
func TestInterpreter(t *testing.T) {
	python, err := exec.Command("python3", "-c", "import os, sys; print(os.path.realpath(sys.executable)); print(sys.prefix)").Output()
	if err != nil {
		t.Skipf("SKIPPED: needs python3: %v", err)
	}
	binary, prefix, _ := strings.Cut(strings.TrimSpace(string(python)), "\n")
	dir := t.TempDir()
	out, b := run(t, sandbox.Policy{Binary: binary, Args: []string{"-c", `
import ctypes, json, socket, ssl, threading
t = threading.Thread(target=lambda: print("thread")); t.start(); t.join()
s = socket.socket(socket.AF_UNIX); s.bind("` + filepath.Join(dir, "s") + `"); s.listen(); print("listens")
a, b = socket.socketpair(); a.sendmsg([b"message"]); print(b.recv(10))
for path in "/etc/passwd", "/proc/self/environ":
    try: open(path); print("got in")
    except PermissionError: print("refused")
try: socket.socket(); print("got in")
except PermissionError: print("refused")
`}, Read: []string{prefix}, Sockets: dir})
	require.NoError(t, b.Err())
	assert.Equal(t, "thread\nlistens\nb'message'\nrefused\nrefused\nrefused\n", out)
	assert.Contains(t, b.Refused(), sandbox.Refusal{What: "open a socket", Count: 1})
	assert.Empty(t, b.Report().Missing)
}
