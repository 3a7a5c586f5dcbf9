package manifest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestRecognisers(t *testing.T) {
	for _, tt := range []struct {
		r    manifest.Recogniser
		line string
		want bool
	}{
		{manifest.Recogniser{Prefix: []string{"a", "b"}}, "bcd", true},
		{manifest.Recogniser{Prefix: []string{"a", "b"}}, "cab", false},
		{manifest.Recogniser{Contains: []string{"x", "d"}}, "bcd", true},
		{manifest.Recogniser{Prefix: []string{"b"}, Contains: []string{"x"}}, "bcd", false},
		{manifest.Recogniser{Contains: []string{"x"}}, strings.Repeat(" ", manifest.RecognisedBytes-1) + "x", true},
		{manifest.Recogniser{Contains: []string{"x"}}, strings.Repeat(" ", manifest.RecognisedBytes) + "x", false},
		{manifest.Recogniser{ContainsAll: []string{"d", "b"}}, "bcd", true},
		{manifest.Recogniser{ContainsAll: []string{"d", "x"}}, "bcd", false},
		{manifest.Recogniser{Contains: []string{"x", "c"}, ContainsAll: []string{"d"}}, "bcd", true},
		{manifest.Recogniser{ContainsAll: []string{"a", "x"}}, "a" + strings.Repeat(" ", manifest.RecognisedBytes) + "x", false},
		{manifest.Recogniser{AppName: []string{"nginx"}, Contains: []string{"x"}}, "x", false},
	} {
		assert.Equal(t, tt.want, tt.r.Takes([]byte(tt.line)), "%+v of %.20q", tt.r, tt.line)
	}
}

func TestRefused(t *testing.T) {
	const good = "id: a1\nkind: parser\nversion: 1.0.0\nprotocol: 1\ndescription: Lines of tests.\naccepts: [{prefix: [a]}]\n"
	_, err := manifest.Parse([]byte(good))
	require.NoError(t, err)
	for _, tt := range []struct{ text, want string }{
		{"", "id: is required"},
		{"id: [\n", "yaml: "},
		{good + "# " + strings.Repeat("x", manifest.MaxBytes), "it has more than 1048576 bytes"},
		{strings.Replace(good, "[{prefix: [a]}]", "[]", 1), "accepts: a parser says which lines are its own"},
		{strings.Replace(good, "[{prefix: [a]}]", "[{}]", 1), "accepts[0]: empty"},
		{strings.Replace(good, "[a]", "[a, '']", 1), "accepts[0].prefix[1]: an empty text stands in every line"},
		{strings.Replace(good, "prefix: [a]", "contains: ['']", 1), "accepts[0].contains[0]: an empty text"},
		{strings.Replace(good, "prefix: [a]", "contains: ["+strings.Repeat("x", manifest.RecognisedBytes+1)+"]", 1), "accepts[0].contains[0]: has 513 bytes, of a line only the first 512 are looked at"},
		{strings.Replace(good, "prefix: [a]", "input: ['dmz-[']", 1), `accepts[0].input[0]: "dmz-[" is no pattern`},
		{strings.Replace(good, "protocol: 1", "protocol: 7", 1), "protocol 7: this host speaks 1"},
		{good + "writes: [event.id]\n", "writes: event.id is set by the host alone"},
		{good + "constants: {event.modul: a}\n", "constants.event.modul: unknown field; nearest is event.module"},
	} {
		_, err := manifest.Parse([]byte(tt.text))
		assert.ErrorContains(t, err, tt.want, "%.80s", tt.text)
	}
}

const head = "id: acme\nkind: parser\nversion: 0.1.0\nprotocol: 1\naccepts: [{prefix: [x]}]\n"

func TestSeverity(t *testing.T) {
	m, err := manifest.Parse([]byte(head + "writes: [log.level]\nseverity: {0-2: Info, 3: Warn, High: Error, 高: Fatal}\n"))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"0": "Info", "1": "Info", "2": "Info", "3": "Warn", "high": "Error", "高": "Fatal"}, m.OpenRequest(nil).Severity)
	assert.Equal(t, "0-2", m.Severity.Words("Info"))

	over, err := manifest.ParseSeverities(map[string]string{"1": "Debug", "none": "Debug"})
	require.NoError(t, err)
	both := m.Severity.With(over)
	assert.Equal(t, "1, none", both.Words("Debug"))
	assert.Equal(t, "0, 2", both.Words("Info"))
	assert.Equal(t, "0-2", m.Severity.Words("Info"), "the manifest's own stays")

	f := func(yaml, want string) {
		t.Helper()
		_, err := manifest.Parse([]byte(head + yaml))
		assert.ErrorContains(t, err, want, yaml)
	}
	f("severity: {low: Info}", "severity: log.level, which it sets, is not under writes")
	f("writes: [log.level]\nseverity: {low: Warning}", `"Warning" is not allowed`)
	f("writes: [log.level]\nseverity: {low: Info, LOW: Warn}", "severity.low: low is there by LOW, too")
	f("writes: [log.level]\nseverity: {1-5: Info, 3: Warn}", "severity.3: 3 is there by 1-5, too")
	f("writes: [log.level]\nseverity: {5-1: Info}", "severity.5-1: want N-M, N not above M")
	f("writes: [log.level]\nseverity: {0-4000000000: Info}", "no more than 1000 numbers")
	f("writes: [log.level]\nseverity: {' low': Info}", "without blanks around it")
	f("writes: [log.level]\nseverity: {"+strings.Repeat("x", 65)+": Info}", "a word of more than 64 bytes")
	f("writes: [log.level]\nseverity: {1.5: Info}", "must have keys")
}

// TestReadsAll proves that a detector may be sent every field, its own included that others declare, and nobody else.
func TestReadsAll(t *testing.T) {
	detector := strings.Replace(head, "kind: parser", "kind: detector", 1)
	m, err := manifest.Parse([]byte(detector + "reads: ['*']\n"))
	require.NoError(t, err)
	later, err := ecs.Define(ecs.Info{Name: "acme.later", Type: ecs.Keyword, Description: "Declared by a plugin that was read later."})
	require.NoError(t, err)
	assert.Len(t, m.OpenRequest(nil).Reads, len(ecs.All()))
	b := &wire.Batch{Columns: []*wire.Column{{Field: uint32(later)}, {Field: uint32(ecs.Message)}, {Field: uint32(ecs.SourceIP)}}}
	assert.Equal(t, b.Columns, m.Columns(nil, b))

	m, err = manifest.Parse([]byte(detector + "reads: [source.ip]\n"))
	require.NoError(t, err)
	assert.Equal(t, b.Columns[1:], m.Columns(nil, b))

	for _, bad := range []string{head + "reads: ['*']\n", detector + "reads: ['*', source.ip]\n"} {
		_, err = manifest.Parse([]byte(bad))
		assert.ErrorContains(t, err, "reads: '*' is every field")
	}
}
