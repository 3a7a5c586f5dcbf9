package infer

import (
	"strings"

	"github.com/logcenter/logcenter/sdk/syslog"
)

// headers are the syslog headers of lines and what stands behind them.
type headers struct {
	list   []syslog.Header
	bodies []string
	times  []string
	common bool // nearly all lines have one
}

// readHeaders takes the headers off. Where most lines have none, nothing is taken off any.
func readHeaders(lines [][]byte) *headers {
	h := &headers{}
	found := 0
	for _, l := range lines {
		head, rest, _ := syslog.Parse(l)
		h.list = append(h.list, head)
		h.bodies = append(h.bodies, string(rest))
		h.times = append(h.times, string(head.Timestamp))
		if head.Format != syslog.None && (head.Priority >= 0 || head.Hostname != nil && len(rest) > 0 && rest[0] != '[') {
			found++
		}
	}
	h.common = found*10 >= len(lines)*9
	if !h.common {
		for i, l := range lines {
			h.list[i], h.bodies[i], h.times[i] = syslog.Header{Priority: -1}, string(l), ""
		}
	}
	return h
}

// header maps what the headers have.
func (m *mapper) header(h *headers) {
	if !h.common {
		return
	}
	out := &Header{}
	apps := column{}
	layouts := map[string]int{}
	for i := range h.list {
		l := &h.list[i]
		out.Priority = out.Priority || l.Priority >= 0
		out.Host = out.Host || l.Hostname != nil
		out.App = out.App || l.AppName != nil
		out.Process = out.Process || l.ProcID != nil
		out.MessageID = out.MessageID || l.MsgID != nil
		out.Modern = out.Modern || l.Format == syslog.RFC5424
		apps.add(i, string(l.AppName))
		if layout, ok := layoutOf(h.times[i]); ok {
			layouts[layout]++
		} else if layout, ok := unixLayout(h.times[i]); ok {
			layouts[layout]++
		}
	}
	if !m.spec.Time.Found {
		best := ""
		for l, n := range layouts {
			if n > layouts[best] || n == layouts[best] && l < best {
				best = l
			}
		}
		if best != "" {
			out.Layout = best
			m.spec.Time = TimeSource{Found: true, Zone: zoneless(best), From: "the syslog header"}
			m.wrote("@timestamp")
		}
	}
	if out.Priority {
		m.wrote("log.syslog.priority", "log.syslog.facility.code", "log.syslog.severity.code")
		if !m.written["log.level"] {
			out.Level = true
			m.wrote("log.level")
		}
	}
	if out.Host && !m.written["host.name"] {
		m.wrote("host.name")
	} else {
		out.Host = false
	}
	out.Program = out.App && out.Process && !m.written["process.name"] && !m.written["process.pid"]
	if out.Program {
		m.wrote("process.name", "process.pid")
	} else if out.App {
		m.wrote("log.syslog.appname")
		if out.Process {
			m.wrote("log.syslog.procid")
		}
	}
	if out.MessageID {
		m.wrote("log.syslog.msgid")
	}
	m.spec.Header = out
}

// zoneless says that times of a layout need the zone of the device.
func zoneless(layout string) bool {
	return !strings.HasPrefix(layout, "unix") && !strings.Contains(layout, "Z07") && !strings.Contains(layout, "-07")
}
