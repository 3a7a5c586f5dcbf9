// Package coverage says what rules can see: which cannot fire, since nobody writes a field that they need or no event of
// late had it, which techniques of ATT&CK are looked for at which devices, and which devices no rule is about.
//
// Its one idea: a query is asked not of an event but of a source of events, what it can write at all. A leaf can be true
// if the source can write its field and, where it writes nothing but constants there, the value; AND and OR follow, and
// what is negated can always be true.
package coverage

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/dissect"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// hosts are the fields that the host sets itself, or that come with every line.
var hosts = []ecs.Field{
	ecs.Message, ecs.Timestamp, ecs.EventID, ecs.EventIngested, ecs.EventTimezone, ecs.ErrorCode, ecs.ErrorMessage, ecs.ErrorType,
	ecs.LogFilePath, ecs.LogSourceAddress, ecs.Tags, ecs.LogcenterClassifiedBy, ecs.LogcenterFlags, ecs.LogcenterInput,
	ecs.LogcenterParser, ecs.LogcenterPosition, ecs.LogcenterStream, ecs.LogcenterRedrivenFrom,
}

// Input is what coverage follows from.
type Input struct {
	Rules   []*rule.Rule
	Plugins []*manifest.Manifest // those in service
	// Classified are the values that the admin's classification rules set, by field.
	Classified map[string][]string
	Streams    []string
	// Live is how many events of late had each field; nil: nobody has looked.
	Live map[string]int64
}

// Report is what rules can see.
type Report struct {
	Rules      []Rule      `json:"rules"`      // that are not off, by id
	Techniques []Technique `json:"techniques"` // by id
	// Uncovered are parsers in service whose events no rule asks for by a field that they write.
	Uncovered []Device `json:"devices_without_rules"`
	// Streams are those that no rule is about.
	Streams []string `json:"streams_without_rules"`
}

// Rule is one rule.
type Rule struct {
	ID      string   `json:"rule"`
	Name    string   `json:"name"`
	State   string   `json:"state"`   // on or silent
	Verdict Verdict  `json:"verdict"` //
	Missing []string `json:"missing"` // of dead ones, fields or field:value, which nobody writes; of idle ones, that no event had
	Part    string   `json:"part,omitempty"`
	Plugins []string `json:"plugins"`           // whose events it can see, in some step
	Problem string   `json:"problem,omitempty"` // why it is refused
}

// Verdict says whether a rule can fire.
type Verdict string

// The verdicts.
const (
	Fires   Verdict = "ok"
	Idle    Verdict = "idle"    // no event of late had what it needs
	Dead    Verdict = "dead"    // nobody writes what it needs
	Refused Verdict = "refused" // no detector takes it
)

// Technique is one of MITRE ATT&CK, with the rules that look for it.
type Technique struct {
	ID      string   `json:"technique"` // e.g. T1110.001
	Rules   []string `json:"rules"`     // that can fire
	Dead    []string `json:"dead_rules,omitempty"`
	Devices []string `json:"device_types"` // at which some rule looks for it
}

// Device is a parser.
type Device struct {
	Plugin string   `json:"plugin"`
	Types  []string `json:"device_types"`
}

// source is what events can have.
type source struct {
	fields map[string]bool
	values map[string]map[string]bool // of fields that only constants are written to
}

// parser is a plugin whose events rules may be about.
type parser struct {
	*manifest.Manifest
	own  source // what it writes itself
	with source // what its events have
}

func newSource() source {
	return source{fields: map[string]bool{}, values: map[string]map[string]bool{}}
}

func (s source) clone() source {
	c := source{fields: maps.Clone(s.fields), values: map[string]map[string]bool{}}
	for name, values := range s.values {
		c.values[name] = maps.Clone(values)
	}
	return c
}

// write says that a field is written; with values, these alone.
func (s source) write(name string, values ...string) {
	known, had := s.values[name], s.fields[name]
	s.fields[name] = true
	if len(values) == 0 || had && known == nil {
		delete(s.values, name)
		return
	}
	if known == nil {
		known = map[string]bool{}
		s.values[name] = known
	}
	for _, v := range values {
		known[v] = true
	}
}

func (s source) plugin(m *manifest.Manifest) {
	for _, c := range m.Constants {
		s.write(c.Field.Name(), c.Values...)
	}
	for _, f := range m.Writes {
		s.write(f.Name())
	}
}

// missing is what a query lacks to be true of some event; empty: it can be.
func (s source) missing(n query.Node) []string {
	switch n := n.(type) {
	case *query.All, *query.Not:
		return nil
	case *query.And:
		var out []string
		for _, c := range n.Nodes {
			out = append(out, s.missing(c)...)
		}
		return unique(out)
	case *query.Or:
		var out []string
		for _, c := range n.Nodes {
			lacks := s.missing(c)
			if len(lacks) == 0 {
				return nil
			}
			out = append(out, lacks...)
		}
		return unique(out)
	}
	name := query.FieldName(query.FieldOf(n))
	if !s.fields[name] {
		return []string{name}
	}
	if t, ok := n.(*query.Term); ok && s.values[name] != nil && !s.values[name][t.Value] {
		return []string{name + ":" + t.Value}
	}
	return nil
}

// of is what a part of a rule lacks.
func (s source) of(p *dissect.Part) []string {
	out := s.missing(p.Node())
	for _, name := range p.By {
		if !s.fields[name] {
			out = append(out, name)
		}
	}
	return unique(out)
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// asks says whether a query asks for something that a plugin writes itself, other than by NOT.
func asks(n query.Node, own source) bool {
	switch n := n.(type) {
	case *query.All, *query.Not:
		return false
	case *query.And:
		return slices.ContainsFunc(n.Nodes, func(c query.Node) bool { return asks(c, own) })
	case *query.Or:
		return slices.ContainsFunc(n.Nodes, func(c query.Node) bool { return asks(c, own) && len(own.missing(c)) == 0 })
	default:
		return own.fields[query.FieldName(query.FieldOf(n))]
	}
}

// technique is a tag that names one.
var technique = regexp.MustCompile(`^attack\.(t\d{4}(?:\.\d{3})?)$`)

// Of says what rules can see.
func Of(in Input) *Report {
	all, shared := newSource(), newSource()
	var parsers []parser
	for _, f := range hosts {
		all.write(f.Name())
		shared.write(f.Name())
	}
	for _, m := range in.Plugins {
		all.plugin(m)
		if m.Kind == wire.Kind_PARSER {
			parsers = append(parsers, parser{Manifest: m})
		} else {
			shared.plugin(m)
		}
	}
	for name, values := range in.Classified {
		all.write(name, values...)
		shared.write(name, values...)
	}
	for i := range parsers {
		m := &parsers[i]
		m.own, m.with = newSource(), shared.clone()
		m.own.plugin(m.Manifest)
		m.with.plugin(m.Manifest)
	}
	live := newSource()
	for name, n := range in.Live {
		if n > 0 {
			live.write(name)
		}
	}
	out := &Report{Rules: []Rule{}, Techniques: []Technique{}, Uncovered: []Device{}, Streams: []string{}}
	techniques := map[string]*Technique{}
	covered, streams := map[string]bool{}, map[string]bool{}
	for _, r := range in.Rules {
		if r.State == rule.Off {
			continue
		}
		streams[r.Stream] = true
		one := Rule{ID: r.ID, Name: r.Name, State: string(r.State), Verdict: Fires, Missing: []string{}, Plugins: []string{}, Problem: r.Problem}
		parts, err := read(r)
		if err != nil && one.Problem == "" {
			one.Problem = err.Error()
		}
		one.judge(parts, all, Dead)
		if one.Problem != "" {
			if one.Verdict == Fires { // else it is refused for what nobody writes
				one.Verdict = Refused
			}
			out.Rules = append(out.Rules, one)
			addTechniques(techniques, r, one, nil)
			continue
		}
		if one.Verdict == Fires && in.Live != nil {
			one.judge(parts, live, Idle)
		}
		devices := map[string]bool{}
		for _, m := range parsers {
			if one.Verdict != Dead && m.seen(parts) {
				one.Plugins = append(one.Plugins, m.ID)
				covered[m.ID] = true
				for _, t := range Types(m.Manifest) {
					devices[t] = true
				}
			}
		}
		out.Rules = append(out.Rules, one)
		addTechniques(techniques, r, one, devices)
	}
	for _, id := range slices.Sorted(maps.Keys(techniques)) {
		t := techniques[id]
		t.Devices = unique(t.Devices)
		out.Techniques = append(out.Techniques, *t)
	}
	for _, m := range parsers {
		if !covered[m.ID] {
			out.Uncovered = append(out.Uncovered, Device{m.ID, Types(m.Manifest)})
		}
	}
	for _, s := range in.Streams {
		if !streams[s] {
			out.Streams = append(out.Streams, s)
		}
	}
	slices.SortFunc(out.Rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// read is the queries of a rule, if they can be asked.
func read(r *rule.Rule) ([]*dissect.Part, error) {
	parts, err := dissect.Read(&r.Rule)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if err := query.CheckFields(p.Node(), nil); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// judge finds the first part of a rule that a source can never be true of. What must not happen needs nothing.
func (r *Rule) judge(parts []*dissect.Part, s source, verdict Verdict) {
	for _, p := range parts {
		if p.Step < 0 || p.Without {
			continue
		}
		if lacks := s.of(p); len(lacks) > 0 {
			r.Verdict, r.Missing, r.Part = verdict, lacks, p.Name
			return
		}
	}
}

// seen says whether some step of a rule is about what a parser writes, with what others add to all events.
func (m *parser) seen(parts []*dissect.Part) bool {
	return slices.ContainsFunc(parts, func(p *dissect.Part) bool {
		return p.Step >= 0 && !p.Without && asks(p.Node(), m.own) && len(m.with.of(p)) == 0
	})
}

// Types are the device types of a parser's events: of its constants, or what its dialects can be.
func Types(m *manifest.Manifest) []string {
	out := []string{}
	for _, c := range m.Constants {
		if c.Field == ecs.ObserverType {
			out = append(out, c.Values...)
		}
	}
	if len(out) == 0 {
		out = append(out, "any")
	}
	return out
}

func addTechniques(all map[string]*Technique, r *rule.Rule, one Rule, devices map[string]bool) {
	for _, tag := range r.Tags {
		m := technique.FindStringSubmatch(tag)
		if m == nil {
			continue
		}
		id := strings.ToUpper(m[1])
		t := all[id]
		if t == nil {
			t = &Technique{ID: id, Rules: []string{}, Devices: []string{}}
			all[id] = t
		}
		if one.Verdict == Dead || one.Verdict == Refused {
			t.Dead = append(t.Dead, r.ID)
			continue
		}
		t.Rules = append(t.Rules, r.ID)
		t.Devices = append(t.Devices, slices.Collect(maps.Keys(devices))...)
	}
}
