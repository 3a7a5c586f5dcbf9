package infer

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk/kv"
)

// keyPattern is what a key of a pair looks like. A blank in it is rare and more often free text.
var keyPattern = regexp.MustCompile(`^[\pL_@\[][\pL\pN_.\-/@()\[\]#]{0,63}$`)

// scanners are the ways of writing pairs, simple ones first: of two that read as much the first one is taken.
func scanners() (out []kv.Scanner) {
	for _, quotes := range []string{"", `"`, "'"} {
		for _, sep := range []byte{0, ':'} {
			out = append(out, kv.Scanner{Sep: sep, Quotes: quotes})
			for _, pair := range []byte{';', ',', '|', '\t', '&', '^'} {
				out = append(out, kv.Scanner{Pair: pair, Sep: sep, Quotes: quotes}, kv.Scanner{Pair: pair, Sep: sep, Quotes: quotes, FreeText: true})
			}
			out = append(out, kv.Scanner{PairSeq: "||", Sep: sep, Quotes: quotes}, kv.Scanner{PairSeq: "~~", Sep: sep, Quotes: quotes},
				kv.Scanner{Sep: sep, Quotes: quotes, SepBlanks: true}, kv.Scanner{Sep: sep, Quotes: quotes, LongValues: true},
				kv.Scanner{Sep: sep, Quotes: quotes, SepBlanks: true, LongValues: true},
				kv.Scanner{PairAny: " ,", Sep: sep, Quotes: quotes}, kv.Scanner{PairAny: ",;", Sep: sep, Quotes: quotes})
		}
	}
	return out
}

// fit is how well a scanner reads lines.
type fit struct {
	scanner  kv.Scanner
	score    float64
	pairs    int     // per line
	coverage float64 // of the bytes of the bodies, by pairs
}

func measure(s kv.Scanner, bodies []string) fit {
	f := fit{scanner: s}
	good, bad, covered, total := 0, 0, 0, 0
	seen := map[string]int{}
	for _, b := range bodies {
		total += len(b)
		for it := s.Scan([]byte(b)); it.Next(); {
			if !keyPattern.Match(it.Key()) {
				bad++
				continue
			}
			if v := it.Value(); !it.Quoted() && len(v) > 1 && ((v[0] == '"' || v[0] == '\'') && bytes.IndexByte(v[1:], v[0]) >= 0 || v[len(v)-1] == ';' || v[len(v)-1] == ',') {
				bad++ // quotes and separators that are not known as such
				continue
			}
			good++
			seen[string(it.Key())]++
			covered += len(it.Key()) + 1 + len(it.Value())
			if it.Quoted() {
				covered += 2
			}
		}
	}
	again := 0
	for _, n := range seen {
		if n > 1 {
			again += n
		}
	}
	if good == 0 || total == 0 {
		return f
	}
	lines := float64(len(bodies))
	f.pairs = good / len(bodies)
	f.coverage = float64(covered+good) / float64(total)
	f.score = (float64(again) - 2*float64(bad)) / lines * min(1, f.coverage) * min(1, f.coverage)
	return f
}

// inferKeyValue is true if nearly all of the lines are pairs.
func inferKeyValue(m *mapper, h *headers) bool {
	var best fit
	for _, s := range scanners() {
		if f := measure(s, h.bodies); f.score > best.score*1.001 {
			best = f
		}
	}
	if best.pairs < 3 || best.coverage < 0.6 {
		return false
	}
	m.spec.Format, m.spec.KV = KeyValue, best.scanner
	var g gather
	leading := m.lead(&best.scanner, h.bodies, &g)
	for i, b := range h.bodies {
		pairs := 0
		for it := best.scanner.Scan([]byte(b)); it.Next(); pairs++ {
			if key := string(it.Key()); keyPattern.MatchString(key) {
				g.add(i, key, string(it.Value()))
			}
		}
		if pairs == 0 {
			m.spec.Unparsed++
		}
	}
	once := func(c *column) bool { return len(c.lines) < 2 && len(h.bodies) > 50 } // in a single line of many: no key
	list := slices.DeleteFunc(slices.Clone(g.list[:leading]), once)
	rest := slices.DeleteFunc(slices.Clone(g.list[leading:]), once)
	leading = len(list)
	m.spec.Fields = m.columns(append(list, rest...), nil)
	for i := range m.spec.Fields {
		m.spec.Fields[i].Lead = m.spec.Fields[i].Index < leading
	}
	return true
}

// lead adds the values that stand in front of the first pair, and says how many columns they are.
func (m *mapper) lead(s *kv.Scanner, bodies []string, g *gather) int {
	texts, shapes, n := make([]string, len(bodies)), map[string]int{}, 0
	for i, b := range bodies {
		if it := s.Scan([]byte(b)); it.Next() {
			texts[i] = string(it.Text())
		}
		if head := modulePattern.FindString(texts[i]); head != "" {
			shapes[shape(lex(head))]++
		}
		if texts[i] != "" {
			n++
		}
	}
	if n*2 < len(bodies) {
		return 0
	}
	t := &Template{Lines: n}
	for i, text := range texts {
		rest := text
		if head := modulePattern.FindString(text); head != "" && len(shapes) == 1 {
			rest = strings.TrimPrefix(text[len(head):], ":")
			m.leadHead(t, i, lex(head), g)
		}
		if rest = strings.TrimSpace(rest); rest != "" {
			g.add(i, "content", rest)
		}
	}
	if len(t.Parts) > 0 {
		if c := g.by["device_class"]; c != nil && len(c.distinct()) == 1 && len(c.lines) == len(bodies) {
			m.class = c.distinct()[0]
		}
		t.text(":")
	}
	if g.by["content"] != nil {
		if len(t.Parts) > 0 {
			t.text(" ")
		}
		t.Parts = append(t.Parts, Part{Name: "content"})
	}
	m.spec.Lead = t
	return len(g.list)
}

// leadHead adds the values of TYPE/MODULE/SEVERITY/KIND.
func (m *mapper) leadHead(t *Template, line int, atoms []atom, g *gather) {
	first := len(t.Parts) == 0
	for _, a := range atoms {
		switch {
		case a.value:
			g.add(line, a.name, a.text)
			if first {
				t.Parts = append(t.Parts, Part{Name: a.name, Kind: "word"})
			}
		case first && strings.Trim(a.text, "%") != "":
			t.text(strings.TrimLeft(a.text, "%")) // parsers take the signs off: devices write one, two or none
		}
	}
}
