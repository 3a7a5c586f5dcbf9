package embedded

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// layout is the set of columns that rows of one kind have: of a segment, or of the tail.
type layout struct {
	columns    map[string]columnInfo
	undeclared func(name string) bool // may be in colFlattened
	positions  map[string]span        // of each source; nil: not known
}

// span is the positions from one to another.
type span struct {
	First int64 `json:"f"`
	Last  int64 `json:"l"`
}

// Constants that conditions fold to. A condition may also be NULL, which is not true; negation makes it false first.
const (
	sqlTrue  = "true"
	sqlFalse = "false"
)

// condition translates a query into SQL over the columns of a layout. Leaves about absent columns fold to false,
// so that whole segments drop out.
type condition struct {
	layout layout
	now    time.Time
	lists  map[listKey][]string // which values are in lists, see inLists
	uses   map[string]bool      // columns the condition reads
	err    error
}

func (c *condition) fail(n query.Node, format string, args ...any) string {
	if c.err == nil {
		c.err = &query.Error{Pos: n.Position(), Msg: fmt.Sprintf(format, args...)}
	}
	return sqlFalse
}

func (c *condition) failed(n query.Node, err error) string {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %w", query.Format(n), err)
		var qerr *query.Error
		if errors.As(err, &qerr) {
			c.err = err
		}
	}
	return sqlFalse
}

func (c *condition) sql(n query.Node) string {
	switch n := n.(type) {
	case *query.All:
		return sqlTrue
	case *query.And:
		return c.join(n.Nodes, " AND ", sqlTrue, sqlFalse)
	case *query.Or:
		return c.either(n.Nodes)
	case *query.Not:
		switch s := c.sql(n.Node); s {
		case sqlTrue:
			return sqlFalse
		case sqlFalse:
			return sqlTrue
		default:
			return "((" + s + ") IS NOT TRUE)"
		}
	case *query.Exists:
		return c.exists(query.FieldName(n.Field))
	case *query.Term:
		return c.leaf(n, n.Field)
	case *query.Prefix:
		return c.leaf(n, n.Field)
	case *query.Wildcard:
		return c.leaf(n, n.Field)
	case *query.Regex:
		return c.leaf(n, n.Field)
	case *query.Range:
		return c.leaf(n, n.Field)
	case *query.CIDR:
		return c.leaf(n, n.Field)
	case *query.InList:
		return c.leaf(n, n.Field)
	default:
		return c.fail(n, "%T is not a query", n)
	}
}

func (c *condition) join(nodes []query.Node, op, neutral, decisive string) string {
	var parts []string
	for _, n := range nodes {
		switch s := c.sql(n); s {
		case neutral:
		case decisive:
			return decisive
		default:
			parts = append(parts, s)
		}
	}
	return joined(parts, op, neutral)
}

// joined are conditions as one; that of none is neutral.
func joined(parts []string, op, neutral string) string {
	switch len(parts) {
	case 0:
		return neutral
	case 1:
		return parts[0]
	default:
		return "(" + strings.Join(parts, op) + ")"
	}
}

// either is an OR. Of many events that are asked for by their ids, as evidence is, a row is looked up among those instead of
// being compared with each.
func (c *condition) either(nodes []query.Node) string {
	wanted, others := store.AnyOfIDs(nodes)
	ids := map[string][]int64{} // by source
	for _, text := range wanted {
		if id, err := store.ParseEventID(text); err == nil {
			ids[id.Source()] = append(ids[id.Source()], id.Position)
		}
	}
	parts := []string{c.join(others, " OR ", sqlFalse, sqlTrue)}
	if parts[0] == sqlTrue {
		return sqlTrue
	}
	for _, source := range slices.Sorted(maps.Keys(ids)) {
		parts = append(parts, c.among(source, ids[source]))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == sqlFalse })
	return joined(parts, " OR ", sqlFalse)
}

// among are the events of a source at positions, which it sorts.
func (c *condition) among(source string, positions []int64) string {
	if known := c.layout.positions; known != nil {
		in, ok := known[source]
		if !ok || !slices.ContainsFunc(positions, func(p int64) bool { return in.First <= p && p <= in.Last }) {
			return sqlFalse
		}
	}
	c.use(colSource)
	c.use(fieldPosition)
	slices.Sort(positions)
	pos, list := quoteName(fieldPosition), make([]string, len(positions))
	for i, p := range positions {
		list[i] = quoteInt(p)
	}
	at := pos + " = " + list[0]
	if len(list) > 1 { // the bounds spare row groups, of which their least and greatest are known
		at = pos + " >= " + list[0] + " AND " + pos + " <= " + list[len(list)-1] + " AND " + pos + " IN (" + strings.Join(list, ", ") + ")"
	}
	return "(" + quoteName(colSource) + " = " + quote(source) + " AND " + at + ")"
}

// use names a column if the layout has it.
func (c *condition) use(name string) (columnInfo, string, bool) {
	info, ok := c.layout.columns[name]
	if !ok {
		return info, "", false
	}
	c.uses[name] = true
	return info, quoteName(name), true
}

func (c *condition) exists(name string) string {
	switch name {
	case fieldID, fieldTime, fieldMessage, fieldPosition:
		return sqlTrue
	}
	parts := make([]string, 0, 3)
	for _, col := range []string{name, name + suffixLat} {
		if info, expr, ok := c.use(col); ok {
			if info.List {
				parts = append(parts, "len("+expr+") > 0")
			} else {
				parts = append(parts, expr+" IS NOT NULL")
			}
		}
	}
	if c.layout.undeclared(name) {
		if _, expr, ok := c.use(colFlattened); ok {
			parts = append(parts, "json_exists("+expr+", "+quote(jsonPath(name))+")")
		}
	}
	return joined(parts, " OR ", sqlFalse)
}

func jsonPath(name string) string { return `$."` + name + `"` }

// leaf compares one field.
func (c *condition) leaf(n query.Node, f query.Field) string {
	name := query.FieldName(f)
	t, known := query.TypeOf(f, nil)
	if name == fieldID {
		return c.id(n)
	}
	if !known {
		return c.unknown(n, name)
	}
	info, expr, ok := c.use(name)
	switch {
	case !ok && !c.layout.undeclared(name):
		return sqlFalse
	case !ok:
		return c.flattened(n, name) // stored before the field was declared
	case t != ecs.Text && info.Kind != fieldKinds[t]:
		return c.retyped(n, info, expr)
	}
	if n, ok := n.(*query.InList); ok {
		return c.inList(n, info, expr)
	}
	return c.any(info, expr, func(x string) string { return c.compare(n, t, x) })
}

// any asks a condition of a value, or of the elements of a list.
func (c *condition) any(info columnInfo, expr string, f func(x string) string) string {
	if !info.List {
		return f(expr)
	}
	s := f("x")
	if v, ok := strings.CutPrefix(s, "x = "); ok {
		return "list_contains(" + expr + ", " + v + ")"
	}
	return "(len(list_filter(" + expr + ", lambda x: " + s + ")) > 0)"
}

func (c *condition) compare(n query.Node, t ecs.Type, x string) string {
	if t == ecs.Text {
		return c.text(n, x)
	}
	switch n := n.(type) {
	case *query.Term:
		return c.equal(n, t, x)
	case *query.Prefix:
		return "starts_with(" + x + ", " + quote(n.Value) + ")"
	case *query.Wildcard:
		p, err := query.CompileWildcard(n.Pattern, t)
		return c.pattern(n, p, err, x)
	case *query.Regex:
		p, err := n.Compile(t)
		return c.pattern(n, p, err, x)
	case *query.Range:
		return c.between(n, t, x)
	case *query.CIDR:
		first, last := n.AddrRange()
		return x + " BETWEEN " + quoteIP(first) + " AND " + quoteIP(last)
	default:
		return c.fail(n, "%T cannot be compared", n)
	}
}

func (c *condition) equal(n *query.Term, t ecs.Type, x string) string {
	if t == ecs.Date {
		from, to, err := query.ParseDate(n.Value, c.now, time.UTC)
		if err != nil {
			return c.failed(n, err)
		}
		return "(" + x + " >= " + quoteTime(from.UnixNano()) + " AND " + x + " < " + quoteTime(to.UnixNano()) + ")"
	}
	v, err := query.ParseValue(t, n.Value)
	if err != nil {
		return c.failed(n, err)
	}
	return equals(x, v)
}

// equals asks for one value. Zero has two signs and the Bloom filters of segments only that which came first, so it is
// asked for by bounds, which they are not asked about.
func equals(x string, v any) string {
	if v == 0.0 {
		return x + " BETWEEN " + literal(v) + " AND " + literal(v)
	}
	return x + " = " + literal(v)
}

// literal is the SQL of a Go value.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case int64:
		return quoteInt(v)
	case float64:
		return quoteFloat(v)
	case bool:
		return strconv.FormatBool(v)
	case netip.Addr:
		return quoteIP(v.As16())
	case time.Time:
		return quoteTime(v.UnixNano())
	default:
		return "NULL"
	}
}

func quoteInt(v int64) string {
	// The least integer has no positive counterpart to negate.
	return "(" + quote(strconv.FormatInt(v, 10)) + "::BIGINT)"
}

func quoteFloat(v float64) string {
	return "(" + quote(strconv.FormatFloat(v, 'g', -1, 64)) + "::DOUBLE)"
}

// lastTime is the end of 2262-04-10; the ends of what 64 bits hold mean infinity to DuckDB.
const lastTime = 9223286399999999999

func quoteTime(ns int64) string {
	return "make_timestamp_ns(" + quoteInt(min(max(ns, -lastTime), lastTime)) + ")"
}

func quoteIP(a [16]byte) string {
	return fmt.Sprintf("'%x-%x-%x-%x-%x'::UUID", a[:4], a[4:6], a[6:8], a[8:10], a[10:])
}

func (c *condition) between(n *query.Range, t ecs.Type, x string) string {
	switch t {
	case ecs.Long:
		lo, hi, err := n.Longs()
		if err != nil {
			return c.failed(n, err)
		}
		return bounds(x, quoteInt(lo), quoteInt(hi), lo > hi)
	case ecs.Double:
		lo, hi, err := n.Doubles()
		if err != nil {
			return c.failed(n, err)
		}
		return bounds(x, quoteFloat(lo), quoteFloat(hi), !(lo <= hi))
	case ecs.IP:
		lo, hi, err := n.Addrs()
		if err != nil {
			return c.failed(n, err)
		}
		return bounds(x, quoteIP(lo), quoteIP(hi), netip.AddrFrom16(lo).Compare(netip.AddrFrom16(hi)) > 0)
	case ecs.Date:
		lo, hi, err := n.Dates(c.now, time.UTC)
		if err != nil {
			return c.failed(n, err)
		}
		if lo >= hi {
			return sqlFalse
		}
		return "(" + x + " >= " + quoteTime(lo) + " AND " + x + " < " + quoteTime(hi) + ")"
	default:
		return c.fail(n, "%s fields have no ranges", t)
	}
}

func bounds(x, lo, hi string, empty bool) string {
	if empty {
		return sqlFalse
	}
	return x + " BETWEEN " + lo + " AND " + hi
}

func (c *condition) pattern(n query.Node, p *query.Pattern, err error, x string) string {
	if err != nil {
		return c.failed(n, err)
	}
	value := x
	if strings.ContainsFunc(p.RE2(), func(r rune) bool { return r > unicode.MaxASCII }) || strings.Contains(p.RE2(), `\x`) {
		// Of what begins with a literal the engine makes bounds of the column. The upper one is the literal with its
		// last byte one higher, which may be no character, and then the query fails. An expression has no bounds.
		value = "(" + x + " || '')"
	}
	re := "regexp_matches(" + value + ", " + quote(p.RE2()) + ")"
	if l := p.Literal(); l != "" {
		return "(contains(" + x + ", " + quote(l) + ") AND " + re + ")"
	}
	return re
}

// unknown compares a field that nobody declares: undeclared values, and those of a column from the time when it
// was declared.
func (c *condition) unknown(n query.Node, name string) string {
	var parts []string
	if info, expr, ok := c.use(name); ok {
		parts = append(parts, c.retyped(n, info, expr))
	}
	if c.layout.undeclared(name) {
		parts = append(parts, c.flattened(n, name))
	}
	return joined(parts, " OR ", sqlFalse)
}

// retyped compares the text of values whose column has another type than the field has now.
func (c *condition) retyped(n query.Node, info columnInfo, expr string) string {
	return c.any(info, expr, func(x string) string {
		switch n := n.(type) {
		case *query.Term:
			if v, err := query.ParseValue(typeOfKind[info.Kind], n.Value); err == nil && info.Kind != kindTime {
				return equals(x, v)
			}
			return sqlFalse
		case *query.Prefix:
			return "starts_with(" + x + "::VARCHAR, " + quote(n.Value) + ")"
		case *query.InList:
			if m := c.texts(n); m != "" {
				return x + "::VARCHAR IN (" + m + ")"
			}
			return sqlFalse
		default:
			return sqlFalse
		}
	})
}

func (c *condition) flattened(n query.Node, name string) string {
	_, expr, ok := c.use(colFlattened)
	if !ok {
		return sqlFalse
	}
	values := "json_extract_string(" + expr + ", " + quote(jsonPath(name)+"[*]") + ")"
	// Most rows do not have the field; finding its name is much cheaper than reading the JSON.
	named := "contains(" + expr + ", " + quote(`"`+name+`":`) + ") AND "
	switch n := n.(type) {
	case *query.Term:
		return "(" + named + "list_contains(" + values + ", " + quote(n.Value) + "))"
	case *query.Prefix:
		return "(" + named + "len(list_filter(" + values + ", lambda x: starts_with(x, " + quote(n.Value) + "))) > 0)"
	case *query.InList:
		if m := c.texts(n); m != "" {
			return "(" + named + "list_has_any(" + values + ", [" + m + "]))"
		}
		return sqlFalse
	default:
		return sqlFalse
	}
}

// idText renders event.id in SQL.
var idText = fmt.Sprintf(`(%[1]s || '-' || (%[2]s >> 24) || '-' || ((%[2]s >> 8) & 65535) || CASE WHEN %[2]s & 255 = 0 THEN '' ELSE '-' || (%[2]s & 255) END)`,
	quoteName(colSource), quoteName(fieldPosition))

func (c *condition) id(n query.Node) string {
	t, ok := n.(*query.Term)
	if !ok {
		c.use(colSource)
		c.use(fieldPosition)
		return c.compare(n, ecs.Keyword, idText)
	}
	id, err := store.ParseEventID(t.Value)
	if err != nil {
		return sqlFalse
	}
	return c.among(id.Source(), []int64{id.Position})
}

// text compares words.
func (c *condition) text(n query.Node, x string) string {
	if r, ok := n.(*query.Regex); ok {
		p, err := r.Compile(ecs.Text)
		if err != nil {
			return c.failed(n, err)
		}
		var pre []string
		for _, l := range p.Literals() {
			pre = append(pre, containsFold(x, l))
		}
		value := x
		if strings.ContainsFunc(p.RE2(), func(r rune) bool { return r > unicode.MaxASCII }) || strings.Contains(p.RE2(), `\x`) {
			// Of what begins with a literal the engine makes bounds of the column. The upper one is the literal with its
			// last byte one higher, which may be no character, and then the query fails. An expression has no bounds.
			value = "(" + x + " || '')"
		}
		re := "regexp_matches(" + value + ", " + quote(p.RE2()) + ")"
		if len(pre) == 0 {
			return re
		}
		return "((" + strings.Join(pre, " OR ") + ") AND " + re + ")"
	}
	words, err := query.TextWords(n)
	if err != nil {
		return c.failed(n, err)
	}
	return phrase(x, words)
}
