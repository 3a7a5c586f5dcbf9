package certify

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// seen is what the answers to a sample had beside their golden lines.
type seen struct {
	fields   map[ecs.Field]bool
	counters map[string]int64
	errors   int // events that could not be parsed, enriched or masked
	noted    int // these, and events with a value that is not of its field's type
}

// answers asks the plugin for a whole sample and shows what it made of it, one JSON line an event. Detectors get their
// events one by one, all others at once, as batches come.
func answers(ctx context.Context, p *plugin.Single, kind wire.Kind, f *sample.File) (out [][]byte, s seen, err error) {
	s = seen{fields: map[ecs.Field]bool{}, counters: map[string]int64{}}
	step := len(f.Lines)
	if kind == wire.Kind_DETECTOR {
		step = 1
	}
	for from := 0; from < len(f.Lines); from += step {
		b, err := f.Batch(from, from+step)
		if err != nil {
			return nil, s, err
		}
		b.Offset = uint64(from)
		r, err := p.Process(ctx, b)
		if err != nil {
			return nil, s, fmt.Errorf("%s: %w", f.Path, err)
		}
		shown, err := sample.Show(b, r.Result)
		s.add(r.Result)
		r.Release()
		if err != nil {
			return nil, s, err
		}
		out = append(out, shown...)
	}
	return out, s, nil
}

func (s *seen) add(r *wire.Result) {
	columns := r.Columns
	if r.Fanout != nil {
		columns = append(columns[:len(columns):len(columns)], r.Fanout.Columns...)
	}
	for _, c := range columns {
		s.fields[ecs.Field(c.Field)] = true
	}
	for name, n := range r.Counters {
		s.counters[strings.Clone(name)] += n // it aliases the answer
	}
	noted := map[uint32]bool{}
	for _, e := range r.Errors {
		noted[e.Row] = true
		if e.Code != "bad_value" {
			s.errors++
		}
	}
	s.noted += len(noted)
}

// differs is the first line of which two answers have not the same, 0 if there is none.
func differs(a, b [][]byte) int {
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) {
			return i + 1
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b)) + 1
	}
	return 0
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// quote shows a line in a report.
func quote(line []byte) string {
	const most = 160
	if len(line) > most {
		return fmt.Sprintf("%q… (%d bytes)", line[:most], len(line))
	}
	return fmt.Sprintf("%q", line)
}
