package main

import (
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
)

var (
	application  = ecs.NetworkApplication
	filePolicy   = ecs.New("ciscoasa.file_disposition", ecs.Keyword, "What Threat Defense takes a file for, e.g. Malware.")
	policy       = ecs.New("ciscoasa.policy", ecs.Keyword, "Access control or intrusion policy that decided.")
	ruleAction   = ecs.New("ciscoasa.rule_action", ecs.Keyword, "What the access control rule says to do, e.g. Block with reset.")
	priorityWord = ecs.New("ciscoasa.priority", ecs.Keyword, "How important Threat Defense takes an event to be: Low, Medium or High.")
)

// fields are how events of Threat Defense are written: Key: value, Key: value. The first colon parts key from
// value; of commas within values those in brackets can be told, as in user agents.
var fields = kv.Scanner{Pair: ',', Sep: ':', SepBlanks: true, Brackets: true}

// security is what of an event is decided when all of it is read.
type security struct {
	from, to  bool
	blocked   bool
	sent, got int64
	counted   int // of them
}

// event reads the events of Threat Defense: 430001 intrusions, 430002 and 430003 start and end of connections,
// 430004 files, 430005 malware.
func event(ev *sdk.Event, id, b []byte) error {
	var s security
	for it := fields.Scan(b); it.Next(); {
		s.pair(ev, it.Key(), it.Value())
	}
	if s.counted == 2 {
		ev.SetInt(ecs.NetworkBytes, s.sent+s.got)
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

func (s *security) pair(ev *sdk.Event, key, v []byte) {
	switch string(key) {
	case "SrcIP":
		ev.SetIP(ecs.SourceIP, v)
		s.from = len(v) > 0
	case "DstIP":
		ev.SetIP(ecs.DestinationIP, v)
		s.to = len(v) > 0
	case "SrcPort":
		ev.SetPort(ecs.SourcePort, v)
	case "DstPort":
		ev.SetPort(ecs.DestinationPort, v)
	case "Protocol":
		transport(ev, v)
	case "IngressInterface":
		ev.Set(ecs.ObserverIngressInterfaceName, v)
	case "EgressInterface":
		ev.Set(ecs.ObserverEgressInterfaceName, v)
	case "IngressZone":
		ev.Set(ecs.ObserverIngressZone, v)
	case "EgressZone":
		ev.Set(ecs.ObserverEgressZone, v)
	case "ConnectionID":
		ev.Set(connectionID, v)
	case "AccessControlRuleAction":
		ev.Set(ruleAction, v)
		s.blocked = len(v) >= 5 && string(v[:5]) == "Block"
	case "InlineResult":
		s.blocked = string(v) == "Blocked" || string(v) == "Dropped"
	case "AccessControlRuleName":
		ev.Set(ecs.RuleName, v)
	case "ACPolicy", "IntrusionPolicy":
		ev.Set(policy, v)
	case "InitiatorBytes":
		ev.Set(ecs.SourceBytes, v)
		s.sent = s.count(v)
	case "ResponderBytes":
		ev.Set(ecs.DestinationBytes, v)
		s.got = s.count(v)
	case "InitiatorPackets":
		ev.Set(ecs.SourcePackets, v)
	case "ResponderPackets":
		ev.Set(ecs.DestinationPackets, v)
	default:
		s.rare(ev, key, v)
	}
}

// rare sets the keys of which an event has few.
func (s *security) rare(ev *sdk.Event, key, v []byte) {
	switch string(key) {
	case "ConnectionDuration":
		duration(ev, v)
	case "FirstPacketSecond":
		ev.SetTimeField(ecs.EventStart, time.RFC3339, nil, v)
	case "ApplicationProtocol":
		ev.SetDecoded(ecs.NetworkProtocol, v, appendLower)
	case "Client":
		ev.Set(application, v)
	case "User":
		if string(v) != "No Authentication Required" && string(v) != "Unknown" && string(v) != "Not Found" {
			account(ev, v)
		}
	case "URL":
		ev.SetURL(v)
	case "UserAgent":
		ev.Set(ecs.UserAgentOriginal, v)
	case "ReferencedHost":
		ev.Set(ecs.URLDomain, v)
	case "HTTPReferer":
		ev.Set(ecs.HTTPRequestReferrer, v)
	case "HTTPResponse":
		ev.Set(ecs.HTTPResponseStatusCode, v)
	case "DNSQuery":
		ev.Set(ecs.DNSQuestionName, v)
	case "EventPriority":
		priority(ev, v)
	case "SID":
		ev.Set(ecs.RuleID, v)
	case "Message":
		ev.Set(ecs.RuleName, unquoted(v))
	case "Classification":
		ev.Set(ecs.RuleCategory, v)
	case "FileName":
		ev.Set(ecs.FileName, v)
	case "FileSize":
		ev.Set(ecs.FileSize, v)
	case "FileSHA256":
		ev.Set(ecs.FileHashSHA256, v)
	case "SHA_Disposition":
		ev.Set(filePolicy, v)
	case "ThreatName":
		ev.Set(ecs.RuleName, v)
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

// count reads a number of bytes.
func (s *security) count(v []byte) (n int64) {
	if len(v) == 0 || len(v) > 18 {
		return 0
	}
	for _, c := range v {
		if c-'0' > 9 {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	s.counted++
	return n
}

func unquoted(v []byte) []byte {
	if n := len(v); n > 1 && v[0] == '"' && v[n-1] == '"' {
		return v[1 : n-1]
	}
	return v
}
