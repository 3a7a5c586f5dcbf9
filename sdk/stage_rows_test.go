package sdk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestTimes(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	const layout = "2006-01-02 15:04:05"
	for _, tt := range []struct {
		line, zone, want string // zone: the input's
		set              func(*sdk.Event, []byte)
	}{
		{"2026-10-11 12:00:00", "", "2026-10-11T12:00:00Z", func(ev *sdk.Event, l []byte) { ev.SetTime(layout, nil, l) }},
		{"2026-10-11 12:00:00", "Asia/Shanghai", "2026-10-11T04:00:00Z", func(ev *sdk.Event, l []byte) { ev.SetTime(layout, nil, l) }},
		{"2026-10-11 12:00:00", "America/New_York", "2026-10-11T04:00:00Z", func(ev *sdk.Event, l []byte) { ev.SetTime(layout, shanghai, l) }},
		{"2026-10-11 12:00:00", "No/Where", "2026-10-11T12:00:00Z", func(ev *sdk.Event, l []byte) { ev.SetTime(layout, nil, l) }},
		{"2026-10-11|12:00:00", "", "2026-10-11T12:00:00Z", func(ev *sdk.Event, l []byte) { ev.SetTime(layout, nil, l[:10], l[11:]) }},
		// Half an hour into the new year, December is of the old one.
		{"Dec 31 23:59:00", "", "2025-12-31T23:59:00Z", func(ev *sdk.Event, l []byte) { ev.SetTime("Jan _2 15:04:05", nil, l) }},
		{"never", "", "", func(ev *sdk.Event, l []byte) { ev.SetTime(layout, nil, l) }},
		{"2026-10-11 12:00:00", "", "", func(ev *sdk.Event, l []byte) { ev.SetTime("no layout", nil, l) }},
		{"x", "", "", func(ev *sdk.Event, _ []byte) { ev.SetTime(layout, nil) }},
	} {
		b := texts(batch(tt.line), ecs.EventTimezone, tt.zone)
		s := parserStage(t, parse(func(line []byte, ev *sdk.Event) error {
			tt.set(ev, line)
			return nil
		}))
		process(t, s, b, func(r *wire.Result) {
			assert.Equal(t, tt.want, values(r, b, ecs.Timestamp)[0], "%q in %q", tt.line, tt.zone)
		})
	}
}

func TestUndeclaredFieldsAreCountedAndIgnored(t *testing.T) {
	b := batch("line", "line")
	s := parserStage(t, parse(func(line []byte, ev *sdk.Event) error {
		ev.Set(unheld, line)
		ev.SetString(ecs.EventID, "mine")
		ev.Set(ecs.EventAction, line)
		return nil
	}))
	process(t, s, b, func(r *wire.Result) {
		assert.Len(t, r.Columns, 1)
		assert.Equal(t, map[int]string{0: "line", 1: "line"}, values(r, b, ecs.EventAction))
		assert.Equal(t, map[string]int64{"undeclared_fields": 4}, r.Counters)
		assert.Empty(t, r.Errors)
	})
}

func TestBadValuesAreCountedAndTheFirstOfAnEventNoted(t *testing.T) {
	b := batch("x", "y")
	s := parserStage(t, parse(func(line []byte, ev *sdk.Event) error {
		ev.Set(ecs.EventSeverity, line)
		ev.SetIP(ecs.SourceIP, line)
		ev.Bad(ecs.UserName, "not a user")
		return nil
	}))
	process(t, s, b, func(r *wire.Result) {
		require.Len(t, r.Errors, 2)
		for row, e := range r.Errors {
			assert.Equal(t, uint32(row), e.Row)
			assert.Equal(t, "bad_value", e.Code)
			assert.Equal(t, "event.severity", e.Field)
		}
		assert.Equal(t, map[string]int64{"bad_values": 6}, r.Counters)
	})
}

func TestErrorsBecomeData(t *testing.T) {
	cause := errors.New("cause")
	for _, tt := range []struct {
		name        string
		err         error
		disposition wire.Disposition
		message     string
		retry       uint32
	}{
		{"any", cause, wire.Disposition_KEEP, "cause", 0},
		{"permanent", fmt.Errorf("no such version: %w", sdk.ErrPermanent), wire.Disposition_DEAD_LETTER, "no such version: permanent", 0},
		{"retry", sdk.RetryAfter(1500*time.Millisecond, cause), wire.Disposition_RETRY, "cause", 1500},
		{"wrapped retry", fmt.Errorf("lookup: %w", sdk.RetryAfter(time.Second, nil)), wire.Disposition_RETRY, "lookup: try again after 1s", 1000},
		{"retry in the past", sdk.RetryAfter(-time.Second, cause), wire.Disposition_RETRY, "cause", 0},
		{"retry in a year", sdk.RetryAfter(365*24*time.Hour, cause), wire.Disposition_RETRY, "cause", math.MaxUint32},
	} {
		b := batch("good", "bad", "good")
		s := parserStage(t, parse(func(line []byte, ev *sdk.Event) error {
			ev.Set(ecs.EventAction, line)
			if string(line) == "bad" {
				ev.Set(ecs.SourceIP, line) // the row's error says more than this note
				return tt.err
			}
			return nil
		}))
		process(t, s, b, func(r *wire.Result) {
			require.Len(t, r.Errors, 1, tt.name)
			e := r.Errors[0]
			assert.Equal(t, uint32(1), e.Row, tt.name)
			assert.Equal(t, tt.disposition, e.Disposition, tt.name)
			assert.Equal(t, tt.message, e.Message, tt.name)
			assert.Equal(t, tt.retry, e.RetryAfterMs, tt.name)
			assert.Equal(t, "bad", values(r, b, ecs.EventAction)[1], "what was set before the error is kept")
			assert.Empty(t, r.Drop)
		})
	}
}

// Protocol buffers refuse texts that are not UTF-8, so a long one must not be cut within a character.
func TestLongErrorsAreCutBetweenCharacters(t *testing.T) {
	for _, text := range []string{strings.Repeat("错", 1000), "x" + strings.Repeat("错", 1000), "raw \xd5\xc5 bytes"} {
		_, note := one(t, "line", ecs.EventAction, func([]byte, *sdk.Event) error { return errors.New(text) })
		assert.True(t, utf8.ValidString(note))
		assert.NotEmpty(t, note)
		assert.LessOrEqual(t, len(note), 512)
	}
	_, note := one(t, "line", ecs.EventAction, func(_ []byte, ev *sdk.Event) error {
		ev.Bad(ecs.UserName, strings.Repeat("错", 1000))
		return nil
	})
	assert.True(t, utf8.ValidString(note))
	assert.LessOrEqual(t, len(note), 512)
}

func TestSkippedRowsAreMarked(t *testing.T) {
	var lines []string
	for i := range 19 {
		lines = append(lines, fmt.Sprint(i))
	}
	b := batch(lines...)
	s := parserStage(t, parse(func(line []byte, _ *sdk.Event) error {
		if string(line) == "9" || string(line) == "18" {
			return fmt.Errorf("heartbeat: %w", sdk.ErrSkip)
		}
		return nil
	}))
	process(t, s, b, func(r *wire.Result) {
		assert.Equal(t, []byte{0, 1 << 1, 1 << 2}, r.Drop)
		assert.Empty(t, r.Errors)
	})
	process(t, s, batch("1"), func(r *wire.Result) { assert.Empty(t, r.Drop, "of the batch before") })
}

func TestPanicCostsOneRow(t *testing.T) {
	b := batch("a", "poison", "b", "poison", "poison")
	s := parserStage(t, parse(func(line []byte, ev *sdk.Event) error {
		ev.Set(ecs.EventAction, line)
		ev.SetString(ecs.EventCategory, "web")
		ev.SetInt(ecs.EventSeverity, 1<<40)
		ev.Set(ecs.SourceIP, line)
		if string(line) == "poison" {
			panic("poisoned")
		}
		return nil
	}))
	process(t, s, b, func(r *wire.Result) {
		assert.Equal(t, map[int]string{0: "a", 2: "b"}, values(r, b, ecs.EventAction), "nothing of a row at which the parser panicked stays")
		assert.Equal(t, map[int]string{0: "web", 2: "web"}, values(r, b, ecs.EventCategory))
		assert.Equal(t, map[int]string{0: "1099511627776", 2: "1099511627776"}, values(r, b, ecs.EventSeverity))
		assert.Equal(t, int64(3), r.Counters["panics"])
		require.Len(t, r.Errors, 5)
		for _, row := range []int{1, 3, 4} {
			assert.Equal(t, "panic", r.Errors[row].Code)
			assert.NotContains(t, r.Errors[row].Message, "poison")
		}
	})
	process(t, s, batch("poison"), func(r *wire.Result) {
		assert.Empty(t, r.Columns)
		assert.Len(t, r.Errors, 1)
	})
}

// letters makes an event of every word of the line.
func letters(line []byte, next func() *sdk.Event) error {
	for len(line) > 0 {
		n := strings.IndexByte(string(line)+" ", ' ')
		w := line[:n]
		line = line[min(n+1, len(line)):]
		ev := next()
		ev.Set(ecs.EventAction, w)
		ev.SetString(ecs.EventCategory, "web")
		ev.Set(ecs.EventCategory, w)
		if len(w) > 1 {
			ev.SetCopy(ecs.UserName, []byte("decoded "+string(w)), w)
		}
		if string(w) == "poison" {
			panic("poisoned")
		}
	}
	return nil
}

func TestFanOut(t *testing.T) {
	b := batch("a", "b bb bbb", "", "c cc")
	s := parserStage(t, parseMany(letters))
	for range 2 {
		process(t, s, b, func(r *wire.Result) {
			assert.Equal(t, map[int]string{0: "a", 1: "b", 3: "c"}, values(r, b, ecs.EventAction))
			require.NotNil(t, r.Fanout)
			assert.Equal(t, []byte{1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0}, r.Fanout.Parents)
			assert.Equal(t, map[int]string{0: "bb", 1: "bbb", 2: "cc"}, fanned(r, b, ecs.EventAction))
			assert.Equal(t, map[int]string{0: "web,bb", 1: "web,bbb", 2: "web,cc"}, fanned(r, b, ecs.EventCategory))
			assert.Equal(t, map[int]string{0: "decoded bb", 1: "decoded bbb", 2: "decoded cc"}, fanned(r, b, ecs.UserName))
		})
	}
	process(t, s, batch("a"), func(r *wire.Result) { assert.Nil(t, r.Fanout, "of the batch before") })
}

// A line at which the parser panics is one unparsed event, however many it had made of it.
func TestPanicTakesTheLinesOtherEventsToo(t *testing.T) {
	b := batch("a aa", "b bb poison", "c cc")
	process(t, parserStage(t, parseMany(letters)), b, func(r *wire.Result) {
		assert.Equal(t, map[int]string{0: "a", 2: "c"}, values(r, b, ecs.EventAction))
		require.NotNil(t, r.Fanout)
		assert.Equal(t, []byte{0, 0, 0, 0, 2, 0, 0, 0}, r.Fanout.Parents)
		assert.Equal(t, map[int]string{0: "aa", 1: "cc"}, fanned(r, b, ecs.EventAction))
		assert.Equal(t, map[int]string{0: "web,aa", 1: "web,cc"}, fanned(r, b, ecs.EventCategory))
		assert.Equal(t, map[int]string{0: "decoded aa", 1: "decoded cc"}, fanned(r, b, ecs.UserName))
	})
	b = batch("b bb poison")
	process(t, parserStage(t, parseMany(letters)), b, func(r *wire.Result) {
		assert.Nil(t, r.Fanout)
		assert.Empty(t, r.Columns)
	})
}

// What came with the line is the same for all events made of it, and so is its zone.
func TestFanOutReadsItsOwnLine(t *testing.T) {
	b := texts(batch("one", "2026-10-11 12:00:00", "three"), ecs.EventTimezone, "America/New_York", "Asia/Shanghai", "")
	texts(b, ecs.UserName, "first", "second", "third")
	s := parserStage(t, parseMany(func(line []byte, next func() *sdk.Event) error {
		next()
		for range 2 {
			ev := next()
			ev.Set(ecs.EventAction, ev.Text(ecs.UserName))
			if len(line) > 10 {
				ev.SetTime("2006-01-02 15:04:05", nil, line)
			}
		}
		return nil
	}))
	process(t, s, b, func(r *wire.Result) {
		assert.Equal(t, map[int]string{0: "first", 1: "first", 2: "second", 3: "second", 4: "third", 5: "third"}, fanned(r, b, ecs.EventAction))
		assert.Equal(t, map[int]string{2: "2026-10-11T04:00:00Z", 3: "2026-10-11T04:00:00Z"}, fanned(r, b, ecs.Timestamp))
	})
}

func TestFanOutIsBounded(t *testing.T) {
	b := batch("few", "many", "few")
	s := parserStage(t, parseMany(func(line []byte, next func() *sdk.Event) error {
		n := 1
		if string(line) == "many" {
			n = sdk.MaxFanOut + 3
		}
		for range n {
			ev := next()
			ev.Set(ecs.EventAction, line)
			ev.Bad(ecs.UserName, "not a user")
			assert.Equal(t, line, ev.Line())
		}
		return nil
	}))
	process(t, s, b, func(r *wire.Result) {
		require.NotNil(t, r.Fanout)
		assert.Equal(t, sdk.MaxFanOut-1, int(r.Fanout.Rows))
		require.Len(t, r.Errors, 3)
		assert.Contains(t, r.Errors[1].Message, "more than 256 events in one line")
		assert.Zero(t, r.Counters["undeclared_fields"], "the fields are declared")
	})
}

// enrich is an enricher of one function.
type enrich func(ctx context.Context, ev *sdk.Event) error

func (f enrich) Enrich(ctx context.Context, ev *sdk.Event) error { return f(ctx, ev) }

func TestReadersSeeWhatCame(t *testing.T) {
	b := texts(batch("a", "b", "c"), ecs.UserName, "alice", "", "carol")
	s := open(t, sdk.EnricherStage(func(struct{}) (sdk.Enricher, error) {
		return enrich(func(_ context.Context, ev *sdk.Event) error {
			if !ev.Has(ecs.UserName) {
				assert.Nil(t, ev.Text(ecs.UserName))
				return nil
			}
			ev.SetString(ecs.UserName, "replaced")
			ev.Set(ecs.EventAction, ev.Text(ecs.UserName))
			_, isNumber := ev.Int(ecs.UserName)
			assert.False(t, isNumber)
			_, isRead := ev.Addr(ecs.SourceIP)
			assert.False(t, isRead, "not among what the manifest reads")
			return nil
		}), nil
	}))
	process(t, s, b, func(r *wire.Result) {
		assert.Equal(t, map[int]string{0: "alice", 2: "carol"}, values(r, b, ecs.EventAction))
		assert.Equal(t, map[int]string{0: "replaced", 2: "replaced"}, values(r, b, ecs.UserName))
	})
}

// enrichAll is an enricher that takes whole batches.
type enrichAll struct {
	enrich
	batch func(b *wire.Batch, rows *sdk.Rows) error
}

func (e enrichAll) EnrichBatch(_ context.Context, b *wire.Batch, rows *sdk.Rows) error {
	return e.batch(b, rows)
}

func TestStringsOfAllRows(t *testing.T) {
	s := open(t, sdk.EnricherStage(func(struct{}) (sdk.Enricher, error) {
		return enrichAll{nil, func(b *wire.Batch, rows *sdk.Rows) error {
			codes := make([]int32, b.Rows)
			for i := range codes {
				codes[i] = int32(i%5) - 1
			}
			rows.SetStrings(ecs.UserName, codes, []string{"alice", "", "bob", "\xe4"})
			rows.SetStrings(ecs.EventAction, codes, []string{"\xc3", "", "\xa9b", ""})
			rows.SetStrings(ecs.SourceIP, codes, []string{"10.0.0.1"})
			many := make([]string, 300) // codes of two bytes
			many[2], many[3] = "carol", "carol"
			rows.SetStrings(ecs.EventCode, codes, many)
			rows.SetStrings(ecs.EventReason, codes[:5], []string{"early", "x", "x", "x"})
			rows.At(6).SetString(ecs.EventReason, "late")
			return nil
		}}, nil
	}))
	b := batch("a", "b", "c", "d", "e", "f", "g")
	for range 2 { // the second finds used buffers
		process(t, s, b, func(r *wire.Result) {
			assert.Equal(t, map[int]string{1: "alice", 3: "bob", 4: "\uFFFD", 6: "alice"}, values(r, b, ecs.UserName))
			assert.Equal(t, map[int]string{1: "\uFFFD", 3: "\uFFFDb", 6: "\uFFFD"}, values(r, b, ecs.EventAction), "halves of one character")
			c := r.Column(uint32(ecs.UserName))
			require.NotNil(t, c)
			assert.Equal(t, 3, c.Entries(), "a text is sent once")
			assert.Empty(t, values(r, b, ecs.SourceIP), "no field of texts")
			assert.Equal(t, map[int]string{3: "carol", 4: "carol"}, values(r, b, ecs.EventCode))
			assert.Equal(t, map[int]string{1: "early", 2: "x", 3: "x", 4: "x", 6: "late"}, values(r, b, ecs.EventReason))
		})
	}
}

func TestNumbers(t *testing.T) {
	var n sdk.Numbers
	for range 2 {
		n.Reset(100)
		assert.Equal(t, []int32{0, 1, 0, 2}, []int32{n.Of(99), n.Of(0), n.Of(99), n.Of(7)})
		assert.Equal(t, []uint32{99, 0, 7}, n.Values)
	}
}

func TestBatchEnricherThatFailsIsAskedEventByEvent(t *testing.T) {
	one := enrich(func(_ context.Context, ev *sdk.Event) error {
		ev.Set(ecs.EventAction, []byte("one "+string(ev.Text(ecs.UserName))))
		return nil
	})
	all := func(b *wire.Batch, rows *sdk.Rows) error {
		c := b.Column(uint32(ecs.UserName))
		c.Each(int(b.Rows), func(row, k int) {
			rows.At(row).Set(ecs.EventAction, []byte("all "+string(c.Text(k, row, b.Column(uint32(ecs.Message))))))
		})
		return nil
	}
	for name, tt := range map[string]struct {
		batch func(*wire.Batch, *sdk.Rows) error
		want  map[int]string
	}{
		"works": {all, map[int]string{0: "all alice", 2: "all carol"}},
		"fails": {func(b *wire.Batch, rows *sdk.Rows) error {
			rows.At(2).Bad(ecs.SourceIP, "not an address")
			return errors.Join(all(b, rows), errors.New("no"))
		}, map[int]string{0: "one alice", 1: "one ", 2: "one carol"}},
		"panics": {func(b *wire.Batch, rows *sdk.Rows) error { _ = all(b, rows); panic("no") }, map[int]string{0: "one alice", 1: "one ", 2: "one carol"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sdk.EnricherStage(func(struct{}) (sdk.Enricher, error) { return enrichAll{one, tt.batch}, nil }))
			b := texts(batch("a", "b", "c"), ecs.UserName, "alice", "", "carol")
			process(t, s, b, func(r *wire.Result) {
				assert.Equal(t, tt.want, values(r, b, ecs.EventAction))
				assert.Empty(t, r.Errors, "what the failed try noted is forgotten")
			})
		})
	}
}

// An enricher that goes over its columns one after the other notes bad values of one row after those of a later one.
func TestNotesOfABatchComeInTheOrderOfRows(t *testing.T) {
	s := open(t, sdk.EnricherStage(func(struct{}) (sdk.Enricher, error) {
		return enrichAll{nil, func(_ *wire.Batch, rows *sdk.Rows) error {
			rows.At(2).SetIP(ecs.SourceIP, []byte("nowhere"))
			rows.At(1).Set(ecs.EventSeverity, []byte("high"))
			return nil
		}}, nil
	}))
	process(t, s, batch("a", "b", "c"), func(r *wire.Result) {
		require.Len(t, r.Errors, 2)
		assert.Equal(t, "event.severity", r.Errors[0].Field)
		assert.Equal(t, "source.ip", r.Errors[1].Field)
	})
}

// narrowed reads less than its manifest lists.
type narrowed struct{ enrich }

func (narrowed) Reads() []ecs.Field { return []ecs.Field{ecs.UserName, ecs.SourceIP} }

func TestReadsAreNarrowedToWhatWasAgreed(t *testing.T) {
	r := &wire.OpenRequest{MessageField: 7, Reads: []*wire.FieldDecl{
		{Id: 3, Name: ecs.UserName.Name(), Type: wire.Type_STRING}, {Id: 4, Name: ecs.EventAction.Name(), Type: wire.Type_STRING},
	}}
	s := sdk.EnricherStage(func(struct{}) (sdk.Enricher, error) { return narrowed{}, nil })
	require.NoError(t, s.Open(r))
	assert.Equal(t, []uint32{3}, s.Reads().Fields, "source.ip is not in the manifest")

	s = sdk.EnricherStage(func(struct{}) (sdk.Enricher, error) { return enrich(nil), nil })
	require.NoError(t, s.Open(r))
	assert.Nil(t, s.Reads(), "all of them")
}

func TestEnricherIsToldItsBudget(t *testing.T) {
	b := batch("a")
	b.BudgetNs = int64(time.Minute)
	s := open(t, sdk.EnricherStage(func(struct{}) (sdk.Enricher, error) {
		return enrich(func(ctx context.Context, _ *sdk.Event) error {
			end, ok := ctx.Deadline()
			assert.True(t, ok)
			assert.LessOrEqual(t, time.Until(end), time.Minute)
			return sdk.RetryAfter(time.Second, ctx.Err())
		}), nil
	}))
	process(t, s, b, func(r *wire.Result) {
		require.Len(t, r.Errors, 1)
		assert.Equal(t, wire.Disposition_RETRY, r.Errors[0].Disposition)
	})
}

// mask is a masker of one function.
type mask func(text []byte, e *sdk.Edits) error

func (f mask) Mask(text []byte, e *sdk.Edits) error { return f(text, e) }

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		line string
		edit func(*sdk.Edits)
		want string // row error if it starts with "!"
	}{
		{"password=abc;", func(e *sdk.Edits) { e.Replace(9, 12, "******") }, "password=******;"},
		{"abcdef", func(e *sdk.Edits) { e.Replace(4, 5, "5"); e.Replace(0, 1, "1") }, "1bcd5f"},
		{"abcdef", func(e *sdk.Edits) { e.Replace(1, 4, "X"); e.Replace(2, 6, "Y") }, "aX"},
		{"abc", func(e *sdk.Edits) { e.Replace(3, 3, "!") }, "abc!"},
		{"密码", func(e *sdk.Edits) { e.Replace(1, 2, "*") }, "*码"},
		{"abc", func(e *sdk.Edits) { e.Replace(1, 4, "*") }, "!an edit reaches outside the text"},
		{"abc", func(e *sdk.Edits) { e.Replace(-1, 1, "*") }, "!an edit reaches outside the text"},
		{"abc", func(e *sdk.Edits) { e.Replace(2, 1, "*") }, "!an edit reaches outside the text"},
		{"abc", func(*sdk.Edits) { panic("poisoned") }, "!panic"},
	} {
		b := batch("before", tt.line, "behind")
		s := open(t, sdk.MaskerStage(func(struct{}) (sdk.Masker, error) {
			return mask(func(text []byte, e *sdk.Edits) error {
				assert.Equal(t, ecs.Message, e.Field())
				if string(text) == tt.line {
					tt.edit(e)
				}
				return nil
			}), nil
		}))
		process(t, s, b, func(r *wire.Result) {
			if want, failed := strings.CutPrefix(tt.want, "!"); failed {
				require.Len(t, r.Errors, 1)
				assert.Equal(t, uint32(1), r.Errors[0].Row)
				assert.Equal(t, want, r.Errors[0].Message)
				assert.Empty(t, r.Edits)
				return
			}
			assert.Empty(t, r.Errors)
			require.Len(t, r.Edits, 1)
			e, got, end := r.Edits[0], "", 0
			for i := range e.Len() {
				row, from, to, with := e.EditAt(i)
				assert.Equal(t, 1, row)
				got += tt.line[end:from] + e.Replacements[with]
				end = to
			}
			assert.Equal(t, tt.want, got+tt.line[end:])
		})
	}
}

// prefiltered looks only at the lines that its prefilter points at.
type prefiltered struct {
	mask
	prefilter func(arena []byte, hits []int) []int
}

func (p prefiltered) Prefilter(arena []byte, hits []int) []int { return p.prefilter(arena, hits) }

// A secret that is passed over is stored, so what a prefilter says is believed only if it can be true.
func TestPrefilterThatFailsIsNotBelieved(t *testing.T) {
	for name, tt := range map[string]struct {
		prefilter func(arena []byte, hits []int) []int
		want      []uint32
	}{
		"works":         {func(_ []byte, hits []int) []int { return append(hits, 0, 5) }, []uint32{0, 2}},
		"out of order":  {func(_ []byte, hits []int) []int { return append(hits, 5, 0) }, []uint32{0, 1, 2}},
		"panics":        {func([]byte, []int) []int { panic("poisoned") }, []uint32{0, 1, 2}},
		"panics midway": {func(_ []byte, hits []int) []int { _ = append(hits, 5); panic("poisoned") }, []uint32{0, 1, 2}},
	} {
		s := open(t, sdk.MaskerStage(func(struct{}) (sdk.Masker, error) {
			return prefiltered{func([]byte, *sdk.Edits) error { return errors.New("raw \xd5\xc5 bytes") }, tt.prefilter}, nil
		}))
		process(t, s, batch("a", "b", "c"), func(r *wire.Result) {
			var rows []uint32
			for _, e := range r.Errors {
				rows = append(rows, e.Row)
				assert.Equal(t, "raw ? bytes", e.Message)
			}
			assert.Equal(t, tt.want, rows, name)
		})
	}
}

func TestProcessNeedsAnOpenStageAndAGoodBatch(t *testing.T) {
	p := parse(func([]byte, *sdk.Event) error { return nil })
	use := func(*wire.Result) error { return errors.New("must not be called") }
	closed := sdk.ParserStage(func(struct{}) (sdk.Parser, error) { return p, nil })
	assert.ErrorContains(t, closed.Process(context.Background(), batch("a"), use), "before Open")

	b := batch("a")
	b.Columns[0].Data = b.Columns[0].Data[:1]
	assert.ErrorContains(t, parserStage(t, p).Process(context.Background(), b, use), "bad batch")

	failing := sdk.ParserStage(func(struct{}) (sdk.Parser, error) { return nil, errors.New("timezone: no such zone") })
	assert.ErrorContains(t, failing.Open(&wire.OpenRequest{}), "no such zone")
}

func TestNothingIsAllocatedPerEvent(t *testing.T) {
	lines := make([]string, 1000)
	for i := range lines {
		lines[i] = fmt.Sprintf("2026-10-11 12:00:00 user%d 192.0.2.%d", i, i%256)
	}
	b := batch(lines...)
	s := parserStage(t, parse(func(line []byte, ev *sdk.Event) error {
		ev.SetTime("2006-01-02 15:04:05", nil, line[:10], line[11:19])
		ev.Set(ecs.UserName, line[20:24])
		ev.SetIP(ecs.SourceIP, line[bytes.LastIndexByte(line, ' ')+1:])
		ev.SetString(ecs.EventCategory, "web")
		ev.SetInt(ecs.EventSeverity, int64(len(line)))
		ev.SetLevel(ecs.Warn)
		return nil
	}))
	run := func() {
		require.NoError(t, s.Process(context.Background(), b, func(*wire.Result) error { return nil }))
	}
	run()
	assert.Less(t, testing.AllocsPerRun(20, run), 100.0, "allocations of 1000 events; the race detector empties pools")

	s = parserStage(t, parseMany(func(line []byte, next func() *sdk.Event) error {
		next().Set(ecs.UserName, line[20:24])
		return nil
	}))
	run()
	assert.Less(t, testing.AllocsPerRun(20, run), 100.0, "of a parser of several events a line")
}
