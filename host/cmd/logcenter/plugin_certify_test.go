package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/certify"
	"github.com/logcenter/logcenter/host/plugin/trial"
)

// goldenLines are what that parser makes of its samples.
const goldenLines = `{"event.action":"word","source.port":22}
{"event.action":"word"}
`

// tried makes the folder of a good parser with samples.
func tried(t *testing.T, id string, lines ...string) string {
	t.Helper()
	manifest := trial.Manifest(id, "parser", append([]string{"description: Lines of tests, word port=N.", "accepts: [{prefix: [word]}]"}, lines...)...)
	dir := trial.Folder(t, t.TempDir(), id, manifest, "parser")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "testdata"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "testdata", "a.log"), []byte("word port=22\nword\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "testdata", "a.golden.jsonl"), []byte(goldenLines), 0o600))
	return dir
}

func TestPluginTest(t *testing.T) {
	dir := tried(t, "tried")
	code, out, errs := run(t, "plugin", "test", dir, "--only", "golden,schema")
	assert.Equal(t, exitFailed, code, errs)
	assert.Contains(t, out, "start   FAILED  config: refuse: no description: say what it is for, in which unit, and what zero means\n                config: every: ")
	assert.Contains(t, out, "golden  ok      2 lines of 1 file\n")
	assert.Contains(t, out, "schema  ok      2 fields written as declared")

	golden := filepath.Join(dir, "testdata", "a.golden.jsonl")
	require.NoError(t, os.WriteFile(golden, []byte("{}\n{}\n"), 0o600))
	code, out, _ = run(t, "plugin", "test", dir, "--only", "golden", "-o", "json")
	assert.Equal(t, exitFailed, code)
	var c certify.Certificate
	require.NoError(t, json.Unmarshal([]byte(out), &c))
	assert.False(t, c.OK())
	assert.Equal(t, "tried", c.Plugin)
	_, out, _ = run(t, "plugin", "test", dir, "--only", "golden", "--update")
	assert.Contains(t, out, "golden files written: read the difference")
	have, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, strings.Split(goldenLines, "\n"), strings.Split(string(have), "\n"))

	other := tried(t, "other")
	_, out, _ = run(t, "plugin", "test", dir, other, "--only", "golden", "--jobs", "2")
	assert.Contains(t, out, "tried   parser  go/0.1.0      2               0                  FAILED start\nother   parser  go/0.1.0")

	for _, tt := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "DIR is missing", nil},
		{exitUsage, "--certificate needs all checks: leave out --only", []string{dir, "--certificate", "--only", "golden"}},
		{exitUsage, "leave out --quick", []string{dir, "--certificate", "--quick"}},
		{exitUsage, "run --update first, and read the difference", []string{dir, "--certificate", "--update"}},
		{exitUsage, "--jobs 0: at least one", []string{dir, "--jobs", "0"}},
		{exitWrong, `no check "gold" for a parser`, []string{dir, "--only", "gold"}},
		{exitWrong, "plugin.yaml: colour: unknown key", []string{tried(t, "red", "colour: red")}},
		{exitWrong, "plugin.yaml: no such file", []string{t.TempDir()}},
	} {
		code, _, errs := run(t, append([]string{"plugin", "test"}, tt.args...)...)
		assert.Equal(t, tt.code, code, errs)
		assert.Contains(t, errs, tt.want)
	}
}

// A new plugin in Python passes its tests as it is written, whatever its kind.
func TestPluginNewInPython(t *testing.T) {
	trial.Python(t)
	for _, kind := range []string{"enricher", "masker", "detector", "notifier"} {
		dir := t.TempDir()
		code, out, errs := run(t, "plugin", "new", "mine", "--kind", kind, "--lang", "python", "--dir", dir)
		assert.Equal(t, exitOK, code, "%s: %s", kind, errs)
		assert.Contains(t, out, "logcenter plugin test .", kind)
		code, out, errs = run(t, "plugin", "test", filepath.Join(dir, "mine"), "--quick")
		assert.Equal(t, exitOK, code, "%s: %s%s", kind, out, errs)
	}
}
