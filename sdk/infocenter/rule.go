package infocenter

import (
	"bytes"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Set sets what a line says in front of its text, of the fields that the manifest lists under writes: those of
// Event.SetSyslog, observer.name, module, event.code, event.severity and log.level. zone is that of the device's clock, as
// for SetSyslog. A line without a name gets a log type and a kind instead.
func (m *Message) Set(ev *sdk.Event, zone *time.Location, module ecs.Field) {
	ev.SetSyslog(&m.Header, zone)
	ev.Set(ecs.ObserverName, m.Hostname)
	if m.Name == nil {
		ev.SetFacts(unnamed)
		return
	}
	ev.Set(module, m.Module)
	ev.Set(ecs.EventCode, m.Mnemonic)
	if m.Digit != nil {
		ev.Set(ecs.EventSeverity, m.Digit)
		ev.SetSeverity(m.Digit)
	}
}

// unnamed is what is known of a line without a name.
var unnamed = sdk.NewFacts(map[ecs.Field][]string{ecs.LogcenterLogType: {Other}, ecs.EventKind: {"event"}})

// Log types of the log standard by which [NewClass] tells the kind of an event.
const (
	Attack   = "attack"
	RunState = "run_state"
	Other    = "other"
)

// Rule says what the messages of a module are.
type Rule struct {
	// Modules are the names of the modules in upper case, with blanks between them.
	Modules  string
	Dataset  string // event.dataset
	Category string // event.category; attacks are of the network, too
	LogType  string // logcenter.log_type
	Ends     bool   // they have a source and a destination
}

// Class is a rule with all that follows from it: facts for [sdk.Event.SetFacts], which have event.dataset, event.category,
// event.kind, logcenter.log_type, event.type and event.outcome.
type Class struct {
	Rule
	// Decided are by [classify.Decision]; nil for Undecided. Whether an attack that was let pass succeeded is not known.
	Decided [3]*sdk.Facts
	// Sessions are by what a message says of a session of a user or a tunnel, and whether something failed (1). Those of
	// none have an outcome only if something failed.
	Sessions [3][2]*sdk.Facts
	// Connections are of traffic that begins or ends, by Start and End; nil for NoSession.
	Connections [3]*sdk.Facts
	// Change is of the configuration.
	Change *sdk.Facts
}

// NewClass makes the class of a rule, when the program starts: see [sdk.NewFacts].
func NewClass(r Rule) *Class {
	passed := "success"
	if r.LogType == Attack {
		passed = "unknown"
	}
	return &Class{
		Rule:    r,
		Decided: [...]*sdk.Facts{classify.Allowed: r.facts(passed, "allowed"), classify.Denied: r.facts("failure", "denied")},
		Sessions: [...][2]*sdk.Facts{
			NoSession: {r.facts("", "info"), r.facts("failure", "info")},
			Start:     {r.facts("success", "start"), r.facts("failure", "start")},
			End:       {r.facts("success", "end"), r.facts("failure", "end")},
		},
		Connections: [...]*sdk.Facts{Start: r.facts("success", "connection", "start"), End: r.facts("success", "connection", "end")},
		Change:      r.facts("", "change"),
	}
}

// Classes are the library of rules of a device, by module. They are safe for concurrent use.
type Classes struct {
	of    map[string]*Class
	other *Class
}

// NewClasses makes the classes of rules; other is that of modules that no rule names.
func NewClasses(other Rule, rules ...Rule) *Classes {
	c := &Classes{map[string]*Class{}, NewClass(other)}
	for _, r := range rules {
		class := NewClass(r)
		for _, module := range strings.Fields(r.Modules) {
			c.of[module] = class
		}
	}
	return c
}

// Of is the class of a module, whose case does not matter.
func (c *Classes) Of(module []byte) *Class {
	if class := c.of[string(bytes.ToUpper(module))]; class != nil {
		return class
	}
	return c.other
}

// Session is one of Sessions.
func (c *Class) Session(s Session, failed bool) *sdk.Facts {
	if failed {
		return c.Sessions[s][1]
	}
	return c.Sessions[s][0]
}

func (r Rule) facts(outcome string, types ...string) *sdk.Facts {
	kind, categories := "event", []string{r.Category}
	switch r.LogType {
	case Attack:
		kind, categories = "alert", append(categories, "network")
	case RunState:
		kind = "state"
	}
	return sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventDataset: {r.Dataset}, ecs.EventCategory: categories, ecs.EventKind: {kind}, ecs.LogcenterLogType: {r.LogType},
		ecs.EventType: types, ecs.EventOutcome: {outcome},
	})
}
