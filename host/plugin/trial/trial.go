// Package trial puts real plugins that misbehave on demand before the host, for its tests.
package trial

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
)

// binary is the plugin's program, built once for all tests of a package.
var binary = sync.OnceValues(func() (string, error) {
	_, self, _, _ := runtime.Caller(0)
	dir, err := os.MkdirTemp("", "logcenter-trial-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "plugin"), "./testdata/testplugin")
	cmd.Dir = filepath.Dir(self)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return filepath.Join(dir, "plugin"), nil
})

// Clean removes what was built. TestMain calls it at the end.
func Clean() {
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a folder of the temporary directory
	}
}

// Manifest is the plugin.yaml of a plugin of a kind, with lines of YAML added or put in place of those of the
// same key.
func Manifest(id, kind string, lines ...string) string {
	keys := []string{"id", "kind", "version", "protocol"}
	of := map[string]string{"id": "id: " + id, "kind": "kind: " + kind, "version": "version: 1.2.3", "protocol": "protocol: 1"}
	add := func(key, line string) {
		if of[key] == "" {
			keys = append(keys, key)
		}
		of[key] = line
	}
	switch kind {
	case "parser":
		add("accepts", "accepts: [{prefix: [\""+id+"\"]}]")
		add("reads", "reads: [message]")
		add("writes", "writes: [event.action, source.port]")
	case "enricher":
		add("reads", "reads: [event.action]")
		add("writes", "writes: [user.name]")
	case "masker", "detector":
		add("reads", "reads: [message]")
	}
	for _, l := range lines {
		key, _, _ := strings.Cut(l, ":")
		add(key, l)
	}
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(of[k] + "\n")
	}
	return b.String()
}

// Folder makes the folder of a plugin below dir: manifest, program, and how it behaves (testdata/testplugin).
func Folder(t testing.TB, dir, id, manifest, behaviour string) string {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	folder := filepath.Join(dir, id)
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, plugin.ManifestName), []byte(manifest), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "behaviour"), []byte(behaviour), 0o600))
	in, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, id), in, 0o700))
	require.NoError(t, os.Chmod(filepath.Join(folder, id), 0o755))
	return folder
}

// Python puts the interpreter that `make venv` has prepared into the path, for plugins in Python. Without one the test
// is skipped, loudly, and fails if CI=true.
func Python(t testing.TB) {
	t.Helper()
	_, self, _, _ := runtime.Caller(0)
	bin := filepath.Join(filepath.Dir(self), "../../../build/venv/bin")
	if _, err := os.Stat(filepath.Join(bin, "python3")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no Python with grpcio: run `make venv` (%v)", err)
		}
		t.Skipf("*** SKIPPED: no Python with grpcio, run `make venv` (%v) ***", err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// Quiet is a log that nobody reads.
func Quiet() *logrus.Entry {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return logrus.NewEntry(l)
}

// Open discovers the plugins below dir; they are stopped when the test ends.
func Open(t testing.TB, dir string, o plugin.Options) (*plugin.Registry, error) {
	t.Helper()
	o.Dirs, o.RunDir = []string{dir}, filepath.Join(t.TempDir(), "run")
	if o.Log == nil {
		o.Log = Quiet()
	}
	r, err := plugin.Open(o)
	if r != nil {
		t.Cleanup(func() { require.NoError(t, r.Close()) })
	}
	return r, err
}

// Start is Open of a good plugin of one kind, running.
func Start(t testing.TB, o plugin.Options, id, kind string, lines ...string) (*plugin.Registry, *plugin.Plugin) {
	t.Helper()
	dir := t.TempDir()
	Folder(t, dir, id, Manifest(id, kind, lines...), kind)
	r, err := Open(t, dir, o)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context()))
	p, err := r.Get(id)
	require.NoError(t, err)
	return r, p
}
