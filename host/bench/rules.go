package bench

import (
	"context"
	"fmt"
	"strings"
)

// detector is the plugin whose rules are measured.
const detector = "correlation"

// RulesResult is what a number of rules costs in the detector's process.
type RulesResult struct {
	Rules    int     `json:"rules"`
	RawMB    float64 `json:"raw_mb"`
	Events   int64   `json:"events"`
	Alerts   int64   `json:"alerts"`
	MsPerMB  float64 `json:"cpu_ms_per_mb"`      // of the detector's process, CPU milliseconds per MB of raw log
	BarMs    float64 `json:"bar_ms_per_mb"`      // what they may cost; 0: nobody has said
	NsPer    float64 `json:"ns_per_event"`       // of the detector's process
	MemoryMB float64 `json:"detector_memory_mb"` // the most that its process had resident
	PerRule  float64 `json:"cpu_us_per_mb_rule"` // what a rule more has cost, against the row before, CPU microseconds per MB
}

// rulesBar is what 200 rules may cost on made-up traffic, CPU milliseconds per MB.
const rulesBar = 6

// Rules runs the input past a detector with made-up rules, once for each number of them.
func Rules(ctx context.Context, o Options, numbers []int, each func(RulesResult) error) error {
	var before *RulesResult
	for _, n := range numbers {
		run := o
		run.Name = fmt.Sprintf("%d rules", n)
		run.Rules = MadeUpRules(n)
		r, err := Pipeline(ctx, run)
		if err != nil {
			return fmt.Errorf("%d rules: %w", n, err)
		}
		res := RulesResult{
			Rules: n, RawMB: r.RawMB, Events: r.Events, Alerts: r.Alerts, MsPerMB: r.Processes[detector], MemoryMB: r.MemoryOf[detector],
			NsPer: round(1e6 * r.Processes[detector] * r.RawMB / float64(max(1, r.Events))),
		}
		if n == 200 {
			res.BarMs = rulesBar
		}
		if before != nil && n > before.Rules {
			res.PerRule = round(1000 * (res.MsPerMB - before.MsPerMB) / float64(n-before.Rules))
		}
		if err := each(res); err != nil {
			return err
		}
		before = &res
	}
	return nil
}

// MadeUpRules are rules as analysts write them, for devices that the made-up traffic has and for others, in equal shares
// and of all types. The same number gives the same rules.
func MadeUpRules(n int) []map[string]any {
	rules := make([]map[string]any, n)
	for i := range rules {
		k := i / len(ruleShapes)
		r := ruleShapes[i%len(ruleShapes)](k, ruleDataset(i/2, i%2 == 0))
		r["id"], r["name"] = fmt.Sprintf("made-up-%04d", i), fmt.Sprintf("Made-up rule %d", i)
		rules[i] = r
	}
	return rules
}

// ruleDataset is one of the datasets of the made-up traffic, or of another device.
func ruleDataset(k int, here bool) string {
	if here {
		return nth(k, "dptech.session", "nginx.access", "nsfocus.ips", "dptech.vpn", "dptech.attack", "dptech.admin", "dptech.nat", "dptech.system")
	}
	return nth(k, "apache.access", "cef.event", "modsecurity.audit", "postgresql.log", "mysql.error", "oracle.audit", "cisco.asa", "h3c.session", "huawei.usg",
		"fortigate.traffic", "paloalto.threat", "f5.asm", "linux.auth", "linux.sudo", "windows.security", "exchange.smtp", "kubernetes.audit", "netflow.flow",
		"cloudtrail.event", "actiontrail.event", "squid.access", "zeek.conn", "suricata.alert", "sangfor.vpn", "topsec.firewall")
}

func nth(k int, of ...string) string { return of[k%len(of)] }

// ruleShapes are the ways in which rules are written; k tells those of one shape apart, d is the dataset they are about.
var ruleShapes = []func(k int, d string) map[string]any{
	func(k int, d string) map[string]any {
		action := nth(k, "login", "permit", "deny", "blocked", "detected", "logout", "configuration")
		return grouped(k, fmt.Sprintf("event.dataset:%s AND event.outcome:failure AND event.action:%s", d, action), "source.ip")
	},
	func(k int, d string) map[string]any {
		return grouped(k, fmt.Sprintf("event.dataset:%s AND (%s OR %s)", d, ruleWord(2*k), ruleWord(2*k+1)), "host.name")
	},
	func(k int, d string) map[string]any {
		r := grouped(k, fmt.Sprintf("event.dataset:%s AND event.type:denied", d), "source.ip")
		r["aggregate"], r["field"], r["threshold"] = "distinct", "destination.port", 100+k
		return r
	},
	func(k int, d string) map[string]any {
		login := fmt.Sprintf("event.dataset:%s AND event.action:login AND event.outcome:", d)
		return stepped("sequence", "user.name",
			map[string]any{"query": login + "failure", "count": 5 + k%5}, map[string]any{"query": login + "success"})
	},
	func(k int, _ string) map[string]any {
		path := nth(k, "api", "login", "transfer", "admin", "static", "upload", "manager", "actuator")
		return grouped(200+k, fmt.Sprintf("event.dataset:nginx.access AND http.response.status_code:>=%d AND url.path:\\/%s*", 400+k%2*100, path), "source.ip")
	},
	func(k int, _ string) map[string]any {
		ids := make([]string, 6)
		for i := range ids {
			ids[i] = fmt.Sprint(20000 + (k*97+i*613)%6000)
		}
		return grouped(k, "rule.id:("+strings.Join(ids, " OR ")+")", "source.ip")
	},
	func(k int, d string) map[string]any {
		return grouped(k, fmt.Sprintf("event.dataset:%s AND source.ip:10.%d.0.0/16 AND destination.port:(22 OR 3389 OR 445 OR %d)", d, k%32, 1000+k), "source.ip")
	},
	func(k int, d string) map[string]any {
		return stepped("simultaneous", "source.ip",
			map[string]any{"query": "observer.type:ips AND log.level:(Error OR Fatal) AND rule.id:" + fmt.Sprint(20000+k*31%6000)},
			map[string]any{"query": fmt.Sprintf("event.dataset:%s AND event.outcome:failure", d)})
	},
	func(_ int, d string) map[string]any {
		r := grouped(0, fmt.Sprintf("event.dataset:%s AND event.action:login AND event.outcome:success", d), "user.name")
		delete(r, "threshold")
		r["type"], r["values"], r["learn"] = "new_value", []string{"source.geo.country_iso_code"}, "168h"
		return r
	},
	func(k int, d string) map[string]any {
		r := grouped(k, fmt.Sprintf("event.dataset:%s AND host.name:%s*", d, nth(k, "fw-core", "fw-dmz", "db", "app1", "mail")), "host.name")
		delete(r, "threshold")
		r["type"], r["window"] = "silence", "15m"
		return r
	},
	func(k int, d string) map[string]any {
		return stepped("absence", "user.name",
			map[string]any{"query": fmt.Sprintf("event.dataset:%s AND event.action:%s", d, nth(k, "login", "tunnel_up", "door_opened"))},
			map[string]any{"query": fmt.Sprintf("event.dataset:%s AND event.action:%s", d, nth(k, "logout", "tunnel_down", "login"))})
	},
	func(k int, d string) map[string]any {
		r := grouped(k, fmt.Sprintf("event.dataset:%s AND source.ip:10.%d.0.0/16 AND NOT destination.ip:10.0.0.0/8", d, k%32), "source.ip")
		r["aggregate"], r["field"], r["threshold"] = "sum", "network.bytes", 1<<30
		return r
	},
	func(k int, _ string) map[string]any {
		return grouped(k, fmt.Sprintf("%q AND NOT event.type:denied", nth(k, "SQL injection", "remote code execution", "注入攻击", "目录遍历", "buffer overflow", "缓冲区溢出", "weak password", "暴力破解")+nth(k/8, "", " attempt", " detected", " found")), "source.ip")
	},
	func(k int, d string) map[string]any {
		return grouped(k, fmt.Sprintf("event.dataset:%s AND user.name:(admin OR root OR oracle OR postgres OR user%d) AND log.level:(Error OR Fatal)", d, k), "user.name")
	},
	func(k int, _ string) map[string]any {
		return grouped(k, fmt.Sprintf("user_agent.original:*%s*", nth(k, "sqlmap", "nikto", "nmap", "masscan", "hydra", "zgrab", "gobuster", "nuclei")+nth(k/8, "", "/1", "/2", "/3", "/4")), "source.ip")
	},
	func(k int, _ string) map[string]any {
		return grouped(k, fmt.Sprintf(`event.dataset:nginx.access AND url.path:/\.(%s|%s)$/`, nth(k, "bak", "sql", "git", "env", "old"), nth(k/5, "zip", "tar", "swp", "log", "ini", "cfg", "inc", "dist")), "source.ip")
	},
	func(k int, _ string) map[string]any {
		return grouped(k, fmt.Sprintf("process.name:%s AND (%s OR %s)", nth(k, "sshd", "sudo", "su", "cron", "systemd", "named", "dhcpd"), ruleWord(3*k), ruleWord(3*k+1)), "host.name")
	},
	func(k int, _ string) map[string]any {
		return grouped(k, fmt.Sprintf("observer.type:ips AND rule.name:*%s*", nth(k, "注入", "溢出", "后门", "木马", "扫描", "worm", "shell", "XSS")+nth(k/8, "", "攻击", "可疑")), "source.ip")
	},
	func(k int, d string) map[string]any {
		return grouped(100+k, fmt.Sprintf("event.dataset:%s AND log.level:(Error OR Fatal)", d), "host.name")
	},
	func(k int, d string) map[string]any {
		r := grouped(k, fmt.Sprintf("event.dataset:%s AND log.level:Fatal AND %s", d, ruleWord(5*k)), "host.name")
		delete(r, "threshold")
		r["type"] = "keyword"
		return r
	},
}

// ruleWord is one of the words that keyword rules look for; few are in the made-up traffic.
func ruleWord(k int) string {
	return nth(k, "Fail", "Bad", "Error", "denied", "refused", "timeout", "injection", "overflow", "virus", "trojan", "panic", "segfault", "corrupt", "expired",
		"revoked", "unreachable", "reboot", "shutdown", "downgrade", "mismatch", "quarantine", "lockout", "rootkit", "backdoor", "失败", "告警", "异常", "断开")
}

func grouped(k int, query, by string) map[string]any {
	return map[string]any{"query": query, "group_by": []string{by}, "threshold": 20 + k}
}

func stepped(kind, by string, steps ...map[string]any) map[string]any {
	return map[string]any{"type": kind, "group_by": []string{by}, "steps": steps}
}
