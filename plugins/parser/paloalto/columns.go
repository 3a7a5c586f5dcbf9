package main

import (
	"slices"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// logType is the kind of a log, its fourth field.
type logType uint8

const (
	unknown logType = iota
	traffic
	threat
	system
	config
	userID
	globalProtect
	authentication
	hipMatch
	decryption
)

var logTypes = keys.New(map[string]logType{
	"TRAFFIC": traffic, "THREAT": threat, "SYSTEM": system, "CONFIG": config, "USERID": userID,
	"GLOBALPROTECT": globalProtect, "AUTHENTICATION": authentication, "AUTH": authentication, "DECRYPTION": decryption, "HIPMATCH": hipMatch, "HIP-MATCH": hipMatch,
})

// use is what is done with a field.
type use uint8

const (
	set     use = iota
	setText     // set, of which quotes may be doubled

	setPort
	from
	to
	natIP // may be one that stands for none
	keep  // until all of the line is read
	setKeep
	textKeep
	account
	address
	after
	application
	country
	counted
	device
	elapsed
	lateAfter
	lateBefore
	method
	path
	reason
	sha256
	start
	unlessAny
	unlessZero
	destinationAccount
	day
	email
	forwarded
	tlsVersion
)

// target is what a field becomes.
type target struct {
	use   use
	field ecs.Field
	slot  slot // where keep keeps it
}

// slot is a place for a value that waits for others.
type slot uint8

const (
	theAction slot = iota
	thePolicy
	theMisc
	theThreat
	theSeverity
	theEvent
	theText
	theStatus
	theResult
	theBefore // of a change, or what stands in its place
	slots
)

// column is a field of a type of logs.
type column struct {
	index int
	target
}

// layout says what the fields of a type hold.
type layout struct {
	dataset, category, logType string
	flow                       bool // has a source and a destination
	precise                    int  // from here on a time with zone and milliseconds is the one of the log
	columns                    []column
	known                      [maxColumns]bool // by index, those of columns
}

const maxColumns = 97

// flowColumns are those that TRAFFIC and THREAT have in common.
var flowColumns = map[int]target{
	7: {use: from}, 8: {use: to}, 9: {use: natIP, field: ecs.SourceNATIP}, 10: {use: natIP, field: ecs.DestinationNATIP},
	11: {use: keep, slot: thePolicy}, 12: {use: account}, 13: {use: destinationAccount}, 14: {use: application},
	15: {use: set, field: virtualSystem}, 16: {use: set, field: ecs.ObserverIngressZone}, 17: {use: set, field: ecs.ObserverEgressZone},
	18: {use: set, field: ecs.ObserverIngressInterfaceName}, 19: {use: set, field: ecs.ObserverEgressInterfaceName},
	22: {use: set, field: sessionID}, 23: {use: set, field: repeatCount}, 24: {use: setPort, field: ecs.SourcePort},
	25: {use: setPort, field: ecs.DestinationPort}, 26: {use: setPort, field: ecs.SourceNATPort},
	27: {use: setPort, field: ecs.DestinationNATPort}, 29: {use: set, field: ecs.NetworkTransport},
	30: {use: setKeep, field: ecs.EventAction, slot: theAction},
}

// far is behind all fields.
const far = 1 << 20

var types = [...]layout{
	unknown: {dataset: "paloalto.other", logType: other, precise: far},
	traffic: layout{dataset: "paloalto.traffic", category: "network", logType: other, flow: true, precise: 61}.with(flowColumns, map[int]target{
		31: {use: set, field: ecs.NetworkBytes}, 32: {use: set, field: ecs.SourceBytes}, 33: {use: set, field: ecs.DestinationBytes},
		34: {use: set, field: ecs.NetworkPackets}, 35: {use: start}, 36: {use: elapsed}, 37: {use: unlessAny, field: category},
		39: {use: counted}, 41: {use: country, field: ecs.SourceGeoCountryName}, 42: {use: country, field: ecs.DestinationGeoCountryName},
		44: {use: set, field: ecs.SourcePackets}, 45: {use: set, field: ecs.DestinationPackets}, 46: {use: reason}, 52: {use: device},
		65: {use: set, field: ecs.RuleUUID},
	}),
	threat: layout{dataset: "paloalto.threat", logType: other, flow: true, precise: 77}.with(flowColumns, map[int]target{
		31: {use: keep, slot: theMisc}, 32: {use: keep, slot: theThreat}, 33: {use: unlessAny, field: category},
		34: {use: setKeep, field: severityWord, slot: theSeverity}, 35: {use: unlessZero, field: direction}, 36: {use: counted},
		38: {use: country, field: ecs.SourceGeoCountryName}, 39: {use: country, field: ecs.DestinationGeoCountryName},
		41: {use: set, field: ecs.HTTPResponseMimeType}, 43: {use: sha256}, 46: {use: setText, field: ecs.UserAgentOriginal}, 47: {use: set, field: fileType},
		48: {use: forwarded, field: forwardedFor}, 49: {use: setText, field: ecs.HTTPRequestReferrer}, 50: {use: email, field: emailFrom},
		51: {use: setText, field: emailSubject}, 52: {use: email, field: emailTo}, 59: {use: device}, 63: {use: method},
		69: {use: set, field: threatCategory}, 75: {use: setText, field: categoryList}, 76: {use: set, field: ecs.RuleUUID},
	}),
	system: layout{dataset: "paloalto.system", category: "host", logType: runState, precise: 23}.with(map[int]target{
		7: {use: set, field: virtualSystem}, 8: {use: setKeep, field: ecs.EventAction, slot: theEvent}, 9: {use: setText, field: object},
		12: {use: set, field: module}, 13: {use: setKeep, field: severityWord, slot: theSeverity},
		14: {use: textKeep, field: description, slot: theText}, 15: {use: counted}, 22: {use: device},
	}),
	// The fields behind the path are two further where a custom format has the change there; since 10.1 it may be at
	// the end.
	config: layout{dataset: "paloalto.config", category: "configuration", logType: other, precise: 24}.with(map[int]target{
		7: {use: address}, 8: {use: set, field: virtualSystem}, 9: {use: set, field: ecs.EventAction}, 10: {use: account},
		11: {use: set, field: client}, 12: {use: setKeep, field: result, slot: theResult}, 13: {use: path}, 14: {use: keep, slot: theBefore},
		15: {use: after}, 16: {use: counted}, 21: {use: device}, 23: {use: device}, 26: {use: lateBefore}, 27: {use: lateAfter},
	}),
	userID: layout{dataset: "paloalto.userid", category: "authentication", logType: other, precise: 32}.with(map[int]target{
		7: {use: set, field: virtualSystem}, 8: {use: from}, 9: {use: account}, 10: {use: setText, field: dataSourceName},
		12: {use: set, field: repeatCount}, 13: {use: set, field: timeout}, 14: {use: setPort, field: ecs.SourcePort}, 15: {use: setPort, field: ecs.DestinationPort},
		16: {use: set, field: dataSource}, 17: {use: set, field: dataSourceType}, 18: {use: counted}, 25: {use: device}, 27: {use: set, field: factor},
	}),
	globalProtect: layout{dataset: "paloalto.globalprotect", category: "authentication", logType: other, precise: 36}.with(map[int]target{
		7: {use: set, field: virtualSystem}, 8: {use: setKeep, field: ecs.EventAction, slot: theEvent}, 9: {use: set, field: stage},
		10: {use: set, field: authMethod}, 11: {use: set, field: tunnelType}, 12: {use: account},
		13: {use: country, field: ecs.SourceGeoCountryName}, 14: {use: setText, field: machine}, 15: {use: from}, 16: {use: from},
		17: {use: natIP, field: privateIP}, 18: {use: natIP, field: privateIP}, 19: {use: set, field: hostID}, 21: {use: set, field: clientVersion},
		22: {use: set, field: osName}, 23: {use: setText, field: osVersion}, 24: {use: set, field: repeatCount}, 25: {use: reason}, 26: {use: reason},
		27: {use: textKeep, field: description, slot: theText}, 28: {use: keep, slot: theStatus}, 30: {use: elapsed},
		31: {use: set, field: connectMethod}, 33: {use: setText, field: portal}, 34: {use: counted}, 41: {use: setText, field: gateway}, 47: {use: device},
	}),
	authentication: layout{dataset: "paloalto.authentication", category: "authentication", logType: other, precise: 31}.with(map[int]target{
		7: {use: set, field: virtualSystem}, 8: {use: from}, 9: {use: account}, 11: {use: setText, field: object},
		12: {use: keep, slot: thePolicy}, 13: {use: set, field: repeatCount}, 14: {use: set, field: authID},
		18: {use: textKeep, field: description, slot: theText}, 19: {use: set, field: clientType},
		20: {use: setKeep, field: eventName, slot: theStatus}, 22: {use: counted}, 29: {use: device},
	}),
	hipMatch: layout{dataset: "paloalto.hipmatch", category: "host", logType: other, precise: 27}.with(map[int]target{
		7: {use: account}, 8: {use: set, field: virtualSystem}, 9: {use: setText, field: machine}, 10: {use: set, field: osName},
		11: {use: from}, 12: {use: setText, field: hip}, 13: {use: set, field: repeatCount}, 14: {use: set, field: matchType}, 17: {use: counted}, 24: {use: device},
	}),
	decryption: layout{dataset: "paloalto.decryption", category: "network", logType: other, flow: true, precise: 65}.with(flowColumns, map[int]target{
		36: {use: set, field: ecs.RuleUUID}, 39: {use: tlsVersion, field: ecs.TLSVersion}, 40: {use: set, field: keyExchange},
		41: {use: set, field: encryption}, 42: {use: set, field: hashName}, 43: {use: setText, field: decryptionPolicy},
		46: {use: set, field: rootStatus}, 47: {use: set, field: chainStatus}, 48: {use: set, field: proxyType}, 49: {use: set, field: tlsSerial},
		51: {use: day, field: tlsNotBefore}, 52: {use: day, field: tlsNotAfter}, 60: {use: setText, field: tlsSubject},
		61: {use: setText, field: tlsIssuer}, 63: {use: set, field: ecs.TLSClientServerName}, 64: {use: reason}, 89: {use: counted}, 96: {use: device},
	}),
}

// with is the layout with columns, in their order.
func (t layout) with(parts ...map[int]target) layout {
	for _, part := range parts {
		for i, is := range part {
			t.columns = append(t.columns, column{i, is})
			t.known[i] = true
		}
	}
	slices.SortFunc(t.columns, func(a, b column) int { return a.index - b.index })
	return t
}
