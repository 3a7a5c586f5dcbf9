package classification

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Classifier has all rules of a host, ready to be asked. It does not change. Safe for concurrent use; nil is one without
// rules.
type Classifier struct {
	rules   []Rule
	counts  []*counter // by rule
	targets []target
	names   target // logcenter.classified_by
	runs    sync.Pool
	source  []byte
}

type counter struct{ matched, decided atomic.Int64 }

// Counted is a rule with what it did since the host started.
type Counted struct {
	Rule
	Matched int64 `json:"matched"` // events that its query matched
	Decided int64 `json:"decided"` // of these: events with a field that it set, no rule before it having done so
}

// New readies rules in their order; nil for none. A rule whose query cannot be asked is left out, and the error, which
// then comes with the rest of the rules, names it: queries are checked when the configuration is read, but plugins may
// have declared fields since. Rules that stay as they were in before, which may be nil, go on counting.
func New(rules []Rule, before *Classifier) (*Classifier, error) {
	c := &Classifier{}
	var ms []*query.Matcher
	var errs []error
	for _, r := range rules {
		m, err := compile(r.Query)
		if err != nil {
			errs = append(errs, fmt.Errorf("classification rule %s is not in effect: %w", r.Name, err))
			continue
		}
		ms = append(ms, m)
		c.rules = append(c.rules, r)
		c.counts = append(c.counts, before.counter(r))
	}
	if len(ms) == 0 {
		return nil, errors.Join(errs...)
	}
	set, err := query.NewSet(ms...)
	if err != nil {
		return nil, errors.Join(append(errs, err)...)
	}
	c.runs.New = func() any { return &run{set: set.Clone()} }
	c.ready()
	if c.source, err = json.Marshal(c.rules); err != nil {
		return nil, err
	}
	return c, errors.Join(errs...)
}

func compile(text string) (*query.Matcher, error) {
	n, err := query.Parse(text)
	if err != nil {
		return nil, inQuery(text, err)
	}
	m, err := query.Compile(n, query.Options{})
	if err != nil {
		return nil, inQuery(text, err)
	}
	return m, nil
}

// Parse readies rules as [Classifier.Source] wrote them down.
func Parse(source []byte) (*Classifier, error) {
	if len(source) == 0 {
		return nil, nil //nolint:nilnil // no rules, no classifier
	}
	var rules []Rule
	if err := json.Unmarshal(source, &rules); err != nil {
		return nil, fmt.Errorf("classification rules: %w", err)
	}
	return New(rules, nil)
}

// Source is the rules as JSON, by which they can be told from others and made again; nil for none. The caller must not
// change it.
func (c *Classifier) Source() []byte {
	if c == nil {
		return nil
	}
	return c.source
}

// counter is that of a rule, a new one if c has not this very rule.
func (c *Classifier) counter(r Rule) *counter {
	if c != nil {
		for i, have := range c.rules {
			if have.Name == r.Name && have.Query == r.Query {
				return c.counts[i]
			}
		}
	}
	return new(counter)
}

// Rules are the rules in their order, with what they did.
func (c *Classifier) Rules() []Counted {
	list := []Counted{}
	if c == nil {
		return list
	}
	for i, r := range c.rules {
		list = append(list, Counted{r, c.counts[i].matched.Load(), c.counts[i].decided.Load()})
	}
	return list
}

// By says which rule set a field of an event, by its logcenter.classified_by.
func (c *Classifier) By(names []string) map[ecs.Field]string {
	by := map[ecs.Field]string{}
	if c == nil {
		return by
	}
	for _, name := range names {
		rule := slices.IndexFunc(c.rules, func(r Rule) bool { return r.Name == name })
		for _, t := range c.targets {
			if slices.Contains(t.rules, rule) && by[t.field] == "" {
				by[t.field] = name
			}
		}
	}
	return by
}

// target is a field that rules set.
type target struct {
	field ecs.Field
	rules []int    // that set it, in their order
	value [][]byte // by these: what a row's values become
	many  []uint32 // by these: how many values
	// What columns of all batches have in common.
	typ        wire.Type
	encoding   wire.Encoding
	width      uint32
	dict, data []byte
}

// ready finds out which rules set which fields.
func (c *Classifier) ready() {
	text := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	for _, of := range [...]struct {
		field  ecs.Field
		values func(Rule) []string
	}{
		{ecs.ObserverType, func(r Rule) []string { return text(r.Set.DeviceType) }},
		{ecs.LogcenterLogType, func(r Rule) []string { return text(r.Set.LogType) }},
		{ecs.EventDataset, func(r Rule) []string { return text(r.Set.Dataset) }},
		{ecs.EventModule, func(r Rule) []string {
			module, _, _ := strings.Cut(r.Set.Dataset, ".")
			return text(module)
		}},
		{ecs.EventCategory, func(r Rule) []string { return r.Set.Category }},
		{ecs.LogLevel, func(r Rule) []string { return text(r.Set.Level) }},
	} {
		if t := c.words(of.field, of.values); len(t.rules) > 0 {
			c.targets = append(c.targets, t)
		}
	}
	if t := c.priorities(); len(t.rules) > 0 {
		c.targets = append(c.targets, t)
	}
	c.names = c.words(ecs.LogcenterClassifiedBy, func(r Rule) []string { return []string{r.Name} })
}

// words is a target whose values are texts, of which a column has codes.
func (c *Classifier) words(f ecs.Field, of func(Rule) []string) target {
	t := target{field: f, typ: wire.Type_STRING, encoding: wire.Encoding_DICT, dict: make([]byte, 4)}
	var entries []string
	var codes [][]int
	for i, r := range c.rules {
		var list []int
		for _, v := range of(r) {
			code := slices.Index(entries, v)
			if code < 0 {
				code = len(entries)
				entries = append(entries, v)
				t.data = append(t.data, v...)
				t.dict = binary.LittleEndian.AppendUint32(t.dict, uint32(len(t.data)))
			}
			if !slices.Contains(list, code) {
				list = append(list, code)
			}
		}
		if list != nil {
			t.rules, codes, t.many = append(t.rules, i), append(codes, list), append(t.many, uint32(len(list)))
		}
	}
	t.width = wire.CodeWidth(len(entries))
	for _, list := range codes {
		var value []byte
		for _, code := range list {
			value = wire.AppendCode(value, uint32(code), t.width)
		}
		t.value = append(t.value, value)
	}
	return t
}

// priorities is the target of the one field that has numbers.
func (c *Classifier) priorities() target {
	t := target{field: ecs.LogcenterPriority, typ: wire.Type_INT64, encoding: wire.Encoding_PLAIN, width: 4}
	for i, r := range c.rules {
		if r.Set.Priority != 0 {
			t.rules, t.many = append(t.rules, i), append(t.many, 1)
			t.value = append(t.value, binary.LittleEndian.AppendUint32(nil, uint32(r.Set.Priority)))
		}
	}
	return t
}

// run is the scratch memory of one batch.
type run struct {
	set     *query.Set
	matches [][]uint64
	decided []uint64 // a bitmap a rule
	taken   []uint64
	choice  []uint16 // by row: which of a target's rules
	active  []int    // rules that decided something
}

func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// Match asks the rules about a batch, which it does not change, and returns columns with what they set, to be laid over
// those that are there; nil if no rule matches. The columns belong to the caller, but for their dictionaries, which are
// not to be changed.
func (c *Classifier) Match(b *wire.Batch) (columns []*wire.Column) {
	if c == nil || b.Rows == 0 {
		return nil
	}
	r := c.runs.Get().(*run)
	defer c.runs.Put(r)
	r.matches = r.set.Match(b, r.matches)
	matched := 0
	for i, m := range r.matches {
		n := ones(m)
		c.counts[i].matched.Add(int64(n))
		matched += n
	}
	if matched == 0 {
		return nil
	}
	rows, words := int(b.Rows), len(r.matches[0])
	r.decided, r.taken, r.choice = resized(r.decided, words*len(c.rules)), resized(r.taken, words), resized(r.choice, rows)
	clear(r.decided)
	for i := range c.targets {
		if col := r.column(&c.targets[i], rows); col != nil {
			columns = append(columns, col)
		}
	}
	return append(columns, c.by(r, rows))
}

// column is what rules make of a field; nil: nothing.
func (r *run) column(t *target, rows int) *wire.Column {
	clear(r.taken)
	for j, rule := range t.rules {
		decided := r.decided[rule*len(r.taken):]
		for w, m := range r.matches[rule] {
			m &^= r.taken[w]
			r.taken[w] |= m
			decided[w] |= m
			for ; m != 0; m &= m - 1 {
				r.choice[w<<6|bits.TrailingZeros64(m)] = uint16(j)
			}
		}
	}
	n := ones(r.taken)
	if n == 0 {
		return nil
	}
	o := t.begin(r.taken, n, rows)
	element := uint32(0)
	for w, m := range r.taken {
		for ; m != 0; m &= m - 1 {
			j := r.choice[w<<6|bits.TrailingZeros64(m)]
			o.Values = append(o.Values, t.value[j]...)
			if o.Lists != nil {
				element += t.many[j]
				o.Lists = binary.LittleEndian.AppendUint32(o.Lists, element)
			}
		}
	}
	return o
}

// by is the column of the rules' names. Every rule that matched either set a field or found all of its own taken, so
// there is at least one.
func (c *Classifier) by(r *run, rows int) *wire.Column {
	words := len(r.taken)
	clear(r.taken)
	r.active = r.active[:0]
	for i := range c.rules {
		decided := r.decided[i*words : (i+1)*words]
		n := ones(decided)
		if n == 0 {
			continue
		}
		c.counts[i].decided.Add(int64(n))
		r.active = append(r.active, i)
		for w, m := range decided {
			r.taken[w] |= m
		}
	}
	o := c.names.begin(r.taken, ones(r.taken), rows)
	element := uint32(0)
	for w, m := range r.taken {
		for ; m != 0; m &= m - 1 {
			for _, rule := range r.active {
				if r.decided[rule*words+w]&(m&-m) != 0 {
					o.Values = append(o.Values, c.names.value[rule]...)
					element++
				}
			}
			o.Lists = binary.LittleEndian.AppendUint32(o.Lists, element)
		}
	}
	return o
}

// begin is a column without its values, for n of the rows.
func (t *target) begin(present []uint64, n, rows int) *wire.Column {
	o := &wire.Column{
		Field: uint32(t.field), Type: t.typ, Encoding: t.encoding, Width: t.width, Count: uint32(n), Dict: t.dict, Data: t.data,
		Values: make([]byte, 0, n*int(t.width)),
	}
	if n < rows {
		o.Present = make([]byte, 0, 8*len(present))
		for _, w := range present {
			o.Present = binary.LittleEndian.AppendUint64(o.Present, w)
		}
		o.Present = o.Present[:(rows+7)/8]
	}
	if t.field.Info().List {
		o.Lists = make([]byte, 4, 4*n+4)
	}
	return o
}

func ones(bitmap []uint64) (n int) {
	for _, w := range bitmap {
		n += bits.OnesCount64(w)
	}
	return n
}
