package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Rule says which events raise an alert. Its texts are part of the alert.
type Rule struct {
	// ID names the rule in alerts and in this configuration.
	ID string `yaml:"id" required:"true"`
	// Name is the alert's title.
	Name string `yaml:"name" required:"true"`
	// Query selects events, in Logcenter's query language. It may use the fields that plugin.yaml reads.
	Query string `yaml:"query" required:"true"`
	// Type is frequency (more than threshold events within window) or keyword (every event).
	Type string `yaml:"type" default:"frequency" enum:"frequency,keyword"`
	// GroupBy are fields whose values are counted apart, e.g. source.ip. Events without one of them do not
	// count. Empty counts all events together.
	GroupBy []string `yaml:"group_by"`
	// Window is the time in which events are counted. It slides: it starts with any event, not with the clock.
	Window time.Duration `yaml:"window" default:"10m" min:"1s" max:"24h"`
	// Threshold is how many events within the window are still fine; one more raises the alert.
	Threshold int `yaml:"threshold" default:"20" min:"1" max:"100000"`
	// Quiet is how long after an alert the same group raises no other. 0 is the window for frequency rules and
	// a minute for keyword rules.
	Quiet time.Duration `yaml:"quiet" default:"0s" min:"0s" max:"24h"`
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
	// Fields are taken over from the event that raised the alert.
	Fields []string `yaml:"fields"`
	// Tags are put on the alert.
	Tags []string `yaml:"tags"`
}

var keywordQuiet = time.Minute

// builtins are useful without any configuration.
func builtins() []Rule {
	var base Rule
	schema.Defaults(&base)
	logins, attacks, errs := base, base, base
	logins.ID, logins.Name = "login-failures", "Many failed logins from one address"
	logins.Query = "event.outcome:failure AND (event.action:login OR event.category:authentication)"
	logins.GroupBy = []string{"source.ip"}
	logins.Severity, logins.Priority = "Error", 2
	logins.Topic = "logins to firewalls, VPNs and hosts"
	logins.Description = "Somebody tries passwords: more than 20 logins from one address failed within 10 minutes. Check whether one succeeded afterwards, and block the address."
	logins.Fields = []string{"user.name", "observer.name", "host.name", "event.reason", "source.geo.country_iso_code"}
	logins.Tags = []string{"brute-force"}

	attacks.ID, attacks.Name = "attack-burst", "Burst of attacks from one address"
	// What a device has stopped, or thinks little of, is its daily bread: counting that has somebody called out for
	// every scan of the internet.
	attacks.Query = "((observer.type:(ips OR ids OR waf) OR event.category:intrusion_detection) AND log.level:(Error OR Fatal) AND NOT event.type:denied)" +
		" OR (event.dataset:nginx.access AND http.response.status_code:(400 OR 403 OR 405 OR 429))"
	attacks.GroupBy = []string{"source.ip"}
	attacks.Window = 5 * time.Minute
	attacks.Severity, attacks.Priority = "Error", 2
	attacks.Topic = "attacks seen by IPS, WAF, firewalls and web servers"
	attacks.Description = "One address was seen in severe attacks that nothing stopped, or was refused by web servers, more than 20 times within 5 minutes: an attack tool. Block the address and look at what it was answered."
	attacks.Fields = []string{"rule.id", "rule.name", "destination.ip", "host.name", "url.path", "source.geo.country_iso_code"}
	attacks.Tags = []string{"attack"}

	errs.ID, errs.Name = "error-burst", "Burst of errors of one host"
	errs.Query = "Fail OR Failed OR Failure OR Bad OR Error"
	errs.GroupBy = []string{"host.name"}
	errs.Threshold = 100
	errs.Topic = "lines with Fail, Bad or Error"
	errs.Description = "One host wrote more than 100 lines with Fail, Bad or Error within 10 minutes."
	errs.Fields = []string{"event.dataset", "log.level", "observer.type"}
	errs.Tags = []string{"errors"}
	return []Rule{logins, attacks, errs}
}

// rule is a Rule made ready.
type rule struct {
	Rule
	version string
	matcher *query.Matcher
	groupBy []ecs.Field
	fields  []ecs.Field
	need    int // events that raise an alert
	window  int64
	quiet   int64
	groups  map[string]*group
}

// compile makes the rules that are on. Errors have the path of the key in the configuration.
func (c *Config) compile(now func() time.Time) ([]*rule, error) {
	var out []*rule
	var errs []error
	index := map[string]int{}
	add := func(path string, r Rule) {
		made, err := r.compile(now)
		if err != nil {
			errs = append(errs, schema.Under(path, err))
			return
		}
		if i, ok := index[r.ID]; ok {
			out[i] = made
			return
		}
		index[r.ID] = len(out)
		out = append(out, made)
	}
	if c.Builtin {
		for _, r := range builtins() {
			add("builtin "+r.ID, r)
		}
	}
	own := map[string]bool{}
	for i, r := range c.Rules {
		path := schema.Index("rules", i)
		if own[r.ID] {
			errs = append(errs, &schema.Error{Path: path + ".id", Msg: fmt.Sprintf("%q is used twice", r.ID)})
			continue
		}
		own[r.ID] = true
		add(path, r)
	}
	for i, id := range c.Disable {
		if _, ok := index[id]; !ok && !slices.ContainsFunc(builtins(), func(r Rule) bool { return r.ID == id }) {
			errs = append(errs, &schema.Error{Path: schema.Index("disable", i), Msg: fmt.Sprintf("there is no rule %q", id)})
		}
		out = slices.DeleteFunc(out, func(r *rule) bool { return r.ID == id })
	}
	return out, errors.Join(errs...)
}

func (r Rule) compile(now func() time.Time) (*rule, error) {
	n, err := query.Parse(r.Query)
	if err == nil {
		err = query.Check(n, nil)
	}
	if err != nil {
		return nil, &schema.Error{Path: "query", Msg: err.Error()}
	}
	out := &rule{Rule: r, need: r.Threshold + 1, window: int64(r.Window), quiet: int64(r.Quiet), groups: map[string]*group{}}
	if r.Type == "keyword" {
		out.need = 1
	}
	if out.quiet == 0 {
		out.quiet = out.window
		if r.Type == "keyword" {
			out.quiet = int64(keywordQuiet)
		}
	}
	if out.matcher, err = query.Compile(n, query.Options{Now: now}); err != nil {
		return nil, &schema.Error{Path: "query", Msg: err.Error()}
	}
	if out.groupBy, err = lookup("group_by", r.GroupBy); err != nil {
		return nil, err
	}
	for i, f := range out.groupBy {
		if f.Info().List || f == ecs.Message {
			return nil, &schema.Error{Path: schema.Index("group_by", i), Msg: f.Name() + " cannot part groups", Hint: "a field with one short value"}
		}
	}
	if out.fields, err = lookup("fields", r.Fields); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []any{r.Query, r.Type, r.GroupBy, r.Window.String(), r.Threshold, r.Quiet.String()}))
	out.version = hex.EncodeToString(sum[:4])
	return out, nil
}

func lookup(path string, names []string) (out []ecs.Field, err error) {
	for i, name := range names {
		f, ok := ecs.Lookup(name)
		if !ok {
			return nil, unread(schema.Index(path, i), name, nil)
		}
		out = append(out, f)
	}
	return out, nil
}

// Reads are the fields that the rules look at, and those that say when and where an event happened.
func (d *detector) Reads() []ecs.Field {
	reads := []ecs.Field{ecs.Timestamp, ecs.EventIngested, ecs.LogcenterPosition}
	add := func(fields ...ecs.Field) {
		for _, f := range fields {
			if !slices.Contains(reads, f) {
				reads = append(reads, f)
			}
		}
	}
	for _, r := range d.rules {
		for _, name := range query.FieldsOf(r.matcher.Node()) {
			if f, ok := ecs.Lookup(name); ok {
				add(f)
			}
		}
		add(r.groupBy...)
		add(r.fields...)
	}
	return reads
}

// unread is the error of a field that the host does not send.
func unread(path, name string, readable []string) error {
	hint := "add it under reads in plugin.yaml"
	if near := schema.Nearest(name, readable); near != "" {
		hint = fmt.Sprintf("did you mean %q? otherwise %s", near, hint)
	}
	return &schema.Error{Path: path, Msg: fmt.Sprintf("field %s is not one that this plugin reads", name), Hint: hint}
}

// Opened refuses rules that look at fields which the host does not send: they would never match.
func (d *detector) Opened(reads []ecs.Field) error {
	names := []string{ecs.Message.Name()}
	for _, f := range reads {
		names = append(names, f.Name())
	}
	var errs []error
	for _, r := range d.rules {
		for _, name := range slices.Concat(query.FieldsOf(r.matcher.Node()), r.GroupBy, r.Fields) {
			if !slices.Contains(names, name) {
				errs = append(errs, unread("rule "+r.ID, name, names))
			}
		}
	}
	return errors.Join(errs...)
}
