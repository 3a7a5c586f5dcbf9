package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

const (
	killDirEnv = "LOGCENTER_STORE_KILL_DIR" // set in the child
	killRows   = 40
)

// busy flushes and merges all the time.
var busy = embedded.Options{FlushBytes: 20 << 10, TailBytes: 1 << 20, MergeInterval: time.Millisecond, MemoryLimit: 256 << 20, Threads: 1}

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	for env, f := range map[string]func(dir string) error{killDirEnv: appendForever, importDirEnv: importForever} {
		if dir := os.Getenv(env); dir != "" {
			if err := f(dir); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

// appendForever replays from behind Durable and goes on until it is killed. It prints every offset made durable.
func appendForever(dir string) error {
	s, err := embedded.Open(dir, busy)
	if err != nil {
		return err
	}
	last := s.Durable()
	for entry := s.Durable() + 1; ; entry++ {
		b, err := storetest.Batch(entry, events(entry, killRows))
		if err != nil {
			return err
		}
		if err := s.Append(context.Background(), entry, []*wire.Batch{b}); err != nil {
			return err
		}
		if d := s.Durable(); d != last {
			last = d
			fmt.Println(d)
		}
	}
}

// TestKill: whenever the process is killed, every event up to Durable is there once, and nothing else.
func TestKill(t *testing.T) {
	kills := 6
	if os.Getenv("LOGCENTER_LONG") != "" {
		kills = 60
	}
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(3, 4))
	before := uint64(0)
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killDirEnv+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		told := before
		for n := 1 + rnd.IntN(12); n > 0 && lines.Scan(); n-- {
			_, err := fmt.Sscan(lines.Text(), &told)
			require.NoError(t, err)
		}
		// At any moment of the flush or merge under way.
		timer := time.AfterFunc(time.Duration(rnd.IntN(30))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for lines.Scan() {
		}
		timer.Stop()
		require.Error(t, cmd.Wait(), "it was killed")

		s, err := embedded.Open(dir, manual)
		require.NoError(t, err)
		d := s.Durable()
		require.GreaterOrEqual(t, d, told, "what was durable stays so")
		require.Greater(t, d, before)
		total, distinct := tally(t, s, "")
		require.EqualValues(t, d*killRows, total)
		require.EqualValues(t, d*killRows, distinct)
		require.NoError(t, s.Close())
		before = d
	}
}

// TestQueriesUnderWay: whatever is flushed and merged meanwhile, a query sees every entry appended before it, once,
// and entries only whole.
func TestQueriesUnderWay(t *testing.T) {
	o := busy
	o.Threads = 2
	s := openIn(t, t.TempDir(), o)
	var appended atomic.Uint64
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		for entry := uint64(1); ; entry++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			b, err := storetest.Batch(entry, events(entry, killRows))
			if err == nil {
				err = s.Append(context.Background(), entry, []*wire.Batch{b})
			}
			if err != nil {
				done <- err
				return
			}
			appended.Store(entry)
		}
	}()
	deadline := time.Now().Add(2 * time.Minute)
	stopped := false
	for queries := 0; !stopped || s.Merges() == 0 && time.Now().Before(deadline); queries++ {
		if !stopped && queries >= 60 && (s.Merges() > 0 || s.Stats().Segments > 40) {
			close(stop) // merges make room for the others: on a slow machine they come when it is quiet
			stopped = true
		}
		before := appended.Load()
		total, distinct := tally(t, s, "")
		after := appended.Load()
		require.Equal(t, total, distinct, "no event twice")
		require.Zero(t, total%killRows, "no entry in part")
		require.GreaterOrEqual(t, total, int64(before*killRows))
		require.LessOrEqual(t, total, int64((after+1)*killRows))
	}
	require.NoError(t, <-done)
	require.Positive(t, s.Merges())
}
