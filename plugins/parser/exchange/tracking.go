package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// What ECS has, but the SDK does not yet name.
var (
	direction = ecs.New("email.direction", ecs.Keyword, "Which way the message goes: inbound, outbound or internal.")
	from      = ecs.NewList("email.from.address", ecs.Keyword, "Who the message says it is from.")
	localID   = ecs.New("email.local_id", ecs.Keyword, "Number that the server gave the message.")
	messageID = ecs.New("email.message_id", ecs.Keyword, "Identity of the message by RFC 5322, without angle brackets.")
	subject   = ecs.New("email.subject", ecs.Keyword, "What the message says it is about.")
	to        = ecs.NewList("email.to.address", ecs.Keyword, "Who the message goes to.")
	clientIP  = ecs.New("client.ip", ecs.IP, "Address of the client that handed the message in, before any relay.")
)

// What is Exchange's own.
var (
	connector        = ecs.New("exchange.connector", ecs.Keyword, "Send or receive connector that the message or conversation goes by.")
	contextText      = ecs.New("exchange.source_context", ecs.Keyword, "What the component adds about the step, such as ids of its session.")
	customData       = ecs.New("exchange.custom_data", ecs.Keyword, "Results of agents and rules that looked at the message.")
	logID            = ecs.New("exchange.log_id", ecs.Keyword, "Identity of the line in message tracking.")
	messageBytes     = ecs.New("exchange.message_bytes", ecs.Long, "Size of the message with attachments.")
	messageInfo      = ecs.New("exchange.message_info", ecs.Keyword, "Further words on the message, e.g. when it was handed in or how long it took.")
	networkMessageID = ecs.New("exchange.network_message_id", ecs.Keyword, "Identity that stays with the message on all servers, copies included.")
	originalServer   = ecs.New("exchange.original_server_ip", ecs.IP, "Server that took the message in first.")
	recipientCount   = ecs.New("exchange.recipient_count", ecs.Long, "To how many the message goes.")
	recipientStatus  = ecs.New("exchange.recipient_status", ecs.Keyword, "How it went for the recipients: To, Cc and Bcc, or the answer of the server.")
	reference        = ecs.New("exchange.reference", ecs.Keyword, "Messages that this one belongs to, e.g. the one that a report is about.")
	related          = ecs.New("exchange.related_recipient", ecs.Keyword, "Group or address that the recipient was before it was expanded or redirected.")
	returnPath       = ecs.New("exchange.return_path", ecs.Keyword, "Where reports of failure go, the MAIL FROM of SMTP.")
	schemaVersion    = ecs.New("exchange.schema_version", ecs.Keyword, "Release of Exchange that wrote the columns.")
	component        = ecs.New("exchange.source", ecs.Keyword, "Component of the transport that did the step: SMTP, STOREDRIVER, ROUTING, AGENT, ...")
	tenant           = ecs.New("exchange.tenant_id", ecs.Keyword, "Organisation that the message belongs to, on servers for several.")
	trafficType      = ecs.New("exchange.traffic_type", ecs.Keyword, "Kind of mail, e.g. Email or Journaling.")
)

// columns of message tracking since Exchange 2013. Exchange 2010 has no network-message-id.
const (
	colTime = iota
	colClientIP
	colClientName
	colServerIP
	colServerName
	colContext
	colConnector
	colSource
	colEvent
	colLocalID
	colMessageID
	colNetworkID
	colRecipients
	colStatus
	colBytes
	colCount
	colRelated
	colReference
	colSubject
	colSender
	colReturnPath
	colInfo
	colDirection
	colTenant
	colOriginalClient
	colOriginalServer
	colCustom
	colTraffic
	colLogID
	colSchema
)

// plain are the columns that are one field as they stand.
var plain = [...]ecs.Field{
	colClientIP: ecs.SourceIP, colClientName: ecs.SourceDomain, colServerIP: ecs.DestinationIP, colServerName: ecs.DestinationDomain,
	colContext: contextText, colConnector: connector, colSource: component, colEvent: ecs.EventAction, colLocalID: localID,
	colNetworkID: networkMessageID, colStatus: recipientStatus, colBytes: messageBytes, colCount: recipientCount, colRelated: related,
	colReference: reference, colSubject: subject, colSender: from, colReturnPath: returnPath, colInfo: messageInfo, colTenant: tenant, colOriginalClient: clientIP,
	colOriginalServer: originalServer, colCustom: customData, colTraffic: trafficType, colLogID: logID, colSchema: schemaVersion,
}

// tracking reads a line of message tracking.
func tracking(line []byte, ev *sdk.Event) error {
	ev.SetString(logKind, "tracking")
	ev.SetString(ecs.ObserverType, "business_system")
	ev.SetString(ecs.LogcenterLogType, "audit_operation")
	ev.SetString(ecs.EventDataset, "exchange.tracking")
	ev.SetString(ecs.EventCategory, "email")
	var client, server, event, status []byte
	last, shift := -1, 0
	it := csv.Scan(line)
	for it.Next() {
		v := it.Value()
		i := it.Index()
		if i == colNetworkID && bytes.IndexByte(v, '@') > 0 {
			shift = 1 // a line of Exchange 2010
		}
		i += shift
		last = i
		if len(v) == 0 {
			continue
		}
		switch i {
		case colTime:
			ev.Set(ecs.Timestamp, v)
			continue
		case colMessageID:
			ev.Set(messageID, bytes.TrimSuffix(bytes.TrimPrefix(v, []byte("<")), []byte(">")))
			continue
		case colRecipients:
			each(ev, to, v)
			continue
		case colDirection:
			way(ev, v)
			continue
		case colClientName:
			client = v
		case colServerName:
			server = v
		case colEvent:
			event = v
		case colStatus:
			status = v
		}
		switch {
		case i >= len(plain) || plain[i] == 0:
		case it.Quoted() && it.Escaped():
			ev.SetDecoded(plain[i], v, delimited.AppendUndoubled)
		default:
			ev.Set(plain[i], v)
		}
	}
	finish(ev, client, server, event, status)
	if err := it.Err(); err != nil {
		return err
	}
	if last < colSender || event == nil {
		return errTracking
	}
	return nil
}

// finish sets what follows from the kind of event.
func finish(ev *sdk.Event, client, server, event, status []byte) {
	host := server
	if string(event) == "SEND" || string(event) == "DEFER" || host == nil {
		host = client
	}
	ev.Set(ecs.HostName, host)
	if event == nil {
		return
	}
	ev.SetSeverity(event)
	switch string(event) {
	case "FAIL", "BADMAIL", "POISONMESSAGE", "DROP", "SUBMITFAIL", "HAREDIRECTFAIL", "DELIVERFAIL", "MODERATORREJECT":
		ev.SetString(ecs.EventOutcome, "failure")
		ev.SetString(ecs.EventType, "error")
		set(ev, ecs.EventReason, status)
	case "DELIVER", "SEND", "RECEIVE", "SUBMIT", "EXPAND", "REDIRECT", "RESOLVE", "DUPLICATEDELIVER", "DSN", "HADISCARD", "HARECEIVE", "HAREDIRECT",
		"NOTIFYMAPI", "PROCESS", "PROCESSMEETINGMESSAGE", "RESUBMIT", "TRANSFER", "AGENTINFO", "MODERATORAPPROVE", "LOAD", "JOURNALREPORT":
		ev.SetString(ecs.EventOutcome, "success")
		ev.SetString(ecs.EventType, "info")
	default: // DEFER, THROTTLE, SUPPRESSED, …: not yet decided
		ev.SetString(ecs.EventOutcome, "unknown")
		ev.SetString(ecs.EventType, "info")
		set(ev, ecs.EventReason, status)
	}
}

// each sets the addresses of a list parted by semicolons.
func each(ev *sdk.Event, f ecs.Field, v []byte) {
	for len(v) > 0 {
		i := bytes.IndexByte(v, ';')
		if i < 0 {
			i = len(v)
		}
		ev.Set(f, bytes.TrimSpace(v[:i:i]))
		v = v[min(i+1, len(v)):]
	}
}

func way(ev *sdk.Event, v []byte) {
	switch string(v) {
	case "Incoming":
		ev.SetString(direction, "inbound")
	case "Originating":
		ev.SetString(direction, "outbound")
	default: // Undefined
		ev.SetString(direction, "unknown")
	}
}

// set sets a text in which quotes may be doubled.
func set(ev *sdk.Event, f ecs.Field, v []byte) {
	if bytes.IndexByte(v, '"') < 0 {
		ev.Set(f, v)
		return
	}
	ev.SetDecoded(f, v, delimited.AppendUndoubled)
}
