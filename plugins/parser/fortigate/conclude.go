package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/netaddr"
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
		r.policy(ev)
		r.connection(ev)
	case "utm", "anomaly", "dns": // the latter two are types of their own in FortiOS 6.0
		r.inspected(ev)
	case "event":
		r.happened(ev)
	default:
		ev.SetFacts(otherFacts)
	}
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

// connection says what became of a session.
func (r *record) connection(ev *sdk.Event) {
	action := r.kept[theAction]
	switch facts := sessions.Get(action); {
	case facts != nil:
		ev.SetFacts(*facts)
	case len(action) == 0:
		ev.SetFacts(noAction)
	default:
		ev.SetFacts(sessionEnds)
	}
}

// inspected classifies logs of security profiles. In those of attacks the signature is the rule.
func (r *record) inspected(ev *sdk.Event) {
	ev.Set(policyID, r.kept[thePolicyID])
	ev.Set(policyName, r.kept[thePolicyName])
	d := decisionOf(r.kept[theAction])
	switch string(r.kept[theSubtype]) {
	case "ips", "anomaly", "waf":
		ev.SetFacts(intrusionFacts[d])
		ev.Set(ecs.RuleID, r.kept[theAttackID])
		ev.Set(ecs.RuleName, r.kept[theAttack])
	case "virus":
		ev.SetFacts(malwareFacts[d])
		ev.Set(ecs.RuleID, r.kept[theVirusID])
		ev.Set(ecs.RuleName, r.kept[theVirus])
	case "webfilter":
		ev.SetFacts(webFacts[d])
		r.policy(ev)
	default:
		ev.SetFacts(networkFacts[d])
		r.policy(ev)
	}
}

// happened classifies logs of the device itself, of its users and VPNs.
func (r *record) happened(ev *sdk.Event) {
	if string(r.kept[theConfigPath]) == "firewall.policy" {
		ev.Set(ecs.RuleUUID, r.kept[theObjectUUID])
	}
	r.flow.Set(ev, flow.SourceIP, r.kept[theUI]) // where the administrator sits, if nothing else says so
	switch string(r.kept[theSubtype]) {
	case "vpn":
		ev.SetFacts(vpnFacts)
		r.eap(ev)
		r.session(ev)
	case "user":
		ev.SetFacts(userFacts)
	default:
		ev.SetFacts(r.system())
	}
	r.outcome(ev)
}

// eap sets who proved by EAP who it is: in logs of IKEv2 the user is then the address of the peer.
func (r *record) eap(ev *sdk.Event) {
	if name := r.kept[theEAPUser]; len(name) > 0 && string(name) != "N/A" {
		ev.SetAccount(ecs.UserName, ecs.UserDomain, name)
	}
	if group := r.kept[theEAPGroup]; string(group) != "N/A" {
		ev.Set(ecs.UserGroupName, group)
	}
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
func (r *record) system() *sdk.Facts {
	action := string(r.kept[theAction])
	switch {
	case action == "login":
		return loginFacts
	case action == "logout":
		return logoutFacts
	case string(r.kept[theSubtype]) == "rest-api":
		return restAPIFacts
	case len(r.kept[theConfigPath]) > 0:
		return configFacts
	case action == "perf-stats":
		return metricFacts
	}
	return stateFacts
}

func (r *record) outcome(ev *sdk.Event) {
	said := r.kept[theStatus]
	if len(said) == 0 {
		said = r.kept[theResult]
	}
	switch string(said) {
	case "success", "succeeded", "negotiate_success", "OK", "DONE":
		ev.SetString(ecs.EventOutcome, "success")
	case "failed", "failure", "fail", "negotiate_error", "ERROR", "esp_error", "phase1_error", "phase2_error", "dpd_failure", "timed_out":
		ev.SetString(ecs.EventOutcome, "failure")
	}
}
