package pack_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/sdk/manifest"
)

const yaml = `id: acmefw
kind: parser
version: 1.2.0
protocol: 1
accepts: [{prefix: ["acme:"]}]
writes: [event.action]
permissions: {network: ["192.0.2.7:443"]}
`

// head is the beginning of a program for this machine, which is all that is looked at.
func head(t testing.TB) []byte {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	f, err := os.Open(self)
	require.NoError(t, err)
	defer f.Close()
	b := make([]byte, 4096)
	_, err = io.ReadFull(f, b)
	require.NoError(t, err)
	return b
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

// folder is the folder of a compiled plugin, and its program.
func folder(t testing.TB) (dir, program string) {
	t.Helper()
	dir = t.TempDir()
	write(t, dir, "plugin.yaml", yaml)
	write(t, dir, "main.go", "package main")
	write(t, dir, "README.md", "# acmefw\n")
	write(t, dir, "LICENSE", "as is")
	write(t, dir, "data/zones.csv", "1,dmz\n")
	write(t, dir, "rules/login.yaml", "rules: []\n")
	write(t, dir, "testdata/login.log", "acme: deny\n")
	write(t, dir, "testdata/fuzz/FuzzParse/1", "go test fuzz v1")
	write(t, dir, ".git/config", "secret")
	program = filepath.Join(t.TempDir(), "acmefw")
	require.NoError(t, os.WriteFile(program, head(t), 0o755))
	return dir, program
}

func newKey(t testing.TB) (key *minisign.PrivateKey, public minisign.PublicKey) {
	t.Helper()
	private, pub, err := pack.NewKey("acme", "")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "acme.key")
	require.NoError(t, os.WriteFile(file, private, 0o600))
	key, err = pack.ReadKey(file, nil)
	require.NoError(t, err)
	public, err = pack.ParsePublicKey(string(pub))
	require.NoError(t, err)
	return key, public
}

func build(t testing.TB, s pack.Sources) ([]byte, *pack.Built) {
	t.Helper()
	var b bytes.Buffer
	built, err := pack.Build(&b, s)
	require.NoError(t, err)
	return b.Bytes(), built
}

// extract unpacks a package and says what is wrong with it.
func extract(t testing.TB, b []byte) (dir string, signed pack.Signed, err error) {
	t.Helper()
	dir = t.TempDir()
	_, err = pack.Extract(t.Context(), bytes.NewReader(b), dir, func(s pack.Signed) error { signed = s; return nil })
	return dir, signed, err
}

// entry is a file of a package that is made by hand.
type entry struct {
	name string
	text string
	kind byte // 0: a regular file
	link string
}

// listed puts a right SHA256SUMS in front of entries, which have to be sorted.
func listed(entries ...entry) []entry {
	var sums strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256([]byte(e.text)), e.name)
	}
	return append([]entry{{name: "SHA256SUMS", text: sums.String()}}, entries...)
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: e.kind, Linkname: e.link}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		} else {
			h.Size = 0
		}
		require.NoError(t, w.WriteHeader(h))
		if e.kind == 0 {
			_, err := w.Write([]byte(e.text))
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// encoder is shared, as making one costs more than its work here.
var encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithWindowSize(64<<10), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
})

func compressed(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := encoder()
	require.NoError(t, err)
	return z.EncodeAll(b, nil)
}

func TestRoundTrip(t *testing.T) {
	dir, program := folder(t)
	key, public := newKey(t)
	s := pack.Sources{Dir: dir, Programs: map[string]string{manifest.Platform(): program}, Key: key}
	first, built := build(t, s)
	assert.Equal(t, hex.EncodeToString(built.Digest[:]), fmt.Sprintf("%x", sha256.Sum256(first)))
	assert.Equal(t, pack.KeyID(public), built.KeyID)
	assert.Equal(t, "there is no certificate.json", built.Uncertified)

	// Times and modes of the sources do not matter, nor does when it is made.
	old := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "README.md"), old, old))
	require.NoError(t, os.Chmod(filepath.Join(dir, "README.md"), 0o600))
	again, _ := build(t, s)
	assert.Equal(t, first, again, "the same files are the same package")
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	again, _ = build(t, pack.Sources{Dir: link, Programs: s.Programs, Key: key})
	assert.Equal(t, first, again, "by whatever path")

	into, signed, err := extract(t, first)
	require.NoError(t, err)
	assert.True(t, signed.By(public))
	_, comment, err := signed.KeyID()
	require.NoError(t, err)
	assert.Equal(t, "acmefw 1.2.0", comment)
	carried, err := signed.PublicKey()
	require.NoError(t, err)
	assert.True(t, carried.Equal(public))

	p, err := pack.Open(into)
	require.NoError(t, err)
	assert.Equal(t, "acmefw-1.2.0.lcp", p.Name())
	assert.Equal(t, []string{manifest.Platform()}, p.Platforms)
	var names []string
	for name := range p.Sums {
		names = append(names, name)
	}
	ours := "bin/" + manifest.Platform() + "/acmefw"
	assert.ElementsMatch(t, []string{"LICENSE", "README.md", ours, "data/zones.csv", "plugin.yaml", "rules/login.yaml", "testdata/login.log"}, names)
	assert.Equal(t, filepath.Join(into, filepath.FromSlash(ours)), p.Manifest.Binary)
	assert.True(t, p.IsProgram(ours))
	require.NoError(t, pack.Check(t.Context(), into, p.Sums))
}

func TestScriptsRunEverywhere(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "plugin.yaml", yaml+"binary: main.py\n")
	write(t, dir, "main.py", "#!/usr/bin/env python3\n")
	write(t, dir, "lines/cut.py", "def cut(): pass\n")
	write(t, dir, "lines/__pycache__/cut.pyc", "x")
	b, _ := build(t, pack.Sources{Dir: dir})
	into, _, err := extract(t, b)
	require.NoError(t, err)
	p, err := pack.Open(into)
	require.NoError(t, err)
	assert.Nil(t, p.Platforms)
	assert.Len(t, p.Sums, 3)
	assert.True(t, p.IsProgram("main.py"))
	assert.False(t, p.IsProgram("lines/cut.py"))
}

func TestWhatCannotBePackaged(t *testing.T) {
	f := func(change func(t *testing.T, dir string, s *pack.Sources), want string) {
		t.Helper()
		dir, program := folder(t)
		s := pack.Sources{Dir: dir, Programs: map[string]string{manifest.Platform(): program}}
		change(t, dir, &s)
		_, err := pack.Build(io.Discard, s)
		require.ErrorContains(t, err, want)
	}
	f(func(t *testing.T, dir string, _ *pack.Sources) {
		require.NoError(t, os.Remove(filepath.Join(dir, "plugin.yaml")))
	}, "plugin.yaml")
	f(func(t *testing.T, dir string, _ *pack.Sources) {
		write(t, dir, "plugin.yaml", strings.ReplaceAll(yaml, "1.2.0", "../../etc"))
	}, "plugin.yaml: version \"../../etc\": want letters")
	f(func(t *testing.T, dir string, _ *pack.Sources) {
		write(t, dir, "plugin.yaml", strings.ReplaceAll(yaml, "acmefw", "packages"))
	}, "choose another")
	f(func(_ *testing.T, _ string, s *pack.Sources) { s.Programs = nil }, "acmefw: there is no program")
	f(func(_ *testing.T, dir string, s *pack.Sources) {
		s.Programs = map[string]string{manifest.Platform(): filepath.Join(dir, "README.md")}
	}, "README.md: is no Linux program")
	f(func(_ *testing.T, _ string, s *pack.Sources) {
		s.Programs = map[string]string{"linux-s390x": s.Programs[manifest.Platform()]}
	}, "is said to be one for linux-s390x")
	f(func(_ *testing.T, _ string, s *pack.Sources) {
		s.Programs = map[string]string{"../x": s.Programs[manifest.Platform()]}
	}, "want OS-ARCH")
	f(func(t *testing.T, dir string, _ *pack.Sources) {
		require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "data", "users")))
	}, "data/users is not a regular file")
	f(func(t *testing.T, dir string, _ *pack.Sources) {
		private, _, err := pack.NewKey("acme", "")
		require.NoError(t, err)
		write(t, dir, "data/acme.key", string(private))
	}, "data/acme.key is a private key")
	for _, name := range []string{"data/admin.token", "data/journal/raw/meta.json"} {
		f(func(t *testing.T, dir string, _ *pack.Sources) { write(t, dir, name, "x") }, name+" is of a host's data folder")
	}
	f(func(t *testing.T, dir string, _ *pack.Sources) { write(t, dir, "data/a\nb", "x") }, "is a name with bytes that names do not have")
}

func TestCertificateCountsForTheVeryFiles(t *testing.T) {
	dir, program := folder(t)
	sum := func(file string) string {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		return fmt.Sprintf("%x", sha256.Sum256(b))
	}
	certify := func(change func(*pack.Certificate)) {
		c := &pack.Certificate{
			Plugin: "acmefw", Version: "1.2.0", Kind: "parser", TestedAt: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), Logcenter: "1.0",
			Sums:   map[string]string{"plugin.yaml": sum(filepath.Join(dir, "plugin.yaml")), "acmefw": sum(program), "testdata/login.log": sum(filepath.Join(dir, "testdata/login.log"))},
			Checks: []pack.CheckResult{{Name: "golden", OK: true}, {Name: "leak", OK: false, Detail: "2 files stay open"}},
		}
		change(c)
		b, err := json.Marshal(c)
		require.NoError(t, err)
		write(t, dir, "certificate.json", string(b))
	}
	s := pack.Sources{Dir: dir, Programs: map[string]string{manifest.Platform(): program}}
	certify(func(*pack.Certificate) {})
	b, built := build(t, s)
	require.NotNil(t, built.Certificate, built.Uncertified)
	into, _, err := extract(t, b)
	require.NoError(t, err)
	p, err := pack.Open(into)
	require.NoError(t, err)
	require.NotNil(t, p.Certificate)
	assert.Equal(t, []string{"leak"}, p.Certificate.Failed())
	assert.Contains(t, p.Sums, "certificate.json")

	for want, change := range map[string]func(*pack.Certificate){
		"it is about acmefw 1.1.0":                      func(c *pack.Certificate) { c.Version = "1.1.0" },
		"another program was tested":                    func(c *pack.Certificate) { c.Sums["acmefw"] = strings.Repeat("0", 64) },
		"testdata/login.log was changed since the test": func(c *pack.Certificate) { c.Sums["testdata/login.log"] = strings.Repeat("0", 64) },
		"testdata/gone.log was tested, but is not in":   func(c *pack.Certificate) { c.Sums["testdata/gone.log"] = strings.Repeat("0", 64) },
		"it does not say which plugin.yaml was tested":  func(c *pack.Certificate) { delete(c.Sums, "plugin.yaml") },
		"it does not say which program was tested":      func(c *pack.Certificate) { delete(c.Sums, "acmefw") },
	} {
		certify(change)
		b, built := build(t, s)
		assert.Nil(t, built.Certificate, want)
		assert.Contains(t, built.Uncertified, want)
		into, _, err := extract(t, b)
		require.NoError(t, err)
		assert.NoFileExists(t, filepath.Join(into, "certificate.json"), "one that is about other files is left out")
	}
	write(t, dir, "certificate.json", "{")
	_, built = build(t, s)
	assert.Contains(t, built.Uncertified, "certificate.json is not JSON")
}

func TestPackagesThatAreRefused(t *testing.T) {
	file := entry{name: "plugin.yaml", text: yaml}
	sums := func(text string) []entry { return []entry{{name: "SHA256SUMS", text: text}, file} }
	line := fmt.Sprintf("%x  ", sha256.Sum256([]byte(yaml)))
	for want, entries := range map[string][]entry{
		`"../evil": is a name that leads out`:                       {listed(file)[0], {name: "../evil", text: "x"}},
		`"/etc/cron.d/evil": is a name that leads out`:              {listed(file)[0], {name: "/etc/cron.d/evil", text: "x"}},
		`"data/../../evil": is a name that leads out`:               {listed(file)[0], {name: "data/../../evil", text: "x"}},
		`"data//x": is a name that leads out`:                       {listed(file)[0], {name: "data//x", text: "x"}},
		`"..\\evil": is a name with bytes`:                          {listed(file)[0], {name: `..\evil`, text: "x"}},
		`"a\u202efdp.yaml": is a name with bytes`:                   {listed(file)[0], {name: "a\u202efdp.yaml", text: "x"}},
		`".installed.json": is hidden`:                              {listed(file)[0], {name: ".installed.json", text: "{}"}},
		"is a name of more than 240 bytes":                          {listed(file)[0], {name: strings.Repeat("x", 300), text: "x"}},
		"lies more than 16 folders deep":                            {listed(file)[0], {name: strings.Repeat("x/", 17) + "x", text: "x"}},
		"plugin.yaml: is a symbolic link":                           {listed(file)[0], {name: "plugin.yaml", kind: tar.TypeSymlink, link: "/etc/passwd"}},
		"plugin.yaml: is a hard link":                               {listed(file)[0], {name: "plugin.yaml", kind: tar.TypeLink, link: "/etc/passwd"}},
		"plugin.yaml: is a device":                                  {listed(file)[0], {name: "plugin.yaml", kind: tar.TypeBlock}},
		"plugin.yaml: is a named pipe":                              {listed(file)[0], {name: "plugin.yaml", kind: tar.TypeFifo}},
		"data: is a folder":                                         {listed(file)[0], {name: "data", kind: tar.TypeDir}},
		"README.md: is not listed in SHA256SUMS":                    append(listed(file), entry{name: "README.md", text: "x"}),
		"README.md: is listed in SHA256SUMS but not in the package": listed(entry{name: "README.md", text: "x"}, file)[:1],
		"plugin.yaml: is there twice":                               append(listed(file), file),
		"plugin.yaml: its SHA-256 is":                               {listed(file)[0], {name: "plugin.yaml", text: yaml + " "}},
		"SHA256SUMS: is not the first file":                         {file, listed(file)[0]},
		"SHA256SUMS.minisig: is not where it should be":             append(listed(file), entry{name: "SHA256SUMS.minisig", text: "x"}),
		"SHA256SUMS: has 0 bytes, want 1 to":                        sums(""),
		"SHA256SUMS:1: is not a SHA-256 in hexadecimal":             sums("nonsense\n"),
		"SHA256SUMS:1: is not a SHA-256 in hexadecimal, two":        sums(strings.ToUpper(line) + "plugin.yaml\n"),
		"SHA256SUMS:1: is not a SHA-256 in hexadecimal, two spaces": sums(line + "plugin.yaml"),
		"SHA256SUMS:2: plugin.yaml is not behind plugin.yaml":       sums(line + "plugin.yaml\n" + line + "plugin.yaml\n"),
		`SHA256SUMS:1: "../x": is a name that leads out`:            sums(line + "../x\n"),
		"SHA256SUMS:1: SHA256SUMS cannot be listed":                 sums(line + "SHA256SUMS\n"),
		"plugin.yaml/x: lies in what is a file":                     listed(file, entry{name: "plugin.yaml/x", text: "x"}),
	} {
		_, _, err := extract(t, compressed(t, archive(t, entries...)))
		var refused *pack.Error
		if assert.ErrorAs(t, err, &refused, want) {
			assert.Contains(t, err.Error(), want)
			assert.NotEmpty(t, refused.Hint, want)
		}
	}
}

// What is not an archive, not whole, or much more than it looks like.
func TestBytesThatAreRefused(t *testing.T) {
	whole := archive(t, listed(entry{name: "plugin.yaml", text: yaml})...)
	z := compressed(t, whole)
	behind := append(bytes.Clone(whole), []byte("more")...)
	bits := bytes.Clone(z)
	bits[len(bits)/2] ^= 4
	far, err := zstd.NewWriter(nil, zstd.WithWindowSize(64<<20))
	require.NoError(t, err)
	wide := far.EncodeAll(append(bytes.Clone(whole), make([]byte, 40<<20)...), nil)
	for want, b := range map[string][]byte{
		"it is not a package: no zstd archive":       []byte("PK\x03\x04 a zip file that somebody has renamed"),
		"it is empty":                                {},
		"it is cut short behind":                     z[:len(z)/2],
		"it is cut short":                            compressed(t, whole[:len(whole)-1400]),
		"it is not a package: there is no tar":       compressed(t, bytes.Repeat([]byte("text "), 1000)),
		"there is something behind the archive":      compressed(t, behind),
		"it is damaged":                              bits,
		"it needs more than 8 MiB of memory":         wide,
		"it is not a package: no zstd archive begin": append(bytes.Clone(z), []byte("trailing bytes")...),
	} {
		_, _, err := extract(t, b)
		require.ErrorContains(t, err, want)
		var refused *pack.Error
		require.ErrorAs(t, err, &refused, want)
		assert.NotEmpty(t, refused.Hint, want)
	}
}

// Some bytes that unfold to gigabytes are refused before they are on the disk.
func TestBombsEndAtTheBound(t *testing.T) {
	sums := strings.Repeat("0", 64) + "  data/zeros\n"
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "SHA256SUMS", Size: int64(len(sums))}))
	_, err := w.Write([]byte(sums))
	require.NoError(t, err)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "data/zeros", Size: 2 << 30}))
	bomb := compressed(t, append(b.Bytes(), make([]byte, 64<<20)...))
	dir, _, err := extract(t, bomb)
	require.ErrorContains(t, err, "it unfolds to more than 1024 MiB")
	assert.NoFileExists(t, filepath.Join(dir, "data", "zeros"), "%d bytes", len(bomb))

	whole := archive(t, listed(entry{name: "plugin.yaml", text: yaml})...)
	_, _, err = extract(t, compressed(t, append(whole, make([]byte, 64<<20)...)))
	require.ErrorContains(t, err, "there is something behind the archive")
}

func TestAPackageThatIsTooLarge(t *testing.T) {
	_, err := pack.Extract(t.Context(), io.MultiReader(bytes.NewReader([]byte{0x28, 0xb5, 0x2f, 0xfd}), endless{}), t.TempDir(), nil)
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = pack.Extract(ctx, endless{}, t.TempDir(), nil)
	require.ErrorIs(t, err, context.Canceled)
}

// endless is a skippable frame of zstd after the other.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	n := copy(p, "\x50\x2a\x4d\x18\x00\x00\x00\x00")
	for n < len(p) {
		n += copy(p[n:], p[:n])
	}
	return n, nil
}

func TestUnpackedPackagesThatAreRefused(t *testing.T) {
	program := string(head(t))
	ours := "bin/" + manifest.Platform() + "/acmefw"
	good := entry{name: ours, text: program}
	for want, entries := range map[string][]entry{
		"plugin.yaml: is missing":                           listed(good),
		"plugin.yaml: acepts: unknown key":                  listed(good, entry{name: "plugin.yaml", text: yaml + "acepts: []\n"}),
		"plugin.yaml: protocol 2: this host speaks 1":       listed(good, entry{name: "plugin.yaml", text: strings.ReplaceAll(yaml, "protocol: 1", "protocol: 2")}),
		`plugin.yaml: version "1/2": want letters`:          listed(good, entry{name: "plugin.yaml", text: strings.ReplaceAll(yaml, "1.2.0", "1/2")}),
		`plugin.yaml: id "packages" has a meaning`:          listed(good, entry{name: "plugin.yaml", text: strings.ReplaceAll(yaml, "acmefw", "packages")}),
		`plugin.yaml: binary "/bin/sh" leads out`:           listed(good, entry{name: "plugin.yaml", text: yaml + "binary: /bin/sh\n"}),
		"there is no program in the package":                listed(entry{name: "plugin.yaml", text: yaml}),
		"the package has programs for plan9-mips, and this": listed(entry{name: "bin/plan9-mips/acmefw", text: program}, entry{name: "plugin.yaml", text: yaml}),
		ours + ": is no Linux program, but is said to be":   listed(entry{name: ours, text: "#!/bin/sh\n"}, entry{name: "plugin.yaml", text: yaml}),
	} {
		dir, _, err := extract(t, compressed(t, archive(t, entries...)))
		require.NoError(t, err, want)
		_, err = pack.Open(dir)
		var refused *pack.Error
		if assert.ErrorAs(t, err, &refused, want) {
			assert.Contains(t, err.Error(), want)
			assert.NotContains(t, err.Error(), dir, "the folder is the host's own affair")
		}
	}
}

func TestChangedFilesAreFound(t *testing.T) {
	dir, program := folder(t)
	b, _ := build(t, pack.Sources{Dir: dir, Programs: map[string]string{manifest.Platform(): program}})
	into, _, err := extract(t, b)
	require.NoError(t, err)
	p, err := pack.Open(into)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(into, "README.md")))
	changed := filepath.Join(into, "data", "zones.csv")
	require.NoError(t, os.Chmod(changed, 0o600))
	require.NoError(t, os.WriteFile(changed, []byte("1,wan\n"), 0o600))
	write(t, into, "data/more.csv", "2,lan\n")
	err = pack.Check(t.Context(), into, p.Sums)
	require.ErrorContains(t, err, "README.md: is gone")
	require.ErrorContains(t, err, "data/zones.csv: was changed: its SHA-256 is")
	require.ErrorContains(t, err, "data/more.csv: is not a file of the package")
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	_, _, err := pack.NewKey("acme", "short")
	require.ErrorContains(t, err, "12 or more")
	private, public, err := pack.NewKey("acme", "")
	require.NoError(t, err)
	file := filepath.Join(dir, "acme.key")
	require.NoError(t, os.WriteFile(file, private, 0o644))
	_, err = pack.ReadKey(file, nil)
	require.ErrorContains(t, err, "others can read the private key "+file)
	require.NoError(t, os.Chmod(file, 0o600))
	key, err := pack.ReadKey(file, nil)
	require.NoError(t, err)
	want, err := pack.ParsePublicKey(string(public))
	require.NoError(t, err)
	assert.True(t, want.Equal(key.Public()))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "acme.pub"), public, 0o644))
	for _, word := range []string{filepath.Join(dir, "acme.pub"), want.String()} {
		got, err := pack.PublicKeyFrom(word)
		require.NoError(t, err)
		assert.True(t, got.Equal(want))
	}
	_, err = pack.PublicKeyFrom("RWQnonsense")
	require.ErrorContains(t, err, "is no minisign public key")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	_, err = pack.ReadKey(file, nil)
	require.ErrorContains(t, err, "is no private key")
}

// A key of testdata, under "correct horse battery". Trying a password takes a GiB of memory and seconds, so that
// guessing is no fun, and neither is testing.
func TestEncryptedKeys(t *testing.T) {
	text, err := os.ReadFile("testdata/encrypted.key")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "acme.key")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	_, err = pack.ReadKey(file, func() (string, error) { return "", os.ErrNotExist })
	require.ErrorContains(t, err, file+" is encrypted")
	if os.Getenv("LOGCENTER_LONG") == "" {
		return
	}
	_, err = pack.ReadKey(file, func() (string, error) { return "wrong horse battery", nil })
	require.ErrorContains(t, err, "is the password right?")
	key, err := pack.ReadKey(file, func() (string, error) { return "correct horse battery", nil })
	require.NoError(t, err)
	public, err := pack.PublicKeyFrom("testdata/encrypted.pub")
	require.NoError(t, err)
	assert.True(t, public.Equal(key.Public()))
	private, _, err := pack.NewKey("acme", "correct horse battery")
	require.NoError(t, err)
	assert.True(t, minisign.IsEncrypted(private))
}

// Whatever the bytes, reading them ends with an error or a folder that has what is listed and nothing else, and nothing
// is written beside it.
func FuzzExtract(f *testing.F) {
	dir, program := folder(f)
	key, _ := newKey(f)
	b, _ := build(f, pack.Sources{Dir: dir, Programs: map[string]string{manifest.Platform(): program}, Key: key})
	raw, err := zstd.NewReader(bytes.NewReader(b))
	require.NoError(f, err)
	whole, err := io.ReadAll(raw)
	require.NoError(f, err)
	f.Add(whole, true)
	f.Add(b, false)
	f.Add(archive(f, listed(entry{name: "plugin.yaml", text: yaml})...), true)
	f.Add(archive(f, entry{name: "SHA256SUMS", text: "x"}, entry{name: "../x", text: "x"}), true)
	f.Fuzz(func(t *testing.T, b []byte, squeeze bool) {
		if squeeze { // so that changes reach the archive
			b = compressed(t, b)
		}
		outer := t.TempDir()
		into := filepath.Join(outer, "into")
		require.NoError(t, os.Mkdir(into, 0o700))
		var sums pack.Sums
		_, err := pack.Extract(t.Context(), bytes.NewReader(b), into, func(s pack.Signed) (err error) {
			sums, err = pack.ParseSums(s.Sums)
			return err
		})
		entries, rerr := os.ReadDir(outer)
		require.NoError(t, rerr)
		require.Len(t, entries, 1)
		if err != nil {
			return
		}
		require.NoError(t, pack.Check(t.Context(), into, sums))
		if p, err := pack.Open(into); err == nil {
			require.True(t, strings.HasPrefix(p.Manifest.Binary, into))
		}
	})
}
