package outbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/route"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Channel is a channel as it is now.
type Channel struct {
	Name    string
	Plugin  string
	Target  string // "" is the notifier as a whole
	State   string // see ChannelStates
	Reason  string // why it is not ready
	Waiting int64  // deliveries
	Dead    int64
	Oldest  time.Time // of those that wait; zero: none does
	// LastDead is when the last one was given up of those that can be redriven; zero: there is none.
	LastDead time.Time
	Resume   time.Time // until when it pauses, past while the next try is under way; zero: it does not
	Pace     Pace
	Figures  Figures // since the host started
}

// ChannelStates are what a channel may be: ready; paused, behind a failure until a try succeeds, or for its rate; cut_off,
// since it did not answer several times in a row, and only tried now and then; quiet, in quiet hours; starting, disabled,
// failed or quarantined, as its notifier is; missing, where no notifier has it.
var ChannelStates = []string{"ready", "paused", "cut_off", "quiet", "starting", "disabled", "failed", "quarantined", "missing"}

// Channels are those of all notifiers, and those that deliveries wait for besides, by name.
func (b *Outbox) Channels(ctx context.Context) ([]Channel, error) {
	found := map[string]*Channel{}
	add := func(name string) *Channel {
		if c := found[name]; c != nil {
			return c
		}
		c := &Channel{Name: name}
		c.Plugin, c.Target = route.Split(name)
		found[name] = c
		return c
	}
	for _, p := range b.notifiers() {
		for _, name := range channelsOf(p) {
			add(name)
		}
	}
	err := b.o.Store.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT channel, state, count(*), min(since), coalesce(max(ended), 0) FROM outbox_delivery WHERE state IN ('waiting', 'dead') GROUP BY channel, state`)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			var name, state string
			var n, oldest, last int64
			if err := rows.Scan(&name, &state, &n, &oldest, &last); err != nil {
				return err
			}
			if c := add(name); state == Waiting {
				c.Waiting, c.Oldest = n, time.Unix(0, oldest).UTC()
			} else {
				c.Dead, c.LastDead = n, time.Unix(0, last).UTC()
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	now, paces, memories := b.o.Now(), b.settings.Load().Channels, b.memories()
	list := make([]Channel, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		c := found[name]
		c.Pace = paces[name]
		c.Figures = memories[name].figures
		b.judge(c, memories[name], now)
		list = append(list, *c)
	}
	return list, nil
}

// judge says how a channel is.
func (b *Outbox) judge(c *Channel, m memory, now time.Time) {
	p, err := b.notifier(c.Plugin)
	if err == nil && c.Target != "" {
		if why := lacks(p, c.Target); why != "" {
			err = errors.New(why)
		}
	}
	if err != nil {
		c.State, c.Reason = "missing", err.Error()
		return
	}
	if st, reason := p.State(); st != plugin.Running {
		c.State, c.Reason = string(st), reason
		return
	}
	switch {
	case m.cutOff():
		c.State, c.Reason = "cut_off", m.figures.Reason
		if m.resume.After(now) {
			c.Resume = m.resume.UTC()
		}
	// While a try behind a failure is under way, it is not ready yet.
	case m.blocked == "" && (m.resume.After(now) || m.streak > 0 && c.Waiting > 0):
		c.State, c.Resume = "paused", m.resume.UTC()
		c.Reason = "for its rate"
		if m.streak > 0 {
			c.Reason = m.figures.Reason
		}
	case c.Pace.quiet(now):
		c.State = "quiet"
	default:
		c.State = "ready"
	}
}

// Tested is what came of a test of a channel.
type Tested struct {
	Channel   string        `json:"channel"`
	Alert     string        `json:"alert"` // id of what was sent
	Delivered bool          `json:"delivered"`
	Reason    string        `json:"reason,omitempty"` // why not
	Took      time.Duration `json:"-"`
}

// Test sends a message of kind test by a channel, past its queue, its pace and its pauses, once, and says what came of
// it. What waits for a channel that was cut off and answers is told at once. A notifier with targets is tested at each of them. [ErrNoChannel].
func (b *Outbox) Test(ctx context.Context, name, by string) ([]Tested, error) {
	id, target := route.Split(name)
	p, err := b.notifier(id)
	if err == nil && target != "" {
		if why := lacks(p, target); why != "" {
			err = errors.New(why)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoChannel, err)
	}
	names := []string{name}
	if target == "" {
		names = channelsOf(p)
	}
	out := make([]Tested, 0, len(names))
	for _, n := range names {
		a := testAlert(n, by, b.o.Now())
		_, a.Target = route.Split(n)
		pace := b.settings.Load().Channels[n]
		begun := time.Now()
		err := p.Notify(ctx, a, pace.timeout())
		t := Tested{Channel: n, Alert: a.Id, Delivered: err == nil, Took: time.Since(begun)}
		if err != nil {
			t.Reason = short(err.Error())
		} else {
			b.channel(n).answers()
			b.soon()
		}
		out = append(out, t)
	}
	return out, ctx.Err()
}

// testAlert has all that an alert may say, so that who looks at it sees how alerts will look.
func testAlert(channel, by string, now time.Time) *wire.Alert {
	return sdk.AlertToWire(sdk.Alert{
		ID: "test-" + rand.Text(), Kind: sdk.AlertTest, Rule: "logcenter.test", Name: "Test of channel " + channel,
		Description: "Somebody tries whether alerts arrive here. Nothing has happened.", Topic: "none", Type: "test", Method: channel,
		Frequency: "on request", Remarks: "sent by " + cmp.Or(by, "the host"), Severity: "Info", Priority: 5,
		Keys: map[string]string{"channel": channel}, Fields: map[string]string{"channel": channel}, Count: 0, First: now, Last: now, Tags: []string{"test"},
	})
}

// Totals are figures of the outbox as a whole, since the host started.
type Totals struct {
	Untold    int64 // alerts that no channel was there for
	Unknown   int64 // deliveries to channels that do not exist
	Escalated int64
	Expired   int64 // given up for their age or number
	Forgotten int64 // given-up deliveries that made room
	Dropped   int64 // by people
	Redriven  int64
}

// Totals are the figures of now.
func (b *Outbox) Totals() Totals {
	c := &b.counters
	return Totals{c.untold.Load(), c.unknown.Load(), c.escalated.Load(), c.expired.Load(), c.forgotten.Load(), c.dropped.Load(), c.redriven.Load()}
}
