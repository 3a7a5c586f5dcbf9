package sample

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// folder makes the folder of a plugin with these samples.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "testdata"), 0o755))
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "testdata", name), []byte(text), 0o600))
	}
	return dir
}

func TestSamplesThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		file, text, want string
	}{
		{"a.txt", "line\n", "testdata has no sample: put lines as captured into"},
		{"a.log", "", "a.log is empty"},
		{"a.log", "one\r\ntwo\nthree\r\n", "a.log:2: this line ends in LF, those before it in CR LF"},
		{"a.log", "one\ntwo\r\n", "a.log:2: this line ends in CR LF, those before it in LF"},
		{"a.events.jsonl", "{}\n[]\n", "a.events.jsonl:2: "},
		{"a.events.jsonl", "{}\n{\"message\":\n", "want one JSON object a line"},
		{"a.events.jsonl", "{\"message\":5}\n", "a.events.jsonl:1: message is not a text"},
	} {
		_, err := ReadAll(folder(t, map[string]string{tt.file: tt.text}))
		assert.ErrorContains(t, err, tt.want, tt.text)
	}
	_, err := ReadAll(folder(t, map[string]string{"a.log": "one\n", "a.events.jsonl": "{}\n", "b.log": "two\n"}))
	assert.ErrorContains(t, err, "a.golden.jsonl: give one of them another name")
}

func TestTheLastLineMayHaveNoEnd(t *testing.T) {
	files, err := ReadAll(folder(t, map[string]string{"a.log": "one\r\ntwo", "b.log": "one\ntwo"}))
	require.NoError(t, err)
	for _, f := range files {
		assert.Equal(t, []string{"one", "two"}, text(f.Lines), f.Path)
	}
}

func TestValuesOfEvents(t *testing.T) {
	for _, tt := range []struct{ event, want string }{
		{`{"user.name":null,"source.port":22}`, ""},
		{`{"event.type":["start","end"]}`, ""},
		{`{"user.name":["li","wang"]}`, "a.events.jsonl:1: user.name: it has one value, not a list"},
		{`{"source.port":"x"}`, "a.events.jsonl:1: source.port: "},
		{`{"nobody.knows":1}`, "field nobody.knows is neither known nor declared"},
	} {
		files, err := ReadAll(folder(t, map[string]string{"a.events.jsonl": tt.event + "\n"}))
		require.NoError(t, err)
		b, err := files[0].Batch(0, 1)
		if tt.want != "" {
			require.ErrorContains(t, err, tt.want, tt.event)
			continue
		}
		require.NoError(t, err, tt.event)
		if name, ok := ecs.Lookup("user.name"); assert.True(t, ok) {
			c := b.Column(uint32(name))
			assert.True(t, c == nil || c.Count == 0, "null is no value")
		}
	}
}

func TestSamplesAreReadInOrder(t *testing.T) {
	files, err := ReadAll(folder(t, map[string]string{
		"b.log": "one\r\n\r\n\xff\r\n", "a.events.jsonl": `{"message":"x","source.port":9007199254740993}` + "\n",
		"a.config.json": `{"a":1}`, "b.config.yaml": "b: [2]\n",
		"b.rules.yaml": "rules: [{id: r, name: R, query: a}]\n",
	}))
	require.NoError(t, err)
	require.Len(t, files, 2)
	assert.Equal(t, []string{"x"}, text(files[0].Lines))
	assert.Equal(t, []string{"one", "", "\uFFFD"}, text(files[1].Lines))
	b, err := files[0].Batch(0, 1)
	require.NoError(t, err)
	require.Len(t, b.Columns, 3)
	assert.EqualValues(t, 9007199254740993, b.Columns[2].Int(0))
	setup, err := files[0].Setup()
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":1}`, string(setup.Config))
	assert.Nil(t, setup.Rules)
	setup, err = files[1].Setup()
	require.NoError(t, err)
	assert.JSONEq(t, `{"b":[2]}`, string(setup.Config))
	assert.JSONEq(t, `[{"id":"r","name":"R","query":"a"}]`, string(setup.Rules))
	assert.Len(t, files[1].Repeat(100).Lines, 36)
	assert.Len(t, files[0].Repeat(1024).Lines, 8, "an event that is given by its fields counts as one with a usual line")
}

func TestRulesOfASampleAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"rules:\n  - {id: r, name: R, query: 'a AND'}\n": "a.rules.yaml:2:",
		"rules:\n  - {id: r, nam: R, query: a}\n":        `did you mean "name"?`,
		"rule: []\n":             "a.rules.yaml:1:1: rule",
		"rules: []\n":            "a.rules.yaml has no rules",
		"rules: []\n---\na: 1\n": "a.rules.yaml has 2 documents",
	} {
		files, err := ReadAll(folder(t, map[string]string{"a.log": "one\n", "a.rules.yaml": text}))
		require.NoError(t, err)
		_, err = files[0].Setup()
		assert.ErrorContains(t, err, want, "%s", text)
	}
}

func TestCompare(t *testing.T) {
	dir := folder(t, map[string]string{"a.log": "one\ntwo\n"})
	files, err := ReadAll(dir)
	require.NoError(t, err)
	_, err = files[0].Compare(nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, files[0].Write([][]byte{[]byte("{}"), []byte(`{"a":1}`)}))
	got, err := files[0].Compare([][]byte{[]byte("{}"), []byte(`{"a":1}`)})
	require.NoError(t, err)
	assert.Empty(t, got)
	got, err = files[0].Compare([][]byte{[]byte(`{"b":1}`)})
	require.ErrorContains(t, err, "has 2 lines")
	assert.Equal(t, []Difference{{Line: 1, Got: []byte(`{"b":1}`), Want: []byte("{}")}}, got)
}

func text(lines [][]byte) (out []string) {
	for _, l := range lines {
		out = append(out, string(l))
	}
	return out
}
