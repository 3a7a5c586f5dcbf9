package plugintest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Conformance checks what every plugin owes the host, whatever it does: its manifest says the truth, every
// key of its config is explained, all that it declares occurs in the samples, and no batch, however odd, makes it
// panic or answer nonsense.
func Conformance(t *testing.T, s *sdk.Stage) {
	m, err := manifest.Read(".")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("manifest", func(t *testing.T) { checkManifest(t, m, s) })
	t.Run("config", func(t *testing.T) { checkDocs(t, s) })
	t.Run("readme", func(t *testing.T) { checkReadme(t, m, s) })
	if s.Kind() == wire.Kind_NOTIFIER {
		return
	}
	files := samples(t)
	t.Run("fields", func(t *testing.T) { checkFields(t, m, s, files) })
	open(t, s, m, firstSetup(t))
	if s.Kind() == wire.Kind_PARSER {
		t.Run("accepts", func(t *testing.T) { checkAccepts(t, m, files) })
	}
	t.Run("bad batches", func(t *testing.T) { badBatches(t, s) })
	t.Run("odd lines", func(t *testing.T) { oddLines(t, s, files) })
	if s.Kind() != wire.Kind_DETECTOR {
		t.Run("concurrent", func(t *testing.T) { concurrent(t, s, sample.Usual(files)) })
	}
}

func checkManifest(t *testing.T, m *manifest.Manifest, s *sdk.Stage) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if base := filepath.Base(dir); m.ID != base {
		t.Errorf("id: %s, but the folder is %s", m.ID, base)
	}
	if m.Kind != s.Kind() {
		t.Errorf("kind: %s, but the code is a %s", m.Kind, s.Kind())
	}
	if len(m.Description) < 10 {
		t.Error("description: say in a sentence what the plugin is for")
	}
	for _, d := range m.Declared {
		if what := schema.Poor(d.Name, d.Description); what != "" {
			t.Errorf("writes: %s: description %q %s", d.Name, d.Description, what)
		}
		if f, ok := ecs.Lookup(d.Name); ok && f.Info().Description != d.Description {
			t.Errorf("writes: %s: plugin.yaml says %q, the code %q", d.Name, d.Description, f.Info().Description)
		}
	}
}

// checkFields runs all samples and compares the fields that come out with those that are declared.
func checkFields(t *testing.T, m *manifest.Manifest, s *sdk.Stage, files []sample.File) {
	written := map[ecs.Field]bool{}
	for _, f := range files {
		setup, err := f.Setup()
		if err != nil {
			t.Fatal(err)
		}
		open(t, s, m, setup)
		b, err := f.Batch(0, len(f.Lines))
		if err != nil {
			t.Fatal(err)
		}
		err = process(s, b, func(r *wire.Result) {
			columns := r.Columns
			if r.Fanout != nil {
				columns = append(columns[:len(columns):len(columns)], r.Fanout.Columns...)
			}
			for _, c := range columns {
				written[ecs.Field(c.Field)] = true
			}
			if n := r.Counters["undeclared_fields"]; n > 0 {
				t.Errorf("%s: %d values were set of fields that plugin.yaml does not list under writes", f.Path, n)
			}
			if !m.MayDrop && len(r.Drop) > 0 {
				t.Errorf("%s: events are dropped, which needs permissions: {drop: true}", f.Path)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range m.Writes {
		if !written[w] {
			t.Errorf("writes: %s: no sample has it; add a line that does", w.Name())
		}
	}
}

func checkAccepts(t *testing.T, m *manifest.Manifest, files []sample.File) {
	used := make([]bool, len(m.Accepts))
	for _, f := range files {
		for _, l := range f.Lines {
			for i := range m.Accepts {
				used[i] = used[i] || m.Accepts[i].Takes(l)
			}
		}
	}
	for i, ok := range used {
		if r := m.Accepts[i]; !ok && len(r.AppName)+len(r.Input) == 0 {
			t.Errorf("accepts[%d] recognises no line of any sample", i)
		}
	}
}

func badBatches(t *testing.T, s *sdk.Stage) {
	line := [][]byte{[]byte("a line"), []byte("另一行")}
	for name, spoil := range map[string]func(*wire.Batch){
		"rows":         func(b *wire.Batch) { b.Rows++ },
		"offsets":      func(b *wire.Batch) { b.Columns[0].Values[4] = 0xff },
		"no offsets":   func(b *wire.Batch) { b.Columns[0].Values = nil },
		"data cut":     func(b *wire.Batch) { b.Columns[0].Data = b.Columns[0].Data[:3] },
		"short column": func(b *wire.Batch) { b.Columns[1].Values = b.Columns[1].Values[:7] },
		"wrong type":   func(b *wire.Batch) { b.Columns[1].Type = wire.Type_IP },
	} {
		b := sample.Lines(line)
		spoil(b)
		if err := s.Process(context.Background(), b, func(*wire.Result) error { return nil }); err == nil {
			t.Errorf("a batch spoilt by %q was taken", name)
		}
	}
	if err := process(s, sample.Lines(nil), nil); err != nil {
		t.Errorf("empty batch: %v", err)
	}
	if err := process(s, sample.Lines(line), nil); err != nil {
		t.Errorf("good batch after bad ones: %v", err)
	}
}

// longLine is the longest line the inputs let through, and then some.
const longLine = 2 << 20

// oddLines are all cuts of all samples, and lines no device should send.
func oddLines(t *testing.T, s *sdk.Stage, files []sample.File) {
	lines := [][]byte{
		{},
		[]byte(" "), []byte("\x00\x00\x00"), []byte("\uFFFD"), []byte("日志"), []byte("\r"), []byte("\u202e\u0000\u0301"),
		bytes.Repeat([]byte("a"), longLine), bytes.Repeat([]byte("=;:'\"[%"), 20000), bytes.Repeat([]byte("密"), longLine/6),
		bytes.Repeat([]byte("1"), 100000),
	}
	for _, f := range files {
		for _, l := range f.Lines {
			step := max(1, len(l)/64)
			for i := 0; i < len(l); i += step {
				for i < len(l) && !utf8.RuneStart(l[i]) {
					i++
				}
				lines = append(lines, l[:i], l[i:])
			}
			// Long in the middle, so that the pieces behind it are far out.
			half := len(l) / 2
			for half < len(l) && !utf8.RuneStart(l[half]) {
				half++
			}
			long := append(append(bytes.Clone(l[:half]), bytes.Repeat([]byte("x"), 70000)...), l[half:]...)
			if len(lines) < 4000 && len(l) > 0 {
				lines = append(lines, long)
			}
		}
	}
	for len(lines) > 0 {
		n, size := 0, 0
		for n < len(lines) && size < 8<<20 {
			size += len(lines[n])
			n++
		}
		if err := process(s, sample.Lines(lines[:n]), nil); err != nil {
			t.Fatal(err)
		}
		lines = lines[n:]
	}
}

// concurrent compares the answers of calls that run side by side.
func concurrent(t *testing.T, s *sdk.Stage, f *sample.File) {
	want, err := run(s, f)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 8 {
				got, err := run(s, f)
				if err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(bytes.Join(got, nil), bytes.Join(want, nil)) {
					t.Error("calls at the same time give another answer than one alone")
					return
				}
			}
		})
	}
	wg.Wait()
}
