package infocenter

import (
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Set sets what a line says in front of its text, of the fields that the manifest lists under writes: those of
// Event.SetSyslog, observer.name, module, event.code, event.severity and log.level. zone is that of the device's clock, as
// for SetSyslog. A line without a name gets a log type and a kind instead.
func (m *Message) Set(ev *sdk.Event, zone *time.Location, module ecs.Field) {
	ev.SetSyslog(&m.Header, zone)
	ev.Set(ecs.ObserverName, m.Hostname)
	if m.Name == nil {
		ev.SetString(ecs.LogcenterLogType, Other)
		ev.SetString(ecs.EventKind, "event")
		return
	}
	ev.Set(module, m.Module)
	ev.Set(ecs.EventCode, m.Mnemonic)
	if m.Digit != nil {
		ev.Set(ecs.EventSeverity, m.Digit)
		ev.SetSeverity(m.Digit)
	}
}

// Log types of the log standard by which [Rule.Set] tells the kind of an event.
const (
	Attack   = "attack"
	RunState = "run_state"
	Other    = "other"
)

// Rule says what the messages of a module are.
type Rule struct {
	Dataset  string // event.dataset
	Category string // event.category; attacks are of the network, too
	LogType  string // logcenter.log_type
	Ends     bool   // they have a source and a destination
}

// Set sets event.dataset, event.category, event.kind and logcenter.log_type.
func (r *Rule) Set(ev *sdk.Event) {
	ev.SetString(ecs.EventDataset, r.Dataset)
	ev.SetString(ecs.EventCategory, r.Category)
	ev.SetString(ecs.LogcenterLogType, r.LogType)
	switch r.LogType {
	case Attack:
		ev.SetString(ecs.EventCategory, "network")
		ev.SetString(ecs.EventKind, "alert")
	case RunState:
		ev.SetString(ecs.EventKind, "state")
	default:
		ev.SetString(ecs.EventKind, "event")
	}
}

// Set sets event.type and event.outcome by a decision. Whether an attack that was let pass succeeded is not known. It is
// false, and sets nothing, where nothing was decided.
func (d Decision) Set(ev *sdk.Event, attack bool) bool {
	switch {
	case d == Blocked:
		ev.SetString(ecs.EventType, "denied")
		ev.SetString(ecs.EventOutcome, "failure")
	case d == Passed && attack:
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventOutcome, "unknown")
	case d == Passed:
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventOutcome, "success")
	default:
		return false
	}
	return true
}

// Set sets event.type and event.outcome by what a message says of a session. One that is about none has an outcome only
// if it tells of a failure.
func (s Session) Set(ev *sdk.Event, failed bool) {
	switch s {
	case Start:
		ev.SetString(ecs.EventType, "start")
	case End:
		ev.SetString(ecs.EventType, "end")
	default:
		ev.SetString(ecs.EventType, "info")
	}
	switch {
	case failed:
		ev.SetString(ecs.EventOutcome, "failure")
	case s != NoSession:
		ev.SetString(ecs.EventOutcome, "success")
	}
}
