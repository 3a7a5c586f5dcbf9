package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Feed hands every entry of the event journal, in order, to one consumer group. Offsets travel with the
// consumer's own data where it has some: Durable says what need not be handed out again.
type Feed struct {
	Group   string
	Journal journal.Journal
	Options journal.GroupOptions
	// Durable is the last offset that survives a crash without the journal. The feed starts behind it and
	// commits it.
	Durable func() uint64
	// Decode reads an entry; nil is [DecodeEntry].
	Decode func(body []byte) (*Entry, error)
	// Handle takes one entry. An error is told to OnError and the entry handed out again.
	Handle  func(ctx context.Context, offset uint64, e *Entry) error
	OnError func(error)
	// OnEntry sees every entry after Handle took it, e.g. to tell those who tail. May be nil.
	OnEntry func(e *Entry)
}

const (
	feedRetryFirst = 100 * time.Millisecond
	feedRetryMost  = 10 * time.Second
	feedCommit     = time.Second
)

// Run works until ctx is done.
func (f *Feed) Run(ctx context.Context) error {
	c, err := f.Journal.Consumer(f.Group, f.Options)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	start := c.Committed() + 1
	if f.Durable != nil {
		if d := f.Durable(); d > 0 {
			start = d + 1
		}
		if last := f.Journal.Last(); start > last+1 {
			return fmt.Errorf("%s has entries up to %d, but the event journal ends at %d: the journal was removed or is an older copy; "+
				"restore the one that belongs to it, or move the data of %s away", f.Group, start-1, last, f.Group)
		}
	}
	if err := c.Seek(start); err != nil && !errors.Is(err, journal.ErrTrimmed) {
		return fmt.Errorf("%s: entry %d: %w", f.Group, start, err)
	}
	stop := f.commitNowAndThen(ctx, c)
	defer stop()
	decode := DecodeEntry
	if f.Decode != nil {
		decode = f.Decode
	}
	for {
		e, err := c.Next(ctx)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, journal.ErrClosed) {
				return nil
			}
			return fmt.Errorf("%s: %w", f.Group, err)
		}
		entry, err := decode(e.Body)
		if err != nil {
			return fmt.Errorf("%s: entry %d: %w", f.Group, e.Offset, err)
		}
		if !f.handle(ctx, e.Offset, entry) {
			return nil
		}
		if f.OnEntry != nil {
			f.OnEntry(entry)
		}
		if f.Durable == nil {
			if err := c.Commit(e.Offset); err != nil {
				f.OnError(fmt.Errorf("%s: commit: %w", f.Group, err))
			}
		}
	}
}

func (f *Feed) handle(ctx context.Context, offset uint64, e *Entry) bool {
	wait := feedRetryFirst
	for {
		err := f.Handle(ctx, offset, e)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		f.OnError(fmt.Errorf("%s: entry %d: %w", f.Group, offset, err))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
		wait = min(2*wait, feedRetryMost)
	}
}

// commitNowAndThen lets the journal drop what the consumer keeps by itself.
func (f *Feed) commitNowAndThen(ctx context.Context, c journal.Consumer) (stop func()) {
	if f.Durable == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(feedCommit)
		defer t.Stop()
		last := uint64(0)
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			if d := f.Durable(); d > last {
				if err := c.Commit(d); err != nil {
					f.OnError(fmt.Errorf("%s: commit: %w", f.Group, err))
					continue
				}
				last = d
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// StoreFeed is the feed of a store: a required group, as the journal is the store's write-ahead log.
func StoreFeed(j journal.Journal, s store.Store, onError func(error)) *Feed {
	return &Feed{
		Group: "store", Journal: j, Durable: s.Durable, OnError: onError,
		Handle: func(ctx context.Context, offset uint64, e *Entry) error {
			return s.Append(ctx, offset, []*wire.Batch{e.Batch})
		},
	}
}
