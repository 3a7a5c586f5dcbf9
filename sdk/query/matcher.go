package query

import (
	"slices"
	"sync"
	"time"

	"github.com/logcenter/logcenter/sdk/wire"
)

// Options are what [Compile] needs to know beside the query. The zero value is fine for most.
type Options struct {
	Resolve Resolve          // types of fields; nil: KnownFields
	Lists   Lists            // of field:list(name), asked once a batch and comparison; nil: KnownLists
	Now     func() time.Time // the clock of now-1h and of entries that expire, read once a batch and comparison; nil: time.Now
	Zone    *time.Location   // of dates without one; nil: UTC
}

// Matcher selects the events of batches that a query matches. It keeps scratch memory, so it is not for
// concurrent use; [Matcher.Clone] gives another one. After the first batches it allocates nothing.
type Matcher struct {
	node Node
	opts Options
	plan *plan
	run  run
	out  [1][]uint64
}

// Compile makes a matcher. The query must pass [CheckFields]; errors are of type [*Error].
func Compile(n Node, o Options) (*Matcher, error) {
	p, err := newPlan([]source{{n, o}})
	if err != nil {
		return nil, err
	}
	return &Matcher{node: n, opts: o, plan: p, run: run{plan: p}}, nil
}

// Node is the query that was compiled.
func (m *Matcher) Node() Node { return m.node }

// Clone returns a matcher for the same query with scratch memory of its own, for another goroutine.
func (m *Matcher) Clone() *Matcher {
	return &Matcher{node: m.node, opts: m.opts, plan: m.plan, run: run{plan: m.plan}}
}

// Match evaluates the query over the rows of b and returns a bitmap: bit r%64 of word r/64 says whether row r
// matches; there are ceil(rows/64) words and no bits beyond the rows. It reuses out, which is the caller's.
//
// b must be valid as wire.Batch.Validate checks it; it is not kept. Columns are found by name where they have
// one, else by the handle of package ecs. Where a column's type is not the one that the field had in Compile,
// strings are compared with the text of the value, and other comparisons do not match.
func (m *Matcher) Match(b *wire.Batch, out []uint64) []uint64 {
	m.out[0] = out
	m.run.match(b, m.out[:])
	out, m.out[0] = m.out[0], nil
	return out
}

// Set evaluates many queries together: equal comparisons are made once, all comparisons of a field by one look at each
// value, and message is scanned once for the words of all. What it costs grows with the queries that match something,
// and little with their number. Like a Matcher it is not for concurrent use.
type Set struct {
	plan *plan
	run  run
}

// NewSet makes a set of the queries of matchers, which are not changed.
func NewSet(ms ...*Matcher) (*Set, error) {
	sources := make([]source, len(ms))
	for i, m := range ms {
		sources[i] = source{m.node, m.opts}
	}
	p, err := newPlan(sources)
	if err != nil {
		return nil, err
	}
	return &Set{plan: p, run: run{plan: p}}, nil
}

// Len is the number of queries.
func (s *Set) Len() int { return len(s.plan.roots) }

// Clone returns a set of the same queries with scratch memory of its own, for another goroutine.
func (s *Set) Clone() *Set { return &Set{plan: s.plan, run: run{plan: s.plan}} }

// Match is [Matcher.Match] for every query: out[i] becomes the bitmap of the i-th. It reuses out and what is
// in it, and grows it to Len.
func (s *Set) Match(b *wire.Batch, out [][]uint64) [][]uint64 {
	for len(out) < len(s.plan.roots) {
		out = append(out, nil)
	}
	out = out[:len(s.plan.roots)]
	s.run.match(b, out)
	return out
}

// source is one query of a plan.
type source struct {
	node Node
	opts Options
}

// plan is what was compiled; it is not changed afterwards and may be shared.
type plan struct {
	fields []field
	leaves []*leaf
	roots  []*step
	depth  int // of the deepest step
	slots  map[string]int

	indexOnce sync.Once // many plans are made for a Set only and never run
	indexes   []*index  // by field; nil where comparing is as fast
	scanOnce  sync.Once // many never scan
	scan      *scanner
}

// index makes the indexes.
func (p *plan) index() {
	p.indexOnce.Do(func() { p.indexes = newIndexes(len(p.fields), p.leaves) })
}

// scanner is nil if no query looks for words in message.
func (p *plan) scanner() *scanner {
	p.scanOnce.Do(func() { p.scan = newScanner(p.leaves) })
	return p.scan
}

// field is a field that some leaf reads.
type field struct {
	name   string
	handle uint32 // 0 if the process does not know the field
}

type opcode uint8

const (
	opAll opcode = iota
	opLeaf
	opAnd
	opOr
	opNot
)

// step is a node of a compiled query.
type step struct {
	op   opcode
	leaf int
	subs []*step
	cost int  // what to evaluate first: subs are sorted by it
	text bool // some leaf below is only known after the scan of message
}

func newPlan(sources []source) (*plan, error) {
	p := &plan{slots: map[string]int{}}
	for _, s := range sources {
		if err := check(s.node, s.opts, true); err != nil {
			return nil, err
		}
		c := &compiler{plan: p, opts: s.opts}
		root, err := c.step(s.node, 1)
		if err != nil {
			return nil, err
		}
		p.roots = append(p.roots, root)
	}
	return p, nil
}

type compiler struct {
	plan *plan
	opts Options
}

func (o Options) lists() Lists {
	if o.Lists != nil {
		return o.Lists
	}
	return KnownLists()
}

// Costs of steps, for their order.
const (
	costNone = iota
	costFixed
	costString
	costRegex
	costText
	costSlow
)

func (c *compiler) step(n Node, depth int) (*step, error) {
	c.plan.depth = max(c.plan.depth, depth)
	switch n := n.(type) {
	case nil, *All:
		return &step{op: opAll}, nil
	case *Not:
		sub, err := c.step(n.Node, depth+1)
		if err != nil {
			return nil, err
		}
		return &step{op: opNot, subs: []*step{sub}, cost: sub.cost, text: sub.text}, nil
	case *And:
		return c.steps(opAnd, n.Nodes, depth)
	case *Or:
		rest, sets, err := c.valueSets(n.Nodes)
		if err != nil {
			return nil, err
		}
		s, err := c.steps(opOr, rest, depth)
		if err != nil {
			return nil, err
		}
		for _, i := range sets {
			s.subs = append(s.subs, c.leafStep(i))
		}
		return s.sorted(), nil
	default:
		i, err := c.leaf(n)
		if err != nil {
			return nil, err
		}
		return c.leafStep(i), nil
	}
}

func (c *compiler) steps(op opcode, nodes []Node, depth int) (*step, error) {
	s := &step{op: op}
	for _, n := range nodes {
		sub, err := c.step(n, depth+1)
		if err != nil {
			return nil, err
		}
		s.subs = append(s.subs, sub)
	}
	return s.sorted(), nil
}

// sorted puts the cheap subs first.
func (s *step) sorted() *step {
	slices.SortStableFunc(s.subs, func(a, b *step) int { return a.cost - b.cost })
	for _, sub := range s.subs {
		s.cost = max(s.cost, sub.cost)
		s.text = s.text || sub.text
	}
	return s
}

func (c *compiler) leafStep(i int) *step {
	l := c.plan.leaves[i]
	return &step{op: opLeaf, leaf: i, cost: l.cost, text: l.deferred}
}

func (c *compiler) now() time.Time {
	if c.opts.Now != nil {
		return c.opts.Now()
	}
	return time.Now()
}
