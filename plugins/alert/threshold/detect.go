package main

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// detector sees one batch at a time.
type detector struct {
	rules map[string]*rule
	order []*rule // the admin's, then the builtin ones
	set   *query.Set
	reads []ecs.Field

	sources []string // <journal>-<partition> of raw journals, by the number that times carry
	hits    [][]uint64
	key     []byte

	// the batch at hand
	b       *wire.Batch
	message *wire.Column
	source  uint16
	clock   time.Time // when its newest line was received
	times   reader
	ingests reader
	places  reader
}

// rule is a compiled rule and what it has counted.
type rule struct {
	Rule
	version   string
	matcher   *query.Matcher
	by, shown []ecs.Field
	n         int // events that raise an alert
	maxGroups int
	maxTimes  int

	groups  map[string]*group
	oldest  list.List // of *group, least recently counted first
	held    int       // times in all groups
	evicted uint64
}

// group is what a rule has counted for one set of group_by values.
type group struct {
	key     string
	times   []mark // ascending, at most 2n
	quiet   int64  // no alert for events before it
	silent  uint64 // events since the last alert that were not told of
	element *list.Element
}

// mark is one event.
type mark struct {
	At       int64 // nanoseconds
	Position int64 // logcenter.position; 0: unknown
	Source   uint16
}

// reader reads one column at ascending rows.
type reader struct {
	c  *wire.Column
	at wire.Cursor
}

func (r *reader) find(row int) int {
	if r.c == nil {
		return -1
	}
	return r.at.At(r.c, row)
}

// maxSources bounds the raw journals told apart; there are as many as hosts and partitions feed this one.
const maxSources = 1 << 16

func (d *detector) begin(b *wire.Batch) {
	d.b, d.message = b, b.Column(uint32(ecs.Message))
	d.times = reader{c: b.Column(uint32(ecs.Timestamp))}
	d.ingests = reader{c: b.Column(uint32(ecs.EventIngested))}
	d.places = reader{c: b.Column(uint32(ecs.LogcenterPosition))}
	name := b.Journal + "-" + strconv.FormatUint(uint64(b.Partition), 10)
	at := slices.Index(d.sources, name)
	if at < 0 {
		if len(d.sources) == maxSources {
			d.sources = d.sources[:0] // old evidence gets a wrong name rather than none; it takes 65,536 journals
		}
		at = len(d.sources)
		d.sources = append(d.sources, name)
	}
	d.source = uint16(at)
	if c := d.ingests.c; c != nil {
		newest := int64(0)
		for k := range c.Elements() {
			newest = max(newest, c.Nanos(k))
		}
		d.clock = time.Unix(0, newest).UTC()
	}
}

// now is the clock of relative dates in queries: a replay must decide as the first run did.
func (d *detector) now() time.Time { return d.clock }

// ahead is how far a device's clock may be ahead; beyond, the time of receipt counts, so that one wrong clock
// does not blind a group for years.
const ahead = 5 * time.Minute

// moment is the time of the event at row.
func (d *detector) moment(row int) int64 {
	received, known := int64(0), false
	if k := d.ingests.find(row); k >= 0 {
		received, known = d.ingests.c.Nanos(k), true
	}
	k := d.times.find(row)
	if k < 0 {
		return received
	}
	at := d.times.c.Nanos(k)
	if known && at > received+int64(ahead) {
		return received
	}
	return at
}

// count takes the rows that a rule's query has found.
func (d *detector) count(r *rule, hits []uint64, emit func(sdk.Alert)) {
	d.times.at, d.ingests.at, d.places.at = wire.Cursor{}, wire.Cursor{}, wire.Cursor{}
	var by [8]reader
	columns := by[:0]
	for _, f := range r.by {
		columns = append(columns, reader{c: d.b.Column(uint32(f))})
	}
	for word, m := range hits {
		for ; m != 0; m &= m - 1 {
			row := word<<6 + bits.TrailingZeros64(m)
			d.key = d.key[:0]
			for i := range columns {
				d.key = d.appendValue(d.key, &columns[i], row)
				d.key = append(d.key, 0)
			}
			e := mark{At: d.moment(row), Source: d.source}
			if k := d.places.find(row); k >= 0 {
				e.Position = d.places.c.Int(k)
			}
			d.event(r, e, row, emit)
		}
	}
}

func (d *detector) event(r *rule, e mark, row int, emit func(sdk.Alert)) {
	g := r.groups[string(d.key)]
	if g == nil {
		g = &group{key: string(d.key)}
		r.groups[g.key] = g
		g.element = r.oldest.PushBack(g)
	} else {
		r.oldest.MoveToBack(g.element)
	}
	run := r.insert(g, e)
	for len(r.groups) > r.maxGroups || r.held > r.maxTimes && len(r.groups) > 1 {
		r.evict()
	}
	switch {
	case run == nil:
	case e.At < g.quiet:
		g.silent++
	default:
		emit(d.alert(r, g, run, row))
		g.quiet, g.silent = e.At+int64(r.Window), 0
	}
}

// insert adds an event to a group and returns the n events, of which it is one, that lie within one window, nil
// if there are none. The newest 2n are kept: an event that is later than n of them can still be counted
// exactly, older ones are dropped.
func (r *rule) insert(g *group, e mark) []mark {
	at := len(g.times)
	for at > 0 && g.times[at-1].At > e.At {
		at--
	}
	if len(g.times) < 2*r.n {
		g.times = slices.Insert(g.times, at, e)
		r.held++
	} else {
		if at == 0 {
			return nil // older than all that is kept
		}
		copy(g.times, g.times[1:at])
		at--
		g.times[at] = e
	}
	// Every run of n neighbours that holds e.
	for from := max(0, at-r.n+1); from <= at && from+r.n <= len(g.times); from++ {
		if run := g.times[from : from+r.n]; run[r.n-1].At-run[0].At < int64(r.Window) {
			return run
		}
	}
	return nil
}

// evict forgets the group that has been silent longest.
func (r *rule) evict() {
	g := r.oldest.Remove(r.oldest.Front()).(*group)
	delete(r.groups, g.key)
	r.held -= len(g.times)
	r.evicted++
	if r.evicted&(r.evicted-1) == 0 {
		fmt.Fprintf(os.Stderr, "rule %s: %d groups were forgotten before their window ended; raise max_groups or max_times, or group by fewer fields\n", r.ID, r.evicted)
	}
}

// maxEvidence bounds the event ids an alert carries: the newest ones.
const maxEvidence = 100

func (d *detector) alert(r *rule, g *group, run []mark, row int) sdk.Alert {
	a := sdk.Alert{
		Rule: r.ID, RuleVersion: r.version, Name: r.Name, Description: r.Description, Topic: r.Topic, Type: r.Type,
		Method: r.Method, Frequency: "continuous", Remarks: r.Remarks, Severity: r.Severity, Priority: r.Priority,
		Count: uint64(len(run)), First: time.Unix(0, run[0].At).UTC(), Last: time.Unix(0, run[len(run)-1].At).UTC(),
		Tags: r.Tags, Keys: map[string]string{}, Fields: map[string]string{},
	}
	values := bytes.Split([]byte(g.key), []byte{0})
	for i, name := range r.GroupBy {
		a.Keys[name] = string(values[i])
	}
	for i, f := range r.shown {
		column := reader{c: d.b.Column(uint32(f))}
		if v := d.appendValue(nil, &column, row); len(v) > 0 {
			a.Fields[r.Fields[i]] = string(v)
		}
	}
	if g.silent > 0 {
		a.Fields["events_since_last_alert"] = strconv.FormatUint(g.silent, 10)
	}
	for _, e := range run[max(0, len(run)-maxEvidence):] {
		if e.Position != 0 {
			a.EventIDs = append(a.EventIDs, d.eventID(e))
		}
	}
	a.ID = sdk.AlertID(r.ID, a.Keys, a.First)
	return a
}

// eventID is the event.id: source, then entry, row and, if not the line's first event, ordinal.
func (d *detector) eventID(e mark) string {
	b := append([]byte(nil), d.sources[e.Source]...)
	b = strconv.AppendInt(append(b, '-'), e.Position>>24, 10)
	b = strconv.AppendInt(append(b, '-'), e.Position>>8&0xffff, 10)
	if o := e.Position & 0xff; o != 0 {
		b = strconv.AppendInt(append(b, '-'), o, 10)
	}
	return string(b)
}

// maxValue bounds a value in keys and fields of alerts, bytes.
const maxValue = 1024

// appendValue appends the value at row as text, nothing if there is none. Values of a list are joined by commas.
// A NUL, which parts the values of a group's key, is left out.
func (d *detector) appendValue(dst []byte, r *reader, row int) []byte {
	k := r.find(row)
	if k < 0 {
		return dst
	}
	c := r.c
	from, to := k, k+1
	if len(c.Lists) > 0 {
		from, to = c.List(k)
	}
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		switch c.Type {
		case wire.Type_STRING:
			v := c.Text(i, row, d.message)
			if len(v) > maxValue {
				v = bytes.ToValidUTF8(v[:maxValue], nil)
			}
			for _, b := range v {
				if b != 0 {
					dst = append(dst, b)
				}
			}
		case wire.Type_INT64:
			dst = strconv.AppendInt(dst, c.Int(i), 10)
		case wire.Type_DOUBLE:
			dst = strconv.AppendFloat(dst, c.Float(i), 'g', -1, 64)
		case wire.Type_BOOL:
			dst = strconv.AppendBool(dst, c.Bool(i))
		case wire.Type_IP:
			dst = netip.AddrFrom16([16]byte(c.IP16(i))).Unmap().AppendTo(dst)
		case wire.Type_TIMESTAMP:
			dst = time.Unix(0, c.Nanos(i)).UTC().AppendFormat(dst, time.RFC3339Nano)
		}
	}
	return dst
}

// fingerprint changes with everything that decides what a rule counts.
func fingerprint(r *rule) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %d %q", r.Query, r.Type, r.n, r.Window, r.GroupBy))
	return hex.EncodeToString(h[:4])
}
