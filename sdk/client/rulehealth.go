package client

import (
	"context"
	"net/url"
	"time"
)

// RuleHealthList is how rules fare since the host was started.
type RuleHealthList struct {
	Since time.Time    `json:"since"`
	Rules []RuleHealth `json:"rules"` // by id
}

// RuleHealth is how one rule fares since the host was started.
type RuleHealth struct {
	Rule       string    `json:"rule"`
	Name       string    `json:"name,omitempty"` // empty: the host has no such rule, or not any more
	Severity   string    `json:"severity,omitempty"`
	State      string    `json:"state,omitempty"`    // on or silent
	Problem    string    `json:"problem,omitempty"`  // why it is not looked for
	Detector   string    `json:"detector,omitempty"` // empty: none has said anything of it
	Matched    uint64    `json:"matched"`            // events
	Raised     uint64    `json:"raised"`
	Suppressed uint64    `json:"suppressed"` // events in the quiet time behind an alert
	Evicted    uint64    `json:"evicted"`    // groups or events forgotten because there were too many
	Ungrouped  uint64    `json:"ungrouped"`  // matching events without a field that ties them to others
	Late       uint64    `json:"late"`       // matching events that came too late to count
	Ahead      uint64    `json:"ahead"`      // matching events of clocks that are ahead, which count as of their receipt
	Excepted   uint64    `json:"excepted"`   // matching events that an exception or the schedule leaves out
	CostNS     uint64    `json:"cost_ns"`    // processor time, an estimate
	Share      float64   `json:"cost_share"` // of what all rules cost, 0 to 1
	Groups     uint64    `json:"groups"`     // that are remembered now
	Bytes      uint64    `json:"bytes"`      // that these take
	LastRun    time.Time `json:"last_run,omitzero"`
	LastMatch  time.Time `json:"last_match,omitzero"` // time of the event
	LastAlert  time.Time `json:"last_alert,omitzero"`
	PerDay     float64   `json:"alerts_per_day"`
	Error      string    `json:"error,omitempty"` // why it does not work
	// Of the alerts of the last thirty days:
	Judged         int64    `json:"judged"`              // that were closed with a verdict
	FalsePositives *float64 `json:"false_positive_rate"` // of these; nil: none was
	// Noise is alerts a day that are false alarms: all of them as long as nobody has judged one.
	Noise float64 `json:"noise"`
}

// RuleHealth returns how rules fare: one of them, or all with an empty id.
func (c *Client) RuleHealth(ctx context.Context, id string) (*RuleHealthList, error) {
	p := url.Values{}
	setText(p, "rule", id)
	return call[RuleHealthList](ctx, c, get("rule-health").with(p))
}

// RuleCoverage is what rules can see.
type RuleCoverage struct {
	From       time.Time          `json:"from"`
	To         time.Time          `json:"to"`
	Rules      []CoveredRule      `json:"rules"`      // by id, without those that are off
	Techniques []CoveredTechnique `json:"techniques"` // by id
	Uncovered  []UncoveredDevice  `json:"devices_without_rules"`
	Streams    []string           `json:"streams_without_rules"`
}

// CoveredRule is one rule.
type CoveredRule struct {
	Rule    string   `json:"rule"`
	Name    string   `json:"name"`
	State   string   `json:"state"`   // on or silent
	Verdict string   `json:"verdict"` // ok, idle (no event of the time had what it needs) dead (nobody writes that) or refused
	Missing []string `json:"missing"` // fields, or field:value
	Part    string   `json:"part,omitempty"`
	Plugins []string `json:"plugins"`           // parsers whose events it can see
	Problem string   `json:"problem,omitempty"` // why it is refused
}

// CoveredTechnique is a technique of MITRE ATT&CK.
type CoveredTechnique struct {
	ID      string   `json:"technique"` // e.g. T1110.001
	Rules   []string `json:"rules"`     // that can fire
	Dead    []string `json:"dead_rules,omitempty"`
	Devices []string `json:"device_types"`
}

// UncoveredDevice is a parser whose events no rule asks for.
type UncoveredDevice struct {
	Plugin string   `json:"plugin"`
	Types  []string `json:"device_types"`
}

// RuleCoverage says what rules can see, and what of it occurred in a time; empty bounds are the last day.
func (c *Client) RuleCoverage(ctx context.Context, from, to, zone string) (*RuleCoverage, error) {
	p := url.Values{}
	setText(p, "from", from)
	setText(p, "to", to)
	setText(p, "time_zone", zone)
	return call[RuleCoverage](ctx, c, get("rule-coverage").with(p))
}
