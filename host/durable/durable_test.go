package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/durable"
)

func TestReplace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, durable.MakeDir(dir))
	require.NoError(t, durable.MakeDir(dir), "it is there")
	path := filepath.Join(dir, "file")
	for _, want := range []string{"one", "another that is longer", ""} {
		require.NoError(t, durable.Replace(path, []byte(want)))
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
		require.NoFileExists(t, path+durable.Suffix)
	}
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode())
}

// What cannot be replaced stays as it was, and nothing is left beside it.
func TestReplaceFails(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "in it"), nil, 0o600))
	require.Error(t, durable.Replace(folder, []byte("content")), "a folder that is not empty")
	require.FileExists(t, filepath.Join(folder, "in it"))
	require.Error(t, durable.Replace(filepath.Join(dir, "none", "file"), nil))
	require.Error(t, durable.Commit(filepath.Join(dir, "nothing")))
	require.ErrorIs(t, durable.Sync(filepath.Join(dir, "nothing")), os.ErrNotExist)
}
