package embedded_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// hourly loads an entry of rows events, a second apart, at the entry's hour; the clock of the first is days ahead, that of the
// second days behind.
func hourly(t *testing.T, s *embedded.Store, entry uint64, rows int) {
	t.Helper()
	evs := events(entry, rows)
	for i, ev := range evs {
		ev["@timestamp"] = epoch.Add(time.Duration(entry)*time.Hour + time.Duration(i)*time.Second)
		ev["event.ingested"] = ev["@timestamp"]
		ev["source.ip"] = fmt.Sprintf("10.0.%d.%d", entry%2, i%3)
	}
	evs[0]["@timestamp"], evs[1]["@timestamp"] = epoch.AddDate(0, 0, 3), epoch.AddDate(0, 0, -3)
	b, err := storetest.Batch(entry, evs)
	require.NoError(t, err)
	require.NoError(t, s.Append(context.Background(), entry, []*wire.Batch{b}))
	require.NoError(t, s.Flush(context.Background()))
}

// ask counts the events in a time by class, and the addresses of each, and adds up their numbers. An error is an answer.
func ask(s *embedded.Store, from, to time.Time) string {
	r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{
		Selection: store.Selection{Query: &query.All{}, From: from, To: to},
		Aggs: []store.Agg{
			{Kind: store.Sum, Field: "event.sequence"},
			{Kind: store.Terms, Field: "logcenter.log_type", Aggs: []store.Agg{{Kind: store.Distinct, Field: "source.ip"}}},
		},
	})
	if err != nil {
		return err.Error()
	}
	out := fmt.Sprintf("%d events, sum %.0f", r.Total, *r.Aggs[0].Value)
	for _, b := range r.Aggs[1].Buckets {
		out += fmt.Sprintf("; %d %s of %.0f", b.Count, b.Text, *b.Aggs[0].Value)
	}
	return out
}

// TestPartials: a question that is asked again, also over times that have moved on, is answered by what is known of
// segments, and the answer stays right as segments come, are merged, and go.
func TestPartials(t *testing.T) {
	s := openIn(t, t.TempDir(), manual)
	for e := uint64(1); e <= 3; e++ {
		hourly(t, s, e, 100)
	}
	at := func(hour int) time.Time { return epoch.Add(time.Duration(hour)*time.Hour - 30*time.Minute) }
	const three = "294 events, sum 44247; 147 attack of 6; 147 run_state of 6"
	require.Equal(t, three, ask(s, at(1), at(10)))
	used, made := s.Partials()
	require.Zero(t, used)
	require.Positive(t, made)
	require.Equal(t, three, ask(s, at(1).Add(time.Minute), at(10).Add(time.Minute)))
	used, again := s.Partials()
	require.Positive(t, used)
	require.Equal(t, made, again, "all was there")

	require.Equal(t, "196 events, sum 39298; 98 attack of 6; 98 run_state of 6", ask(s, at(2), at(10)))
	require.Equal(t, "186 events, sum 38233; 93 attack of 6; 93 run_state of 6", ask(s, epoch.Add(2*time.Hour+12*time.Second), at(10)), "an hour is cut")
	_, again = s.Partials()
	require.Equal(t, made, again, "where an hour is cut groups are kept when they are asked for again")
	for i := range 3 {
		cut := epoch.Add(2*time.Hour + time.Duration(13+i)*time.Second)
		want := fmt.Sprintf("%d events, ", 185-i)
		require.Contains(t, ask(s, cut, at(10)), want)
		require.Contains(t, ask(s, at(2), epoch.Add(3*time.Hour+time.Duration(12-i)*time.Second)), fmt.Sprintf("%d events, ", 108-i))
	}
	_, edges := s.Partials()
	require.Greater(t, edges, made)

	const four = "392 events, sum 78596; 196 attack of 6; 196 run_state of 6"
	hourly(t, s, 4, 100)
	require.Equal(t, four, ask(s, at(1), at(10)))
	_, again = s.Partials()
	require.Equal(t, edges+made/3, again, "only the new segments were read")

	for e := uint64(5); e <= 8; e++ {
		hourly(t, s, e, 100)
	}
	const eight = "784 events, sum 313992; 392 attack of 6; 392 run_state of 6"
	require.Equal(t, eight, ask(s, at(1), at(10)))
	merged, err := s.Merge(context.Background())
	require.NoError(t, err)
	require.True(t, merged)
	for range 2 {
		require.Equal(t, eight, ask(s, at(1), at(10)))
	}
	parts, err := s.Partitions(context.Background())
	require.NoError(t, err)
	require.Len(t, parts, 2)
	require.NoError(t, s.DropPartition(context.Background(), parts[0].ID))
	for range 3 {
		require.Contains(t, []string{"392 events, sum 157192; 392 run_state of 6", "392 events, sum 156800; 392 attack of 6"}, ask(s, at(1), at(10)))
	}
}

// TestPartialsBounded: many questions do not take more than the limit, and go on being answered.
func TestPartialsBounded(t *testing.T) {
	s := openIn(t, t.TempDir(), manual)
	const limit = 20_000
	s.LimitPartials(limit)
	for e := uint64(1); e <= 3; e++ {
		hourly(t, s, e, 100)
	}
	for i := range 60 {
		n, err := query.Parse(fmt.Sprintf("event.sequence:>=%d", i))
		require.NoError(t, err)
		for range 3 {
			r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{
				Selection: store.Selection{Query: n, From: epoch.AddDate(0, 0, -9), To: epoch.AddDate(0, 0, 9)},
				Aggs:      []store.Agg{{Kind: store.Terms, Field: "source.ip"}},
			})
			require.NoError(t, err)
			require.EqualValues(t, 300-i, r.Total)
			require.Len(t, r.Aggs[0].Buckets, 6)
			assert.LessOrEqual(t, s.Stats().PartialBytes, int64(limit))
		}
	}
	used, _ := s.Partials()
	require.Positive(t, used)
}

// TestPartialsAtOnce: questions alike at the same moment, while segments come and go, are all answered right.
func TestPartialsAtOnce(t *testing.T) {
	s := openIn(t, t.TempDir(), manual)
	for e := uint64(1); e <= 6; e++ {
		hourly(t, s, e, 100)
	}
	want := ask(s, epoch, epoch.Add(7*time.Hour))
	got := make(chan string)
	for range 16 {
		go func() {
			for range 4 {
				got <- ask(s, epoch, epoch.Add(7*time.Hour))
			}
		}()
	}
	for i := range 16 * 4 {
		if i%8 == 0 {
			hourly(t, s, uint64(10+i/8), 100) // outside of the time
		}
		if i == 40 {
			_, err := s.Merge(context.Background())
			require.NoError(t, err)
		}
		require.Equal(t, want, <-got)
	}
	_, made := s.Partials()
	require.Positive(t, made)
	require.Less(t, made, int64(200), "one made them for all")
}

// TestPercentilesOfPartials: percentiles are the same to the last digit, from events and from what is kept of them.
func TestPercentilesOfPartials(t *testing.T) {
	s := openIn(t, t.TempDir(), manual)
	for e := uint64(1); e <= 3; e++ {
		hourly(t, s, e, 365)
	}
	n, err := query.Parse("event.sequence:>=1")
	require.NoError(t, err)
	r := store.AggregateRequest{
		Selection: store.Selection{Query: n, From: epoch.AddDate(0, 0, -9), To: epoch.AddDate(0, 0, 9)},
		Aggs:      []store.Agg{{Kind: store.Percentiles, Field: "event.sequence", Percents: []float64{0, 1, 12.5, 33.3, 50, 66.6, 90, 95, 99, 99.9, 99.99, 100}}},
	}
	want, err := s.AggregateRows(context.Background(), store.Everything(), r)
	require.NoError(t, err)
	for range 2 {
		got, err := s.Aggregate(context.Background(), store.Everything(), r)
		require.NoError(t, err)
		require.Equal(t, want.Aggs[0].Values, got.Aggs[0].Values)
	}
	used, _ := s.Partials()
	require.Positive(t, used)
}
