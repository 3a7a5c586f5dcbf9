package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/store"
)

func TestHealth(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		parts  []api.Component
		status string
		ready  int
	}{
		{nil, "ok", 200},
		{[]api.Component{{Name: "store", Status: "ok"}}, "ok", 200},
		{[]api.Component{{Name: "store", Status: "ok"}, {Name: "plugin geoip", Status: "degraded", Reason: "quarantined", Advice: "enable it"}}, "degraded", 200},
		{[]api.Component{{Name: "disk", Status: "failed", Reason: "full"}, {Name: "x", Status: "degraded"}}, "failed", 503},
	} {
		f.parts.health = c.parts
		a := f.ok(f.get("/api/v1/health"))
		assert.Equal(t, c.status, a["status"])
		assert.Equal(t, "1.2.3", a["version"])
		assert.Len(t, a["components"], len(c.parts))
		ready := f.get("/readyz")
		assert.Equal(t, c.ready, ready.status)
		assert.Equal(t, map[string]any{"status": c.status}, ready.json(t), "no reasons without a token")
		assert.Equal(t, 200, f.get("/healthz").status)
	}
}

func TestPlugins(t *testing.T) {
	f := newFixture(t)
	assert.Equal(t, []any{}, f.ok(f.get("/api/v1/plugins"))["plugins"])
	f.parts.plugins = map[string]api.PluginInfo{"geoip": {
		ID: "geoip", Kind: "enricher", Version: "1.0.0", State: "quarantined", Reason: "crashed", PID: 7, Started: testDay, Restarts: 3,
		Calls: 10, Rows: 1000, Errors: 1, CPUSeconds: 1.5, MsPerMB: 2.5, Accepts: json.RawMessage(`[{"prefix":"<"}]`),
		Reads: []string{"source.ip"}, Writes: []string{"source.geo.country_iso_code"}, ConfigSchema: json.RawMessage(`{"type":"object"}`),
	}, "broken": {ID: "broken", Kind: "parser", State: "failed", ConfigSchema: json.RawMessage(`{`)}}
	assert.Len(t, f.ok(f.get("/api/v1/plugins"))["plugins"], 2)
	a := f.ok(f.get("/api/v1/plugins/geoip"))
	assert.Equal(t, "quarantined", a["state"])
	assert.Equal(t, map[string]any{"type": "object"}, a["config_schema"])
	assert.Equal(t, 404, f.get("/api/v1/plugins/nope").status)
	assert.Equal(t, "running", f.ok(f.do("POST", "/api/v1/plugins/geoip/enable", ""))["state"])
	assert.Equal(t, "disabled", f.ok(f.do("POST", "/api/v1/plugins/geoip/disable", ""))["state"])
	f.parts.err = fmt.Errorf("%w: field a is keyword in nginx and long in geoip", api.ErrConflict)
	refused := f.do("POST", "/api/v1/plugins/geoip/enable", "")
	assert.Equal(t, 409, refused.status)
	assert.Contains(t, string(refused.body), "nginx and long in geoip")
}

func TestInputsAndConsumers(t *testing.T) {
	f := newFixture(t)
	assert.Equal(t, []any{}, f.ok(f.get("/api/v1/inputs"))["inputs"])
	assert.Equal(t, []any{}, f.ok(f.get("/api/v1/consumers"))["journals"])
	f.parts.inputs = []input.Stats{{
		Name: "syslog", Kind: "syslog", Address: []string{"udp 127.0.0.1:5514"}, State: "running", Records: 5,
		Dropped: map[string]int64{"kernel_buffer": 2}, LastRecord: testDay,
	}, {Name: "new", Kind: "file", State: "stopped"}}
	f.parts.journals = []api.JournalInfo{{Name: "events", ID: "abc", Stats: journal.Stats{
		First: 3, Last: 9, Bytes: 100, MaxBytes: 1000, Full: true, Err: "disk full",
		Groups: []journal.GroupStats{{Name: "store", Committed: 5, Lag: 4, LagBytes: 60, Required: true, LastRead: testDay, Read: 7}},
	}}, {Name: "raw"}}
	in := f.ok(f.get("/api/v1/inputs"))["inputs"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"kernel_buffer": 2.0}, in["dropped"])
	assert.Equal(t, "2026-10-11T12:00:00Z", in["last_record"])
	all := f.ok(f.get("/api/v1/consumers"))["journals"].([]any)
	assert.Equal(t, map[string]any{
		"name": "events", "partition": 0.0, "id": "abc", "first": 3.0, "last": 9.0, "bytes": 100.0, "max_bytes": 1000.0, "full": true, "error": "disk full",
		"groups": []any{map[string]any{
			"name": "store", "committed": 5.0, "lag": 4.0, "lag_bytes": 60.0, "required": true, "detached": false, "last_read": "2026-10-11T12:00:00Z", "read": 7.0,
		}},
	}, all[0])
}

func TestDeadLetters(t *testing.T) {
	f := newFixture(t)
	assert.Equal(t, map[string]any{"letters": []any{}}, f.ok(f.get("/api/v1/dead-letters")))
	assert.Equal(t, asked{limit: 100}, f.parts.asked)
	f.parts.letters = api.DeadLetterPage{Cursor: "next", Letters: []api.DeadLetter{{
		ID: "1", Time: testDay, EventID: "e", Stage: "enrich", Plugin: "geoip", Reason: "plugin_crashed", Message: "exit 2", Input: "syslog", Text: "password=******",
	}}}
	a := f.ok(f.get("/api/v1/dead-letters?query=plugin:geoip+and+version:1.2*&from=2026-10-11T04:00:00Z&to=2026-10-12T04:00:00Z&limit=7&cursor=c"))
	assert.Equal(t, asked{query: "plugin:geoip and version:1.2*", from: testFour, to: testFour.AddDate(0, 0, 1), limit: 7, cursor: "c"}, f.parts.asked)
	assert.Contains(t, a["notices"].([]any)[0], "and")
	assert.Equal(t, "next", a["cursor"])
	assert.Equal(t, "password=******", a["letters"].([]any)[0].(map[string]any)["text"])
	f.parts.err = store.ErrCursor
	assert.Equal(t, 410, f.get("/api/v1/dead-letters?cursor=old").status)
	f.parts.err = nil

	f.parts.counts = []api.DeadLetterCount{
		{Values: map[string]string{"plugin": "geoip", "reason": "poison"}, Letters: 3, Held: 2, First: testFour, Last: testDay},
		{Values: map[string]string{"plugin": "nginx", "reason": ""}, Letters: 1, First: testFour, Last: testDay},
	}
	a = f.ok(f.get("/api/v1/dead-letters/counts?by=plugin,reason&query=state:held&limit=1"))
	assert.Equal(t, asked{query: "state:held", by: []string{"plugin", "reason"}}, f.parts.asked)
	assert.Len(t, a["counts"], 1)
	assert.InDelta(t, 2, a["total_counts"], 0)
	refused := func(path, message, hint string) {
		t.Helper()
		r := f.get(path)
		assert.Equal(t, 400, r.status, path)
		assert.Contains(t, r.json(t)["error"].(map[string]any)["message"], message, path)
		assert.Contains(t, r.hint(t), hint, path)
	}
	refused("/api/v1/dead-letters/counts", "by is missing", "plugin,reason")
	refused("/api/v1/dead-letters/counts?by=text", `not counted by "text"`, "stage, plugin")
	refused("/api/v1/dead-letters/counts?by=plugin,plugin", "plugin is there twice", "")
	refused("/api/v1/dead-letters?query=plugn:x", "dead letters have no field plugn", "stage, plugin, version")
	refused("/api/v1/dead-letters?query=plugin:(", "", "")
	refused("/api/v1/dead-letters?from=soon", "from", "")
}

func TestRedrive(t *testing.T) {
	f := newFixture(t)
	const path = "/api/v1/dead-letters/redrive"
	want := map[string]any{"selected": 3.0, "redriven": 1.0, "already_redriven": 1.0, "not_held": 1.0, "unknown": 0.0, "failed": 0.0}
	for body, q := range map[string]asked{
		`{"ids": ["a", "b"]}`:            {ids: []string{"a", "b"}},
		`{"query": "*", "dry_run":true}`: {query: "*", dryRun: true},
		`{"query": "stage:store AND plugin:p", "from": "2026-10-11 12:00:00", "to": "2026-10-12T00:00:00Z", "time_zone": "Asia/Shanghai"}`: {
			query: "stage:store AND plugin:p", from: testFour, to: time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC),
		},
	} {
		assert.Equal(t, want, f.ok(f.do("POST", path, body)))
		assert.Equal(t, q, f.parts.asked, body)
	}
	f.parts.asked = asked{}
	for body, message := range map[string]string{
		`{}`:                               "nothing is selected",
		`{"dry_run": true}`:                "nothing is selected",
		`{"ids": ["a"], "query": "*"}`:     "in two ways",
		`{"query": "plugn:p"}`:             "have no field plugn",
		`{"from": "yesterday"}`:            "from",
		`{"from": "now", "to": "-1h"}`:     "is empty",
		`{"from": "-1h", "time_zone":"x"}`: "time zone",
		`{"ids": [` + strings.Repeat(`"a",`, 1000) + `"a"]}`: "1001 ids",
	} {
		a := f.do("POST", path, body)
		assert.Equal(t, 400, a.status, body)
		assert.Contains(t, a.json(t)["error"].(map[string]any)["message"], message, body)
	}
	assert.Equal(t, asked{}, f.parts.asked)
	f.parts.err = fmt.Errorf("redrive: %w", input.ErrUnavailable)
	assert.Equal(t, 503, f.do("POST", path, `{"query": "*"}`).status)
}

func TestStreams(t *testing.T) {
	f := newFixture(t)
	a := f.do("PUT", "/api/v1/streams/ips-high", `{"query":"observer.type:ips","description":"入侵防护"}`)
	assert.Equal(t, http.StatusCreated, a.status)
	assert.Equal(t, "api", a.json(t)["origin"])
	a = f.do("PUT", "/api/v1/streams/ips-high", `{"query":"observer.type:ips AND log.level:Error"}`)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, "observer.type:ips AND log.level:Error", f.ok(f.get("/api/v1/streams/ips-high"))["query"])
	all := f.ok(f.get("/api/v1/streams"))["streams"].([]any)
	assert.Len(t, all, 2)
	assert.Equal(t, map[string]any{"name": "errors", "query": "log.level:Error", "origin": "config"}, all[0])

	for body, code := range map[string]string{`{"query":"("}`: "bad_query", `{"query":""}`: "bad_request", `{"qery":""}`: "bad_request"} {
		a = f.do("PUT", "/api/v1/streams/x", body)
		assert.Equal(t, 400, a.status)
		assert.Equal(t, code, a.code(t))
	}
	assert.Equal(t, 400, f.do("PUT", "/api/v1/streams/Bad", `{"query":"x"}`).status)
	a = f.do("PUT", "/api/v1/streams/errors", `{"query":"x"}`)
	assert.Equal(t, 409, a.status)
	assert.Contains(t, a.hint(t), "configuration file")
	assert.Equal(t, 409, f.do("DELETE", "/api/v1/streams/errors", "").status)
	assert.Equal(t, 204, f.do("DELETE", "/api/v1/streams/ips-high", "").status)
	assert.Equal(t, 404, f.do("DELETE", "/api/v1/streams/ips-high", "").status)
	assert.Equal(t, 404, f.get("/api/v1/streams/ips-high").status)
}

func TestIngest(t *testing.T) {
	f := newFixture(t)
	for token, status := range map[string]int{"sender": 200, adminToken: 200, "wrong": 401, readerToken: 403} {
		a := f.do("POST", "/api/v1/ingest/web", "line\n", "Authorization", "Bearer "+token)
		assert.Equal(t, status, a.status, token)
	}
	assert.Equal(t, []string{"line\n", "line\n"}, f.parts.ingested)
	a := f.do("POST", "/api/v1/ingest/nope", "line\n")
	assert.Equal(t, 404, a.status)
	assert.Contains(t, a.json(t)["error"].(map[string]any)["message"], `"nope"`)
	assert.Equal(t, 401, f.do("POST", "/api/v1/ingest/nope", "line\n", "Authorization", "Bearer sender").status)

	f = newFixture(t, func(o *api.Options) { o.Ingest = nil })
	assert.Equal(t, 404, f.do("POST", "/api/v1/ingest/web", "line\n").status)
	assert.Equal(t, 401, f.do("POST", "/api/v1/ingest/web", "line\n", "Authorization", "Bearer sender").status)
}
