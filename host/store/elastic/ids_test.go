package elastic

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// BenchmarkIDs compares what documents whose _id is the event's cost the cluster with what they cost if it may choose
// the ids: the same documents, in pairs.
func BenchmarkIDs(b *testing.B) {
	const bulks, rows = 25, 4000
	prefix := fmt.Sprintf("lctest-ids-%d", time.Now().UnixNano())
	s, err := Open(Options{Addresses: []string{estest.Shared(b).URL}, Prefix: prefix})
	require.NoError(b, err)
	b.Cleanup(func() {
		for _, t := range []string{"", "-import"} {
			_ = s.client.do(b.Context(), http.MethodDelete, "/_index_template/"+prefix+t, nil, nil)
		}
		require.NoError(b, s.Close())
	})
	var raw int
	render := func(index string, chosen bool) (bodies [][]byte) {
		raw = 0
		for n := range bulks {
			batch := firewall(b, rows)
			e, err := newBatchEncoder(uint64(n+1), 0, batch, elasticsearchProduct, nil)
			require.NoError(b, err)
			at, _ := e.times()
			e.from.source = fmt.Sprintf("journal%06d", n)
			var body []byte
			for row := range rows {
				doc := e.document(nil, row, at[row], []byte(`{"index":{"_index":"`+index+`","_id":"`))
				if !chosen {
					doc = append([]byte(`{"index":{"_index":"`+index+`"}}`), doc[bytes.IndexByte(doc, '\n'):]...)
				}
				body = append(body, doc...)
			}
			raw += len(e.message.Data)
			bodies = append(bodies, body)
		}
		return bodies
	}
	cost := map[bool]time.Duration{}
	size := map[bool]int64{}
	runs := 0
	for b.Loop() {
		for i := range 2 {
			chosen := (runs+i)%2 == 0
			index := fmt.Sprintf("%s-ev-%d-%v", prefix, runs, chosen)
			bodies := render(index, chosen)
			require.NoError(b, s.client.do(b.Context(), http.MethodPut, "/"+index, nil, nil))
			before, err := s.NodesCPU(b.Context())
			require.NoError(b, err)
			for _, body := range bodies {
				answer, err := s.client.call(b.Context(), http.MethodPost, bulkPath, "application/x-ndjson", body)
				require.NoError(b, err)
				require.True(b, bytes.HasPrefix(answer, allKept), "%s", answer)
			}
			require.NoError(b, s.client.do(b.Context(), http.MethodPost, "/"+index+"/_forcemerge?max_num_segments=1&flush=true", nil, nil))
			after, err := s.NodesCPU(b.Context())
			require.NoError(b, err)
			cost[chosen] += after - before
			var a struct {
				All struct {
					Primaries struct {
						Docs  struct{ Count int64 }
						Store struct {
							Size int64 `json:"size_in_bytes"`
						}
					}
				} `json:"_all"`
			}
			require.NoError(b, s.client.do(b.Context(), http.MethodGet, "/"+index+"/_stats/docs,store", nil, &a))
			require.EqualValues(b, bulks*rows, a.All.Primaries.Docs.Count)
			size[chosen] += a.All.Primaries.Store.Size
			require.NoError(b, s.client.do(b.Context(), http.MethodDelete, "/"+index, nil, nil))
		}
		runs++
	}
	mb := float64(raw) * float64(runs) / 1e6
	b.ReportMetric(float64(cost[true].Milliseconds())/mb, "ms/MB-event.id")
	b.ReportMetric(float64(cost[false].Milliseconds())/mb, "ms/MB-auto")
	b.ReportMetric(float64(cost[true])/float64(cost[false]), "cpu-ratio")
	b.ReportMetric(float64(size[true])/float64(size[false]), "disk-ratio")
}
