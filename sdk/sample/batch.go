package sample

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Batch makes a batch of events [from, to), with all the fields that they have.
func (f *File) Batch(from, to int) (*wire.Batch, error) {
	b := Lines(f.Lines[from:to])
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
			return nil, f.at(fmt.Errorf("field %s is neither known nor declared", name))
		}
		var w wire.Builder
		w.Reset(sdk.WireType(field.Type()), field.Info().List, to-from, b.Columns[0], nil)
		for row, e := range f.fields[from:to] {
			if v, ok := e[name]; ok {
				if err := put(&w, field, row, v, f.Lines[from+row]); err != nil {
					err = fmt.Errorf("%s: %w", name, err)
					if f.Path != "" {
						err = fmt.Errorf("%s:%d: %w", f.Path, from+row+1, err)
					}
					return nil, err
				}
			}
		}
		b.Columns = append(b.Columns, w.Finish(uint32(field)))
	}
	return b, nil
}

// at puts the file before an error, if it is one.
func (f *File) at(err error) error {
	if f.Path == "" {
		return err
	}
	return fmt.Errorf("%s: %w", f.Path, err)
}

// put sets one value of a JSON event; null is none. A string that is part of the line is a span of it, as a parser's are.
func put(w *wire.Builder, f ecs.Field, row int, v any, line []byte) error {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		if !f.Info().List {
			return errors.New("it has one value, not a list")
		}
		for _, e := range v {
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
		if text != "true" && text != "false" {
			return fmt.Errorf("want true or false, not %q", text)
		}
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

// usualLine is about how long the lines of devices are. An event that is given by its fields counts as much, if its line
// was shortened or left out.
const usualLine = 128

// Bytes is how much raw log the sample stands for, line ends included.
func (f *File) Bytes() (n int) {
	least := 0
	if f.fields != nil {
		least = usualLine
	}
	for _, l := range f.Lines {
		n += max(len(l)+1, least)
	}
	return n
}

// Repeat is the sample again and again until it stands for size bytes or more.
func (f *File) Repeat(size int) *File {
	out := &File{Name: f.Name, Path: f.Path}
	for n := 0; n < size; n += f.Bytes() {
		out.Lines = append(out.Lines, f.Lines...)
		out.fields = append(out.fields, f.fields...)
	}
	return out
}

// HasFields says whether the sample's events have fields beside their lines.
func (f *File) HasFields() bool { return f.fields != nil }

// With makes a batch of other lines in the events of the sample, whose fields they get one after the other.
func (f *File) With(lines [][]byte) (*wire.Batch, error) {
	g := &File{Name: f.Name, Path: f.Path, Lines: lines}
	for i := range lines {
		if f.fields != nil {
			g.fields = append(g.fields, f.fields[i%len(f.fields)])
		}
	}
	return g.Batch(0, len(lines))
}

// First is the sample's first event alone.
func (f *File) First() *File {
	out := &File{Name: f.Name, Path: f.Path, Lines: f.Lines[:1]}
	if f.fields != nil {
		out.fields = f.fields[:1]
	}
	return out
}
