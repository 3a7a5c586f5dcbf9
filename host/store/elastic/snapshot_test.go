package elastic_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// TestSnapshot: a snapshot brings events back into an empty cluster, up to the offset that is asked for at most; one that
// is given up leaves nothing, and a folder that nodes may not write to is explained.
func TestSnapshot(t *testing.T) {
	ctx := context.Background()
	server := estest.Shared(t)
	if server.Snapshots() == "" {
		t.Skip("the server's path.repo is not known")
	}
	o := elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Owner: "one", Timeout: 30 * time.Second}
	s, err := elastic.Open(o)
	require.NoError(t, err)
	for n := uint64(1); n <= 3; n++ {
		require.NoError(t, s.Append(ctx, n, entry(t, n, 10)))
	}
	require.NoError(t, s.Flush(ctx))
	n := elastic.Snapshot{Repository: o.Prefix, Location: "/nowhere", Name: "one"}
	goOn := func(int64, int64) error { return nil }
	require.ErrorContains(t, s.Snapshot(ctx, n, goOn), "add path.repo")
	n.Location = filepath.Join(server.Snapshots(), o.Prefix)
	enough := errors.New("enough")
	require.ErrorIs(t, s.Snapshot(ctx, n, func(int64, int64) error { return enough }), enough)
	require.NoError(t, s.Snapshot(ctx, n, goOn), "under the name of the one that was given up")
	require.ErrorContains(t, elastic.Restore(ctx, o, n, 3), "nothing is overwritten")
	require.NoError(t, s.Close())

	for _, name := range indices(t, server.URL, o.Prefix+"-*") {
		request(t, "DELETE", server.URL+"/"+name, nil)
	}
	require.NoError(t, elastic.Restore(ctx, o, n, 2))
	s = open(t, o)
	require.EqualValues(t, 2, s.Durable())
	require.Len(t, numbers(t, s), 20, "what is behind the offset is not seen")
	require.NoError(t, s.Append(ctx, 3, entry(t, 3, 10)))
	require.Len(t, numbers(t, s), 30)
	require.NoError(t, s.DeleteSnapshot(ctx, n))
	require.NoError(t, s.DeleteSnapshot(ctx, n))
}
