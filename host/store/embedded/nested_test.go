package embedded_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// topOf are the top values of a field, nested as fields are, computed the plain way.
func topOf(evs []storetest.Event, fields []string, size int, missing string) (out []string) {
	groups := map[string][]storetest.Event{}
	other := 0
	for _, e := range evs {
		key := missing
		if v, ok := e[fields[0]]; ok {
			key = fmt.Sprint(v)
		}
		if key != "" {
			groups[key] = append(groups[key], e)
			other++
		}
	}
	keys := make([]string, 0, len(groups))
	for k := range groups {
		keys = append(keys, k)
	}
	order := strings.Compare
	switch fields[0] {
	case "source.ip":
		order = func(a, b string) int { return netip.MustParseAddr(a).Compare(netip.MustParseAddr(b)) }
	case "source.port":
		order = func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(groups[b]), len(groups[a])), order(a, b))
	})
	for _, k := range keys[:min(size, len(keys))] {
		other -= len(groups[k])
		out = append(out, fmt.Sprintf("%s %d", k, len(groups[k])))
		if len(fields) > 1 {
			for _, line := range topOf(groups[k], fields[1:], size, missing) {
				out = append(out, "  "+line)
			}
		}
	}
	return append(out, fmt.Sprintf("other %d", other))
}

func shown(r store.AggResult) (out []string) {
	for _, b := range r.Buckets {
		out = append(out, fmt.Sprintf("%s %d", b.Text, b.Count))
		for _, a := range b.Aggs {
			for _, line := range shown(a) {
				out = append(out, "  "+line)
			}
		}
	}
	return append(out, fmt.Sprintf("other %d", r.Other))
}

// TestNestedTerms: nested top values are those that counting one by one gives, however many there are above them.
func TestNestedTerms(t *testing.T) {
	s := openIn(t, t.TempDir(), embedded.Options{FlushInterval: -1, MergeInterval: -1})
	rnd := rand.New(rand.NewPCG(1, 2))
	var all []storetest.Event
	for entry := uint64(1); entry <= 3; entry++ {
		var evs []storetest.Event
		for n := range 1500 {
			e := storetest.Event{
				"@timestamp": epoch.Add(time.Duration(n) * time.Second), "message": "x", "observer.type": "firewall", "logcenter.log_type": "attack",
				"host.name": fmt.Sprintf("a host's name %d", rnd.IntN(1+rnd.IntN(60))),
				"source.ip": netip.AddrFrom4([4]byte{10, 0, 0, byte(rnd.IntN(1 + rnd.IntN(100)))}),
			}
			if n%7 > 0 {
				e["log.level"] = []string{"Info", "Warn", "Error", "Fatal"}[rnd.IntN(4)]
			}
			if n%5 > 0 {
				e["source.port"] = int64(rnd.IntN(20))
			}
			evs = append(evs, e)
		}
		all = append(all, evs...)
		b, err := storetest.Batch(entry, evs)
		require.NoError(t, err)
		require.NoError(t, s.Append(context.Background(), entry, []*wire.Batch{b}))
		if entry < 3 {
			require.NoError(t, s.Flush(context.Background()))
		}
	}
	for _, fields := range [][]string{
		{"log.level", "host.name", "source.ip"},
		{"host.name", "log.level", "source.ip"},
		{"source.ip", "log.level", "host.name"},
		{"source.port", "log.level", "source.port"},
		{"log.level", "log.level"},
		{"log.level", "source.ip", "log.level", "host.name"},
	} {
		for _, size := range []int{1, 3, 40, 1000} {
			for _, missing := range []string{"", "none", "Info"} {
				if missing != "" && (slices.Contains(fields, "source.ip") || slices.Contains(fields, "source.port")) {
					continue // their missing values come last whatever they are called
				}
				var aggs []store.Agg
				for _, f := range slices.Backward(fields) {
					aggs = []store.Agg{{Kind: store.Terms, Field: f, Size: size, Missing: missing, Aggs: aggs}}
				}
				r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{
					Selection: store.Selection{From: epoch.AddDate(-1, 0, 0), To: epoch.AddDate(1, 0, 0)}, Aggs: aggs,
				})
				require.NoError(t, err)
				require.EqualValues(t, len(all), r.Total)
				require.Equal(t, topOf(all, fields, size, missing), shown(r.Aggs[0]), "%v size %d missing %q", fields, size, missing)
			}
		}
	}
	// The port is missing in some: a bucket without a value above others.
	r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{
		Selection: store.Selection{From: epoch.AddDate(-1, 0, 0), To: epoch.AddDate(1, 0, 0)},
		Aggs:      []store.Agg{{Kind: store.Terms, Field: "source.port", Size: 100, Missing: "none", Aggs: []store.Agg{{Kind: store.Terms, Field: "log.level"}}}},
	})
	require.NoError(t, err)
	sum := int64(0)
	for _, b := range r.Aggs[0].Buckets {
		require.NotEmpty(t, b.Aggs[0].Buckets, b.Text)
		sum += b.Count
	}
	require.EqualValues(t, len(all), sum)
}
