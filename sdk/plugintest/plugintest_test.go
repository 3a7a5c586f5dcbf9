package plugintest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

const victimManifest = `
id: victim
kind: parser
version: 1.0.0
protocol: 1
description: Lines of the tests of this package.
accepts: [{prefix: ['user=']}]
reads: [message]
writes:
  - event.action
  - source.ip
  - user.name
  - {name: victim.words, type: long, description: How many words the line has.}
`

// words is a parser that does what its manifest says. Faults are added to it by name.
type words struct {
	fault string
	seen  int
}

func (p *words) Parse(line []byte, ev *sdk.Event) error {
	text := string(line)
	name, found := strings.CutPrefix(text, "user=")
	name, addr, _ := strings.Cut(name, " ")
	ev.SetInt(victimWords, int64(len(strings.Fields(text))))
	ev.SetString(ecs.EventAction, "seen")
	if p.fault == "undeclared" {
		ev.SetString(ecs.EventReason, "none")
	}
	if found {
		ev.Set(ecs.UserName, line[5:5+len(name)])
	}
	switch {
	case p.fault == "panic" && strings.Contains(text, "密"):
		panic("poisoned")
	case p.fault == "skip" && text == "user=li":
		return sdk.ErrSkip
	case p.fault == "memory":
		p.seen++
		ev.SetInt(victimWords, int64(p.seen))
	case !found:
		return errors.New("want user=")
	}
	if p.fault != "unused" {
		ev.SetIP(ecs.SourceIP, []byte(addr))
	}
	return nil
}

var victimWords = ecs.New("victim.words", ecs.Long, "How many words the line has.")

// TestVictim is the test of a vendor's plugin: the tests below run it in folders of their own.
func TestVictim(t *testing.T) {
	what, fault, ok := strings.Cut(os.Getenv("PLUGINTEST_VICTIM"), ",")
	if !ok {
		return // only as a process that a test below started
	}
	s := sdk.ParserStage(func(struct{}) (sdk.Parser, error) { return &words{fault: fault}, nil })
	switch fault {
	case "told":
		sdk.ExplainConfig(map[string]string{
			"plugintest.victimConfig.Zone": "told", "plugintest.victimConfig.Rules": "told", "plugintest.victimRule.Word": "told",
		})
		fallthrough
	case "config":
		s = sdk.ParserStage(func(victimConfig) (sdk.Parser, error) { return &words{}, nil })
	}
	if what == "golden" {
		Golden(t, s)
		return
	}
	Conformance(t, s)
}

// victimConfig is the config of a vendor's plugin; the tests write its source into the plugin's folder.
type victimConfig struct {
	Zone  string       `yaml:"zone"`
	Rules []victimRule `yaml:"rules"`
}

type victimRule struct {
	Word string `yaml:"word"`
}

const victimSource = `package plugintest

type victimConfig struct {
	// Zone is where the device stands.
	Zone  string ` + "`yaml:\"zone\"`" + `
	Rules []victimRule ` + "`yaml:\"rules\"`" + ` // Rules say what to look for.
}

type victimRule struct {
	// Word is looked for in every line; empty finds all.
	Word string ` + "`yaml:\"word\"`" + `
}

// other is none of the config.
type other struct {
	// Name is nobody's.
	Name string
}
`

// FuzzVictim runs the seeds of the vendor's plugin, as go test does; by itself it fuzzes what lines are made of.
func FuzzVictim(f *testing.F) {
	_, fault, ok := strings.Cut(os.Getenv("PLUGINTEST_VICTIM"), ",")
	if !ok {
		f.Add([]byte("\xd5\xc5\n密\n\n"))
		f.Fuzz(func(t *testing.T, line []byte) {
			assert.NoError(t, sample.Lines([][]byte{sample.Clean(line)}).Validate(uint32(ecs.Message)))
			assert.NotContains(t, string(sample.Clean(line)), "\n")
		})
		return
	}
	Fuzz(f, sdk.ParserStage(func(struct{}) (sdk.Parser, error) { return &words{fault: fault}, nil }))
}

const lines = "user=li\nuser=王芳 192.0.2.7\nnobody\nuser=x 999\n"

const golden = `{"event.action":"seen","user.name":"li","victim.words":1}
{"event.action":"seen","source.ip":"192.0.2.7","user.name":"王芳","victim.words":2}
{"(error)":"want user=","event.action":"seen","victim.words":1}
{"(error)":"source.ip: not an IP address","event.action":"seen","user.name":"x","victim.words":2}
`

// folder is a plugin's folder with these files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "testdata"), 0o755))
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// victim runs the plugin's test in its folder, and says whether it passed and what it printed.
func victim(t *testing.T, dir, what, fault string, flags ...string) (passed bool, out string) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	run := "^TestVictim$"
	if what == "fuzz" {
		run = "^FuzzVictim$"
	}
	cmd := exec.CommandContext(t.Context(), exe, append([]string{"-test.run", run}, flags...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PLUGINTEST_VICTIM="+what+","+fault)
	text, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &failed)
	}
	return err == nil, string(text)
}

// written is a file that -update makes in the folder of the good plugin.
func written(t *testing.T, name string) string {
	t.Helper()
	dir := folder(t, map[string]string{"plugin.yaml": victimManifest, "testdata/lines.log": lines, "testdata/lines.golden.jsonl": golden})
	_, out := victim(t, dir, "conformance", "", "-update")
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err, out)
	return string(text)
}

func TestVerdicts(t *testing.T) {
	without := func(text, part, with string) string {
		require.Contains(t, text, part)
		return strings.Replace(text, part, with, 1)
	}
	readme := written(t, "README.md")
	require.Contains(t, readme, "| `victim.words` | long | How many words the line has. |")
	require.Contains(t, readme, "```\nuser=li")
	for _, tt := range []struct {
		name, what, fault              string
		manifest, log, results, readme string // empty: the good ones
		want                           string // in the output of a test that fails; empty: it passes
	}{
		{name: "good", what: "golden"},
		{name: "another answer", what: "golden", results: without(golden, `"li"`, `"lo"`), want: `lines.log:1: user=li`},
		{name: "a golden line too few", what: "golden", results: strings.SplitAfter(golden, "\n")[0], want: "has 1 lines"},
		{name: "a golden line too many", what: "golden", results: golden + "{}\n", want: "has 5 lines"},
		{name: "a panic", what: "golden", fault: "panic", log: "密码\n", want: "the plugin panicked 1 times"},
		{name: "a key no manifest has", what: "golden", manifest: victimManifest + "colour: red\n", want: "colour"},

		{name: "good", what: "conformance"},
		{name: "a reference that is not true any more", what: "conformance", readme: without(readme, "How many words", "How many letters"), want: "README.md does not say"},
		{name: "an undeclared field", what: "conformance", fault: "undeclared", want: "values were set of fields that plugin.yaml does not list"},
		{name: "a field nothing writes", what: "conformance", fault: "unused", want: "source.ip: no sample has it"},
		{name: "a drop without permission", what: "conformance", fault: "skip", want: "permissions: {drop: true}"},
		{name: "another id", what: "conformance", manifest: without(victimManifest, "id: victim", "id: culprit"), want: "the folder is victim"},
		{name: "no description", what: "conformance", manifest: without(victimManifest, "Lines of the tests of this package.", "Lines"), want: "say in a sentence"},
		{name: "a field described otherwise", what: "conformance", manifest: without(victimManifest, "How many words", "Number of words"), want: "the code"},
		{name: "a field that repeats its name", what: "conformance", manifest: without(victimManifest, "How many words the line has.", "The victim words."), want: "only repeats the name"},
		{name: "a recogniser of nothing", what: "conformance", manifest: without(victimManifest, "['user=']}", "['user=']}, {contains: [';u:']}"), want: "accepts[1] recognises no line"},
		{name: "a panic at odd lines", what: "conformance", fault: "panic", want: "the plugin panicked"},
		{name: "answers that depend on what was before", what: "conformance", fault: "memory", want: "calls at the same time give another answer"},
		{name: "another kind", what: "conformance", manifest: without(victimManifest, "kind: parser", "kind: enricher"), want: "kind"},

		{name: "good", what: "fuzz"},
		{name: "a line that changes others", what: "fuzz", fault: "memory", want: "a line changes what comes of another one"},
		{name: "a panic", what: "fuzz", fault: "panic", log: "user=li\n密码\n", want: "the plugin panicked"},
	} {
		files := map[string]string{"plugin.yaml": victimManifest, "testdata/lines.log": lines, "testdata/lines.golden.jsonl": golden, "README.md": readme}
		for name, text := range map[string]string{"plugin.yaml": tt.manifest, "testdata/lines.log": tt.log, "testdata/lines.golden.jsonl": tt.results, "README.md": tt.readme} {
			if text != "" {
				files[name] = text
			}
		}
		passed, out := victim(t, folder(t, files), tt.what, tt.fault)
		assert.Equal(t, tt.want == "", passed, "%s, %s: %s", tt.what, tt.name, out)
		assert.Contains(t, out, tt.want, "%s, %s", tt.what, tt.name)
	}
}

// The comments of the config's fields reach the program by a file that -update writes, and that must be true.
func TestConfigIsExplained(t *testing.T) {
	files := map[string]string{
		"main.go": victimSource, "plugin.yaml": victimManifest, "testdata/lines.log": lines, "testdata/lines.golden.jsonl": golden,
	}
	dir := folder(t, files)
	passed, out := victim(t, dir, "conformance", "told")
	assert.False(t, passed)
	assert.Contains(t, out, "docs_gen.go does not say what the comments of the config's fields say now: write it with `go test -update`")
	passed, out = victim(t, dir, "conformance", "told", "-update")
	assert.True(t, passed, out)
	source, err := os.ReadFile(filepath.Join(dir, "docs_gen.go"))
	require.NoError(t, err)
	assert.Contains(t, string(source), `"plugintest.victimConfig.Zone":  "Zone is where the device stands.",`)
	assert.Contains(t, string(source), `"plugintest.victimRule.Word":    "Word is looked for in every line; empty finds all.",`)
	assert.NotContains(t, string(source), "nobody's")
	passed, out = victim(t, dir, "conformance", "told")
	assert.True(t, passed, out)
	passed, out = victim(t, dir, "conformance", "config")
	assert.False(t, passed)
	assert.Contains(t, out, "config: rules[].word: no description reaches the host", "the file is not part of the program")

	files["main.go"] = strings.Replace(victimSource, "Zone is where the device stands", "The zone", 1)
	passed, out = victim(t, folder(t, files), "conformance", "told")
	assert.False(t, passed)
	assert.Contains(t, out, "config: zone: the comment of the field plugintest.victimConfig.Zone only repeats the name")
}

func TestUpdateWritesGoldens(t *testing.T) {
	dir := folder(t, map[string]string{"plugin.yaml": victimManifest, "testdata/lines.log": lines})
	passed, out := victim(t, dir, "golden", "")
	assert.False(t, passed)
	assert.Contains(t, out, "go test -update")

	passed, out = victim(t, dir, "golden", "", "-update")
	assert.True(t, passed, out)
	written, err := os.ReadFile(filepath.Join(dir, "testdata/lines.golden.jsonl"))
	require.NoError(t, err)
	assert.Equal(t, strings.Split(golden, "\n"), strings.Split(string(written), "\n"))
}

// stage opens a stage under the manifest of a kind.
func stage(t *testing.T, s *sdk.Stage, kind, reads string, writes ...string) *sdk.Stage {
	t.Helper()
	m, err := manifest.Parse(fmt.Appendf(nil, "id: x\nkind: %s\nversion: 1.0.0\nprotocol: 1\nreads: [%s]\nwrites: [%s]\npermissions: {drop: true}\naccepts: [{prefix: [x]}]\n",
		kind, reads, strings.Join(writes, ", ")))
	require.NoError(t, err)
	open(t, s, m, sample.Setup{})
	return s
}

func shown(t *testing.T, s *sdk.Stage, f *sample.File) []string {
	t.Helper()
	out, err := run(s, f)
	require.NoError(t, err)
	var text []string
	for _, l := range out {
		text = append(text, string(l))
	}
	return text
}

type many func(line []byte, next func() *sdk.Event) error

func (many) Parse([]byte, *sdk.Event) error { return nil }

func (f many) ParseMany(line []byte, next func() *sdk.Event) error { return f(line, next) }

func TestParsersAreShown(t *testing.T) {
	s := stage(t, sdk.ParserStage(func(struct{}) (sdk.Parser, error) {
		return many(func(line []byte, next func() *sdk.Event) error {
			switch string(line) {
			case "drop":
				return sdk.ErrSkip
			case "dead":
				return fmt.Errorf("no such version: %w", sdk.ErrPermanent)
			}
			for part := range strings.SplitSeq(string(line), "|") {
				ev := next()
				ev.SetString(ecs.EventAction, part)
				ev.SetString(ecs.EventCategory, "web")
				ev.SetString(ecs.EventCategory, "network")
			}
			next().SetTime("15:04:05 Jan 2", nil, []byte("07:00:00 Nov 21"))
			return nil
		}), nil
	}), "parser", "message", "event.action", "event.category", "'@timestamp'")
	assert.Equal(t, []string{
		`{"(more)":[{"@timestamp":"2026-11-21T07:00:00Z"}],"event.action":"<a>","event.category":["web","network"]}`,
		`{"(more)":[{"event.action":"c","event.category":["web","network"]},{"@timestamp":"2026-11-21T07:00:00Z"}],"event.action":"b","event.category":["web","network"]}`,
		`{"(drop)":true}`,
		`{"(error)":"dead letter: no such version: permanent"}`,
	}, shown(t, s, &sample.File{Path: "x", Lines: [][]byte{[]byte("<a>"), []byte("b|c"), []byte("drop"), []byte("dead")}}))
}

type enrich func(ev *sdk.Event) error

func (f enrich) Enrich(_ context.Context, ev *sdk.Event) error { return f(ev) }

// A sample of events gives an enricher what a parser would have left: spans, numbers, addresses, dates.
func TestEnrichersReadSampleEvents(t *testing.T) {
	f := sampleEvents(t, `{"message":"login of li","user.name":"li","source.ip":"192.0.2.7","event.severity":9007199254740993,"event.start":"2026-10-11T12:00:00Z"}
{"message":"none"}
{"message":"late","user.name":"not in the line"}
`)
	s := stage(t, sdk.EnricherStage(func(struct{}) (sdk.Enricher, error) {
		return enrich(func(ev *sdk.Event) error {
			name := ev.Text(ecs.UserName)
			if name == nil {
				return nil
			}
			addr, _ := ev.Addr(ecs.SourceIP)
			n, _ := ev.Int(ecs.EventSeverity)
			start, _ := ev.Time(ecs.EventStart)
			ev.SetString(ecs.EventReason, fmt.Sprint(string(name), " ", addr, " ", n, " ", start.Unix()))
			if !addr.IsValid() {
				return sdk.RetryAfter(time.Second, errors.New("busy"))
			}
			return nil
		}), nil
	}), "enricher", "user.name, source.ip, event.severity, event.start", "event.reason")
	out := shown(t, s, f)
	assert.Equal(t, []string{`{"event.reason":"li 192.0.2.7 9007199254740993 1791720000"}`, `{}`}, out[:2])
	assert.Contains(t, out[2], `"(error)":"retry after 1s: busy"`)
	b, err := f.Batch(0, 1)
	require.NoError(t, err)
	assert.Equal(t, wire.Encoding_SPAN, b.Column(uint32(ecs.UserName)).Encoding)
}

func sampleEvents(t *testing.T, text string) *sample.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.events.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	f, err := sample.Read(path)
	require.NoError(t, err)
	return f
}

type masker struct{}

func (masker) Mask(text []byte, e *sdk.Edits) error {
	for at := 0; ; {
		i := strings.Index(string(text[at:]), "secret")
		if i < 0 {
			return nil
		}
		e.Replace(at+i, at+i+6, "***")
		at += i + 6
	}
}

func TestMaskersAreShown(t *testing.T) {
	s := stage(t, sdk.MaskerStage(func(struct{}) (sdk.Masker, error) { return masker{}, nil }), "masker", "message, user.name")
	assert.Equal(t, []string{`{"message":"a *** and ***!"}`, `{}`, `{"user.name":"the ***"}`}, shown(t, s, sampleEvents(t, `{"message":"a secret and secret!"}
{"message":"nothing"}
{"message":"copied","user.name":"the secret"}
`)))
}

type detector struct{ n int }

func (d *detector) Detect(ev *sdk.Event, emit func(sdk.Alert)) error {
	if d.n++; d.n == 2 {
		emit(sdk.Alert{ID: "two", Rule: "second", Fields: map[string]string{"line": string(ev.Line())}})
	}
	return nil
}

// An alert stands at the event that raised it.
func TestDetectorsAreShown(t *testing.T) {
	s := stage(t, sdk.DetectorStage(func(struct{}) (sdk.Detector, error) { return &detector{}, nil }), "detector", "message")
	f := &sample.File{Path: "x", Lines: [][]byte{[]byte("a"), []byte("b"), []byte("c")}}
	assert.Equal(t, []string{`{}`, `{"(alerts)":[{"fields":{"line":"b"},"id":"two","rule":"second"}]}`, `{}`}, shown(t, s, f))
}
