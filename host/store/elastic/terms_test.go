package elastic_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestTermsOverShardsOnElasticsearch(t *testing.T) { runTermsOverShards(t, estest.Shared(t), true) }

// shardsApart are events of as many days, each of which has an index and so a shard of its own.
const shardsApart = 4

// termsCase is events whose most frequent terms the shards do not agree on.
type termsCase struct {
	name     string
	events   func(add func(day, times int, ip, user int))
	searches int // that Elasticsearch needs for the sources; 0 means any number
	also     []store.Agg
}

func termsCases() []termsCase {
	return []termsCase{
		{"hot everywhere above a long tail", func(add func(day, times, ip, user int)) {
			for day := range shardsApart {
				for i := range 12 {
					add(day, 100-i, i, i)
				}
				for i := range 1500 {
					add(day, 2, 1000+day*1500+i, 1000+day*1500+i)
				}
			}
		}, 1, nil},
		{"hot on one shard, below the others' first thousand", func(add func(day, times, ip, user int)) {
			for day := range shardsApart {
				for i := range 6 {
					add(day, 60+10*i, 10*day+i, 10*day+i)
					add((day+1)%shardsApart, 1, 10*day+i, 10*day+i) // behind those of equal counts by its key, or not
				}
				for i := range 1500 {
					add(day, 1, 100+i*7%1900, 100+i)
				}
			}
		}, 2, nil},
		{"ties at the last place", func(add func(day, times, ip, user int)) {
			for day := range shardsApart {
				for i := range 30 { // half of them on two shards each, with as many events
					switch {
					case i%2 == 0 && i%shardsApart == day:
						add(day, 40, 5000-i, 5000-i)
					case i%2 == 1 && i/2%2 == day%2:
						add(day, 20, 5000-i, 5000-i)
					}
				}
				for i := range 1300 {
					add(day, 1, 100+day*1300+i, 100+day*1300+i)
				}
			}
		}, 0, nil},
		{"top term below the first thousand of every shard", func(add func(day, times, ip, user int)) {
			for day := range shardsApart {
				for i := range 1200 {
					add(day, 3, 1000+day*1200+i, 1000+day*1200+i)
				}
				add(day, 2, 60000, 60000)
			}
		}, 2, nil},
		{"term of which the merged answer lacks what one shard has", func(add func(day, times, ip, user int)) {
			const hidden = 9000 // 19 on the first day, which is behind a thousand others, and 3 behind the others' thousand
			for i := range 998 {
				add(0, 20, i, i)
			}
			add(0, 19, hidden, hidden)
			add(0, 1, 9001, 9001)
			for day := 1; day < shardsApart; day++ {
				for i := range 1000 {
					times := 4
					if day == 1 && i < 100 {
						times = 20
					}
					add(day, times, 1000*day+i, 1000*day+i)
				}
				add(day, 3, hidden, hidden)
			}
		}, 0, []store.Agg{{Kind: store.Terms, Field: "user.name", Size: 600}, {Kind: store.Terms, Field: "source.ip", Size: 600}}},
		{"bucket that lacks the events of one shard", func(add func(day, times, ip, user int)) {
			for day := range shardsApart - 1 {
				add(day, 200, 1, 1)
				add(day, 50, 1, 2)
				add(day, 48, 2, 2)
			}
			for i := range 1100 {
				add(shardsApart-1, 6, 100+i, 100+i)
			}
			add(shardsApart-1, 3, 3, 2)
			add(shardsApart-1, 2, 2, 2)
			add(0, 5, 2, 2)
		}, 0, []store.Agg{
			{Kind: store.Terms, Field: "user.name", Size: 2, Aggs: []store.Agg{{Kind: store.Terms, Field: "source.ip", Size: 1}}},
			{Kind: store.Terms, Field: "user.name", Size: 2, Aggs: []store.Agg{{Kind: store.DateHistogram, Interval: "1d", Aggs: []store.Agg{{Kind: store.Terms, Field: "source.ip", Size: 1}}}}},
		}},
		{"random", func(add func(day, times, ip, user int)) {
			r := rand.New(rand.NewPCG(3, 4))
			z := rand.NewZipf(r, 1.2, 4, 4000)
			for day := range shardsApart {
				for range 6000 {
					ip, user := int(z.Uint64()), int(z.Uint64())
					if ip%5 == day { // a fifth of them is colder here
						ip += 4000
					}
					add(day, 1, ip, user%(700*(day+1)))
				}
			}
		}, 0, nil},
	}
}

// runTermsOverShards: terms and their counts are those of all events, though each shard answers only its own most
// frequent ones.
func runTermsOverShards(t *testing.T, server *estest.Server, counted bool) {
	var searches atomic.Int64
	var bodies atomic.Value
	at := proxied(t, server.URL, func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/_search") {
			searches.Add(1)
			b, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(b))
			bodies.Store(string(b))
		}
		return false
	})
	s := open(t, elastic.Options{Addresses: []string{at}, Prefix: newPrefix(t, server.URL), Timeout: 30 * time.Second})
	sources := store.Agg{Kind: store.Terms, Field: "source.ip"}
	for n, c := range termsCases() {
		t.Run(c.name, func(t *testing.T) {
			if server.OpenSearch() && c.searches != 2 { // those that ask a second time are the ones that can differ
				inLongRuns(t)
			}
			from := epoch.AddDate(0, 0, 10*(n+1))
			var events []storetest.Event
			c.events(func(day, times, ip, user int) {
				for range times {
					events = append(events, termsEvent(from.AddDate(0, 0, day), len(events), ip, user))
				}
			})
			b, err := storetest.Batch(uint64(n+1), events)
			require.NoError(t, err)
			require.NoError(t, s.Append(t.Context(), uint64(n+1), []*wire.Batch{b}))
			require.NoError(t, s.Flush(t.Context()))
			f := func(a store.Agg) {
				t.Helper()
				res, err := s.Aggregate(t.Context(), store.Everything(), store.AggregateRequest{
					Selection: store.Selection{From: from, To: from.AddDate(0, 0, shardsApart)}, Aggs: []store.Agg{a},
				})
				require.NoError(t, err)
				require.Empty(t, res.Notices)
				require.EqualValues(t, len(events), res.Total)
				require.Equal(t, wantTerms(events, a), gotTerms(res.Aggs[0]), "%s %d", a.Field, a.Size)
			}
			searches.Store(0)
			f(sources)
			if counted && c.searches > 0 {
				require.EqualValues(t, c.searches, searches.Load(), bodies.Load())
			}
			for _, size := range []int{1, 11, 1500} {
				f(store.Agg{Kind: store.Terms, Field: "source.ip", Size: size})
				f(store.Agg{Kind: store.Terms, Field: "user.name", Size: size, Missing: "nobody"})
			}
			for _, a := range c.also {
				f(a)
			}
			f(store.Agg{Kind: store.Terms, Field: "source.ip", Missing: "none"})
			f(store.Agg{Kind: store.Terms, Field: "related.user"})
			f(store.Agg{Kind: store.Terms, Field: "source.port", Size: 7})
			f(store.Agg{Kind: store.Terms, Field: "log.level", Aggs: []store.Agg{{Kind: store.Terms, Field: "user.name", Size: 3, Aggs: []store.Agg{sources}}}})
			f(store.Agg{Kind: store.Terms, Field: "user.name", Size: 12, Missing: "nobody", Aggs: []store.Agg{{Kind: store.Terms, Field: "source.ip", Size: 4, Missing: "none"}}})
			f(store.Agg{Kind: store.Terms, Field: "user.name", Aggs: []store.Agg{{Kind: store.Terms, Field: "source.port", Size: 2, Aggs: []store.Agg{{Kind: store.Terms, Field: "source.ip", Size: 3}}}}})
			f(store.Agg{Kind: store.Terms, Field: "user.name", Size: 4, Aggs: []store.Agg{{Kind: store.DateHistogram, Interval: "1d", Aggs: []store.Agg{{Kind: store.Terms, Field: "source.ip", Size: 3}}}}})
			f(store.Agg{Kind: store.Terms, Field: "source.ip", Missing: "none", Size: 8, Aggs: []store.Agg{{Kind: store.Terms, Field: "source.port", Size: 2}}})
		})
	}
}

// TestTermsOfFewBuckets: a cluster that makes few buckets is asked for no more than are wanted.
func TestTermsOfFewBuckets(t *testing.T) {
	server := estest.Shared(t)
	if !server.Own() {
		t.Skipf("%s is not to be changed", server.URL)
	}
	server.Put(t, "/_cluster/settings", `{"persistent": {"search.max_buckets": 50}}`)
	t.Cleanup(func() { server.Put(t, "/_cluster/settings", `{"persistent": {"search.max_buckets": null}}`) })
	s := open(t, elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Linger: time.Millisecond})
	events := make([]storetest.Event, 500)
	for i := range events {
		events[i] = termsEvent(epoch, i, i%300, 0)
	}
	b, err := storetest.Batch(1, events)
	require.NoError(t, err)
	require.NoError(t, s.Append(t.Context(), 1, []*wire.Batch{b}))
	f := func(size int) error {
		a := store.Agg{Kind: store.Terms, Field: "source.ip", Size: size}
		res, err := s.Aggregate(t.Context(), store.Everything(), store.AggregateRequest{Selection: everything(), Aggs: []store.Agg{a}})
		if err == nil {
			require.Equal(t, wantTerms(events, a), gotTerms(res.Aggs[0]))
		}
		return err
	}
	require.NoError(t, f(20))
	require.ErrorIs(t, f(200), store.ErrTooManyBuckets)
}

func termsEvent(day time.Time, n, ip, user int) storetest.Event {
	ev := storetest.Event{
		"@timestamp": day.Add(time.Duration(n) * time.Millisecond), "message": "m",
		"log.level": []string{"Info", "Warn", "Error"}[n%3], "source.port": int64(ip % 1400),
		"related.user": []any{fmt.Sprintf("u%d", user), fmt.Sprintf("v%d", user/2)},
	}
	if n%50 != 0 {
		ev["source.ip"] = netip.AddrFrom4([4]byte{10, 0, byte(ip >> 8), byte(ip)})
	}
	if n%70 != 0 {
		ev["user.name"] = fmt.Sprintf("u%d", user)
	}
	return ev
}

// termsNode is a result that can be compared.
type termsNode struct {
	Other   int64
	Buckets []termsBucket
}

type termsBucket struct {
	Text  string
	Count int64
	Below *termsNode
}

func gotTerms(r store.AggResult) *termsNode {
	out := &termsNode{Other: r.Other}
	for _, b := range r.Buckets {
		tb := termsBucket{Text: store.ValueText(b.Key), Count: b.Count}
		if len(b.Aggs) > 0 {
			tb.Below = gotTerms(b.Aggs[0])
		}
		out.Buckets = append(out.Buckets, tb)
	}
	return out
}

// wantTerms counts one event after another.
func wantTerms(events []storetest.Event, a store.Agg) *termsNode {
	of := map[any][]storetest.Event{}
	for _, ev := range events {
		if a.Kind == store.DateHistogram {
			day := ev["@timestamp"].(time.Time).Truncate(24 * time.Hour)
			of[day] = append(of[day], ev)
			continue
		}
		switch v := ev[a.Field].(type) {
		case nil:
			if a.Missing != "" {
				of[a.Missing] = append(of[a.Missing], ev)
			}
		case []any:
			for _, v := range v {
				of[v] = append(of[v], ev)
			}
		default:
			of[v] = append(of[v], ev)
		}
	}
	keys := make([]any, 0, len(of))
	for k := range of {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y any) int {
		if a.Kind == store.DateHistogram {
			return x.(time.Time).Compare(y.(time.Time))
		}
		return cmp.Or(cmp.Compare(len(of[y]), len(of[x])), compareTerms(x, y))
	})
	out := &termsNode{}
	size := cmp.Or(a.Size, 10)
	for i, k := range keys {
		if i >= size {
			out.Other += int64(len(of[k]))
			continue
		}
		b := termsBucket{Text: store.ValueText(k), Count: int64(len(of[k]))}
		if len(a.Aggs) > 0 {
			b.Below = wantTerms(of[k], a.Aggs[0])
		}
		out.Buckets = append(out.Buckets, b)
	}
	return out
}

// compareTerms puts the text that stands for no value behind all others of another type.
func compareTerms(x, y any) int {
	switch x := x.(type) {
	case netip.Addr:
		if y, ok := y.(netip.Addr); ok {
			return x.Compare(y)
		}
		return -1
	case int64:
		return cmp.Compare(x, y.(int64))
	case string:
		if y, ok := y.(string); ok {
			return strings.Compare(x, y)
		}
	}
	return 1
}
