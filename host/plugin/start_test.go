package plugin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// A plugin may read its folder, so the host's data must not lie in it.
func TestTheHostsDataInAPluginsFolder(t *testing.T) {
	dir := trial.Folder(t, t.TempDir(), "good", trial.Manifest("good", "parser"), "parser")
	for _, run := range []string{filepath.Join(dir, "data", "plugins", "run"), dir} {
		r, err := plugin.Open(plugin.Options{Dirs: []string{dir}, RunDir: run, Log: trial.Quiet()})
		require.NoError(t, err)
		require.ErrorContains(t, r.Start(t.Context()), "plugin good: its folder "+dir+" has the host's data in it")
		require.NoError(t, r.Close())
	}
}

func TestPluginsThatDoNotStart(t *testing.T) {
	dir := t.TempDir()
	folder := func(id, behaviour string, lines ...string) string {
		return filepath.Join(trial.Folder(t, dir, id, trial.Manifest(id, "parser", lines...), behaviour), id)
	}
	folder("good", "parser")
	folder("exits", "exit")
	folder("chatter", "chatter")
	folder("old", "protocol")
	folder("other-kind", "other kind")
	folder("other-version", "other version")
	folder("refuses", "parser")
	require.NoError(t, os.Chmod(folder("notexec", "parser"), 0o644))
	require.NoError(t, os.Chmod(folder("writable", "parser"), 0o777))
	require.NoError(t, os.Remove(folder("missing", "parser")))
	require.NoError(t, os.WriteFile(folder("text", "parser"), []byte("just text"), 0o755))
	r, err := trial.Open(t, dir, plugin.Options{Plugins: map[string]plugin.Settings{"refuses": {Config: map[string]any{"refuse": "not today"}}}})
	require.NoError(t, err)
	all := r.Start(t.Context())
	for id, want := range map[string]string{
		"exits":         "exited before it said hello",
		"chatter":       "no Logcenter plugin",
		"old":           "speaks another protocol than this host's 1",
		"other-kind":    "the manifest says parser, the program is a masker",
		"other-version": "the manifest says other-version 1.2.3, the program says  9",
		"refuses":       "not today",
		"notexec":       "is not executable: chmod +x it",
		"writable":      "chmod go-w it",
		"missing":       "no such file",
		"text":          "exec format error",
	} {
		require.ErrorContains(t, all, "plugin "+id+": ")
		p, err := r.Get(id)
		require.NoError(t, err)
		s, reason := p.State()
		assert.Equal(t, plugin.Failed, s, id)
		assert.Contains(t, reason, want, id)
		_, err = p.Process(t.Context(), batch("a"))
		require.ErrorIs(t, err, plugin.ErrUnavailable)
	}
	p, err := r.Get("good")
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, ask(t, p, "a"), "the others run")
	assert.Len(t, r.InService(wire.Kind_PARSER), 1)

	require.NoError(t, os.Chmod(filepath.Join(dir, "notexec", "notexec"), 0o755))
	require.NoError(t, r.Enable(t.Context(), "notexec"), "once mended")
	require.NoError(t, os.Chmod(filepath.Join(dir, "good", "good"), 0o644))
	require.Error(t, r.Enable(t.Context(), "good"))
	assert.Equal(t, []string{"a"}, ask(t, p, "a"), "one that runs goes on when it cannot be enabled again")
}

// Nothing may pass a masker that was wanted and is not there.
func TestMaskersAreInServiceUnlessDisabled(t *testing.T) {
	dir := t.TempDir()
	for _, id := range []string{"bad", "off", "good"} {
		trial.Folder(t, dir, id, trial.Manifest(id, "masker"), map[string]string{"bad": "exit", "off": "masker", "good": "masker"}[id])
	}
	require.NoError(t, os.Remove(filepath.Join(trial.Folder(t, dir, "gone", trial.Manifest("gone", "masker"), "masker"), "gone")))
	r, err := trial.Open(t, dir, plugin.Options{Plugins: map[string]plugin.Settings{"off": {Disabled: true}}})
	require.NoError(t, err)
	require.Error(t, r.Start(t.Context()))
	in := func() (ids []string) {
		for _, p := range r.InService(wire.Kind_MASKER) {
			ids = append(ids, p.Manifest().ID)
		}
		return ids
	}
	assert.Equal(t, []string{"bad", "gone", "good"}, in())
	require.NoError(t, r.Disable("bad"))
	require.NoError(t, r.Disable("gone"))
	assert.Equal(t, []string{"good"}, in(), "an admin may do without")
}

// Nor may anything pass an enricher whose manifest says that events wait for it.
func TestEnrichersThatHoldAreInServiceUnlessDisabled(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "holds", trial.Manifest("holds", "enricher", "on_failure: hold"), "exit")
	trial.Folder(t, dir, "passes", trial.Manifest("passes", "enricher"), "exit")
	r, err := trial.Open(t, dir, plugin.Options{})
	require.NoError(t, err)
	require.Error(t, r.Start(t.Context()))
	in := r.InService(wire.Kind_ENRICHER)
	require.Len(t, in, 1)
	assert.Equal(t, "holds", in[0].Manifest().ID)
	require.NoError(t, r.Disable("holds"))
	assert.Empty(t, r.InService(wire.Kind_ENRICHER), "an admin may do without")
}

func TestStates(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	r, err := trial.Open(t, dir, plugin.Options{Plugins: map[string]plugin.Settings{"good": {Disabled: true}}})
	require.NoError(t, err)
	p, err := r.Get("good")
	require.NoError(t, err)
	changes := 0
	r.OnChange(func() <-chan struct{} { changes++; return nil })
	require.NoError(t, r.Start(t.Context()))
	state(t, p, plugin.Disabled)
	assert.Empty(t, r.InService(wire.Kind_PARSER))
	require.NoError(t, r.Enable(t.Context(), "good"))
	state(t, p, plugin.Running)
	pid := p.PID()
	assert.Positive(t, pid)
	require.NoError(t, r.Enable(t.Context(), "good"), "twice is no harm")
	assert.Equal(t, pid, p.PID())
	assert.NotEmpty(t, p.ConfigSchema())
	require.NoError(t, r.Disable("good"))
	state(t, p, plugin.Disabled)
	assert.True(t, gone(pid))
	assert.GreaterOrEqual(t, changes, 3)
	require.ErrorIs(t, p.Wait(t.Context()), plugin.ErrUnavailable)
	assert.ErrorContains(t, r.Enable(t.Context(), "goood"), `is it "good"?`)
}

func TestConfigForAPluginThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	_, err := trial.Open(t, dir, plugin.Options{Plugins: map[string]plugin.Settings{"god": {}}})
	require.ErrorContains(t, err, `plugins.god: no such plugin`)
	assert.ErrorContains(t, err, `nearest is "good"`)
}

// What was verified is what runs: a changed copy is not started again.
func TestChangedBinary(t *testing.T) {
	dir, run := t.TempDir(), t.TempDir()
	trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	r, err := plugin.Open(plugin.Options{Dirs: []string{dir}, RunDir: run, Log: trial.Quiet()})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	require.NoError(t, r.Start(t.Context()))
	copies, err := filepath.Glob(filepath.Join(run, "good-*"))
	require.NoError(t, err)
	require.Len(t, copies, 1)
	// The running text is busy, so another file takes its place.
	require.NoError(t, os.Remove(copies[0]))
	require.NoError(t, os.WriteFile(copies[0], []byte("#!/bin/sh\n"), 0o500))
	p, err := r.Get("good")
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(p.PID(), syscall.SIGKILL))
	require.Eventually(t, func() bool { s, _ := p.State(); return s == plugin.Quarantined }, time.Minute, 10*time.Millisecond)
	_, reason := p.State()
	assert.Contains(t, reason, "the binary changed since it was verified; enable the plugin again")
	require.NoError(t, r.Enable(t.Context(), "good"))
	assert.Equal(t, []string{"a"}, ask(t, p, "a"))
}

// Copies that nobody needs go, also those that a killed host was making; what runs stays.
func TestSweep(t *testing.T) {
	dir, run := t.TempDir(), t.TempDir()
	trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	r, err := plugin.Open(plugin.Options{Dirs: []string{dir}, RunDir: run, Log: trial.Quiet()})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	require.NoError(t, r.Start(t.Context()))
	for _, name := range []string{".copy-1234567", "old-0123456789abcdef", "kept-fedcba9876543210", "not-ours"} {
		require.NoError(t, os.WriteFile(filepath.Join(run, name), nil, 0o500))
	}
	require.NoError(t, r.Sweep(map[string]bool{"fedcba9876543210" + strings.Repeat("0", 48): true}))
	left, err := filepath.Glob(filepath.Join(run, "*"))
	require.NoError(t, err)
	require.Len(t, left, 3)
	assert.Regexp(t, `^good-[0-9a-f]{16}$`, filepath.Base(left[0]))
	assert.Equal(t, []string{filepath.Join(run, "kept-fedcba9876543210"), filepath.Join(run, "not-ours")}, left[1:])
}

func TestManifestsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ manifest, want string }{
		"unknown key":        {trial.Manifest("x", "parser", "acepts: []"), "acepts"},
		"bad id":             {trial.Manifest("X Y", "parser"), `id "X Y": want lower-case`},
		"unknown kind":       {trial.Manifest("x", "parsr"), "parsr"},
		"accepts missing":    {trial.Manifest("x", "parser", "accepts: []"), "accepts: a parser says which lines"},
		"accepts nothing":    {trial.Manifest("x", "parser", "accepts: [{}]"), "accepts[0]: empty"},
		"other protocol":     {trial.Manifest("x", "parser", "protocol: 2"), "protocol 2: this host speaks 1"},
		"field without type": {trial.Manifest("x", "parser", "writes: [acme.nothing]"), "writes[0]: field acme.nothing is not one Logcenter knows"},
		"field of bad type":  {trial.Manifest("x", "parser", "writes: [{name: acme.z, type: longg}]"), "acme.z"},
		"host's own field":   {trial.Manifest("x", "parser", "writes: [message]"), "message is set by the host alone"},
		"host's constant":    {trial.Manifest("x", "parser", "constants: {event.id: x}"), "constants.event.id: set by the host alone"},
		"constant unknown":   {trial.Manifest("x", "parser", "constants: {event.datasett: x}"), "nearest is event.dataset"},
		"constant number":    {trial.Manifest("x", "parser", "constants: {source.port: 1}"), "only keyword fields"},
		"constant too many":  {trial.Manifest("x", "parser", "constants: {event.dataset: [a, b]}"), "one value, not a list"},
		"no YAML":            {"id: [", "yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, manifest.Name), []byte(c.manifest), 0o600))
			_, err := manifest.Read(dir)
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, filepath.Join(dir, manifest.Name))
		})
	}
}

// A masker whose manifest is broken is told from other plugins, since the others may not go on without it.
func TestAMaskerWhoseManifestIsBroken(t *testing.T) {
	for kind, masker := range map[string]bool{"masker": true, "enricher": false} {
		dir := t.TempDir()
		trial.Folder(t, dir, "good", trial.Manifest("good", "masker"), "masker")
		trial.Folder(t, dir, "bad", trial.Manifest("bad", kind, "kindd: masker"), kind)
		r, err := trial.Open(t, dir, plugin.Options{})
		require.ErrorContains(t, err, "kindd")
		assert.Equal(t, masker, errors.Is(err, plugin.ErrMaskerLeftOut), kind)
		assert.Len(t, r.All(), 1)
	}
}

func TestTwoPluginsDisagreeOnAField(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "one", trial.Manifest("one", "parser", "writes: [{name: acme.disputed, type: long}]"), "parser")
	trial.Folder(t, dir, "two", trial.Manifest("two", "parser", "writes: [{name: acme.disputed, type: keyword}]"), "parser")
	r, err := trial.Open(t, dir, plugin.Options{})
	require.ErrorContains(t, err, "acme.disputed")
	assert.ErrorContains(t, err, filepath.Join(dir, "two"))
	assert.ErrorContains(t, err, "plugin one has it so")
	assert.Len(t, r.All(), 1, "the other one stays")
}

// hostDir has the test binary be a host that is killed.
const hostDir = "LOGCENTER_TEST_HOST"

// hosts are what the test binary can be, by the variable that names the folder of its plugins.
var hosts = map[string]func(dir string){hostDir: host}

func host(dir string) {
	r, err := plugin.Open(plugin.Options{Dirs: []string{dir}, RunDir: filepath.Join(dir, "run"), Log: trial.Quiet()})
	if err == nil || r != nil {
		err = r.Start(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for _, p := range r.All() {
		fmt.Println(p.PID())
	}
	select {}
}

func gone(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X") // dead, nobody has asked yet
}

func TestPluginsEndWithTheirHost(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), hostDir+"="+dir, "TMPDIR="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err, line)
	require.False(t, gone(pid))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // killed
	require.Eventually(t, func() bool { return gone(pid) }, 2*time.Minute, 10*time.Millisecond)

	// What it left for sockets goes when the next host starts, and what that one has does not.
	sockets := func() []string {
		dirs, err := filepath.Glob(filepath.Join(dir, "lc-plugins-*"))
		require.NoError(t, err)
		return dirs
	}
	left := sockets()
	require.Len(t, left, 1)
	run := t.TempDir()
	t.Setenv("TMPDIR", dir)
	open := func() *plugin.Registry {
		r, err := plugin.Open(plugin.Options{Dirs: []string{dir}, RunDir: run, Log: trial.Quiet()})
		require.NoError(t, err)
		return r
	}
	one := open()
	mine := sockets()
	require.Len(t, mine, 1)
	assert.NotEqual(t, left, mine)
	other := open()
	assert.Len(t, sockets(), 2)
	require.NoError(t, other.Close())
	assert.Equal(t, mine, sockets())
	require.NoError(t, one.Close())
	require.NoError(t, one.Close(), "twice is no harm")
	assert.Empty(t, sockets())
}

func TestNoRoomForTheNamesOfSockets(t *testing.T) {
	dir, run := t.TempDir(), t.TempDir()
	long := filepath.Join(dir, strings.Repeat("x", 60))
	require.NoError(t, os.Mkdir(long, 0o700))
	t.Setenv("TMPDIR", long)
	_, err := plugin.Open(plugin.Options{RunDir: run, Log: trial.Quiet()})
	require.ErrorContains(t, err, long+", is too long for sockets in it: set TMPDIR to one of at most 47 bytes, e.g. /tmp")
}
