package deadletter

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// field is one that queries over letters may ask for.
type field struct {
	name string
	typ  ecs.Type
	set  func(b *wire.Builder, row int, d *Letter, l *List)
}

func keyword(name string, of func(d *Letter) string) field {
	return field{name, ecs.Keyword, func(b *wire.Builder, row int, d *Letter, _ *List) {
		if v := of(d); v != "" {
			b.Text(row, v)
		}
	}}
}

// fields are those of queries. Words without a field are looked for in message: why it is a letter, and its line.
var fields = []field{
	keyword("id", func(d *Letter) string { return d.EventID }),
	keyword("stage", func(d *Letter) string { return d.Stage }),
	keyword("plugin", func(d *Letter) string { return d.Plugin }),
	keyword("version", func(d *Letter) string { return d.Version }),
	keyword("reason", func(d *Letter) string { return d.Reason }),
	keyword("input", func(d *Letter) string { return d.Input }),
	{"device", ecs.Keyword, func(b *wire.Builder, row int, d *Letter, _ *List) {
		for _, v := range d.devices() {
			b.Text(row, v)
		}
	}},
	{"state", ecs.Keyword, func(b *wire.Builder, row int, d *Letter, l *List) { b.Text(row, l.State(d)) }},
	{"time", ecs.Date, func(b *wire.Builder, row int, d *Letter, _ *List) { b.Nanos(row, d.Time.UnixNano()) }},
	{"message", ecs.Text, func(b *wire.Builder, row int, d *Letter, _ *List) { b.Copy(row, []byte(d.Message+"\n"+d.Text), 0, 0) }},
	{"text", ecs.Text, func(b *wire.Builder, row int, d *Letter, _ *List) { b.Copy(row, []byte(d.Text), 0, 0) }},
}

// The states of a letter.
const (
	StateHeld     = "held"     // its record is kept, so that it can be redriven
	StateNotHeld  = "not_held" // it is not, or not any more
	StateRedriven = "redriven"
)

// Grouping are the fields that letters are counted by.
var Grouping = []string{"stage", "plugin", "version", "reason", "input", "device", "state"}

// Device is what the letter's event came from: its host's name, else the sender's address, else the input.
func (d *Letter) Device() string {
	if all := d.devices(); len(all) > 0 {
		return all[0]
	}
	return d.Input
}

// devices are the names that the device goes by.
func (d *Letter) devices() (out []string) {
	if d.Host != "" {
		out = append(out, d.Host)
	}
	if host, _, err := net.SplitHostPort(d.Address); err == nil && host != "" {
		return append(out, host)
	}
	if d.Address != "" {
		out = append(out, d.Address)
	}
	return out
}

func fieldNames() (out []string) {
	for _, f := range fields {
		out = append(out, f.name)
	}
	return out
}

func resolve(name string) (t ecs.Type, list, known bool) {
	for _, f := range fields {
		if f.name == name {
			return f.typ, name == "device", true
		}
	}
	return 0, false, false
}

// Query is a query over letters, in the language of searches. Safe for concurrent use.
type Query struct {
	text   string
	m      *query.Matcher
	fields []field // that it reads
}

// ParseQuery reads a query; dates in it that name no zone are of this one, nil is UTC. Errors are of type [*query.Error].
// The notices tell what is likely a mistake.
func ParseQuery(text string, zone *time.Location) (q *Query, notices []string, err error) {
	n, err := query.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	query.Walk(n, func(leaf query.Node) {
		f := query.FieldOf(leaf)
		if _, _, known := resolve(query.FieldName(f)); !known && err == nil {
			err = &query.Error{
				Pos: f.Pos, Msg: fmt.Sprintf("dead letters have no field %s", f.Name), Hint: "they have " + strings.Join(fieldNames(), ", "),
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	m, err := query.Compile(n, query.Options{Resolve: resolve, Zone: zone})
	if err != nil {
		return nil, nil, err
	}
	for _, w := range query.Warnings(n, resolve) {
		if w.Hint != "" {
			w.Msg += " (" + w.Hint + ")"
		}
		notices = append(notices, w.Msg)
	}
	q = &Query{text: text, m: m}
	read := query.FieldsOf(n)
	for _, f := range fields {
		if slices.Contains(read, f.name) {
			q.fields = append(q.fields, f)
		}
	}
	return q, notices, nil
}

// String is the query as it was written; "" for a nil one.
func (q *Query) String() string {
	if q == nil {
		return ""
	}
	return q.text
}

const (
	chunkLetters = 256
	chunkBytes   = 4 << 20 // of texts that are compared at once
)

// selector finds the letters that a filter selects.
type selector struct {
	f     Filter
	l     *List
	m     *query.Matcher
	bits  []uint64
	built []wire.Builder
}

func (f Filter) selector(l *List) *selector {
	s := &selector{f: f, l: l}
	if f.Query != nil {
		s.m = f.Query.m.Clone()
		s.built = make([]wire.Builder, len(f.Query.fields))
	}
	return s
}

// each calls use for the letters that are selected, in their order, until it returns false.
func (s *selector) each(letters []*Letter, use func(d *Letter) bool) {
	var chunk []Letter
	for len(letters) > 0 {
		chunk = s.copy(chunk[:0], &letters)
		matches := s.match(chunk)
		for i := range chunk {
			if matches(i) && !use(&chunk[i]) {
				return
			}
		}
	}
}

// copy takes the next letters, as others may change them.
func (s *selector) copy(chunk []Letter, letters *[]*Letter) []Letter {
	s.l.mu.RLock()
	defer s.l.mu.RUnlock()
	size := 0
	for len(*letters) > 0 && len(chunk) < chunkLetters && size < chunkBytes {
		d := (*letters)[0]
		*letters = (*letters)[1:]
		if (s.f.From.IsZero() || !d.Time.Before(s.f.From)) && (s.f.To.IsZero() || d.Time.Before(s.f.To)) {
			chunk = append(chunk, *d)
			size += len(d.Text) + len(d.Message)
		}
	}
	return chunk
}

func (s *selector) match(chunk []Letter) func(i int) bool {
	if s.m == nil || len(chunk) == 0 {
		return func(int) bool { return true }
	}
	b := &wire.Batch{Rows: uint32(len(chunk))}
	for i, f := range s.f.Query.fields {
		built := &s.built[i]
		_, list, _ := resolve(f.name)
		built.Reset(wireType(f.typ), list, len(chunk), nil, nil)
		for row := range chunk {
			f.set(built, row, &chunk[row], s.l)
		}
		if !built.Used() {
			continue
		}
		handle, _ := ecs.Lookup(f.name) // message has one
		c := built.Finish(uint32(handle))
		c.Name = f.name
		b.Columns = append(b.Columns, c)
	}
	s.bits = s.m.Match(b, s.bits)
	return func(i int) bool { return s.bits[i>>6]>>(i&63)&1 != 0 }
}

func wireType(t ecs.Type) wire.Type {
	if t == ecs.Date {
		return wire.Type_TIMESTAMP
	}
	return wire.Type_STRING
}
