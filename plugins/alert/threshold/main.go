// Command threshold raises an alert when events that match a query come more often than they should: the
// keyword and the frequency alerts of the log standard.
//
// Its one idea: a keyword alert is a frequency alert with threshold 0. For every rule and group (the values of
// its group_by fields) it keeps the newest event times, at most two windows full. An event that makes more than
// threshold events lie within one window raises an alert.
package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Builtin adds the rules that come with the plugin; one in rules with the same id takes its place.
	Builtin bool `yaml:"builtin" default:"true"`
	// Rules are the admin's own.
	Rules []Rule `yaml:"rules"`
	// MaxGroups bounds the groups a rule keeps; the group that has been silent longest makes place for a new one.
	MaxGroups int `yaml:"max_groups" default:"100000" min:"1" max:"10000000"`
	// MaxTimes bounds the event times a rule keeps over all of its groups, 24 bytes each.
	MaxTimes int `yaml:"max_times" default:"2000000" min:"100" max:"100000000"`
}

// Rule is one thing to look for.
type Rule struct {
	// ID names the rule in alerts; changing it makes a new rule.
	ID string `yaml:"id" required:"true"`
	// Disabled rests the rule.
	Disabled bool `yaml:"disabled"`
	// Name is what people call the alert. Empty means the id.
	Name string `yaml:"name"`
	// Description says what it means and what to do.
	Description string `yaml:"description"`
	// Query selects the events, in the query language.
	Query string `yaml:"query" required:"true"`
	// Type is keyword, an alert for any event that matches, or frequency, one for more than threshold of them.
	Type string `yaml:"type" default:"frequency" enum:"keyword,frequency"`
	// GroupBy counts apart what has different values of these fields.
	GroupBy []string `yaml:"group_by"`
	// Threshold is how many events are still in order within the window. Keyword rules have none.
	Threshold int `yaml:"threshold" default:"20" min:"0" max:"10000"`
	// Window is the time, by the events' clocks, in which they are counted, and the least time between two alerts
	// of a group.
	Window time.Duration `yaml:"window" default:"10m" min:"1s" max:"30d"`
	// Severity is one of the five severities.
	Severity string `yaml:"severity" default:"Warn" enum:"Debug,Info,Warn,Error,Fatal"`
	// Priority says how urgent the alert is: 1 (at once) to 5 (whenever).
	Priority int `yaml:"priority" default:"3" min:"1" max:"5"`
	// Topic is the stream the rule watches, for the reader of the alert. Empty means the query.
	Topic string `yaml:"topic"`
	// Method says how the alert reaches people, for its reader.
	Method string `yaml:"method" default:"notifiers"`
	// Fields are shown in the alert with the values of the event that raised it.
	Fields []string `yaml:"fields"`
	// Remarks are passed on as they are.
	Remarks string `yaml:"remarks"`
	// Tags are passed on as they are.
	Tags []string `yaml:"tags"`
}

// builtin are the rules that come with the plugin.
var builtin = []Rule{
	{
		ID: "login-failures", Name: "Many failed logins", Type: "frequency", Threshold: 20, Window: 10 * time.Minute,
		Description: "Somebody may be guessing a password. Look whether a login of the same user succeeded afterwards.",
		Query:       "event.category:authentication AND event.outcome:failure", GroupBy: []string{"source.ip", "user.name"},
		Fields: []string{"host.name", "event.action"}, Severity: "Error", Priority: 2, Method: "notifiers",
	},
	{
		ID: "intrusion-not-blocked", Name: "High-risk intrusion not blocked", Type: "keyword", Window: 10 * time.Minute,
		Description: "The intrusion prevention system saw a high-risk attack and let it pass. Look at the machine attacked.",
		Query:       "observer.type:ips AND log.level:(Error OR Fatal) AND event.type:allowed", GroupBy: []string{"source.ip", "destination.ip", "rule.id"},
		Fields: []string{"rule.name", "destination.port"}, Severity: "Error", Priority: 2, Method: "notifiers",
	},
	{
		ID: "attacks", Name: "Many attacks from one address", Type: "frequency", Threshold: 20, Window: 10 * time.Minute,
		Description: "One address keeps attacking. Consider blocking it.",
		Query:       "event.category:intrusion_detection", GroupBy: []string{"source.ip"},
		Fields: []string{"rule.name", "rule.category", "destination.ip"}, Severity: "Warn", Priority: 3, Method: "notifiers",
	},
	{
		ID: "denied-connections", Name: "Many connections denied", Type: "frequency", Threshold: 100, Window: 10 * time.Minute,
		Description: "One address tries many connections that no policy allows, as port scans do.",
		Query:       "observer.type:firewall AND event.action:(deny OR drop)", GroupBy: []string{"source.ip"},
		Fields: []string{"destination.ip", "destination.port"}, Severity: "Warn", Priority: 3, Method: "notifiers",
	},
	{
		ID: "fatal", Name: "Device reports a fatal condition", Type: "keyword", Window: 10 * time.Minute,
		Description: "A device says that it does not work any more.",
		Query:       "logcenter.log_type:run_state AND log.level:Fatal", GroupBy: []string{"host.name", "event.dataset"},
		Fields: []string{"message"}, Severity: "Fatal", Priority: 1, Method: "notifiers",
	},
}

// New compiles the rules.
func New(c Config) (sdk.Detector, error) {
	d := &detector{rules: map[string]*rule{}, reads: []ecs.Field{ecs.Message}}
	var errs []error
	for i := range c.Rules {
		r := &c.Rules[i]
		if err := d.add(r, c); err != nil {
			errs = append(errs, schema.Under(schema.Index("rules", i), err))
		}
	}
	for i := range builtin {
		r := builtin[i]
		if c.Builtin && d.rules[r.ID] == nil {
			errs = append(errs, d.add(&r, c))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	// A resting rule was kept so far to take the place of a builtin one.
	d.order = slices.DeleteFunc(d.order, func(r *rule) bool {
		if r.Disabled {
			delete(d.rules, r.ID)
		}
		return r.Disabled
	})
	matchers := make([]*query.Matcher, len(d.order))
	for i, r := range d.order {
		matchers[i] = r.matcher
	}
	set, err := query.NewSet(matchers...)
	d.set = set
	return d, err
}

func (d *detector) add(c *Rule, all Config) error {
	if d.rules[c.ID] != nil {
		return &schema.Error{Path: "id", Msg: fmt.Sprintf("two rules are named %s", c.ID)}
	}
	r := &rule{Rule: *c, n: c.Threshold + 1, maxGroups: all.MaxGroups, maxTimes: all.MaxTimes, groups: map[string]*group{}}
	if c.Type == "keyword" {
		r.n = 1
	}
	if r.Name == "" {
		r.Name = r.ID
	}
	if r.Topic == "" {
		r.Topic = r.Query
	}
	n, err := query.Parse(c.Query)
	if err == nil {
		r.matcher, err = query.Compile(n, query.Options{Now: d.now})
	}
	if err != nil {
		var q *query.Error
		if errors.As(err, &q) {
			return &schema.Error{Path: "query", Msg: q.Render(c.Query)}
		}
		return &schema.Error{Path: "query", Msg: err.Error()}
	}
	for key, list := range map[string][]string{"group_by": c.GroupBy, "fields": c.Fields} {
		for i, name := range list {
			f, ok := ecs.Lookup(name)
			if !ok {
				return &schema.Error{Path: schema.Index(key, i), Msg: fmt.Sprintf("field %s is not one this plugin reads", name), Hint: "add it under reads in plugin.yaml"}
			}
			if f.Info().List && key == "group_by" {
				return &schema.Error{Path: schema.Index(key, i), Msg: fmt.Sprintf("%s may have several values an event, so it cannot group", name)}
			}
			if key == "group_by" {
				r.by = append(r.by, f)
			} else {
				r.shown = append(r.shown, f)
			}
		}
	}
	r.version = fingerprint(r)
	d.rules[r.ID] = r
	d.order = append(d.order, r)
	return nil
}

// Opened refuses rules that look at fields the plugin is not sent.
func (d *detector) Opened(reads []ecs.Field) error {
	var errs []error
	for _, r := range d.order {
		for _, name := range slices.Concat(query.FieldsOf(r.matcher.Node()), r.GroupBy, r.Fields) {
			f, ok := ecs.Lookup(name)
			if !ok || f != ecs.Message && !slices.Contains(reads, f) {
				errs = append(errs, fmt.Errorf("rule %s: field %s is not one this plugin reads: add it under reads in plugin.yaml", r.ID, name))
			}
		}
	}
	return errors.Join(errs...)
}

// Detect is never called: the SDK prefers DetectBatch.
func (d *detector) Detect(*sdk.Event, func(sdk.Alert)) error { return nil }

// DetectBatch runs all rules over a batch.
func (d *detector) DetectBatch(b *wire.Batch, emit func(sdk.Alert)) error {
	d.begin(b)
	d.hits = d.set.Match(b, d.hits)
	for i, r := range d.order {
		d.count(r, d.hits[i], emit)
	}
	return nil
}

func main() { sdk.ServeDetector(New) }
