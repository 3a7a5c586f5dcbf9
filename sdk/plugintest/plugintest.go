// Package plugintest tests a plugin by the samples in its folder.
//
// Its one idea: samples work three shifts. A line in testdata/*.log is compared with its golden line, seeds
// the fuzzer and is what the benchmark measures. All a plugin's test file says is
//
//	func TestGolden(t *testing.T)      { plugintest.Golden(t, sdk.ParserStage(New)) }
//	func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.ParserStage(New)) }
//	func FuzzParse(f *testing.F)       { plugintest.Fuzz(f, sdk.ParserStage(New)) }
//	func BenchmarkParse(b *testing.B)  { plugintest.Bench(b, sdk.ParserStage(New)) }
//
// Every function reads plugin.yaml and the samples (see package sample) of the folder the test runs in.
//
// `go test -update` writes golden files; read the difference before committing it. It also writes docs_gen.go, which
// carries the comments of the config's fields into the program, so that the host can show them.
package plugintest

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

var update = flag.Bool("update", false, "write golden files instead of comparing with them")

// Open reads plugin.yaml and opens the stage under it with a config, which is JSON; nil means defaults.
func Open(tb testing.TB, s *sdk.Stage, config []byte) *manifest.Manifest {
	tb.Helper()
	return OpenWith(tb, s, sample.Setup{Config: config})
}

// OpenWith is Open with all that a plugin can be opened with: of a detector that takes rules, these.
func OpenWith(tb testing.TB, s *sdk.Stage, setup sample.Setup) *manifest.Manifest {
	tb.Helper()
	m, err := manifest.Read(".")
	if err != nil {
		tb.Fatal(err)
	}
	open(tb, s, m, setup)
	return m
}

func open(tb testing.TB, s *sdk.Stage, m *manifest.Manifest, setup sample.Setup) {
	tb.Helper()
	if s.Kind() != m.Kind {
		tb.Fatalf("plugin.yaml: kind says %s, the code is a %s", m.Kind, s.Kind())
	}
	r := m.OpenRequest(setup.Config)
	r.RulesJson = setup.Rules
	if err := s.Open(r); err != nil {
		tb.Fatal(err)
	}
}

// process runs one batch, checks the answer as the host does, and hands it to use.
func process(s *sdk.Stage, b *wire.Batch, use func(*wire.Result)) error {
	err := s.Process(context.Background(), b, func(r *wire.Result) error {
		if err := r.Validate(b, uint32(ecs.Message)); err != nil {
			return fmt.Errorf("the host would refuse this answer: %w", err)
		}
		if n := r.Counters["panics"]; n > 0 {
			return fmt.Errorf("the plugin panicked %d times; the stack is above", n)
		}
		if use != nil {
			use(r)
		}
		return nil
	})
	return err
}

// samples are those of the folder the test runs in.
func samples(tb testing.TB) []sample.File {
	tb.Helper()
	files, err := sample.ReadAll(".")
	if err != nil {
		tb.Fatal(err)
	}
	return files
}
