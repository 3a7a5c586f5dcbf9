package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

const importDirEnv = "LOGCENTER_STORE_IMPORT_DIR" // set in the child

var restored = store.ImportRequest{Class: "firewall.attack", Day: "2026-11-21", Restored: "audit"}

// importForever imports more and more until it is killed. It prints a line for every batch.
func importForever(dir string) error {
	o := manual
	o.FlushBytes = 10 << 10
	s, err := embedded.Open(dir, o)
	if err != nil {
		return err
	}
	im, err := s.Import(context.Background(), restored)
	if err != nil {
		return err
	}
	for entry := uint64(1000); ; entry++ {
		b, err := storetest.Batch(entry, events(entry, killRows))
		if err == nil {
			err = im.Add(context.Background(), b)
		}
		if err == nil && entry%10 == 0 { // flushes name segments, but not those of the import
			if b, err = storetest.Batch(entry, events(s.Durable()+1, killRows)); err == nil {
				err = s.Append(context.Background(), s.Durable()+1, []*wire.Batch{b})
			}
			if err == nil {
				err = s.Flush(context.Background())
			}
		}
		if err != nil {
			return err
		}
		fmt.Println(entry)
	}
}

func imported(t *testing.T, dir string) int {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "segments", "restored.audit", "*", "*", "*"))
	require.NoError(t, err)
	return len(list)
}

// TestKilledImport: of an import that was not committed nothing is left, and it can be done again.
func TestKilledImport(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), importDirEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; n < 25; n++ {
		require.True(t, lines.Scan())
	}
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Positive(t, imported(t, dir), "it had written some")

	s := openIn(t, dir, manual)
	require.Zero(t, imported(t, dir))
	total, distinct := tally(t, s, "")
	require.EqualValues(t, s.Durable()*killRows, total)
	require.Equal(t, total, distinct)
	im, err := s.Import(context.Background(), restored)
	require.NoError(t, err)
	b, err := storetest.Batch(1000, events(1000, killRows))
	require.NoError(t, err)
	require.NoError(t, im.Add(context.Background(), b))
	_, err = im.Commit(context.Background())
	require.NoError(t, err)
	again, _ := tally(t, s, "")
	require.Equal(t, total+killRows, again)
}

var year = store.Selection{From: epoch.AddDate(-1, 0, 0), To: epoch.AddDate(1, 0, 0)}

// TestImportStays: an import is there after a restart, its small segments are merged, but never with others, and Close
// leaves nothing of one that was not committed.
func TestImportStays(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	o := manual
	o.FlushBytes = 1
	s, err := embedded.Open(dir, o)
	require.NoError(t, err)
	for entry := uint64(1); entry <= 8; entry++ {
		load(t, s, entry, 10)
		require.NoError(t, s.Flush(ctx))
	}
	r := store.ImportRequest{Class: "unclassified", Day: "2026-11-20"}
	bring := func(r store.ImportRequest, first, n uint64) store.Import {
		im, err := s.Import(ctx, r)
		require.NoError(t, err)
		for entry := first; entry < first+n; entry++ {
			b, err := storetest.Batch(entry, events(entry, 10))
			require.NoError(t, err)
			require.NoError(t, im.Add(ctx, b))
		}
		return im
	}
	_, err = bring(r, 100, 12).Commit(ctx)
	require.NoError(t, err)
	bring(restored, 200, 3)
	require.Positive(t, imported(t, dir))
	p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: year, Limit: 10})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.Zero(t, imported(t, dir))

	s = openIn(t, dir, manual)
	total, _ := tally(t, s, "")
	require.EqualValues(t, 200, total)
	_, err = bring(restored, 200, 1).Commit(ctx)
	require.NoError(t, err)
	for merged := true; merged; {
		merged, err = s.Merge(ctx)
		require.NoError(t, err)
	}
	require.Less(t, s.Stats().Segments, 8)
	parts, err := s.Partitions(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"unclassified/2026-11-20", "firewall.attack/2026-11-21", "restored.audit/firewall.attack/2026-11-21", "firewall.run_state/2026-11-21"},
		[]string{parts[0].ID, parts[1].ID, parts[2].ID, parts[3].ID})
	require.EqualValues(t, 120, parts[0].Events)
	seen := len(p.Events)
	for p.Cursor != "" {
		p, err = s.Search(ctx, store.Everything(), store.SearchRequest{Selection: year, Limit: 10, Cursor: p.Cursor})
		require.NoError(t, err)
		seen += len(p.Events)
	}
	require.Equal(t, 200, seen, "the cursor is of before the last import")
}
