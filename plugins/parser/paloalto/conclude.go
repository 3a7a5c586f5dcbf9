package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/number"
)

// conclude sets what follows from several fields.
func (r *record) conclude(ev *sdk.Event) {
	t := &types[r.kind]
	switch r.kind {
	case traffic:
		ev.Set(ecs.RuleName, r.kept[thePolicy])
		ev.SetFacts(trafficFacts[phaseOf(r.subtype)][decisionOf(r.kept[theAction])])
		return
	case decryption:
		ev.Set(ecs.RuleName, r.kept[thePolicy])
		ev.SetFacts(decryptionFacts[anyTime][decisionOf(r.kept[theAction])])
		return
	case threat:
		r.threatened(ev)
		return
	}
	ev.SetString(ecs.EventDataset, t.dataset)
	ev.SetString(ecs.EventCategory, t.category)
	switch r.kind {
	case system:
		r.reported(ev)
	case config:
		r.changed(ev)
	case userID:
		r.mapped(ev)
	case globalProtect, authentication:
		r.entered(ev)
	default:
		r.classify(ev, "event", t.logType)
	}
}

func (r *record) classify(ev *sdk.Event, kind, logType string) {
	ev.SetString(ecs.EventKind, kind)
	ev.SetString(ecs.LogcenterLogType, logType)
}

// level is for logs to which the device gives no severity.
func level(ev *sdk.Event, ok bool) {
	if ok {
		ev.SetLevel(ecs.Informational)
	} else {
		ev.SetLevel(ecs.Warn)
	}
}

// threatened classifies logs of security profiles.
func (r *record) threatened(ev *sdk.Event) {
	ev.SetSeverity(r.kept[theSeverity])
	decided, misc := decisionOf(r.kept[theAction]), r.kept[theMisc]
	name, id := signature(r.kept[theThreat])
	switch string(r.subtype) {
	case "url":
		ev.SetFacts(urlFacts[decided])
		ev.Set(ecs.RuleName, r.kept[thePolicy])
		setURL(ev, misc)
		return
	case "file", "data":
		ev.SetFacts(fileFacts[decided])
		ev.Set(ecs.RuleName, r.kept[thePolicy])
		undoubled(ev, ecs.FileName, misc)
		undoubled(ev, threatName, name)
		ev.Set(threatID, id)
		return
	case "virus", "wildfire", "wildfire-virus", "ml-virus":
		ev.SetFacts(malwareFacts[decided])
		undoubled(ev, ecs.FileName, misc)
	default: // vulnerability, spyware, flood, scan, packet
		ev.SetFacts(intrusionFacts[decided])
		switch {
		case bytes.IndexByte(misc, '/') >= 0:
			setURL(ev, misc)
		case string(r.subtype) == "spyware": // a name that was asked for
			undoubled(ev, ecs.URLDomain, misc)
		default:
			undoubled(ev, ecs.FileName, misc)
		}
	}
	ev.Set(policy, r.kept[thePolicy])
	undoubled(ev, ecs.RuleName, name)
	ev.Set(ecs.RuleID, id)
}

// setURL sets a URL, of which quotes may be doubled.
func setURL(ev *sdk.Event, v []byte) {
	ev.SetURL(v)
	if bytes.Contains(v, []byte(`""`)) {
		undoubled(ev, ecs.URLOriginal, v)
		undoubled(ev, ecs.URLQuery, netaddr.SplitURL(v).Query)
	}
}

// signature splits "Name of a threat(12345)".
func signature(v []byte) (name, id []byte) {
	if n := len(v); n > 0 && v[n-1] == ')' {
		if i := bytes.LastIndexByte(v, '('); i >= 0 && number.IsDigits(v[i+1:n-1]) {
			return v[:i:i], v[i+1 : n-1 : n-1]
		}
	}
	return v, nil
}

// reported classifies what the device says of itself.
func (r *record) reported(ev *sdk.Event) {
	ev.SetSeverity(r.kept[theSeverity])
	if !login(ev, r.kept[theText]) {
		ev.SetString(ecs.EventType, "info")
		r.classify(ev, "state", runState)
		return
	}
	r.classify(ev, "event", other)
	ev.SetString(ecs.EventCategory, "authentication")
}

func (r *record) changed(ev *sdk.Event) {
	r.classify(ev, "event", other)
	ev.SetString(ecs.EventType, "change")
	switch string(r.kept[theResult]) {
	case "Succeeded":
		ev.SetString(ecs.EventOutcome, "success")
		level(ev, true)
	case "Failed", "Unauthorized":
		ev.SetString(ecs.EventOutcome, "failure")
		level(ev, false)
	default: // Submitted
		ev.SetString(ecs.EventOutcome, "unknown")
		level(ev, true)
	}
}

// mapped says whether the device learnt or forgot which user has an address.
func (r *record) mapped(ev *sdk.Event) {
	r.classify(ev, "event", other)
	ev.Set(ecs.EventAction, r.subtype)
	level(ev, true)
	switch string(r.subtype) {
	case "login":
		ev.SetString(ecs.EventType, "start")
		ev.SetString(ecs.EventOutcome, "success")
	case "logout":
		ev.SetString(ecs.EventType, "end")
		ev.SetString(ecs.EventOutcome, "success")
	default:
		ev.SetString(ecs.EventType, "info")
	}
}

// entered says how a step of a login went.
func (r *record) entered(ev *sdk.Event) {
	r.classify(ev, "event", other)
	if r.kind == authentication {
		ev.SetString(ecs.EventAction, "authentication")
		ev.Set(ecs.RuleName, r.kept[thePolicy])
	}
	switch {
	case bytes.Contains(r.kept[theEvent], []byte("logout")):
		ev.SetString(ecs.EventType, "end")
	case bytes.Contains(r.kept[theEvent], []byte("auth")), bytes.Contains(r.kept[theEvent], []byte("login")), bytes.Contains(r.kept[theEvent], []byte("connected")),
		r.kind == authentication:
		ev.SetString(ecs.EventType, "start")
	default:
		ev.SetString(ecs.EventType, "info")
	}
	ok := bytes.EqualFold(r.kept[theStatus], []byte("success")) || bytes.HasSuffix(r.kept[theStatus], []byte("auth-success"))
	if len(r.kept[theStatus]) > 0 {
		level(ev, ok)
		if ok {
			ev.SetString(ecs.EventOutcome, "success")
		} else {
			ev.SetString(ecs.EventOutcome, "failure")
		}
	}
}
