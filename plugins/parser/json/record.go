package main

import (
	"bytes"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/number"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// record is what must be known of a whole object before some fields can be set.
type record struct {
	ev   *sdk.Event
	zone *time.Location

	known                           bool   // a key was there that means something
	level, message, template        []byte // the first of each
	action, result, logger          []byte
	epoch, fraction                 []byte // of log4j2's instant
	status                          int64
	spare                           []byte // a time under a key of the application's own, and how deep it lies
	spareDepth                      int
	timed, user, failed, ended, url bool
	bad                             bool // the level is one of errors
	categorised, typed              bool
}

// value sets what the value at a path says. What is not known stays in the line only.
func (r *record) value(path, v []byte, kind jsonscan.Kind) {
	if len(v) == 0 || kind == jsonscan.Null {
		return
	}
	t := lookup(path)
	if t == nil {
		r.spareTime(path, v, kind)
		return
	}
	r.known = true
	ev := r.ev
	switch t.how {
	case text:
		set(ev, t.field, v)
	case first:
		if !r.url {
			set(ev, t.field, v)
		}
	case address:
		r.endpoint(t.field, v)
	case port:
		if kind == jsonscan.Number || number.IsDigits(v) {
			ev.SetPort(t.field, v)
		}
	case transport:
		ev.SetTransport(v)
	case whole:
		if kind == jsonscan.Number || number.IsDigits(v) {
			ev.Set(t.field, v)
		}
	case date:
		ev.SetTimeField(t.field, timestamp.Any, r.zone, v)
	default:
		r.meaning(t.how, v, kind)
	}
}

// lookup finds what becomes of a path, nil if it is not known. Fields of one's own begin with '_' in GELF, and lie in an
// object of their own in others.
func lookup(path []byte) *target {
	if t := paths.Get(path); t != nil || len(path) == 0 {
		return t
	}
	if path[0] == '_' {
		return paths.Get(path[1:])
	}
	i := bytes.IndexByte(path, '.')
	if i < 0 || containers.Get(path[:i]) == nil {
		return nil
	}
	return paths.Get(path[i+1:])
}

// containers are objects that libraries put fields of one's own into.
var containers = keys.New(map[string]bool{
	"contextMap": true, "mdc": true, "Properties": true, "properties": true, "context": true, "extra": true, "attributes": true, "Attributes": true,
	"fields": true, "data": true, "payload": true, "event": true, "detail": true, "details": true, "record": true,
})

// meaning keeps or sets what several fields follow from.
func (r *record) meaning(h how, v []byte, kind jsonscan.Kind) {
	ev := r.ev
	switch h {
	case moment:
		r.time(v)
	case seconds:
		r.epoch = v
	case nanos:
		r.fraction = v
	case level:
		r.severity(v)
	case message:
		r.text(v)
	case origin:
		file, line := v, []byte(nil)
		if i := bytes.LastIndexByte(v, ':'); i > 0 && number.IsDigits(v[i+1:]) {
			file, line = v[:i:i], v[i+1:]
		}
		set(ev, ecs.LogOriginFileName, file)
		ev.Set(ecs.LogOriginFileLine, line)
	case category:
		r.categorised = true
		set(ev, ecs.EventCategory, v)
	case kindOf:
		r.typed = true
		set(ev, ecs.EventType, v)
	case templated:
		r.template = v
		set(ev, template, v)
	case failure:
		r.failure(v)
	case trace:
		r.failed = true
		set(ev, ecs.ErrorStackTrace, v)
	case thrown:
		r.failed = true
		set(ev, errorClass, v)
	case status, state:
		if n, ok := number.Uint(v, 3); ok && n >= 100 {
			r.status = n
			ev.SetInt(ecs.HTTPResponseStatusCode, n)
		} else if h == state && classify.Outcome(v) != "" {
			r.result = v
		}
	case verb:
		if isVerb(v) {
			ev.Set(ecs.HTTPRequestMethod, v)
		}
	case location:
		r.location(v)
	case action:
		r.action = v
		set(ev, ecs.EventAction, v)
	case outcome:
		r.result = v
	case success:
		if kind == jsonscan.Bool {
			r.ended = true
			ev.SetString(ecs.EventOutcome, ended(string(v) == "true"))
		}
	case account:
		r.user = true
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	case logger:
		r.logger = v
		set(ev, ecs.LogLogger, v)
	case milliseconds:
		ev.SetDuration(ecs.EventDuration, v, time.Millisecond)
	case interval:
		r.interval(v, kind)
	}
}

// isVerb tells methods of HTTP from those of classes.
func isVerb(v []byte) bool {
	for _, c := range v {
		if c-'A' > 'Z'-'A' {
			return false
		}
	}
	return len(v) >= 3 && len(v) <= 10
}

// time sets @timestamp by the first key that has one. Numbers are counted from 1970, in the unit that their length
// tells; seconds may have a fraction.
func (r *record) time(v []byte) {
	if !r.timed {
		r.timed = true
		r.ev.SetTime(layout(v), r.zone, v)
	}
}

// layout is that of a time whose form is plain, so that it need not be looked for.
func layout(v []byte) string {
	switch {
	case len(v) >= 20 && v[4] == '-' && v[10] == 'T' && (v[len(v)-1] == 'Z' || v[len(v)-6] == '+' || v[len(v)-6] == '-'):
		return time.RFC3339Nano
	case len(v) > 25 && v[4] == '-' && v[10] == ' ' && v[len(v)-4] == ' ' && v[len(v)-1]-'A' <= 'Z'-'A':
		return "2006-01-02 15:04:05 -0700 MST" // as Go prints times
	case len(v) == 13 && number.IsDigits(v):
		return timestamp.UnixMilli
	case len(v) > 10 && v[10] == '.' && number.IsDigits(v[:10]):
		return timestamp.Unix
	}
	return timestamp.Any
}

// spareTime keeps a time under a key that is not known but named for one, such as activityDateTime: the outermost, and of
// those the first, if there is no other.
func (r *record) spareTime(path, v []byte, kind jsonscan.Kind) {
	if r.timed || kind != jsonscan.String && kind != jsonscan.Number || len(v) < 10 || len(v) > 40 {
		return
	}
	depth := bytes.Count(path, []byte{'.'})
	if r.spare != nil && depth >= r.spareDepth || !namesTime(path[bytes.LastIndexByte(path, '.')+1:]) {
		return
	}
	if _, n, ok := timestamp.Detect(v); ok && n == len(v) {
		r.spare, r.spareDepth = v, depth
	}
}

// namesTime tells keys that are named for a point in time: eventTime, created_at, CreationDate.
func namesTime(key []byte) bool {
	for i := range key {
		rest := key[i:]
		switch {
		case len(rest) >= 4 && (bytes.EqualFold(rest[:4], []byte("time")) || bytes.EqualFold(rest[:4], []byte("date")) || bytes.EqualFold(rest[:4], []byte("when"))),
			string(rest) == "At", string(rest) == "_at", len(rest) >= 7 && bytes.EqualFold(rest[:7], []byte("created")):
			return true
		}
	}
	return false
}

// severity sets the level by the first key that has one, beside it the original.
func (r *record) severity(v []byte) {
	if r.level != nil {
		return
	}
	r.level, r.bad = v, isError(v)
	if n, ok := number.Uint(v, 4); ok {
		r.ev.SetInt(ecs.EventSeverity, n)
	} else {
		set(r.ev, levelWord, v)
	}
	if i := bytes.IndexAny(v, "+-"); i > 0 && number.IsDigits(v[i+1:]) {
		v = v[:i:i] // slog's INFO+2
	}
	r.ev.SetSeverity(bytes.TrimSpace(v)) // other words are in the field of the original alone
}

func (r *record) text(v []byte) {
	if r.message == nil {
		r.message = v
		if n := len(v); n > 2 && v[n-2] == '\\' && v[n-1] == 'n' { // Docker keeps the line end
			v = v[: n-2 : n-2]
		}
		set(r.ev, content, v)
	}
}

var lineEnd = []byte(`\n`)

// failure sets the text of an error, and where it has several lines, which begin with it, the stack.
func (r *record) failure(v []byte) {
	r.failed = true
	line := v
	if i := bytes.Index(v, lineEnd); i > 0 {
		set(r.ev, ecs.ErrorStackTrace, v)
		line = bytes.TrimSuffix(v[:i:i], []byte(`\r`))
	}
	if i := bytes.LastIndex(bytes.TrimSuffix(v, lineEnd), lineEnd); i > 0 && bytes.HasPrefix(v, []byte("Traceback ")) {
		line = bytes.TrimSuffix(v[i+len(lineEnd):], lineEnd) // Python says it last
		if i := bytes.IndexByte(line, ':'); i > 0 && bytes.IndexByte(line[:i], ' ') < 0 {
			r.ev.Set(errorClass, line[:i:i])
		}
	}
	set(r.ev, errorText, line)
}

// endpoint sets an address that may have a port behind it, or be the first of several. A name is not set: keys such as
// ip and src are used for other things, too.
func (r *record) endpoint(ip ecs.Field, v []byte) {
	v, _, _ = bytes.Cut(v, []byte(","))
	host, number := netaddr.SplitHostPort(v)
	a, ok := netaddr.ParseAddr(host)
	if !ok {
		return
	}
	r.ev.SetAddr(ip, a)
	if len(number) == 0 {
		return
	}
	if ip == ecs.SourceIP {
		r.ev.SetPort(ecs.SourcePort, number)
	} else {
		r.ev.SetPort(ecs.DestinationPort, number)
	}
}

// location sets a URL and its parts.
func (r *record) location(v []byte) {
	r.url = true
	u := netaddr.SplitURL(v)
	set(r.ev, ecs.URLOriginal, v)
	set(r.ev, ecs.URLDomain, u.Host)
	set(r.ev, ecs.URLPath, u.Path)
	set(r.ev, ecs.URLQuery, u.Query)
	if u.Scheme != nil && u.Host != nil {
		set(r.ev, ecs.URLFull, v)
	}
}

// finish sets what follows from the whole object.
func (r *record) finish(device string) {
	ev := r.ev
	switch {
	case r.timed:
	case r.epoch != nil:
		r.instant()
	case r.spare != nil:
		r.known = true
		r.time(r.spare)
	}
	if r.level == nil && r.template != nil {
		ev.SetSeverity(information) // which Serilog's compact form leaves out
	}
	if r.message == nil {
		set(ev, content, r.template)
	}
	switch outcome := classify.Outcome(r.result); {
	case r.ended:
	case outcome != "":
		ev.SetString(ecs.EventOutcome, outcome)
	case r.result != nil:
		ev.SetString(ecs.EventOutcome, "unknown")
		set(ev, resultText, r.result)
	case r.status > 0:
		ev.SetString(ecs.EventOutcome, ended(r.status < 400))
	}
	if r.status > 0 && !r.categorised {
		ev.SetString(ecs.EventCategory, "web")
	}
	if login, _ := logins.Find(r.action); login && !r.categorised {
		ev.SetString(ecs.EventCategory, "authentication")
	}
	switch {
	case r.typed:
	case r.failed || r.bad:
		ev.SetString(ecs.EventType, "error")
	default:
		ev.SetString(ecs.EventType, "info")
	}
	ev.SetString(ecs.LogcenterLogType, r.logType(device))
}

// instant sets the time that log4j2 writes as two numbers.
func (r *record) instant() {
	s, ok := number.Uint(r.epoch, 11)
	n, also := number.Uint(r.fraction, 9)
	if !ok || r.fraction != nil && !also {
		r.ev.Bad(ecs.Timestamp, "not seconds and nanoseconds since 1970")
		return
	}
	var buf [24]byte
	r.ev.SetTime(timestamp.UnixNano, nil, strconv.AppendInt(buf[:0], s*1e9+n, 10))
}

var information = []byte("information")

func ended(well bool) string {
	if well {
		return "success"
	}
	return "failure"
}

// set sets a text with its escapes resolved.
func set(ev *sdk.Event, f ecs.Field, v []byte) {
	if bytes.IndexByte(v, '\\') < 0 {
		ev.Set(f, v)
		return
	}
	ev.SetDecoded(f, v, jsonscan.AppendUnescaped)
}
