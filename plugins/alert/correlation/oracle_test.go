package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// A reference says what a rule raises by going through all that came, again and again, in the plainest way. It shares
// nothing with the detector: it knows events by what was drawn, not by queries and columns.

// drawn is one event of a stream.
type drawn struct {
	at     time.Duration // behind start
	number int           // of arrival
	action string
	source string // address
	target string // address; ties what a source did to another host's events
	user   string
	size   int
	ahead  time.Duration // of the device's clock
}

// tick is behind an event: the watermark, if it moves there.
type stream struct {
	events []drawn
	ticks  map[int]time.Duration // by how many events came before
	batch  int                   // the most events of a batch, 0 is 5
	starts map[int]time.Duration // of the host, by how many events came before
}

// drawStream makes events of few keys and in little time, so that much comes together. They come out of order by up to
// late. Their times are whole half minutes, so that many are equal, and many exactly a window apart. In a dense stream
// groups have many events within a window, and grow so long that they are looked through for old ones.
func drawStream(rnd *rand.Rand, n, late int, dense bool) stream {
	s := stream{ticks: map[int]time.Duration{}}
	steps, actions, users := []time.Duration{0, 0, half, half, 2 * half, 6 * half}, "abcd", 2
	if dense {
		n, steps, actions, users = 5*n, []time.Duration{0, 0, 0, 0, half, half, 40 * half}, "aaaaaabcd", 8
	}
	now := time.Duration(0)
	newest := time.Duration(0)
	for i := range n {
		if step := steps[rnd.IntN(len(steps))]; step < 40*half || rnd.IntN(20) == 0 {
			now += step
		}
		e := drawn{
			at: now, number: i, action: string(actions[rnd.IntN(len(actions))]), user: fmt.Sprintf("u%d", rnd.IntN(users)), size: rnd.IntN(100) - 20,
			source: fmt.Sprintf("192.0.2.%d", rnd.IntN(2)), target: fmt.Sprintf("192.0.2.%d", rnd.IntN(3)),
		}
		if rnd.IntN(3) == 0 {
			e.at -= time.Duration(rnd.IntN(late)) * half
		}
		newest = max(newest, e.at)
		s.events = append(s.events, e)
		if rnd.IntN(4) == 0 {
			s.ticks[i+1] = newest - time.Minute
		}
	}
	s.ticks[n] = newest + time.Duration(rnd.IntN(3))*time.Hour
	return s
}

// told says whether something is told behind so many events.
func (s stream) told(n int) bool {
	_, tick := s.ticks[n]
	_, start := s.starts[n]
	return tick || start
}

const half = 30 * time.Second

// raised is what of an alert must be equal.
type raised struct {
	key         string
	first, last time.Duration
	count       int
}

// reference watches a stream.
type reference interface {
	event(e drawn, raise func(raised))
	tick(watermark time.Duration, raise func(raised))
}

// starting is a reference to which it matters when nobody was there.
type starting interface {
	start(at time.Duration, raise func(raised))
}

// watched is what a reference keeps of one key: all that came, in order.
type watched struct {
	events []drawn
	until  time.Duration
	quiet  bool
}

func (w *watched) add(e drawn) (ok bool) {
	if w.quiet && e.at < w.until {
		return false
	}
	w.events = append(w.events, e)
	slices.SortFunc(w.events, func(a, b drawn) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number)) })
	return true
}

// spend forgets what an alert was made of, and what is in the quiet time behind it.
func (w *watched) spend(last int, quiet time.Duration) {
	w.until, w.quiet = w.events[last].at+quiet, true
	var left []drawn
	for i, e := range w.events {
		if i > last && e.at >= w.until {
			left = append(left, e)
		}
	}
	w.events = left
}

// counting is the reference of frequency rules.
type counting struct {
	window, quiet time.Duration
	aggregate     string
	threshold     float64
	below         bool
	keys          map[string]*watched
}

func (c *counting) event(e drawn, raise func(raised)) {
	if e.action != "a" {
		return
	}
	w := c.keys[e.source]
	if w == nil {
		w = &watched{}
		c.keys[e.source] = w
	}
	if w.add(e) {
		for c.look(e.source, w, raise) { // what an alert leaves may be another
		}
	}
}

func (c *counting) look(key string, w *watched, raise func(raised)) bool {
	for last, end := range w.events {
		var in []drawn
		for i, x := range w.events {
			if i <= last && end.at-x.at < c.window {
				in = append(in, x)
			}
		}
		if c.aggregate == "count" {
			in = in[max(0, len(in)-int(c.threshold)-1):]
		}
		if v := c.value(in); !c.below && v > c.threshold || c.below && v < c.threshold {
			raise(raised{key, in[0].at, end.at, len(in)})
			w.spend(last, c.quiet)
			return true
		}
	}
	return false
}

func (c *counting) value(in []drawn) float64 {
	var sizes []float64
	users := map[string]bool{}
	sum := 0.0
	for _, e := range in {
		sizes = append(sizes, float64(e.size))
		users[e.user+e.target] = true
		sum += float64(e.size)
	}
	switch c.aggregate {
	case "count":
		return float64(len(in))
	case "distinct":
		return float64(len(users))
	case "sum":
		return sum
	case "avg":
		return sum / float64(len(in))
	case "min":
		return slices.Min(sizes)
	case "max":
		return slices.Max(sizes)
	}
	return math.NaN()
}

func (c *counting) tick(time.Duration, func(raised)) {}

// together is the reference of sequence and simultaneous rules over two or three steps. by is the key of an event in a
// step.
type together struct {
	ordered       bool
	window, quiet time.Duration
	steps         []string // actions
	without       string   // between the first and the second
	by            func(step int, e drawn) string
	keys          map[string]*watched
}

func (c *together) event(e drawn, raise func(raised)) {
	seen := map[string]bool{}
	for i, action := range append(slices.Clone(c.steps), c.without) {
		if action == "" || e.action != action {
			continue
		}
		if i == len(c.steps) {
			i = 1 // what must not come is tied as the step behind it is
		}
		key := c.by(i, e)
		if seen[key] {
			continue
		}
		seen[key] = true
		w := c.keys[key]
		if w == nil {
			w = &watched{}
			c.keys[key] = w
		}
		if w.add(e) {
			c.look(key, w, raise)
		}
	}
}

func (c *together) look(key string, w *watched, raise func(raised)) {
	for last := range w.events {
		first, ok := c.first(key, w.events, last)
		if ok {
			r := raised{key: key, first: w.events[first].at, last: w.events[last].at, count: len(c.steps)}
			w.spend(last, c.quiet)
			raise(r)
			return
		}
	}
}

// first finds where what ends with an event begins, as late as can be.
func (c *together) first(key string, events []drawn, last int) (int, bool) {
	if c.ordered {
		return c.chain(key, events, last, len(c.steps)-1, last)
	}
	first := last
	for step, action := range c.steps {
		newest := -1
		for i := 0; i <= last; i++ {
			if events[i].action == action && c.by(step, events[i]) == key && events[last].at-events[i].at < c.window {
				newest = i
			}
		}
		if newest < 0 {
			return 0, false
		}
		first = min(first, newest)
	}
	return first, true
}

// chain tries every event for every step.
func (c *together) chain(key string, events []drawn, last, step, at int) (int, bool) {
	e := events[at]
	if e.action != c.steps[step] || c.by(step, e) != key || events[last].at-e.at >= c.window {
		return 0, false
	}
	if step == 0 {
		return at, true
	}
	best, found := -1, false
	for before := range at {
		if step == 1 && c.without != "" && slices.ContainsFunc(events[before+1:at], func(x drawn) bool { return x.action == c.without && c.by(1, x) == key }) {
			continue
		}
		if first, ok := c.chain(key, events, last, step-1, before); ok {
			best, found = max(best, first), true
		}
	}
	return best, found
}

func (c *together) tick(time.Duration, func(raised)) {}

// missing is the reference of absence rules: a without b.
type missing struct {
	window, before, quiet time.Duration
	firsts, seconds       map[string][]drawn
	until                 map[string]time.Duration
}

func (c *missing) event(e drawn, _ func(raised)) {
	switch e.action {
	case "a":
		if until, ok := c.until[e.user]; !ok || e.at >= until {
			c.firsts[e.user] = append(c.firsts[e.user], e)
		}
	case "b":
		c.seconds[e.user] = append(c.seconds[e.user], e)
	}
}

func (c *missing) tick(watermark time.Duration, raise func(raised)) {
	for user, firsts := range c.firsts {
		slices.SortFunc(firsts, func(a, b drawn) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number)) })
		var left []drawn
		for _, e := range firsts {
			if until, ok := c.until[user]; ok && e.at < until {
				continue
			}
			if e.at+c.window > watermark {
				left = append(left, e)
				continue
			}
			if !slices.ContainsFunc(c.seconds[user], func(x drawn) bool { return x.at < e.at+c.window && x.at >= e.at-c.before }) {
				raise(raised{user, e.at, e.at, 1})
				c.until[user] = e.at + c.quiet
			}
		}
		c.firsts[user] = left
	}
}

// quietness is the reference of silence rules.
type quietness struct {
	window  time.Duration
	last    map[string]time.Duration
	checked func(at time.Duration) time.Duration // the last check up to a time; nil is always
	came    []time.Duration                      // all events, and all that was told of time
	starts  []time.Duration                      // of the host
}

func (c *quietness) silent(last, at time.Duration) bool {
	if c.checked != nil {
		at = c.checked(at)
	}
	return slices.Max(append(c.starts, last))+c.window <= at
}

func (c *quietness) event(e drawn, raise func(raised)) {
	c.came = append(c.came, e.at)
	last, ok := c.last[e.source]
	if ok && c.silent(last, e.at) {
		raise(raised{e.source, last, last, 1})
	}
	if !ok || e.at > last {
		c.last[e.source] = e.at
	}
}

func (c *quietness) start(at time.Duration, raise func(raised)) {
	c.tick(slices.Max(c.came), raise)
	c.starts = append(c.starts, at)
}

func (c *quietness) tick(watermark time.Duration, raise func(raised)) {
	c.came = append(c.came, watermark)
	for source, last := range c.last {
		if c.silent(last, watermark) {
			raise(raised{source, last, last, 1})
			delete(c.last, source)
		}
	}
}

// novelty is the reference of new_value rules.
type novelty struct {
	learn time.Duration
	began *time.Duration
	known map[string]bool
}

func (c *novelty) event(e drawn, raise func(raised)) {
	if c.began == nil {
		c.began = &e.at
	}
	key := e.user + " " + e.target
	if !c.known[key] && e.at >= *c.began+c.learn {
		raise(raised{key, e.at, e.at, 1})
	}
	c.known[key] = true
}

func (c *novelty) tick(time.Duration, func(raised)) {}

// trial is a rule with its reference.
type trial struct {
	rule map[string]any
	ref  reference
	keys []string                // of alerts, whose values make the key
	draw func(*rand.Rand) stream // nil is drawStream
}

const min10 = 10 * time.Minute

func trials() map[string]func(rnd *rand.Rand) trial {
	frequency := func(aggregate, field string, below bool, few, many []float64) func(*rand.Rand) trial {
		return func(rnd *rand.Rand) trial {
			thresholds, stream := few, sparse
			if rnd.IntN(5) == 0 {
				thresholds, stream = many, dense
			}
			threshold := thresholds[rnd.IntN(len(thresholds))]
			r := map[string]any{"type": "frequency", "query": "event.action:a", "group_by": []string{"source.ip"}, "aggregate": aggregate, "threshold": threshold}
			if field != "" {
				r["field"] = field
			}
			if below {
				r["compare"] = "below"
			}
			return trial{r, &counting{min10, min10, aggregate, threshold, below, map[string]*watched{}}, []string{"source.ip"}, stream}
		}
	}
	step := func(action, without string, by ...string) map[string]any {
		s := map[string]any{"query": "event.action:" + action, "by": by}
		if without != "" {
			s["without"] = "event.action:" + without
		}
		return s
	}
	byTarget := func(step int, e drawn) string {
		if step == 0 {
			return e.target
		}
		return e.source
	}
	byUser := func(_ int, e drawn) string { return e.user }
	return map[string]func(*rand.Rand) trial{
		"count":     frequency("count", "", false, []float64{2, 3, 5}, []float64{20, 40}),
		"distinct":  frequency("distinct", "host.name", false, []float64{2, 3}, []float64{12, 16, 18}),
		"sum":       frequency("sum", "network.bytes", false, []float64{60, 150}, []float64{600, 1000}),
		"avg":       frequency("avg", "network.bytes", false, []float64{40, 60}, []float64{40, 78}),
		"avg below": frequency("avg", "network.bytes", true, []float64{0, 10}, []float64{-19, 15}),
		"min":       frequency("min", "network.bytes", false, []float64{60, 70}, []float64{77, 78}),
		"min below": frequency("min", "network.bytes", true, []float64{-10, 0}, []float64{-19}),
		"max":       frequency("max", "network.bytes", false, []float64{60, 70}, []float64{78}),
		"max below": frequency("max", "network.bytes", true, []float64{-10, 0}, []float64{-18, -19}),
		"sequence": func(rnd *rand.Rand) trial {
			without := []string{"", "d"}[rnd.IntN(2)]
			r := map[string]any{"type": "sequence", "steps": []any{step("a", "", "destination.ip"), step("b", without, "source.ip"), step("c", "", "source.ip")}}
			return trial{r, &together{true, min10, min10, []string{"a", "b", "c"}, without, byTarget, map[string]*watched{}}, []string{"destination.ip"}, nil}
		},
		"sequence of the same": func(*rand.Rand) trial {
			r := map[string]any{"type": "sequence", "group_by": []string{"user.name"}, "steps": []any{
				map[string]any{"query": "event.action:a", "count": 3}, map[string]any{"query": "event.action:b", "without": "event.action:c"},
			}}
			return trial{r, &repeated{window: min10, keys: map[string]*watched{}}, []string{"user.name"}, nil}
		},
		"simultaneous": func(*rand.Rand) trial {
			r := map[string]any{"type": "simultaneous", "steps": []any{step("a", "", "destination.ip"), step("b", "", "source.ip"), step("c", "", "source.ip")}}
			return trial{r, &together{false, min10, min10, []string{"a", "b", "c"}, "", byTarget, map[string]*watched{}}, []string{"destination.ip"}, nil}
		},
		"two at once": func(*rand.Rand) trial {
			r := map[string]any{"type": "simultaneous", "window": "2m", "group_by": []string{"user.name"}, "steps": []any{step("a", ""), step("b", "")}}
			return trial{r, &together{false, 2 * m, 2 * m, []string{"a", "b"}, "", byUser, map[string]*watched{}}, []string{"user.name"}, nil}
		},
		"absence": func(rnd *rand.Rand) trial {
			before := time.Duration(rnd.IntN(3)) * m
			r := map[string]any{"type": "absence", "window": "5m", "before": before.String(), "group_by": []string{"user.name"}, "steps": []any{step("a", ""), step("b", "")}}
			return trial{r, &missing{5 * m, before, 5 * m, map[string][]drawn{}, map[string][]drawn{}, map[string]time.Duration{}}, []string{"user.name"}, nil}
		},
		"silence": func(*rand.Rand) trial {
			r := map[string]any{"type": "silence", "window": "3m", "query": "*", "group_by": []string{"source.ip"}}
			return trial{r, &quietness{window: 3 * m, last: map[string]time.Duration{}}, []string{"source.ip"}, nil}
		},
		"new_value": func(rnd *rand.Rand) trial {
			learn := time.Duration(rnd.IntN(20)) * m
			r := map[string]any{"type": "new_value", "learn": learn.String(), "query": "*", "group_by": []string{"user.name"}, "values": []string{"destination.ip"}}
			return trial{r, &novelty{learn: learn, known: map[string]bool{}}, []string{"user.name", "destination.ip"}, nil}
		},
	}
}

// repeated is the reference of three a and then a b, without c between.
type repeated struct {
	window time.Duration
	keys   map[string]*watched
}

func (c *repeated) event(e drawn, raise func(raised)) {
	if e.action == "d" {
		return
	}
	w := c.keys[e.user]
	if w == nil {
		w = &watched{}
		c.keys[e.user] = w
	}
	if !w.add(e) {
		return
	}
	for last, end := range w.events {
		if end.action != "b" {
			continue
		}
		var a []int // the newest three, the newest first, and nothing else between the newest and the end
		for i := last - 1; i >= 0 && len(a) < 3; i-- {
			if w.events[i].action == "a" {
				a = append(a, i)
			} else if w.events[i].action == "c" && len(a) == 0 {
				break
			}
		}
		if len(a) == 3 && end.at-w.events[a[2]].at < c.window {
			raise(raised{e.user, w.events[a[2]].at, end.at, 4})
			w.spend(last, c.window)
			return
		}
	}
}

func (c *repeated) tick(time.Duration, func(raised)) {}

// batch is events as the host hands them over.
func batch(events []drawn) *wire.Batch {
	n := len(events)
	lines := make([][]byte, n)
	var at, received, source, target, action, user, host, size, place wire.Builder
	at.Reset(wire.Type_TIMESTAMP, false, n, nil, nil)
	received.Reset(wire.Type_TIMESTAMP, false, n, nil, nil)
	source.Reset(wire.Type_IP, false, n, nil, nil)
	target.Reset(wire.Type_IP, false, n, nil, nil)
	action.Reset(wire.Type_STRING, false, n, nil, nil)
	user.Reset(wire.Type_STRING, false, n, nil, nil)
	host.Reset(wire.Type_STRING, false, n, nil, nil)
	size.Reset(wire.Type_INT64, false, n, nil, nil)
	place.Reset(wire.Type_INT64, false, n, nil, nil)
	for i, e := range events {
		lines[i] = fmt.Appendf(nil, "event %d", e.number)
		at.Nanos(i, start.Add(e.at+e.ahead).UnixNano())
		received.Nanos(i, start.Add(e.at).UnixNano())
		source.IP(i, netip.MustParseAddr(e.source).As16())
		target.IP(i, netip.MustParseAddr(e.target).As16())
		action.Text(i, e.action)
		user.Text(i, e.user)
		host.Text(i, e.user+e.target)
		size.Int(i, int64(e.size))
		place.Int(i, int64(e.number)<<8)
	}
	return batchOf(lines, map[ecs.Field]*wire.Builder{
		ecs.Timestamp: &at, ecs.EventIngested: &received, ecs.SourceIP: &source, ecs.DestinationIP: &target, ecs.EventAction: &action,
		ecs.UserName: &user, ecs.HostName: &host, ecs.NetworkBytes: &size, ecs.LogcenterPosition: &place,
	})
}

// watch runs a stream through the plugin, in batches of random sizes and of several parsers, and through a fresh process
// now and then.
func watch(t *testing.T, create func(Config) (sdk.Detector, error), tr trial, s stream, rnd *rand.Rand) (out []raised) {
	t.Helper()
	tr.rule["id"], tr.rule["name"] = "r", "R"
	rules, err := json.Marshal([]any{tr.rule})
	require.NoError(t, err)
	stage := sdk.DetectorStage(create)
	plugintest.OpenWith(t, stage, sample.Setup{Rules: rules})
	take := func(res *wire.Result) error {
		require.Empty(t, res.Error)
		for _, w := range res.Alerts {
			a := sdk.AlertFromWire(w)
			r := raised{first: a.First.Sub(start), last: a.Last.Sub(start), count: int(a.Count)}
			for i, k := range tr.keys {
				if i > 0 {
					r.key += " "
				}
				r.key += a.Keys[k]
			}
			if a.Kind == sdk.AlertRecovery {
				r.key = "over " + r.key
			}
			out = append(out, r)
		}
		return nil
	}
	told := time.Duration(0)
	tick := func(n int) {
		if at, ok := s.ticks[n]; ok {
			told = at
			require.NoError(t, stage.Tick(&wire.TickRequest{WatermarkNs: start.Add(at).UnixNano()}, take))
		}
		if at, ok := s.starts[n]; ok {
			require.NoError(t, stage.Tick(&wire.TickRequest{WatermarkNs: start.Add(told).UnixNano(), ResumedNs: start.Add(at).UnixNano()}, take))
		}
	}
	for from := 0; from < len(s.events); {
		to := from + 1
		for limit := 1 + rnd.IntN(cmp.Or(s.batch, 5)); to < len(s.events) && to-from < limit; to++ {
			if s.told(to) {
				break
			}
		}
		require.NoError(t, stage.Process(context.Background(), batch(byParser(s.events[from:to], rnd)), take))
		tick(to)
		from = to
		if rnd.IntN(10) == 0 {
			var state bytes.Buffer
			_, err := stage.Snapshot(&state)
			require.NoError(t, err)
			stage = sdk.DetectorStage(create)
			plugintest.OpenWith(t, stage, sample.Setup{Rules: rules})
			require.NoError(t, stage.Restore(&state, 0))
		}
	}
	return out
}

// byParser is events as they stand in a batch of three parsers' lines: those of each are in order of arrival.
func byParser(events []drawn, rnd *rand.Rand) (rows []drawn) {
	parsers := make([][]drawn, 3)
	for _, e := range events {
		k := rnd.IntN(len(parsers))
		parsers[k] = append(parsers[k], e)
	}
	return slices.Concat(parsers...)
}

func (s stream) expected(ref reference) (out []raised) {
	raise := func(r raised) { out = append(out, r) }
	for i, e := range s.events {
		ref.event(e, raise)
		if at, ok := s.ticks[i+1]; ok {
			ref.tick(at, raise)
		}
		if at, ok := s.starts[i+1]; ok {
			ref.(starting).start(at, raise)
		}
	}
	return out
}

// draw is a rule and a stream, with the seed's luck.
func draw(rnd *rand.Rand, of func(*rand.Rand) trial) (trial, stream) {
	tr := of(rnd)
	if tr.draw == nil {
		return tr, sparse(rnd)
	}
	return tr, tr.draw(rnd)
}

func sparse(rnd *rand.Rand) stream { return drawStream(rnd, 10+rnd.IntN(50), 40, false) }

func dense(rnd *rand.Rand) stream { return drawStream(rnd, 10+rnd.IntN(50), 40, true) }

func sorted(raised []raised) []raised {
	slices.SortFunc(raised, orderOfRaised)
	return raised
}

func orderOfRaised(a, b raised) int {
	return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.first, b.first), cmp.Compare(a.key, b.key))
}

// TestTypesAreAsTheReferenceSays compares every type with its reference on random streams.
func TestTypesAreAsTheReferenceSays(t *testing.T) {
	streams := 60
	if os.Getenv("LOGCENTER_LONG") != "" {
		streams = 10000
	}
	for name, of := range allTrials() {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, hash([]byte(name))))
			fired, streams := 0, streams
			if name == "deviation" {
				streams /= 4 // they are weeks
			}
			for range streams {
				tr, s := draw(rnd, of)
				got, want := watch(t, New, tr, s, rnd), s.expected(tr.ref)
				require.Equal(t, sorted(want), sorted(got), "rule %v over %+v", tr.rule, s)
				if len(want) > 0 {
					fired++
				}
			}
			t.Logf("%d of %d streams raise something", fired, streams)
			require.Greater(t, fired, streams*3/10, "streams that raise something")
		})
	}
}
