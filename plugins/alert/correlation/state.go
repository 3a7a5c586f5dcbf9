package main

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A snapshot is: stateMagic; the journals' ids; the rules' ids, versions and beginnings; the groups from the one that has
// been silent longest; of each rule the open alerts and what is usual. Texts have their length in front; numbers are varints. Timers are made of the groups.
const stateMagic = "logcenter correlation state 2\n"

// maxText bounds what a damaged snapshot can make Restore allocate at once.
const maxText = 1 << 20

// Snapshot writes what the detector remembers.
func (d *detector) Snapshot(w io.Writer) error {
	e := encoder{w: bufio.NewWriterSize(w, 64<<10)}
	e.raw(stateMagic)
	e.number(uint64(len(d.journals)))
	for _, j := range d.journals {
		e.text(j)
	}
	index := map[*rule]uint64{}
	e.number(uint64(len(d.rules)))
	for i, r := range d.rules {
		index[r] = uint64(i)
		e.text(r.ID)
		e.text(r.version)
		e.signed(r.began)
	}
	e.number(uint64(d.groups.n))
	if d.groups.n > 0 {
		for g := d.groups.ends.prev; g != &d.groups.ends; g = g.prev {
			e.number(index[g.rule])
			e.text(g.key)
			e.signed(g.until)
			e.signed(g.last)
			e.number(g.suppressed)
			e.number(uint64(len(g.fields)))
			for _, f := range g.fields {
				e.text(f)
			}
			e.number(uint64(len(g.seen)))
			for _, s := range g.seen {
				e.signed(s.at)
				e.signed(s.position)
				e.number(uint64(s.partition))
				e.number(uint64(s.journal))
				e.number(uint64(s.mask))
				e.number(s.value)
			}
		}
	}
	for _, r := range d.rules {
		e.open(r)
		e.usual(&r.usual)
	}
	return e.w.Flush()
}

// Restore takes over a snapshot. Groups of rules that are gone, or count differently now, are left out.
func (d *detector) Restore(r io.Reader) error {
	s := decoder{r: bufio.NewReaderSize(r, 64<<10)}
	head := make([]byte, len(stateMagic))
	if _, err := io.ReadFull(s.r, head); err != nil || string(head) != stateMagic {
		return fmt.Errorf("this is no snapshot of this version of correlation: it does not start with %q", stateMagic)
	}
	d.forget()
	names := make(journals, 0, 1)
	for range s.number(1 << 20) {
		names = append(names, s.text())
	}
	var rules []*rule
	for range s.number(1 << 20) {
		r := d.find(s.text(), s.text())
		if began := s.signed(); r != nil {
			r.began = began
		}
		rules = append(rules, r)
	}
	for range s.number(1 << 30) {
		g := s.group(rules, len(names))
		if s.err != nil {
			break
		}
		if g.rule != nil {
			g.rule.groups[g.key] = g
			d.groups.touch(g)
			d.groups.events += len(g.seen)
			d.wind(g)
			d.notes.forgotten += d.groups.trim()
		}
	}
	for _, r := range rules {
		s.open(r)
		s.usual(r)
		if r != nil {
			d.series += len(r.usual.series)
		}
	}
	if s.err != nil {
		d.forget()
		return fmt.Errorf("snapshot of correlation: %w", s.err)
	}
	d.journals = names
	return nil
}

// group reads one; its rule is nil if that is gone.
func (d *decoder) group(rules []*rule, journals int) *group {
	g := &group{fresh: -1}
	n := d.number(uint64(len(rules)))
	if d.err == nil && n < uint64(len(rules)) {
		g.rule = rules[n]
	}
	g.key, g.until, g.last, g.suppressed = d.text(), d.signed(), d.signed(), d.number(1<<62)
	for range d.number(1 << 10) {
		g.fields = append(g.fields, d.text())
		if d.err != nil {
			return g
		}
	}
	for range d.number(1 << 20) {
		e := seen{
			at: d.signed(), position: d.signed(), partition: uint32(d.number(1<<32 - 1)),
			journal: uint16(d.number(min(uint64(journals), 1<<16-1))), mask: uint16(d.number(1<<16 - 1)), value: d.number(1<<64 - 1),
		}
		if int(e.journal) >= journals {
			d.fail()
		}
		if d.err != nil {
			return g
		}
		g.seen = append(g.seen, e)
		g.mask |= e.mask
	}
	if g.rule != nil && d.err == nil && !g.sound() {
		d.fail()
	}
	return g
}

// sound says whether a group is one that its rule may have: damage must not crash the detector.
func (g *group) sound() bool {
	if len(g.fields) > 0 && len(g.fields) != len(g.rule.fields) {
		return false
	}
	if !g.rule.keyed(g.key) {
		return false
	}
	if !slices.IsSortedFunc(g.seen, func(a, b seen) int { return cmp.Compare(a.at, b.at) }) {
		return false
	}
	return g.rule.kind != silence || len(g.seen) == 1
}

// keyed says whether a key has a value for each name of the rule.
func (r *rule) keyed(key string) bool {
	rest := []byte(key)
	for range r.names {
		n, k := binary.Uvarint(rest)
		if k <= 0 || n > uint64(len(rest)-k) {
			return false
		}
		rest = rest[k+int(n):]
	}
	return true
}

// wind sets the timers that a group had.
func (d *detector) wind(g *group) {
	switch g.rule.kind {
	case silence:
		g.timer = true
		d.timers.add(timer{at: g.rule.due(g.last + g.rule.window), g: g, seen: g.seen[0]})
	case absence:
		for _, e := range g.seen {
			if e.mask&1 != 0 {
				d.timers.add(timer{at: g.rule.round(e.at + g.rule.window), g: g, seen: e})
			}
		}
	}
}

func (d *detector) forget() {
	d.timers = nil
	d.groups = groups{limit: d.groups.limit, limitEvents: d.groups.limitEvents}
	d.journals, d.series = nil, 0
	for _, r := range d.rules {
		clear(r.groups)
		r.began, r.open, r.usual = 0, nil, usual{}
	}
}

func (d *detector) find(id, version string) *rule {
	for _, r := range d.rules {
		if r.ID == id && r.version == version {
			return r
		}
	}
	return nil
}

// encoder keeps the first error in its writer, which Flush returns.
type encoder struct {
	w *bufio.Writer
	b []byte
}

func (e *encoder) raw(s string) { _, _ = e.w.WriteString(s) }

func (e *encoder) number(n uint64) {
	e.b = binary.AppendUvarint(e.b[:0], n)
	_, _ = e.w.Write(e.b)
}

func (e *encoder) signed(n int64) {
	e.b = binary.AppendVarint(e.b[:0], n)
	_, _ = e.w.Write(e.b)
}

func (e *encoder) text(s string) {
	e.number(uint64(len(s)))
	e.raw(s)
}

// decoder reads zeros after the first error.
type decoder struct {
	r   *bufio.Reader
	err error
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errors.New("a number is out of range")
	}
}

func (d *decoder) number(most uint64) uint64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(d.r)
	if err != nil {
		d.err = noEOF(err)
		return 0
	}
	if n > most {
		d.fail()
		return 0
	}
	return n
}

func (d *decoder) signed() int64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadVarint(d.r)
	if err != nil {
		d.err = noEOF(err)
	}
	return n
}

func (d *decoder) text() string {
	b := make([]byte, d.number(maxText))
	if d.err == nil {
		if _, err := io.ReadFull(d.r, b); err != nil {
			d.err = noEOF(err)
		}
	}
	return string(b)
}

// noEOF makes an end inside a snapshot an error that says so.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
