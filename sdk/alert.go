package sdk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/wire"
)

// AlertID makes an alert's id of its rule, its keys and the start of its window, so that the same alert has the
// same id however often it is raised.
func AlertID(rule string, keys map[string]string, window time.Time) string {
	names := make([]string, 0, len(keys))
	for k := range keys {
		names = append(names, k)
	}
	slices.Sort(names)
	h := sha256.New()
	h.Write(fmt.Appendf(nil, "%q %d", rule, window.UnixNano()))
	for _, k := range names {
		h.Write(fmt.Appendf(nil, " %q=%q", k, keys[k]))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// AlertToWire is the alert as the protocol carries it.
func AlertToWire(a Alert) *wire.Alert {
	if a.ID == "" {
		a.ID = AlertID(a.Rule, a.Keys, a.First)
	}
	return &wire.Alert{
		Id: a.ID, Rule: a.Rule, RuleVersion: a.RuleVersion, Name: a.Name, Description: a.Description,
		Topic: a.Topic, Type: a.Type, Method: a.Method, Frequency: a.Frequency, Remarks: a.Remarks,
		Severity: a.Severity, Priority: int32(a.Priority), Keys: a.Keys, Fields: a.Fields,
		EventIds: a.EventIDs, EventCount: a.Count, FirstNs: nanos(a.First), LastNs: nanos(a.Last), Tags: a.Tags,
		Kind: string(a.Kind), Recovers: a.Recovers, Channels: a.Channels, Silent: a.Silent, Target: a.Target, Url: a.URL,
	}
}

// AlertFromWire is the reverse of AlertToWire.
func AlertFromWire(a *wire.Alert) Alert {
	return Alert{
		ID: a.Id, Rule: a.Rule, RuleVersion: a.RuleVersion, Name: a.Name, Description: a.Description,
		Topic: a.Topic, Type: a.Type, Method: a.Method, Frequency: a.Frequency, Remarks: a.Remarks,
		Severity: a.Severity, Priority: int(a.Priority), Keys: a.Keys, Fields: a.Fields,
		EventIDs: a.EventIds, Count: a.EventCount, First: instant(a.FirstNs), Last: instant(a.LastNs), Tags: a.Tags,
		Kind: AlertKind(a.Kind), Recovers: a.Recovers, Channels: a.Channels, Silent: a.Silent, Target: a.Target, URL: a.Url,
	}
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
