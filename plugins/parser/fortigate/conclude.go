package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

// The log types that the log standard's retention table has for firewalls.
const (
	attack   = "attack"
	runState = "run_state"
	other    = "other"
)

// conclude sets what follows from several pairs.
func (r *record) conclude(ev *sdk.Event) {
	ev.Set(ecs.EventAction, r.kept[theAction])
	ev.Set(subtypeName, r.kept[theSubtype])
	ev.Set(level, r.kept[theLevel])
	// The level of all logs of attacks is alert; what the signature is rated tells them apart.
	if len(r.kept[theSeverity]) == 0 || !ev.SetSeverity(r.kept[theSeverity]) {
		ev.SetSeverity(r.kept[theLevel])
	}
	r.flow.Sum(ev)
	r.location(ev)
	if string(r.kept[theSubtype]) == "rest-api" {
		ev.Set(ecs.HTTPRequestMethod, r.kept[theMethod])
		ev.Set(ecs.HTTPResponseStatusCode, r.kept[theStatus])
	} else {
		ev.Set(method, r.kept[theMethod])
	}
	switch string(r.kept[theKind]) {
	case "traffic":
		if len(r.kept[theAction]) == 0 { // FortiOS 4
			r.kept[theAction] = r.kept[theStatus]
			ev.Set(ecs.EventAction, r.kept[theAction])
		}
		ev.SetString(ecs.EventDataset, "fortigate.traffic")
		ev.SetString(ecs.EventCategory, "network")
		r.classify(ev, "event", other)
		r.policy(ev)
		r.connection(ev)
	case "utm", "anomaly", "dns": // the latter two are types of their own in FortiOS 6.0
		ev.SetString(ecs.EventDataset, "fortigate.utm")
		r.inspected(ev)
	case "event":
		ev.SetString(ecs.EventDataset, "fortigate.event")
		r.happened(ev)
	default:
		ev.SetString(ecs.EventDataset, "fortigate.other")
		r.classify(ev, "event", other)
	}
}

func (r *record) classify(ev *sdk.Event, kind, logType string) {
	ev.SetString(ecs.EventKind, kind)
	ev.SetString(ecs.LogcenterLogType, logType)
}

// policy sets the rule of logs in which no signature is one.
func (r *record) policy(ev *sdk.Event) {
	ev.Set(ecs.RuleID, r.kept[thePolicyID])
	ev.Set(ecs.RuleName, r.kept[thePolicyName])
}

// location sets the parts of the URL. FortiOS before 7.0 writes it without the host. In logs of DHCP the name of a host is
// that of the client.
func (r *record) location(ev *sdk.Event) {
	host, url := r.kept[theHostname], r.kept[theURL]
	if string(r.kept[theKind]) == "event" {
		ev.Set(ecs.SourceDomain, host)
		host = nil
	}
	if len(host) == 0 && len(url) == 0 {
		return
	}
	u := netaddr.SplitURL(url)
	ev.Set(ecs.URLPath, u.Path)
	ev.Set(ecs.URLQuery, u.Query)
	if len(host) == 0 {
		host = u.Host
	}
	ev.Set(ecs.URLDomain, host)
}

// connection says what became of a session. By the manual deny is blocked, and all other actions were allowed and
// say how the session ended.
func (r *record) connection(ev *sdk.Event) {
	ev.SetString(ecs.EventType, "connection")
	switch string(r.kept[theAction]) {
	case "":
	case "deny", "blocked", "block":
		denied(ev)
	case "ip-conn", "dns": // no answer, an error as answer
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventType, "end")
		ev.SetString(ecs.EventOutcome, "failure")
	case "start":
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventType, "start")
		ev.SetString(ecs.EventOutcome, "success")
	default:
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventType, "end")
		ev.SetString(ecs.EventOutcome, "success")
	}
}

func denied(ev *sdk.Event) {
	ev.SetString(ecs.EventType, "denied")
	ev.SetString(ecs.EventOutcome, "failure")
}

// inspected classifies logs of security profiles.
func (r *record) inspected(ev *sdk.Event) {
	ev.Set(policyID, r.kept[thePolicyID])
	ev.Set(policyName, r.kept[thePolicyName])
	switch string(r.kept[theSubtype]) {
	case "ips", "anomaly", "waf":
		ev.SetString(ecs.EventCategory, "intrusion_detection")
		ev.SetString(ecs.EventCategory, "network")
		r.attacked(ev, r.kept[theAttackID], r.kept[theAttack])
	case "virus":
		ev.SetString(ecs.EventCategory, "malware")
		ev.SetString(ecs.EventCategory, "network")
		r.attacked(ev, r.kept[theVirusID], r.kept[theVirus])
	case "webfilter":
		ev.SetString(ecs.EventCategory, "web")
		r.filtered(ev)
	default:
		ev.SetString(ecs.EventCategory, "network")
		r.filtered(ev)
	}
}

// attacked sets what a signature found. Whether an attack that was let pass succeeded is not known.
func (r *record) attacked(ev *sdk.Event, id, name []byte) {
	r.classify(ev, "alert", attack)
	ev.Set(ecs.RuleID, id)
	ev.Set(ecs.RuleName, name)
	switch {
	case len(r.kept[theAction]) == 0:
	case isBlock(r.kept[theAction]):
		denied(ev)
	default:
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventOutcome, "unknown")
	}
}

// filtered sets what a policy of use decided, such as that of web sites.
func (r *record) filtered(ev *sdk.Event) {
	r.classify(ev, "event", other)
	r.policy(ev)
	switch {
	case len(r.kept[theAction]) == 0:
	case isBlock(r.kept[theAction]):
		denied(ev)
	default:
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventOutcome, "success")
	}
}

// isBlock reports whether a security profile kept traffic from its destination.
func isBlock(action []byte) bool {
	switch string(action) {
	case "block", "blocked", "dropped", "drop_session", "clear_session", "deny", "reject", "redirect", "quarantine",
		"reset", "reset_client", "reset_server":
		return true
	}
	return false
}

// happened classifies logs of the device itself, of its users and VPNs.
func (r *record) happened(ev *sdk.Event) {
	r.flow.Set(ev, flow.SourceIP, r.kept[theUI]) // where the administrator sits, if nothing else says so
	switch string(r.kept[theSubtype]) {
	case "vpn":
		ev.SetString(ecs.EventCategory, "network")
		r.session(ev)
		r.classify(ev, "event", other)
	case "user":
		ev.SetString(ecs.EventCategory, "authentication")
		ev.SetString(ecs.EventType, "info")
		r.classify(ev, "event", other)
	default:
		r.system(ev)
	}
	r.outcome(ev)
}

// session says whether a tunnel or a user's session begins or ends.
func (r *record) session(ev *sdk.Event) {
	switch string(r.kept[theAction]) {
	case "tunnel-up", "ssl-new-con":
		ev.SetString(ecs.EventType, "start")
	case "tunnel-down", "ssl-exit-error", "ssl-exit-fail":
		ev.SetString(ecs.EventType, "end")
	case "ssl-login-fail":
		ev.SetString(ecs.EventCategory, "authentication")
		ev.SetString(ecs.EventType, "start")
		ev.SetString(ecs.EventOutcome, "failure")
	default:
		ev.SetString(ecs.EventType, "info")
	}
}

// system tells what administrators do from what the device says of itself.
func (r *record) system(ev *sdk.Event) {
	switch {
	case string(r.kept[theAction]) == "login":
		ev.SetString(ecs.EventCategory, "authentication")
		ev.SetString(ecs.EventType, "start")
		r.classify(ev, "event", other)
	case string(r.kept[theAction]) == "logout":
		ev.SetString(ecs.EventCategory, "authentication")
		ev.SetString(ecs.EventType, "end")
		r.classify(ev, "event", other)
	case string(r.kept[theSubtype]) == "rest-api":
		ev.SetString(ecs.EventCategory, "web")
		ev.SetString(ecs.EventType, "access")
		r.classify(ev, "event", other)
	case len(r.kept[theConfigPath]) > 0:
		ev.SetString(ecs.EventCategory, "configuration")
		ev.SetString(ecs.EventType, "change")
		r.classify(ev, "event", other)
	case string(r.kept[theAction]) == "perf-stats":
		ev.SetString(ecs.EventCategory, "host")
		ev.SetString(ecs.EventType, "info")
		r.classify(ev, "metric", runState)
	default:
		ev.SetString(ecs.EventCategory, "host")
		ev.SetString(ecs.EventType, "info")
		r.classify(ev, "state", runState)
	}
}

func (r *record) outcome(ev *sdk.Event) {
	said := r.kept[theStatus]
	if len(said) == 0 {
		said = r.kept[theResult]
	}
	switch string(said) {
	case "success", "succeeded", "negotiate_success", "OK", "DONE", "up":
		ev.SetString(ecs.EventOutcome, "success")
	case "failed", "failure", "fail", "negotiate_error", "ERROR", "esp_error", "phase1_error", "phase2_error", "dpd_failure", "timed_out":
		ev.SetString(ecs.EventOutcome, "failure")
	}
}
