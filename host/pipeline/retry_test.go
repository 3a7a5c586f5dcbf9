package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// stubborn is an enricher that answers an event only after it asked for other tries: "2 x" is tried again twice,
// "2h x" at once, but hours later.
type stubborn struct {
	mu    sync.Mutex
	calls map[string]int
	asked func() // called when a row asks
}

func (s *stubborn) Enrich(_ context.Context, ev *sdk.Event) error {
	line := string(ev.Line())
	times, rest, _ := strings.Cut(line, " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[line]++
	if s.asked != nil && times != "0" {
		s.asked()
	}
	ev.SetString(ecs.UserName, "try "+rest)
	switch {
	case strings.HasSuffix(times, "h"):
		return sdk.RetryAfter(time.Hour, errors.New("come back later"))
	case s.calls[line] <= int(times[0]-'0'):
		return sdk.RetryAfter(0, errors.New("busy"))
	case strings.Contains(rest, "fails"):
		return errors.New("unknown")
	}
	ev.SetString(ecs.UserName, "user "+rest)
	ev.Set(ecs.UserDomain, bytes.TrimLeft(ev.Line(), "0123456789 ")) // a span
	ev.SetString(ecs.RelatedUser, "a "+rest)
	ev.SetString(ecs.RelatedUser, "b "+rest)
	return nil
}

// twice is a stage whose plugin says of each row twice that it wants another try, as one written in another language
// may.
type twice struct{ pipeline.Stage }

func (s twice) Process(ctx context.Context, b *wire.Batch) (*plugin.Answer, error) {
	a, err := s.Stage.Process(ctx, b)
	if err == nil {
		for _, p := range a.Parts {
			var errs []*wire.RowError
			for _, e := range p.Reply.Errors {
				errs = append(errs, e, &wire.RowError{Row: e.Row, Code: e.Code, Message: e.Message, Disposition: e.Disposition})
			}
			p.Reply.Errors = errs
		}
	}
	return a, err
}

func TestRowsThatAskTwiceAreSentOnce(t *testing.T) {
	s := &stubborn{calls: map[string]int{}}
	e := twice{stage(t, &plugin.Manifest{ID: "e", Writes: enriches}, s)}
	all, _ := finish(t, processor(pipeline.Plan{Enrichers: []pipeline.Stage{e}}, nil), records([]string{"0 a", "1 b", "2 c"}, nil))
	for i, want := range []string{"user a", "user b", "user c"} {
		assert.Equal(t, want, all[i]["user.name"])
	}
	assert.Equal(t, map[string]int{"0 a": 1, "1 b": 2, "2 c": 3}, s.calls)
}

var enriches = []ecs.Field{ecs.UserName, ecs.UserDomain, ecs.RelatedUser}

func TestEnricherAsksForAnotherTry(t *testing.T) {
	s := &stubborn{calls: map[string]int{}}
	e := stage(t, &plugin.Manifest{ID: "e", Writes: enriches}, s)
	r := processor(pipeline.Plan{Enrichers: []pipeline.Stage{e}}, nil)
	lines := []string{"0 first", "1 一", "0 middle", "3 three", "1 fails", "9 never", "2h hours", "0 last"}
	all, _ := finish(t, r, records(lines, nil))
	var got []string
	for _, e := range all {
		got = append(got, strings.Join([]string{e["user.name"], e["user.domain"], e["related.user"], e["error.message"], e["logcenter.flags"]}, "|"))
	}
	assert.Equal(t, []string{
		"user first|first|a first,b first||unparsed",
		"user 一|一|a 一,b 一||unparsed",
		"user middle|middle|a middle,b middle||unparsed",
		"user three|three|a three,b three||unparsed",
		"try fails|||unknown|unenriched,unparsed",
		"try never|||busy|unenriched,unparsed",
		"try hours|||come back later|unenriched,unparsed",
		"user last|last|a last,b last||unparsed",
	}, flagsSorted(got))
	assert.Equal(t, map[string]int{
		"0 first": 1, "1 一": 2, "0 middle": 1, "3 three": 4, "1 fails": 2, "9 never": 4, "2h hours": 1, "0 last": 1,
	}, s.calls, "only those that ask are sent again, and not for ever")
	assert.EqualValues(t, 3, r.Unenriched.Load())
}

// flagsSorted is lines with the list behind the last bar sorted: marks of one event are in no order.
func flagsSorted(lines []string) []string {
	for i, l := range lines {
		at := strings.LastIndexByte(l, '|') + 1
		lines[i] = l[:at] + strings.Join(sorted(l[at:]), ",")
	}
	return lines
}

// A host that stops does not wait for what an enricher waits for.
func TestRetriesEndWithTheHost(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &stubborn{calls: map[string]int{}, asked: cancel}
	r := processor(pipeline.Plan{Enrichers: []pipeline.Stage{stage(t, &plugin.Manifest{ID: "e", Writes: enriches}, s)}}, nil)
	_, err := r.Process(ctx, pipeline.RawOf(journalID, 7, records([]string{"9 x"}, nil)))
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, s.calls["9 x"])
}

func TestRetriesOfAPluginAreCounted(t *testing.T) {
	_, p := trial.Start(t, plugin.Options{}, "par", "parser", "accepts: [{prefix: [a, b]}]", "trusted: true")
	_, e := trial.Start(t, plugin.Options{}, "enr", "enricher", "trusted: true")
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Enrichers: []pipeline.Stage{e}}, nil)
	all, _ := finish(t, r, records([]string{"a1", "bAGAIN1", "none", "a2", "bAGAIN2"}, nil))
	var got []string
	for _, e := range all {
		got = append(got, e["user.name"])
	}
	assert.Equal(t, []string{"user of a1", "user of bAGAIN1", "user of ", "user of a2", "user of bAGAIN2"}, got)
	assert.EqualValues(t, 2, e.Retries.Load())
	assert.Zero(t, e.RowErrors.Load(), "they came through in the end")
	assert.Zero(t, r.Unenriched.Load())
}

// An enricher that stops while events wait for their next try lets them go on as they are.
func TestEnricherGoneBeforeTheNextTry(t *testing.T) {
	calls := 0
	e := &stageFunc{&plugin.Manifest{ID: "e", Kind: wire.Kind_ENRICHER, Version: "1", Reads: []ecs.Field{ecs.Message}}, func(b *wire.Batch) (*wire.Result, error) {
		if calls++; calls > 1 {
			return nil, plugin.ErrUnavailable
		}
		return &wire.Result{Seq: b.Seq, Rows: b.Rows, Errors: []*wire.RowError{{Row: 1, Code: "error", Message: "busy", Disposition: wire.Disposition_RETRY}}}, nil
	}}
	r := processor(pipeline.Plan{Enrichers: []pipeline.Stage{e}}, nil)
	all, _ := finish(t, r, records([]string{"a", "b"}, nil))
	assert.Equal(t, "unparsed", all[0]["logcenter.flags"])
	assert.Equal(t, []string{"unenriched", "unparsed"}, sorted(all[1]["logcenter.flags"]))
	assert.Equal(t, "busy", all[1]["error.message"])
}

// stageFunc is a stage that answers what a function says.
type stageFunc struct {
	m *plugin.Manifest
	f func(b *wire.Batch) (*wire.Result, error)
}

func (s *stageFunc) Manifest() *plugin.Manifest { return s.m }

func (s *stageFunc) Process(_ context.Context, b *wire.Batch) (*plugin.Answer, error) {
	r, err := s.f(b)
	if err != nil {
		return nil, err
	}
	return &plugin.Answer{Parts: []plugin.Part{{To: int(b.Rows), Reply: &plugin.Reply{Result: r}}}}, nil
}
