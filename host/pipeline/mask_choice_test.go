package pipeline_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// choosy hides the word secret in lines of core hosts.
type choosy struct{}

func (choosy) Choose(b *wire.Batch, choices []int) {
	host, action := b.Column(uint32(ecs.HostName)), b.Column(uint32(ecs.EventAction))
	if host == nil || action != nil {
		panic("it is sent what it reads, and nothing else")
	}
	line := b.Column(uint32(ecs.Message))
	host.Each(len(choices), func(row, k int) {
		if bytes.Equal(host.Text(k, row, line), []byte("core")) {
			choices[row] = 1
		}
	})
}

func (choosy) Reads() []ecs.Field { return []ecs.Field{ecs.HostName} }

func (choosy) Mask(text []byte, e *sdk.Edits) error {
	if i := bytes.Index(text, []byte("secret")); i >= 0 && e.Choice() == 1 {
		e.Replace(i, i+6, "***")
	}
	return nil
}

// A masker may decide by other fields of an event, those that are parts of its line as well, and is sent all texts and
// what it reads, but not what it says it does not need.
func TestMaskerChoosesByEvent(t *testing.T) {
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: []ecs.Field{ecs.HostName, ecs.EventAction, ecs.URLPath}}, parse(func(line []byte, ev *sdk.Event) error {
		host, _, _ := bytes.Cut(line, []byte(" "))
		ev.Set(ecs.HostName, host)
		ev.Set(ecs.EventAction, host)
		ev.SetCopy(ecs.URLPath, []byte("/secret"), line[:1])
		return nil
	}))
	m := stage(t, &plugin.Manifest{ID: "m", Reads: []ecs.Field{ecs.Message, ecs.HostName, ecs.EventAction}}, choosy{})
	all, _ := finish(t, processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Maskers: []pipeline.Stage{m}}, nil), records([]string{"core a secret", "web a secret"}, nil))
	assert.Equal(t, "core a ***", all[0]["message"])
	assert.Equal(t, "/***", all[0]["url.path"])
	assert.Equal(t, "web a secret", all[1]["message"])
	assert.Equal(t, "/secret", all[1]["url.path"])
}

// An address that is masked in the line is no field of the event.
func TestMaskedAddressesVanish(t *testing.T) {
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: []ecs.Field{ecs.SourceIP, ecs.DestinationIP}}, parse(func(line []byte, ev *sdk.Event) error {
		from, to, _ := bytes.Cut(line, []byte(" "))
		ev.SetIP(ecs.SourceIP, from)
		ev.SetIP(ecs.DestinationIP, to)
		return nil
	}))
	all, _ := finish(t, processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Maskers: []pipeline.Stage{hider(t, "10.2.0.9")}}, nil), records([]string{"10.2.0.9 10.2.0.90", "10.2.0.8 10.2.0.9"}, nil))
	assert.NotContains(t, all[0], "source.ip")
	assert.NotContains(t, all[1], "destination.ip")
	assert.Contains(t, all[1], "source.ip")
}
