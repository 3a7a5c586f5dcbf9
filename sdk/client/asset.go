package client

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// UnknownDevice is one that logs come from, but no asset is known for.
type UnknownDevice struct {
	Name      string    `json:"name"`      // host.name; empty: it is known by its address only
	Addresses []string  `json:"addresses"` // of the device, or of who sent its lines; at most ten
	Type      string    `json:"type"`      // observer.type of most of its events; empty: they have none
	Dataset   string    `json:"dataset"`   // event.dataset of most of its events
	Parser    string    `json:"parser"`    // logcenter.parser of most of its events
	Events    int64     `json:"events"`
	First     time.Time `json:"first"` // @timestamp
	Last      time.Time `json:"last"`
}

// UnknownDevices are the devices of a time range that no asset is known for.
type UnknownDevices struct {
	From    time.Time       `json:"from"`
	To      time.Time       `json:"to"`
	Devices []UnknownDevice `json:"devices"` // those with the most events first
	Adopted int             `json:"adopted"` // devices left out because their later events have an asset
	Known   int64           `json:"known"`   // events that have an asset; 0 also where nothing adds them
	More    int64           `json:"more"`    // events of further devices
	Notices []string        `json:"notices"`
}

// MaxUnknownDevices is how many devices can be asked for.
const MaxUnknownDevices = 4000

// addressesOf is how many addresses of a device are told.
const addressesOf = 10

// UnknownDevices lists the devices of the selected events that have no asset.id, at most limit of them; 0 means 1,000.
// It is computed by a few aggregations over what is stored.
func (c *Client) UnknownDevices(ctx context.Context, s Selection, limit int) (*UnknownDevices, error) {
	if limit == 0 {
		limit = 1000
	}
	if limit < 0 || limit > MaxUnknownDevices {
		return nil, fmt.Errorf("a limit of %d is not possible: 1 to %d", limit, MaxUnknownDevices)
	}
	u := &UnknownDevices{Devices: []UnknownDevice{}}
	byKey := map[string]int{} // places in Devices
	for _, by := range []struct{ query, field string }{
		{"_exists_:host.name", "host.name"},
		{"NOT _exists_:host.name AND _exists_:observer.ip", "observer.ip"},
		{"NOT _exists_:host.name AND NOT _exists_:observer.ip AND _exists_:log.source.address", "log.source.address"},
	} {
		unknown, err := c.devices(ctx, s, by.query+" AND NOT _exists_:asset.id", by.field, limit)
		if err != nil {
			return nil, err
		}
		u.From, u.To, u.Notices = unknown.From, unknown.To, append(u.Notices, unknown.Notices...)
		u.add(unknown.Aggs[0], by.field, byKey)
	}
	if err := c.adopted(ctx, s, u); err != nil {
		return nil, err
	}
	slices.SortStableFunc(u.Devices, func(a, b UnknownDevice) int { return cmp.Compare(b.Events, a.Events) })
	for len(u.Devices) > limit {
		u.More += u.Devices[len(u.Devices)-1].Events
		u.Devices = u.Devices[:len(u.Devices)-1]
	}
	return u, nil
}

// within is a selection with one more condition.
func within(s Selection, query string) Selection {
	if s.Query != "" && s.Query != "*" {
		query = "(" + s.Query + ") AND " + query
	}
	s.Query = query
	return s
}

// devices groups the events of a query by the field that tells devices apart.
func (c *Client) devices(ctx context.Context, s Selection, query, field string, limit int) (*Aggregation, error) {
	most := func(field string, size int) Agg { return Agg{Name: field, Kind: "terms", Field: field, Size: size} }
	return c.Aggregate(ctx, AggregateRequest{Selection: within(s, query), Aggs: []Agg{{
		Kind: "terms", Field: field, Size: limit, Aggs: []Agg{
			{Kind: "min", Field: "@timestamp"},
			{Kind: "max", Field: "@timestamp"},
			most("observer.type", 1), most("event.dataset", 1), most("logcenter.parser", 1), most("log.source.address", addressesOf),
		},
	}}})
}

// add adds the devices of an answer. Several senders of one address are one device.
func (u *UnknownDevices) add(r AggResult, field string, byKey map[string]int) {
	u.More += r.Other
	for _, b := range r.Buckets {
		d := UnknownDevice{Events: b.Count, First: instant(b.Aggs[0].Value), Last: instant(b.Aggs[1].Value)}
		d.Type, d.Dataset, d.Parser = top(b.Aggs[2]), top(b.Aggs[3]), top(b.Aggs[4])
		key := addressPart(b.Text)
		if field == "host.name" {
			d.Name, key = b.Text, b.Text
			for _, peer := range b.Aggs[5].Buckets {
				if a := addressPart(peer.Text); isAddress(a) && !slices.Contains(d.Addresses, a) {
					d.Addresses = append(d.Addresses, a)
				}
			}
		} else {
			d.Addresses = []string{key}
		}
		at, there := byKey[key]
		if !there {
			byKey[key] = len(u.Devices)
			u.Devices = append(u.Devices, d)
			continue
		}
		have := &u.Devices[at]
		have.Events += d.Events
		if d.First.Before(have.First) {
			have.First = d.First
		}
		if d.Last.After(have.Last) {
			have.Last = d.Last
		}
	}
}

// adopted leaves out the devices whose newest events have an asset: somebody has added them meanwhile.
func (c *Client) adopted(ctx context.Context, s Selection, u *UnknownDevices) error {
	last := map[string]time.Time{}
	for _, field := range []string{"host.name", "observer.ip", "log.source.address"} {
		known, err := c.Aggregate(ctx, AggregateRequest{Selection: within(s, "_exists_:asset.id"), Aggs: []Agg{
			{Kind: "terms", Field: field, Size: 10_000, Aggs: []Agg{{Kind: "max", Field: "@timestamp"}}},
		}})
		if err != nil {
			return err
		}
		u.Known = known.Total
		for _, b := range known.Aggs[0].Buckets {
			key := b.Text
			if field != "host.name" {
				key = addressPart(key)
			}
			if at := instant(b.Aggs[0].Value); at.After(last[key]) {
				last[key] = at
			}
		}
	}
	left := u.Devices[:0]
	for _, d := range u.Devices {
		key := d.Name
		if key == "" {
			key = d.Addresses[0]
		}
		if last[key].After(d.Last) {
			u.Adopted++
			continue
		}
		left = append(left, d)
	}
	u.Devices = left
	return nil
}

// instant is a time of an aggregation, in milliseconds since 1970; the zero time for none.
func instant(ms *float64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(*ms)).UTC()
}

// top is the most frequent value, empty if there is none.
func top(r AggResult) string {
	if len(r.Buckets) == 0 {
		return ""
	}
	return r.Buckets[0].Text
}

// addressPart is address:port without the port; what is none stays.
func addressPart(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil && isAddress(host) {
		s = host
	}
	if a, _, zoned := strings.Cut(s, "%"); zoned && isAddress(a) {
		return a
	}
	return s
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
