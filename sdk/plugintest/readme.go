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
)

const readmeFile = "README.md"

// checkReadme proves that the generated part of the plugin's README.md says what its manifest, config and samples say.
// What stands above the mark is the author's.
func checkReadme(t *testing.T, m *manifest.Manifest, s *sdk.Stage) {
	have, err := os.ReadFile(readmeFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	written, _, _ := bytes.Cut(have, []byte(manifest.ReferenceMark))
	if len(bytes.TrimSpace(written)) == 0 {
		written = []byte("# " + m.ID + "\n\n" + m.Description + "\n")
	}
	want := append(append(bytes.TrimRight(written, "\n"), "\n\n"...), m.Reference(s.Describe().ConfigSchema, example(t, m, s))...)
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

// example is the first line of the first sample with what is made of it; nil for kinds without lines of their own.
func example(t *testing.T, m *manifest.Manifest, s *sdk.Stage) *manifest.Example {
	if len(m.Accepts) == 0 {
		return nil
	}
	f := samples(t)[0]
	config, err := readConfig(f.name)
	if err != nil {
		t.Fatal(err)
	}
	open(t, s, m, config)
	first := f
	first.lines = f.lines[:1]
	if f.fields != nil {
		first.fields = f.fields[:1]
	}
	out, err := first.run(s)
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, out[0], "", "  "); err != nil {
		t.Fatal(err)
	}
	return &manifest.Example{Line: string(first.lines[0]), Result: pretty.String()}
}
