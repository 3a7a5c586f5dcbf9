package service

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule/backtest"
	"github.com/logcenter/logcenter/host/store"
)

type backtestsAPI struct{ s *Service }

// Backtest runs rules over stored events.
func (a backtestsAPI) Backtest(ctx context.Context, scope store.Scope, r api.BacktestRequest) (*backtest.Report, error) {
	s := a.s
	for _, id := range r.IDs {
		one, err := s.library.Get(id)
		if err != nil {
			return nil, err
		}
		r.Rules = append(r.Rules, one.Document)
	}
	d, err := s.plugins.Get(alert.RuleDetector)
	if err != nil {
		return nil, fmt.Errorf("%w: rules need the detector %s: %w", api.ErrConflict, alert.RuleDetector, err)
	}
	config, err := json.Marshal(s.cfg.Plugins.Settings[alert.RuleDetector].Config)
	if err != nil {
		return nil, err
	}
	lists, err := s.listsDir()
	if err != nil {
		return nil, err
	}
	if err := s.store.Flush(ctx); err != nil {
		return nil, err
	}
	return backtest.Run(ctx, backtest.Options{
		Store: s.store, Scope: scope, Selection: r.Selection, Rules: r.Rules, Detector: d.Manifest(), Config: config,
		Single: plugin.SingleOptions{RunDir: s.path("plugins", "rehearsal"), Lists: lists, Log: s.log},
		Alert:  r.Alert, Progress: r.Progress, Pause: s.untilCaughtUp,
	})
}

// A backtest waits while the host is behind with more than this: what is to be parsed gets older with every moment.
const (
	behindMost = 64 << 20 // bytes of the raw journal
	lookAgain  = 500 * time.Millisecond
)

// untilCaughtUp returns when the host is not far behind with what comes in.
func (s *Service) untilCaughtUp(ctx context.Context) error {
	for s.behind() {
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

func (s *Service) behind() bool {
	return slices.ContainsFunc(s.raw.Stats().Groups, func(g journal.GroupStats) bool { return g.Required && g.LagBytes > behindMost })
}
