package config

import "time"

// AlertRecords configures how alerts are grouped and kept. Every alert is recorded; these say what is told and for how
// long the records are there.
type AlertRecords struct {
	// Remind is how long a repeat of an alert (same rule, same keys) that nobody has closed is only counted; then it is told
	// again. What becomes more severe is told at once. 0 never reminds.
	Remind time.Duration `yaml:"remind" default:"24h" min:"0s" max:"8760h"`
	// StormRule is how many alerts of one rule are told within storm_window; what is more is recorded and told in one
	// summary at its beginning and after each storm_window. 0 is without bound.
	StormRule int `yaml:"storm_rule" default:"20" min:"0" max:"100000"`
	// StormAll is the same for all rules together. Alerts of severity Fatal or priority 1 are told all the same. 0 is without
	// bound.
	StormAll int `yaml:"storm_all" default:"200" min:"0" max:"100000"`
	// StormWindow is the time of both.
	StormWindow time.Duration `yaml:"storm_window" default:"5m" min:"1s" max:"24h"`
	// OnRecovery closes an alert whose rule says that it is over, under this verdict, or leaves it to people.
	OnRecovery string `yaml:"on_recovery" default:"leave" enum:"leave,true_positive,false_positive,benign"`
	// Keep is how long closed alerts, with their history and evidence, and closed cases are kept. Alerts that are open
	// stay, and so do those in a case.
	Keep time.Duration `yaml:"keep" default:"26280h" min:"24h" max:"175200h"`
	// MaxRecords bounds how many alerts there are, 1 to 4 kB each; what is more goes, closed ones first, then the oldest.
	MaxRecords int `yaml:"max_records" default:"500000" min:"1000" max:"100000000"`
	// Evidence is how many events of an alert are kept with it, so that they outlive the store's retention.
	Evidence int `yaml:"evidence" default:"10" min:"2" max:"100"`
}
