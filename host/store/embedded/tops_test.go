package embedded_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// TestTops: the terms with the most events are right, however they lie in segments, in those that times cut and in what is not
// yet written, from the first time that they are asked for to when they are found by what is kept.
func TestTops(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			s := openIn(t, t.TempDir(), manual)
			kept := 12 + r.IntN(30)
			s.OnlyTops(kept)
			skew := []float64{0, 1.2, 2, 4}[seed%4]
			term := func() int { // the few of low numbers are frequent, unless there is no skew
				x := 1.0
				for range int(skew * 2) {
					x *= r.Float64()
				}
				if skew == 0 {
					x = r.Float64()
				}
				return int(x * 300)
			}
			type event struct {
				at     time.Time
				ip     string
				words  []string
				number int
			}
			var all []event
			load := func(entry uint64) {
				evs := events(entry, 400)
				for i, ev := range evs {
					e := event{at: epoch.Add(time.Duration(entry)*time.Hour + time.Duration(i)*time.Second), number: r.IntN(1000)}
					k := term()
					e.ip = fmt.Sprintf("10.0.%d.%d", k/100, k%100)
					var words []any
					for range r.IntN(3) {
						e.words = append(e.words, fmt.Sprintf("host-%d", term()))
						words = append(words, e.words[len(e.words)-1])
					}
					ev["@timestamp"], ev["event.ingested"], ev["source.ip"], ev["related.hosts"], ev["source.port"] = e.at, e.at, e.ip, words, int64(e.number)
					all = append(all, e)
				}
				b, err := storetest.Batch(entry, evs)
				require.NoError(t, err)
				require.NoError(t, s.Append(context.Background(), entry, []*wire.Batch{b}))
			}
			want := func(from, to time.Time, size int, terms func(event) []string) string {
				counts, numbers, total := map[string]int{}, map[string]int{}, 0
				for _, e := range all {
					if e.at.Before(from) || !e.at.Before(to) {
						continue
					}
					of := slices.Compact(slices.Sorted(slices.Values(terms(e))))
					for _, w := range of {
						counts[w]++
						numbers[w] += e.number
						total++
					}
				}
				var top []string
				for w := range counts {
					top = append(top, w)
				}
				slices.SortFunc(top, func(a, b string) int {
					return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(order(a), order(b)))
				})
				out := ""
				for _, w := range top[:min(size, len(top))] {
					out += fmt.Sprintf("%s %d %d; ", w, counts[w], numbers[w])
					total -= counts[w]
				}
				return out + fmt.Sprint("other ", total)
			}
			got := func(from, to time.Time, size int, field string) string {
				res, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{
					Selection: store.Selection{Query: &query.All{}, From: from, To: to},
					Aggs:      []store.Agg{{Kind: store.Terms, Field: field, Size: size, Aggs: []store.Agg{{Kind: store.Sum, Field: "source.port"}}}},
				})
				require.NoError(t, err)
				out := ""
				for _, b := range res.Aggs[0].Buckets {
					out += fmt.Sprintf("%s %d %.0f; ", b.Text, b.Count, *b.Aggs[0].Value)
				}
				return out + fmt.Sprint("other ", res.Aggs[0].Other)
			}
			for entry := uint64(1); entry <= 6; entry++ {
				load(entry)
				if entry < 6 { // the last stays unwritten
					require.NoError(t, s.Flush(context.Background()))
				}
			}
			for range 4 {
				for _, size := range []int{1, 3, 10} {
					from := epoch.Add(time.Hour + time.Duration(r.IntN(500))*time.Second)
					to := epoch.Add(6*time.Hour + time.Duration(r.IntN(500))*time.Second)
					require.Equal(t, want(from, to, size, func(e event) []string { return []string{e.ip} }), got(from, to, size, "source.ip"))
					require.Equal(t, want(from, to, size, func(e event) []string { return e.words }), got(from, to, size, "related.hosts"))
				}
			}
			if used, _ := s.Partials(); skew > 3 {
				require.Positive(t, used)
			}
		})
	}
}

// order is a text by which addresses and names are in the order of their terms.
func order(term string) string {
	if !strings.HasPrefix(term, "10.") {
		return term
	}
	var out string
	for part := range strings.SplitSeq(term, ".") {
		out += fmt.Sprintf("%03s", part)
	}
	return out
}
