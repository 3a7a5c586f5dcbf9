package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
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
	plugins, err := filepath.Abs(programs + "/plugins")
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
		require.Equal(t, want, h.count(query), query)
	}

	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	h.waitFor("another process", time.Minute, func() bool { p := pid(); return p != 0 && p != first })
	send()
	h.waitFor("lines after a crash", time.Minute, func() bool { return h.count("event.module:acmevpn") == 18 })
	second := pid()
	h.kill(syscall.SIGKILL)
	h.waitFor("the plugin's end with its host", time.Minute, func() bool { return syscall.Kill(second, 0) == syscall.ESRCH })
}

// The vendor's guide is true: its files and commands, taken out of it, make a plugin that passes and runs.
func TestPythonGuide(t *testing.T) {
	trial.Python(t)
	guide, err := os.ReadFile("../../../sdk/README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(guide), "\n## Python\n")
	if !found {
		section, found = strings.CutPrefix(string(guide), "## Python\n")
	}
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```(\\w*)\n(.*?)```").FindAllStringSubmatch(section, -1)
	require.Len(t, blocks, 4)
	dir := filepath.Join(t.TempDir(), "doors")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "testdata"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.py"), []byte(blocks[1][2]), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plugin.yaml"), []byte(blocks[2][2]), 0o600))
	var steps []string
	for line := range strings.Lines(blocks[3][2]) { // packages are there, and the host comes below
		if !strings.HasPrefix(line, "logcenter run") {
			steps = append(steps, strings.Replace(line, "logcenter plugin test .", "logcenter plugin test . --quick", 1))
		}
	}
	bin, err := filepath.Abs("../../../bin")
	require.NoError(t, err)
	cmd := exec.Command("bash", "-euc", strings.Join(steps, ""))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotContains(t, string(out), "FAILED")
	golden, err := os.ReadFile(filepath.Join(dir, "testdata", "doors.golden.jsonl"))
	require.NoError(t, err)
	require.Equal(t, []string{
		`{"@timestamp":"2026-10-11T12:00:03Z","doors.door":"north","event.outcome":"success","user.id":"4711"}`,
		`{"@timestamp":"2026-10-11T12:00:09Z","doors.door":"safe","event.outcome":"failure","user.id":"12"}`,
		`{"(error)":"doors: want TIME door="}`,
	}, strings.Split(strings.TrimSpace(string(golden)), "\n"))

	h := newHost(t, fmt.Sprintf("plugins: {dirs: [%s]}\n", dir))
	h.start()
	c, err := net.Dial("tcp", h.syslog)
	require.NoError(t, err)
	_, err = fmt.Fprintln(c, "2026-10-11 12:00:03 door=north card=4711 open=yes")
	require.NoError(t, err)
	require.NoError(t, c.Close())
	h.waitFor("its event", time.Minute, func() bool { return h.count("doors.door:north AND user.id:4711") == 1 })
}
