package flow_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/kv"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

var parts = keys.New(map[string]flow.Part{
	"src": flow.SourceIP, "spt": flow.SourcePort, "nsrc": flow.SourceNATIP, "nspt": flow.SourceNATPort,
	"dst": flow.DestinationIP, "dpt": flow.DestinationPort, "ndst": flow.DestinationNATIP, "ndpt": flow.DestinationNATPort,
	"proto": flow.Transport, "out": flow.SourceBytes, "in": flow.DestinationBytes, "opk": flow.SourcePackets, "ipk": flow.DestinationPackets,
})

// device is a parser made of a table and a flow.
type device struct{ ends *bool }

func (d device) Parse(line []byte, ev *sdk.Event) error {
	var f flow.Flow
	for it := (&kv.Scanner{}).Scan(line); it.Next(); {
		switch part := parts.Get(it.Key()); {
		case part != nil:
			f.Set(ev, *part, it.Value())
		case string(it.Key()) == "from":
			f.SetEnd(ev, flow.SourceIP, it.Value())
		case string(it.Key()) == "to":
			f.SetEnd(ev, flow.DestinationIP, it.Value())
		}
	}
	f.Sum(ev)
	*d.ends = f.HasEnds()
	return nil
}

func TestFlow(t *testing.T) {
	var ends bool
	s := sdk.ParserStage(func(struct{}) (sdk.Parser, error) { return device{&ends}, nil })
	open := &wire.OpenRequest{MessageField: uint32(ecs.Message)}
	for _, f := range []ecs.Field{
		ecs.SourceIP, ecs.SourcePort, ecs.SourceNATIP, ecs.SourceNATPort, ecs.DestinationIP, ecs.DestinationPort, ecs.DestinationNATIP,
		ecs.DestinationNATPort, ecs.NetworkTransport, ecs.SourceBytes, ecs.DestinationBytes, ecs.SourcePackets, ecs.DestinationPackets,
		ecs.NetworkBytes, ecs.NetworkPackets,
	} {
		open.Writes = append(open.Writes, &wire.FieldDecl{Id: uint32(f), Name: f.Name(), Type: sdk.WireType(f.Type())})
	}
	require.NoError(t, s.Open(open))
	f := func(line, want string, wantEnds bool) {
		t.Helper()
		b := sample.Lines([][]byte{[]byte(line)})
		require.NoError(t, s.Process(context.Background(), b, func(r *wire.Result) error {
			got, err := sample.Show(b, r)
			require.NoError(t, err)
			assert.Equal(t, want, string(got[0]), line)
			return nil
		}))
		assert.Equal(t, wantEnds, ends, line)
	}
	f("src=10.1.2.3 spt=51514 dst=192.0.2.8 dpt=443 proto=6",
		`{"destination.ip":"192.0.2.8","destination.port":443,"network.transport":"tcp","source.ip":"10.1.2.3","source.port":51514}`, true)
	f("src=10.1.2.3 url=x src=10.9.9.9 dst=2001:db8::1 dst=10.9.9.9", `{"destination.ip":"2001:db8::1","source.ip":"10.1.2.3"}`, true)
	f("nsrc=0.0.0.0 nspt=0 ndst=192.0.2.9 ndpt=8443", `{"destination.nat.ip":"192.0.2.9","destination.nat.port":8443}`, false)
	f("nsrc=:: nspt=7 src= dst=192.0.2.8", `{"destination.ip":"192.0.2.8","source.nat.port":7}`, false)
	f("from=10.1.2.3:40001 to=[2001:db8::1]:22", `{"destination.ip":"2001:db8::1","destination.port":22,"source.ip":"10.1.2.3","source.port":40001}`, true)
	f("out=254 in=1000 opk=3", `{"destination.bytes":1000,"network.bytes":1254,"source.bytes":254,"source.packets":3}`, false)
	f("opk=3 ipk=0 in=many", `{"(error)":"destination.bytes: not a whole number","destination.packets":0,"network.packets":3,"source.packets":3}`, false)
	for text, want := range map[string]string{"TCP": "tcp", "udp": "udp", "17": "udp", "58": "ipv6-icmp", "132": "sctp", "254": "254", "1": "icmp"} {
		f("proto="+text, `{"network.transport":"`+want+`"}`, false)
	}
}
