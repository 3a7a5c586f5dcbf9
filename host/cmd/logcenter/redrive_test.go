package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/client"
)

// redrive is `logcenter deadletters redrive`; ok is false when the command failed.
func (h *hostProcess) redrive(args ...string) (r client.RedriveResult, ok bool) {
	h.t.Helper()
	args = append([]string{"deadletters", "redrive", "--yes", "-o", "json", "--url", "http://" + h.http, "--token-file", filepath.Join(h.data, "admin.token")}, args...)
	out, err := exec.Command(binary, args...).Output()
	if err != nil {
		return r, false
	}
	require.NoError(h.t, json.Unmarshal(out, &r), "%s", out)
	return r, true
}

// TestRedrive: lines that a parser does not survive, or makes nothing of, are found parsed and masked once the parser
// is mended and they are redriven: each once, though the redrive is cut off by kill -9 and asked for again.
func TestRedrive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := trial.Folder(t, dir, "par", trial.Manifest("par", "parser"), "parser")
	own, err := filepath.Abs(programs + "/plugins")
	require.NoError(t, err)
	h := newHost(t, fmt.Sprintf("plugins: {dirs: [%s, %s]}\n", own, dir))
	h.start()
	lines := []string{"par-good port=1"}
	dead := 300
	if long() {
		dead = 2000
	}
	for i := range dead {
		lines = append(lines, fmt.Sprintf("par-dead port=%d password=Secret4711 DEAD", 1000+i))
	}
	lines = append(lines, "par-poison port=2 password=Secret4711 KILL")
	_, err = h.client().Ingest(t.Context(), "http", []byte(strings.Join(lines, "\n")+"\n"), client.IngestOptions{})
	require.NoError(t, err)
	letters := func() []client.DeadLetter {
		page, err := h.client().DeadLetters(t.Context(), client.DeadLetterFilter{Limit: 1000})
		require.NoError(t, err)
		return page.Letters
	}
	h.waitFor("dead letters", time.Minute, func() bool { return len(letters()) == min(dead+1, 1000) })
	for _, l := range letters() {
		require.True(t, l.Held, "%+v", l)
		require.NotContains(t, l.Text, "Secret4711")
	}
	require.EqualValues(t, 1, h.count("message:KILL AND logcenter.flags:unparsed"), "what is poison is stored unparsed")
	require.Zero(t, h.count("event.action:par-dead"))

	page, err := h.client().DeadLetters(t.Context(), client.DeadLetterFilter{Query: "plugin:par AND reason:poison AND version:1.2* AND KILL AND device:127.0.0.1"})
	require.NoError(t, err)
	require.Len(t, page.Letters, 1)
	require.Equal(t, "1.2.3", page.Letters[0].Version)
	counts, err := h.client().CountDeadLetters(t.Context(), client.DeadLetterFilter{}, "plugin", "version", "reason", "state")
	require.NoError(t, err)
	require.Len(t, counts.Counts, 2)
	require.Equal(t, map[string]string{"plugin": "par", "version": "1.2.3", "reason": "dead_letter", "state": "held"}, counts.Counts[0].Values)
	require.Equal(t, dead, counts.Counts[0].Letters)

	require.NoError(t, os.WriteFile(filepath.Join(folder, "behaviour"), []byte("mended"), 0o600))
	_, err = h.client().DisablePlugin(t.Context(), "par", false)
	require.NoError(t, err)
	_, err = h.client().EnablePlugin(t.Context(), "par")
	require.NoError(t, err)
	cut := make(chan bool)
	go func() {
		_, ok := h.redrive("plugin:par AND version:1.2* AND NOT reason:rejected")
		cut <- ok
	}()
	h.waitFor("a redriven event", time.Minute, func() bool { return h.count("_exists_:logcenter.redriven_from") > 0 })
	h.kill(syscall.SIGKILL)
	<-cut
	h.start()
	r, ok := h.redrive("plugin:par AND version:1.2* AND NOT reason:rejected")
	require.True(t, ok)
	require.Equal(t, dead+1, r.Redriven+r.Already, "%+v", r)
	t.Logf("%d were redriven when the host was killed, %d then", r.Already, r.Redriven)
	r, ok = h.redrive("plugin:par AND version:1.2* AND NOT reason:rejected")
	require.True(t, ok)
	require.Equal(t, client.RedriveResult{Selected: dead + 1, Already: dead + 1}, r)

	h.waitFor("all redriven events", time.Minute, func() bool {
		return h.count("event.action:par-dead") == int64(dead) && h.count("event.action:par-poison") == 1
	})
	_, err = h.client().Ingest(t.Context(), "http", []byte("par-last port=3\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("what came last", time.Minute, func() bool { return h.count("event.action:par-last") == 1 }) // and so all before it
	sel := everything
	sel.Query = "_exists_:logcenter.redriven_from"
	a, err := h.client().Aggregate(t.Context(), client.AggregateRequest{Selection: sel, Aggs: []client.Agg{{Kind: "count"}, {Kind: "distinct", Field: "logcenter.redriven_from"}}})
	require.NoError(t, err)
	require.EqualValues(t, dead+1, a.Total)
	require.Equal(t, dead+1, int(*a.Aggs[1].Value))
	require.EqualValues(t, dead, h.count(`event.action:par-dead AND source.port:[1000 TO 2999] AND logcenter.input:http AND logcenter.parser:"par 1.2.3"`))
	require.EqualValues(t, dead+4, h.count("*"))
	require.Zero(t, h.count("Secret4711"))
	for _, l := range letters() {
		require.False(t, l.Redriven.IsZero(), "%+v", l)
	}
	counts, err = h.client().CountDeadLetters(t.Context(), client.DeadLetterFilter{}, "state")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"state": "redriven"}, counts.Counts[0].Values)
	require.Equal(t, dead+1, counts.Counts[0].Letters)
	require.Contains(t, h.metrics(), "logcenter_dead_letters_redriven_total ")
}
