package archive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

const ndjsonEnding = ".ndjson.zst"

// ndjsonWriter writes an event a line: dotted names, event.id, values as the API's JSON has them.
type ndjsonWriter struct {
	path string
	file *os.File
	zip  *zstd.Encoder
	f    staged
}

func newNDJSONWriter(dir string) (*ndjsonWriter, error) {
	return &ndjsonWriter{path: filepath.Join(dir, "events"+ndjsonEnding)}, emptyDir(dir)
}

func (w *ndjsonWriter) open() (err error) {
	if w.file, err = os.OpenFile(w.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	w.f = staged{path: w.path, ending: ndjsonEnding, from: math.MaxInt64, to: math.MinInt64}
	w.zip, err = zstd.NewWriter(w.file, zstd.WithEncoderConcurrency(1))
	return err
}

func (w *ndjsonWriter) add(ctx context.Context, b *wire.Batch) error {
	if w.file == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	enc := json.NewEncoder(w.zip)
	enc.SetEscapeHTML(false)
	for row := range int(b.Rows) {
		ev := store.EventAt(b, row)
		at, ok := ev["@timestamp"].(time.Time)
		if !ok {
			return fmt.Errorf("event %v has no @timestamp", ev["event.id"])
		}
		w.f.from, w.f.to = min(w.f.from, at.UnixNano()), max(w.f.to, at.UnixNano())
		message, _ := ev["message"].(string)
		w.f.rawBytes += int64(len(message))
		w.f.events++
		for name, v := range ev {
			ev[name] = jsonValue(v)
		}
		if err := enc.Encode(ev); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// jsonValue is v, or how numbers that JSON does not have are written.
func jsonValue(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case []any:
		for i := range v {
			v[i] = jsonValue(v[i])
		}
	}
	return v
}

func (w *ndjsonWriter) cut(_ context.Context, emit func(staged) error) error {
	if w.file == nil {
		return nil
	}
	err := w.close()
	if err != nil {
		return err
	}
	return emit(w.f)
}

func (w *ndjsonWriter) close() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.zip.Close(), w.file.Close())
	w.file = nil
	return err
}

// Bounds of what is read back.
const (
	maxLine   = 64 << 20
	batchRows = 8192
	batchSize = 8 << 20 // bytes of lines
)

// readNDJSON makes batches of lines again.
func readNDJSON(r io.Reader) iter.Seq2[*wire.Batch, error] {
	return func(yield func(*wire.Batch, error) bool) {
		zip, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			yield(nil, err)
			return
		}
		defer zip.Close()
		lines := bufio.NewScanner(zip)
		lines.Buffer(make([]byte, 0, 1<<20), maxLine)
		var events []store.Event
		var source store.EventID
		size, line := 0, 0
		send := func() bool {
			if len(events) == 0 {
				return true
			}
			b, err := newBatch(source, events)
			events, size = events[:0], 0
			return yield(b, err) && err == nil
		}
		for lines.Scan() {
			line++
			ev, id, err := parseEvent(lines.Bytes())
			if err != nil {
				yield(nil, fmt.Errorf("line %d: %w", line, err))
				return
			}
			if id.Source() != source.Source() || len(events) == batchRows || size > batchSize {
				if !send() {
					return
				}
				source = id
			}
			events = append(events, ev)
			size += len(lines.Bytes())
		}
		if err := lines.Err(); err != nil {
			yield(nil, fmt.Errorf("line %d: %w", line+1, err))
			return
		}
		send()
	}
}

func parseEvent(line []byte) (store.Event, store.EventID, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return nil, store.EventID{}, err
	}
	ev := make(store.Event, len(fields))
	for name, raw := range fields {
		var f ecs.Field
		if known, ok := ecs.Lookup(name); ok {
			f = known
		}
		v, err := parseValue(f, raw)
		if err != nil {
			return nil, store.EventID{}, fmt.Errorf("%s: %w", name, err)
		}
		ev[name] = v
	}
	var text string
	switch id := ev["event.id"].(type) {
	case string:
		text = id
	case undeclared:
		text = strings.Join(id, " ")
	}
	id, err := store.ParseEventID(text)
	if err != nil {
		return nil, id, err
	}
	delete(ev, "event.id")
	ev["logcenter.position"] = id.Position
	return ev, id, nil
}

// undeclared are values of an event that are not of their field's type, or too many for it. Stores keep such as text
// under the field's name, as they do those of fields that nobody declared.
type undeclared []string

// parseValue reads what a line has of a declared field, or of an undeclared one: a list of keywords.
func parseValue(f ecs.Field, raw json.RawMessage) (any, error) {
	vals := []json.RawMessage{raw}
	isList := len(raw) > 0 && raw[0] == '['
	if isList {
		if err := json.Unmarshal(raw, &vals); err != nil {
			return nil, err
		}
	}
	if f != 0 && (f.Info().List || !isList) {
		out := make([]any, 0, len(vals))
		for _, one := range vals {
			v, err := parseScalar(f.Type(), one)
			if err != nil {
				break
			}
			out = append(out, v)
		}
		switch {
		case len(out) < len(vals):
		case f.Info().List:
			return out, nil
		default:
			return out[0], nil
		}
	}
	texts := make(undeclared, 0, len(vals))
	for _, one := range vals {
		text, err := parseText(one)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

func parseText(raw json.RawMessage) (text string, err error) {
	if len(raw) == 0 || raw[0] != '"' {
		return string(raw), nil
	}
	err = json.Unmarshal(raw, &text)
	return text, err
}

func parseScalar(t ecs.Type, raw json.RawMessage) (any, error) {
	if t == ecs.GeoPoint {
		var p store.GeoPoint
		err := json.Unmarshal(raw, &p)
		return p, err
	}
	text, err := parseText(raw)
	if err != nil {
		return nil, err
	}
	switch t {
	case ecs.Long:
		if raw[0] == '"' {
			return nil, fmt.Errorf("%.40s is no number", raw)
		}
		return strconv.ParseInt(text, 10, 64)
	case ecs.Double:
		return strconv.ParseFloat(text, 64)
	case ecs.Boolean:
		if raw[0] == '"' {
			return nil, fmt.Errorf("%.40s is neither true nor false", raw)
		}
		return strconv.ParseBool(text)
	case ecs.IP:
		a, err := netip.ParseAddr(text)
		return a, err
	case ecs.Date:
		at, err := time.Parse(time.RFC3339Nano, text)
		return at.UTC(), err
	default:
		return text, nil
	}
}

var wireTypes = map[ecs.Type]wire.Type{
	ecs.Keyword: wire.Type_STRING, ecs.Text: wire.Type_STRING, ecs.Long: wire.Type_INT64, ecs.Double: wire.Type_DOUBLE,
	ecs.Boolean: wire.Type_BOOL, ecs.IP: wire.Type_IP, ecs.Date: wire.Type_TIMESTAMP, ecs.GeoPoint: wire.Type_GEO,
}

// newBatch makes columns of events of one source.
func newBatch(source store.EventID, events []store.Event) (*wire.Batch, error) {
	names := map[string]bool{}
	for _, ev := range events {
		for name := range ev {
			names[name] = true
		}
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	b := &wire.Batch{Rows: uint32(len(events)), Journal: source.Journal, Partition: source.Partition}
	for _, name := range sorted {
		f, declared := ecs.Lookup(name)
		w, texts := &wire.Builder{}, &wire.Builder{}
		if declared {
			w.Reset(wireTypes[f.Type()], f.Info().List, len(events), nil, nil)
		}
		texts.Reset(wire.Type_STRING, true, len(events), nil, nil)
		for row, ev := range events {
			switch v := ev[name].(type) {
			case nil:
			case undeclared:
				for _, text := range v {
					texts.Copy(row, []byte(text), 0, 0)
				}
			case []any:
				for _, e := range v {
					if !store.SetValue(w, row, name != "message", e) {
						return nil, fmt.Errorf("%s: a %T has no place in a column", name, e)
					}
				}
			default:
				if !store.SetValue(w, row, name != "message", v) {
					return nil, fmt.Errorf("%s: a %T has no place in a column", name, v)
				}
			}
		}
		if w.Used() {
			c := w.Finish(uint32(f))
			c.Name = name
			b.Columns = append(b.Columns, c)
		}
		if texts.Used() {
			c := texts.Finish(0)
			c.Name = name
			b.Columns = append(b.Columns, c)
		}
	}
	return b, nil
}
