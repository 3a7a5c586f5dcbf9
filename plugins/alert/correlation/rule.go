package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	document "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
)

const keywordQuiet = time.Minute

// mostSteps of a rule: a mark has a bit for each step and each Without.
const mostSteps = document.MostSteps

type kind uint8

const (
	keyword kind = iota
	frequency
	sequence
	simultaneous
	absence
	silence
	newValue
	deviation
)

var kinds = map[string]kind{
	"keyword": keyword, "frequency": frequency, "sequence": sequence, "simultaneous": simultaneous,
	"absence": absence, "silence": silence, "new_value": newValue, "deviation": deviation,
}

// rule is a Rule made ready.
type rule struct {
	document.Rule
	place   string // for errors
	kind    kind
	version string
	parts   []part
	ends    *part    // of a keyword rule with recoveries
	names   []string // of what the key is made of
	fields  []ecs.Field
	need    int // events that a count raises an alert with
	window  int64
	before  int64
	quiet   int64
	learn   int64
	value   ecs.Field // of Field
	states  []state   // of a sequence
	began   int64     // of a new_value rule: its first event, ns since 1970
	filter
	open    map[string]*open // by key: alerts that are waited for to be over, the oldest of each
	waiting int              // how many alerts these are
	usual   usual            // of a deviation rule

	aggregate aggregate
	held      held
	stats     stats
}

// part is one query of a rule: a step, or a Without.
type part struct {
	bit     uint16
	matcher *query.Matcher
	slot    int // in the detector's set
	by      []ecs.Field
	text    []bool // by: the value as text, because it is compared with that of a field of another type
}

// state is how far a sequence has come: an event of step more.
type state struct {
	step    uint16 // bit
	without uint16 // bits of what takes it back to the state before
}

// compileAll makes the rules that are on, which are valid by themselves: whoever decoded them has asked. Errors have the path of the key.
func compileAll(rules []document.Rule, now func() time.Time) ([]*rule, error) {
	var out []*rule
	var errs []error
	for i, r := range rules {
		if r.Disabled {
			continue
		}
		made, err := compile(r, now)
		if err != nil {
			errs = append(errs, schema.Under(schema.Index("", i), err))
			continue
		}
		made.place = "rules" + schema.Index("", i) // in the host's list
		out = append(out, made)
	}
	return out, errors.Join(errs...)
}

func compile(r document.Rule, now func() time.Time) (*rule, error) {
	out := &rule{
		Rule: r, kind: kinds[r.Type], window: int64(r.Window), before: int64(r.Before), quiet: int64(r.Quiet), learn: int64(r.Learn),
		aggregate: aggregates[r.Aggregate],
	}
	if out.quiet == 0 {
		out.quiet = out.window
		if out.kind == keyword {
			out.quiet = int64(keywordQuiet)
		}
	}
	if out.kind == frequency && r.Aggregate == "count" {
		out.need = int(r.Threshold) + 1
	}
	var err error
	if r.Field != "" {
		if out.value, err = out.aggregated(); err != nil {
			return nil, err
		}
	}
	if out.fields, err = lookup("fields", r.Fields); err != nil {
		return nil, err
	}
	out.carryOwner()
	if err = out.filter.compile(&r, now); err != nil {
		return nil, err
	}
	if out.kind.steps() {
		err = out.steps(now)
	} else {
		err = out.one(now)
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []any{
		r.Type, r.Stream, r.Query, r.GroupBy, r.Steps, r.Window, r.Before, r.Aggregate, r.Field, r.Threshold, r.Compare, r.Values, r.Learn, r.Quiet, r.Ends,
	}))
	out.version = hex.EncodeToString(sum[:4])
	return out, nil
}

// steps says whether rules of a kind have steps.
func (k kind) steps() bool { return k == sequence || k == simultaneous || k == absence }

func (r *rule) aggregated() (ecs.Field, error) {
	f, err := lookup("field", []string{r.Field})
	if err != nil {
		return 0, err
	}
	if t := f[0].Type(); r.Aggregate != "distinct" && t != ecs.Long && t != ecs.Double {
		return 0, &schema.Error{Path: "field", Msg: fmt.Sprintf("%s is no number, so that it has no %s", r.Field, r.Aggregate)}
	}
	return f[0], nil
}

// one makes the only part of a rule without steps.
func (r *rule) one(now func() time.Time) error {
	m, err := matcher("query", r.selected(r.Query), now)
	if err != nil {
		return err
	}
	by, err := keyed("group_by", r.GroupBy, false)
	if err != nil {
		return err
	}
	values, err := keyed("values", r.Values, false)
	if err != nil {
		return err
	}
	if by = append(by, values...); len(by) > mostKeys {
		return &schema.Error{Path: "values", Msg: fmt.Sprintf("%d fields with those of group_by; %d is the most", len(by), mostKeys)}
	}
	r.names = slices.Concat(r.GroupBy, r.Values)
	r.parts = []part{{bit: 1, matcher: m, by: by, text: make([]bool, len(by))}}
	if r.Ends == "" {
		return nil
	}
	if m, err = matcher("ends", r.selected(r.Ends), now); err != nil {
		return err
	}
	r.ends = &part{matcher: m, by: by, text: r.parts[0].text}
	return nil
}

// steps makes the parts of a rule's steps.
func (r *rule) steps(now func() time.Time) error {
	for i, s := range r.Steps {
		at := func(key string) string { return schema.Index("steps", i) + "." + key }
		names := s.By
		if len(names) == 0 {
			names = r.GroupBy
		}
		if i == 0 {
			if r.names = r.GroupBy; len(r.names) == 0 {
				r.names = names
			}
		}
		by, err := keyed(at("by"), names, true)
		if err != nil {
			return err
		}
		m, err := matcher(at("query"), r.selected(s.Query), now)
		if err != nil {
			return err
		}
		r.parts = append(r.parts, part{bit: 1 << i, matcher: m, by: by, text: make([]bool, len(by))})
		var without uint16
		if s.Without != "" {
			without = 1 << (mostSteps + i)
			if m, err = matcher(at("without"), r.selected(s.Without), now); err != nil {
				return err
			}
			r.parts = append(r.parts, part{bit: without, matcher: m, by: by, text: make([]bool, len(by))})
		}
		for n := range s.Count {
			next := state{step: 1 << i}
			if n == 0 {
				next.without = without
			}
			r.states = append(r.states, next)
		}
	}
	r.unify()
	return nil
}

// unify has values compared as text where the fields that tie steps together are of different types.
func (r *rule) unify() {
	for k := range r.names {
		t := r.parts[0].by[k].Type()
		if !slices.ContainsFunc(r.parts, func(p part) bool { return p.by[k].Type() != t }) {
			continue
		}
		for _, p := range r.parts {
			p.text[k] = true
		}
	}
}

func matcher(path, text string, now func() time.Time) (*query.Matcher, error) {
	n, err := query.Parse(text)
	if err != nil {
		return nil, &schema.Error{Path: path, Msg: err.Error()}
	}
	if err := query.Check(n, nil); err != nil { // a list that there is not is a mistake in a rule
		return nil, &schema.Error{Path: path, Msg: err.Error()}
	}
	m, err := query.Compile(n, query.Options{Now: now})
	if err != nil {
		return nil, &schema.Error{Path: path, Msg: err.Error()}
	}
	return m, nil
}

// mostKeys is how many fields may tie events together.
const mostKeys = 16

// keyed looks up fields that tie events together.
func keyed(path string, names []string, lists bool) ([]ecs.Field, error) {
	fields, err := lookup(path, names)
	if err != nil {
		return nil, err
	}
	if len(fields) > mostKeys {
		return nil, &schema.Error{Path: path, Msg: fmt.Sprintf("%d fields; %d is the most", len(fields), mostKeys)}
	}
	several := 0
	for i, f := range fields {
		if f.Info().List {
			several++
		}
		if f == ecs.Message || f.Info().List && !lists || several > 1 {
			return nil, &schema.Error{Path: schema.Index(path, i), Msg: f.Name() + " cannot part groups", Hint: "a field with one short value"}
		}
	}
	return fields, nil
}

func lookup(path string, names []string) (out []ecs.Field, err error) {
	for i, name := range names {
		f, ok := ecs.Lookup(name)
		if !ok {
			return nil, unread(schema.Index(path, i), name, nil)
		}
		out = append(out, f)
	}
	return out, nil
}

// uses are the names of all fields that a rule looks at.
func (r *rule) uses() []string {
	names := slices.Concat(r.GroupBy, r.carries, r.Values)
	if r.Field != "" {
		names = append(names, r.Field)
	}
	for _, s := range r.Steps {
		names = append(names, s.By...)
	}
	for _, p := range r.parts {
		names = append(names, query.FieldsOf(p.matcher.Node())...)
	}
	if r.ends != nil {
		names = append(names, query.FieldsOf(r.ends.matcher.Node())...)
	}
	for _, e := range r.exceptions {
		names = append(names, query.FieldsOf(e.matcher.Node())...)
	}
	return names
}

// Reads are the fields that the rules look at, and those that say when and where an event happened.
func (d *detector) Reads() []ecs.Field {
	reads := []ecs.Field{ecs.Timestamp, ecs.EventIngested, ecs.LogcenterPosition}
	for _, r := range d.rules {
		for _, name := range r.uses() {
			if f, ok := ecs.Lookup(name); ok && !slices.Contains(reads, f) {
				reads = append(reads, f)
			}
		}
	}
	return reads
}

// unread is the error of a field that the host does not send.
func unread(path, name string, readable []string) error {
	hint := ""
	if near := schema.Nearest(name, readable); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return &schema.Error{Path: path, Msg: fmt.Sprintf("there is no field %s, or no enabled plugin has it", name), Hint: hint}
}

// Opened refuses rules that look at fields which the host does not send: they would never match.
func (d *detector) Opened(reads []ecs.Field) error {
	names := []string{ecs.Message.Name()}
	for _, f := range reads {
		names = append(names, f.Name())
	}
	var errs []error
	for _, r := range d.rules {
		for _, name := range r.uses() {
			if !slices.Contains(names, name) {
				errs = append(errs, unread(r.at(name), name, names))
			}
		}
	}
	return errors.Join(errs...)
}
