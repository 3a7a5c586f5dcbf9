package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// TestUnknownDevicesAreAdopted goes the whole way: a device that no list has is told of, its line is put into the list
// as it is printed, and from then on its events have an asset.
func TestUnknownDevicesAreAdopted(t *testing.T) {
	own, err := filepath.Abs(programs + "/plugins")
	require.NoError(t, err)
	list := filepath.Join(t.TempDir(), "assets.csv")
	put := func(text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(list+".new", []byte(text), 0o600))
		require.NoError(t, os.Rename(list+".new", list))
	}
	put("id,name,hostname\nA-1,VPN gateway,fw-vpn-01\n")
	h := newHost(t, fmt.Sprintf("plugins:\n  dirs: [%s]\n  settings:\n    asset: {config: {sources: [{path: %s}], reload: 100ms}}\n", own, list))
	h.start()
	sent := 0
	send := func(host, user string) {
		t.Helper()
		sent++
		line := fmt.Sprintf("<188>2026-11-21 08:%02d:%02d %s%%%%FW/LOGIN/4/OPERLOG: user=%s;srcip(source)=198.51.100.7;service=https;action=login;result=failed\n", 10+sent/60, sent%60, host, user)
		_, err := h.client().Ingest(t.Context(), "http", []byte(line), client.IngestOptions{})
		require.NoError(t, err)
		h.waitFor("the event of "+user, time.Minute, func() bool { return h.count("user.name:"+user) == 1 })
	}
	unknown := func(flags ...string) string {
		t.Helper()
		args := append([]string{"asset", "unknown", "--from", "2026-11-01", "--to", "2027-01-01", "--url", "http://" + h.http, "--token-file", filepath.Join(h.data, "admin.token")}, flags...)
		out, err := exec.Command(binary, args...).Output()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	send("fw-vpn-01", "first")
	send("fw-new-01", "second")
	require.EqualValues(t, 1, h.count("asset.id:A-1 AND user.name:first"))
	require.Regexp(t, `(?m)^fw-new-01 .*firewall +dptech\.login +dptech .* 1  2026-11-21`, unknown())
	require.NotContains(t, unknown(), "fw-vpn-01")
	lines := unknown("-o", "csv")
	require.Contains(t, lines, "\nfw-new-01,fw-new-01,firewall,")

	put(lines + "A-1,VPN gateway,,,fw-vpn-01,,,,,\n")
	h.waitFor("the list to be read again", time.Minute, func() bool {
		send("fw-new-01", fmt.Sprintf("later%d", time.Now().UnixNano()))
		return h.count("asset.id:fw-new-01") > 0
	})
	h.waitFor("the device to count as adopted", time.Minute, func() bool { return strings.Count(unknown("-o", "csv"), "\n") == 1 })
}
