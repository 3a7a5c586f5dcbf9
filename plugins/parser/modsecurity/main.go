// Command modsecurity parses what the web application firewalls ModSecurity and Coraza write.
//
// Formats, by the reference manuals of ModSecurity v2 and v3 ("ModSecurity 2 Data Formats", SecAuditLogFormat) and of
// Coraza ("Logging"):
//
//   - the audit log in JSON, one transaction a line, in the three dialects of ModSecurity v2, ModSecurity v3 and Coraza,
//   - lines of the web server's error log: ModSecurity: ACTION. TEXT [id "…"] [msg "…"] …, with what Apache or nginx
//     puts in front and behind.
//
// A syslog header may stand in front of both.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the server's clock, e.g. Asia/Shanghai, for times without one. Empty means the
	// zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	dataOf    = ecs.New("modsecurity.data", ecs.Keyword, "What of the request a rule logged, its logdata.")
	engine    = ecs.New("modsecurity.engine", ecs.Keyword, "Whether rules may stop requests, e.g. On or DetectionOnly.")
	matched   = ecs.New("modsecurity.match", ecs.Keyword, "Which operator of the rule matched what.")
	phase     = ecs.New("modsecurity.phase", ecs.Long, "At which of the five phases of a transaction the rule decided, 1 to 5.")
	requestID = ecs.HTTPRequestID
	ruleFile  = ecs.New("modsecurity.rule_file", ecs.Keyword, "File of the configuration that has the rule.")
	severity  = ecs.New("modsecurity.severity", ecs.Keyword, "Severity of the worst rule in words, where the line has no number.")
	tagsOf    = declareList("modsecurity.tags", "What rules are tagged with, e.g. attack-sqli.")
	ruleIDs   = declareList("modsecurity.rule_ids", "All rules that matched in the transaction; rule.id is the first of them.")
)

func declareList(name, description string) ecs.Field {
	f, err := ecs.Define(ecs.Info{Name: name, Type: ecs.Keyword, List: true, Description: description})
	if err != nil {
		panic(err)
	}
	return f
}

var (
	errForm  = errors.New("modsecurity: want a JSON object with transaction, or ModSecurity: or Coraza: and a text")
	errTime  = errors.New("modsecurity: want the time of the transaction")
	errFrom  = errors.New("modsecurity: want the client's address")
	errRule  = errors.New(`modsecurity: want [id "NUMBER"] behind the action`)
	errClose = errors.New(`modsecurity: want "] behind every [key "value`)
)

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	rest := line
	if len(line) > 0 && line[0] != '{' && line[0] != '[' {
		if h, content, err := syslog.Parse(line); err == nil {
			ev.SetSyslog(&h, p.zone)
			rest = content
		}
	}
	if len(rest) > 0 && rest[0] == '{' {
		return p.audit(rest, len(rest) < len(line), ev)
	}
	return p.alert(rest, len(rest) < len(line), ev)
}

// verdict is what is known of a transaction once all of it is read.
type verdict struct {
	rules       int
	worst       int    // severity, 0 to 7; above: none
	worstText   []byte // as it was written
	intercepted int    // 1: yes, -1: no, 0: not said
}

// rate keeps the severity of the worst rule.
func (v *verdict) rate(text []byte) {
	if n := rank(text); n < v.worst {
		v.worst, v.worstText = n, text
	}
}

// rank is the number of a severity, 8 if it is none.
func rank(text []byte) int {
	if len(text) == 1 && text[0]-'0' <= 7 {
		return int(text[0] - '0')
	}
	if len(text) < 4 {
		return 8
	}
	switch text[0] | 0x20 {
	case 'e':
		if text[1]|0x20 == 'm' {
			return 0
		}
		return 3
	case 'a':
		return 1
	case 'c':
		return 2
	case 'w':
		return 4
	case 'n':
		return 5
	case 'i':
		return 6
	case 'd':
		return 7
	}
	return 8
}

// conclude sets what follows from the verdict.
func (v *verdict) conclude(ev *sdk.Event) {
	if v.rules == 0 {
		ev.SetString(ecs.LogcenterLogType, "web_access")
		ev.SetString(ecs.EventCategory, "web")
		ev.SetString(ecs.EventKind, "event")
		ev.SetString(ecs.EventType, "access")
		ev.SetLevel(ecs.Informational)
		return
	}
	ev.SetString(ecs.LogcenterLogType, "web_security")
	ev.SetString(ecs.EventCategory, "intrusion_detection")
	ev.SetString(ecs.EventCategory, "web")
	ev.SetString(ecs.EventKind, "alert")
	if v.worst <= 7 {
		if len(v.worstText) == 1 {
			ev.SetInt(ecs.EventSeverity, int64(v.worst))
		} else {
			ev.Set(severity, v.worstText)
		}
		ev.SetSeverity(v.worstText)
	}
	switch v.intercepted {
	case 1:
		ev.SetString(ecs.EventAction, "denied")
		ev.SetString(ecs.EventOutcome, "failure")
		ev.SetString(ecs.EventType, "denied")
	case -1:
		ev.SetString(ecs.EventAction, "detected")
		ev.SetString(ecs.EventOutcome, "unknown")
		ev.SetString(ecs.EventType, "allowed")
	default:
		ev.SetString(ecs.EventAction, "detected")
		ev.SetString(ecs.EventOutcome, "unknown")
		ev.SetString(ecs.EventType, "info")
	}
}

var scoreMark = []byte("Total Score: ")

// name sets the message of a rule, and the score that anomaly rules have in it.
func name(v []byte, ev *sdk.Event) {
	ev.SetDecoded(ecs.RuleName, v, jsonscan.AppendUnescaped)
	score(v, ev)
}

func score(v []byte, ev *sdk.Event) {
	i := bytes.Index(v, scoreMark)
	if i < 0 {
		return
	}
	n, seen := 0, false
	for _, c := range v[i+len(scoreMark):] {
		if c-'0' > 9 || n > 1e6 {
			break
		}
		n, seen = n*10+int(c-'0'), true
	}
	if seen {
		ev.SetFloat(ecs.EventRiskScore, float64(n))
	}
}

// location sets a URL and its parts, which may be escaped as in JSON.
func location(v []byte, ev *sdk.Event) {
	ev.SetDecoded(ecs.URLOriginal, v, jsonscan.AppendUnescaped)
	u := netaddr.SplitURL(v)
	ev.SetDecoded(ecs.URLPath, u.Path, jsonscan.AppendUnescaped)
	ev.SetDecoded(ecs.URLQuery, u.Query, jsonscan.AppendUnescaped)
}

// domain is the name in a Host header.
func domain(v []byte, ev *sdk.Event) {
	host, _ := netaddr.SplitHostPort(v)
	ev.Set(ecs.URLDomain, host)
}

// word cuts b at the first blank.
func word(b []byte) (w, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i:i], b[i+1:]
	}
	return b, nil
}

func main() { sdk.ServeParser(New) }
