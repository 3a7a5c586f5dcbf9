package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	require.NoError(t, os.CopyFS(dirs, os.DirFS("../../../bin/plugins")))
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
	h.waitFor("health to say that nothing is stored", 20*time.Second, func() bool {
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
	h.waitFor("a batch to wait for the masker", 20*time.Second, func() bool {
		return strings.Contains(h.metrics(), "logcenter_batches_waiting_for_masker 1")
	})
	require.Zero(t, h.count("*"))

	require.NoError(t, os.WriteFile(masker, good, 0o755))
	_, err = h.client().EnablePlugin(t.Context(), "masking")
	require.NoError(t, err)
	h.waitFor("events after the masker is mended", 30*time.Second, func() bool { return h.count("*") == 10 })
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
	require.NoError(t, os.CopyFS(dirs, os.DirFS("../../../bin/plugins")))
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
	h := newHost(t, "")
	h.start()
	_, err := h.client().Ingest(t.Context(), "http", []byte("one line\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("the line", 10*time.Second, func() bool { return h.count("*") == 1 })
	h.kill(syscall.SIGTERM)
	require.NoError(t, os.RemoveAll(filepath.Join(h.data, "journal", "event")))
	out, err := exec.Command(binary, "run", "--config", h.config).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "the journal was removed or is an older copy")
}

// Two hosts on one folder, and a port that is taken, are each said in words.
func TestSecondHostIsRefused(t *testing.T) {
	h := newHost(t, "")
	h.start()
	out, err := exec.Command(binary, "run", "--config", h.config).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), h.data)
	require.NotContains(t, string(out), "panic")

	other := newHost(t, "")
	other.http = h.http
	text, err := os.ReadFile(other.config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(other.config, regexp.MustCompile(`listen: [0-9.:]+`).ReplaceAll(text, []byte("listen: "+h.http)), 0o600))
	out, err = exec.Command(binary, "run", "--config", other.config).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), h.http)
	require.Contains(t, string(out), "stop what uses the address")
}
