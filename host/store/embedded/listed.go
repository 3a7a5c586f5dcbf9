package embedded

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// Lists have up to a million entries, a time range mostly has far fewer different values of one field. So a query with
// lists is two: the first asks which values there are, and the list is asked for each; the second asks for those in it.

// listKey is a comparison of a field with a list.
type listKey struct{ field, list string }

// listed is what is in lists of the values that events of a part of a selection have.
type listed struct {
	from, to          int64
	partition, source string
	values            map[listKey][]string // SQL literals
}

// covers says whether what was found for l holds for q: it may be of more events.
func (l *listed) covers(q *selection) bool {
	return l.from <= q.from && q.to <= l.to && (l.partition == "" || l.partition == q.partition) && (l.source == "" || l.source == q.source)
}

// lists remembers what was found for a selection and its parts. A search asks several times for the same one.
type lists struct {
	mu    sync.Mutex
	found []*listed
}

// mostFound is how many answers are remembered: a scan asks for many parts, each once or twice.
const mostFound = 4

// inLists finds what of a selection's events is in the lists of its query; nil if it has none.
func (s *Store) inLists(ctx context.Context, p *snapshot, q *selection) (map[listKey][]string, error) {
	if q.lists == nil {
		return nil, nil //nolint:nilnil // a query without lists
	}
	q.lists.mu.Lock()
	defer q.lists.mu.Unlock()
	for _, l := range q.lists.found {
		if l.covers(q) {
			return l.values, nil
		}
	}
	l := &listed{q.from, q.to, q.partition, q.source, map[listKey][]string{}}
	var err error
	query.Walk(q.node, func(leaf query.Node) {
		n, ok := leaf.(*query.InList)
		if !ok || err != nil {
			return
		}
		k := listKey{query.FieldName(n.Field), n.List}
		if _, done := l.values[k]; !done {
			l.values[k], err = s.inList(ctx, p, q, n)
		}
	})
	if err != nil {
		return nil, err
	}
	if len(q.lists.found) == mostFound {
		q.lists.found = q.lists.found[1:]
	}
	q.lists.found = append(q.lists.found, l)
	return l.values, nil
}

// inList asks a list for all values that a field has in the events of q, whatever else the query asks of them.
func (s *Store) inList(ctx context.Context, p *snapshot, q *selection, n *query.InList) ([]string, error) {
	list := query.KnownLists().List(n.List)
	f, known := ecs.Lookup(query.FieldName(n.Field))
	if list == nil || !known { // it was there when the query was checked
		return nil, nil
	}
	all := *q
	all.node, all.lists = &query.All{}, nil
	col := columnOf(f.Info())
	r, err := s.relation(ctx, p, &all, []column{col})
	if err != nil || r.empty {
		return nil, err
	}
	x := quoteName(col.Name)
	if col.List {
		x = "unnest(" + x + ")"
	}
	var values []string
	err = s.run(ctx, r, "SELECT DISTINCT "+x+" FROM "+r.sql, func(v []driver.Value) error {
		if v[0] == nil {
			return nil
		}
		value, err := decodeValue(col.Kind, v[0])
		if err != nil {
			return fmt.Errorf("%s: %w", col.Name, err)
		}
		switch value := value.(type) {
		case string:
			if !list.Has([]byte(value), q.now.UnixNano()) {
				return nil
			}
		case netip.Addr:
			if !list.HasAddr(value, q.now.UnixNano()) {
				return nil
			}
		default:
			return fmt.Errorf("%s: value of type %T", col.Name, value)
		}
		if len(values) == store.MaxListed {
			return store.TooManyListed(n)
		}
		values = append(values, literal(value))
		return nil
	})
	return values, err
}

// hasLists makes room for what is found in lists.
func hasLists(n query.Node) *lists {
	if len(query.ListsOf(n)) == 0 {
		return nil
	}
	return &lists{}
}

// members are SQL literals with commas between them, "" if there are none.
func (c *condition) members(n *query.InList) string {
	if c.lists == nil { // only what the indexes tell is asked for: any value may be in it
		return "NULL"
	}
	return strings.Join(c.lists[listKey{query.FieldName(n.Field), n.List}], ", ")
}

// texts are the members for values that are kept as text, which addresses are not.
func (c *condition) texts(n *query.InList) string {
	if t, _ := query.TypeOf(n.Field, nil); t != ecs.Keyword {
		return ""
	}
	return c.members(n)
}

// inList compares the values of an expression, which is one or a list.
func (c *condition) inList(n *query.InList, info columnInfo, expr string) string {
	m := c.members(n)
	switch {
	case m == "":
		return sqlFalse
	case info.List:
		return "list_has_any(" + expr + ", [" + m + "])"
	default:
		return expr + " IN (" + m + ")"
	}
}
