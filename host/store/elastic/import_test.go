package elastic_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/host/store/storetest"
)

const ( // set in the child
	importPrefixEnv = "LOGCENTER_IMPORT_PREFIX"
	importURLEnv    = "LOGCENTER_IMPORT_URL"
)

var restored = store.ImportRequest{Class: "firewall.attack", Day: "2026-11-21", Restored: "audit"}

// importForever imports more and more until it is killed. It prints a line for every batch.
func importForever(url, prefix string) error {
	s, err := elastic.Open(elastic.Options{Addresses: []string{url}, Prefix: prefix, BulkBytes: 10 << 10})
	if err != nil {
		return err
	}
	im, err := s.Import(context.Background(), restored)
	if err != nil {
		return err
	}
	for n := uint64(1); ; n++ {
		b, err := storetest.Batch(n, []storetest.Event{{"@timestamp": epoch, "message": strings.Repeat("import ", 200)}, {"@timestamp": epoch, "message": "x"}})
		if err == nil {
			err = im.Add(context.Background(), b)
		}
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func indices(t *testing.T, url, pattern string) (names []string) {
	t.Helper()
	var found map[string]any
	request(t, http.MethodGet, url+"/"+pattern+"/_settings?filter_path=*.settings.index.uuid", &found)
	for name := range found {
		names = append(names, name)
	}
	return names
}

// TestKilledImport: of an import that was not committed nothing is left, and it can be done again.
func TestKilledImport(t *testing.T) {
	ctx := context.Background()
	server := estest.Shared(t)
	o := elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Timeout: 30 * time.Second}
	s, err := elastic.Open(o)
	require.NoError(t, err)
	require.NoError(t, s.Append(ctx, 1, entry(t, 1, 20)))
	require.NoError(t, s.Close())

	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), importPrefixEnv+"="+o.Prefix, importURLEnv+"="+server.URL)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; n < 30; n++ {
		require.True(t, lines.Scan())
	}
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Len(t, indices(t, server.URL, o.Prefix+"-restored-*"), 1)

	s = open(t, o)
	require.Empty(t, indices(t, server.URL, o.Prefix+"-restored-*"))
	require.Len(t, numbers(t, s), 20)
	im, err := s.Import(ctx, restored)
	require.NoError(t, err)
	require.NoError(t, im.Add(ctx, entry(t, 100, 5)[0]))
	_, err = im.Commit(ctx)
	require.NoError(t, err)
	require.Len(t, numbers(t, s), 25)
}

// TestImportStays: imports are there after a restart, are numbered on, and a cursor of before does not see the next.
func TestImportStays(t *testing.T) {
	ctx := context.Background()
	server := estest.Shared(t)
	o := elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Timeout: 30 * time.Second}
	s, err := elastic.Open(o)
	require.NoError(t, err)
	bring := func(name string, n uint64) {
		im, err := s.Import(ctx, store.ImportRequest{Class: restored.Class, Day: restored.Day, Restored: name})
		require.NoError(t, err)
		require.NoError(t, im.Add(ctx, entry(t, n, 20)[0]))
		_, err = im.Commit(ctx)
		require.NoError(t, err)
	}
	require.NoError(t, s.Append(ctx, 1, entry(t, 1, 20)))
	bring("one", 10)
	open, err := s.Import(ctx, restored)
	require.NoError(t, err)
	require.NoError(t, open.Add(ctx, entry(t, 30, 20)[0]))
	p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: everything(), Limit: 7})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.Error(t, open.Add(ctx, entry(t, 31, 20)[0]))

	s, err = elastic.Open(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.Len(t, indices(t, server.URL, o.Prefix+"-restored-*"), 1)
	require.Len(t, numbers(t, s), 40)
	require.EqualValues(t, 40, s.Stats().Events)
	bring("two", 20)
	require.Len(t, numbers(t, s), 60)
	seen := len(p.Events)
	for p.Cursor != "" {
		p, err = s.Search(ctx, store.Everything(), store.SearchRequest{Selection: everything(), Limit: 7, Cursor: p.Cursor})
		require.NoError(t, err)
		seen += len(p.Events)
	}
	require.Equal(t, 40, seen)
	parts, err := s.Partitions(ctx)
	require.NoError(t, err)
	var names []string
	for _, p := range parts {
		names = append(names, p.Restored)
	}
	require.Subset(t, names, []string{"", "one", "two"})
}
