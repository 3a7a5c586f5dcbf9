package sdk

import (
	"bytes"
	"math"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/syslog"
	"github.com/logcenter/logcenter/sdk/wire"
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
	switch b := e.listed(f); {
	case bytes.Equal(text, v):
		e.Set(f, v)
	case b != nil && b.Type() == wire.Type_STRING:
		e.SetCopy(f, text, v)
	default:
		e.Set(f, text)
	}
}

// declared reports whether the manifest lists f under writes.
func (e *Event) declared(f ecs.Field) bool { return e.listed(f) != nil }

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
	e.part(ecs.URLOriginal, v)
	u := netaddr.SplitURL(v)
	e.part(ecs.URLDomain, u.Host)
	e.part(ecs.URLPath, u.Path)
	e.part(ecs.URLQuery, u.Query)
	if u.Scheme != nil && u.Host != nil {
		e.part(ecs.URLFull, v)
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
	word *keys.Table[ecs.Severity]
}

func newSeverities(table map[string]string) (s severities) {
	words := make(map[string]ecs.Severity, len(table))
	for word, level := range table {
		words[word] = ecs.Severity(level)
	}
	s.word = keys.NewFold(words)
	for c := range s.byte {
		if l := s.word.Get([]byte{byte(c)}); l != nil {
			s.byte[c] = *l
		}
	}
	return s
}

func (s *severities) of(word []byte) (ecs.Severity, bool) {
	if len(word) == 1 {
		l := s.byte[word[0]]
		return l, l != ""
	}
	if l := s.word.Get(word); l != nil {
		return *l, true
	}
	return "", false
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
		e.number(ecs.LogSyslogPriority, int64(h.Priority))
		e.number(ecs.LogSyslogFacilityCode, int64(h.Facility()))
		e.number(ecs.LogSyslogSeverityCode, int64(h.Severity()))
	}
	e.part(ecs.HostName, h.Hostname)
	e.part(ecs.LogSyslogAppname, h.AppName)
	e.part(ecs.LogSyslogProcID, h.ProcID)
	e.part(ecs.LogSyslogMsgID, h.MsgID)
	e.part(ecs.ProcessName, h.AppName)
	if b := e.listed(ecs.ProcessPID); b != nil && len(h.ProcID) > 0 {
		if n, ok := parseInt(h.ProcID); ok { // else it is the name of a thread
			b.Int(e.row, n)
		}
	}
	e.SetSyslogTime(h, zone)
}

// SetSyslogTime sets @timestamp as SetSyslog does, and nothing else: for lines whose own time goes before the header's.
func (e *Event) SetSyslogTime(h *syslog.Header, zone *time.Location) {
	b := e.listed(ecs.Timestamp)
	if b == nil || len(h.Timestamp) == 0 {
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
	b.Nanos(e.row, ns)
}

// number sets a long that the manifest lists; others are passed over.
func (e *Event) number(f ecs.Field, n int64) {
	if b := e.listed(f); b != nil {
		b.Int(e.row, n)
	}
}

// part sets a keyword that the manifest lists to a part of the line; others are passed over.
func (e *Event) part(f ecs.Field, v []byte) {
	if b := e.listed(f); b != nil && len(v) > 0 {
		e.text(b, f, v)
	}
}

// SetDuration sets a duration, of which ECS has nanoseconds, from a number of units, such as time.Millisecond. It may
// have a fraction: 0.123, 17, 1.5. What is no such number, is negative, or more than 292 years is noted as bad.
func (e *Event) SetDuration(f ecs.Field, v []byte, unit time.Duration) {
	b := e.typed(f, wire.Type_INT64)
	if b == nil || len(v) == 0 {
		return
	}
	ns, ok := duration(v, int64(unit))
	if !ok {
		switch unit {
		case time.Second:
			e.Bad(f, "not a number of seconds, or too large")
		case time.Millisecond:
			e.Bad(f, "not a number of milliseconds, or too large")
		case time.Microsecond:
			e.Bad(f, "not a number of microseconds, or too large")
		default:
			e.Bad(f, "not a number of units of "+unit.String()+", or too large")
		}
		return
	}
	b.Int(e.row, ns)
}

// duration reads digits and a fraction, of which what is less than a nanosecond is cut.
func duration(v []byte, unit int64) (ns int64, ok bool) {
	i, n := 0, int64(0)
	for ; i < len(v) && v[i]-'0' <= 9; i++ {
		if n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + int64(v[i]-'0')
	}
	if n > math.MaxInt64/unit-1 {
		return 0, false
	}
	ns = n * unit
	if i == len(v) {
		return ns, i > 0
	}
	if v[i] != '.' || i+1 == len(v) {
		return 0, false
	}
	for _, c := range v[i+1:] {
		if c-'0' > 9 {
			return 0, false
		}
		unit /= 10
		ns += int64(c-'0') * unit
	}
	return ns, true
}

// SetLower is Set for a word that a device writes in capitals and ECS in small letters, such as a transport: ASCII
// letters are made small.
func (e *Event) SetLower(f ecs.Field, v []byte) {
	for i, c := range v {
		if c-'A' < 26 {
			e.w.scratch = append(e.w.scratch[:0], v...)
			for j, c := range e.w.scratch[i:] {
				if c-'A' < 26 {
					e.w.scratch[i+j] = c | 0x20
				}
			}
			e.SetCopy(f, e.w.scratch, v)
			return
		}
	}
	e.Set(f, v)
}

// SetTLSVersion sets tls.version from a name such as TLSv1.2 or TLS1.2 to the number, 1.2, as ECS has it.
func (e *Event) SetTLSVersion(v []byte) {
	e.Set(ecs.TLSVersion, bytes.TrimPrefix(bytes.TrimPrefix(v, []byte("TLS")), []byte("v")))
}

// SetFileHash sets file.hash.md5, file.hash.sha1 or file.hash.sha256 from the digits of a digest, which their number
// tells apart: 32, 40 or 64. Any other text is noted as bad.
func (e *Event) SetFileHash(v []byte) {
	switch len(v) {
	case 0:
	case 32:
		e.Set(ecs.FileHashMD5, v)
	case 40:
		e.Set(ecs.FileHashSHA1, v)
	case 64:
		e.Set(ecs.FileHashSHA256, v)
	default:
		if e.builder(ecs.FileHashSHA256) == nil {
			return
		}
		e.Bad(ecs.FileHashSHA256, "not the 32, 40 or 64 digits of MD5, SHA-1 or SHA-256")
	}
}
