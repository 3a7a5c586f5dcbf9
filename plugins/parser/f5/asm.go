package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/accesslog"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
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

// What a report says as a whole.
var (
	visited = sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventDataset: {"f5.asm"}, ecs.ObserverType: {"waf"}, ecs.EventCategory: {"web"}, ecs.LogcenterLogType: {"web_access"},
	})
	attacked = sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventDataset: {"f5.asm"}, ecs.ObserverType: {"waf"}, ecs.EventCategory: {"web", "intrusion_detection"}, ecs.EventKind: {"alert"},
		ecs.LogcenterLogType: {"web_security"},
	})
)

var pairs = kv.Scanner{Pair: ',', Quotes: `"`, Escape: '"'}

// meaning is what a key of ASM stands for: a field, and how its value is set.
type meaning struct {
	field ecs.Field
	as    kind
}

type kind uint8

const (
	asIs kind = iota
	decoded
	address
	port
	violation // decoded, and found by ASM
	client    // its address
	when
	unit     // name of the device
	location // the URL without its query
	protocol
	status // of the response, 0 for none
	country
	rating // how grave it is, in a word
	verdict
	whole // the request
)

var meanings = keys.New(map[string]meaning{
	"attack_type":                  {ecs.RuleCategory, violation},
	"blocking_exception_reason":    {ecs.EventReason, decoded},
	"date_time":                    {as: when},
	"dest_ip":                      {ecs.DestinationIP, address},
	"dest_port":                    {ecs.DestinationPort, port},
	"geo_location":                 {as: country},
	"http_class_name":              {virtual, asIs},
	"ip_address_intelligence":      {reputation, asIs},
	"ip_client":                    {as: client},
	"manage_ip_addr":               {ecs.ObserverIP, address},
	"management_ip_address":        {ecs.ObserverIP, address},
	"method":                       {ecs.HTTPRequestMethod, asIs},
	"policy_name":                  {ecs.RuleRuleset, asIs},
	"protocol":                     {as: protocol},
	"query_string":                 {ecs.URLQuery, decoded},
	"request":                      {as: whole},
	"request_status":               {as: verdict},
	"response_code":                {as: status},
	"session_id":                   {sessionID, asIs},
	"severity":                     {as: rating},
	"sig_ids":                      {signatureIDs, asIs},
	"sig_names":                    {signatures, decoded},
	"src_port":                     {ecs.SourcePort, port},
	"sub_violations":               {subs, decoded},
	"support_id":                   {supportID, asIs},
	"threat_campaign_names":        {campaigns, decoded},
	"unit_hostname":                {as: unit},
	"uri":                          {as: location},
	"username":                     {ecs.UserName, decoded},
	"violation_rating":             {ecs.EventRiskScore, asIs},
	"violations":                   {ecs.RuleName, violation},
	"virus_name":                   {virus, decoded},
	"vs_name":                      {virtual, asIs},
	"web_application_name":         {virtual, asIs},
	"x_forwarded_for_header_value": {forwardedFor, decoded},
})

// asm reads the pairs of the application firewall.
func (p parser) asm(b []byte, ev *sdk.Event) error {
	r := report{ev: ev, zone: p.zone}
	it := pairs.Scan(b)
	for it.Next() {
		r.pairs++
		v := it.Value()
		if len(v) == 0 || string(v) == "N/A" {
			continue
		}
		if m := meanings.Get(it.Key()); m != nil {
			r.set(m, v, it.Escaped())
		}
	}
	if r.violated {
		ev.SetFacts(attacked)
	} else {
		ev.SetFacts(visited)
	}
	switch {
	case r.pairs == 0:
		return errPairs
	case it.Err() != nil:
		return errQuotes
	case !r.decided:
		return errStatus
	case !r.from:
		return errClient
	}
	return nil
}

// report is what a line of ASM has said so far.
type report struct {
	ev                      *sdk.Event
	zone                    *time.Location
	pairs                   int
	decided, from, violated bool
}

// set sets what a pair says. escaped says that quotes in v are written twice.
func (r *report) set(m *meaning, v []byte, escaped bool) {
	ev := r.ev
	switch m.as {
	case asIs:
		ev.Set(m.field, v)
	case decoded:
		texts(m.field, v, escaped, ev)
	case address:
		ev.SetIP(m.field, v)
	case port:
		ev.SetPort(m.field, v)
	case violation:
		r.violated = true
		texts(m.field, v, escaped, ev)
	case client:
		r.from = true
		ev.SetIP(ecs.SourceIP, v)
	case when:
		ev.SetTime("2006-01-02 15:04:05", r.zone, v)
	case unit:
		ev.Set(ecs.HostName, v)
		ev.Set(ecs.ObserverName, v)
	case location:
		texts(ecs.URLOriginal, v, escaped, ev)
		texts(ecs.URLPath, v, escaped, ev)
	case protocol:
		switch string(v) {
		case "HTTP":
			ev.SetString(ecs.NetworkProtocol, "http")
		case "HTTPS":
			ev.SetString(ecs.NetworkProtocol, "https")
		}
	case status:
		if string(v) != "0" {
			ev.Set(ecs.HTTPResponseStatusCode, v)
		}
	case country:
		if len(v) == 2 {
			ev.Set(ecs.SourceGeoCountryISOCode, v)
		}
	case rating:
		ev.Set(levelOf, v)
		ev.SetSeverity(v)
	case verdict:
		r.decided = decision(v, ev)
	case whole:
		request(v, escaped, ev)
	}
}

func texts(f ecs.Field, v []byte, escaped bool, ev *sdk.Event) {
	if escaped {
		ev.SetDecoded(f, v, appendUndoubled)
		return
	}
	ev.Set(f, v)
}

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
func request(v []byte, escaped bool, ev *sdk.Event) {
	line, rest, ok := bytes.Cut(v, []byte(`\r\n`))
	_, _, version := accesslog.SplitRequest(line)
	ev.Set(ecs.HTTPVersion, version)
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
			texts(ecs.UserAgentOriginal, value, escaped, ev)
		case "Referer", "referer":
			texts(ecs.HTTPRequestReferrer, value, escaped, ev)
		}
	}
}
