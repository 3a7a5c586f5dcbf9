package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/number"
)

// text sets f to field i, in which quotes may be doubled.
func text(ev *sdk.Event, f ecs.Field, row *delimited.Row, i int) {
	if row.Escaped(i) {
		ev.SetDecoded(f, row.At(i), delimited.AppendUndoubled)
		return
	}
	ev.Set(f, row.At(i))
}

// take sets what a field says, or keeps it until all are known.
func (r *record) take(ev *sdk.Event, row *delimited.Row, c *column, v []byte) {
	switch c.use {
	case set:
		ev.Set(c.field, v)
	case setText:
		text(ev, c.field, row, c.index)
	case setPort: // 0 stands for none
		if string(v) != "0" {
			ev.SetPort(c.field, v)
		}
	case from:
		if string(v) != "0.0.0.0" {
			r.from = true
			ev.SetIP(ecs.SourceIP, v)
		}
	case to:
		r.to = true
		ev.SetIP(ecs.DestinationIP, v)
	case natIP:
		if string(v) != "0.0.0.0" && string(v) != "::" {
			ev.SetIP(c.field, v)
		}
	case keep:
		r.kept[c.slot] = v
	case setKeep:
		r.kept[c.slot] = v
		ev.Set(c.field, v)
	case textKeep:
		r.kept[c.slot] = v
		text(ev, c.field, row, c.index)
	case forwarded:
		text(ev, c.field, row, c.index)
		first, _, _ := bytes.Cut(v, []byte(","))
		if _, ok := netaddr.ParseAddr(first); ok {
			ev.SetIP(ecs.NetworkForwardedIP, first)
		}
	case account:
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	case application:
		ev.Set(ecs.NetworkApplication, v)
		if string(v) != "not-applicable" {
			ev.Set(ecs.NetworkProtocol, v)
		}
	case country:
		setCountry(ev, c.field, v)
	case counted:
		r.counted(ev, v)
	case device:
		r.device(ev, row, c.index)
	case unlessAny:
		if string(v) != "any" {
			ev.Set(c.field, v)
		}
	case unlessZero:
		if string(v) != "0" {
			ev.Set(c.field, v)
		}
	case elapsed:
		ev.SetDuration(ecs.EventDuration, v, time.Second)
	case start:
		if bytes.IndexByte(v, 'T') < 0 {
			ev.SetTimeField(ecs.EventStart, "2006/01/02 15:04:05", r.zone, v)
		}
	case reason:
		if string(v) != "n/a" {
			text(ev, ecs.EventReason, row, c.index)
		}
	default:
		r.rare(ev, c.use, c.field, v)
	}
}

// rare sets what logs of threats and of administrators have.
func (r *record) rare(ev *sdk.Event, u use, f ecs.Field, v []byte) {
	switch u {
	case destinationAccount:
		ev.SetAccount(ecs.DestinationUserName, ecs.DestinationUserDomain, v)
	case day:
		ev.SetTimeField(f, "2006/01/02 15:04:05", r.zone, v)
	case email:
		addresses(ev, f, v)
	case tlsVersion:
		ev.SetTLSVersion(v)
	case sha256:
		if len(v) == 64 {
			ev.Set(ecs.FileHashSHA256, v)
		}
	case method:
		if string(v) != "unknown" {
			ev.SetDecoded(ecs.HTTPRequestMethod, v, appendUpper)
		}
	case address:
		setAddress(ev, v)
	case path:
		ev.Set(changePath, bytes.TrimSpace(v))
	case after:
		r.change(ev, v)
	case lateBefore:
		if !r.isDetailed {
			undoubled(ev, changeBefore, v)
		}
	case lateAfter:
		if !r.isDetailed {
			undoubled(ev, changeAfter, v)
		} else if isPrecise(v) {
			r.precise = v
		}
	}
}

// change tells a change in detail from one without: there the sequence number and flags such as 0x0 stand in the
// place of before and after.
func (r *record) change(ev *sdk.Event, v []byte) {
	before := r.kept[theBefore]
	if bytes.HasPrefix(v, []byte("0x")) && number.IsDigits(before) {
		r.counted(ev, before)
		return
	}
	r.isDetailed = true
	undoubled(ev, changeBefore, before)
	undoubled(ev, changeAfter, v)
}

func undoubled(ev *sdk.Event, f ecs.Field, v []byte) {
	ev.SetDecoded(f, v, delimited.AppendUndoubled)
}

// counted sets the sequence number, once.
func (r *record) counted(ev *sdk.Event, v []byte) {
	if !r.sequence && number.IsDigits(v) {
		r.sequence = true
		ev.Set(ecs.EventSequence, v)
	}
}

// device sets the name of the device. A change without details has it two fields earlier.
func (r *record) device(ev *sdk.Event, row *delimited.Row, i int) {
	if r.kind == config && r.isDetailed != (i == 23) {
		return
	}
	text(ev, ecs.HostName, row, i)
	text(ev, ecs.ObserverName, row, i)
}

// addresses sets those in angle brackets of From: "Li Na" <li.na@example.com>, or all of v where there are none.
func addresses(ev *sdk.Event, f ecs.Field, v []byte) {
	_, rest, ok := bytes.Cut(v, []byte("<"))
	if !ok {
		undoubled(ev, f, bytes.TrimSpace(v))
		return
	}
	for ok {
		address, behind, closed := bytes.Cut(rest, []byte(">"))
		if closed {
			ev.Set(f, address)
		}
		_, rest, ok = bytes.Cut(behind, []byte("<"))
	}
}
