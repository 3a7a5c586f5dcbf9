package main

import (
	"bytes"
	"errors"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

var (
	campaigns    = ecs.New("f5.threat_campaigns", ecs.Keyword, "Known campaigns of attackers that the request fits.")
	forwardedFor = ecs.New("f5.forwarded_for", ecs.Keyword, "Client that a proxy in front says it serves, the header X-Forwarded-For.")
	reputation   = ecs.New("f5.ip_reputation", ecs.Keyword, "What F5's lists say of the client's address, e.g. Botnets.")
	signatures   = ecs.New("f5.signature_names", ecs.Keyword, "Names of the attack signatures that the request has, parted by commas.")
	signatureIDs = ecs.New("f5.signature_ids", ecs.Keyword, "Numbers of the attack signatures that the request has, parted by commas.")
	subs         = ecs.New("f5.sub_violations", ecs.Keyword, "Which checks of protocols and cookies the request failed, parted by commas.")
	supportID    = ecs.HTTPRequestID
	virus        = ecs.New("f5.virus", ecs.Keyword, "Malware that was found in what a client sent.")
)

var (
	errPairs  = errors.New(`f5: want ASM: and key="value" pairs`)
	errStatus = errors.New("f5: want request_status among the pairs of ASM")
	errClient = errors.New("f5: want ip_client among the pairs of ASM")
	errQuotes = errors.New("f5: want every value of ASM in closed quotes: the line is cut, raise the maximum entry length")
)

var pairs = kv.Scanner{Pair: ',', Quotes: `"`, Escape: '"'}

// asm reads the pairs of the application firewall.
func (p parser) asm(b []byte, ev *sdk.Event) error {
	ev.SetString(ecs.EventDataset, "f5.asm")
	ev.SetString(ecs.ObserverType, "waf")
	var n int
	var decided, from, violated bool
	it := pairs.Scan(b)
	for it.Next() {
		n++
		v := it.Value()
		if len(v) == 0 || string(v) == "N/A" {
			continue
		}
		switch string(it.Key()) {
		case "date_time":
			ev.SetTime("2006-01-02 15:04:05", p.zone, v)
		case "unit_hostname":
			ev.Set(ecs.HostName, v)
			ev.Set(ecs.ObserverName, v)
		case "management_ip_address", "manage_ip_addr":
			ev.SetIP(ecs.ObserverIP, v)
		case "ip_client":
			ev.SetIP(ecs.SourceIP, v)
			from = true
		case "src_port":
			ev.SetPort(ecs.SourcePort, v)
		case "dest_ip":
			ev.SetIP(ecs.DestinationIP, v)
		case "dest_port":
			ev.SetPort(ecs.DestinationPort, v)
		case "request_status":
			decided = decision(v, ev)
		case "violations":
			violated = true
			texts(ecs.RuleName, v, ev)
		case "attack_type":
			violated = true
			texts(ecs.RuleCategory, v, ev)
		case "severity":
			ev.Set(levelOf, v)
			ev.SetSeverity(v)
		case "violation_rating":
			ev.Set(ecs.EventRiskScore, v)
		case "request":
			request(v, ev)
		default:
			rare(it.Key(), v, ev)
		}
	}
	ev.SetString(ecs.EventCategory, "web")
	if violated {
		ev.SetString(ecs.EventCategory, "intrusion_detection")
		ev.SetString(ecs.EventKind, "alert")
		ev.SetString(ecs.LogcenterLogType, "web_security")
	} else {
		ev.SetString(ecs.LogcenterLogType, "web_access")
	}
	switch {
	case n == 0:
		return errPairs
	case it.Err() != nil:
		return errQuotes
	case !decided:
		return errStatus
	case !from:
		return errClient
	}
	return nil
}

// rare sets what stands unchanged in a field.
func rare(key, v []byte, ev *sdk.Event) {
	switch string(key) {
	case "method":
		ev.Set(ecs.HTTPRequestMethod, v)
	case "uri":
		texts(ecs.URLOriginal, v, ev)
		texts(ecs.URLPath, v, ev)
	case "query_string":
		texts(ecs.URLQuery, v, ev)
	case "protocol":
		switch string(v) {
		case "HTTP":
			ev.SetString(ecs.NetworkProtocol, "http")
		case "HTTPS":
			ev.SetString(ecs.NetworkProtocol, "https")
		}
	case "response_code":
		if string(v) != "0" {
			ev.Set(ecs.HTTPResponseStatusCode, v)
		}
	case "policy_name":
		ev.Set(ecs.RuleRuleset, v)
	case "vs_name", "web_application_name", "http_class_name":
		ev.Set(virtual, v)
	case "support_id":
		ev.Set(supportID, v)
	case "session_id":
		ev.Set(sessionID, v)
	case "sig_ids":
		ev.Set(signatureIDs, v)
	case "sig_names":
		texts(signatures, v, ev)
	case "sub_violations":
		texts(subs, v, ev)
	case "threat_campaign_names":
		texts(campaigns, v, ev)
	case "virus_name":
		texts(virus, v, ev)
	case "username":
		texts(ecs.UserName, v, ev)
	case "geo_location":
		if len(v) == 2 {
			ev.Set(ecs.SourceGeoCountryISOCode, v)
		}
	case "ip_address_intelligence":
		ev.Set(reputation, v)
	case "x_forwarded_for_header_value":
		texts(forwardedFor, v, ev)
	case "blocking_exception_reason":
		texts(ecs.EventReason, v, ev)
	}
}

func texts(f ecs.Field, v []byte, ev *sdk.Event) { ev.SetDecoded(f, v, appendUndoubled) }

// appendUndoubled resolves the quotes that are written twice.
func appendUndoubled(dst, v []byte) []byte {
	for {
		i := bytes.Index(v, []byte(`""`))
		if i < 0 {
			return append(dst, v...)
		}
		dst = append(dst, v[:i+1]...)
		v = v[i+2:]
	}
}

// decision says what became of the request.
func decision(v []byte, ev *sdk.Event) bool {
	ev.Set(ecs.EventAction, v)
	switch string(v) {
	case "blocked":
		ev.SetString(ecs.EventType, "denied")
		ev.SetString(ecs.EventOutcome, "failure")
	case "alerted", "unblocked":
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventOutcome, "unknown")
	case "passed":
		ev.SetString(ecs.EventType, "allowed")
		ev.SetString(ecs.EventOutcome, "success")
	default:
		return false
	}
	return true
}

// request reads headers of the request that ASM logs whole, its line ends written as \r\n.
func request(v []byte, ev *sdk.Event) {
	line, rest, ok := bytes.Cut(v, []byte(`\r\n`))
	if i := bytes.LastIndex(line, []byte(" HTTP/")); i >= 0 {
		ev.Set(ecs.HTTPVersion, line[i+len(" HTTP/"):])
	}
	for ok && len(rest) > 0 {
		line, rest, ok = bytes.Cut(rest, []byte(`\r\n`))
		key, value, isHeader := bytes.Cut(line, []byte(": "))
		if !isHeader {
			return // the body begins
		}
		switch string(key) {
		case "Host", "host":
			host, _ := netaddr.SplitHostPort(value)
			ev.Set(ecs.URLDomain, host)
		case "User-Agent", "user-agent":
			texts(ecs.UserAgentOriginal, value, ev)
		case "Referer", "referer":
			texts(ecs.HTTPRequestReferrer, value, ev)
		}
	}
}
