package archive_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/store"
)

var update = flag.Bool("update", false, "write the golden archive anew; only for a new version of the format, whose folder gets its number")

// golden is an archive as the first version wrote it, with one partition of each format. It is never written again: this
// and later programs read it.
const golden = "testdata/v1"

func TestGoldenArchiveIsRead(t *testing.T) {
	const n = 40
	if *update {
		require.NoError(t, os.RemoveAll(golden))
		f := open(t, archive.Directory(golden), filepath.Join(t.TempDir(), "chain"))
		for _, format := range []string{archive.Parquet, archive.NDJSON} {
			r := f.request(format, events(n))
			r.FileBytes = 0
			_, err := f.Add(t.Context(), r)
			require.NoError(t, err)
		}
		require.NoError(t, f.Hold(t.Context(), "firewall.attack."+day, "case 7"))
	}
	d := archive.Directory(golden)
	r, err := archive.Verify(t.Context(), d, "", nil)
	require.NoError(t, err)
	assert.Empty(t, r.Problems)
	assert.Empty(t, r.Notes)
	a, err := archive.OpenReadOnly(t.Context(), d)
	require.NoError(t, err)
	f := &fixture{a, t, d, "", t.TempDir()}
	list := a.List()
	require.Len(t, list, 2)
	assert.Equal(t, "case 7", list[0].Held)
	assert.Equal(t, []string{archive.Parquet, archive.NDJSON}, []string{list[0].Format, list[1].Format})
	for _, p := range list {
		got := f.read(p.Name())
		require.Len(t, got, n, p.Format)
		for b, err := range batches(t, events(n)) {
			require.NoError(t, err)
			for row := range int(b.Rows) {
				want := store.EventAt(b, row)
				have := got[want["event.id"].(string)]
				if odd, ok := have["vendor.odd"].([]any); ok {
					have["vendor.odd"] = odd[0]
				}
				require.Equal(t, want, have, p.Format)
			}
		}
	}
}

func TestNewerVersionsAreRefused(t *testing.T) {
	f := fresh(t)
	f.add(archive.NDJSON, 3)
	path := filepath.Join(f.dest.String(), "chain/00000001.json")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(b), `"version":1`, `"version":2`, 1)), 0o600))
	const want = "it is of version 2 of the archive's format, this program reads up to version 1: use a newer one"
	_, err = archive.OpenReadOnly(t.Context(), f.dest)
	require.ErrorContains(t, err, want)
	_, err = archive.Open(t.Context(), f.dest, filepath.Join(t.TempDir(), "chain"))
	require.ErrorContains(t, err, want)
	r, err := archive.Verify(t.Context(), f.dest, "", nil)
	require.NoError(t, err)
	require.NotEmpty(t, r.Problems)
	assert.Contains(t, r.Problems[0].Text, want)
}

// Names in a manifest lead nowhere else.
func TestManifestsCannotNameForeignFiles(t *testing.T) {
	f := fresh(t)
	f.add(archive.NDJSON, 3)
	path := filepath.Join(f.dest.String(), "chain/00000001.json")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, name := range []string{"../../etc/passwd", "partitions/firewall.attack/" + day + "/1/../../../x", "chain/00000001.json"} {
		changed := strings.Replace(string(b), "partitions/firewall.attack/"+day+"/1/00001.ndjson.zst", name, 1)
		require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
		_, err = archive.OpenReadOnly(t.Context(), f.dest)
		require.ErrorIs(t, err, archive.ErrDamaged)
		assert.Contains(t, err.Error(), "does not belong to firewall.attack."+day)
	}
}
