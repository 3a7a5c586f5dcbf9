package sandbox_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
)

// The processor time of a process grows with what it does, is told of one that has ended until it is reaped, and is 0
// afterwards.
func TestCPU(t *testing.T) {
	before := sandbox.CPU(os.Getpid())
	for n := 0; sandbox.CPU(os.Getpid()) < before+time.Millisecond; n++ {
		require.Less(t, n, 100_000_000, "it stands still")
	}
	var self syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &self))
	assert.InDelta(t, time.Duration(self.Utime.Nano()+self.Stime.Nano()).Seconds(), sandbox.CPU(os.Getpid()).Seconds(), 0.1)

	assert.Greater(t, sandbox.Memory(os.Getpid()), int64(1<<20), "a test of Go has more than a megabyte")
	cmd := exec.Command("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = out.Read(make([]byte, 1)) // until it has ended
	require.Error(t, err)
	assert.Positive(t, sandbox.CPU(cmd.Process.Pid))
	require.NoError(t, cmd.Wait())
	assert.Zero(t, sandbox.CPU(cmd.Process.Pid))
	assert.Zero(t, sandbox.CPU(0))
	assert.Zero(t, sandbox.Memory(cmd.Process.Pid))
	assert.Zero(t, sandbox.Memory(0))
}
