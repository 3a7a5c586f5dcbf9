package pipeline_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// TestEnricherWithoutLines: an enricher that reads only a value which a parser decoded from the line gets it without the line.
func TestEnricherWithoutLines(t *testing.T) {
	parser := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: []ecs.Field{ecs.HostName}}, parse(func(line []byte, ev *sdk.Event) error {
		ev.SetDecoded(ecs.HostName, line, func(dst, v []byte) []byte { return append(append(dst, v...), ".example"...) })
		return nil
	}))
	m := &plugin.Manifest{ID: "e", Version: "1", Kind: wire.Kind_ENRICHER, Reads: []ecs.Field{ecs.HostName}, Writes: []ecs.Field{ecs.EventReason}}
	enricher, err := plugin.NewInProcess(m, sdk.EnricherStage(func(config) (sdk.Enricher, error) {
		return enrich(func(_ context.Context, ev *sdk.Event) error {
			name := ev.Text(ecs.HostName)
			ev.Set(ecs.EventReason, append([]byte("of "), name...))
			return nil
		}), nil
	}), nil)
	require.NoError(t, err)
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{parser}, Enrichers: []pipeline.Stage{enricher}}, nil)
	all, _ := finish(t, r, records([]string{"fw-1", "fw-2"}, nil))
	require.Len(t, all, 2)
	assert.Equal(t, "of fw-1.example", all[0]["event.reason"])
	assert.Empty(t, all[0]["logcenter.flags"])
}
