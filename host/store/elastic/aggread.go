package elastic

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

type valueAnswer struct {
	Value *float `json:"value"`
}

// float is a number in an answer; those that JSON cannot say come as text, e.g. the sum of the largest ones.
type float float64

func (f *float) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(string(bytes.Trim(b, `"`)), 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	*f = float(v)
	return err
}

type bucketsAnswer struct {
	Error   int64                        `json:"doc_count_error_upper_bound"`
	Other   int64                        `json:"sum_other_doc_count"`
	Buckets []map[string]json.RawMessage `json:"buckets"`
}

// reader turns an answer into results.
type reader struct {
	sel        *selection
	shards     int // that answered
	buckets    int
	unproven   bool                       // there may be terms with more events than those in the answer
	uncertain  bool                       // counts of terms are too low, but all that may be wanted are in the answer
	tilesCut   bool                       // counts of tiles are not exact
	manyValues bool                       // a distinct count is not
	unseen     int64                      // events at most that the bucket being read lacks, as shards left it out
	wanted     map[*level]map[string]bool // terms that may be among those with the most events
	hidden     map[*level]bool            // where wanted does not have all of these
	finer      ranks
}

func newReader(q *selection, shards int) *reader {
	return &reader{sel: q, shards: shards, wanted: map[*level]map[string]bool{}, hidden: map[*level]bool{}, finer: ranks{}}
}

// results reads the answers of the aggregations of one bucket, which has count events. What is not there is as of no
// events.
func (r *reader) results(levels []*level, answers map[string]json.RawMessage, count int64) ([]store.AggResult, error) {
	if len(levels) == 0 {
		return nil, nil
	}
	out := make([]store.AggResult, len(levels))
	for i, l := range levels {
		name := strconv.Itoa(i)
		out[i] = empty(l)
		var err error
		switch {
		case l.Kind.Buckets():
			err = r.level(&out[i], l, answers, name)
		case l.Kind == store.Count && l.everyEvent(), l.Kind == store.Distinct && l.field.name == fieldID:
			*out[i].Value = float64(count)
		case count == 0 || answers[name] == nil:
		case l.Kind == store.Percentiles:
			err = r.percentiles(&out[i], l, answers[name], answers[numberMark+name])
		default:
			err = r.value(&out[i], l, answers[name])
		}
		if err != nil {
			return nil, fmt.Errorf("answer of aggregation %s: %w", l.Name, err)
		}
	}
	return out, nil
}

// empty is the result of no events.
func empty(l *level) store.AggResult {
	r := store.AggResult{Name: l.Name, Kind: l.Kind}
	switch l.Kind {
	case store.Count, store.Distinct, store.Sum:
		r.Value = new(float64)
	case store.Percentiles:
		for range l.Percents {
			r.Values = append(r.Values, math.NaN())
		}
	}
	return r
}

func (r *reader) value(out *store.AggResult, l *level, raw json.RawMessage) error {
	var a valueAnswer
	if err := json.Unmarshal(raw, &a); err != nil || a.Value == nil {
		return err
	}
	if l.field.typ == ecs.Date && l.Kind != store.Count && l.Kind != store.Distinct {
		*a.Value /= 1e6
	}
	r.manyValues = r.manyValues || l.Kind == store.Distinct && float64(*a.Value) > float64(l.exactDistinct())
	f := float64(*a.Value)
	out.Value = &f
	return nil
}

// numbered is a bucket with its place among those of a histogram or of ranges.
type numbered struct {
	store.Bucket
	number float64
	place  int64                      // of a tile, in place of number: it has more digits than a float64
	below  map[string]json.RawMessage // answers in a tile, which are read if it is wanted
}

// level reads the buckets of one aggregation.
func (r *reader) level(out *store.AggResult, l *level, answers map[string]json.RawMessage, name string) error {
	var a bucketsAnswer
	if raw := answers[name]; raw != nil {
		if err := json.Unmarshal(raw, &a); err != nil {
			return err
		}
	}
	// A bucket that lacks events may lack whole buckets of other kinds, too, or that of the events without the field.
	if r.unseen > 0 && (l.Kind != store.Terms || l.missingBeside()) {
		r.hide(l.below...)
	}
	var list []numbered
	var err error
	if l.Kind == store.Terms {
		list, err = r.terms(out, l, &a, answers[allMark+name])
	} else {
		list, err = r.allBuckets(l, &a)
	}
	if err != nil {
		return err
	}
	switch {
	case l.Kind == store.Terms:
		list, err = r.addMissing(out, l, list, answers[besideMark+name])
	case l.Kind == store.GeoTile:
		list, err = r.topTiles(out, l, list, answers[besideMark+name])
	case l.Kind == store.Ranges || l.Empty:
		list, err = r.addEmpty(l, list)
	}
	if err != nil {
		return err
	}
	if !l.Kind.Top() {
		slices.SortStableFunc(list, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	}
	if r.buckets += len(list); r.buckets > store.MaxBuckets {
		return fmt.Errorf("%w: more than %d: use a larger interval or width, or smaller sizes", store.ErrTooManyBuckets, store.MaxBuckets)
	}
	for _, b := range list {
		out.Buckets = append(out.Buckets, b.Bucket)
	}
	return nil
}

// allBuckets reads those of any kind but terms.
func (r *reader) allBuckets(l *level, a *bucketsAnswer) ([]numbered, error) {
	list := make([]numbered, 0, len(a.Buckets))
	for _, raw := range a.Buckets {
		b, err := r.bucket(l, raw)
		if err != nil {
			return nil, err
		}
		if b.Count == 0 && l.Kind != store.Ranges {
			continue // of a range that only might have had some
		}
		list = append(list, b)
	}
	return list, nil
}

func (r *reader) bucket(l *level, raw map[string]json.RawMessage) (b numbered, err error) {
	if err := json.Unmarshal(raw["doc_count"], &b.Count); err != nil {
		return b, err
	}
	if l.Kind == store.GeoTile {
		return b, b.tile(raw)
	}
	if b.Aggs, err = r.results(l.below, raw, b.Count); err != nil {
		return b, err
	}
	if l.Kind == store.Terms {
		b.Key, err = termKey(l.field.typ, raw["key"])
		b.Text = store.ValueText(b.Key)
		return b, err
	}
	var text string
	var at float64
	switch {
	case json.Unmarshal(raw["key"], &text) == nil:
		b.number, err = strconv.ParseFloat(text, 64)
	case json.Unmarshal(raw["key"], &at) == nil && l.Kind == store.Histogram:
		b.number = math.Round(at / l.Width)
	default:
		b.number = float64(l.iv.Bucket(time.UnixMilli(int64(at))))
	}
	if math.IsInf(b.number, 0) { // of a value so large that its bucket has no number
		b.Count = 0
		return b, nil
	}
	b.Key, b.Text = l.key(b.number)
	if l.Kind == store.Histogram { // of large numbers it is not the nearest multiple
		b.Key, b.Text = at, strconv.FormatFloat(at, 'f', -1, 64)
	}
	return b, err
}

// key is that of the n-th bucket.
func (l *level) key(n float64) (key any, text string) {
	switch l.Kind {
	case store.DateHistogram:
		t := l.iv.Start(int64(n))
		return t, t.Format("2006-01-02 15:04:05")
	case store.Histogram:
		f := n * l.Width
		return f, strconv.FormatFloat(f, 'f', -1, 64)
	default:
		text := l.Ranges[int(n)].Text()
		return text, text
	}
}

// termKey is a term's value. Times come as their nanoseconds, booleans as 0 and 1.
func termKey(t ecs.Type, raw json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	n, ok := v.(json.Number)
	switch {
	case ok && t == ecs.Date:
		ns, err := n.Int64()
		return time.Unix(0, ns).UTC(), err
	case ok && t == ecs.Boolean:
		return n == "1", nil
	}
	if s, isText := v.(string); isText && t == ecs.IP {
		a, err := netip.ParseAddr(s)
		return a.Unmap(), err
	}
	return decodeValue(t, v)
}

// missingBeside says that events without the field are asked for apart from the terms, which are of another type than
// the text that stands for none.
func (l *level) missingBeside() bool {
	return l.Kind == store.Terms && l.Missing != "" && l.field.typ != ecs.Keyword
}

// addMissing puts the events without the field in their place among the terms.
func (r *reader) addMissing(out *store.AggResult, l *level, list []numbered, raw json.RawMessage) ([]numbered, error) {
	if raw == nil {
		return list, nil
	}
	var m map[string]json.RawMessage
	b := numbered{Bucket: store.Bucket{Key: l.Missing, Text: l.Missing}}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(m["doc_count"], &b.Count); err != nil || b.Count == 0 {
		return list, err
	}
	var err error
	if b.Aggs, err = r.results(l.below, m, b.Count); err != nil {
		return nil, err
	}
	at := 0
	for at < len(list) && list[at].Count >= b.Count {
		at++
	}
	list = slices.Insert(list, at, b)
	if len(list) > l.Size {
		out.Other += list[l.Size].Count
		list = list[:l.Size]
	}
	return list, nil
}

// addEmpty adds buckets without events where they are wanted.
func (r *reader) addEmpty(l *level, list []numbered) ([]numbered, error) {
	have := make(map[float64]bool, len(list))
	first, last := math.Inf(1), math.Inf(-1)
	for _, b := range list {
		have[b.number] = true
		first, last = min(first, b.number), max(last, b.number)
	}
	switch {
	case l.Kind == store.Ranges:
		first, last = 0, float64(len(l.Ranges))-1
	case l.Kind == store.DateHistogram && l.field.name == fieldTime && r.sel.to > r.sel.from:
		first, last = float64(l.iv.Bucket(time.Unix(0, r.sel.from))), float64(l.iv.Bucket(time.Unix(0, r.sel.to-1)))
	}
	if first > last {
		return list, nil
	}
	if last-first >= store.MaxBuckets {
		return nil, fmt.Errorf("%w: %.0f: use a larger interval or width", store.ErrTooManyBuckets, last-first+1)
	}
	for i := 0.0; i <= last-first; i++ { // large numbers have no next one
		n := first + i
		if have[n] {
			continue
		}
		b := numbered{number: n}
		b.Key, b.Text = l.key(n)
		var err error
		if b.Aggs, err = r.results(l.below, nil, 0); err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}
