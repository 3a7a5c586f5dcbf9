package plugin_test

import (
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
)

// What a plugin prints may quote the events that it is shown: it is masked like them, and withheld while nothing masks.
func TestWhatPluginsPrintIsMasked(t *testing.T) {
	said := &printedLines{}
	log := trial.Quiet()
	log.Logger.AddHook(said)
	log.Logger.SetLevel(logrus.DebugLevel)
	dir := t.TempDir()
	trial.Folder(t, dir, "par", trial.Manifest("par", "parser"), "parser")
	trial.Folder(t, dir, "mask", trial.Manifest("mask", "masker"), "masker")
	r, err := trial.Open(t, dir, plugin.Options{Log: log})
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context()))
	say := func(id, line string) {
		t.Helper()
		p, err := r.Get(id)
		require.NoError(t, err)
		a, err := p.Process(t.Context(), batch(line))
		require.NoError(t, err)
		a.Release()
	}
	logged := func(part string) {
		t.Helper()
		require.Eventually(t, func() bool { return said.has(part) }, time.Minute, 10*time.Millisecond, part)
	}

	say("par", "par SAY first hunter2")
	logged("cannot make anything of par SAY first ***")
	say("mask", "mask SAY second hunter2") // it would have to mask its own words
	logged("[withheld: it may quote an event")

	require.NoError(t, r.Disable("mask"))
	logged("debug [withheld") // that its connection ends is no word of the plugin, and nothing an admin reads
	say("par", "par SAY third hunter2")
	logged("third hunter2") // who masks nothing wants nothing masked
	assert.False(t, said.has("first hunter2"))
	assert.False(t, said.has("second hunter2"))
}
