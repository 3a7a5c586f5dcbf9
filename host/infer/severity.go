package infer

import (
	"strings"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// severities unify the words of devices.
var severities = map[string]ecs.Severity{
	"emergency": ecs.Fatal, "emerg": ecs.Fatal, "panic": ecs.Fatal, "alert": ecs.Fatal, "critical": ecs.Fatal, "crit": ecs.Fatal, "fatal": ecs.Fatal,
	"very-high": ecs.Fatal, "severe": ecs.Fatal, "紧急": ecs.Fatal, "严重": ecs.Fatal, "致命": ecs.Fatal, "超危": ecs.Fatal, "f": ecs.Fatal,
	"error": ecs.Error, "err": ecs.Error, "high": ecs.Error, "major": ecs.Error, "错误": ecs.Error, "高": ecs.Error, "高危": ecs.Error, "e": ecs.Error, "高级": ecs.Error,
	"failure": ecs.Error,
	"warning": ecs.Warn, "warn": ecs.Warn, "medium": ecs.Warn, "middle": ecs.Warn, "moderate": ecs.Warn, "minor": ecs.Warn, "警告": ecs.Warn, "告警": ecs.Warn,
	"中": ecs.Warn, "中危": ecs.Warn, "w": ecs.Warn, "中级": ecs.Warn,
	"notice": ecs.Informational, "info": ecs.Informational, "information": ecs.Informational, "informational": ecs.Informational, "low": ecs.Informational,
	"normal": ecs.Informational, "log": ecs.Informational, "信息": ecs.Informational, "提示": ecs.Informational, "通知": ecs.Informational, "低": ecs.Informational,
	"低危": ecs.Informational, "i": ecs.Informational, "低级": ecs.Informational, "statement": ecs.Informational,
	"debug": ecs.Debug, "trace": ecs.Debug, "verbose": ecs.Debug, "调试": ecs.Debug, "d": ecs.Debug,
}

func severityOf(word string) (ecs.Severity, bool) {
	s, ok := severities[strings.ToLower(word)]
	if !ok && len(word) > 1 && word[len(word)-1]-'0' <= 9 {
		s, ok = severities[strings.ToLower(strings.TrimRight(word, "0123456789"))] // DEBUG1 of PostgreSQL
	}
	return s, ok
}

// A decision is what the word of an action or a result says of the event: values of event.type and event.outcome.
type decision struct{ typ, outcome string }

var decisions = func() map[string]decision {
	out := map[string]decision{}
	for d, words := range map[decision]string{
		{"allowed", "success"}: `allow allowed accept accepted permit permitted authorized pass passed forward forwarded passthrough allow-list built 允许 放行 通过`,
		{"denied", "failure"}: `deny denied drop dropped block blocked reject rejected discard discarded prevent prevented reset reset-both reset-client
			reset-server quarantine quarantined 拒绝 阻断 丢弃 拦截 阻止`,
		{"", "success"}: `success succeeded successful succeed ok true completed audit_success 成功`,
		{"", "failure"}: `failure failed fail error unsuccessful false invalid audit_failure unauthorized forbidden accessdenied 失败 错误`,
		{"start", ""}:   `start started open opened begin create created 开始`,
		{"end", ""}:     `close closed end ended teardown stop stopped disconnect disconnected timeout logout 结束`,
	} {
		for _, w := range strings.Fields(words) {
			out[w] = d
		}
	}
	return out
}()

// decisionOf reads the whole text, then the first and the last of several words.
func decisionOf(v string) (decision, bool) {
	v = strings.ToLower(v)
	if d, ok := decisions[v]; ok {
		return d, true
	}
	words := strings.Fields(v)
	if len(words) < 2 {
		return decision{}, false
	}
	if d, ok := decisions[words[0]]; ok {
		return d, true
	}
	d, ok := decisions[words[len(words)-1]]
	return d, ok
}
