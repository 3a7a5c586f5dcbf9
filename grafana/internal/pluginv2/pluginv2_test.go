package pluginv2_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
	"github.com/logcenter/logcenter/grafana/internal/pluginv2"
)

// The program that is shipped answers Grafana's handshake and has the services that Grafana asks for.
func TestProgramSpeaksPluginV2(t *testing.T) {
	root, err := hosttest.Root()
	require.NoError(t, err)
	program, err := pluginv2.Build(t.Context(), root)
	require.NoError(t, err)
	p, err := pluginv2.Start(program, nil)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	require.Positive(t, p.PID())

	p.Close()
	assert.True(t, p.Exited())
}
