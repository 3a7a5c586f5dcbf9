package example

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/dissect"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	said "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Pipeline makes events of lines by the plugins of a registry, which it starts when they are needed. Not safe for
// concurrent use.
type Pipeline struct {
	registry  *plugin.Registry
	plan      pipeline.Plan // what of it is the configuration's
	off       func(id string) bool
	processor *pipeline.Processor
	offset    uint64
}

// NewPipeline takes what is to be used of a plan beside the plugins. off says which plugins an admin has switched off.
func NewPipeline(r *plugin.Registry, plan pipeline.Plan, off func(id string) bool) *Pipeline {
	return &Pipeline{registry: r, plan: plan, off: off}
}

// eventError is an example whose events cannot be made.
type eventError struct{ err error }

func (e *eventError) Error() string { return e.err.Error() }
func (e *eventError) Unwrap() error { return e.err }

// lazy is a parser that starts with its first line.
type lazy struct {
	registry *plugin.Registry
	m        *plugin.Manifest
	once     sync.Once
	p        *plugin.Plugin
	err      error
}

// Manifest is what the plugin may do.
func (l *lazy) Manifest() *plugin.Manifest { return l.m }

// Process has the plugin handle a batch.
func (l *lazy) Process(ctx context.Context, b *wire.Batch) (*plugin.Answer, error) {
	l.once.Do(func() {
		if l.err = l.registry.Enable(ctx, l.m.ID); l.err == nil {
			l.p, l.err = l.registry.Get(l.m.ID)
		}
	})
	if l.err != nil {
		return nil, l.err
	}
	return l.p.Process(ctx, b)
}

// open starts what every line goes through.
func (p *Pipeline) open(ctx context.Context) error {
	if p.processor != nil {
		return nil
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for _, one := range p.registry.All() {
		m := one.Manifest()
		if p.off(m.ID) {
			continue
		}
		switch m.Kind {
		case wire.Kind_PARSER:
			p.plan.Parsers = append(p.plan.Parsers, &lazy{registry: p.registry, m: m})
		case wire.Kind_ENRICHER, wire.Kind_MASKER:
			wg.Go(func() {
				err := p.registry.Enable(ctx, m.ID)
				var unconfigured *plugin.ConfigError
				if errors.As(err, &unconfigured) && m.Kind == wire.Kind_ENRICHER {
					return // a host would run without it
				}
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			})
		}
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, e := range p.registry.InService(wire.Kind_ENRICHER) {
		p.plan.Enrichers = append(p.plan.Enrichers, e)
	}
	for _, m := range p.registry.InService(wire.Kind_MASKER) {
		p.plan.Maskers = append(p.plan.Maskers, m)
	}
	p.processor = pipeline.NewProcessor(pipeline.NewPlan(p.plan), nil)
	return nil
}

// journal is the id of the raw journal that examples come from.
const journal = "example"

// events makes the events of an example, in the order of their times, in batches of one time each. notes are what makes the
// example worth nothing, such as lines that nobody parses.
func (p *Pipeline) events(ctx context.Context, list []said.Occurrence, r *rule.Document) (out []*wire.Batch, notes []string, err error) {
	unparsed := 0
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && (list[to].Line == nil) == (list[from].Line == nil) && to-from < mostRows {
			to++
		}
		var b *wire.Batch
		if list[from].Line == nil {
			b, err = p.given(list[from:to])
		} else {
			b, err = p.parsed(ctx, list[from:to])
		}
		if err != nil {
			return nil, nil, err
		}
		unparsed += withFlag(b, "unparsed")
		out = append(out, apart(b)...)
		from = to
	}
	if unparsed > 0 && !aboutUnparsed(r) {
		notes = append(notes, fmt.Sprintf("%s not parsed by any plugin here: is the line as the device writes it, and its plugin beside this program or in --plugins?", lines(unparsed)))
	}
	return out, notes, nil
}

// mostRows of an example are in a batch.
const mostRows = 4096

func lines(n int) string {
	if n == 1 {
		return "1 line is"
	}
	return fmt.Sprintf("%d lines are", n)
}

// aboutUnparsed says whether a rule asks for what was not parsed.
func aboutUnparsed(r *rule.Document) bool {
	fields, err := dissect.Fields(&r.Rule)
	return err == nil && slices.ContainsFunc(fields, func(name string) bool {
		return name == ecs.LogcenterFlags.Name() || name == ecs.ErrorCode.Name() || name == ecs.ErrorMessage.Name() || name == ecs.LogcenterParser.Name() || name == ecs.Message.Name()
	})
}

func withFlag(b *wire.Batch, flag string) (n int) {
	c := b.Column(uint32(ecs.LogcenterFlags))
	if c == nil {
		return 0
	}
	c.Each(int(b.Rows), func(_, k int) {
		for from, to := c.List(k); from < to; from++ {
			if string(c.Bytes(from)) == flag {
				n++
			}
		}
	})
	return n
}

// given makes events of fields.
func (p *Pipeline) given(list []said.Occurrence) (*wire.Batch, error) {
	p.offset++
	b, err := Given(list, journal, p.offset)
	if err != nil {
		return nil, err
	}
	if s := p.plan.Streams; s != nil && b.Column(uint32(ecs.LogcenterStream)) == nil {
		if c := s.Of(b); c != nil {
			set(b, c)
		}
	}
	return b, nil
}

// Given makes events of occurrences that are fields, as the entry of a journal at an offset would have them. What a host sets
// on every event is set where it does not stand there.
func Given(list []said.Occurrence, journal string, offset uint64) (*wire.Batch, error) {
	lines, fields := make([][]byte, len(list)), make([]map[string]any, len(list))
	for i, o := range list {
		if text, ok := o.Fields[ecs.Message.Name()].(string); ok {
			lines[i] = []byte(text)
		}
		fields[i] = map[string]any{ecs.Timestamp.Name(): o.At.Format(time.RFC3339Nano)}
		for name, v := range o.Fields {
			if name != ecs.Message.Name() {
				fields[i][name] = v
			}
		}
	}
	b, err := sample.Events(lines, fields).Batch(0, len(list))
	if err != nil {
		return nil, &eventError{err}
	}
	var received, position wire.Builder
	received.Reset(wire.Type_TIMESTAMP, false, len(list), nil, nil)
	position.Reset(wire.Type_INT64, false, len(list), nil, nil)
	for row, o := range list {
		received.Nanos(row, o.At.UnixNano())
		position.Int(row, store.Position(offset, uint16(row), 0))
	}
	set(b, received.Finish(uint32(ecs.EventIngested)))
	set(b, position.Finish(uint32(ecs.LogcenterPosition)))
	b.Journal = journal
	return b, nil
}

// set gives a batch a column in the place of one of the same field.
func set(b *wire.Batch, c *wire.Column) {
	for i, have := range b.Columns {
		if have.Field == c.Field {
			b.Columns[i] = c
			return
		}
	}
	b.Columns = append(b.Columns, c)
}

// defaultInput is the input of lines that do not say by which they come.
const defaultInput = "syslog"

// parsed takes lines through the plugins.
func (p *Pipeline) parsed(ctx context.Context, list []said.Occurrence) (*wire.Batch, error) {
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	lines := make([][]byte, len(list))
	var input, sender wire.Builder
	input.Reset(wire.Type_STRING, false, len(list), nil, nil)
	sender.Reset(wire.Type_STRING, false, len(list), nil, nil)
	for i, o := range list {
		lines[i] = o.Line
		name := o.Input
		if name == "" {
			name = defaultInput
		}
		input.Text(i, name)
		sender.Text(i, said.Sender)
	}
	raw := sample.Lines(lines)
	received := raw.Column(uint32(ecs.EventIngested))
	for i, o := range list {
		binary.LittleEndian.PutUint64(received.Values[8*i:], uint64(o.At.UnixNano()))
	}
	raw.Columns = append(raw.Columns, input.Finish(uint32(ecs.LogcenterInput)), sender.Finish(uint32(ecs.LogSourceAddress)))
	p.offset++
	f, err := p.processor.Process(ctx, pipeline.RawOf(journal, p.offset, raw))
	if err != nil {
		return nil, err
	}
	defer f.Release()
	for _, d := range f.Dead {
		return nil, &eventError{fmt.Errorf("a line becomes a dead letter: %s %s: %s", d.Plugin, d.Reason, d.Message)}
	}
	if f.Batch.Rows == 0 {
		return &wire.Batch{Journal: journal}, nil
	}
	return inOrder(f.Batch), nil
}
