package plugin_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
)

// packages says of which packages folders are, as the folder of installed ones does.
type packages map[string]plugin.Package

func (p packages) of(dir string) (plugin.Package, bool) {
	got, ok := p[dir]
	return got, ok
}

func ids(r *plugin.Registry) (out []string) {
	for _, p := range r.All() {
		out = append(out, p.Manifest().ID+" "+p.Manifest().Version)
	}
	return out
}

func TestPackagesGoBeforeFolders(t *testing.T) {
	own, installed := t.TempDir(), t.TempDir()
	trial.Folder(t, own, "good", trial.Manifest("good", "parser"), "parser")
	trial.Folder(t, own, "other", trial.Manifest("other", "parser"), "parser")
	newer := trial.Folder(t, installed, "good", trial.Manifest("good", "parser", "version: 2.0.0"), "parser")
	known := packages{newer: {Digest: "abc", Signer: "acme"}}
	r, err := trial.Open(t, own, plugin.Options{Active: []string{newer}, PackageOf: known.of})
	require.NoError(t, err)
	assert.Equal(t, []string{"good 2.0.0", "other 1.2.3"}, ids(r))
	p, err := r.Get("good")
	require.NoError(t, err)
	of, ok := p.Package()
	assert.True(t, ok)
	assert.Equal(t, plugin.Package{Digest: "abc", Signer: "acme"}, of)
	assert.Equal(t, filepath.Join(own, "good"), r.Shadowed("good"))
	require.NoError(t, r.Start(t.Context()))
	assert.Equal(t, []string{"a"}, ask(t, p, "a"))

	require.ErrorIs(t, r.Remove("good"), plugin.ErrInService)
	require.NoError(t, r.Disable("good"))
	require.NoError(t, r.Remove("good"))
	assert.Equal(t, []string{"good 1.2.3", "other 1.2.3"}, ids(r), "the admin's folder takes its place")
	p, err = r.Get("good")
	require.NoError(t, err)
	state(t, p, plugin.Disabled)
	_, ok = p.Package()
	assert.False(t, ok)
	require.NoError(t, r.Enable(t.Context(), "good"))
	_, err = r.Add(newer)
	require.ErrorIs(t, err, plugin.ErrInService)
}

func TestPackagesAreAddedAndRemovedWhileOthersRun(t *testing.T) {
	own, installed := t.TempDir(), t.TempDir()
	trial.Folder(t, own, "good", trial.Manifest("good", "parser"), "parser")
	acme := trial.Folder(t, installed, "acme", trial.Manifest("acme", "parser"), "parser")
	known := packages{acme: {Digest: "abc"}}
	r, err := trial.Open(t, own, plugin.Options{PackageOf: known.of, Disabled: map[string]bool{"acme": true, "gone": true}})
	require.NoError(t, err, "what an admin disabled need not be there")
	require.NoError(t, r.Start(t.Context()))
	p, err := r.Add(acme)
	require.NoError(t, err)
	state(t, p, plugin.Disabled)
	require.NoError(t, r.Enable(t.Context(), "acme"))
	assert.Equal(t, []string{"acme 1.2.3", "good 1.2.3"}, ids(r))
	assert.Equal(t, []string{"a 22"}, ask(t, p, "a port=22"))
	require.NoError(t, r.Disable("acme"))
	require.NoError(t, r.Remove("acme"))
	assert.Equal(t, []string{"good 1.2.3"}, ids(r))
	require.NoError(t, r.Remove("good"), "what is not from a package stays")
	assert.Equal(t, []string{"good 1.2.3"}, ids(r))
}

func TestDisabledStaysSo(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	r, err := trial.Open(t, dir, plugin.Options{Disabled: map[string]bool{"good": true}})
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context()))
	p, err := r.Get("good")
	require.NoError(t, err)
	state(t, p, plugin.Disabled)
}

// Only the admin's word lets a package share memory; its own manifest does not.
func TestSharedMemoryOfPackages(t *testing.T) {
	for trusted, want := range map[bool]bool{false: false, true: true} {
		own, installed := t.TempDir(), t.TempDir()
		acme := trial.Folder(t, installed, "acme", trial.Manifest("acme", "parser", "trusted: true"), "parser")
		known := packages{acme: {Digest: "abc", Trusted: trusted}}
		r, err := trial.Open(t, own, plugin.Options{Active: []string{acme}, PackageOf: known.of})
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context()))
		p, err := r.Get("acme")
		require.NoError(t, err)
		assert.Equal(t, []string{"a 22"}, ask(t, p, "a port=22"))
		shares := false
		maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.PID()))
		require.NoError(t, err)
		for line := range strings.SplitSeq(string(maps), "\n") {
			shares = shares || strings.Contains(line, "memfd:")
		}
		assert.Equal(t, want, shares, "trusted by the admin: %v", trusted)
	}
}

func TestProgramsForPlatforms(t *testing.T) {
	dir := t.TempDir()
	folder := trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	ours := filepath.Join(folder, "bin", plugin.Platform())
	require.NoError(t, os.MkdirAll(ours, 0o755))
	require.NoError(t, os.Rename(filepath.Join(folder, "good"), filepath.Join(ours, "good")))
	r, err := trial.Open(t, dir, plugin.Options{})
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context()))
}

// A plugin runs in its folder and reads from it, so nobody else may be able to change anything there.
func TestFoldersThatOthersCanChange(t *testing.T) {
	f := func(change func(folder string) error, want string) {
		t.Helper()
		dir := t.TempDir()
		folder := trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
		require.NoError(t, os.MkdirAll(filepath.Join(folder, "data"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "data", "zones.csv"), nil, 0o644))
		require.NoError(t, change(folder))
		r, err := trial.Open(t, dir, plugin.Options{})
		require.NoError(t, err)
		err = r.Start(t.Context())
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.ErrorContains(t, err, strings.ReplaceAll(want, "DIR", folder))
	}
	f(func(string) error { return nil }, "")
	f(func(d string) error { return os.Chmod(d, 0o777) }, "plugin folder DIR can be written by others (-rwxrwxrwx): chmod go-w it")
	f(func(d string) error { return os.Chmod(filepath.Join(d, "plugin.yaml"), 0o666) }, "plugin file DIR/plugin.yaml can be written by others")
	f(func(d string) error { return os.Chmod(filepath.Join(d, "data"), 0o775) }, "plugin folder DIR/data can be written by others")
	f(func(d string) error { return os.Chmod(filepath.Join(d, "data", "zones.csv"), 0o620) }, "plugin file DIR/data/zones.csv can be written by others")
	f(func(d string) error { return os.Symlink("/nowhere", filepath.Join(d, "data", "link")) }, "")
	if os.Geteuid() == 0 {
		f(func(d string) error { return os.Chown(filepath.Join(d, "data", "zones.csv"), 4711, 4711) }, "DIR/data/zones.csv belongs to user 4711, want root or the user Logcenter runs as (0)")
		f(func(d string) error { return os.Chown(filepath.Join(d, "plugin.yaml"), 4711, 4711) }, "DIR/plugin.yaml belongs to user 4711")
		f(func(d string) error { return os.Chown(d, 4711, 4711) }, "plugin folder DIR belongs to user 4711")
	}
}

func TestTwoFoldersWithOneID(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	trial.Folder(t, dir, "copy", trial.Manifest("good", "parser"), "parser")
	_, err := trial.Open(t, dir, plugin.Options{})
	require.ErrorContains(t, err, "plugin id good is taken by "+filepath.Join(dir, "copy"))
	installed := t.TempDir()
	newer := trial.Folder(t, installed, "good", trial.Manifest("good", "parser", "version: 2.0.0"), "parser")
	r, err := trial.Open(t, dir, plugin.Options{Active: []string{newer}, PackageOf: packages{newer: {}}.of})
	require.ErrorContains(t, err, "plugin id good is taken by "+filepath.Join(dir, "copy"), "also behind a package")
	assert.Equal(t, []string{"good 2.0.0"}, ids(r))
}
