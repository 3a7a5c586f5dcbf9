package plugintest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Golden compares what the plugin makes of every sample with its golden file, line by line. Detectors get
// their events one by one, all others a file at once, as batches come.
func Golden(t *testing.T, s *sdk.Stage) {
	m, err := manifest.Read(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range samples(t) {
		t.Run(filepath.Base(f.name), func(t *testing.T) {
			config, err := readConfig(f.name)
			if err != nil {
				t.Fatal(err)
			}
			open(t, s, m, config)
			got, err := f.run(s)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, f, got)
		})
	}
}

// run returns one JSON line an event.
func (f *sample) run(s *sdk.Stage) (out [][]byte, err error) {
	step := len(f.lines)
	if s.Kind() == wire.Kind_DETECTOR {
		step = 1
	}
	for from := 0; from < len(f.lines); from += step {
		b, err := f.batch(from, from+step)
		if err != nil {
			return nil, err
		}
		b.Offset = uint64(from)
		var failed error
		err = process(s, b, func(r *wire.Result) {
			if r.Error != "" {
				failed = fmt.Errorf("%s: %s", f.file, r.Error)
				return
			}
			es := events(b, r)
			if a := alerts(r); len(a) > 0 {
				es[0]["(alerts)"] = a
			}
			for _, e := range es {
				var line []byte
				if line, failed = encode(e); failed != nil {
					return
				}
				out = append(out, line)
			}
		})
		if err == nil {
			err = failed
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

func compare(t *testing.T, f sample, got [][]byte) {
	t.Helper()
	path := f.name + ".golden.jsonl"
	if *update {
		if err := os.WriteFile(path, append(bytes.Join(got, []byte("\n")), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with `go test -update` and read it", err)
	}
	want := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	if len(want) != len(got) {
		t.Errorf("%s has %d lines, %s has %d: line N of one belongs to line N of the other", path, len(want), f.file, len(got))
	}
	for i := range min(len(want), len(got)) {
		if !bytes.Equal(want[i], got[i]) {
			t.Errorf("%s:%d: %s\n got %s\nwant %s", f.file, i+1, f.lines[i], got[i], want[i])
		}
	}
}
