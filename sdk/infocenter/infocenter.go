// Package infocenter reads what the information center of a network device writes in front of a message: that of VRP,
// Huawei's system, and of Comware, which came of it, of H3C and others.
//
//	<PRI>TIME HOSTNAME %%10MODULE/SEVERITY/MNEMONIC(l)[SEQUENCE]: TEXT
//
// Its one idea: the mark, two percent signs and the version of the format, tells where the device itself speaks, whatever
// relays have put in front. Sources: "Information center" in H3C's Comware 7 System Log Messages Reference, "Log Format" in
// Huawei's HiSecEngine USG6000E Log Reference. What is returned aliases the line, and nothing is allocated.
package infocenter

import (
	"bytes"
	"errors"

	"github.com/logcenter/logcenter/sdk/syslog"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// Message is a line of an information center.
type Message struct {
	// Header is the syslog header. Its Hostname is the word in front of the mark, its Timestamp the time in front of
	// that, if there are such: they are the device's own, where a relay has put others in front.
	syslog.Header

	// Name is MODULE/SEVERITY/MNEMONIC: of all lines of a device it has a few hundred values. nil: there is none.
	Name []byte
	// Module is the part of the device that speaks, e.g. SHELL. Some versions write it in lower case.
	Module []byte
	// Digit is the severity as it stands in the line, one byte from 0 to 7, as syslog's are; nil if it is something else.
	Digit []byte
	// Mnemonic names the message, e.g. SHELL_LOGIN.
	Mnemonic []byte
	// Sequence is the number in brackets behind it, of devices that count their messages; nil if there is none.
	Sequence []byte
	// Text is all behind the colon, without blanks around it, and without the #015 that rsyslog makes of a carriage
	// return at its end.
	Text []byte
}

// ErrName says that there is no mark, or that no name of a message stands behind it.
var ErrName = errors.New("infocenter: want the mark, such as %%10, and MODULE/SEVERITY/MNEMONIC: behind the host's name")

const (
	maxHeader = 400 // where the mark begins at the latest
	maxPart   = 64  // the longest part of a name, and the furthest that its colon stands behind it
)

// Parse reads a line with the given mark, "%%01" of VRP, "%%10" of Comware, and replaces what m held. With an error, which is
// [ErrName], only the header is set, as far as there is one. A Message is half a kilobyte, so pass it by pointer.
func (m *Message) Parse(line []byte, mark string) error {
	m.Header, _, _ = syslog.Parse(line)
	at := find(line[:min(len(line), maxHeader)], mark)
	if at >= 0 {
		m.origin(line[:at])
	}
	if at < 0 || !m.name(line[at+len(mark):]) {
		m.Name, m.Module, m.Digit, m.Mnemonic, m.Sequence, m.Text = nil, nil, nil, nil, nil, nil
		return ErrName
	}
	return nil
}

// ParseBuffer is Parse for a line as the device itself shows what it has in memory, which is what people paste and some scripts
// send: a percent sign in front of the time, and none in front of the name of the message.
//
//	%Oct 11 12:00:01:123 2026 SW-01 SHELL/5/SHELL_LOGIN: netadmin logged in from 10.1.1.5.
func (m *Message) ParseBuffer(line []byte) error {
	line = bytes.TrimPrefix(line, []byte{'%'})
	m.Header, _, _ = syslog.Parse(line)
	head := line[:min(len(line), maxHeader)]
	for at := 0; at < len(head); {
		end := bytes.IndexByte(head[at:], ' ')
		if end < 0 {
			end = len(head) - at
		}
		if bytes.Count(head[at:at+end], []byte{'/'}) >= 2 && m.name(line[at:]) {
			m.origin(line[:at])
			return nil
		}
		at += end + 1
	}
	m.Name, m.Module, m.Digit, m.Mnemonic, m.Sequence, m.Text = nil, nil, nil, nil, nil, nil
	return ErrName
}

// find returns where mark is in b, -1 if nowhere.
func find(b []byte, mark string) int {
	for i := 0; ; i++ {
		n := bytes.IndexByte(b[i:], '%')
		if i += n; n < 0 || i+len(mark) > len(b) {
			return -1
		}
		if string(b[i:i+len(mark)]) == mark {
			return i
		}
	}
}

// origin takes the device's own name and time, which b ends with. A "%%:" behind them, which Huawei's "firewall log session
// syslog header host-name" puts there, is none.
func (m *Message) origin(b []byte) {
	b = bytes.TrimRight(b, " ")
	b = bytes.TrimRight(bytes.TrimSuffix(b, []byte("%%:")), " ")
	i := lastWord(b)
	host := b[i:len(b):len(b)]
	if len(host) == 0 || m.timed(b) || bytes.IndexByte(host, ':') >= 0 && m.timeBehind(b) {
		return // the device has no name
	}
	m.Hostname = host
	m.timeBehind(bytes.TrimRight(bytes.TrimSuffix(bytes.TrimRight(b[:i], " "), []byte(" DST")), " "))
}

// timeBehind takes the time that b ends with. It is false if there is none.
func (m *Message) timeBehind(b []byte) bool {
	if m.timed(b) {
		return true
	}
	found := false
	i := len(b)
	for n := 0; i > 0 && n < maxTimeWords; n++ {
		i = lastWord(bytes.TrimRight(b[:i], " "))
		if _, n, ok := timestamp.Detect(b[i:]); ok && n == len(b)-i {
			m.Timestamp, found = b[i:len(b):len(b)], true
		}
	}
	return found
}

// timed reports whether b ends with the time that the header has already.
func (m *Message) timed(b []byte) bool {
	n := len(m.Timestamp)
	return n > 0 && len(b) > 0 && &m.Timestamp[n-1] == &b[len(b)-1]
}

// maxTimeWords is how many words a time has at most.
const maxTimeWords = 5

// lastWord is where the last word of b starts.
func lastWord(b []byte) int {
	i := len(b)
	for i > 0 && b[i-1] != ' ' && b[i-1] != '>' {
		i--
	}
	return i
}

// name reads MODULE/SEVERITY/MNEMONIC, what may stand behind it, such as (l), [SEQUENCE] and (SLOT), and the colon, which
// is never left out.
func (m *Message) name(b []byte) bool {
	module := part(b, 0)
	if module == 0 || module >= len(b) || b[module] != '/' {
		return false
	}
	level := module + 1
	digits := part(b, level)
	if digits == 0 || level+digits >= len(b) || b[level+digits] != '/' {
		return false
	}
	mnemonic := level + digits + 1
	n := part(b, mnemonic)
	end := mnemonic + n
	colon := bytes.IndexByte(b[end:min(len(b), end+maxPart)], ':')
	if n == 0 || colon < 0 {
		return false
	}
	m.Name, m.Module, m.Mnemonic = b[:end:end], b[:module:module], b[mnemonic:end:end]
	if m.Digit = nil; digits == 1 && b[level]-'0' <= 7 {
		m.Digit = b[level : level+1 : level+1]
	}
	m.Sequence = sequence(b[end : end+colon])
	m.Text = bytes.TrimSpace(bytes.TrimSuffix(b[end+colon+1:], []byte("#015")))
	return true
}

// sequence is the number in brackets in what stands between a mnemonic and the colon.
func sequence(b []byte) []byte {
	i := bytes.IndexByte(b, '[') + 1
	n := i
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	if i == 0 || n == i || n == len(b) || b[n] != ']' {
		return nil
	}
	return b[i:n:n]
}

// part is the length of the part of a name at i. One that is too long is cut, so that no slash follows.
func part(b []byte, i int) (n int) {
	for i+n < len(b) && n < maxPart && isName[b[i+n]] {
		n++
	}
	return n
}

// isName are the bytes that parts of a name are made of.
var isName = func() (set [256]bool) {
	for c := range set {
		set[c] = c-'0' >= 0 && c-'0' <= 9 || (c|0x20)-'a' >= 0 && (c|0x20)-'a' < 26
	}
	set['_'], set['-'] = true, true
	return set
}()
