package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
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

	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/sdk/client"
)

// cli runs the built program against the host.
func (h *hostProcess) cli(args ...string) (out string, err error) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), binary, append(args, "--url", "http://"+h.http, "--token-file", filepath.Join(h.data, "admin.token"))...)
	b, err := cmd.CombinedOutput()
	return string(b), err
}

func randomFile(t *testing.T, path string, size int) (sha string) {
	t.Helper()
	b := make([]byte, size)
	r := rand.NewChaCha8(sha256.Sum256([]byte(path)))
	_, _ = r.Read(b)
	require.NoError(t, os.WriteFile(path, b, 0o600))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// blobs are the files that the host keeps, by their names, and all else in its folder.
func (h *hostProcess) blobs() (blobs map[string]string, rest []string) {
	h.t.Helper()
	blobs = map[string]string{}
	require.NoError(h.t, filepath.WalkDir(filepath.Join(h.data, "files"), func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
		case len(d.Name()) == 64 && filepath.Base(filepath.Dir(path)) != "pending":
			blobs[d.Name()] = path
		case !strings.HasSuffix(d.Name(), ".sum"):
			rest = append(rest, path)
		}
		return err
	}))
	return blobs, rest
}

// A user gives files, finds them by their events, and gets them back; what the disk has damaged is refused, and
// giving it again mends it; the names of secrets are masked like any text; files whose time is over go.
func TestFilesThroughTheBinary(t *testing.T) {
	t.Parallel()
	h := newHost(t, "files: {max_bytes: 16MiB, total_bytes: 24MiB}\n")
	h.start()
	dir := t.TempDir()
	video := filepath.Join(dir, "gate-3.mp4")
	sha := randomFile(t, video, 9<<20)
	out, err := h.cli("files", "put", video, "--kind", "video", "--source", "gate-3", "--start", "2026-10-11 12:00:00", "--end", "2026-10-11T04:10:00Z", "--time-zone", "Asia/Shanghai", "-o", "json")
	require.NoError(t, err, out)
	require.Contains(t, out, sha)
	out, err = h.cli("files", "put", video, "--kind", "video", "--source", "gate-3", "--start", "2026-10-11 12:00:00", "--end", "2026-10-11T04:10:00Z", "--time-zone", "Asia/Shanghai")
	require.NoError(t, err, out)
	require.Contains(t, out, "was sent before")
	card := filepath.Join(dir, "statement 6222021234567890128.txt")
	require.NoError(t, os.WriteFile(card, []byte("content"), 0o600))
	out, err = h.cli("files", "put", card)
	require.NoError(t, err, out)

	h.waitFor("the events", 2*time.Minute, func() bool { return h.count("logcenter.input:files") == 2 })
	page, err := h.client().Search(t.Context(), client.SearchRequest{Selection: client.Selection{
		Query: "observer.type:video AND host.name:gate-3", From: "2026-10-11T04:00:00Z", To: "2026-10-11T04:00:01Z",
	}})
	require.NoError(t, err)
	require.Len(t, page.Events, 1)
	ev := page.Events[0]
	for field, want := range map[string]string{
		"@timestamp": "2026-10-11T04:00:00Z", "event.start": "2026-10-11T04:00:00Z", "event.end": "2026-10-11T04:10:00Z", "event.duration": "600000000000",
		"file.name": "gate-3.mp4", "file.size": fmt.Sprint(9 << 20), "file.hash.sha256": sha, "file.mime_type": "application/octet-stream",
		"observer.name": "gate-3", "event.dataset": "files.video", "logcenter.parser": "files 0.1.0",
	} {
		require.Equal(t, want, fmt.Sprint(ev[field]), field)
	}
	page, err = h.client().Search(t.Context(), client.SearchRequest{Selection: client.Selection{Query: "event.dataset:files.file", From: "-1h"}})
	require.NoError(t, err)
	require.Len(t, page.Events, 1)
	for field, v := range page.Events[0] {
		require.NotContains(t, fmt.Sprint(v), "6222021234567890128", field)
	}

	to := filepath.Join(dir, "back.mp4")
	out, err = h.cli("files", "get", sha, "-o", to)
	require.NoError(t, err, out)
	same(t, video, to)
	out, err = h.cli("files", "get", sha, "-o", to)
	require.Error(t, err)
	require.Contains(t, out, "--overwrite")

	blobs, _ := h.blobs()
	f, err := os.OpenFile(blobs[sha], os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("damage"), 5<<20)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	out, err = h.cli("files", "get", sha, "-o", to, "--overwrite")
	require.Error(t, err, out)
	same(t, video, to)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 3, "nothing is left of what came")
	require.Equal(t, "degraded", h.component("file store").Status)
	out, err = h.cli("files", "put", video, "--kind", "video")
	require.NoError(t, err, out)
	require.Equal(t, "ok", h.component("file store").Status)
	out, err = h.cli("files", "get", sha, "-o", to, "--overwrite")
	require.NoError(t, err, out)

	big := filepath.Join(dir, "big")
	randomFile(t, big, 17<<20)
	out, err = h.cli("files", "put", big)
	require.Error(t, err)
	require.Contains(t, out, "files.max_bytes")
	randomFile(t, big, 16<<20)
	out, err = h.cli("files", "put", big)
	require.Error(t, err)
	require.Contains(t, out, "files.total_bytes")
	require.Contains(t, h.metrics(), "logcenter_files 2\n")

	// Two years later: the file that an event tells of stays, the other goes.
	orphan := strings.Repeat("ab", 32)
	path := filepath.Join(h.data, "files", "ab", "ab", orphan)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	h.kill(syscall.SIGTERM)
	for _, p := range []string{path, blobs[sha]} {
		require.NoError(t, os.Chtimes(p, time.Time{}, time.Now().AddDate(-2, 0, 0)))
	}
	h.start()
	h.waitFor("the host to doubt its clock, as nothing of last week is there", 2*time.Minute, func() bool {
		return strings.Contains(h.component("files").Reason, "no file is removed: the clock says")
	})
	h.kill(syscall.SIGTERM)
	s, err := embedded.Open(filepath.Join(h.data, "store"), embedded.Options{Threads: 1})
	require.NoError(t, err)
	importDay(t, s, "server.error", time.Now().UTC().AddDate(0, 0, -10).Truncate(24*time.Hour), 0, 1)
	require.NoError(t, s.Close())
	h.start()
	h.waitFor("the old file to go", 2*time.Minute, func() bool {
		blobs, _ := h.blobs()
		return blobs[orphan] == ""
	})
	require.Contains(t, h.metrics(), "logcenter_files_collected_total 1\n")
	out, err = h.cli("files", "get", sha, "-o", to, "--overwrite")
	require.NoError(t, err, out)
	same(t, video, to)

	// A file that nobody could find is not taken.
	_, err = h.client().DisablePlugin(t.Context(), "files", false)
	require.NoError(t, err)
	status, text := h.putFile("a", []byte("x"))
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, "logcenter plugin enable files")
}

func same(t *testing.T, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	require.NoError(t, err)
	y, err := os.ReadFile(b)
	require.NoError(t, err)
	require.True(t, bytes.Equal(x, y), "%s and %s differ", a, b)
}

// putFile sends a file once, and returns the answer's status, 0 for none.
func (h *hostProcess) putFile(name string, content []byte) (status int, text string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+h.http+"/api/v1/files?name="+name, bytes.NewReader(content))
	require.NoError(h.t, err)
	token, err := os.ReadFile(filepath.Join(h.data, "admin.token"))
	require.NoError(h.t, err)
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, err.Error()
	}
	return a.StatusCode, string(b)
}

// Whatever the host was doing when it was killed: each file that it answered for is there with its event, and nothing
// is there that no event tells of.
func TestFilesUnderKills(t *testing.T) {
	t.Parallel()
	kills, senders := 6, 4
	if long() {
		kills, senders = 60, 8
	}
	h := newHost(t, onlyPlugins(t, "files", "masking"))
	h.start()
	var (
		mu       sync.Mutex
		answered = map[string]string{} // by SHA-256: the last name
		names    = map[string]bool{}   // that were answered
		tries    int
		wg       sync.WaitGroup
		done     = make(chan struct{})
	)
	for sender := range senders {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(sender), 3))
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				content := make([]byte, 1+rnd.IntN(600_000))
				seed := rnd.Uint64()
				if n%4 == 3 { // several senders have the same file
					seed, content = uint64(n), content[:1]
				}
				src := rand.New(rand.NewPCG(seed, 0))
				for i := range content {
					content[i] = byte(src.Uint32())
				}
				name := fmt.Sprintf("s%d-n%d.bin", sender, n)
				status, text := h.putFile(name, content)
				mu.Lock()
				tries++
				if status == http.StatusOK {
					var a struct{ SHA256 string }
					if json.Unmarshal([]byte(text), &a) == nil {
						answered[a.SHA256], names[name] = name, true
					}
				}
				mu.Unlock()
			}
		})
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(names)
	}
	rnd := rand.New(rand.NewPCG(11, 11))
	for range kills {
		goal := count() + 1 + rnd.IntN(12)
		h.waitFor("files to be taken", time.Minute, func() bool { return count() >= goal })
		h.kill(syscall.SIGKILL)
		h.start()
	}
	close(done)
	wg.Wait()
	t.Logf("%d uploads, %d answered, %d kills", tries, len(names), kills)

	h.waitFor("all events", time.Minute, func() bool { return h.count("logcenter.input:files") >= int64(len(names)) })
	h.kill(syscall.SIGKILL) // whatever was cut off last is decided now
	h.start()
	blobs, rest := h.blobs()
	require.Empty(t, rest, "nothing is left of uploads that were cut off")
	var out bytes.Buffer
	told := map[string]map[string]bool{} // SHA-256 → names
	h.waitFor("what was on its way", time.Minute, func() bool {
		out.Reset()
		sel := everything
		sel.Query = "logcenter.input:files"
		_, err := h.client().Export(t.Context(), client.ExportRequest{Selection: sel}, &out, nil)
		require.NoError(t, err)
		for _, line := range bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n")) {
			var ev struct {
				SHA  string `json:"file.hash.sha256"`
				Name string `json:"file.name"`
			}
			require.NoError(t, json.Unmarshal(line, &ev))
			if told[ev.SHA] == nil {
				told[ev.SHA] = map[string]bool{}
			}
			told[ev.SHA][ev.Name] = true
			delete(names, ev.Name)
		}
		for sha := range blobs {
			if told[sha] == nil {
				return false
			}
		}
		return len(names) == 0
	})
	require.Len(t, blobs, len(told), "each event's file is there, and no other")
	for sha, name := range answered {
		require.True(t, told[sha][name], "%s has no event", name)
		f, err := h.client().File(t.Context(), sha)
		require.NoError(t, err, name)
		_, err = io.Copy(io.Discard, f)
		require.NoError(t, err, name)
		require.NoError(t, f.Close())
	}
}

// A full disk takes no files and says so; with space again it does.
func TestFilesOnAFullDisk(t *testing.T) {
	if !inOwnMounts(t) {
		return
	}
	h := newHost(t, onlyPlugins(t, "files", "masking")+"files: {keep_free: 0}\n")
	require.NoError(t, os.MkdirAll(h.data, 0o700))
	require.NoError(t, syscall.Mount("tmpfs", h.data, "tmpfs", 0, "size=96m"))
	t.Cleanup(func() { _ = syscall.Unmount(h.data, syscall.MNT_DETACH) })
	h.start()
	content := bytes.Repeat([]byte("0123456789abcdef"), 128<<10) // 2 MiB
	free := fill(t, h.data)
	status, text := h.putFile("a", content)
	require.Equal(t, http.StatusInsufficientStorage, status, text)
	require.Contains(t, text, "disk_full")
	blobs, rest := h.blobs()
	require.Empty(t, blobs)
	require.Empty(t, rest)
	require.Equal(t, "degraded", h.component("files").Status)
	free()
	h.waitFor("the file to be taken", time.Minute, func() bool {
		status, text = h.putFile("a", content)
		return status == http.StatusOK
	})
	h.waitFor("its event", time.Minute, func() bool { return h.count("logcenter.input:files") == 1 })
}
