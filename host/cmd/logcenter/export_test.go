package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
)

// many gives the host n events, each with a line of its own and large enough that an export has several parts.
func (h *testHost) many(n int) {
	h.events = nil
	for i := range n {
		h.events = append(h.events, store.Event{
			"@timestamp": noon.Add(-time.Duration(i) * time.Second), "log.level": "Info",
			"message": fmt.Sprintf("line %d %s", n-1-i, strings.Repeat("填", 4000)),
		})
	}
}

// numbers are those of the lines in an export, in order.
func numbers(t *testing.T, text string) (list []int) {
	t.Helper()
	for line := range strings.Lines(text) {
		_, rest, ok := strings.Cut(line, "line ")
		require.True(t, ok, "%.80s", line)
		var n int
		_, err := fmt.Sscan(rest, &n)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(line, "\n"))
		list = append(list, n)
	}
	return list
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func TestExportToStdout(t *testing.T) {
	h := newHost(t)
	h.many(3)
	out, errs := runs(t, "export", "--format", "csv", "--content", "raw", "-q")
	assert.Empty(t, errs)
	assert.True(t, strings.HasPrefix(out, "message\r\nline 0 "), "%.60s", out)
	assert.Equal(t, 4, strings.Count(out, "\r\n"))
	out, errs = runs(t, "export")
	assert.Equal(t, []int{0, 1, 2}, numbers(t, out))
	assert.Contains(t, errs, "3 rows, 36.")
}

func TestExportIntoAFolder(t *testing.T) {
	newHost(t)
	for _, more := range [][]string{nil, {"--overwrite"}} {
		dir := filepath.Join(t.TempDir(), "fold")
		require.NoError(t, os.Mkdir(dir, 0o700))
		code, _, errs := run(t, append([]string{"export", "-f", dir}, more...)...)
		assert.Equal(t, exitUsage, code)
		assert.Contains(t, errs, dir+" is a folder: name a file in it")
		assert.NoFileExists(t, dir+".progress")
	}
}

func TestExportGoesOn(t *testing.T) {
	h := newHost(t)
	h.many(2000) // 24 MB, three parts
	t.Chdir(t.TempDir())

	h.failScan = 1500
	code, _, errs := run(t, "export", "denied", "-f", "all.ndjson")
	assert.Equal(t, exitFailed, code, errs)
	assert.Regexp(t, `^[\d,]+ rows are in all\.ndjson; go on with: logcenter export --resume -f all\.ndjson\n`, errs)
	partly, err := os.ReadFile("all.ndjson")
	require.NoError(t, err)
	assert.NotEmpty(t, partly)
	require.FileExists(t, "all.ndjson.progress")

	// What a killed client had written without noting it is written again.
	f, err := os.OpenFile("all.ndjson", os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"message":"line 17`)
	require.NoError(t, err)
	require.NoError(t, f.Close())

	code, _, errs = run(t, "export", "denied", "-f", "all.ndjson")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "go on with --resume, or begin again with --overwrite")
	code, _, errs = run(t, "export", "other", "--resume", "-f", "all.ndjson")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "leave QUERY out")

	runs(t, "export", "--resume", "-f", "all.ndjson")
	whole, err := os.ReadFile("all.ndjson")
	require.NoError(t, err)
	assert.Equal(t, upTo(2000), numbers(t, string(whole)))
	require.NoFileExists(t, "all.ndjson.progress")

	code, _, errs = run(t, "export", "--resume", "-f", "all.ndjson")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "is whole or was never begun")
	code, _, errs = run(t, "export", "-f", "all.ndjson")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "all.ndjson exists")
	h.many(1)
	runs(t, "export", "-f", "all.ndjson", "--overwrite")
	short, err := os.ReadFile("all.ndjson")
	require.NoError(t, err)
	assert.Equal(t, []int{0}, numbers(t, string(short)))
}

func TestExportInterrupted(t *testing.T) {
	h := newHost(t)
	h.many(2000)
	t.Chdir(t.TempDir())
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	done := make(chan string)
	go func() {
		code, _, errs := runWithin(ctx, "export", "-f", "all.ndjson")
		done <- fmt.Sprint(code, " ", errs)
	}()
	require.Eventually(t, func() bool {
		b, err := os.ReadFile("all.ndjson.progress")
		return err == nil && !strings.Contains(string(b), `"rows":0`)
	}, time.Minute, time.Millisecond)
	interrupt()
	if got := <-done; strings.HasPrefix(got, "0 ") {
		t.Log("the export was faster than the interruption")
	} else {
		assert.Contains(t, got, "go on with: logcenter export --resume")
		assert.Contains(t, got, "logcenter: interrupted")
		runs(t, "export", "--resume", "-f", "all.ndjson")
	}
	whole, err := os.ReadFile("all.ndjson")
	require.NoError(t, err)
	assert.Equal(t, upTo(2000), numbers(t, string(whole)))
}

func TestExportDamagedProgress(t *testing.T) {
	newHost(t)
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("a.csv.progress", []byte("{"), 0o600))
	code, _, errs := run(t, "export", "--resume", "-f", "a.csv")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "a.csv.progress is damaged")
	require.NoError(t, os.WriteFile("a.csv.progress", []byte(`{"id":"x","bytes":5}`), 0o600))
	code, _, errs = run(t, "export", "--resume", "-f", "a.csv")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "a.csv has less than the 5 bytes it had")
}
