package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// The log types that the log standard's retention table has for firewalls.
const (
	attack   = "attack"
	runState = "run_state"
	other    = "other"
)

// What logs of traffic say by their action. By the manual deny is blocked, and all other actions were allowed and say how
// the session ended.
var (
	noAction    = trafficFacts("", "connection")
	sessionEnds = trafficFacts("success", "connection", "allowed", "end")
	sessions    = func() *keys.Table[*sdk.Facts] {
		denied := trafficFacts("failure", "connection", "denied")
		fails := trafficFacts("failure", "connection", "allowed", "end") // no answer, an error as answer
		return keys.New(map[string]*sdk.Facts{
			"deny": denied, "blocked": denied, "block": denied, "ip-conn": fails, "dns": fails,
			"start": trafficFacts("success", "connection", "allowed", "start"),
		})
	}()
)

func trafficFacts(outcome string, types ...string) *sdk.Facts {
	return sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventDataset: {"fortigate.traffic"}, ecs.EventCategory: {"network"}, ecs.EventKind: {"event"}, ecs.LogcenterLogType: {other},
		ecs.EventType: types, ecs.EventOutcome: {outcome},
	})
}

// decision is what a security profile did with traffic.
type decision uint8

const (
	undecided decision = iota
	passed
	blocked
	decisions
)

func decisionOf(action []byte) decision {
	switch {
	case len(action) == 0:
		return undecided
	case isBlock(action):
		return blocked
	}
	return passed
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

// What logs of security profiles say.
var (
	intrusionFacts = profileFacts(attack, "intrusion_detection", "network")
	malwareFacts   = profileFacts(attack, "malware", "network")
	webFacts       = profileFacts(other, "web")
	networkFacts   = profileFacts(other, "network")
)

// profileFacts are by decision. Whether an attack that was let pass succeeded is not known.
func profileFacts(logType string, categories ...string) (of [decisions]*sdk.Facts) {
	kind, success := "event", "success"
	if logType == attack {
		kind, success = "alert", "unknown"
	}
	types := [decisions]string{passed: "allowed", blocked: "denied"}
	outcomes := [decisions]string{passed: success, blocked: "failure"}
	for d := range of {
		of[d] = sdk.NewFacts(map[ecs.Field][]string{
			ecs.EventDataset: {"fortigate.utm"}, ecs.EventCategory: categories, ecs.EventKind: {kind}, ecs.LogcenterLogType: {logType},
			ecs.EventType: {types[d]}, ecs.EventOutcome: {outcomes[d]},
		})
	}
	return of
}

// What logs of the device itself, of its users and VPNs say.
var (
	vpnFacts     = eventFacts("event", other, "network", "")
	userFacts    = eventFacts("event", other, "authentication", "info")
	loginFacts   = eventFacts("event", other, "authentication", "start")
	logoutFacts  = eventFacts("event", other, "authentication", "end")
	restAPIFacts = eventFacts("event", other, "web", "access")
	configFacts  = eventFacts("event", other, "configuration", "change")
	metricFacts  = eventFacts("metric", runState, "host", "info")
	stateFacts   = eventFacts("state", runState, "host", "info")
	otherFacts   = sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventDataset: {"fortigate.other"}, ecs.EventKind: {"event"}, ecs.LogcenterLogType: {other},
	})
)

func eventFacts(kind, logType, category, typ string) *sdk.Facts {
	return sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventDataset: {"fortigate.event"}, ecs.EventKind: {kind}, ecs.LogcenterLogType: {logType}, ecs.EventCategory: {category},
		ecs.EventType: {typ},
	})
}
