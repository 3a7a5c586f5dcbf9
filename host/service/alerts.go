package service

import (
	"context"
	"time"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/alert/health"
	"github.com/logcenter/logcenter/host/alert/record"
)

// openAlerts readies detection: what detectors raise goes into the ledger.
func (s *Service) openAlerts(context.Context) (err error) {
	c := s.cfg.Alerts.Records
	o := record.Options{
		Deliveries: s.outbox, Remind: orNever(c.Remind), PerRule: orNever(c.StormRule), Together: orNever(c.StormAll), Window: c.StormWindow,
		Keep: c.Keep, MaxAlerts: c.MaxRecords, Sample: c.Evidence, Log: s.log,
	}
	if _, none := s.engine.(noStore); !none {
		o.Events = s.store
	}
	if c.OnRecovery != "leave" {
		o.OnRecovery = record.Verdict(c.OnRecovery)
	}
	if s.ledger, err = record.New(s.metadata, o); err != nil {
		return err
	}
	s.health = health.New(nil)
	alerts := alert.Options{Dir: s.path("alert"), Health: s.health, Log: s.log, Ledger: s.ledger, OnError: func(err error) { s.warn("alerts", err) }}
	if s.openDrift(); s.drift != nil {
		alerts.Builtin = s.drift
	}
	s.alerts, err = alert.NewRunner(s.plugins, s.events, alerts)
	return err
}

// orNever is a bound of the configuration, where 0 is none, as the ledger has it.
func orNever[T int | time.Duration](v T) T {
	if v == 0 {
		return -1
	}
	return v
}

// alertMetrics tells what becomes of alerts.
func (s *Service) alertMetrics(counter, gauge sender) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	st, err := s.ledger.Stats(ctx)
	if err != nil {
		s.warn("alerts", err)
		return
	}
	counter("alerts_raised_total", "Alerts recorded, each id once.", float64(st.Raised))
	counter("alerts_raised_again_total", "Alerts that were recorded already, as after a crash of a detector.", float64(st.Again))
	counter("alerts_told_total", "Alerts, recoveries and summaries that were handed over for delivery.", float64(st.Told))
	const held = "Alerts that nobody was told of by themselves, by reason."
	counter("alerts_held_total", held, float64(st.Repeats), "reason", "repeat")
	counter("alerts_held_total", held, float64(st.Silent), "reason", "silent")
	counter("alerts_held_total", held, float64(st.Stormed), "reason", "storm")
	counter("alerts_summaries_total", "Summaries of storms.", float64(st.Summaries))
	counter("alerts_recovered_total", "Recoveries of alerts.", float64(st.Recovered))
	counter("alerts_removed_total", "Records that were too old or too many.", float64(st.Removed))
	for severity, n := range st.Open {
		gauge("alerts_unclosed", "Alerts that are not closed, by severity.", float64(n), "severity", severity, "state", "open")
		gauge("alerts_unclosed", "Alerts that are not closed, by severity.", float64(st.Acknowledged[severity]), "severity", severity, "state", "acknowledged")
	}
	gauge("alerts_storms", "Storms under way.", float64(st.Storms))
	gauge("alerts_evidence_wanted", "Alerts whose events are not copied yet.", float64(st.EvidenceWanted))
	const evidence = "Alerts whose events were looked for, by outcome."
	counter("alerts_evidence_total", evidence, float64(st.EvidenceTaken-st.EvidencePartial), "outcome", "taken")
	counter("alerts_evidence_total", evidence, float64(st.EvidencePartial), "outcome", "partial")
	counter("alerts_evidence_total", evidence, float64(st.EvidenceNone), "outcome", "none")
}
