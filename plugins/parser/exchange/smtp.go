package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

var (
	command = ecs.New("exchange.smtp_command", ecs.Keyword, "Verb of the SMTP command, e.g. EHLO or MAIL.")
	data    = ecs.New("exchange.data", ecs.Keyword, "What went over the line, or what the server notes of itself.")
	session = ecs.New("exchange.session_id", ecs.Keyword, "Conversation that the line belongs to.")
)

// actions are the marks of the column event.
var actions = [256]string{'+': "connect", '-': "disconnect", '>': "send", '<': "receive", '*': "information"}

// conversation reads a line of an SMTP conversation.
func conversation(line []byte, ev *sdk.Event) error {
	ev.SetString(logKind, "smtp")
	ev.SetString(ecs.ObserverType, "business_system")
	ev.SetString(ecs.EventDataset, "exchange.smtp")
	ev.SetString(ecs.EventCategory, "email")
	ev.SetString(ecs.NetworkProtocol, "smtp")
	ev.SetString(ecs.NetworkTransport, "tcp")
	var local, remote, text, context []byte
	mark := byte(0)
	columns := 0
	it := csv.Scan(line)
	for ; it.Next(); columns++ {
		v := it.Value()
		switch it.Index() {
		case 0:
			ev.Set(ecs.Timestamp, v)
		case 1:
			set(ev, connector, v)
			if i := bytes.IndexByte(v, '\\'); i > 0 {
				ev.Set(ecs.HostName, v[:i:i]) // SERVER\Name of the connector
			}
		case 2:
			ev.Set(session, v)
		case 3:
			ev.Set(ecs.EventSequence, v)
		case 4:
			local = v
		case 5:
			remote = v
		case 6:
			if len(v) == 1 {
				mark = v[0]
				ev.SetString(ecs.EventAction, actions[mark])
			}
		case 7:
			text = v
			set(ev, data, v)
		case 8:
			context = v
			set(ev, ecs.EventReason, v)
		}
	}
	incoming := endpoints(ev, local, remote)
	bad := speak(ev, text, mark, incoming)
	version(ev, text)
	version(ev, context)
	switch mark {
	case '+':
		ev.SetString(ecs.EventType, "start")
	case '-':
		ev.SetString(ecs.EventType, "end")
	default:
		ev.SetString(ecs.EventType, "info")
	}
	if bad {
		ev.SetString(ecs.LogcenterLogType, "error")
	} else {
		ev.SetString(ecs.LogcenterLogType, "run_state")
	}
	if err := it.Err(); err != nil {
		return err
	}
	if columns < 8 || mark == 0 {
		return errSMTP
	}
	return nil
}

// endpoints sets source and destination, and reports whether the other side called. The log does not say, but servers
// listen on few ports.
func endpoints(ev *sdk.Event, local, remote []byte) (incoming bool) {
	source, sourcePort := netaddr.SplitHostPort(local)
	destination, destinationPort := netaddr.SplitHostPort(remote)
	switch string(sourcePort) {
	case "25", "465", "475", "587", "717", "2525", "2526":
		incoming = true
		source, sourcePort, destination, destinationPort = destination, destinationPort, source, sourcePort
		ev.SetString(ecs.NetworkDirection, "inbound")
	default:
		ev.SetString(ecs.NetworkDirection, "outbound")
	}
	ev.SetIP(ecs.SourceIP, source)
	ev.SetPort(ecs.SourcePort, sourcePort)
	ev.SetIP(ecs.DestinationIP, destination)
	ev.SetPort(ecs.DestinationPort, destinationPort)
	return incoming
}

// speak reads a command or an answer. It reports whether something was refused.
func speak(ev *sdk.Event, v []byte, mark byte, incoming bool) (refused bool) {
	if mark != '>' && mark != '<' || len(v) == 0 {
		return false
	}
	if (mark == '>') == incoming { // of the server: 250 2.1.0 Sender OK
		if len(v) < 3 {
			return false
		}
		code, ok := digits(v[:3], 3)
		if !ok || code < 200 {
			return false
		}
		ev.Set(ecs.EventCode, v[:3:3])
		ev.SetSeverity(v[:1:1])
		if code >= 400 {
			ev.SetString(ecs.EventOutcome, "failure")
			return true
		}
		ev.SetString(ecs.EventOutcome, "success")
		return false
	}
	verb, rest, _ := bytes.Cut(v, []byte(" "))
	if !isVerb(verb) {
		return false
	}
	ev.Set(command, verb)
	switch string(verb) {
	case "EHLO", "HELO":
		ev.Set(ecs.SourceDomain, rest)
	case "MAIL":
		ev.Set(from, angle(rest))
	case "RCPT":
		ev.Set(to, angle(rest))
	case "AUTH":
		if _, secret, ok := bytes.Cut(rest, []byte(" ")); ok {
			ev.Set(ecs.UserPassword, secret) // AUTH PLAIN with name and password in Base64
		}
	}
	return false
}

func isVerb(b []byte) bool {
	for _, c := range b {
		if c-'A' > 'Z'-'A' && c != '-' {
			return false
		}
	}
	return len(b) >= 4 && len(b) <= 12
}

// angle is what stands in angle brackets.
func angle(b []byte) []byte {
	i := bytes.IndexByte(b, '<')
	j := bytes.IndexByte(b, '>')
	if i < 0 || j < i {
		return nil
	}
	return b[i+1 : j : j]
}

var protocol = []byte("SP_PROT_TLS1_")

// version sets the version of TLS that was agreed on: SP_PROT_TLS1_2_SERVER.
func version(ev *sdk.Event, v []byte) {
	i := bytes.Index(v, protocol)
	if i < 0 || i+len(protocol) == len(v) {
		return
	}
	switch v[i+len(protocol)] {
	case '0':
		ev.SetString(ecs.TLSVersion, "1.0")
	case '1':
		ev.SetString(ecs.TLSVersion, "1.1")
	case '2':
		ev.SetString(ecs.TLSVersion, "1.2")
	case '3':
		ev.SetString(ecs.TLSVersion, "1.3")
	}
}
