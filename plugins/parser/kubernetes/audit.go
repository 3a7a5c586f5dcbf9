package main

import (
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

var (
	auditDecision = ecs.New("kubernetes.audit.decision", ecs.Keyword, "Whether the user had the right, allow or forbid.")
	auditGroup    = ecs.New("kubernetes.audit.api_group", ecs.Keyword, "Group of the API that the kind of object belongs to; none for the core.")
	auditGroups   = ecs.NewList("kubernetes.audit.user_groups", ecs.Keyword, "Groups that the user belongs to.")
	auditID       = ecs.New("kubernetes.audit.id", ecs.Keyword, "Identity of the request, the same in the events of all its stages.")
	auditLevel    = ecs.New("kubernetes.audit.level", ecs.Keyword, "How much of the request was recorded: Metadata, Request or RequestResponse.")
	auditName     = ecs.New("kubernetes.audit.object_name", ecs.Keyword, "Name of the object that the request was about.")
	auditResource = ecs.New("kubernetes.audit.resource", ecs.Keyword, "Kind of object that the request was about, e.g. pods.")
	auditRule     = ecs.New("kubernetes.audit.authorization_reason", ecs.Keyword, "Role or rule by which the right was given.")
	auditStage    = ecs.New("kubernetes.audit.stage", ecs.Keyword, "How far the request had come, e.g. ResponseComplete.")
	auditSub      = ecs.New("kubernetes.audit.subresource", ecs.Keyword, "Part of the object that the request was about, e.g. exec or log.")
)

// request is what decides on category and type, once all of an event is read.
type request struct {
	identified, timed, forbidden bool
	code                         int
	verb, resource, sub          []byte
}

// audit reads an event of the API server.
func audit(b []byte, ev *sdk.Event) error {
	var r request
	it := objects.Scan(b)
	for it.Next() {
		if it.Kind() != jsonscan.Null {
			r.value(it, ev)
		}
	}
	r.conclude(ev)
	switch err := it.Err(); {
	case !r.identified || !r.timed || len(r.verb) == 0:
		return errAudit
	case err != nil && !errors.Is(err, jsonscan.ErrPath):
		return err
	}
	return nil
}

func (r *request) value(it *jsonscan.Iter, ev *sdk.Event) {
	v := it.Value()
	switch string(it.Path()) {
	case "auditID":
		r.identified = true
		ev.Set(auditID, v)
	case "level":
		ev.Set(auditLevel, v)
	case "stage":
		ev.Set(auditStage, v)
	case "requestReceivedTimestamp":
		ev.SetTime(time.RFC3339Nano, nil, v)
		r.timed = len(v) > 0
	case "stageTimestamp":
		ev.SetTimeField(ecs.EventEnd, time.RFC3339Nano, nil, v)
	case "requestURI":
		location(v, ev)
	case "verb":
		r.verb = v
		ev.Set(ecs.EventAction, v)
	case "user.username":
		ev.SetJSON(ecs.UserName, it)
	case "user.uid":
		ev.SetJSON(ecs.UserID, it)
	case "user.groups":
		ev.SetJSON(auditGroups, it)
	case "impersonatedUser.username":
		ev.SetJSON(ecs.UserEffectiveName, it)
	case "sourceIPs":
		// A client can set all but the last one.
		ev.SetIP(ecs.SourceIP, v)
		ev.SetIP(ecs.RelatedIP, v)
	case "userAgent":
		ev.SetJSON(ecs.UserAgentOriginal, it)
	case "objectRef.resource":
		r.resource = v
		ev.SetJSON(auditResource, it)
	case "objectRef.subresource":
		r.sub = v
		ev.SetJSON(auditSub, it)
	case "objectRef.namespace":
		ev.SetJSON(namespace, it)
	case "objectRef.name":
		ev.SetJSON(auditName, it)
	case "objectRef.apiGroup":
		ev.SetJSON(auditGroup, it)
	case "responseStatus.code":
		for _, c := range v {
			if c-'0' > 9 || r.code > 999 {
				break
			}
			r.code = r.code*10 + int(c-'0')
		}
		ev.Set(ecs.HTTPResponseStatusCode, v)
	case "responseStatus.message":
		ev.SetJSON(ecs.EventReason, it)
	case "annotations.authorization.k8s.io/decision":
		r.forbidden = string(v) == "forbid"
		ev.Set(auditDecision, v)
	case "annotations.authorization.k8s.io/reason":
		ev.SetJSON(auditRule, it)
	}
}

// location sets a URL and its parts, in which JSON has escaped the & of queries.
func location(v []byte, ev *sdk.Event) {
	ev.SetDecoded(ecs.URLOriginal, v, jsonscan.AppendUnescaped)
	u := netaddr.SplitURL(v)
	ev.SetDecoded(ecs.URLPath, u.Path, jsonscan.AppendUnescaped)
	ev.SetDecoded(ecs.URLQuery, u.Query, jsonscan.AppendUnescaped)
}

// conclude sets what follows from several values.
func (r *request) conclude(ev *sdk.Event) {
	ev.SetString(ecs.EventDataset, "kubernetes.audit")
	ev.SetString(ecs.LogcenterLogType, "audit_operation")
	ev.SetString(ecs.EventCategory, "api")
	switch {
	case r.forbidden, r.code == 401, r.code == 403:
		ev.SetLevel(ecs.Warn)
		ev.SetString(ecs.EventOutcome, "failure")
		ev.SetString(ecs.EventType, "denied")
	case r.code >= 500:
		ev.SetLevel(ecs.Error)
		ev.SetString(ecs.EventOutcome, "failure")
	case r.code >= 400:
		ev.SetLevel(ecs.Informational)
		ev.SetString(ecs.EventOutcome, "failure")
	case r.code >= 100:
		ev.SetLevel(ecs.Informational)
		ev.SetString(ecs.EventOutcome, "success")
	default:
		ev.SetLevel(ecs.Informational)
		ev.SetString(ecs.EventOutcome, "unknown")
	}
	writes := true
	switch string(r.verb) {
	case "create":
		ev.SetString(ecs.EventType, "creation")
	case "delete", "deletecollection":
		ev.SetString(ecs.EventType, "deletion")
	case "update", "patch", "put", "post":
		ev.SetString(ecs.EventType, "change")
	default:
		writes = false
		ev.SetString(ecs.EventType, "access")
	}
	switch string(r.resource) {
	case "roles", "rolebindings", "clusterroles", "clusterrolebindings", "serviceaccounts", "certificatesigningrequests":
		ev.SetString(ecs.EventCategory, "iam")
	case "tokenreviews", "subjectaccessreviews", "selfsubjectaccessreviews":
		ev.SetString(ecs.EventCategory, "authentication")
	case "pods":
		if s := string(r.sub); s == "exec" || s == "attach" || s == "portforward" {
			ev.SetString(ecs.EventCategory, "process")
		} else if writes {
			ev.SetString(ecs.EventCategory, "configuration")
		}
	case "events", "leases": // what the cluster tells itself
	default:
		if writes {
			ev.SetString(ecs.EventCategory, "configuration")
		}
	}
}
