package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/canary"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/client"
)

// exits are what a host gives out, and the secrets that must not be in it.
type exits struct {
	t      *testing.T
	finder *canary.Finder
	looked int // bytes
}

func (e *exits) look(exit string, text []byte) {
	e.t.Helper()
	e.looked += len(text)
	for _, l := range e.finder.Find(text) {
		assert.Failf(e.t, "a secret came out", "%s: %s, form %q, as %s: %s\nof %s", exit, l.Line.Rule, l.Line.Form, l.Spelling, l.Line.Secret, l.Line.Text[:min(len(l.Line.Text), 300)])
	}
}

func (e *exits) json(exit string, v any) {
	e.t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	require.NoError(e.t, enc.Encode(v))
	e.look(exit, b.Bytes())
}

// body is what the API answers to a GET with the admin's token, whatever its status.
func (h *hostProcess) body(path string) []byte {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, "http://"+h.http+path, nil)
	require.NoError(h.t, err)
	token, err := os.ReadFile(filepath.Join(h.data, "admin.token"))
	require.NoError(h.t, err)
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	a, err := http.DefaultClient.Do(r)
	require.NoError(h.t, err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	require.NoError(h.t, err)
	return text
}

// files looks at all files below a folder but those in which bytes lie as they came: the raw journal, which is only
// there until its events are in the event journal, and may be encrypted.
func (e *exits) files(dir string) {
	e.t.Helper()
	require.NoError(e.t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
			return nil // gone meanwhile
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || strings.HasPrefix(rel, filepath.Join("journal", "raw")) {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		e.look("file "+rel, text)
		if strings.HasSuffix(path, ".zst") {
			z, err := zstd.NewReader(bytes.NewReader(text))
			if err != nil {
				return err
			}
			defer z.Close()
			text, err := io.ReadAll(z)
			if err != nil {
				return err
			}
			e.look("file "+rel+", unpacked", text)
		}
		return nil
	}))
}

// gathered is text that comes in over time.
type gathered struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (g *gathered) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

func (g *gathered) bytes() []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return bytes.Clone(g.b.Bytes())
}

// listenUDP gathers what is sent to an address of its own.
func listenUDP(t *testing.T) (address string, got *gathered) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	got = &gathered{}
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, _, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = got.Write(buf[:n])
		}
	}()
	return c.LocalAddr().String(), got
}

// canaries are lines of one way into the host.
func canaries(mark string, change func(i int, text string) string) []canary.Line {
	lines := canary.Lines(mark)
	for i := range lines {
		lines[i].Text = change(i, lines[i].Text)
	}
	return lines
}

func textOf(lines []canary.Line) []byte {
	var b bytes.Buffer
	for _, l := range lines {
		b.WriteString(l.Text + "\n")
	}
	return b.Bytes()
}

// TestNothingSecretComesOut: secrets of all rules that are on by default, in the forms in which they stand in logs, by
// HTTP and syslog, in lines that parsers fail on, die of and cannot read, are found nowhere behind the masking: not in
// the store, the archive, a backup or any other file but the raw journal, not in an answer of the API, a tail, an
// export, an alert, a dead letter, an explanation, a metric or the host's log, in no spelling.
func TestNothingSecretComesOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	trial.Folder(t, dir, "par", trial.Manifest("par", "parser"), "parser")
	own, err := filepath.Abs(programs + "/plugins")
	require.NoError(t, err)
	told := filepath.Join(t.TempDir(), "alerts.jsonl")
	address, syslog := listenUDP(t)
	h := newHost(t, fmt.Sprintf(`
store: {flush_every: 1s}
drift: {persist: 0s}
archive: {format: ndjson}
plugins:
  dirs: [%s, %s]
  settings:
    file: {config: {targets: [{name: all, path: %s}]}}
    syslog: {config: {targets: [{name: all, address: %q, max_bytes: 65000}]}}
alerts: {rules: %s}
`, own, dir, told, address, rulesIn(t, `rules: [{id: canary, name: Canary, type: keyword, query: 'canary OR par OR GET', quiet: 1s, group_by: [logcenter.position], fields: [message, url.query, user.name, event.reason]}]`)))
	h.start()

	as := func(_ int, text string) string { return text }
	sets := map[string][]canary.Line{
		"http": canaries("markhttp", as),
		"tcp":  canaries("marktcp", as),
		"udp":  canaries("markudp", func(_ int, text string) string { return text[:min(len(text), 60000)] }),
		"undecodable": canaries("markbytes", func(_ int, text string) string {
			return "\xff\xfe\x81 " + text + " \xc3\x28"
		}),
		"gbk": canaries("markgbk", func(_ int, text string) string { return "\xb5\xc7\xc2\xbc " + text }),
		"oversize": canaries("markbig", func(_ int, text string) string {
			return text + strings.Repeat(" filler", 50000)
		})[:24],
		"rejected": canaries("markrejected", func(_ int, text string) string { return "par-x BADTEXT " + text }),
		"panic":    canaries("markpanic", func(_ int, text string) string { return "par-x PANIC " + text }),
		"dead":     canaries("markdead", func(_ int, text string) string { return "par-x DEAD " + text }),
		"poison":   canaries("markpoison", func(_ int, text string) string { return "par-x KILL " + text })[:2],
		"loud":     canaries("markloud", func(_ int, text string) string { return "par-x SAY " + text }),
	}
	ways := slices.Sorted(maps.Keys(sets)) // what one does to the plugin, the next meets
	var all []canary.Line
	for _, way := range ways {
		all = append(all, sets[way]...)
	}
	e := &exits{t: t, finder: canary.NewFinder(all)}
	require.GreaterOrEqual(t, len(e.finder.Find(textOf(all))), len(all), "what is looked for is found in what is sent")

	tail := &gathered{}
	following, stop := context.WithCancel(t.Context())
	tailed := make(chan error, 1)
	go func() {
		tailed <- h.client().Tail(following, client.TailRequest{Query: "*"}, func(ev client.Event) error { return json.NewEncoder(tail).Encode(ev) })
	}()
	h.waitFor("the tail", time.Minute, func() bool { return strings.Contains(h.metrics(), "\nlogcenter_api_tails 1\n") })
	for _, way := range ways {
		lines := sets[way]
		switch way {
		case "tcp":
			c, err := net.Dial("tcp", h.syslog)
			require.NoError(t, err)
			_, err = c.Write(textOf(lines))
			require.NoError(t, err)
			require.NoError(t, c.Close())
		case "udp":
			c, err := net.Dial("udp", h.syslog)
			require.NoError(t, err)
			for _, l := range lines {
				_, err = c.Write([]byte(l.Text))
				require.NoError(t, err)
			}
			require.NoError(t, c.Close())
		default:
			_, err := h.client().Ingest(t.Context(), "http", textOf(lines), client.IngestOptions{})
			require.NoError(t, err)
		}
	}
	for _, way := range []string{"http", "tcp", "udp", "undecodable", "gbk", "oversize", "rejected", "panic", "loud"} {
		mark := "mark" + map[string]string{"undecodable": "bytes", "oversize": "big"}[way]
		if mark == "mark" {
			mark += way
		}
		n := int64(len(sets[way]))
		h.waitFor("the lines of "+way, 2*time.Minute, func() bool { return h.count(mark) >= n })
	}
	letters := func() *client.DeadLetterPage {
		page, err := h.client().DeadLetters(t.Context(), client.DeadLetterFilter{Limit: 1000})
		require.NoError(t, err)
		return page
	}
	h.waitFor("the dead letters", 2*time.Minute, func() bool { return len(letters().Letters) >= len(sets["dead"])+len(sets["poison"]) })
	alerted := func() []byte {
		text, _ := os.ReadFile(told)
		return text
	}
	h.waitFor("alerts", time.Minute, func() bool { return len(alerted()) > 0 && len(syslog.bytes()) > 0 })

	// What the API answers.
	var ids []string
	for page, err := range h.client().Pages(t.Context(), client.SearchRequest{Selection: everything, Limit: 500}) {
		require.NoError(t, err)
		e.json("search", page)
		for _, ev := range page.Events {
			ids = append(ids, ev.Text("event.id"))
		}
	}
	fields, err := h.client().Fields(t.Context(), everything)
	require.NoError(t, err)
	e.json("fields", fields)
	for _, f := range fields {
		e.look("values of "+f.Name, h.body("/api/v1/fields/"+f.Name+"/values?size=1000&from=2000-01-01&to=2100-01-01"))
	}
	for _, format := range []string{"csv", "ndjson"} {
		var b bytes.Buffer
		_, err = h.client().Export(t.Context(), client.ExportRequest{Selection: everything, Format: format}, &b, nil)
		require.NoError(t, err)
		e.look("export "+format, b.Bytes())
	}
	e.json("dead letters", letters())
	e.look("deadletters of the CLI", []byte(h.does("deadletters", "--limit", "1000")))
	for i := 0; i < len(ids); i += max(1, len(ids)/150) {
		x, err := h.client().Explain(t.Context(), ids[i])
		require.NoError(t, err)
		e.json("explain", x)
	}
	for _, path := range []string{
		"/api/v1/health", "/api/v1/plugins", "/api/v1/plugins/par", "/api/v1/inputs", "/api/v1/consumers", "/api/v1/drift", "/api/v1/streams",
		"/api/v1/search?query=%22", "/api/v1/events/none/explain", "/api/v1/fields/none/values", "/metrics",
	} {
		e.look(path, h.body(path))
	}
	for _, args := range [][]string{{"plugin", "info", "par"}, {"plugin", "list"}, {"health"}, {"drift", "list"}} {
		e.look(strings.Join(args, " "), []byte(h.does(args...)))
	}
	stop()
	require.ErrorIs(t, <-tailed, context.Canceled)
	require.NotEmpty(t, tail.bytes())
	e.look("tail", tail.bytes())
	e.look("alerts by syslog", syslog.bytes())
	e.look("alerts in a file", alerted())
	e.look("the host's log", h.log.Bytes())

	// What lies on the disk: as it is, archived, and in a backup.
	e.files(h.data)
	copies := filepath.Join(t.TempDir(), "backups")
	h.backup("--to", copies)
	h.does("retention", "run", "--before", time.Now().AddDate(0, 0, 2).Format(time.DateOnly), "--yes")
	h.waitFor("all archived", time.Minute, func() bool { return len(h.archived().Partitions) > 0 && h.count("markhttp") == 0 })
	e.files(h.data)
	t.Logf("%d lines with secrets, looked for in %d MB", len(all), e.looked>>20)
}

// TestCanaryCommand: what an admin runs says that nothing came out, and what came out of a host that masks nothing.
func TestCanaryCommand(t *testing.T) {
	t.Parallel()
	h := newHost(t, "")
	h.start()
	out, err := h.cli("masking", "canary")
	require.NoError(t, err, out)
	require.Contains(t, out, "0 secrets came out at 9 exits")

	blind := newHost(t, "plugins: {settings: {masking: {enabled: false}}}\n")
	blind.start()
	out, err = blind.cli("masking", "canary", "--rules", "password,id-card")
	require.Error(t, err)
	require.Regexp(t, `search +password +json +plain`, out)
	require.Regexp(t, `export +id-card +text +plain`, out)
	require.NotContains(t, out, "token")
}

// TestMaskingByPolicy: rules are switched by a query over events, and hash with the key of a file that the plugin may read.
func TestMaskingByPolicy(t *testing.T) {
	key := filepath.Join(t.TempDir(), "masking.key")
	require.NoError(t, os.WriteFile(key, bytes.Repeat([]byte("k"), 32), 0o600))
	h := newHost(t, fmt.Sprintf(`
plugins:
  settings:
    masking:
      config:
        hash_key_file: %s
        rules: {id-card: hash}
        policies:
          - when: 'host.name:core* AND event.dataset:dptech.login'
            categories: {technical: on}
`, key))
	h.start()
	const line = "<189>2026-10-11 12:00:25 %s%%%%FW/LOGIN/5/OPERLOG: user=admin;password=Secret4711;note=110199199003070033;srcip(source)=10.2.0.9;service=https;action=login;result=success;desc=ok;\n"
	_, err := h.client().Ingest(t.Context(), "http", fmt.Appendf(fmt.Appendf(nil, line, "core-fw-01"), line, "edge-fw-01"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("the lines", time.Minute, func() bool { return h.count("event.dataset:dptech.login") == 2 })
	event := func(host string) client.Event {
		sel := everything
		sel.Query = "host.name:" + host
		page, err := h.client().Search(t.Context(), client.SearchRequest{Selection: sel})
		require.NoError(t, err)
		require.Len(t, page.Events, 1)
		return page.Events[0]
	}
	core, edge := event("core-fw-01"), event("edge-fw-01")
	require.Contains(t, core.Text("message"), "password=******;note=hmac:e7adf11835797a04;srcip(source)=******;")
	require.Empty(t, core.Text("source.ip"))
	require.Contains(t, edge.Text("message"), "password=******;note=hmac:e7adf11835797a04;srcip(source)=10.2.0.9;")
	require.Equal(t, "10.2.0.9", edge.Text("source.ip"))
}
