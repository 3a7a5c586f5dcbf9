package elastic

import (
	"encoding/json"
	"math"

	"github.com/logcenter/logcenter/host/store"
)

// compression is of the digests that percentiles are taken from. Fewer values than that stand in it one by one.
const compression = 400

// ranks are percents that levels need besides those they were asked for.
//
// Elasticsearch interpolates between the values of its digest. OpenSearch answers the value that a percent falls on:
// of n values the k-th, from 0, for k/n to (k+1)/n. So where there are few enough for that to show, both neighbours of
// a percentile are asked for in a second search, in the middle of their ranges, and interpolated here.
type ranks map[*level]map[float64]bool

// few says whether the second search is wanted and can be paid for.
func (r ranks) few(buckets int) bool {
	n := 0
	for _, percents := range r {
		n += len(percents)
	}
	return n > 0 && n*max(buckets, 1) <= 1<<20
}

type percentAnswer struct {
	Values []struct {
		Key   float64 `json:"key"`
		Value *float  `json:"value"`
	} `json:"values"`
}

// at is the value at a percent, which may have been rounded on its way.
func (a *percentAnswer) at(percent float64) (v float64, ok bool) {
	for _, x := range a.Values {
		if x.Value != nil && math.Abs(x.Key-percent) < 1e-9 {
			return float64(*x.Value), true
		}
	}
	return 0, false
}

// percentiles reads percentiles. count is the answer of how many values there are, nil where nobody asked.
func (r *reader) percentiles(out *store.AggResult, l *level, raw, count json.RawMessage) error {
	var a percentAnswer
	var n valueAnswer
	if err := json.Unmarshal(raw, &a); err != nil {
		return err
	}
	if count != nil {
		if err := json.Unmarshal(count, &n); err != nil {
			return err
		}
	}
	for i, p := range l.Percents {
		if v, ok := a.at(p); ok {
			out.Values[i] = v
		}
		if n.Value == nil || *n.Value < 2 || *n.Value >= compression {
			continue
		}
		number := float64(*n.Value)
		place := p / 100 * (number - 1)
		below := math.Floor(place)
		above := min(below+1, number-1)
		middle := func(k float64) float64 { return (k + 0.5) / number * 100 }
		low, ok1 := a.at(middle(below))
		high, ok2 := a.at(middle(above))
		if ok1 && ok2 {
			out.Values[i] = low + (place-below)*(high-low)
			continue
		}
		if r.finer[l] == nil {
			r.finer[l] = map[float64]bool{}
		}
		r.finer[l][middle(below)], r.finer[l][middle(above)] = true, true
	}
	return nil
}
