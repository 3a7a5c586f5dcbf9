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
	// ID names the rule in alerts, exceptions and commands: letters, digits, '-', '_' and '.', at most 100.
	ID string `yaml:"id" required:"true"`
	// Name is the alert's title.
	Name string `yaml:"name" required:"true"`
	// Description says what the alert means and what to do.
	Description string `yaml:"description"`
	// Replaces is the id of the plugin whose rule of the same id this one stands in for. Without it an id that is taken is
	// refused.
	Replaces string `yaml:"replaces"`
	// Disabled has the rule kept and not run.
	Disabled bool `yaml:"disabled"`
	// Type is keyword (every event of query), frequency (more than threshold of them within window), sequence (the events
	// of steps one after the other within window), simultaneous (those of all steps within window, in any order), absence
	// (that of the first step, and not that of the second within window behind it), silence (no event of a group received
	// for window, of one that had some), new_value (an event with values that were not seen before) or deviation (a window's
	// count is far from what this hour of this weekday usually has).
	Type string `yaml:"type" default:"frequency" enum:"keyword,frequency,sequence,simultaneous,absence,silence,new_value,deviation"`
	// Stream is a saved query; only events in it count. Empty looks at all.
	Stream string `yaml:"stream"`
	// Query selects events, in Logcenter's query language. It may use the fields that the detector's plugin.yaml reads. Rules
	// with steps have a query in each of them instead. A rule on a field's value is a keyword rule with a range, such as
	// event.duration:>5000000000.
	Query string `yaml:"query"`
	// GroupBy are fields whose values are looked at apart, e.g. source.ip. Events without one of them do not
	// count. Empty takes all events together.
	GroupBy []string `yaml:"group_by"`
	// Steps are the events that a sequence, simultaneous or absence rule is about.
	Steps []Step `yaml:"steps"`
	// Window is the time within which it happens. It slides: it starts with any event, not with the clock. Only windows of
	// deviation rules stand side by side.
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
	// Compare is above, or below for an average, least or greatest value that must not fall under threshold. Of deviation
	// rules it is the direction, and may be both.
	Compare string `yaml:"compare" default:"above" enum:"above,below,both"`
	// Deviations is how many standard deviations from the usual are still fine, of a deviation rule.
	Deviations float64 `yaml:"deviations" default:"4" min:"1" max:"100"`
	// Minimum is how many events a window of a deviation rule must have, or usually have, to be judged at all.
	Minimum int `yaml:"minimum" default:"10" min:"1" max:"1000000000"`
	// Values are the fields of which a new_value rule has not seen the values, each group apart.
	Values []string `yaml:"values"`
	// Learn is how long a new_value or deviation rule only learns, from its first event on.
	Learn time.Duration `yaml:"learn" default:"24h" min:"0s" max:"2160h"`
	// Quiet is how long after an alert the same group raises no other. 0 is a minute for keyword rules and the window for
	// others.
	Quiet time.Duration `yaml:"quiet" default:"0s" min:"0s" max:"168h"`
	// Recovery has another message told when what a silence, frequency (count) or deviation alert was about is over, or a
	// keyword alert by an event of ends.
	Recovery bool `yaml:"recovery"`
	// Ends is the query of the event that ends what a keyword alert of the same group was about: a plugin runs again, a link
	// is up. It is good at any time, and the group is not quiet behind it. It needs recovery.
	Ends string `yaml:"ends"`
	// Schedule says when the rule watches, by the events' own times. Absent, it always does.
	Schedule *Schedule `yaml:"schedule"`
	// Exceptions are events that do not count, each with who said so and why.
	Exceptions []Exception `yaml:"exceptions"`
	// Severity is one of the five unified ones.
	Severity string `yaml:"severity" default:"Warn" enum:"Debug,Info,Warn,Error,Fatal"`
	// Priority is how urgent the alert is, 1 (at once) to 5 (whenever).
	Priority int `yaml:"priority" default:"3" min:"1" max:"5"`
	// Topic is the kind of log that is watched, for the reader of the alert.
	Topic string `yaml:"topic"`
	// Method says how the alert is told; what is configured delivers it.
	Method string `yaml:"method" default:"notifiers"`
	// Frequency is how often absence, silence and deviation rules are checked: continuous, or a duration of whole seconds that
	// divides a day, such as 5m. Rules that fire on an event are continuous.
	Frequency string `yaml:"frequency" default:"continuous"`
	// Remarks are for the reader of the alert.
	Remarks string `yaml:"remarks"`
	// Fields are taken over from the event that raised the alert; for an absence, from the newest of its first step.
	Fields []string `yaml:"fields"`
	// Tags are put on the alert; tactics and techniques of MITRE ATT&CK as attack.credential-access, attack.t1110 or
	// attack.t1110.001.
	Tags []string `yaml:"tags"`
	// Channels are where its alerts are told, PLUGIN or PLUGIN/TARGET; without any the admin's routes decide.
	Channels []string `yaml:"channels"`
	// Silent has alerts recorded and nobody told: for a rule that is being tried.
	Silent bool `yaml:"silent"`
	// Author is who wrote the rule.
	Author string `yaml:"author"`
	// References are links to what the rule is about.
	References []string `yaml:"references"`
	// FalsePositives say what harmless things fire it.
	FalsePositives []string `yaml:"false_positives"`
	// Examples must fire, or must not: what `logcenter rule test` runs.
	Examples []Example `yaml:"examples"`
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

// Exception says which events a rule does not count.
type Exception struct {
	// Query selects the events.
	Query string `yaml:"query" required:"true"`
	// Author is who asked for it.
	Author string `yaml:"author" required:"true"`
	// Reason is why it is fine.
	Reason string `yaml:"reason" required:"true"`
	// Until is the first instant at which it counts no more, by the events' times: 2027-01-31 (the day's beginning, UTC) or
	// 2027-01-31T18:00:00+08:00. Empty never ends.
	Until string `yaml:"until"`
}
