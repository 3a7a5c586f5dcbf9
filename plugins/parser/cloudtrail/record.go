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
	accessKey   = ecs.New("cloudtrail.access_key_id", ecs.Keyword, "Key that the request was signed with; it is no secret by itself.")
	bucket      = ecs.New("cloudtrail.bucket", ecs.Keyword, "Bucket of S3 that the request was about.")
	category    = ecs.New("cloudtrail.category", ecs.Keyword, "Kind of trail event: Management, Data, NetworkActivity or Insight.")
	errorCode   = ecs.New("cloudtrail.error_code", ecs.Keyword, "Error that the service answered with, e.g. AccessDenied.")
	eventID     = ecs.New("cloudtrail.event_id", ecs.Keyword, "Identity that CloudTrail gave the record, the same in all copies of it.")
	eventType   = ecs.New("cloudtrail.event_type", ecs.Keyword, "What caused the record, e.g. AwsApiCall, AwsConsoleSignIn or AwsServiceEvent.")
	insight     = ecs.New("cloudtrail.insight_type", ecs.Keyword, "What CloudTrail found unusual, e.g. ApiCallRateInsight or ApiErrorRateInsight.")
	invokedBy   = ecs.New("cloudtrail.invoked_by", ecs.Keyword, "Service of AWS that made the request on the user's behalf.")
	mfa         = ecs.New("cloudtrail.mfa", ecs.Boolean, "Whether the user had proven who he is by a second factor.")
	objectKey   = ecs.New("cloudtrail.object_key", ecs.Keyword, "Object in the bucket that the request was about.")
	readOnly    = ecs.New("cloudtrail.read_only", ecs.Boolean, "Whether the request only reads.")
	userAccount = ecs.New("cloudtrail.user_account_id", ecs.Keyword, "Account that the user belongs to, which may be another than that of the resource.")
	userARN     = ecs.New("cloudtrail.user_arn", ecs.Keyword, "Name of the user or of the session of a role, unique in all of AWS.")
	userType    = ecs.New("cloudtrail.user_type", ecs.Keyword, "Kind of identity, e.g. Root, IAMUser, AssumedRole or AWSService.")
	vpcEndpoint = ecs.New("cloudtrail.vpc_endpoint_id", ecs.Keyword, "Endpoint by which the request came from a private network.")
	resources   = ecs.NewList("cloudtrail.resources", ecs.Keyword, "Names of the resources that the request was about.")
)

// facts are what decides on outcome, category and type, once all of a record is read.
type facts struct {
	version, timed               bool
	failed, denied, reads, rated bool
	action, source, principal    []byte
	name, kind, insight          []byte
}

// record reads one record.
func record(b []byte, ev *sdk.Event) error {
	var f facts
	it := records.Scan(b)
	for it.Next() {
		if it.Kind() == jsonscan.Null {
			continue
		}
		path := it.Path()
		if len(path) > 7 && path[0] == 'd' && string(path[:7]) == "detail." { // as EventBridge wraps it
			path = path[7:]
		}
		if bytes.HasPrefix(path, []byte("userIdentity.")) {
			f.identity(path[len("userIdentity."):], it, ev)
		} else {
			f.fact(path, it, ev)
		}
	}
	err := it.Err()
	if f.version || len(f.action) > 0 {
		f.conclude(err == nil || errors.Is(err, jsonscan.ErrPath), ev)
	}
	switch {
	case !f.version:
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
		f.kind = it.Value()
		ev.Set(userType, f.kind)
	case "principalId":
		f.principal = it.Value()
		ev.Set(ecs.UserID, f.principal)
	case "arn":
		ev.SetJSON(userARN, it)
	case "accountId":
		ev.Set(userAccount, it.Value())
	case "accessKeyId":
		ev.Set(accessKey, it.Value())
	case "userName":
		f.name = it.Value()
		ev.SetJSON(ecs.UserName, it)
	case "invokedBy":
		ev.SetJSON(invokedBy, it)
	case "sessionContext.attributes.mfaAuthenticated":
		ev.SetBool(mfa, string(it.Value()) == "true")
	case "sessionContext.sessionIssuer.userName":
		ev.SetJSON(ecs.UserEffectiveName, it)
	}
}

// fact reads what else a record says.
func (f *facts) fact(path []byte, it *jsonscan.Iter, ev *sdk.Event) {
	v := it.Value()
	switch string(path) {
	case "eventVersion":
		f.version = true
	case "eventTime":
		ev.SetTime(time.RFC3339, time.UTC, v)
		f.timed = len(v) > 0
	case "eventName":
		f.action = v
		ev.SetJSON(ecs.EventAction, it)
	case "eventSource":
		f.source = v
		ev.SetJSON(ecs.EventProvider, it)
	case "awsRegion":
		ev.Set(ecs.CloudRegion, v)
	case "sourceIPAddress":
		if netaddr.AddrLen(v) == len(v) {
			ev.SetIP(ecs.SourceIP, v)
		} else {
			ev.SetJSON(ecs.SourceAddress, it) // a service of AWS
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
	case "requestID":
		ev.SetJSON(ecs.TraceID, it)
	case "eventID":
		ev.SetJSON(eventID, it)
	case "eventType":
		ev.Set(eventType, v)
	case "eventCategory":
		ev.Set(category, v)
	case "readOnly":
		f.rated, f.reads = true, string(v) == "true"
		ev.SetBool(readOnly, f.reads)
	case "recipientAccountId":
		ev.Set(ecs.CloudAccountID, v)
	case "vpcEndpointId":
		ev.Set(vpcEndpoint, v)
	case "responseElements.ConsoleLogin":
		f.failed = f.failed || string(v) != "Success"
	case "additionalEventData.MFAUsed":
		ev.SetBool(mfa, string(v) == "Yes")
	case "insightDetails.eventName":
		f.action = v
		ev.SetJSON(ecs.EventAction, it)
	case "insightDetails.eventSource":
		f.source = v
		ev.SetJSON(ecs.EventProvider, it)
	case "insightDetails.insightType":
		ev.SetJSON(insight, it)
	case "insightDetails.state":
		f.insight = v
	case "requestParameters.userName":
		ev.SetJSON(ecs.UserTargetName, it)
	case "requestParameters.bucketName":
		ev.SetJSON(bucket, it)
	case "requestParameters.key":
		ev.SetJSON(objectKey, it)
	case "resources.ARN":
		ev.SetJSON(resources, it)
	case "tlsDetails.tlsVersion":
		ev.Set(ecs.TLSVersion, v)
	case "tlsDetails.cipherSuite":
		ev.Set(ecs.TLSCipher, v)
	case "tlsDetails.clientProvidedHostHeader":
		host, _ := netaddr.SplitHostPort(v)
		ev.Set(ecs.URLDomain, host)
	}
}

// isDenial tells errors by which a service refuses a right.
func isDenial(v []byte) bool {
	return bytes.Contains(v, []byte("AccessDenied")) || bytes.Contains(v, []byte("Unauthorized")) || string(v) == "NotAuthorized" || string(v) == "Forbidden"
}

// conclude sets what follows from several values. Of a part of it is not known whether there was an error.
func (f *facts) conclude(whole bool, ev *sdk.Event) {
	ev.SetString(ecs.CloudProvider, "aws")
	if f.insight != nil { // about many calls: whether they failed is not said
		f.conspicuous(ev)
		return
	}
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
	if len(f.name) == 0 {
		// The session of a role is ID:NAME, and the root user has no name at all.
		if i := bytes.IndexByte(f.principal, ':'); i >= 0 {
			ev.Set(ecs.UserName, f.principal[i+1:])
		} else if string(f.kind) == "Root" {
			ev.SetString(ecs.UserName, "root")
		}
	}
	ev.SetString(ecs.EventCategory, "api")
	service, _, _ := bytes.Cut(f.source, []byte{'.'})
	switch string(service) {
	case "signin", "sts":
		ev.SetString(ecs.EventCategory, "authentication")
	case "iam", "sso", "identitystore", "sso-directory", "organizations":
		ev.SetString(ecs.EventCategory, "iam")
	default:
		if f.rated && !f.reads {
			ev.SetString(ecs.EventCategory, "configuration")
		}
	}
	ev.SetString(ecs.EventType, f.typ())
	if f.denied {
		ev.SetString(ecs.EventType, "denied")
	}
}

// conspicuous is for events that say that a number of calls is unusual, or no longer so.
func (f *facts) conspicuous(ev *sdk.Event) {
	ev.SetString(ecs.EventKind, "alert")
	ev.SetString(ecs.EventCategory, "api")
	ev.SetLevel(ecs.Warn)
	typ := "start"
	if string(f.insight) == "End" {
		typ = "end"
	}
	ev.SetString(ecs.EventType, typ)
}

// sessions are calls that begin one.
var sessions = [...]string{"ConsoleLogin", "Assume", "GetSessionToken"}

// typ is what the call does.
func (f *facts) typ() string {
	for _, name := range sessions {
		if len(f.action) >= len(name) && string(f.action[:len(name)]) == name {
			return "start"
		}
	}
	if is := classify.Call(f.action); is != "" {
		return is
	}
	if f.reads {
		return "access"
	}
	return "change"
}
