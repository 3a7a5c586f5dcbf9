package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/number"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// record is what must be known of a whole object before some fields can be set.
type record struct {
	ev   *sdk.Event
	zone *time.Location

	began, finished, received, collected []byte
	counts                               [4]int64 // of bytes and packets, out and back
	told                                 [4]bool  // which of them are there
	duration                             int64
	action                               string
	from, to, timed, v6, typed           bool
	denied, passed                       bool
}

// value sets what the value at a path says. Keys that are not known stay in the line only.
func (r *record) value(path, v []byte) {
	t := elements.Get(bytes.TrimPrefix(path, prefix))
	if t == nil {
		return
	}
	ev := r.ev
	switch t.how {
	case text:
		set(ev, t.field, v)
	case whole:
		ev.Set(t.field, v)
	case system:
		if string(v) != "0" { // not known
			ev.Set(t.field, v)
		}
	case addr:
		if a, ok := netaddr.ParseAddr(v); !ok {
			ev.Bad(t.field, "not an IP address")
		} else if !a.IsUnspecified() {
			ev.SetAddr(t.field, a)
		}
	case port:
		ev.SetPort(t.field, v)
	case mac:
		if string(v) != "00:00:00:00:00:00" {
			ev.SetMAC(t.field, v)
		}
	default:
		r.meaning(t.how, v)
	}
}

var prefix = []byte("netflow.")

// meaning keeps or sets what several fields follow from.
func (r *record) meaning(h how, v []byte) {
	ev := r.ev
	switch h {
	case source:
		r.from = true
		r.end(ecs.SourceIP, v)
	case destination:
		r.to = true
		r.end(ecs.DestinationIP, v)
	case protocol:
		transport(ev, v)
	case bytesOut, bytesBack, packetsOut, packetsBack:
		r.count(h-bytesOut, v)
	case began:
		r.began = v
	case finished:
		r.finished = v
	case received:
		r.received = v
	case collected:
		if r.collected == nil {
			r.collected = v
		}
	case flags:
		tcp(ev, v)
	case exporter:
		if a, ok := netaddr.ParseAddr(v); ok {
			ev.SetAddr(ecs.ObserverIP, a)
		} else {
			set(ev, ecs.ObserverHostname, v)
			set(ev, ecs.HostName, v)
		}
	case direction:
		way(ev, v)
	case etherType:
		r.network(v)
	case firewallEvent:
		r.firewall(v)
	case forwarding:
		r.forwarded(v)
	case endReason:
		if n, ok := number.Uint(v, 3); ok && n < int64(len(reasons)) {
			ev.SetString(ecs.EventReason, reasons[n])
		}
	case milliseconds:
		if n, ok := number.Uint(v, 12); ok {
			r.duration = n * 1e6
		}
	case location:
		u := netaddr.SplitURL(v)
		set(ev, ecs.URLOriginal, v)
		set(ev, ecs.URLPath, u.Path)
		set(ev, ecs.URLDomain, u.Host)
	case domain:
		set(ev, ecs.URLDomain, v)
	case status:
		if n, ok := number.Uint(v, 3); ok && n >= 100 {
			ev.SetInt(ecs.HTTPResponseStatusCode, n)
		}
	}
}

// end sets one of the addresses.
func (r *record) end(f ecs.Field, v []byte) {
	r.v6 = r.v6 || bytes.IndexByte(v, ':') >= 0
	r.ev.SetIP(f, v)
}

func (r *record) count(i how, v []byte) {
	fields := [...]ecs.Field{ecs.SourceBytes, ecs.DestinationBytes, ecs.SourcePackets, ecs.DestinationPackets}
	n, ok := number.Uint(v, 18)
	if !ok {
		r.ev.Bad(fields[i], "not a whole number")
		return
	}
	r.ev.SetInt(fields[i], n)
	r.counts[i], r.told[i] = n, true
}

// finish sets what follows from the whole object.
func (r *record) finish() {
	ev := r.ev
	r.times()
	if r.told[0] || r.told[1] {
		ev.SetInt(ecs.NetworkBytes, r.counts[0]+r.counts[1])
	}
	if r.told[2] || r.told[3] {
		ev.SetInt(ecs.NetworkPackets, r.counts[2]+r.counts[3])
	}
	if !r.typed && r.from {
		kind := "ipv4"
		if r.v6 {
			kind = "ipv6"
		}
		ev.SetString(ecs.NetworkType, kind)
	}
	if r.action == "" {
		r.action = "flow"
	}
	ev.SetString(ecs.EventAction, r.action)
	ev.SetString(ecs.EventType, "connection")
	switch {
	case r.denied:
		ev.SetString(ecs.EventType, "denied")
		ev.SetString(ecs.EventOutcome, "failure")
	case r.passed:
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventOutcome, "success")
	default:
		ev.SetString(ecs.EventOutcome, "unknown")
	}
}

// times sets when the flow began and ended; the event is at its end, else when the record came.
func (r *record) times() {
	start, okStart := r.time(ecs.EventStart, r.began)
	end, okEnd := r.time(ecs.EventEnd, r.finished)
	r.time(ecs.EventCreated, r.received)
	for _, v := range [...][]byte{r.finished, r.received, r.collected, r.began} {
		if isTime(v) {
			r.timed = true
			r.time(ecs.Timestamp, v)
			break
		}
	}
	if !okStart && !okEnd {
		r.sinceStart()
	}
	known := okStart && okEnd && start > 0 && end >= start
	if r.duration == 0 && known {
		r.duration = end - start
	}
	if r.duration > 0 || known {
		r.ev.SetInt(ecs.EventDuration, r.duration)
	}
}

// sinceStart takes what is left of times in milliseconds since the device was started: how long the flow was.
func (r *record) sinceStart() {
	start, ok := number.Uint(r.began, 10)
	end, also := number.Uint(r.finished, 10)
	if !ok || !also {
		return
	}
	r.timed = true
	if r.duration == 0 && end > start {
		r.duration = (end - start) * 1e6
	}
}

var (
	anyLayout = timestamp.MustCompile(timestamp.Any)
	isoLayout = timestamp.MustCompile(time.RFC3339Nano)
)

// time sets a time, and returns it by the clock that wrote it, for differences.
func (r *record) time(f ecs.Field, v []byte) (ns int64, ok bool) {
	if !isTime(v) {
		return 0, false
	}
	if ns, ok = instant(v); ok {
		r.ev.SetNanos(f, ns)
		return ns, true
	}
	r.ev.SetTimeField(f, timestamp.Any, r.zone, v)
	return anyLayout.ParseAt(v, r.zone, time.Time{})
}

// isTime tells a time from the milliseconds since the device was started, which need the header of the packet, and from
// zero.
func isTime(v []byte) bool { return len(v) >= 10 && v[0] != '0' }

// instant reads a time that no zone is needed for: counted from 1970, or in UTC.
func instant(v []byte) (ns int64, ok bool) {
	n := len(v)
	if v[4] == '-' && v[n-1] == 'Z' {
		return isoLayout.Parse(v, nil)
	}
	if counted := n == 10 || n == 13 || n == 16 || n == 19 || v[10] == '.'; counted && number.IsDigits(v[:10]) {
		return anyLayout.Parse(v, nil)
	}
	return 0, false
}

// set sets a text with its escapes resolved.
func set(ev *sdk.Event, f ecs.Field, v []byte) {
	if bytes.IndexByte(v, '\\') < 0 {
		ev.Set(f, v)
		return
	}
	ev.SetDecoded(f, v, jsonscan.AppendUnescaped)
}
