package main_test

import (
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

// vendorFolder is the folder of a plugin as a vendor has it: that of nginx under another name and for other lines.
func vendorFolder(t *testing.T, id, version string, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	manifest, err := os.ReadFile("../../../plugins/parser/nginx/plugin.yaml")
	require.NoError(t, err)
	text := string(manifest)
	for pattern, by := range map[string]string{
		`(?m)^id: nginx$`:                "id: " + id,
		`(?m)^version: .*$`:              "version: " + version,
		`(?s)accepts:\n.*?\nreads:`:      "accepts: [{app_name: [" + id + "]}]\nreads:",
		`event\.dataset: nginx\.access`:  "event.dataset: " + id + ".access",
		`(?m)^description: Access logs.`: "description: Access logs of " + id + ".",
	} {
		changed := regexp.MustCompile(pattern).ReplaceAllString(text, by)
		require.True(t, id == "nginx" || text != changed, pattern)
		text = changed
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plugin.yaml"), []byte(text+strings.Join(lines, "\n")+"\n"), 0o644))
	return dir
}

// plugin runs a command line of plugins against the host.
func (h *hostProcess) plugin(args ...string) (string, error) {
	args = append([]string{"plugin"}, args...)
	args = append(args, "--url", "http://"+h.http, "--token-file", filepath.Join(h.data, "admin.token"))
	cmd := exec.Command(binary, args...)
	cmd.Stdin = strings.NewReader("") // nobody to ask
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// plugins is plugin, which must succeed.
func (h *hostProcess) plugins(args ...string) string {
	h.t.Helper()
	out, err := h.plugin(args...)
	require.NoError(h.t, err, "%q: %s", args, out)
	return out
}

// alone runs a command line that needs no host.
func alone(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(binary, args...).CombinedOutput()
	require.NoError(t, err, "%q: %s", args, out)
	return string(out)
}

// seal packages a folder with the program of the shipped nginx, whose code knows nothing of the id.
func seal(t *testing.T, dir, file string, more ...string) {
	t.Helper()
	args := []string{"plugin", "package", dir, "--platform", "linux/amd64", "--binary", programs + "/plugins/nginx/nginx", "-f", file}
	alone(t, append(args, more...)...)
}

// From a vendor's folder to a plugin that parses in a running host, over a restart, and out again.
func TestAPackageFromItsVendorToTheHost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	said := alone(t, "plugin", "key", "new", "acme", "--dir", dir)
	st, err := os.Stat(filepath.Join(dir, "acme.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	public := regexp.MustCompile(`public_key: (RW\S+)`).FindStringSubmatch(said)
	require.Len(t, public, 2, said)
	key := filepath.Join(dir, "acme.key")
	one := filepath.Join(dir, "acmeweb-1.0.0.lcp")
	seal(t, vendorFolder(t, "acmeweb", "1.0.0"), one, "--key", key)
	assert.Contains(t, alone(t, "plugin", "verify", one, "--public-key", filepath.Join(dir, "acme.pub")), "is whole and as it was signed\n")

	h := newHost(t, fmt.Sprintf("plugins: {trust: {keys: [{name: acme, public_key: %s, trusted: true}]}}\n", public[1]))
	h.start()
	send := func(n int) {
		line := fmt.Sprintf(`<134>Nov 29 12:00:00 web1 acmeweb: 192.0.2.7 - - [29/Nov/2026:12:00:00 +0000] "GET /n%d HTTP/1.1" 200 512 "-" "curl"`, n)
		_, err := h.client().Ingest(t.Context(), "http", []byte(line+"\n"), client.IngestOptions{})
		require.NoError(t, err)
	}
	send(0)
	h.waitFor("the first line", time.Minute, func() bool { return h.count("*") == 1 })
	require.Zero(t, h.count("event.dataset:acmeweb.access"))

	out, err := h.plugin("install", one)
	require.Error(t, err, "nobody is there to say yes")
	require.Contains(t, out, "signed by     acme (key ")
	require.Contains(t, out, `parse lines of the application "acmeweb"`)
	require.Contains(t, out, "add --yes")
	require.Contains(t, h.plugins("list", "--installed"), "id  version")
	require.Contains(t, h.plugins("install", one, "--yes"), "acmeweb 1.0.0 is installed; `logcenter plugin enable acmeweb` starts it")
	require.NotContains(t, h.plugins("list"), "acmeweb", "installing activates nothing")
	require.Contains(t, h.plugins("info", "acmeweb"), "it is installed, but not active")

	// Lines come in all the time.
	ctx, stop := context.WithCancel(t.Context())
	sent := make(chan int)
	go func() {
		n := 1
		for ; ctx.Err() == nil; n++ {
			send(n)
			time.Sleep(5 * time.Millisecond)
		}
		sent <- n
	}()
	require.Contains(t, h.plugins("enable", "acmeweb"), "acmeweb is running")
	h.waitFor("parsed lines", time.Minute, func() bool { return h.count("event.dataset:acmeweb.access") > 10 })
	stop()
	n := <-sent
	h.waitFor("all lines", time.Minute, func() bool { return h.count("*") == int64(n) })
	parsed := h.count("event.dataset:acmeweb.access")
	require.Equal(t, parsed, h.count("event.dataset:acmeweb.access AND source.ip:192.0.2.7 AND http.response.status_code:200"))
	info := h.plugins("info", "acmeweb")
	require.Contains(t, info, "from          package ")
	require.Contains(t, info, "by admin")
	require.Contains(t, info, "signed by     acme (key ")
	require.Contains(t, h.metrics(), "logcenter_plugin_packages 1")

	h.kill(syscall.SIGTERM)
	h.start()
	require.Contains(t, h.plugins("list", "--installed"), "active")
	send(n)
	h.waitFor("parsed after a restart", time.Minute, func() bool { return h.count("event.dataset:acmeweb.access") == parsed+1 })

	out, err = h.plugin("remove", "acmeweb", "--yes")
	require.Error(t, err)
	require.Contains(t, out, "`logcenter plugin disable acmeweb` first")
	h.plugins("disable", "acmeweb")
	h.plugins("disable", "nginx")
	h.kill(syscall.SIGKILL)
	h.start()
	list := h.plugins("list")
	require.Regexp(t, `acmeweb +parser +1\.0\.0 +disabled`, list)
	require.Regexp(t, `nginx +parser +\S+ +disabled`, list, "what is switched stays so, installed or not")
	verified := alone(t, "plugin", "verify", "acmeweb", "--config", h.config)
	require.Contains(t, verified, "is whole and as it was signed")
	require.Contains(t, h.plugins("remove", "acmeweb@1.0.0", "--yes"), "acmeweb 1.0.0 is removed")
	require.NotContains(t, h.plugins("list"), "acmeweb")
	require.NoDirExists(t, filepath.Join(h.data, "plugins", "installed", "acmeweb"))
}

func TestPackagesThatAHostRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	public := func(name string) string {
		said := alone(t, "plugin", "key", "new", name, "--dir", dir)
		return regexp.MustCompile(`public_key: (RW\S+)`).FindStringSubmatch(said)[1]
	}
	acme, stranger := public("acme"), public("stranger")
	file := func(name string) string { return filepath.Join(dir, name) }
	good := vendorFolder(t, "acmeweb", "1.0.0")
	seal(t, good, file("good.lcp"), "--key", file("acme.key"))
	seal(t, good, file("unsigned.lcp"))
	seal(t, good, file("stranger.lcp"), "--key", file("stranger.key"))
	typed := vendorFolder(t, "disputed", "1.0.0")
	manifest, err := os.ReadFile(filepath.Join(typed, "plugin.yaml"))
	require.NoError(t, err)
	changed := strings.ReplaceAll(string(manifest), "name: nginx.forwarded_for, type: keyword", "name: nginx.forwarded_for, type: ip")
	require.NoError(t, os.WriteFile(filepath.Join(typed, "plugin.yaml"), []byte(changed), 0o644))
	seal(t, typed, file("disputed.lcp"), "--key", file("acme.key"))
	whole, err := os.ReadFile(file("good.lcp"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file("cut.lcp"), whole[:len(whole)/2], 0o600))
	flipped := append([]byte{}, whole...)
	flipped[len(flipped)/2] ^= 1
	require.NoError(t, os.WriteFile(file("flipped.lcp"), flipped, 0o600))

	h := newHost(t, fmt.Sprintf("plugins: {trust: {keys: [{name: acme, public_key: %s}]}}\n", acme))
	h.start()
	for name, want := range map[string]string{
		"unsigned.lcp": "it is not signed (ask its vendor for a signed one",
		"stranger.lcp": "which the configuration does not know (if the vendor confirms this key, add it to the configuration: plugins: {trust: {keys: [{name: VENDOR, public_key: " + stranger + "}]}})",
		"cut.lcp":      "it is cut short behind",
		"flipped.lcp":  "get the package again",
		"disputed.lcp": "field nginx.forwarded_for is list of keyword, cannot be list of ip too; plugin nginx has it so",
	} {
		if name == "disputed.lcp" {
			want = strings.ReplaceAll(want, "list of ", "")
		}
		out, err := h.plugin("install", file(name), "--yes")
		require.Error(t, err, name)
		require.Contains(t, out, file(name)+": ")
		require.Contains(t, out, want, name)
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 5, exit.ExitCode(), name)
	}
	left, err := os.ReadDir(filepath.Join(h.data, "plugins", "installed"))
	require.NoError(t, err)
	require.Len(t, left, 1, "only the lock: %v", left)
	require.Contains(t, regexp.MustCompile(`logcenter_plugin_packages_refused_total \d+`).FindString(h.metrics()), " 5")

	out, err := exec.Command(binary, "plugin", "install", file("good.lcp"), "--yes", "--config", h.config).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "in use by a running host: leave out --config and --data")
	h.kill(syscall.SIGTERM)
	require.Contains(t, alone(t, "plugin", "install", file("good.lcp"), "--yes", "--config", h.config), "acmeweb 1.0.0 is installed")
	h.start()
	require.Contains(t, h.plugins("enable", "acmeweb"), "running")

	// What is on the disk is compared with what was signed at every start.
	program, err := filepath.Glob(filepath.Join(h.data, "plugins", "installed", "acmeweb", "*", "bin", "*", "acmeweb"))
	require.NoError(t, err)
	require.Len(t, program, 1)
	h.kill(syscall.SIGTERM)
	require.NoError(t, os.Chmod(program[0], 0o700))
	require.NoError(t, os.WriteFile(program[0], []byte("#!/bin/sh\n"), 0o700))
	h.start()
	require.Regexp(t, `acmeweb +parser +1\.0\.0 +failed .*bin/linux-amd64/acmeweb: was changed`, h.plugins("list"))
	require.Contains(t, h.component("plugin acmeweb").Reason, "bin/linux-amd64/acmeweb: was changed")
	out2, err := h.plugin("enable", "acmeweb")
	require.Error(t, err)
	require.Contains(t, out2, "bin/linux-amd64/acmeweb: was changed")
	h.plugins("install", file("good.lcp"), "--yes")
	require.Contains(t, h.plugins("enable", "acmeweb"), "running", "installing it again mends it")
	h.plugins("disable", "acmeweb")
	require.Contains(t, h.plugins("remove", "acmeweb", "--yes"), "removed")
}

// A masker from a package that was damaged does not give way to the bundled one, which may let through what it hides.
func TestADamagedMaskerHoldsEvents(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile("../../../plugins/masking/masking/plugin.yaml")
	require.NoError(t, err)
	text = regexp.MustCompile(`(?m)^version: .*$`).ReplaceAll(text, []byte("version: 9.0.0"))
	folder, file := filepath.Join(dir, "masking"), filepath.Join(dir, "masking.lcp")
	require.NoError(t, os.Mkdir(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "plugin.yaml"), text, 0o644))
	alone(t, "plugin", "package", folder, "--platform", "linux/amd64", "--binary", "../../../bin/plugins/masking/masking", "-f", file)
	h := newHost(t, "plugins: {trust: {unsigned: allow}}\n")
	h.start()
	h.plugins("install", file, "--yes")
	h.plugins("upgrade", "masking", "--yes")
	require.Regexp(t, `masking +masker +9\.0\.0 +running`, h.plugins("list"))
	h.kill(syscall.SIGTERM)
	programs := glob(t, filepath.Join(h.data, "plugins", "installed", "masking", "*", "bin", "*", "masking"))
	require.Len(t, programs, 1)
	require.NoError(t, os.Remove(programs[0]))

	h.start()
	require.Regexp(t, `masking +masker +9\.0\.0 +failed .*bin/linux-amd64/masking: is gone`, h.plugins("list"))
	health := h.component("plugin masking")
	require.Equal(t, "failed", health.Status)
	require.Contains(t, health.Reason, "nothing is stored until it works again")
	_, err = h.client().Ingest(t.Context(), "http", []byte("login user=li password=Tr0ub4dor\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("a batch to wait for the masker", time.Minute, func() bool {
		return strings.Contains(h.metrics(), "logcenter_batches_waiting_for_masker 1")
	})
	require.Zero(t, h.count("*"))

	h.plugins("install", file, "--yes")
	require.Contains(t, h.plugins("enable", "masking"), "running")
	h.waitFor("the event after the masker is mended", 2*time.Minute, func() bool { return h.count("*") == 1 })
}

// A backup has what is installed, and what is switched.
func TestInstalledPluginsAreBackedUp(t *testing.T) {
	dir := t.TempDir()
	seal(t, vendorFolder(t, "acmeweb", "1.0.0"), filepath.Join(dir, "acmeweb.lcp"))
	h := newHost(t, "plugins: {trust: {unsigned: allow}}\n")
	h.start()
	h.plugins("install", filepath.Join(dir, "acmeweb.lcp"), "--yes")
	h.plugins("enable", "acmeweb")
	h.plugins("disable", "nginx")
	copies := filepath.Join(dir, "copies")
	h.backup(copies)
	h.kill(syscall.SIGTERM)
	require.NoError(t, os.RemoveAll(h.data))
	alone(t, "restore", "--from", copies, "--config", h.config)
	h.clients = nil // there is another token
	h.start()
	require.Regexp(t, `acmeweb +parser +1\.0\.0 +running`, h.plugins("list"))
	require.Regexp(t, `nginx +parser +\S+ +disabled`, h.plugins("list"))
}

// A package goes before the folder of its id that comes with the host, and back again.
func TestAPackageInPlaceOfABundledPlugin(t *testing.T) {
	dir := t.TempDir()
	folder := vendorFolder(t, "nginx", "9.0.0", "permissions: {drop: true}")
	seal(t, folder, filepath.Join(dir, "nginx.lcp"))
	h := newHost(t, "plugins: {trust: {unsigned: allow}, settings: {geoip: {enabled: true}}}\n")
	h.start()
	out := h.plugins("install", filepath.Join(dir, "nginx.lcp"), "--yes")
	require.Contains(t, out, "compared with version 0.1.0 it may\n  + drop events\n")
	require.Regexp(t, `nginx +parser +0\.1\.0 +running`, h.plugins("list"))

	out = h.plugins("disable", "geoip")
	require.Contains(t, out, "plugins.settings.geoip.enabled in its configuration is true, which wins")
	h.kill(syscall.SIGTERM)
	h.start()
	require.Regexp(t, `geoip +enricher +\S+ +running`, h.plugins("list"))
	require.Contains(t, h.log.String(), "plugins.settings.geoip.enabled is true in the configuration, which wins")
}
