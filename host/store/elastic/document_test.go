package elastic_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestBadDocumentsOnElasticsearch(t *testing.T) { runBadDocuments(t, estest.Shared(t)) }

// found are the messages of the events that a query selects.
func found(t *testing.T, s store.Store, text string) (messages []string) {
	t.Helper()
	sel := everything()
	var err error
	sel.Query, err = query.Parse(text)
	require.NoError(t, err)
	p, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: sel, OldestFirst: true})
	require.NoError(t, err, text)
	for _, ev := range p.Events {
		m, _ := ev["message"].(string)
		messages = append(messages, m[:min(len(m), 20)])
	}
	return messages
}

// runBadDocuments: a document that the cluster refuses is told with its reason, and the others of its bulk are kept; what
// only looks bad is kept, too.
func runBadDocuments(t *testing.T, server *estest.Server) {
	ctx := context.Background()
	t.Run("refused", func(t *testing.T) {
		big := 17 << 20 // over the server's limit
		if os.Getenv("LOGCENTER_LONG") != "" {
			big = 100 << 20
		}
		for name, bad := range map[string]struct {
			event storetest.Event
			want  []string
		}{
			"a keyword longer than a term": {storetest.Event{"@timestamp": epoch, "message": "bad", "user.name": strings.Repeat("x", 40000)}, []string{"user", "immense term"}},
			"a huge field":                 {storetest.Event{"@timestamp": epoch, "message": strings.Repeat("words ", big/6)}, []string{"413", "raise http.max_content_length"}},
		} {
			t.Run(name, func(t *testing.T) {
				var got []store.Rejection
				s := open(t, elastic.Options{
					Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Rejected: func(r store.Rejection) { got = append(got, r) },
				})
				b, err := storetest.Batch(1, []storetest.Event{{"@timestamp": epoch, "message": "good"}, bad.event, {"@timestamp": epoch, "message": "good too"}})
				require.NoError(t, err)
				require.NoError(t, s.Append(ctx, 1, []*wire.Batch{b}))
				require.NoError(t, s.Flush(ctx))
				require.Len(t, got, 1)
				assert.Equal(t, 1, got[0].Row)
				for _, w := range bad.want {
					assert.Contains(t, got[0].Reason, w)
				}
				assert.Less(t, len(got[0].Reason), 5000)
				for field, v := range bad.event {
					assert.Equal(t, v, got[0].Event[field], field)
				}
				assert.Equal(t, store.EventID{Journal: b.Journal, Position: b.Column(uint32(ecs.LogcenterPosition)).Int(1)}.String(), got[0].Event["event.id"])
				assert.EqualValues(t, 1, s.Stats().Rejected)
				assert.EqualValues(t, 1, s.Durable())
				assert.Equal(t, []string{"good", "good too"}, found(t, s, "*"))
			})
		}
	})

	t.Run("kept", func(t *testing.T) {
		s := open(t, elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL)})
		deep := "deep" + strings.Repeat(".a", 1000)
		long := strings.Repeat("长", 20000)
		b, err := storetest.Batch(1, []storetest.Event{
			{"@timestamp": epoch, "message": "names", "": "empty", "a..b": "x", ".": "dot", "#offset": "7", "own.x": "1", "own": "2", deep: "1,000 levels"},
			{"@timestamp": epoch, "message": "long", "own.text": long},
			{"@timestamp": epoch, "message": "dates", "event.start": time.Unix(0, math.MinInt64).UTC(), "event.end": time.Unix(0, math.MaxInt64).UTC()},
		})
		require.NoError(t, err)
		require.NoError(t, s.Append(ctx, 1, []*wire.Batch{b}))
		require.NoError(t, s.Flush(ctx))
		require.Zero(t, s.Stats().Rejected)
		p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: everything(), OldestFirst: true})
		require.NoError(t, err)
		require.Len(t, p.Events, 3)
		for name, want := range map[string]any{"": "empty", "a..b": "x", ".": "dot", "#offset": "7", "own.x": "1", "own": "2", deep: "1,000 levels"} {
			assert.Equal(t, want, p.Events[0][name], "%.20q", name)
		}
		assert.Equal(t, long, p.Events[1]["own.text"])
		assert.Equal(t, time.Unix(0, math.MinInt64).UTC(), p.Events[2]["event.start"])
		assert.Equal(t, []string{"names"}, found(t, s, "own:2 AND own.x:1"))
		assert.Equal(t, []string{"long"}, found(t, s, "_exists_:own.text"))
		assert.Equal(t, []string{"dates"}, found(t, s, "event.start:<1700-01-01"))
	})

	t.Run("a field that changed its type", func(t *testing.T) {
		prefix := newPrefix(t, server.URL)
		var told []string
		s := open(t, elastic.Options{Addresses: []string{server.URL}, Prefix: prefix, Failed: func(err error) { told = append(told, err.Error()) }})
		name := fmt.Sprintf("acme%d.level", time.Now().UnixNano())
		dotted := func(name string) string { return name }
		if server.OpenSearch() {
			dotted = func(name string) string { return strings.ReplaceAll(name, ".", "/") }
		}
		field := dotted(name)
		appendUntil(t, s, 1, 1)
		require.NoError(t, s.Flush(ctx))
		server.Put(t, "/"+prefix+"-events/_mapping", `{"properties": {"`+field+`": {"type": "long"}}}`) // as a plugin before declared it
		server.Put(t, "/"+prefix+"-ev-firewall.attack-2026-11-21-000001/_doc/test-0-9-9", `{"`+field+`": 5, "#offset": 1, "#source": "test-0", "@timestamp#nanos": `+fmt.Sprint(epoch.UnixNano())+`, "@timestamp": "2026-11-21T10:00:00Z", "message": "old", "`+dotted("logcenter.position")+`": 9}`)
		_, err := ecs.Define(ecs.Info{Name: name, Type: ecs.Keyword, Description: "Level of danger."})
		require.NoError(t, err)
		b, err := storetest.Batch(2, []storetest.Event{{"@timestamp": epoch, "message": "new", name: "high", "observer.type": "firewall", "logcenter.log_type": "attack"}})
		require.NoError(t, err)
		require.NoError(t, s.Append(ctx, 2, []*wire.Batch{b}))
		require.NoError(t, s.Flush(ctx))
		require.Zero(t, s.Stats().Rejected)
		require.Empty(t, s.Stats().Err)
		require.Contains(t, strings.Join(told, "\n"), name+" has another type in older indices")
		assert.Equal(t, []string{"new"}, found(t, s, name+":high"))
		assert.Equal(t, []string{"new"}, found(t, s, name+":hi*"))
		assert.ElementsMatch(t, []string{"new", "old"}, found(t, s, "_exists_:"+name))
		sel := everything()
		sel.Query, err = query.Parse(name + ":/h.*/")
		require.NoError(t, err)
		_, err = s.Search(ctx, store.Everything(), store.SearchRequest{Selection: sel})
		require.ErrorIs(t, err, store.ErrRequest)
		require.ErrorContains(t, err, "until they are dropped")
		_, err = s.Aggregate(ctx, store.Everything(), store.AggregateRequest{Selection: everything(), Aggs: []store.Agg{{Kind: store.Terms, Field: name}}})
		require.ErrorIs(t, err, store.ErrRequest)
		_, err = s.FieldStats(ctx, store.Everything(), store.FieldStatsRequest{Selection: everything(), Field: name})
		require.ErrorIs(t, err, store.ErrRequest)
		var values []string
		for b, err := range s.Scan(ctx, store.Everything(), store.ScanRequest{Selection: everything()}) {
			require.NoError(t, err)
			for row := range int(b.Batch.Rows) {
				if v, ok := store.EventAt(b.Batch, row)[name]; ok {
					values = append(values, strings.Trim(fmt.Sprint(v), "[]"))
				}
			}
		}
		assert.ElementsMatch(t, []string{"high", "5"}, values)
	})
}
