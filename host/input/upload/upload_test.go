package upload_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/filestore"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/inputtest"
	"github.com/logcenter/logcenter/host/input/upload"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/sdk/wire"
)

func newInput(t *testing.T, h *inputtest.Host, dir string) (*upload.Input, *filestore.Store) {
	t.Helper()
	s, err := filestore.Open(dir, filestore.Options{Journalled: upload.Journalled(h.Intake), Logf: t.Logf})
	require.NoError(t, err)
	in, err := upload.New(s, "/files", h.Env())
	require.NoError(t, err)
	return in, s
}

// After a crash the file store asks for the records of the uploads that were cut off: those in the journal keep
// their file, the others do not.
func TestJournalledAfterACrash(t *testing.T) {
	h, dir := inputtest.NewHost(t), t.TempDir()
	in, s := newInput(t, h, dir)
	require.NoError(t, in.Open())
	stop := inputtest.Run(t, in)
	put := func(name string) *upload.Stored {
		t.Helper()
		st, err := in.Put(t.Context(), upload.File{Name: name, Scope: "scope", Key: "key"}, strings.NewReader(name), -1)
		require.NoError(t, err)
		return st
	}
	durable, lost, garbled, old := put("durable"), put("lost"), put("garbled"), put("old")
	stop()
	require.Equal(t, int64(4), s.Stats().Files)
	key := func(sha, text string) string {
		k, err := input.NewKey("scope\x00"+sha, text, 0)
		require.NoError(t, err)
		return k.String()
	}
	// The marks of uploads that were cut off just before the end.
	for st, text := range map[*upload.Stored]string{
		durable: key(durable.SHA256, "key"), lost: key(lost.SHA256, "another key"), garbled: "?", old: key(old.SHA256, "another key"),
	} {
		mark := filepath.Join(dir, "pending", st.SHA256)
		require.NoError(t, os.WriteFile(mark, []byte(text), 0o600))
		if st == old { // the keys of then may be forgotten
			require.NoError(t, os.Chtimes(mark, time.Time{}, time.Now().Add(-24*time.Hour)))
		}
	}
	h.Stop()
	h.Start(input.IntakeOptions{})
	_, s = newInput(t, h, dir)
	assert.Equal(t, int64(3), s.Stats().Files)
	assert.Equal(t, int64(1), s.Stats().Orphans)
	_, err := s.Open(lost.SHA256)
	require.ErrorIs(t, err, filestore.ErrNotFound)
	marks, err := os.ReadDir(filepath.Join(dir, "pending"))
	require.NoError(t, err)
	assert.Empty(t, marks)
}

// A file is refused before it is read when its record could not be stored, and is not kept when that shows later.
func TestFullJournal(t *testing.T) {
	h := inputtest.NewHostWith(t, disk.Options{MaxBytes: 2 << 20}, input.IntakeOptions{})
	in, s := newInput(t, h, t.TempDir())
	unread := iotest.ErrReader(errors.New("is not read"))
	_, err := in.Put(t.Context(), upload.File{Name: "a"}, unread, -1)
	require.ErrorIs(t, err, upload.ErrClosed)
	require.NoError(t, in.Open())
	defer inputtest.Run(t, in)()
	_, err = h.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	for h.Intake.Blocked() == nil {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, _ = h.Intake.Append(ctx, &wire.Batch{Journal: strings.Repeat("x", 100<<10)}, input.Key{})
		cancel()
	}
	_, err = in.Put(t.Context(), upload.File{Name: "a"}, unread, -1)
	require.ErrorIs(t, err, journal.ErrFull)
	assert.Zero(t, s.Stats().Files)
}
