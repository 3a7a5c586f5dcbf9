package main

import (
	"bytes"
	"math"
	"strconv"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
)

const other = "other"

// logType is the library of rules by which events get one of their device's log types in the log standard's retention
// table.
func (r *record) logType(device string) string {
	_, audited := audits.find(r.logger)
	audited = audited || r.user && r.action != nil
	bad := r.failed || isError(r.level)
	switch {
	case device == "business_system" && audited:
		return "audit_operation"
	case device == "server" && audited:
		return "security"
	case device == "database" && audited:
		return "audit"
	case device == "database":
		return "service"
	case device == "middleware" && r.status > 0:
		return "access"
	case device != "business_system" && device != "server":
		return other
	case bad:
		return "error"
	case r.level != nil || r.template != nil:
		return "run_state"
	}
	return other
}

// isError reports whether a level is one of errors: by its word, or as a number of pino and bunyan, syslog or Monolog.
func isError(v []byte) bool {
	if n, ok := digits(v, 4); ok {
		return n <= 3 || n == 50 || n == 60 || n >= 400 && n <= 600
	}
	_, ok := errorWords.find(v)
	return ok
}

// word stands for how something ended, or just for itself. English ones are lower-case and begin a word of the text.
type word struct{ text, is string }

// words find the first of a list of words in a text by one pass over it.
type words struct {
	list   []word
	starts [256][]int // by first byte
}

func newWords(list ...word) *words {
	w := &words{list: list}
	for i, e := range list {
		w.starts[e.text[0]] = append(w.starts[e.text[0]], i)
	}
	return w
}

func (w *words) find(text []byte) (is string, ok bool) {
	inWord := false
	for i, c := range text {
		c = lower(c)
		letter := c-'a' <= 'z'-'a'
		if !letter || !inWord {
			for _, k := range w.starts[c] {
				if hasFold(text[i:], w.list[k].text) {
					return w.list[k].is, true
				}
			}
		}
		inWord = letter
	}
	return "", false
}

func lower(c byte) byte {
	if c-'A' <= 'Z'-'A' {
		c |= 0x20
	}
	return c
}

// hasFold reports whether text begins with word, whose ASCII letters are lower-case.
func hasFold(text []byte, word string) bool {
	if len(text) < len(word) {
		return false
	}
	for i := range len(word) {
		if lower(text[i]) != word[i] {
			return false
		}
	}
	return true
}

var (
	outcomes = newWords(
		word{"success", "success"}, word{"succeed", "success"}, word{"ok", "success"}, word{"allow", "success"}, word{"pass", "success"},
		word{"true", "success"}, word{"成功", "success"},
		word{"fail", "failure"}, word{"denied", "failure"}, word{"deny", "failure"}, word{"reject", "failure"}, word{"error", "failure"},
		word{"false", "failure"}, word{"失败", "failure"},
	)
	audits     = newWords(word{"audit", ""}, word{"审计", ""})
	logins     = newWords(word{"login", ""}, word{"logon", ""}, word{"logout", ""}, word{"signin", ""}, word{"sign-in", ""}, word{"authent", ""}, word{"登录", ""})
	errorWords = newWords(
		word{"err", ""}, word{"fatal", ""}, word{"crit", ""}, word{"severe", ""}, word{"panic", ""}, word{"dpanic", ""}, word{"emerg", ""}, word{"alert", ""},
	)
)

// duration sets event.duration by a number and the nanoseconds of its unit.
func (r *record) duration(v []byte, unit float64) {
	if len(v) > 24 {
		r.ev.Bad(ecs.EventDuration, "not a number")
		return
	}
	n, err := strconv.ParseFloat(string(v), 64) // does not escape
	if n *= unit; err != nil || !(n >= 0 && n < math.MaxInt64/2) {
		r.ev.Bad(ecs.EventDuration, "not a number of milliseconds from 0")
		return
	}
	r.ev.SetInt(ecs.EventDuration, int64(math.Round(n)))
}

// interval sets event.duration by numbers with units: 1.5ms, 1m30s, 12 ms. A bare number is left, as libraries do not
// agree on its unit.
func (r *record) interval(v []byte, kind jsonscan.Kind) {
	if kind != jsonscan.String {
		return
	}
	sum := 0.0
	for len(v) > 0 {
		i := 0
		for i < len(v) && (v[i]-'0' <= 9 || v[i] == '.') {
			i++
		}
		j := i
		for j < len(v) && v[j]-'0' > 9 {
			j++
		}
		if i == 0 || i > 20 {
			return
		}
		n, err := strconv.ParseFloat(string(v[:i]), 64) // does not escape
		unit := unitOf(bytes.TrimSpace(v[i:j]))
		if err != nil || unit == 0 {
			return
		}
		sum += n * unit
		v = v[j:]
	}
	if sum < math.MaxInt64/2 {
		r.ev.SetInt(ecs.EventDuration, int64(math.Round(sum)))
	}
}

// unitOf is how many nanoseconds a unit has, 0 for what is none.
func unitOf(v []byte) float64 {
	switch string(v) {
	case "ns":
		return 1
	case "us", "µs", "μs":
		return 1e3
	case "ms":
		return 1e6
	case "s":
		return 1e9
	case "m":
		return 60e9
	case "h":
		return 3600e9
	}
	return 0
}

func isDigits(v []byte) bool {
	for _, c := range v {
		if c-'0' > 9 {
			return false
		}
	}
	return len(v) > 0
}

func digits(v []byte, most int) (n int64, ok bool) {
	if len(v) > most || !isDigits(v) {
		return 0, false
	}
	for _, c := range v {
		n = n*10 + int64(c-'0')
	}
	return n, true
}
