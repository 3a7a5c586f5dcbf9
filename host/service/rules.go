package service

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
)

// openRules comes before the plugins are started, so that detectors start with all rules, and what they remember of each.
func (s *Service) openRules(ctx context.Context) (err error) {
	s.library, err = rule.Open(ctx, rule.Options{
		Store: s.metadata, Directory: s.cfg.Path(s.cfg.Alerts.Rules), Plugins: s.rulePlugins, Detectors: detectors{s}, Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	s.plugins.OnChange(func() <-chan struct{} { s.library.Stale(); return nil })
	return nil
}

// rulePlugins are the plugins whose rules count.
func (s *Service) rulePlugins() (list []rule.Plugin) {
	for _, p := range s.plugins.Wanted() {
		m := p.Manifest()
		list = append(list, rule.Plugin{ID: m.ID, Version: m.Version, Dir: m.Dir})
	}
	return list
}

// detectors are those of the registry that take rules.
type detectors struct{ s *Service }

func (d detectors) Set(rules []byte) { d.s.plugins.SetRules(rules) }

// running are those that look for rules now.
func (d detectors) running() (list []*plugin.Plugin) {
	for _, p := range d.s.plugins.InService(detectorKind) {
		if p.Manifest().TakesRules {
			list = append(list, p)
		}
	}
	return list
}

func (d detectors) Give(ctx context.Context, rules []byte) error {
	before := d.s.plugins.Rules()
	var given []string
	for _, p := range d.running() {
		if p.HasRules(rules) {
			continue
		}
		id := p.Manifest().ID
		err := d.s.rollouts.GiveRules(ctx, id, rules)
		if err == nil {
			given = append(given, id)
			continue
		}
		for _, other := range given { // those before must not look for what this one refuses
			if err := d.s.rollouts.GiveRules(context.WithoutCancel(ctx), other, before); err != nil {
				d.s.log.WithError(err).WithField("plugin", other).Error("it keeps rules that are not in effect; it is tried again")
			}
		}
		return refusedRules(err)
	}
	d.Set(rules)
	return nil
}

func (d detectors) Check(ctx context.Context, rules []byte) error {
	for _, p := range d.running() {
		if p.HasRules(rules) {
			continue
		}
		next, err := d.s.plugins.Prepare(ctx, p.Manifest().ID, plugin.Change{Rules: rules})
		if err != nil {
			return refusedRules(err)
		}
		next.Disable()
	}
	return nil
}

// leaveOut is asked by the registry when a detector that is being started refuses some rules.
func (s *Service) leaveOut(given []byte, refused *plugin.ConfigError) []byte {
	var err *rule.RefusedError
	if s.library == nil || !errors.As(refusedRules(refused), &err) {
		return nil
	}
	return s.library.LeaveOut(given, err)
}

// refusedRules is an error of the registry as package rule wants to know it.
func refusedRules(err error) error {
	var refused *plugin.ConfigError
	if !errors.As(err, &refused) || len(refused.Rules()) == 0 {
		return fmt.Errorf("%w: %w", api.ErrConflict, err)
	}
	out := &rule.RefusedError{Detector: refused.Plugin}
	for _, f := range refused.Rules() {
		out.Faults = append(out.Faults, rule.RefusedFault(f))
	}
	return out
}

// rulesHealth tells of rules that do not count, or are not looked for. It says nothing of those that plugins ship for
// devices which this host does not know.
func (s *Service) rulesHealth() api.Component {
	c := api.Component{Name: "rules", Kind: "rules", Status: api.StatusOK}
	problems := slices.DeleteFunc(s.library.Problems(), func(p rule.Problem) bool { return p.Shipped })
	if len(problems) == 0 {
		return c
	}
	c.Status, c.Reason, c.Advice = api.StatusDegraded, problems[0].String(), "`logcenter rule list` shows all of them"
	if n := len(problems) - 1; n > 0 {
		c.Reason += fmt.Sprintf("; and %d more", n)
	}
	return c
}

func ruleMetrics(l *rule.Library, counter, gauge sender) {
	type key struct {
		source rule.Source
		state  rule.State
	}
	n := map[key]int{}
	for _, source := range []rule.Source{rule.FromPlugin, rule.FromDirectory, rule.FromAPI} {
		for _, state := range []rule.State{rule.On, rule.Silent, rule.Off} {
			n[key{source, state}] = 0
		}
	}
	for _, r := range l.List() {
		n[key{r.Origin.Source, r.State}]++
	}
	for k, n := range n {
		gauge("rules", "Rules of the library, by where they come from and how they are switched.", float64(n), "source", string(k.source), "state", string(k.state))
	}
	gauge("rules_problems", "What does not count of rules, or is not looked for, because something is wrong with it.", float64(len(l.Problems())))
	counter("rule_versions_total", "Changes of rules that were recorded.", float64(l.Changes()))
}
