package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

var (
	accessKey   = ecs.New("actiontrail.access_key_id", ecs.Keyword, "Key that the request was signed with; it is no secret by itself.")
	category    = ecs.New("actiontrail.category", ecs.Keyword, "Kind of trail event: Management or Data.")
	errorCode   = ecs.New("actiontrail.error_code", ecs.Keyword, "Error that the service answered with, e.g. NoPermission.")
	eventID     = ecs.New("actiontrail.event_id", ecs.Keyword, "Identity that ActionTrail gave the event, the same in all copies of it.")
	eventType   = ecs.New("actiontrail.event_type", ecs.Keyword, "What caused the event, e.g. ApiCall, ConsoleSignin or AliyunServiceEvent.")
	mfa         = ecs.New("actiontrail.mfa", ecs.Boolean, "Whether the user had proven who he is by a second factor.")
	readWrite   = ecs.New("actiontrail.rw", ecs.Keyword, "Whether the request only reads, Read, or also changes something, Write.")
	resource    = ecs.NewList("actiontrail.resource_name", ecs.Keyword, "Names of the resources that the request was about.")
	resourceOf  = ecs.NewList("actiontrail.resource_type", ecs.Keyword, "Kinds of the resources that the request was about, e.g. ACS::ECS::Instance.")
	userAccount = ecs.New("actiontrail.user_account_id", ecs.Keyword, "Account that the user belongs to, which may be another than that of the resource.")
	userType    = ecs.New("actiontrail.user_type", ecs.Keyword, "Kind of identity, e.g. root-account, ram-user, assumed-role or system.")
	vpcID       = ecs.New("actiontrail.vpc_id", ecs.Keyword, "Private network that the request came from.")
)

// facts are what decides on outcome, category and type, once all of an event is read.
type facts struct {
	identified, timed     bool
	failed, denied        bool
	reads, writes         bool
	action, kind, service []byte
	name, user            []byte
}

// event reads one event.
func event(b []byte, ev *sdk.Event) error {
	var f facts
	it := events.Scan(b)
	for it.Next() {
		if it.Kind() == jsonscan.Null {
			continue
		}
		path := it.Path()
		if len(path) > 6 && path[5] == '.' && string(path[:6]) == "event." { // as Simple Log Service wraps it
			path = path[6:]
		}
		if bytes.HasPrefix(path, []byte("userIdentity.")) {
			f.identity(path[len("userIdentity."):], it, ev)
		} else {
			f.fact(path, it, ev)
		}
	}
	err := it.Err()
	if f.identified || len(f.action) > 0 {
		f.conclude(err == nil || errors.Is(err, jsonscan.ErrPath), ev)
	}
	switch {
	case !f.identified:
		return errForm
	case !f.timed:
		return errTime
	case len(f.action) == 0:
		return errAction
	case err != nil && !errors.Is(err, jsonscan.ErrPath):
		return err
	}
	return nil
}

// identity reads who made the request.
func (f *facts) identity(key []byte, it *jsonscan.Iter, ev *sdk.Event) {
	switch string(key) {
	case "type":
		f.user = it.Value()
		ev.Set(userType, f.user)
	case "principalId":
		ev.Set(ecs.UserID, it.Value())
	case "accountId":
		ev.Set(userAccount, it.Value())
	case "accessKeyId":
		ev.Set(accessKey, it.Value())
	case "userName":
		f.name = it.Value()
		ev.SetJSON(ecs.UserName, it)
	case "sessionContext.attributes.mfaAuthenticated":
		ev.SetBool(mfa, string(it.Value()) == "true")
	}
}

// fact reads what else an event says.
func (f *facts) fact(path []byte, it *jsonscan.Iter, ev *sdk.Event) {
	v := it.Value()
	switch string(path) {
	case "eventId":
		f.identified = true
		ev.SetJSON(eventID, it)
	case "eventTime":
		ev.SetTime(time.RFC3339, time.UTC, v)
		f.timed = len(v) > 0
	case "eventName":
		f.action = v
		ev.SetJSON(ecs.EventAction, it)
	case "eventSource":
		ev.SetJSON(ecs.EventProvider, it)
	case "serviceName":
		f.service = v
		ev.SetJSON(ecs.ServiceName, it)
	case "acsRegion":
		ev.Set(ecs.CloudRegion, v)
	case "sourceIpAddress":
		if netaddr.AddrLen(v) == len(v) {
			ev.SetIP(ecs.SourceIP, v)
		} else {
			ev.SetJSON(ecs.SourceAddress, it) // a service of the cloud
		}
	case "userAgent":
		ev.SetJSON(ecs.UserAgentOriginal, it)
	case "errorCode":
		f.failed = f.failed || len(v) > 0
		f.denied = isDenial(v)
		ev.SetJSON(errorCode, it)
	case "errorMessage":
		f.failed = f.failed || len(v) > 0
		ev.SetJSON(ecs.EventReason, it)
	case "requestId":
		ev.SetJSON(ecs.TraceID, it)
	case "eventType":
		f.kind = v
		ev.Set(eventType, v)
	case "eventCategory":
		ev.Set(category, v)
	case "eventRW":
		f.reads, f.writes = string(v) == "Read", string(v) == "Write"
		ev.Set(readWrite, v)
	case "recipientAccountId":
		ev.Set(ecs.CloudAccountID, v)
	case "vpcId":
		ev.Set(vpcID, v)
	case "resourceName":
		parts(resource, it, ev)
	case "resourceType":
		parts(resourceOf, it, ev)
	case "requestParameters.UserName", "requestParameters.UserPrincipalName":
		ev.SetJSON(ecs.UserTargetName, it)
	case "additionalEventData.isMFAChecked", "additionalEventData.mfaChecked":
		ev.SetBool(mfa, string(v) == "true")
	}
}

// parts sets what semicolons part.
func parts(field ecs.Field, it *jsonscan.Iter, ev *sdk.Event) {
	if it.Escaped() {
		ev.SetJSON(field, it)
		return
	}
	for v := it.Value(); len(v) > 0; {
		part, rest, _ := bytes.Cut(v, []byte{';'})
		ev.Set(field, part)
		v = rest
	}
}

// isDenial tells errors by which a service refuses a right.
func isDenial(v []byte) bool {
	for _, word := range [...]string{"NoPermission", "Forbidden", "Unauthorized", "AccessDenied", "NotAuthorized"} {
		if bytes.Contains(v, []byte(word)) {
			return true
		}
	}
	return false
}

// conclude sets what follows from several values. Of a part of it is not known whether there was an error.
func (f *facts) conclude(whole bool, ev *sdk.Event) {
	ev.SetString(ecs.CloudProvider, "aliyun")
	switch {
	case f.failed:
		ev.SetString(ecs.EventOutcome, "failure")
		ev.SetLevel(ecs.Warn)
	case whole:
		ev.SetString(ecs.EventOutcome, "success")
		ev.SetLevel(ecs.Informational)
	default:
		ev.SetString(ecs.EventOutcome, "unknown")
		ev.SetLevel(ecs.Informational)
	}
	if string(f.user) == "assumed-role" { // ROLE:SESSION
		if i := bytes.LastIndexByte(f.name, ':'); i > 0 {
			ev.Set(ecs.UserEffectiveName, f.name[:i])
			ev.Set(ecs.UserName, f.name[i+1:])
		}
	}
	ev.SetString(ecs.EventCategory, "api")
	switch {
	case string(f.kind) == "ConsoleSignin":
		ev.SetString(ecs.EventCategory, "authentication")
		ev.SetString(ecs.EventType, "start")
	case string(f.kind) == "ConsoleSignout":
		ev.SetString(ecs.EventCategory, "authentication")
		ev.SetString(ecs.EventType, "end")
	case string(f.service) == "Sts":
		ev.SetString(ecs.EventCategory, "authentication")
		ev.SetString(ecs.EventType, "start")
	default:
		if string(f.service) == "Ram" {
			ev.SetString(ecs.EventCategory, "iam")
		} else if f.writes {
			ev.SetString(ecs.EventCategory, "configuration")
		}
		ev.SetString(ecs.EventType, f.typ())
	}
	if f.denied {
		ev.SetString(ecs.EventType, "denied")
	}
}

// typ is what the call does.
func (f *facts) typ() string {
	if is := classify.Call(f.action); is != "" {
		return is
	}
	if f.reads {
		return "access"
	}
	return "change"
}
