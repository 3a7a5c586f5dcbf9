package lineage_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/lineage"
)

func parser(version string) lineage.Plugin {
	return lineage.Plugin{
		ID: "acmefw", Kind: "parser", Version: version, Dir: "/p", Sum: "5" + version,
		Config: []byte(`{"zone":"UTC"}`), Manifest: []byte("id: acmefw\nversion: " + version + "\n"),
	}
}

func version(t *testing.T, l *lineage.Log, journal string, offset uint64) string {
	t.Helper()
	p, ok, err := l.Find(journal, 0, offset)
	require.NoError(t, err)
	if !ok {
		return ""
	}
	require.Len(t, p.Plugins, 1)
	assert.Equal(t, parser(p.Plugins[0].Version).Manifest, p.Plugins[0].Manifest)
	return p.Plugins[0].Version
}

// The plan of a record is the one that was in force at its offset, before and after a restart.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	l, err := lineage.Open(dir)
	require.NoError(t, err)
	record := func(l *lineage.Log, journal string, from uint64, version string) {
		require.NoError(t, l.Record(journal, 0, from, &lineage.Plan{Plugins: []lineage.Plugin{parser(version)}}, time.Now()))
	}
	record(l, "a", 10, "1")
	record(l, "a", 20, "1") // the same again
	record(l, "a", 30, "2")
	record(l, "a", 40, "1")
	record(l, "a", 40, "3") // the host crashed before it had handled 40
	record(l, "b", 1, "4")
	check := func(l *lineage.Log) {
		for offset, want := range map[uint64]string{9: "", 10: "1", 29: "1", 30: "2", 39: "2", 40: "3", 1000: "3"} {
			assert.Equal(t, want, version(t, l, "a", offset), "offset %d", offset)
		}
		assert.Equal(t, "4", version(t, l, "b", 7))
		assert.Empty(t, version(t, l, "c", 7))
	}
	check(l)
	require.NoError(t, l.Close())

	l, err = lineage.Open(dir)
	require.NoError(t, err)
	check(l)
	assert.Equal(t, map[string]bool{"51": true, "52": true, "53": true, "54": true}, l.Programs())
	require.NoError(t, l.Close())
}

// A canary, which has every so many batches, takes little, and does not push out what was before it.
func TestACanaryIsBounded(t *testing.T) {
	dir := t.TempDir()
	l, err := lineage.Open(dir)
	require.NoError(t, err)
	record := func(from uint64, version string) {
		t.Helper()
		require.NoError(t, l.Record("a", 0, from, &lineage.Plan{Plugins: []lineage.Plugin{parser(version)}}, time.Now()))
	}
	size := func() int64 {
		st, err := os.Stat(filepath.Join(dir, "plans.ndjson"))
		require.NoError(t, err)
		return st.Size()
	}
	record(10, "1")
	record(20_000, "2")
	whole := size() / 2
	record(20_100, "3")
	flips := func(from uint64, n int) {
		for i := range uint64(n) {
			record(from+20*i, "2")
			record(from+20*i+10, "3")
		}
	}
	flips(20_110, 50)
	assert.Less(t, size()-3*whole, 100*whole/2, "a plan that was there before is not written again")
	check := func(want map[uint64]string) {
		t.Helper()
		for offset, v := range want {
			assert.Equal(t, v, version(t, l, "a", offset), "offset %d", offset)
		}
	}
	want := map[uint64]string{15: "1", 20_050: "2", 20_105: "3", 20_115: "2", 20_125: "3", 20_119 + 20*49: "2", 99_999: "3"}
	check(want)
	require.NoError(t, l.Close())
	l, err = lineage.Open(dir)
	require.NoError(t, err)
	check(want)
	flips(30_000, 2)
	require.NoError(t, l.Close())

	// As many as an hour has under load.
	path := filepath.Join(dir, "plans.ndjson")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := range 12_000 {
		data = fmt.Appendf(data, `{"journal":"a","partition":0,"from":%d,"time":"2026-11-29T12:00:00Z","back":true}`+"\n", 40_000+10*i)
	}
	require.NoError(t, os.WriteFile(path, data, 0o600))
	l, err = lineage.Open(dir)
	require.NoError(t, err)
	check(map[uint64]string{15: "1", 20_050: "2", 20_105: "2", 30_005: "3", 40_000 + 10*11_998: "2", 40_000 + 10*11_999: "3"})
	assert.Less(t, size(), int64(10_000)*whole/2)
	require.NoError(t, l.Close())
}

// A disk that was full costs nothing but the entries that could not be written: what was left of them goes.
func TestDiskFull(t *testing.T) {
	const child = "LOGCENTER_TEST_DISK_FULL"
	if os.Getenv(child) == "" { // in a process of its own, since the bound is for all files of a process
		cmd := exec.Command(os.Args[0], "-test.run=^TestDiskFull$")
		cmd.Env = append(os.Environ(), child+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	dir := t.TempDir()
	l, err := lineage.Open(dir)
	require.NoError(t, err)
	record := func(from uint64, version string) error {
		return l.Record("a", 0, from, &lineage.Plan{Plugins: []lineage.Plugin{parser(version)}}, time.Now())
	}
	require.NoError(t, record(1, "1"))
	st, err := os.Stat(filepath.Join(dir, "plans.ndjson"))
	require.NoError(t, err)

	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var was syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(st.Size()) + 10, Max: was.Max}))
	first, again := record(100, "2"), record(100, "2")
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was))
	require.ErrorIs(t, first, syscall.EFBIG)
	require.ErrorIs(t, again, syscall.EFBIG)
	assert.Equal(t, "1", version(t, l, "a", 100))

	require.NoError(t, record(100, "2"))
	require.NoError(t, l.Close())
	l, err = lineage.Open(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	assert.Equal(t, "1", version(t, l, "a", 99))
	assert.Equal(t, "2", version(t, l, "a", 100))
}

// A crash in the middle of a line costs that line; damage elsewhere is told with its place.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	l, err := lineage.Open(dir)
	require.NoError(t, err)
	require.NoError(t, l.Record("a", 0, 1, &lineage.Plan{Plugins: []lineage.Plugin{parser("1")}}, time.Now()))
	require.NoError(t, l.Close())
	path := filepath.Join(dir, "plans.ndjson")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(path, append(whole, `{"journal":"a","fro`...), 0o600))
	l, err = lineage.Open(dir)
	require.NoError(t, err)
	assert.Equal(t, "1", version(t, l, "a", 5))
	require.NoError(t, l.Record("a", 0, 9, &lineage.Plan{Plugins: []lineage.Plugin{parser("2")}}, time.Now()))
	require.NoError(t, l.Close())
	l, err = lineage.Open(dir)
	require.NoError(t, err)
	assert.Equal(t, "2", version(t, l, "a", 9))
	require.NoError(t, l.Close())

	require.NoError(t, os.WriteFile(path, append([]byte("{nonsense}\n"), whole...), 0o600))
	_, err = lineage.Open(dir)
	require.ErrorContains(t, err, "plans.ndjson:1: ")
}

// The rules of a record are those that were in force, as plugins are; what nobody needs any more is removed.
func TestRulesAreThoseOfTheTime(t *testing.T) {
	dir := t.TempDir()
	l, err := lineage.Open(dir)
	require.NoError(t, err)
	record := func(l *lineage.Log, from uint64, rules string) {
		t.Helper()
		p := &lineage.Plan{Plugins: []lineage.Plugin{parser("1")}}
		if rules != "" {
			p.Rules = []byte(rules)
		}
		require.NoError(t, l.Record("a", 0, from, p, time.Now()))
	}
	record(l, 10, "")
	record(l, 20, `[{"name":"x"}]`)
	record(l, 25, `[{"name":"x"}]`) // the same again
	record(l, 30, `[{"name":"y"}]`)
	record(l, 40, `[{"name":"x"}]`) // back
	record(l, 50, "")
	stray := filepath.Join(dir, "rules", "nobody.json")
	require.NoError(t, os.WriteFile(stray, []byte("[]"), 0o600))
	check := func(l *lineage.Log) {
		for offset, want := range map[uint64]string{10: "", 20: `[{"name":"x"}]`, 29: `[{"name":"x"}]`, 30: `[{"name":"y"}]`, 40: `[{"name":"x"}]`, 50: ""} {
			p, ok, err := l.Find("a", 0, offset)
			require.NoError(t, err)
			require.True(t, ok)
			assert.Equal(t, want, string(p.Rules), "offset %d", offset)
		}
	}
	check(l)
	require.NoError(t, l.Close())
	lines, err := os.ReadFile(filepath.Join(dir, "plans.ndjson"))
	require.NoError(t, err)
	assert.Equal(t, 5, bytes.Count(lines, []byte("\n")))
	l, err = lineage.Open(dir)
	require.NoError(t, err)
	check(l)
	assert.NoFileExists(t, stray)
	require.NoError(t, l.Close())
}
