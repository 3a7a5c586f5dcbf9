package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The vendor's guide is true: its commands, taken out of it, make a parser of sample lines that passes its tests and runs
// in a host.
func TestParserGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../../sdk/README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(guide), "## A parser in five minutes\n")
	require.True(t, found)
	block := regexp.MustCompile("(?s)```\n(.*?)```").FindStringSubmatch(section)
	require.NotNil(t, block)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	dir := t.TempDir()
	script := block[1]
	for _, r := range [][2]string{
		{"make build && export PATH=$PWD/bin:$PATH", "export PATH=" + root + "/bin:$PATH"}, // is built
		{"mkdir -p ../acme && cd ../acme", "mkdir -p acme && cd acme"},
		{"logcenter plugin test .", "logcenter plugin test . --quick"},
		{" && logcenter run --plugins . --data ../data", ""}, // below
	} {
		require.Contains(t, script, r[0])
		script = strings.Replace(script, r[0], r[1], 1)
	}
	cmd := exec.Command("bash", "-euc", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotContains(t, string(out), "FAILED")

	plugin := filepath.Join(dir, "acme", "acmefw")
	golden, err := os.ReadFile(filepath.Join(plugin, "testdata", "samples.golden.jsonl"))
	require.NoError(t, err)
	assert.NotContains(t, string(golden), "(error)")
	samples, err := os.ReadFile(filepath.Join(plugin, "testdata", "samples.log"))
	require.NoError(t, err)
	h := newHost(t, fmt.Sprintf("plugins: {dirs: [%s]}\n", plugin))
	h.start()
	c, err := net.Dial("tcp", h.syslog)
	require.NoError(t, err)
	_, err = c.Write(samples)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	h.waitFor("its events", time.Minute, func() bool { return h.count("event.module:acmefw AND observer.type:firewall") == 5 })
	assert.EqualValues(t, 2, h.count("event.type:denied AND source.ip:203.0.113.0/24 AND log.level:Warn"))
	assert.EqualValues(t, 3, h.count(`rule.name:"office to web" OR rule.name:"office to dns"`))
}

// TestPluginNewSaysWhatIsWrong asks for what cannot be written.
func TestPluginNewSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	few := filepath.Join(dir, "few.log")
	require.NoError(t, os.WriteFile(few, []byte("a=1 b=2 c=3\n"), 0o600))
	noise := filepath.Join(dir, "noise.log")
	require.NoError(t, os.WriteFile(noise, []byte("hello\nfoo bar\nan apple a day\nx y z w v\nnothing to see, really\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "there"), 0o700))
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"Acme"}, 2, `"Acme" is no name of a plugin`},
		{[]string{"acme", "--kind", "filter"}, 2, `"filter" is no kind of plugin: want one of parser`},
		{[]string{"acme", "--lang", "perl"}, 2, `"perl" is no language of plugins`},
		{[]string{"acme", "--from", few}, 5, few + ": has 1 lines; give at least 5 lines"},
		{[]string{"acme", "--from", noise}, 5, noise + ": the 5 lines have no shape in common"},
		{[]string{"there", "--sdk", "../../.."}, 1, "there: is there already"},
	} {
		cmd := exec.Command(binary, append([]string{"plugin", "new", "--dir", dir}, tt.args...)...)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, string(out))
		assert.Equal(t, tt.code, exit.ExitCode(), tt.args)
		assert.Contains(t, string(out), tt.want)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 3, "nothing was written")
}
