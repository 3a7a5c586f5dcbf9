package drift

import (
	"cmp"
	"hash/maphash"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// kind is what the lines of a key are counted for.
type kind uint8

const (
	unparsed     kind = iota // by sender and parser: lines it rejects or does not survive
	unrecognised             // by sender and input: lines that no parser claims
	fields                   // by device, parser and dataset: events without each of the parser's fields
	kinds
)

var kindNames = [kinds]string{"unparsed", "unrecognised", "fields"}

const (
	samples    = 5   // lines from before, and from since
	maxSample  = 512 // bytes of one
	maxHosts   = 3   // names of one sender that are kept
	resample   = 10 * time.Second
	maxName    = 256 // bytes of a device's name
	maxDataset = 128
)

// parser is a parser with its fields in an order of their own.
type parser struct {
	Plugin
	active bool
	hash   uint64
	names  []string
	slots  []int16 // by ecs.Field: index in names, -1
}

func newParser(p Plugin) *parser {
	n := &parser{Plugin: p, active: true, hash: hash([]byte(p.ID))}
	for _, f := range p.Fields {
		if f == ecs.Message || slices.Contains(n.names, f.Name()) {
			continue
		}
		n.setSlot(f, len(n.names))
		n.names = append(n.names, f.Name())
	}
	return n
}

func (p *parser) setSlot(f ecs.Field, i int) {
	for len(p.slots) <= int(f) {
		p.slots = append(p.slots, -1)
	}
	p.slots[f] = int16(i)
}

func (p *parser) slot(field uint32) int {
	if int(field) >= len(p.slots) {
		return -1
	}
	return int(p.slots[field])
}

// key is what is learned of one device's lines of one kind.
type key struct {
	kind    kind
	parser  *parser // nil for unrecognised
	device  string  // host.name for fields, else the sender's address; without either the input's name
	hosts   []string
	input   string // unrecognised
	dataset string // fields
	first   int64  // receipt of the first line, ns; makes ids
	seen    int64  // of the last one
	epoch   int    // drifts so far
	rates   []rate // one; of fields one for each of the parser's
	before  lines
	after   lines
	sampled int64 // when before got its last line
	open    *Drift

	// After another version of the plugin: the shares of before, which the new ones are compared with once learned.
	prior []float64 // by rate; nil if there is nothing to compare
	cause string

	back backlog // of an open drift

	// Of the batch at hand.
	n, bad  int
	present []int32 // by rate, of fields: events that have the field
	good    [samples]int32
	goods   int
	drifted bool
}

// backlog is how long and for how many lines a drift looks as if it was over.
type backlog struct {
	Since int64 `json:"since,omitempty"`
	Lines int   `json:"lines,omitempty"`
}

// resize gives the key the rates of its kind.
func (k *key) resize() {
	n := 1
	if k.kind == fields {
		n = len(k.parser.names)
		k.present = make([]int32, n)
	}
	k.rates = make([]rate, n)
}

// relearn forgets the baselines.
func (k *key) relearn(at int64) {
	clear(k.rates)
	k.prior, k.cause, k.first, k.after = nil, "", at, lines{}
}

// names are what the rates are of: fields, or nothing where there is only one.
func (k *key) names() []string {
	if k.kind == fields {
		return k.parser.names
	}
	return oneRate
}

var oneRate = []string{""}

// become has a key of a parser go on with what that is now. With a cause its shares are learned again, and compared.
func (k *key) become(now *parser, cause string, at int64) {
	was, before := map[string]rate{}, map[string]float64{}
	for i, name := range k.names() {
		was[name] = k.rates[i]
		if k.prior != nil {
			before[name] = k.prior[i]
		} else if cause != "" && k.rates[i].Lines > 0 {
			before[name] = k.rates[i].usual()
		}
	}
	k.parser, k.prior = now, nil
	k.resize()
	if len(before) > 0 {
		k.prior = make([]float64, len(k.rates))
	}
	for i, name := range k.names() {
		if cause == "" {
			k.rates[i] = was[name]
		}
		if k.prior != nil {
			k.prior[i] = 1 // a new field cannot get worse
			if p, ok := before[name]; ok {
				k.prior[i] = p
			}
		}
	}
	if cause != "" {
		k.cause, k.first, k.after = cause, at, lines{}
	}
}

// suspect says whether any share looks worse.
func (k *key) suspect() bool {
	for i := range k.rates {
		if k.rates[i].suspect() {
			return true
		}
	}
	return false
}

// lines is a ring of sample lines.
type lines struct {
	ring [samples]Sample
	n    int // ever added
}

func (l *lines) add(s Sample) {
	l.ring[l.n%samples] = s
	l.n++
}

// list is the samples, oldest first.
func (l *lines) list() []Sample {
	out := make([]Sample, 0, samples)
	for i := max(0, l.n-samples); i < l.n; i++ {
		out = append(out, l.ring[i%samples])
	}
	return out
}

func (l *lines) full() bool { return l.n >= samples }

var seed = maphash.MakeSeed()

func hash(b []byte) uint64 { return maphash.Bytes(seed, b) }

// mix makes one hash of two, in this order.
func mix(a, b uint64) uint64 {
	a = (a<<5 | a>>59) ^ b
	a *= 0x9e3779b97f4a7c15
	return a ^ a>>29
}

// evict makes room for new keys: an eighth of them goes, those seen least lately and without a drift first.
func (t *Tracker) evict() {
	type old struct {
		id   uint64
		seen int64
		open bool
	}
	var all []old
	for id, k := range t.keys {
		all = append(all, old{id, k.seen, k.open != nil})
	}
	slices.SortFunc(all, func(a, b old) int {
		if a.open != b.open {
			if a.open {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(a.seen, b.seen), cmp.Compare(a.id, b.id))
	})
	for _, o := range all[:len(all)/8+1] {
		if d := t.keys[o.id].open; d != nil {
			t.end(d, StateSuperseded)
		}
		delete(t.keys, o.id)
		t.stats.Evicted++
	}
}
