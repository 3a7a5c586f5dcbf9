package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/route"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// States of deliveries.
const (
	Waiting   = "waiting"
	Delivered = "delivered"
	Dead      = "dead" // given up; it can be redriven
)

// Add writes down the deliveries of an alert, and the escalations that wait for it, within the transaction that records
// it. An alert whose own channels all do not exist goes by the routes as well, so that a slip in a rule silences nobody.
// What cannot be delivered is no error but a dead delivery.
func (b *Outbox) Add(ctx context.Context, tx *sql.Tx, a *wire.Alert) error {
	if a.Silent {
		return nil
	}
	s := b.settings.Load()
	stops := b.stops(s.Table, a)
	if len(stops) == 0 {
		b.counters.untold.Add(1)
	}
	body, err := proto.Marshal(a)
	if err != nil {
		return err
	}
	now := b.o.Now()
	for _, st := range stops {
		if err := b.insert(ctx, tx, a, st, body, now); err != nil {
			return err
		}
	}
	for _, e := range s.Table.Escalations(a) {
		if err := b.wait(ctx, tx, a, e, body, now); err != nil {
			return err
		}
	}
	b.soon()
	return nil
}

func (b *Outbox) insert(ctx context.Context, tx *sql.Tx, a *wire.Alert, st Stop, body []byte, now time.Time) error {
	state, ended := Waiting, any(nil)
	if st.Unknown != "" {
		state, ended = Dead, now.UnixNano()
		b.counters.unknown.Add(1)
	}
	b.added.Add(1)
	_, err := tx.ExecContext(ctx, `INSERT INTO outbox_delivery (alert, channel, kind, rule, name, severity, routed, state, tries, reason, added, since, due, ended, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		a.Id, st.Channel, a.Kind, a.Rule, a.Name, a.Severity, st.By, state, st.Unknown, now.UnixNano(), now.UnixNano(), now.UnixNano(), ended, body)
	return err
}

// Stop is a channel that an alert goes to.
type Stop struct {
	route.Hop
	Unknown string `json:"unknown,omitempty"` // why it does not exist; empty: it does
}

// Route says where an alert would go, and changes nothing.
func (b *Outbox) Route(a *wire.Alert) []Stop { return b.stops(b.settings.Load().Table, a) }

// Escalations are those that would wait for an alert.
func (b *Outbox) Escalations(a *wire.Alert) []*route.Escalation {
	return b.settings.Load().Table.Escalations(a)
}

func (b *Outbox) stops(t *route.Table, a *wire.Alert) []Stop {
	out := b.expand(nil, t.Channels(a))
	exists := func(s Stop) bool { return s.Unknown == "" }
	if len(a.Channels) > 0 && !slices.ContainsFunc(out, exists) {
		out = b.expand(out, t.Routed(a))
	}
	return out
}

// expand puts every channel of a notifier in the place of the notifier, as far as its targets are known.
func (b *Outbox) expand(out []Stop, hops []route.Hop) []Stop {
	add := func(channel, by, unknown string) {
		if !slices.ContainsFunc(out, func(s Stop) bool { return s.Channel == channel }) {
			out = append(out, Stop{route.Hop{Channel: channel, By: by}, unknown})
		}
	}
	for _, h := range hops {
		if h.Channel == route.Everyone {
			for _, p := range b.notifiers() {
				if st, _ := p.State(); st != plugin.Disabled {
					for _, c := range channelsOf(p) {
						add(c, h.By, "")
					}
				}
			}
			continue
		}
		id, target := route.Split(h.Channel)
		p, err := b.notifier(id)
		switch {
		case err != nil:
			add(h.Channel, h.By, err.Error())
		case target == "":
			for _, c := range channelsOf(p) {
				add(c, h.By, "")
			}
		default:
			add(h.Channel, h.By, lacks(p, target))
		}
	}
	return out
}

// notifiers are all notifiers, by id.
func (b *Outbox) notifiers() (out []*plugin.Plugin) {
	for _, p := range b.o.Plugins.All() {
		if p.Manifest().Kind == wire.Kind_NOTIFIER {
			out = append(out, p)
		}
	}
	return out
}

// notifier finds one; the error says for an admin that there is none.
func (b *Outbox) notifier(id string) (*plugin.Plugin, error) {
	p, err := b.o.Plugins.Get(id)
	if err == nil && p.Manifest().Kind == wire.Kind_NOTIFIER {
		return p, nil
	}
	var ids []string
	for _, n := range b.notifiers() {
		ids = append(ids, n.Manifest().ID)
	}
	if near := schema.Nearest(id, ids); near != "" {
		return nil, fmt.Errorf("there is no notifier %s; is it %s?", id, near)
	}
	return nil, fmt.Errorf("there is no notifier %s", id)
}

// channelsOf are the channels of a notifier: its targets, or itself if it has none, or if nobody knows yet.
func channelsOf(p *plugin.Plugin) []string {
	id := p.Manifest().ID
	targets, _ := p.Targets()
	if len(targets) == 0 {
		return []string{id}
	}
	for i, t := range targets {
		targets[i] = route.Join(id, t)
	}
	return targets
}

// lacks says that a notifier has no such target, as far as that is known; "" if it has.
func lacks(p *plugin.Plugin, target string) string {
	targets, known := p.Targets()
	switch {
	case !known || slices.Contains(targets, target):
		return ""
	case len(targets) == 0:
		return fmt.Sprintf("notifier %s has no targets: write %s", p.Manifest().ID, p.Manifest().ID)
	default:
		return fmt.Sprintf("notifier %s has no target %s; it has %s", p.Manifest().ID, target, strings.Join(targets, ", "))
	}
}
