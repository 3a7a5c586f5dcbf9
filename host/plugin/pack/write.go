package pack

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"aead.dev/minisign"
	"github.com/klauspost/compress/zstd"

	"github.com/logcenter/logcenter/sdk/manifest"
)

// Sources say what a package is made of.
type Sources struct {
	// Dir is the plugin's folder: manifest, data, samples, texts, certificate.
	Dir string
	// Programs are files by their platforms, OS-ARCH. None: the program that the manifest names is in Dir and runs on
	// every platform, and all of Dir belongs to it.
	Programs map[string]string
	Key      *minisign.PrivateKey // nil: not signed
}

// Built is a package that was written.
type Built struct {
	Manifest    *manifest.Manifest
	Files       int
	Digest      [sha256.Size]byte // of the file
	KeyID       string            // empty: not signed
	Certificate *Certificate      // nil: it carries none
	Uncertified string            // why not
}

// texts are the files of a compiled plugin's folder that belong into the package, besides folders data, testdata and rules.
var texts = regexp.MustCompile(`(?i)^(README\.md|CHANGELOG\.md|(LICENSE|NOTICE|COPYING)(\.[a-z]+)?)$`)

// platform is OS-ARCH.
var platformForm = regexp.MustCompile(`^[a-z0-9]{1,16}-[a-z0-9]{1,16}$`)

// Build writes a package. A certificate in the folder that is not about these files is left out. Errors name the file.
func Build(w io.Writer, s Sources) (*Built, error) {
	dir, err := filepath.EvalSymlinks(s.Dir) // a link would not be entered
	if err != nil {
		return nil, err
	}
	s.Dir = dir
	m, err := manifest.Read(s.Dir)
	if err != nil {
		return nil, err
	}
	name, err := checkSources(s, m)
	if err != nil {
		return nil, err
	}
	files, err := collect(s, name)
	if err != nil {
		return nil, err
	}
	b := &Built{Manifest: m}
	sums := Sums{}
	for file, from := range files {
		if sums[file], err = SumFile(from); err != nil {
			return nil, err
		}
	}
	certificate := sums[CertificateName]
	delete(sums, CertificateName)
	if b.Certificate, b.Uncertified = readCertificate(s.Dir, m, sums); b.Certificate != nil {
		sums[CertificateName] = certificate
	} else {
		delete(files, CertificateName)
	}
	b.Files = len(sums)
	return b, s.write(w, b, files, sums, name)
}

// checkSources returns the program's name.
func checkSources(s Sources, m *manifest.Manifest) (string, error) {
	file := filepath.Join(s.Dir, manifest.Name)
	switch {
	case !version.MatchString(m.Version):
		return "", fmt.Errorf("%s: version %q: want letters, digits, '.', '+', '-' and '_', at most 64", file, m.Version)
	case m.ID == reservedID:
		return "", fmt.Errorf("%s: id %q has a meaning of its own in the API: choose another", file, m.ID)
	}
	rel, err := filepath.Rel(s.Dir, m.Binary)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s: binary %q leads out of the folder", file, m.Binary)
	}
	name := program(s.Dir, m)
	for platform, file := range s.Programs {
		if !platformForm.MatchString(platform) {
			return "", fmt.Errorf("platform %q: want OS-ARCH, e.g. linux-amd64", platform)
		}
		if err := checkProgram(file, platform); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
	}
	if len(s.Programs) == 0 && !isRegular(m.Binary) {
		return "", fmt.Errorf("%s: there is no program: give one with --binary, or put it there", m.Binary)
	}
	return name, nil
}

func isRegular(path string) bool {
	st, err := os.Lstat(path)
	return err == nil && st.Mode().IsRegular()
}

// collect returns where the files of the package come from, by their names in it.
func collect(s Sources, name string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(s.Dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.Dir, file)
		if err != nil || rel == "." {
			return err
		}
		in := filepath.ToSlash(rel)
		if !belongs(in, len(s.Programs) == 0) {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			return nil
		}
		if !e.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file: put a copy of what it leads to there", file)
		}
		if err := checkName(in); err != nil {
			return err
		}
		if len(files) == maxFiles {
			return fmt.Errorf("%s has more than %d files: keep only what the plugin needs in it", s.Dir, maxFiles)
		}
		if slices.ContainsFunc(hostFiles, func(name string) bool { return strings.HasSuffix("/"+in, name) }) {
			return fmt.Errorf("%s is of a host's data folder, which has its keys and its logs: remove that folder, and give hosts another one with --data", file)
		}
		files[in] = file
		return noSecret(file)
	})
	for platform, file := range s.Programs {
		files[path.Join(programs, platform, name)] = file
	}
	return files, err
}

// belongs says whether a file or folder of the plugin's folder is a part of the package. A script's folder is its
// program, so all of it is, but for what tools leave behind.
func belongs(name string, script bool) bool {
	top, _, below := strings.Cut(name, "/")
	base := path.Base(name)
	switch {
	case strings.HasPrefix(base, "."), unlisted(name), strings.HasSuffix(base, Ext), base == "__pycache__", strings.HasSuffix(base, ".pyc"), name == "testdata/fuzz":
		return false
	case top == "data", top == "testdata", top == "rules", name == manifest.Name, name == CertificateName:
		return true
	case script:
		return top+"/" != programs
	}
	return !below && texts.MatchString(name)
}

// hostFiles are in the data folder of every host that ran. Who tries a plugin in its own folder has one there.
var hostFiles = []string{"/admin.token", "/journal/raw/meta.json", "/hold/hold.key"}

// secrets are the beginnings of files that nobody means to hand out.
var secrets = []string{
	"untrusted comment: minisign encrypted secret key", "untrusted comment: rsign encrypted secret key", "-----BEGIN PRIVATE KEY-----",
	"-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----",
}

func noSecret(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	head, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(secrets, func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }) {
		return fmt.Errorf("%s is a private key: keep it outside of the plugin's folder, it would be in the package", file)
	}
	return nil
}

// write writes the archive and what is signed in front of it.
func (s Sources) write(w io.Writer, b *Built, files map[string]string, sums Sums, program string) error {
	signed := Signed{Sums: sums.Text()}
	if s.Key != nil {
		var err error
		if signed.Signature, signed.Key, err = sign(s.Key, signed.Sums, b.Manifest.ID+" "+b.Manifest.Version); err != nil {
			return err
		}
		if b.KeyID, _, err = signed.KeyID(); err != nil {
			return err
		}
	}
	whole := sha256.New()
	z, err := zstd.NewWriter(io.MultiWriter(w, whole), zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(maxWindow), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, head := range []struct {
		name string
		text []byte
	}{{sumsName, signed.Sums}, {signatureName, signed.Signature}, {keyName, signed.Key}} {
		if head.text == nil {
			continue
		}
		if err := writeEntry(t, head.name, 0o644, int64(len(head.text)), bytes.NewReader(head.text)); err != nil {
			return err
		}
	}
	for _, name := range sorted(sums) {
		mode := int64(0o644)
		if strings.HasPrefix(name, programs) || name == program {
			mode = 0o755
		}
		if err := copyEntry(t, name, mode, files[name], sums[name]); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	b.Digest = [sha256.Size]byte(whole.Sum(nil))
	return nil
}

func writeEntry(t *tar.Writer, name string, mode, size int64, r io.Reader) error {
	err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size, ModTime: time.Unix(0, 0).UTC()})
	if err == nil {
		_, err = io.Copy(t, r)
	}
	return err
}

func copyEntry(t *tar.Writer, name string, mode int64, from string, sum [sha256.Size]byte) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	st, err := f.Stat()
	if err != nil {
		return err
	}
	h := sha256.New()
	if err := writeEntry(t, name, mode, st.Size(), io.TeeReader(f, h)); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if [sha256.Size]byte(h.Sum(nil)) != sum {
		return fmt.Errorf("%s changed while it was packaged: try again", from)
	}
	return nil
}
