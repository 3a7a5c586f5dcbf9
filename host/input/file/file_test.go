package file

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/inputtest"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
)

// world is a folder with logs and a host that follows *.log in it.
type world struct {
	*inputtest.Host
	t    *testing.T
	logs string
	in   *Input
	stop func()
}

func newWorld(t *testing.T) *world {
	return &world{Host: inputtest.NewHost(t), t: t, logs: t.TempDir()}
}

func (w *world) path(name string) string { return filepath.Join(w.logs, name) }

func (w *world) start(change func(*Config)) {
	w.t.Helper()
	cfg := Config{Common: input.Common{Name: "files"}, Paths: []string{w.path("*.log")}, Poll: 5 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	in, err := New(cfg, w.Env())
	require.NoError(w.t, err)
	w.in = in
	w.stop = inputtest.Run(w.t, in)
}

func fromStart(c *Config) { c.FromStart = true }

func (w *world) append(name, text string) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	require.NoError(w.t, err)
	_, err = f.WriteString(text)
	require.NoError(w.t, err)
	require.NoError(w.t, f.Close())
}

// expect waits until exactly these records are durable, in this order.
func (w *world) expect(want ...string) {
	w.t.Helper()
	var got []string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if got = w.Texts(); len(got) >= len(want) {
			break
		}
	}
	require.Equal(w.t, want, got)
}

func (w *world) saved() string {
	b, _ := os.ReadFile(filepath.Join(w.Dir, "inputs", "files.positions.json"))
	return string(b)
}

func TestFollow(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "old one\nold two\n")
	w.start(fromStart)
	w.expect("old one", "old two")
	w.append("a.log", "three\r\n\nfour\nfi")
	w.expect("old one", "old two", "three", "four")
	w.append("a.log", "ve\n")
	w.expect("old one", "old two", "three", "four", "five")
	w.append("b.log", "\xEF\xBB\xBFother file\n")
	w.append("c.log.gz", "not this one\n")
	w.append("d.txt", "nor this\n")
	w.expect("old one", "old two", "three", "four", "five", "other file")
	r := w.Records()
	assert.Equal(t, w.path("a.log"), r[0].Path)
	assert.Equal(t, w.path("a.log"), r[0].Address)
	assert.Equal(t, w.path("b.log"), r[5].Path)
	assert.EqualValues(t, 2, w.in.Stats().Connections)
}

// A file that is there when the input first runs is followed from its end, and one that comes later from
// its beginning; also after a restart.
func TestFromEnd(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "before\n")
	w.start(nil)
	inputtest.Until(t, "the file is open", func() bool { return w.in.Stats().Connections == 1 })
	w.append("a.log", "after\n")
	w.append("b.log", "new file\n")
	inputtest.Until(t, "both are read", func() bool { return len(w.Texts()) == 2 })
	w.stop()
	w.append("c.log", "while stopped\n")
	w.start(nil)
	inputtest.Until(t, "the third is read", func() bool { return len(w.Texts()) == 3 })
	assert.ElementsMatch(t, []string{"after", "new file", "while stopped"}, w.Texts())
}

func TestRotationByRename(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "one\n")
	w.start(fromStart)
	w.expect("one")
	writer, err := os.OpenFile(w.path("a.log"), os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	defer writer.Close()
	require.NoError(t, os.Rename(w.path("a.log"), w.path("a.log.1")))
	_, err = writer.WriteString("two, by a writer that has not noticed\n")
	require.NoError(t, err)
	w.expect("one", "two, by a writer that has not noticed")
	w.append("a.log", "three\n")
	w.expect("one", "two, by a writer that has not noticed", "three")
}

// A rotated file whose new name matches too is still the same file.
func TestRotationWithinThePattern(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "one\n")
	w.start(fromStart)
	w.expect("one")
	require.NoError(t, os.Rename(w.path("a.log"), w.path("a.1.log")))
	w.append("a.log", "two\n")
	w.expect("one", "two")
	w.stop()
	require.NoError(t, os.Rename(w.path("a.1.log"), w.path("a.2.log")))
	require.NoError(t, os.Rename(w.path("a.log"), w.path("a.1.log")))
	w.append("a.1.log", "three\n")
	w.append("a.log", "four\n")
	w.start(fromStart)
	inputtest.Until(t, "all is read", func() bool { return len(w.Texts()) >= 4 })
	assert.ElementsMatch(t, []string{"one", "two", "three", "four"}, w.Texts())
}

func TestCopyTruncate(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "first\nsecond\n")
	w.start(fromStart)
	w.expect("first", "second")
	require.NoError(t, os.Truncate(w.path("a.log"), 0))
	inputtest.Until(t, "it is noticed", func() bool { return strings.Contains(w.saved(), `"offset": 0`) })
	w.append("a.log", "third\n")
	w.expect("first", "second", "third")
	// truncated and longer than before by the next look
	require.NoError(t, os.WriteFile(w.path("a.log"), []byte("fourth, which is a longer line than all before it together\n"), 0o600))
	w.expect("first", "second", "third", "fourth, which is a longer line than all before it together")
	w.stop()
	// while the input does not run
	require.NoError(t, os.WriteFile(w.path("a.log"), []byte("fifth, this is yet another line, longer than the one before it was\n"), 0o600))
	w.start(fromStart)
	w.expect("first", "second", "third", "fourth, which is a longer line than all before it together",
		"fifth, this is yet another line, longer than the one before it was")
}

func TestRestartGoesOnWhereItWas(t *testing.T) {
	w := newWorld(t)
	var want []string
	for round := range 4 {
		for i := range 3 {
			line := fmt.Sprintf("%d-%d", round, i)
			w.append("a.log", line+"\n")
			want = append(want, line)
		}
		w.append("a.log", "half a")
		w.start(fromStart)
		w.expect(want...)
		w.stop()
		w.append("a.log", " line\n")
		want = append(want, "half a line")
	}
}

// Renamed out of the pattern while the input does not run, with unread lines.
func TestRotationWhileStopped(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "one\n")
	w.start(fromStart)
	w.expect("one")
	w.stop()
	w.append("a.log", "two\n")
	require.NoError(t, os.Rename(w.path("a.log"), w.path("a.log.1")))
	w.append("a.log", "three\n")
	w.start(fromStart)
	inputtest.Until(t, "all is read", func() bool { return len(w.Texts()) >= 3 })
	assert.ElementsMatch(t, []string{"one", "two", "three"}, w.Texts())
}

// Whenever the host is killed, every line is read.
func TestKill(t *testing.T) {
	w := newWorld(t)
	n := 0
	for range 4 {
		w.start(fromStart)
		for range 2000 {
			w.append("a.log", fmt.Sprintf("line %d %s\n", n, strings.Repeat("x", 100)))
			n++
		}
		inputtest.Until(t, "something new is durable", func() bool { return w.in.Stats().Records > 0 })
		dir := w.Snapshot()
		w.stop()
		w.Stop()
		w.Dir = dir
		w.Start(input.IntakeOptions{})
	}
	w.start(fromStart)
	seen := map[string]int{}
	inputtest.Until(t, "every line is there", func() bool {
		clear(seen)
		for _, text := range w.Texts() {
			seen[text]++
		}
		return len(seen) == n
	})
}

// While the journal is full, lines are read ahead, but their positions are not saved.
func TestPositionsWaitForTheJournal(t *testing.T) {
	w := &world{
		Host: inputtest.NewHostWith(t, disk.Options{MaxBytes: 4 << 20, MaxEntryBytes: 2 << 20}, input.IntakeOptions{}),
		t:    t, logs: t.TempDir(),
	}
	c, err := w.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	line := strings.Repeat("x", 999) + "\n"
	const lines = 10_000
	w.append("a.log", strings.Repeat(line, lines))
	w.start(fromStart)
	inputtest.Until(t, "the input waits", func() bool { return w.in.Stats().State == "waiting" })
	durable := w.in.Stats().Records
	require.Positive(t, durable)
	require.Less(t, durable, int64(lines))
	w.stop() // which gives up waiting after 5 seconds
	durable = w.in.Stats().Records
	assert.Empty(t, w.in.Stats().Dropped, "nothing is lost that can be read again")
	assert.Contains(t, w.saved(), fmt.Sprintf(`"offset": %d`, durable*1000))

	last := w.Journal.Last()
	require.NoError(t, w.Intake.Commit(c, last))
	require.NoError(t, c.Seek(last+1)) // what is committed may be gone
	w.start(nil)
	for n := durable; n < lines; { // each line once: what was dropped is read again
		e, err := c.Next(t.Context())
		require.NoError(t, err)
		rs, err := inputtest.Decode(e)
		require.NoError(t, err)
		n += int64(len(rs))
		require.LessOrEqual(t, n, int64(lines))
		require.NoError(t, w.Intake.Commit(c, e.Offset))
	}
}

func TestLongLines(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "before\n"+strings.Repeat("审", 400<<10)+"\nafter\n"+strings.Repeat("x", 2<<20)+"\nend\n")
	w.start(fromStart)
	inputtest.Until(t, "all is read", func() bool { return len(w.Texts()) >= 5 })
	r := w.Records()
	require.Len(t, r, 5)
	assert.Equal(t, strings.Repeat("审", 256<<10/3), r[1].Text)
	assert.Equal(t, []string{"truncated"}, r[1].Flags)
	assert.Equal(t, "after", r[2].Text)
	assert.Len(t, r[3].Text, 256<<10)
	assert.Equal(t, "end", r[4].Text)
	assert.EqualValues(t, 2, w.in.Stats().Truncated)
}

// A line without a newline is a record once nothing more comes.
func TestUnfinishedLines(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "one\nno newline here")
	w.start(func(c *Config) { c.FromStart, c.unfinishedAfter = true, 30*time.Millisecond })
	w.expect("one", "no newline here")
	w.append("a.log", "\ntwo\n")
	w.expect("one", "no newline here", "two")
}

func TestDeletedFilesAreClosed(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "one\nunfinished")
	w.start(func(c *Config) { c.FromStart, c.rotatedAfter = true, 50*time.Millisecond })
	w.expect("one")
	require.NoError(t, os.Remove(w.path("a.log")))
	w.expect("one", "unfinished")
	inputtest.Until(t, "it is closed", func() bool { return w.in.Stats().Connections == 0 })
	w.append("a.log", "a new file\n") // likely with the inode of the old one
	w.expect("one", "unfinished", "a new file")
}

func TestJoinedLines(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", "2026 error\n  at a\n  at b\n2026 next\n")
	w.append("b.log", "2026 other\n  at c\n")
	w.start(func(c *Config) {
		c.FromStart, c.Multiline = true, input.Multiline{Start: `^\d{4} `, Wait: 20 * time.Millisecond}
	})
	inputtest.Until(t, "all is read", func() bool { return len(w.Texts()) == 3 })
	assert.ElementsMatch(t, []string{"2026 error\n  at a\n  at b", "2026 next", "2026 other\n  at c"}, w.Texts())
	for _, r := range w.Records() {
		assert.Equal(t, strings.Contains(r.Text, "other"), r.Path == w.path("b.log"))
	}
}

func TestFilesAreBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.append(fmt.Sprint(i, ".log"), "x\n")
	}
	w.start(func(c *Config) { c.FromStart, c.MaxFiles = true, 3 })
	inputtest.Until(t, "three are read", func() bool { return len(w.Texts()) == 3 })
	assert.EqualValues(t, 3, w.in.Stats().Connections)
	assert.Equal(t, "too many files", w.in.Stats().LastError)
}

func TestBadConfigurationAndState(t *testing.T) {
	w := newWorld(t)
	f := func(cfg Config, want string) {
		t.Helper()
		cfg.Name = "files"
		_, err := New(cfg, w.Env())
		assert.ErrorContains(t, err, want)
	}
	f(Config{}, "no paths")
	f(Config{Paths: []string{"/var/log/[a"}}, `path "/var/log/[a" is no pattern`)
	f(Config{Paths: []string{"a"}, Poll: time.Nanosecond}, "1 ms")

	require.NoError(t, os.MkdirAll(filepath.Join(w.Dir, "inputs"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(w.Dir, "inputs", "files.positions.json"), []byte("{"), 0o600))
	in, err := New(Config{Common: input.Common{Name: "files"}, Paths: []string{"a"}}, w.Env())
	require.NoError(t, err)
	assert.ErrorContains(t, in.Run(t.Context()), "move the file away")
}
