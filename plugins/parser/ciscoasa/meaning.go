package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// The log types that the log standard's retention table has for firewalls.
const (
	attack   = "attack"
	runState = "run_state"
	other    = "other"
)

// meaning is what a kind of message says, in the words of ECS.
type meaning struct {
	dataset, category, action string
	types                     [2]string
	outcome, logType          string
}

var (
	opened    = meaning{"ciscoasa.connection", "network", "built", [2]string{"connection", "start"}, "success", other}
	closed    = meaning{"ciscoasa.connection", "network", "teardown", [2]string{"connection", "end"}, "success", other}
	ended     = closed // of texts that have first who opened the connection
	denied    = meaning{"ciscoasa.connection", "network", "deny", [2]string{"connection", "denied"}, "failure", other}
	permitted = meaning{"ciscoasa.connection", "network", "permit", [2]string{"connection", "allowed"}, "success", other}
	failed    = meaning{"ciscoasa.connection", "network", "error", [2]string{"connection", "error"}, "failure", other}
	attacked  = meaning{"ciscoasa.attack", "intrusion_detection", "deny", [2]string{"denied"}, "failure", attack}
	detected  = meaning{"ciscoasa.attack", "intrusion_detection", "detected", [2]string{"info"}, "unknown", attack}
	infected  = meaning{"ciscoasa.attack", "malware", "detected", [2]string{"info"}, "unknown", attack}
	mapped    = meaning{"ciscoasa.nat", "network", "built", [2]string{"start"}, "success", other}
	unmapped  = meaning{"ciscoasa.nat", "network", "teardown", [2]string{"end"}, "success", other}
	requested = meaning{"ciscoasa.url", "web", "accessed", [2]string{"access", "allowed"}, "success", other}
	refused   = meaning{"ciscoasa.url", "web", "deny", [2]string{"access", "denied"}, "failure", other}
	moved     = meaning{"ciscoasa.file", "file", "transfer", [2]string{"access"}, "success", other}
	loggedIn  = meaning{"ciscoasa.authentication", "authentication", "login", [2]string{"start"}, "success", other}
	rejected  = meaning{"ciscoasa.authentication", "authentication", "login", [2]string{"start"}, "failure", other}
	loggedOut = meaning{"ciscoasa.authentication", "authentication", "logout", [2]string{"end"}, "success", other}
	lockedOut = meaning{"ciscoasa.authentication", "iam", "lockout", [2]string{"user", "change"}, "success", other}
	noted     = meaning{"ciscoasa.authentication", "authentication", "aaa", [2]string{"info"}, "", other}
	privilege = meaning{"ciscoasa.authentication", "iam", "privilege", [2]string{"user", "change"}, "success", other}
	command   = meaning{"ciscoasa.config", "configuration", "command", [2]string{"info"}, "success", other}
	changed   = meaning{"ciscoasa.config", "configuration", "command", [2]string{"change"}, "success", other}
	tunnelUp  = meaning{"ciscoasa.vpn", "network", "tunnel-up", [2]string{"connection", "start"}, "success", other}
	tunnelEnd = meaning{"ciscoasa.vpn", "network", "tunnel-down", [2]string{"connection", "end"}, "success", other}
	tunnelBad = meaning{"ciscoasa.vpn", "network", "tunnel-up", [2]string{"connection", "error"}, "failure", other}
	vpn       = meaning{"ciscoasa.vpn", "network", "vpn", [2]string{"info"}, "", other}
	handshake = meaning{"ciscoasa.tls", "network", "handshake", [2]string{"protocol"}, "success", other}
	badShake  = meaning{"ciscoasa.tls", "network", "handshake", [2]string{"protocol", "error"}, "failure", other}
	shaken    = meaning{"ciscoasa.tls", "network", "handshake", [2]string{"protocol", "end"}, "success", other}
	state     = meaning{"ciscoasa.system", "host", "state", [2]string{"info"}, "", runState}
	started   = meaning{"ciscoasa.system", "host", "state", [2]string{"start"}, "", runState}
	traffic   = meaning{"ciscoasa.connection", "network", "", [2]string{"info"}, "", other}

	unclassified = meaning{"ciscoasa.other", "", "", [2]string{}, "", other}
)

// class is the meaning of messages that the table does not have, by the first three digits of the id: the manual
// lists classes by them.
func class(id []byte) *meaning {
	switch string(id[:3]) {
	case "106", "110", "201", "202", "209", "302", "303", "305", "313", "324", "419", "434", "500", "507", "609", "710", "805":
		return &traffic
	case "338", "400", "401", "402", "405", "733":
		return &detected
	case "109", "113", "605", "606", "611", "734", "746":
		return &noted
	case "111", "112", "208", "308", "502":
		return &command
	case "316", "318", "602", "702", "713", "714", "715", "716", "717", "718", "720", "721", "722", "737", "750", "751", "752":
		return &vpn
	case "725":
		return &handshake
	case "101", "102", "103", "104", "105", "199", "210", "211", "212", "214", "216", "323", "336", "411", "709", "735", "741", "769", "771":
		return &state
	}
	return &unclassified
}

func (m *meaning) set(ev *sdk.Event) {
	ev.SetString(ecs.EventDataset, m.dataset)
	ev.SetString(ecs.EventCategory, m.category)
	if m.logType == attack {
		ev.SetString(ecs.EventCategory, "network")
	}
	ev.SetString(ecs.EventAction, m.action)
	for _, t := range m.types {
		ev.SetString(ecs.EventType, t)
	}
	ev.SetString(ecs.EventOutcome, m.outcome)
	ev.SetString(ecs.LogcenterLogType, m.logType)
	switch m.logType {
	case attack:
		ev.SetString(ecs.EventKind, "alert")
	case runState:
		ev.SetString(ecs.EventKind, "state")
	default:
		ev.SetString(ecs.EventKind, "event")
	}
}
