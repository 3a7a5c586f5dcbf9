package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/journaltest"
)

// open opens a journal that the test's end closes, if nothing did before.
func open(t *testing.T, dir string, o Options) *Journal {
	t.Helper()
	if o.Logf == nil {
		o.Logf = t.Logf
	}
	j, err := Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := j.Close(); !errors.Is(err, journal.ErrClosed) {
			require.NoError(t, err)
		}
	})
	return j
}

func writeKey(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("0123456789abcdef", 4)+"\n"), 0o600))
	return path
}

func TestSuite(t *testing.T) {
	for name, o := range map[string]Options{
		"plain":     {},
		"encrypted": {KeyFile: writeKey(t)},
		"no memory": {MemoryBytes: 1, NoSync: true},
	} {
		t.Run(name, func(t *testing.T) {
			journaltest.Run(t, func(t *testing.T, n journaltest.Need) journaltest.Fixture {
				o := o
				o.MaxBytes, o.MaxEntryBytes, o.SegmentBytes = n.MaxBytes, n.MaxEntryBytes, n.TrimBytes
				dir := filepath.Join(t.TempDir(), "a", "journal")
				j := open(t, dir, o)
				return journaltest.Fixture{Journal: j, Reopen: func() journal.Journal {
					require.NoError(t, j.Close())
					j = open(t, dir, o)
					return j
				}}
			})
		})
	}
}
