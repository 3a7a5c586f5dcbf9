package manifest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/manifest"
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
