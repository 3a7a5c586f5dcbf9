package input_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/inputtest"
	"github.com/logcenter/logcenter/host/input/syslog"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
)

// nowhere is a journal that keeps nothing, for measuring what comes before it.
type nowhere struct {
	journal.Journal
	last atomic.Uint64
}

func (n *nowhere) ID() string           { return strings.Repeat("n", 22) }
func (n *nowhere) Last() uint64         { return n.last.Load() }
func (n *nowhere) Stats() journal.Stats { return journal.Stats{First: 1} }
func (n *nowhere) Append(context.Context, []byte) (uint64, error) {
	return n.last.Add(1), nil
}

// BenchmarkTCP sends the mixed sample over a loopback connection. cpu-ms/MB is what the receiving side adds
// to sender-cpu-ms/MB, the cost of a process that sends the same bytes to a reader that drops them.
func BenchmarkTCP(b *testing.B) {
	sample, err := os.ReadFile("../../testdata/samples/mixed.log")
	require.NoError(b, err)
	piece := bytes.Repeat(sample, 1<<20/len(sample)+1)
	const pieces = 64
	mb := float64(pieces*len(piece)) / 1e6
	records := int64(pieces * bytes.Count(piece, []byte("\n")))

	b.Run("journal=off", func(b *testing.B) {
		intake, err := input.NewIntake(&nowhere{}, b.TempDir(), input.IntakeOptions{})
		require.NoError(b, err)
		benchTCP(b, input.Env{Intake: intake, Dir: b.TempDir()}, piece, pieces, records, mb)
	})
	b.Run("journal=disk", func(b *testing.B) {
		benchTCP(b, inputtest.NewHostWith(b, disk.Options{}, input.IntakeOptions{}).Env(), piece, pieces, records, mb)
	})
}

func benchTCP(b *testing.B, env input.Env, piece []byte, pieces int, records int64, mb float64) {
	sender := sink(b, piece, pieces) / mb
	in, err := syslog.New(syslog.Config{Common: input.Common{Name: "bench"}, TCP: "127.0.0.1:0"}, env)
	require.NoError(b, err)
	require.NoError(b, in.Open())
	inputtest.Run(b, in)
	_, address, _ := strings.Cut(in.Stats().Address[0], "://")
	b.SetBytes(int64(pieces * len(piece)))
	b.ReportAllocs()
	cpu, want := cpuMilliseconds(b), int64(0)
	for b.Loop() {
		send(b, address, piece, pieces)
		want += records
		for in.Stats().Records < want-in.Stats().Dropped["empty"] {
			time.Sleep(time.Millisecond)
		}
	}
	total := (cpuMilliseconds(b) - cpu) / mb / float64(b.N)
	b.ReportMetric(total-sender, "cpu-ms/MB")
	b.ReportMetric(sender, "sender-cpu-ms/MB")
}

func send(b *testing.B, address string, piece []byte, pieces int) {
	c, err := net.Dial("tcp", address)
	require.NoError(b, err)
	for range pieces {
		_, err := c.Write(piece)
		require.NoError(b, err)
	}
	require.NoError(b, c.Close())
}

// sink is the CPU time, in ms, of sending the pieces to a reader that drops them.
func sink(b *testing.B, piece []byte, pieces int) float64 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			buf := make([]byte, 64<<10)
			for err == nil {
				_, err = c.Read(buf)
			}
			_ = c.Close()
		}
		done <- err
	}()
	cpu := cpuMilliseconds(b)
	send(b, l.Addr().String(), piece, pieces)
	require.ErrorIs(b, <-done, io.EOF)
	require.NoError(b, l.Close())
	return cpuMilliseconds(b) - cpu
}

// cpuMilliseconds is what this process has used so far.
func cpuMilliseconds(b *testing.B) float64 {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}
