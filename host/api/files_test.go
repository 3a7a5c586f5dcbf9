//go:build duckdb_arrow

package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/filestore"
	"github.com/logcenter/logcenter/host/input/inputtest"
	"github.com/logcenter/logcenter/host/input/upload"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/wire"
)

// kept is the API over a real store, a real file store and a real journal. Events of files are put into the store by
// the test, as the pipeline would.
type kept struct {
	*stored
	dir   string // of the files
	files *filestore.Store
	input *upload.Input
	host  *inputtest.Host
}

func (k *kept) Put(ctx context.Context, f upload.File, body io.Reader, size int64) (*upload.Stored, error) {
	return k.input.Put(ctx, f, body, size)
}

func (k *kept) Open(sha string) (*filestore.File, error) { return k.files.Open(sha) }

func newKept(t *testing.T, o filestore.Options) *kept {
	t.Helper()
	k := &kept{stored: newStored(t), dir: t.TempDir(), host: inputtest.NewHost(t)}
	var err error
	k.files, err = filestore.Open(k.dir, o)
	require.NoError(t, err)
	k.input, err = upload.New(k.files, "/api/v1/files", k.host.Env())
	require.NoError(t, err)
	t.Cleanup(inputtest.Run(t, k.input))
	k.stop()
	k.o.Files = k
	k.restart()
	return k
}

// told puts an event of a file into the store.
func (k *kept) told(dataset, input, sha, name string) {
	k.t.Helper()
	k.offset++
	line, err := json.Marshal(map[string]string{"name": name, "sha256": sha})
	require.NoError(k.t, err)
	b, err := storetest.Batch(k.offset, []storetest.Event{{
		"@timestamp": testDay, "message": string(line), "event.dataset": dataset, "logcenter.input": input,
		"file.hash.sha256": sha, "file.name": name, "file.mime_type": "text/html",
	}})
	require.NoError(k.t, err)
	require.NoError(k.t, k.db.Append(k.t.Context(), k.offset, []*wire.Batch{b}))
}

func sumOf(b string) string {
	s := sha256.Sum256([]byte(b))
	return hex.EncodeToString(s[:])
}

func TestFileIsGivenAndTaken(t *testing.T) {
	k := newKept(t, filestore.Options{})
	const page = "<script>alert(1)</script>"
	sha := sumOf(page)
	a := k.ok(k.do("POST", "/api/v1/files?kind=video&source=gate-3&start=2026-10-11+12:00:00&end=2026-10-11T05:00:00Z&time_zone=Asia/Shanghai&sha256="+sha+"&name="+url.QueryEscape(`监控 "3".html`), page, "Idempotency-Key", "k1"))
	want := map[string]any{"sha256": sha, "size": 25.0, "name": `监控 "3".html`, "kind": "video", "type": "text/html; charset=utf-8", "duplicate": false}
	assert.Equal(t, want, a)
	line := `{"kind":"video","name":"监控 \"3\".html","type":"text/html; charset=utf-8","size":25,"sha256":"` + sha +
		`","source":"gate-3","start":"2026-10-11T04:00:00Z","end":"2026-10-11T05:00:00Z"}`
	assert.Equal(t, []string{line}, k.host.Texts())

	again := "/api/v1/files?kind=video&name=x"
	assert.Equal(t, true, k.ok(k.do("POST", again, page, "Idempotency-Key", "k1"))["duplicate"])
	assert.Len(t, k.host.Texts(), 1)
	b := k.ok(k.do("POST", again, "other content", "Idempotency-Key", "k1"))
	assert.Equal(t, false, b["duplicate"], "it is another file")
	assert.Equal(t, true, k.ok(k.do("POST", again, page))["existed"])
	assert.Len(t, k.host.Texts(), 3)

	assert.Equal(t, 404, k.get("/api/v1/files/"+sha).status, "its event is not in the store yet")
	k.told("files.video", "files", sha, "../監視\u202e/\"x\".html\r\n")
	got := k.get("/api/v1/files/" + strings.ToUpper(sha))
	require.Equal(t, 200, got.status, "%s", got.body)
	assert.Equal(t, page, string(got.body))
	assert.Equal(t, "text/html", got.header.Get("Content-Type"))
	assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
	assert.Equal(t, "default-src 'none'; sandbox", got.header.Get("Content-Security-Policy"))
	assert.Equal(t, `attachment; filename*=utf-8''_%E7%9B%A3%E8%A6%96___x_.html__`, got.header.Get("Content-Disposition"))
	part := k.get("/api/v1/files/"+sha, "Range", "bytes=8-")
	assert.Equal(t, 206, part.status)
	assert.Equal(t, page[8:], string(part.body))
	assert.Equal(t, 416, k.get("/api/v1/files/"+sha, "Range", "bytes=25-").status)
	assert.Equal(t, 304, k.get("/api/v1/files/"+sha, "If-None-Match", `"`+sha+`"`).status)
	assert.Equal(t, 400, k.get("/api/v1/files/abc").status)
	assert.Equal(t, 404, k.get("/api/v1/files/"+strings.Repeat("0", 64)).status)
}

// Whoever may see an event of a file may have it, and nobody else.
func TestFilesInScope(t *testing.T) {
	k := newKept(t, filestore.Options{})
	k.ok(k.do("POST", "/api/v1/files?name=a", "secret"))
	sha := sumOf("secret")
	k.told("files.file", "files", sha, "a")
	reader := []string{"Authorization", "Bearer " + readerToken}
	refused := k.get("/api/v1/files/"+sha, reader...)
	assert.Equal(t, 404, refused.status, "the event is not in the reader's scope")
	assert.Equal(t, "not_found", refused.code(t))
	k.told("nginx.access", "http", sha, "a")
	assert.Equal(t, 404, k.get("/api/v1/files/"+sha, reader...).status, "an event that only names the hash opens nothing")
	assert.Equal(t, 200, k.get("/api/v1/files/"+sha).status)
	k.told("nginx.access", "files", sha, "a")
	assert.Equal(t, 200, k.get("/api/v1/files/"+sha, reader...).status)
	assert.Equal(t, 401, k.get("/api/v1/files/"+sha, "Authorization", "Bearer nobody").status)

	assert.Equal(t, 403, k.do("POST", "/api/v1/files?name=a", "x", reader...).status)
	assert.Equal(t, 401, k.do("POST", "/api/v1/files?name=a", "x", "Authorization", "").status)
	a := k.ok(k.do("POST", "/api/v1/files?name=a", "secret", "Authorization", "Bearer sender"))
	assert.NotContains(t, a, "existed", "senders do not learn what is there")
	assert.Contains(t, k.host.Texts()[1], `"sender":"web"`)
}

func TestFileInAForm(t *testing.T) {
	k := newKept(t, filestore.Options{})
	form := func(build func(w *multipart.Writer)) answer {
		t.Helper()
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		build(w)
		require.NoError(t, w.Close())
		return k.do("POST", "/api/v1/files", b.String(), "Content-Type", w.FormDataContentType())
	}
	field := func(w *multipart.Writer, name, v string) { require.NoError(t, w.WriteField(name, v)) }
	file := func(w *multipart.Writer, name string) {
		f, err := w.CreateFormFile("file", name)
		require.NoError(t, err)
		_, err = f.Write([]byte("content"))
		require.NoError(t, err)
	}
	a := k.ok(form(func(w *multipart.Writer) { field(w, "source", "web-1"); file(w, `C:\logs\a.txt`) }))
	assert.Equal(t, "a.txt", a["name"])
	assert.Equal(t, "text/plain; charset=utf-8", a["type"])
	assert.Contains(t, k.host.Texts()[0], `"source":"web-1"`)
	bad := func(message string, build func(w *multipart.Writer)) {
		t.Helper()
		a := form(build)
		assert.Equal(t, 400, a.status)
		assert.Contains(t, string(a.body), message)
	}
	bad("the form has no file", func(w *multipart.Writer) { field(w, "source", "web-1") })
	bad("there is no field", func(w *multipart.Writer) { field(w, "sauce", "web-1"); file(w, "a") })
	bad("is given twice", func(w *multipart.Writer) { field(w, "name", "a"); field(w, "name", "b"); file(w, "a") })
	bad("behind the file is the field", func(w *multipart.Writer) { file(w, "a"); field(w, "source", "web-1") })
	bad("more than 4096 bytes", func(w *multipart.Writer) { field(w, "source", strings.Repeat("x", 5000)); file(w, "a") })
	cut := k.do("POST", "/api/v1/files", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nconte", "Content-Type", "multipart/form-data; boundary=x")
	assert.Equal(t, 400, cut.status)
	assert.Len(t, k.host.Texts(), 1)
	assert.Equal(t, int64(1), k.files.Stats().Files)
}

func TestFileThatIsRefused(t *testing.T) {
	k := newKept(t, filestore.Options{MaxBytes: 1000, TotalBytes: 2000})
	f := func(status int, code, text, params, body string, header ...string) {
		t.Helper()
		a := k.do("POST", "/api/v1/files?"+params, body, header...)
		assert.Equal(t, status, a.status, "%s", a.body)
		assert.Equal(t, code, a.code(t))
		assert.Contains(t, string(a.body), text)
	}
	f(400, "bad_request", "has no name", "", "x")
	f(400, "bad_request", "is not the name of a file", "name=../x", "x")
	f(400, "bad_request", "control characters", "name=a%0ab", "x")
	f(400, "bad_request", "not UTF-8", "name=%ff", "x")
	f(400, "bad_request", "has 300 bytes", "name=a&source="+strings.Repeat("x", 300), "x")
	f(400, "bad_request", "no kind", "name=a&kind=tape", "x")
	f(400, "bad_request", "not a media type", "name=a&type=video", "x")
	f(400, "bad_request", "not a media type", "name=a", "x", "Content-Type", "video")
	f(400, "bad_request", "start: ", "name=a&start=yesterday", "x")
	f(400, "bad_request", "lies in the year", "name=a&start=1919-01-01", "x")
	f(400, "bad_request", "without a start", "name=a&end=2026-10-11", "x")
	f(400, "bad_request", "before the start", "name=a&start=2026-10-12&end=2026-10-11", "x")
	f(400, "bad_request", "time_zone", "name=a&time_zone=Mars", "x")
	f(400, "bad_request", "not a SHA-256", "name=a&sha256=abc", "x")
	f(400, "bad_request", "not "+sumOf("y"), "name=a&sha256="+sumOf("y"), "x")
	f(400, "bad_request", "at most 256", "name=a", "x", "Idempotency-Key", strings.Repeat("k", 257))
	f(400, "bad_request", "no parameter", "name=a&nmae=b", "x")
	f(415, "unsupported_encoding", "gzip", "name=a", "x", "Content-Encoding", "gzip")
	f(413, "too_large", "1001 bytes", "name=a", strings.Repeat("x", 1001))
	k.ok(k.do("POST", "/api/v1/files?name=a", strings.Repeat("x", 900)))
	k.ok(k.do("POST", "/api/v1/files?name=a", strings.Repeat("y", 900)))
	f(507, "files_full", "no room", "name=a", strings.Repeat("z", 900))
	assert.Len(t, k.host.Texts(), 2)

	k.o.Files = nil
	k.restart()
	f(409, "conflict", "keeps no files", "name=a", "x")
	assert.Equal(t, 409, k.get("/api/v1/files/"+sumOf("x")).status)
}

// A body that ends before its time is no file.
func TestFileThatIsCutOff(t *testing.T) {
	k := newKept(t, filestore.Options{})
	for _, head := range []string{"Content-Length: 1000\r\n\r\n0123456789", "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n"} {
		c, err := net.Dial("tcp", strings.TrimPrefix(k.http.URL, "http://"))
		require.NoError(t, err)
		_, err = fmt.Fprintf(c, "POST /api/v1/files?name=a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s", adminToken, head)
		require.NoError(t, err)
		require.NoError(t, c.(*net.TCPConn).CloseWrite())
		answer, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.NotContains(t, string(answer), " 200 ")
		require.NoError(t, c.Close())
	}
	inputtest.Until(t, "uploads to end", func() bool { return k.input.Stats().Connections == 0 })
	assert.Empty(t, k.host.Texts())
	assert.Zero(t, k.files.Stats().Files)
	left, err := os.ReadDir(filepath.Join(k.dir, "tmp"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// A damaged file is an error: with an answer while none has been begun, and else by a connection that breaks.
func TestDamagedFile(t *testing.T) {
	k := newKept(t, filestore.Options{})
	content := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB
	k.ok(k.do("POST", "/api/v1/files?name=a", content))
	sha := sumOf(content)
	k.told("files.file", "files", sha, "a")
	path := filepath.Join(k.dir, sha[:2], sha[2:4], sha)
	damage := func(at int64) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteAt([]byte("!"), at)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	damage(700000)
	assert.Equal(t, 206, k.get("/api/v1/files/"+sha, "Range", "bytes=0-99").status, "what is whole is given")
	a := k.get("/api/v1/files/"+sha, "Range", "bytes=700001-700009")
	assert.Equal(t, 500, a.status)
	assert.Equal(t, "damaged", a.code(t))
	f, err := k.client().File(t.Context(), sha)
	require.NoError(t, err)
	got, err := io.ReadAll(f)
	require.Error(t, err)
	assert.LessOrEqual(t, len(got), 700000)
	assert.Equal(t, content[:len(got)], string(got))
	require.NoError(t, f.Close())
	damage(1)
	_, err = k.client().File(t.Context(), sha)
	assert.True(t, client.IsCode(err, client.CodeDamaged), "%v", err)

	st, err := k.client().PutFile(t.Context(), func() (io.ReadCloser, int64, error) {
		return io.NopCloser(strings.NewReader(content)), int64(len(content)), nil
	}, client.FileOptions{Name: "b", Start: "2026-10-11", TimeZone: "Asia/Shanghai"})
	require.NoError(t, err)
	assert.True(t, st.Existed)
	assert.Contains(t, k.host.Texts()[1], `"start":"2026-10-10T16:00:00Z"`)
	f, err = k.client().File(t.Context(), sha)
	require.NoError(t, err)
	got, err = io.ReadAll(f)
	require.NoError(t, err)
	assert.Equal(t, content, string(got))
	require.NoError(t, f.Close())
}

// Uploads and downloads may take as long as they take, but not all the host has.
func TestUploadsAreBounded(t *testing.T) {
	k := newKept(t, filestore.Options{})
	var open []*io.PipeWriter
	done := make(chan int)
	for range 16 {
		r, w := io.Pipe()
		open = append(open, w)
		go func() {
			req, _ := http.NewRequestWithContext(t.Context(), "POST", k.http.URL+"/api/v1/files?name=a", r)
			req.Header.Set("Authorization", "Bearer "+adminToken)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				done <- 0
				return
			}
			_ = res.Body.Close()
			done <- res.StatusCode
		}()
		_, err := w.Write([]byte("content"))
		require.NoError(t, err)
	}
	inputtest.Until(t, "all to be begun", func() bool { return k.input.Stats().Connections == 16 })
	a := k.do("POST", "/api/v1/files?name=a", "one more")
	assert.Equal(t, 429, a.status)
	assert.Equal(t, "busy", a.code(t))
	for _, w := range open {
		require.NoError(t, w.Close())
	}
	for range open {
		assert.Equal(t, 200, <-done)
	}
	k.ok(k.do("POST", "/api/v1/files?name=a", "one more"))
}

var _ api.Files = (*kept)(nil)
