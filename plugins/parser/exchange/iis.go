package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	deviceID   = ecs.New("exchange.device_id", ecs.Keyword, "Telephone or tablet that synchronises, by its own identity.")
	deviceType = ecs.New("exchange.device_type", ecs.Keyword, "Kind of telephone or tablet that synchronises, e.g. iPhone.")
	service    = ecs.New("exchange.service", ecs.Keyword, "Web service that was called: owa, ecp, activesync, ews, mapi, rpc, autodiscover, powershell, oab.")
	subStatus  = ecs.New("exchange.iis_substatus", ecs.Long, "Number by which IIS says why it answered with the status.")
	win32      = ecs.New("exchange.win32_status", ecs.Long, "Error of Windows behind the answer, 0 for none.")
	forwarded  = ecs.New("exchange.forwarded_for", ecs.Keyword, "Clients that proxies in front say they serve.")
)

// webColumn is what becomes of a column of IIS; the zero value is passed over.
type webColumn uint8

const (
	webNone webColumn = iota
	webDate
	webTime
	webServerIP
	webMethod
	webStem
	webQuery
	webPort
	webUser
	webClient
	webAgent
	webReferrer
	webStatus
	webSubStatus
	webWin32
	webSent
	webReceived
	webTaken
	webHost
	webVersion
	webServer
	webForwarded
)

var webColumns = map[string]webColumn{
	"date": webDate, "time": webTime, "s-ip": webServerIP, "cs-method": webMethod, "cs-uri-stem": webStem, "cs-uri-query": webQuery,
	"s-port": webPort, "cs-username": webUser, "c-ip": webClient, "cs(User-Agent)": webAgent, "cs(Referer)": webReferrer, "sc-status": webStatus,
	"sc-substatus": webSubStatus, "sc-win32-status": webWin32, "sc-bytes": webSent, "cs-bytes": webReceived, "time-taken": webTaken,
	"cs-host": webHost, "cs-version": webVersion, "s-computername": webServer, "X-Forwarded-For": webForwarded,
}

var w3c = delimited.Scanner{Sep: ' ', Empty: "-"}

// web reads a line of IIS.
func (p parser) web(line []byte, ev *sdk.Event) error {
	ev.SetString(logKind, "iis")
	ev.SetString(ecs.ObserverType, "middleware")
	ev.SetString(ecs.LogcenterLogType, "access")
	ev.SetString(ecs.EventDataset, "exchange.iis")
	ev.SetString(ecs.EventCategory, "web")
	ev.SetString(ecs.NetworkProtocol, "http")
	ev.SetString(ecs.EventType, "access")
	var date, clock, stem, query []byte
	columns := 0
	for it := w3c.Scan(line); it.Next(); columns++ {
		if columns >= len(p.iis) {
			break
		}
		v := it.Value()
		switch p.iis[columns] {
		case webDate:
			date = v
		case webTime:
			clock = v
		case webStem:
			stem = v
		case webQuery:
			query = v
		default:
			column(ev, p.iis[columns], v)
		}
	}
	if len(clock) > 0 {
		ev.SetTime("2006-01-02 15:04:05", time.UTC, date, clock)
	}
	ev.Set(ecs.URLPath, stem)
	ev.Set(ecs.URLOriginal, stem)
	ev.Set(ecs.URLQuery, query)
	name := serviceOf(stem)
	ev.SetString(service, name)
	if name == "activesync" {
		synchronised(ev, query)
	}
	if columns < len(p.iis) {
		return errIIS
	}
	return nil
}

// column sets the columns that are fields by themselves.
func column(ev *sdk.Event, c webColumn, v []byte) {
	if len(v) == 0 {
		return
	}
	switch c {
	case webServerIP:
		ev.SetIP(ecs.DestinationIP, v)
	case webMethod:
		ev.Set(ecs.HTTPRequestMethod, v)
	case webPort:
		ev.SetPort(ecs.DestinationPort, v)
	case webUser:
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	case webClient:
		ev.SetIP(ecs.SourceIP, v)
	case webAgent:
		ev.Set(ecs.UserAgentOriginal, v)
	case webReferrer:
		ev.Set(ecs.HTTPRequestReferrer, v)
	case webStatus:
		answered(ev, v)
	case webSubStatus:
		ev.Set(subStatus, v)
	case webWin32:
		ev.Set(win32, v)
	case webSent:
		ev.Set(ecs.HTTPResponseBytes, v)
	case webReceived:
		ev.Set(ecs.HTTPRequestBytes, v)
	case webTaken:
		if n, ok := digits(v, 12); ok {
			ev.SetInt(ecs.EventDuration, n*1e6)
		} else {
			ev.Bad(ecs.EventDuration, "not a number of milliseconds")
		}
	case webHost:
		ev.Set(ecs.URLDomain, v)
	case webVersion:
		ev.Set(ecs.HTTPVersion, bytes.TrimPrefix(v, []byte("HTTP/")))
	case webServer:
		ev.Set(ecs.HostName, v)
	case webForwarded:
		ev.Set(forwarded, v)
	}
}

// answered sets what follows from the status.
func answered(ev *sdk.Event, v []byte) {
	n, ok := digits(v, 3)
	if !ok || n < 100 {
		ev.Bad(ecs.HTTPResponseStatusCode, "not a status from 100 to 999")
		return
	}
	ev.SetInt(ecs.HTTPResponseStatusCode, n)
	if n >= 400 {
		ev.SetString(ecs.EventOutcome, "failure")
	} else {
		ev.SetString(ecs.EventOutcome, "success")
	}
	ev.SetSeverity(v)
}

// services by the first part of the path, in small letters.
var services = map[string]string{
	"owa": "owa", "ecp": "ecp", "microsoft-server-activesync": "activesync", "ews": "ews", "mapi": "mapi", "rpc": "rpc",
	"autodiscover": "autodiscover", "powershell": "powershell", "oab": "oab",
}

// maxService is the longest of services.
const maxService = 27

func serviceOf(stem []byte) string {
	if len(stem) < 2 || stem[0] != '/' {
		return ""
	}
	name := stem[1:]
	if i := bytes.IndexByte(name, '/'); i >= 0 {
		name = name[:i]
	}
	if len(name) > maxService {
		return ""
	}
	var buf [maxService]byte
	for i, c := range name {
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		buf[i] = c
	}
	return services[string(buf[:len(name)])]
}

// synchronised sets what ActiveSync says in its query: Cmd=Sync&User=BANK%5Cli.na&DeviceId=…&DeviceType=iPhone.
func synchronised(ev *sdk.Event, query []byte) {
	for len(query) > 0 {
		i := bytes.IndexByte(query, '&')
		if i < 0 {
			i = len(query)
		}
		key, v, _ := bytes.Cut(query[:i:i], []byte("="))
		switch string(key) {
		case "Cmd":
			ev.Set(ecs.EventAction, v)
		case "DeviceId":
			ev.Set(deviceID, v)
		case "DeviceType":
			ev.Set(deviceType, v)
		}
		query = query[min(i+1, len(query)):]
	}
}
