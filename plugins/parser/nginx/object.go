package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/accesslog"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

var errObject = errors.New(`nginx: want "request" and "status" among the variables of a JSON access log`)

// variable is what a key stands for: a field that has its text, or what is made of several.
type variable struct {
	field ecs.Field
	as    kind
}

type kind uint8

const (
	asText kind = iota
	localTime
	anyTime
	hostName
	address
	sourcePort
	request
	method
	target
	status
	size
	seconds
	backend
)

// variables are those that log formats have, by the names that nginx has for them and others in wide use.
var variables = keys.New(map[string]variable{
	"time_local":  {as: localTime},
	"timestamp":   {as: anyTime},
	"@timestamp":  {as: anyTime},
	"time":        {as: anyTime},
	"msec":        {as: anyTime},
	"remote_addr": {as: address}, "remote_port": {as: sourcePort},
	"time_iso8601": {as: anyTime},
	"remote_user":  {field: ecs.UserName},
	"request":      {as: request}, "request_method": {as: method}, "request_uri": {as: target}, "uri": {as: target},
	"status": {as: status}, "response_status": {as: status},
	"body_bytes_sent": {as: size},
	"request_time":    {as: seconds},
	"http_referer":    {field: ecs.HTTPRequestReferrer}, "http_referrer": {field: ecs.HTTPRequestReferrer},
	"http_user_agent": {field: ecs.UserAgentOriginal},
	"host":            {as: hostName}, "http_host": {as: hostName},
	"server_name":          {field: server},
	"http_x_forwarded_for": {field: forwardedFor}, "proxy_add_x_forwarded_for": {field: forwardedFor},
	"upstream_addr": {as: backend},
})

// object reads an access log in JSON.
func (p parser) object(b []byte, ev *sdk.Event) error {
	e := accesslog.Entry{Size: -1}
	it := jsonscan.Scan(b)
	for it.Next() {
		v := it.Value()
		if len(v) == 0 || len(v) == 1 && v[0] == '-' || it.Kind() == jsonscan.Null {
			continue
		}
		known := variables.Get(it.Path())
		if known == nil {
			continue
		}
		switch known.as {
		case asText:
			if it.Escaped() {
				ev.SetDecoded(known.field, v, jsonscan.AppendUnescaped)
			} else {
				ev.Set(known.field, v)
			}
		case localTime:
			e.Time = v
		case anyTime:
			ev.SetTime(timestamp.Any, p.zone, v)
		case hostName:
			ev.Set(ecs.URLDomain, host(v))
		case sourcePort:
			ev.SetPort(ecs.SourcePort, v)
		case seconds:
			ev.SetDuration(ecs.EventDuration, v, time.Second)
		case backend:
			ev.Set(upstream, v)
			first, _, _ := bytes.Cut(v, []byte(", "))
			ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, first)
		default:
			part(&e, known.as, v)
		}
	}
	ev.SetAccess(&e)
	ev.Set(badRequest, e.Request)
	switch err := it.Err(); {
	case err != nil:
		return err
	case e.Status == 0 || e.Method == nil && e.Request == nil:
		return errObject
	}
	return nil
}

// part puts what a variable says into an entry.
func part(e *accesslog.Entry, as kind, v []byte) {
	switch as {
	case address:
		e.Client = v
	case request:
		if e.Method, e.URL, e.Version = accesslog.SplitRequest(v); e.Method == nil {
			e.Request = v
		}
	case method:
		e.Method = v
	case target:
		if e.URL == nil {
			e.URL = v
		}
	case status:
		if n, ok := digits(v, 3); ok && n >= 100 {
			e.Status = int(n)
		}
	case size:
		if n, ok := digits(v, 18); ok {
			e.Size = n
		}
	}
}
