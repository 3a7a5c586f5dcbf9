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
		f, declared := ecs.Lookup(name)
		t := ecs.Keyword
		if declared {
			t = f.Type()
		}
		v, err := parseValue(t, declared && f.Info().List, raw)
		if err != nil {
			return nil, store.EventID{}, fmt.Errorf("%s: %w", name, err)
		}
		ev[name] = v
	}
	text, _ := ev["event.id"].(string)
	id, err := store.ParseEventID(text)
	if err != nil {
		return nil, id, err
	}
	delete(ev, "event.id")
	ev["logcenter.position"] = id.Position
	return ev, id, nil
}

func parseValue(t ecs.Type, list bool, raw json.RawMessage) (any, error) {
	if len(raw) > 0 && raw[0] == '[' {
		var all []json.RawMessage
		if err := json.Unmarshal(raw, &all); err != nil {
			return nil, err
		}
		out := make([]any, 0, len(all))
		for _, one := range all {
			v, err := parseValue(t, false, one)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}
	v, err := parseScalar(t, raw)
	if err == nil && list {
		return []any{v}, nil
	}
	return v, err
}

func parseScalar(t ecs.Type, raw json.RawMessage) (any, error) {
	if t == ecs.GeoPoint {
		var p store.GeoPoint
		err := json.Unmarshal(raw, &p)
		return p, err
	}
	text := string(raw)
	if len(raw) > 0 && raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
	}
	switch t {
	case ecs.Long:
		return strconv.ParseInt(text, 10, 64)
	case ecs.Double:
		return strconv.ParseFloat(text, 64)
	case ecs.Boolean:
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
		typ, list := wire.Type_STRING, true
		if declared {
			typ, list = wireTypes[f.Type()], f.Info().List
		}
		w := &wire.Builder{}
		w.Reset(typ, list, len(events), nil, nil)
		for row, ev := range events {
			v, ok := ev[name]
			if !ok {
				continue
			}
			vals, isList := v.([]any)
			if !isList {
				vals = []any{v}
			}
			for _, e := range vals {
				if err := put(w, row, declared && name != "message", e); err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		c := w.Finish(uint32(f))
		if c == nil {
			continue
		}
		c.Name = name
		b.Columns = append(b.Columns, c)
	}
	return b, nil
}

// put sets a value, or an element of a list; recurring texts become a dictionary.
func put(w *wire.Builder, row int, recurring bool, v any) error {
	switch v := v.(type) {
	case string:
		if recurring {
			w.Text(row, v)
		} else {
			w.Copy(row, []byte(v), 0, 0)
		}
	case int64:
		w.Int(row, v)
	case float64:
		w.Float(row, v)
	case bool:
		w.Bool(row, v)
	case netip.Addr:
		w.IP(row, v.As16())
	case time.Time:
		w.Nanos(row, v.UnixNano())
	case store.GeoPoint:
		w.Point(row, v.Lat, v.Lon)
	default:
		return fmt.Errorf("a %T has no place in a column", v)
	}
	return nil
}
