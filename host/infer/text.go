package infer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk/template"
)

// Template is one kind of sentence: what stands in all of its lines, and names for what does not.
type Template struct {
	Parts []Part
	Lines int // samples that have it
}

// Part is a text that all lines of a template have, or the name of a value.
type Part struct {
	Text string
	Name string // empty for a text
	Kind string // of the value, as package template names it; empty means any text
	Skip bool   // the value is passed over: it has no name of its own, or is there twice
}

// Pattern is the template as package template writes it.
func (t *Template) Pattern() string {
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Name != "" {
			b.WriteString("%{")
			if p.Skip && p.Name != noName {
				b.WriteString("?")
			}
			if p.Name != noName {
				b.WriteString(p.Name)
			}
			if p.Kind != "" {
				b.WriteString(":" + p.Kind)
			}
			b.WriteString("}")
			continue
		}
		b.WriteString(strings.ReplaceAll(p.Text, "%{", "%%{"))
	}
	return b.String()
}

// noName is the name of values of which nothing says what they are. They are passed over: a field value_7 helps nobody.
const noName = "value"

// sentence is a line as atoms.
type sentence struct {
	line  int
	atoms []atom
}

// cluster are lines with the same sentence but for its values.
type cluster struct {
	sentences []sentence
	vary      []bool // by atom
	tail      int    // atoms from here on are one value; 0 means there is no such
}

// maxTemplates bounds what is read as sentences: more kinds of them in one file are no format.
const maxTemplates = 60

// inferText mines templates: lines whose atoms are alike in number and kind, and half of whose words are the same, are
// one kind of sentence, after Drain (He et al., 2017), but with one level and atoms that know what they look like.
func inferText(m *mapper, h *headers) bool {
	var list []*cluster
	shapes := map[string][]*cluster{}
	for i, b := range h.bodies {
		if strings.TrimSpace(b) == "" {
			continue
		}
		s := sentence{i, mark(lex(b))}
		key := shape(s.atoms)
		c := nearest(shapes[key], s)
		if c == nil {
			c = &cluster{vary: make([]bool, len(s.atoms))}
			shapes[key] = append(shapes[key], c)
			list = append(list, c)
		}
		c.add(s)
	}
	list = mergeTails(list)
	slices.SortStableFunc(list, func(a, b *cluster) int { return cmp.Compare(b.literals(), a.literals()) })
	var g gather
	for _, c := range list {
		if len(c.sentences) == 1 && len(h.bodies) > 50 || len(m.spec.Templates) == maxTemplates {
			m.spec.Unparsed += len(c.sentences)
			continue
		}
		m.template(c, &g)
	}
	if len(m.spec.Templates)*3 > len(h.bodies)*2 || len(g.list) == 0 {
		m.spec.Templates, m.spec.Unparsed = nil, 0
		return false
	}
	m.spec.Format = Text
	m.spec.Fields = m.columns(g.list, nil)
	return true
}

// shape is what lines of one cluster have in common whatever their words.
func shape(atoms []atom) string {
	var b strings.Builder
	for _, a := range atoms {
		switch {
		case a.glue && isBlanks(a.text):
			b.WriteByte(' ')
		case a.glue:
			b.WriteString(a.text)
		case a.value:
			b.WriteByte(0)
		default:
			b.WriteByte(1)
		}
	}
	return b.String()
}

func isBlanks(s string) bool { return strings.Trim(s, " \t") == "" }

// nearest is the cluster that shares most words with a sentence, at least half of them; nil if there is none.
func nearest(list []*cluster, s sentence) (best *cluster) {
	most := 0.0
	for _, c := range list {
		first := c.sentences[0].atoms
		same, words := 0.0, 0.0
		for i, a := range s.atoms {
			if a.glue || a.value {
				continue
			}
			words++
			if a.text == first[i].text {
				same++
			}
		}
		if words == 0 {
			return c
		}
		if share := same / words; share >= 0.5 && share > most {
			best, most = c, share
		}
	}
	return best
}

func (c *cluster) add(s sentence) {
	c.sentences = append(c.sentences, s)
	for i, a := range s.atoms {
		c.vary[i] = c.vary[i] || a.value || !a.glue && a.kind == blank || !a.glue && a.text != c.sentences[0].atoms[i].text
	}
}

// literals are the bytes that all lines have.
func (c *cluster) literals() (n int) {
	for i, a := range c.sentences[0].atoms {
		if !c.vary[i] && (c.tail == 0 || i < c.tail) {
			n += len(a.text)
		}
	}
	return n
}

// mergeTails joins clusters that begin alike and end in words of their own: "… SYN Timeout", "… TCP FINs".
func mergeTails(list []*cluster) (out []*cluster) {
	for _, c := range list {
		merged := false
		for _, o := range out {
			if n := o.common(c); n > 0 {
				o.tail = n
				o.sentences = append(o.sentences, c.sentences...)
				for i := range n {
					o.vary[i] = o.vary[i] || c.vary[i]
				}
				merged = true
				break
			}
		}
		if !merged {
			out = append(out, c)
		}
	}
	return out
}

// common is where two clusters part, if they have a sentence in common until then; else 0.
func (c *cluster) common(o *cluster) int {
	a, b := c.sentences[0].atoms, o.sentences[0].atoms
	if c.tail > 0 {
		a = a[:c.tail]
	}
	n, words, values := 0, 0, 0
	for n < min(len(a), len(b)) {
		x, y := a[n], b[n]
		if x.glue != y.glue || x.value != y.value || !x.value && x.text != y.text && !(isBlanks(x.text) && isBlanks(y.text)) || x.value && x.name != y.name {
			break
		}
		switch {
		case x.value:
			values++
		case !x.glue:
			words++
		}
		n++
	}
	for n > 0 && a[n-1].glue && !isBlanks(a[n-1].text) { // the tail is words of its own
		n--
	}
	if n == 0 || words < 3 || values < 3 || n*10 < max(len(a), len(b))*6 || !isBlanks(a[n-1].text) {
		return 0
	}
	if c.tail > 0 && n != c.tail {
		return 0
	}
	return n
}

// template names the values of a cluster and adds them to columns.
func (m *mapper) template(c *cluster, g *gather) {
	var found gather
	t := c.template(&found)
	if _, err := template.Compile(t.Pattern()); err != nil { // values side by side: nobody can tell where one ends
		m.spec.Unparsed += len(c.sentences)
		return
	}
	m.spec.Templates = append(m.spec.Templates, t)
	for _, col := range found.list {
		for i, line := range col.lines {
			g.add(line, col.key, col.values[i])
		}
	}
}

// template is the template of a cluster; found gets its values.
func (c *cluster) template(found *gather) Template {
	t := Template{Lines: len(c.sentences)}
	first := c.sentences[0].atoms
	end := len(first)
	if c.tail > 0 {
		end = c.tail
	}
	names, kinds := c.names(end)
	closed := -1
	for i := range end {
		switch {
		case i == closed:
			continue // the quote, which is the value's own
		case !c.vary[i] && !first[i].glue && i >= 2 && isBlanks(first[i-1].text) && !c.vary[i-2] && c.padded(i-1):
			// How many blanks stand in front is the device's whim, so that they end a text.
			t.Parts = append(t.Parts, Part{Name: noName, Kind: "word", Skip: true})
			continue
		case !c.vary[i] && isBlanks(first[i].text):
			t.text(" ")
			continue
		case !c.vary[i]:
			t.text(first[i].text)
			continue
		}
		p := Part{Name: names[i], Kind: kinds[i]}
		if quoted := i > 0 && i-1 != closed && i+1 < end && first[i-1].text == first[i+1].text && strings.Contains(`"'`, first[i-1].text); quoted {
			t.unquote()
			p.Kind, closed = "quoted", i+1
		}
		p.Skip = names[i] == noName || c.repeats(names, i)
		t.Parts = append(t.Parts, p)
		for _, s := range c.sentences {
			if !p.Skip {
				found.add(s.line, names[i], s.atoms[i].text)
			}
		}
	}
	if c.tail > 0 {
		t.Parts = append(t.Parts, Part{Name: "reason"}) // nothing before it is called so
		for _, s := range c.sentences {
			var b strings.Builder
			for _, a := range s.atoms[end:] {
				b.WriteString(a.text)
			}
			found.add(s.line, "reason", b.String())
		}
	}
	return t
}

// padded says that there are several blanks at atom i in some line.
func (c *cluster) padded(i int) bool {
	return slices.ContainsFunc(c.sentences, func(s sentence) bool { return len(s.atoms[i].text) > 1 })
}

// repeats says that a value is another one again: "user=a … user=a" is user and user_2.
func (c *cluster) repeats(names []string, i int) bool {
	base, _, found := strings.Cut(names[i], "_2")
	if !found {
		return false
	}
	k := slices.Index(names, base)
	return k >= 0 && !slices.ContainsFunc(c.sentences, func(s sentence) bool { return s.atoms[i].text != s.atoms[k].text })
}

// text adds what all lines have.
func (t *Template) text(s string) {
	if n := len(t.Parts); n > 0 && t.Parts[n-1].Name == "" {
		t.Parts[n-1].Text += s
		return
	}
	t.Parts = append(t.Parts, Part{Text: s})
}

// unquote takes the quote off the end, since the value behind it brings its quotes along.
func (t *Template) unquote() {
	n := len(t.Parts) - 1
	t.Parts[n].Text = t.Parts[n].Text[:len(t.Parts[n].Text)-1]
	if t.Parts[n].Text == "" {
		t.Parts = t.Parts[:n]
	}
}
