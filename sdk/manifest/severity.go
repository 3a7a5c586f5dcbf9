package manifest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Severities say what the device's word for how grave an event is means in log.level. Keys are words and whole numbers,
// with ASCII letters in lower case.
type Severities map[string]ecs.Severity

// mostNumbers bounds how many numbers one key may stand for.
const mostNumbers = 1000

// ParseSeverities reads the table of a manifest or a configuration: words, whole numbers, and N-M for all numbers from N
// to M, each with one of the five severities of [ecs.Severities]. A word or number may stand once, whatever its case.
func ParseSeverities(table map[string]string) (Severities, error) {
	out := Severities{}
	said := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		level := ecs.Severity(table[key])
		if !slices.Contains(ecs.Severities[:], level) {
			return nil, fmt.Errorf("%s: %q is no severity: want Debug, Info, Warn, Error or Fatal", key, table[key])
		}
		words, err := severityWords(key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		for _, w := range words {
			if by, twice := said[w]; twice {
				return nil, fmt.Errorf("%s: %s is there by %s, too", key, w, by)
			}
			out[w], said[w] = level, key
		}
	}
	return out, nil
}

// severityWords are what a key stands for.
func severityWords(key string) ([]string, error) {
	if strings.TrimSpace(key) != key || key == "" {
		return nil, errors.New("want the device's word or number, without blanks around it")
	}
	from, to, isRange := strings.Cut(key, "-")
	n, nerr := strconv.ParseUint(from, 10, 32)
	m, merr := strconv.ParseUint(to, 10, 32)
	if !isRange || nerr != nil || merr != nil {
		if len(key) > sdk.MostSeverity {
			return nil, fmt.Errorf("a word of more than %d bytes", sdk.MostSeverity)
		}
		return []string{strings.Map(lower, key)}, nil
	}
	if m < n || m-n >= mostNumbers {
		return nil, fmt.Errorf("want N-M, N not above M and no more than %d numbers", mostNumbers)
	}
	var words []string
	for ; n <= m; n++ {
		words = append(words, strconv.FormatUint(n, 10))
	}
	return words, nil
}

// lower leaves letters alone that are not ASCII, as plugins do in the lines.
func lower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// readSeverity keeps the table of a plugin.yaml.
func (m *Manifest) readSeverity(table map[string]string) (err error) {
	if len(table) == 0 {
		return nil
	}
	if !m.Grants(ecs.LogLevel) {
		return errors.New("severity: log.level, which it sets, is not under writes")
	}
	if m.Severity, err = ParseSeverities(table); err != nil {
		return fmt.Errorf("severity.%w", err)
	}
	return nil
}

// Level is a severity of the table in words: what the device writes, and what it means.
type Level struct {
	Word     string
	Severity ecs.Severity
}

// Levels lists a table, numbers first and in their order, then words in theirs.
func (s Severities) Levels() []Level {
	var list []Level
	for w, l := range s {
		list = append(list, Level{w, l})
	}
	slices.SortFunc(list, func(a, b Level) int {
		n, nerr := strconv.ParseUint(a.Word, 10, 64)
		m, merr := strconv.ParseUint(b.Word, 10, 64)
		switch {
		case nerr == nil && merr == nil:
			return int(n) - int(m)
		case nerr == nil:
			return -1
		case merr == nil:
			return 1
		}
		return strings.Compare(a.Word, b.Word)
	})
	return list
}

// Words are what means a severity, numbers that follow each other as N-M; empty if nothing does.
func (s Severities) Words(level ecs.Severity) string {
	var words []string
	from, last := -1, -1
	end := func() {
		switch {
		case from < 0:
		case from == last:
			words = append(words, strconv.Itoa(from))
		default:
			words = append(words, fmt.Sprintf("%d-%d", from, last))
		}
		from = -1
	}
	for _, l := range s.Levels() {
		if l.Severity != level {
			continue
		}
		n, err := strconv.Atoi(l.Word)
		switch {
		case err != nil:
			end()
			words = append(words, l.Word)
		case from >= 0 && n == last+1:
			last = n
		default:
			end()
			from, last = n, n
		}
	}
	end()
	return strings.Join(words, ", ")
}

// With is the table with what an admin says instead.
func (s Severities) With(over Severities) Severities {
	out := maps.Clone(s)
	if out == nil {
		out = Severities{}
	}
	maps.Copy(out, over)
	return out
}

// Wire is the table as a plugin gets it.
func (s Severities) Wire() map[string]string {
	out := make(map[string]string, len(s))
	for w, l := range s {
		out[w] = string(l)
	}
	return out
}
