package service

import (
	"context"
	"errors"
	"fmt"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/migrate"
)

// migrationFile keeps how far a migration is, below the data directory.
const migrationFile = "migration.json"

// MigrateOptions say what to move.
type MigrateOptions struct {
	From, To string // kinds of stores of the configuration
	Restart  bool   // begin anew
	Progress func(migrate.Progress)
}

// Migrate moves all events from one of the configuration's stores into the other. No host may run on the data: it
// holds the journals for as long as it works.
func Migrate(ctx context.Context, cfg *config.Config, log *logrus.Logger, version string, o MigrateOptions) (report *migrate.Report, err error) {
	for _, kind := range []string{o.From, o.To} {
		if kind != "embedded" && kind != "elasticsearch" {
			return nil, fmt.Errorf("there is no store %q to migrate: use embedded or elasticsearch", kind)
		}
	}
	if o.From == o.To {
		return nil, fmt.Errorf("events cannot be migrated from %s to %s: the kinds must differ", o.From, o.To)
	}
	s, err := openStopped(ctx, cfg, log, version)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	from, err := s.openKind(o.From)
	if err != nil {
		return nil, err
	}
	to, err := s.openKind(o.To)
	if err != nil {
		return nil, err
	}
	return migrate.Run(ctx, migrate.Options{
		From: from, To: to, FromName: o.From, ToName: o.To, State: s.path(migrationFile), Restart: o.Restart, Progress: o.Progress,
	})
}

// openStopped opens what a host keeps beside its store, and so makes sure that none runs.
func openStopped(ctx context.Context, cfg *config.Config, log *logrus.Logger, version string) (*Service, error) {
	s := &Service{cfg: cfg, log: logrus.NewEntry(log), version: version, faults: map[string]string{}}
	for _, open := range [...]func(context.Context) error{s.openData, s.openJournals} {
		if err := open(ctx); err != nil {
			err = errors.Join(err, s.Close())
			if errors.Is(err, disk.ErrInUse) {
				err = fmt.Errorf("stop the host first: %w", err)
			}
			return nil, err
		}
	}
	return s, nil
}
