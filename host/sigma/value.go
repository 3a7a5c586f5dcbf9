package sigma

import (
	"encoding/base64"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// piece is a part of a value: plain text, a wildcard (* or ?), or a class of characters.
type piece struct {
	text  string
	wild  byte
	class string
}

// pattern is a value to compare with.
type pattern struct {
	pieces []piece
	cased  bool // in its case
}

// plain is the text of a pattern without wildcards.
func (p *pattern) plain() (string, bool) {
	var b strings.Builder
	for _, e := range p.pieces {
		if e.wild != 0 || e.class != "" {
			return "", false
		}
		b.WriteString(e.text)
	}
	return b.String(), true
}

// parsePattern reads a value as the specification has it ("Escape Character"): a backslash takes the meaning of * and ?,
// two are one, and one before anything else is itself.
func parsePattern(s string) (out []piece) {
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, piece{text: b.String()})
			b.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0:
			i++
			b.WriteByte(s[i])
		case c == '*' || c == '?':
			flush()
			if n := len(out); c == '*' && n > 0 && out[n-1].wild == '*' {
				continue
			}
			out = append(out, piece{wild: c})
		default:
			b.WriteByte(c)
		}
	}
	flush()
	return out
}

// modifiers of a key.
type modifiers struct {
	contains, starts, ends, all, cased, exists, cidr, neq, re, fold, expand bool
	windash, wide, base64, base64offset                                     bool
	compare                                                                 string // lt, lte, gt or gte
}

func parseModifiers(key string, list []string) (m modifiers, err error) {
	for _, name := range list {
		switch name {
		case "contains":
			m.contains = true
		case "startswith":
			m.starts = true
		case "endswith":
			m.ends = true
		case "all":
			m.all = true
		case "cased":
			m.cased = true
		case "exists":
			m.exists = true
		case "cidr":
			m.cidr = true
		case "neq":
			m.neq = true
		case "re":
			m.re = true
		case "i":
			m.fold = true
		case "s": // . matches line ends here anyway
		case "expand":
			m.expand = true
		case "windash":
			m.windash = true
		case "wide", "utf16le":
			m.wide = true
		case "base64":
			m.base64 = true
		case "base64offset":
			m.base64offset = true
		case "lt", "lte", "gt", "gte":
			m.compare = name
		default:
			return m, refuse(NoModifier, "%s: %s", key, name)
		}
	}
	if m.expand {
		for _, name := range list {
			if !slices.Contains([]string{"expand", "all", "cased", "cidr", "neq"}, name) {
				return m, refuse(NoModifier, "%s: expand with %s: a placeholder is a list, whose entries are compared as a whole", key, name)
			}
		}
	}
	if m.wide && !m.base64 && !m.base64offset {
		return m, refuse(NoModifier, "%s: wide without base64", key)
	}
	return m, nil
}

// item converts one key of a search with its values.
func (c *converter) item(key string, values *yaml.Node, s *logSource) (query.Node, error) {
	parts := strings.Split(key, "|")
	m, err := parseModifiers(key, parts[1:])
	if err != nil {
		return nil, err
	}
	list := []*yaml.Node{values}
	if values.Kind == yaml.SequenceNode {
		list = values.Content
	}
	if len(list) == 0 {
		return nil, refuse(BadRule, "line %d: %s has no values", values.Line, key)
	}
	var nodes []query.Node
	for _, v := range list {
		if v.Kind != yaml.ScalarNode {
			return nil, refuse(BadRule, "line %d: %s: want texts or numbers", v.Line, key)
		}
		var n query.Node
		if parts[0] == "" && m.expand {
			err = refuse(NoModifier, "%s: a placeholder is a list, and lists are for fields", key)
		} else if parts[0] == "" {
			n, err = c.words(v.Value)
		} else {
			n, err = c.field(parts[0], m, v, s)
		}
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	n := join(or, nodes)
	if m.all {
		n = join(and, nodes)
	}
	if m.neq {
		n = &query.Not{Node: n}
	}
	return n, nil
}

// field converts the comparison of one field with one value; a name that may be in several fields is any of them.
func (c *converter) field(name string, m modifiers, v *yaml.Node, s *logSource) (query.Node, error) {
	t, ok := s.field(name)
	if !ok {
		if _, ok = c.o.TypeOf(name); !ok || !strings.Contains(name, ".") {
			return nil, refuse(NoField, "%s (%s)", name, s.Source)
		}
		t = target{Fields: []string{name}} // ECS's own name
	}
	if len(t.Parts) > 0 {
		return c.part(name, t, m, v)
	}
	if name[0] == 'a' && len(name) == 2 && t.Fields[0] == "process.args" {
		c.note("%s may be any argument: their places are not kept", name)
	}
	if len(t.Fields) > 1 {
		c.note("%s is looked for in %s, as it depends on the event where it is", name, strings.Join(t.Fields, ", "))
	}
	var some []query.Node
	for _, f := range t.Fields {
		n, err := c.compare(name, f, t, m, v)
		if err != nil {
			return nil, err
		}
		some = append(some, n)
	}
	return join(or, some), nil
}

// compare converts the comparison of a field of ours.
func (c *converter) compare(name, f string, t target, m modifiers, v *yaml.Node) (query.Node, error) {
	typ, known := c.o.TypeOf(f)
	if !known {
		return nil, refuse(NoField, "%s (%s is written by no parser)", name, f)
	}
	field, text := query.Field{Name: f}, v.Value
	if m.expand {
		var of string
		var err error
		if of, text, err = placeholder(name, v.Value); err != nil {
			return nil, err
		}
		if of != "" {
			return c.expand(name, of, field, t, typ, m)
		}
	}
	switch {
	case m.exists:
		n := query.Node(&query.Exists{Field: field})
		if text == "false" {
			n = &query.Not{Node: n}
		}
		return n, nil
	case v.Tag == "!!null" || text == "" || text == "-" && typ != ecs.Keyword:
		return &query.Not{Node: &query.Exists{Field: field}}, nil // empty values are not kept
	case m.re:
		return c.regex(name, field, typ, text, m.fold)
	case m.compare != "":
		return compareNumber(name, field, typ, m.compare, text)
	case m.cidr:
		p, err := netip.ParsePrefix(text)
		if err != nil || typ != ecs.IP {
			return nil, refuse(NoValue, "%s|cidr: %s", name, text)
		}
		return &query.CIDR{Field: field, Prefix: p.Masked()}, nil
	}
	if to, ok := t.Values[strings.ToLower(text)]; ok {
		return &query.Term{Field: field, Value: to, Quoted: true}, nil
	}
	var some []query.Node
	for _, p := range m.patterns(text) {
		n, err := c.match(name, field, typ, p)
		if err != nil {
			return nil, err
		}
		some = append(some, n)
	}
	return join(or, some), nil
}

// dash is what windash takes for others of its kind: one before a word.
var dash = regexp.MustCompile(`(^|[^\pL\pN_])[-/–—―](\pL|\pN|_)`)

// patterns are what a value is after its modifiers: with base64offset there are three.
func (m *modifiers) patterns(v string) []pattern {
	if m.base64 || m.base64offset {
		return m.encoded(v)
	}
	p := pattern{pieces: parsePattern(v), cased: m.cased}
	if m.windash {
		p.pieces = windash(p.pieces)
	}
	p.open(m.contains || m.ends, m.contains || m.starts)
	return []pattern{p}
}

// open puts wildcards at the ends.
func (p *pattern) open(front, back bool) {
	if n := len(p.pieces); front && (n == 0 || p.pieces[0].wild != '*') {
		p.pieces = slices.Insert(p.pieces, 0, piece{wild: '*'})
	}
	if n := len(p.pieces); back && p.pieces[n-1].wild != '*' {
		p.pieces = append(p.pieces, piece{wild: '*'})
	}
}

// windash makes a class of each dash or slash before a word.
func windash(in []piece) (out []piece) {
	for _, e := range in {
		for e.text != "" {
			at := dash.FindStringSubmatchIndex(e.text)
			if at == nil {
				break
			}
			if at[3] > 0 {
				out = append(out, piece{text: e.text[:at[3]]})
			}
			out = append(out, piece{class: `[\-/–—―]`})
			e.text = e.text[at[4]:]
		}
		if e.text != "" || e.wild != 0 {
			out = append(out, e)
		}
	}
	return out
}

// encoded are the forms that a text has somewhere in base64, which depend on how many bytes are before it; the characters
// at the ends that depend on what is around are left out.
func (m *modifiers) encoded(v string) (out []pattern) {
	b := []byte(v)
	if m.wide {
		b = b[:0]
		for _, u := range utf16.Encode([]rune(v)) {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	if m.base64 {
		p := pattern{pieces: []piece{{text: base64.StdEncoding.EncodeToString(b)}}, cased: true}
		p.open(m.contains || m.ends, m.contains || m.starts)
		return []pattern{p}
	}
	for offset := range 3 {
		s := base64.StdEncoding.EncodeToString(append(make([]byte, offset), b...))
		from := [...]int{0, 2, 3}[offset]
		to := len(s) - [...]int{0, 3, 2}[(len(b)+offset)%3]
		p := pattern{pieces: []piece{{text: s[from:to]}}, cased: true}
		p.open(true, true)
		out = append(out, p)
	}
	return out
}

// match converts the comparison with a pattern.
func (c *converter) match(name string, f query.Field, typ ecs.Type, p pattern) (query.Node, error) {
	text, plain := p.plain()
	switch typ {
	case ecs.Keyword:
		return c.keyword(name, f, p)
	case ecs.Text:
		return c.phrase(f, p)
	case ecs.Long, ecs.Double:
		if _, err := strconv.ParseFloat(text, 64); err == nil && plain {
			return &query.Term{Field: f, Value: text}, nil
		}
	case ecs.Boolean:
		if plain && (text == "true" || text == "false") {
			return &query.Term{Field: f, Value: text}, nil
		}
	case ecs.IP:
		if _, err := netip.ParseAddr(text); err == nil && plain {
			return &query.Term{Field: f, Value: text, Quoted: strings.Contains(text, ":")}, nil
		}
		if prefix, ok := octets(p.pieces); ok {
			return &query.CIDR{Field: f, Prefix: prefix}, nil
		}
	}
	return nil, refuse(NoValue, "%s: %s is of type %s", name, f.Name, typ)
}

// octets reads 10.* and the like as the network that it is.
func octets(p []piece) (netip.Prefix, bool) {
	if len(p) != 2 || p[1].wild != '*' || !strings.HasSuffix(p[0].text, ".") {
		return netip.Prefix{}, false
	}
	n := strings.Count(p[0].text, ".")
	if n > 3 {
		return netip.Prefix{}, false
	}
	a, err := netip.ParseAddr(p[0].text + strings.Repeat("0.", 3-n) + "0")
	return netip.PrefixFrom(a, 8*n), err == nil
}

// keyword compares a value as a whole: as it is where it has no letters, else by an expression in any case.
func (c *converter) keyword(name string, f query.Field, p pattern) (query.Node, error) {
	if len(p.pieces) == 1 && p.pieces[0].wild == '*' {
		return &query.Exists{Field: f}, nil
	}
	letters, classes := false, false
	for _, e := range p.pieces {
		letters = letters || strings.ContainsFunc(e.text, func(r rune) bool { return unicode.SimpleFold(r) != r })
		classes = classes || e.class != ""
	}
	if !classes && (p.cased || !letters) {
		return wildcard(f, p), nil
	}
	var b strings.Builder
	if p.pieces[0].wild != '*' {
		b.WriteByte('^')
	}
	for i, e := range p.pieces {
		switch {
		case e.wild == '*' && (i == 0 || i == len(p.pieces)-1):
		case e.wild == '*':
			b.WriteString(".*")
		case e.wild == '?':
			b.WriteByte('.')
		case e.class != "":
			b.WriteString(e.class)
		default:
			b.WriteString(regexp.QuoteMeta(e.text))
		}
	}
	if p.pieces[len(p.pieces)-1].wild != '*' {
		b.WriteByte('$')
	}
	n := &query.Regex{Field: f, Expr: b.String(), Fold: !p.cased}
	if _, err := n.Compile(ecs.Keyword); err != nil {
		return nil, refuse(TooLarge, "%s: %v", name, err)
	}
	return n, nil
}

// wildcard compares in the value's case.
func wildcard(f query.Field, p pattern) query.Node {
	if text, plain := p.plain(); plain {
		return &query.Term{Field: f, Value: text, Quoted: true}
	}
	var b strings.Builder
	for _, e := range p.pieces {
		if e.wild != 0 {
			b.WriteByte(e.wild)
		}
		for _, r := range e.text {
			if strings.ContainsRune(`*?\`, r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
	}
	if n := len(p.pieces); n == 2 && p.pieces[1].wild == '*' {
		return &query.Prefix{Field: f, Value: p.pieces[0].text}
	}
	return &query.Wildcard{Field: f, Pattern: b.String()}
}

// words converts a text that is looked for in the whole line.
func (c *converter) words(v string) (query.Node, error) {
	return c.phrase(query.Field{}, pattern{pieces: parsePattern(v)})
}

// phrase looks for the words of a pattern, those between wildcards one behind the other.
func (c *converter) phrase(f query.Field, p pattern) (query.Node, error) {
	var all []query.Node
	for _, e := range p.pieces {
		if e.text == "" {
			continue
		}
		n := &query.Term{Field: f, Value: e.text, Quoted: true}
		if words, err := query.TextWords(n); err != nil || len(words) == 0 {
			return nil, refuse(NoValue, "%q has no word to look for in lines", e.text)
		}
		all = append(all, n)
	}
	if len(all) == 0 {
		return nil, refuse(NoValue, "no word to look for in lines")
	}
	c.note("texts are looked for in lines by whole words")
	if len(all) > 1 {
		c.note("parts of texts with wildcards may stand in any order")
	}
	return join(and, all), nil
}

// part converts a value such as MD5=0c1f… of a field that is several here.
func (c *converter) part(name string, t target, m modifiers, v *yaml.Node) (query.Node, error) {
	key, value, ok := strings.Cut(strings.Trim(v.Value, "*"), "=")
	fields := t.Parts[strings.ToUpper(strings.TrimSpace(key))]
	if !ok || value == "" || len(fields) == 0 || m.re || m.expand {
		return nil, refuse(NoValue, "%s: %s", name, v.Value)
	}
	var some []query.Node
	for _, f := range fields {
		if _, known := c.o.TypeOf(f); !known {
			continue
		}
		n, err := c.keyword(name, query.Field{Name: f}, pattern{pieces: []piece{{text: value}}})
		if err != nil {
			return nil, err
		}
		some = append(some, n)
	}
	if len(some) == 0 {
		return nil, refuse(NoField, "%s (%s is written by no parser)", name, strings.Join(fields, ", "))
	}
	return join(or, some), nil
}

// regex converts an expression of PCRE's common part.
func (c *converter) regex(name string, f query.Field, typ ecs.Type, expr string, fold bool) (query.Node, error) {
	if typ != ecs.Keyword {
		return nil, refuse(NoValue, "%s|re: %s is of type %s", name, f.Name, typ)
	}
	if rest, ok := strings.CutPrefix(expr, "(?i)"); ok {
		expr, fold = rest, true
	}
	n := &query.Regex{Field: f, Expr: greedy(expr), Fold: fold}
	if _, err := n.Compile(ecs.Keyword); err != nil {
		return nil, refuse(NoRegex, "%s|re: %s: %v", name, expr, err)
	}
	return n, nil
}

// greedy takes out what makes quantifiers lazy: whether an expression matches does not depend on it.
func greedy(expr string) string {
	var b strings.Builder
	class := false
	for i := 0; i < len(expr); i++ {
		c := expr[i]
		b.WriteByte(c)
		switch {
		case c == '\\' && i+1 < len(expr):
			i++
			b.WriteByte(expr[i])
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case strings.IndexByte("*+?}", c) >= 0 && i+1 < len(expr) && expr[i+1] == '?':
			i++
		}
	}
	return b.String()
}

func compareNumber(name string, f query.Field, typ ecs.Type, op, v string) (query.Node, error) {
	if typ != ecs.Long && typ != ecs.Double {
		return nil, refuse(NoValue, "%s|%s: %s is of type %s", name, op, f.Name, typ)
	}
	if _, err := strconv.ParseFloat(v, 64); err != nil {
		return nil, refuse(NoValue, "%s|%s: %s is no number", name, op, v)
	}
	n := &query.Range{Field: f}
	if op[0] == 'g' {
		n.Min, n.IncludeMin = &v, op == "gte"
	} else {
		n.Max, n.IncludeMax = &v, op == "lte"
	}
	return n, nil
}
