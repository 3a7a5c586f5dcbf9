package main_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// version makes the folder of another version of a bundled plugin somewhere below dir: the same program, which does not
// say what version it is, under a manifest with other lines.
func version(t *testing.T, dir, kind, id string, replace ...string) string {
	t.Helper()
	own, err := os.MkdirTemp(dir, "next-")
	require.NoError(t, err)
	from, to := filepath.Join(filepath.Dir(binary), "plugins", id), filepath.Join(own, id)
	if _, err := os.Stat(from); err != nil {
		from = filepath.Join(filepath.Dir(binary), "plugins", kind, id)
	}
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	require.NoError(t, filepath.WalkDir(to, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o755)
	}))
	manifest := filepath.Join(to, "plugin.yaml")
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	changed := strings.NewReplacer(replace...).Replace(string(text))
	require.NotEqual(t, string(text), changed)
	require.NoError(t, os.WriteFile(manifest, []byte(changed), 0o600))
	return to
}

func (h *hostProcess) run(args ...string) (out string, ok bool) {
	h.t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "LOGCENTER_URL=http://"+h.http, "LOGCENTER_TOKEN_FILE="+filepath.Join(h.data, "admin.token"))
	b, err := cmd.CombinedOutput()
	return string(b), err == nil
}

// metric is the first line of metrics that begins so.
func metric(all, begins string) string {
	_, rest, _ := strings.Cut(all, "\n"+begins)
	line, _, _ := strings.Cut(rest, "\n")
	return begins + line
}

// A real host: plugins are upgraded, watched, taken back and given other settings while lines come in, and every line
// is stored once.
func TestUpgradesOfARunningHost(t *testing.T) {
	t.Parallel()
	versions := t.TempDir()
	own, err := filepath.Abs(filepath.Join(filepath.Dir(binary), "plugins"))
	require.NoError(t, err)
	dirs := fmt.Sprintf("plugins: {dirs: [%s, %s]", own, versions)
	h := newHost(t, dirs+"}\n")
	h.start()
	c := h.client()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sent := make(chan *traffic, 1)
	go func() {
		tr := newTraffic(9)
		for pace := time.Tick(50 * time.Millisecond); ctx.Err() == nil; <-pace { // some ten thousand lines a second
			var b []byte
			for range 500 {
				b = tr.line(b)
			}
			if _, err := c.Ingest(context.Background(), "http", b, client.IngestOptions{}); err != nil {
				t.Error(err)
			}
		}
		sent <- tr
	}()
	until := func(state string) *client.Rollout {
		t.Helper()
		var r *client.Rollout
		h.waitFor("dptech is "+state, time.Minute, func() bool {
			var err error
			r, err = c.Rollout(t.Context(), "dptech")
			require.NoError(t, err)
			return r.State == state
		})
		return r
	}
	strange := version(t, t.TempDir(), "parser", "dptech", "version: ", "version: 7.")
	out, ok := h.run("plugin", "upgrade", "dptech", strange, "--yes")
	assert.False(t, ok)
	assert.Contains(t, out, "folder "+strange+" lies in none of the folders of plugins.dirs")
	link := filepath.Join(versions, "link")
	require.NoError(t, os.Symlink(strange, link))
	out, ok = h.run("plugin", "upgrade", "dptech", link, "--yes")
	assert.False(t, ok)
	assert.Contains(t, out, "lies in none of the folders")
	require.NoError(t, os.Remove(link))

	next := version(t, versions, "parser", "dptech", "version: ", "version: 9.")

	out, ok = h.run("plugin", "upgrade", "dptech", next, "--shadow", "--events", "2000", "--yes")
	require.True(t, ok, out)
	assert.Contains(t, out, "it may        do what version")
	r := until("finished")
	assert.GreaterOrEqual(t, r.Compared, int64(2000))
	for _, f := range r.Fields {
		assert.Zero(t, f.OnlyOld+f.OnlyNew+f.Changed, "the same program says the same of %s", f.Name)
	}
	out, ok = h.run("plugin", "upgrade", "dptech", "--promote")
	require.True(t, ok, out)
	assert.Contains(t, out, "shadow, promoted")
	p, err := c.Plugin(t.Context(), "dptech")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(p.Version, "9."), p.Version)

	// A version that is not granted a field any more loses it in all events.
	poor := version(t, versions, "parser", "dptech", "version: ", "version: 8.", "  - source.port\n", "")
	out, ok = h.run("plugin", "upgrade", "dptech", poor, "--canary", "50%", "--for", "1h", "--min-events", "200", "--yes")
	require.True(t, ok, out)
	assert.Contains(t, out, "  - write source.port")
	assert.Regexp(t, `field source\.port: in 0\.0 % of its events`, until("rolled_back").Reason)
	out, ok = h.run("health")
	assert.Contains(t, out, "upgrade of dptech", "%v", ok)

	out, ok = h.run("plugin", "rollback", "dptech")
	require.True(t, ok, out)
	p, err = c.Plugin(t.Context(), "dptech")
	require.NoError(t, err)
	assert.False(t, strings.HasPrefix(p.Version, "9."), p.Version)

	text, err := os.ReadFile(h.config)
	require.NoError(t, err)
	configure := func(settings string) {
		changed := bytes.Replace(text, []byte(dirs), []byte(dirs+", settings: {"+settings+"}"), 1)
		require.NoError(t, os.WriteFile(h.config, changed, 0o600))
	}
	configure("correlation: {config: {no_such_key: 1}}")
	out, ok = h.run("plugin", "reconfigure", "correlation")
	assert.False(t, ok)
	assert.Contains(t, out, "no_such_key")
	configure("geoip: {transport: socket}, dptech: {enabled: false}")
	out, ok = h.run("plugin", "reconfigure", "geoip", "--check")
	require.True(t, ok, out)
	assert.Contains(t, out, "not in effect yet")
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGHUP))
	h.waitFor("dptech is disabled", 2*time.Minute, func() bool {
		p, err := c.Plugin(t.Context(), "dptech")
		return err == nil && p.State == "disabled"
	})
	out, ok = h.run("plugin", "reconfigure", "geoip")
	require.True(t, ok, out)
	assert.Contains(t, out, "geoip has")

	cancel()
	tr := <-sent
	h.waitFor("all is stored", time.Minute, func() bool { return h.count("*") >= int64(tr.next) })
	h.checkOnce(tr, false)
	assert.Regexp(t, `plugin_rollout\{from="9\.[^"]*",mode="direct",plugin="dptech",state="promoted",to="[^"]*"\} 1`, metric(h.metrics(), "logcenter_plugin_rollout{"))
	assert.Equal(t, "logcenter_plugin_swaps_total 4", metric(h.metrics(), "logcenter_plugin_swaps_total"))

	out, ok = h.run("plugin", "severity", "nsfocus")
	require.True(t, ok, out)
	assert.Regexp(t, `nsfocus +1 +Warn +manifest`, out)
	configure("geoip: {transport: socket}, dptech: {enabled: false}, nsfocus: {severity: {'1': Debug}}")
	out, ok = h.run("plugin", "reconfigure", "nsfocus")
	require.True(t, ok, out)
	out, ok = h.run("plugin", "severity")
	require.True(t, ok, out)
	assert.Regexp(t, `nsfocus +1 +Debug +config\n`, out)
	assert.Regexp(t, `nsfocus +2 +Error +manifest\n`, out)
	_, err = c.Ingest(t.Context(), "http", []byte("time:2026-10-11 12:00:00;danger_degree:1;breaking_sighn:0;event:'[1]overruled';"+
		"src_addr:192.0.2.1;src_port:1;dst_addr:192.0.2.2;dst_port:2;proto:'TCP'\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("the event has the level of the configuration", time.Minute, func() bool { return h.count("rule.name:overruled AND log.level:Debug") == 1 })

	// What was said of it then is told by the table of then.
	configure("geoip: {transport: socket}, dptech: {enabled: false}")
	out, ok = h.run("plugin", "reconfigure", "nsfocus")
	require.True(t, ok, out)
	_, fields := h.explained("rule.name:overruled")
	assert.Equal(t, "nsfocus", fields["log.level"].By)
	assert.EqualValues(t, "Debug", fields["log.level"].Value)
	assert.False(t, fields["log.level"].Differs, "now %v", fields["log.level"].Now)
}

// An upgrade by packages, over restarts of the host, and back.
func TestUpgradeByPackages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	public := regexp.MustCompile(`public_key: (RW\S+)`).FindStringSubmatch(alone(t, "plugin", "key", "new", "acme", "--dir", dir))
	require.Len(t, public, 2)
	pack := func(version string, lines ...string) string {
		file := filepath.Join(dir, "acmeweb-"+version+".lcp")
		seal(t, vendorFolder(t, "acmeweb", version, lines...), file, "--key", filepath.Join(dir, "acme.key"))
		return file
	}
	own := strings.Join(pluginDirs(t, "nginx", "masking"), ", ")
	folders := t.TempDir()
	h := newHost(t, fmt.Sprintf("plugins: {dirs: [%s, %s], trust: {keys: [{name: acme, public_key: %s, trusted: true}]}}\n", own, folders, public[1]))
	h.start()
	runs := func(version string) {
		t.Helper()
		require.Regexp(t, `acmeweb +parser +`+regexp.QuoteMeta(version)+` +running`, h.plugins("list"))
	}
	restart := func() {
		h.kill(syscall.SIGTERM)
		h.start()
	}
	h.plugins("install", pack("1.0.0"), "--yes")
	h.plugins("enable", "acmeweb")
	out, err := h.plugin("upgrade", "acmeweb", "--yes")
	require.Error(t, err)
	require.Contains(t, out, "is in service already: install the package of another version first")

	out = h.plugins("upgrade", "acmeweb", pack("1.1.0", "permissions: {drop: true}"), "--yes")
	require.Contains(t, out, "  + drop events")
	require.Contains(t, out, "acmeweb 1.0.0 → 1.1.0")
	runs("1.1.0")
	h.plugins("install", pack("1.2.0"), "--yes")
	require.Contains(t, h.plugins("upgrade", "acmeweb", "--shadow", "--for", "1h", "--yes"), "shadow, running")
	out, err = h.plugin("remove", "acmeweb@1.2.0", "--yes")
	require.Error(t, err)
	require.Regexp(t, `a shadow of acmeweb 1\.2\.0 \(\w+\) is under way`, out)
	restart()
	runs("1.1.0")
	h.plugins("upgrade", "acmeweb", "--yes")
	runs("1.2.0")
	restart()
	runs("1.2.0")
	h.plugins("rollback", "acmeweb")
	runs("1.1.0")
	restart()
	runs("1.1.0")
	require.Regexp(t, `1\.1\.0.*active`, h.plugins("list", "--installed"))
	h.plugins("upgrade", "acmeweb", version(t, folders, "parser", "nginx", "id: nginx", "id: acmeweb\nbinary: nginx"), "--yes")
	restart()
	require.Contains(t, h.plugins("info", "acmeweb"), "which the admin keeps")
}
