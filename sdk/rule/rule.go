// Package rule is what a rule says: which events, in which relation to each other, raise an alert, and what the alert then
// tells. Rules are documents that plugins ship and people write; detectors make them work.
package rule

import "time"

// List are rules side by side, as a file has them.
type List struct {
	// Rules are the rules.
	Rules []Rule `yaml:"rules"`
}

// Rule says which events raise an alert. Its texts are part of the alert.
type Rule struct {
	// ID names the rule in alerts and in this configuration.
	ID string `yaml:"id" required:"true"`
	// Name is the alert's title.
	Name string `yaml:"name" required:"true"`
	// Type is keyword (every event of query), frequency (more than threshold of them within window), sequence (the events
	// of steps one after the other within window), simultaneous (those of all steps within window, in any order), absence
	// (that of the first step, and not that of the second within window behind it), silence (no event of a group for
	// window, of one that had some) or new_value (an event with values that were not seen before).
	Type string `yaml:"type" default:"frequency" enum:"keyword,frequency,sequence,simultaneous,absence,silence,new_value"`
	// Query selects events, in Logcenter's query language. It may use the fields that plugin.yaml reads. Rules with
	// steps have a query in each of them instead.
	Query string `yaml:"query"`
	// GroupBy are fields whose values are looked at apart, e.g. source.ip. Events without one of them do not
	// count. Empty takes all events together.
	GroupBy []string `yaml:"group_by"`
	// Steps are the events that a sequence, simultaneous or absence rule is about.
	Steps []Step `yaml:"steps"`
	// Window is the time within which it happens. It slides: it starts with any event, not with the clock.
	Window time.Duration `yaml:"window" default:"10m" min:"1s" max:"168h"`
	// Before is how long before the first step of an absence rule the second one is good, too.
	Before time.Duration `yaml:"before" default:"0s" min:"0s" max:"168h"`
	// Aggregate is what of the events of a frequency rule is compared with the threshold: how many there are (count), or
	// the number of different values (distinct), sum, average (avg), least (min) or greatest (max) value of field.
	Aggregate string `yaml:"aggregate" default:"count" enum:"count,distinct,sum,avg,min,max"`
	// Field is what aggregates other than count look at. Events without it do not count.
	Field string `yaml:"field"`
	// Threshold is what is still fine; a count or other aggregate above it raises the alert.
	Threshold float64 `yaml:"threshold" default:"20"`
	// Compare is above, or below for an average, least or greatest value that must not fall under threshold.
	Compare string `yaml:"compare" default:"above" enum:"above,below"`
	// Values are the fields of which a new_value rule has not seen the values, each group apart.
	Values []string `yaml:"values"`
	// Learn is how long a new_value rule only learns, from its first event on.
	Learn time.Duration `yaml:"learn" default:"24h" min:"0s" max:"2160h"`
	// Quiet is how long after an alert the same group raises no other. 0 is a minute for keyword rules and the window for
	// others.
	Quiet time.Duration `yaml:"quiet" default:"0s" min:"0s" max:"168h"`
	// Severity is one of the five unified ones.
	Severity string `yaml:"severity" default:"Warn" enum:"Debug,Info,Warn,Error,Fatal"`
	// Priority is how urgent the alert is, 1 (at once) to 5 (whenever).
	Priority int `yaml:"priority" default:"3" min:"1" max:"5"`
	// Description says what the alert means and what to do.
	Description string `yaml:"description"`
	// Topic is the stream or kind of log that is watched.
	Topic string `yaml:"topic"`
	// Method says how the alert is told; what is configured delivers it.
	Method string `yaml:"method" default:"notifiers"`
	// Frequency says how often the rule is checked.
	Frequency string `yaml:"frequency" default:"continuous"`
	// Remarks are for the reader of the alert.
	Remarks string `yaml:"remarks"`
	// Fields are taken over from the event that raised the alert; for an absence, from the newest of its first step.
	Fields []string `yaml:"fields"`
	// Tags are put on the alert; techniques of MITRE ATT&CK as attack.t1110 or attack.t1110.001.
	Tags []string `yaml:"tags"`
	// Channels are where its alerts are told, PLUGIN or PLUGIN/TARGET; without any the admin's routes decide.
	Channels []string `yaml:"channels"`
	// Silent has alerts recorded and nobody told: for a rule that is being tried.
	Silent bool `yaml:"silent"`
}

// Step is one of the events that a rule is about.
type Step struct {
	// Query selects the events.
	Query string `yaml:"query" required:"true"`
	// By are the fields whose values tie the steps together, in the same order in each; empty is group_by of the rule.
	// The first step's destination.ip may be the second's host.ip. An event with several values counts for each.
	By []string `yaml:"by"`
	// Count is how many such events a step of a sequence takes.
	Count int `yaml:"count" default:"1" min:"1" max:"50"`
	// Without is what must not happen between the step before this one and this one, in a sequence. It is tied by the
	// same fields as this step.
	Without string `yaml:"without"`
}
