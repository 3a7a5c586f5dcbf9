package frame

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/sdk/client"
)

// Explain makes a table of an event's fields: who wrote each, how, and from which bytes of the line.
func Explain(e *client.Explanation) *data.Frame {
	versions := map[string]string{}
	for _, p := range e.Plugins {
		versions[p.ID] = p.Version
	}
	n := len(e.Fields)
	names, values, by, version, how, texts, now := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	start, end := make([]*int64, n), make([]*int64, n)
	differs := make([]bool, n)
	for i, f := range e.Fields {
		names[i], values[i], by[i], version[i], how[i] = f.Name, display(f.Value), f.By, versions[f.By], f.How
		differs[i] = f.Differs
		if f.Differs {
			now[i] = display(f.Now)
		}
		if f.Bytes != nil {
			s, e := int64(f.Bytes.Start), int64(f.Bytes.End)
			start[i], end[i], texts[i] = &s, &e, f.Bytes.Text
		}
	}
	described := func(name, about string, v any) *data.Field {
		f := data.NewField(name, nil, v)
		f.Config = &data.FieldConfig{Description: about}
		return f
	}
	f := data.NewFrame("explanation",
		data.NewField("field", nil, names), data.NewField("value", nil, values),
		described("plugin", "Who wrote the value: a plugin, a rule, the host or an input.", by), data.NewField("version", nil, version),
		described("how", "line: it stands in the line; made: computed of it; constant: of the plugin's manifest.", how),
		described("start", "First byte of the line that the value is from, from 0.", start), described("end", "The byte behind the last one.", end),
		described("text", "These bytes of the line.", texts),
		described("differs", "The plugin makes another value today than is stored: masking took it, or what it looks up has changed.", differs),
		described("now", "The value that it makes today, where it differs.", now))
	var notices []data.Notice
	for _, note := range e.Notes {
		notices = append(notices, Info("%s", note))
	}
	for _, p := range e.Plugins {
		if p.Note != "" {
			notices = append(notices, Info("plugin %s: %s", p.ID, p.Note))
		}
	}
	f.Meta = table(Custom{}, `event.id:"`+e.EventID+`"`, notices)
	f.Meta.Custom = map[string]any{"line": e.Line, "event_id": e.EventID, "plugins": e.Plugins}
	return f
}

// display is a value of an explanation for people.
func display(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		if b[0] == '[' {
			b = appendList(nil, b)
		}
		return string(b)
	}
}

// DeadLetters makes a table of events that could not be handled, the newest first.
func DeadLetters(letters []client.DeadLetter, c Custom, executed string, notices ...data.Notice) *data.Frame {
	n := len(letters)
	times, redriven, held := make([]time.Time, n), make([]*time.Time, n), make([]bool, n)
	cols := make([][]string, 10)
	for i := range cols {
		cols[i] = make([]string, n)
	}
	for i, l := range letters {
		times[i], held[i] = l.Time.UTC(), l.Held
		redriven[i] = when(l.Redriven)
		for j, v := range []string{l.Stage, l.Plugin, l.Version, l.Reason, l.Message, l.Input, l.Address, l.Host, l.Text, l.ID} {
			cols[j][i] = v
		}
	}
	f := data.NewFrame("dead letters", data.NewField("time", nil, times))
	for j, name := range []string{"stage", "plugin", "version", "reason", "message", "input", "address", "host", "line"} {
		f.Fields = append(f.Fields, data.NewField(name, nil, cols[j]))
	}
	f.Fields = append(f.Fields, data.NewField("held", nil, held), data.NewField("redriven", nil, redriven), data.NewField("id", nil, cols[9]))
	f.Meta = table(c, executed, notices)
	return f
}

// when is a time that may be missing.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Plugins makes a table of how the host's plugins are. Counters count since the host started.
func Plugins(plugins []client.Plugin) *data.Frame {
	n := len(plugins)
	text, ints, floats := make([][]string, 6), make([][]int64, 8), make([][]float64, 2)
	for i := range text {
		text[i] = make([]string, n)
	}
	for i := range ints {
		ints[i] = make([]int64, n)
	}
	for i := range floats {
		floats[i] = make([]float64, n)
	}
	healthy, memory, lag := make([]bool, n), make([]int64, n), make([]*float64, n)
	started, failed := make([]*time.Time, n), make([]*time.Time, n)
	for i, p := range plugins {
		for j, v := range []string{p.ID, p.Kind, p.Version, p.State, p.Reason, p.LastFailure} {
			text[j][i] = v
		}
		for j, v := range []uint64{p.Calls, p.Rows, p.Errors, p.Restarts, p.Retries, p.Poisoned, p.BadValues, p.Dropped} {
			ints[j][i] = int64(v) //nolint:gosec // no counter comes that far
		}
		floats[0][i], floats[1][i] = p.CPUSeconds, p.MsPerMB
		healthy[i] = p.State == "running" || p.State == "disabled"
		memory[i], lag[i] = p.MemoryBytes, p.LagSeconds
		started[i], failed[i] = when(p.Started), when(p.FailedAt)
	}
	f := data.NewFrame("plugins")
	add := func(name, unit string, v any) {
		field := data.NewField(name, nil, v)
		if unit != "" {
			field.Config = &data.FieldConfig{Unit: unit}
		}
		f.Fields = append(f.Fields, field)
	}
	for j, name := range []string{"plugin", "kind", "version", "state", "reason"} {
		add(name, "", text[j])
	}
	add("healthy", "", healthy)
	add("cpu", "s", floats[0])
	add("cpu per MB", "ms", floats[1])
	add("memory", "bytes", memory)
	add("lag", "s", lag)
	for j, name := range []string{"calls", "events", "errors", "restarts", "retries", "poisoned", "bad values", "dropped"} {
		add(name, "short", ints[j])
	}
	add("started", "", started)
	add("last failure", "", text[5])
	add("failed at", "", failed)
	f.Meta = table(Custom{}, "plugins", nil)
	return f
}

// InputRates are what came in in a second, by the names of inputs; nil where it is not known yet.
type InputRates map[string]struct{ Records, Bytes float64 }

// Inputs makes a table of how the host's inputs are. Counters count since the host started.
func Inputs(inputs []client.Input, rates InputRates, notices ...data.Notice) *data.Frame {
	n := len(inputs)
	text, ints, perSecond := make([][]string, 6), make([][]int64, 8), make([][]*float64, 2)
	for i := range text {
		text[i] = make([]string, n)
	}
	for i := range ints {
		ints[i] = make([]int64, n)
	}
	for i := range perSecond {
		perSecond[i] = make([]*float64, n)
	}
	last := make([]*time.Time, n)
	for i, in := range inputs {
		for j, v := range []string{in.Name, in.Kind, in.State, strings.Join(in.Address, ", "), in.LastError, reasons(in.Dropped)} {
			text[j][i] = v
		}
		dropped := int64(0)
		for _, d := range in.Dropped {
			dropped += d
		}
		for j, v := range []int64{in.Records, in.Bytes, in.Connections, in.Accepted, dropped, in.Truncated, in.Decoded, in.Errors} {
			ints[j][i] = v
		}
		if r, ok := rates[in.Name]; ok {
			perSecond[0][i], perSecond[1][i] = &r.Records, &r.Bytes
		}
		last[i] = when(in.LastRecord)
	}
	f := data.NewFrame("inputs")
	add := func(name, unit string, v any) {
		field := data.NewField(name, nil, v)
		if unit != "" {
			field.Config = &data.FieldConfig{Unit: unit}
		}
		f.Fields = append(f.Fields, field)
	}
	for j, name := range []string{"input", "kind", "state", "address"} {
		add(name, "", text[j])
	}
	add("record rate", "wps", perSecond[0])
	add("byte rate", "Bps", perSecond[1])
	add("records", "short", ints[0])
	add("bytes", "bytes", ints[1])
	add("connections", "short", ints[2])
	add("accepted", "short", ints[3])
	add("dropped", "short", ints[4])
	add("dropped by", "", text[5])
	add("truncated", "short", ints[5])
	add("decoded", "short", ints[6])
	add("errors", "short", ints[7])
	add("last error", "", text[4])
	add("last record", "", last)
	f.Meta = table(Custom{}, "inputs", notices)
	return f
}

// reasons lists counts by what they count.
func reasons(counts map[string]int64) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		if counts[k] > 0 {
			list = append(list, fmt.Sprintf("%s %d", k, counts[k]))
		}
	}
	return strings.Join(list, ", ")
}
