package storetest

import (
	"context"
	"encoding/json"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

const messageField = uint32(ecs.Message)

func columnNamed(t *testing.T, b *wire.Batch, name string) *wire.Column {
	t.Helper()
	f, _ := ecs.Lookup(name)
	c := b.Column(uint32(f))
	require.NotNil(t, c, "no column %s", name)
	return c
}

// testValues: what comes out is what went in, from tail and segments, by search and scan.
func testValues(t *testing.T, s store.Store) {
	at := epoch.Add(123456789 * time.Nanosecond)
	long := strings.Repeat("长", 5000)
	in := Event{
		"@timestamp": at, "event.ingested": at.Add(time.Second), "message": "a line with 中文 and \x01 \"quotes\" \\ and " + long,
		"user.name": "o'neill \"x\" \\ \n\t\x7f", "source.ip": netip.MustParseAddr("10.1.2.3"), "destination.ip": netip.MustParseAddr("2001:db8::7"),
		"source.port": int64(443), "file.size": int64(-1 << 63), "event.risk_score": 0.1, "tags": []any{"b", "a", "b"},
		"related.ip": []any{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("::1")}, "event.start": time.Unix(0, -1).UTC(),
		"source.geo.location": map[string]any{"lat": json.Number("31.25"), "lon": json.Number("-121.5")},
		"acme.note":           "undeclared \"q\" \\ 中", "acme.list": []any{"x", "y"}, "user.id": "",
	}
	load(t, s, 1, []Event{in, {"@timestamp": at, "message": ""}})
	want := store.Event{}
	for k, v := range in {
		want[k] = v
	}
	want["source.geo.location"] = store.GeoPoint{Lat: 31.25, Lon: -121.5}
	want["event.id"] = store.EventID{Journal: Journal, Position: store.Position(1, 0, 0)}.String()
	want["logcenter.position"] = store.Position(1, 0, 0)
	for _, from := range []string{"tail", "segment"} {
		p, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: whole(), OldestFirst: true})
		require.NoError(t, err)
		require.Len(t, p.Events, 2)
		assert.Equal(t, want, p.Events[0], from)
		assert.Empty(t, p.Events[1]["message"], from)
		assert.NotContains(t, p.Events[1], "user.name", from)
		require.NoError(t, s.Flush(context.Background()))
	}
	for b, err := range s.Scan(context.Background(), store.Everything(), store.ScanRequest{Selection: whole()}) {
		require.NoError(t, err)
		require.NoError(t, b.Batch.Validate(messageField))
		m := b.Batch.Column(messageField)
		for _, c := range b.Batch.Columns {
			if c.Has(0) && c.Type == wire.Type_STRING && len(c.Lists) == 0 {
				assert.Equal(t, in[c.Name], string(c.Text(0, 0, m)), c.Name)
			}
		}
		ip := columnNamed(t, b.Batch, "destination.ip")
		assert.Equal(t, in["destination.ip"], ip.Addr(0))
		lat, lon := columnNamed(t, b.Batch, "source.geo.location").Point(0)
		assert.Equal(t, [2]float64{31.25, -121.5}, [2]float64{lat, lon})
		tags := columnNamed(t, b.Batch, "tags")
		from, to := tags.List(0)
		assert.Equal(t, 3, to-from)
		assert.Equal(t, Journal, b.Batch.Journal)
	}
}

func testFieldsOfPage(t *testing.T, s store.Store) {
	load(t, s, 1, numbered(0, 2, epoch))
	for range 2 {
		p, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: whole(), Limit: 1, Fields: []string{"event.sequence", "event.original"}})
		require.NoError(t, err)
		ev := p.Events[0]
		require.Len(t, ev, 4)
		require.EqualValues(t, 1, ev["event.sequence"])
		require.Equal(t, "event number 1 of many", ev["message"])
		require.NoError(t, s.Flush(context.Background()))
	}
}

// testZeros: a number that is zero is found with either sign, whatever index a store has of its values.
func testZeros(t *testing.T, s store.Store) {
	events := numbered(0, 300, epoch)
	for i := range events {
		events[i]["event.risk_score"] = []float64{math.Copysign(0, -1), 0, 7}[i%3]
	}
	load(t, s, 1, events)
	below := []store.Agg{{Kind: store.Terms, Field: "event.risk_score", Size: 1, Aggs: []store.Agg{{Kind: store.Terms, Field: "observer.type", Size: 1}}}}
	for range 2 {
		for _, q := range []string{"event.risk_score:0", "event.risk_score:-0", "event.risk_score:(0 OR 8)", "event.risk_score:[0 TO 0]", "event.risk_score:<=0"} {
			assert.EqualValues(t, 200, count(t, s, q), q)
		}
		r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{Selection: whole(), Aggs: below})
		require.NoError(t, err)
		require.Len(t, r.Aggs[0].Buckets, 1)
		zero := r.Aggs[0].Buckets[0]
		assert.EqualValues(t, 200, zero.Count)
		require.Len(t, zero.Aggs[0].Buckets, 1)
		assert.EqualValues(t, 200, zero.Aggs[0].Buckets[0].Count)
		require.NoError(t, s.Flush(context.Background()))
	}
}

// testTilesNotWanted: what lies in tiles beyond those that are asked for does not count, here a histogram of far too many
// buckets.
func testTilesNotWanted(t *testing.T, s store.Store) {
	events := numbered(0, 5, epoch)
	for i := range events {
		events[i]["source.geo.location"] = map[string]any{"lat": json.Number("31.25"), "lon": json.Number("121.5")}
		events[i]["source.bytes"] = int64(i)
		if i > 2 {
			events[i]["source.geo.location"] = map[string]any{"lat": json.Number("52.5"), "lon": json.Number("13.25")}
			events[i]["source.bytes"] = int64(i-3) << 50
		}
	}
	load(t, s, 1, events)
	below := []store.Agg{{Kind: store.Histogram, Field: "source.bytes", Width: 0.5, Empty: true}}
	r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{
		Selection: whole(), Aggs: []store.Agg{{Kind: store.GeoTile, Field: "source.geo.location", Zoom: 8, Size: 1, Aggs: below}},
	})
	require.NoError(t, err)
	require.Len(t, r.Aggs[0].Buckets, 1)
	assert.EqualValues(t, 3, r.Aggs[0].Buckets[0].Count)
	assert.EqualValues(t, 2, r.Aggs[0].Other)
	assert.Len(t, r.Aggs[0].Buckets[0].Aggs[0].Buckets, 5)
}

// testSourcesAndOrdinals: events of several journals, and several of one line, have ids and an order of their own.
func testSourcesAndOrdinals(t *testing.T, s store.Store) {
	ctx := context.Background()
	var batches []*wire.Batch
	for i, journal := range []string{"b", "a", "c-c_c-c_c-c_c-c_c-c_c1"} {
		b, err := Batch(7, numbered(10*i, 2, epoch))
		require.NoError(t, err)
		b.Journal, b.Partition = journal, uint32(i)
		positions := &wire.Builder{}
		positions.Reset(wire.Type_INT64, false, 2, nil, nil)
		positions.Int(0, store.Position(7, 5, 0))
		positions.Int(1, store.Position(7, 5, 1))
		for k, c := range b.Columns {
			if c.Field == uint32(ecs.LogcenterPosition) {
				b.Columns[k] = positions.Finish(c.Field)
			}
		}
		batches = append(batches, b)
	}
	require.NoError(t, s.Append(ctx, 1, batches))
	for range 2 {
		p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: whole(), OldestFirst: true, Count: true})
		require.NoError(t, err)
		var ids []string
		for _, ev := range p.Events {
			id := ev["event.id"].(string)
			ids = append(ids, id)
			require.EqualValues(t, 1, count(t, s, `event.id:"`+id+`"`), id)
		}
		require.Equal(t, []string{
			"a-1-7-5", "b-0-7-5", "c-c_c-c_c-c_c-c_c-c_c1-2-7-5",
			"a-1-7-5-1", "b-0-7-5-1", "c-c_c-c_c-c_c-c_c-c_c1-2-7-5-1",
		}, ids)
		seqs, _, _ := scanAll(t, s, store.ScanRequest{Selection: whole()})
		require.Len(t, seqs, 6)
		require.NoError(t, s.Flush(ctx))
	}
}
