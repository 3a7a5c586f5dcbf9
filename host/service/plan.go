package service

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/classification"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/lineage"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/sdk/wire"
)

func (s *Service) openPipeline(context.Context) (err error) {
	var fixed []stream.Stream
	for _, c := range s.cfg.Streams {
		fixed = append(fixed, stream.Stream{Name: c.Name, Query: c.Query, Description: c.Description})
	}
	if s.streams, err = stream.Open(s.path("streams.json"), fixed); err != nil {
		return err
	}
	s.rules = s.cfg.ClassificationRules()
	if s.lineage, err = lineage.Open(s.path("lineage")); err != nil {
		return fmt.Errorf("lineage: %w", err)
	}
	s.onClose(s.lineage.Close)
	s.processor = pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{}), s.hold)
	workers := s.cfg.Pipeline.Workers
	if workers == 0 {
		workers = runtime.NumCPU() + 1 // plugins work while the host does
	}
	s.runner, err = pipeline.NewRunner(s.processor, s.raw, s.events, s.intake, pipeline.RunnerOptions{
		Workers: workers, BatchBytes: int(s.cfg.Pipeline.BatchBytes), Lineage: s.lineage, OnError: func(err error) { s.warn("pipeline", err) },
	})
	if err != nil {
		return err
	}
	s.rollouts = rollout.NewManager(s.plugins, upgrades{s}, s.processor, s.plan, s.log)
	s.onClose(s.rollouts.Close)
	s.plugins.OnChange(s.plan)
	return err
}

func (s *Service) replan() { s.plan() }

// plan makes a plan of the plugins in service and of the streams as they are now. settled is closed when no batch goes
// by a plan of before any more.
func (s *Service) plan() (settled <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version, selectors := s.streams.Selectors()
	router, err := newRouter(selectors)
	if err != nil { // streams are checked when they are saved; a plugin's fields may have gone since
		s.log.WithError(err).Error("streams are not routed")
	}
	s.router, s.streamsVersion = router, version
	s.classify()
	p := pipeline.Plan{
		Parsers: s.stages(parserKind), Enrichers: s.stages(enricherKind), Maskers: s.stages(maskerKind),
		Overrides: input.Parsers(s.allInputs()), Rules: s.classifier, Streams: router,
	}
	p.Lineage = remembered(p)
	if next, share := s.rollouts.Canary(); next != nil {
		canary := p.With(next)
		canary.Lineage = remembered(canary)
		p.Share, p.Canary = share, pipeline.NewPlan(canary)
	}
	s.watchParsers(s.plugins.InService(parserKind))
	return s.processor.SetPlan(pipeline.NewPlan(p))
}

// classificationFault is the component whose fault are rules that are not in effect.
const classificationFault = "classification"

// classify readies the rules for the fields that plugins declare now. It runs under mu.
func (s *Service) classify() {
	c, err := classification.New(s.rules, s.classifier)
	s.classifier = c
	delete(s.faults, classificationFault)
	if err != nil { // queries are checked when the configuration is read; plugins may have declared fields since
		s.log.WithError(err).Error("not all classification rules are in effect")
		s.faults[classificationFault] = err.Error()
	}
}

// currentRules are those in effect.
func (s *Service) currentRules() *classification.Classifier {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.classifier
}

// setRules puts rules into effect, if they are others than those that are.
func (s *Service) setRules(rules []classification.Rule) (changed bool) {
	s.mu.Lock()
	changed = !reflect.DeepEqual(s.rules, rules)
	s.rules = rules
	s.mu.Unlock()
	if changed {
		s.replan()
	}
	return changed
}

// remembered is what of a plan the lineage keeps.
func remembered(p pipeline.Plan) *lineage.Plan {
	past := &lineage.Plan{Rules: p.Rules.Source()}
	for _, s := range slices.Concat(p.Parsers, p.Enrichers, p.Maskers) {
		if s, ok := s.(interface{ Record() (lineage.Plugin, bool) }); ok {
			if rec, ok := s.Record(); ok {
				past.Plugins = append(past.Plugins, rec)
			}
		}
	}
	return past
}

// stages are the plugins of a kind that are in service, as stages of a plan.
func (s *Service) stages(k wire.Kind) (out []pipeline.Stage) {
	for _, p := range s.plugins.InService(k) {
		out = append(out, s.rollouts.Stage(p))
	}
	return out
}

// followStreams replans when streams were changed by the API.
func (s *Service) followStreams(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		v, _ := s.streams.Selectors()
		s.mu.Lock()
		stale := v != s.streamsVersion
		s.mu.Unlock()
		if stale {
			s.replan()
		}
	}
}
