package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/sdk/client"
)

const (
	linesOfBatch = 50
	laterBatch   = 9000 // far behind those of a sender
)

// sender sends numbered lines until it is stopped, and knows which were acknowledged.
type sender struct {
	h     *hostProcess
	mu    sync.Mutex
	acked int // batches
	stop  context.CancelFunc
	done  chan struct{}
}

func (h *hostProcess) send(ctx context.Context, n int) error {
	var lines strings.Builder
	for i := range linesOfBatch {
		fmt.Fprintf(&lines, "<13>Nov 21 10:00:00 box app: line %06d of the backup\n", n*linesOfBatch+i)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := h.client().Ingest(ctx, "http", []byte(lines.String()), client.IngestOptions{Key: fmt.Sprintf("batch-%d", n)})
	return err
}

func startSender(h *hostProcess) *sender {
	h.client() // before there are two goroutines
	ctx, cancel := context.WithCancel(h.t.Context())
	s := &sender{h: h, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for n := 0; h.send(ctx, n) == nil; n++ {
			s.mu.Lock()
			s.acked = n + 1
			s.mu.Unlock()
		}
	}()
	return s
}

// end has it try no more.
func (s *sender) end() {
	s.stop()
	<-s.done
}

func (s *sender) batches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked
}

// lines counts how often each numbered line is stored.
func (h *hostProcess) lines() map[string]int {
	h.t.Helper()
	out := map[string]int{}
	sel := everything
	sel.Query = `"of the backup"`
	for p, err := range h.client().Pages(h.t.Context(), client.SearchRequest{Selection: sel, Limit: 5000}) {
		require.NoError(h.t, err)
		for _, ev := range p.Events {
			text, _ := ev["message"].(string)
			_, number, found := strings.Cut(text, "line ")
			require.True(h.t, found, text)
			out[number[:6]]++
		}
	}
	return out
}

// program runs the built program.
func (h *hostProcess) program(args ...string) (string, error) {
	out, err := exec.Command(binary, args...).CombinedOutput()
	return string(out), err
}

func (h *hostProcess) backup(args ...string) string {
	h.t.Helper()
	out, err := h.program(append([]string{"backup", "--url", "http://" + h.http, "--token-file", filepath.Join(h.data, "admin.token")}, args...)...)
	require.NoError(h.t, err, out)
	return out
}

// requireOnce checks the lines of the batches that were acknowledged before a backup, and that no line is there twice.
func (h *hostProcess) requireOnce(batches int) {
	h.t.Helper()
	var lines map[string]int
	h.waitFor("all that was acknowledged", 3*time.Minute, func() bool {
		lines = h.lines()
		return len(lines) >= batches*linesOfBatch
	})
	for number, n := range lines {
		require.Equal(h.t, 1, n, "line %s", number)
	}
	for i := range batches * linesOfBatch {
		require.Equal(h.t, 1, lines[fmt.Sprintf("%06d", i)], "line %d", i)
	}
}

// TestBackupAndRestore: what was acknowledged before a backup of a host at work is there once after everything else was
// lost, and the host goes on.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	h := newHost(t, "store: {flush_bytes: 1MiB, flush_every: 1s}\nstreams: []\n"+onlyPlugins(t, "masking", "correlation"))
	h.start()
	dir := filepath.Join(t.TempDir(), "backups")
	s := startSender(h)
	h.waitFor("some batches", time.Minute, func() bool { return s.batches() >= 20 && h.count("") > 100 })
	_, err := h.client().PutStream(t.Context(), "mine", "log.level:Error", "")
	require.NoError(t, err)
	_, err = h.client().PutRule(t.Context(), "mine", "id: mine\nname: Mine\nquery: marker\n", client.RuleChange{})
	require.NoError(t, err)
	out := h.backup(dir)
	require.Contains(t, out, "admin.token (a secret")
	h.waitFor("more batches", time.Minute, func() bool { return s.batches() >= 60 })
	before := s.batches()
	h.backup("--to", dir, "--secrets") // keys belong to the token they came with
	h.waitFor("still more", time.Minute, func() bool { return s.batches() > before+5 })
	h.kill(syscall.SIGKILL)
	s.end()
	out, err = h.program("restore", "--from", dir, "--config", h.config)
	require.Error(t, err)
	require.Contains(t, out, "is not empty")
	require.NoError(t, os.RemoveAll(h.data))

	out, err = h.program("backup", "verify", dir)
	require.NoError(t, err, out)
	flipped := flip(t, dir)
	out, err = h.program("backup", "verify", dir)
	require.Error(t, err)
	require.Contains(t, out, flipped)
	out, err = h.program("restore", "--from", dir, "--config", h.config)
	require.Error(t, err, out)
	require.NoDirExists(t, h.data)
	flip(t, dir)

	out, err = h.program("restore", "--from", dir, "--config", h.config)
	require.NoError(t, err, out)
	require.Contains(t, out, "logcenter run --config "+h.config)
	h.start()
	h.requireOnce(before)
	_, err = h.client().Stream(t.Context(), "mine")
	require.NoError(t, err)
	_, err = h.client().Rule(t.Context(), "mine")
	require.NoError(t, err)
	require.NoError(t, h.send(t.Context(), 3), "a sender that did not hear of it sends again")
	require.NoError(t, h.send(t.Context(), laterBatch))
	h.waitFor("a new batch", 3*time.Minute, func() bool { return h.count(fmt.Sprintf(`"line %06d"`, laterBatch*linesOfBatch)) == 1 })
	h.requireOnce(before)

	h.kill(syscall.SIGTERM)
	out, err = h.program("backup", "--offline", "--config", h.config, "--keep", "1", dir)
	require.NoError(t, err, out)
	out, err = h.program("backup", "list", dir)
	require.NoError(t, err, out)
	require.Equal(t, 2, strings.Count(out, "\n"), "a head and one copy:\n%s", out)
	out, err = h.program("backup", "verify", dir)
	require.NoError(t, err, out)
}

// flip flips one bit in the middle of the largest file of the newest copy and returns its name; twice is as before.
func flip(t *testing.T, dir string) string {
	t.Helper()
	copies, err := filepath.Glob(filepath.Join(dir, "copies", "*.json"))
	require.NoError(t, err)
	newest, err := os.ReadFile(copies[len(copies)-1])
	require.NoError(t, err)
	var largest string
	var size int64
	require.NoError(t, filepath.Walk(filepath.Join(dir, "files"), func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() && info.Size() > size && strings.Contains(string(newest), filepath.Base(path)) {
			largest, size = path, info.Size()
		}
		return err
	}))
	b, err := os.ReadFile(largest)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(largest, b, 0o600))
	return filepath.Base(largest)
}

// wipe removes the indices and templates of a prefix, as if the cluster were new.
func wipe(t *testing.T, url, prefix string) {
	t.Helper()
	var indices map[string]any
	request(t, http.MethodGet, url+"/"+prefix+"-*/_settings?filter_path=*.settings.index.uuid", &indices)
	for name := range indices {
		request(t, http.MethodDelete, url+"/"+name, nil)
	}
	for _, name := range []string{prefix, prefix + "-import"} {
		request(t, http.MethodDelete, url+"/_index_template/"+name, nil)
	}
}

func request(t *testing.T, method, url string, out any) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(""))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	if out != nil {
		require.NoError(t, json.NewDecoder(res.Body).Decode(out))
	}
}

// TestElasticsearchMovesAndReturns: a host's events move into Elasticsearch, are backed up with the host at work, and
// come back after host and cluster lost all.
func TestElasticsearchMovesAndReturns(t *testing.T) {
	if !long() {
		t.Skip("takes minutes: runs with LOGCENTER_LONG=1; host/migrate and host/store/elastic test the parts at every run")
	}
	server := estest.Shared(t)
	if server.Snapshots() == "" {
		t.Skip("the server's path.repo is not known")
	}
	prefix := fmt.Sprintf("lctest-cmd-%d", os.Getpid())
	t.Cleanup(func() { wipe(t, server.URL, prefix) })
	cluster := fmt.Sprintf("store: {kind: embedded, flush_every: 1s, elasticsearch: {addresses: [%q], prefix: %s}}\n", server.URL, prefix)
	h := newHost(t, cluster+onlyPlugins(t, "masking"))
	h.start()
	for n := range 30 {
		require.NoError(t, h.send(t.Context(), n))
	}
	h.requireOnce(30)
	out, err := h.program("migrate", "--config", h.config, "--to", "elasticsearch")
	require.Error(t, err)
	require.Contains(t, out, "stop the host first")
	h.kill(syscall.SIGTERM)
	out, err = h.program("migrate", "--config", h.config, "--to", "elasticsearch")
	require.NoError(t, err, out)
	require.Contains(t, out, "Now set store.kind: elasticsearch")
	config, err := os.ReadFile(h.config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(h.config, []byte(strings.Replace(string(config), "kind: embedded", "kind: elasticsearch", 1)), 0o600))
	h.start()
	h.requireOnce(30)

	s := startSender(h) // sends those again first, under the same keys
	h.waitFor("new batches", time.Minute, func() bool { return s.batches() >= 50 })
	dir := filepath.Join(t.TempDir(), "backups")
	out, err = h.program("backup", "--url", "http://"+h.http, "--token-file", filepath.Join(h.data, "admin.token"), dir)
	require.Error(t, err)
	require.Contains(t, out, "--es-location")
	before := s.batches()
	h.backup(dir, "--es-location", filepath.Join(server.Snapshots(), prefix))
	h.waitFor("more batches", time.Minute, func() bool { return s.batches() >= before+5 })
	h.kill(syscall.SIGKILL)
	s.end()
	require.NoError(t, os.RemoveAll(h.data))
	out, err = h.program("restore", "--from", dir, "--config", h.config)
	require.Error(t, err)
	require.Contains(t, out, "nothing is overwritten")
	wipe(t, server.URL, prefix)
	out, err = h.program("restore", "--from", dir, "--config", h.config)
	require.NoError(t, err, out)
	h.clients = nil
	h.start()
	h.requireOnce(before)
	require.NoError(t, h.send(t.Context(), laterBatch))
	h.waitFor("a new batch", 3*time.Minute, func() bool { return h.count(fmt.Sprintf(`"line %06d"`, laterBatch*linesOfBatch)) == 1 })
	h.requireOnce(before)
}
