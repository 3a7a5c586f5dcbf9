package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/kv"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

// record is what of a line is decided when all of it is read.
type record struct {
	line []byte // with blanks between its pairs; nil: with commas
	kept [slots][]byte
	flow flow.Flow
}

// pair sets what a pair says.
func (r *record) pair(ev *sdk.Event, it *kv.Iter) {
	t := known.Get(it.Key())
	if t == nil {
		return
	}
	v := it.Value()
	if len(v) == 0 || string(v) == "N/A" {
		return
	}
	if (v[0]|0x20)-'a' < 26 && !it.Quoted() && r.line != nil {
		v = words(r.line, it.Pos(), len(v))
	}
	if t.part != flow.None {
		r.flow.Set(ev, t.part, v)
		return
	}
	switch t.use {
	case set:
		ev.Set(t.field, v)
	case setText:
		if it.Quoted() {
			text(ev, t.field, it)
		} else {
			ev.Set(t.field, v)
		}
	case keep:
		r.keep(t.slot, v)
	case setKeep:
		if r.keep(t.slot, v) {
			ev.Set(t.field, v)
		}
	case setSeconds:
		ev.SetDuration(t.field, v, time.Second)
	case service: // of a port without a name, "tcp/8443", the port and the transport say more
		if bytes.IndexByte(v, '/') < 0 {
			ev.SetLower(t.field, v)
		}
	case country: // Reserved is that of private addresses
		if string(v) != "Reserved" {
			ev.Set(t.field, v)
		}
	case device:
		ev.Set(ecs.HostName, v)
		ev.Set(ecs.ObserverName, v)
	default:
		r.rare(ev, t, it)
	}
}

// words is the value without quotes that begins at pos and is n bytes long, with the words behind it that are no pairs: what
// passes lines on may lose quotes, as in dstcountry=United States.
func words(line []byte, pos, n int) []byte {
	end := pos + n
	for end < len(line) && line[end] == ' ' {
		next := end + 1
		for next < len(line) && line[next] != ' ' && line[next] != '=' {
			next++
		}
		if next == end+1 || next < len(line) && line[next] == '=' {
			break
		}
		end = next
	}
	return line[pos:end:end]
}

// keep keeps the first value for a slot; it is false for further ones.
func (r *record) keep(s slot, v []byte) bool {
	if r.kept[s] != nil {
		return false
	}
	r.kept[s] = v
	return true
}

// rare sets what logs of security profiles, of users and of VPNs have.
func (r *record) rare(ev *sdk.Event, t *target, it *kv.Iter) {
	v := it.Value()
	switch t.use {
	case account:
		if bytes.Contains(v, []byte(`\"`)) { // whoever tries such a name shall be found by it
			text(ev, t.field, it)
		} else {
			ev.SetAccount(t.field, ecs.UserDomain, v)
		}
	case direction:
		switch string(v) {
		case "incoming":
			ev.SetString(t.field, "inbound")
		case "outgoing":
			ev.SetString(t.field, "outbound")
		}
	case hash:
		ev.SetFileHash(v)
	case location:
		if r.keep(t.slot, v) {
			text(ev, t.field, it)
		}
	case forwarded:
		v, _, _ = bytes.Cut(v, []byte(","))
		host, _ := netaddr.SplitHostPort(v)
		ev.SetIP(t.field, host)
	case answers:
		for len(v) > 0 {
			var a []byte
			a, v, _ = bytes.Cut(v, []byte(","))
			if addr, ok := netaddr.ParseAddr(bytes.TrimSpace(a)); ok { // else another name
				ev.SetAddr(t.field, addr)
			}
		}
	case uiAddress:
		text(ev, t.field, it)
		if i := bytes.IndexByte(v, '('); i >= 0 && v[len(v)-1] == ')' {
			if host := v[i+1 : len(v)-1]; netaddr.AddrLen(host) == len(host) {
				r.keep(theUI, host)
			}
		}
	case way:
		if string(v) == "inbound" || string(v) == "outbound" {
			ev.Set(t.field, v)
		}
	case reason:
		if string(v) != "none" {
			text(ev, t.field, it)
		}
	case percent:
		ev.Set(t.field, bytes.TrimSuffix(v, []byte("%")))
	case setMAC:
		ev.SetMAC(t.field, v)
	case tunnel:
		if string(v) != "(null)" && string(v) != "0.0.0.0" {
			ev.SetIP(t.field, v)
		}
	}
}

// text sets f to the current value, of which quotes may be escaped: \". Other backslashes are part of Windows paths.
func text(ev *sdk.Event, f ecs.Field, it *kv.Iter) {
	if it.Escaped() {
		ev.SetDecoded(f, it.Value(), appendUnquoted)
		return
	}
	ev.Set(f, it.Value())
}

func appendUnquoted(dst, v []byte) []byte {
	for {
		i := bytes.Index(v, []byte(`\"`))
		if i < 0 {
			return append(dst, v...)
		}
		dst = append(append(dst, v[:i]...), '"')
		v = v[i+2:]
	}
}
