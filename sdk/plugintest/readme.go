package plugintest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/schema"
)

const readmeFile = "README.md"

// checkReadme proves that the generated part of the plugin's README.md says what its manifest, config and samples say.
// What stands above the mark is the author's.
func checkReadme(t *testing.T, m *manifest.Manifest, s *sdk.Stage) {
	have, err := os.ReadFile(readmeFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	config := s.Describe().ConfigSchema
	if len(schema.Settings(config)) > 0 {
		config = schema.JSONSchema(s.Config(), configDocs(t, s)) // what -update writes for the program, which has it from the next build on
	}
	want := m.Readme(have, config, example(t, m, s))
	if *update {
		if err := os.WriteFile(readmeFile, want, 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s does not say what plugin.yaml, the config and the samples say now: write it with `go test -update`", readmeFile)
	}
}

// example is the first line of the usual sample with what is made of it; nil for kinds without lines of their own.
func example(t *testing.T, m *manifest.Manifest, s *sdk.Stage) *manifest.Example {
	if len(m.Accepts) == 0 {
		return nil
	}
	f := sample.Usual(samples(t))
	setup, err := f.Setup()
	if err != nil {
		t.Fatal(err)
	}
	open(t, s, m, setup)
	first := f.First()
	out, err := run(s, first)
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, out[0], "", "  "); err != nil {
		t.Fatal(err)
	}
	return &manifest.Example{Line: string(first.Lines[0]), Result: pretty.String()}
}
