package explain

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/logcenter/logcenter/host/classification"
	"github.com/logcenter/logcenter/host/lineage"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/redrive"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// replay is the work on one explanation.
type replay struct {
	x       *Explainer
	id      store.EventID
	ev      store.Event
	out     *Explanation
	written map[string]write // by field
	done    []func()
}

// write is who wrote a field.
type write struct {
	by, how string
	bytes   *Range
}

func (r *replay) close() {
	for _, f := range r.done {
		f()
	}
}

func (r *replay) note(format string, args ...any) {
	r.out.Notes = append(r.out.Notes, fmt.Sprintf(format, args...))
}

// text is a stored keyword, empty if there is none.
func (r *replay) text(f ecs.Field) string {
	s, _ := r.ev[f.Name()].(string)
	return s
}

// plan is the plan that handled the event, with its plugins running.
func (r *replay) plan(ctx context.Context) (*pipeline.Plan, error) {
	past, known, err := r.x.Lineage.Find(r.id.Journal, r.id.Partition, uint64(r.id.Position)>>24)
	if err != nil {
		return nil, err
	}
	if !known {
		r.note("this host did not write down which plugins handled the event: those of now stand in")
		past = r.now()
	}
	id, version, _ := strings.Cut(r.text(ecs.LogcenterParser), " ")
	p := pipeline.Plan{Overrides: map[string]string{}}
	parsed := id == ""
	for _, rec := range past.Plugins {
		if rec.Kind == manifest.KindName(wire.Kind_PARSER) {
			if rec.ID != id || known && rec.Version != version {
				continue // it handles other lines
			}
			parsed = true
			p.Overrides[r.text(ecs.LogcenterInput)] = rec.ID // masking may have taken what the line was recognised by
		}
		handled := Plugin{ID: rec.ID, Kind: rec.Kind}
		if known {
			handled.Version, handled.Sum = rec.Version, rec.Sum
		} else if rec.ID == id {
			handled.Version = version
		}
		switch stage := r.revive(ctx, rec, handled); {
		case stage == nil:
		case rec.Kind == manifest.KindName(wire.Kind_PARSER):
			p.Parsers = append(p.Parsers, stage)
		case rec.Kind == manifest.KindName(wire.Kind_ENRICHER):
			p.Enrichers = append(p.Enrichers, stage)
		default:
			p.Maskers = append(p.Maskers, stage)
		}
	}
	if !parsed {
		r.out.Plugins = slices.Insert(r.out.Plugins, 0, Plugin{ID: id, Kind: manifest.KindName(wire.Kind_PARSER), Version: version, Note: "it is not in service any more"})
	}
	p.Rules = r.classifier(past, known)
	return pipeline.NewPlan(p), nil
}

// classifier has the admin's rules of that time, or, if it is not known what they were, those of now.
func (r *replay) classifier(past *lineage.Plan, known bool) *classification.Classifier {
	if !known {
		if r.x.Rules == nil {
			return nil
		}
		return r.x.Rules()
	}
	c, err := classification.Parse(past.Rules)
	if err != nil {
		r.note("%v", err) // a field that a rule asks for may have another type now
	}
	return c
}

// now is the plan of the plugins in service.
func (r *replay) now() *lineage.Plan {
	p := &lineage.Plan{}
	for _, k := range []wire.Kind{wire.Kind_PARSER, wire.Kind_ENRICHER, wire.Kind_MASKER} {
		for _, s := range r.x.Plugins.InService(k) {
			if rec, ok := s.Record(); ok {
				p.Plugins = append(p.Plugins, rec)
			}
		}
	}
	return p
}

// revive has a plugin of the past run, or the one with its id that is in service; nil if there is neither.
func (r *replay) revive(ctx context.Context, rec lineage.Plugin, handled Plugin) pipeline.Stage {
	stage, done, err := r.x.Plugins.Revive(ctx, rec)
	if err != nil {
		handled.Note = err.Error()
		stage, done = r.standIn(rec), func() {}
	}
	if stage != nil {
		r.done = append(r.done, done)
		handled.Ran = stage.Manifest().Version
		if err != nil || handled.Version != "" && handled.Ran != handled.Version {
			handled.Note = strings.TrimPrefix(handled.Note+"; the one of now stands in", "; ")
		}
	}
	r.out.Plugins = append(r.out.Plugins, handled)
	if stage == nil {
		return nil
	}
	return &recorder{stage, r}
}

func (r *replay) standIn(rec lineage.Plugin) *plugin.Plugin {
	now, err := r.x.Plugins.Get(rec.ID)
	if err != nil {
		return nil
	}
	if state, _ := now.State(); state != plugin.Running || manifest.KindName(now.Manifest().Kind) != rec.Kind {
		return nil
	}
	return now
}

// again takes the stored line through the plan; nil if no event comes out.
func (r *replay) again(ctx context.Context, plan *pipeline.Plan) (store.Event, error) {
	body, ok := redrive.Record(r.ev)
	if !ok {
		r.note("the event has no line that its fields could come from")
		return nil, nil
	}
	raw, err := pipeline.NewRaw(r.id.Journal, r.id.Partition, 0, [][]byte{body})
	if err != nil {
		return nil, err
	}
	f, err := pipeline.NewProcessor(plan, nil).Process(ctx, raw)
	if err != nil {
		return nil, err
	}
	defer f.Release()
	position := f.Batch.Column(uint32(ecs.LogcenterPosition))
	for row := range int(f.Batch.Rows) {
		if int(position.Int(row)&0xff) == r.ordinal() {
			ev := store.EventAt(f.Batch, row)
			ev[ecs.EventID.Name()] = r.out.EventID
			r.decided(plan.Rules, ev)
			return ev, nil
		}
	}
	r.note("this time no such event came out of the line: its parser drops it, or makes fewer events of it")
	return nil, nil
}

// decided writes down which of the admin's rules set which field.
func (r *replay) decided(rules *classification.Classifier, ev store.Event) {
	var names []string
	list, _ := ev[ecs.LogcenterClassifiedBy.Name()].([]any)
	for _, v := range list {
		if name, ok := v.(string); ok {
			names = append(names, name)
		}
	}
	for f, rule := range rules.By(names) {
		r.written[f.Name()] = write{by: "rule " + rule}
	}
}

// ordinal tells the event from the others of its line.
func (r *replay) ordinal() int { return int(r.id.Position & 0xff) }

// recorder is a stage that writes down what its plugin says of the event.
type recorder struct {
	pipeline.Stage
	r *replay
}

// Process has the plugin handle the batch, which is the event's line alone.
func (s *recorder) Process(ctx context.Context, b *wire.Batch) (*plugin.Answer, error) {
	a, err := s.Stage.Process(ctx, b)
	if err != nil {
		return nil, err
	}
	for _, p := range a.Parts {
		if p.Reply != nil {
			s.record(b, p)
		}
	}
	return a, nil
}

func (s *recorder) record(b *wire.Batch, p plugin.Part) {
	row, columns, line := s.r.ordinal()-p.From, p.Reply.Columns, b.Column(uint32(ecs.Message))
	rows := p.To - p.From
	m := s.Manifest()
	if m.Kind == wire.Kind_PARSER {
		for _, c := range m.Constants {
			s.r.written[c.Field.Name()] = write{by: m.ID, how: "constant"}
		}
		if row > 0 { // beside the line's first event
			if p.Reply.Fanout == nil {
				return
			}
			row, rows, columns = row-1, int(p.Reply.Fanout.Rows), p.Reply.Fanout.Columns
		}
	}
	if row < 0 || row >= rows {
		return
	}
	for _, c := range columns {
		if !c.Has(row) {
			continue
		}
		k := c.Rank(row)
		w := write{by: m.ID, how: "made"}
		if m.Kind == wire.Kind_PARSER && line != nil {
			if w.bytes = place(c, k, line); w.bytes != nil && !w.bytes.Found && c.Encoding == wire.Encoding_SPAN {
				w.how = "line"
			}
		}
		s.r.written[ecs.Field(c.Field).Name()] = w
	}
	for _, e := range p.Reply.Edits {
		if e.Field != uint32(ecs.Message) && e.Len() > 0 {
			s.r.written[ecs.Field(e.Field).Name()] = write{by: m.ID, how: "made"}
		}
	}
}

// place is where in the line a value comes from: a batch has one line.
func place(c *wire.Column, k int, message *wire.Column) *Range {
	line := message.Data[message.Offset(0) : message.Offset(1)-int(message.Separator)]
	from, to := 0, 0
	switch {
	case len(c.Lists) > 0:
		return nil
	case c.Encoding == wire.Encoding_SPAN:
		start, n := c.Span(k)
		from, to = start, start+n
	case c.Type == wire.Type_STRING && c.Encoding == wire.Encoding_PLAIN:
		from, to = c.OriginOf(k)
	}
	found := false
	if to == 0 {
		from, to = only(line, shown(store.ValueAt(c, k, 0, message)))
		found = true
	}
	if to == 0 || to > len(line) {
		return nil
	}
	return &Range{Start: from, End: to, Text: strings.ToValidUTF8(string(line[from:to]), string(utf8.RuneError)), Found: found}
}

// shown is how a device writes a value; empty for what it writes in many ways.
func shown(v any) string {
	switch v := v.(type) {
	case time.Time, store.GeoPoint, bool:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

// only is the one place where text stands alone in the line; 0, 0 if there is none or more than one.
func only(line []byte, text string) (from, to int) {
	if text == "" {
		return 0, 0
	}
	for at := 0; ; {
		i := bytes.Index(line[at:], []byte(text))
		if i < 0 {
			return from, to
		}
		i += at
		end := i + len(text)
		before, _ := utf8.DecodeLastRune(line[:i])
		after, _ := utf8.DecodeRune(line[end:])
		if !word(before) && !word(after) {
			if to > 0 {
				return 0, 0
			}
			from, to = i, end
		}
		at = i + 1
	}
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' }
