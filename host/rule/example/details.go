package example

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/dissect"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// keysOf is the keys of an alert in one line.
func keysOf(keys map[string]string) string {
	if len(keys) == 0 {
		return "no keys"
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		parts = append(parts, name+"="+keys[name])
	}
	return strings.Join(parts, " ")
}

// mostNamed is how many events are named that a query does not select.
const mostNamed = 5

// details say of each query of a rule how many of an example's events it selects, and which lack what ties them to others.
func details(r *rule.Document, events []*wire.Batch) (out []string) {
	parts, err := dissect.Parts(&r.Rule)
	if err != nil { // the detector has refused the rule
		return nil
	}
	for _, p := range parts {
		matched, total := 0, 0
		var missed []string
		lacking := map[string]int{}
		for _, b := range events {
			for row, ok := range p.Match(b) {
				total++
				if !ok {
					if len(missed) < mostNamed {
						missed = append(missed, fmt.Sprint(total))
					}
					continue
				}
				matched++
				for _, name := range p.By {
					if f, known := ecs.Lookup(name); !known || b.Column(uint32(f)) == nil || !b.Column(uint32(f)).Has(row) {
						lacking[name]++
					}
				}
			}
		}
		text := fmt.Sprintf("%s selects %d of %d events", p.Name, matched, total)
		if n := total - matched; n > 0 && matched > 0 {
			if n > len(missed) {
				missed = append(missed, "…")
			}
			text += ", not event " + strings.Join(missed, ", ")
		}
		for _, name := range slices.Sorted(maps.Keys(lacking)) {
			text += fmt.Sprintf("; %d of them have no %s", lacking[name], name)
		}
		out = append(out, text)
	}
	return out
}
