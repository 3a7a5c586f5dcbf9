package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// head is what stands in front of the message. Layouts differ in the order of its parts, so each is known by its looks.
type head struct {
	stamp, level, logger, thread []byte
	service, pid, context        []byte
	trace, span                  []byte
	file, number                 []byte // of the source
	message                      int    // where it begins
	clock                        bool   // a time of day, without a date, stood in front
	tomcat                       bool   // by its time
}

// maxParts bounds the parts of a head, so that a line of many words costs no more than others.
const maxParts = 12

// readHead reads the parts at the start of b, which may have further lines.
func readHead(b []byte) head {
	var h head
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		end = len(b)
	}
	line := bytes.TrimRight(b[:end:end], "\r")
	i, bracketed := h.time(line)
	spring, brackets := false, 0
	for range maxParts {
		i = blanks(line, i)
		if i >= len(line) {
			break
		}
		switch c := line[i]; {
		case c == '[':
			n := closing(line[i:])
			if n < 0 {
				return h.finish(b, end, i)
			}
			if bracketed && h.level != nil {
				if !h.bracketOfElastic(line, i, n) {
					h.trailing(line[i:])
					return h.finish(b, end, i)
				}
				i += n + 1
				continue
			}
			h.bracket(bytes.Trim(line[i+1:i+n:i+n], " \t["), spring, brackets) // vCenter has "[authz-service-7 []"
			brackets++
			i += n + 1
			continue
		case c == '(' && h.source(line[i:]) > 0:
			i += h.source(line[i:])
			continue
		case c == '-' && i+4 <= len(line) && string(line[i:i+4]) == "--- ":
			spring = true
			i += 4
			continue
		case c == '-' && h.level == nil && isLevel(word(line[blanks(line, i+1):])): // of ZooKeeper
			i++
			continue
		case (c == '-' || c == ':') && i+1 < len(line) && line[i+1] == ' ':
			return h.finish(b, end, blanks(line, i+1))
		}
		w := word(line[i:])
		next := i + len(w)
		switch {
		case h.level == nil && isLevel(bytes.TrimRight(w, ":")):
			h.level = bytes.TrimRight(w, ":")
		case h.pid == nil && h.level != nil && isDigits(w) && bytes.HasPrefix(line[next:], []byte(" --- ")):
			h.pid = w
		case h.logger == nil && h.isLogger(line, w, next):
			h.logger = bytes.TrimSuffix(w, []byte(":"))
			if w[len(w)-1] == ':' || h.tomcat {
				return h.finish(b, end, blanks(line, next))
			}
		case h.level == nil && h.context == nil && h.stamp != nil && isLevel(word(line[blanks(line, next):])): // "tid:7f3a INFO"
			h.context = w
		default:
			return h.finish(b, end, i)
		}
		i = next
	}
	return h.finish(b, end, i)
}

// maxBracket is the longest text in brackets that belongs to a head.
const maxBracket = 200

// closing is where the bracket that b starts with is closed, and those of the word within it, as in [QuorumPeer[myid=1]/:2181];
// -1 if it is not, or too far.
func closing(b []byte) int {
	open := 0
	for i, c := range b[:min(len(b), maxBracket+1)] {
		switch {
		case c == '[' && (i == 0 || b[i-1] != ' '):
			open++
		case c == ']':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// finish sets where the message begins. Where the first line has no level, as java.util.logging writes it, the level
// begins the second.
func (h *head) finish(b []byte, end, message int) head {
	h.message = message
	if h.level != nil || h.stamp == nil || end == len(b) {
		return *h
	}
	w := word(b[end+1:])
	level := bytes.TrimSuffix(bytes.TrimSuffix(w, []byte(":")), []byte("："))
	if len(level) < len(w) && isLevel(level) {
		h.level = level
		h.message = blanks(b, end+1+len(w))
	}
	return *h
}

// time reads the time, which may stand in brackets, and returns where it ends.
func (h *head) time(line []byte) (end int, bracketed bool) {
	i := blanks(line, 0)
	if i < len(line) && line[i] == '[' {
		bracketed = true
		i++
	}
	n := stampLen(line[i:])
	switch {
	case n > 0:
		h.stamp = line[i : i+n : i+n]
		h.tomcat = n > 11 && h.stamp[2] == '-'
	case clockLen(line[i:]) > 0:
		n, h.clock = clockLen(line[i:]), true
	default:
		return 0, false
	}
	end = i + n
	if bracketed && end < len(line) && line[end] == ']' {
		end++
	}
	return end, bracketed
}

// bracket takes a text in brackets: a level, a logger, or of threads and what stands around them the n-th.
func (h *head) bracket(v []byte, spring bool, n int) {
	switch {
	case h.level == nil && isLevel(v):
		h.level = v
	case len(v) == 0:
	case h.level != nil && h.logger == nil && h.threadAndSource(v):
	case h.level != nil && h.logger == nil && isClass(v):
		h.logger = v
	case h.clock && h.thread == nil, h.thread == nil && (n == 0 || !spring):
		h.thread = v
	case spring && n == 1: // [application] [thread]
		h.service, h.thread = h.thread, v
	case spring && n == 2 && bytes.IndexByte(v, '-') > 0:
		h.trace, h.span, _ = bytes.Cut(v, []byte("-"))
	case h.context == nil:
		h.context = v
	}
}

// threadAndSource takes [main:QuorumPeerConfig@136] of ZooKeeper, and reports whether it did.
func (h *head) threadAndSource(v []byte) bool {
	at := bytes.LastIndexByte(v, '@')
	colon := bytes.LastIndexByte(v[:max(at, 0)], ':')
	if colon <= 0 || !isDigits(v[at+1:]) || !isIdentifier(v[colon+1:at]) {
		return false
	}
	if h.context == nil { // [myid:1]
		h.context = h.thread
	}
	h.thread, h.logger, h.number = v[:colon], v[colon+1:at], v[at+1:]
	return true
}

// isClass reports whether v is the name of a class with its package.
func isClass(v []byte) bool {
	i := bytes.LastIndexByte(v, '.')
	return i > 0 && i+1 < len(v) && v[i+1]-'A' <= 'Z'-'A' && isIdentifier(v) && bytes.IndexByte(v, '-') < 0
}

// bracketOfElastic takes the logger of [time][LEVEL][logger] [node], and reports whether it did: what else stands in
// brackets behind a level there is the message.
func (h *head) bracketOfElastic(line []byte, i, n int) bool {
	v := bytes.TrimSpace(line[i+1 : i+n : i+n])
	if h.logger != nil || i == 0 || line[i-1] != ']' || bytes.IndexByte(v, '.') < 0 || bytes.IndexByte(v, ' ') >= 0 {
		return false
	}
	h.logger = v
	return true
}

// trailing takes the logger that Kafka writes behind the message, in parentheses.
func (h *head) trailing(message []byte) {
	i := bytes.LastIndexByte(message, '(')
	if h.logger != nil || i < 0 || message[len(message)-1] != ')' {
		return
	}
	if v := message[i+1 : len(message)-1 : len(message)-1]; bytes.IndexByte(v, '.') > 0 && isIdentifier(v) {
		h.logger = v
	}
}

// source takes (Pay.java:17) and returns its length, 0 if b does not start with the like.
func (h *head) source(b []byte) int {
	n := bytes.IndexByte(b[:min(len(b), 128)], ')')
	if n < 0 {
		return 0
	}
	file, number, ok := bytes.Cut(b[1:n:n], []byte(":"))
	if !ok || !isDigits(number) || bytes.IndexByte(file, '.') <= 0 {
		return 0
	}
	h.file, h.number = file, number
	return n + 1
}

// isLogger reports whether w, which ends at next, is the name of a logger by itself or by what follows: a class with its
// package, or a word in front of " - " or " : ", or with a colon at its end.
func (h *head) isLogger(line, w []byte, next int) bool {
	name := bytes.TrimSuffix(w, []byte(":"))
	if len(name) < 2 || !isIdentifier(name) {
		return false
	}
	rest := line[blanks(line, next):]
	follows := len(rest) > 1 && (rest[0] == '-' || rest[0] == ':') && rest[1] == ' ' || len(rest) > 1 && rest[0] == '('
	if len(name) < len(w) || follows {
		return h.level != nil || h.stamp != nil || h.clock
	}
	return bytes.IndexByte(name, '.') > 0 && name[len(name)-1] != '.' && (h.stamp != nil || h.clock) && (h.level != nil || len(rest) > 0)
}

// set sets the parts.
func (h *head) set(ev *sdk.Event) {
	ev.Set(levelWord, h.level)
	if h.level != nil {
		ev.SetSeverity(h.level)
	}
	ev.Set(ecs.LogLogger, h.logger)
	ev.Set(threadName, h.thread)
	ev.Set(ecs.ProcessPID, h.pid)
	ev.Set(ecs.ServiceName, h.service)
	ev.Set(context, h.context)
	ev.Set(ecs.TraceID, h.trace)
	ev.Set(spanID, h.span)
	ev.Set(originFile, h.file)
	ev.Set(originLine, h.number)
}

// stampLen is the length of the date and time that b starts with, 0 if there are none.
func stampLen(b []byte) int {
	switch {
	case len(b) >= 19 && b[4] == '-' && b[7] == '-' && (b[10] == ' ' || b[10] == 'T') && clockLen(b[11:]) > 0:
		n := 11 + clockLen(b[11:])
		switch {
		case n < len(b) && b[n] == 'Z':
			return n + 1
		case n+6 <= len(b) && (b[n] == '+' || b[n] == '-') && b[n+3] == ':':
			return n + 6
		case n+5 <= len(b) && (b[n] == '+' || b[n] == '-') && isDigits(b[n+1:n+5]):
			return n + 5
		}
		return n
	case len(b) >= 20 && b[2] == '-' && isDigits(b[:2]):
		// 11-Oct-2026, in Chinese 11-10月-2026 or 11-十月-2026
		if i := bytes.IndexByte(b[3:min(len(b), 16)], '-'); i > 0 {
			if at := 3 + i + len("-2026 "); at < len(b) && clockLen(b[at:]) > 0 {
				return at + clockLen(b[at:])
			}
		}
	case len(b) >= 20 && (b[0]-'A' <= 'Z'-'A' || b[4] == '/' || b[4] == 0xe5):
		if _, n, ok := timestamp.Detect(b); ok && n > 15 {
			return n
		}
	}
	return 0
}

// clockLen is the length of HH:MM:SS and a fraction that b starts with, 0 if there is none.
func clockLen(b []byte) int {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' || !isDigits(b[:2]) || !isDigits(b[3:5]) || !isDigits(b[6:8]) {
		return 0
	}
	n := 8
	if n+1 < len(b) && (b[n] == '.' || b[n] == ',') && b[n+1]-'0' <= 9 {
		for n++; n < len(b) && b[n]-'0' <= 9; n++ {
		}
	}
	return n
}

// setTime sets @timestamp from what stampLen found.
func setTime(ev *sdk.Event, v []byte, zone *time.Location) {
	switch {
	case v[4] == '-' && v[10] == ' ':
		ev.SetTime(isoLayout(v, "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00"), zone, v)
	case v[4] == '-' && v[10] == 'T':
		ev.SetTime(isoLayout(v, "2006-01-02T15:04:05", time.RFC3339), zone, v)
	case v[2] == '-' && v[3]-'A' <= 'Z'-'A':
		ev.SetTime("02-Jan-2006 15:04:05", zone, v)
	case v[2] == '-':
		i := 3 + bytes.IndexByte(v[3:], '-')
		if name := month(v[3:i]); name != nil {
			ev.SetTime("02 Jan 2006 15:04:05", zone, v[:2], name, v[i+1:])
			return
		}
		ev.Bad(ecs.Timestamp, "not a time of the form 02-Jan-2006 15:04:05")
	default:
		ev.SetTime(timestamp.Any, zone, v)
	}
}

func isoLayout(v []byte, local, offset string) string {
	for _, c := range v[19:] {
		if c == 'Z' || c == '+' || c == '-' {
			return offset
		}
	}
	return local
}

var months = [...][]byte{
	[]byte("Jan"), []byte("Feb"), []byte("Mar"), []byte("Apr"), []byte("May"), []byte("Jun"), []byte("Jul"), []byte("Aug"), []byte("Sep"),
	[]byte("Oct"), []byte("Nov"), []byte("Dec"),
}

// month is the English name of a month in Chinese, 10月 or 十月; nil for what is none.
func month(v []byte) []byte {
	name, ok := bytes.CutSuffix(v, []byte("月"))
	if !ok {
		return nil
	}
	switch string(name) {
	case "1", "01", "一":
		return months[0]
	case "2", "02", "二":
		return months[1]
	case "3", "03", "三":
		return months[2]
	case "4", "04", "四":
		return months[3]
	case "5", "05", "五":
		return months[4]
	case "6", "06", "六":
		return months[5]
	case "7", "07", "七":
		return months[6]
	case "8", "08", "八":
		return months[7]
	case "9", "09", "九":
		return months[8]
	case "10", "十":
		return months[9]
	case "11", "十一":
		return months[10]
	case "12", "十二":
		return months[11]
	}
	return nil
}

func blanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return i
}

// word is b up to a blank or line end.
func word(b []byte) []byte {
	for i, c := range b {
		if c <= ' ' {
			return b[:i:i]
		}
	}
	return b
}

// isIdentifier reports whether b can be the name of a class, a logger or a method.
func isIdentifier(b []byte) bool {
	for i, c := range b {
		switch {
		case (c|0x20)-'a' <= 'z'-'a', c == '_', c == '$', c >= 0x80:
		case i > 0 && (c-'0' <= 9 || c == '.' || c == '-' || c == '/' || c == '<' || c == '>' || c == '*' || c == '[' || c == ']'):
		default:
			return false
		}
	}
	return len(b) > 0
}

func isDigits(v []byte) bool {
	for _, c := range v {
		if c-'0' > 9 {
			return false
		}
	}
	return len(v) > 0
}
