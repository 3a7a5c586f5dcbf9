package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/message"
)

// The objects of LOGCENTER-MIB, below logcenterAlert. What is told of an alert is sent in this order.
const (
	oidID = iota + 1
	oidKind
	oidName
	oidDescription
	oidTopic
	oidType
	oidMethod
	oidFields
	oidFrequency
	oidRemarks
	oidSeverity
	oidPriority
	oidKeys
	oidCount
	oidFirst
	oidLast
	oidRule
	oidTags
	oidURL
	oidRecovers
	oidText
)

const (
	sysUpTime   = "1.3.6.1.2.1.1.3.0"
	snmpTrapOID = "1.3.6.1.6.3.1.1.4.1.0"
)

// notifications are the objects below logcenterNotifications; what is of no kind that is known is an alert.
var notifications = map[string]int{"alert": 1, string(sdk.AlertRecovery): 2, string(sdk.AlertSummary): 3, string(sdk.AlertEscalation): 4, string(sdk.AlertTest): 5}

// severities are the values of logcenterAlertSeverity, 0 being none of the five.
var severities = map[ecs.Severity]int{ecs.Debug: 1, ecs.Informational: 2, ecs.Warn: 3, ecs.Error: 4, ecs.Fatal: 5}

// overhead is what a message has besides its variables: headers, security parameters and padding.
const overhead = 256

// variables are those of a notification, values cut until they have room. The eight facts of the log standard are always
// there.
func (r *receiver) variables(m *message.Message, up time.Duration) []gosnmp.SnmpPDU {
	d, line := m.Document(), m.Line(message.Plain)
	base := fmt.Sprintf("1.3.6.1.4.1.%d.1", r.c.Enterprise)
	for limit := maxText; ; limit /= 2 {
		list, size := []gosnmp.SnmpPDU{
			{Name: sysUpTime, Type: gosnmp.TimeTicks, Value: uint32(up / (10 * time.Millisecond))}, // turns over after 497 days
			{Name: snmpTrapOID, Type: gosnmp.ObjectIdentifier, Value: fmt.Sprintf("%s.0.%d", base, max(1, notifications[d.Kind]))},
		}, overhead
		add := func(object int, kind gosnmp.Asn1BER, value any, bytes int) {
			list = append(list, gosnmp.SnmpPDU{Name: fmt.Sprintf("%s.1.%d.0", base, object), Type: kind, Value: value})
			size += 24 + bytes
		}
		text := func(object int, s string, always bool) {
			if s = message.Cut(message.Clean(s), limit); s != "" || always {
				add(object, gosnmp.OctetString, []byte(s), len(s))
			}
		}
		add(oidID, gosnmp.OctetString, []byte(message.Cut(message.Clean(d.ID), maxID)), min(len(d.ID), maxID))
		text(oidKind, d.Kind, true)
		for i, s := range [...]string{d.Name, d.Description, d.Topic, d.Type, d.Method, message.Pairs(d.Fields), d.Frequency, d.Remarks} {
			text(oidName+i, s, true)
		}
		add(oidSeverity, gosnmp.Integer, severities[ecs.Severity(d.Severity)], 1)
		add(oidPriority, gosnmp.Integer, min(max(d.Priority, 0), 5), 1)
		text(oidKeys, message.Pairs(d.Keys), false)
		add(oidCount, gosnmp.Gauge32, uint32(min(d.Count, 1<<32-1)), 4)
		for i, at := range [...]time.Time{d.First, d.Last} {
			if !at.IsZero() {
				add(oidFirst+i, gosnmp.OctetString, dateAndTime(at), 11)
			}
		}
		text(oidRule, d.Rule, false)
		text(oidTags, strings.Join(d.Tags, ","), false)
		if n := len(d.URL); n > 0 && n <= maxURL { // a link that is cut leads elsewhere
			add(oidURL, gosnmp.OctetString, []byte(message.Clean(d.URL)), n)
		}
		text(oidRecovers, d.Recovers, false)
		text(oidText, line, false)
		if size <= r.c.MaxBytes || limit == 0 {
			return list
		}
	}
}

// Bounds in bytes: of a text, which the MIB has as well, and of what is not cut further.
const (
	maxText = 4096
	maxID   = 64
	maxURL  = 256
)

// dateAndTime is a time as the textual convention of that name has it (RFC 2579).
func dateAndTime(t time.Time) []byte {
	t = t.UTC()
	return []byte{
		byte(t.Year() >> 8), byte(t.Year()), byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute()), byte(t.Second()),
		byte(t.Nanosecond() / 1e8), '+', 0, 0,
	}
}
