package pipeline

import (
	"bytes"
	"cmp"
	"path"
	"slices"
	"sync"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/syslog"
	"github.com/logcenter/logcenter/sdk/wire"
)

// dispatcher says which parser a line belongs to. The order of recognisers is fixed, those with a prefix first and
// fallbacks last, then by parser id, and the first that holds decides, so that a line always goes to the same parser. What it costs does not
// grow with the number of recognisers: one way down the tree of prefixes, and at most one search for all texts that
// lines may contain. Safe for concurrent use.
type dispatcher struct {
	parsers      []Stage
	overrides    map[string]int // input → parser
	rules        []rule
	prefixes     *prefixes
	starting     []starting // by prefix
	literals     *literals
	byLiteral    [][]int  // the rules that a text of literals may fulfil
	firstLiteral int      // the first of these rules that any line may fulfil
	always       []int    // rules that neither a prefix nor a text of literals speaks for
	views        sync.Map // input → *view; inputs are those of the configuration
}

type rule struct {
	parser   int
	prefix   [][]byte
	contains [][]byte
	all      [][]byte // texts of which the head has each
	apps     []string
	inputs   []string
	fallback bool
}

// starting is what a prefix says.
type starting struct {
	alone []int // rules that it fulfils by itself, but for the input
	more  int   // the first rule with this prefix that asks for more
}

// view is what of the rules depends on the input only.
type view struct {
	override int    // parser, or none
	holds    []bool // the rule is for this input
	alone    []int  // by prefix: the first rule that it fulfils
	always   []int
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
	d.index()
	return d
}

// index prepares the searches of choose.
func (d *dispatcher) index() {
	d.firstLiteral = len(d.rules)
	var starts, texts [][]byte
	ids := map[string]int{}
	for i := range d.rules {
		r := &d.rules[i]
		starts = append(starts, r.prefix...)
		triggers := r.triggers()
		for _, t := range triggers {
			id, ok := ids[string(t)]
			if !ok {
				id = len(texts)
				ids[string(t)], texts, d.byLiteral = id, append(texts, t), append(d.byLiteral, nil)
			}
			if l := d.byLiteral[id]; len(l) == 0 || l[len(l)-1] != i {
				d.byLiteral[id] = append(l, i)
			}
		}
		if len(r.prefix) == 0 && len(triggers) > 0 {
			d.firstLiteral = min(d.firstLiteral, i)
		}
		if len(triggers) == 0 && (len(r.prefix) == 0 || len(r.apps) > 0) {
			d.always = append(d.always, i)
		}
	}
	d.literals = newLiterals(texts)
	slices.SortFunc(starts, bytes.Compare)
	starts = slices.CompactFunc(starts, bytes.Equal)
	d.prefixes, d.starting = newPrefixes(starts), make([]starting, len(starts))
	for k := range starts {
		d.starting[k].more = len(d.rules)
	}
	for i := range d.rules {
		r := &d.rules[i]
		for _, p := range r.prefix {
			k, _ := slices.BinarySearchFunc(starts, p, bytes.Compare)
			if s := &d.starting[k]; len(r.triggers()) > 0 {
				s.more = min(s.more, i)
			} else if len(r.apps) == 0 {
				s.alone = append(s.alone, i)
			}
		}
	}
}

// rank puts what is most specific and cheapest first, and fallbacks last, in the same order.
func rank(r rule) int {
	if r.fallback {
		r.fallback = false
		return 5 + rank(r)
	}
	switch {
	case len(r.prefix) > 0:
		return 0
	case len(r.apps) > 0:
		return 1
	case len(r.all) > 0:
		return 2
	case len(r.contains) > 0:
		return 3
	default:
		return 4
	}
}

func newRule(parser int, a manifest.Recogniser) rule {
	r := rule{parser: parser, apps: a.AppName, inputs: a.Input, fallback: a.Fallback}
	for _, s := range a.Prefix {
		if s != "" {
			r.prefix = append(r.prefix, []byte(s))
		}
	}
	for _, s := range a.Contains {
		r.contains = append(r.contains, []byte(s))
	}
	for _, s := range a.ContainsAll {
		r.all = append(r.all, []byte(s))
	}
	return r
}

// triggers are texts of which one is in the head of every line that fulfils the rule; nil if there are no such texts.
func (r *rule) triggers() [][]byte {
	var apps, rarest [][]byte
	for _, a := range r.apps {
		apps = append(apps, []byte(a))
	}
	if len(r.all) > 0 {
		rarest = [][]byte{slices.MaxFunc(r.all, func(a, b []byte) int { return len(a) - len(b) })}
	}
	for _, list := range [...][][]byte{r.contains, apps, rarest} {
		if len(list) > 0 && !slices.ContainsFunc(list, func(t []byte) bool { return len(t) == 0 }) {
			return list
		}
	}
	return nil
}

// view returns what an input decides.
func (d *dispatcher) view(input string) *view {
	if v, ok := d.views.Load(input); ok {
		return v.(*view)
	}
	v := &view{override: none, holds: make([]bool, len(d.rules)), alone: make([]int, len(d.starting))}
	if p, ok := d.overrides[input]; ok {
		v.override = p
	}
	for i, r := range d.rules {
		v.holds[i] = len(r.inputs) == 0 || matchesAny(input, r.inputs)
	}
	for k, s := range d.starting {
		v.alone[k] = len(d.rules)
		if i := slices.IndexFunc(s.alone, func(r int) bool { return v.holds[r] }); i >= 0 {
			v.alone[k] = s.alone[i]
		}
	}
	for _, i := range d.always {
		if v.holds[i] {
			v.always = append(v.always, i)
			if len(d.rules[i].apps) == 0 {
				break // no line gets beyond it
			}
		}
	}
	d.views.Store(input, v)
	return v
}

// finder looks for the first rule that a line fulfils.
type finder struct {
	d      *dispatcher
	v      *view
	line   []byte
	best   int // of the rules that are known to hold
	least  int // no rule before it can hold
	app    []byte
	parsed bool
}

// choose returns the parser of a line, or none.
func (d *dispatcher) choose(line []byte, v *view) int {
	if len(line) == 0 {
		return none
	}
	f := finder{d: d, v: v, line: line, best: len(d.rules), least: d.firstLiteral}
	d.prefixes.each(line, &f)
	if f.least < f.best {
		d.literals.each(line, &f)
	}
	for _, r := range v.always {
		if r >= f.best {
			break
		}
		if f.fulfils(r) {
			f.best = r
		}
	}
	if f.best == len(d.rules) {
		return none
	}
	return d.rules[f.best].parser
}

// starts says that the line starts with a prefix.
func (f *finder) starts(prefix int) {
	f.best = min(f.best, f.v.alone[prefix])
	f.least = min(f.least, f.d.starting[prefix].more)
}

// found says that a text is in the head of the line; false if nothing can be better any more.
func (f *finder) found(text int) bool {
	for _, r := range f.d.byLiteral[text] {
		if r >= f.best {
			break
		}
		if f.v.holds[r] && f.fulfils(r) {
			f.best = r
		}
	}
	return f.best > f.least
}

// fulfils looks at what of a rule neither its input nor its texts say.
func (f *finder) fulfils(i int) bool {
	r := &f.d.rules[i]
	if len(r.prefix) > 0 && !startsAny(f.line, r.prefix) {
		return false
	}
	for _, t := range r.all {
		if !bytes.Contains(f.line[:min(len(f.line), manifest.RecognisedBytes)], t) {
			return false
		}
	}
	if len(r.apps) == 0 {
		return true
	}
	if !f.parsed {
		f.app, f.parsed = appName(f.line), true
	}
	for _, a := range r.apps {
		if string(f.app) == a {
			return true
		}
	}
	return false
}

func startsAny(line []byte, list [][]byte) bool {
	for _, p := range list {
		if bytes.HasPrefix(line, p) {
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

// appName is the name of the program in a syslog header, nil if there is none. It aliases the line.
func appName(line []byte) []byte {
	h, _, err := syslog.Parse(line)
	if err != nil {
		return nil
	}
	return h.AppName
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
	v := d.view("")
	var views []*view                       // by code of the input
	counts := make([]int, len(d.parsers)+1) // [parser+1]
	chosen = chosen[:0]
	sorted := true
	for row := range rows {
		if in != nil && in.Encoding == wire.Encoding_DICT {
			if k := u.At(in, row); k >= 0 {
				code := in.Code(k)
				if code >= len(views) {
					views = append(views, make([]*view, code+1-len(views))...)
				}
				if views[code] == nil {
					views[code] = d.view(string(in.Entry(code)))
				}
				v = views[code]
			}
		}
		p := v.override
		if p == none {
			p = d.choose(m.Data[m.Offset(row):m.Offset(row+1)-int(m.Separator)], v)
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
