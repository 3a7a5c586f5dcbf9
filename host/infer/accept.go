package infer

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/logcenter/logcenter/sdk/kv"
)

// recognised is how much of a line the host's recognisers look at.
const recognised = 512

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

// accepts are recognisers that take all samples, as narrow as the samples allow: the line's beginning and a text
// that no other device is likely to write. Values are none of them, as those of other lines are others.
func (m *mapper) accepts(lines [][]byte, h *headers) []Accept {
	a := Accept{}
	if app := h.program(); app != "" {
		a.AppName = []string{app}
	}
	if p := m.prefix(lines); p != "" {
		a.Prefix = []string{p}
	}
	if list := m.requests(); list != nil {
		a.Contains, a.Prefix = list, nil
		return []Accept{a}
	}
	best := ""
	if m.class != "" {
		a.Contains = []string{"%%" + m.class + "/"}
		return []Accept{a}
	}
	for _, c := range m.literals() {
		if len(c) > max(len(best), 2) && inAll(lines, c) {
			best = c
		}
	}
	if best != "" && !slices.Contains(a.Prefix, best) {
		a.Contains = []string{best}
	}
	if a.Prefix == nil && a.Contains == nil && a.AppName == nil {
		a.Contains = m.cover(lines)
	}
	return []Accept{a}
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
		before, after = c.Sep, c.Sep
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

func inAll(lines [][]byte, text string) bool {
	for _, l := range lines {
		if !bytes.Contains(l[:min(len(l), recognised)], []byte(text)) {
			return false
		}
	}
	return true
}

// prefix is a beginning of all lines that is not a value.
func (m *mapper) prefix(lines [][]byte) string {
	for _, c := range m.literals() {
		if len(c) < 3 {
			continue
		}
		all := true
		for _, l := range lines {
			all = all && bytes.HasPrefix(l, []byte(c))
		}
		if all {
			return c
		}
	}
	return ""
}

// literals are texts of the format itself, without values.
func (m *mapper) literals() (out []string) {
	if m.spec.Format == KeyValue {
		out = append(out, pairLiterals(&m.spec.KV, m.spec.Fields)...)
	}
	if m.spec.Format == JSON {
		for _, f := range m.spec.Fields {
			key := f.Key[strings.LastIndexByte(f.Key, '.')+1:]
			out = append(out, strconv.Quote(key)+":")
		}
	}
	if m.spec.Format == Structured {
		for _, f := range m.spec.Fields {
			out = append(out, " "+f.Key+`="`)
		}
	}
	if m.spec.Literal != "" {
		out = append(out, m.spec.Literal)
	}
	if c := m.spec.Columns; c != nil {
		out = append(out, c.literals()...)
	}
	for _, t := range m.spec.Templates {
		for _, p := range t.Parts {
			if text := strings.TrimRight(p.Text, ` "`); p.Name == "" && strings.ContainsFunc(text, unicode.IsLetter) && !strings.ContainsFunc(text, unicode.IsDigit) {
				out = append(out, text)
			}
		}
	}
	return out
}

// literals are values that stand in the same column of all lines: words in capitals, which name the kind of a line.
func (c *Columns) literals() (out []string) {
	for i, v := range c.Constant {
		if v == strings.ToUpper(v) && strings.ContainsFunc(v, unicode.IsLetter) && i > 0 {
			out = append(out, c.Sep+v+c.Sep)
		}
	}
	for _, w := range c.Words {
		if len(w) > 1 {
			out = append(out, c.Sep+w+c.Sep)
		}
	}
	return append(out, c.Sep)
}

func pairLiterals(s *kv.Scanner, fields []Field) (out []string) {
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
		out = append(out, f.Key+sep, pair+f.Key+sep)
	}
	return out
}

// cover are texts of which every line has one, where no text is in all of them.
func (m *mapper) cover(lines [][]byte) (out []string) {
	left := slices.DeleteFunc(slices.Clone(lines), func(l []byte) bool { return m.spec.Columns != nil && bytes.HasPrefix(l, []byte(directive)) })
	for len(left) > 0 {
		best, most := "", 0
		for _, c := range m.literals() {
			n := 0
			for _, l := range left {
				if bytes.Contains(l[:min(len(l), recognised)], []byte(c)) {
					n++
				}
			}
			if n > most || n == most && len(c) > len(best) {
				best, most = c, n
			}
		}
		if most == 0 {
			break
		}
		out = append(out, best)
		left = slices.DeleteFunc(left, func(l []byte) bool { return bytes.Contains(l[:min(len(l), recognised)], []byte(best)) })
	}
	return out
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
