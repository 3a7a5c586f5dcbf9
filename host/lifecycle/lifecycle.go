// Package lifecycle moves partitions of events (retention class × UTC day of event.ingested) on when their time is over:
// out of the store into the archive, and in the end out of that, too. It also brings archived ones back for a while.
//
// A partition leaves the store in this order: its events are scanned and written into the archive, which reads them back
// and records them; then, while nothing is appended, it is made sure that the store has no other events of the partition
// than those; then it is dropped. A crash anywhere leaves the partition in the store, in the archive, or in both. What
// is in both is seen by the next round, which archives only what the archive does not have yet and then drops.
//
// Where anything fails, nothing is dropped: the partition stays where it is, hidden from searches, and is tried again.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
)

// Options of a keeper. All are required but those that say otherwise.
type Options struct {
	Store  store.Store
	Policy *retention.Policy
	// Destination is where the archive lies; nil means that there is none, and events are gone after their online days.
	Destination archive.Destination
	Chain       string // file with the host's copy of the archive's chain
	Format      string // of what is archived
	Work        string // folder for files on their way; it is emptied
	Program     string // for manifests
	Every       time.Duration
	Log         *logrus.Entry
	Now         func() time.Time // nil means time.Now
}

// Keeper is the lifecycle of one store. Its methods are safe for concurrent use.
type Keeper struct {
	o     Options
	still sync.RWMutex  // held for writing while nothing may be added to the store
	busy  chan struct{} // holds a token while partitions are moved

	opening sync.Mutex // held while the archive is opened, which may take long

	mu      sync.Mutex
	archive *archive.Archive // nil until it could be opened
	status  Status
}

// Status is what a keeper does and did since it started.
type Status struct {
	Working  bool      `json:"working"`
	Doing    string    `json:"doing,omitempty"` // e.g. archiving firewall.attack/2026-08-27
	Done     int64     `json:"done"`            // events of it
	Of       int64     `json:"of"`
	Rounds   int64     `json:"rounds"`
	LastEnd  time.Time `json:"last_end,omitzero"` // of a round
	Error    string    `json:"error,omitempty"`   // why the last round did not do all
	Failures int64     `json:"failures"`          // rounds that did not do all

	Archived      int64 `json:"archived"` // partitions
	ArchivedBytes int64 `json:"archived_bytes"`
	Dropped       int64 `json:"dropped"`  // partitions from the store, after they were archived or where there is no archive
	Deleted       int64 `json:"deleted"`  // partitions from the archive because their years were over
	Restored      int64 `json:"restored"` // partitions
	Expired       int64 `json:"expired"`  // restored partitions that went again

	Overdue       int    `json:"overdue"`                  // partitions whose online time is over and that are still in the store
	OldestOverdue string `json:"oldest_overdue,omitempty"` // day
}

// ErrBusy means that the keeper moves partitions already.
var ErrBusy = errors.New("partitions are being moved already")

// New makes a keeper. The archive is opened when it is first needed: it may be elsewhere and not answer now.
func New(o Options) (*Keeper, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.RemoveAll(o.Work); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Work, 0o700); err != nil {
		return nil, err
	}
	return &Keeper{o: o, busy: make(chan struct{}, 1)}, nil
}

// Run moves what is due at once and then every while, until ctx is done.
func (k *Keeper) Run(ctx context.Context) error {
	t := time.NewTicker(k.o.Every)
	defer t.Stop()
	for {
		if err := k.Round(ctx, RoundRequest{}); err != nil && ctx.Err() == nil && !errors.Is(err, ErrBusy) {
			k.o.Log.WithError(err).Error("partitions whose time is over stay where they are; it is tried again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Status says what the keeper does.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.status
}

func (k *Keeper) note(f func(s *Status)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f(&k.status)
}

// patience is how long who wants something moved waits for another thing to be done: most rounds find nothing to do and
// take milliseconds.
const patience = 5 * time.Second

// begin makes sure that only one thing is moved at a time.
func (k *Keeper) begin(ctx context.Context) (end func(), err error) {
	select {
	case k.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(patience):
		return nil, fmt.Errorf("%w: %s; try again when that is done", ErrBusy, k.Status().Doing)
	}
	k.note(func(s *Status) { s.Working = true })
	return func() {
		k.note(func(s *Status) { // who sees that it is done may begin the next thing
			s.Working, s.Doing, s.Done, s.Of = false, "", 0, 0
			<-k.busy
		})
	}, nil
}

// ErrNoArchive means that the configuration says that there is none.
var ErrNoArchive = errors.New("this host has no archive: archive.kind is none")

// Archive is the archive, opened.
func (k *Keeper) Archive(ctx context.Context) (*archive.Archive, error) {
	if k.o.Destination == nil {
		return nil, ErrNoArchive
	}
	if a := k.opened(); a != nil {
		return a, nil
	}
	k.opening.Lock()
	defer k.opening.Unlock()
	if a := k.opened(); a != nil { // by another, meanwhile
		return a, nil
	}
	a, err := archive.Open(ctx, k.o.Destination, k.o.Chain)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	a.Now = k.o.Now
	k.mu.Lock()
	defer k.mu.Unlock()
	k.archive = a
	return a, nil
}

func (k *Keeper) opened() *archive.Archive {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.archive
}

// Destination is where the archive lies; nil if there is none. chain is the host's copy of its chain.
func (k *Keeper) Destination() (d archive.Destination, chain string) {
	return k.o.Destination, k.o.Chain
}

// Policy is by what partitions are kept.
func (k *Keeper) Policy() *retention.Policy { return k.o.Policy }

// Folder makes a name for a folder of files on their way.
func (k *Keeper) Folder(pattern string) (string, error) {
	return os.MkdirTemp(k.o.Work, pattern)
}

// RoundRequest says what a round does beyond what is due.
type RoundRequest struct {
	// Before archives partitions of the days before this one, too, though their online time is not over.
	Before string
	// Progress is told often what is being done; nil is not.
	Progress func(Status)
}

// Round moves everything that is due, oldest first. One partition that fails does not keep the others.
func (k *Keeper) Round(ctx context.Context, r RoundRequest) error {
	if r.Before != "" {
		if _, err := time.Parse(time.DateOnly, r.Before); err != nil {
			return fmt.Errorf("%w: %q is no day, want one such as 2026-11-21", store.ErrRequest, r.Before)
		}
	}
	end, err := k.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	err = k.round(ctx, r)
	k.note(func(s *Status) {
		s.Rounds++
		s.LastEnd, s.Error = k.o.Now().UTC(), ""
		if err != nil && ctx.Err() == nil {
			s.Failures++
			s.Error = err.Error()
		}
	})
	return err
}

func (k *Keeper) round(ctx context.Context, r RoundRequest) error {
	parts, err := k.partitions(ctx)
	if err != nil {
		return err
	}
	var due []store.Partition
	overdue, oldest := 0, ""
	var errs []error
	for _, p := range parts {
		switch {
		case p.Restored != "":
			if !p.Expires.IsZero() && !p.Expires.After(k.o.Now()) {
				errs = append(errs, k.expire(ctx, p))
			}
		case p.Day < k.o.Policy.OldestOnline(p.Class, k.o.Now()):
			overdue++
			if oldest == "" || p.Day < oldest {
				oldest = p.Day
			}
			due = append(due, p)
		case p.Day < r.Before:
			due = append(due, p)
		}
	}
	k.note(func(s *Status) { s.Overdue, s.OldestOverdue = overdue, oldest })
	if k.o.Destination == nil && overdue > 0 {
		if err := k.clock(nil, parts, dropGap); err != nil { // what is dropped is gone for good
			errs = append(errs, fmt.Errorf("nothing is dropped from the store: %w; `logcenter retention run --before DAY` drops what is older at once", err))
			due = slices.DeleteFunc(due, func(p store.Partition) bool { return p.Day >= r.Before })
		}
	}
	failed := 0 // in a row
	for i, p := range due {
		if ctx.Err() != nil {
			break
		}
		err := k.move(ctx, p, r.Progress)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.ID, err))
			if ofPartition(err) {
				continue
			}
			if failed++; failed == maxFailed {
				if left := len(due) - i - 1; left > 0 {
					errs = append(errs, fmt.Errorf("%d more partitions were not tried after %d failures in a row", left, failed))
				}
				break
			}
			continue
		}
		failed = 0
		if p.Day < k.o.Policy.OldestOnline(p.Class, k.o.Now()) {
			k.note(func(s *Status) { s.Overdue-- })
		}
	}
	if errors.Join(errs...) == nil {
		k.note(func(s *Status) { s.OldestOverdue = "" })
	}
	return errors.Join(append(errs, k.thin(ctx, parts), ctx.Err())...)
}

// partitions lists what is in the store, what came a moment ago included.
func (k *Keeper) partitions(ctx context.Context) ([]store.Partition, error) {
	if err := k.o.Store.Flush(ctx); err != nil {
		return nil, err
	}
	return k.o.Store.Partitions(ctx)
}

// maxFailed partitions in a row that cannot be moved end a round: it is the archive or the store, not the partitions.
const maxFailed = 3

// ofPartition says that an error tells nothing of other partitions.
func ofPartition(err error) bool {
	return errors.Is(err, errCame) || errors.Is(err, archive.ErrDamaged) && !errors.Is(err, archive.ErrOther)
}

// A clock that was set wrong must not delete anything for good. It is believed when it goes on from what was stored and
// archived before: something of the time shortly before a week ago has to be there. What is younger does not count, for
// a wrong clock dates that, too; so there is a week to see the error. The gap is how long ago it may be at most: years
// are not cut short by a month, the online days of a store without an archive might be.
const (
	clockProof = 7 * 24 * time.Hour
	clockGap   = 31 * 24 * time.Hour
	dropGap    = 14 * 24 * time.Hour
)

// clock says why the clock is not believed; nil if it is. a is nil where there is no archive, parts are those in the
// store before anything is moved.
func (k *Keeper) clock(a *archive.Archive, parts []store.Partition, gap time.Duration) error {
	now := k.o.Now().UTC()
	proof := now.Add(-clockProof)
	var last time.Time
	if a != nil {
		last = a.LastBefore(proof)
	}
	for _, p := range parts {
		day, err := time.Parse(time.DateOnly, p.Day)
		if err == nil && p.Restored == "" && !day.After(proof) && day.After(last) {
			last = day
		}
	}
	if now.Sub(last) <= gap {
		return nil
	}
	since := "ever"
	if !last.IsZero() {
		since = "from " + last.Format(time.DateOnly)
	}
	return fmt.Errorf("the clock says %s, but nothing was stored or archived %s until a week before that. "+
		"If the clock is wrong, set it right. If this host was off for so long, deleting goes on by itself after a week", now.Format(time.DateOnly), since)
}

// Clock says why the host's clock is not believed, so that nothing may be deleted for good because of its age; nil if
// it is.
func (k *Keeper) Clock(ctx context.Context) error {
	parts, err := k.partitions(ctx)
	if err != nil {
		return err
	}
	a, err := k.Archive(ctx)
	if err != nil && !errors.Is(err, ErrNoArchive) {
		return err
	}
	return k.clock(a, parts, clockGap)
}

// thin deletes from the archive what has been there for its years.
func (k *Keeper) thin(ctx context.Context, parts []store.Partition) error {
	if k.o.Destination == nil {
		return nil
	}
	a, err := k.Archive(ctx)
	if err != nil {
		return err
	}
	if err := a.Sweep(ctx); err != nil {
		return err
	}
	believed := false
	for _, p := range a.List() {
		if p.Held != "" || k.o.Now().Before(p.Until(k.o.Policy.Class(p.Class).ArchiveYears)) {
			continue
		}
		if !believed {
			if err := k.clock(a, parts, clockGap); err != nil {
				return fmt.Errorf("nothing is deleted from the archive: %w; `logcenter archive delete NAME` deletes what is over at once", err)
			}
			believed = true
		}
		if err := a.Delete(ctx, p.Name(), "its archive years are over"); err != nil {
			return fmt.Errorf("archive: %s: %w", p.Name(), err)
		}
		k.o.Log.WithFields(logrus.Fields{"partition": p.Name(), "events": p.Events}).Info("deleted from the archive: its years are over")
		k.note(func(s *Status) { s.Deleted++ })
	}
	return nil
}

func (k *Keeper) expire(ctx context.Context, p store.Partition) error {
	if err := k.o.Store.DropPartition(ctx, p.ID); err != nil {
		return fmt.Errorf("%s: %w", p.ID, err)
	}
	k.o.Log.WithField("partition", p.ID).Info("a restored partition has expired")
	k.note(func(s *Status) { s.Expired++ })
	return nil
}

func (k *Keeper) staging() string { return filepath.Join(k.o.Work, "staging") }
