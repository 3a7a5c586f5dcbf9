package main_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin/trial"
)

// A plugin in Python is a plugin like any other: its lines are parsed, enriched, masked and found, its process is
// started again, and it ends with the host.
func TestPythonPluginInAHost(t *testing.T) {
	trial.Python(t)
	plugins, err := filepath.Abs("../../../bin/plugins")
	require.NoError(t, err)
	examples, err := filepath.Abs("../../../examples")
	require.NoError(t, err)
	sample, err := os.ReadFile(filepath.Join(examples, "acmevpn", "testdata", "sessions.log"))
	require.NoError(t, err)
	h := newHost(t, fmt.Sprintf("plugins: {dirs: [%s, %s]}\n", plugins, examples))
	h.start()
	send := func() {
		c, err := net.Dial("tcp", h.syslog)
		require.NoError(t, err)
		_, err = c.Write(sample)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
	pid := func() int {
		p, err := h.client().Plugin(t.Context(), "acmevpn")
		require.NoError(t, err)
		if p.State != "running" {
			return 0
		}
		return p.PID
	}
	first := pid()
	require.NotZero(t, first)
	send()
	h.waitFor("all lines", time.Minute, func() bool { return h.count("event.module:acmevpn") == 9 })
	for query, want := range map[string]int64{
		"event.action:LOGIN AND event.outcome:success AND source.ip:198.51.100.0/24": 2,
		"user.name:王芳": 1, `user.name:"li wei" AND event.type:end AND event.duration:3605000000000`: 1,
		"acmevpn.tunnel_ip:10.99.0.0/16": 2, "observer.type:vpn AND log.level:Fatal": 1, "logcenter.flags:unparsed": 0,
		"Winter2026": 0, "user.password:Winter2026": 0, "_exists_:user.password": 2,
	} {
		require.EqualValues(t, want, h.count(query), query)
	}

	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	h.waitFor("another process", time.Minute, func() bool { p := pid(); return p != 0 && p != first })
	send()
	h.waitFor("lines after a crash", time.Minute, func() bool { return h.count("event.module:acmevpn") == 18 })
	second := pid()
	h.kill(syscall.SIGKILL)
	h.waitFor("the plugin's end with its host", time.Minute, func() bool { return syscall.Kill(second, 0) == syscall.ESRCH })
}
