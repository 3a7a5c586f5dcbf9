package service

import (
	"fmt"
	"strings"

	"github.com/logcenter/logcenter/host/alert/health"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule/coverage"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// coverage is what rules can see: the plugins in service, what classification rules set, and the streams.
func (s *Service) coverage() coverage.Input {
	in := coverage.Input{Classified: map[string][]string{}}
	for _, p := range s.plugins.All() {
		if st, _ := p.State(); st == plugin.Running || st == plugin.Starting {
			in.Plugins = append(in.Plugins, p.Manifest())
		}
	}
	add := func(f ecs.Field, values ...string) {
		for _, v := range values {
			if v != "" {
				in.Classified[f.Name()] = append(in.Classified[f.Name()], v)
			}
		}
	}
	for _, r := range s.currentRules().Rules() {
		module, _, _ := strings.Cut(r.Set.Dataset, ".")
		add(ecs.ObserverType, r.Set.DeviceType)
		add(ecs.LogcenterLogType, r.Set.LogType)
		add(ecs.EventDataset, r.Set.Dataset)
		add(ecs.EventModule, module)
		add(ecs.EventCategory, r.Set.Category...)
		add(ecs.LogLevel, r.Set.Level)
		if r.Set.Priority > 0 {
			add(ecs.LogcenterPriority, fmt.Sprint(r.Set.Priority))
		}
	}
	for _, one := range s.streams.List() {
		in.Streams = append(in.Streams, one.Name)
	}
	return in
}

// ruleHealthMetrics has a series a rule: as many as the library may have.
func ruleHealthMetrics(t *health.Tracker, counter, gauge sender) {
	for _, r := range t.Rules() {
		of := []string{"rule", r.ID, "plugin", r.Detector}
		counter("rule_matched_total", "Events that some query of a rule matches.", float64(r.Matched), of...)
		counter("rule_raised_total", "Alerts that a rule raised.", float64(r.Raised), of...)
		counter("rule_suppressed_total", "Matching events in the quiet time behind an alert.", float64(r.Suppressed), of...)
		counter("rule_evicted_total", "Groups or events of a rule forgotten because there were too many.", float64(r.Evicted), of...)
		counter("rule_late_total", "Matching events that came too late to count.", float64(r.Late), of...)
		counter("rule_ahead_total", "Matching events of clocks that are ahead, which count as of their receipt.", float64(r.Ahead), of...)
		counter("rule_cpu_seconds_total", "Processor time of a rule, an estimate.", float64(r.CostNS)/1e9, of...)
		gauge("rule_groups", "Groups that a rule remembers.", float64(r.Groups), of...)
	}
}
