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

// decision is what the device did with traffic.
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

// isBlock reports whether an action kept traffic from its destination.
func isBlock(action []byte) bool {
	for _, word := range [...]string{"deny", "drop", "reset", "block", "sinkhole", "random-drop"} {
		if len(action) >= len(word) && string(action[:len(word)]) == word {
			return true
		}
	}
	return false
}

// phase is whether a log is about the beginning of a connection or its end, or neither.
type phase uint8

const (
	anyTime phase = iota
	atStart
	atEnd
	phases
)

var phaseTypes = [phases][]string{{"connection"}, {"connection", "start"}, {"connection", "end"}}

func phaseOf(subtype []byte) phase {
	switch string(subtype) {
	case "start":
		return atStart
	case "end":
		return atEnd
	}
	return anyTime
}

// connectionFacts are what logs of a data set about connections say. They have no severity by the device.
func connectionFacts(dataset string) (of [phases][decisions]*sdk.Facts) {
	types := [decisions]string{passed: "allowed", blocked: "denied"}
	outcome := [decisions]string{passed: "success", blocked: "failure"}
	level := [decisions]ecs.Severity{passed: ecs.Informational, blocked: ecs.Warn}
	for p := range of {
		for d := range of[p] {
			of[p][d] = sdk.NewFacts(map[ecs.Field][]string{
				ecs.EventDataset: {dataset}, ecs.EventCategory: {"network"}, ecs.EventKind: {"event"}, ecs.LogcenterLogType: {other},
				ecs.EventType: {phaseTypes[p][0], second(phaseTypes[p]), types[d]}, ecs.EventOutcome: {outcome[d]}, ecs.LogLevel: {string(level[d])},
			})
		}
	}
	return of
}

// second is the second of up to two texts.
func second(of []string) string {
	if len(of) > 1 {
		return of[1]
	}
	return ""
}

var (
	trafficFacts    = connectionFacts("paloalto.traffic")
	decryptionFacts = connectionFacts("paloalto.decryption")
	urlFacts        = threatFacts(other, "web")
	fileFacts       = threatFacts(other, "file")
	malwareFacts    = threatFacts(attack, "malware", "network")
	intrusionFacts  = threatFacts(attack, "intrusion_detection", "network")
)

// threatFacts are what logs of threats say. Whether an attack that was let pass succeeded is not known.
func threatFacts(logType string, categories ...string) (of [decisions]*sdk.Facts) {
	kind, outcome := "event", "success"
	if logType == attack {
		kind, outcome = "alert", "unknown"
	}
	types := [decisions]string{passed: "allowed", blocked: "denied"}
	outcomes := [decisions]string{passed: outcome, blocked: "failure"}
	for d := range of {
		of[d] = sdk.NewFacts(map[ecs.Field][]string{
			ecs.EventDataset: {"paloalto.threat"}, ecs.EventCategory: categories, ecs.EventKind: {kind}, ecs.LogcenterLogType: {logType},
			ecs.EventType: {types[d]}, ecs.EventOutcome: {outcomes[d]},
		})
	}
	return of
}
