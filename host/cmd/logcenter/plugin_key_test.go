package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Keys are made both or not at all, and never over others.
func TestPluginKeyNew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "keys")
	code, _, errs := run(t, "plugin", "key", "new", "acme", "--dir", dir)
	require.Equal(t, exitOK, code, errs)
	for name, mode := range map[string]os.FileMode{".": 0o700, "acme.key": 0o600, "acme.pub": 0o644} {
		st, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, mode, st.Mode().Perm(), name)
	}
	private, err := os.ReadFile(filepath.Join(dir, "acme.key"))
	require.NoError(t, err)
	code, _, errs = run(t, "plugin", "key", "new", "acme", "--dir", dir)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "acme.key is there already: keys are not overwritten")
	again, err := os.ReadFile(filepath.Join(dir, "acme.key"))
	require.NoError(t, err)
	assert.Equal(t, private, again)

	require.NoError(t, os.Remove(filepath.Join(dir, "acme.key")))
	code, _, errs = run(t, "plugin", "key", "new", "acme", "--dir", dir)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "acme.pub is there already: keys are not overwritten")
	assert.NoFileExists(t, filepath.Join(dir, "acme.key"), "it would be the key of no public one")
}
