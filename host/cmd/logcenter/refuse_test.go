package main_test

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// A masking plugin that does not start must hold events back, not let them pass.
func TestMaskingFailsClosed(t *testing.T) {
	dirs := t.TempDir()
	require.NoError(t, os.CopyFS(dirs, os.DirFS(programs+"/plugins")))
	for _, f := range glob(t, filepath.Join(dirs, "*", "*")) {
		if st, err := os.Stat(f); err == nil && st.Mode().IsRegular() && filepath.Base(f) == filepath.Base(filepath.Dir(f)) {
			require.NoError(t, os.Chmod(f, 0o755))
		}
	}
	masker := filepath.Join(dirs, "masking", "masking")
	good, err := os.ReadFile(masker)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(masker, []byte("#!/bin/sh\nexit 1\n"), 0o755))

	h := newHost(t, "plugins: {dirs: ["+dirs+"]}\n")
	h.start()
	line := []byte("<188>2026-11-21 08:56:23 fw-01%%FW/LOGIN/4/OPERLOG: user=li;password=Tr0ub4dor;srcip(source)=192.0.2.1;result=failed;\n")
	_, err = h.client().Ingest(t.Context(), "http", bytes.Repeat(line, 10), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("health to say that nothing is stored", time.Minute, func() bool {
		r, err := h.client().Health(t.Context())
		if err != nil {
			return false
		}
		for _, c := range r.Components {
			if c.Name == "plugin masking" && c.Status == "failed" {
				return true
			}
		}
		return false
	})
	h.waitFor("a batch to wait for the masker", time.Minute, func() bool {
		return strings.Contains(h.metrics(), "logcenter_batches_waiting_for_masker 1")
	})
	require.Zero(t, h.count("*"))

	require.NoError(t, os.WriteFile(masker, good, 0o755))
	_, err = h.client().EnablePlugin(t.Context(), "masking")
	require.NoError(t, err)
	h.waitFor("events after the masker is mended", 2*time.Minute, func() bool { return h.count("*") == 10 })
	var out bytes.Buffer
	_, err = h.client().Export(t.Context(), client.ExportRequest{Selection: everything}, &out, nil)
	require.NoError(t, err)
	require.Contains(t, out.String(), "password=******")
	require.NotContains(t, out.String(), "Tr0ub4dor")
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	return files
}

// A masking plugin that is not even found because its manifest is broken must not go unnoticed either.
func TestBrokenMaskerManifestIsRefused(t *testing.T) {
	dirs := t.TempDir()
	require.NoError(t, os.CopyFS(dirs, os.DirFS(programs+"/plugins")))
	manifest := filepath.Join(dirs, "masking", "plugin.yaml")
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(manifest, append(text, "\nkindd: masker\n"...), 0o600))
	h := newHost(t, "plugins: {dirs: ["+dirs+"]}\n")
	out, err := exec.Command(binary, "run", "--config", h.config).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "no masking plugin is left")
	require.Contains(t, string(out), "kindd")
}

// A store whose journal is gone must not take new entries for old ones.
func TestLostJournalIsRefused(t *testing.T) {
	h := newHost(t, onlyPlugins(t, "masking"))
	h.start()
	_, err := h.client().Ingest(t.Context(), "http", []byte("one line\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("the line", time.Minute, func() bool { return h.count("*") == 1 })
	h.kill(syscall.SIGTERM)
	require.NoError(t, os.RemoveAll(filepath.Join(h.data, "journal", "event")))
	out, err := exec.Command(binary, "run", "--config", h.config).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "the journal was removed or is an older copy")
}

// Two hosts on one folder, and a port that is taken, are each said in words.
func TestSecondHostIsRefused(t *testing.T) {
	h := newHost(t, onlyPlugins(t, "masking"))
	h.start()
	out, err := exec.Command(binary, "run", "--config", h.config).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), h.data)
	require.NotContains(t, string(out), "panic")

	other := newHost(t, onlyPlugins(t, "masking"))
	other.http = h.http
	text, err := os.ReadFile(other.config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(other.config, regexp.MustCompile(`listen: [0-9.:]+`).ReplaceAll(text, []byte("listen: "+h.http)), 0o600))
	out, err = exec.Command(binary, "run", "--config", other.config).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), h.http)
	require.Contains(t, string(out), "stop what uses the address")

	out, err = exec.Command(binary, "validate", "--config", other.config).CombinedOutput()
	require.NoError(t, err, "the file is right")
	require.Contains(t, string(out), h.http)
	require.Contains(t, string(out), "the host would not start")
	out, err = exec.Command(binary, "validate", "--config", h.config).CombinedOutput()
	require.NoError(t, err)
	require.NotContains(t, string(out), "note:", "the host that runs with this configuration has the ports")
}

// A port that another program has keeps one input out, not the host; it opens by itself when it can.
func TestHostStartsWithoutAnInputThatCannotOpen(t *testing.T) {
	h := newHost(t, onlyPlugins(t, "masking"))
	thief, err := net.Listen("tcp", h.syslog)
	require.NoError(t, err)
	defer thief.Close()
	out, err := exec.Command(binary, "validate", "--config", h.config).CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(out), "cannot listen on tcp "+h.syslog)
	require.Contains(t, string(out), "the host would start without this input")

	h.start()
	_, err = h.client().Ingest(t.Context(), "http", []byte("one line\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("the line of the input that works", time.Minute, func() bool { return h.count("*") == 1 })
	health, err := h.client().Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, "degraded", health.Status)
	i := slices.IndexFunc(health.Components, func(c client.Component) bool { return c.Name == "input syslog" })
	require.Equal(t, "failed", health.Components[i].Status)
	require.Contains(t, health.Components[i].Reason, h.syslog)
	require.Contains(t, health.Components[i].Reason, "another program has this port")
	require.Contains(t, health.Components[i].Advice, "by itself")
	require.Equal(t, http.StatusOK, h.get("/readyz"), "the rest of the work is done")
	inputs, err := h.client().Inputs(t.Context())
	require.NoError(t, err)
	require.Equal(t, "failed", inputs[0].State)
	require.Contains(t, inputs[0].LastError, h.syslog)

	require.NoError(t, thief.Close())
	h.waitFor("the input to open", 60*time.Second, func() bool {
		inputs, err := h.client().Inputs(t.Context())
		return err == nil && inputs[0].State == "running"
	})
	conn, err := net.Dial("tcp", h.syslog)
	require.NoError(t, err)
	_, err = conn.Write([]byte("<13>Oct 11 22:14:15 box app: hello\n"))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	h.waitFor("the line of the input that opened", time.Minute, func() bool { return h.count("*") == 2 })
	health, err = h.client().Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, "ok", health.Status)
	h.kill(syscall.SIGTERM)
	require.Contains(t, h.log.String(), "level=error msg=\"input syslog: cannot listen on tcp "+h.syslog)
	require.Contains(t, h.log.String(), "input syslog is open now")
}
