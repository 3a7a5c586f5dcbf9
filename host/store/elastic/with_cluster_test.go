package elastic_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/sdk/query"
)

// nodeRows are the events of an entry here.
const nodeRows = 50

// pace leaves the machine to the cluster, and keeps what is compared in the end small.
const pace = 50 * time.Millisecond

// ingest appends entries, one after the other, until it is stopped.
type ingest struct {
	stop atomic.Bool
	last atomic.Uint64
	done sync.WaitGroup
}

func (g *ingest) run(t *testing.T, s store.Store) {
	t.Helper()
	g.done.Go(func() {
		for n := g.last.Load() + 1; !g.stop.Load(); n++ {
			batches := entry(t, n, nodeRows)
			for {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				err := s.Append(ctx, n, batches)
				cancel()
				if err == nil || errors.Is(err, store.ErrClosed) {
					break
				}
			}
			g.last.Store(n)
			time.Sleep(pace)
		}
	})
}

// asker asks the same all the time about events that do not change any more: every answer is the right one or an error.
type asker struct {
	want  *store.AggregateResult
	page  *store.Page
	sel   store.Selection
	right atomic.Int64
	fault atomic.Int64
	last  atomic.Value // the last error's text
	wrong atomic.Value // what must not be
}

var nodeAggs = []store.Agg{
	{Kind: store.Terms, Field: "logcenter.log_type", Aggs: []store.Agg{{Kind: store.Avg, Field: "event.sequence"}}},
	{Kind: store.DateHistogram, Interval: "1s"},
	{Kind: store.Histogram, Field: "event.sequence", Width: 100},
	{Kind: store.Count},
	{Kind: store.Distinct, Field: "event.sequence"},
	{Kind: store.Min, Field: "event.sequence"},
	{Kind: store.Max, Field: "event.sequence"},
	{Kind: store.Sum, Field: "event.sequence"},
}

func newAsker(t *testing.T, s store.Store, events int64) *asker {
	t.Helper()
	n, err := query.Parse(fmt.Sprintf("event.sequence:<%d", events))
	require.NoError(t, err)
	a := &asker{sel: everything()}
	a.sel.Query = n
	a.want, a.page, err = a.ask(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, events, a.want.Total)
	require.Equal(t, events, a.page.Total)
	return a
}

func (a *asker) ask(ctx context.Context, s store.Store) (*store.AggregateResult, *store.Page, error) {
	r, err := s.Aggregate(ctx, store.Everything(), store.AggregateRequest{Selection: a.sel, Aggs: nodeAggs})
	if err != nil {
		return nil, nil, err
	}
	p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: a.sel, Limit: 50, Count: true})
	if err != nil {
		return nil, nil, err
	}
	r.Notices, p.Notices, p.Cursor = nil, nil, ""
	return r, p, nil
}

// run asks until ctx is done.
func (a *asker) run(ctx context.Context, s store.Store) {
	for ctx.Err() == nil {
		r, p, err := a.ask(ctx, s)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			a.fault.Add(1)
			a.last.Store(err.Error())
		case !reflect.DeepEqual(r, a.want):
			a.wrong.CompareAndSwap(nil, fmt.Sprintf("aggregated %+v, not %+v", r, a.want))
		case !reflect.DeepEqual(p, a.page):
			a.wrong.CompareAndSwap(nil, fmt.Sprintf("found %d, not %d", p.Total, a.page.Total))
		default:
			a.right.Add(1)
		}
		time.Sleep(pace)
	}
}

// answered waits for right answers to questions asked from now on.
func (a *asker) answered(t *testing.T) {
	t.Helper()
	from := a.right.Load()
	require.Eventually(t, func() bool { return a.right.Load() >= from+5 }, 2*time.Minute, 20*time.Millisecond, "last error: %v", a.last.Load())
}

// green waits until every copy of every shard is there.
func green(t *testing.T, url string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var a struct {
			Status string `json:"status"`
		}
		request(t, http.MethodGet, url+"/_cluster/health", &a)
		return a.Status == "green"
	}, 3*time.Minute, 100*time.Millisecond)
}

// TestNodeDies kills one of two nodes, and in the long form then the other, while events come in and are searched:
// nothing acknowledged is lost, no answer is wrong, both go on with the other node, and the copies are made anew when
// the node is back. Meanwhile the number of replicas is changed.
func TestNodeDies(t *testing.T) {
	cluster := estest.Clustered(t)
	o := elastic.Options{
		Addresses: cluster.URLs(), Prefix: newPrefix(t, cluster.Data[0].URL), Replicas: 1, Timeout: 30 * time.Second,
		BulkBytes: 64 << 10, Linger: 20 * time.Millisecond, Owner: "journal",
	}
	s := open(t, o)
	in := &ingest{}
	for n := uint64(1); n <= 40; n++ {
		require.NoError(t, s.Append(t.Context(), n, entry(t, n, nodeRows)))
		in.last.Store(n)
	}
	require.NoError(t, s.Flush(t.Context()))
	green(t, cluster.Data[0].URL)
	ask := newAsker(t, s, 40*nodeRows)
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asking.Go(func() { ask.run(ctx, s) })
	in.run(t, s)
	t.Cleanup(func() {
		in.stop.Store(true)
		cancel()
		in.done.Wait()
		asking.Wait()
	})

	victims := cluster.Data
	if os.Getenv("LOGCENTER_LONG") == "" {
		victims = victims[:1]
	}
	for i, victim := range victims {
		other := cluster.Data[1-i]
		ask.answered(t)
		from := in.last.Load()
		require.Eventually(t, func() bool { return in.last.Load() >= from+5 }, time.Minute, 10*time.Millisecond)
		require.NoError(t, victim.Kill())
		durable, killed, faults := s.Durable(), time.Now(), ask.fault.Load()
		ask.answered(t)
		t.Logf("%s killed at offset %d: %d errors, right answers %s later; last error: %v", victim.URL, durable,
			ask.fault.Load()-faults, time.Since(killed).Round(10*time.Millisecond), ask.last.Load())
		// What was durable is there, in the surviving node alone.
		kept := newAskerEventually(t, s, int64(durable)*nodeRows)
		require.Equal(t, int64(durable)*nodeRows, kept.want.Total)
		require.Eventually(t, func() bool { return s.Durable() > durable+10 }, 2*time.Minute, 20*time.Millisecond, "writing goes on with one node: %s", s.Stats().Err)

		require.Eventually(t, func() bool {
			r, err := s.Replicas(t.Context())
			return err == nil && r.Wanted == 1 && r.Missing == 3 // of two partitions and what is recorded
		}, time.Minute, 100*time.Millisecond)
		require.NoError(t, s.SetReplicas(t.Context(), 0))
		green(t, other.URL)
		r, err := s.Replicas(t.Context())
		require.NoError(t, err)
		assert.Equal(t, store.Replicas{}, r)
		require.NoError(t, s.SetReplicas(t.Context(), 1))
		require.NoError(t, victim.Run())
		green(t, other.URL)
		require.Eventually(t, func() bool {
			r, err := s.Replicas(t.Context())
			return err == nil && r == store.Replicas{Wanted: 1}
		}, time.Minute, 100*time.Millisecond)
		ask.answered(t)
	}
	in.stop.Store(true)
	in.done.Wait()
	cancel()
	asking.Wait()
	require.Nil(t, ask.wrong.Load())
	require.NoError(t, s.Flush(t.Context()))
	require.Equal(t, in.last.Load(), s.Durable())
	require.Zero(t, s.Stats().Rejected)
	same(t, s, in.last.Load(), nodeRows)
	t.Logf("%d events; %d right answers, %d errors", in.last.Load()*nodeRows, ask.right.Load(), ask.fault.Load())
}

// newAskerEventually is newAsker for a cluster that may not have noticed yet.
func newAskerEventually(t *testing.T, s store.Store, events int64) (a *asker) {
	t.Helper()
	n, err := query.Parse(fmt.Sprintf("event.sequence:<%d", events))
	require.NoError(t, err)
	a = &asker{sel: everything()}
	a.sel.Query = n
	require.Eventually(t, func() bool {
		a.want, a.page, err = a.ask(t.Context(), s)
		return err == nil
	}, 2*time.Minute, 100*time.Millisecond, "%v", err)
	return a
}
