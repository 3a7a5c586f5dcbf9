package scaffold_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/host/certify"
	"github.com/logcenter/logcenter/host/infer"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/scaffold"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// share is how much of what an expert maps must be mapped, over all formats.
const share = 0.8

// built are the formats whose plugins are built and run in any test, one of each shape; the others are with LOGCENTER_LONG.
var built = []string{"cef", "fortigate", "h3c", "k8saudit", "sshd"}

// format is a public format: lines, and what an expert maps of them.
type format struct {
	name  string
	lines int
	want  map[int]map[string]any // by line, from 1
	f     *scaffold.Folder
}

func (f *format) fields() (out []string) {
	for _, line := range f.want {
		for name := range line {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestFormats writes a parser of the lines of every public format in testdata, builds it, and compares what it makes
// of the lines with what an expert does. It prints a table.
func TestFormats(t *testing.T) {
	formats, dir := readFormats(t), inTree(t)
	var packages []string
	for i := range formats {
		f := &formats[i]
		f.write(t, "go", dir)
		require.False(t, f.f.Module, "inside of the tree a plugin is no module of its own")
		if f.chosen() {
			packages = append(packages, "./"+f.name)
		}
	}
	run(t, dir, append(append([]string{"test", "-count=1"}, packages...), "-update")...)
	run(t, dir, append([]string{"test", "-count=1"}, packages...)...)
	run(t, dir, append([]string{"vet"}, packages...)...)
	got := report(t, formats, dir)
	assert.GreaterOrEqual(t, got, share, "of what an expert maps")
}

// TestFormatsInPython does the same with parsers in Python.
func TestFormatsInPython(t *testing.T) {
	trial.Python(t)
	formats, dir := readFormats(t), inTree(t)
	for i := range formats {
		f := &formats[i]
		f.write(t, "python", dir)
		if !f.chosen() {
			continue
		}
		c, err := certify.Test(t.Context(), f.f.Path, certify.Options{Update: true, Quick: true, Only: []string{"manifest", "start", "golden", "schema"}})
		require.NoError(t, err, f.name)
		for _, k := range c.Checks {
			assert.True(t, k.OK, "%s: %s: %s", f.name, k.Name, k.Detail)
		}
	}
	got := report(t, formats, dir)
	assert.GreaterOrEqual(t, got, share, "of what an expert maps")
}

// alike are formats that nobody can tell from one another by a line alone.
var alike = [][2]string{{"apache", "nginx"}}

// TestRecognisersTakeNoOtherFormat lets the recognisers of each format's parser look at the lines of all the others.
func TestRecognisersTakeNoOtherFormat(t *testing.T) {
	formats, dir := readFormats(t), inTree(t)
	lines := map[string][][]byte{}
	for i := range formats {
		f := &formats[i]
		f.write(t, "go", dir)
		s, err := infer.ReadSamples("../../testdata/formats/" + f.name + ".log")
		require.NoError(t, err)
		lines[f.name] = s.Lines
	}
	for i := range formats {
		f := &formats[i]
		for other, list := range lines {
			taken := 0
			for _, l := range list {
				if f.takes(l) {
					taken++
				}
			}
			switch {
			case other == f.name && slices.ContainsFunc(f.f.Spec.Accepts, func(a infer.Accept) bool { return a.Input != nil }):
			case other == f.name:
				events := slices.DeleteFunc(slices.Clone(list), func(l []byte) bool {
					return bytes.HasPrefix(l, []byte("#")) || f.f.Spec.Columns != nil && string(l) == f.f.Spec.Columns.HeaderLine
				})
				assert.GreaterOrEqual(t, taken, len(events)-f.f.Spec.Unparsed, "%s: %+v takes its own lines", f.name, f.f.Spec.Accepts)
			case slices.Contains(alike, [2]string{f.name, other}), slices.Contains(alike, [2]string{other, f.name}):
			default:
				assert.Zero(t, taken, "%s: %+v takes lines of %s", f.name, f.f.Spec.Accepts, other)
			}
		}
	}
}

// takes says whether the parser claims a line, as the host decides.
func (f *format) takes(line []byte) bool {
	h, _, _ := syslog.Parse(line)
	return slices.ContainsFunc(f.f.Spec.Accepts, func(a infer.Accept) bool {
		r := manifest.Recogniser{Prefix: a.Prefix, Contains: a.Contains, Input: a.Input}
		return (len(a.AppName) == 0 || slices.Contains(a.AppName, string(h.AppName))) && r.Takes(line)
	})
}

// inTree is a folder in Logcenter's tree, where plugins are packages of its module.
func inTree(t *testing.T) string {
	t.Helper()
	build, err := filepath.Abs("../../build")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(build, 0o755))
	dir, err := os.MkdirTemp(build, "formats-")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// chosen says whether the plugin is built and run.
func (f *format) chosen() bool {
	return os.Getenv("LOGCENTER_LONG") != "" || slices.Contains(built, f.name)
}

// write makes the plugin, and its folder if it is chosen.
func (f *format) write(t *testing.T, lang, dir string) {
	t.Helper()
	s, err := infer.ReadSamples("../../testdata/formats/" + f.name + ".log")
	require.NoError(t, err)
	f.lines = len(s.Lines)
	f.f, err = scaffold.New(scaffold.Options{
		Options: infer.Options{ID: f.name}, Kind: "parser", Lang: lang, Samples: s, SampleName: f.name, Dir: dir,
	})
	require.NoError(t, err, f.name)
	if f.chosen() {
		require.NoError(t, f.f.Write(false))
	}
}

// report prints what of the expert's fields the plugins map, and returns the share. Of plugins that were not run only the
// names of fields are compared.
func report(t *testing.T, formats []format, dir string) float64 {
	t.Helper()
	all, mapped := 0, 0
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-12s %-10s %5s %7s %7s %6s %6s\n", "format", "shape", "lines", "expert", "mapped", "share", "run")
	for i := range formats {
		f := &formats[i]
		missing := f.names()
		if f.chosen() {
			missing = f.compare(t, filepath.Join(dir, f.name, "testdata", f.name+".golden.jsonl"))
		}
		want := len(f.fields())
		all, mapped = all+want, mapped+want-len(missing)
		fmt.Fprintf(&table, "%-12s %-10s %5d %7d %7d %5.0f%% %6v", f.name, f.f.Spec.Format, f.lines, want, want-len(missing),
			100*float64(want-len(missing))/float64(want), f.chosen())
		if len(missing) > 0 {
			fmt.Fprintf(&table, "   not: %s", strings.Join(missing, ", "))
		}
		table.WriteByte('\n')
	}
	got := float64(mapped) / float64(all)
	fmt.Fprintf(&table, "%-12s %-10s %5s %7d %7d %5.1f%%\n", "all", "", "", all, mapped, 100*got)
	t.Log(table.String())
	return got
}

func readFormats(t *testing.T) (out []format) {
	t.Helper()
	files, err := filepath.Glob("../../testdata/formats/*.expert.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var doc struct {
			Lines map[int]map[string]any `yaml:"lines"`
		}
		require.NoError(t, yaml.Unmarshal(data, &doc), file)
		out = append(out, format{name: strings.TrimSuffix(filepath.Base(file), ".expert.yaml"), want: doc.Lines})
	}
	return out
}

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), out)
}

// names are the expert's fields that the parser does not write.
func (f *format) names() (missing []string) {
	for _, name := range f.fields() {
		constant := slices.ContainsFunc(f.f.Spec.Constants, func(c infer.Constant) bool { return c.Field == name })
		if !constant && !slices.Contains(f.f.Spec.Writes, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// compare are the expert's fields that have another value, or none, in any of the lines the expert looked at.
func (f *format) compare(t *testing.T, golden string) (missing []string) {
	t.Helper()
	data, err := os.ReadFile(golden)
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	for i, l := range lines {
		assert.NotContains(t, string(l), `"(error)"`, "%s:%d: a line of the device is no error", golden, i+1)
	}
	for n, want := range f.want {
		var got map[string]any
		require.NoError(t, json.Unmarshal(lines[n-1], &got), "%s:%d", golden, n)
		for _, c := range f.f.Spec.Constants {
			got[c.Field] = c.Values[0]
		}
		for name, v := range want {
			if !same(got[name], v) && !slices.Contains(missing, name) {
				if testing.Verbose() {
					t.Logf("%s:%d: %s: got %v, an expert has %v", f.name, n, name, got[name], v)
				}
				missing = append(missing, name)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// same compares a value of JSON with one of YAML. Times of the expert are given to the second.
func same(got, want any) bool {
	a, b := fmt.Sprint(got), fmt.Sprint(want)
	if n, ok := got.(float64); ok {
		a = fmt.Sprintf("%.0f", n)
	}
	if len(b) == len("2006-01-02T15:04:05") && b[10] == 'T' {
		return strings.HasPrefix(a, b)
	}
	return a == b
}
