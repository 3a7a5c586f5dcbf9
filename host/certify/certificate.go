package certify

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
	return os.WriteFile(path, append(data, '\n'), 0o644) //nolint:gosec // it is to be read by everybody
}

// sums are those of the manifest, the program and the samples.
func (t *tester) sums() (map[string]string, error) {
	sums := map[string]string{}
	sum := func(name, path string) error {
		s, err := pack.SumFile(path)
		sums[name] = hex.EncodeToString(s[:])
		return err
	}
	add := func(path string) error {
		name, err := filepath.Rel(t.m.Dir, path)
		if err != nil {
			return err
		}
		return sum(filepath.ToSlash(name), path)
	}
	if err := add(filepath.Join(t.m.Dir, manifest.Name)); err != nil {
		return nil, err
	}
	if t.m.Runtime == "" {
		name := t.m.ID // of one that was built elsewhere
		if rel, err := filepath.Rel(t.m.Dir, t.m.Binary); err == nil && filepath.IsLocal(rel) {
			name = filepath.ToSlash(rel)
		}
		if err := sum(name, t.m.Binary); err != nil {
			return nil, err
		}
	}
	samples := filepath.Join(t.m.Dir, "testdata")
	err := filepath.WalkDir(t.m.Dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != t.m.Dir && (strings.HasPrefix(d.Name(), ".") || d.Name() == "__pycache__" || path == filepath.Join(samples, "fuzz")):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		case filepath.Dir(path) == samples, t.m.Runtime == manifest.Python && filepath.Ext(path) == ".py":
			return add(path)
		}
		return nil
	})
	return sums, err
}
