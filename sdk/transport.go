package sdk

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/number"
)

// transports are those that nearly all lines have.
var transports = keys.NewFold(map[string]string{"tcp": "tcp", "udp": "udp", "icmp": "icmp", "icmp6": "icmp6", "ipv6-icmp": "ipv6-icmp", "gre": "gre", "esp": "esp"})

// SetTransport sets network.transport from a name, in small letters, or from IANA's number, see netaddr.Protocol; a
// number without a name is set as it stands.
func (e *Event) SetTransport(v []byte) {
	if n, ok := number.Uint(v, 3); ok {
		if name := netaddr.Protocol(int(n)); name != "" {
			e.SetString(ecs.NetworkTransport, name)
			return
		}
	}
	if t := transports.Get(v); t != nil {
		e.SetString(ecs.NetworkTransport, *t)
		return
	}
	e.SetLower(ecs.NetworkTransport, v)
}
