package main

import (
	"bytes"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/cef"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/number"
	"github.com/logcenter/logcenter/sdk/syslog"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// record is what must be known of all pairs of a line before some fields can be set.
type record struct {
	ev      *sdk.Event
	zone    *time.Location
	escapes bool // somewhere in the line; few have them

	category, message, reason []byte
	action, outcome           []byte
	user, destinationUser     []byte
	received, start, end      []byte
	deviceProcess             []byte
	// What keys of the product's own say goes behind what CEF's keys for it say.
	ownTime, ownAction, ownMessage []byte
	places                         [4][]byte // latitude and longitude of source and destination
	in, out                        int64     // -1: not told
	request, correlated            bool
	decided, denied                bool
	processed                      bool // the process at the source is known
	owned                          int  // pairs in ownPairs

	extension     []byte
	customs       uint32 // those that have a value
	values, names [len(customs)]span
}

// span is a part of the extension: slices would be three times as much to clear for every line.
type span struct{ at, end uint32 }

func (r *record) of(s span) []byte { return r.extension[s.at:s.end:s.end] }

// pair sets what the pair at hand says.
func (r *record) pair(it *cef.Iter) {
	v, at := it.Value(), it.Pos()
	if n := len(v); n > 2 && v[0] == v[n-1] && (v[0] == '"' || v[0] == '\'') {
		v, at = v[1:n-1:n-1], at+1 // which the format does not need, but some products write
	}
	if len(v) == 0 || len(v) == 1 && v[0] == '-' || len(v) == 3 && (string(v) == "N/A" || string(v) == "n/a") {
		return
	}
	t := dictionary.Get(it.Key())
	if t == nil {
		r.ownPair(it)
		return
	}
	switch t.how {
	case custom:
		r.values[t.id] = span{uint32(at), uint32(at + len(v))}
		r.customs |= 1 << t.id
	case label:
		r.names[t.id] = span{uint32(at), uint32(at + len(v))}
	default:
		r.set(*t, v)
	}
}

// text sets a text with its escapes resolved.
func (r *record) text(f ecs.Field, v []byte) {
	if !r.escapes || bytes.IndexByte(v, '\\') < 0 {
		r.ev.Set(f, v)
		return
	}
	r.ev.SetDecoded(f, v, cef.AppendUnescaped)
}

func (r *record) set(t target, v []byte) {
	ev := r.ev
	switch t.how {
	case text:
		r.text(t.field, v)
	case raw:
		ev.Set(t.field, v)
	case folded:
		ev.SetLower(t.field, v)
	case addr:
		ev.SetIP(t.field, v)
	case port:
		ev.SetPort(t.field, v)
	case mac:
		ev.SetMAC(t.field, v)
	case transport:
		ev.SetTransport(v)
	case whole:
		ev.Set(t.field, v)
	case date:
		r.date(t.field, v)
	case special:
		r.special(t.id, v)
	}
}

// special sets what one key has several fields for, or keeps it.
func (r *record) special(id uint8, v []byte) {
	ev := r.ev
	switch id {
	case keyStart:
		r.start = v
		r.date(ecs.EventStart, v)
	case keyEnd:
		r.end = v
		r.date(ecs.EventEnd, v)
	case keyRequest:
		r.request = true
		r.url(v)
	case keyBytesIn:
		r.in = r.bytes(ecs.SourceBytes, v)
	case keyBytesOut:
		r.out = r.bytes(ecs.DestinationBytes, v)
	case keyDirection:
		r.direction(v)
	case keyType:
		r.correlated = string(v) == "2"
		ev.Set(eventType, v)
	case keyHash:
		ev.SetFileHash(v)
	case keyOldHash:
		ev.Set(oldFileHash, v)
	case keyDevice:
		if a, ok := netaddr.ParseAddr(v); ok {
			ev.SetAddr(ecs.ObserverIP, a)
		} else {
			r.text(ecs.ObserverHostname, v)
		}
	case keyDeviceHost:
		r.text(ecs.ObserverHostname, v)
		r.text(ecs.HostName, v)
	case keyLatitude, keyLongitude, keyDestinationLatitude, keyDestinationLongitude:
		r.places[id-keyLatitude] = v
	case keyMilliseconds:
		ev.SetDuration(ecs.EventDuration, v, time.Millisecond)
	case keyTechnique:
		ev.Set(ecs.ThreatTechniqueID, v)
	case keyProcess:
		r.processed = true
		r.process(v)
	case keySeconds:
		ev.SetDuration(ecs.EventDuration, v, time.Second)
	default:
		r.keepFor(id, v)
	}
}

// keepFor keeps what must be seen beside other pairs.
func (r *record) keepFor(id uint8, v []byte) {
	switch id {
	case keyAction:
		r.action = v
	case keyOutcome:
		r.outcome = v
	case keyMessage:
		r.message = v
	case keyReason:
		r.reason = v
	case keyCategory:
		r.category = v
	case keySourceUser:
		r.user = v
	case keyDestinationUser:
		r.destinationUser = v
	case keyReceived:
		r.received = v
	case keyDeviceProcess:
		r.deviceProcess = v
	case keyOwnTime:
		r.ownTime = v
	case keyOwnAction:
		r.ownAction = v
	case keyOwnMessage:
		r.ownMessage = v
	}
}

// finish sets what follows from several pairs.
func (r *record) finish() {
	ev := r.ev
	message := first(r.message, r.ownMessage)
	if r.reason != nil {
		r.text(messageText, message)
	}
	r.text(ecs.EventReason, first(r.reason, message))
	r.text(category, r.category)
	r.text(ecs.RuleCategory, r.category)
	r.users()
	r.text(deviceProcess, r.deviceProcess)
	if !r.processed {
		r.process(r.deviceProcess)
	}
	r.decision()
	if r.in >= 0 && r.out >= 0 {
		ev.SetInt(ecs.NetworkBytes, r.in+r.out)
	}
	r.place(ecs.SourceGeoLocation, r.places[0], r.places[1])
	r.place(ecs.DestinationGeoLocation, r.places[2], r.places[3])
	r.finishCustoms()
}

// times sets @timestamp: when the device had the event, else when that ended or began. The syslog header's time is when
// a relay had the line, has no year, and so counts only where none of these can be read.
func (r *record) times(h *syslog.Header) {
	v := first(r.received, r.ownTime, r.end, r.start)
	if len(v) == 0 || v[0] != '1' { // milliseconds can be read
		r.ev.SetSyslogTime(h, r.zone)
	}
	if v != nil {
		r.date(ecs.Timestamp, v)
	}
}

// first is the first value that is there, nil if none is.
func first(values ...[]byte) []byte {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

// users sets the users at both ends; the one who acted is the first that is known.
func (r *record) users() {
	r.text(ecs.SourceUserName, r.user)
	r.text(ecs.DestinationUserName, r.destinationUser)
	who := first(r.user, r.destinationUser)
	if bytes.Contains(who, escapedEqual) { // no account of a directory
		r.text(ecs.UserName, who)
		return
	}
	r.ev.SetAccount(ecs.UserName, ecs.UserDomain, who)
}

var escapedEqual = []byte(`\=`)

// process sets a process by its name, or by its path.
func (r *record) process(v []byte) {
	i := bytes.LastIndexAny(v, `/\`)
	r.text(ecs.ProcessName, v[i+1:])
	if i >= 0 {
		r.text(ecs.ProcessExecutable, v)
	}
}

// decision sets the action, what it meant and how it ended. The outcome that the product tells goes before the one
// that follows from the action.
func (r *record) decision() {
	ev := r.ev
	action := first(r.action, r.ownAction)
	r.text(ecs.EventAction, action)
	d := classify.DecisionOf(action)
	ev.SetString(ecs.EventType, d.EventType())
	r.denied = d == classify.Denied
	outcome := d.Outcome()
	if r.outcome != nil {
		if told := classify.Outcome(r.outcome); told != "" {
			outcome = told
		} else {
			r.text(outcomeText, r.outcome)
			if outcome == "" {
				outcome = "unknown"
			}
		}
	}
	ev.SetString(ecs.EventOutcome, outcome)
	r.decided = outcome != ""
}

// url sets a URL and its parts.
func (r *record) url(v []byte) {
	if !r.escapes {
		r.ev.SetURL(v)
		return
	}
	u := netaddr.SplitURL(v)
	r.text(ecs.URLOriginal, v)
	r.text(ecs.URLDomain, u.Host)
	r.text(ecs.URLPath, u.Path)
	r.text(ecs.URLQuery, u.Query)
	if u.Scheme != nil && u.Host != nil {
		r.text(ecs.URLFull, v)
	}
}

// directions are those of the format, and what products write instead.
var directions = keys.NewFold(map[string]string{
	"0": "inbound", "in": "inbound", "inbound": "inbound", "incoming": "inbound", "ingress": "inbound",
	"1": "outbound", "out": "outbound", "outbound": "outbound", "outgoing": "outbound", "egress": "outbound",
	"internal": "internal", "external": "external", "lateral": "internal",
})

func (r *record) direction(v []byte) {
	way := "unknown"
	if w := directions.Get(v); w != nil {
		way = *w
	}
	r.ev.SetString(ecs.NetworkDirection, way)
}

// place sets coordinates if both are there.
func (r *record) place(f ecs.Field, lat, long []byte) {
	if lat == nil || long == nil {
		return
	}
	y, ok := degrees(lat, 90)
	x, also := degrees(long, 180)
	if !ok || !also {
		r.ev.Bad(f, "not a latitude up to 90 and a longitude up to 180 degrees")
		return
	}
	r.ev.SetPoint(f, y, x)
}

// degrees reads a number such as -33.8688.
func degrees(v []byte, most float64) (float64, bool) {
	if len(v) > 24 {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(v), 64) // does not escape
	return n, err == nil && n >= -most && n <= most
}

// date sets a time: milliseconds since 1970, or MMM dd yyyy HH:mm:ss with what may follow.
func (r *record) date(f ecs.Field, v []byte) {
	r.ev.SetTimeField(f, timestamp.Any, r.zone, v)
}

// bytes sets a count of bytes and returns it, -1 if it is none.
func (r *record) bytes(f ecs.Field, v []byte) int64 {
	n, ok := number.Uint(v, 18)
	if !ok {
		r.ev.Bad(f, "not a number of bytes")
		return -1
	}
	r.ev.SetInt(f, n)
	return n
}
