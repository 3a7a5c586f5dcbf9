// Package route says which channels an alert goes to, and who is told when nobody takes it up.
//
// A channel is a notifier plugin, or one of its targets: PLUGIN or PLUGIN/TARGET. The channels that a rule names go
// first. Alerts of other rules go by the table's routes, in their order: the first one that matches decides, and those
// behind it are only asked if it says continue. An alert that no route matches goes to all notifiers in service.
package route

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/wire"
)

// Everyone stands for all notifiers in service.
const Everyone = "*"

// Match selects alerts: all that is given must hold, and of a list one element. The zero value selects every alert.
// Texts are patterns in which * stands for any text, none included; letters must be of the same case.
type Match struct {
	Severity []string // of the five unified ones
	// Priority selects alerts that are at least this urgent, 1 being the most urgent. Those without a priority are not
	// selected. 0 selects all.
	Priority int
	Rule     []string // id of the rule
	Topic    []string
	Tags     []string // one tag of the alert must match one of these
	// Fields are patterns by field; the alert's field, or else the key by which it is grouped, must match.
	Fields map[string]string
	Kind   []string // alert, recovery, summary, escalation or test
}

// Kinds are what a message to a channel may be. [KindOf] gives that of an alert.
var Kinds = []string{"alert", "recovery", "summary", "escalation", "test"}

// KindOf is the kind of an alert in a word, where the protocol has none for the usual one.
func KindOf(a *wire.Alert) string { return cmp.Or(a.Kind, "alert") }

// Selects says whether an alert is one of those selected.
func (m *Match) Selects(a *wire.Alert) bool {
	switch {
	case len(m.Severity) > 0 && !slices.Contains(m.Severity, a.Severity),
		m.Priority > 0 && (a.Priority < 1 || int(a.Priority) > m.Priority),
		!matchesAny(m.Rule, a.Rule), !matchesAny(m.Topic, a.Topic),
		len(m.Kind) > 0 && !slices.Contains(m.Kind, KindOf(a)),
		len(m.Tags) > 0 && !slices.ContainsFunc(a.Tags, func(tag string) bool { return matchesAny(m.Tags, tag) }):
		return false
	}
	for name, pattern := range m.Fields {
		value, ok := a.Fields[name]
		if !ok {
			value, ok = a.Keys[name]
		}
		if !ok || !matches(pattern, value) {
			return false
		}
	}
	return true
}

// matchesAny says whether a text is one of a list of patterns; an empty list is no condition.
func matchesAny(patterns []string, text string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return matches(p, text) })
}

// matches says whether a text is a pattern's.
func matches(pattern, text string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] { // the leftmost place of each leaves most to those behind it
		_, text, ok = strings.Cut(text, part)
		if !ok {
			return false
		}
	}
	return strings.HasSuffix(text, last)
}

// Route sends the alerts that it matches to channels.
type Route struct {
	Name     string // unique among routes
	Match    Match
	To       []string // channels; [Everyone] is all notifiers in service; none tells nobody
	Continue bool     // ask the routes behind it, too
}

// Escalation tells of alerts that nobody has acknowledged.
type Escalation struct {
	Name   string // unique among escalations; an alert that waits for it knows it by this
	Match  Match
	After  time.Duration // since the alert was recorded; more than 0
	To     []string      // channels
	Repeat time.Duration // between further times; 0: it is told once
	Times  int           // at most, the first one included; 0: until it is acknowledged
}

// Table is the routes and escalations of a host. It does not change, so it is safe for concurrent use.
type Table struct {
	routes      []Route
	escalations []Escalation
}

// NewTable makes a table. The host's configuration has checked its parts.
func NewTable(routes []Route, escalations []Escalation) *Table {
	return &Table{slices.Clone(routes), slices.Clone(escalations)}
}

// Hop is a channel that an alert goes to, and what sends it there.
type Hop struct {
	Channel string `json:"channel"`
	By      string `json:"by"` // rule, escalation, route NAME, or default
}

// Channels are where an alert goes, each once, in the order in which they were named. None tells nobody.
func (t *Table) Channels(a *wire.Alert) []Hop {
	switch {
	case len(a.Channels) == 0:
		return t.Routed(a)
	case KindOf(a) == "escalation":
		return hops(nil, a.Channels, "escalation")
	default:
		return hops(nil, a.Channels, "rule")
	}
}

// Routed is [Table.Channels] without the channels that the alert's rule names.
func (t *Table) Routed(a *wire.Alert) []Hop {
	var out []Hop
	matched := false
	for i := range t.routes {
		r := &t.routes[i]
		if !r.Match.Selects(a) {
			continue
		}
		matched = true
		if out = hops(out, r.To, "route "+r.Name); !r.Continue {
			break
		}
	}
	if !matched {
		return hops(nil, []string{Everyone}, "default")
	}
	return out
}

func hops(out []Hop, channels []string, by string) []Hop {
	for _, c := range channels {
		if !slices.ContainsFunc(out, func(h Hop) bool { return h.Channel == c }) {
			out = append(out, Hop{c, by})
		}
	}
	return out
}

// Escalations are those that wait for an alert to be acknowledged. Only alerts are: not recoveries, summaries, tests, nor
// escalations themselves.
func (t *Table) Escalations(a *wire.Alert) (out []*Escalation) {
	if KindOf(a) != "alert" {
		return nil
	}
	for i := range t.escalations {
		if e := &t.escalations[i]; e.Match.Selects(a) {
			out = append(out, e)
		}
	}
	return out
}

// Escalation finds one by its name; nil if there is none, or none any more.
func (t *Table) Escalation(name string) *Escalation {
	for i := range t.escalations {
		if t.escalations[i].Name == name {
			return &t.escalations[i]
		}
	}
	return nil
}

// Split is the plugin and the target of a channel; a channel without a target is that of the plugin as a whole.
func Split(channel string) (plugin, target string) {
	plugin, target, _ = strings.Cut(channel, "/")
	return plugin, target
}

// Join is the channel of a plugin's target; "" is the plugin as a whole.
func Join(plugin, target string) string {
	if target == "" {
		return plugin
	}
	return plugin + "/" + target
}
