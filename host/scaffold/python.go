package scaffold

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/infer"
)

// pythonView is what the templates of a parser in Python are filled with.
type pythonView struct{ *parserView }

// Lang is the language of the plugin.
func (v *pythonView) Lang() string { return "python" }

// strptime are the parts of Go's layouts, longest first, and what Python calls them.
var strptime = [][2]string{
	{"January", "%B"},
	{"2006", "%Y"},
	{"Mon", "%a"},
	{"Jan", "%b"},
	{"-07:00", "%z"},
	{"-0700", "%z"},
	{"Z07:00", "%z"},
	{"15", "%H"},
	{"01", "%m"},
	{"02", "%d"},
	{"MST", "%Z"},
	{"_2", "%d"},
	{"03", "%I"},
	{"04", "%M"},
	{"05", "%S"},
	{"PM", "%p"},
}

// pythonLayout is a layout of package timestamp as the SDK for Python takes it.
func pythonLayout(layout string) string {
	switch layout {
	case "unix":
		return "epoch"
	case "unix_ms", "unix_us", "unix_ns":
		return "epoch" + strings.TrimPrefix(layout, "unix")
	case "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05":
		return "iso"
	}
	var b strings.Builder
next:
	for len(layout) > 0 {
		for _, p := range strptime {
			if rest, ok := strings.CutPrefix(layout, p[0]); ok {
				b.WriteString(p[1])
				layout = rest
				continue next
			}
		}
		b.WriteByte(layout[0])
		layout = layout[1:]
	}
	return b.String()
}

// pythonBytes is a text as bytes of Python.
func pythonBytes(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
		return strconv.Quote(s) + ".encode()"
	}
	return "b" + strconv.Quote(s)
}

// Plain are the keys whose values are set as they are: a key and its field.
func (v *pythonView) Plain() (out [][2]string) {
	for _, f := range v.each() {
		if f.As == infer.AsValue {
			out = append(out, [2]string{pythonBytes(f.Key), strconv.Quote(f.Name)})
		}
	}
	return out
}

// each is every field once.
func (v *pythonView) each() (out []infer.Field) {
	for _, f := range v.all() {
		if !slices.ContainsFunc(out, func(o infer.Field) bool { return o.Key == f.Key }) {
			out = append(out, f)
		}
	}
	return out
}

// First are the keys of which a line may have several, and the first one counts.
func (v *pythonView) First() (out []string) {
	for _, f := range v.each() {
		if f.First {
			out = append(out, pythonBytes(f.Key))
		}
	}
	return out
}

// Special are the keys whose values need more: a condition and a statement.
func (v *pythonView) Special() (out [][2]string) {
	for _, f := range v.each() {
		set := ""
		zone := ""
		if v.zone(f.Layout) == "p.zone" {
			zone = ", zone=self.zone"
		}
		switch f.As {
		case infer.AsValue:
			continue
		case infer.AsTime:
			field := ""
			if f.Name != "@timestamp" {
				field = fmt.Sprintf(", field=%q", f.Name)
			}
			set = fmt.Sprintf("ev.time(%q, v%s%s)", pythonLayout(f.Layout), zone, field)
		case infer.AsDate, infer.AsClock:
			set = fmt.Sprintf("%s = v", f.As)
		case infer.AsDuration:
			if f.Unit == "clock" {
				set = "clock_duration(ev, v)"
			} else {
				set = fmt.Sprintf("duration(ev, v, %s)", map[string]string{"ns": "1", "us": "10**3", "ms": "10**6", "s": "10**9"}[f.Unit])
			}
		case infer.AsEndpoint:
			set = fmt.Sprintf("endpoint(ev, %q, %q, v)", f.Name, f.Second)
		case infer.AsProtocol:
			set = fmt.Sprintf("ev.set(%q, v.removeprefix(b\"HTTP/\"))", f.Name)
		case infer.AsURL:
			set = "location(ev, v)"
		default:
			set = fmt.Sprintf("%s(ev, v)", f.As)
		}
		out = append(out, [2]string{pythonBytes(f.Key), set})
	}
	return out
}

// Split is the statement that sets a @timestamp from two values; empty if it is in one.
func (v *pythonView) Split() string {
	for _, f := range v.all() {
		if f.As == infer.AsDate {
			zone := ""
			if v.zone(f.Layout) == "p.zone" {
				zone = ", zone=self.zone"
			}
			return fmt.Sprintf("ev.time(%q, date, clock%s)", pythonLayout(f.Layout), zone)
		}
	}
	return ""
}

// HeaderLayout is the layout of the time in the syslog header; empty if it is not used.
func (v *pythonView) HeaderLayout() string {
	if v.Header == nil || v.Header.Layout == "" {
		return ""
	}
	zone := ""
	if v.zone(v.Header.Layout) == "p.zone" {
		zone = ", zone=self.zone"
	}
	return fmt.Sprintf("ev.time(%q, m[\"time\"]%s)", pythonLayout(v.Header.Layout), zone)
}

// HeaderPattern is the regular expression of the syslog header.
func (v *pythonView) HeaderPattern() string {
	h := v.Header
	if h.Modern {
		pattern := `<(?P<pri>\d+)>\d`
		for _, name := range [...]string{"time", "host", "app", "pid", "msgid"} {
			pattern += ` (?:-|(?P<` + name + `>\S+))(?= )`
		}
		if v.Format == infer.Structured {
			return pattern + ` (?P<data>-|(?:\[(?:[^"\]]|"(?:\\.|[^"\\])*")*\])+) ?`
		}
		// What is no structured data as RFC 5424 has it is what the device says.
		return pattern + ` (?:(?:-|(?:\[[^\s="\]]+(?: [^\s="\]]+="(?:[^"\\\]]|\\.)*")*\])+)(?: |$))?`
	}
	var b strings.Builder
	if h.Priority {
		b.WriteString(`(?:<(?P<pri>\d+)>)?`)
	}
	if h.Host || h.Layout != "" || h.App {
		b.WriteString(`[*.]?(?P<time>[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?[\d:.]+(?: \d{4}(?= ))?|\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)\s*`)
		b.WriteString(`(?:(?P<host>[^\s%=\[]+?)(?:\s*:)?(?=%| )\s*)?`)
	}
	if h.App {
		b.WriteString(`(?:(?P<app>[\w./-]+)(?:\[(?P<pid>[^\]]+)\])?:\s)?`)
	}
	return b.String()
}

// pythonKinds are kinds of package template as regular expressions. As there, nothing is tried twice: the quantifiers
// are possessive.
var pythonKinds = map[string]string{
	"int": `[-+]?+\d++|-`, "number": `[-+]?+\d++(?:\.\d++)?+|-`, "ip": `\d{1,3}+(?:\.\d{1,3}+){3}|[\da-fA-F]*+:[\da-fA-F:.]*+|-`, "quoted": `(?:\\.|[^"\\])*+`,
}

// Expressions are the templates as regular expressions.
func (v *pythonView) Expressions() (out []string) {
	for _, t := range v.Templates {
		out = append(out, pythonExpression(&t))
	}
	return out
}

// LeadExpression is what stands in front of the first pair.
func (v *pythonView) LeadExpression() string {
	if v.Lead == nil {
		return ""
	}
	return "%*" + pythonExpression(v.Lead)
}

func pythonExpression(t *infer.Template) string {
	var b strings.Builder
	for i, p := range t.Parts {
		if p.Name == "" {
			b.WriteString(pythonText(p.Text))
			continue
		}
		expr, ok := pythonKinds[p.Kind]
		if !ok {
			char := "."
			if p.Kind == "word" {
				char = `\S`
			}
			if i+1 < len(t.Parts) && t.Parts[i+1].Name == "" { // up to the first place that has the text behind it
				char = "(?:(?!" + pythonText(t.Parts[i+1].Text) + ")" + char + ")"
			}
			expr = char + "*+"
		}
		if p.Skip {
			expr = "(?:" + expr + ")"
		} else {
			expr = "(?P<" + p.Name + ">" + expr + ")"
		}
		if p.Kind == "quoted" {
			expr = `"` + expr + `"`
		}
		b.WriteString(expr)
	}
	return b.String()
}

var blankRuns = regexp.MustCompile(`[ \t]+`)

// pythonText is a text in which any number of blanks may stand for some.
func pythonText(s string) string { return blankRuns.ReplaceAllString(regexp.QuoteMeta(s), `\s++`) }

// PairArguments are those of the SDK's pairs; empty if it cannot read the pairs, and PairExpression must.
func (v *pythonView) PairArguments() string {
	s := v.KV
	if s.PairAny != "" || s.SepBlanks || s.LongValues || s.Escape != 0 {
		return ""
	}
	pair, equals := " ", "="
	if s.Pair != 0 {
		pair = string(s.Pair)
	}
	if s.PairSeq != "" {
		pair = s.PairSeq
	}
	if s.Sep != 0 {
		equals = string(s.Sep)
	}
	return fmt.Sprintf("pair=%s, equals=%s, quote=%s", pythonBytes(pair), pythonBytes(equals), pythonBytes(s.Quotes))
}

// PairExpression reads what the SDK's pairs cannot.
func (v *pythonView) PairExpression() string {
	sep := "="
	if v.KV.Sep != 0 {
		sep = string(v.KV.Sep)
	}
	key := `[^\s=:;,|]+`
	ends := `\s`
	if v.KV.PairAny != "" {
		ends = "[" + regexp.QuoteMeta(v.KV.PairAny) + "]"
	}
	bare := `(?:(?!` + ends + `).)*+`
	if v.KV.LongValues {
		bare = `(?:(?!` + ends + key + `\s*` + sep + `).)*+`
	}
	value := `(?P<bare>` + bare + `)`
	for _, q := range v.KV.Quotes {
		value = string(q) + `(?P<quoted>[^` + string(q) + `]*)` + string(q) + `|` + value
	}
	return `(?P<key>` + key + `)\s*` + sep + `\s*(?:` + value + `)`
}

// Columns are the names of columns by number.
func (v *pythonView) ColumnNames() (out [][2]string) {
	for _, f := range v.Fields {
		out = append(out, [2]string{strconv.Itoa(f.Index), pythonBytes(f.Key)})
	}
	return out
}

// Class is the name of the plugin's class: acme_fw is AcmeFw.
func (v *pythonView) Class() string {
	return exported(strings.Trim(strings.ReplaceAll(v.ID, "_", "."), ".-")) + "Parser"
}

// Want is what a line that cannot be read should have been.
func (v *pythonView) Want() string {
	return map[infer.Format]string{
		infer.KeyValue: "want pairs of a key and a value", infer.JSON: "want a JSON object", infer.Delimited: "want columns",
		infer.CEF: "want CEF", infer.LEEF: "want LEEF", infer.Structured: "want structured data of RFC 5424", infer.Text: "no sentence that is known",
	}[v.Format]
}

// pythonRaw is a pattern as a raw bytes literal.
func pythonRaw(s string) string {
	switch {
	case strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 || r < ' ' }) || strings.Contains(s, `"""`) || strings.HasSuffix(s, `\`):
		return strconv.Quote(s) + ".encode()"
	case !strings.Contains(s, `"`):
		return `rb"` + s + `"`
	case !strings.Contains(s, "'"):
		return "rb'" + s + "'"
	}
	return `rb"""` + s + `"""`
}

// pythonWord is a quoted Go string as bytes of Python.
func pythonWord(quoted string) (string, error) {
	s, err := strconv.Unquote(quoted)
	return pythonBytes(s), err
}

// withPythonImports puts in place of the line IMPORTS what the source uses.
func withPythonImports(source []byte) []byte {
	text := string(source)
	has := func(pattern string) bool { return regexp.MustCompile(`(?m)` + pattern).MatchString(text) }
	var std, own []string
	for _, m := range []string{"csv", "json", "re"} {
		if has(`\b` + m + `\.\w+\(`) {
			std = append(std, "import "+m)
		}
	}
	for _, i := range [][2]string{
		{`@dataclass`, "from dataclasses import dataclass"}, {`Annotated\[`, "from typing import Annotated"}, {`ZoneInfo\(`, "from zoneinfo import ZoneInfo"},
	} {
		if has(i[0]) {
			std = append(std, i[1])
		}
	}
	for _, n := range []string{"Alert", "Detector", "Enricher", "Error", "Masker", "Notifier", "Parser", "RetryAfter", "pairs", "serve"} {
		if has(`\b` + n + `[(),:]`) {
			own = append(own, n)
		}
	}
	imports := "from logcenter import " + strings.Join(own, ", ") + "\n"
	if len(std) > 0 {
		imports = strings.Join(std, "\n") + "\n\n" + imports
	}
	text = strings.Replace(text, "IMPORTS\n", imports, 1)
	text = regexp.MustCompile(`\n{4,}`).ReplaceAllString(text, "\n\n\n")
	return []byte(strings.TrimRight(text, "\n") + "\n")
}
