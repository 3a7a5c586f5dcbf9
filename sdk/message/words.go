package message

import (
	"strconv"
	"strings"
)

// words are those of a language. A word that a map lacks stays as it is.
type words struct {
	kinds, types, severities, frequencies  map[string]string
	name, description, topic, kind, method string // the eight facts of the log standard
	fields, frequency, remarks             string
	id, what, time, severity, priority     string
	keys, count, first, last, events       string
	rule, tags, recovers, url              string
	templateFailed                         string
}

var languages = map[string]*words{
	"en": {
		kinds: map[string]string{"alert": "ALERT", "recovery": "RECOVERY", "summary": "SUMMARY", "escalation": "ESCALATION", "test": "TEST"},
		name:  "Alert name", description: "Description", topic: "Log topic", kind: "Alert type", method: "Alert method",
		fields: "Alert fields", frequency: "Check frequency", remarks: "Remarks",
		id: "ID", what: "Kind", time: "Time", severity: "Severity", priority: "Priority",
		keys: "Keys", count: "Events", first: "First", last: "Last", events: "Event IDs",
		rule: "Rule", tags: "Tags", recovers: "Is over", url: "Link",
		templateFailed: "The built-in template is shown, because the configured one failed",
	},
	"zh": {
		kinds: map[string]string{"alert": "告警", "recovery": "恢复", "summary": "汇总", "escalation": "升级", "test": "测试"},
		types: map[string]string{
			"frequency": "频率告警", "sequence": "时序关联告警", "simultaneous": "同时发生告警", "absence": "非同时发生告警", "silence": "静默告警",
			"keyword": "关键字告警", "new_value": "新值告警", "threshold": "阈值告警", "deviation": "偏离告警",
		},
		severities:  map[string]string{"Fatal": "致命", "Error": "错误", "Warn": "警告", "Info": "信息", "Debug": "调试"},
		frequencies: map[string]string{"continuous": "实时"},
		name:        "告警名称", description: "告警描述", topic: "日志主题", kind: "告警类型", method: "告警方式",
		fields: "告警字段", frequency: "检查频率", remarks: "备注",
		id: "告警编号", what: "消息类别", time: "发送时间", severity: "级别", priority: "优先级",
		keys: "关联键", count: "事件数", first: "首次发生", last: "最近发生", events: "事件编号",
		rule: "规则", tags: "标签", recovers: "已恢复的告警", url: "链接",
		templateFailed: "自定义模板出错，以下为内置模板内容",
	},
}

func (w *words) word(of map[string]string, s string) string {
	if word, ok := of[s]; ok {
		return word
	}
	return s
}

// none stands for a fact that the log standard asks for and an alert does not have.
const none = "-"

// facts are made of the values of a view, which are harmless already.
func (w *words) facts(v *View) {
	v.Standard = []Pair{
		{w.name, v.Name},
		{w.description, v.Description},
		{w.topic, v.Topic},
		{w.kind, v.Type},
		{w.method, v.Method},
		{w.fields, said(v.Fields)},
		{w.frequency, v.Frequency},
		{w.remarks, v.Remarks},
	}
	for i := range v.Standard {
		if v.Standard[i].Value == "" {
			v.Standard[i].Value = none
		}
	}
	number := func(n uint64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatUint(n, 10)
	}
	v.Facts = append([]Pair(nil), v.Standard...)
	for _, p := range []Pair{
		{w.what, v.KindLabel},
		{w.severity, v.Severity},
		{w.priority, number(uint64(max(v.Priority, 0)))},
		{w.keys, said(v.Keys)},
		{w.count, number(v.Count)},
		{w.first, v.First},
		{w.last, v.Last},
		{w.time, v.Time},
		{w.id, v.ID},
		{w.recovers, v.Recovers},
		{w.rule, strings.TrimSpace(v.Rule + " " + v.RuleVersion)},
		{w.tags, strings.Join(v.Tags, ", ")},
		{w.events, strings.Join(v.Events, " ")},
		{w.url, v.URL},
	} {
		if p.Value != "" {
			v.Facts = append(v.Facts, p)
		}
	}
}
