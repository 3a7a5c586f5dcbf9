package main_test

import (
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

// explained is the history of the only event that a query selects, its fields by name.
func (h *hostProcess) explained(query string) (*client.Explanation, map[string]client.ExplainedField) {
	h.t.Helper()
	sel := everything
	sel.Query = query
	page, err := h.client().Search(h.t.Context(), client.SearchRequest{Selection: sel, Limit: 2})
	require.NoError(h.t, err)
	require.Len(h.t, page.Events, 1, query)
	x, err := h.client().Explain(h.t.Context(), page.Events[0].Text("event.id"))
	require.NoError(h.t, err)
	fields := map[string]client.ExplainedField{}
	for _, f := range x.Fields {
		fields[f.Name] = f
		if f.Bytes != nil {
			require.Equal(h.t, f.Bytes.Text, x.Line[f.Bytes.Start:f.Bytes.End], "%s", f.Name)
		}
	}
	return x, fields
}

// TestExplain: of a stored event the host tells who wrote which field and from which bytes of its line; it does so by
// the very program that handled the line, though the plugin was replaced since, and says when that is gone.
func TestExplain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := trial.Folder(t, dir, "par", trial.Manifest("par", "parser"), "parser")
	own, err := filepath.Abs(programs + "/plugins")
	require.NoError(t, err)
	h := newHost(t, fmt.Sprintf("plugins: {dirs: [%s, %s]}\n", own, dir))
	h.start()
	lines := []string{
		"par-first port=1234",
		"<188>2026-11-21 08:56:23 fw-vpn-01%%FW/LOGIN/4/OPERLOG: user=gaojie0;password=Secret4711;srcip(source)=198.51.100.7;service=https;action=login;result=failed",
	}
	_, err = h.client().Ingest(t.Context(), "http", []byte(strings.Join(lines, "\n")+"\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("the events", time.Minute, func() bool { return h.count("*") == 2 })

	x, fields := h.explained("event.dataset:dptech.login")
	require.NotContains(t, fmt.Sprint(x), "Secret4711")
	require.Contains(t, x.Line, "password=******;")
	user := fields["user.name"]
	require.Equal(t, "dptech", user.By)
	require.Equal(t, "line", user.How)
	require.Equal(t, "gaojie0", user.Bytes.Text)
	require.Equal(t, "198.51.100.7", fields["source.ip"].Bytes.Text)
	require.True(t, fields["source.ip"].Bytes.Found, "a number's place is not told, but found")
	require.Equal(t, "constant", fields["observer.vendor"].How)
	require.Equal(t, "dptech", fields["observer.vendor"].By)
	require.Equal(t, "input http", fields["event.ingested"].By)
	require.Equal(t, "host", fields["event.id"].By)
	for name, f := range fields {
		require.False(t, f.Differs, "%s: stored %v, now %v", name, f.Value, f.Now)
		require.NotEmpty(t, f.By, name)
	}
	var kinds []string
	for _, p := range x.Plugins {
		kinds = append(kinds, p.Kind)
		require.Equal(t, p.Version, p.Ran, "%+v", p)
		require.Empty(t, p.Note, "%+v", p)
		require.Len(t, p.Sum, 64)
	}
	require.Subset(t, kinds, []string{"parser", "enricher", "masker"})

	// Another version with another program in its place.
	h.kill(syscall.SIGTERM)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "plugin.yaml"), []byte(trial.Manifest("par", "parser", "version: 2.0.0")), 0o600))
	program := filepath.Join(folder, "par")
	was, err := os.ReadFile(program)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program+".new", append(was, 0), 0o755)) //nolint:gosec // a program
	require.NoError(t, os.Rename(program+".new", program))
	h.start()
	par := func() client.ExplainedPlugin {
		x, fields := h.explained("event.action:par-first")
		require.Equal(t, "par", x.Plugins[0].ID)
		require.EqualValues(t, "par-first", fields["event.action"].Value)
		require.False(t, fields["event.action"].Differs)
		return x.Plugins[0]
	}
	p := par()
	require.Equal(t, "1.2.3", p.Version)
	require.Equal(t, "1.2.3", p.Ran, "%+v", p)
	_, err = h.client().Ingest(t.Context(), "http", []byte("par-second port=5\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("the event", time.Minute, func() bool { return h.count("event.action:par-second") == 1 })
	x, _ = h.explained("event.action:par-second")
	require.Equal(t, "2.0.0", x.Plugins[0].Ran)
	require.NotEqual(t, p.Sum, x.Plugins[0].Sum)

	copies, err := filepath.Glob(filepath.Join(h.data, "plugins", "run", "par-"+p.Sum[:16]))
	require.NoError(t, err)
	require.Len(t, copies, 1, "the program is kept while events are remembered that it handled")
	require.NoError(t, os.Remove(copies[0]))
	p = par()
	require.Equal(t, "1.2.3", p.Version)
	require.Equal(t, "2.0.0", p.Ran)
	require.Contains(t, p.Note, "is not kept any more")

	out, err := exec.Command(binary, "explain", x.EventID, "--url", "http://"+h.http, "--token-file", filepath.Join(h.data, "admin.token")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Regexp(t, `(?m)^event\.action\s+par-second\s+par\s+line\s+0-10$`, string(out))
	_, err = h.client().Explain(t.Context(), strings.TrimSuffix(x.EventID, "-0")+"-77")
	require.ErrorContains(t, err, "no such event")
	_, err = h.client().Explain(t.Context(), "nonsense")
	require.ErrorContains(t, err, "is not an event.id")
}
