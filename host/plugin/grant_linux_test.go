package plugin_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// granted starts the hostile plugin with permissions asked for and granted, and returns how to have it attack.
func granted(t *testing.T, s plugin.Settings, o plugin.Options, lines ...string) (*plugin.Registry, *plugin.Plugin, func(line string) string) {
	t.Helper()
	if len(sandbox.Probe().Lacks()) > 0 {
		t.Skipf("SKIPPED: this kernel lacks %v", sandbox.Probe().Lacks())
	}
	dir := t.TempDir()
	trial.Hostile(t, dir, "p", trial.Manifest("p", "parser", lines...))
	o.Plugins = map[string]plugin.Settings{"p": s}
	r, err := trial.Open(t, dir, o)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context()))
	p, err := r.Get("p")
	require.NoError(t, err)
	return r, p, func(line string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		a, err := p.Process(ctx, batch(line))
		require.NoError(t, err)
		defer a.Release()
		require.NotNil(t, a.Parts[0].Reply, "%v", a.Parts[0].Err)
		require.NotEmpty(t, a.Parts[0].Reply.Errors)
		return strings.Clone(a.Parts[0].Reply.Errors[0].Message)
	}
}

func TestGrantedFiles(t *testing.T) {
	dir := t.TempDir()
	list, other := filepath.Join(dir, "list.csv"), filepath.Join(dir, "other.csv")
	folder, out := filepath.Join(dir, "folder"), filepath.Join(dir, "out")
	for _, d := range []string{folder, out} {
		require.NoError(t, os.Mkdir(d, 0o755))
	}
	for path, text := range map[string]string{list: "first", other: "secret", filepath.Join(folder, "a"): "in it"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	r, p, attack := granted(t, plugin.Settings{Grant: plugin.Grant{Files: []string{list, folder}, Write: []string{out}}}, plugin.Options{},
		fmt.Sprintf("permissions: {files: [%s, %s, %s], write: [%s, %s]}", list, other, folder, out, dir))
	assert.Equal(t, `got in: "first"`, attack("read "+list))
	assert.Equal(t, `got in: "in it"`, attack("read "+filepath.Join(folder, "a")))
	assert.Contains(t, attack("read "+other), "permission denied", "asked for and not granted")
	assert.Contains(t, attack("write "+list), "permission denied", "reading is not writing")
	assert.Contains(t, attack("list "+dir), "permission denied")
	assert.Contains(t, attack("write "+filepath.Join(out, "new")), "got in")
	assert.FileExists(t, filepath.Join(out, "new"))
	assert.Contains(t, attack("write "+filepath.Join(dir, "new")), "permission denied", "the admin gave a part of it")

	require.NoError(t, os.WriteFile(list+".new", []byte("second"), 0o644))
	require.NoError(t, os.Rename(list+".new", list))
	assert.Equal(t, `got in: "second"`, attack("read "+list), "another file in its place")
	require.NoError(t, os.Remove(list))
	assert.Contains(t, attack("read "+list), "no such file")
	require.NoError(t, syscall.Mkfifo(list, 0o644))
	assert.Contains(t, attack("read "+list), "permission denied", "the host does not wait for a pipe")

	assert.Equal(t, []plugin.Permission{
		{Kind: "files", Value: list, Granted: list, By: "grant"},
		{Kind: "files", Value: other},
		{Kind: "files", Value: folder, Granted: folder, By: "grant"},
		{Kind: "write", Value: out, Granted: out, By: "grant"},
		{Kind: "write", Value: dir, Granted: out, By: "grant"},
	}, r.Permissions(p))
}

// What the config names is granted, as the admin wrote it.
func TestPermissionsOfTheConfig(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "n", trial.Manifest("n", "notifier"), "notifier")
	out := filepath.Join(t.TempDir(), "alerts")
	open := func(file, guard string) (*plugin.Registry, *plugin.Plugin) {
		r, err := trial.Open(t, dir, plugin.Options{Guard: guard, Plugins: map[string]plugin.Settings{"n": {Config: map[string]any{"file": file}}}})
		require.NoError(t, err)
		p, err := r.Get("n")
		require.NoError(t, err)
		return r, p
	}
	r, p := open(out, "")
	assert.Equal(t, []plugin.Permission{{Kind: "write", Value: "${config.file}", Granted: filepath.Dir(out), By: "config.file"}}, r.Permissions(p))
	for _, guard := range []string{filepath.Dir(out), filepath.Join(filepath.Dir(out), "data")} {
		r, _ = open(out, guard)
		require.ErrorContains(t, r.Start(t.Context()), "would open the host's data in "+guard)
	}
	r, _ = open(filepath.Join(dir, "data", "x", "alerts"), filepath.Join(dir, "data"))
	require.ErrorContains(t, r.Start(t.Context()), "use one outside of it")

	// The data may lie elsewhere than the path says.
	data, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(data, link))
	r, _ = open(filepath.Join(data, "alerts"), link)
	require.ErrorContains(t, r.Start(t.Context()), "would open the host's data in "+data)
}

func TestGrantedNetwork(t *testing.T) {
	listen := func(network, address string) net.Listener {
		l, err := net.Listen(network, address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	yes, no := listen("tcp", "127.0.0.1:0").Addr().String(), listen("tcp", "127.0.0.1:0").Addr().String()
	local := listen("unix", filepath.Join(t.TempDir(), "s")).Addr().String()
	_, port, err := net.SplitHostPort(yes)
	require.NoError(t, err)
	for name, grant := range map[string]string{"an address": yes, "a name": "localhost:" + port, "any host": "*:" + port} {
		t.Run(name, func(t *testing.T) {
			_, p, attack := granted(t, plugin.Settings{Grant: plugin.Grant{Network: []string{grant}}}, plugin.Options{}, "permissions: {network: ['*:*']}")
			assert.Contains(t, attack("dial tcp "+yes), "got in: connected to "+yes)
			assert.Contains(t, attack("dial tcp "+no), "permission denied")
			assert.Contains(t, attack("dial unix "+local), "permission denied")
			assert.Contains(t, attack("dial udp "+yes), "got in")
			assert.Contains(t, attack("dial udp "+no), "permission denied")
			assert.Contains(t, attack("packet "+yes), "got in: sent: <nil>, <nil>")
			assert.Contains(t, attack("packet "+no), "permission denied")
			assert.Contains(t, attack("listen tcp 127.0.0.1:0"), "denied")
			assert.Contains(t, attack("socket 2 3 0"), "not permitted", "raw")
			assert.Contains(t, attack("socket 16 3 0"), "not permitted", "netlink")
			assert.Contains(t, p.Refused(), sandbox.Refusal{What: "connect to " + no, Count: 2})
			assert.Contains(t, p.SandboxReport().String(), "network "+grant)
		})
	}
	for name, url := range map[string]string{"a URL": "https://" + yes + "/list?of=assets", "a URL with a name": "http://localhost:" + port} {
		t.Run(name+" in the config", func(t *testing.T) {
			_, _, attack := granted(t, plugin.Settings{Config: map[string]any{"url": url}}, plugin.Options{}, "permissions: {network: ['${config.url}']}")
			assert.Contains(t, attack("dial tcp "+yes), "got in: connected to "+yes)
			assert.Contains(t, attack("dial tcp "+no), "permission denied")
		})
	}
	t.Run("any port", func(t *testing.T) {
		_, _, attack := granted(t, plugin.Settings{Grant: plugin.Grant{Network: []string{"127.0.0.1:*"}}}, plugin.Options{}, "permissions: {network: ['*:*']}")
		assert.Contains(t, attack("dial tcp "+no), "got in: connected to "+no)
		assert.Contains(t, attack("dial tcp 127.0.0.2:9"), "permission denied")
	})
}

func TestLimits(t *testing.T) {
	_, p, attack := granted(t, plugin.Settings{Limits: sandbox.Limits{Processes: 3, CPUs: 1}}, plugin.Options{}, "limits: {processes: 64, cpu: 2}")
	pid := p.PID()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	assert.Regexp(t, `Cpus_allowed_list:\s+\d+\n`, string(status), "one processor")
	assert.NotContains(t, attack("detach"), "got in")
	assert.Contains(t, attack("fork"), "got in", "processes were asked for") // which fork in turn, without end
	in := func() (n int) {
		stats, err := filepath.Glob("/proc/[0-9]*/stat")
		require.NoError(t, err)
		for _, path := range stats {
			stat, err := os.ReadFile(path)
			if err != nil {
				continue // gone
			}
			f := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
			if f[2] == fmt.Sprint(pid) && f[0] != "Z" {
				n++
			}
		}
		return n
	}
	require.Eventually(t, func() bool { return p.LastFailure().Reason != "" || len(p.Refused()) > 0 }, 2*time.Minute, 5*time.Millisecond)
	assert.LessOrEqual(t, in(), 3)
	p.Disable()
	require.Eventually(t, func() bool { return in() == 0 }, 2*time.Minute, 10*time.Millisecond, "what it started ends with it")
}

func TestPermissionsThatAreRefused(t *testing.T) {
	for permissions, want := range map[string]string{
		"{network: [siem]}":                  `permissions.network[0]: "siem": want HOST:PORT`,
		"{network: ['*:syslog']}":            "the port is a number",
		"{files: ['*']}":                     "permissions.files[0]",
		"{files: [/a, data/x]}":              "permissions.files[1]",
		"{write: ['${conf.path}']}":          "or ${config.KEY} for what the admin configures",
		"{drop: true, files: [], wriet: []}": "wriet",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, manifest.Name), []byte(trial.Manifest("x", "parser", "permissions: "+permissions)), 0o600))
		_, err := manifest.Read(dir)
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, dir)
	}
}

func TestDifference(t *testing.T) {
	read := func(lines ...string) *plugin.Manifest {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, manifest.Name), []byte(trial.Manifest("x", "parser", lines...)), 0o600))
		m, err := manifest.Read(dir)
		require.NoError(t, err)
		return m
	}
	a := read("permissions: {network: ['a:1', 'b:2'], files: [/x]}", "writes: [event.action]")
	b := read("permissions: {network: ['b:2', '*:443'], write: [/y], drop: true}", "writes: [event.action, user.name]", "limits: {memory: 2GiB, processes: 4}")
	more, fewer := plugin.ComparePermissions(plugin.Permissions(a), plugin.Permissions(b))
	assert.Equal(t, []string{"connect to *:443", "keep files in /y", "use 2 GiB of memory", "start 4 processes", "drop events", "write user.name"}, more)
	assert.Equal(t, []string{"connect to a:1", "read the file /x"}, fewer)
}
