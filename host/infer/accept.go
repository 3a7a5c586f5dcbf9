package infer

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/logcenter/logcenter/sdk/kv"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// finish sets what follows from the whole.
func (m *mapper) finish(lines [][]byte, h *headers) {
	s := m.spec
	for f := range m.written {
		s.Writes = append(s.Writes, f)
	}
	slices.Sort(s.Writes)
	for _, l := range lines {
		if len(l) > len(s.Sample) && len(l) <= 400 {
			s.Sample = string(l)
		}
	}
	if s.Sample == "" {
		s.Sample = string(lines[0])
	}
	s.Accepts = m.accepts(lines, h)
	s.Constants = m.constants()
}

// literal is a text of the format itself, without values.
type literal struct {
	text string
	rare bool // hardly any other device writes it
}

// accepts are recognisers that take all samples, as narrow as the samples allow: the line's beginning and a text
// that no other device is likely to write. Values are none of them, as those of other lines are others.
func (m *mapper) accepts(lines [][]byte, h *headers) []Accept {
	a := Accept{}
	if app := h.program(); app != "" {
		a.AppName = []string{app}
	}
	if m.class != "" {
		a.Contains = []string{"%%" + m.class + "/"}
		return []Accept{a}
	}
	if list := m.requests(); list != nil {
		a.Contains = list
		m.spec.Loose = a.AppName == nil
		return []Accept{a}
	}
	prefix := m.prefix(lines)
	if prefix != "" {
		a.Prefix = []string{prefix}
	}
	var best literal
	for _, c := range append(m.literals(), h.family()...) {
		better := c.rare && !best.rare || c.rare == best.rare && len(c.text) > len(best.text)
		if better && len(c.text) > 2 && !strings.Contains(prefix, c.text) && inAll(lines, c.text) {
			best = c
		}
	}
	if best.text != "" {
		a.Contains = []string{best.text}
	}
	m.spec.Loose = !best.rare && a.AppName == nil && (a.Prefix == nil || m.spec.Format == JSON)
	if a.Prefix == nil && a.Contains == nil && a.AppName == nil {
		return m.several(lines)
	}
	return []Accept{a}
}

// several are the recognisers of lines that have no text in common. Those without a text of their own are known by the
// input that they come by, whose name is then the plugin's.
func (m *mapper) several(lines [][]byte) (out []Accept) {
	texts, left := m.cover(lines)
	if len(texts) > 0 {
		out = append(out, Accept{Contains: texts})
	}
	if len(texts) == 0 || left*10 > len(lines) {
		out = append(out, Accept{Input: []string{m.spec.ID}})
	}
	return out
}

// requests are the methods of HTTP with what stands around them, for lines that tell of requests; nil for others.
func (m *mapper) requests() (out []string) {
	before, after := "", ""
	for _, t := range m.spec.Templates {
		for i, p := range t.Parts {
			if p.Name == "request_line" && p.Kind == "quoted" && i > 0 {
				before, after = t.Parts[i-1].Text+`"`, " "
			}
		}
	}
	if c := m.spec.Columns; c != nil && c.Methods {
		before, after = c.Sep, c.Sep+c.Target
	}
	if after == "" {
		return nil
	}
	for _, method := range methods {
		out = append(out, before+method+after)
	}
	return out
}

// program is the application that all headers name; empty if there is none.
func (h *headers) program() string {
	if !h.common {
		return ""
	}
	for _, l := range h.list {
		if len(l.AppName) == 0 || string(l.AppName) != string(h.list[0].AppName) {
			return ""
		}
	}
	return string(h.list[0].AppName)
}

// family is what the names of all applications begin with: " postfix/" of postfix/smtpd and postfix/qmgr.
func (h *headers) family() []literal {
	if !h.common {
		return nil
	}
	first, _, _ := strings.Cut(string(h.list[0].AppName), "/")
	for _, l := range h.list {
		if name, _, found := strings.Cut(string(l.AppName), "/"); !found || name != first {
			return nil
		}
	}
	return []literal{{" " + first + "/", true}}
}

func inAll(lines [][]byte, text string) bool {
	for _, l := range lines {
		if !bytes.Contains(l[:min(len(l), manifest.RecognisedBytes)], []byte(text)) {
			return false
		}
	}
	return true
}

// prefix is a beginning of all lines that is not a value.
func (m *mapper) prefix(lines [][]byte) string {
	candidates := m.literals()
	if key, _, found := strings.Cut(string(lines[0]), `":`); found && m.spec.Format == JSON {
		candidates = append(candidates, literal{text: key + `":`}) // {"timestamp":
	}
	for _, c := range candidates {
		if len(c.text) >= 3 && !slices.ContainsFunc(lines, func(l []byte) bool { return !bytes.HasPrefix(l, []byte(c.text)) }) {
			return c.text
		}
	}
	return ""
}

// literals are texts of the format itself.
func (m *mapper) literals() (out []literal) {
	switch m.spec.Format {
	case KeyValue:
		out = append(out, pairLiterals(&m.spec.KV, m.spec.Fields)...)
	case JSON:
		for _, f := range m.spec.Fields {
			key := f.Key[strings.LastIndexByte(f.Key, '.')+1:]
			out = append(out, literal{strconv.Quote(key) + ":", rareKey(f.Key)})
		}
	case Structured:
		for _, f := range m.spec.Fields {
			out = append(out, literal{" " + f.Key + `="`, rareKey(f.Key)})
		}
	}
	if m.spec.Literal != "" {
		out = append(out, literal{m.spec.Literal, true})
	}
	if c := m.spec.Columns; c != nil {
		out = append(out, c.literals()...)
	}
	for _, t := range m.spec.Templates {
		for _, p := range t.Parts {
			if text := strings.TrimRight(p.Text, ` "`); p.Name == "" && strings.ContainsFunc(text, unicode.IsLetter) && !strings.ContainsFunc(text, unicode.IsDigit) {
				out = append(out, literal{text, true})
			}
		}
	}
	return out
}

// everyday are keys that mean nothing to the dictionary and are written by many devices all the same.
var everyday = []string{
	"type", "subtype", "logtype", "name", "count", "class", "mode", "state", "version", "object", "value", "group", "role", "flags", "data", "tags",
	"kind", "stage", "uuid", "number", "total", "zone", "unit", "connid", "sessionid", "timezone", "priority",
}

// rareKey says of a key that it is one vendor's, as those that the dictionary has are many vendors'.
func rareKey(key string) bool {
	return meaning(key) == "" && len(key) > 2 && !slices.Contains(everyday, plainKey(key))
}

// literals are values that stand in the same column of all lines: words in capitals, which name the kind of a line.
func (c *Columns) literals() (out []literal) {
	for i, v := range c.Constant {
		if v == strings.ToUpper(v) && strings.ContainsFunc(v, unicode.IsLetter) && len(v) > 2 && i > 0 {
			out = append(out, literal{c.Sep + v + c.Sep, true})
		}
	}
	for _, w := range c.Words {
		if len(w) > 1 {
			out = append(out, literal{c.Sep + w + c.Sep, false})
		}
	}
	return out
}

func pairLiterals(s *kv.Scanner, fields []Field) (out []literal) {
	sep := "="
	if s.Sep != 0 {
		sep = string(s.Sep)
	}
	pair := " "
	switch {
	case s.PairSeq != "":
		pair = s.PairSeq
	case s.Pair != 0:
		pair = string(s.Pair)
	case s.PairAny != "":
		pair = ""
	}
	for _, f := range fields {
		rare := rareKey(f.Key)
		out = append(out, literal{f.Key + sep, rare}, literal{pair + f.Key + sep, rare})
		for _, q := range s.Quotes {
			out = append(out, literal{pair + f.Key + sep + string(q), rare})
		}
	}
	return out
}

// telling is how long a text must be that stands for some of the lines alone: " ms" is in too many others.
const telling = 6

// cover are texts of which every line has one, where no text is in all of them, and how many lines have none.
func (m *mapper) cover(lines [][]byte) (out []string, without int) {
	left := slices.DeleteFunc(slices.Clone(lines), func(l []byte) bool { return m.spec.Columns != nil && bytes.HasPrefix(l, []byte(directive)) })
	candidates := slices.DeleteFunc(m.literals(), func(c literal) bool { return len(c.text) < telling })
	for len(left) > 0 {
		best, most := "", 0
		for _, c := range candidates {
			n := 0
			for _, l := range left {
				if bytes.Contains(l[:min(len(l), manifest.RecognisedBytes)], []byte(c.text)) {
					n++
				}
			}
			if n > most || n == most && len(c.text) > len(best) {
				best, most = c.text, n
			}
		}
		if most == 0 {
			break
		}
		out = append(out, best)
		left = slices.DeleteFunc(left, func(l []byte) bool { return bytes.Contains(l[:min(len(l), manifest.RecognisedBytes)], []byte(best)) })
	}
	return out, len(left)
}

// constants say what the lines are.
func (m *mapper) constants() (out []Constant) {
	add := func(field string, values ...string) {
		if !m.written[field] && values[0] != "" {
			out = append(out, Constant{field, values})
		}
	}
	category, kind := m.category()
	if len(category) > 0 {
		add("event.category", category...)
	}
	add("event.dataset", m.spec.ID+"."+m.dataset())
	add("event.kind", kind)
	add("event.module", m.spec.ID)
	add("observer.product", m.spec.Product)
	add("observer.type", m.spec.DeviceType)
	add("observer.vendor", m.spec.Vendor)
	return out
}

// category is event.category and event.kind, by what the lines have.
func (m *mapper) category() (category []string, kind string) {
	kind = "event"
	w := m.written
	if w["rule.name"] && (m.hasKey("attack", "threat", "signature", "攻击", "威胁") || m.spec.DeviceType == "ips" || m.spec.DeviceType == "waf") {
		category, kind = append(category, "intrusion_detection"), "alert"
	}
	switch {
	case w["http.request.method"] || w["http.response.status_code"]:
		category = append(category, "web")
	case w["source.ip"] && w["destination.ip"]:
		category = append(category, "network")
	case w["user.name"] && w["source.ip"] || m.hasKey("login", "登录"):
		category = append(category, "authentication")
	case w["process.name"] || w["process.pid"]:
		category = append(category, "process")
	}
	return category, kind
}

func (m *mapper) hasKey(words ...string) bool {
	for _, f := range m.spec.Fields {
		for _, w := range words {
			if strings.Contains(strings.ToLower(f.Key), w) {
				return true
			}
		}
	}
	return false
}

// dataset is the second part of event.dataset.
func (m *mapper) dataset() string {
	w := m.written
	switch {
	case w["http.request.method"] && w["http.response.status_code"]:
		return "access"
	case w["source.ip"] && w["destination.ip"] && w["destination.port"]:
		return "traffic"
	case w["user.name"] && w["source.ip"]:
		return "auth"
	}
	return "log"
}
