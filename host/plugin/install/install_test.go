package install_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/install"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/host/plugin/trial"
)

// victim has the test binary be a process that installs packages until it is killed.
const victim = "LOGCENTER_TEST_INSTALL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victim); dir != "" {
		installForever(dir)
	}
	os.Exit(m.Run())
}

// vendor makes packages.
type vendor struct {
	key    *minisign.PrivateKey
	public minisign.PublicKey
}

func newVendor(t testing.TB) vendor {
	t.Helper()
	private, public, err := pack.NewKey("acme", "")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "acme.key")
	require.NoError(t, os.WriteFile(file, private, 0o600))
	v := vendor{}
	v.key, err = pack.ReadKey(file, nil)
	require.NoError(t, err)
	v.public, err = pack.ParsePublicKey(string(public))
	require.NoError(t, err)
	return v
}

func (v vendor) trust() install.Trust {
	return install.Trust{Keys: []install.Key{{Name: "acme", Public: v.public, Trusted: true}}}
}

// pack is a package of a version of a plugin, a script. Lines are added to its manifest.
func (v vendor) pack(t testing.TB, id, version string, lines ...string) []byte {
	t.Helper()
	return v.packWith(t, id, version, nil, lines...)
}

func (v vendor) packWith(t testing.TB, id, version string, files map[string]string, lines ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"plugin.yaml": trial.Manifest(id, "parser", append(lines, "version: "+version, "binary: main.py")...),
		"main.py":     "#!/usr/bin/env python3\n# version " + version + "\n", "data/zones.csv": strings.Repeat("1,dmz\n", 1000), "testdata/a.log": "acme: deny\n",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	var b bytes.Buffer
	_, err := pack.Build(&b, pack.Sources{Dir: dir, Key: v.key})
	require.NoError(t, err)
	return b.Bytes()
}

func open(t testing.TB, dir string, trust install.Trust) *install.Store {
	t.Helper()
	s, err := install.Open(dir, trust)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() }) // closed by the test already, or not
	return s
}

func put(t testing.TB, s *install.Store, b []byte) *install.Installed {
	t.Helper()
	p, err := s.Install(t.Context(), bytes.NewReader(b), "lin")
	require.NoError(t, err)
	return p
}

// files are all files below dir, the lock left out.
func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != "lock" {
			names = append(names, path)
		}
		return err
	}))
	return names
}

func TestInstalledPackagesAreKept(t *testing.T) {
	v, dir := newVendor(t), filepath.Join(t.TempDir(), "data [of 2]", "installed")
	s := open(t, dir, v.trust())
	b := v.pack(t, "acmefw", "1.0.0", "permissions: {network: [\"192.0.2.7:443\"]}")
	p := put(t, s, b)
	assert.Equal(t, "acmefw", p.ID)
	assert.Equal(t, filepath.Join(dir, "acmefw", "1.0.0-"+p.Digest[:12]), p.Dir)
	assert.Equal(t, "acme", p.Signer.Name)
	assert.True(t, p.Signer.Trusted)
	assert.Equal(t, "lin", p.By)
	assert.EqualValues(t, len(b), p.Size)
	assert.Contains(t, p.Permissions, "connect to 192.0.2.7:443")
	require.NoError(t, p.Check(t.Context()))
	st, err := os.Stat(filepath.Join(p.Dir, "main.py"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o500), st.Mode().Perm(), "only the program runs")
	assert.Same(t, p, put(t, s, b), "again is no other")
	_, ok := s.Active("acmefw")
	assert.False(t, ok, "nothing is active by installing")

	_, err = install.Open(dir, v.trust())
	require.ErrorIs(t, err, install.ErrInUse)
	seen, err := install.Look(dir, v.trust())
	require.NoError(t, err)
	require.Len(t, seen, 1)
	require.NoError(t, s.Close())
	s = open(t, dir, v.trust())
	again, ok := s.Get(p.Digest[:12])
	require.True(t, ok)
	assert.Equal(t, p, again)
	at, ok := s.At(p.Dir)
	require.True(t, ok)
	assert.Equal(t, p.Digest, at.Digest)
}

// usable are the folders of active packages, and why others are not used.
func usable(t testing.TB, s *install.Store) (dirs []string, err error) {
	t.Helper()
	for _, c := range s.Chosen() {
		dir, wrong := s.Usable(t.Context(), c.ID)
		if wrong == nil {
			dirs = append(dirs, dir)
		}
		err = errors.Join(err, wrong)
	}
	return dirs, err
}

func TestActiveAndPrevious(t *testing.T) {
	v, dir := newVendor(t), t.TempDir()
	s := open(t, dir, v.trust())
	one, two := put(t, s, v.pack(t, "acmefw", "1.0.0")), put(t, s, v.pack(t, "acmefw", "2.0.0"))
	require.ErrorIs(t, s.Activate("acmefw", strings.Repeat("0", 64)), install.ErrNotFound)
	require.ErrorIs(t, s.Activate("other", one.Digest), install.ErrNotFound)
	require.NoError(t, s.Activate("acmefw", one.Digest))
	require.NoError(t, s.Activate("acmefw", two.Digest))
	require.NoError(t, s.Activate("acmefw", two.Digest), "twice is no harm")
	require.NoError(t, s.Switch("acmefw", false, "lin"))
	require.NoError(t, s.Switch("nginx", true, "lin"), "also what is not installed")
	check := func() {
		t.Helper()
		active, _ := s.Active("acmefw")
		previous, _ := s.Previous("acmefw")
		assert.Equal(t, []string{two.Digest, one.Digest}, []string{active.Digest, previous.Digest})
		assert.Equal(t, map[string]bool{"acmefw": false, "nginx": true}, s.Switched())
	}
	check()
	require.NoError(t, s.Close())
	s = open(t, dir, v.trust())
	check()
	require.ErrorIs(t, s.Remove("acmefw", two.Digest), install.ErrActive)
	require.NoError(t, s.Remove("acmefw", one.Digest))
	_, ok := s.Previous("acmefw")
	assert.False(t, ok)
	require.NoError(t, s.Deactivate("acmefw"))
	_, ok = s.Active("acmefw")
	assert.False(t, ok)
	require.NoError(t, s.Remove("acmefw", two.Digest))
	assert.Empty(t, s.List())
	assert.NoDirExists(t, filepath.Join(dir, "acmefw"))
	require.ErrorIs(t, s.Remove("acmefw", two.Digest), install.ErrNotFound)
}

func TestPolicy(t *testing.T) {
	v, stranger := newVendor(t), newVendor(t)
	nobody := vendor{}
	f := func(b []byte, trust install.Trust, want string) {
		t.Helper()
		dir := t.TempDir()
		s := open(t, dir, trust)
		_, err := s.Install(t.Context(), bytes.NewReader(b), "lin")
		if want == "" {
			require.NoError(t, err)
			return
		}
		var refused *pack.Error
		require.ErrorAs(t, err, &refused)
		require.ErrorContains(t, err, want)
		assert.NotEmpty(t, refused.Hint)
		assert.Empty(t, files(t, dir), "nothing is left of it")
		assert.Empty(t, s.List())
	}
	acme := v.trust()
	f(v.pack(t, "acmefw", "1.0.0"), acme, "")
	f(nobody.pack(t, "acmefw", "1.0.0"), acme, "it is not signed")
	f(nobody.pack(t, "acmefw", "1.0.0"), install.Trust{Unsigned: true}, "")
	f(stranger.pack(t, "acmefw", "1.0.0"), acme, "which the configuration does not know")
	f(stranger.pack(t, "acmefw", "1.0.0"), acme, "public_key: "+stranger.public.String())
	f(stranger.pack(t, "acmefw", "1.0.0"), install.Trust{UnknownKeys: true}, "")
	f(stranger.pack(t, "acmefw", "1.0.0"), install.Trust{Unsigned: true}, "which the configuration does not know")
	certified := acme
	certified.Certificate = true
	f(v.pack(t, "acmefw", "1.0.0"), certified, "it has no certificate: there is no certificate.json")
}

func TestCertificateIsDemanded(t *testing.T) {
	v := newVendor(t)
	trust := v.trust()
	trust.Certificate = true
	for want, checks := range map[string][]pack.CheckResult{
		"": {{Name: "leak", OK: true}}, "says that it failed: leak": {{Name: "golden", OK: true}, {Name: "leak"}}, "says that nothing was checked": nil,
	} {
		dir := t.TempDir()
		plain := v.pack(t, "acmefw", "1.0.0")
		_, err := pack.Extract(t.Context(), bytes.NewReader(plain), dir, func(pack.Signed) error { return nil })
		require.NoError(t, err)
		p, err := pack.Open(dir)
		require.NoError(t, err)
		c := pack.Certificate{Plugin: "acmefw", Version: "1.0.0", Sums: map[string]string{}, Checks: checks}
		for name, sum := range p.Sums {
			c.Sums[name] = fmt.Sprintf("%x", sum)
		}
		text, err := json.Marshal(c)
		require.NoError(t, err)
		s := open(t, t.TempDir(), trust)
		got, err := s.Install(t.Context(), bytes.NewReader(v.packWith(t, "acmefw", "1.0.0", map[string]string{"certificate.json": string(text)})), "lin")
		if want != "" {
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		assert.NotNil(t, got.Certificate)
	}
}

// A key that is taken out of the configuration takes its packages out of service at the next start.
func TestPolicyCountsAtEveryStart(t *testing.T) {
	v, dir := newVendor(t), t.TempDir()
	s := open(t, dir, v.trust())
	p := put(t, s, v.pack(t, "acmefw", "1.0.0"))
	require.NoError(t, s.Activate("acmefw", p.Digest))
	require.NoError(t, s.Close())
	s = open(t, dir, install.Trust{})
	dirs, err := usable(t, s)
	assert.Empty(t, dirs)
	require.ErrorContains(t, err, "acmefw 1.0.0 ("+p.Digest[:12]+"): it is signed by the key")
	require.ErrorContains(t, err, "which the configuration does not know")
	require.Error(t, s.Activate("acmefw", p.Digest))
	require.NoError(t, s.Close())
	s = open(t, dir, v.trust())
	dirs, err = usable(t, s)
	require.NoError(t, err)
	assert.Equal(t, []string{p.Dir}, dirs)
}

func TestChangedFilesAreNotUsed(t *testing.T) {
	v, dir := newVendor(t), t.TempDir()
	s := open(t, dir, v.trust())
	p := put(t, s, v.pack(t, "acmefw", "1.0.0"))
	require.NoError(t, s.Activate("acmefw", p.Digest))
	program := filepath.Join(p.Dir, "main.py")
	was, err := os.ReadFile(program)
	require.NoError(t, err)
	refill := func(b []byte) {
		require.NoError(t, os.Chmod(program, 0o600))
		require.NoError(t, os.WriteFile(program, b, 0o600))
	}
	refill([]byte("#!/bin/sh\nreboot\n"))
	dirs, err := usable(t, s)
	assert.Empty(t, dirs)
	require.ErrorContains(t, err, "main.py: was changed")
	require.ErrorContains(t, err, p.Dir)
	refill(was) // as a backup brings it back, which keeps no modes
	dirs, err = usable(t, s)
	require.NoError(t, err)
	require.Len(t, dirs, 1)
	st, err := os.Stat(program)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o500), st.Mode().Perm())

	// Signing the changed files by another key does not help, nor does writing the sums anew.
	sums := filepath.Join(p.Dir, "SHA256SUMS")
	text, err := os.ReadFile(sums)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(sums, 0o600))
	require.NoError(t, os.WriteFile(sums, append([]byte(strings.Repeat("0", 64)+"  a\n"), text...), 0o600))
	require.ErrorContains(t, p.Check(t.Context()), "is not its signature of these files", "also when it was right at the start")
	require.NoError(t, s.Close())
	s = open(t, dir, v.trust())
	_, err = usable(t, s)
	require.ErrorContains(t, err, "is not its signature of these files")
}

// What is damaged is mended as the error says: by installing the package again.
func TestInstallingAgainMends(t *testing.T) {
	v, dir := newVendor(t), t.TempDir()
	s := open(t, dir, v.trust())
	b := v.pack(t, "acmefw", "1.0.0")
	p := put(t, s, b)
	require.NoError(t, s.Activate("acmefw", p.Digest))
	for _, damage := range []func() error{
		func() error { return os.Remove(filepath.Join(p.Dir, "main.py")) },
		func() error { return os.WriteFile(filepath.Join(p.Dir, "data", "new"), nil, 0o600) },
		func() error { return os.Remove(filepath.Join(p.Dir, "SHA256SUMS")) },
		func() error { return os.RemoveAll(p.Dir) },
	} {
		require.NoError(t, damage())
		_, err := usable(t, s)
		require.Error(t, err)
		again := put(t, s, b)
		assert.Equal(t, p.Dir, again.Dir)
		dirs, err := usable(t, s)
		require.NoError(t, err)
		assert.Equal(t, []string{p.Dir}, dirs)
		tmp, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
		require.NoError(t, err)
		assert.Empty(t, tmp)
	}
	require.NoError(t, os.RemoveAll(p.Dir))
	require.NoError(t, s.Deactivate("acmefw"))
	require.NoError(t, s.Remove("acmefw", p.Digest), "what is gone can be removed")
}

// What was active is known when its folder is gone.
func TestAnActivePackageThatIsGone(t *testing.T) {
	v, dir := newVendor(t), t.TempDir()
	s := open(t, dir, v.trust())
	b := v.pack(t, "acmefw", "1.0.0", "kind: enricher", "on_failure: hold")
	p := put(t, s, b)
	require.NoError(t, s.Activate("acmefw", p.Digest))
	want := []install.Chosen{{ID: "acmefw", Version: "1.0.0", Kind: "enricher", Digest: p.Digest, Hold: true}}
	assert.Equal(t, want, s.Chosen())
	require.NoError(t, s.Close())
	require.NoError(t, os.RemoveAll(p.Dir))
	s = open(t, dir, v.trust())
	assert.Equal(t, want, s.Chosen())
	_, err := usable(t, s)
	require.ErrorContains(t, err, "its active package acmefw 1.0.0 ("+p.Digest[:12]+") is gone: install it again")
	put(t, s, b)
	_, err = usable(t, s)
	require.NoError(t, err)
	require.NoError(t, s.Deactivate("acmefw"))
	assert.Empty(t, s.Chosen())
	_, err = s.Usable(t.Context(), "acmefw")
	require.ErrorIs(t, err, install.ErrNotFound)
}

func TestStateThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "state.json"), []byte(`{"plugins": {"x": `), 0o600))
	_, err := install.Open(dir, install.Trust{})
	require.ErrorContains(t, err, filepath.Join(dir, "state.json"))
	require.ErrorContains(t, err, "restore it from a backup")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "state.json"), []byte(`{"plugins": {"x": null}}`), 0o600))
	s := open(t, dir, install.Trust{})
	assert.Empty(t, s.Switched())
}

func TestWhatAPackageMayMore(t *testing.T) {
	v := newVendor(t)
	s := open(t, t.TempDir(), v.trust())
	one := put(t, s, v.pack(t, "acmefw", "1.0.0", "writes: [event.action]", "permissions: {network: [\"192.0.2.7:443\"]}"))
	two := put(t, s, v.pack(t, "acmefw", "2.0.0", "writes: [event.action, source.ip]", "permissions: {drop: true}"))
	more, fewer := plugin.ComparePermissions(one.Permissions, two.Permissions)
	assert.Equal(t, []string{"drop events", "write source.ip"}, more)
	assert.Equal(t, []string{"connect to 192.0.2.7:443"}, fewer)
}

// installForever is the life of a process that is killed: it installs, activates and removes the packages that lie
// beside its folder.
func installForever(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	s, err := install.Open(filepath.Join(dir, "installed"), install.Trust{Unsigned: true})
	fail(err)
	names, err := filepath.Glob(filepath.Join(dir, "*.lcp"))
	fail(err)
	fmt.Println("runs")
	for n := 0; ; n++ {
		f, err := os.Open(names[n%len(names)])
		fail(err)
		p, err := s.Install(context.Background(), f, "victim")
		fail(err)
		fail(f.Close())
		fail(s.Activate(p.ID, p.Digest))
		if previous, ok := s.Previous(p.ID); ok {
			fail(s.Remove(previous.ID, previous.Digest))
		}
	}
}

// Whenever it is killed, each package is there whole or not at all, and what is active is one that is there.
func TestKilledWhileItInstalls(t *testing.T) {
	kills := 12
	if os.Getenv("LOGCENTER_LONG") != "" {
		kills = 200
	}
	dir := t.TempDir()
	for version := range 3 {
		b := vendor{}.packWith(t, "acmefw", fmt.Sprintf("1.%d.0", version), map[string]string{"data/big": strings.Repeat(fmt.Sprint("row ", version, "\n"), 100_000)})
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(version, ".lcp")), b, 0o600))
	}
	leftovers, found := 0, 0
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victim+"="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		said := make([]byte, 5)
		_, err = out.Read(said)
		require.NoError(t, err)
		require.Equal(t, "runs\n", string(said))
		time.Sleep(time.Duration(rand.N(60)) * time.Millisecond) // when it is killed is chance
		require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
		_ = cmd.Wait() // killed

		tmp, err := filepath.Glob(filepath.Join(dir, "installed", "*.tmp"))
		require.NoError(t, err)
		leftovers += len(tmp)
		s, err := install.Open(filepath.Join(dir, "installed"), install.Trust{Unsigned: true})
		require.NoError(t, err)
		tmp, err = filepath.Glob(filepath.Join(dir, "installed", "*.tmp"))
		require.NoError(t, err)
		assert.Empty(t, tmp, "what was left is swept")
		for _, p := range s.List() {
			found++
			require.NoError(t, p.Check(t.Context()))
		}
		_, err = usable(t, s)
		require.NoError(t, err, "what is active is there")
		require.NoError(t, s.Close())
	}
	t.Logf("%d kills: %d packages found whole, %d leftovers swept", kills, found, leftovers)
}
