package plugin

import (
	"bytes"
	"context"
	"errors"
)

// SetRules says what detectors that take rules are given from now on when they are started: a list in JSON, as package
// sdk/rule has them, which stays as it is. Those that run keep what they have, see GiveRules.
func (r *Registry) SetRules(rules []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rules = rules
}

// Rules are those of SetRules.
func (r *Registry) Rules() []byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.rules
}

func (r *Registry) rulesFor(m *Manifest) []byte {
	if !m.TakesRules {
		return nil
	}
	return r.Rules()
}

// listsFor is the folder of lists, if a plugin may read it: detectors that take rules may. Empty is none.
func listsFor(m *Manifest, folder string) string {
	if !m.TakesRules || m.Runtime != "" {
		return ""
	}
	return folder
}

// GiveRules has a detector look for other rules: it is swapped for a process that has them, and what it remembers. The
// error is a *ConfigError if it refuses some; then nothing has changed.
func (r *Registry) GiveRules(ctx context.Context, id string, rules []byte) (Swap, error) {
	return r.change(ctx, id, Change{Rules: rules})
}

// HasRules says whether a plugin was started with these rules.
func (p *Plugin) HasRules(rules []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Equal(p.launch.rules, rules)
}

// withRules enables a plugin, with fewer rules as long as it refuses some and others can be had.
func (r *Registry) withRules(ctx context.Context, p *Plugin) error {
	for {
		err := p.Enable(ctx)
		var refused *ConfigError
		if err == nil || r.o.RulesRefused == nil || !errors.As(err, &refused) || len(refused.Rules()) == 0 {
			return err
		}
		p.mu.Lock()
		given := p.launch.rules
		p.mu.Unlock()
		rules := r.o.RulesRefused(given, refused)
		if rules == nil || len(rules) >= len(given) { // else it could go on without end
			return err
		}
		p.mu.Lock()
		p.launch.rules = rules
		p.mu.Unlock()
	}
}

// Wanted returns the plugins that an admin wants to run, sorted by id, whether they do or have failed. Until Start has returned these
// are those that it is to start.
func (r *Registry) Wanted() (list []*Plugin) {
	r.mu.RLock()
	started := r.started
	r.mu.RUnlock()
	for _, p := range r.All() {
		id := p.m.ID
		if state, _ := p.State(); !started && !r.settings(id).Disabled && !r.o.Disabled[id] || started && state != Disabled {
			list = append(list, p)
		}
	}
	return list
}
