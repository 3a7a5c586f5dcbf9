package plugin_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
)

// printedLines is a log that remembers.
type printedLines struct {
	mu  sync.Mutex
	all []string
}

func (*printedLines) Levels() []logrus.Level { return logrus.AllLevels }

func (l *printedLines) Fire(e *logrus.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e.Level.String()+" "+e.Message)
	return nil
}

func (l *printedLines) has(part string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, part) {
			return true
		}
	}
	return false
}

// What a plugin prints is all that its author may say of a fault; an event's note of a panic points to it.
func TestWhatPluginsPrintIsLogged(t *testing.T) {
	said := &printedLines{}
	log := trial.Quiet()
	log.Logger.AddHook(said)
	_, p := trial.Start(t, plugin.Options{Log: log}, "parser", "parser")
	a, err := p.Process(t.Context(), batch("PANIC"))
	require.NoError(t, err)
	a.Release()
	assert.Eventually(t, func() bool {
		return said.has("info panic at an event: a line says so") && said.has("testplugin/main.go")
	},
		10*time.Second, 10*time.Millisecond)
}
