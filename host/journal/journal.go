// Package journal is the durable, append-only log between the stages of the host.
//
// A journal holds entries under consecutive offsets. What [Journal.Append] has returned survives a
// killed process and a power cut. Consumer groups read entries in order, each at its own pace; an
// entry goes away when every group that counts has committed past it; without any group, all are kept.
// The same promise is kept on local disk (package disk) and, scaled out, by Kafka partitions; package
// journaltest is what both have to pass.
package journal

import (
	"context"
	"errors"
	"time"
)

// Entry is one appended body. Consumers of several groups may share Body: nobody may write to it, and it
// stays valid for as long as it is kept.
type Entry struct {
	Offset uint64 // the first entry of a journal has offset 1
	Body   []byte
}

// Errors that callers tell apart with errors.Is.
var (
	// ErrFull means that the byte bound is reached because a required group lags, or that the disk takes
	// no more. Append waits instead; only TryAppend returns it.
	ErrFull = errors.New("journal is full")
	// ErrClosed is returned by calls on a closed journal or consumer.
	ErrClosed = errors.New("journal is closed")
	// ErrTrimmed means that the entry asked for is gone; the error's text says which offset is the first left.
	ErrTrimmed = errors.New("journal entry is trimmed")
	// ErrDetached means that this group fell further behind than it may and no longer holds entries back.
	ErrDetached = errors.New("consumer group is detached")
	// ErrTooLarge means that one body exceeds Options.MaxEntryBytes.
	ErrTooLarge = errors.New("journal entry is too large")
)

// Journal is one partition of a log. All methods are safe for concurrent use.
type Journal interface {
	// ID is a random identity, made when the journal was created and kept with it: 22 URL-safe characters.
	ID() string
	// Append makes body durable and returns its offset. It waits while the journal is full or the disk
	// is, until ctx is done; then the error wraps ErrFull, too, if the journal was full. Appends of several
	// callers share one sync. body is the journal's and its readers' from here on, whatever is returned:
	// nobody may write to it again.
	// After an error the entry is not in the journal, unless the process dies in the call.
	Append(ctx context.Context, body []byte) (uint64, error)
	// TryAppend is Append, but returns ErrFull at once instead of waiting for space.
	TryAppend(body []byte) (uint64, error)
	// Consumer joins the group named, creating it at the oldest entry if it is new. A group has one
	// consumer at a time; joining again closes the one before.
	Consumer(group string, o GroupOptions) (Consumer, error)
	// RemoveGroup forgets a group and what it held back. A name that is not there is no error.
	RemoveGroup(group string) error
	// Last is the offset of the newest entry, 0 for an empty journal that never had one.
	Last() uint64
	// Read returns the entry at an offset, for replays; body is the caller's. ErrTrimmed if it is gone.
	Read(offset uint64) (Entry, error)
	// Stats is a snapshot for metrics and the API.
	Stats() Stats
	// Close flushes and releases everything. Later calls return ErrClosed.
	Close() error
}

// GroupOptions say what a lagging group does to the journal. The zero value is a required group.
type GroupOptions struct {
	// DetachAfterBytes makes the group detachable: once it lags by more than so many bytes, it no longer
	// holds entries back; at the latest when the journal is full and no required group needs what it
	// holds. 0 means required: the journal fills up and Append waits.
	DetachAfterBytes int64
}

// Consumer reads the entries of one group in order. Not safe for concurrent use, but Commit may be
// called from another goroutine than Next.
type Consumer interface {
	// Next waits for and returns the next entry: after opening, the one behind the last commit.
	// ErrTrimmed or ErrDetached if it is gone; Seek(First) goes on.
	Next(ctx context.Context) (Entry, error)
	// Seek makes Next return the entry at offset (or wait for it, if it is the next to be appended);
	// offset 0 means the oldest entry held. A group that was detached counts again from there.
	Seek(offset uint64) error
	// Commit says that everything up to and including offset is done. Commits survive a crash at the
	// latest a second later; whoever needs exactly-once keeps the offset with its own data and seeks.
	Commit(offset uint64) error
	// Committed is the last committed offset, 0 for none.
	Committed() uint64
	Close() error
}

// Stats describes a journal at one moment.
type Stats struct {
	First, Last uint64 // offsets of the oldest and newest entry held; First > Last when empty
	Bytes       int64  // held on disk
	MaxBytes    int64  // the bound; 0 = none
	Full        bool   // the last that was appended had to wait for space, or was refused, and would be again
	Err         string // why appends fail at the moment (disk full, I/O error), empty when they do not
	Groups      []GroupStats
}

// GroupStats describes one consumer group.
type GroupStats struct {
	Name      string
	Committed uint64
	Lag       uint64 // entries behind
	LagBytes  int64
	Required  bool
	Detached  bool
	LastRead  time.Time // zero when nothing was read yet
	Read      uint64    // the last entry that was handed out since the journal was opened, or the last committed one
}
