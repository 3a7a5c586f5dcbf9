package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

func isNumber(v []byte) bool {
	for _, c := range v {
		if c-'0' > 9 {
			return false
		}
	}
	return len(v) > 0
}

// translated passes over the address that stands for none.
func translated(ev *sdk.Event, f ecs.Field, v []byte) {
	if string(v) != "0.0.0.0" && string(v) != "::" {
		ev.SetIP(f, v)
	}
}

// address sets the source, of which the device may know the name only.
func address(ev *sdk.Event, v []byte) {
	if _, ok := netaddr.ParseAddr(v); ok {
		ev.SetIP(ecs.SourceIP, v)
		return
	}
	ev.Set(ecs.SourceAddress, v)
}

// port passes over 0, which stands for none.
func port(ev *sdk.Event, f ecs.Field, v []byte) {
	if string(v) != "0" {
		ev.SetPort(f, v)
	}
}

// country sets a name or a code of two letters. Of private addresses the device writes their range.
func country(ev *sdk.Event, name, code ecs.Field, v []byte) {
	switch {
	case len(v) == 0 || v[0]-'0' <= 9 || string(v) == "Reserved" || string(v) == "unknown":
	case len(v) == 2:
		ev.Set(code, v)
	default:
		ev.Set(name, v)
	}
}

// seconds sets event.duration, which is in nanoseconds.
func seconds(ev *sdk.Event, v []byte) {
	n := int64(0)
	for _, c := range v {
		if c-'0' > 9 || n > 1e9 {
			ev.Bad(ecs.EventDuration, "not a number of seconds below 1,000,000,000")
			return
		}
		n = n*10 + int64(c-'0')
	}
	if len(v) > 0 {
		ev.SetInt(ecs.EventDuration, n*1e9)
	}
}

func appendUpper(dst, v []byte) []byte {
	for _, c := range v {
		if c-'a' <= 'z'-'a' {
			c &^= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}
