// Package outbox tells alerts: to each channel that an alert goes to it owes one delivery, which survives crashes, is
// tried until it succeeds or is given up, and can be looked at.
//
// A delivery is written within the transaction that records its alert. It is made at least once: what was told when the
// host is killed, before that is written down, is told again. A receiver knows it by the alert's id, which is the same
// each time.
//
// Each channel has a worker of its own, so that a slow one holds nobody back, and its deliveries are made one by one in
// the order in which they were added. Where one fails, the channel pauses, for as long as the notifier asks or ever
// longer; from headTries on the delivery steps aside, and those behind it are tried, lest one that cannot be delivered
// holds the others back. A channel that does not answer is cut off: it is tried ever more rarely, while the notifier's others
// go on, as every such try takes all of its time and may cost the notifier its process. A channel whose notifier is out of
// service waits. What cannot be told whether it was, a notifier
// that says so of what it did not do, counts as delivered.
//
// Read add.go for what an alert becomes, worker.go for how a delivery is made, escalate.go for alerts that nobody takes
// up, sweep.go for what is given up and forgotten, letters.go and channels.go for what people see and do.
package outbox

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/route"
)

// Pacing of all channels.
const (
	headTries    = 5                      // of a delivery, before those behind it are tried
	asideTries   = 20                     // of a delivery, before it waits for its own time when the channel works again
	retryFirst   = 500 * time.Millisecond // pause of a channel behind a failure; doubles with each further one
	retryMost    = 30 * time.Second       // longest pause of a channel that its notifier did not ask for
	asideMost    = 10 * time.Minute       // longest wait of a delivery that stepped aside
	askedMost    = time.Hour              // longest that a notifier may ask to be left alone
	cutOffBehind = 3                      // deliveries in a row without an answer, before a channel is cut off
	cutOffFirst  = 30 * time.Second       // then one try after so long; doubles with each further one that is not answered
	cutOffMost   = 10 * time.Minute       // longest of these
	lookMost     = 500 * time.Millisecond // between two looks for what is due
	lookFirst    = 5 * time.Millisecond   // behind an alert, until its transaction can be seen; doubles
	sweepEvery   = 10 * time.Second
	sweepAdded   = 1000                  // deliveries, after which it is swept earlier
	batchMost    = 256                   // deliveries of a channel that are written down together
	batchFor     = 50 * time.Millisecond // how long such a batch may take
	stopGrace    = 3 * time.Second       // for a delivery under way when the host stops
	reasonMost   = 512                   // bytes of a reason
	escalateMost = 100                   // escalations of one transaction
)

// Limits bound what is kept. Zero values are the defaults.
type Limits struct {
	// GiveUp is how long a delivery is tried. 0 = 24 h.
	GiveUp time.Duration
	// Keep is how long it is known what was delivered. 0 = 7 d.
	Keep time.Duration
	// MaxWaiting is how many deliveries of one channel may wait. When there are more, the oldest are given up. 0 = 20,000.
	MaxWaiting int
	// MaxDead is how many given-up deliveries are kept; the oldest are forgotten first. 0 = 20,000.
	MaxDead int
}

// maxDelivered is how many deliveries that were made are known.
const maxDelivered = 100_000

func (l Limits) filled() Limits {
	if l.GiveUp == 0 {
		l.GiveUp = 24 * time.Hour
	}
	if l.Keep == 0 {
		l.Keep = 7 * 24 * time.Hour
	}
	if l.MaxWaiting == 0 {
		l.MaxWaiting = 20_000
	}
	if l.MaxDead == 0 {
		l.MaxDead = 20_000
	}
	return l
}

// Settings are what an admin says of routes and channels.
type Settings struct {
	Table    *route.Table
	Channels map[string]Pace // those without one are told at once
	Limits   Limits
}

// Options are the parts that an outbox works with.
type Options struct {
	Store    *metadata.Store // with Schema
	Plugins  *plugin.Registry
	Settings Settings
	// Open says whether an alert is one that somebody should take up and nobody has, as tx sees it. Escalations end where
	// it says no.
	Open func(ctx context.Context, tx *sql.Tx, alert string) (bool, error)
	// Escalated notes that an alert was escalated to some channels, in the transaction that writes the deliveries down. nil:
	// nobody does.
	Escalated func(ctx context.Context, tx *sql.Tx, alert, to string, at time.Time) error
	// Now is the clock; nil is the real one.
	Now func() time.Time
	// OnError is told of the host's own trouble, such as a full disk; work goes on when it is over. nil: nobody is.
	OnError func(error)
	Log     *logrus.Entry
}

// Outbox delivers alerts. It is safe for concurrent use.
type Outbox struct {
	o        Options
	settings atomic.Pointer[Settings]
	wake     chan struct{}
	running  sync.WaitGroup // workers

	added     atomic.Int64 // deliveries since the last sweep
	lastSweep time.Time    // of the loop alone
	counters  counters

	mu       sync.Mutex
	channels map[string]*channel
}

type counters struct{ untold, unknown, escalated, expired, forgotten, dropped, redriven atomic.Int64 }

// New makes an outbox. Nothing is delivered until Run.
func New(o Options) *Outbox {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	b := &Outbox{o: o, wake: make(chan struct{}, 1), channels: map[string]*channel{}}
	b.Set(o.Settings)
	o.Plugins.OnChange(func() <-chan struct{} {
		b.resume()
		return nil
	})
	return b
}

// Set exchanges the settings. Alerts that were added before keep the channels that they were given.
func (b *Outbox) Set(s Settings) {
	if s.Table == nil {
		s.Table = route.NewTable(nil, nil)
	}
	s.Limits = s.Limits.filled()
	b.settings.Store(&s)
	b.soon()
}

// soon has the loop look at once.
func (b *Outbox) soon() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx is done. Then what is under way is given stopGrace to end.
func (b *Outbox) Run(ctx context.Context) error {
	defer b.running.Wait()
	pause := lookFirst
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.wake:
			pause = lookFirst
		case <-time.After(pause):
			pause = min(2*pause, lookMost)
		}
		for _, step := range [...]func(context.Context) error{b.escalate, b.sweep, b.dispatch} {
			if err := step(ctx); err != nil && ctx.Err() == nil {
				b.o.OnError(err)
				pause = lookMost
			}
		}
	}
}

// dispatch starts the workers of channels with something to do.
func (b *Outbox) dispatch(ctx context.Context) error {
	names, err := b.waitingChannels(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		c := b.channel(name)
		if !c.begin(b.o.Now()) {
			continue
		}
		b.running.Go(func() {
			defer c.end()
			if err := b.work(ctx, c); err != nil && ctx.Err() == nil {
				c.pauseFor(b.o.Now(), lookMost)
				b.o.OnError(err)
			}
		})
	}
	return nil
}

// waitingChannels are those with deliveries that wait. Each takes one look at the index, however many wait.
func (b *Outbox) waitingChannels(ctx context.Context) (names []string, err error) {
	err = b.o.Store.View(ctx, func(tx *sql.Tx) error {
		names, err = texts(ctx, tx, `WITH RECURSIVE c(channel) AS (
			SELECT (SELECT channel FROM outbox_delivery WHERE state = 'waiting' ORDER BY channel LIMIT 1)
			UNION ALL
			SELECT (SELECT channel FROM outbox_delivery WHERE state = 'waiting' AND channel > c.channel ORDER BY channel LIMIT 1)
			FROM c WHERE c.channel IS NOT NULL)
			SELECT channel FROM c WHERE channel IS NOT NULL`)
		return err
	})
	return names, err
}

// texts are the values of a query's only column.
func texts(ctx context.Context, tx *sql.Tx, query string, args ...any) (out []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
