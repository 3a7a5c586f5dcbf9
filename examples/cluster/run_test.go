// Package cluster_test runs the example.
package cluster_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/porttest"
)

func freePort(t *testing.T) string {
	t.Helper()
	address, err := porttest.Address()
	require.NoError(t, err)
	return address
}

// TestExample shows the cluster once: every shard on both nodes, and what a search finds. `make build` comes first.
func TestExample(t *testing.T) {
	if os.Getenv("LOGCENTER_LONG") == "" {
		t.Skip("takes a minute and three servers: runs with LOGCENTER_LONG=1")
	}
	for _, program := range []string{"java", "mvn", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Logf("*** SKIPPED: %v ***", err)
			t.Skip(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "./run.sh", "--once")
	cmd.Env = append(os.Environ(), "LOGCENTER_HTTP="+freePort(t), "LOGCENTER_SYSLOG="+freePort(t))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it stops the nodes
	cmd.WaitDelay = time.Minute
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, want := range []string{
		`Logcenter .* runs`,
		`(?m)^logcenter-ev-firewall\.\S+ +p +STARTED +\d+ +n[12]$`,
		`(?m)^logcenter-ev-firewall\.\S+ +r +STARTED +\d+ +n[12]$`,
		`nginx\.access`, `nsfocus`, `nothing is left behind`,
	} {
		assert.Regexp(t, want, string(out))
	}
}
