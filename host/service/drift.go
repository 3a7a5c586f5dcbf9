package service

import (
	"encoding/json"
	"fmt"
	"hash/fnv"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/drift"
	"github.com/logcenter/logcenter/host/plugin"
)

// driftFile is what was learned of the devices' lines, below the data directory.
const driftFile = "drift.json"

func (s *Service) openDrift() {
	c := s.cfg.Drift
	if !c.Enabled {
		return
	}
	s.drift = drift.Open(drift.Options{
		Path: s.path(driftFile), Effect: c.Effect, FieldEffect: c.FieldEffect, Learn: c.LearnLines, MinLines: c.MinLines,
		Persist: c.Persist, Accept: c.AcceptAfter, Rows: c.RowsPerSecond, MaxKeys: c.MaxKeys, Log: s.log,
	})
}

// watchParsers tells the drift alarm which parsers make the events from now on.
func (s *Service) watchParsers(ps []*plugin.Plugin) {
	if s.drift == nil {
		return
	}
	list := make([]drift.Plugin, 0, len(ps))
	for _, p := range ps {
		m := p.Manifest()
		list = append(list, drift.Plugin{ID: m.ID, Version: m.Version, Label: m.Label(), Config: s.configDigest(m.ID), Fields: m.Writes})
	}
	s.drift.Plugins(list)
}

// configDigest changes when a plugin's config does; it is empty for one without.
func (s *Service) configDigest(id string) string {
	settings, err := s.plugins.Settings(id)
	if err != nil || len(settings.Config) == 0 {
		return ""
	}
	b, err := json.Marshal(settings.Config)
	if err != nil {
		return ""
	}
	h := fnv.New64a()
	_, _ = h.Write(b)
	return fmt.Sprintf("%016x", h.Sum64())
}

// driftAPI is nil where nothing is watched.
func (s *Service) driftAPI() api.Drift {
	if s.drift == nil {
		return nil
	}
	return s.drift
}

// driftHealth names the devices that write their lines differently.
func (s *Service) driftHealth() (list []api.Component) {
	if s.drift == nil {
		return nil
	}
	c := api.Component{Name: "drift", Kind: driftPart, Status: api.StatusOK}
	var first drift.Drift
	open := 0
	for _, d := range s.drift.Drifts(drift.Filter{}) {
		if d.State == drift.StateOpen {
			if open++; open == 1 {
				first = d
			}
		}
	}
	if open > 0 {
		c.Status, c.Reason = api.StatusDegraded, first.Title()
		if open > 1 {
			c.Reason += fmt.Sprintf("; and %d more", open-1)
		}
		c.Advice = "see the lines and what to do: `logcenter drift show " + first.ID + "`"
	}
	return []api.Component{c}
}

// driftMetrics tells what the drift alarm sees.
func driftMetrics(t *drift.Tracker, counter, gauge sender) {
	st := t.Stats()
	counter("drift_rows_total", "Events that the drift alarm looked at.", float64(st.Rows))
	counter("drift_rows_skipped_total", "Events that it left out because of drift.rows_per_second.", float64(st.Skipped))
	gauge("drift_keys", "Devices times parsers times datasets that it knows.", float64(st.Keys))
	counter("drift_keys_evicted_total", "Of these, forgotten or not taken up because of drift.max_keys.", float64(st.Evicted))
	gauge("drift_open", "Devices whose lines have changed, by device and parser.", float64(st.Open))
	counter("drift_raised_total", "Alerts it raised.", float64(st.Raised))
}
