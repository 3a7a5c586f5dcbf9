package plugin_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
)

// lackingDir has the test binary be a host on a kernel that lacks a call, and lacking says which.
const lackingDir, lacking = "LOGCENTER_TEST_LACKING_HOST", "LOGCENTER_TEST_LACKING"

func init() { hosts[lackingDir] = lackingHost }

// lackingHost starts a hostile plugin, has it read a file and open a socket, and prints what came of it.
func lackingHost(dir string) {
	call := map[string]uint32{"landlock": unix.SYS_LANDLOCK_CREATE_RULESET, "seccomp": unix.SYS_SECCOMP, "pidfd_getfd": unix.SYS_PIDFD_GETFD}[os.Getenv(lacking)]
	// As an old kernel or a container's own filter would answer.
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		fmt.Println(err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog))); errno != 0 {
		fmt.Println(errno)
	}
	for _, mode := range []plugin.SandboxMode{plugin.SandboxOn, plugin.SandboxRequired} {
		r, err := plugin.Open(plugin.Options{Dirs: []string{dir}, RunDir: filepath.Join(dir, "run"), Log: trial.Quiet(), Sandbox: mode})
		if err == nil {
			err = r.Start(context.Background())
		}
		if err != nil {
			fmt.Println(mode, "error:", err)
			_ = r.Close()
			continue
		}
		p, _ := r.Get("hostile")
		fmt.Println(mode, "report:", p.SandboxReport())
		for _, line := range []string{"read /etc/passwd", "socket 2 1 0", "exec /bin/true", "fine"} {
			a, err := p.Process(context.Background(), batch(line))
			if err != nil || a.Parts[0].Reply == nil {
				fmt.Println(mode, line, "failed:", err)
				continue
			}
			for _, e := range a.Parts[0].Reply.Errors {
				fmt.Println(mode, line, "said:", e.Message)
			}
			a.Release()
		}
		_ = r.Close()
	}
	os.Exit(0)
}

// What the kernel lacks is left out and said, the rest holds.
func TestKernelsThatLackSomething(t *testing.T) {
	for lacks, want := range map[string]struct{ has, not []string }{
		"landlock": {
			[]string{"on report: network off (seccomp)", "not enforced: files (no Landlock)", "on read /etc/passwd said: got in", "on socket 2 1 0 said: operation not permitted", "on exec /bin/true said: fork/exec /bin/true: operation not permitted", "required error: plugin hostile: plugins.sandbox is required, and this kernel lacks Landlock"},
			[]string{"on error", "on fine failed"},
		},
		"seccomp": {
			[]string{"on report: files (Landlock ABI", "not enforced: network off (no seccomp)", "on read /etc/passwd said: open /etc/passwd: permission denied", "on socket 2 1 0 said: got in", "required error: plugin hostile: plugins.sandbox is required, and this kernel lacks seccomp"},
			[]string{"on error", "on fine failed"},
		},
		"pidfd_getfd": {
			[]string{"on report: files (Landlock ABI", "network off (seccomp)", "on read /etc/passwd said: open /etc/passwd: permission denied", "on socket 2 1 0 said: operation not permitted", "permission denied", "required report: files"},
			[]string{"on error", "on fine failed", "exec /bin/true said: got in"},
		},
	} {
		t.Run(lacks, func(t *testing.T) {
			dir := t.TempDir()
			trial.Hostile(t, dir, "hostile", trial.Manifest("hostile", "parser"))
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), lackingDir+"="+dir, lacking+"="+lacks)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			for _, s := range want.has {
				assert.Contains(t, string(out), s)
			}
			for _, s := range want.not {
				assert.NotContains(t, string(out), s)
			}
			t.Logf("%s", out)
		})
	}
}

// Off is for finding faults: nothing is confined, and the report says so.
func TestSandboxOff(t *testing.T) {
	_, p, attack := granted(t, plugin.Settings{}, plugin.Options{Sandbox: plugin.SandboxOff})
	assert.Equal(t, "off", p.SandboxReport().String())
	assert.Contains(t, attack("read /etc/passwd"), "got in")
	assert.Empty(t, p.Refused())
}

// BenchmarkStart is how long it takes until a plugin is at service.
func BenchmarkStart(b *testing.B) {
	for _, mode := range []plugin.SandboxMode{plugin.SandboxOff, plugin.SandboxOn} {
		b.Run(string(mode), func(b *testing.B) {
			dir := b.TempDir()
			trial.Folder(b, dir, "good", trial.Manifest("good", "parser"), "parser")
			r, err := trial.Open(b, dir, plugin.Options{Sandbox: mode})
			require.NoError(b, err)
			for b.Loop() {
				require.NoError(b, r.Enable(b.Context(), "good"))
				b.StopTimer()
				require.NoError(b, r.Disable("good"))
				b.StartTimer()
			}
		})
	}
}
