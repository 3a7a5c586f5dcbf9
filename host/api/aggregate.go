package api

import (
	"encoding/json"
	"math"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/store"
)

type aggregateRequest struct {
	selection
	Aggs []agg `json:"aggs"`
}

// agg is store.Agg in JSON.
type agg struct {
	Name     string     `json:"name"`
	Kind     string     `json:"kind"`
	Field    string     `json:"field"`
	Size     int        `json:"size"`
	Missing  string     `json:"missing"`
	Interval string     `json:"interval"`
	TimeZone string     `json:"time_zone"` // empty: the request's
	Width    float64    `json:"width"`
	Zoom     int        `json:"zoom"`
	Ranges   []aggRange `json:"ranges"`
	Percents []float64  `json:"percents"`
	Empty    bool       `json:"empty"`
	Aggs     []agg      `json:"aggs"`
}

type aggRange struct {
	Key  string   `json:"key"`
	From *float64 `json:"from"`
	To   *float64 `json:"to"`
}

type aggregateAnswer struct {
	From    time.Time   `json:"from"`
	To      time.Time   `json:"to"`
	Total   int64       `json:"total"`
	Aggs    []aggAnswer `json:"aggs"`
	Notices []string    `json:"notices,omitempty"`
	TookMs  int64       `json:"took_ms"`
}

// aggAnswer has value for single values, values for percentiles, buckets for the rest.
type aggAnswer struct {
	Name    string     `json:"name"`
	Kind    string     `json:"kind"`
	Value   jsonValue  `json:"value,omitempty"`
	Values  jsonValue  `json:"values,omitempty"`
	Buckets *[]bucket  `json:"buckets,omitempty"`
	Other   *jsonCount `json:"other,omitempty"`
}

type jsonCount = int64

type bucket struct {
	Key    jsonValue       `json:"key"`
	Text   string          `json:"text"`
	Count  int64           `json:"count"`
	Center *store.GeoPoint `json:"center,omitempty"` // of tiles
	Aggs   []aggAnswer     `json:"aggs,omitempty"`
}

// jsonValue is a value of an event, already encoded.
type jsonValue = json.RawMessage

func (s *Server) aggregate(c *gin.Context) error {
	var r aggregateRequest
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	if len(r.Aggs) == 0 {
		return badRequest(`e.g. {"query":"*","aggs":[{"kind":"terms","field":"log.level"}]}`, "aggs: there is none")
	}
	sel, notices, err := s.selected(r.selection)
	if err != nil {
		return err
	}
	aggs, err := storeAggs(r.Aggs, r.TimeZone, 1)
	if err != nil {
		return err
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	start := time.Now()
	res, err := s.o.Store.Aggregate(ctx, caller(c).Scope, store.AggregateRequest{Selection: sel, Aggs: aggs})
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, aggregateAnswer{
		From: sel.From, To: sel.To, Total: res.Total, Aggs: aggAnswers(res.Aggs),
		Notices: append(notices, res.Notices...), TookMs: time.Since(start).Milliseconds(),
	})
	return nil
}

func storeAggs(in []agg, zone string, depth int) ([]store.Agg, error) {
	if depth > store.MaxDepth {
		return nil, badRequest("", "aggs: they are nested more than %d levels deep", store.MaxDepth)
	}
	var out []store.Agg
	for _, a := range in {
		one := store.Agg{
			Name: a.Name, Kind: store.AggKind(a.Kind), Field: a.Field, Size: a.Size, Missing: a.Missing, Interval: a.Interval,
			TimeZone: a.TimeZone, Width: a.Width, Zoom: a.Zoom, Percents: a.Percents, Empty: a.Empty,
		}
		if one.TimeZone == "" && one.Kind == store.DateHistogram {
			one.TimeZone = zone
		}
		for _, r := range a.Ranges {
			one.Ranges = append(one.Ranges, store.Range{Key: r.Key, From: r.From, To: r.To})
		}
		var err error
		if one.Aggs, err = storeAggs(a.Aggs, zone, depth+1); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func aggAnswers(in []store.AggResult) []aggAnswer {
	out := make([]aggAnswer, 0, len(in))
	for _, r := range in {
		a := aggAnswer{Name: r.Name, Kind: string(r.Kind)}
		switch {
		case r.Kind.Buckets():
			bs := bucketAnswers(r.Buckets)
			a.Buckets = &bs
			if r.Kind.Top() {
				a.Other = &r.Other
			}
		case r.Kind == store.Percentiles:
			a.Values = numbers(r.Values)
		default:
			value := math.NaN() // null
			if r.Value != nil {
				value = *r.Value
			}
			a.Value = appendFloat(nil, value)
		}
		out = append(out, a)
	}
	return out
}

func numbers(vs []float64) jsonValue {
	b := []byte{'['}
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFloat(b, v)
	}
	return append(b, ']')
}

func bucketAnswers(in []store.Bucket) []bucket {
	out := make([]bucket, 0, len(in))
	for _, b := range in {
		one := bucket{Key: appendValue(nil, b.Key), Text: b.Text, Count: b.Count, Center: b.Center}
		if len(b.Aggs) > 0 {
			one.Aggs = aggAnswers(b.Aggs)
		}
		out = append(out, one)
	}
	return out
}
