package api_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const allDay = `"from":"2026-10-11","to":"2026-10-12"`

func createExport(f *fixture, body string) string {
	f.t.Helper()
	a := f.do("POST", "/api/v1/exports", body)
	require.Equal(f.t, http.StatusCreated, a.status, "%s", a.body)
	id, ok := a.json(f.t)["id"].(string)
	require.True(f.t, ok)
	assert.Equal(f.t, "/api/v1/exports/"+id, a.header.Get("Location"))
	return id
}

func (f *fixture) part(id, resume string) answer {
	f.t.Helper()
	return f.get("/api/v1/exports/" + id + "/data?part_mb=1&resume=" + resume)
}

// big makes n events whose parts are small: about 20 KB a row.
func (f *fixture) big(n int) {
	f.store.fill(n)
	for i := range f.store.events {
		f.store.events[i]["message"] = fmt.Sprintf("%d ", i) + strings.Repeat("0123456789", 2000)
	}
}

// ids are the event.ids of an NDJSON file.
func ids(t *testing.T, file string) []string {
	t.Helper()
	var out []string
	d := json.NewDecoder(strings.NewReader(file))
	for {
		var row map[string]any
		err := d.Decode(&row)
		if err == io.EOF {
			return out
		}
		require.NoError(t, err)
		out = append(out, row["event.id"].(string))
	}
}

func (f *fixture) requireAll(file string) {
	f.t.Helper()
	var want []string
	for _, ev := range f.store.events {
		want = append(want, ev["event.id"].(string))
	}
	require.Equal(f.t, want, ids(f.t, file), "each row once, in order")
}

func TestExportInParts(t *testing.T) {
	f := newFixture(t)
	f.big(500)
	id := createExport(f, `{`+allDay+`}`)
	var file strings.Builder
	resume, parts, rows := "", 0, 0
	for done := false; !done; parts++ {
		a := f.part(id, resume)
		require.Equal(t, 200, a.status, "%s", a.body)
		assert.Equal(t, strconv.Itoa(len(a.body)), a.header.Get("Content-Length"))
		assert.Equal(t, "500", a.header.Get("Logcenter-Total"))
		assert.LessOrEqual(t, len(a.body), 1<<20+25000)
		n, err := strconv.Atoi(a.header.Get("Logcenter-Rows"))
		require.NoError(t, err)
		rows += n
		assert.Equal(t, strconv.Itoa(rows), a.header.Get("Logcenter-Rows-Done"))
		file.Write(a.body)
		resume, done = a.header.Get("Logcenter-Resume"), a.header.Get("Logcenter-Done") == "true"
		e := f.ok(f.get("/api/v1/exports/" + id))
		assert.EqualValues(t, rows, e["rows"])
		assert.Equal(t, done, e["done"])
	}
	assert.Equal(t, 500, rows)
	assert.Greater(t, parts, 8)
	assert.Equal(t, 1, f.store.scans, "one scan for all parts")
	f.requireAll(file.String())
}

// Answers get lost, scans fail and the host is restarted: with the last token the rest comes, each row once.
func TestExportResumes(t *testing.T) {
	f := newFixture(t)
	f.big(300)
	id := createExport(f, `{`+allDay+`}`)
	var file strings.Builder
	resume, done := "", false
	for round := 0; !done; round++ {
		f.store.batch = []int{60, 60, 7}[round%3] // batches need not be the same again
		switch round % 4 {
		case 1: // the answer got lost
			lost, again := f.part(id, resume), f.part(id, resume)
			require.Equal(t, lost.body, again.body)
		case 2:
			f.stop()
			f.o.Metrics = prometheus.NewRegistry()
			f.start()
		case 3:
			f.store.failAt = 1
			broken := f.part(id, resume)
			assert.Equal(t, 500, broken.status)
		}
		a := f.part(id, resume)
		require.Equal(t, 200, a.status, "%s", a.body)
		file.Write(a.body)
		resume, done = a.header.Get("Logcenter-Resume"), a.header.Get("Logcenter-Done") == "true"
	}
	f.requireAll(file.String())
	last := f.part(id, resume)
	assert.Equal(t, 200, last.status, "the last token can be asked for again")
	assert.Empty(t, last.body)
	assert.Equal(t, "true", last.header.Get("Logcenter-Done"))
}

// What is stored after the first part does not get into the export, even if the first part ends in the middle of
// the scan's first batch: without a token of the store, nothing holds the snapshot.
func TestFirstPartHoldsTheSnapshot(t *testing.T) {
	f := newFixture(t)
	f.big(200)
	f.store.batch = 150
	id := createExport(f, `{`+allDay+`}`)
	a := f.part(id, "")
	assert.Equal(t, "150", a.header.Get("Logcenter-Rows"), "not 1 MB of it")
	a = f.part(id, a.header.Get("Logcenter-Resume"))
	assert.Equal(t, "50", a.header.Get("Logcenter-Rows"))
}

func TestClientLeavesDuringAPart(t *testing.T) {
	f := newFixture(t)
	f.big(200)
	id := createExport(f, `{`+allDay+`}`)
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.http.URL+"/api/v1/exports/"+id+"/data", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+adminToken)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	_, err = io.ReadFull(res.Body, make([]byte, 1000))
	require.NoError(t, err)
	cancel()
	require.NoError(t, res.Body.Close())
	a := f.get("/api/v1/exports/" + id + "/data")
	require.Equal(t, 200, a.status, "%s", a.body)
	f.requireAll(string(a.body))
}

func TestBadResumeTokens(t *testing.T) {
	f := newFixture(t)
	f.big(100)
	id := createExport(f, `{`+allDay+`}`)
	resume := f.part(id, "").header.Get("Logcenter-Resume")
	other := createExport(f, `{`+allDay+`}`)
	for _, c := range []struct{ id, resume string }{{id, "x"}, {id, "AAAA"}, {id, resume[:8]}, {other, resume}, {id, strings.Repeat("A", 70000)}} {
		a := f.get("/api/v1/exports/"+c.id+"/data", "Logcenter-Resume", c.resume)
		assert.Equal(t, http.StatusGone, a.status, "%.20s", c.resume)
		assert.Equal(t, "cursor_expired", a.code(t))
	}
	assert.Equal(t, 200, f.get("/api/v1/exports/"+id+"/data", "Logcenter-Resume", resume).status)
}

func TestExportCSV(t *testing.T) {
	f := newFixture(t)
	f.store.fill(4)
	id := createExport(f, `{`+allDay+`,"format":"csv"}`)
	first := f.part(id, "")
	assert.Equal(t, "text/csv; charset=utf-8", first.header.Get("Content-Type"))
	rows, err := csv.NewReader(strings.NewReader(string(first.body))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 5)
	assert.Equal(t, []string{"@timestamp", "event.id", "event.dataset", "event.risk_score", "log.level", "message", "source.geo.location", "source.ip", "source.port", "tags"}, rows[0])
	assert.Equal(t, []string{
		"2026-10-11T11:59:56Z", "journal-2-1-0", "dptech.attack", "0.5", "Error", "line 0 of \"4\", 登录失败\twith <134>",
		`{"lat":31.25,"lon":121.5}`, "192.0.2.0", "1024", `["a,b","c"]`,
	}, rows[1])
	assert.Equal(t, []string{"2026-10-11T11:59:57Z", "journal-2-1-1", "nginx.access", "", "", "line 1 of \"4\", 登录失败\twith <134>", "", "192.0.2.1", "1025", ""}, rows[2])

	// A field that nobody had when the columns were chosen is counted.
	f.store.events[1]["user.name"] = "zhang"
	again := f.part(id, "")
	assert.Equal(t, first.body, again.body)
	assert.Equal(t, "1", again.header.Get("Logcenter-Skipped-Values"))
	assert.Empty(t, first.header.Get("Logcenter-Skipped-Values"))
}

func TestExportContents(t *testing.T) {
	f := newFixture(t)
	f.store.fill(1)
	for body, want := range map[string]string{
		`"content":"raw"`:                                           `{"message":"line 0 of \"1\", 登录失败\twith <134>"}` + "\n",
		`"content":"parsed"`:                                        `{"@timestamp":"2026-10-11T11:59:59Z","event.dataset":"dptech.attack","event.id":"journal-2-1-0","event.risk_score":0.5,"log.level":"Error","source.geo.location":{"lat":31.25,"lon":121.5},"source.ip":"192.0.2.0","source.port":1024,"tags":["a,b","c"]}` + "\n",
		`"fields":["source.ip","event.id"]`:                         `{"event.id":"journal-2-1-0","source.ip":"192.0.2.0"}` + "\n",
		`"content":"raw","format":"csv"`:                            "message\r\n\"line 0 of \"\"1\"\", 登录失败\twith <134>\"\r\n",
		`"fields":["source.ip","nothing","tags"],"format":"csv"`:    "source.ip,nothing,tags\r\n192.0.2.0,,\"[\"\"a,b\"\",\"\"c\"\"]\"\r\n",
		`"stream":"errors","content":"raw","query":"source.port:1"`: "",
	} {
		a := f.part(createExport(f, `{`+allDay+`,`+body+`}`), "")
		assert.Equal(t, want, string(a.body), body)
		assert.Equal(t, "true", a.header.Get("Logcenter-Done"))
	}
	for _, bad := range []string{
		`{"query":"a event.start:>now-1h"}`, `{"query":"event.start:[2026-10-11 TO now]"}`, `{"query":"@timestamp:\"now/d\""}`, `{"format":"xml"}`, `{"content":"all"}`, `{"fields":["a b"]}`, `{"query":"("}`,
	} {
		assert.Equal(t, 400, f.do("POST", "/api/v1/exports", bad).status, bad)
	}
	createExport(f, `{"query":"now event.start:[2026-10-11 TO 2026-10-12] host.name:now"}`)
}

func TestExportsAreKept(t *testing.T) {
	f := newFixture(t)
	f.store.fill(3)
	id := createExport(f, `{`+allDay+`,"query":"line","stream":"errors"}`)
	reader := []string{"Authorization", "Bearer " + readerToken}
	assert.Equal(t, 404, f.get("/api/v1/exports/"+id, reader...).status, "of somebody else")
	assert.Equal(t, 404, f.get("/api/v1/exports/"+id+"/data", reader...).status)
	assert.Equal(t, 404, f.do("DELETE", "/api/v1/exports/"+id, "", reader...).status)
	assert.Equal(t, []any{}, f.ok(f.get("/api/v1/exports", reader...))["exports"])

	require.NoError(t, os.WriteFile(filepath.Join(f.o.ExportDir, "torn.json"), []byte(`{"id":"torn"`), 0o600))
	f.stop()
	f.o.Metrics = prometheus.NewRegistry()
	f.start()
	all := f.ok(f.get("/api/v1/exports"))["exports"].([]any)
	require.Len(t, all, 1)
	e := all[0].(map[string]any)
	assert.Equal(t, "log.level:Error AND line", e["query"])
	assert.Equal(t, "2026-10-11T00:00:00Z", e["from"])
	assert.EqualValues(t, 1, e["total"])

	assert.Equal(t, 204, f.do("DELETE", "/api/v1/exports/"+id, "").status)
	a := f.get("/api/v1/exports/" + id)
	assert.Equal(t, 404, a.status)
	assert.Contains(t, string(a.body), "7 days")
	assert.Equal(t, 404, f.get("/api/v1/exports/"+id+"/data").status)
	files, err := os.ReadDir(f.o.ExportDir)
	require.NoError(t, err)
	assert.Empty(t, files)
}

func TestTooManyExports(t *testing.T) {
	f := newFixture(t)
	for range 100 {
		createExport(f, `{}`)
	}
	a := f.do("POST", "/api/v1/exports", `{}`)
	assert.Equal(t, 409, a.status)
	assert.Contains(t, a.hint(t), "DELETE")
}

// Many exports at once take turns; none loses its place.
func TestExportsTakeTurns(t *testing.T) {
	f := newFixture(t)
	f.big(120)
	type state struct {
		id, resume string
		file       strings.Builder
		done       bool
	}
	var all []*state
	for range 5 {
		all = append(all, &state{id: createExport(f, `{`+allDay+`}`)})
	}
	for open := len(all); open > 0; {
		for _, s := range all {
			if s.done {
				continue
			}
			a := f.part(s.id, s.resume)
			require.Equal(t, 200, a.status, "%s", a.body)
			s.file.Write(a.body)
			s.resume = a.header.Get("Logcenter-Resume")
			if s.done = a.header.Get("Logcenter-Done") == "true"; s.done {
				open--
			}
		}
	}
	for _, s := range all {
		f.requireAll(s.file.String())
	}
}

const dayParams = "from=2026-10-11&to=2026-10-12"

func TestExportOnline(t *testing.T) {
	f := newFixture(t)
	f.store.fill(3)
	a := f.get("/api/v1/export?" + dayParams)
	require.Equal(t, 200, a.status)
	assert.Equal(t, "3", a.header.Get("Logcenter-Total"))
	assert.Empty(t, a.header.Get("Logcenter-Notice"))
	assert.Equal(t, `attachment; filename="logcenter-3.csv"`, a.header.Get("Content-Disposition"))
	rows, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 4)
	assert.Equal(t, []string{"@timestamp", "event.id", "event.dataset"}, rows[0][:3])
	assert.Equal(t, []string{"2026-10-11T11:59:59Z", "journal-2-1-2", "nginx.access"}, rows[1][:3], "newest first")

	f.store.events[0]["user.name"] = "=1+1"
	a = f.get("/api/v1/export?sheet=true&fields=user.name&" + dayParams)
	assert.Equal(t, "\ufeffuser.name\r\n\r\n\r\n'=1+1\r\n", string(a.body))
	a = f.get("/api/v1/export?fields=user.name&" + dayParams)
	assert.Equal(t, "user.name\r\n\r\n\r\n=1+1\r\n", string(a.body))
	a = f.get("/api/v1/export?format=ndjson&content=parsed&query=Error&" + dayParams)
	assert.Empty(t, a.body)
	a = f.get("/api/v1/export?format=ndjson&content=parsed&limit=1&" + dayParams)
	assert.JSONEq(t, `{"@timestamp":"2026-10-11T11:59:59Z","event.dataset":"nginx.access","event.id":"journal-2-1-2","source.ip":"192.0.2.2","source.port":1026}`, string(a.body))
	assert.Equal(t, "application/x-ndjson", a.header.Get("Content-Type"))
}

func TestExportOnlineSaysWhatIsMissing(t *testing.T) {
	f := newFixture(t)
	f.store.fill(10500)
	a := f.get("/api/v1/export?format=ndjson&content=raw&" + dayParams)
	assert.Equal(t, 10000, strings.Count(string(a.body), "\n"))
	assert.Equal(t, "10500", a.header.Get("Logcenter-Total"))
	assert.Equal(t, "these are the newest 10000 of 10500 events; online exports end at 10000, POST /api/v1/exports has no bound", a.header.Get("Logcenter-Notice"))
	assert.Contains(t, a.header.Get("Content-Disposition"), "logcenter-newest-10000-of-10500.ndjson")
	assert.True(t, strings.HasPrefix(string(a.body), `{"message":"line 10499 of`))
}

// A half-sent file must not look whole.
func TestOnlineExportBreaksOff(t *testing.T) {
	f := newFixture(t)
	f.store.fill(5000)
	f.store.failSearch = 3
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.http.URL+"/api/v1/export?format=ndjson&"+dayParams, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+adminToken)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	_, err = io.ReadAll(res.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Eventually(t, func() bool { return strings.Contains(f.log.String(), "disk is broken") }, time.Minute, time.Millisecond)
}
