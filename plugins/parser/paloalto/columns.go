package main

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
)

func typeOf(v []byte) logType {
	switch string(v) {
	case "TRAFFIC":
		return traffic
	case "THREAT":
		return threat
	case "SYSTEM":
		return system
	case "CONFIG":
		return config
	case "USERID":
		return userID
	case "GLOBALPROTECT":
		return globalProtect
	case "AUTHENTICATION":
		return authentication
	case "HIPMATCH", "HIP-MATCH":
		return hipMatch
	}
	return unknown
}

// kind is what a field holds.
type kind uint8

const (
	none kind = iota
	kAction
	kAfter
	kApp
	kAuthMethod
	kBefore
	kBytes
	kBytesIn
	kBytesOut
	kCategory
	kClient
	kClientVersion
	kCommand
	kConnectMethod
	kDescription
	kDestination
	kDestinationCountry
	kDestinationNAT
	kDestinationNATPort
	kDestinationPort
	kDestinationUser
	kDestinationZone
	kDevice
	kDigest
	kDirection
	kElapsed
	kEvent
	kFactor
	kFileType
	kGateway
	kHIP
	kHost
	kInbound
	kLateAfter
	kLateBefore
	kMachine
	kMethod
	kMisc
	kModule
	kObject
	kOS
	kOutbound
	kPackets
	kPacketsIn
	kPacketsOut
	kPath
	kPrivateIP
	kProtocol
	kReason
	kReferrer
	kRepeat
	kResult
	kRule
	kSequence
	kSession
	kSeverity
	kSource
	kSourceCountry
	kSourceData
	kSourceNAT
	kSourceNATPort
	kSourcePort
	kSourceUser
	kSourceZone
	kStage
	kStart
	kStatus
	kThreat
	kThreatCategory
	kTunnel
	kUserAgent
	kVsys
	kXFF
)

// layout says what the fields of a type hold.
type layout struct {
	dataset, category, logType string
	flow                       bool // has a source and a destination
	precise                    int  // from here on a time with zone and milliseconds is the one of the log
	columns                    [maxColumns]kind
}

const maxColumns = 72

func (t *layout) kind(i int) kind {
	if i < maxColumns {
		return t.columns[i]
	}
	return none
}

// flowColumns are those that TRAFFIC and THREAT have in common.
var flowColumns = map[int]kind{
	7: kSource, 8: kDestination, 9: kSourceNAT, 10: kDestinationNAT, 11: kRule, 12: kSourceUser, 13: kDestinationUser,
	14: kApp, 15: kVsys, 16: kSourceZone, 17: kDestinationZone, 18: kInbound, 19: kOutbound, 22: kSession, 23: kRepeat,
	24: kSourcePort, 25: kDestinationPort, 26: kSourceNATPort, 27: kDestinationNATPort, 29: kProtocol, 30: kAction,
}

// far is behind all fields.
const far = 1 << 20

var types = [...]layout{
	unknown: {dataset: "paloalto.other", logType: other, precise: far},
	traffic: {dataset: "paloalto.traffic", category: "network", logType: other, flow: true, precise: 61, columns: columns(flowColumns, map[int]kind{
		31: kBytes, 32: kBytesOut, 33: kBytesIn, 34: kPackets, 35: kStart, 36: kElapsed, 37: kCategory, 39: kSequence,
		41: kSourceCountry, 42: kDestinationCountry, 44: kPacketsOut, 45: kPacketsIn, 46: kReason, 52: kDevice,
	})},
	threat: {dataset: "paloalto.threat", logType: other, flow: true, precise: 76, columns: columns(flowColumns, map[int]kind{
		31: kMisc, 32: kThreat, 33: kCategory, 34: kSeverity, 35: kDirection, 36: kSequence, 38: kSourceCountry,
		39: kDestinationCountry, 43: kDigest, 46: kUserAgent, 47: kFileType, 48: kXFF, 49: kReferrer, 59: kDevice,
		63: kMethod, 69: kThreatCategory,
	})},
	system: {dataset: "paloalto.system", category: "host", logType: runState, precise: 23, columns: columns(map[int]kind{
		7: kVsys, 8: kEvent, 9: kObject, 12: kModule, 13: kSeverity, 14: kDescription, 15: kSequence, 22: kDevice,
	})},
	// The fields behind the path are two further where a custom format has the change there; since 10.1 it may be at
	// the end.
	config: {dataset: "paloalto.config", category: "configuration", logType: other, precise: 24, columns: columns(map[int]kind{
		7: kHost, 8: kVsys, 9: kCommand, 10: kSourceUser, 11: kClient, 12: kResult, 13: kPath, 14: kBefore, 15: kAfter,
		16: kSequence, 21: kDevice, 23: kDevice, 26: kLateBefore, 27: kLateAfter,
	})},
	userID: {dataset: "paloalto.userid", category: "authentication", logType: other, precise: 32, columns: columns(map[int]kind{
		7: kVsys, 8: kSource, 9: kSourceUser, 10: kSourceData, 12: kRepeat, 14: kSourcePort, 15: kDestinationPort,
		18: kSequence, 25: kDevice, 27: kFactor,
	})},
	globalProtect: {dataset: "paloalto.globalprotect", category: "authentication", logType: other, precise: 36, columns: columns(map[int]kind{
		7: kVsys, 8: kEvent, 9: kStage, 10: kAuthMethod, 11: kTunnel, 12: kSourceUser, 13: kSourceCountry, 14: kMachine,
		15: kSource, 16: kSource, 17: kPrivateIP, 18: kPrivateIP, 21: kClientVersion, 22: kOS, 24: kRepeat,
		25: kReason, 26: kReason, 27: kDescription, 28: kStatus, 30: kElapsed, 31: kConnectMethod, 34: kSequence,
		41: kGateway, 47: kDevice,
	})},
	authentication: {dataset: "paloalto.authentication", category: "authentication", logType: other, precise: 31, columns: columns(map[int]kind{
		7: kVsys, 8: kSource, 9: kSourceUser, 11: kObject, 12: kRule, 13: kRepeat, 18: kDescription, 20: kStatus,
		22: kSequence, 29: kDevice,
	})},
	hipMatch: {dataset: "paloalto.hipmatch", category: "host", logType: other, precise: 27, columns: columns(map[int]kind{
		7: kSourceUser, 8: kVsys, 9: kMachine, 10: kOS, 11: kSource, 12: kHIP, 13: kRepeat, 17: kSequence, 24: kDevice,
	})},
}

func columns(parts ...map[int]kind) (out [maxColumns]kind) {
	for _, part := range parts {
		for i, k := range part {
			out[i] = k
		}
	}
	return out
}
