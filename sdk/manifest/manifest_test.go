package manifest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

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
