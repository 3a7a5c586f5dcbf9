package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/route"
	"github.com/logcenter/logcenter/sdk/wire"
)

// channel is a channel with its memory since the host started.
type channel struct {
	name string

	mu sync.Mutex
	memory
}

type memory struct {
	busy    bool      // it has a worker
	resume  time.Time // until when it pauses
	blocked string    // why it does not work at all now: its notifier is out of service; "" if it does
	streak  int       // failures since the last success
	hung    int       // deliveries without an answer since the last one
	full    time.Time // see Pace.turn
	figures Figures
}

// Figures count what a channel did since the host started.
type Figures struct {
	Sent, Retried, Failed int64 // deliveries made; tries that failed and are tried again; deliveries given up
	Unanswered            int64 // tries that failed because there was no answer
	CutOff                int64 // how often it was cut off
	LastSuccess           time.Time
	LastFailure           time.Time
	Reason                string  // of the last failure
	Latency               Latency // from when the detector decided on the alert until it was delivered
}

// Latency counts times by bounds.
type Latency struct {
	Counts [len(LatencyBounds)]int64 // up to the bound, those below included
	Count  int64
	Sum    float64 // seconds
}

// LatencyBounds are in seconds.
var LatencyBounds = [...]float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600}

func (l *Latency) add(d time.Duration) {
	s := d.Seconds()
	for i := len(LatencyBounds) - 1; i >= 0 && s <= LatencyBounds[i]; i-- {
		l.Counts[i]++
	}
	l.Count++
	l.Sum += s
}

func (b *Outbox) channel(name string) *channel {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.channels[name]
	if c == nil {
		c = &channel{name: name}
		b.channels[name] = c
	}
	return c
}

// resume has channels whose notifier was out of service try at once.
func (b *Outbox) resume() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.channels {
		c.mu.Lock()
		if c.blocked != "" {
			c.resume = time.Time{}
		}
		c.mu.Unlock()
	}
	b.soon()
}

// begin says whether a worker may start.
func (c *channel) begin(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy || now.Before(c.resume) {
		return false
	}
	c.busy = true
	return true
}

func (c *channel) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
}

func (c *channel) pauseFor(now time.Time, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resume = now.Add(d)
}

// turn waits until the channel's rate lets it tell an alert; false if that takes longer than a look of the loop.
func (b *Outbox) turn(ctx context.Context, c *channel, p *Pace) bool {
	c.mu.Lock()
	now := b.o.Now()
	wait := p.turn(&c.full, now)
	if wait > lookMost {
		c.resume = now.Add(wait)
	}
	c.mu.Unlock()
	if wait == 0 {
		return true
	}
	if wait <= lookMost {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return false
}

// delivery is a row of the outbox on its way.
type delivery struct {
	id    int64
	tries int
	begun time.Time // when the detector decided on it, or else when it was added
	alert *wire.Alert
	fault error // why the alert cannot be read; nil: it can
}

// outcome is what became of a delivery.
type outcome struct {
	*delivery
	state   string    // Delivered, Dead, or Waiting: it failed
	reason  string    // unless delivered
	due     time.Time // of one that failed
	ended   time.Time
	widened []Stop // it is exchanged for these
	over    string // channel whose trouble is over with it
}

// work makes a channel's deliveries that are due, until none is left, one fails, or the channel must pause.
func (b *Outbox) work(ctx context.Context, c *channel) error {
	for ctx.Err() == nil {
		s := b.settings.Load()
		pace := s.Channels[c.name]
		batch, err := b.due(ctx, c, &pace)
		if err != nil || len(batch) == 0 {
			return err
		}
		outcomes, goOn := b.batch(ctx, c, &pace, batch)
		// What was told must be written down, also while the host stops.
		if err := b.settle(context.WithoutCancel(ctx), outcomes); err != nil {
			return err
		}
		if !goOn {
			return nil
		}
	}
	return nil
}

// due are the next deliveries of a channel, in order.
func (b *Outbox) due(ctx context.Context, c *channel, p *Pace) (batch []*delivery, err error) {
	now := b.o.Now()
	query, args := "SELECT id, tries, added, body FROM outbox_delivery WHERE channel = ? AND state = 'waiting' AND due <= ?", []any{c.name, now.UnixNano()}
	if p.quiet(now) {
		query += " AND severity IN (" + strings.TrimSuffix(strings.Repeat("?,", len(p.Through)), ",") + ")"
		for _, severity := range p.Through {
			args = append(args, severity)
		}
	}
	err = b.o.Store.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query+fmt.Sprintf(" ORDER BY id LIMIT %d", batchMost), args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			d, added, body := &delivery{alert: &wire.Alert{}}, int64(0), sql.RawBytes{}
			if err := rows.Scan(&d.id, &d.tries, &added, &body); err != nil {
				return err
			}
			d.fault = proto.Unmarshal(body, d.alert)
			d.begun = time.Unix(0, cmp.Or(d.alert.DecidedNs, added))
			batch = append(batch, d)
		}
		return rows.Err()
	})
	return batch, err
}

// batch tries deliveries one by one. goOn says that more may follow at once.
func (b *Outbox) batch(ctx context.Context, c *channel, p *Pace, batch []*delivery) (outcomes []outcome, goOn bool) {
	begun := time.Now()
	for _, d := range batch {
		if ctx.Err() != nil || time.Since(begun) > batchFor {
			return outcomes, true
		}
		if !b.turn(ctx, c, p) {
			return outcomes, b.ready(c)
		}
		o, ok := b.deliver(ctx, c, p, d)
		if o != nil {
			outcomes = append(outcomes, *o)
		}
		if !ok {
			return outcomes, false
		}
	}
	return outcomes, true
}

func (b *Outbox) ready(c *channel) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !b.o.Now().Before(c.resume)
}

// deliver makes one delivery. No outcome: it was not tried. ok says that those behind it may follow.
func (b *Outbox) deliver(ctx context.Context, c *channel, p *Pace, d *delivery) (o *outcome, ok bool) {
	if d.fault != nil {
		return &outcome{delivery: d, state: Dead, reason: short("what was kept of the alert cannot be read: " + d.fault.Error()), ended: b.o.Now()}, true
	}
	id, target := route.Split(c.name)
	n, err := b.notifier(id)
	if err == nil && target != "" {
		if why := lacks(n, target); why != "" {
			err = errors.New(why)
		}
	}
	if err != nil {
		b.block(c, err)
		return nil, false
	}
	if target == "" {
		if targets, _ := n.Targets(); len(targets) > 0 { // which was not known when it was added
			return &outcome{delivery: d, widened: b.expand(nil, []route.Hop{{Channel: c.name}})}, true
		}
	}
	d.alert.Target = target
	err = b.notify(ctx, n, d.alert, p.timeout())
	now := b.o.Now()
	var failed *plugin.NotifyError
	switch {
	case err == nil:
		o = &outcome{delivery: d, state: Delivered, ended: now}
		if c.succeeded(now, now.Sub(d.begun)) >= headTries {
			o.over = c.name
		}
		return o, true
	case errors.Is(err, plugin.ErrUnavailable):
		b.block(c, err)
		return nil, false
	case !errors.As(err, &failed):
		return nil, false // the host stops
	case failed.Final:
		reason := short(err.Error())
		c.failed(now, reason, true)
		b.log(d, c).WithField("reason", reason).Error("an alert was not delivered; `logcenter outbox redrive` tries again")
		return &outcome{delivery: d, state: Dead, reason: reason, ended: now}, true
	default:
		return b.again(c, d, failed, now), false
	}
}

func (b *Outbox) log(d *delivery, c *channel) *logrus.Entry {
	return b.o.Log.WithFields(logrus.Fields{"channel": c.name, "id": d.alert.Id})
}

// notify calls a notifier. When ctx ends, the call has stopGrace to end as well.
func (b *Outbox) notify(ctx context.Context, n *plugin.Plugin, a *wire.Alert, within time.Duration) error {
	call, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		grace := time.NewTimer(stopGrace)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel()
		case <-call.Done():
		}
	})
	defer stop()
	return n.Notify(call, a, within)
}

// again plans another try: the channel pauses, and a delivery that failed too often steps aside.
func (b *Outbox) again(c *channel, d *delivery, e *plugin.NotifyError, now time.Time) *outcome {
	reason := short(e.Error())
	asked := min(e.RetryAfter, askedMost)
	c.failed(now, reason, false)
	c.mu.Lock()
	pause := max(asked, jittered(backoff(c.streak, retryFirst, retryMost)))
	if c.unanswered(!e.Answered) {
		pause = max(pause, jittered(backoff(c.hung-cutOffBehind+1, cutOffFirst, cutOffMost)))
	}
	c.resume = now.Add(pause)
	c.mu.Unlock()
	o := &outcome{delivery: d, state: Waiting, reason: reason, due: now}
	if d.tries+1 >= headTries {
		o.due = now.Add(max(2*pause, jittered(backoff(d.tries+1, retryFirst, asideMost)))) // the channel is back before it is
	}
	b.log(d, c).WithField("reason", reason).Debugf("an alert was not delivered at try %d; the channel pauses for %v", d.tries+1, pause)
	return o
}

// unanswered notes whether a failure was that there was no answer, and says whether the channel is cut off. mu is held.
func (m *memory) unanswered(none bool) (cut bool) {
	if !none {
		m.hung = 0
		return false
	}
	m.figures.Unanswered++
	if m.hung++; m.hung == cutOffBehind {
		m.figures.CutOff++
	}
	return m.cutOff()
}

// cutOff says whether the channel is tried only to see whether it answers again.
func (m *memory) cutOff() bool { return m.hung >= cutOffBehind }

// answers ends that a channel is cut off.
func (c *channel) answers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cutOff() {
		c.hung, c.resume = 0, time.Time{}
	}
}

// backoff doubles with each failure.
func backoff(failures int, first, most time.Duration) time.Duration {
	return min(first<<min(max(failures-1, 0), 20), most)
}

// jittered is d, up to a quarter shorter, so that what failed together is not tried together.
func jittered(d time.Duration) time.Duration { return d - rand.N(d/4+1) }

// block has a channel wait for its notifier.
func (b *Outbox) block(c *channel, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocked, c.resume = short(why.Error()), b.o.Now().Add(2*lookMost)
}

// succeeded notes a success, and returns how many failures it ends.
func (c *channel) succeeded(now time.Time, after time.Duration) (streak int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	streak = c.streak
	c.streak, c.hung, c.blocked, c.resume = 0, 0, "", time.Time{}
	c.figures.Sent++
	c.figures.LastSuccess = now
	c.figures.Latency.add(max(after, 0))
	return streak
}

func (c *channel) failed(now time.Time, reason string, final bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocked = ""
	c.figures.LastFailure, c.figures.Reason = now, reason
	if final {
		c.hung = 0
		c.figures.Failed++
		return
	}
	c.streak++
	c.figures.Retried++
}

// short bounds a reason, which may be anything.
func short(reason string) string {
	reason = strings.Join(strings.Fields(strings.ToValidUTF8(reason, "\uFFFD")), " ")
	if len(reason) > reasonMost {
		reason = strings.ToValidUTF8(reason[:reasonMost-3], "") + "…"
	}
	return reason
}

// settle writes outcomes down, in one transaction. Where the trouble of a channel is over, what stepped aside is due at
// once, but for what failed so often that it may itself be the trouble.
func (b *Outbox) settle(ctx context.Context, outcomes []outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	// A delivery that people or the sweep gave up meanwhile and that was made all the same is one that was made.
	return b.o.Store.Update(ctx, func(tx *sql.Tx) error {
		ended, err := tx.PrepareContext(ctx, "UPDATE outbox_delivery SET state = ?, tries = tries + 1, reason = ?, ended = ?, body = CASE ? WHEN 'delivered' THEN NULL ELSE body END WHERE id = ?")
		if err != nil {
			return err
		}
		defer ended.Close() //nolint:errcheck // the transaction ends it
		for i := range outcomes {
			o := &outcomes[i]
			switch {
			case len(o.widened) > 0:
				err = b.widen(ctx, tx, o)
			case o.state == Waiting:
				_, err = tx.ExecContext(ctx, "UPDATE outbox_delivery SET tries = tries + 1, reason = ?, due = ? WHERE id = ? AND state = 'waiting'", o.reason, o.due.UnixNano(), o.id)
			default:
				_, err = ended.ExecContext(ctx, o.state, o.reason, o.ended.UnixNano(), o.state, o.id)
			}
			if err != nil {
				return err
			}
			if o.over == "" {
				continue
			}
			if _, err := tx.ExecContext(ctx, "UPDATE outbox_delivery SET due = ? WHERE channel = ? AND state = 'waiting' AND due > ? AND tries < ?", o.ended.UnixNano(), o.over, o.ended.UnixNano(), asideTries); err != nil {
				return err
			}
		}
		return nil
	})
}

// widen exchanges the delivery to a notifier for one to each of its targets.
func (b *Outbox) widen(ctx context.Context, tx *sql.Tx, o *outcome) error {
	for _, s := range o.widened {
		_, err := tx.ExecContext(ctx, `INSERT INTO outbox_delivery (alert, channel, kind, rule, name, severity, routed, state, tries, reason, added, since, due, body)
			SELECT alert, ?, kind, rule, name, severity, routed, 'waiting', 0, '', added, since, due, body FROM outbox_delivery WHERE id = ? ON CONFLICT DO NOTHING`, s.Channel, o.id)
		if err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM outbox_delivery WHERE id = ?", o.id)
	return err
}

// memories are copies of what is remembered of channels.
func (b *Outbox) memories() map[string]memory {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make(map[string]memory, len(b.channels))
	for name, c := range b.channels {
		c.mu.Lock()
		out[name] = c.memory
		c.mu.Unlock()
	}
	return out
}
