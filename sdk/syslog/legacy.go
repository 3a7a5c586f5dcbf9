package syslog

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

const (
	maxHostname = 255 // bytes, RFC 5424, section 6.2.4
	maxTag      = 64  // bytes; RFC 3164, section 4.1.3, has 32, which senders exceed
)

// legacy reads what RFC 3164 describes, behind the PRI.
func (h *Header) legacy(line []byte, i int) (rest []byte) {
	at := blanks(line, i)
	end, ok := h.time(line, at)
	if !ok && h.Priority >= 0 {
		if end, ok = h.cisco(line, at); !ok {
			end, ok = h.hostFirst(line, at)
		}
	}
	if !ok {
		if h.Priority < 0 {
			return line
		}
		return h.tag(line, i)
	}
	h.Format = RFC3164
	switch {
	case end < len(line) && line[end] == ':':
		end++
	case h.Hostname == nil:
		end = h.zone(line, end)
	}
	end = blanks(line, end)
	if h.Hostname == nil {
		end = h.hostname(line, end)
	}
	if rest, ok := h.relayed(line[end:]); ok {
		return rest
	}
	return h.tag(line, end)
}

// maxRelays is how many relays are looked behind.
const maxRelays = 4

// relayed takes the header that content begins with where a relay has put its own in front of a sender's.
func (h *Header) relayed(content []byte) (rest []byte, ok bool) {
	if len(content) == 0 || content[0] != '<' || h.relays == maxRelays {
		return nil, false
	}
	inner := Header{relays: h.relays + 1}
	if rest, err := inner.parse(content); err == nil && len(inner.Timestamp) > 0 {
		if inner.Relay == nil {
			inner.Relay = h.Hostname
		}
		*h = inner
		return rest, true
	}
	return nil, false
}

// blanks returns where the spaces at i end.
func blanks(line []byte, i int) int {
	for i < len(line) && line[i] == ' ' {
		i++
	}
	return i
}

// withZone are layouts that devices write an abbreviation behind, with and without it.
var withZone = func() (pairs [][2]timestamp.Layout) {
	for _, sample := range []string{
		"Oct 11 12:00:01", "Oct 11 2026 12:00:01", "2026 Oct 11 12:00:01", "2026-10-11 12:00:01", "2026-10-11T12:00:01",
	} {
		l, _, _ := timestamp.Detect([]byte(sample))
		pairs = append(pairs, [2]timestamp.Layout{l, timestamp.MustCompile(l.String() + " MST")})
	}
	return pairs
}()

// time takes the time at i and returns where it ends.
func (h *Header) time(line []byte, i int) (end int, ok bool) {
	if i < len(line) && (line[i] == '*' || line[i] == '.' || line[i] == '%') {
		i++ // Cisco: the clock is not set, or has lost its source; H3C
	}
	if i >= len(line) {
		return 0, false
	}
	r, n := timestamp.Read(line[i:])
	if n == 0 {
		return 0, false
	}
	end = i + n
	if h.Priority < 0 {
		// As a daemon writes it to a file; other times are part of some program's own line.
		c := line[i]
		if isDigit := c-'0' <= 9; isDigit && (n < 19 || line[i+10] != 'T') || !isDigit && n > len("Oct 11 12:00:01.000000") {
			return 0, false
		}
	}
	h.layout, h.read, h.first = r.Layout(), r, &line[i]
	if z := zoneName(line[end:]); z > 0 && h.zoned() {
		end += z
	}
	h.Timestamp = line[i:end:end]
	return end, true
}

// zoned notes that the abbreviation of a zone stands behind the time. It is false if none can.
func (h *Header) zoned() bool {
	for _, pair := range withZone {
		if pair[0] == h.layout {
			h.layout, h.first = pair[1], nil // what was read does not have the zone
			return true
		}
	}
	return false
}

// zoneName returns the length of " UTC" in front of a colon, 0 if b does not start with the like.
func zoneName(b []byte) int {
	if len(b) < 4 || b[0] != ' ' {
		return 0
	}
	i := 1
	for i < len(b) && i < 6 && b[i]-'A' < 26 {
		i++
	}
	if i < 4 || i >= len(b) || b[i] != ':' || i+1 < len(b) && b[i+1] != ' ' {
		return 0 // "CEF:0|" is none
	}
	return i
}

// cisco takes what Cisco devices write in front of the time, "29: ", "router1: " or both, and the time.
func (h *Header) cisco(line []byte, i int) (end int, ok bool) {
	for range 2 {
		if i < len(line) && line[i] == ':' { // NX-OS has nothing in front of the colon
			if end, ok := h.time(line, blanks(line, i+1)); ok {
				return end, true
			}
			break
		}
		w, next := word(line, i)
		n := len(w) - 1
		if n < 1 || w[n] != ':' || next >= len(line) {
			break
		}
		digits := true
		for _, c := range w[:n] {
			digits = digits && c-'0' <= 9
		}
		switch {
		case digits && h.Sequence == nil:
			h.Sequence = w[:n:n]
		case !digits && h.Hostname == nil && isHostname(w[:n]):
			h.Hostname = w[:n:n]
		default:
			n = 0
		}
		if n == 0 {
			break
		}
		i = blanks(line, next)
		if end, ok := h.time(line, i); ok {
			return end, true
		}
	}
	h.Sequence, h.Hostname = nil, nil
	return 0, false
}

// hostFirst takes a hostname and the time behind it, as some devices and relays write them the other way round.
// A word of letters alone is no such hostname, as it may be the first of a message.
func (h *Header) hostFirst(line []byte, i int) (end int, ok bool) {
	w, next := word(line, i)
	if next >= len(line) || !isHostname(w) || !bytes.ContainsAny(w, ".-0123456789") || isNumber(w) {
		return 0, false
	}
	if end, ok = h.time(line, blanks(line, next)); ok {
		h.Hostname = w
	}
	return end, ok
}

// isZone reports whether w is the abbreviation of a zone that devices write in front of their name.
func isZone(w []byte) bool {
	switch string(w) {
	case "CST", "CDT", "CET", "CEST", "EST", "EDT", "PST", "PDT", "MST", "MDT", "JST", "KST", "HKT", "SGT", "IST", "BST", "MSK", "EET", "EEST",
		"AEST", "AEDT", "WIB", "BEIJING":
		return true
	}
	return false
}

// zone takes the abbreviation of a zone that stands between the time, which ends at end, and the hostname, and
// returns where the time ends then.
func (h *Header) zone(line []byte, end int) int {
	i := blanks(line, end)
	if i == end || i+3 > len(line) || line[i]-'A' >= 26 || line[i+1]-'A' >= 26 || line[i+2]-'A' >= 26 {
		return end
	}
	w, next := word(line, i)
	if next >= len(line) || !isZone(w) {
		return end
	}
	if host, _ := word(line, blanks(line, next)); !isHostname(host) || isNumber(host) || !h.zoned() {
		return end
	}
	h.Timestamp = line[end-len(h.Timestamp) : i+len(w) : i+len(w)]
	return i + len(w)
}

func isNumber(w []byte) bool {
	for _, c := range w {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// hostname takes the hostname at i, if there is one, and returns where the content starts.
func (h *Header) hostname(line []byte, i int) int {
	const forwarded = "Message forwarded from " // AIX
	if bytes.HasPrefix(line[i:], []byte(forwarded)) {
		i += len(forwarded)
		if w, next := word(line, i); len(w) > 1 && w[len(w)-1] == ':' && isHostname(w[:len(w)-1]) {
			h.Hostname = w[: len(w)-1 : len(w)-1]
			return min(next, len(line))
		}
		i -= len(forwarded)
	}
	// Nearly all are letters, digits, dots and hyphens, with a blank behind.
	n, named := i, byte(0)
	for n < len(line) && nameByte[line[n]] != 0 {
		named |= nameByte[line[n]]
		n++
	}
	if named > isDot && n-i <= maxHostname && (n == len(line) || line[n] == ' ') {
		h.Hostname = line[i:n:n]
		n = blanks(line, n)
		if n+1 < len(line) && line[n] == ':' && line[n+1] == ' ' {
			n = blanks(line, n+1) // "fw1 : %ASA-6-302013: …"
		}
		return n
	}
	return h.oddHostname(line, i)
}

// Bits of nameByte.
const (
	isDot  = 1 // or a hyphen: there must be more in a name
	isName = 2
)

// nameByte are the bytes of names of hosts that follow the rules, and of IPv4 addresses.
var nameByte = func() (set [256]byte) {
	for c := range set {
		if c-'0' >= 0 && c-'0' <= 9 || (c|0x20)-'a' >= 0 && (c|0x20)-'a' < 26 {
			set[c] = isName
		}
	}
	set['.'], set['-'] = isDot, isDot
	return set
}()

// oddHostname is hostname for names with other bytes, in brackets, or with something else than a blank behind.
func (h *Header) oddHostname(line []byte, i int) int {
	w, next := word(line, i)
	if n := bytes.Index(w, []byte("%%")); n > 0 && isHostname(w[:n]) {
		h.Hostname = w[:n:n]
		return i + n
	}
	next = blanks(line, min(next, len(line)))
	n := len(w) - 1
	switch {
	case string(w) == "-", string(w) == "(none)":
		return next // has no name
	case n > 0 && w[n] == ':' && (next < len(line) && line[next] == '%' || netaddr.AddrLen(w[:n]) == n):
		w = w[:n:n] // "fw1: %ASA-6-302013: …", "10.1.2.3: …"
	case n > 2 && w[0] == '[' && w[n] == ']' && netaddr.AddrLen(w[1:n]) == n-1:
		w = w[1:n:n]
	}
	if !isHostname(w) {
		return i
	}
	h.Hostname = w
	if next+1 < len(line) && line[next] == ':' && line[next+1] == ' ' {
		next = blanks(line, next+1) // "fw1 : %ASA-6-302013: …"
	}
	return next
}

// isHostname reports whether w can be a name or an address. Names need not be ASCII.
func isHostname(w []byte) bool {
	if len(w) == 0 || len(w) > maxHostname {
		return false
	}
	colons, hex, named := 0, true, false
	for _, c := range w {
		switch {
		case c-'0' <= 9, (c|0x20)-'a' < 6:
			named = true
		case c == '.':
		case c == ':':
			colons++
		case (c|0x20)-'a' < 26, c >= 0x80:
			named, hex = true, false
		case c == '-', c == '_', c == '/', c == '@':
			hex = false
		default:
			return false
		}
	}
	if colons == 0 {
		return named // "-- MARK --"
	}
	// An IPv6 address, or an IPv4 one with a port; anything else is a TAG or a key.
	return hex && (w[len(w)-1] != ':' || len(w) > 1 && w[len(w)-2] == ':')
}

// tag takes the TAG at i, if there is one, and returns the content.
func (h *Header) tag(line []byte, i int) (content []byte) {
	for j := i; j < len(line) && j-i <= maxTag; j++ {
		switch c := line[j]; {
		case isTag[c]:
			continue
		case j == i:
		case c == ':' && (j+1 == len(line) || line[j+1] == ' '):
			h.AppName = line[i:j:j]
			i = min(j+2, len(line))
		case c == '[':
			end := j + 1
			for end < len(line) && line[end]-'0' <= 9 {
				end++
			}
			if end == len(line) || line[end] != ']' { // not the number of a process
				n := bytes.IndexByte(line[j:min(j+maxTag, len(line))], ']')
				if n < 0 || bytes.IndexByte(line[j:j+n], ' ') >= 0 {
					break
				}
				end = j + n
			}
			if end == j+1 || end-j >= maxTag {
				break
			}
			end++
			if end < len(line) && line[end] != ':' && line[end] != ' ' {
				break
			}
			h.AppName, h.ProcID = line[i:j:j], line[j+1:end-1:end-1]
			if end < len(line) && line[end] == ':' {
				end++
			}
			if i = end; i < len(line) && line[i] == ' ' {
				i++
			}
		}
		break
	}
	return line[i:]
}

// isTag are the bytes a TAG is made of. RFC 3164 has letters and digits; programs have more.
var isTag = func() (set [256]bool) {
	for c := range set {
		set[c] = c-'0' >= 0 && c-'0' <= 9 || (c|0x20)-'a' >= 0 && (c|0x20)-'a' < 26
	}
	for _, c := range "-_./@()#+~" {
		set[c] = true
	}
	return set
}()
