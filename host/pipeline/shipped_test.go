package pipeline

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/sample"
)

// Whatever parsers are enabled beside it, a shipped parser gets the lines that it is made for: those of its own samples.
func TestShippedParsersKnowTheirLines(t *testing.T) {
	dirs, err := filepath.Glob("../../plugins/parser/*")
	require.NoError(t, err)
	var parsers []Stage
	for _, dir := range dirs {
		m, err := manifest.Read(dir)
		require.NoError(t, err)
		parsers = append(parsers, known{m})
	}
	require.Greater(t, len(parsers), 3)
	d := newDispatcher(parsers, nil)
	for i, dir := range dirs {
		m := parsers[i].Manifest()
		input := "syslog"
		if r := m.Accepts[0]; len(r.Input) > 0 {
			input = r.Input[0]
		}
		files, err := sample.ReadAll(dir)
		require.NoError(t, err)
		for _, f := range files {
			if strings.HasPrefix(filepath.Base(f.Name), "bad") {
				continue
			}
			for n, line := range f.Lines {
				got := "no parser"
				if p := d.choose(line, d.view(input)); p != none {
					got = parsers[p].Manifest().ID
				}
				assert.Equal(t, m.ID, got, "%s:%d: %.120q", f.Path, n+1, line)
			}
		}
	}
}
