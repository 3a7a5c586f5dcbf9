package disk

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/journal"
)

// The test binary is its own child: childEnv names what it does instead of testing, dirEnv where.
const (
	childEnv = "LOGCENTER_JOURNAL_TEST_CHILD"
	dirEnv   = "LOGCENTER_JOURNAL_TEST_DIR"
)

var children = map[string]func(dir string) error{"append": appendUntilKilled}

func TestMain(m *testing.M) {
	if child := os.Getenv(childEnv); child != "" {
		if err := children[child](os.Getenv(dirEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func childCommand(t *testing.T, child, dir string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), childEnv+"="+child, dirEnv+"="+dir), env...)
	return cmd
}

// crashOptions make many small segments and a tight bound, so that kills hit beginnings and deletions of
// segments too.
var crashOptions = Options{MaxBytes: 512 << 10, SegmentBytes: 32 << 10}

// appendUntilKilled says "a OFFSET CONTENT" for each append that returned and "r OFFSET CONTENT" for each
// entry read, then commits it.
func appendUntilKilled(dir string) error {
	o := crashOptions
	o.Logf = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	j, err := Open(dir, o)
	if err != nil {
		return err
	}
	c, err := j.Consumer("g", journal.GroupOptions{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	failed := make(chan error)
	run := fmt.Sprintf("%08x", rand.Uint32())
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				content := fmt.Sprintf("%s-%d/%d", run, w, i)
				offset, err := j.Append(ctx, []byte(content+strings.Repeat(" x", rand.IntN(4000))))
				if err != nil {
					failed <- err
					return
				}
				fmt.Printf("a %d %s\n", offset, content)
			}
		}()
	}
	go func() {
		for {
			e, err := c.Next(ctx)
			if err != nil {
				failed <- err
				return
			}
			fmt.Printf("r %d %s\n", e.Offset, strings.Fields(string(e.Body))[0])
			if err := c.Commit(e.Offset); err != nil {
				failed <- err
				return
			}
		}
	}()
	return <-failed
}

// witness holds what several lives of a journal said against each other.
type witness struct {
	t       *testing.T
	content map[uint64]string // by offset, as acknowledged or read
	offset  map[string]uint64
	acked   map[uint64]bool
	read    uint64 // everything up to here was read at least once
}

func (w *witness) sees(offset uint64, content string) {
	w.t.Helper()
	if was, ok := w.content[offset]; ok {
		require.Equalf(w.t, was, content, "entry %d changed", offset)
		return
	}
	if was, ok := w.offset[content]; ok {
		require.Failf(w.t, "entry is there twice", "%s at %d and %d", content, was, offset)
	}
	w.content[offset], w.offset[content] = content, offset
}

func (w *witness) reads(offset uint64, content string) {
	w.t.Helper()
	w.sees(offset, content)
	require.LessOrEqualf(w.t, offset, w.read+1, "entries %d to %d were never read", w.read+1, offset-1)
	w.read = max(w.read, offset)
}

// live runs a child, kills it soon after its first acknowledgement and takes down what it said.
func (w *witness) live(dir string) {
	w.t.Helper()
	cmd := childCommand(w.t, "append", dir)
	out, err := cmd.StdoutPipe()
	require.NoError(w.t, err)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(w.t, cmd.Start())
	var kill sync.Once
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line without end was not said
		}
		kill.Do(func() {
			time.AfterFunc(time.Duration(rand.IntN(120))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		})
		var what, content string
		var offset uint64
		_, err = fmt.Sscanf(line, "%s %d %s", &what, &offset, &content)
		require.NoError(w.t, err, line)
		if what == "a" {
			w.sees(offset, content)
			w.acked[offset] = true
		} else {
			w.reads(offset, content)
		}
	}
	require.EqualError(w.t, cmd.Wait(), "signal: killed", stderr.String())
}

func TestKill(t *testing.T) {
	lives := 12
	if os.Getenv("LOGCENTER_LONG") != "" {
		lives = 200
	}
	dir := filepath.Join(t.TempDir(), "journal")
	w := &witness{t: t, content: map[uint64]string{}, offset: map[string]uint64{}, acked: map[uint64]bool{}}
	for range lives {
		w.live(dir)
	}
	j := open(t, dir, crashOptions)
	c, err := j.Consumer("g", journal.GroupOptions{})
	require.NoError(t, err)
	for offset := c.Committed(); offset < j.Last(); offset++ {
		e, err := c.Next(t.Context())
		require.NoError(t, err)
		w.reads(e.Offset, strings.Fields(string(e.Body))[0])
	}
	require.Equal(t, j.Last(), w.read)
	seen := map[string]int{}
	for offset := uint64(1); offset <= j.Last(); offset++ {
		content, ok := w.content[offset]
		require.Truef(t, ok, "entry %d", offset)
		writer, i, _ := strings.Cut(content, "/")
		require.Equalf(t, fmt.Sprint(seen[writer]), i, "entries of writer %s are not in its order", writer)
		seen[writer]++
	}
	for offset := range w.acked {
		require.LessOrEqual(t, offset, j.Last(), "an acknowledged entry is lost")
	}
	assert.Greater(t, len(w.acked), lives)
	t.Logf("%d kills, %d entries, %d acknowledged, oldest held %d", lives, j.Last(), len(w.acked), j.Stats().First)
}
