package plugin_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// packages says of which packages folders are, as the folder of installed ones does.
type packages map[string]plugin.Package

func (p packages) of(dir string) (plugin.Package, bool) {
	got, ok := p[dir]
	return got, ok
}

// active is an installed parser in a folder that may run.
func active(id, dir string) []plugin.Active {
	return []plugin.Active{{ID: id, Kind: wire.Kind_PARSER, Find: func() (string, error) { return dir, nil }}}
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
	r, err := trial.Open(t, own, plugin.Options{Active: active("good", newer), PackageOf: known.of})
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
		r, err := trial.Open(t, own, plugin.Options{Active: active("acme", acme), PackageOf: known.of})
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
	ours := filepath.Join(folder, "bin", manifest.Platform())
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
	elsewhere := t.TempDir()
	f(func(d string) error { // as the folder of a version that is linked to
		return errors.Join(os.Chmod(filepath.Join(d, "data", "zones.csv"), 0o620), os.Rename(d, filepath.Join(elsewhere, "1.0")), os.Symlink(filepath.Join(elsewhere, "1.0"), d))
	}, "plugin file "+elsewhere+"/1.0/data/zones.csv can be written by others")
	if os.Geteuid() == 0 {
		f(func(d string) error { return os.Chown(filepath.Join(d, "data", "zones.csv"), 4711, 4711) }, "DIR/data/zones.csv belongs to user 4711, want root or the user Logcenter runs as (0)")
		f(func(d string) error { return os.Chown(filepath.Join(d, "plugin.yaml"), 4711, 4711) }, "DIR/plugin.yaml belongs to user 4711")
		f(func(d string) error { return os.Chown(d, 4711, 4711) }, "plugin folder DIR belongs to user 4711")
	}
}

// refused is a registry with a folder for each id and an active package of the first that must not run until it is
// mended.
func refused(t *testing.T, a plugin.Active, folders map[string]string) (r *plugin.Registry, mend func()) {
	t.Helper()
	own, installed := t.TempDir(), t.TempDir()
	for id, kind := range folders {
		trial.Folder(t, own, id, trial.Manifest(id, kind), kind)
	}
	kind := manifest.KindName(a.Kind)
	lines := []string{"version: 2.0.0"}
	if a.Hold {
		lines = append(lines, "on_failure: hold")
	}
	newer := trial.Folder(t, installed, a.ID, trial.Manifest(a.ID, kind, lines...), kind)
	wrong := errors.New("its SHA-256 is wrong")
	a.Version, a.Digest, a.Find = "2.0.0", "abc", func() (string, error) { return newer, wrong }
	r, err := trial.Open(t, own, plugin.Options{Active: []plugin.Active{a}, PackageOf: packages{newer: {Digest: "abc"}}.of})
	require.NoError(t, err)
	_ = r.Start(t.Context()) // the plugins' states have the errors
	return r, func() { wrong = nil }
}

// Of what events wait for, an older version is never taken instead.
func TestAPackageThatHoldsAndMustNotRun(t *testing.T) {
	for kind, a := range map[string]plugin.Active{
		"masker": {ID: "mask", Kind: wire.Kind_MASKER}, "enricher": {ID: "mask", Kind: wire.Kind_ENRICHER, Hold: true},
	} {
		for _, folder := range []bool{true, false} {
			folders := map[string]string{"other": "parser"}
			if folder {
				folders["mask"] = kind
			}
			r, mend := refused(t, a, folders)
			assert.Equal(t, []string{"mask 2.0.0", "other 1.2.3"}, ids(r))
			p, err := r.Get("mask")
			require.NoError(t, err)
			s, reason := p.State()
			assert.Equal(t, plugin.Failed, s)
			assert.Equal(t, "its SHA-256 is wrong", reason)
			assert.Len(t, r.InService(a.Kind), 1, "events wait for it")
			require.ErrorContains(t, r.Enable(t.Context(), "mask"), "plugin mask: its SHA-256 is wrong")
			_, err = r.Reconfigure(t.Context(), "mask", plugin.Settings{Config: map[string]any{"a": 1}})
			require.ErrorContains(t, err, "its SHA-256 is wrong")
			require.ErrorIs(t, r.Remove("mask"), plugin.ErrInService, "an admin has to say that events go on without it")

			waits := make(chan error, 1)
			go func() { waits <- p.Wait(t.Context()) }()
			mend()
			require.NoError(t, r.Enable(t.Context(), "mask"))
			require.ErrorIs(t, <-waits, plugin.ErrUnavailable, "who waits for it goes on with what the plan has now")
			now, err := r.Get("mask")
			require.NoError(t, err)
			state(t, now, plugin.Running)
			assert.Equal(t, "2.0.0", now.Manifest().Version)
			assert.Equal(t, []*plugin.Plugin{now}, r.InService(a.Kind))
		}
	}
}

func TestAPackageThatHoldsIsDoneWithout(t *testing.T) {
	r, _ := refused(t, plugin.Active{ID: "mask", Kind: wire.Kind_MASKER}, map[string]string{"mask": "masker"})
	require.NoError(t, r.Disable("mask"))
	assert.Empty(t, r.InService(wire.Kind_MASKER))
	require.NoError(t, r.Remove("mask"))
	assert.Equal(t, []string{"mask 1.2.3"}, ids(r))
	require.NoError(t, r.Enable(t.Context(), "mask"))
	assert.Len(t, r.InService(wire.Kind_MASKER), 1)
}

// Of what events pass by without, the folder of its id runs and says so.
func TestAPackageThatMustNotRun(t *testing.T) {
	r, _ := refused(t, plugin.Active{ID: "good", Kind: wire.Kind_PARSER}, map[string]string{"good": "parser"})
	assert.Equal(t, []string{"good 1.2.3"}, ids(r))
	p, err := r.Get("good")
	require.NoError(t, err)
	state(t, p, plugin.Running)
	assert.Equal(t, "its SHA-256 is wrong", p.LeftOut())
	require.NoError(t, r.Remove("good"))
	assert.Empty(t, p.LeftOut(), "there is no package any more")

	r, mend := refused(t, plugin.Active{ID: "good", Kind: wire.Kind_PARSER}, nil)
	p, err = r.Get("good")
	require.NoError(t, err)
	state(t, p, plugin.Failed)
	assert.Empty(t, r.InService(wire.Kind_PARSER), "lines are not parsed meanwhile")
	mend()
	require.NoError(t, r.Enable(t.Context(), "good"))
	assert.Len(t, r.InService(wire.Kind_PARSER), 1)
	r, _ = refused(t, plugin.Active{ID: "good", Kind: wire.Kind_PARSER}, map[string]string{"good": "masker"})
	p, err = r.Get("good")
	require.NoError(t, err)
	state(t, p, plugin.Failed)
}

// A masker that was upgraded to a folder which is gone is not taken in the version of before.
func TestAnUpgradedMaskerThatIsGone(t *testing.T) {
	own, other := t.TempDir(), t.TempDir()
	trial.Folder(t, own, "mask", trial.Manifest("mask", "masker"), "masker")
	trial.Folder(t, own, "good", trial.Manifest("good", "parser"), "parser")
	gone := filepath.Join(other, "gone")
	r, err := trial.Open(t, own, plugin.Options{Versions: map[string]string{"mask": gone, "good": gone}})
	require.ErrorContains(t, err, "the upgrade of plugin good is left aside, version 1.2.3 runs")
	require.ErrorContains(t, r.Start(t.Context()), "plugin mask: the version that it was upgraded to: open "+gone)
	p, err := r.Get("mask")
	require.NoError(t, err)
	state(t, p, plugin.Failed)
	assert.Len(t, r.InService(wire.Kind_MASKER), 1)
	require.NoError(t, os.Rename(trial.Folder(t, other, "mask", trial.Manifest("mask", "masker", "version: 2.0.0"), "masker"), gone))
	require.NoError(t, r.Enable(t.Context(), "mask"))
	assert.Equal(t, []string{"good 1.2.3", "mask 2.0.0"}, ids(r))
}

// What an admin enables again is checked again.
func TestAPackageIsCheckedWhenItIsEnabled(t *testing.T) {
	own, installed := t.TempDir(), t.TempDir()
	acme := trial.Folder(t, installed, "acme", trial.Manifest("acme", "parser"), "parser")
	var wrong error
	known := packages{acme: {Digest: "abc", Check: func() error { return wrong }}}
	r, err := trial.Open(t, own, plugin.Options{Active: active("acme", acme), PackageOf: known.of})
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context()))
	require.NoError(t, r.Disable("acme"))
	wrong = errors.New("its SHA-256 is wrong")
	require.ErrorContains(t, r.Enable(t.Context(), "acme"), "plugin acme: its SHA-256 is wrong")
	p, err := r.Get("acme")
	require.NoError(t, err)
	state(t, p, plugin.Failed)
	_, err = r.Reconfigure(t.Context(), "acme", plugin.Settings{Config: map[string]any{"refuse": ""}})
	require.ErrorContains(t, err, "its SHA-256 is wrong")
	wrong = nil
	require.NoError(t, r.Enable(t.Context(), "acme"))
}

func TestTwoFoldersWithOneID(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "good", trial.Manifest("good", "parser"), "parser")
	trial.Folder(t, dir, "copy", trial.Manifest("good", "parser"), "parser")
	_, err := trial.Open(t, dir, plugin.Options{})
	require.ErrorContains(t, err, "plugin id good is taken by "+filepath.Join(dir, "copy"))
	installed := t.TempDir()
	newer := trial.Folder(t, installed, "good", trial.Manifest("good", "parser", "version: 2.0.0"), "parser")
	r, err := trial.Open(t, dir, plugin.Options{Active: active("good", newer), PackageOf: packages{newer: {}}.of})
	require.ErrorContains(t, err, "plugin id good is taken by "+filepath.Join(dir, "copy"), "also behind a package")
	assert.Equal(t, []string{"good 2.0.0"}, ids(r))
}
