package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A snapshot is: stateMagic; when events were received; the origins; the rules' ids, versions and beginnings, whether their marks have values, and which
// fields their alerts carry; of
// each rule its groups, from the one that was left alone longest, each behind a 1, and a 0 behind the last; of each rule the open alerts and what is usual. Texts have their
// length in front; numbers are varints, and times and positions differences to the mark before. Timers and windows are made of
// the marks.
const stateMagic = "logcenter correlation state 4\n"

// maxText bounds what a damaged snapshot can make Restore allocate at once.
const maxText = 1 << 20

// Snapshot writes what the detector remembers.
func (d *detector) Snapshot(w io.Writer) error {
	e := encoder{w: bufio.NewWriterSize(w, 64<<10)}
	e.raw(stateMagic)
	e.signed(d.presence.known)
	e.signed(d.presence.since)
	e.number(uint64(len(d.origins)))
	for _, o := range d.origins {
		e.text(o.journal)
		e.number(uint64(o.partition))
	}
	e.number(uint64(len(d.rules)))
	for _, r := range d.rules {
		e.text(r.ID)
		e.text(r.version)
		e.signed(r.began)
		e.number(flag(r.Field != ""))
		e.texts(r.carries)
	}
	for _, r := range d.rules {
		for id := r.held.oldest; id != 0; id = d.groups.at(id).newer {
			e.number(1)
			d.write(&e, d.groups.at(id))
		}
		e.number(0)
	}
	for _, r := range d.rules {
		e.open(r)
		e.usual(&r.usual)
	}
	return e.w.Flush()
}

func (d *detector) write(e *encoder, g *group) {
	e.text(string(d.groups.key(g)))
	if e.number(flag(g.until != never)); g.until != never {
		e.signed(g.until)
	}
	e.signed(g.last)
	e.number(uint64(g.suppressed))
	e.texts(d.groups.extras[g.extra].fields)
	b := d.groups.block(g)
	e.number(uint64(len(b.marks)))
	var before mark
	for i, m := range b.marks {
		e.signed(m.at - before.at)
		e.signed(m.position - before.position)
		before = m
		e.number(uint64(b.tags[i].origin))
		e.number(uint64(b.tags[i].mask))
		if b.values != nil {
			e.number(b.values[i])
		}
	}
}

// Restore takes over a snapshot. Groups of rules that are gone, or count differently now, are left out.
func (d *detector) Restore(r io.Reader) error {
	s := decoder{r: bufio.NewReaderSize(r, 64<<10)}
	head := make([]byte, len(stateMagic))
	if _, err := io.ReadFull(s.r, head); err != nil || string(head) != stateMagic {
		return fmt.Errorf("this is no snapshot of this version of correlation: it does not start with %q", stateMagic)
	}
	d.forget()
	d.presence = presence{known: s.signed(), since: s.signed()}
	for range s.number(1<<16 - 1) {
		d.origins = append(d.origins, origin{s.text(), uint32(s.number(1<<32 - 1))})
	}
	var rules []past
	for range s.number(1 << 20) {
		p := past{rule: d.find(s.text(), s.text())}
		if began := s.signed(); p.rule != nil {
			p.rule.began = began
		}
		p.valued = s.number(1) == 1
		if p.rule != nil && p.valued != (p.rule.Field != "") {
			s.fail()
		}
		p.carries = s.texts()
		if rules = append(rules, p); s.err != nil {
			break
		}
	}
	for _, p := range rules {
		for s.number(1) == 1 && s.err == nil {
			d.read(&s, p)
		}
	}
	for _, p := range rules {
		s.open(p.rule)
		s.usual(p)
		if p.rule != nil {
			d.series += len(p.rule.usual.series)
			d.groups.account(p.rule, seriesBytes*int64(len(p.rule.usual.series)))
		}
	}
	if s.err != nil {
		d.forget()
		return fmt.Errorf("snapshot of correlation: %w", s.err)
	}
	return nil
}

// past is a rule of a snapshot; nil if it is gone.
type past struct {
	rule   *rule
	valued bool // its marks have values
	// carries are the fields whose values are kept for its alerts.
	carries []string
}

// carried are the values of the fields that alerts of the rule carry now, of those that were kept; nil if none were. It says
// false if they are not as many as they should be.
func (p *past) carried(kept []string) ([]string, bool) {
	if len(kept) == 0 || p.rule == nil {
		return nil, true
	}
	if len(kept) != len(p.carries) {
		return nil, false
	}
	if slices.Equal(p.carries, p.rule.carries) {
		return kept, true
	}
	now := make([]string, len(p.rule.carries))
	for i, name := range p.rule.carries {
		if k := slices.Index(p.carries, name); k >= 0 {
			now[i] = kept[k]
		}
	}
	return now, true
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// read takes over a group of a rule, or skips it.
func (d *detector) read(s *decoder, p past) {
	r, id, g := p.rule, uint32(0), &group{}
	key := s.bytes()
	if s.err == nil && r != nil {
		known, hash := d.groups.find(r, key)
		if known != 0 || len(key) > 1<<16-1 || !r.keyed(key) {
			s.fail()
			return
		}
		id = d.groups.add(r, key, hash)
		d.groups.touch(id)
		g = d.groups.at(id)
	}
	if g.until = never; s.number(1) == 1 {
		g.until = s.signed()
	}
	g.last, g.suppressed = s.signed(), uint32(s.number(1<<32-1))
	kept := s.texts()
	d.readMarks(s, p, g)
	if s.err != nil || r == nil {
		return
	}
	fields, ok := p.carried(kept)
	if !ok || r.kind == silence && g.n != 1 {
		s.fail()
		return
	}
	d.groups.setExtra(g, extra{fields: fields})
	d.wind(id, r, g)
	d.groups.trim(r)
}

// readMarks reads the marks of a group, and keeps them if its rule is not gone.
func (d *detector) readMarks(s *decoder, p past, g *group) {
	var before mark
	for i := range int(s.number(1 << 20)) {
		e := entry{mark: mark{before.at + s.signed(), before.position + s.signed()}, tag: tag{origin: uint16(s.number(1<<16 - 1)), mask: uint16(s.number(1<<16 - 1))}}
		if p.valued {
			e.value = s.number(1<<64 - 1)
		}
		if i > 0 && e.at < before.at || int(e.origin) >= len(d.origins) {
			s.fail()
		}
		if s.err != nil {
			return
		}
		if before = e.mark; p.rule != nil {
			d.groups.insert(g, i, e)
			g.mask |= e.mask
		}
	}
}

// keyed says whether a key has a value for each name of the rule: damage must not crash the detector.
func (r *rule) keyed(key []byte) bool {
	if len(r.names) < 2 {
		return true
	}
	for range r.names {
		n, k := binary.Uvarint(key)
		if k <= 0 || n > uint64(len(key)-k) {
			return false
		}
		key = key[k+int(n):]
	}
	return true
}

// wind sets the timers that a group had.
func (d *detector) wind(id uint32, r *rule, g *group) {
	b := d.groups.block(g)
	switch r.kind {
	case silence:
		g.timer = true
		d.setTimer(id, d.silentAt(g), b.marks[0])
	case absence:
		for i, m := range b.marks {
			if b.tags[i].mask&1 != 0 {
				d.setTimer(id, r.round(m.at+r.window), m)
			}
		}
	}
}

func (d *detector) forget() {
	d.timers, d.mostTimers = nil, firstTimers
	d.groups = newGroups(d.rules, int64(d.config.MaxState), int64(d.config.MaxRuleState))
	d.origins, d.series, d.presence = nil, 0, presence{}
	for _, r := range d.rules {
		r.began, r.open, r.waiting, r.usual = 0, nil, 0, usual{}
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

// mostTexts bounds a list of texts: fields that alerts of a rule carry.
const mostTexts = 1 << 10

func (e *encoder) texts(list []string) {
	e.number(uint64(len(list)))
	for _, s := range list {
		e.text(s)
	}
}

// decoder reads zeros after the first error.
type decoder struct {
	r       *bufio.Reader
	scratch []byte
	err     error
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

func (d *decoder) text() string { return string(d.bytes()) }

func (d *decoder) texts() (list []string) {
	for range d.number(mostTexts) {
		if list = append(list, d.text()); d.err != nil {
			return nil
		}
	}
	return list
}

// bytes is a text, valid until the next call.
func (d *decoder) bytes() []byte {
	n := int(d.number(maxText))
	d.scratch = slices.Grow(d.scratch[:0], n)[:n]
	if d.err == nil {
		if _, err := io.ReadFull(d.r, d.scratch); err != nil {
			d.err = noEOF(err)
		}
	}
	return d.scratch
}

// noEOF makes an end inside a snapshot an error that says so.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
