package plugintest

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/sample"
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
		t.Run(filepath.Base(f.Name), func(t *testing.T) {
			setup, err := f.Setup()
			if err != nil {
				t.Fatal(err)
			}
			open(t, s, m, setup)
			got, err := run(s, &f)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, &f, got)
		})
	}
}

// run returns one JSON line an event.
func run(s *sdk.Stage, f *sample.File) (out [][]byte, err error) {
	step := len(f.Lines)
	if s.Kind() == wire.Kind_DETECTOR {
		step = 1
	}
	for from := 0; from < len(f.Lines); from += step {
		b, err := f.Batch(from, from+step)
		if err != nil {
			return nil, err
		}
		b.Offset = uint64(from)
		var failed error
		err = process(s, b, func(r *wire.Result) {
			if r.Error != "" {
				failed = fmt.Errorf("%s: %s", f.Path, r.Error)
				return
			}
			var shown [][]byte
			shown, failed = sample.Show(b, r)
			out = append(out, shown...)
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

func compare(t *testing.T, f *sample.File, got [][]byte) {
	t.Helper()
	if *update {
		if err := f.Write(got); err != nil {
			t.Fatal(err)
		}
		return
	}
	different, err := f.Compare(got)
	if err != nil {
		t.Errorf("%v; write it with `go test -update` and read it", err)
	}
	for _, d := range different {
		t.Errorf("%s:%d: %s\n got %s\nwant %s", f.Path, d.Line, f.Lines[d.Line-1], d.Got, d.Want)
	}
}
