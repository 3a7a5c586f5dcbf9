package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/schema"
)

func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.NotifierStage(New)) }

func start(t *testing.T, c Target) sdk.Notifier {
	t.Helper()
	c.Name, c.MaxLine = "soc", 1<<20
	n, err := New(Config{[]Target{c}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.(sdk.Closer).Close() })
	return n
}

func lines(t *testing.T, path string) (out []map[string]any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, l := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		var m map[string]any
		require.NoError(t, json.Unmarshal(l, &m), "%s", l)
		out = append(out, m)
	}
	return out
}

var alert = sdk.Alert{
	ID: "5f2d", Rule: "login-failures", RuleVersion: "1", Name: "多次登录失败", Description: "Somebody guesses <passwords>.",
	Topic: "logins", Type: "frequency", Method: "file", Frequency: "continuous", Remarks: "night shift: call\nfirst",
	Severity: "Error", Priority: 2, Keys: map[string]string{"source.ip": "203.0.113.9"}, Fields: map[string]string{"host.name": "fw-01"},
	EventIDs: []string{"j-0-1-2"}, Count: 21, First: time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC),
	Last: time.Date(2026, 10, 11, 12, 9, 0, 5, time.UTC), Tags: []string{"vpn"},
}

func TestLineSaysAllOfTheAlert(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	n := start(t, Target{Path: path})
	require.NoError(t, n.Notify(context.Background(), alert))
	got := lines(t, path)
	require.Len(t, got, 1)
	written, err := time.Parse(time.RFC3339Nano, got[0]["time"].(string))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), written, time.Minute)
	delete(got[0], "time")
	assert.Equal(t, map[string]any{
		"id": "5f2d", "kind": "alert", "rule": "login-failures", "rule_version": "1", "name": "多次登录失败", "description": "Somebody guesses <passwords>.",
		"topic": "logins", "type": "frequency", "method": "file", "frequency": "continuous", "remarks": "night shift: call\nfirst",
		"severity": "Error", "priority": 2.0, "keys": map[string]any{"source.ip": "203.0.113.9"}, "fields": map[string]any{"host.name": "fw-01"},
		"events": []any{"j-0-1-2"}, "count": 21.0, "first": "2026-10-11T12:00:00Z", "last": "2026-10-11T12:09:00.000000005Z", "tags": []any{"vpn"},
	}, got[0])
	s, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), s.Mode().Perm())
}

func TestFileIsRenamedBeforeItGrowsTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	n := start(t, Target{Path: path, MaxSize: schema.Bytes(600), Keep: 2})
	for i := range 9 { // lines of about 200 bytes: two or three a file
		require.NoError(t, n.Notify(context.Background(), sdk.Alert{ID: fmt.Sprint(i), Name: string(bytes.Repeat([]byte("x"), 120))}))
	}
	var ids []string
	for _, p := range []string{path + ".2", path + ".1", path} {
		s, err := os.Stat(p)
		require.NoError(t, err)
		assert.LessOrEqual(t, s.Size(), int64(600), p)
		for _, l := range lines(t, p) {
			ids = append(ids, l["id"].(string))
		}
	}
	assert.NoFileExists(t, path+".3")
	require.NotEmpty(t, ids)
	for i, id := range ids { // the newest, in order, none twice
		assert.Equal(t, fmt.Sprint(9-len(ids)+i), id)
	}
}

func TestAnAlertLargerThanTheFileIsStillWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	n := start(t, Target{Path: path, MaxSize: 10, Keep: 0})
	require.NoError(t, n.Notify(context.Background(), alert))
	require.NoError(t, n.Notify(context.Background(), alert))
	assert.Len(t, lines(t, path), 1)
}

func TestLineThatACrashHasCutIsEnded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("{\"id\":\"1\"}\n{\"id\":\"2"), 0o600))
	require.NoError(t, start(t, Target{Path: path}).Notify(context.Background(), sdk.Alert{ID: "3"}))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	parts := bytes.Split(data, []byte("\n"))
	require.Len(t, parts, 4)
	assert.Len(t, parts[1], len(`{"id":"2`))
	assert.Contains(t, string(parts[2]), `"id":"3"`)
}

func TestFileThatWasMovedAwayIsMadeAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	n := start(t, Target{Path: path})
	require.NoError(t, n.Notify(context.Background(), sdk.Alert{ID: "1"}))
	require.NoError(t, os.Rename(path, path+".old"))
	require.NoError(t, n.Notify(context.Background(), sdk.Alert{ID: "2"}))
	assert.Equal(t, "2", lines(t, path)[0]["id"])
	assert.Equal(t, "1", lines(t, path+".old")[0]["id"])
}

func TestWhatCannotBeWrittenIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "alerts.jsonl")
	n := start(t, Target{Path: path})
	require.NoError(t, os.RemoveAll(dir))
	err := n.Notify(context.Background(), alert)
	var again *sdk.RetryError
	require.ErrorAs(t, err, &again)
	assert.Equal(t, retry, again.After)
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, n.Notify(context.Background(), alert))
	assert.Len(t, lines(t, path), 1)
}

func TestPathThatCannotBeWrittenIsRefusedAtOnce(t *testing.T) {
	_, err := New(Config{[]Target{{Name: "soc", Path: filepath.Join(t.TempDir(), "alerts.jsonl")}, {Name: "noc", Path: filepath.Join(t.TempDir(), "no", "alerts.jsonl")}}})
	var e *schema.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "targets[1].path", e.Path)
	_, err = New(Config{[]Target{{Name: "soc", Path: t.TempDir()}}})
	require.Error(t, err)
	for path, targets := range map[string][]any{
		"targets":         {},
		"targets[0].path": {map[string]any{"name": "soc", "path": "alerts.jsonl"}},
		"targets[0].name": {map[string]any{"path": "/a"}},
		"targets[1].path": {map[string]any{"name": "soc", "path": "/a/b"}, map[string]any{"name": "noc", "path": "/a//b"}},
		"targets[1].name": {map[string]any{"name": "soc", "path": "/a"}, map[string]any{"name": "soc", "path": "/b"}},
	} {
		var c Config
		list := schema.Errors(schema.Decode(map[string]any{"targets": targets}, &c))
		require.Len(t, list, 1, "%v", targets)
		assert.Equal(t, path, list[0].Path)
	}
}

func TestTargetsAreFilesOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	soc, noc := filepath.Join(dir, "soc"), filepath.Join(dir, "noc")
	n, err := New(Config{[]Target{{Name: "soc", Path: soc, MaxLine: 1 << 20}, {Name: "noc", Path: noc, MaxLine: 4096}}})
	require.NoError(t, err)
	defer n.(sdk.Closer).Close()
	assert.Equal(t, []string{"soc", "noc"}, n.(sdk.Targeter).Targets())
	long := alert
	long.Target, long.Kind, long.Description = "noc", sdk.AlertSummary, string(bytes.Repeat([]byte("x"), 10000))
	require.NoError(t, n.Notify(context.Background(), long))
	got := lines(t, noc)
	require.Len(t, got, 1)
	assert.Equal(t, []any{"5f2d", "summary", "noc", true}, []any{got[0]["id"], got[0]["kind"], got[0]["target"], got[0]["cut"]})
	data, err := os.ReadFile(soc)
	require.NoError(t, err)
	assert.Empty(t, data)
	long.Target = "boc"
	err = n.Notify(context.Background(), long)
	require.ErrorContains(t, err, `no target "boc"`)
	var again *sdk.RetryError
	assert.NotErrorAs(t, err, &again)
}

func TestLinesOfManyAtOnceAreWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	n := start(t, Target{Path: path, MaxSize: 5000, Keep: 100})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 10 {
				assert.NoError(t, n.Notify(context.Background(), sdk.Alert{ID: fmt.Sprintf("%d-%d", i, k)}))
			}
		})
	}
	wg.Wait()
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	seen := map[any]bool{}
	for _, f := range files {
		for _, l := range lines(t, f) {
			seen[l["id"]] = true
		}
	}
	assert.Len(t, seen, 80)
}
