package api_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/sdk/client"
)

// noDetectors take whatever they are given.
type noDetectors struct{}

func (noDetectors) Set([]byte)                          {}
func (noDetectors) Give(context.Context, []byte) error  { return nil }
func (noDetectors) Check(context.Context, []byte) error { return nil }

// withRules gives the API a library with the rules of a plugin.
func withRules(t *testing.T, shipped string) func(*api.Options) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, rule.Folder), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, rule.Folder, "a.yaml"), []byte(shipped), 0o600))
	m, err := metadata.Open(t.Context(), filepath.Join(dir, "meta.db"), "1.2.3", rule.Schema)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return func(o *api.Options) {
		o.Library, err = rule.Open(t.Context(), rule.Options{
			Store: m, Plugins: func() []rule.Plugin { return []rule.Plugin{{ID: "acme", Version: "1.0.0", Dir: dir}} }, Detectors: noDetectors{}, Log: logrus.NewEntry(logrus.New()),
		})
		require.NoError(t, err)
	}
}

func TestRules(t *testing.T) {
	f := newFixture(t, withRules(t, "rules: [{id: shipped, name: Shipped, query: a, tags: [x]}, {id: quiet, name: Quiet, query: b, silent: true}]\n"))
	const path = "/api/v1/rules/mine"
	text := "# Why.\nid: mine\nname: Mine\nquery: a\n"
	yaml := []string{"Content-Type", "application/yaml"}
	put := func(text string, header ...string) answer {
		t.Helper()
		return f.do(http.MethodPut, path+"?note=why", text, append(header, yaml...)...)
	}
	a := put(text, "If-None-Match", "*")
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	assert.Equal(t, `"1"`, a.header.Get("ETag"))
	assert.Equal(t, text, a.json(t)["text"])
	assert.Equal(t, map[string]any{"id": "mine", "name": "Mine", "query": "a"}, a.json(t)["rule"])

	a = put(text, "If-None-Match", "*")
	assert.Equal(t, http.StatusPreconditionFailed, a.status)
	assert.Equal(t, "stale", a.code(t))
	assert.Equal(t, "stale", put(text, "If-Match", `"7"`).code(t))
	assert.Equal(t, "bad_request", put(text, "If-Match", "newest").code(t))
	a = put(`{"id": "mine", "name": "Mine", "query": "b", "window": "5m"}`, "If-Match", `"1"`)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	assert.Equal(t, `"2"`, a.header.Get("ETag"))
	a = f.get(path+"?version=1", "Accept", "application/yaml")
	assert.Equal(t, text, string(a.body))
	assert.Equal(t, "put", f.ok(f.get(path + "?version=1"))["action"])
	assert.Contains(t, f.ok(f.get(path + "/diff"))["diff"], "\n-query: a\n")
	assert.Len(t, f.ok(f.get(path + "/history"))["versions"], 2)
	assert.Len(t, f.ok(f.get(path + "/history?before=2"))["versions"], 1)

	a = put("id: mine\nname: Mine\nquery: 'a AND'\nwindow: 5x\n")
	assert.Equal(t, "bad_rule", a.code(t))
	fault := a.json(t)["error"].(map[string]any)["faults"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"file": "mine", "line": 4.0, "column": 9.0, "path": "window", "message": fault["message"]}, fault)
	a = f.do(http.MethodPut, "/api/v1/rules/shipped", "id: shipped\nname: Mine\nquery: a\n", yaml...)
	assert.Equal(t, "bad_rule", a.code(t))
	assert.Contains(t, string(a.body), "say `replaces: acme`")
	a = f.do(http.MethodPut, "/api/v1/rules/new?try=true", "id: new\nname: New\nquery: a\n", yaml...)
	assert.Equal(t, http.StatusOK, a.status, "%s", a.body)
	assert.Equal(t, "not_found", f.get("/api/v1/rules/new").code(t))
	assert.Equal(t, "conflict", f.do(http.MethodDelete, "/api/v1/rules/shipped", "").code(t))

	for _, to := range [][2]string{{"silence", "silent"}, {"disable", "off"}, {"enable", "on"}} {
		assert.Equal(t, to[1], f.ok(f.do(http.MethodPost, "/api/v1/rules/shipped/"+to[0], ""))["state"])
	}
	list := f.ok(f.get("/api/v1/rules?limit=2"))
	assert.Len(t, list["rules"], 2)
	assert.EqualValues(t, 3, list["total"])
	assert.Equal(t, "shipped", f.ok(f.get("/api/v1/rules?after=quiet"))["rules"].([]any)[0].(map[string]any)["id"])
	assert.Len(t, f.ok(f.get("/api/v1/rules?state=silent&source=plugin"))["rules"], 1)
	assert.Equal(t, "bad_request", f.get("/api/v1/rules?state=loud").code(t))

	f.token = readerToken
	assert.Len(t, f.ok(f.get("/api/v1/rules"))["rules"], 3)
	assert.Equal(t, "forbidden", put(text).code(t))
}

func TestRulesByTheClient(t *testing.T) {
	f := newFixture(t, withRules(t, "rules: [{id: shipped, name: Shipped, query: a}]\n"))
	c, err := client.New(client.Options{URL: f.http.URL, Token: f.token})
	require.NoError(t, err)
	ctx := t.Context()
	r, err := c.PutRule(ctx, "mine", "id: mine\nname: Mine\nquery: a\n", client.RuleChange{New: true, Note: "first"})
	require.NoError(t, err)
	require.Equal(t, client.RuleOrigin{Source: "api"}, r.Origin)
	_, err = c.PutRule(ctx, "mine", "id: mine\nname: Mine\nquery: (a\n", client.RuleChange{})
	require.True(t, client.IsCode(err, client.CodeBadRule))
	var answer *client.Error
	require.ErrorAs(t, err, &answer)
	require.Equal(t, 3, answer.Faults[0].Line)
	require.Equal(t, "query", answer.Faults[0].Path)
	_, err = c.PutRule(ctx, "mine", "id: mine\nname: Mine\nquery: b\n", client.RuleChange{Version: 1})
	require.NoError(t, err)
	_, err = c.DisableRule(ctx, "mine", client.RuleChange{Version: 1})
	require.True(t, client.IsCode(err, client.CodeStale))
	r, err = c.SilenceRule(ctx, "mine", client.RuleChange{Version: 2})
	require.NoError(t, err)
	require.Equal(t, "silent", r.State)
	first, third := int64(0), int64(3)
	_, err = c.PutRules(ctx, []client.RuleText{{ID: "two", Text: "id: two\nname: Two\nquery: a\n", Version: &first}, {ID: "mine", Text: "id: mine\nname: Mine\nquery: (\n"}}, client.RuleChange{})
	require.True(t, client.IsCode(err, client.CodeBadRule))
	require.ErrorAs(t, err, &answer)
	require.Equal(t, "mine", answer.Faults[0].File)
	_, err = c.Rule(ctx, "two")
	require.Error(t, err, "all or none")
	list, err := c.PutRules(ctx, []client.RuleText{{ID: "two", Text: "id: two\nname: Two\nquery: a\n", Version: &first}, {ID: "mine", Text: "id: mine\nname: Mine\nquery: c\n", Version: &third}}, client.RuleChange{Note: "both"})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 4}, []int64{list[0].Version, list[1].Version})
	_, err = c.PutRules(ctx, []client.RuleText{{ID: "two", Text: "id: two\nname: Two\nquery: b\n", Version: &first}}, client.RuleChange{})
	require.True(t, client.IsCode(err, client.CodeStale))
	require.Equal(t, "silent", list[1].State)
	var many []client.RuleText
	for i := range 20 { // each as long as the body of another request may be in all
		id := fmt.Sprintf("many-%d", i)
		many = append(many, client.RuleText{ID: id, Text: "id: " + id + "\nname: Many\nquery: a\nremarks: " + strings.Repeat("x", 100_000) + "\n"})
	}
	list, err = c.PutRules(ctx, many, client.RuleChange{})
	require.NoError(t, err, "a collection of rules is one change")
	require.Len(t, list, len(many))
	many = []client.RuleText{{ID: "many", Text: strings.Repeat("x", 33<<20)}}
	_, err = c.PutRules(ctx, many, client.RuleChange{})
	require.ErrorAs(t, err, &answer)
	require.Equal(t, "too_large", answer.Code)
	require.Equal(t, 413, answer.Status)
	require.Equal(t, "the rules have more than 33554432 bytes together", answer.Message)
	r, err = c.RollbackRule(ctx, "mine", 1, client.RuleChange{Note: "again"})
	require.NoError(t, err)
	require.Equal(t, "on", r.State)
	history, err := c.RuleHistory(ctx, "mine", 0, 1)
	require.NoError(t, err)
	require.Len(t, history, 1)
	require.Equal(t, "again", history[0].Note)
	text, err := c.RuleDiff(ctx, "mine", 4, 5)
	require.NoError(t, err)
	require.Contains(t, text, "\n-query: c\n+query: a\n")
	v, err := c.RuleVersion(ctx, "mine", 2)
	require.NoError(t, err)
	require.Equal(t, "id: mine\nname: Mine\nquery: b\n", v.Text)
	r, err = c.DeleteRule(ctx, "mine", client.RuleChange{})
	require.NoError(t, err)
	require.Nil(t, r)
	_, err = c.Rule(ctx, "mine")
	require.True(t, client.IsCode(err, client.CodeNotFound))
	r, err = c.EnableRule(ctx, "shipped", client.RuleChange{})
	require.NoError(t, err)
	require.Equal(t, "acme", r.Origin.Plugin)
	all, err := c.Rules(ctx, client.RuleFilter{Source: "plugin"})
	require.NoError(t, err)
	require.Len(t, all.Rules, 1)
}
