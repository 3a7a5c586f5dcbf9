package main

import (
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
	"github.com/logcenter/logcenter/sdk/number"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// record is what must be known of all attributes of a line before some fields can be set.
type record struct {
	ev   *sdk.Event
	zone *time.Location

	category, name, message, reason []byte
	action, outcome                 []byte
	time, timeFormat                []byte
	bytes, packets                  [2]int64 // of source and destination
	told                            [4]bool  // which of them are there
	request, login, decided, denied bool
	own                             int // pairs in ownPairs
}

// maxOwn is how many pairs of the product's own an event keeps; further ones stay in the line only.
const maxOwn = 64

// pair sets what the attribute at hand says.
func (r *record) pair(it *kv.Iter) {
	v := it.Value()
	if len(v) == 0 || len(v) == 1 && v[0] == '-' {
		return
	}
	t := attributes.Get(it.Key())
	if t == nil {
		if r.own++; r.own <= maxOwn {
			r.ev.Set(ownPairs, it.Pair())
		}
		return
	}
	switch t.how {
	case text:
		r.ev.Set(t.field, v)
	case folded:
		r.ev.SetLower(t.field, v)
	case addr:
		r.ev.SetIP(t.field, v)
	case port:
		r.ev.SetPort(t.field, v)
	case mac:
		r.ev.SetMAC(t.field, v)
	case transport:
		r.ev.SetTransport(v)
	case date:
		r.date(t.field, nil, v)
	case special:
		r.special(t.id, v)
	}
}

// special keeps or sets what one key has several fields for.
func (r *record) special(id uint8, v []byte) {
	ev := r.ev
	switch id {
	case keyCategory:
		r.category = v
	case keyTime:
		r.time = v
	case keyTimeFormat:
		r.timeFormat = v
	case keySeverity:
		r.severity(v)
	case keyUser:
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	case keyURL:
		r.request = true
		ev.SetURL(v)
	case keyName:
		r.name = v
		ev.Set(ecs.RuleName, v)
	case keyAction:
		r.action = v
	case keyOutcome:
		r.outcome = v
	case keySourceBytes, keyDestinationBytes, keySourcePackets, keyDestinationPackets:
		r.count(id-keySourceBytes, v)
	case keyLogin:
		r.login = r.login || isTrue(v)
		r.session("start", v)
	case keyLogout:
		r.login = r.login || isTrue(v)
		r.session("end", v)
	case keyHash:
		ev.SetFileHash(v)
	case keyMessage:
		r.message = v
	case keyReason:
		r.reason = v
	}
}

// finish sets what follows from several attributes.
func (r *record) finish() {
	ev := r.ev
	if r.time != nil {
		r.date(ecs.Timestamp, r.timeFormat, r.time)
	}
	reason := r.reason
	if reason == nil {
		reason = r.message
	} else {
		ev.Set(messageText, r.message)
	}
	ev.Set(ecs.EventReason, reason)
	ev.Set(ecs.RuleCategory, r.category)
	ev.Set(category, r.category)
	r.decision()
	if r.told[0] && r.told[1] {
		ev.SetInt(ecs.NetworkBytes, r.bytes[0]+r.bytes[1])
	}
	if r.told[2] && r.told[3] {
		ev.SetInt(ecs.NetworkPackets, r.packets[0]+r.packets[1])
	}
}

// decision sets the action, what it meant and how it ended. The outcome that the product tells goes before the one
// that follows from the action.
func (r *record) decision() {
	ev := r.ev
	ev.Set(ecs.EventAction, r.action)
	d := classify.DecisionOf(r.action)
	if d != classify.Undecided || !r.login {
		ev.SetString(ecs.EventType, d.EventType())
	}
	r.denied = d == classify.Denied
	outcome := d.Outcome()
	if r.outcome != nil {
		if outcome = classify.Outcome(r.outcome); outcome == "" {
			outcome = "unknown"
			ev.Set(outcomeText, r.outcome)
		}
	}
	ev.SetString(ecs.EventOutcome, outcome)
	r.decided = outcome != ""
}

// severity sets the device's severity, 1 to 10, a word in a field of its own, and the unified one.
func (r *record) severity(v []byte) {
	n, ok := number.Uint(v, 9)
	switch {
	case ok && n > 10:
		r.ev.Bad(ecs.EventSeverity, "not a number from 0 to 10")
		return
	case ok:
		r.ev.SetInt(ecs.EventSeverity, n)
	default:
		r.ev.Set(severityWord, v)
	}
	if !r.ev.SetSeverity(v) {
		r.ev.Bad(ecs.LogLevel, "not a severity of the table in plugin.yaml")
	}
}

// count sets one of the counts of bytes and packets.
func (r *record) count(i uint8, v []byte) {
	fields := [...]ecs.Field{ecs.SourceBytes, ecs.DestinationBytes, ecs.SourcePackets, ecs.DestinationPackets}
	n, ok := number.Uint(v, 18)
	if !ok {
		r.ev.Bad(fields[i], "not a whole number")
		return
	}
	r.ev.SetInt(fields[i], n)
	r.told[i] = true
	if i < 2 {
		r.bytes[i] = n
	} else {
		r.packets[i-2] = n
	}
}

func isTrue(v []byte) bool { return string(v) == "true" || string(v) == "1" }

// session sets that a session of a user began or ended.
func (r *record) session(what string, v []byte) {
	if isTrue(v) {
		r.ev.SetString(ecs.EventType, what)
	}
}

// formats are layouts of devTimeFormat, in the letters of Java's SimpleDateFormat, that cannot be told from the time
// itself, as month and day may change places.
var formats = map[string]string{
	"MM/dd/yyyy HH:mm:ss":     "01/02/2006 15:04:05",
	"MM/dd/yyyy HH:mm:ss.SSS": "01/02/2006 15:04:05",
	"MM/dd/yyyy hh:mm:ss a":   "01/02/2006 03:04:05 PM",
	"MM-dd-yyyy HH:mm:ss":     "01-02-2006 15:04:05",
	"MM-dd-yyyy HH:mm:ss.SSS": "01-02-2006 15:04:05",
	"dd/MM/yyyy HH:mm:ss":     "02/01/2006 15:04:05",
	"dd/MM/yyyy HH:mm:ss.SSS": "02/01/2006 15:04:05",
	"dd/MM/yyyy hh:mm:ss a":   "02/01/2006 03:04:05 PM",
	"dd-MM-yyyy HH:mm:ss":     "02-01-2006 15:04:05",
	"dd-MM-yyyy HH:mm:ss.SSS": "02-01-2006 15:04:05",
	"MM/dd/yy HH:mm:ss":       "01/02/06 15:04:05",
	"dd/MM/yy HH:mm:ss":       "02/01/06 15:04:05",
	"yy-MM-dd HH:mm:ss":       "06-01-02 15:04:05",
	"MM/dd/yyyy HH:mm":        "01/02/2006 15:04",
	"dd/MM/yyyy HH:mm":        "02/01/2006 15:04",
	"yyyyMMdd'T'HHmmss":       "20060102T150405",
	"yyyyMMddHHmmss":          "20060102150405",
}

// date sets a time by the device's own format, or as it can be told from itself.
func (r *record) date(f ecs.Field, format, v []byte) {
	layout, ok := formats[string(format)]
	if !ok {
		layout = timestamp.Any
	}
	r.ev.SetTimeField(f, layout, r.zone, v)
}
