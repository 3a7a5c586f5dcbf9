// Package flow sets what a line says of a connection: who with whom, translated to what, by which protocol, and how much.
//
// Its one idea: firewalls name these parts in as many ways as there are vendors, but mean the same by them. A parser's table
// of keys says which [Part] a key is, and a [Flow] does with its value what all of them need: the first address counts, as
// texts that others chose may hold a second one; translated to 0.0.0.0 is not translated; 6 is tcp; and what both sides
// sent is summed up.
//
//	var known = keys.New(map[string]flow.Part{"src": flow.SourceIP, "spt": flow.SourcePort, "dst": flow.DestinationIP})
//
//	var f flow.Flow
//	for it := device.Scan(line); it.Next(); {
//		if part := known.Get(it.Key()); part != nil {
//			f.Set(ev, *part, it.Value())
//		}
//	}
//	f.Sum(ev)
package flow

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Part is a part of a connection.
type Part uint8

// The parts.
const (
	None Part = iota // the zero value, which sets nothing
	SourceIP
	SourcePort
	SourceNATIP
	SourceNATPort
	DestinationIP
	DestinationPort
	DestinationNATIP
	DestinationNATPort
	Transport // a name in any case, or IANA's number
	SourceBytes
	DestinationBytes
	SourcePackets
	DestinationPackets
)

// Flow is the connection that one line is about. The zero value knows nothing. It is for one goroutine.
type Flow struct {
	counts   [DestinationPackets - SourceBytes + 1]int64
	have     uint8 // bit n: counts[n]
	from, to bool
}

var fields = [...]ecs.Field{
	SourceIP: ecs.SourceIP, SourcePort: ecs.SourcePort, SourceNATIP: ecs.SourceNATIP, SourceNATPort: ecs.SourceNATPort,
	DestinationIP: ecs.DestinationIP, DestinationPort: ecs.DestinationPort, DestinationNATIP: ecs.DestinationNATIP,
	DestinationNATPort: ecs.DestinationNATPort, SourceBytes: ecs.SourceBytes, DestinationBytes: ecs.DestinationBytes,
	SourcePackets: ecs.SourcePackets, DestinationPackets: ecs.DestinationPackets,
}

// Set sets the field of ECS that p is. What does not fit is noted on the event as setters do; an empty value sets nothing.
func (f *Flow) Set(ev *sdk.Event, p Part, v []byte) {
	if len(v) == 0 {
		return
	}
	switch p {
	case SourceIP:
		if !f.from {
			f.from = true
			ev.SetIP(ecs.SourceIP, v)
		}
	case DestinationIP:
		if !f.to {
			f.to = true
			ev.SetIP(ecs.DestinationIP, v)
		}
	case SourcePort, DestinationPort:
		ev.SetPort(fields[p], v)
	case SourceNATIP, DestinationNATIP:
		if string(v) != "0.0.0.0" && string(v) != "::" {
			ev.SetIP(fields[p], v)
		}
	case SourceNATPort, DestinationNATPort:
		if string(v) != "0" {
			ev.SetPort(fields[p], v)
		}
	case Transport:
		ev.SetTransport(v)
	case SourceBytes, DestinationBytes, SourcePackets, DestinationPackets:
		if n, ok := ev.SetCount(fields[p], v); ok {
			f.counts[p-SourceBytes] = n
			f.have |= 1 << (p - SourceBytes)
		}
	}
}

// SetEnd sets an address and, where it is behind, its port: 192.0.2.7:443. p is [SourceIP] or [DestinationIP].
func (f *Flow) SetEnd(ev *sdk.Event, p Part, v []byte) {
	if len(v) == 0 {
		return
	}
	if p == SourceIP {
		f.from = true
	} else {
		f.to = true
	}
	ev.SetIPPort(fields[p], fields[p+1], v)
}

// HasSource reports whether the line named a source.
func (f *Flow) HasSource() bool { return f.from }

// HasEnds reports whether the line named a source and a destination.
func (f *Flow) HasEnds() bool { return f.from && f.to }

// Sum sets network.bytes and network.packets where both sides are known.
func (f *Flow) Sum(ev *sdk.Event) {
	f.sum(ev, ecs.NetworkBytes, SourceBytes)
	f.sum(ev, ecs.NetworkPackets, SourcePackets)
}

// sum sets a field to what is counted in direction p and in the one behind it, back.
func (f *Flow) sum(ev *sdk.Event, total ecs.Field, p Part) {
	if out := p - SourceBytes; f.have>>out&3 == 3 {
		ev.SetInt(total, f.counts[out]+f.counts[out+1])
	}
}
