// Command java parses the text logs of Java servers and applications, stack traces included.
//
// Known are the layouts of Apache Tomcat 7 to 11 ("Logging in Tomcat": OneLineFormatter, and the SimpleFormatter of
// java.util.logging), Spring Boot 2 and 3 ("Logging", Log Format), Logback and Log4j 1 and 2 (PatternLayout) in the
// orders in common use, Kafka, ZooKeeper and Elasticsearch:
//
//	11-Oct-2026 12:00:01.123 INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [1234] milliseconds
//	2026-10-11T12:00:01.123+08:00  INFO 4711 --- [pay] [main] com.example.App : Started App in 3.2 seconds
//	2026-10-11 12:00:01,123 [main] ERROR c.e.Pay - payment rejected
//	[2026-10-11T12:00:01,123][INFO ][o.e.n.Node] [node-1] started
//
// The lines of a trace are joined by the input (multiline) and end in newlines. A syslog header may stand in front.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the server's clock, e.g. Asia/Shanghai, for times that carry none. Empty means the
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
	content       = ecs.New("java.message", ecs.Keyword, "Text that was logged, without the trace behind it.")
	exceptionType = ecs.New("java.exception.type", ecs.Keyword, "Class of the exception or error that was logged.")
	exceptionText = ecs.New("java.exception.message", ecs.Keyword, "What the exception says of itself.")
	rootType      = ecs.New("java.root_cause.type", ecs.Keyword, "Class of the last Caused by, where the trouble began.")
	rootText      = ecs.New("java.root_cause.message", ecs.Keyword, "What the last Caused by says of itself.")
	context       = ecs.New("java.context", ecs.Keyword, "Text in brackets behind the thread, such as values of the MDC.")
	levelWord     = ecs.New("java.level", ecs.Keyword, "Level as the library writes it, e.g. SEVERE.")

	originFile = ecs.LogOriginFileName
	originLine = ecs.LogOriginFileLine
	spanID     = ecs.SpanID
	stackTrace = ecs.ErrorStackTrace
	threadName = ecs.ProcessThreadName
)

var (
	errTime  = errors.New("java: want a time at the start of the line")
	errLevel = errors.New("java: want a level such as INFO or SEVERE behind the time")
)

// Parse reads one event. What could be read of a line of another layout is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	rest := line
	if len(line) > 0 && line[0] == '<' {
		if h, body, err := syslog.Parse(line); err == nil {
			ev.SetSyslog(&h, p.zone)
			rest = body
		}
	}
	h := readHead(rest)
	if h.stamp != nil {
		setTime(ev, h.stamp, p.zone)
	}
	t := findTrace(rest, h.message)
	h.set(ev)
	t.set(ev)
	ev.Set(content, bytes.TrimRight(rest[h.message:t.at:t.at], "\r\n\t "))
	classify(ev, &h, &t, rest[h.message:])
	switch {
	case h.stamp == nil && !h.clock && h.level == nil && t.text != nil:
		return nil // a trace alone, as it goes to standard error
	case h.stamp == nil && !h.clock:
		return errTime
	case h.level == nil:
		return errLevel
	}
	return nil
}

func main() { sdk.ServeParser(New) }
