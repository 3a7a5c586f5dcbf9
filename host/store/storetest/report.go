package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Report is what one executor made of the suite: a store, or the in-memory matcher.
type Report struct {
	Executor string
	// Scripts is the checksum of the scripts that were run, empty while the suite is not through.
	Scripts string
	Groups  []*Group
}

// Group is a script, or a part of the suite that is none, in one mode.
type Group struct {
	Name string
	Mode string // where the events lay; empty for parts that choose that themselves

	Passed, Failed int
	NotApplicable  int // not asked of this executor
	Skipped        bool
}

// add counts a case.
func (g *Group) add(passed bool) {
	if passed {
		g.Passed++
	} else {
		g.Failed++
	}
}

// Sum is the checksum of the scripts of this build.
func Sum() (string, error) {
	h := sha256.New()
	files, err := scripts.ReadDir("scripts")
	if err != nil {
		return "", err
	}
	for _, f := range files {
		b, err := scripts.ReadFile("scripts/" + f.Name())
		if err != nil {
			return "", err
		}
		h.Write([]byte(f.Name()))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Directory is where reports are written: the one that [DirectoryVariable] names, else build/storetest beside go.mod.
func Directory() (string, error) {
	if dir := os.Getenv(DirectoryVariable); dir != "" {
		return dir, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "build", "storetest"), nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod in this folder or above it: say with " + DirectoryVariable + " where reports go")
		}
		dir = up
	}
}

// DirectoryVariable names the environment variable that says where reports are written.
const DirectoryVariable = "LOGCENTER_STORETEST_DIR"

// group starts a part of the suite.
func (r *Report) group(name, mode string) *Group {
	g := &Group{Name: name, Mode: mode}
	r.Groups = append(r.Groups, g)
	return g
}

// path is the report's file. It has a folder of its own: go test remembers the state of folders it has looked at, and
// would run a suite again because another one has written.
func (r *Report) path() (string, error) {
	dir, err := Directory()
	return filepath.Join(dir, r.Executor, "report.json"), err
}

// begin marks the report as not through, so that what a run before it has left is not taken for its own.
func (r *Report) begin(t *testing.T) {
	r.Scripts = ""
	r.write(t)
}

// end writes the report if want groups were run, which they are not under go test -run: a part of the suite leaves no
// report.
func (r *Report) end(t *testing.T, want int) {
	if len(r.Groups) < want {
		t.Logf("%d of %d groups were run, so there is no report", len(r.Groups), want)
		return
	}
	sum, err := Sum()
	require.NoError(t, err)
	r.Scripts = sum
	r.write(t)
}

// write keeps the file's place, so that the folder stays as it is.
func (r *Report) write(t *testing.T) {
	path, err := r.path()
	require.NoError(t, err)
	b, err := json.MarshalIndent(r, "", " ")
	require.NoError(t, err)
	err = os.WriteFile(path, append(b, '\n'), 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		err = os.WriteFile(path, append(b, '\n'), 0o644)
	}
	require.NoError(t, err)
}
