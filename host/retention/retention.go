// Package retention says how long events are kept: the table of the log standard.
//
// The class of an event follows from observer.type and logcenter.log_type, whose values are closed
// vocabularies. Online days count from event.ingested.
package retention

import "slices"

// Class is how long events of one row of the table are kept.
type Class struct {
	Name         string // observer type and log type joined by a dot, e.g. firewall.attack; safe in a file name
	OnlineDays   int    // searchable
	ArchiveYears int    // in the archive, counted from the same day
}

// Unclassified is the class of what the table does not know. It is as long as the longest there, so that
// nothing is lost to a typing error.
var Unclassified = Class{Name: "unclassified", OnlineDays: 90, ArchiveYears: 3}

// All stands for any log type of a device, present or not.
const All = "all"

// Row is one row of the table.
type Row struct {
	ObserverType string
	LogType      string // All: every log type
	OnlineDays   int
	ArchiveYears int
}

var table = []Row{
	{"server", "error", 90, 3},
	{"server", "security", 90, 1},
	{"server", "run_state", 60, 1},
	{"server", "other", 30, 1},
	{"middleware", "access", 90, 1},
	{"middleware", "web_server", 90, 1},
	{"middleware", "other", 30, 1},
	{"firewall", "attack", 90, 2},
	{"firewall", "run_state", 60, 1},
	{"firewall", "other", 30, 1},
	{"ips", "intrusion_protection", 90, 3},
	{"ips", "system_event", 60, 1},
	{"ips", "antivirus_event", 90, 3},
	{"ips", "web_security_event", 90, 3},
	{"ips", "other", 30, 1},
	{"waf", "system", 60, 1},
	{"waf", "web_access", 90, 2},
	{"waf", "arp_protection", 90, 3},
	{"waf", "web_security", 90, 3},
	{"waf", "other", 30, 1},
	{"business_system", "run_state", 60, 1},
	{"business_system", "error", 90, 3},
	{"business_system", "audit_operation", 90, 3},
	{"business_system", "other", 30, 1},
	{"database", "service", 90, 1},
	{"database", "audit", 90, 3},
	{"database", "other", 30, 1},
	{"network_traffic", All, 30, 1},
	{"file", All, 30, 1},
	{"video", All, 30, 1},
}

type key struct{ observer, log string }

var classes = func() map[key]Class {
	m := make(map[key]Class, len(table))
	for _, r := range table {
		m[key{r.ObserverType, r.LogType}] = r.Class()
	}
	return m
}()

// Class is the class of a row.
func (r Row) Class() Class {
	name := r.ObserverType
	if r.LogType != All {
		name += "." + r.LogType
	}
	return Class{Name: name, OnlineDays: r.OnlineDays, ArchiveYears: r.ArchiveYears}
}

// Classify returns the class of an event by its observer.type and logcenter.log_type; [Unclassified] for
// what the table does not have, empty values included.
func Classify(observerType, logType string) Class {
	if c, ok := classes[key{observerType, logType}]; ok && logType != All {
		return c
	}
	if c, ok := classes[key{observerType, All}]; ok {
		return c
	}
	return Unclassified
}

// ByName returns the class of that name.
func ByName(name string) (Class, bool) {
	if name == Unclassified.Name {
		return Unclassified, true
	}
	for _, r := range table {
		if c := r.Class(); c.Name == name {
			return c, true
		}
	}
	return Class{}, false
}

// Rows returns the table in the log standard's order.
func Rows() []Row { return slices.Clone(table) }

// ObserverTypes is the closed vocabulary of observer.type, in the table's order.
func ObserverTypes() []string {
	var out []string
	for _, r := range table {
		if !slices.Contains(out, r.ObserverType) {
			out = append(out, r.ObserverType)
		}
	}
	return out
}

// LogTypes is the closed vocabulary of logcenter.log_type for a device, in the table's order; nil if the
// device is unknown or has one class for all of its logs.
func LogTypes(observerType string) []string {
	var out []string
	for _, r := range table {
		if r.ObserverType == observerType && r.LogType != All {
			out = append(out, r.LogType)
		}
	}
	return out
}
