package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// inOwnMounts runs the rest of a test in a process of its own that may mount: as root of a user namespace. It says
// whether this is that process.
func inOwnMounts(t *testing.T) bool {
	t.Helper()
	const sign = "LOGCENTER_TEST_MOUNTS"
	if os.Getenv(sign) == t.Name() {
		return true
	}
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), sign+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		t.Skipf("a small disk cannot be mounted, as this system gives no user namespaces: %v", err)
	}
	require.NoErrorf(t, err, "%s", out)
	return false
}

// fill leaves nothing free on the disk of a folder, until what it returns is called.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	require.NoError(t, err)
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		if _, err = f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())
	return func() { require.NoError(t, os.Remove(path)) }
}

func (h *hostProcess) component(name string) client.Component {
	h.t.Helper()
	r, err := h.client().Health(h.t.Context())
	require.NoError(h.t, err)
	for _, c := range r.Components {
		if c.Name == name {
			return c
		}
	}
	return client.Component{}
}

// post sends lines once, and returns the answer's status, 0 for none.
func (h *hostProcess) post(key string, lines []byte) (status int, text string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+h.http+"/api/v1/ingest/http", bytes.NewReader(lines))
	require.NoError(h.t, err)
	token, err := os.ReadFile(filepath.Join(h.data, "admin.token"))
	require.NoError(h.t, err)
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	r.Header.Set("Idempotency-Key", key)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(a.Body)
	require.NoError(h.t, err)
	return a.StatusCode, body.String()
}

// A full disk costs nobody anything but time: what was answered is there, what was not is not promised, what is
// stored can be searched, and everything goes on when there is space again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if !inOwnMounts(t) {
		return
	}
	h := newHost(t, onlyPlugins(t, "dptech", "masking", "correlation")+"store: {flush_every: 1s}\n") // it copies them to its disk
	require.NoError(t, os.MkdirAll(h.data, 0o700))
	require.NoError(t, syscall.Mount("tmpfs", h.data, "tmpfs", 0, "size=128m"))
	t.Cleanup(func() { _ = syscall.Unmount(h.data, syscall.MNT_DETACH) }) // it ends with this process anyway
	h.start()
	tr := newTraffic(11)
	batch := func(n int) (key string, lines []byte) {
		key = fmt.Sprint("batch-", tr.next)
		for range n {
			lines = tr.line(lines)
		}
		return key, lines
	}
	for range 5 {
		status, text := h.post(batch(200))
		require.Equal(t, http.StatusOK, status, text)
	}
	h.waitFor("what came before", 2*time.Minute, func() bool { return h.count("*") == int64(tr.next) })
	h.waitFor("it to be stored", 2*time.Minute, func() bool {
		return strings.Contains(h.metrics(), "logcenter_store_tail_events 0\n")
	})

	free := fill(t, h.data)
	type request struct {
		key   string
		lines []byte
	}
	var refused []request
	for try := 0; len(refused) < 3; try++ {
		require.Less(t, try, 50, "a full disk takes nothing")
		key, lines := batch(200)
		switch status, text := h.post(key, lines); status {
		case http.StatusOK: // the rest of a page
		case http.StatusServiceUnavailable, http.StatusTooManyRequests:
			refused = append(refused, request{key, lines})
			require.Contains(t, text, "disk")
		default:
			t.Fatalf("status %d: %s", status, text)
		}
	}
	answered := int64(tr.next - 600)
	sender, err := net.Dial("tcp", h.syslog)
	require.NoError(t, err)
	_, lines := batch(100)
	_, err = sender.Write(lines)
	require.NoError(t, err)

	raw := h.component("raw journal")
	require.Equal(t, "failed", raw.Status)
	require.Contains(t, raw.Reason, "the disk is full")
	require.Contains(t, raw.Advice, "make space on the disk")
	require.Equal(t, http.StatusOK, h.get("/healthz"), "the process works")
	require.Equal(t, http.StatusServiceUnavailable, h.get("/readyz"), "its work does not")
	h.waitFor("the syslog input to wait", time.Minute, func() bool { return h.component("input syslog").Status == "degraded" })
	require.Contains(t, h.metrics(), `logcenter_journal_failed{journal="raw"} 1`)
	require.LessOrEqual(t, h.count("*"), answered)
	require.GreaterOrEqual(t, h.count("*"), int64(1000), "what is stored is found")
	_, err = h.client().Search(t.Context(), client.SearchRequest{Selection: everything, Limit: 10})
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = h.client().Export(t.Context(), client.ExportRequest{Selection: everything}, &out, nil)
	require.ErrorContains(t, err, "the host's disk is full", "an export that can be resumed is kept on disk")

	free()
	require.NoError(t, sender.Close())
	for _, r := range refused {
		h.waitFor("the senders to get through", time.Minute, func() bool {
			status, _ := h.post(r.key, r.lines)
			return status == http.StatusOK
		})
	}
	key, lines := batch(200)
	status, text := h.post(key, lines)
	require.Equal(t, http.StatusOK, status, text)
	h.waitFor("everything to be found", time.Minute, func() bool { return h.count("*") >= int64(tr.next) })
	h.waitFor("the host to be well", time.Minute, func() bool {
		r, err := h.client().Health(t.Context())
		return err == nil && r.Status == "ok"
	})
	require.Equal(t, http.StatusOK, h.get("/readyz"))
	h.checkOnce(tr, false)

	// What came through a full disk is as durable as anything.
	h.kill(syscall.SIGKILL)
	h.start()
	h.waitFor("everything after a restart", time.Minute, func() bool { return h.count("*") >= int64(tr.next) })
	h.checkOnce(tr, false)
}

// While the archive's disk is full nothing is dropped; when there is space again, all goes where it belongs.
func TestArchiveOnAFullDisk(t *testing.T) {
	t.Parallel()
	if !inOwnMounts(t) {
		return
	}
	disk := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16m"))
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) }) // as above
	h := newHost(t, fmt.Sprintf("retention: {every: 1s}\narchive: {directory: %s/archive}\n", disk)+onlyPlugins(t, "masking"))
	n := fillStore(t, h.data, 1, 50)
	free := fill(t, disk)
	h.start()
	h.waitFor("the health to tell", time.Minute, func() bool { return strings.Contains(h.component("retention").Reason, "no space left") })
	require.Contains(t, h.component("retention").Advice, "nothing is dropped before it is archived")
	require.Contains(t, h.metrics(), "logcenter_archive_overdue 3\n")
	require.Contains(t, h.metrics(), "logcenter_retention_dropped_total 0\n")
	free()
	h.waitFor("all archived", time.Minute, func() bool {
		s, err := h.client().RetentionStatus(t.Context())
		return err == nil && s.Dropped == 3 && s.Error == ""
	})
	var events int64
	for _, p := range h.archived().Partitions {
		events += p.Events
	}
	require.EqualValues(t, n, events)
	require.Contains(t, h.does("archive", "verify"), "everything is as it was written: 3 partitions")
}
