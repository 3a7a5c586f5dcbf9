package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/alert/health"
	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/coverage"
	"github.com/logcenter/logcenter/host/store"
)

// ruleHealthAnswer is how one rule fares.
type ruleHealthAnswer struct {
	health.Rule
	Name     string     `json:"name,omitempty"` // empty: the host has no such rule, or not any more
	Severity string     `json:"severity,omitempty"`
	State    rule.State `json:"state,omitempty"`
	Problem  string     `json:"problem,omitempty"` // why it is not looked for although it is not off
	// Of the alerts of the last thirty days:
	Judged         int64    `json:"judged"`              // that were closed with a verdict
	FalsePositives *float64 `json:"false_positive_rate"` // of these; nil: none was
	// Noise is alerts a day that are false alarms: all of them as long as nobody has judged one.
	Noise float64 `json:"noise"`
}

// judgedFor is over which time verdicts count.
const judgedFor = 30 * 24 * time.Hour

// judge adds what became of the alerts of rules.
func (s *Server) judge(ctx context.Context, scope store.Scope, list []ruleHealthAnswer) error {
	rates := map[string]record.Rate{}
	if s.o.Alerts != nil {
		now := time.Now()
		all, err := s.o.Alerts.Rates(ctx, scope, "rule", now.Add(-judgedFor), now)
		if err != nil {
			return err
		}
		for _, r := range all {
			rates[r.Rule] = r
		}
	}
	for i := range list {
		a, r := &list[i], rates[list[i].ID]
		a.Judged, a.FalsePositives, a.Noise = r.TruePositives+r.FalsePositives+r.Benign, r.FalsePositiveRate, a.PerDay
		if r.FalsePositiveRate != nil {
			a.Noise *= *r.FalsePositiveRate
		}
	}
	return nil
}

// ruleHealth answers how rules fare: those of the library that are on, and what detectors say of others.
func (s *Server) ruleHealth(c *gin.Context) error {
	p := urlParams(c)
	only := p.text("rule")
	if err := p.done(); err != nil {
		return err
	}
	if s.o.RuleHealth == nil || s.o.Library == nil {
		return errNoRules
	}
	said := map[string]bool{}
	out := []ruleHealthAnswer{}
	for _, h := range s.o.RuleHealth.Rules() {
		said[h.ID] = true
		a := ruleHealthAnswer{Rule: h}
		if r, err := s.o.Library.Get(h.ID); err == nil {
			a.Name, a.Severity, a.State, a.Problem = r.Name, r.Severity, r.State, r.Problem
		}
		out = append(out, a)
	}
	for _, r := range s.o.Library.List() {
		if !said[r.ID] && r.State != rule.Off {
			out = append(out, ruleHealthAnswer{Rule: health.Rule{ID: r.ID}, Name: r.Name, Severity: r.Severity, State: r.State, Problem: r.Problem})
		}
	}
	if err := s.judge(c.Request.Context(), caller(c).Scope, out); err != nil {
		return err
	}
	if only != "" {
		kept := []ruleHealthAnswer{}
		for _, a := range out {
			if a.ID == only {
				kept = append(kept, a)
			}
		}
		if len(kept) == 0 {
			return fmt.Errorf("%w: %.100q", rule.ErrNotFound, only)
		}
		out = kept
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"since": s.o.RuleHealth.Since().UTC(), "rules": out})
	return nil
}

// coverageFor is over which time fields are looked for unless the request says otherwise.
const coverageFor = 24 * time.Hour

// ruleCoverage answers what rules can see.
func (s *Server) ruleCoverage(c *gin.Context) error {
	p := urlParams(c)
	q := selection{From: moment(p.text("from")), To: moment(p.text("to")), TimeZone: p.text("time_zone")}
	if err := p.done(); err != nil {
		return err
	}
	if s.o.Coverage == nil || s.o.Library == nil {
		return errNoRules
	}
	sel, _, err := s.selected(q)
	if err != nil {
		return err
	}
	if q.From == "" {
		sel.From = sel.To.Add(-coverageFor)
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	fields, err := s.o.Store.Fields(ctx, caller(c).Scope, sel)
	if err != nil {
		return err
	}
	in := s.o.Coverage()
	in.Rules, in.Live = s.o.Library.List(), map[string]int64{}
	for _, f := range fields {
		in.Live[f.Name] = f.Count
	}
	report := coverage.Of(in)
	s.writeJSON(c, http.StatusOK, struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
		*coverage.Report
	}{sel.From, sel.To, report})
	return nil
}
