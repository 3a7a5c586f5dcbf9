package reveal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/reveal"
)

func entry(reason string) reveal.Entry {
	return reveal.Entry{Time: time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC), User: "admin", Holders: []string{"li", "wang"}, Key: "k", Reason: reason, Tokens: []string{"sealed:x"}}
}

func TestChain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reveals.ndjson")
	none, err := reveal.Read(path)
	require.NoError(t, err)
	assert.Empty(t, none)
	var wg sync.WaitGroup
	for range 8 { // several at once
		wg.Go(func() { assert.NoError(t, reveal.Append(path, entry("case 1"))) })
	}
	wg.Wait()
	require.NoError(t, reveal.Append(path, entry("case 2")))
	all, err := reveal.Read(path)
	require.NoError(t, err)
	require.Len(t, all, 9)
	assert.Equal(t, "case 2", all[8].Reason)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	f := func(want string, changed []byte) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, changed, 0o600))
		_, err := reveal.Read(path)
		require.ErrorContains(t, err, want)
		require.Error(t, reveal.Append(path, entry("case 3")), "a broken chain is not gone on with")
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	f("line 4 does not follow line 3", append(bytes.Join(lines[:2], nil), append(bytes.Replace(lines[2], []byte("admin"), []byte("other"), 1), bytes.Join(lines[3:], nil)...)...))
	f("line 3 does not follow line 2", append(bytes.Join(lines[:2], nil), bytes.Join(lines[3:], nil)...))
	f("line 1 does not follow line 0", bytes.Join(lines[1:], nil))
	f("line 9 is cut", text[:len(text)-3])
}
