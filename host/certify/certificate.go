package certify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// Certificate is what the tests of a plugin found, for those who did not run them. What it is of follows from its
// sums; who says so from the signature of the package that carries it.
type Certificate struct{ pack.Certificate }

// Check is one of the tests. Detail says in words what was found, one fault a line.
type Check = pack.CheckResult

// OK says whether all checks that were run passed.
func (c *Certificate) OK() bool {
	return len(c.Checks) > 0 && !slices.ContainsFunc(c.Checks, func(k Check) bool { return !k.OK })
}

// whole says what a certificate lacks to be worth anything: a check that was not run, or that failed.
func (c *Certificate) whole() error {
	for _, name := range Checks(c.Kind) {
		i := slices.IndexFunc(c.Checks, func(k Check) bool { return k.Name == name })
		if i < 0 {
			return fmt.Errorf("no certificate: the check %s was not run", name)
		}
		if !c.Checks[i].OK {
			return fmt.Errorf("no certificate: the check %s failed", name)
		}
	}
	return nil
}

// Write puts the certificate into the plugin's folder. One with a check that failed or was not run is refused, and an
// older one is removed, as it holds no more.
func (c *Certificate) Write(dir string) error {
	path := filepath.Join(dir, pack.CertificateName)
	if err := c.whole(); err != nil {
		if gone := os.Remove(path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			return gone
		}
		return err
	}
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, append(data, '\n'), 0o644); err != nil { //nolint:gosec // it is to be read by everybody
		return err
	}
	return os.Rename(tmp, path)
}

// maxCertificate bounds the file of a certificate: a few hundred bytes a check, and a line a sample.
const maxCertificate = 1 << 20

// Read reads a certificate. That it says what is true of a folder is for [Certificate.Verify] to say.
func Read(path string) (*Certificate, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxCertificate+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxCertificate {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxCertificate)
	}
	c := &Certificate{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Verify says how a certificate and a plugin's folder differ: a file that is not the one that was tested, or is not
// there any more. nil means that all that was tested is there as it was, and passed.
func (c *Certificate) Verify(dir string) error {
	if err := c.whole(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sums)) {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("the certificate names %q, which is not in the plugin's folder", name)
		}
		sum, err := sumOf(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if sum != c.Sums[name] {
			return fmt.Errorf("%s has changed since the plugin was tested", filepath.Join(dir, name))
		}
	}
	return nil
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sums are those of the manifest, the program and the samples.
func (t *tester) sums() (map[string]string, error) {
	sums := map[string]string{}
	add := func(path string) error {
		name, err := filepath.Rel(t.m.Dir, path)
		if err != nil {
			return err
		}
		sums[filepath.ToSlash(name)], err = sumOf(path)
		return err
	}
	if err := add(filepath.Join(t.m.Dir, manifest.Name)); err != nil {
		return nil, err
	}
	if t.m.Runtime == "" {
		name := t.m.ID // of one that was built elsewhere
		if rel, err := filepath.Rel(t.m.Dir, t.m.Binary); err == nil && filepath.IsLocal(rel) {
			name = filepath.ToSlash(rel)
		}
		var err error
		if sums[name], err = sumOf(t.m.Binary); err != nil {
			return nil, err
		}
	}
	err := filepath.WalkDir(t.m.Dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != t.m.Dir && (strings.HasPrefix(d.Name(), ".") || d.Name() == "__pycache__" || d.Name() == "fuzz"):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		case filepath.Dir(path) == filepath.Join(t.m.Dir, "testdata"), t.m.Runtime == manifest.Python && filepath.Ext(path) == ".py":
			return add(path)
		}
		return nil
	})
	return sums, err
}
