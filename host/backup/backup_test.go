package backup_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/backup"
)

func ignore(backup.Progress) {}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// create copies files of dir by name and returns the copy and how many bytes of it are new.
func create(t *testing.T, to, name, dir string, files ...string) (*backup.Copy, int64) {
	t.Helper()
	d, err := backup.OpenDir(to)
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	var sources []backup.Source
	for _, f := range files {
		sources = append(sources, backup.Source{Path: f, From: filepath.Join(dir, f), Size: -1})
	}
	sources = append(sources, backup.Source{Path: "made/up", Content: []byte(name)})
	c := &backup.Copy{Name: name}
	var last backup.Progress
	require.NoError(t, d.Create(context.Background(), c, sources, func(p backup.Progress) { last = p }))
	require.Equal(t, last.TotalBytes, last.Bytes)
	return c, last.Copied
}

// TestCopies: a second copy costs what is new, each is whole without the other, and removing one removes what no other has.
func TestCopies(t *testing.T) {
	ctx := context.Background()
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "backups")
	write(t, filepath.Join(dir, "a"), strings.Repeat("a", 1000))
	write(t, filepath.Join(dir, "sub/b"), strings.Repeat("b", 2000))
	_, copied := create(t, to, "1", dir, "a", "sub/b")
	require.EqualValues(t, 3001, copied)
	write(t, filepath.Join(dir, "sub/b"), strings.Repeat("c", 2000)) // of the same size
	_, copied = create(t, to, "2", dir, "a", "sub/b")
	require.EqualValues(t, 2001, copied)
	names, err := backup.List(to)
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2"}, names)

	for name, want := range map[string]string{"1": "b", "2": "c"} {
		c, err := backup.Read(to, name)
		require.NoError(t, err)
		data := filepath.Join(t.TempDir(), "data")
		done, err := c.Restore(ctx, to, data, ignore)
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(data, backup.Marker))
		again, err := c.Restore(ctx, to, data, ignore) // one that did not finish
		require.NoError(t, err)
		require.NoError(t, again())
		_ = done
		require.NoFileExists(t, filepath.Join(data, backup.Marker))
		got, err := os.ReadFile(filepath.Join(data, "sub", "b"))
		require.NoError(t, err)
		require.Equal(t, strings.Repeat(want, 2000), string(got))
		_, err = c.Restore(ctx, to, data, ignore)
		require.ErrorContains(t, err, "is not empty")
	}

	d, err := backup.OpenDir(to)
	require.NoError(t, err)
	_, err = backup.OpenDir(to)
	require.ErrorContains(t, err, "is running")
	write(t, filepath.Join(to, "files", "x.tmp"), "of a killed one")
	gone, err := d.Prune(1)
	require.NoError(t, err)
	require.Len(t, gone, 1)
	require.NoError(t, d.Close())
	c, err := backup.Read(to, "")
	require.NoError(t, err)
	require.Equal(t, "2", c.Name)
	require.NoError(t, c.Verify(ctx, to, ignore))
	left, err := filepath.Glob(filepath.Join(to, "files", "*", "*"))
	require.NoError(t, err)
	require.Len(t, left, 3)
	require.NoFileExists(t, filepath.Join(to, "files", "x.tmp"))
	_, err = backup.Read(to, "1")
	require.ErrorContains(t, err, "backup list")
}

// TestEveryByteCounts: one flipped byte anywhere is found, and nothing is restored then.
func TestEveryByteCounts(t *testing.T) {
	ctx := context.Background()
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "backups")
	write(t, filepath.Join(dir, "a"), "some text")
	create(t, to, "1", dir, "a")
	var files []string
	require.NoError(t, filepath.Walk(to, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() && info.Name() != "lock" {
			files = append(files, path)
		}
		return err
	}))
	require.Len(t, files, 3)
	for _, path := range files {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		for i := range b {
			bad := append([]byte(nil), b...)
			bad[i] ^= 0x20
			require.NoError(t, os.WriteFile(path, bad, 0o600))
			data := filepath.Join(t.TempDir(), "data")
			c, err := backup.Read(to, "")
			if err == nil {
				require.ErrorIs(t, c.Verify(ctx, to, ignore), backup.ErrDamaged, "%s byte %d", path, i)
				_, err = c.Restore(ctx, to, data, ignore)
			}
			require.ErrorIs(t, err, backup.ErrDamaged, "%s byte %d", path, i)
			require.NoDirExists(t, data)
		}
		require.NoError(t, os.WriteFile(path, b, 0o600))
	}
	require.NoError(t, os.Remove(files[len(files)-1]))
	c, err := backup.Read(to, "")
	require.NoError(t, err)
	require.ErrorContains(t, c.Verify(ctx, to, ignore), "is missing")
}

func TestNoBackupDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "letter.txt"), "mine")
	_, err := backup.OpenDir(dir)
	require.ErrorContains(t, err, "letter.txt")
	_, err = backup.List(dir)
	require.ErrorContains(t, err, "no backup directory")
	d, err := backup.OpenDir(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, d.Create(ctx, &backup.Copy{}, []backup.Source{{Path: "a", Content: []byte("x")}}, ignore), context.Canceled)
}
