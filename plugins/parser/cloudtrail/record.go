package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
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
	resources   = declareList("cloudtrail.resources", "Names of the resources that the request was about.")
	accountID   = ecs.CloudAccountID
	provider    = ecs.CloudProvider
	region      = ecs.CloudRegion
	targetUser  = ecs.UserTargetName
)

func declareList(name, description string) ecs.Field {
	f, err := ecs.Define(ecs.Info{Name: name, Type: ecs.Keyword, List: true, Description: description})
	if err != nil {
		panic(err)
	}
	return f
}

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

// set sets a text.
func set(field ecs.Field, it *jsonscan.Iter, ev *sdk.Event) {
	if it.Escaped() {
		ev.SetDecoded(field, it.Value(), jsonscan.AppendUnescaped)
		return
	}
	ev.Set(field, it.Value())
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
		set(userARN, it, ev)
	case "accountId":
		ev.Set(userAccount, it.Value())
	case "accessKeyId":
		ev.Set(accessKey, it.Value())
	case "userName":
		f.name = it.Value()
		set(ecs.UserName, it, ev)
	case "invokedBy":
		set(invokedBy, it, ev)
	case "sessionContext.attributes.mfaAuthenticated":
		ev.SetBool(mfa, string(it.Value()) == "true")
	case "sessionContext.sessionIssuer.userName":
		set(ecs.UserEffectiveName, it, ev)
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
		set(ecs.EventAction, it, ev)
	case "eventSource":
		f.source = v
		set(ecs.EventProvider, it, ev)
	case "awsRegion":
		ev.Set(region, v)
	case "sourceIPAddress":
		if netaddr.AddrLen(v) == len(v) {
			ev.SetIP(ecs.SourceIP, v)
		} else {
			set(ecs.SourceAddress, it, ev) // a service of AWS
		}
	case "userAgent":
		set(ecs.UserAgentOriginal, it, ev)
	case "errorCode":
		f.failed = f.failed || len(v) > 0
		f.denied = isDenial(v)
		set(errorCode, it, ev)
	case "errorMessage":
		f.failed = f.failed || len(v) > 0
		set(ecs.EventReason, it, ev)
	case "requestID":
		set(ecs.TraceID, it, ev)
	case "eventID":
		set(eventID, it, ev)
	case "eventType":
		ev.Set(eventType, v)
	case "eventCategory":
		ev.Set(category, v)
	case "readOnly":
		f.rated, f.reads = true, string(v) == "true"
		ev.SetBool(readOnly, f.reads)
	case "recipientAccountId":
		ev.Set(accountID, v)
	case "vpcEndpointId":
		ev.Set(vpcEndpoint, v)
	case "responseElements.ConsoleLogin":
		f.failed = f.failed || string(v) != "Success"
	case "additionalEventData.MFAUsed":
		ev.SetBool(mfa, string(v) == "Yes")
	case "insightDetails.eventName":
		f.action = v
		set(ecs.EventAction, it, ev)
	case "insightDetails.eventSource":
		f.source = v
		set(ecs.EventProvider, it, ev)
	case "insightDetails.insightType":
		set(insight, it, ev)
	case "insightDetails.state":
		f.insight = v
	case "requestParameters.userName":
		set(targetUser, it, ev)
	case "requestParameters.bucketName":
		set(bucket, it, ev)
	case "requestParameters.key":
		set(objectKey, it, ev)
	case "resources.ARN":
		set(resources, it, ev)
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
	ev.SetString(provider, "aws")
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

// verbs are what names of actions begin with, and which type that is.
var verbs = [...]struct{ verb, typ string }{
	{"Create", "creation"},
	{"Run", "creation"},
	{"Register", "creation"},
	{"Put", "change"},
	{"Delete", "deletion"},
	{"Terminate", "deletion"},
	{"Remove", "deletion"},
	{"Deregister", "deletion"},
	{"ConsoleLogin", "start"},
	{"Assume", "start"},
	{"GetSessionToken", "start"},
	{"Get", "access"},
	{"List", "access"},
	{"Describe", "access"},
	{"Head", "access"},
}

func (f *facts) typ() string {
	for i := range verbs {
		if v := verbs[i].verb; len(f.action) >= len(v) && string(f.action[:len(v)]) == v {
			return verbs[i].typ
		}
	}
	if f.reads {
		return "access"
	}
	return "change"
}
