//go:build duckdb_arrow

package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/service"
)

// realHost is a whole host over the plugins in a folder, which it returns.
func realHost(t *testing.T) (f *fixture, plugins string) {
	t.Helper()
	dir := t.TempDir()
	plugins = filepath.Join(dir, "plugins")
	for id, kind := range map[string]string{"words": "parser", "hide": "masker", "counter": "detector"} {
		trial.Folder(t, plugins, id, trial.Manifest(id, kind), kind)
	}
	file := filepath.Join(dir, "logcenter.yaml")
	require.NoError(t, os.WriteFile(file, []byte("http: {listen: '127.0.0.1:0'}\ninputs: []\nself: {enabled: false}\nplugins: {dirs: [plugins]}\n"), 0o600))
	cfg, err := config.Load(file)
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(io.Discard)
	s, err := service.Open(t.Context(), cfg, log, "1.2.3")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
		assert.NoError(t, s.Close())
	})
	<-ready
	token, err := os.ReadFile(filepath.Join(dir, "data", service.TokenFile))
	require.NoError(t, err)
	return &fixture{t: t, token: strings.TrimSpace(string(token)), http: &httptest.Server{URL: "http://" + s.Addr().String()}, doc: loadDoc(t)}, plugins
}

// Every step of an upgrade, asked of a real host.
func TestUpgrades(t *testing.T) {
	f, plugins := realHost(t)
	next := trial.Folder(t, filepath.Join(plugins, "later"), "words", trial.Manifest("words", "parser", "version: 2.0.0"), "loud")
	at := func(what string) string { return "/api/v1/plugins/words/" + what }
	post := func(what, body string) map[string]any { return f.ok(f.do("POST", at(what), body)) }
	upgrade := func(more string) string { return fmt.Sprintf(`{"folder":%q%s}`, next, more) }
	refused := func(a answer, status int, want string) {
		t.Helper()
		require.Equal(t, status, a.status, "%s", a.body)
		assert.Contains(t, a.json(t)["error"].(map[string]any)["message"], want)
	}
	refused(f.get(at("rollout")), 409, "words was not upgraded since the host started")
	refused(f.do("POST", at("rollback"), ""), 409, "was not upgraded, so that there is no version before")
	assert.Equal(t, "checked", post("upgrade", upgrade(`,"check":true`))["state"])

	r := post("upgrade", upgrade(`,"mode":"shadow"`))
	assert.Equal(t, []any{"running", "1.2.3", "2.0.0", next}, []any{r["state"], r["from"], r["to"], r["folder"]})
	assert.Equal(t, "running", f.ok(f.get(at("rollout")))["state"])
	refused(f.do("POST", at("upgrade"), upgrade("")), 409, "a shadow of words 2.0.0 is under way: promote or abort it first")
	assert.Equal(t, "promoted", post("rollout/promote", "")["state"])
	assert.Equal(t, "2.0.0", f.ok(f.get("/api/v1/plugins/words"))["version"])
	assert.Equal(t, "1.2.3", post("rollback", "")["to"])
	assert.Equal(t, "running", post("upgrade", upgrade(`,"mode":"canary","share":0.1,"for":"1h"`))["state"])
	assert.Equal(t, "aborted", post("rollout/abort", "")["state"])
	refused(f.do("POST", at("rollout/abort"), ""), 409, "no upgrade of words is under way")
	assert.Equal(t, "1.2.3", f.ok(f.get("/api/v1/plugins/words"))["version"])

	assert.Equal(t, false, post("reconfigure", `{"check":true}`)["changed"])
	assert.Equal(t, false, post("reconfigure", `{}`)["checked"])
	for _, what := range []string{"upgrade", "rollback", "rollout/promote", "rollout/abort", "reconfigure"} {
		body := map[string]string{"upgrade": upgrade(""), "reconfigure": "{}"}[what]
		refused(f.do("POST", "/api/v1/plugins/word/"+what, body), 404, `is it "words"?`)
	}
	for _, mode := range []string{"shadow", "canary"} {
		body := fmt.Sprintf(`{"folder":%q,"mode":%q}`, filepath.Join(plugins, "counter"), mode)
		refused(f.do("POST", "/api/v1/plugins/counter/upgrade", body), 409, "counter is a detector, which cannot have a "+mode)
	}
}

// An admin's token runs no program but those below plugins.dirs, however the way to another is written.
func TestFoldersThatAreNotRun(t *testing.T) {
	f, plugins := realHost(t)
	elsewhere := trial.Folder(t, t.TempDir(), "words", trial.Manifest("words", "parser", "version: 6.6.6"), "parser")
	link := filepath.Join(plugins, "link")
	require.NoError(t, os.Symlink(elsewhere, link))
	up, err := filepath.Rel(plugins, elsewhere)
	require.NoError(t, err)
	refused := func(folder string, status int, want string) {
		t.Helper()
		a := f.do("POST", "/api/v1/plugins/words/upgrade", fmt.Sprintf(`{"folder":%q}`, folder))
		require.Equal(t, status, a.status, "%s", a.body)
		assert.Contains(t, string(a.body), want)
	}
	const none = "lies in none of the folders of plugins.dirs ("
	refused(elsewhere, 409, none)
	refused(link, 409, none)
	refused(plugins+"/"+up, 409, none)
	refused(filepath.Join(plugins, "nowhere"), 409, "no such file")
	refused("words", 400, "is no absolute path")
	assert.Equal(t, "1.2.3", f.ok(f.get("/api/v1/plugins/words"))["version"])
}
