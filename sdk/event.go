package sdk

import (
	"math"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/timestamp"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Event is a cursor on one event of a batch: what its author reads and sets goes straight into columns.
// It is valid during the call it was handed to, and not for concurrent use.
//
// Setters take a field the manifest lists under writes; others are ignored and counted. An empty value
// sets nothing. A value that does not fit the field's type is noted on the event and the rest goes on, so
// authors need no ladder of error checks. Setting a field again replaces its value; on a list field every
// call adds one.
type Event struct {
	line []byte
	row  int
	w    *worker
	out  []*wire.Builder // by ecs.Field; nil where the manifest does not list the field under writes; no list if the event is lost
	// facts are those of the rows that out has.
	facts *factRows
	fan   bool // an event beside the first of its line
}

// Line is the whole line, nil in a plugin that does not read message.
func (e *Event) Line() []byte { return e.line }

// listed is the column of a field that the manifest lists under writes, nil for others.
func (e *Event) listed(f ecs.Field) *wire.Builder {
	if int(f) < len(e.out) {
		return e.out[f]
	}
	return nil
}

// builder is listed that counts what is not.
func (e *Event) builder(f ecs.Field) *wire.Builder {
	b := e.listed(f)
	if b == nil {
		e.unlisted()
	}
	return b
}

func (e *Event) unlisted() {
	if e.out != nil {
		e.w.undeclared++
	}
}

// typed is builder for setters that know their value's type.
func (e *Event) typed(f ecs.Field, t wire.Type) *wire.Builder {
	b := e.listed(f)
	if b == nil || b.Type() != t {
		e.misfit(b, f, t)
		return nil
	}
	return b
}

// misfit counts a field that is not listed, or notes that values of t are none of the field's.
func (e *Event) misfit(b *wire.Builder, f ecs.Field, t wire.Type) {
	if b == nil {
		e.unlisted()
		return
	}
	for kind := ecs.Keyword; kind <= ecs.GeoPoint; kind++ {
		if WireType(kind) == t {
			e.Bad(f, "cannot be set to a "+kind.String())
			return
		}
	}
}

// source is the row of the event's line.
func (e *Event) source() int {
	if e.fan {
		return e.w.parent(e.row)
	}
	return e.row
}

// place says where in the line v lies.
func (e *Event) place(v []byte) (start int, ok bool) {
	off := uintptr(unsafe.Pointer(unsafe.SliceData(v))) - uintptr(unsafe.Pointer(unsafe.SliceData(e.line)))
	return int(off), off <= uintptr(len(e.line)) && off+uintptr(len(v)) <= uintptr(len(e.line))
}

// Set sets f from its text. A slice of the line is recorded as its place in it, anything else is copied;
// for numbers, addresses, booleans and dates (RFC 3339) the text is read.
func (e *Event) Set(f ecs.Field, v []byte) {
	b := e.listed(f)
	switch {
	case b == nil:
		e.unlisted()
	case len(v) == 0:
	case b.Type() == wire.Type_STRING:
		e.text(b, f, v)
	default:
		e.read(b, f, v)
	}
}

// read sets a field that is no string from its text.
func (e *Event) read(b *wire.Builder, f ecs.Field, v []byte) {
	switch e.w.types[f] {
	case ecs.Long:
		e.setInt(b, f, v)
	case ecs.IP:
		e.setIP(b, f, v)
	case ecs.Double:
		n, err := strconv.ParseFloat(view(v), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			e.Bad(f, "not a number")
			return
		}
		b.Float(e.row, n)
	case ecs.Boolean:
		n, err := strconv.ParseBool(view(v))
		if err != nil {
			e.Bad(f, "not true or false")
			return
		}
		b.Bool(e.row, n)
	case ecs.Date:
		e.SetTimeField(f, time.RFC3339Nano, nil, v)
	default:
		e.Bad(f, "cannot be set from text")
	}
}

// text sets a string, which is not empty.
func (e *Event) text(b *wire.Builder, f ecs.Field, v []byte) {
	start, ok := e.place(v)
	if !ok {
		if !utf8.Valid(v) {
			e.Bad(f, "not UTF-8")
			return
		}
		b.Copy(e.row, v, 0, 0)
		return
	}
	end := start + len(v)
	if v[0]&0xc0 == 0x80 || end < len(e.line) && e.line[end]&0xc0 == 0x80 {
		e.Bad(f, "cuts a character")
		return
	}
	b.Span(e.row, start, len(v))
}

// SetCopy sets f to v, which was made (decoded, joined) from the slice from of the line: masking then
// knows what it shows.
func (e *Event) SetCopy(f ecs.Field, v, from []byte) {
	b := e.typed(f, wire.Type_STRING)
	if b == nil || len(v) == 0 {
		return
	}
	if !utf8.Valid(v) {
		e.Bad(f, "not UTF-8")
		return
	}
	if start, ok := e.place(from); ok {
		b.Copy(e.row, v, start, start+len(from))
		return
	}
	b.Copy(e.row, v, 0, 0)
}

// SetString sets f to a value that recurs, such as a name of an asset: each is sent once a batch. What is not
// UTF-8 in it becomes U+FFFD.
func (e *Event) SetString(f ecs.Field, s string) {
	if s == "" {
		return
	}
	b := e.listed(f)
	if b == nil || b.Type() != wire.Type_STRING {
		e.misfit(b, f, wire.Type_STRING)
		return
	}
	b.Text(e.row, s)
}

// SetLevel sets log.level.
func (e *Event) SetLevel(s ecs.Severity) { e.SetString(ecs.LogLevel, string(s)) }

// SetInt sets a long.
func (e *Event) SetInt(f ecs.Field, n int64) {
	if b := e.typed(f, wire.Type_INT64); b != nil {
		b.Int(e.row, n)
	}
}

// SetFloat sets a double.
func (e *Event) SetFloat(f ecs.Field, n float64) {
	if b := e.typed(f, wire.Type_DOUBLE); b != nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
		b.Float(e.row, n)
	}
}

// SetBool sets a boolean.
func (e *Event) SetBool(f ecs.Field, v bool) {
	if b := e.typed(f, wire.Type_BOOL); b != nil {
		b.Bool(e.row, v)
	}
}

// SetAddr sets an address; the zero Addr sets nothing.
func (e *Event) SetAddr(f ecs.Field, a netip.Addr) {
	if b := e.typed(f, wire.Type_IP); b != nil && a.IsValid() {
		b.IP(e.row, a.As16())
	}
}

// SetPoint sets a place in degrees.
func (e *Event) SetPoint(f ecs.Field, lat, lon float64) {
	if b := e.typed(f, wire.Type_GEO); b != nil {
		b.Point(e.row, lat, lon)
	}
}

// SetIP sets an address from its text, IPv4 or IPv6, also in brackets.
func (e *Event) SetIP(f ecs.Field, v []byte) {
	if b := e.typed(f, wire.Type_IP); b != nil && len(v) > 0 {
		e.setIP(b, f, v)
	}
}

func (e *Event) setIP(b *wire.Builder, f ecs.Field, v []byte) {
	if a, ok := netaddr.IPv4(v); ok {
		b.IPv4(e.row, a)
		return
	}
	a, ok := netaddr.ParseAddr(v)
	if !ok {
		e.Bad(f, "not an IP address")
		return
	}
	b.IP(e.row, a.As16())
}

func (e *Event) setInt(b *wire.Builder, f ecs.Field, v []byte) {
	n, ok := parseInt(v)
	if !ok {
		e.Bad(f, "not a whole number")
		return
	}
	b.Int(e.row, n)
}

func parseInt(v []byte) (n int64, ok bool) {
	if len(v) > 18 {
		n, err := strconv.ParseInt(view(v), 10, 64)
		return n, err == nil && v[0] != '+'
	}
	neg := v[0] == '-'
	if neg {
		v = v[1:]
	}
	if len(v) == 0 {
		return 0, false
	}
	for _, c := range v {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}

// SetTime sets @timestamp from parts of the line, joined by one space, by a layout of package time or
// timestamp. zone is where the device's clock stands if the text does not say; nil means the zone of the
// input, UTC if that has none. A layout without a year takes the one nearest to the time of receipt.
func (e *Event) SetTime(layout string, zone *time.Location, parts ...[]byte) {
	e.SetTimeField(ecs.Timestamp, layout, zone, parts...)
}

// SetNanos sets a date to an instant, in nanoseconds since 1970-01-01 00:00:00 UTC.
func (e *Event) SetNanos(f ecs.Field, ns int64) {
	if b := e.typed(f, wire.Type_TIMESTAMP); b != nil {
		b.Nanos(e.row, ns)
	}
}

// SetTimeField is SetTime for another date field.
func (e *Event) SetTimeField(f ecs.Field, layout string, zone *time.Location, parts ...[]byte) {
	b := e.typed(f, wire.Type_TIMESTAMP)
	if b == nil || len(parts) == 0 || len(parts[0]) == 0 {
		return
	}
	text := parts[0]
	if len(parts) > 1 {
		e.w.scratch = append(e.w.scratch[:0], text...)
		for _, p := range parts[1:] {
			e.w.scratch = append(append(e.w.scratch, ' '), p...)
		}
		text = e.w.scratch
	}
	l := e.w.layout(layout)
	if zone == nil {
		zone = e.w.zone(e.source())
	}
	var ns int64
	var ok bool
	if l.HasYear() {
		ns, ok = l.Parse(text, zone)
	} else {
		ns, ok = l.ParseAt(text, zone, e.w.received(e.source()))
	}
	if !ok {
		e.Bad(f, "not a time of the form "+layout)
		return
	}
	b.Nanos(e.row, ns)
}

// Bad notes on the event that f has no value because of reason, which must not quote the value. The first note
// of an event is stored with it, all are counted.
func (e *Event) Bad(f ecs.Field, reason string) { e.w.bad(e, f, reason) }

// Has says whether f came with the event. Readers see what earlier stages set, not what this event set.
func (e *Event) Has(f ecs.Field) bool { _, k := e.w.read(f, e.source()); return k >= 0 }

// Text is the value of a string field that the manifest lists under reads, nil if there is none. It must
// not be changed.
func (e *Event) Text(f ecs.Field) []byte {
	c, k := e.w.read(f, e.source())
	if k < 0 || c.Type != wire.Type_STRING || len(c.Lists) > 0 {
		return nil
	}
	return c.Text(k, e.source(), e.w.message)
}

// Addr is the value of an IP field.
func (e *Event) Addr(f ecs.Field) (a netip.Addr, ok bool) {
	c, k := e.w.read(f, e.source())
	if k < 0 || c.Type != wire.Type_IP || len(c.Lists) > 0 {
		return netip.Addr{}, false
	}
	return c.Addr(k), true
}

// IPv4 is the value of an IP field as a number, if it is an IPv4 address: the fast way for tables.
func (e *Event) IPv4(f ecs.Field) (a uint32, ok bool) {
	c, k := e.w.read(f, e.source())
	if k < 0 || c.Type != wire.Type_IP || len(c.Lists) > 0 {
		return 0, false
	}
	return c.IPv4(k)
}

// Int is the value of a long field.
func (e *Event) Int(f ecs.Field) (n int64, ok bool) {
	c, k := e.w.read(f, e.source())
	if k < 0 || c.Type != wire.Type_INT64 || len(c.Lists) > 0 {
		return 0, false
	}
	return c.Int(k), true
}

// Float is the value of a double field.
func (e *Event) Float(f ecs.Field) (n float64, ok bool) {
	c, k := e.w.read(f, e.source())
	if k < 0 || c.Type != wire.Type_DOUBLE || len(c.Lists) > 0 {
		return 0, false
	}
	return c.Float(k), true
}

// Time is the value of a date field.
func (e *Event) Time(f ecs.Field) (t time.Time, ok bool) {
	c, k := e.w.read(f, e.source())
	if k < 0 || c.Type != wire.Type_TIMESTAMP || len(c.Lists) > 0 {
		return time.Time{}, false
	}
	return time.Unix(0, c.Nanos(k)).UTC(), true
}

// layouts are few in a plugin and almost always constants, so that the pointer finds them.
type cachedLayout struct {
	text string
	l    timestamp.Layout
}

func (w *worker) layout(text string) timestamp.Layout {
	for i := range w.layouts {
		if c := &w.layouts[i]; unsafe.StringData(c.text) == unsafe.StringData(text) && len(c.text) == len(text) {
			return c.l
		}
	}
	l, err := timestamp.Compile(text)
	if err != nil { // reads nothing, so every event says that the layout does not fit
		l = timestamp.Layout{}
	}
	if len(w.layouts) < 32 {
		w.layouts = append(w.layouts, cachedLayout{text, l})
	}
	return l
}

// view is v as a string, for the duration of a call.
func view(v []byte) string { return unsafe.String(unsafe.SliceData(v), len(v)) }
