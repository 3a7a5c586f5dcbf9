package pipeline

import (
	"bytes"
	"cmp"
	"path"
	"slices"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/syslog"
	"github.com/logcenter/logcenter/sdk/wire"
)

// dispatcher says which parser a line belongs to. Recognisers are tried in a fixed order, those with a
// prefix first, then by parser id, so that a line always goes to the same parser. Safe for concurrent use.
type dispatcher struct {
	parsers   []Stage
	overrides map[string]int // input → parser
	rules     []rule
	byFirst   [256][]int // rules with a prefix that starts so, and those without any prefix, in order
}

type rule struct {
	parser   int
	prefix   [][]byte
	contains [][]byte
	apps     []string
	inputs   []string
}

// none is the group of lines that no parser claims.
const none = -1

func newDispatcher(parsers []Stage, overrides map[string]string) *dispatcher {
	d := &dispatcher{parsers: parsers, overrides: map[string]int{}}
	for i, p := range parsers {
		m := p.Manifest()
		for input, parser := range overrides {
			if parser == m.ID {
				d.overrides[input] = i
			}
		}
		for _, a := range m.Accepts {
			d.rules = append(d.rules, newRule(i, a))
		}
	}
	slices.SortStableFunc(d.rules, func(a, b rule) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(parsers[a.parser].Manifest().ID, parsers[b.parser].Manifest().ID))
	})
	for i, r := range d.rules {
		var starts [256]bool
		for _, p := range r.prefix {
			starts[p[0]] = true
		}
		for c := range starts {
			if len(r.prefix) == 0 || starts[c] {
				d.byFirst[c] = append(d.byFirst[c], i)
			}
		}
	}
	return d
}

// rank puts what is most specific and cheapest first.
func rank(r rule) int {
	switch {
	case len(r.prefix) > 0:
		return 0
	case len(r.apps) > 0:
		return 1
	case len(r.contains) > 0:
		return 2
	default:
		return 3
	}
}

func newRule(parser int, a manifest.Recogniser) rule {
	r := rule{parser: parser, apps: a.AppName, inputs: a.Input}
	for _, s := range a.Prefix {
		if s != "" {
			r.prefix = append(r.prefix, []byte(s))
		}
	}
	for _, s := range a.Contains {
		r.contains = append(r.contains, []byte(s))
	}
	return r
}

// choose returns the parser of a line, or none.
func (d *dispatcher) choose(line []byte, input string) int {
	if len(line) == 0 {
		return none
	}
	head := line[:min(len(line), manifest.RecognisedBytes)]
	app, parsed := "", false
	for _, i := range d.byFirst[line[0]] {
		r := &d.rules[i]
		if len(r.prefix) > 0 && !startsAny(line, r.prefix) || len(r.contains) > 0 && !containsAny(head, r.contains) {
			continue
		}
		if len(r.inputs) > 0 && !matchesAny(input, r.inputs) {
			continue
		}
		if len(r.apps) > 0 {
			if !parsed {
				app, parsed = appName(line), true
			}
			if !slices.Contains(r.apps, app) {
				continue
			}
		}
		return r.parser
	}
	return none
}

func startsAny(line []byte, list [][]byte) bool {
	for _, p := range list {
		if bytes.HasPrefix(line, p) {
			return true
		}
	}
	return false
}

func containsAny(head []byte, list [][]byte) bool {
	for _, p := range list {
		if bytes.Contains(head, p) {
			return true
		}
	}
	return false
}

func matchesAny(name string, globs []string) bool {
	for _, g := range globs {
		if ok, err := path.Match(g, name); ok && err == nil {
			return true
		}
	}
	return false
}

func appName(line []byte) string {
	h, _, err := syslog.Parse(line)
	if err != nil {
		return ""
	}
	return string(h.AppName)
}

// group is a run of rows with one parser.
type group struct {
	parser   int // none: unclaimed
	from, to int
}

// assign puts the rows of a batch into groups: order lists the rows group by group, nil if they are in order
// already. Within a group rows stay in order.
func (d *dispatcher) assign(b *wire.Batch, chosen []int16, order []int32) (_ []int16, _ []int32, groups []group) {
	rows := int(b.Rows)
	m, in := b.Column(id(ecs.Message)), b.Column(id(ecs.LogcenterInput))
	var u wire.Cursor
	lastCode, override, input := -1, none, ""
	counts := make([]int, len(d.parsers)+1) // [parser+1]
	chosen = chosen[:0]
	sorted := true
	for row := range rows {
		if in != nil && in.Encoding == wire.Encoding_DICT {
			if k := u.At(in, row); k >= 0 && in.Code(k) != lastCode {
				lastCode = in.Code(k)
				input = string(in.Entry(lastCode))
				override = none
				if p, ok := d.overrides[input]; ok {
					override = p
				}
			}
		}
		p := override
		if p == none {
			p = d.choose(m.Data[m.Offset(row):m.Offset(row+1)-int(m.Separator)], input)
		}
		if n := len(chosen); n > 0 && int(chosen[n-1]) != p && counts[p+1] > 0 {
			sorted = false
		}
		chosen = append(chosen, int16(p))
		counts[p+1]++
	}
	if sorted {
		return chosen, nil, runs(chosen)
	}
	starts := make([]int, len(counts))
	at := 0
	for i := 1; i <= len(d.parsers); i++ { // the unclaimed last
		if counts[i] > 0 {
			groups = append(groups, group{i - 1, at, at + counts[i]})
		}
		starts[i] = at
		at += counts[i]
	}
	starts[0] = at
	if counts[0] > 0 {
		groups = append(groups, group{none, at, rows})
	}
	order = slices.Grow(order[:0], rows)[:rows]
	for row, p := range chosen {
		order[starts[p+1]] = int32(row)
		starts[p+1]++
	}
	return chosen, order, groups
}

func runs(chosen []int16) (groups []group) {
	for row, p := range chosen {
		if n := len(groups); n > 0 && groups[n-1].parser == int(p) {
			groups[n-1].to = row + 1
			continue
		}
		groups = append(groups, group{int(p), row, row + 1})
	}
	return groups
}
