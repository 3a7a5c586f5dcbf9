package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/outbox"
	"github.com/logcenter/logcenter/host/route"
	"github.com/logcenter/logcenter/sdk/schema"
)

// AlertMatch selects alerts: all that is given must hold, and of a list one element. In texts * stands for any text.
type AlertMatch struct {
	// Severity are severities.
	Severity []string `yaml:"severity" enum:"Debug,Info,Warn,Error,Fatal"`
	// Priority selects alerts that are at least this urgent: 2 is those with priority 1 or 2. 0 is all.
	Priority int `yaml:"priority" default:"0" min:"0" max:"5"`
	// Rule are ids of rules, e.g. login-*.
	Rule []string `yaml:"rule"`
	// Topic are log topics, as rules name them.
	Topic []string `yaml:"topic"`
	// Tags are tags, of which the alert has at least one, e.g. attack.t1110*.
	Tags []string `yaml:"tags"`
	// Fields are values of fields or keys of the alert, all of which it must have, e.g. {asset.owner: netops}.
	Fields map[string]string `yaml:"fields"`
	// Kind are kinds of messages: alert, recovery (what an alert was about is over), summary (of many alerts at once),
	// escalation or test.
	Kind []string `yaml:"kind" enum:"alert,recovery,summary,escalation,test"`
}

// AlertRoute sends alerts to channels, where their rule does not name any.
type AlertRoute struct {
	// Name is 1 to 64 lower-case letters, digits, dots, underscores and dashes.
	Name string `yaml:"name" required:"true"`
	// Match selects the alerts; without it the route is for all.
	Match AlertMatch `yaml:"match"`
	// To are channels: PLUGIN/TARGET, PLUGIN for all targets of a notifier, or * for all notifiers. An empty list, [], tells
	// nobody.
	To []string `yaml:"to"`
	// Continue asks the routes behind this one as well; without it the first one that matches decides.
	Continue bool `yaml:"continue" default:"false"`
}

// Validate checks what tags cannot say.
func (r *AlertRoute) Validate() error {
	if err := checkName(r.Name); err != nil {
		return err
	}
	if r.To == nil {
		return &schema.Error{Path: "to", Msg: "is missing", Hint: "channels, e.g. [syslog, smtp/soc], or [] to tell nobody"}
	}
	return nil
}

// AlertEscalation tells of alerts that nobody has acknowledged.
type AlertEscalation struct {
	// Name is 1 to 64 lower-case letters, digits, dots, underscores and dashes.
	Name string `yaml:"name" required:"true"`
	// Match selects the alerts; without it the escalation is for all. Recoveries, summaries and repeats do not escalate.
	Match AlertMatch `yaml:"match"`
	// After is how long an alert may be open without somebody having acknowledged it.
	After time.Duration `yaml:"after" required:"true" min:"1s" max:"720h"`
	// To are the channels that are told then, as in routes.
	To []string `yaml:"to" required:"true"`
	// Repeat is how long after that they are told again, while nobody has acknowledged the alert. 0 tells them once.
	Repeat time.Duration `yaml:"repeat" default:"0s" min:"0s" max:"720h"`
	// Times is how often they are told at most, the first time included. 0 is until somebody has acknowledged it.
	Times int `yaml:"times" default:"10" min:"0" max:"1000"`
}

// Validate checks what tags cannot say.
func (e *AlertEscalation) Validate() error { return checkName(e.Name) }

// AlertChannel says how a channel may be used.
type AlertChannel struct {
	// Rate is how many alerts it is told, e.g. 60/m (s, m or h); what is more waits. Empty is without bound.
	Rate string `yaml:"rate"`
	// Burst is how many are told at once before the rate counts. 0 is as many as the rate has.
	Burst int `yaml:"burst" default:"0" min:"0" max:"1000000"`
	// Timeout is how long one delivery may take. A notifier that takes longer is started again.
	Timeout time.Duration `yaml:"timeout" default:"10s" min:"100ms" max:"5m"`
	// QuietHours are times in which alerts wait.
	QuietHours []QuietHours `yaml:"quiet_hours"`
	// Through are severities of alerts that are told in quiet hours as well.
	Through []string `yaml:"through" default:"Fatal" enum:"Debug,Info,Warn,Error,Fatal"`
}

// Validate checks what tags cannot say.
func (c *AlertChannel) Validate() error {
	_, err := c.rate()
	return err
}

func (c *AlertChannel) rate() (r outbox.Rate, err error) {
	if c.Rate == "" {
		return r, nil
	}
	if err := r.UnmarshalText([]byte(c.Rate)); err != nil {
		return r, &schema.Error{Path: "rate", Msg: err.Error()}
	}
	return r, nil
}

// QuietHours are hours of some days.
type QuietHours struct {
	// From is when they begin, as 22:00.
	From string `yaml:"from" required:"true"`
	// To is when they end, as 07:00; if that is not later than from, on the day after.
	To string `yaml:"to" required:"true"`
	// Days are the days on which they begin; none is every day.
	Days []string `yaml:"days" enum:"mon,tue,wed,thu,fri,sat,sun"`
	// Timezone is the IANA zone of the times.
	Timezone string `yaml:"timezone" default:"UTC"`
}

// Validate checks the times and the zone.
func (q *QuietHours) Validate() error {
	_, err := q.hours()
	return err
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (q *QuietHours) hours() (h outbox.Quiet, err error) {
	var errs []error
	for _, t := range [...]struct {
		key, text string
		into      *time.Duration
	}{{"from", q.From, &h.From}, {"to", q.To, &h.To}} {
		at, err := time.Parse("15:04", t.text)
		if err != nil {
			errs = append(errs, &schema.Error{Path: t.key, Msg: fmt.Sprintf("%.20q is no time of a day", t.text), Hint: `write "22:00", in quotes`})
			continue
		}
		*t.into = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	if h.Location, err = time.LoadLocation(q.Timezone); err != nil {
		errs = append(errs, &schema.Error{Path: "timezone", Msg: err.Error(), Hint: "an IANA zone, e.g. Asia/Shanghai"})
	}
	for _, d := range q.Days {
		h.Days = append(h.Days, time.Weekday(slices.Index(weekdays, d)))
	}
	return h, errors.Join(errs...)
}

// AlertOutbox bounds what is kept of deliveries.
type AlertOutbox struct {
	// GiveUp is how long a delivery is tried; then it is dead, and `logcenter outbox redrive` tries again.
	GiveUp time.Duration `yaml:"give_up" default:"24h" min:"1m" max:"720h"`
	// Keep is how long it is known what was delivered to whom.
	Keep time.Duration `yaml:"keep" default:"168h" min:"1h" max:"8760h"`
	// MaxWaiting is how many deliveries of one channel may wait; when there are more, the oldest are given up.
	MaxWaiting int `yaml:"max_waiting" default:"20000" min:"100" max:"1000000"`
	// MaxDead is how many deliveries that were given up are kept; the oldest are forgotten first.
	MaxDead int `yaml:"max_dead" default:"20000" min:"100" max:"1000000"`
}

// Delivery is what the configuration says of routes, escalations and channels.
func (c *Config) Delivery() (s outbox.Settings, err error) {
	a := &c.Alerts
	var routes []route.Route
	for _, r := range a.Routes {
		routes = append(routes, route.Route{Name: r.Name, Match: route.Match(r.Match), To: r.To, Continue: r.Continue})
	}
	var escalations []route.Escalation
	for _, e := range a.Escalations {
		escalations = append(escalations, route.Escalation{Name: e.Name, Match: route.Match(e.Match), After: e.After, To: e.To, Repeat: e.Repeat, Times: e.Times})
	}
	s = outbox.Settings{Table: route.NewTable(routes, escalations), Channels: map[string]outbox.Pace{}, Limits: outbox.Limits(a.Outbox)}
	for name, ch := range a.Channels {
		p := outbox.Pace{Burst: ch.Burst, Timeout: ch.Timeout, Through: ch.Through}
		var err error
		if p.Rate, err = ch.rate(); err != nil {
			return s, err
		}
		for _, q := range ch.QuietHours {
			h, err := q.hours()
			if err != nil {
				return s, err
			}
			p.Quiet = append(p.Quiet, h)
		}
		s.Channels[name] = p
	}
	return s, nil
}

// ChannelAt is a channel that the configuration names, and where.
type ChannelAt struct{ Path, Channel string }

// NamedChannels are the channels that the configuration names.
func (c *Config) NamedChannels() (list []ChannelAt) {
	each := func(at string, to []string) {
		for i, ch := range to {
			if ch != route.Everyone {
				list = append(list, ChannelAt{schema.Index(schema.Key(at, "to"), i), ch})
			}
		}
	}
	for i, r := range c.Alerts.Routes {
		each(schema.Index("alerts.routes", i), r.To)
	}
	for i, e := range c.Alerts.Escalations {
		each(schema.Index("alerts.escalations", i), e.To)
	}
	for name := range c.Alerts.Channels {
		list = append(list, ChannelAt{schema.Key("alerts.channels", name), name})
	}
	slices.SortFunc(list, func(a, b ChannelAt) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// validateRoutes checks names, and channels as far as the file alone can tell.
func (c *Config) validateRoutes() (errs []error) {
	names := map[string]bool{}
	unique := func(list, name string, i int) {
		if names[list+name] {
			errs = append(errs, &schema.Error{Path: schema.Key(schema.Index(list, i), "name"), Msg: fmt.Sprintf("there is %q already", name), Hint: "names are unique"})
		}
		names[list+name] = true
	}
	for i, r := range c.Alerts.Routes {
		unique("alerts.routes", r.Name, i)
	}
	for i, e := range c.Alerts.Escalations {
		unique("alerts.escalations", e.Name, i)
	}
	for _, ch := range c.NamedChannels() {
		if err := c.checkChannel(ch.Channel); err != nil {
			errs = append(errs, schema.Under(ch.Path, err))
		}
	}
	return errs
}

// CheckChannels says which channels the configuration names of which there is no notifier, given the ids of all. The error
// is as that of [Load].
func (c *Config) CheckChannels(notifiers []string) error {
	var errs []error
	for _, ch := range c.NamedChannels() {
		id, _ := route.Split(ch.Channel)
		if slices.Contains(notifiers, id) {
			continue
		}
		hint := "there are " + strings.Join(notifiers, ", ")
		if near := schema.Nearest(id, notifiers); near != "" {
			hint = fmt.Sprintf("did you mean %q? %s", near, hint)
		}
		errs = append(errs, &schema.Error{Path: ch.Path, Msg: "there is no notifier " + id, Hint: hint})
	}
	if err := errors.Join(errs...); err == nil || c.document == nil {
		return err
	}
	return c.document.Locate(errors.Join(errs...))
}

// checkChannel says what is wrong with a channel's name, and whether its plugin's settings have its target.
func (c *Config) checkChannel(name string) error {
	id, target := route.Split(name)
	if id == "" || strings.HasSuffix(name, "/") || strings.ContainsAny(name, " \t*") {
		return &schema.Error{Msg: fmt.Sprintf("%.80q is no channel", name), Hint: "PLUGIN or PLUGIN/TARGET, e.g. smtp/soc"}
	}
	given, ok := c.Plugins.Settings[id].Config["targets"].([]any)
	if target == "" || !ok {
		return nil
	}
	var targets []string
	for _, t := range given {
		if m, ok := t.(map[string]any); ok {
			if n, ok := m["name"].(string); ok {
				targets = append(targets, n)
			}
		}
	}
	if slices.Contains(targets, target) {
		return nil
	}
	hint := "it has " + strings.Join(targets, ", ")
	if near := schema.Nearest(target, targets); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", route.Join(id, near), hint)
	}
	return &schema.Error{Msg: fmt.Sprintf("plugins.settings.%s.config.targets has no %s", id, target), Hint: hint}
}
