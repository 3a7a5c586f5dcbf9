package hold_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/hold"
)

func all(t *testing.T, h *hold.Hold) (lines []string) {
	t.Helper()
	require.NoError(t, h.Each(func(r hold.Record) error {
		lines = append(lines, r.EventID+" "+r.Reason+" "+string(r.Line))
		return nil
	}))
	return lines
}

func TestKeepSurvivesAndIsUnreadable(t *testing.T) {
	dir := t.TempDir()
	h, err := hold.Open(dir)
	require.NoError(t, err)
	require.NoError(t, h.Keep("e-1", "poison", []byte("password=Secret-1")))
	require.NoError(t, h.Keep("e-2", "masking failed", []byte("密码=\xff二")))
	require.NoError(t, h.Close())

	files, err := filepath.Glob(filepath.Join(dir, "hold-*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.NotContains(t, string(raw), "Secret-1")
	st, err := os.Stat(files[0])
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())

	h, err = hold.Open(dir)
	require.NoError(t, err)
	want := []string{"e-1 poison password=Secret-1", "e-2 masking failed 密码=\xff二"}
	require.Equal(t, want, all(t, h))
	require.Equal(t, st.Size(), h.Bytes())

	// A crash in the middle of a write costs the record that was being written, and no other.
	require.NoError(t, os.WriteFile(files[0], append(raw, 0x30, 0, 0, 0, 1, 2), 0o600))
	require.Equal(t, want, all(t, h))

	// Another key is told from an empty hold.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hold.key"), make([]byte, 32), 0o600))
	h, err = hold.Open(dir)
	require.NoError(t, err)
	require.ErrorContains(t, h.Each(func(hold.Record) error { return nil }), "does not decrypt")
}

func TestExpire(t *testing.T) {
	dir := t.TempDir()
	h, err := hold.Open(dir)
	require.NoError(t, err)
	require.NoError(t, h.Keep("e-1", "poison", []byte("x")))
	require.NoError(t, h.Expire(time.Now().Add(hold.Retention)))
	require.Len(t, all(t, h), 1)
	require.NoError(t, h.Expire(time.Now().Add(hold.Retention+48*time.Hour)))
	require.Empty(t, all(t, h))
	require.Zero(t, h.Bytes())
}
