package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/hold"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestMain(m *testing.M) {
	code := m.Run()
	trial.Clean()
	os.Exit(code)
}

// journalID is as long as those that journals make.
const journalID = "abcdefghijklmnopqrstuv"

// records is a raw batch; inputs names the input of every line, nil for none.
func records(lines, inputs []string) *wire.Batch {
	rows := len(lines)
	c := &wire.Column{Field: uint32(ecs.Message), Name: "message", Type: wire.Type_STRING, Count: uint32(rows), Separator: 1, Values: make([]byte, 4)}
	for _, l := range lines {
		c.Data = append(append(c.Data, l...), '\n')
		n := len(c.Data)
		c.Values = append(c.Values, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	b := &wire.Batch{Rows: uint32(rows), Columns: []*wire.Column{c}}
	var at, in wire.Builder
	at.Reset(wire.Type_TIMESTAMP, false, rows, nil, nil)
	in.Reset(wire.Type_STRING, false, rows, nil, nil)
	for row := range lines {
		at.Nanos(row, int64(1000+row))
		if inputs != nil {
			in.Text(row, inputs[row])
		}
	}
	add := func(o *wire.Builder, f ecs.Field) {
		if o.Used() {
			c := o.Finish(uint32(f))
			c.Name = f.Name()
			b.Columns = append(b.Columns, c)
		}
	}
	add(&at, ecs.EventIngested)
	add(&in, ecs.LogcenterInput)
	return b
}

// event is a finished event, field by field.
type event map[string]string

func events(b *wire.Batch) []event {
	out := make([]event, b.Rows)
	message := b.Column(uint32(ecs.Message))
	for row := range out {
		out[row] = event{}
	}
	for _, c := range b.Columns {
		name := ecs.Field(c.Field).Name()
		c.Each(int(b.Rows), func(row, k int) {
			from, to := k, k+1
			if len(c.Lists) > 0 {
				from, to = c.List(k)
			}
			var vs []string
			for ; from < to; from++ {
				switch c.Type {
				case wire.Type_STRING:
					vs = append(vs, string(c.Text(from, row, message)))
				case wire.Type_INT64:
					vs = append(vs, fmt.Sprint(c.Int(from)))
				case wire.Type_TIMESTAMP:
					vs = append(vs, fmt.Sprint(c.Nanos(from)))
				default:
					vs = append(vs, "?")
				}
			}
			out[row][name] = strings.Join(vs, ",")
		})
	}
	return out
}

// finish runs raw records through a plan and returns the events in the order of their lines.
func finish(t *testing.T, r *pipeline.Processor, raw *wire.Batch) (all []event, f *pipeline.Finished) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	f, err := r.Process(ctx, pipeline.RawOf(journalID, 7, raw))
	require.NoError(t, err)
	require.NoError(t, f.Batch.Validate(uint32(ecs.Message)))
	t.Cleanup(f.Release)
	all = events(f.Batch)
	slices.SortFunc(all, func(a, b event) int { return strings.Compare(pad(a), pad(b)) })
	return all, f
}

func pad(e event) string { return fmt.Sprintf("%30s", e["logcenter.position"]) }

func position(row, ordinal int) string { return fmt.Sprint(pipeline.Position(7, row, ordinal)) }

type (
	parse  func(line []byte, ev *sdk.Event) error
	many   func(line []byte, next func() *sdk.Event) error
	enrich func(ctx context.Context, ev *sdk.Event) error
	mask   func(text []byte, e *sdk.Edits) error
)

func (f parse) Parse(line []byte, ev *sdk.Event) error             { return f(line, ev) }
func (f many) Parse([]byte, *sdk.Event) error                      { return errors.New("not called") }
func (f many) ParseMany(line []byte, next func() *sdk.Event) error { return f(line, next) }
func (f enrich) Enrich(ctx context.Context, ev *sdk.Event) error   { return f(ctx, ev) }
func (f mask) Mask(text []byte, e *sdk.Edits) error                { return f(text, e) }

type config struct{}

func stage(t *testing.T, m *plugin.Manifest, impl any) pipeline.Stage {
	t.Helper()
	if m.Version == "" {
		m.Version = "1 beta"
	}
	var s *sdk.Stage
	switch i := impl.(type) {
	case sdk.Parser:
		m.Kind, s = wire.Kind_PARSER, sdk.ParserStage(func(config) (sdk.Parser, error) { return i, nil })
	case sdk.Enricher:
		m.Kind, s = wire.Kind_ENRICHER, sdk.EnricherStage(func(config) (sdk.Enricher, error) { return i, nil })
	case sdk.Masker:
		m.Kind, s = wire.Kind_MASKER, sdk.MaskerStage(func(config) (sdk.Masker, error) { return i, nil })
	}
	m.Reads = append(m.Reads, ecs.Message)
	p, err := plugin.NewInProcess(m, s, nil)
	require.NoError(t, err)
	return p
}

func prefix(ps ...string) []manifest.Recogniser { return []manifest.Recogniser{{Prefix: ps}} }

func processor(p pipeline.Plan, h pipeline.Hold) *pipeline.Processor {
	return pipeline.NewProcessor(pipeline.NewPlan(p), h)
}

func action(line []byte, ev *sdk.Event) error { ev.Set(ecs.EventAction, line[1:]); return nil }

func TestEveryLineOnceByItsParser(t *testing.T) {
	w := []ecs.Field{ecs.EventAction}
	plan := pipeline.Plan{
		Parsers: []pipeline.Stage{
			stage(t, &plugin.Manifest{ID: "alpha", Accepts: prefix("a"), Writes: w, Constants: []manifest.Constant{{Field: ecs.EventDataset, Values: []string{"alpha.log"}}}}, parse(action)),
			stage(t, &plugin.Manifest{ID: "beta", Accepts: prefix("b"), Writes: w}, parse(action)),
		},
		Overrides: map[string]string{"forced": "beta", "nowhere": "gamma"},
	}
	r := processor(plan, nil)
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		lines, inputs := make([]string, 1+rnd.IntN(60)), []string(nil)
		for i := range lines {
			lines[i] = fmt.Sprintf("%c%d 登录", "abc"[rnd.IntN(3)], i)
			inputs = append(inputs, []string{"tcp", "forced", "nowhere"}[rnd.IntN(3)])
		}
		before := r.Unrecognised.Load()
		all, _ := finish(t, r, records(lines, inputs))
		require.Len(t, all, len(lines))
		unrecognised := 0
		for i, e := range all {
			want := event{
				"message": lines[i], "logcenter.input": inputs[i], "event.ingested": fmt.Sprint(1000 + i), "@timestamp": fmt.Sprint(1000 + i),
				"logcenter.position": position(i, 0),
			}
			switch {
			case inputs[i] == "forced" || lines[i][0] == 'b':
				want["event.action"], want["logcenter.parser"] = lines[i][1:], "beta 1 beta"
			case lines[i][0] == 'a':
				want["event.action"], want["logcenter.parser"], want["event.dataset"] = lines[i][1:], "alpha 1 beta", "alpha.log"
			default:
				want["logcenter.flags"] = "unparsed"
				unrecognised++
			}
			assert.Equal(t, want, e)
		}
		assert.EqualValues(t, unrecognised, r.Unrecognised.Load()-before)
	}
}

func TestWhatParsersSayOfALine(t *testing.T) {
	p := stage(t, &plugin.Manifest{
		ID: "p", Accepts: prefix(""), MayDrop: true, Writes: []ecs.Field{ecs.EventAction, ecs.SourcePort, ecs.EventDataset},
		Constants: []manifest.Constant{{Field: ecs.EventDataset, Values: []string{"fixed"}}, {Field: ecs.EventCategory, Values: []string{"network", "web"}}},
	}, parse(func(line []byte, ev *sdk.Event) error {
		ev.Set(ecs.EventAction, line)
		switch string(line) {
		case "error":
			return errors.New("not a line of mine")
		case "bad":
			ev.Set(ecs.SourcePort, line)
		case "own":
			ev.SetString(ecs.EventDataset, "my own")
		case "drop":
			return sdk.ErrSkip
		case "dead":
			return fmt.Errorf("never: %w", sdk.ErrPermanent)
		}
		return nil
	}))
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}}, nil)
	all, f := finish(t, r, records([]string{"good", "error", "bad", "own", "drop", "dead", "good"}, nil))
	require.Len(t, all, 5)
	told := func(e event) string {
		return strings.Join([]string{e["message"], e["event.dataset"], e["event.category"], e["error.code"], e["error.type"], e["logcenter.flags"]}, "|")
	}
	assert.Equal(t, "good|fixed|network,web|||", told(all[0]))
	assert.Equal(t, "error|fixed|network,web|error|parser p|unparsed", told(all[1]))
	assert.Equal(t, "not a line of mine", all[1]["error.message"])
	assert.Equal(t, "error", all[1]["event.action"], "what was set stays")
	assert.Equal(t, "bad|fixed|network,web|bad_value|parser p|", told(all[2]))
	assert.Equal(t, "own|my own|network,web|||", told(all[3]))
	assert.Equal(t, position(6, 0), all[4]["logcenter.position"])
	require.Len(t, f.Dead, 1)
	d := f.Dead[0]
	assert.Equal(t, []string{"parser", "p", "1 beta", "dead", "never: permanent"}, []string{d.Stage, d.Plugin, d.Version, d.Text, d.Message})
	assert.Equal(t, store.EventID{Journal: journalID, Position: pipeline.Position(7, 5, 0)}.String(), d.EventID)
	assert.EqualValues(t, 1, r.Dropped.Load())
	assert.EqualValues(t, 1, r.DeadLetters.Load())
	assert.EqualValues(t, 1, r.Unparsed.Load())
}

// byHand is a stage that answers what it is told to.
type byHand struct {
	m *plugin.Manifest
	r func(b *wire.Batch) *wire.Result
}

func (s byHand) Manifest() *plugin.Manifest { return s.m }

func (s byHand) Process(_ context.Context, b *wire.Batch) (*plugin.Answer, error) {
	return &plugin.Answer{Parts: []plugin.Part{{To: int(b.Rows), Reply: &plugin.Reply{Result: s.r(b)}}}}, nil
}

func TestCodesOfPluginsAreJustCodes(t *testing.T) {
	p := byHand{&plugin.Manifest{ID: "p", Kind: wire.Kind_PARSER, Version: "1", Accepts: prefix("")}, func(b *wire.Batch) *wire.Result {
		return &wire.Result{Rows: b.Rows, Errors: []*wire.RowError{{Code: "dead_letter", Message: "ha"}}}
	}}
	all, f := finish(t, processor(pipeline.Plan{Parsers: []pipeline.Stage{p}}, nil), records([]string{"x"}, nil))
	assert.Empty(t, f.Dead)
	assert.Equal(t, "dead_letter", all[0]["error.code"])
}

func TestFanOut(t *testing.T) {
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix("l"), Writes: []ecs.Field{ecs.EventAction, ecs.UserName}}, many(func(line []byte, next func() *sdk.Event) error {
		for i, part := range strings.Fields(string(line)) {
			ev := next()
			at := strings.Index(string(line), part)
			ev.Set(ecs.EventAction, line[at:at+len(part)])
			if i == 0 {
				ev.SetString(ecs.UserName, "first")
			}
		}
		return nil
	}))
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Maskers: []pipeline.Stage{hider(t, "l2")}}, nil)
	all, _ := finish(t, r, records([]string{"other", "l1 x y", "l2", "l3 z"}, nil))
	var got []string
	for _, e := range all {
		got = append(got, strings.Join([]string{e["logcenter.position"], e["message"], e["event.action"], e["user.name"]}, "|"))
	}
	assert.Equal(t, []string{
		position(0, 0) + "|other||",
		position(1, 0) + "|l1 x y|l1|first", position(1, 1) + "|l1 x y|x|", position(1, 2) + "|l1 x y|y|",
		position(2, 0) + "|***|***|first",
		position(3, 0) + "|l3 z|l3|first", position(3, 1) + "|l3 z|z|",
	}, got)
}

func TestFanOutIsBounded(t *testing.T) {
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: []ecs.Field{ecs.EventAction}}, many(func(line []byte, next func() *sdk.Event) error {
		for range 200 {
			next().Set(ecs.EventAction, line[:1])
		}
		return nil
	}))
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}}, nil)
	long := strings.Repeat("x", 50_000)
	all, f := finish(t, r, records([]string{"a" + long, "b" + long, "c" + long}, nil))
	assert.Less(t, f.Batch.SizeVT(), 20<<20)
	count := map[string]int{}
	notes := map[string]string{}
	for _, e := range all {
		count[e["message"][:1]]++
		notes[e["message"][:1]] += e["error.code"]
		assert.Equal(t, e["message"][:1], e["event.action"])
	}
	assert.Equal(t, 200, count["a"])
	assert.Greater(t, count["b"], 100)
	assert.Equal(t, 1, count["c"])
	assert.Equal(t, map[string]string{"a": "", "b": "fan_out", "c": "fan_out"}, notes)
	assert.EqualValues(t, 600-len(all), r.FanOutLost.Load())
}

func TestEnrichersOverlay(t *testing.T) {
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: []ecs.Field{ecs.EventAction, ecs.UserName}}, parse(func(line []byte, ev *sdk.Event) error {
		ev.Set(ecs.EventAction, line)
		ev.Set(ecs.UserName, line[:1])
		return nil
	}))
	e := stage(t, &plugin.Manifest{ID: "e", Reads: []ecs.Field{ecs.EventAction}, Writes: []ecs.Field{ecs.UserName}}, enrich(func(_ context.Context, ev *sdk.Event) error {
		if a := string(ev.Text(ecs.EventAction)); strings.HasPrefix(a, "x") {
			ev.SetString(ecs.UserName, "known "+a)
		} else if a == "fail" {
			return errors.New("no")
		}
		return nil
	}))
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Enrichers: []pipeline.Stage{e}}, nil)
	all, _ := finish(t, r, records([]string{"x1", "y1", "x2", "fail"}, nil))
	var got []string
	for _, e := range all {
		got = append(got, e["user.name"]+" "+e["logcenter.flags"])
	}
	assert.Equal(t, []string{"known x1 ", "y ", "known x2 ", "f unenriched"}, got)
	assert.EqualValues(t, 1, r.Unenriched.Load())
}

func TestStreams(t *testing.T) {
	parsed := func(q string) query.Node {
		n, err := query.Parse(q)
		require.NoError(t, err)
		return n
	}
	router, err := pipeline.NewRouter(map[string]query.Node{"all": parsed("*"), "denied": parsed("event.action:deny"), "logins": parsed("登录")})
	require.NoError(t, err)
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix("x"), Writes: []ecs.Field{ecs.EventAction}}, parse(action))
	all, _ := finish(t, processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Streams: router}, nil), records([]string{"xdeny", "用户登录失败", "xallow"}, nil))
	assert.Equal(t, "all,denied", all[0]["logcenter.stream"])
	assert.Equal(t, "all,logins", all[1]["logcenter.stream"])
	assert.Equal(t, "all", all[2]["logcenter.stream"])
	assert.Equal(t, map[string]int64{"all": 3, "denied": 1, "logins": 1}, router.Counts())
}

// kept is a hold in memory.
type kept struct {
	mu   sync.Mutex
	said map[string]string
}

func (k *kept) Keep(rs []hold.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.said == nil {
		k.said = map[string]string{}
	}
	for i := range rs {
		raw, err := pipeline.NewRaw("", 0, 0, [][]byte{rs[i].Batch})
		if err != nil {
			return err
		}
		ev := events(raw.Batch)[0]
		k.said[rs[i].EventID] += rs[i].Reason + ": " + ev["message"] + " by " + ev["logcenter.input"] + "\n"
		rs[i].Time = keptAt
	}
	return nil
}

var keptAt = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestPoisonGoesToTheHold(t *testing.T) {
	_, p := trial.Start(t, plugin.Options{}, "par", "parser", "accepts: [{prefix: [p]}]", "trusted: true")
	_, e := trial.Start(t, plugin.Options{}, "enr", "enricher", "trusted: true")
	_, m := trial.Start(t, plugin.Options{}, "mas", "masker", "trusted: true")
	k := &kept{}
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Enrichers: []pipeline.Stage{e}, Maskers: []pipeline.Stage{m}}, k)
	all, f := finish(t, r, records([]string{"p1 hunter2", "p2KILL x", "q3 hunter2", "q4 KILL hunter2", "p5 port=5", "p6 DEAD hunter2"}, []string{"a", "b", "a", "c", "a", "d"}))
	assert.Equal(t, "p1 ***", all[0]["message"])
	assert.Equal(t, "user of p1", all[0]["user.name"])
	assert.Equal(t, "[withheld]", all[1]["message"], "it kills the masker, too")
	assert.Equal(t, "unparsed,withheld", all[1]["logcenter.flags"])
	assert.Equal(t, "poison", all[1]["error.code"], "the first stage's words stay")
	assert.Equal(t, "q3 ***", all[2]["message"])
	assert.Equal(t, "[withheld]", all[3]["message"])
	assert.Equal(t, "5", all[4]["source.port"])
	id := func(row int) string {
		return store.EventID{Journal: journalID, Position: pipeline.Position(7, row, 0)}.String()
	}
	assert.Equal(t, map[string]string{
		id(1): "par 1.2.3: poison: p2KILL x by b\n",
		id(3): "mas 1.2.3: withheld: q4 KILL hunter2 by c\n",
		id(5): "par 1.2.3: dead_letter: p6 DEAD hunter2 by d\n",
	}, k.said)
	var told []string
	for _, d := range f.Dead {
		assert.Equal(t, keptAt, d.Held)
		told = append(told, strings.Join([]string{d.EventID, d.Stage, d.Plugin, d.Reason, d.Text}, " "))
	}
	assert.Equal(t, []string{
		id(1) + " parser par poison [withheld]", id(5) + " parser par dead_letter [withheld]", id(3) + " masker mas withheld [withheld]",
	}, told)
	assert.EqualValues(t, 3, r.Withheld.Load())
}

func TestWaitsForTheMasker(t *testing.T) {
	reg, m := trial.Start(t, plugin.Options{}, "mas", "masker")
	r := processor(pipeline.Plan{Maskers: []pipeline.Stage{m}}, nil)
	require.NoError(t, reg.Disable("mas"))
	done := make(chan []event)
	run := func() {
		f, err := r.Process(t.Context(), pipeline.RawOf(journalID, 7, records([]string{"x hunter2"}, nil)))
		if !assert.NoError(t, err) {
			return
		}
		done <- events(f.Batch)
		f.Release()
	}
	go run()
	require.Eventually(t, func() bool { return r.WaitingForMasker.Load() == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, reg.Enable(t.Context(), "mas"))
	assert.Equal(t, "x ***", (<-done)[0]["message"])
	assert.Zero(t, r.WaitingForMasker.Load())

	require.NoError(t, reg.Disable("mas"))
	go run()
	require.Eventually(t, func() bool { return r.WaitingForMasker.Load() == 1 }, time.Minute, time.Millisecond)
	r.SetPlan(pipeline.NewPlan(pipeline.Plan{}))
	assert.Equal(t, "x hunter2", (<-done)[0]["message"], "an admin chose to go without it")
}

func TestEnricherThatHolds(t *testing.T) {
	reg, e := trial.Start(t, plugin.Options{}, "enr", "enricher", "on_failure: hold", "reads: [message]")
	pass, passing := trial.Start(t, plugin.Options{}, "pas", "enricher", "reads: [message]")
	require.NoError(t, reg.Disable("enr"))
	require.NoError(t, pass.Disable("pas"))
	r := processor(pipeline.Plan{Enrichers: []pipeline.Stage{passing, e}}, nil)
	done := make(chan []event)
	go func() {
		f, err := r.Process(t.Context(), pipeline.RawOf(journalID, 7, records([]string{"x"}, nil)))
		if assert.NoError(t, err) {
			done <- events(f.Batch)
			f.Release()
		}
	}()
	require.Eventually(t, func() bool { return r.WaitingForEnricher.Load() == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, reg.Enable(t.Context(), "enr"))
	got := (<-done)[0]
	assert.Equal(t, "user of ", got["user.name"])
	assert.Equal(t, "unenriched,unparsed", strings.Join(sorted(got["logcenter.flags"]), ","), "the other one is passed by")
}

func sorted(list string) []string {
	l := strings.Split(list, ",")
	slices.Sort(l)
	return l
}
