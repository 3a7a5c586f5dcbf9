package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

// setAddress sets the source, of which the device may know the name only.
func setAddress(ev *sdk.Event, v []byte) {
	if _, ok := netaddr.ParseAddr(v); ok {
		ev.SetIP(ecs.SourceIP, v)
		return
	}
	ev.Set(ecs.SourceAddress, v)
}

// setCountry sets a name, or the code of two letters beside it. Of private addresses the device writes their range.
func setCountry(ev *sdk.Event, name ecs.Field, v []byte) {
	switch {
	case len(v) == 0 || v[0]-'0' <= 9 || string(v) == "Reserved" || string(v) == "unknown":
	case len(v) != 2:
		ev.Set(name, v)
	case name == ecs.SourceGeoCountryName:
		ev.Set(ecs.SourceGeoCountryISOCode, v)
	default:
		ev.Set(ecs.DestinationGeoCountryISOCode, v)
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
