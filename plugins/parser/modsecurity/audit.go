package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// audit reads a transaction in JSON. The dialects differ in the names of their keys only, so all are read alike.
func (p parser) audit(b []byte, timed bool, ev *sdk.Event) error {
	ev.SetString(ecs.NetworkProtocol, "http")
	v := verdict{worst: 8}
	from, whole := false, false
	it := jsonscan.Scan(b)
	for it.Next() {
		path, x := it.Path(), it.Value()
		if it.Kind() == jsonscan.Null {
			continue
		}
		switch string(path) {
		case "transaction.time":
			ev.SetTime("02/Jan/2006:15:04:05 -0700", nil, x)
			timed = true
		case "transaction.time_stamp":
			ev.SetTime("Mon Jan _2 15:04:05 2006", p.zone, x)
			timed = true
		case "transaction.timestamp":
			if len(x) > 4 && x[4] == '/' {
				ev.SetTime("2006/01/02 15:04:05", p.zone, x)
			} else { // before Coraza 2
				ev.SetTime("02/Jan/2006:15:04:05 -0700", nil, x)
			}
			timed = true
		case "transaction.unix_timestamp":
			since1970(x, ev)
			timed = true
			ev.SetString(ecs.ObserverProduct, "Coraza")
		case "transaction.client_ip", "transaction.remote_address":
			ev.SetIP(ecs.SourceIP, x)
			from = len(x) > 0
		case "transaction.client_port", "transaction.remote_port":
			ev.SetPort(ecs.SourcePort, x)
		case "transaction.host_ip", "transaction.local_address":
			if len(x) > 0 {
				ev.SetIP(ecs.DestinationIP, x)
			}
		case "transaction.host_port", "transaction.local_port":
			if string(x) != "0" { // not known
				ev.SetPort(ecs.DestinationPort, x)
			}
		case "transaction.unique_id", "transaction.id", "transaction.transaction_id":
			ev.Set(requestID, x)
			whole = true
		case "transaction.is_interrupted", "audit_data.action.intercepted":
			v.intercepted = -1
			if string(x) == "true" {
				v.intercepted = 1
			}
		case "audit_data.action.phase":
			ev.Set(phase, x)
		case "transaction.response.http_code", "transaction.response.status", "response.status":
			if string(x) != "0" {
				ev.Set(ecs.HTTPResponseStatusCode, x)
			}
		case "transaction.producer.modsecurity", "transaction.producer.version":
			ev.SetDecoded(ecs.ObserverVersion, x, jsonscan.AppendUnescaped)
		case "transaction.producer.secrules_engine", "transaction.producer.rule_engine", "audit_data.engine_mode":
			ev.Set(engine, x)
		case "transaction.producer.components", "transaction.producer.rulesets":
			ev.SetDecoded(ecs.RuleRuleset, bytes.TrimSuffix(x, []byte(`\"`)), jsonscan.AppendUnescaped)
		case "audit_data.messages":
			v.rules++
			fields(x, true, v.rules == 1, &v, ev)
		default:
			switch {
			case bytes.HasPrefix(path, []byte("transaction.request.")):
				request(path[len("transaction.request."):], x, ev)
			case bytes.HasPrefix(path, []byte("request.")):
				request(path[len("request."):], x, ev)
			case bytes.HasPrefix(path, []byte("transaction.messages.")):
				v.message(path[len("transaction.messages."):], x, ev)
			case bytes.HasPrefix(path, []byte("messages.")):
				v.message(path[len("messages."):], x, ev)
			}
		}
	}
	v.conclude(ev)
	switch err := it.Err(); {
	case !whole:
		return errForm
	case !timed:
		return errTime
	case !from:
		return errFrom
	case err != nil:
		return err
	}
	return nil
}

// since1970 reads seconds, or parts of them, by the number of digits.
func since1970(x []byte, ev *sdk.Event) {
	switch {
	case len(x) <= 11:
		ev.SetTime(timestamp.Unix, nil, x)
	case len(x) <= 14:
		ev.SetTime(timestamp.UnixMilli, nil, x)
	case len(x) <= 17:
		ev.SetTime(timestamp.UnixMicro, nil, x)
	default:
		ev.SetTime(timestamp.UnixNano, nil, x)
	}
}

// request reads a value of the request.
func request(key, x []byte, ev *sdk.Event) {
	switch string(key) {
	case "method":
		ev.Set(ecs.HTTPRequestMethod, x)
	case "uri":
		location(x, ev)
	case "http_version", "protocol":
		ev.Set(ecs.HTTPVersion, bytes.TrimPrefix(x, []byte("HTTP/")))
	case "hostname":
		ev.Set(ecs.URLDomain, x)
	case "request_line":
		method, rest := word(x)
		ev.Set(ecs.HTTPRequestMethod, method)
		if i := bytes.LastIndexByte(rest, ' '); i >= 0 && bytes.HasPrefix(rest[i+1:], []byte("HTTP/")) {
			ev.Set(ecs.HTTPVersion, rest[i+1+len("HTTP/"):])
			rest = rest[:i]
		}
		location(rest, ev)
	case "headers.Host", "headers.host":
		domain(x, ev)
	case "headers.User-Agent", "headers.user-agent":
		ev.SetDecoded(ecs.UserAgentOriginal, x, jsonscan.AppendUnescaped)
	case "headers.Referer", "headers.referer":
		if string(x) == "-" {
			break
		}
		ev.SetDecoded(ecs.HTTPRequestReferrer, x, jsonscan.AppendUnescaped)
	}
}

// message reads a value of what a rule said. Of several rules the first one is rule.id, as the rules behind it
// mostly add up scores.
func (v *verdict) message(key, x []byte, ev *sdk.Event) {
	first := v.rules <= 1
	switch string(key) {
	case "message":
		v.rules++
		if v.rules == 1 {
			name(x, ev)
		} else {
			score(x, ev)
		}
	case "details.ruleId", "data.id":
		v.rules = max(v.rules, 1)
		if first {
			ev.Set(ecs.RuleID, x)
		}
		ev.Set(ruleIDs, x)
	case "data.msg":
		if first {
			name(x, ev)
		} else {
			score(x, ev)
		}
	case "details.severity", "data.severity":
		v.rate(x)
	case "details.file", "data.file":
		if first {
			ev.SetDecoded(ruleFile, x, jsonscan.AppendUnescaped)
		}
	case "details.data", "data.data":
		if first {
			ev.SetDecoded(dataOf, x, jsonscan.AppendUnescaped)
		}
	case "details.match":
		if first {
			ev.SetDecoded(matched, x, jsonscan.AppendUnescaped)
		}
	case "details.ver", "data.ver":
		if first {
			ev.SetDecoded(ecs.RuleRuleset, x, jsonscan.AppendUnescaped)
		}
	case "details.tags", "data.tags":
		if first {
			tag(x, ev)
		}
	}
}

// tag sets a tag, and the category that tags of attacks say.
func tag(x []byte, ev *sdk.Event) {
	ev.SetDecoded(tagsOf, x, jsonscan.AppendUnescaped)
	if kind, ok := bytes.CutPrefix(x, []byte("attack-")); ok {
		ev.Set(ecs.RuleCategory, kind)
	}
}
