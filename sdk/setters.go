package sdk

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// SetDecoded is Set for a value that stands in the line with escapes: decode appends it without them, such as
// cef.AppendUnescaped, jsonscan.AppendUnescaped, kv.AppendUnquoted and delimited.AppendUndoubled. A value
// without escapes is recorded as its place in the line, a decoded one with the place it was made from, so
// that masking knows what it shows.
func (e *Event) SetDecoded(f ecs.Field, v []byte, decode func(dst, v []byte) []byte) {
	if len(v) == 0 {
		return
	}
	e.w.scratch = decode(e.w.scratch[:0], v)
	e.setMade(f, e.w.scratch, v)
}

// setMade sets f to text, which was made from v, a part of the line.
func (e *Event) setMade(f ecs.Field, text, v []byte) {
	switch {
	case bytes.Equal(text, v):
		e.Set(f, v)
	case e.is(f, ecs.Keyword), e.is(f, ecs.Text):
		e.SetCopy(f, text, v)
	default:
		e.Set(f, text)
	}
}

// is reports whether f may be set and has that type.
func (e *Event) is(f ecs.Field, t ecs.Type) bool {
	return e.declared(f) && e.w.types[f] == t
}

// declared reports whether the manifest lists f under writes.
func (e *Event) declared(f ecs.Field) bool { return int(f) < len(e.out) && e.out[f] != nil }

// SetIPPort sets an address and a port from text that has both, such as 10.1.2.3:443, [2001:db8::1]:443 and
// 10.1.2.3(443), see netaddr.SplitHostPort. Without a port in the text only the address is set.
func (e *Event) SetIPPort(ip, port ecs.Field, v []byte) {
	host, number := netaddr.SplitHostPort(v)
	e.SetIP(ip, host)
	if number != nil {
		e.Set(port, number)
	}
}

// SetMAC sets a MAC address, in any of the spellings that netaddr.MACLen lists, in the one of ECS:
// 00-00-5E-00-53-23.
func (e *Event) SetMAC(f ecs.Field, v []byte) {
	if len(v) == 0 {
		return
	}
	text, ok := netaddr.AppendMAC(e.w.scratch[:0], v)
	e.w.scratch = text
	if !ok {
		if e.builder(f) != nil {
			e.Bad(f, "not a MAC address")
		}
		return
	}
	e.setMade(f, text, v)
}

// SetURL sets url.original, and of url.domain, url.path and url.query those that v has, see netaddr.SplitURL;
// url.full, too, if it has scheme and host. What the manifest does not list under writes is passed over
// without being counted.
func (e *Event) SetURL(v []byte) {
	u := netaddr.SplitURL(v)
	for _, part := range [...]struct {
		field ecs.Field
		text  []byte
	}{{ecs.URLOriginal, v}, {ecs.URLDomain, u.Host}, {ecs.URLPath, u.Path}, {ecs.URLQuery, u.Query}} {
		if e.declared(part.field) {
			e.Set(part.field, part.text)
		}
	}
	if u.Scheme != nil && u.Host != nil && e.declared(ecs.URLFull) {
		e.Set(ecs.URLFull, v)
	}
}

// SetAccount sets a user's name and directory or domain from CORP\li.si, CORP/li.si or li.si@corp.example, see
// netaddr.SplitAccount; without a domain in the text only the name.
func (e *Event) SetAccount(name, domain ecs.Field, v []byte) {
	d, n := netaddr.SplitAccount(v)
	e.Set(name, n)
	if d != nil {
		e.Set(domain, d)
	}
}

// LoadZone finds the zone that a plugin's configuration names, an IANA name such as Asia/Shanghai. It is nil for an
// empty name, which setters take for the zone of the input.
func LoadZone(name string) (*time.Location, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no zone of its own
	}
	return time.LoadLocation(name)
}

// MostSeverity is how long a word of a table of severities may be, in bytes.
const MostSeverity = 64

// SetSeverity sets log.level from what the device writes of how grave the event is, by the table severity of
// plugin.yaml, which an admin may have changed. The case of ASCII letters does not matter. It is false, and
// nothing is set, for a word that the table does not have.
func (e *Event) SetSeverity(word []byte) bool {
	l, ok := e.w.s.severity.of(word)
	if ok {
		e.SetLevel(l)
	}
	return ok
}

// severities are a plugin's table of severities.
type severities struct {
	byte [256]ecs.Severity // by words of one byte, as most devices write digits; empty: the table has none
	word map[string]ecs.Severity
}

func newSeverities(table map[string]string) (s severities) {
	s.word = make(map[string]ecs.Severity, len(table))
	for word, level := range table {
		s.word[word] = ecs.Severity(level)
	}
	for c := range s.byte {
		lower := c
		if 'A' <= c && c <= 'Z' {
			lower += 'a' - 'A'
		}
		s.byte[c] = s.word[string([]byte{byte(lower)})]
	}
	return s
}

func (s *severities) of(word []byte) (ecs.Severity, bool) {
	if len(word) == 1 {
		l := s.byte[word[0]]
		return l, l != ""
	}
	if len(word) > MostSeverity {
		return "", false
	}
	var lower [MostSeverity]byte
	for i, c := range word {
		if c-'A' < 26 {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	l, ok := s.word[string(lower[:len(word)])]
	return l, ok
}

// SetPort sets a port from its text; what is not a whole number from 0 to 65535 is noted as bad.
func (e *Event) SetPort(f ecs.Field, v []byte) {
	if len(v) == 0 {
		return
	}
	n, ok := parseInt(v)
	if !ok || n < 0 || n > 65535 {
		if e.builder(f) != nil {
			e.Bad(f, "not a port from 0 to 65535")
		}
		return
	}
	e.SetInt(f, n)
}

// SetSyslog sets what a syslog header says, of the fields that the manifest lists under writes: @timestamp,
// host.name, process.name, process.pid and log.syslog.*. zone is where the device's clock stands if the text does
// not say; nil means the zone of the input, UTC if that has none. What the manifest does not list is passed
// over without being counted.
func (e *Event) SetSyslog(h *syslog.Header, zone *time.Location) {
	if h.Priority >= 0 {
		for _, n := range [...]struct {
			field ecs.Field
			value int
		}{{ecs.LogSyslogPriority, h.Priority}, {ecs.LogSyslogFacilityCode, h.Facility()}, {ecs.LogSyslogSeverityCode, h.Severity()}} {
			if e.declared(n.field) {
				e.SetInt(n.field, int64(n.value))
			}
		}
	}
	for _, t := range [...]struct {
		field ecs.Field
		value []byte
	}{
		{ecs.HostName, h.Hostname},
		{ecs.LogSyslogAppname, h.AppName},
		{ecs.LogSyslogProcID, h.ProcID},
		{ecs.LogSyslogMsgID, h.MsgID},
		{ecs.ProcessName, h.AppName},
	} {
		if e.declared(t.field) {
			e.Set(t.field, t.value)
		}
	}
	if len(h.ProcID) > 0 && e.declared(ecs.ProcessPID) {
		if n, ok := parseInt(h.ProcID); ok { // else it is the name of a thread
			e.SetInt(ecs.ProcessPID, n)
		}
	}
	if len(h.Timestamp) == 0 || !e.declared(ecs.Timestamp) {
		return
	}
	if zone == nil {
		zone = e.w.zone(e.source())
	}
	ns, ok := h.Time(zone, e.w.received(e.source()))
	if !ok {
		e.Bad(ecs.Timestamp, "not a time that syslog headers have")
		return
	}
	e.out[ecs.Timestamp].Nanos(e.row, ns)
}
