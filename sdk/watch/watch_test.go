package watch_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/watch"
)

func TestChangesAreTold(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write := func(path, text string) { // at once: a file that is being written may be told twice
		t.Helper()
		fresh := filepath.Join(dir, "fresh")
		require.NoError(t, os.WriteFile(fresh, []byte(text), 0o600))
		require.NoError(t, os.Rename(fresh, path))
	}
	write(a, "1")
	f := watch.New(a, b)
	write(a, "12") // between New and Start
	told := make(chan string, 10)
	f.Start(time.Millisecond, func(path string) { told <- path })
	next := func(want string) {
		t.Helper()
		select {
		case got := <-told:
			assert.Equal(t, want, got)
		case <-time.After(10 * time.Second):
			t.Fatal("nothing was told")
		}
	}
	next(a)
	write(b, "there now")
	next(b)
	was, err := os.Stat(a)
	require.NoError(t, err)
	other := filepath.Join(dir, "c") // of the same size and time, in its place
	write(other, "34")
	require.NoError(t, os.Chtimes(other, was.ModTime(), was.ModTime()))
	require.NoError(t, os.Rename(other, a))
	next(a)
	require.NoError(t, os.Remove(a))
	next(a)
	f.Stop()
	assert.Empty(t, told, "nothing was told twice")
}

func TestNoFiles(*testing.T) {
	f := watch.New()
	f.Start(time.Millisecond, func(string) {})
	f.Stop()
}
