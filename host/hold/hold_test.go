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
		lines = append(lines, r.EventID+" "+r.Reason+" "+string(r.Batch))
		return nil
	}))
	return lines
}

func keep(h *hold.Hold, eventID, reason, batch string) error {
	return h.Keep([]hold.Record{{EventID: eventID, Reason: reason, Batch: []byte(batch)}})
}

func TestKeepSurvivesAndIsUnreadable(t *testing.T) {
	dir := t.TempDir()
	h, err := hold.Open(dir)
	require.NoError(t, err)
	require.NoError(t, keep(h, "e-1", "poison", "password=Secret-1"))
	require.NoError(t, keep(h, "e-2", "masking failed", "密码=\xff二"))
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
	h, err = hold.Open(dir) // which goes on behind the last whole one
	require.NoError(t, err)
	require.NoError(t, keep(h, "e-3", "poison", "z"))
	require.Equal(t, append(want, "e-3 poison z"), all(t, h))

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
	require.NoError(t, keep(h, "e-1", "poison", "x"))
	require.NoError(t, h.Expire(time.Now().Add(hold.Retention)))
	require.Len(t, all(t, h), 1)
	require.NoError(t, h.Expire(time.Now().Add(hold.Retention+48*time.Hour)))
	require.Empty(t, all(t, h))
	require.Zero(t, h.Bytes())
}

func TestKeepSaysWhatIsNotKept(t *testing.T) {
	h, err := hold.Open(t.TempDir())
	require.NoError(t, err)
	rs := []hold.Record{{EventID: "e-1"}, {EventID: "e-2", Batch: make([]byte, 3<<20)}, {EventID: "e-3"}}
	require.ErrorContains(t, h.Keep(rs), "too many to hold")
	require.True(t, h.Has(rs[0].Time))
	require.False(t, h.Has(rs[1].Time))
	require.True(t, h.Has(rs[2].Time))
	require.False(t, h.Has(time.Now().Add(-24*time.Hour)))
	require.EqualValues(t, 1, h.Refused())
	require.Equal(t, []string{"e-1  ", "e-3  "}, all(t, h))
}
