package datasource_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/logcenter/logcenter/sdk/client"
)

// queries are those that fuzzing begins with.
func queries(f *testing.F) [][]byte {
	list := [][]byte{
		[]byte(`{"kind":"logs","around":{"id":"x","time":"2026-10-11T12:00:00Z","before":true},"filters":[{"key":"a","operator":"=|","values":["b"]}]}`),
		[]byte(`{"kind":"metrics","chart":{"kind":"drill_down","by":[{"field":"a"},{"field":"b","size":3}],"previous":"1d","compare":[{"query":"x"}]}}`),
		[]byte(`{"kind":"metrics","chart":{"kind":"terms","field":"a","other":true,"as":"series","missing":"none"},"legend":"{{a}} {{calc}}"}`),
		[]byte(`{"kind":"metrics","chart":{"kind":"histogram","field":"a","by":[{"field":"b"}],"previous":"range"}}`),
		[]byte(`{"kind":"metrics","chart":{"kind":"percentiles","field":"a","percents":[1,99.9],"as":"series","timeZone":"Asia/Shanghai","interval":"1w"}}`),
		[]byte(`{"kind":"metrics","chart":{"kind":"geo","compare":[{"field":"destination.geo.location"}]}}`),
		[]byte(`{"kind":"metrics","chart":{"kind":"time_segments","field":"event.duration","calcs":["count","distinct","sum"],"by":[{"field":"b"}]}}`),
		[]byte(`{"kind":"metrics","chart":{"kind":"numeric_ranges","field":"a","ranges":[{"to":1},{"from":1,"name":"x"}]}}`),
		[]byte(`{"kind":"metrics","chart":{"kind":"field_stats","field":"a","calcs":["count","avg"],"compare":[{"name":"n","query":"b:1"}]}}`),
		[]byte(`{"kind":"alerts","alerts":{"states":["open"],"text":"x"},"limit":5}`),
		[]byte(`{"kind":"rates","alerts":{"by":"device_rule"}}`),
		[]byte(`{"kind":"explain","eventId":"x"}`),
		[]byte(`{"kind":"table","fields":["a","b"],"limit":3}`),
		[]byte(`{"query":"$__timeFilter AND a:/x/ OR [1 TO","limit":-1}`),
	}
	requests, _ := filepath.Glob("../../testdata/*.request.json")
	for _, path := range requests {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

// FuzzQueryJSON asks whatever the JSON of a query says of a host that is not there, and a tail of it: there is an answer, or
// an error that is nobody's panic.
func FuzzQueryJSON(f *testing.F) {
	for _, b := range queries(f) {
		f.Add(b)
	}
	s := open(f, closedPort(f), "token", `{"stream":"s"}`)
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond) // so that nothing is tried again
		defer cancel()
		res := s.query(ctx, string(b), wholeRange)
		if res.Error == nil {
			t.Fatal("a host that is not there has answered")
		}
		if res.ErrorSource == backend.ErrorSourcePlugin {
			t.Fatalf("%v", res.Error)
		}
		if _, err := s.SubscribeStream(ctx, &backend.SubscribeStreamRequest{PluginContext: s.context, Path: "tail/x", Data: b}); err == nil {
			t.Fatal("a host that is not there has answered")
		}
	})
}

// FuzzAnswers asks whatever the JSON of a query says, of a host that answers whatever a host may, and more: what is asked of
// it is right, and what becomes of its answer is frames that Grafana can read, or an error that is nobody's panic.
func FuzzAnswers(f *testing.F) {
	for i, b := range queries(f) {
		f.Add(b, uint64(i)<<8, []byte(`{"aggs":[{"name":"x","buckets":[{}]}]}`))
		f.Add(b, uint64(i)<<8|1, []byte(nil))
	}
	s := open(f, "http://127.0.0.1:1", "token", "")
	f.Fuzz(func(t *testing.T, b []byte, seed uint64, raw []byte) {
		ctx, cancel, ok := answered(t, seed, raw)
		if !ok {
			return
		}
		defer cancel()
		res := s.query(ctx, string(b), wholeRange)
		if res.ErrorSource == backend.ErrorSourcePlugin {
			t.Fatalf("%v", res.Error)
		}
		if res.Error != nil {
			return
		}
		for _, frame := range res.Frames {
			if _, err := frame.MarshalArrow(); err != nil {
				t.Fatalf("Grafana cannot read a frame: %v", err)
			}
			if _, err := json.Marshal(frame); err != nil {
				t.Fatalf("Grafana cannot read a frame: %v", err)
			}
		}
	})
}

// FuzzResources asks what editors do, of such a host.
func FuzzResources(f *testing.F) {
	urls := []string{"assets?size=3", "field-values?field=a&prefix=b", "streams", "rules", "fields"}
	for i := range urls {
		f.Add(uint8(i), uint64(i)|1, []byte(nil))
		f.Add(uint8(i), uint64(0), []byte(`{"aggs":[{"buckets":[{"aggs":[{}]}]}],"top":[{"key":1,"text":"b"}],"fields":[{}],"streams":[{}],"rules":[{}],"total":2}`))
	}
	s := open(f, "http://127.0.0.1:1", "token", "")
	f.Fuzz(func(t *testing.T, which uint8, seed uint64, raw []byte) {
		ctx, cancel, ok := answered(t, seed, raw)
		if !ok {
			return
		}
		defer cancel()
		url := urls[int(which)%len(urls)]
		path, _, _ := strings.Cut(url, "?")
		err := s.CallResource(ctx, &backend.CallResourceRequest{PluginContext: s.context, Path: path, URL: url, Method: http.MethodGet},
			backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error {
				if r.Status == http.StatusInternalServerError {
					t.Errorf("%s: %s", path, r.Body)
				}
				return nil
			}))
		if err != nil {
			t.Fatal(err)
		}
	})
}

// answered is a context in which the host answers as anyAnswer says. It is not ok with what is no JSON, which to a client is
// a connection that broke, so that it asks again.
func answered(t *testing.T, seed uint64, raw []byte) (ctx context.Context, cancel func(), ok bool) {
	t.Helper()
	if len(raw) > 0 && !json.Valid(raw) {
		return nil, nil, false
	}
	ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond) // of pages that never end
	return through(ctx, func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		body, err := anyAnswer(r, seed, raw)
		if err != nil {
			t.Errorf("%s is asked for what it cannot be: %v", r.URL.Path, err)
		}
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r,
		}, nil
	}), cancel, true
}

// anyAnswer is an answer to a request: raw, if there is any, else one of the right form that depends on the seed, and is in
// parts not what was asked for if the seed is odd. The error is about the request.
func anyAnswer(r *http.Request, seed uint64, raw []byte) ([]byte, error) {
	_, path, _ := strings.Cut(r.URL.Path, "/api/v1/")
	if path == "openapi.json" {
		return []byte(`{"info":{"version":"0.1.0"}}`), nil
	}
	var asked []byte
	if r.Body != nil {
		asked, _ = io.ReadAll(r.Body)
	}
	if len(raw) > 0 {
		return raw, nil
	}
	random := answering{rand.New(rand.NewPCG(seed, uint64(len(asked)))), seed&1 == 1}
	switch path {
	case "aggregate":
		var a client.AggregateRequest
		if err := json.Unmarshal(asked, &a); err != nil {
			return nil, err
		}
		return json.Marshal(client.Aggregation{Total: random.Int64N(1000), Aggs: random.aggs(a.Aggs), Notices: []string{"n"}})
	case "search":
		var a client.SearchRequest
		if err := json.Unmarshal(asked, &a); err != nil {
			return nil, err
		}
		return random.page(a.Limit), nil
	default: // lists, by the names of all of them
		return []byte(`{"alerts":[{}],"rates":[{}],"letters":[{}],"dead_letters":[{}],"plugins":[{}],"inputs":[{}],"fields":[{}],"total":1}`), nil
	}
}

// answering makes answers.
type answering struct {
	*rand.Rand
	wrong bool
}

// odd says now and then to do something else than what is right.
func (a answering) odd() bool { return a.wrong && a.IntN(8) == 0 }

func (a answering) number() *float64 {
	v := []float64{0, 1, -1, 1e300, -1e300, 0.1, 1 << 53}[a.IntN(7)]
	if a.IntN(5) == 0 {
		return nil
	}
	return &v
}

func (a answering) aggs(asked []client.Agg) []client.AggResult {
	var out []client.AggResult
	for _, one := range asked {
		if a.odd() {
			continue
		}
		r := client.AggResult{Name: one.Name, Kind: one.Kind, Value: a.number(), Other: a.Int64N(3)}
		for range one.Percents {
			if !a.odd() {
				r.Values = append(r.Values, a.number())
			}
		}
		var keys []any
		switch one.Kind {
		case "date_histogram":
			for i := range a.IntN(4) {
				keys = append(keys, start.Add(time.Duration(i)*time.Minute).Format(time.RFC3339Nano))
			}
		case "histogram":
			keys = []any{-1, 0.5, 2}
		case "ranges":
			for range one.Ranges {
				keys = append(keys, "r")
			}
		case "terms", "geotile":
			keys = []any{"", "x", 5, true}[:a.IntN(5)]
		}
		for i, k := range keys {
			if a.odd() {
				k = []any{nil, "x", -7, []any{1}, map[string]any{}}[a.IntN(5)]
			}
			b := client.Bucket{Key: k, Text: fmt.Sprint(k), Count: a.Int64N(100), Aggs: a.aggs(one.Aggs)}
			if one.Kind == "geotile" && !a.odd() {
				b.Center = &client.Point{Lat: float64(i), Lon: 180}
			}
			r.Buckets = append(r.Buckets, b)
		}
		out = append(out, r)
	}
	return out
}

// page has up to ten events.
func (a answering) page(limit int) []byte {
	var events []string
	for i := range a.IntN(min(10, limit) + 1) {
		value := []string{`1`, `"a\u00e9\ud83d\ude00"`, `[1,"b",null,[2]]`, `{"x":{}}`, `true`, `null`, `1e400`, `-0.5`, `"2026-10-11T04:00:00Z"`, `""`}[a.IntN(10)]
		event := fmt.Sprintf(`{"@timestamp":"2026-10-11T04:0%d:00Z","event.id":"%d","message":"m \"%d\"","a":%s}`, i, i, i, value)
		if a.odd() {
			event = []string{`{}`, `{"@timestamp":5}`, `{"a":}`, `{"a"}`, `{"a":"\u12"}`, `{"":1}`, `{"a":1,}`}[a.IntN(7)]
		}
		events = append(events, event)
	}
	return fmt.Appendf(nil, `{"events":[%s],"total":%d}`, strings.Join(events, ","), len(events))
}
