package scaffold

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/infer"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// parserView is what the templates of an inferred parser are filled with.
type parserView struct {
	*infer.Spec
	Kind    string
	Device  string // for sentences: "ACME firewalls", "the device"
	Shape   string // for the package comment
	Example string // the beginning of a sample
	Own     []ownView
	uses    map[infer.As]bool
	handles map[string]string // of fields, by name
	words   map[infer.As][]infer.Word
	numbers infer.Field // the column AsLevel that has numbers
}

// ownView is a field of the plugin's own.
type ownView struct {
	infer.Own
	Var  string
	Kind string // constant of package ecs
}

func newParserView(s *infer.Spec) *parserView {
	v := &parserView{Spec: s, Kind: "parser", uses: map[infer.As]bool{}, handles: map[string]string{}, words: map[infer.As][]infer.Word{}}
	v.Device = strings.TrimSpace(s.Vendor + " " + strings.TrimPrefix(s.Product, s.Vendor+" "))
	if v.Device == "" {
		v.Device = s.ID
	}
	used := map[string]bool{}
	for _, o := range s.Own {
		name := variable(o.Name, used)
		v.handles[o.Name] = name
		v.Own = append(v.Own, ownView{o, name, map[ecs.Type]string{
			ecs.Keyword: "Keyword", ecs.Long: "Long", ecs.Double: "Double", ecs.Boolean: "Boolean", ecs.IP: "IP", ecs.Date: "Date",
		}[o.Type]})
	}
	for _, f := range v.all() {
		v.uses[f.As] = true
		if f.As == infer.AsLevel && f.Number {
			if v.numbers.Max <= f.Max {
				v.numbers = f
			}
		}
		for _, w := range f.Words {
			if !slices.Contains(v.words[f.As], w) {
				v.words[f.As] = append(v.words[f.As], w)
			}
		}
	}
	v.Example = s.Sample
	if len(v.Example) > 110 {
		cut := 110
		for cut > 0 && v.Example[cut]&0xc0 == 0x80 {
			cut--
		}
		v.Example = v.Example[:cut] + "…"
	}
	v.Shape = map[infer.Format]string{
		infer.KeyValue: "Lines are pairs of a key and a value", infer.JSON: "Lines are JSON objects", infer.CEF: "Lines are CEF messages",
		infer.LEEF: "Lines are LEEF messages", infer.Delimited: "Lines are columns", infer.Structured: "Lines are structured data of RFC 5424",
		infer.Text: "Lines are sentences with values in them",
	}[s.Format]
	if s.Header != nil && s.Format != infer.Structured {
		v.Shape += " behind a syslog header"
	}
	return v
}

// all are the fields of all parts of a line.
func (v *parserView) all() []infer.Field {
	return slices.Concat(v.Head, v.Fields)
}

// Delimiter is the Go expression of the scanner of columns.
func (v *parserView) Delimiter() string {
	var parts []string
	c := v.Columns
	switch {
	case len(c.Sep) > 1:
		parts = append(parts, fmt.Sprintf("SepSeq: %q", c.Sep))
	case c.Sep != ",":
		parts = append(parts, fmt.Sprintf("Sep: %q", rune(c.Sep[0])))
	}
	if c.Quotes != "" {
		parts = append(parts, "Quotes: `"+c.Quotes+"`")
	}
	return "delimited.Scanner{" + strings.Join(parts, ", ") + "}"
}

// Uses says whether a value of the lines becomes a field that way.
func (v *parserView) Uses(as string) bool { return v.uses[infer.As(as)] }

// Helpers says whether values need more than a setter.
func (v *parserView) Helpers() bool {
	for _, as := range []infer.As{
		infer.AsLevel, infer.AsAction, infer.AsOutcome, infer.AsTransport, infer.AsBlocked, infer.AsSignature,
	} {
		if v.uses[as] {
			return true
		}
	}
	return v.DurationClock()
}

// Writes says whether the samples give the field.
func (v *parserView) Gives(field string) bool { return slices.Contains(v.Spec.Writes, field) }

// Zone is the Go expression of the zone of times of a layout.
func (v *parserView) zone(layout string) string {
	if v.Time.Zone && !strings.HasPrefix(layout, "unix") && !strings.Contains(layout, "Z07") && !strings.Contains(layout, "-07") {
		return "p.zone"
	}
	return "nil"
}

// Handle is the Go expression of a field.
func (v *parserView) Handle(name string) string {
	if h, ok := v.handles[name]; ok {
		return h
	}
	return "ecs." + exported(name)
}

// layouts are spelt by their names in packages time and timestamp.
var layouts = map[string]string{
	"2006-01-02 15:04:05": "time.DateTime", "2006-01-02T15:04:05Z07:00": "time.RFC3339", "Jan _2 15:04:05": "time.Stamp",
	"unix": "timestamp.Unix", "unix_ms": "timestamp.UnixMilli", "unix_us": "timestamp.UnixMicro", "unix_ns": "timestamp.UnixNano",
}

func layoutExpr(layout string) string {
	if name, ok := layouts[layout]; ok {
		return name
	}
	return strconv.Quote(layout)
}

// units are the Go expressions of units of durations.
var units = map[string]string{"ns": "time.Nanosecond", "us": "time.Microsecond", "ms": "time.Millisecond", "s": "time.Second"}

// Set is the Go statement that does with the value v what is to be done with it.
func (v *parserView) Set(f infer.Field, value string) string {
	set := v.set(f, value)
	if f.First && v.Format == infer.JSON {
		return "if it.Index() <= 0 { // of several the first\n" + set + "\n}"
	}
	return set
}

func (v *parserView) set(f infer.Field, value string) string {
	h := v.Handle(f.Name)
	switch f.As {
	case infer.AsTime:
		if f.Name == "@timestamp" {
			return fmt.Sprintf("ev.SetTime(%s, %s, %s)", layoutExpr(f.Layout), v.zone(f.Layout), value)
		}
		return fmt.Sprintf("ev.SetTimeField(%s, %s, %s, %s)", h, layoutExpr(f.Layout), v.zone(f.Layout), value)
	case infer.AsDate, infer.AsClock:
		return fmt.Sprintf("%s = %s", f.As, value)
	case infer.AsLevel, infer.AsAction, infer.AsOutcome, infer.AsTransport, infer.AsBlocked, infer.AsSignature:
		return fmt.Sprintf("%s(ev, %s)", f.As, value)
	case infer.AsRequest:
		return fmt.Sprintf("ev.SetRequest(%s)", value)
	case infer.AsURL:
		return fmt.Sprintf("ev.SetURL(%s)", value)
	case infer.AsDuration:
		if f.Unit == "clock" {
			return fmt.Sprintf("clockDuration(ev, %s)", value)
		}
		return fmt.Sprintf("ev.SetDuration(%s, %s, %s)", h, value, units[f.Unit])
	case infer.AsEndpoint:
		return fmt.Sprintf("ev.SetIPPort(%s, %s, %s)", h, v.Handle(f.Second), value)
	case infer.AsProtocol:
		return fmt.Sprintf("ev.Set(%s, bytes.TrimPrefix(%s, []byte(\"HTTP/\")))", h, value)
	}
	switch {
	case f.Name == "source.mac" || f.Name == "destination.mac":
		return fmt.Sprintf("ev.SetMAC(%s, %s)", h, value)
	case v.Format == infer.JSON && f.Type == ecs.Keyword:
		return fmt.Sprintf("ev.SetDecoded(%s, %s, jsonscan.AppendUnescaped)", h, value)
	case v.Format == infer.CEF && f.Type == ecs.Keyword:
		return fmt.Sprintf("ev.SetDecoded(%s, %s, cef.AppendUnescaped)", h, value)
	case f.Type == ecs.IP:
		return fmt.Sprintf("ev.SetIP(%s, %s)", h, value)
	}
	return fmt.Sprintf("ev.Set(%s, %s)", h, value)
}

// Cases are the fields that are set alike, with all keys they come under.
type Cases struct {
	Keys []string
	Set  string
}

// Cases are the cases of a switch over keys, in order of appearance.
func (v *parserView) Cases() []Cases { return v.cases(false) }

// LeadCases are those of what stands in front of the first pair.
func (v *parserView) LeadCases() []Cases { return v.cases(true) }

func (v *parserView) cases(lead bool) (out []Cases) {
	at := map[string]int{}
	for _, f := range v.Fields {
		if f.Lead != lead {
			continue
		}
		set := v.Set(f, "v")
		if i, ok := at[set]; ok {
			out[i].Keys = append(out[i].Keys, strconv.Quote(f.Key))
			continue
		}
		at[set] = len(out)
		out = append(out, Cases{[]string{strconv.Quote(f.Key)}, set})
	}
	return out
}

// SplitTime is the layout of a @timestamp in two values; empty if it is in one.
func (v *parserView) SplitTime() string {
	for _, f := range v.Fields {
		if f.As == infer.AsDate {
			return fmt.Sprintf("ev.SetTime(%s, %s, date, clock)", layoutExpr(f.Layout), v.zone(f.Layout))
		}
	}
	return ""
}

// HeaderTime is the statement that sets @timestamp from the syslog header; empty if the body does.
func (v *parserView) HeaderTime() string {
	if v.Header == nil || v.Header.Layout == "" {
		return ""
	}
	return fmt.Sprintf("ev.SetTime(%s, %s, h.Timestamp)", layoutExpr(v.Header.Layout), v.zone(v.Header.Layout))
}

// Decision is a group of words that mean the same.
type Decision struct {
	Words         []string
	Type, Outcome string
}

// Decisions are the groups of an action or a result in words.
func (v *parserView) Decisions(as string) (out []Decision) {
	at := map[[2]string]int{}
	for _, w := range v.words[infer.As(as)] {
		k := [2]string{w.Type, w.Outcome}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Decision{Type: w.Type, Outcome: w.Outcome})
		}
		if q := strconv.Quote(w.Text); !slices.Contains(out[i].Words, q) {
			out[i].Words = append(out[i].Words, q)
		}
	}
	return out
}

// LevelNumbers says whether severities are numbers.
func (v *parserView) LevelNumbers() bool { return v.uses[infer.AsLevel] && v.numbers.Number }

// LevelWords says whether severities are words.
func (v *parserView) LevelWords() bool { return len(v.words[infer.AsLevel]) > 0 }

// DurationUnits says whether durations are numbers, and DurationClock whether they are h:mm:ss.
func (v *parserView) DurationUnits() bool { return v.durations(false) }

// DurationClock says whether durations are h:mm:ss.
func (v *parserView) DurationClock() bool { return v.durations(true) }

func (v *parserView) durations(clock bool) bool {
	return slices.ContainsFunc(v.all(), func(f infer.Field) bool { return f.As == infer.AsDuration && (f.Unit == "clock") == clock })
}

// Scanner is the Go expression of the scanner of pairs.
func (v *parserView) Scanner() string {
	var parts []string
	s := v.KV
	if s.Pair != 0 {
		parts = append(parts, fmt.Sprintf("Pair: %q", rune(s.Pair)))
	}
	if s.PairAny != "" {
		parts = append(parts, fmt.Sprintf("PairAny: %q", s.PairAny))
	}
	if s.PairSeq != "" {
		parts = append(parts, fmt.Sprintf("PairSeq: %q", s.PairSeq))
	}
	if s.Sep != 0 {
		parts = append(parts, fmt.Sprintf("Sep: %q", rune(s.Sep)))
	}
	if s.SepBlanks {
		parts = append(parts, "SepBlanks: true")
	}
	if s.Quotes != "" {
		if strings.Contains(s.Quotes, `"`) {
			parts = append(parts, "Quotes: `"+s.Quotes+"`")
		} else {
			parts = append(parts, fmt.Sprintf("Quotes: %q", s.Quotes))
		}
	}
	if s.FreeText {
		parts = append(parts, "FreeText: true")
	}
	if s.LongValues {
		parts = append(parts, "LongValues: true")
	}
	return "kv.Scanner{" + strings.Join(parts, ", ") + "}"
}

// QuotedBlanks are the texts that stand for nothing, as Go strings.
func (v *parserView) QuotedBlanks() string {
	var out []string
	for _, b := range v.Blanks {
		out = append(out, strconv.Quote(b))
	}
	return strings.Join(out, ", ")
}

// Declared says whether a field is the plugin's own.
func (v *parserView) Declared(name string) *infer.Own {
	for i := range v.Spec.Own {
		if v.Spec.Own[i].Name == name {
			return &v.Spec.Own[i]
		}
	}
	return nil
}

// Mapped are the rows of the README's table: what of the line becomes what.
func (v *parserView) Mapped() (rows [][2]string) {
	add := func(prefix string, fields []infer.Field) {
		for _, f := range fields {
			to := "`" + f.Name + "`"
			switch f.As {
			case infer.AsLevel:
				if f.Number {
					to = "`event.severity` as it is, `log.level`"
				}
			case infer.AsEndpoint:
				to += ", `" + f.Second + "`"
			case infer.AsDuration:
				to += ", in nanoseconds"
			case infer.AsRequest:
				to = "`http.request.method`, `url.original` and its parts, `http.version`"
			case infer.AsURL:
				to += " and its parts"
			case infer.AsBlocked:
				to = "`event.action` blocked or detected, `event.type`, `event.outcome`"
			case infer.AsSignature:
				to = "`rule.id` and `rule.name`"
			case infer.AsAction:
				if len(f.Words) > 0 {
					to += ", and by its word `event.type` and `event.outcome`"
				}
			}
			row := [2]string{prefix + "`" + f.Key + "`", to}
			if !slices.Contains(rows, row) {
				rows = append(rows, row)
			}
		}
	}
	add("", v.all())
	return rows
}
