package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/store"
)

// RestoreRequest asks for an archived partition in the store.
type RestoreRequest struct {
	Name string
	For  time.Duration // after which it leaves the store again
	// Progress is told how many of its events are in; nil is not.
	Progress func(Status)
}

// Bounds of how long something is restored.
const (
	MinRestore = time.Minute
	MaxRestore = 366 * 24 * time.Hour
)

// series is the name of what is restored from a part.
func series(part int) string {
	if part == 1 {
		return "archive"
	}
	return fmt.Sprintf("archive-%d", part)
}

// Restore brings an archived partition back into the store, as a series of its own that leaves by itself. It stays in
// the archive. All of its events are searchable at once, or none.
func (k *Keeper) Restore(ctx context.Context, r RestoreRequest) (store.Partition, error) {
	if r.For < MinRestore || r.For > MaxRestore {
		return store.Partition{}, fmt.Errorf("%w: restoring for %s is not possible: 1 minute to 366 days are", store.ErrRequest, r.For)
	}
	a, err := k.Archive(ctx)
	if err != nil {
		return store.Partition{}, err
	}
	p, err := a.Find(r.Name)
	if err != nil {
		return store.Partition{}, err
	}
	end, err := k.begin(ctx)
	if err != nil {
		return store.Partition{}, err
	}
	defer end()
	request := store.ImportRequest{Class: p.Class, Day: p.Day, Restored: series(p.Part), Expires: k.o.Now().Add(r.For).UTC().Truncate(time.Second)}
	have, err := k.partitions(ctx)
	if err != nil {
		return store.Partition{}, err
	}
	for _, h := range have {
		switch h.ID {
		case request.ID():
			return h, fmt.Errorf("%w: %s is restored already, until %s", store.ErrExists, r.Name, h.Expires.Format(time.DateTime))
		case store.PartitionID("", p.Class, p.Day):
			return h, fmt.Errorf("%w: %s is still online, search it there", store.ErrExists, h.ID)
		}
	}
	k.note(func(s *Status) { s.Doing, s.Done, s.Of = "restoring "+r.Name, 0, p.Events })
	im, err := k.o.Store.Import(ctx, request)
	if err != nil {
		return store.Partition{}, err
	}
	progress := func(done, _ int64) {
		k.note(func(s *Status) { s.Done = done })
		if r.Progress != nil {
			r.Progress(k.Status())
		}
	}
	var events int64
	for b, err := range a.Events(ctx, r.Name, filepath.Join(k.o.Work, "restore"), progress) {
		if err == nil {
			events += int64(b.Rows)
			err = im.Add(ctx, b)
		}
		if err != nil {
			return store.Partition{}, errors.Join(err, im.Abort())
		}
	}
	if events != p.Events {
		err := fmt.Errorf("%w: %s has %d events, %d came out of its files", archive.ErrDamaged, r.Name, p.Events, events)
		return store.Partition{}, errors.Join(err, im.Abort())
	}
	back, err := im.Commit(ctx)
	if err != nil {
		return store.Partition{}, errors.Join(err, im.Abort())
	}
	if back.Events < p.Events {
		err := fmt.Errorf("%s has %d events, the store took %d of them: nothing is restored", r.Name, p.Events, back.Events)
		return store.Partition{}, errors.Join(err, k.o.Store.DropPartition(ctx, back.ID))
	}
	k.o.Log.WithFields(logrus.Fields{"partition": back.ID, "events": back.Events, "until": back.Expires}).Info("restored from the archive")
	k.note(func(s *Status) { s.Restored++ })
	return back, nil
}

// Delete removes a partition from the archive for good and records it. Before its years are over that is refused unless
// early.
func (k *Keeper) Delete(ctx context.Context, name string, early bool) error {
	a, err := k.Archive(ctx)
	if err != nil {
		return err
	}
	p, err := a.Find(name)
	if err != nil {
		return err
	}
	reason := "deleted by an admin"
	if until := p.Until(k.o.Policy.Class(p.Class).ArchiveYears); k.o.Now().Before(until) {
		if !early {
			return fmt.Errorf("%w: %s is to be kept until %s; --before-its-time deletes it all the same", archive.ErrRefused, name, until.Format(time.DateOnly))
		}
		reason = "deleted by an admin before its time, which is " + until.Format(time.DateOnly)
	}
	end, err := k.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	k.note(func(s *Status) { s.Doing = "deleting " + name })
	if err := a.Delete(ctx, name, reason); err != nil {
		return err
	}
	k.o.Log.WithFields(logrus.Fields{"partition": name, "events": p.Events}).Warn(reason)
	return nil
}

// Hold keeps a partition in the archive, whatever its years and whoever deletes, until it is released.
func (k *Keeper) Hold(ctx context.Context, name, reason string) (archive.Partition, error) {
	return k.changeHold(ctx, "holding ", name, func(a *archive.Archive) error { return a.Hold(ctx, name, reason) })
}

// Release ends a hold.
func (k *Keeper) Release(ctx context.Context, name, reason string) (archive.Partition, error) {
	return k.changeHold(ctx, "releasing ", name, func(a *archive.Archive) error { return a.Release(ctx, name, reason) })
}

func (k *Keeper) changeHold(ctx context.Context, doing, name string, change func(*archive.Archive) error) (archive.Partition, error) {
	a, err := k.Archive(ctx)
	if err != nil {
		return archive.Partition{}, err
	}
	end, err := k.begin(ctx)
	if err != nil {
		return archive.Partition{}, err
	}
	defer end()
	k.note(func(s *Status) { s.Doing = doing + name })
	if err := change(a); err != nil {
		return archive.Partition{}, err
	}
	return a.Find(name)
}
