package main_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// TestADownHostHearsNoSilence: while the host was down for longer than the window nobody was silent. Who stays away behind the
// start is told, once, when a window behind the start is over; who was silent before it went down is told, too.
func TestADownHostHearsNoSilence(t *testing.T) {
	t.Parallel()
	const window = 2 * time.Second
	h := newHost(t, fmt.Sprintf(killConfig, rulesIn(t, `
rules:
  - {id: quiet, name: Nothing from an address, type: silence, query: 'event.dataset:nginx.access AND NOT url.path:"/closing"', group_by: [source.ip], window: 2s, recovery: true}
  - {id: closing, name: All has come, type: keyword, query: 'url.path:"/closing"', quiet: 1s}
`), strings.Join(pluginDirs(t, "nginx", "masking", "correlation"), ", ")))
	n := 0
	say := func(path string, addresses ...int) {
		var chunk []byte
		for _, a := range addresses {
			chunk = fmt.Appendf(chunk, `192.0.2.%d - - [%s] "GET %s HTTP/1.1" 200 512 "-" "-" 0.002`+"\n", a, time.Now().Format("02/Jan/2006:15:04:05 -0700"), path)
		}
		n++
		h.take(fmt.Sprint("chunk-", n), chunk)
	}
	h.start()
	say("/", 9) // silent until the host goes down
	heard := time.Now()
	time.Sleep(time.Until(heard.Add(window + 100*time.Millisecond)))
	say("/", 1, 2, 3)
	h.kill(syscall.SIGKILL)
	heard = time.Now()
	time.Sleep(time.Until(heard.Add(window + 100*time.Millisecond)))
	h.start()
	begun := h.begun()[1]
	say("/", 1, 3) // heard at once
	if time.Since(begun) >= window {
		t.Skip("this machine is too busy to be heard within two seconds")
	}
	time.Sleep(time.Until(begun.Add(window + 100*time.Millisecond)))
	say("/", 2) // its silence is a window long by now
	say("/closing", 200)
	h.waitFor("all to be seen", time.Minute, func() bool { return len(h.alertIDs("closing")) == 1 })

	page, err := h.client().Alerts(t.Context(), client.AlertFilter{Kinds: []string{"all"}, Rules: []string{"quiet"}, Repeats: true, Limit: 100})
	require.NoError(t, err)
	var got []string
	for _, a := range page.Alerts {
		got = append(got, a.Kind+" "+a.Keys["source.ip"])
	}
	require.ElementsMatch(t, []string{" 192.0.2.9", " 192.0.2.2", "recovery 192.0.2.2"}, got)
}
