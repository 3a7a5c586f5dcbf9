package scaffold_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/infer"
	"github.com/logcenter/logcenter/host/scaffold"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// What a device's severities mean is a table that the author and the admin can see, and what is only guessed is marked.
func TestSeveritiesAreATable(t *testing.T) {
	for _, tt := range []struct {
		name, line string // with %v for the severity
		values     []any
		want       string // by severity, from Debug to Fatal
		guess      bool
	}{
		{"header", "<%v>Oct 11 12:00:01 fw-01 acme: conn srcip=192.0.2.1 dstip=198.51.100.7 sport=4711", []any{188, 189, 190}, "7 | 5-6 | 4 | 3 | 0-2", false},
		{"low", "date=2026-10-11 time=12:00:01 srcip=192.0.2.1 dstip=198.51.100.7 risk_level=%v", []any{1, 2, 3}, " | 0 | 1 | 2 | 3", true},
		{"zero", "date=2026-10-11 time=12:00:01 srcip=192.0.2.1 dstip=198.51.100.7 severity=%v", []any{1, 2, 3}, "7 | 5-6 | 4 | 3 | 0-2", true},
		{"named", "date=2026-10-11 time=12:00:01 srcip=192.0.2.1 dstip=198.51.100.7 syslog_severity=%v", []any{1, 2, 3}, "7 | 5-6 | 4 | 3 | 0-2", false},
		{"hundred", "date=2026-10-11 time=12:00:01 srcip=192.0.2.1 dstip=198.51.100.7 severity=%v", []any{10, 50, 95}, " | 0-39 | 40-69 | 70-89 | 90-100", true},
		{"words", "date=2026-10-11 time=12:00:01 srcip=192.0.2.1 dstip=198.51.100.7 severity=%v", []any{"High", "high", "低", "critical"}, " | 低 |  | high | critical", false},
		{"cef", "CEF:0|ACME|FW|1.0|100|Connection|%v|src=192.0.2.1 dst=198.51.100.7 spt=4711", []any{1, 2, 3}, " | 0-3 | 4-6 | 7-8 | 9-10", false},
	} {
		for _, lang := range scaffold.Langs() {
			file := filepath.Join(t.TempDir(), "samples.log")
			var lines strings.Builder
			for i := range 2 * len(tt.values) {
				v := tt.values[i%len(tt.values)]
				fmt.Fprintf(&lines, tt.line+"\n", v)
			}
			require.NoError(t, os.WriteFile(file, []byte(lines.String()), 0o600))
			s, err := infer.ReadSamples(file)
			require.NoError(t, err)
			o := options("acmefw", "parser", t.TempDir())
			o.Samples, o.Lang = s, lang
			f, err := scaffold.New(o)
			require.NoError(t, err)
			require.NoError(t, f.Write(false))
			m, err := manifest.Read(f.Path)
			require.NoError(t, err)
			var got []string
			for _, level := range ecs.Severities {
				got = append(got, m.Severity.Words(level))
			}
			assert.Equal(t, tt.want, strings.Join(got, " | "), "%s in %s", tt.name, lang)
			text, err := os.ReadFile(filepath.Join(f.Path, manifest.Name))
			require.NoError(t, err)
			assert.Equal(t, tt.guess, strings.Contains(string(text), "is a guess"), "%s in %s:\n%s", tt.name, lang, text)
			assert.Equal(t, tt.guess, strings.Contains(f.Summary(), "is a guess"), "%s in %s: %s", tt.name, lang, f.Summary())
		}
	}
}
