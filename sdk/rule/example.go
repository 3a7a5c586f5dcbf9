package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Example is events, and how many alerts of the rule come of them, from an empty memory. Event times go on behind the last
// event, so that absences and silences are decided.
type Example struct {
	// Name says what happens in it.
	Name string `yaml:"name" required:"true"`
	// Start is the time of events whose at is 0: 2026-10-12T10:00:00+08:00, a Monday, if empty.
	Start string `yaml:"start"`
	// Lists are the watchlists that queries of the rule ask for, as they are in this example.
	Lists []ExampleList `yaml:"lists"`
	// Events are what comes in, in this order.
	Events []ExampleEvent `yaml:"events" required:"true"`
	// Until is how far event time goes on behind the last event.
	Until time.Duration `yaml:"until" default:"0s" min:"0s" max:"2160h"`
	// Alerts is how many alerts the rule raises; 0: it must not fire.
	Alerts int `yaml:"alerts" min:"0" max:"1000000"`
	// Recoveries is how many of them are told to be over.
	Recoveries int `yaml:"recoveries" min:"0" max:"1000000"`
	// Keys are those of the alerts, in the order of their raising; each must have what stands here. Empty looks at none.
	Keys []map[string]string `yaml:"keys"`
}

// ExampleList is a watchlist in an example.
type ExampleList struct {
	// Name is what queries ask for, as in source.ip:list(NAME).
	Name string `yaml:"name" required:"true"`
	// Type says what its values are, and how they are compared. It is the same in all examples, as a host has one list of a name.
	Type string `yaml:"type" required:"true" enum:"ip,domain,hash,user,keyword"`
	// Values are its entries, as in a CSV file of lists. None is a list that is empty.
	Values []string `yaml:"values"`
}

// ExampleEvent is one event, or several that are alike: a line as a device writes it, which goes through the real
// parsers, enrichers and maskers, or fields as they leave behind. In a line and in values of fields, {n} is the number of the event among its likes, from 1;
// {n:250} counts from there; {time:LAYOUT} is its time in UTC, in the layout of Go's package time;
// {time+08:00:LAYOUT} in that offset; {unix} and {unix_ms} are seconds and milliseconds since 1970. Everything else in
// braces stays as it is.
type ExampleEvent struct {
	// At is when it happens, behind the start of the example; absent, with the event before.
	At *time.Duration `yaml:"at" min:"0s" max:"8760h"`
	// Times is how many there are.
	Times int `yaml:"times" default:"1" min:"1" max:"100000"`
	// Every is the time between those.
	Every time.Duration `yaml:"every" default:"1s" min:"0s" max:"168h"`
	// Line is a line as the device writes it. It comes from 198.51.100.254:514.
	Line string `yaml:"line"`
	// Input is the name of the input it comes by, for parsers that know their lines by it.
	Input string `yaml:"input"`
	// Fields are an event that needs no parser: names as in queries; texts, numbers, booleans, or lists of them.
	Fields map[string]any `yaml:"fields"`
}

// Sender is whom lines of examples come from, as in log.source.address.
const Sender = "198.51.100.254:514"

// Occurrence is one event of an example, ready to be sent.
type Occurrence struct {
	At     time.Time
	Line   []byte         // nil for one of fields
	Input  string         // may be empty
	Fields map[string]any // nil for one of a line
}

// exampleStart is a Monday in business hours: 2026-10-12T10:00:00+08:00.
var exampleStart = time.Date(2026, 10, 12, 2, 0, 0, 0, time.UTC)

// Begin is the time of events whose at is 0.
func (e *Example) Begin() time.Time {
	if t, err := time.Parse(time.RFC3339, e.Start); err == nil {
		return t
	}
	return exampleStart
}

// Occurrences are the events one by one, in the order of their times, with start in the place of [Example.Begin]; a zero
// start is that.
func (e *Example) Occurrences(start time.Time) []Occurrence {
	if start.IsZero() {
		start = e.Begin()
	}
	var list []Occurrence
	at := time.Duration(0)
	for i := range e.Events {
		ev := &e.Events[i]
		if ev.At != nil {
			at = *ev.At
		}
		for n := range ev.Times {
			when := start.Add(at + time.Duration(n)*ev.Every)
			o := Occurrence{At: when, Input: ev.Input}
			if ev.Line != "" {
				o.Line = []byte(Expand(ev.Line, n, when))
			} else {
				o.Fields = make(map[string]any, len(ev.Fields))
				for name, v := range ev.Fields {
					o.Fields[name] = expandValue(v, n, when)
				}
			}
			list = append(list, o)
		}
		at += time.Duration(ev.Times-1) * ev.Every
	}
	sortByTime(list)
	return list
}

func expandValue(v any, n int, at time.Time) any {
	switch v := v.(type) {
	case string:
		return Expand(v, n, at)
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = expandValue(e, n, at)
		}
		return list
	default:
		return v
	}
}

// Expand puts number and time in the places that ask for them.
func Expand(s string, n int, at time.Time) string {
	if !strings.Contains(s, "{") {
		return s
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(s[open:], '}')
		value, known := "", false
		if end >= 0 {
			value, known = placeholder(s[open+1:open+end], n, at)
		}
		if !known {
			b.WriteString(s[:open+1])
			s = s[open+1:]
			continue
		}
		b.WriteString(s[:open])
		b.WriteString(value)
		s = s[open+end+1:]
	}
	b.WriteString(s)
	return b.String()
}

func placeholder(name string, n int, at time.Time) (string, bool) {
	switch name {
	case "n":
		return strconv.Itoa(n + 1), true
	case "unix":
		return strconv.FormatInt(at.Unix(), 10), true
	case "unix_ms":
		return strconv.FormatInt(at.UnixMilli(), 10), true
	}
	if from, ok := strings.CutPrefix(name, "n:"); ok {
		first, err := strconv.Atoi(from)
		return strconv.Itoa(first + n), err == nil
	}
	rest, ok := strings.CutPrefix(name, "time")
	if !ok {
		return "", false
	}
	if layout, ok := strings.CutPrefix(rest, ":"); ok {
		return at.UTC().Format(layout), true
	}
	if len(rest) > 7 && (rest[0] == '+' || rest[0] == '-') && rest[6] == ':' {
		zone, err := time.Parse("-07:00", rest[:6])
		if err != nil {
			return "", false
		}
		return at.In(zone.Location()).Format(rest[7:]), true
	}
	return "", false
}

// Validate says what is wrong with an example on its own.
func (e *Example) Validate() error {
	if e.Start != "" {
		if _, err := time.Parse(time.RFC3339, e.Start); err != nil {
			return wrong("start", fmt.Sprintf("%q is no time", e.Start), "such as 2026-10-12T10:00:00+08:00")
		}
	}
	for i := range e.Lists {
		l, path := &e.Lists[i], schema.Index("lists", i)
		if slices.ContainsFunc(e.Lists[:i], func(o ExampleList) bool { return o.Name == l.Name }) {
			return wrong(path+".name", fmt.Sprintf("list %s is given twice", l.Name), "put all values into one")
		}
	}
	if len(e.Keys) > e.Alerts {
		return wrong("keys", fmt.Sprintf("are of %d alerts, and alerts is %d", len(e.Keys), e.Alerts), "")
	}
	if e.Recoveries > e.Alerts {
		return wrong("recoveries", fmt.Sprintf("%d, and alerts is %d", e.Recoveries, e.Alerts), "only alerts can be over")
	}
	return nil
}

// Entries are the values as lists keep them.
func (l *ExampleList) Entries() ([]string, error) {
	t, err := query.ParseListType(l.Type)
	if err != nil {
		return nil, wrong("type", err.Error(), "")
	}
	out := make([]string, len(l.Values))
	for i, v := range l.Values {
		if out[i], err = query.ParseListValue(t, v); err != nil {
			return nil, wrong(schema.Index("values", i), err.Error(), "")
		}
	}
	return out, nil
}

// Validate says what is wrong with a list of an example.
func (l *ExampleList) Validate() error {
	if err := query.CheckListName(l.Name); err != nil {
		return wrong("name", err.Error(), "")
	}
	_, err := l.Entries()
	return err
}

// Validate says what is wrong with an event of an example.
func (e *ExampleEvent) Validate() error {
	switch {
	case (e.Line != "") == (len(e.Fields) > 0):
		return wrong("", "an event is a line or fields", "give one of both")
	case e.Input != "" && e.Line == "":
		return wrong("input", "is for lines", "")
	}
	return nil
}
