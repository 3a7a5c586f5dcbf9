// Package accesslog reads lines of the access logs of web servers and proxies.
//
// Its one idea: nearly all of them write the Common or the Combined Log Format that NCSA httpd had, or can be told to, and
// put what they add behind it:
//
//	[HOST[:PORT] ]CLIENT IDENTITY USER [TIME] "METHOD URL HTTP/VERSION" STATUS SIZE "REFERRER" "AGENT" …
//
// Texts in quotes in front of the request and a number in front of the referrer, as some sites have them, are passed over.
// [Parse] takes such a line to pieces, all of them slices of the line; Event.SetAccess of package sdk sets the fields of
// ECS for it. Sources: the manuals of Apache HTTP Server 2.4, "Log Files" and mod_log_config, and of nginx,
// ngx_http_log_module.
package accesslog

import (
	"bytes"
	"errors"

	"github.com/logcenter/logcenter/sdk/internal/swar"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

// Layout is that of Entry.Time.
const Layout = "02/Jan/2006:15:04:05 -0700"

// Entry is what a line says. Its slices alias the line and are nil where the line has nothing or "-". Texts in quotes
// are as the server wrote them, with its escapes.
type Entry struct {
	// Host and Port are the virtual host in front of the client, where a server serves several.
	Host, Port []byte
	Client     []byte // address, or name where the server looks it up; "unix:" of a local socket
	Identity   []byte // name that the client's ident service gave, rarely asked for
	User       []byte // who logged in; may have blanks
	Time       []byte // see Layout

	Method, URL []byte
	Version     []byte // of HTTP, e.g. 1.1
	// Request is what came in place of a request of HTTP, such as a TLS handshake on a plain port. Method is nil then.
	Request []byte

	Status int   // 100 to 999; 0 if the line does not get that far
	Size   int64 // bytes of the body that was sent; -1 for none

	Referrer, Agent []byte
	// Extra is what the server adds behind them, see Next.
	Extra []byte
}

// What is wrong with a line; match with errors.Is. What is in front of that place is in the Entry.
var (
	ErrTime    = errors.New(`accesslog: want CLIENT IDENTITY USER [TIME] at the start`)
	ErrRequest = errors.New(`accesslog: want "REQUEST" in closed quotes behind the time`)
	ErrStatus  = errors.New(`accesslog: want a status from 100 to 999 behind the request`)
	ErrSize    = errors.New(`accesslog: want the bytes sent, or -, behind the status`)
	ErrTail    = errors.New(`accesslog: want "REFERRER" "AGENT" in closed quotes behind the bytes`)
)

// maxTime is how long a time may be, in bytes.
const maxTime = 64

// Parse reads a line.
func Parse(line []byte) (e Entry, err error) {
	err = e.parse(line)
	return e, err
}

func (e *Entry) parse(b []byte) error {
	e.Size = -1
	open := 0
	for {
		i := bytes.IndexByte(b[open:], '[')
		if i < 0 {
			return ErrTime
		}
		if open += i; open > 0 && b[open-1] == ' ' {
			break
		}
		open++ // of an address
	}
	e.client(b[: open-1 : open-1])
	b = b[open+1:]
	end := bytes.IndexByte(b[:min(len(b), maxTime)], ']')
	if end <= 0 {
		return ErrTime
	}
	e.Time = b[:end:end]
	b = b[end+1:]
	if len(b) < 2 || b[0] != ' ' || b[1] != '"' {
		return ErrRequest
	}
	text, b, closed := quoted(b[1:])
	for closed && len(b) > 0 && b[0] == '"' { // behind a request is a status: that was something of the site's own
		text, b, closed = quoted(b)
	}
	e.request(text)
	if !closed {
		return ErrRequest
	}
	status, b := word(b)
	if len(status) != 3 || status[0]-'1' > 8 || status[1]-'0' > 9 || status[2]-'0' > 9 {
		return ErrStatus
	}
	e.Status = int(status[0]-'0')*100 + int(status[1]-'0')*10 + int(status[2]-'0')
	size, b := word(b)
	if !e.size(size) {
		return ErrSize
	}
	if len(b) > 0 && b[0]-'0' <= 9 { // one more number, such as of bytes received
		if _, behind := word(b); len(behind) > 0 && behind[0] == '"' {
			b = behind
		}
	}
	for _, f := range [...]*[]byte{&e.Referrer, &e.Agent} {
		if len(b) == 0 || b[0] != '"' {
			break
		}
		text, rest, closed := quoted(b)
		*f = value(text)
		if b = rest; !closed {
			return ErrTail
		}
	}
	e.Extra = b
	return nil
}

// client reads "[HOST[:PORT] ]CLIENT IDENTITY USER". What is in front of the client is known by its port, or by an
// address that follows: an identity is none.
func (e *Entry) client(b []byte) {
	first, rest := word(b)
	host, port := first, []byte(nil)
	if swar.Index(first, 0, ':') < len(first) {
		host, port = netaddr.SplitHostPort(first)
	}
	if second, behind := word(rest); port != nil || IsAddress(second) {
		e.Host, e.Port = value(host), port
		first, rest = second, behind
	}
	e.Client = value(first)
	if len(rest) > 3 && string(rest[:3]) == "-> " { // "CLIENT -> SERVER", as gateways write it
		_, rest = word(rest[3:])
	}
	identity, user := word(rest)
	e.Identity = value(identity)
	if e.User = value(user); string(user) == `""` {
		e.User = nil
	}
}

// IsAddress reports whether b is meant as an IP address, and not as a name, whose last part is no number.
func IsAddress(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	if b[0]-'0' <= 9 && b[len(b)-1]-'0' <= 9 && swar.Index(b, 0, '.') < len(b) {
		return true
	}
	return swar.Index(b, 0, ':') < len(b) && string(b) != "unix:"
}

// request reads METHOD URL HTTP/VERSION.
func (e *Entry) request(b []byte) {
	if value(b) == nil {
		return
	}
	if e.Method, e.URL, e.Version = SplitRequest(b); e.Method == nil {
		e.Request = b
	}
}

// SplitRequest takes the first line of a request of HTTP to pieces: METHOD URL HTTP/VERSION, of which version is without
// HTTP/ and may be missing. The URL may hold blanks, as broken clients send them. All are nil if b is no request.
func SplitRequest(b []byte) (method, url, version []byte) {
	method, url = word(b)
	if !isMethod(method) || len(url) == 0 {
		return nil, nil, nil
	}
	const mark = " HTTP/"
	if i := len(url) - len(mark+"1.1"); i > 0 && string(url[i:i+len(mark)]) == mark && url[len(url)-2] == '.' { // nearly all
		return method, url[:i:i], url[i+len(mark):]
	}
	if i := bytes.LastIndexByte(url, ' '); i >= 0 && bytes.HasPrefix(url[i:], []byte(mark)) {
		url, version = url[:i:i], url[i+len(mark):]
	}
	return method, url, version
}

func isMethod(b []byte) bool {
	if len(b) < 2 || len(b) > 20 {
		return false
	}
	for _, c := range b {
		if c-'A' >= 26 && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// size reads the bytes sent.
func (e *Entry) size(b []byte) bool {
	if len(b) == 1 && b[0] == '-' {
		return true
	}
	if len(b) == 0 || len(b) > 18 {
		return false
	}
	n := int64(0)
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
		n = n*10 + int64(c-'0')
	}
	e.Size = n
	return true
}

// Next takes the first value off what is behind the agent, see Entry.Extra: a text in quotes or a word. v is nil for "-".
// closed is false for a quote that is never closed: the text is all there is then.
func Next(b []byte) (v, rest []byte, closed bool) {
	closed = true
	if len(b) > 0 && b[0] == '"' {
		v, rest, closed = quoted(b)
	} else {
		v, rest = word(b)
	}
	return value(v), rest, closed
}

// quoted reads text in quotes and the blank behind it. Quotes inside have a backslash in front.
func quoted(b []byte) (text, rest []byte, closed bool) {
	b = b[1:]
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], '"')
		if i < 0 {
			return b, nil, false
		}
		i += from
		slashes := 0
		for i-slashes > 0 && b[i-slashes-1] == '\\' {
			slashes++
		}
		if slashes&1 == 1 {
			from = i + 1
			continue
		}
		rest = b[i+1:]
		if len(rest) > 0 && rest[0] == ' ' {
			rest = rest[1:]
		}
		return b[:i:i], rest, true
	}
}

// word cuts b at the first blank.
func word(b []byte) (w, rest []byte) {
	i := swar.Index(b, 0, ' ')
	if i == len(b) {
		return b, nil
	}
	return b[:i:i], b[i+1:]
}

// value is nil for "-", and for nothing.
func value(b []byte) []byte {
	if len(b) == 0 || len(b) == 1 && b[0] == '-' {
		return nil
	}
	return b
}
