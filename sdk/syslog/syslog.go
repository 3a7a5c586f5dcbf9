// Package syslog reads the headers of syslog messages and the frames they come in over TCP.
//
// Its one idea: say what the RFCs say where a sender follows them, and else what devices really send.
// [Parse] never refuses a line: it takes the header off as far as there is one and leaves the rest to the
// device's own parser. All it returns are slices of the line, and it allocates nothing.
//
// RFC 5424 messages are told by the version behind the PRI; all others are read by the customs that
// RFC 3164 describes, which is informational: "the contents of any IP packet that has a destination
// port of 514 must be treated as a syslog message".
package syslog

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk/timestamp"
)

// Format is the kind of header a line has.
type Format uint8

// The kinds of headers.
const (
	None    Format = iota // neither a PRI nor a time: the whole line is content
	RFC3164               // or what devices make of it
	RFC5424
)

// String is "none", "rfc3164" or "rfc5424".
func (f Format) String() string {
	switch f {
	case RFC3164:
		return "rfc3164"
	case RFC5424:
		return "rfc5424"
	}
	return "none"
}

// Header is the header of a message. Its slices alias the line; nil is what the sender left out or, in
// RFC 5424, wrote as "-" (NILVALUE, section 6).
type Header struct {
	Format   Format
	Priority int // PRI, 0 to 191; -1 where there is none
	Version  int // of RFC 5424; 0 in other formats

	Timestamp  []byte // as sent, without a clock mark; see Time
	Hostname   []byte
	AppName    []byte // RFC 3164: the TAG
	ProcID     []byte // RFC 3164: what stands in brackets behind the TAG
	MsgID      []byte // RFC 5424 only
	Structured []byte // RFC 5424 only: all elements with their brackets; see Elements

	// Relay is the HOSTNAME of the header that a relay has put in front of the one that all else here is of.
	Relay []byte
	// Sequence is the number that Cisco devices put in front of the time.
	Sequence []byte
	// BOM says that the content began with a byte order mark, which is left out of it, and so is UTF-8
	// (RFC 5424, section 6.4).
	BOM bool

	layout timestamp.Layout
	// read is what Parse read of the time already, first the byte of the line where that began.
	read  timestamp.Reading
	first *byte
	// relays is how many headers stand in front.
	relays uint8
}

// What Parse can say of a line. The header and the rest are usable all the same.
var (
	ErrNoHeader   = errors.New("syslog: a PRI such as <134> or a time is expected at the start of the line")
	ErrPriority   = errors.New("syslog: a number from 0 to 191 and > are expected after the < of the PRI")
	ErrShort      = errors.New("syslog: the RFC 5424 header ends before its structured data")
	ErrStructured = errors.New("syslog: structured data of RFC 5424 is expected: - or [id name=\"value\"]")
)

// defaultPriority is what a relay gives a message without PRI (RFC 3164, section 4.3.3): user, notice.
const defaultPriority = 13

// Facility is 0 to 23 (RFC 5424, section 6.2.1), 1 (user) where there is no PRI.
func (h *Header) Facility() int {
	if h.Priority < 0 {
		return defaultPriority / 8
	}
	return h.Priority / 8
}

// Severity is 0 (emergency) to 7 (debug) (RFC 5424, section 6.2.1), 5 (notice) where there is no PRI.
func (h *Header) Severity() int {
	if h.Priority < 0 {
		return defaultPriority % 8
	}
	return h.Priority % 8
}

// Time reads the timestamp, as nanoseconds since 1970 UTC. Zone is where the sender's clock stands if it
// does not say, nil means UTC. Received decides on the year if the sender leaves it out, see
// [timestamp.Layout.ParseAt].
func (h *Header) Time(zone *time.Location, received time.Time) (ns int64, ok bool) {
	if len(h.Timestamp) == 0 {
		return 0, false
	}
	if h.first == &h.Timestamp[0] {
		return h.read.Nanos(zone, received)
	}
	if ns, ok := h.layout.ParseAt(h.Timestamp, zone, received); ok {
		return ns, ok
	}
	l, n, ok := timestamp.Detect(h.Timestamp)
	if !ok || n != len(h.Timestamp) {
		return 0, false
	}
	return l.ParseAt(h.Timestamp, zone, received)
}

// Parse reads the header of a line. The rest is the content (RFC 3164, section 4.1.3; RFC 5424: MSG): it
// aliases the line, and is all of it where there is no header. The error is one of this package's, for
// counting: what could be read is there in any case.
//
// How the parts are found:
//
//   - PRI: '<', one to three digits up to 191, '>' (RFC 3164, section 4.1.1; RFC 5424, section 6.2.1).
//     Leading zeros are tolerated. A line may have none, as in files, if it starts with the time as
//     syslog daemons write it there: RFC 3164's or one of RFC 3339 with a 'T'.
//   - RFC 5424: VERSION, a number without leading zero of up to three digits, and a space behind the PRI,
//     then TIMESTAMP as in section 6.2.3 or "-". If there is none it is no RFC 5424 header.
//   - Time: RFC 3164's (section 4.1.2), or anything else that [timestamp.Detect] knows: with a year, a
//     fraction, an offset, RFC 3339 or ISO 8601 with a space, seconds since 1970. One of the marks '*',
//     '.' and '%' may stand before it, a zone's abbreviation behind, in front of a colon or, for those in
//     wide use, of the hostname. Cisco devices have a sequence number and the hostname, each with ": ", in
//     front of it; others the hostname alone, if a digit, a dot or a hyphen is in it.
//   - HOSTNAME (section 4.1.2): the next word, if it looks like one. A word with '=', ';', quotes or
//     brackets does not, nor one that ends in ':', as senders that leave it out go on with the TAG; but
//     an address may have them. It ends before "%%", which begins the content of devices that put no space
//     there. "-" and "(none)" are no name.
//   - TAG (section 4.1.3): a word that ends in "[pid]", "[pid]:" or ": ".
//   - Relays: a header with PRI and time in place of a TAG is the sender's own; the one in front is a relay's, of which
//     [Header.Relay] is left. So it is behind an RFC 5424 header without an APP-NAME.
func Parse(line []byte) (h Header, rest []byte, err error) {
	rest, err = h.parse(line)
	return h, rest, err
}

func (h *Header) parse(line []byte) (rest []byte, err error) {
	i, err := h.priority(line)
	if h.Priority >= 0 {
		h.Format = RFC3164
		if n := version(line[i:]); n > 0 {
			i += n
			if rest, ok, err := h.modern(line, i); ok {
				for _, c := range line[i-n : i-1] {
					h.Version = h.Version*10 + int(c-'0')
				}
				h.Format = RFC5424
				if err == nil && h.AppName == nil {
					if inner, ok := h.relayed(rest); ok {
						return inner, nil
					}
				}
				return rest, err
			}
			if _, _, ok := timestamp.Detect(line[i:]); !ok {
				i -= n // "<134>1 file copied": a number that is content
			}
		}
	}
	rest = h.legacy(line, i)
	if h.Format == None && err == nil {
		err = ErrNoHeader
	}
	return rest, err
}

// priority reads the PRI and returns where it ends, 0 if there is none.
func (h *Header) priority(line []byte) (int, error) {
	h.Priority = -1
	if len(line) == 0 || line[0] != '<' {
		return 0, nil
	}
	v, i := 0, 1
	for ; i < len(line) && i < 4 && line[i]-'0' <= 9; i++ {
		v = v*10 + int(line[i]-'0')
	}
	if i == 1 || i >= len(line) || line[i] != '>' || v > 191 {
		return 0, ErrPriority
	}
	h.Priority = v
	return i + 1, nil
}

// version returns the length of a VERSION and the space behind it, 0 if b does not start with them.
func version(b []byte) int {
	if len(b) < 2 || b[0] < '1' || b[0] > '9' {
		return 0
	}
	for i := 1; i < len(b) && i < 4; i++ {
		if b[i] == ' ' {
			return i + 1
		}
		if b[i]-'0' > 9 {
			break
		}
	}
	return 0
}

var rfc3339 = timestamp.MustCompile(time.RFC3339)

// modern reads the header of RFC 5424 behind the version. It is false, and h unchanged, if there is none.
func (h *Header) modern(line []byte, i int) (rest []byte, ok bool, err error) {
	stamp, next := word(line, i)
	if len(stamp) != 1 || stamp[0] != '-' {
		if len(stamp) < len("2006-01-02T15:04:05") || stamp[4] != '-' || stamp[10] != 'T' || stamp[13] != ':' {
			return nil, false, nil
		}
		h.layout = rfc3339
	}
	h.Timestamp = orNil(stamp)
	for _, field := range [...]*[]byte{&h.Hostname, &h.AppName, &h.ProcID, &h.MsgID} {
		if next > len(line) {
			return nil, true, ErrShort
		}
		var w []byte
		w, next = word(line, next)
		*field = orNil(w)
	}
	if next > len(line) {
		return nil, true, ErrShort
	}
	rest = line[next:]
	switch n := structured(rest); {
	case n > 0:
		h.Structured, rest = rest[:n:n], rest[n:]
	case len(rest) > 0 && rest[0] == '-' && (len(rest) == 1 || rest[1] == ' '):
		rest = rest[1:]
	default:
		return rest, true, ErrStructured
	}
	if len(rest) > 0 {
		rest = rest[1:] // the space
	}
	if len(rest) >= 3 && rest[0] == 0xef && rest[1] == 0xbb && rest[2] == 0xbf {
		rest, h.BOM = rest[3:], true
	}
	return rest, true, nil
}

// word returns the bytes from i up to a space, and where the next word starts: beyond the line if there
// is no space.
func word(line []byte, i int) (w []byte, next int) {
	n := bytes.IndexByte(line[i:], ' ')
	if n < 0 {
		return line[i:len(line):len(line)], len(line) + 1
	}
	return line[i : i+n : i+n], i + n + 1
}

// orNil is nil for NILVALUE, and for nothing.
func orNil(b []byte) []byte {
	if len(b) == 0 || len(b) == 1 && b[0] == '-' {
		return nil
	}
	return b
}
