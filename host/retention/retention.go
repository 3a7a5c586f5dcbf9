// Package retention says how long events are kept: the table of the log standard, and the policy that an admin
// makes of it.
//
// The class of an event follows from observer.type and logcenter.log_type. Days and years count from the UTC day of
// event.ingested, so that a wrong device clock destroys nothing. Every event stays online for at least its online
// days: a day's events leave together, when the last of them has been there so long.
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

var standard = []Row{
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

// Class is the class of a row.
func (r Row) Class() Class {
	name := r.ObserverType
	if r.LogType != All {
		name += "." + r.LogType
	}
	return Class{Name: name, OnlineDays: r.OnlineDays, ArchiveYears: r.ArchiveYears}
}

// Rows returns the log standard's table in its order.
func Rows() []Row { return slices.Clone(standard) }
