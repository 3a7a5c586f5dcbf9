package infer

import (
	"strings"

	"github.com/logcenter/logcenter/sdk/jsonscan"
)

// inferJSON is true if nearly all lines are objects.
func inferJSON(m *mapper, h *headers) bool {
	var g gather
	n := 0
	for i, b := range h.bodies {
		if !strings.HasPrefix(strings.TrimLeft(b, " \t"), "{") {
			m.spec.Unparsed++
			continue
		}
		it := jsonscan.Scan([]byte(b))
		for it.Next() {
			if it.Kind() == jsonscan.Null {
				continue
			}
			v := string(it.AppendValue(nil))
			g.add(i, string(it.Path()), v)
		}
		if it.Err() != nil {
			m.spec.Unparsed++
			continue
		}
		n++
	}
	if !most(n, h.bodies) {
		m.spec.Unparsed = 0
		return false
	}
	m.spec.Format = JSON
	m.spec.Fields = m.columns(g.list, nil)
	return true
}
