package scaffold

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/infer"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// severityTable is severity of plugin.yaml: what the device's words and numbers mean in log.level.
type severityTable struct {
	Guess string // what the author is to look up; empty: the meaning of all is known
	Rows  []severityRow
}

// severityRow is a word, a number or N-M, and one of the five severities.
type severityRow struct {
	Writes string
	Level  ecs.Severity
}

// syslogScale is that of RFC 5424, section 6.2.1.
var syslogScale = []severityRow{{"0-2", ecs.Fatal}, {"3", ecs.Error}, {"4", ecs.Warn}, {"5-6", ecs.Informational}, {"7", ecs.Debug}}

// Severity is the table of a parser that sets log.level, nil if it does not.
func (v *parserView) Severity() *severityTable {
	t := &severityTable{}
	switch {
	case v.Header != nil && v.Header.Level, v.LevelNumbers() && v.numbers.Syslog:
		t.Rows = slices.Clone(syslogScale)
	case v.LevelNumbers():
		t.Rows = growing(v.scale())
	case !v.LevelWords():
		return nil
	}
	if v.LevelNumbers() && !v.known() {
		worse := "larger ones for worse"
		if v.numbers.Syslog {
			worse = "0 for the worst, as in syslog"
		}
		t.Guess = fmt.Sprintf("What the numbers of %s mean is a guess: %s. Put right what the device's manual says otherwise.", v.numbers.Key, worse)
	}
	words := map[string]ecs.Severity{}
	for _, w := range v.words[infer.AsLevel] {
		words[w.Text] = w.Level
	}
	table := manifest.Severities{}
	for _, w := range slices.Sorted(maps.Keys(words)) { // what differs in the case of its letters alone stands once
		if one, err := manifest.ParseSeverities(map[string]string{w: string(words[w])}); err == nil {
			maps.Copy(table, one)
		}
	}
	for _, l := range table.Levels() {
		t.Rows = append(t.Rows, severityRow{l.Word, l.Severity})
	}
	return t
}

// known says whether the format or the name of the numbers says what they mean.
func (v *parserView) known() bool {
	return v.Format == infer.CEF && v.numbers.Key == "Severity" || v.Format == infer.LEEF && v.numbers.Key == "sev" ||
		strings.Contains(strings.ToLower(v.numbers.Key), "syslog")
}

// scale is the largest number that a severity which grows can be: of those of the samples, unless the format says.
func (v *parserView) scale() int64 {
	if v.known() {
		return max(10, v.numbers.Max)
	}
	return v.numbers.Max
}

// growing is a scale from 0 to most or above, on which larger numbers are worse.
func growing(most int64) (rows []severityRow) {
	warn, err, fatal, top := int64(40), int64(70), int64(90), max(100, min(most, 1000))
	switch {
	case most <= 3:
		warn, err, fatal, top = 1, 2, 3, 3 // low, middle, high
	case most <= 5:
		warn, err, fatal, top = 3, 4, 5, 5
	case most <= 10:
		warn, err, fatal, top = 4, 7, 9, 10 // CEF's Medium, High and Very-High
	}
	for _, r := range []struct {
		from, to int64
		level    ecs.Severity
	}{{0, warn - 1, ecs.Informational}, {warn, err - 1, ecs.Warn}, {err, fatal - 1, ecs.Error}, {fatal, top, ecs.Fatal}} {
		writes := fmt.Sprint(r.from)
		if r.to > r.from {
			writes += fmt.Sprintf("-%d", r.to)
		}
		rows = append(rows, severityRow{writes, r.level})
	}
	return rows
}
