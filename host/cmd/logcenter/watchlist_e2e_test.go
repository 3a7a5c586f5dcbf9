package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWatchlists: a rule that asks for a list fires for what is in it, in the real detector's process; a change by the API
// counts without a restart, in searches at once.
func TestWatchlists(t *testing.T) {
	h := newRuledHost(t)
	h.start()
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	rule := file("listed.yaml", "id: listed\nname: A listed address\ntype: keyword\nquery: source.ip:list(bad-addresses)\nquiet: 1s\ngroup_by: [source.ip]\n")
	out, err := h.cli("rule", "put", rule)
	require.Error(t, err)
	require.Contains(t, out, "there is no list bad-addresses")
	out, err = h.cli("watchlist", "import", "bad-addresses", file("bad.csv", "value,note\n203.0.113.0/24,scanners\nexample.com,\n"), "--type", "ip")
	require.Error(t, err)
	require.Regexp(t, `bad\.csv:3:1: "example\.com" is no IP address`, out)
	require.Contains(t, h.does("watchlist", "import", "bad-addresses", file("bad.csv", "value,note\n203.0.113.0/24,scanners\n"), "--type", "ip"), "has 1 entry (1 added")
	out, err = h.cli("search", "source.ip:list(bad-adresses)")
	require.Error(t, err)
	require.Contains(t, out, "did you mean bad-addresses?")
	h.waitFor("the list in the detector", time.Minute, func() bool { _, err := h.cli("rule", "put", rule); return err == nil })

	line := func(addr, path string) string {
		return fmt.Sprintf(`%s - - [%s] "GET /%s HTTP/1.1" 200 612 "-" "curl/8.0"`, addr, time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700"), path)
	}
	h.ingest(line("203.0.113.9", "one"), line("198.51.100.7", "two"))
	h.tells("listed")
	require.EqualValues(t, 1, h.count("source.ip:list(bad-addresses)"))

	h.does("watchlist", "add", "bad-addresses", "198.51.100.0/24", "--note", "ticket 7")
	h.does("watchlist", "remove", "bad-addresses", "203.0.113.0/24")
	require.EqualValues(t, 1, h.count("source.ip:list(bad-addresses) AND two"))
	require.EqualValues(t, 1, h.count("NOT source.ip:list(bad-addresses) AND one"))
	sent := 0
	h.waitFor("an alert of what was added", time.Minute, func() bool {
		sent++
		h.ingest(line("203.0.113.8", "three"), line(fmt.Sprintf("198.51.100.%d", sent%250+1), "four"))
		return len(h.rules()) > 0
	})
	page, err := h.client().WatchlistEntries(t.Context(), "bad-addresses", "", "", 0)
	require.NoError(t, err)
	require.Len(t, page.Entries, 1)
	require.Equal(t, "ticket 7", page.Entries[0].Note)
	require.Regexp(t, `198\.51\.100\.7 +bad-addresses`, h.does("watchlist", "lookup", "198.51.100.7"))
	require.Regexp(t, `203\.0\.113\.9|198\.51\.100\.7`, h.does("rule", "backtest", "listed", "--from", "-1h"), "a backtest has the lists of the host")
	out, err = h.cli("watchlist", "delete", "bad-addresses")
	require.Error(t, err)
	require.Contains(t, out, "rule listed")
	require.Contains(t, h.metrics(), "\nlogcenter_watchlist_entries{list=\"bad-addresses\"} 1\n")
}
