package plugin

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/hashicorp/go-plugin/runner"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/watchlist"
)

// confinedRunner starts one process for go-plugin: in its sandbox, if it has one.
type confinedRunner struct {
	cmd            *exec.Cmd
	box            *sandbox.Box // nil: it is not confined
	sockets        string       // the folder of its own
	stdout, stderr io.ReadCloser
}

var _ runner.Runner = (*confinedRunner)(nil)

// run makes the process's runner. The command has go-plugin's environment only.
func (p *process) run(cmd *exec.Cmd, l launch, sockets string) (runner.Runner, error) {
	cmd.Path, cmd.Args, cmd.Dir = l.policy.Binary, append([]string{l.policy.Binary}, l.policy.Args...), l.manifest.Dir
	cmd.Env = append(cmd.Env, "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", "GOMAXPROCS="+strconv.Itoa(pluginThreads()))
	if l.lists != "" {
		cmd.Env = append(cmd.Env, watchlist.Env+"="+l.lists)
	}
	cmd.Stdin = nil // go-plugin would hand down the host's
	if p.requests != nil {
		// 3 is the first after the standard ones.
		cmd.ExtraFiles = []*os.File{p.requests.File(), p.replies.File()}
	}
	if l.profile != nil {
		cmd.Env = append(cmd.Env, sdk.ProfileEnv+"="+strconv.Itoa(3+len(cmd.ExtraFiles)))
		cmd.ExtraFiles = append(cmd.ExtraFiles, l.profile)
	}
	r := &confinedRunner{cmd: cmd, sockets: sockets}
	var err error
	if r.stdout, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if r.stderr, err = cmd.StderrPipe(); err != nil {
		return nil, err
	}
	if l.mode != SandboxOff {
		p.policy.Sockets = sockets
		if r.box, err = sandbox.Wrap(cmd, p.policy, p.fail); err != nil {
			return nil, err
		}
	}
	p.cmd, p.box = cmd, r.box
	return r, nil
}

// Start implements runner.Runner.
func (r *confinedRunner) Start(context.Context) error {
	err := r.cmd.Start()
	if r.box != nil {
		r.box.Started()
	}
	return err
}

// Wait implements runner.Runner.
func (r *confinedRunner) Wait(context.Context) error { return r.cmd.Wait() }

// Kill implements runner.Runner.
func (r *confinedRunner) Kill(context.Context) error {
	if r.box != nil {
		r.box.Kill() // with what it has started
	}
	if r.cmd.Process == nil {
		return nil
	}
	_ = r.cmd.Process.Kill() // it may be gone already
	return nil
}

// Stdout implements runner.Runner.
func (r *confinedRunner) Stdout() io.ReadCloser { return r.stdout }

// Stderr implements runner.Runner.
func (r *confinedRunner) Stderr() io.ReadCloser { return r.stderr }

// Name implements runner.Runner.
func (r *confinedRunner) Name() string { return r.cmd.Path }

// ID implements runner.Runner.
func (r *confinedRunner) ID() string {
	if r.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(r.cmd.Process.Pid)
}

// PluginToHost implements runner.Runner: the program says itself where it listens, and the host must not be led to
// somebody else.
func (r *confinedRunner) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" || filepath.Dir(address) != r.sockets {
		return "", "", fmt.Errorf("the program listens on %s %s, want a Unix socket in the folder that PLUGIN_UNIX_SOCKET_DIR names", network, address)
	}
	if st, err := os.Lstat(address); err != nil || st.Mode().Type() != os.ModeSocket {
		return "", "", fmt.Errorf("the program listens on %s, which is no socket", address)
	}
	return network, address, nil
}

// HostToPlugin implements runner.Runner.
func (r *confinedRunner) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// Diagnose implements runner.Runner.
func (r *confinedRunner) Diagnose(context.Context) string { return "" }
