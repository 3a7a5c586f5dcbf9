package certify_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/certify"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/host/plugin/trial"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := victim(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a folder of the temporary directory
	}
	trial.Clean()
	os.Exit(code)
}

// victim is the program of testdata/victim, built once.
var victim = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "logcenter-victim-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "victim")
	if out, err := exec.Command("go", "build", "-o", path, "./testdata/victim").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

const manifest = `id: victim
kind: parser
version: 1.0.0
protocol: 1
description: Lines of the tests of this package.
accepts: [{prefix: ['user=']}]
reads: [message]
writes:
  - source.ip
  - user.name
  - {name: victim.words, type: long, description: How many words the line has.}
`

const lines = "user=li 192.0.2.1\nuser=wang 192.0.2.2\nuser=li\nno user\n"

const golden = `{"source.ip":"192.0.2.1","user.name":"li","victim.words":2}
{"source.ip":"192.0.2.2","user.name":"wang","victim.words":2}
{"user.name":"li","victim.words":1}
{"(error)":"want user=","victim.words":2}
`

// folder makes a plugin's folder of files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "victim")
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// sick makes the folder of the victim with one fault, and with other files.
func sick(t *testing.T, fault string, other map[string]string) (dir string, o certify.Options) {
	t.Helper()
	program, err := victim()
	require.NoError(t, err)
	files := map[string]string{"plugin.yaml": manifest, "testdata/lines.log": lines, "testdata/lines.golden.jsonl": golden}
	if fault != "" {
		files["testdata/lines.config.yaml"] = "fault: " + fault + "\n"
	}
	for name, text := range other {
		files[name] = text
	}
	return folder(t, files), certify.Options{Program: program, Quick: true, Logcenter: "test"}
}

// found is what a check says, "ok" in front of it if it passed.
func found(c *certify.Certificate, name string) string {
	for _, k := range c.Checks {
		if k.Name == name && k.OK {
			return "ok " + k.Detail
		}
		if k.Name == name {
			return k.Detail
		}
	}
	return "not run"
}

func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault, check, want string
		files              map[string]string
	}{
		{"", "golden", "ok 4 lines of 1 file", nil},
		{"", "schema", "ok 3 fields written as declared, 1 line not understood", nil},
		{"", "schema", "ok 3 fields written as declared, 2 lines not understood, 75.0% of 4 ordinary lines fully parsed", map[string]string{"testdata/bad.log": "no user\n", "testdata/bad.golden.jsonl": `{"(error)":"want user=","victim.words":2}` + "\n"}},
		{"", "schema", "ok 3 fields written as declared, 1 line not understood, 80.0% of 5 ordinary lines fully parsed", map[string]string{"testdata/more.log": "user=li 192.0.2.1\n", "testdata/more.golden.jsonl": "{}\n"}},
		{"", "same", "ok two processes answer the same", nil},
		{"regexp", "speed", "allocations a line, regexp takes ", nil},
		{"", "contract", "ok 58256 lines answered in ", map[string]string{"testdata/bad.log": "bad\n"}},
		{"", "golden", "testdata/lines.log:2: \"user=wang 192.0.2.2\"\n     got {", map[string]string{"testdata/lines.golden.jsonl": strings.Replace(golden, "wang", "liu", 1)}},
		{"", "golden", "has 1 lines", map[string]string{"testdata/lines.golden.jsonl": "{}\n"}},
		{"", "manifest", `victim.rules: description "The rules of the victim." only repeats the name`, map[string]string{"plugin.yaml": manifest + "  - {name: victim.rules, type: long, description: The rules of the victim.}\n"}},
		{"", "manifest", "say in a sentence", map[string]string{"plugin.yaml": strings.Replace(manifest, "Lines of the tests of this package.", "Lines", 1)}},
		{"", "schema", "accepts[1] recognises no line", map[string]string{"plugin.yaml": strings.Replace(manifest, "['user=']}", "['user=']}, {contains: [';u:']}", 1)}},
		{"", "start", "config: fault: no description", nil},
		{"refuse", "start", "fault: not today", nil},
		{"undeclared", "schema", "4 values were set of fields that plugin.yaml does not list", nil},
		{"unused", "schema", "writes: source.ip: no sample has it", nil},
		{"skip", "schema", "3 events are dropped, which needs permissions: {drop: true}", nil},
		{"memory", "same", "calls at the same time give another answer", nil},
		{"process", "same", "another process gives another answer", nil},
		{"panic", "fuzz", "the plugin panicked, at the line ", nil},
		{"exit", "fuzz", ", at the line ", nil},
		{"panic", "fuzz", "it printed: panic at an event: poisoned", nil},
		{"quadratic", "fuzz", "its cost grows faster than its length", nil},
		{"leak", "leak", "bound what is kept", nil},
		{"files", "leak", "close what a line opens", nil},
	} {
		t.Run(strings.TrimSpace(tt.check+" "+tt.fault), func(t *testing.T) {
			t.Parallel()
			dir, o := sick(t, tt.fault, tt.files)
			o.Only = []string{tt.check}
			c, err := certify.Test(t.Context(), dir, o)
			require.NoError(t, err)
			said := found(c, tt.check)
			assert.Contains(t, said, tt.want)
			assert.Equal(t, strings.HasPrefix(tt.want, "ok") || tt.check == "speed", strings.HasPrefix(said, "ok"))
		})
	}
}

// notifies is the manifest of the victim as a notifier.
const notifies = "id: victim\nkind: notifier\nversion: 1.0.0\nprotocol: 1\ndescription: Alerts of the tests of this package.\n"

func TestNotifiers(t *testing.T) {
	t.Parallel() // one of them hangs for as long as it may
	assert.Equal(t, []string{"manifest", "start", "deliver"}, certify.Checks("notifier"))
	for _, tt := range []struct{ fault, want string }{
		{"", "ok nothing was delivered, for want of a testdata/NAME.config.yaml"},
		{"none", "ok an alert is delivered, odd ones and a cancelled call are survived, after 50 alerts "},
		{"refuse", "ok an alert is to be tried again after 3s: nobody listens, odd ones"},
		{"files", "files or sockets more are open than after a tenth of 50 alerts: close what an alert opens"},
		{"exit", "an empty alert: "},
		{"hang", "an empty alert is not answered within 10s: bound how long the receiver may take"},
	} {
		dir, o := sick(t, tt.fault, map[string]string{"plugin.yaml": notifies, "notifies": "", "testdata/lines.log": ""})
		o.Only = []string{"deliver"}
		c, err := certify.Test(t.Context(), dir, o)
		require.NoError(t, err)
		said := found(c, "deliver")
		assert.Contains(t, said, tt.want, tt.fault)
		assert.Equal(t, strings.HasPrefix(tt.want, "ok"), strings.HasPrefix(said, "ok"), said)
	}
}

// What the SDK never would answer, a plugin without it may.
func TestLiesAreFound(t *testing.T) {
	for lie, want := range map[string]string{
		"spans": "span of row 0 leaves its line", "seq": "answer", "rows": "answer for 4 rows, asked for 3", "error": "I do not feel like it",
	} {
		dir := trial.Folder(t, t.TempDir(), "liar", trial.Manifest("liar", "parser"), lie)
		require.NoError(t, os.Mkdir(filepath.Join(dir, "testdata"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "testdata", "a.log"), []byte("liar\none\ntwo\n"), 0o600))
		c, err := certify.Test(t.Context(), dir, certify.Options{Quick: true, Only: []string{"golden", "contract"}})
		require.NoError(t, err)
		assert.Contains(t, found(c, "golden"), want, lie)
		assert.NotContains(t, found(c, "contract"), "ok ", "it takes any batch")
	}
}

func TestWhatCannotBeTested(t *testing.T) {
	for _, tt := range []struct {
		want  string
		files map[string]string
	}{
		{"plugin.yaml: no such file", nil},
		{"plugin.yaml: colour: unknown key", map[string]string{"plugin.yaml": manifest + "colour: red\n"}},
		{"writes[3]: source.ip stands twice", map[string]string{"plugin.yaml": manifest + "  - source.ip\n"}},
		{"writes[0]: field source.ip is ip, cannot be long too", map[string]string{"plugin.yaml": strings.Replace(manifest, "- source.ip", "- {name: source.ip, type: long, description: An address.}", 1)}},
		{"testdata has no sample", map[string]string{"plugin.yaml": manifest, "victim": ""}},
		{"lines.log:2: this line ends in LF, those before it in CR LF", map[string]string{"plugin.yaml": manifest, "victim": "", "testdata/lines.log": "a\r\nb\n"}},
		{"victim is not there, nor are Go sources", map[string]string{"plugin.yaml": manifest, "testdata/lines.log": "a\n"}},
		{"go build in ", map[string]string{"plugin.yaml": manifest, "testdata/lines.log": "a\n", "go.mod": "module m\n", "main.go": "package main\nfunc main() { x }\n"}},
		{"undefined: y", map[string]string{"plugin.yaml": manifest, "testdata/lines.log": "a\n", "go.mod": "module m\n", "main.go": "package main\nfunc main() { y() }\n", "victim": "of older sources"}},
	} {
		_, err := certify.Test(t.Context(), folder(t, tt.files), certify.Options{})
		require.ErrorContains(t, err, tt.want)
	}
	dir, o := sick(t, "", nil)
	o.Only = []string{"fuss"}
	_, err := certify.Test(t.Context(), dir, o)
	require.ErrorContains(t, err, `no check "fuss" for a parser: there are manifest, start, golden`)
}

// A certificate is of the files it was made of, and of a whole test.
func TestCertificate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acmevpn")
	trial.Python(t)
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../examples/acmevpn")))
	c, err := certify.Test(t.Context(), dir, certify.Options{Quick: true, Logcenter: "1.2.3"})
	require.NoError(t, err)
	require.True(t, c.OK(), "%+v", c.Checks)
	assert.Equal(t, []string{"manifest", "start", "golden", "schema", "same", "contract", "fuzz", "speed", "leak"}, names(c))
	assert.Equal(t, "acmevpn", c.Plugin)
	assert.Equal(t, "python/0.1.0", c.SDK)
	assert.Equal(t, 22, c.Fields)
	assert.Equal(t, 18, c.Lines)
	assert.Positive(t, c.MsPerMB)
	assert.Positive(t, c.NsPerLine)
	assert.InDelta(t, 1, c.Parsed, 0)
	assert.Contains(t, c.Sums, "main.py")
	assert.Contains(t, c.Sums, "testdata/sessions.golden.jsonl")
	require.NoError(t, c.Write(dir))
	data, err := os.ReadFile(filepath.Join(dir, pack.CertificateName))
	require.NoError(t, err)
	var read certify.Certificate
	require.NoError(t, json.Unmarshal(data, &read))
	assert.Equal(t, *c, read)

	partial := *c
	partial.Checks = partial.Checks[1:]
	require.ErrorContains(t, partial.Write(dir), "the check manifest was not run")
	assert.NoFileExists(t, filepath.Join(dir, pack.CertificateName), "one that is there holds no more")
	require.NoError(t, c.Write(dir))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.py"), []byte("pass\n"), 0o600))
	c, err = certify.Test(t.Context(), dir, certify.Options{Quick: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"manifest", "start"}, names(c), "of a plugin that does not start nothing more is asked")
	assert.Contains(t, found(c, "start"), "exited before it said hello")
	require.ErrorContains(t, c.Write(dir), "the check start failed")
	assert.NoFileExists(t, filepath.Join(dir, pack.CertificateName))
}

func names(c *certify.Certificate) (out []string) {
	for _, k := range c.Checks {
		out = append(out, k.Name)
	}
	return out
}

func TestUpdateWritesGoldenFiles(t *testing.T) {
	dir, o := sick(t, "", map[string]string{"testdata/lines.golden.jsonl": "old\n"})
	o.Update, o.Only = true, []string{"golden"}
	c, err := certify.Test(t.Context(), dir, o)
	require.NoError(t, err)
	assert.Contains(t, found(c, "golden"), "golden files written")
	have, err := os.ReadFile(filepath.Join(dir, "testdata", "lines.golden.jsonl"))
	require.NoError(t, err)
	assert.Equal(t, strings.Split(golden, "\n"), strings.Split(string(have), "\n"))
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	require.NoError(t, err)
	assert.Contains(t, string(readme), "| `victim.words` | long | How many words the line has. |")
	assert.Contains(t, string(readme), "user=li 192.0.2.1")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), append(readme, "more"...), 0o600))
	o.Update = false
	changed, err := certify.Test(t.Context(), dir, o)
	require.NoError(t, err)
	assert.Contains(t, found(changed, "golden"), "README.md does not say what plugin.yaml")
	text, err := json.Marshal(c)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"ms_per_mb":0`)
}

// What a plugin costs is measured on the first ordinary sample of each configuration, beside a plugin that does nothing.
func TestCosts(t *testing.T) {
	dir, o := sick(t, "", map[string]string{
		"testdata/bad.log": "no user\n", "testdata/again.log": "user=li 192.0.2.1\n",
		"testdata/other.log": "user=li\n", "testdata/other.config.yaml": "fault: regexp\n",
	})
	floor := t.TempDir()
	out, err := exec.Command("go", "build", "-o", filepath.Join(floor, "parser"), "../bench/floor/parser").CombinedOutput()
	require.NoError(t, err, "%s", out)
	costs, err := certify.Costs(t.Context(), dir, certify.CostOptions{Program: o.Program, Floor: floor, CPU: 50 * time.Millisecond})
	require.NoError(t, err)
	require.Len(t, costs, 2)
	for i, want := range []certify.Cost{
		{Plugin: "victim", Kind: "parser", Sample: "again", LineBytes: 18},
		{Plugin: "victim", Kind: "parser", Sample: "other", LineBytes: 8, Configured: true},
	} {
		c := costs[i]
		assert.Positive(t, c.MsPerMB)
		assert.Positive(t, c.Floor)
		assert.InDelta(t, c.MsPerMB*c.LineBytes, c.NsPerLine, 1e-6*c.NsPerLine, "a millisecond a MB is a nanosecond a byte")
		c.MsPerMB, c.NsPerLine, c.Floor = 0, 0, 0
		assert.Equal(t, want, c)
	}
	_, err = certify.Costs(t.Context(), dir, certify.CostOptions{Program: o.Program, Floor: filepath.Join(floor, "none")})
	require.ErrorContains(t, err, "none")
}
