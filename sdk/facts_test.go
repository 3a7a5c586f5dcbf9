package sdk_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

var (
	denied = sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventAction: {"denied"}, ecs.EventOutcome: {"failure"}, ecs.EventCategory: {"network", "web"}, ecs.EventReason: {""},
	})
	passed = sdk.NewFacts(map[ecs.Field][]string{ecs.EventAction: {"passed"}, ecs.EventType: {"allowed"}})
)

// factFields are the fields of these tests' manifest; event.type is not among them.
var factFields = []ecs.Field{ecs.EventAction, ecs.EventOutcome, ecs.EventCategory, ecs.EventReason}

// twice processes lines by a stage, as two batches: what the first leaves behind must not be in the second.
func twice(t *testing.T, s *sdk.Stage, use func(r *wire.Result, b *wire.Batch), lines ...string) {
	t.Helper()
	require.NoError(t, s.Open(&wire.OpenRequest{Reads: decls(ecs.Message), Writes: decls(factFields...), MessageField: uint32(ecs.Message)}))
	for range 2 {
		b := batch(lines...)
		process(t, s, b, func(r *wire.Result) { use(r, b) })
	}
}

func TestFacts(t *testing.T) {
	s := sdk.ParserStage(func(struct{}) (sdk.Parser, error) {
		return parse(func(line []byte, ev *sdk.Event) error {
			switch string(line) {
			case "denied":
				ev.SetFacts(passed)
				ev.SetFacts(denied) // takes the place of the one before
			case "own":
				ev.SetString(ecs.EventAction, "dropped")
				ev.SetFacts(denied)
				ev.Set(ecs.EventOutcome, line)
				ev.SetString(ecs.EventCategory, "intrusion_detection")
			case "none":
				ev.SetFacts(denied)
				ev.SetFacts(nil)
			case "panic":
				ev.SetFacts(denied)
				panic("as a test wants it")
			case "bad":
				ev.SetFacts(passed)
				return errors.New("not understood")
			}
			return nil
		}), nil
	})
	twice(t, s, func(r *wire.Result, b *wire.Batch) {
		assert.Equal(t, map[int]string{0: "denied", 1: "dropped", 5: "passed", 6: "denied"}, values(r, b, ecs.EventAction))
		assert.Equal(t, map[int]string{0: "failure", 1: "own", 6: "failure"}, values(r, b, ecs.EventOutcome), "what an event has of its own counts more")
		assert.Equal(t, map[int]string{0: "network,web", 1: "network,web,intrusion_detection", 6: "network,web"}, values(r, b, ecs.EventCategory))
		assert.Empty(t, values(r, b, ecs.EventReason), "an empty text is none")
		assert.Equal(t, map[string]int64{"undeclared_fields": 1, "panics": 1}, r.Counters, "event.type is not in the manifest")
	}, "denied", "own", "none", "nothing", "panic", "bad", "denied")
}

func TestFactsOfSeveralEventsOfALine(t *testing.T) {
	s := sdk.ParserStage(func(struct{}) (sdk.Parser, error) {
		return parseMany(func(line []byte, next func() *sdk.Event) error {
			for _, c := range line {
				ev := next()
				if c == 'd' {
					ev.SetFacts(denied)
				}
			}
			return nil
		}), nil
	})
	twice(t, s, func(r *wire.Result, b *wire.Batch) {
		assert.Equal(t, map[int]string{0: "denied"}, values(r, b, ecs.EventAction))
		assert.Equal(t, map[int]string{1: "denied", 3: "denied"}, fanned(r, b, ecs.EventAction))
		assert.Equal(t, map[int]string{1: "network,web", 3: "network,web"}, fanned(r, b, ecs.EventCategory))
	}, "d.d", "..d"+".")
}

func TestFactsThatCannotBe(t *testing.T) {
	assert.PanicsWithValue(t, "sdk: facts have texts, and source.port is a long", func() {
		sdk.NewFacts(map[ecs.Field][]string{ecs.SourcePort: {"1"}})
	})
	assert.PanicsWithValue(t, "sdk: facts have 2 texts for event.action, which is no list", func() {
		sdk.NewFacts(map[ecs.Field][]string{ecs.EventAction: {"a", "b"}})
	})
	assert.PanicsWithValue(t, "sdk: facts have a text for event.action that is not UTF-8", func() {
		sdk.NewFacts(map[ecs.Field][]string{ecs.EventAction: {"\xff"}})
	})
}
