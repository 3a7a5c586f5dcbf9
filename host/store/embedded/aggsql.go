package embedded

import (
	"fmt"
	"strings"

	"github.com/logcenter/logcenter/host/store"
)

// levelSQL is the statement of one level of buckets; total are the events of all buckets of which only some are in from, or 0.
func levelSQL(path []*aggKey, sel []string, from string, agg *store.Agg, total int64) string {
	keys := keyNames(len(path))
	all := strings.Join(keys, ", ")
	groups := "SELECT " + all + ", " + strings.Join(sel, ", ") + " FROM " + from + " GROUP BY " + all
	last := keys[len(keys)-1]
	if !agg.Kind.Top() {
		return groups + " ORDER BY " + all
	}
	if len(keys) == 1 {
		all := "sum(c) OVER ()"
		if total > 0 {
			all = quoteInt(total)
		}
		return fmt.Sprintf("SELECT *, %s AS total FROM (%s) ORDER BY c DESC, %s ASC NULLS LAST LIMIT %d", all, groups, last, agg.Size)
	}
	return nestedTerms(path, sel, from, agg.Size)
}

// mostLeast is up to how many terms a bucket's least count is looked for first: the engine keeps so many numbers for
// each bucket above, full or not.
const mostLeast = 200

// nestedTerms finds the top terms of each bucket above them. Most groups have a count that is too low for the top:
// they are left out by that alone, before the costly sorting of the others.
func nestedTerms(path []*aggKey, sel []string, from string, size int) string {
	keys := keyNames(len(path))
	above, last := keys[:len(keys)-1], keys[len(keys)-1]
	var coded []string
	shown, same := make([]string, len(above)), make([]string, len(above))
	for i, k := range above {
		if values := path[i].few(); values != "" {
			coded = append(coded, "list_position("+values+", "+k+")::USMALLINT AS "+k)
			shown[i] = values + "[t." + k + "] AS " + k
		} else {
			shown[i] = "t." + k
		}
		same[i] = "t." + k + " IS NOT DISTINCT FROM h." + k
	}
	values := make([]string, len(sel))
	for i, v := range sel {
		values[i] = "t." + v[strings.LastIndexByte(v, ' ')+1:]
	}
	parent := "t." + strings.Join(above, ", t.")
	least := "0"
	if size <= mostLeast {
		least = fmt.Sprintf("list_min(max(c, %d))", size)
	}
	if len(coded) > 0 {
		from = "(SELECT * REPLACE (" + strings.Join(coded, ", ") + ") FROM " + from + ")"
	}
	return fmt.Sprintf("WITH t AS MATERIALIZED (SELECT %s, %s FROM %s GROUP BY %s),"+
		" h AS (SELECT %s, sum(c) AS total, %s AS least FROM t GROUP BY %s)"+
		" SELECT %s, t.%s, %s, h.total FROM t JOIN h ON %s WHERE t.c >= h.least"+
		" QUALIFY row_number() OVER (PARTITION BY %s ORDER BY t.c DESC, t.%s ASC NULLS LAST) <= %d"+
		" ORDER BY %s, t.c DESC, t.%s ASC NULLS LAST",
		strings.Join(keys, ", "), strings.Join(sel, ", "), from, strings.Join(keys, ", "),
		strings.Join(above, ", "), least, strings.Join(above, ", "),
		strings.Join(shown, ", "), last, strings.Join(values, ", "), strings.Join(same, " AND "),
		parent, last, size, parent, last)
}
