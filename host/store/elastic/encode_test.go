package elastic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// firewall is a batch as the parsers of firewalls make them.
func firewall(tb testing.TB, rows int) *wire.Batch {
	tb.Helper()
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	events := make([]storetest.Event, rows)
	for i := range events {
		src, dst := fmt.Sprintf("10.0.%d.%d", i%200, i%250), fmt.Sprintf("192.0.2.%d", i%250)
		events[i] = storetest.Event{
			"@timestamp": at.Add(time.Duration(i) * time.Millisecond), "event.ingested": at.Add(time.Hour),
			"message":   fmt.Sprintf("<188>2026-11-21 10:00:00 fw-%d%%%%FW/SESSION/4/LOG: srcip=%s;dstip=%s;sport=%d;dport=443;proto=tcp;action=permit;policy=%d;bytes=%d", i%9, src, dst, 1024+i%60000, i%50, i*37),
			"host.name": fmt.Sprintf("fw-%d", i%9),
			"source.ip": netip.MustParseAddr(src), "destination.ip": netip.MustParseAddr(dst), "source.port": int64(1024 + i%60000),
			"destination.port": int64(443), "network.transport": "tcp", "event.action": "permit", "observer.type": "firewall",
			"logcenter.log_type": "attack", "source.bytes": int64(i * 37), "acme.policy": fmt.Sprint(i % 50),
		}
	}
	b, err := storetest.Batch(1, events)
	require.NoError(tb, err)
	return b
}

// TestEncodeIsJSON: every line of a bulk is one JSON object.
func TestEncodeIsJSON(t *testing.T) {
	b := firewall(t, 50)
	e, err := newBatchEncoder(1, 0, b, elasticsearchProduct, nil)
	require.NoError(t, err)
	at, _ := e.times()
	for row := range int(b.Rows) {
		doc := e.document(nil, row, at[row], []byte(`{"index":{"_index":"index","_id":"`))
		d := json.NewDecoder(bytes.NewReader(doc))
		var action, source map[string]any
		require.NoError(t, d.Decode(&action))
		require.NoError(t, d.Decode(&source))
		require.Equal(t, "fw-"+fmt.Sprint(row%9), source["host.name"])
		require.Equal(t, []any{"acme.policy"}, source[colNames])
	}
}

// TestRejectedDocumentIsTheEvent: whoever is told of a document that the cluster refuses gets it back as an event.
func TestRejectedDocumentIsTheEvent(t *testing.T) {
	b := firewall(t, 3)
	for _, p := range []product{elasticsearchProduct, openSearchProduct} {
		e, err := newBatchEncoder(7, 0, b, p, nil)
		require.NoError(t, err)
		at, _ := e.times()
		c := &chunk{buf: []byte("of the document before")}
		d := document{from: e.from, row: 2, begin: len(c.buf)}
		e.document(nil, 0, at[0], nil)
		c.buf = e.document(c.buf, 2, at[2], []byte(`{"index":{"_index":"index","_id":"`))
		d.end = len(c.buf)
		c.buf = append(c.buf, "of the next"...)

		var got store.Rejection
		s := &Store{opts: Options{Rejected: func(r store.Rejection) { got = r }}, client: &client{}}
		s.client.product.Store(int32(p))
		s.rejectDocument(c, d, errors.New("bad"))
		want := store.EventAt(b, 2)
		delete(got.Event, "logcenter.position")
		require.Equal(t, store.Rejection{Offset: 7, Source: e.from.source, Row: 2, Reason: "bad", Event: want}, got)
	}
}

// BenchmarkEncode is the host's work for a bulk; MB/s are of the raw log.
func BenchmarkEncode(b *testing.B) {
	batch := firewall(b, 4000)
	raw := int64(0)
	action := []byte(`{"index":{"_index":"logcenter-ev-firewall.attack-2026-11-21-000001","_id":"`)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		e, err := newBatchEncoder(1, 0, batch, elasticsearchProduct, nil)
		if err != nil {
			b.Fatal(err)
		}
		raw = int64(len(e.message.Data))
		at, _ := e.times()
		dst = dst[:0]
		for row := range int(batch.Rows) {
			dst = e.document(dst, row, at[row], action)
		}
	}
	b.SetBytes(raw)
	b.ReportMetric(float64(len(dst))/float64(raw), "sent/raw")
}

// TestEncodeValues: what is rendered beforehand, and what JSON escapes, comes out as it went in.
func TestEncodeValues(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 123456000, time.UTC)
	line := "GET \"/a\\b\"\t\x01 登录"
	b, err := storetest.Batch(1, []storetest.Event{
		{"@timestamp": at, "message": "one", "event.category": []any{"network", "web"}, "user.name": `a"b`, "source.ip": netip.MustParseAddr("10.0.200.7"), "acme.x": "1"},
		{"@timestamp": at, "message": line, "event.category": []any{"web"}, "source.ip": netip.MustParseAddr("2001:db8::1")},
		{"@timestamp": at.Add(-100 * 365 * 24 * time.Hour), "message": "two", "user.name": `a"b`},
	})
	require.NoError(t, err)
	e, err := newBatchEncoder(1, 0, b, elasticsearchProduct, nil)
	require.NoError(t, err)
	times, _ := e.times()
	f := func(row int, want map[string]any) {
		t.Helper()
		d := json.NewDecoder(bytes.NewReader(e.document(nil, row, times[row], []byte(`{"index":{"_id":"`))))
		var action, source map[string]any
		require.NoError(t, d.Decode(&action))
		require.NoError(t, d.Decode(&source))
		for name, v := range want {
			require.Equal(t, v, source[name], name)
		}
	}
	f(0, map[string]any{
		"event.category": []any{"network", "web"}, "user.name": `a"b`, "source.ip": "10.0.200.7", "message": "one",
		"@timestamp": "2026-11-21T10:00:00.123456Z", colNames: []any{"acme.x"},
	})
	f(1, map[string]any{"event.category": []any{"web"}, "user.name": nil, "source.ip": "2001:db8::1", "message": line, colTokens: "get a b 登 录", colNames: nil})
	f(2, map[string]any{"event.category": nil, "user.name": `a"b`, "message": "two", "@timestamp": "1926-12-16T10:00:00.123456Z"})
}
