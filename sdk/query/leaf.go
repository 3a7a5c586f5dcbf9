package query

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

type leafKind uint8

const (
	leafExists leafKind = iota
	leafEqual           // a string
	leafIn              // one of many strings
	leafPrefix          // start of a string
	leafMatch           // pattern over a string
	leafWords           // words of a text
	leafLong
	leafDouble
	leafBool
	leafAddr
	leafAddrIn // one of many addresses
	leafDate
	leafList // in a list
)

// leaf is one comparison, shared by all places of all queries that make it. It is immutable once its plan runs.
type leaf struct {
	kind  leafKind
	field int // of the plan
	cost  int

	// deferred leaves look for words in message and are known after the scan: through it, or else row by row.
	deferred bool
	class    indexClass // in which part of its field's index it is

	value   []byte // leafEqual, leafPrefix
	in      map[string]struct{}
	pattern *Pattern
	words   []Word

	long     [2]int64     // leafLong: inclusive
	double   [2]float64   // leafDouble: inclusive
	truth    bool         // leafBool
	addr     [2][2]uint64 // leafAddr: inclusive, big endian halves
	addrs    map[[16]byte]struct{}
	date     [2]int64              // leafDate: from inclusive, to exclusive, nanoseconds
	relative func() [2]int64       // leafDate: date at this moment, nil if it does not depend on it
	list     func() (*List, int64) // leafList: what is in it at this moment, and the moment
}

// leaf compiles one comparison, or finds the same one made before.
func (c *compiler) leaf(n Node) (int, error) {
	f := FieldOf(n)
	t, _ := TypeOf(f, c.opts.Resolve)
	l := &leaf{cost: costFixed}
	if err := c.compare(l, n, t); err != nil {
		return 0, placed(n, err)
	}
	name := FieldName(f)
	if l.kind == leafWords && name == "message" {
		l.deferred = true
		if anchorsOf(0, l.words) != nil {
			l.cost = costText
		}
	}
	key := name + "\x00" + t.String() + "\x00" + leafKey(n)
	if l.relative != nil || l.list != nil {
		key += "\x00" + strconv.Itoa(len(c.plan.leaves)) // clocks may differ
	} else if l.kind == leafDate {
		key += fmt.Sprintf("\x00%p", c.opts.Zone)
	}
	return c.add(key, name, l), nil
}

// add adds a leaf to the plan under a key that is equal for equal comparisons.
func (c *compiler) add(key, name string, l *leaf) int {
	p := c.plan
	if i, ok := p.slots[key]; ok {
		return i
	}
	fieldKey := "field " + name
	i, ok := p.slots[fieldKey]
	if !ok {
		h, _ := ecs.Lookup(name)
		i = len(p.fields)
		p.fields = append(p.fields, field{name: name, handle: uint32(h)})
		p.slots[fieldKey] = i
	}
	l.field = i
	p.leaves = append(p.leaves, l)
	p.slots[key] = len(p.leaves) - 1
	return len(p.leaves) - 1
}

// leafKey is equal for equal comparisons of one field.
func leafKey(n Node) string {
	switch n := n.(type) {
	case *Term:
		return "=" + n.Value
	case *Regex:
		if n.Fold {
			return "i/" + n.Expr
		}
		return "/" + n.Expr
	case *Prefix:
		return "^" + n.Value
	case *Wildcard:
		return "~" + n.Pattern
	case *Exists:
		return "?"
	default:
		var b strings.Builder
		formatLeaf(&b, n)
		return "[" + strings.TrimPrefix(b.String(), FieldOf(n).Name+":")
	}
}

// compare fills in what l compares with.
func (c *compiler) compare(l *leaf, n Node, t ecs.Type) (err error) {
	if _, ok := n.(*Exists); ok {
		l.kind, l.cost = leafExists, costNone
		return nil
	}
	if in, ok := n.(*InList); ok {
		opts := c.opts
		l.kind, l.cost = leafList, costRegex
		l.list = func() (*List, int64) { return opts.lists().List(in.List), c.now().UnixNano() }
		return nil
	}
	switch t {
	case ecs.Text:
		return l.compareText(n)
	case ecs.Long:
		l.kind = leafLong
		r := asRange(n)
		l.long[0], l.long[1], err = r.Longs()
	case ecs.Double:
		l.kind = leafDouble
		r := asRange(n)
		l.double[0], l.double[1], err = r.Doubles()
	case ecs.Boolean:
		l.kind = leafBool
		l.truth = n.(*Term).Value == "true"
	case ecs.IP:
		l.kind = leafAddr
		first, last := [16]byte{}, [16]byte{}
		if p, ok := n.(*CIDR); ok {
			first, last = p.AddrRange()
		} else {
			first, last, err = asRange(n).Addrs()
		}
		l.addr = [2][2]uint64{halves(first[:]), halves(last[:])}
	case ecs.Date:
		return l.compareDate(asRange(n), c)
	default:
		return l.compareKeyword(n)
	}
	return err
}

// asRange makes the equality of a term the range from the value to the value.
func asRange(n Node) *Range {
	if t, ok := n.(*Term); ok {
		return &Range{Field: t.Field, Min: &t.Value, Max: &t.Value, IncludeMin: true, IncludeMax: true, Pos: t.Pos}
	}
	return n.(*Range)
}

func (l *leaf) compareDate(r *Range, c *compiler) error {
	l.kind = leafDate
	opts := c.opts
	from, to, err := r.Dates(c.now(), opts.Zone)
	if err != nil {
		return err
	}
	l.date = [2]int64{from, to}
	for _, bound := range []*string{r.Min, r.Max} {
		if bound != nil && strings.HasPrefix(*bound, "now") {
			l.relative = func() [2]int64 {
				from, to, _ := r.Dates(c.now(), opts.Zone) // was read before
				return [2]int64{from, to}
			}
		}
	}
	return nil
}

func (l *leaf) compareText(n Node) error {
	l.kind, l.cost = leafWords, costSlow
	if r, ok := n.(*Regex); ok {
		p, err := r.Compile(ecs.Text)
		if err != nil {
			return err
		}
		l.words = []Word{{Kind: Like, Text: r.Expr, Like: p}}
		return nil
	}
	words, err := TextWords(n)
	l.words = words
	return err
}

func (l *leaf) compareKeyword(n Node) (err error) {
	l.cost = costString
	switch n := n.(type) {
	case *Term:
		l.kind, l.value = leafEqual, []byte(n.Value)
	case *Prefix:
		l.kind, l.value = leafPrefix, []byte(n.Value)
	case *Wildcard:
		l.kind, l.cost = leafMatch, costRegex
		l.pattern, err = CompileWildcard(n.Pattern, ecs.Keyword)
	case *Regex:
		l.kind, l.cost = leafMatch, costRegex
		l.pattern, err = n.Compile(ecs.Keyword)
	default:
		err = &Error{Msg: "not a comparison of strings"}
	}
	return err
}

// minSet is from how many alternatives on a set is faster than comparing with each.
const minSet = 4

// valueSets finds among the alternatives of an Or those that compare one field with many values, and makes
// one leaf of each such field. It returns the other alternatives and the leaves.
func (c *compiler) valueSets(nodes []Node) (rest []Node, leaves []int, err error) {
	byField := map[string][]*Term{}
	var order []string
	for _, n := range nodes {
		if t, ok := n.(*Term); ok && c.setType(t) != 0 {
			name := FieldName(t.Field)
			if byField[name] == nil {
				order = append(order, name)
			}
			byField[name] = append(byField[name], t)
		}
	}
	for _, n := range nodes {
		if t, ok := n.(*Term); !ok || c.setType(t) == 0 || len(byField[FieldName(t.Field)]) < minSet {
			rest = append(rest, n)
		}
	}
	for _, name := range order {
		terms := byField[name]
		if len(terms) < minSet {
			continue
		}
		l, key := &leaf{}, strings.Builder{}
		typ := c.setType(terms[0])
		key.WriteString(name + "\x00" + typ.String() + "\x00in")
		for _, t := range terms {
			key.WriteString("\x00" + t.Value)
			if err := l.addValue(t.Value, typ); err != nil {
				return nil, nil, placed(t, err)
			}
		}
		leaves = append(leaves, c.add(key.String(), name, l))
	}
	return rest, leaves, nil
}

// setType is the type of a term's field if sets of its values can be made, else 0.
func (c *compiler) setType(t *Term) ecs.Type {
	if typ, _ := TypeOf(t.Field, c.opts.Resolve); typ == ecs.Keyword || typ == ecs.IP {
		return typ
	}
	return 0
}

func (l *leaf) addValue(s string, t ecs.Type) error {
	if t == ecs.Keyword {
		if l.in == nil {
			l.kind, l.cost, l.in = leafIn, costString, map[string]struct{}{}
		}
		l.in[s] = struct{}{}
		return nil
	}
	if l.addrs == nil {
		l.kind, l.cost, l.addrs = leafAddrIn, costFixed, map[[16]byte]struct{}{}
	}
	a, err := parseAddr(s)
	if err != nil {
		return err
	}
	l.addrs[a.As16()] = struct{}{}
	return nil
}

func halves(b []byte) [2]uint64 {
	return [2]uint64{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func less(a, b [2]uint64) bool { return a[0] < b[0] || a[0] == b[0] && a[1] < b[1] }

// matchString compares a string; false for leaves of other types.
func (l *leaf) matchString(v []byte) bool {
	switch l.kind {
	case leafEqual:
		return bytes.Equal(v, l.value)
	case leafIn:
		_, ok := l.in[string(v)]
		return ok
	case leafPrefix:
		return bytes.HasPrefix(v, l.value)
	case leafMatch:
		return l.pattern.Match(v)
	case leafWords:
		return matchWords(l.words, v)
	default:
		return false
	}
}

// element compares the i-th element of a leaf's column, which belongs to row.
func (r *run) element(l *leaf, st *leafState, row, i int) bool {
	c := st.column
	if l.kind == leafList {
		return r.listed(st, row, i)
	}
	switch c.Type {
	case wire.Type_STRING:
		if l.kind > leafWords {
			return false
		}
		return l.matchString(r.stringAt(c, row, i))
	case wire.Type_INT64:
		switch v := c.Int(i); l.kind {
		case leafLong:
			return l.long[0] <= v && v <= l.long[1]
		case leafDouble:
			return l.double[0] <= float64(v) && float64(v) <= l.double[1]
		}
	case wire.Type_DOUBLE:
		if l.kind == leafDouble {
			v := c.Float(i)
			return l.double[0] <= v && v <= l.double[1]
		}
	case wire.Type_BOOL:
		if l.kind == leafBool {
			return c.Bool(i) == l.truth
		}
	case wire.Type_IP:
		switch l.kind {
		case leafAddr:
			a := halves(c.IP16(i))
			return !less(a, l.addr[0]) && !less(l.addr[1], a)
		case leafAddrIn:
			_, ok := l.addrs[[16]byte(c.IP16(i))]
			return ok
		}
	case wire.Type_TIMESTAMP:
		if l.kind == leafDate {
			v := c.Nanos(i)
			return st.date[0] <= v && v < st.date[1]
		}
	}
	if l.kind > leafWords {
		return false
	}
	r.text = appendText(r.text[:0], c, i)
	return l.matchString(r.text)
}

// listed says whether the i-th element of a leaf's column is in its list. Values of another type than the list's are not.
func (r *run) listed(st *leafState, row, i int) bool {
	c := st.column
	switch {
	case st.list == nil:
		return false
	case c.Type == wire.Type_IP && st.list.typ == ListIP:
		return st.list.hasAddr(halves(c.IP16(i)), st.now)
	case c.Type == wire.Type_STRING:
		return st.list.Has(r.stringAt(c, row, i), st.now)
	default:
		r.text = appendText(r.text[:0], c, i)
		return st.list.Has(r.text, st.now)
	}
}

// stringAt is the i-th string of a column.
func (r *run) stringAt(c *wire.Column, row, i int) []byte {
	if c.Encoding != wire.Encoding_SPAN {
		return c.Bytes(i)
	}
	if r.message == nil {
		return nil
	}
	return c.Text(i, row, r.message)
}

// appendText writes a value as the text that a string field would hold: RFC 3339 for dates.
func appendText(dst []byte, c *wire.Column, i int) []byte {
	switch c.Type {
	case wire.Type_INT64:
		return strconv.AppendInt(dst, c.Int(i), 10)
	case wire.Type_DOUBLE:
		return strconv.AppendFloat(dst, c.Float(i), 'g', -1, 64)
	case wire.Type_BOOL:
		return strconv.AppendBool(dst, c.Bool(i))
	case wire.Type_IP:
		return c.Addr(i).AppendTo(dst)
	case wire.Type_TIMESTAMP:
		return time.Unix(0, c.Nanos(i)).UTC().AppendFormat(dst, time.RFC3339Nano)
	default:
		return dst
	}
}
