package service

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/hold"
	"github.com/logcenter/logcenter/host/migrate"
	"github.com/logcenter/logcenter/host/redrive"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/gc"
)

func (s *Service) openStore(context.Context) error {
	to, err := migrate.Unfinished(s.path(migrationFile))
	if err != nil {
		return err
	}
	if to == s.cfg.Store.Kind {
		return fmt.Errorf("store.kind: a migration to %s is not finished: run `logcenter migrate` again, or go back to the kind of before", to)
	}
	if s.engine, err = s.openKind(s.cfg.Store.Kind); err != nil {
		return err
	}
	return s.openLifecycle(s.engine)
}

// openKind opens the configuration's store of a kind. It is closed with the service.
func (s *Service) openKind(kind string) (store.Store, error) {
	c := s.cfg.Store
	gc.Tune(Garbage)
	if kind == "none" {
		return noStore{new(atomic.Uint64)}, nil
	}
	if kind == "elasticsearch" {
		return s.openElasticsearch()
	}
	st, err := embedded.Open(s.path("store"), embedded.Options{
		MemoryLimit: int64(c.Memory), Threads: c.Threads, FlushBytes: int64(c.FlushBytes),
		FlushInterval: c.FlushEvery, TailBytes: int64(c.TailBytes), QueryTimeout: s.cfg.Limits.SearchTimeout,
		Classify: s.policy.Classify, OldestOnline: oldestOnline(s.policy),
		Rejected: s.rejected, Failed: func(err error) { s.warn("store", err) },
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s.onClose(st.Close)
	return st, nil
}

// rejected makes a dead letter of a row that the store cannot keep, and holds what is there of its record.
func (s *Service) rejected(r store.Rejection) {
	d := deadletter.Letter{
		EventID: fmt.Sprintf("%s@%d.%d", r.Source, r.Offset, r.Row), Time: time.Now().UTC(), Stage: "store", Reason: "rejected", Message: r.Reason,
	}
	if eventID, ok := r.Event[ecs.EventID.Name()].(string); ok {
		d.EventID = eventID
	}
	if s.dead.Has(d.EventID) { // a replay, or its record is held as it came
		return
	}
	d.Input, _ = r.Event[ecs.LogcenterInput.Name()].(string)
	d.Text, _ = r.Event[ecs.Message.Name()].(string)
	d.Address, _ = r.Event[ecs.LogSourceAddress.Name()].(string)
	d.Host, _ = r.Event[ecs.HostName.Name()].(string)
	if received, ok := r.Event[ecs.EventIngested.Name()].(time.Time); ok {
		d.Time = received
	}
	if record, ok := redrive.Record(r.Event); ok {
		rs := []hold.Record{{EventID: d.EventID, Reason: "store: rejected", Batch: record}}
		if err := s.hold.Keep(rs); err != nil {
			d.Message += "; it cannot be redriven, as it could not be held: " + err.Error()
		}
		d.Held = rs[0].Time
	}
	if err := s.dead.Add([]deadletter.Letter{d}); err != nil {
		s.warn("dead letters", err)
	}
}
