package elastic

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unicode/utf16"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// clause is one query of Elasticsearch's DSL.
type clause = map[string]any

func term(field string, value any) clause {
	return clause{"term": clause{field: clause{"value": value}}}
}

func all() clause  { return clause{"match_all": clause{}} }
func none() clause { return clause{"match_none": clause{}} }

func boolean(kind string, cs []clause) clause {
	switch kind {
	case "filter":
		return clause{"bool": clause{"filter": cs}}
	case "must_not":
		return clause{"bool": clause{"must_not": cs}}
	default:
		return clause{"bool": clause{"should": cs, "minimum_should_match": 1}}
	}
}

// builtIn are the fields that were known before any plugin declared some: they never were undeclared.
var builtIn = func() map[string]bool {
	m := map[string]bool{}
	for _, f := range ecs.All() {
		m[f.Name()] = true
	}
	return m
}()

// translator turns a checked query into DSL.
type translator struct {
	product   product
	conflicts conflicts
	now       time.Time
	lists     map[listKey][]string // which values are in lists, see inLists
	err       error
}

func (t *translator) failed(n query.Node, err error) clause {
	if t.err == nil {
		t.err = fmt.Errorf("%s: %w", query.Format(n), err)
	}
	return none()
}

func (t *translator) node(n query.Node) clause {
	switch n := n.(type) {
	case *query.All:
		return all()
	case *query.And:
		return boolean("filter", t.nodes(n.Nodes))
	case *query.Or:
		return t.either(n.Nodes)
	case *query.Not:
		return boolean("must_not", []clause{t.node(n.Node)})
	case *query.Exists:
		return t.exists(query.FieldName(n.Field))
	case *query.Term:
		return t.leaf(n, n.Field)
	case *query.Prefix:
		return t.leaf(n, n.Field)
	case *query.Wildcard:
		return t.leaf(n, n.Field)
	case *query.Regex:
		return t.leaf(n, n.Field)
	case *query.Range:
		return t.leaf(n, n.Field)
	case *query.CIDR:
		return t.leaf(n, n.Field)
	case *query.InList:
		return t.leaf(n, n.Field)
	default:
		return t.failed(n, fmt.Errorf("%T is not a query", n))
	}
}

func (t *translator) nodes(nodes []query.Node) []clause {
	out := make([]clause, len(nodes))
	for i, n := range nodes {
		out[i] = t.node(n)
	}
	return out
}

func (t *translator) exists(name string) clause {
	switch name {
	case fieldID, fieldTime, fieldMessage, fieldPosition:
		return all()
	}
	undeclared := term(colNames, name)
	f, ok := ecs.Lookup(name)
	if !ok {
		return undeclared
	}
	field := t.product.exact(name, f.Type())
	if f.Type() == ecs.Text {
		field = t.product.tokens(name)
	}
	declared := clause{"exists": clause{"field": field}}
	if builtIn[name] && !t.conflicts[name] {
		return declared
	}
	return boolean("should", []clause{declared, undeclared})
}

func (t *translator) leaf(n query.Node, f query.Field) clause {
	name := query.FieldName(f)
	typ, known := query.TypeOf(f, nil)
	switch {
	case name == fieldID:
		return t.id(n)
	case !known:
		return t.undeclared(n, name)
	case t.conflicts[name]:
		switch n.(type) {
		case *query.Term, *query.Prefix:
			return t.undeclared(n, name)
		default:
			return t.failed(n, errors.New(conflict(name)))
		}
	case typ == ecs.Text:
		return t.text(n, t.product.tokens(name))
	}
	c := t.typed(n, name, typ)
	if builtIn[name] {
		return c
	}
	switch n.(type) {
	case *query.Term, *query.Prefix: // stored before the field was declared
		return boolean("should", []clause{c, t.undeclared(n, name)})
	default:
		return c
	}
}

// id compares event.id, which is the document's own.
func (t *translator) id(n query.Node) clause {
	if n, ok := n.(*query.Term); ok {
		return ids(n.Value)
	}
	return t.strings(n, t.product.field(fieldID))
}

func ids(values ...string) clause { return clause{"ids": clause{"values": values}} }

// either is an OR. A cluster bounds the clauses of a query; many ids are one.
func (t *translator) either(nodes []query.Node) clause {
	wanted, others := store.AnyOfIDs(nodes)
	cs := t.nodes(others)
	if len(wanted) > 0 {
		cs = append(cs, ids(wanted...))
	}
	return boolean("should", cs)
}

func (t *translator) typed(n query.Node, name string, typ ecs.Type) clause {
	switch n := n.(type) {
	case *query.Range:
		return t.between(n, t.product.exact(name, typ), typ)
	case *query.InList:
		return t.inList(n, name)
	case *query.CIDR:
		first, last := n.AddrRange()
		return between(t.product.field(name), address(first), address(last), "lte")
	case *query.Term:
		if typ == ecs.Date {
			from, to, err := query.ParseDate(n.Value, t.now, time.UTC)
			if err != nil {
				return t.failed(n, err)
			}
			return between(t.product.exact(name, typ), from.UnixNano(), to.UnixNano(), "lt")
		}
		v, err := query.ParseValue(typ, n.Value)
		if err != nil {
			return t.failed(n, err)
		}
		if a, ok := v.(netip.Addr); ok {
			v = a.String()
		}
		return term(t.product.field(name), v)
	default:
		return t.strings(n, t.product.field(name))
	}
}

// undeclared compares a field that nobody declares, or nobody did.
func (t *translator) undeclared(n query.Node, name string) clause {
	switch n := n.(type) {
	case *query.Term:
		return term(colUndeclared, name+"="+n.Value)
	case *query.Prefix:
		return clause{"prefix": clause{colUndeclared: clause{"value": name + "=" + n.Value}}}
	default:
		return t.failed(n, fmt.Errorf("%T cannot be asked of a field that is not declared", n))
	}
}

// strings compares a field of strings.
func (t *translator) strings(n query.Node, field string) clause {
	switch n := n.(type) {
	case *query.Term:
		return term(field, n.Value)
	case *query.Prefix:
		return clause{"prefix": clause{field: clause{"value": n.Value}}}
	case *query.Wildcard:
		return clause{"wildcard": clause{field: clause{"value": n.Pattern}}}
	case *query.Regex:
		p, err := n.Compile(ecs.Keyword)
		if err != nil {
			return t.failed(n, err)
		}
		return regex(field, p)
	default:
		return t.failed(n, fmt.Errorf("%T cannot be asked of strings", n))
	}
}

// regexStates bounds the automaton; Elasticsearch's own bound of 10,000 is met by some expressions of 512 bytes.
const regexStates = 100_000

func regex(field string, p *query.Pattern) clause {
	return clause{"regexp": clause{field: clause{"value": p.Lucene(), "flags": "NONE", "max_determinized_states": regexStates}}}
}

func between(field string, low, high any, upper string) clause {
	return clause{"range": clause{field: clause{"gte": low, upper: high}}}
}

func address(a [16]byte) string { return netip.AddrFrom16(a).Unmap().String() }

func (t *translator) between(n *query.Range, field string, typ ecs.Type) clause {
	switch typ {
	case ecs.Long:
		lo, hi, err := n.Longs()
		if err != nil {
			return t.failed(n, err)
		}
		if lo > hi {
			return none()
		}
		return between(field, lo, hi, "lte")
	case ecs.Double:
		lo, hi, err := n.Doubles()
		if err != nil {
			return t.failed(n, err)
		}
		if !(lo <= hi) {
			return none()
		}
		c := clause{}
		if n.Min != nil {
			c["gte"] = lo
		}
		if n.Max != nil {
			c["lte"] = hi
		}
		return clause{"range": clause{field: c}}
	case ecs.IP:
		lo, hi, err := n.Addrs()
		if err != nil {
			return t.failed(n, err)
		}
		if netip.AddrFrom16(lo).Compare(netip.AddrFrom16(hi)) > 0 {
			return none()
		}
		return between(field, address(lo), address(hi), "lte")
	case ecs.Date:
		lo, hi, err := n.Dates(t.now, time.UTC)
		if err != nil {
			return t.failed(n, err)
		}
		if lo >= hi {
			return none()
		}
		return between(field, lo, hi, "lt")
	default:
		return t.failed(n, fmt.Errorf("%s fields have no ranges", typ))
	}
}

// text compares words with a field of tokens.
func (t *translator) text(n query.Node, field string) clause {
	if r, ok := n.(*query.Regex); ok {
		p, err := r.Compile(ecs.Text)
		if err != nil {
			return t.failed(n, err)
		}
		return regex(field, p)
	}
	words, err := query.TextWords(n)
	if err != nil {
		return t.failed(n, err)
	}
	words = pieces(words)
	if len(words) == 1 {
		return word(field, words[0])
	}
	// Spans, because match_phrase_prefix looks at 50 continuations only.
	spans := make([]clause, len(words))
	for i, w := range words {
		if w.Kind == query.Exact {
			spans[i] = clause{"span_term": clause{field: w.Text}}
		} else {
			spans[i] = clause{"span_multi": clause{"match": word(field, w)}}
		}
	}
	return clause{"span_near": clause{"clauses": spans, "slop": 0, "in_order": true}}
}

func word(field string, w query.Word) clause {
	switch w.Kind {
	case query.Starts:
		return clause{"prefix": clause{field: clause{"value": w.Text}}}
	case query.Like:
		return regex(field, w.Like)
	default:
		return term(field, w.Text)
	}
}

// maxToken is where the whitespace analyser cuts tokens, in UTF-16 units.
const maxToken = 255

// pieces cuts words as the analyser cuts tokens.
func pieces(words []query.Word) []query.Word {
	var out []query.Word
	for _, w := range words {
		units := utf16.Encode([]rune(w.Text))
		for w.Kind != query.Like && len(units) > maxToken {
			n := maxToken
			if utf16.IsSurrogate(rune(units[n-1])) && units[n-1] < 0xdc00 {
				n--
			}
			out = append(out, query.Word{Kind: query.Exact, Text: string(utf16.Decode(units[:n]))})
			units = units[n:]
		}
		if w.Kind != query.Like {
			w.Text = string(utf16.Decode(units))
		}
		out = append(out, w)
	}
	return out
}

// exists finds the events that have a field.
func (q *selection) exists(name string) clause {
	t := translator{product: q.product, conflicts: q.conflicts}
	return t.exists(name)
}

// selection is what a query is about, checked.
type selection struct {
	node      query.Node
	product   product // that filter is written for
	conflicts conflicts
	filter    clause
	from, to  int64 // nanoseconds of @timestamp, [from, to)
	now       time.Time
	snapshot  snapshot
	notice    string
	nothing   bool     // the scope lets nothing through
	hidden    []string // indices that searches do not show
	lists     map[listKey][]string
}

// check checks what a caller asks for and translates it. It leaves the cluster alone.
func (s *Store) check(scope store.Scope, sel store.Selection) (*selection, error) {
	if sel.From.IsZero() || sel.To.IsZero() {
		return nil, fmt.Errorf("%w: a time range is required: give from and to", store.ErrRequest)
	}
	if sel.To.Before(sel.From) {
		return nil, fmt.Errorf("%w: the time range ends (%s) before it begins (%s)", store.ErrRequest, sel.To.Format(time.RFC3339), sel.From.Format(time.RFC3339))
	}
	if sel.Query != nil {
		if err := query.Check(sel.Query, nil); err != nil {
			return nil, fmt.Errorf("%w: %w", store.ErrRequest, err)
		}
	}
	q := &selection{now: time.Now(), from: nanos(sel.From), to: nanos(sel.To), hidden: s.hidden()}
	n := scope.Narrow(sel.Query)
	if n == nil {
		q.nothing = true
		return q, nil
	}
	if err := query.Check(n, nil); err != nil { // the scope's own query
		return nil, fmt.Errorf("the scope's query does not fit the fields of today: %w", err)
	}
	q.node = n
	return q, q.translate(s.product(), s.known())
}

// translate makes the filter as a product reads it.
func (q *selection) translate(p product, c conflicts) error {
	t := translator{now: q.now, product: p, conflicts: c, lists: q.lists}
	filters := []clause{between(fieldTime+suffixNanos, q.from, q.to, "lt")}
	if _, everything := q.node.(*query.All); !everything {
		filters = append(filters, t.node(q.node))
	}
	if t.err != nil {
		return fmt.Errorf("%w: %w", store.ErrRequest, t.err)
	}
	q.product, q.conflicts, q.filter = p, c, boolean("filter", filters)
	return nil
}

// within is the selection in its snapshot.
func (q *selection) within() clause {
	without := []clause{{"range": clause{colImport: clause{"gt": q.snapshot.Imports}}}}
	if len(q.snapshot.Coming) > 0 {
		without = append(without, clause{"terms": clause{colImport: q.snapshot.Coming}})
	}
	if len(q.hidden) > 0 {
		without = append(without, clause{"terms": clause{"_index": q.hidden}})
	}
	return clause{"bool": clause{
		"filter":   []clause{q.filter, between(colOffset, int64(0), int64(q.snapshot.Offset), "lte")},
		"must_not": without,
	}}
}

// snapshot says which events a query sees: those from the journal up to an offset, and those of all imports up to a
// number but for some that were on their way.
type snapshot struct {
	Offset  uint64   `json:"n"`
	Imports uint64   `json:"i,omitempty"`
	Coming  []uint64 `json:"c,omitempty"`
}

// as goes back to a snapshot of before.
func (p *snapshot) as(before snapshot) {
	p.Offset = min(p.Offset, before.Offset)
	p.Imports, p.Coming = before.Imports, before.Coming
}

// nanos is t in nanoseconds since 1970, as near as the years 1678 to 2261 allow.
func nanos(t time.Time) int64 {
	switch y := t.Year(); {
	case y < 1678:
		return -1 << 63
	case y > 2261:
		return 1<<63 - 1
	default:
		return t.UnixNano()
	}
}
