package main

import (
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/kv"
	"github.com/logcenter/logcenter/sdk/number"
)

var (
	filePolicy   = ecs.New("ciscoasa.file_disposition", ecs.Keyword, "What Threat Defense takes a file for, e.g. Malware.")
	policy       = ecs.New("ciscoasa.policy", ecs.Keyword, "Access control or intrusion policy that decided.")
	ruleAction   = ecs.New("ciscoasa.rule_action", ecs.Keyword, "What the access control rule says to do, e.g. Block with reset.")
	deviceUUID   = ecs.New("ciscoasa.device_uuid", ecs.Keyword, "Identity of the device of Threat Defense that wrote the event.")
	fileAction   = ecs.New("ciscoasa.file_action", ecs.Keyword, "What Threat Defense did with a file, e.g. Malware Cloud Lookup.")
	fileWay      = ecs.New("ciscoasa.file_direction", ecs.Keyword, "Whether a file was fetched or sent: Download or Upload.")
	fileType     = ecs.New("ciscoasa.file_type", ecs.Keyword, "Kind of a file as Threat Defense names it, e.g. ZIP.")
	priorityWord = ecs.New("ciscoasa.priority", ecs.Keyword, "How important Threat Defense takes an event to be: Low, Medium or High.")
)

// fields are how events of Threat Defense are written: Key: value, Key: value. The first colon parts key from
// value; of commas within values those in brackets can be told, as in user agents.
var fields = kv.Scanner{Pair: ',', Sep: ':', SepBlanks: true, Brackets: true}

// security is what of an event is decided when all of it is read.
type security struct {
	from, to bool
	blocked  bool
	sum      int64 // of bytes in both directions
	counted  int   // of which there are numbers
}

// event reads the events of Threat Defense: 430001 intrusions, 430002 and 430003 start and end of connections,
// 430004 files, 430005 malware.
func event(ev *sdk.Event, id, b []byte) error {
	var s security
	for it := fields.Scan(b); it.Next(); {
		s.pair(ev, it.Key(), it.Value())
	}
	if s.counted == 2 {
		ev.SetInt(ecs.NetworkBytes, s.sum)
	}
	s.meaning(id).set(ev)
	if !s.from || !s.to {
		return errEnds
	}
	return nil
}

// meaning is that of an event by its id and what was decided.
func (s *security) meaning(id []byte) *meaning {
	switch string(id) {
	case "430001":
		if s.blocked {
			return &attacked
		}
		return &detected
	case "430005":
		return &infected
	case "430004":
		return &moved
	}
	switch {
	case s.blocked:
		return &denied
	case string(id) == "430002":
		return &opened
	}
	return &closed
}

// how says by which setter the value of a key becomes a field.
type how uint8

const (
	asText how = iota
	asPort
	asBytes // a count of bytes of which the sum is wanted
	asSource
	asDestination
	asProtocol
	asApplication // its protocol
	asRuleAction
	asInlineResult
	asDuration
	asStart
	asUser
	asURL
	asPriority
	asMessage
	asAddress
	asTLS
)

// attribute is what becomes of a key.
type attribute struct {
	how   how
	field ecs.Field
}

// attributes are the keys of events that have a field.
var attributes = keys.New(map[string]attribute{
	"SrcIP": {how: asSource}, "DstIP": {how: asDestination}, "SrcPort": {asPort, ecs.SourcePort}, "DstPort": {asPort, ecs.DestinationPort},
	"Protocol": {how: asProtocol}, "IngressInterface": {field: ecs.ObserverIngressInterfaceName}, "EgressInterface": {field: ecs.ObserverEgressInterfaceName},
	"IngressZone": {field: ecs.ObserverIngressZone}, "EgressZone": {field: ecs.ObserverEgressZone}, "ConnectionID": {field: connectionID},
	"AccessControlRuleAction": {how: asRuleAction}, "InlineResult": {how: asInlineResult}, "AccessControlRuleName": {field: ecs.RuleName},
	"ACPolicy": {field: policy}, "IntrusionPolicy": {field: policy}, "InitiatorBytes": {asBytes, ecs.SourceBytes},
	"ResponderBytes": {asBytes, ecs.DestinationBytes}, "InitiatorPackets": {field: ecs.SourcePackets}, "ResponderPackets": {field: ecs.DestinationPackets},
	"ConnectionDuration": {how: asDuration}, "FirstPacketSecond": {how: asStart}, "ApplicationProtocol": {how: asApplication},
	"Client": {field: ecs.NetworkApplication}, "User": {how: asUser}, "URL": {how: asURL}, "UserAgent": {field: ecs.UserAgentOriginal},
	"ReferencedHost": {field: ecs.URLDomain}, "HTTPReferer": {field: ecs.HTTPRequestReferrer}, "HTTPResponse": {field: ecs.HTTPResponseStatusCode},
	"DNSQuery": {field: ecs.DNSQuestionName}, "EventPriority": {how: asPriority}, "SID": {field: ecs.RuleID}, "Message": {how: asMessage},
	"Classification": {field: ecs.RuleCategory}, "FileName": {field: ecs.FileName}, "FileSize": {field: ecs.FileSize}, "FileSHA256": {field: ecs.FileHashSHA256},
	"DeviceUUID": {field: deviceUUID}, "FileAction": {field: fileAction}, "FileDirection": {field: fileWay}, "FileType": {field: fileType},
	"FilePolicy": {field: policy}, "ThreatScore": {field: ecs.EventRiskScore}, "URLCategory": {field: ecs.RuleCategory}, "SSLVersion": {how: asTLS},
	"NAT_InitiatorIP": {how: asAddress, field: ecs.SourceNATIP}, "NAT_InitiatorPort": {asPort, ecs.SourceNATPort},
	"NAT_ResponderIP": {how: asAddress, field: ecs.DestinationNATIP}, "NAT_ResponderPort": {asPort, ecs.DestinationNATPort},
	"URI": {how: asURL}, "SHA_Disposition": {field: filePolicy}, "ThreatName": {field: ecs.RuleName},
})

// pair sets what a pair says. Keys that are not known stay in the line only.
func (s *security) pair(ev *sdk.Event, key, v []byte) {
	t := attributes.Get(key)
	if t == nil {
		return
	}
	switch t.how {
	case asText:
		ev.Set(t.field, v)
	case asPort:
		ev.SetPort(t.field, v)
	case asBytes:
		ev.Set(t.field, v)
		if n, ok := number.Uint(v, number.MaxDigits); ok {
			s.sum += n
			s.counted++
		}
	case asSource:
		ev.SetIP(ecs.SourceIP, v)
		s.from = len(v) > 0
	case asDestination:
		ev.SetIP(ecs.DestinationIP, v)
		s.to = len(v) > 0
	case asProtocol:
		transport(ev, v)
	case asApplication:
		ev.SetLower(ecs.NetworkProtocol, v)
	case asRuleAction:
		ev.Set(ruleAction, v)
		s.blocked = len(v) >= 5 && string(v[:5]) == "Block"
	case asInlineResult:
		s.blocked = string(v) == "Blocked" || string(v) == "Dropped"
	case asDuration:
		duration(ev, v)
	case asStart:
		ev.SetTimeField(ecs.EventStart, time.RFC3339, nil, v)
	case asUser:
		if string(v) != "No Authentication Required" && string(v) != "Unknown" && string(v) != "Not Found" {
			account(ev, v)
		}
	case asURL:
		ev.SetURL(v)
	case asPriority:
		priority(ev, v)
	case asAddress:
		ev.SetIP(t.field, v)
	case asTLS:
		tlsVersion(ev, v)
	case asMessage:
		ev.Set(ecs.RuleName, unquoted(v))
	}
}

// priority sets how important an event is: the severity in front of the id is the same for all of them.
func priority(ev *sdk.Event, v []byte) {
	ev.Set(priorityWord, v)
	ev.SetSeverity(v)
	switch string(v) {
	case "High":
		ev.SetInt(ecs.LogcenterPriority, 2)
	case "Medium":
		ev.SetInt(ecs.LogcenterPriority, 3)
	case "Low":
		ev.SetInt(ecs.LogcenterPriority, 4)
	}
}

func unquoted(v []byte) []byte {
	if n := len(v); n > 1 && v[0] == '"' && v[n-1] == '"' {
		return v[1 : n-1]
	}
	return v
}
