package plugintest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// sample is one sample file: events by line.
type sample struct {
	name   string // path without .log or .events.jsonl
	file   string
	lines  [][]byte
	fields []map[string]any // beside the line; nil for plain logs
}

// samples are those in testdata, in the order of their names.
func samples(tb testing.TB) []sample {
	tb.Helper()
	var out []sample
	for _, ext := range []string{".log", ".events.jsonl"} {
		files, err := filepath.Glob(filepath.Join("testdata", "*"+ext))
		if err != nil {
			tb.Fatal(err)
		}
		for _, file := range files {
			s, err := readSample(file, ext)
			if err != nil {
				tb.Fatal(err)
			}
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		tb.Fatal("testdata has no sample: put lines into testdata/NAME.log")
	}
	slices.SortFunc(out, func(a, b sample) int { return strings.Compare(a.file, b.file) })
	return out
}

func readSample(file, ext string) (sample, error) {
	s := sample{name: strings.TrimSuffix(file, ext), file: file}
	data, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	if ext == ".log" {
		for _, l := range lines {
			s.lines = append(s.lines, bytes.ToValidUTF8(bytes.TrimSuffix(l, []byte("\r")), []byte("\uFFFD")))
		}
		return s, nil
	}
	for i, l := range lines {
		var e map[string]any
		d := json.NewDecoder(bytes.NewReader(l))
		d.UseNumber()
		if err := d.Decode(&e); err != nil {
			return s, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
		message, _ := e["message"].(string)
		delete(e, "message")
		s.lines = append(s.lines, []byte(message))
		s.fields = append(s.fields, e)
	}
	return s, nil
}

// batch makes a batch of events [from, to) as the host would send it to a plugin that reads the given fields.
func (f *sample) batch(from, to int) (*wire.Batch, error) {
	b := Lines(f.lines[from:to])
	if f.fields == nil {
		return b, nil
	}
	var names []string
	for _, e := range f.fields[from:to] {
		for name := range e {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		field, ok := ecs.Lookup(name)
		if !ok {
			return nil, fmt.Errorf("%s: field %s is neither known nor declared", f.file, name)
		}
		var w wire.Builder
		w.Reset(sdk.WireType(field.Type()), field.Info().List, to-from, b.Columns[0], nil)
		for row, e := range f.fields[from:to] {
			if v, ok := e[name]; ok {
				if err := put(&w, field, row, v, f.lines[from+row]); err != nil {
					return nil, fmt.Errorf("%s:%d: %s: %w", f.file, from+row+1, name, err)
				}
			}
		}
		b.Columns = append(b.Columns, w.Finish(uint32(field)))
	}
	return b, nil
}

// put sets one value of a JSON event. A string that is part of the line is a span of it, as a parser's are.
func put(w *wire.Builder, f ecs.Field, row int, v any, line []byte) error {
	if list, ok := v.([]any); ok {
		for _, e := range list {
			if err := put(w, f, row, e, nil); err != nil {
				return err
			}
		}
		return nil
	}
	text := fmt.Sprint(v)
	switch f.Type() {
	case ecs.Keyword, ecs.Text:
		if i := bytes.Index(line, []byte(text)); i >= 0 && !f.Info().List {
			w.Span(row, i, len(text))
			return nil
		}
		w.Copy(row, []byte(text), 0, 0)
	case ecs.Long:
		n, err := json.Number(text).Int64()
		w.Int(row, n)
		return err
	case ecs.Double:
		n, err := json.Number(text).Float64()
		w.Float(row, n)
		return err
	case ecs.Boolean:
		w.Bool(row, text == "true")
	case ecs.IP:
		a, err := netip.ParseAddr(text)
		if err != nil {
			return err
		}
		w.IP(row, a.As16())
	case ecs.Date:
		t, err := time.Parse(time.RFC3339Nano, text)
		w.Nanos(row, t.UnixNano())
		return err
	default:
		return fmt.Errorf("a %s cannot be given in a sample", f.Type())
	}
	return nil
}

// Lines makes a batch of lines, received at [Received]. It copies them.
func Lines(lines [][]byte) *wire.Batch {
	m := &wire.Column{Field: uint32(ecs.Message), Type: wire.Type_STRING, Count: uint32(len(lines)), Separator: 1}
	t := &wire.Column{Field: uint32(ecs.EventIngested), Type: wire.Type_TIMESTAMP, Count: uint32(len(lines))}
	m.Values = binary.LittleEndian.AppendUint32(m.Values, 0)
	for _, l := range lines {
		m.Data = append(append(m.Data, l...), '\n')
		m.Values = binary.LittleEndian.AppendUint32(m.Values, uint32(len(m.Data)))
		t.Values = binary.LittleEndian.AppendUint64(t.Values, uint64(Received.UnixNano()))
	}
	return &wire.Batch{Rows: uint32(len(lines)), Columns: []*wire.Column{m, t}}
}
