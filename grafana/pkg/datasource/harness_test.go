package datasource_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
	"github.com/logcenter/logcenter/grafana/pkg/datasource"
)

// update rewrites the pairs of request and response in grafana/testdata.
var update = flag.Bool("update", false, "rewrite the snapshots")

// start and span are when the sample lines of the shared host are from.
var start = time.Date(2026, 10, 11, 4, 0, 0, 0, time.UTC)

const (
	sampleLines = 2000
	span        = 10 * time.Minute
)

// shared is a running host with sample lines that no test changes. It is started by the first test that asks for it.
var shared = sync.OnceValues(func() (*hosttest.Host, error) {
	h, err := hosttest.Start(hosttest.Options{Config: "streams:\n  - {name: firewalls, query: 'observer.type:firewall', description: 防火墙}\n"})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	lines, err := hosttest.Sample{Lines: sampleLines, Start: start, Span: span}.Make(ctx)
	if err == nil {
		err = h.Feed(ctx, lines)
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
})

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if started {
		if h, err := shared(); err == nil {
			h.Close()
		}
	}
	os.Exit(code)
}

var started bool

func host(t testing.TB) *hosttest.Host {
	t.Helper()
	started = true
	h, err := shared()
	require.NoError(t, err)
	return h
}

// source is a datasource as Grafana makes it.
type source struct {
	*datasource.Datasource
	context backend.PluginContext
}

// open makes the datasource of a host. json is its jsonData.
func open(t testing.TB, url, token, jsonData string) source {
	t.Helper()
	return openWith(t, backend.DataSourceInstanceSettings{
		URL: url, JSONData: []byte(jsonData), DecryptedSecureJSONData: map[string]string{"apiToken": token},
	})
}

func openWith(t testing.TB, s backend.DataSourceInstanceSettings) source {
	t.Helper()
	s.UID, s.Name, s.ID, s.Type = "lc", "Logcenter", 1, "logcenter-logcenter-datasource"
	if len(s.JSONData) == 0 {
		s.JSONData = []byte("{}")
	}
	i, err := datasource.New(t.Context(), s)
	require.NoError(t, err)
	d, ok := i.(*datasource.Datasource)
	require.True(t, ok)
	t.Cleanup(d.Dispose)
	return source{d, backend.PluginContext{DataSourceInstanceSettings: &s}}
}

// opened is the datasource of the shared host.
func opened(t testing.TB) source {
	t.Helper()
	h := host(t)
	return open(t, h.URL, h.Token, "")
}

var wholeRange = backend.TimeRange{From: start.Add(-time.Minute), To: start.Add(span + time.Minute)}

// query asks one query; q is its JSON.
func (s source) query(ctx context.Context, q string, r backend.TimeRange) backend.DataResponse {
	res, err := s.QueryData(ctx, &backend.QueryDataRequest{PluginContext: s.context, Queries: []backend.DataQuery{
		{RefID: "A", JSON: []byte(q), TimeRange: r, Interval: 10 * time.Second, MaxDataPoints: 500},
	}})
	if err != nil {
		return backend.DataResponse{Error: fmt.Errorf("QueryData itself failed: %w", err)}
	}
	return res.Responses["A"]
}

// frames asks a query that must be answered.
func (s source) frames(t testing.TB, q string, r backend.TimeRange) data.Frames {
	t.Helper()
	res := s.query(t.Context(), q, r)
	require.NoError(t, res.Error)
	return res.Frames
}

func field(t testing.TB, f *data.Frame, name string) *data.Field {
	t.Helper()
	got, i := f.FieldByName(name)
	require.GreaterOrEqual(t, i, 0, "the frame has no field %s", name)
	return got
}

// column is a field's values.
func column[T any](t testing.TB, f *data.Frame, name string) []T {
	t.Helper()
	of := field(t, f, name)
	list := make([]T, of.Len())
	for i := range list {
		v, ok := of.ConcreteAt(i)
		if !ok {
			continue
		}
		list[i], ok = v.(T)
		require.True(t, ok, "%s has %T", name, v)
	}
	return list
}

// custom is a frame's Meta.Custom as its reader gets it.
func custom(t testing.TB, f *data.Frame) (c struct {
	Total   int64  `json:"total"`
	Cursor  string `json:"cursor"`
	Limited bool   `json:"limited"`
	Dropped uint64 `json:"dropped"`
},
) {
	t.Helper()
	b, err := json.Marshal(f.Meta.Custom)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &c))
	return c
}

// reachesBack is the host's notice of ranges as old as the sample lines.
const reachesBack = "the time range reaches past what is online: events are searched for 30 days, by their type; older ones are in the archive (an admin finds them there)"

func notices(f *data.Frame) []string {
	var list []string
	for _, n := range f.Meta.Notices {
		list = append(list, n.Text)
	}
	return list
}
