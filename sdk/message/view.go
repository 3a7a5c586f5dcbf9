package message

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// Bounds of what is told of one alert, in bytes of a value before it is escaped, and in entries.
const (
	maxValue   = 2048
	maxShort   = 256 // of a key, a tag, an event's id
	minID      = 64  // an alert is nothing without its id
	maxTitle   = 250
	maxNote    = 500
	maxEntries = 24
)

// Pair is a name with its value.
type Pair struct{ Name, Value string }

// View is what a template sees. All texts are harmless for the channel. Times are in the zone of the config, empty if not
// known; numbers are 0 if not known.
type View struct {
	ID, Rule, RuleVersion          string
	Name, Description, Topic, Type string
	Method, Frequency, Remarks     string
	Severity                       string // one of the five, as the language has it
	SeverityLevel                  string // one of the five: Debug, Info, Warn, Error, Fatal
	Priority                       int    // 1 (at once) to 5
	Kind                           string // alert, recovery, summary, escalation or test
	KindLabel                      string // the same as the language has it
	Recovers                       string // id of the alert that is over
	URL                            string // link to the alert
	Target                         string // which of the notifier's targets is told
	Channel                        string // how it is told: PLUGIN/TARGET
	Keys, Fields                   []Pair // in the order of their names
	Events                         []string
	Count                          uint64 // events behind it
	First, Last, Time              string // Time is when it is told
	Tags                           []string
	// Standard are the eight facts that the log standard asks for, Facts these and all others; names are labels in the
	// language of the config.
	Standard, Facts []Pair
}

// view makes the values of the alert harmless, each cut to limit bytes before.
func (m *Message) view(e Escape, limit int) *View {
	a, w := m.alert, m.composer.words
	text := func(s string) string { return e.value(Cut(s, limit)) }
	v := &View{
		ID: e.value(Cut(a.ID, max(limit, minID))), Rule: text(a.Rule), RuleVersion: text(a.RuleVersion), Name: text(a.Name), Description: text(a.Description),
		Topic: text(a.Topic), Type: text(w.word(w.types, a.Type)), Method: text(m.method()), Remarks: text(a.Remarks),
		Frequency: text(w.word(w.frequencies, a.Frequency)), Severity: text(w.word(w.severities, a.Severity)), SeverityLevel: text(a.Severity),
		Priority: a.Priority, Kind: text(Kind(a)), KindLabel: text(w.word(w.kinds, Kind(a))), Recovers: text(a.Recovers), URL: e.link(a.URL),
		Target: text(a.Target), Channel: text(m.channel), Keys: pairs(a.Keys, text), Fields: pairs(a.Fields, text), Count: a.Count,
		First: text(m.composer.stamp(a.First)), Last: text(m.composer.stamp(a.Last)), Time: text(m.composer.stamp(m.now)),
	}
	for _, id := range a.EventIDs[:min(len(a.EventIDs), maxEntries)] {
		v.Events = append(v.Events, text(Cut(id, maxShort)))
	}
	for _, tag := range a.Tags[:min(len(a.Tags), maxEntries)] {
		v.Tags = append(v.Tags, text(Cut(tag, maxShort)))
	}
	w.facts(v)
	return v
}

// Kind is what an alert is: alert, recovery, summary, escalation or test.
func Kind(a *sdk.Alert) string {
	if a.Kind == "" {
		return "alert"
	}
	return string(a.Kind)
}

// fieldAlert is the field by which the host names the alert that an escalation is about.
const fieldAlert = "logcenter.alert"

// About is the id of the alert that a recovery or an escalation is about, empty for what is about itself.
func About(a *sdk.Alert) string {
	switch {
	case a.Recovers != "":
		return a.Recovers
	case a.Kind == sdk.AlertEscalation:
		return a.Fields[fieldAlert]
	}
	return ""
}

// anyMethod is the method of rules that leave it to the configuration.
const anyMethod = "notifiers"

// method is how the alert is told, as its rule says, or else as it is.
func (m *Message) method() string {
	switch {
	case m.alert.Method != "" && m.alert.Method != anyMethod:
		return m.alert.Method
	case len(m.alert.Channels) > 0:
		return strings.Join(m.alert.Channels, ", ")
	}
	return m.channel
}

// stamp is a time as the log standard shows it, with the offset of its zone.
func (m *Composer) stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(m.zone).Format("2006-01-02 15:04:05 -07:00")
}

func pairs(of map[string]string, text func(string) string) []Pair {
	list := make([]Pair, 0, min(len(of), maxEntries+1))
	for _, k := range slices.Sorted(maps.Keys(of)) {
		if len(list) == maxEntries {
			return append(list, Pair{"…", "+" + strconv.Itoa(len(of)-maxEntries)})
		}
		list = append(list, Pair{text(Cut(k, maxShort)), text(Cut(of[k], maxValue/2))})
	}
	return list
}

// Pairs are names and values in a line, NAME=VALUE in the order of the names, parted by blanks.
func Pairs(of map[string]string) string {
	list := make([]Pair, 0, len(of))
	for _, k := range slices.Sorted(maps.Keys(of)) {
		list = append(list, Pair{k, of[k]})
	}
	return said(list)
}

// said is a list of pairs in a line.
func said(list []Pair) string {
	var b strings.Builder
	for i, p := range list {
		if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(p.Name + "=" + p.Value)
	}
	return b.String()
}
