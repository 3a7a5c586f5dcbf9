package main

import (
	"bytes"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/cef"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// record is what must be known of all pairs of a line before some fields can be set.
type record struct {
	ev   *sdk.Event
	zone *time.Location

	category, message, reason []byte
	action, outcome           []byte
	user, destinationUser     []byte
	received, start, end      []byte
	places                    [4][]byte // latitude and longitude of source and destination
	in, out                   int64     // -1: not told
	request, correlated       bool
	decided, denied           bool

	customs       uint32 // those that have a value
	values, names [len(customs)][]byte
}

// pair sets what one pair says. Keys that are not known stay in the line only.
func (r *record) pair(key, v []byte) {
	if len(v) == 0 || len(v) == 1 && v[0] == '-' {
		return
	}
	if t, ok := keys[string(key)]; ok {
		r.set(t, v)
	}
}

// text sets a text with its escapes resolved.
func (r *record) text(f ecs.Field, v []byte) {
	if n := len(v); n > 2 && v[0] == '"' && v[n-1] == '"' {
		v = v[1 : n-1 : n-1] // which the format does not need, but some products write
	}
	if bytes.IndexByte(v, '\\') < 0 {
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
		ev.SetDecoded(t.field, v, appendLower)
	case addr:
		ev.SetIP(t.field, v)
	case port:
		ev.SetPort(t.field, v)
	case mac:
		ev.SetMAC(t.field, v)
	case whole:
		ev.Set(t.field, v)
	case date:
		r.date(t.field, v)
	case custom:
		r.values[t.id] = v
		r.customs |= 1 << t.id
	case label:
		r.names[t.id] = v
	case special:
		r.special(t.id, v)
	}
}

// special keeps or sets what one key has several fields for.
func (r *record) special(id uint8, v []byte) {
	ev := r.ev
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
		r.in = r.number(ecs.SourceBytes, v)
	case keyBytesOut:
		r.out = r.number(ecs.DestinationBytes, v)
	case keyDirection:
		r.direction(v)
	case keyType:
		r.correlated = string(v) == "2"
		ev.Set(eventType, v)
	case keyHash:
		r.hash(v)
	case keyOldHash:
		ev.Set(oldFileHash, v)
	case keyDeviceHost:
		r.text(ecs.ObserverHostname, v)
		r.text(ecs.HostName, v)
	case keyLatitude, keyLongitude, keyDestinationLatitude, keyDestinationLongitude:
		r.places[id-keyLatitude] = v
	case keyMilliseconds:
		if n, ok := digits(v, 12); ok {
			ev.SetInt(ecs.EventDuration, n*1e6)
		} else {
			ev.Bad(ecs.EventDuration, "not a number of milliseconds")
		}
	case keyTechnique:
		ev.Set(ecs.ThreatTechniqueID, v)
	case keyProcess:
		r.process(v)
	}
}

// finish sets what follows from several pairs.
func (r *record) finish() {
	ev := r.ev
	switch {
	case r.received != nil:
		r.date(ecs.Timestamp, r.received)
	case r.end != nil:
		r.date(ecs.Timestamp, r.end)
	case r.start != nil:
		r.date(ecs.Timestamp, r.start)
	}
	reason := r.reason
	if reason == nil {
		reason = r.message
	} else {
		r.text(messageText, r.message)
	}
	r.text(ecs.EventReason, reason)
	r.text(category, r.category)
	r.text(ecs.RuleCategory, r.category)
	r.users()
	r.decision()
	if r.in >= 0 && r.out >= 0 {
		ev.SetInt(ecs.NetworkBytes, r.in+r.out)
	}
	r.place(ecs.SourceGeoLocation, r.places[0], r.places[1])
	r.place(ecs.DestinationGeoLocation, r.places[2], r.places[3])
	r.finishCustoms()
}

// users sets the users at both ends; the one who acted is the first that is known.
func (r *record) users() {
	r.text(ecs.SourceUserName, r.user)
	r.text(ecs.DestinationUserName, r.destinationUser)
	who := r.user
	if who == nil {
		who = r.destinationUser
	}
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
	r.text(ecs.EventAction, r.action)
	kind, outcome := "info", ""
	if w, ok := actions.Find(r.action); ok {
		kind, outcome = w.kind, w.outcome
	}
	ev.SetString(ecs.EventType, kind)
	r.denied = kind == denied.kind
	if r.outcome != nil {
		w, ok := outcomes.Find(r.outcome)
		if !ok {
			w = "unknown"
			r.text(outcomeText, r.outcome)
		}
		outcome = w
	}
	ev.SetString(ecs.EventOutcome, outcome)
	r.decided = outcome != ""
}

// meaning is event.type and event.outcome of an action.
type meaning struct{ kind, outcome string }

var (
	denied  = meaning{"denied", "failure"}
	allowed = meaning{"allowed", "success"}
	actions = classify.NewWords(
		classify.Means(denied, "block", "deny", "denied", "drop", "reject", "reset", "discard", "prevent", "quarantine",
			"阻断", "拒绝", "拦截"),
		classify.Means(allowed, "allow", "permit", "pass", "accept", "forward", "放行", "允许"),
	)
	outcomes = classify.NewWords(
		classify.Means("success", "success", "succeed", "ok", "allow", "pass", "成功"),
		classify.Means("failure", "fail", "denied", "deny", "block", "reject", "error", "失败"),
	)
)

// url sets a URL and its parts.
func (r *record) url(v []byte) {
	u := netaddr.SplitURL(v)
	r.text(ecs.URLOriginal, v)
	r.text(ecs.URLDomain, u.Host)
	r.text(ecs.URLPath, u.Path)
	r.text(ecs.URLQuery, u.Query)
	if u.Scheme != nil && u.Host != nil {
		r.text(ecs.URLFull, v)
	}
}

func (r *record) direction(v []byte) {
	switch string(v) {
	case "0":
		r.ev.SetString(ecs.NetworkDirection, "inbound")
	case "1":
		r.ev.SetString(ecs.NetworkDirection, "outbound")
	default:
		r.ev.Bad(ecs.NetworkDirection, "not 0 (inbound) or 1 (outbound)")
	}
}

// hash tells the digest by its length.
func (r *record) hash(v []byte) {
	switch len(v) {
	case 32:
		r.ev.Set(ecs.FileHashMD5, v)
	case 40:
		r.ev.Set(fileSHA1, v)
	case 64:
		r.ev.Set(ecs.FileHashSHA256, v)
	default:
		r.ev.Bad(ecs.FileHashSHA256, "not the 32, 40 or 64 digits of MD5, SHA-1 or SHA-256")
	}
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
	layout := timestamp.Any
	if len(v) == 13 && isDigits(v) {
		layout = timestamp.UnixMilli
	}
	r.ev.SetTimeField(f, layout, r.zone, v)
}

func isDigits(v []byte) bool {
	for _, c := range v {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// number sets a count of bytes and returns it, -1 if it is none.
func (r *record) number(f ecs.Field, v []byte) int64 {
	n, ok := digits(v, 18)
	if !ok {
		r.ev.Bad(f, "not a number of bytes")
		return -1
	}
	r.ev.SetInt(f, n)
	return n
}

func digits(v []byte, most int) (n int64, ok bool) {
	if len(v) == 0 || len(v) > most {
		return 0, false
	}
	for _, c := range v {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// appendLower is for SetDecoded.
func appendLower(dst, v []byte) []byte {
	for _, c := range v {
		dst = append(dst, classify.Lower(c))
	}
	return dst
}
