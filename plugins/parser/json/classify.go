package main

import (
	"bytes"
	"math"
	"strconv"

	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/number"
)

const other = "other"

// logType is the library of rules by which events get one of their device's log types in the log standard's retention
// table.
func (r *record) logType(device string) string {
	audited, _ := audits.Find(r.logger)
	audited = audited || r.user && r.action != nil
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
	case r.failed || r.bad:
		return "error"
	case r.level != nil || r.template != nil:
		return "run_state"
	}
	return other
}

// isError reports whether a level is one of errors: by its word, or as a number of pino and bunyan, syslog or Monolog.
func isError(v []byte) bool {
	if n, ok := number.Uint(v, 4); ok {
		return n <= 3 || n == 50 || n == 60 || n >= 400 && n <= 600
	}
	is, _ := errorWords.Find(v)
	return is
}

var (
	audits     = classify.NewWords(classify.Means(true, "audit", "审计"))
	logins     = classify.NewWords(classify.Means(true, "login", "logon", "logout", "signin", "sign-in", "authent", "登录"))
	errorWords = classify.NewWords(classify.Means(true, "err", "error", "fatal", "crit", "severe", "panic", "dpanic", "emerg", "alert"))
)

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
