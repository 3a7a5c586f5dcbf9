package rule

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sources are all documents there are, and how rules were switched. They are copied to be changed.
type sources struct {
	plugins   []Plugin
	shipped   []written
	directory []written

	own    map[string]*Document // of the API
	unread map[string]string    // text of those of the API that this program cannot read
	states map[string]State     // as somebody switched them
	unfit  []Problem            // of the API's documents

	shippedFaults, directoryFaults []Problem       // of files
	shippedFiles, directoryFiles   map[string]file // as they were read last; they do not change
}

func (s *sources) clone() *sources {
	c := *s
	c.own, c.unread, c.states = maps.Clone(s.own), maps.Clone(s.unread), maps.Clone(s.states)
	return &c
}

// set is what follows from sources. It does not change.
type set struct {
	rules    []*Rule // by id
	byID     map[string]*Rule
	problems []Problem
	given    []byte   // what detectors get: a list in JSON
	order    []string // ids of the rules in it
}

// refusals are what detectors have against rules, by the JSON they were given of them.
type refusals map[string]Fault

// MaxGiven is how many bytes of rules detectors are given together, as they are one message.
const MaxGiven = 32 << 20

// resolve decides which documents count, and in which state.
func (s *sources) resolve(heads map[string]*Version, refused refusals) (*set, error) {
	out := &set{byID: map[string]*Rule{}, problems: slices.Concat(s.shippedFaults, s.directoryFaults, s.unfit)}
	for _, w := range s.shipped {
		out.add(w)
	}
	for _, w := range s.directory {
		out.add(w)
	}
	for _, id := range slices.Sorted(maps.Keys(s.own)) {
		out.add(written{s.own[id], Origin{Source: FromAPI}})
	}
	if len(out.byID) > MaxRules {
		return nil, fmt.Errorf("%w: there are %d rules, %d is the most", ErrConflict, len(out.byID), MaxRules)
	}
	list := []json.RawMessage{}
	for _, id := range slices.Sorted(maps.Keys(out.byID)) {
		r := out.byID[id]
		out.rules = append(out.rules, r)
		if h := heads[id]; h != nil {
			r.Latest = *h
			r.Latest.Text = ""
		}
		if r.State = s.states[id]; r.State == "" {
			r.State = r.written()
		}
		if r.State == Off {
			continue
		}
		one, err := r.given()
		if err != nil {
			return nil, err
		}
		if f, is := refused[string(one)]; is {
			r.Problem = f.String()
			continue
		}
		list, out.order = append(list, one), append(out.order, id)
	}
	var err error
	if out.given, err = json.Marshal(list); err == nil && len(out.given) > MaxGiven {
		err = fmt.Errorf("%w: all rules together have %d bytes, %d is the most", ErrConflict, len(out.given), MaxGiven)
	}
	return out, err
}

// add has a document count, if its id is free, or it is to stand in for the one that has it.
func (s *set) add(w written) {
	have := s.byID[w.ID]
	next := &Rule{Document: w.Document, Origin: w.origin}
	switch {
	case have == nil:
		s.byID[w.ID] = next
	case have.Origin.Source == FromPlugin && w.origin.Source != FromPlugin && w.Replaces == have.Origin.Plugin:
		next.Instead = &have.Origin
		s.byID[w.ID] = next
	default:
		s.problems = append(s.problems, Problem{Rule: w.ID, Place: w.origin.String(), Msg: "is left out, " + taken(have, w)})
	}
}

// taken says by what an id is taken, and what to do.
func taken(have *Rule, w written) string {
	by := "its id is taken by the rule " + have.Origin.String()
	switch {
	case have.Origin.Source != FromPlugin || w.origin.Source == FromPlugin:
		return by + ": give one of the two another id, or remove it"
	case w.Replaces != "":
		return fmt.Sprintf("%s: it replaces the rule of %s, not of %s", by, w.Replaces, have.Origin.Plugin)
	default:
		return by + ": say `replaces: " + have.Origin.Plugin + "` to have it in that one's place, or give it another id"
	}
}

// String is where a rule comes from, for people.
func (o Origin) String() string {
	switch o.Source {
	case FromPlugin:
		return fmt.Sprintf("of plugin %s, %s:%d", o.Plugin, o.File, o.Line)
	case FromDirectory:
		return fmt.Sprintf("in %s:%d", o.File, o.Line)
	default:
		return "of the API"
	}
}

// written is the state that the text says.
func (r *Rule) written() State {
	switch {
	case r.Disabled:
		return Off
	case r.Silent:
		return Silent
	}
	return On
}

// given is what detectors get of a rule: always the same bytes for the same rule.
func (r *Rule) given() ([]byte, error) {
	data := r.Document.given()
	if delete(data, "silent"); r.State == Silent {
		data["silent"] = true
	}
	return json.Marshal(data)
}

// Fault is what a detector has against a rule.
type Fault struct {
	Detector string
	Path     string // in the rule; empty for the rule as a whole
	Msg      string
}

// String is a fault in one line.
func (f Fault) String() string {
	s := f.Msg
	if f.Path != "" {
		s = f.Path + ": " + s
	}
	return fmt.Sprintf("plugin %s refuses it: %s", f.Detector, strings.TrimSpace(s))
}
