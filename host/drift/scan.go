package drift

import (
	"bytes"
	"math"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// scan is what looking at one batch needs; its memory is reused.
type scan struct {
	b                                    *wire.Batch
	message                              *wire.Column
	label, code, host, addr, in, dataset texts
	flags                                *wire.Column
	flagAt                               wire.Cursor
	flag                                 int // the dictionary's code of "unparsed"; -1 if it has none, or is none
	rows                                 []row
	touched                              []*key
	runs                                 []run
}

// row is which keys an event counts for; nil where it does not.
type row struct {
	claim, parse, fields *key
	parser               *parser
	failed               bool // its parser rejects it
}

// run is rows of one parser.
type run struct {
	p        *parser
	from, to int
}

// texts is a column read row by row, of which hashes are wanted.
type texts struct {
	c     *wire.Column
	at    wire.Cursor
	codes []uint64 // hashes of a dictionary's entries, 0 if not made yet
	k     int      // of the row at hand, -1 if it has none
	most  int      // bytes that count
	port  bool     // an address: what is behind the last colon does not count
}

func (t *texts) begin(c *wire.Column, most int, port bool) {
	t.c, t.at, t.k, t.most, t.port = c, wire.Cursor{}, -1, most, port
	t.codes = t.codes[:0]
	if c != nil && c.Encoding == wire.Encoding_DICT {
		for range c.Entries() {
			t.codes = append(t.codes, 0)
		}
	}
}

// hash is that of the row's text; 0 if it has none. Rows ascend.
func (t *texts) hash(row int, message *wire.Column) uint64 {
	if t.c == nil {
		return 0
	}
	if t.k = t.at.At(t.c, row); t.k < 0 {
		return 0
	}
	if t.c.Encoding != wire.Encoding_DICT {
		return nonZero(t.text(row, message))
	}
	code := t.c.Code(t.k)
	if t.codes[code] == 0 {
		t.codes[code] = nonZero(t.text(row, message))
	}
	return t.codes[code]
}

// text is the row's text, for which hash was called last.
func (t *texts) text(row int, message *wire.Column) []byte {
	if t.k < 0 {
		return nil
	}
	return named(t.c.Text(t.k, row, message), t.most, t.port)
}

// named is as much of a text as counts.
func named(text []byte, most int, port bool) []byte {
	if i := bytes.LastIndexByte(text, ':'); port && i > 0 && (text[i-1] == ']' || bytes.IndexByte(text, ':') == i) {
		text = bytes.TrimSuffix(bytes.TrimPrefix(text[:i], []byte("[")), []byte("]"))
	}
	return text[:min(len(text), most)]
}

func nonZero(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return hash(b)
}

func (s *scan) begin(b *wire.Batch) {
	col := func(f ecs.Field) *wire.Column { return b.Column(uint32(f)) }
	s.b, s.message = b, col(ecs.Message)
	s.label.begin(col(ecs.LogcenterParser), maxName, false)
	s.code.begin(col(ecs.ErrorCode), maxName, false)
	s.host.begin(col(ecs.HostName), maxName, false)
	s.addr.begin(col(ecs.LogSourceAddress), maxName, true)
	s.in.begin(col(ecs.LogcenterInput), maxName, false)
	s.dataset.begin(col(ecs.EventDataset), maxDataset, false)
	s.flags, s.flagAt, s.flag = col(ecs.LogcenterFlags), wire.Cursor{}, -1
	if s.flags != nil && s.flags.Encoding == wire.Encoding_DICT {
		for i := range s.flags.Entries() {
			if string(s.flags.Entry(i)) == flagUnparsed {
				s.flag = i
			}
		}
	}
	s.rows, s.touched, s.runs = s.rows[:0], s.touched[:0], s.runs[:0]
}

// flagUnparsed and codeUnavailable are what the pipeline writes into logcenter.flags and error.code.
const (
	flagUnparsed    = "unparsed"
	codeUnavailable = "unavailable"
)

func (s *scan) unparsed(row int) bool {
	c := s.flags
	if c == nil {
		return false
	}
	k := s.flagAt.At(c, row)
	if k < 0 {
		return false
	}
	from, to := k, k+1
	if len(c.Lists) > 0 {
		from, to = c.List(k)
	}
	for ; from < to; from++ {
		if c.Encoding == wire.Encoding_DICT {
			if c.Code(from) == s.flag {
				return true
			}
		} else if string(c.Bytes(from)) == flagUnparsed {
			return true
		}
	}
	return false
}

// look counts a batch, each row of which stands for weight, and acts on what it shows.
func (t *Tracker) look(b *wire.Batch, dead []deadletter.Letter, weight float64) {
	s := &t.scan
	s.begin(b)
	t.tell(b)
	t.assign()
	t.count()
	t.bury(dead)
	for _, k := range s.touched {
		t.judge(k, weight)
	}
	t.sample(dead)
	for _, k := range s.touched {
		if k.drifted {
			t.raise(k)
		}
		k.n, k.bad, k.goods, k.drifted = 0, 0, 0, false
		clear(k.present)
	}
	clear(s.rows) // so that evicted keys can go
	s.b, s.message = nil, nil
}

// tell moves the tracker's clock to the newest receipt. What is redriven has its first one.
func (t *Tracker) tell(b *wire.Batch) {
	if c := b.Column(uint32(ecs.EventIngested)); c != nil {
		for k := range int(c.Count) {
			t.at = max(t.at, c.Nanos(k))
		}
	}
}

// assign finds the keys of every row. Rows that are like the one before, as most are, cost no look-up.
func (t *Tracker) assign() {
	s := &t.scan
	redriven := s.b.Column(uint32(ecs.LogcenterRedrivenFrom))
	type names struct{ label, source, device, dataset, input uint64 }
	var last, parsed names // of the rows whose keys are in at
	var at row
	for r := range int(s.b.Rows) {
		n := names{label: s.label.hash(r, s.message), source: s.addr.hash(r, s.message), input: s.in.hash(r, s.message)}
		n.device, n.dataset = s.host.hash(r, s.message), s.dataset.hash(r, s.message)
		failed := s.unparsed(r)
		unavailable := s.code.hash(r, s.message) != 0 && failed && string(s.code.text(r, s.message)) == codeUnavailable
		if n.source == 0 {
			n.source = n.input
		}
		if n.device == 0 {
			n.device = n.source
		}
		if unavailable || redriven != nil && redriven.Has(r) {
			s.rows = append(s.rows, row{})
			continue
		}
		if n.label != last.label || n.source != last.source || n.input != last.input || r == 0 {
			at = row{}
			if n.label != 0 {
				at.parser = t.byLabel[n.label]
			}
			if n.label == 0 || at.parser != nil { // else another version's, of before or on trial
				at.claim = t.claimKey(r, n.source, n.input)
			}
			if at.parser != nil {
				at.parse = t.parseKey(r, n.source, at.parser)
			}
			last, parsed = n, names{}
		}
		if at.parser != nil && !failed && n != parsed { // of a line that is not parsed, device and dataset are not known
			at.fields, parsed = t.fieldsKey(r, n.device, n.dataset, at.parser), n
			s.known(at)
		}
		now := at
		if now.failed = failed; failed {
			now.fields = nil
		}
		s.rows = append(s.rows, now)
	}
}

// known notes the name of a host at its sender.
func (s *scan) known(at row) {
	if s.host.k < 0 || at.fields == nil {
		return
	}
	for _, k := range [...]*key{at.claim, at.parse} {
		if k == nil || len(k.hosts) >= maxHosts {
			continue
		}
		found := false
		for _, h := range k.hosts {
			found = found || h == at.fields.device
		}
		if !found {
			k.hosts = append(k.hosts, at.fields.device)
		}
	}
}

// count adds the rows to their keys.
func (t *Tracker) count() {
	s := &t.scan
	for r := range s.rows {
		v := &s.rows[r]
		s.add(v.claim, r, v.parser == nil)
		if v.parser == nil {
			continue
		}
		s.add(v.parse, r, v.failed)
		s.add(v.fields, r, false)
		if n := len(s.runs); n > 0 && s.runs[n-1].p == v.parser && s.runs[n-1].to == r {
			s.runs[n-1].to++
		} else {
			s.runs = append(s.runs, run{v.parser, r, r + 1})
		}
	}
	for _, c := range s.b.Columns {
		for _, run := range s.runs {
			slot := run.p.slot(c.Field)
			if slot < 0 || c.Field == 0 {
				continue
			}
			for r := run.from; r < run.to; r++ {
				if c.Has(r) {
					if k := s.rows[r].fields; k != nil {
						k.present[slot]++
					}
				}
			}
		}
	}
}

func (s *scan) add(k *key, row int, bad bool) {
	if k == nil {
		return
	}
	if k.n == 0 {
		s.touched = append(s.touched, k)
	}
	k.n++
	if bad {
		k.bad++
	} else if k.goods < samples && row >= 0 {
		k.good[k.goods] = int32(row)
		k.goods++
	}
}

// bury counts lines of which their parser made dead letters instead of events.
func (t *Tracker) bury(dead []deadletter.Letter) {
	for i := range dead {
		d := &dead[i]
		if p := t.rejector(d); p != nil {
			source := sender(d)
			t.scan.add(t.find(unparsed, mix(mix(uint64(unparsed), nonZero([]byte(source))), p.hash), p, source, "", ""), -1, true)
		}
	}
}

// rejector is the parser that made a letter instead of an event; nil if none did.
func (t *Tracker) rejector(d *deadletter.Letter) *parser {
	if d.Stage != "parser" || d.Reason != "dead_letter" {
		return nil
	}
	return t.byLabel[hash([]byte(strings.TrimSpace(d.Plugin+" "+d.Version)))]
}

func sender(d *deadletter.Letter) string {
	if d.Address == "" {
		return string(named([]byte(d.Input), maxName, false))
	}
	return string(named([]byte(d.Address), maxName, true))
}

func (t *Tracker) source(r int) string {
	if s := t.scan.addr.text(r, t.scan.message); len(s) > 0 {
		return strings.ToValidUTF8(string(s), "")
	}
	return strings.ToValidUTF8(string(t.scan.in.text(r, t.scan.message)), "")
}

func (t *Tracker) claimKey(r int, source, input uint64) *key {
	if len(t.missing) > 0 { // a parser is out of service: its lines are nobody's, and health says so
		return nil
	}
	id := mix(mix(uint64(unrecognised), source), input)
	if k := t.keys[id]; k != nil {
		return k
	}
	return t.find(unrecognised, id, nil, t.source(r), string(t.scan.in.text(r, t.scan.message)), "")
}

func (t *Tracker) parseKey(r int, source uint64, p *parser) *key {
	id := mix(mix(uint64(unparsed), source), p.hash)
	if k := t.keys[id]; k != nil {
		return k
	}
	return t.find(unparsed, id, p, t.source(r), "", "")
}

func (t *Tracker) fieldsKey(r int, device, dataset uint64, p *parser) *key {
	id := mix(mix(mix(uint64(fields), device), p.hash), dataset)
	if k := t.keys[id]; k != nil {
		return k
	}
	name := t.source(r)
	if h := t.scan.host.text(r, t.scan.message); len(h) > 0 {
		name = strings.ToValidUTF8(string(h), "")
	}
	return t.find(fields, id, p, name, "", strings.ToValidUTF8(string(t.scan.dataset.text(r, t.scan.message)), ""))
}

// find is the key with an id, a new one if there is none; nil if more are new than may be.
func (t *Tracker) find(kind kind, id uint64, p *parser, device, input, dataset string) *key {
	if k := t.keys[id]; k != nil {
		return k
	}
	if t.fresh.have < 1 {
		t.stats.Evicted++
		return nil
	}
	t.fresh.have--
	if len(t.keys) >= t.o.MaxKeys {
		t.evict()
	}
	k := &key{kind: kind, parser: p, device: device, input: input, dataset: dataset, first: t.at, seen: t.at}
	k.resize()
	t.keys[id] = k
	return k
}

// judge compares what a batch shows of a key.
func (t *Tracker) judge(k *key, weight float64) {
	l := &t.limits[k.kind]
	n, hours := float64(k.n), float64(t.at-k.first)/float64(time.Hour)
	faded := 1.0
	if t.at > k.seen {
		faded = math.Exp(-float64(t.at-k.seen) / float64(24*time.Hour))
	}
	k.seen = t.at
	for i := range k.rates {
		r := &k.rates[i]
		bad := float64(k.bad)
		if k.kind == fields {
			bad = float64(k.n - int(k.present[i]))
		}
		r.see(n, bad)
		if r.Daily != 0 {
			r.Daily *= float32(faded)
		}
		switch {
		case k.open != nil:
		case k.prior != nil: // first to be compared with that
			r.fold(n, bad, bad*weight)
		case r.judge(l, n, bad, weight, t.at, hours):
			k.drifted = true
		}
	}
	switch {
	case k.open != nil:
		t.follow(k)
	case k.prior != nil && k.rates[0].learned(l) && t.at-k.first >= l.persist:
		t.compare(k)
	}
}

// compare says whether the shares of a plugin's new version are worse than those of the old one.
func (t *Tracker) compare(k *key) {
	l := &t.limits[k.kind]
	for i := range k.rates {
		if r := &k.rates[i]; k.prior[i] <= l.worst && r.usual() >= k.prior[i]+l.effect && float64(r.Bad) >= l.lines {
			k.drifted = true
		}
	}
	if !k.drifted {
		k.prior, k.cause, k.after = nil, "", lines{}
	}
}
