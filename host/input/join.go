package input

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Multiline says which lines belong to one record. At most one of Start and Indent is set; with neither,
// every line is a record. A record ends before the next one starts, at Common.MaxRecordBytes, at MaxLines,
// or when no line came for Wait; lines beyond a bound start a record of their own, so nothing is lost. The
// lines of a record are separated by newlines.
type Multiline struct {
	// Start is a regular expression (RE2) that matches the first line of each record, and no other, e.g.
	// ^\d{4}-\d{2}-\d{2} for stack traces behind a date. Empty: not used.
	Start string
	// Indent makes lines that start with a space or tab continue the record before.
	Indent bool
	// MaxLines of one record. 0 means 500.
	MaxLines int
	// Wait is how long a record waits for its next line. 0 means 1 s.
	Wait time.Duration
}

// On says whether lines are joined at all.
func (m *Multiline) On() bool { return m.Start != "" || m.Indent }

func (m *Multiline) check() error {
	if m.Start != "" && m.Indent {
		return errors.New("a start pattern and joining by indent exclude each other: set one")
	}
	if _, err := regexp.Compile(m.Start); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if m.MaxLines == 0 {
		m.MaxLines = 500
	}
	if m.Wait == 0 {
		m.Wait = time.Second
	}
	if m.MaxLines < 1 || m.Wait < 0 {
		return fmt.Errorf("at most %d lines and a wait of %s; neither may be negative", m.MaxLines, m.Wait)
	}
	return nil
}

// joiner collects the lines of one record.
type joiner struct {
	start    *regexp.Regexp // nil = by indent
	maxLines int
	maxBytes int
	wait     time.Duration

	buf   []byte
	lines int
	mark  Mark
	at    int64     // when the first line was received
	pos   int64     // behind the last line
	since time.Time // of the last line
}

func newJoiner(m *Multiline, maxBytes int) *joiner {
	if !m.On() {
		return nil
	}
	j := &joiner{maxLines: m.MaxLines, maxBytes: maxBytes, wait: m.Wait}
	if m.Start != "" {
		j.start = regexp.MustCompile(m.Start) // checked by Multiline.check
	}
	return j
}

// continues says whether text goes on the record that is being collected.
func (j *joiner) continues(text []byte) bool {
	if j.lines == 0 || j.lines >= j.maxLines || len(j.buf)+1+len(text) > j.maxBytes {
		return false
	}
	if j.start != nil {
		return !j.start.Match(text)
	}
	return len(text) > 0 && (text[0] == ' ' || text[0] == '\t')
}

// add puts text at the end of the record, or at the start of a new one after clear.
func (j *joiner) add(text []byte, mark Mark, at, pos int64) {
	if j.lines == 0 {
		j.at = at
	} else {
		j.buf = append(j.buf, '\n')
	}
	j.buf = append(j.buf, text...)
	j.mark |= mark
	j.pos = pos
	j.lines++
	j.since = time.Now()
}

func (j *joiner) clear() { j.buf, j.lines, j.mark = j.buf[:0], 0, 0 }
