package store

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/wire"
)

// Import brings the events of one partition into a store, all or none. What was not committed is gone after Abort, when
// the store is closed, and after a crash. Its methods have one caller at a time.
type Import interface {
	// Add takes events as Scan hands them out: logcenter.position tells event.id. It copies what it keeps. After an
	// error the import can only be aborted.
	Add(ctx context.Context, b *wire.Batch) error
	// Commit makes the events searchable and durable. Searches and scans that go on behind a cursor or token of
	// before do not see them. Without events it does nothing. After an error the import is aborted, unless the store
	// lies elsewhere and did not answer: then the next import of the partition tells, by ErrExists.
	Commit(ctx context.Context) (Partition, error)
	// Abort gives up what was added. After Commit it does nothing.
	Abort() error
}

// ImportRequest says where imported events belong.
type ImportRequest struct {
	Class, Day string    // of the partition, as in Partition
	Restored   string    // name of the restore, see CheckName; empty: the events belong to the store's own partitions
	Expires    time.Time // of restored ones; zero otherwise
}

// PartitionID is the ID of a partition.
func PartitionID(restored, class, day string) string {
	id := class + "/" + day
	if restored != "" {
		id = "restored." + restored + "/" + id
	}
	return id
}

// SortPartitions brings partitions into their order: day, class, the store's own first.
func SortPartitions(list []Partition) {
	slices.SortFunc(list, func(a, b Partition) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Restored, b.Restored))
	})
}

// ID is that of the partition the events will be in.
func (r ImportRequest) ID() string { return PartitionID(r.Restored, r.Class, r.Day) }

var (
	namePattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	classPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*$`)
)

// CheckName says what is wrong with the name of a restore.
func CheckName(name string) error {
	if !namePattern.MatchString(name) {
		return fmt.Errorf("%w: %q cannot name a restore: use up to 64 of a-z, 0-9, - and _, a letter or digit first", ErrRequest, name)
	}
	return nil
}

// Check says what is wrong with a request.
func (r ImportRequest) Check() error {
	if r.Restored != "" {
		if err := CheckName(r.Restored); err != nil {
			return err
		}
	} else if !r.Expires.IsZero() {
		return fmt.Errorf("%w: only restored events expire: name the restore", ErrRequest)
	}
	if len(r.Class) > 128 || !classPattern.MatchString(r.Class) {
		return fmt.Errorf("%w: %q is no retention class, want one such as firewall.attack", ErrRequest, r.Class)
	}
	if _, err := time.Parse(time.DateOnly, r.Day); err != nil {
		return fmt.Errorf("%w: %q is no day, want one such as 2026-11-21", ErrRequest, r.Day)
	}
	return nil
}
