package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// ruledHost is a host that tells alerts to a file, and has a folder of rules.
type ruledHost struct {
	*hostProcess
	told, own string
}

// newRuledHost has the plugins that are named, or all.
func newRuledHost(t *testing.T, plugins ...string) *ruledHost {
	h := &ruledHost{told: filepath.Join(t.TempDir(), "alerts.jsonl"), own: t.TempDir()}
	dirs := ""
	if len(plugins) > 0 {
		dirs = ", dirs: [" + strings.Join(pluginDirs(t, plugins...), ", ") + "]"
	}
	h.hostProcess = newHost(t, fmt.Sprintf("alerts: {rules: %s}\nplugins: {settings: {file: {config: {targets: [{name: all, path: %s}]}}}%s}\n", h.own, h.told, dirs))
	return h
}

// rules are those of the alerts that were told, in order.
func (h *ruledHost) rules() (ids []string) {
	h.t.Helper()
	text, _ := os.ReadFile(h.told)
	for line := range strings.Lines(string(text)) {
		var a struct{ Rule string }
		require.NoError(h.t, json.Unmarshal([]byte(line), &a), line)
		ids = append(ids, a.Rule)
	}
	return ids
}

func (h *ruledHost) ingest(lines ...string) {
	h.t.Helper()
	_, err := h.client().Ingest(h.t.Context(), "http", []byte(strings.Join(lines, "\n")+"\n"), client.IngestOptions{})
	require.NoError(h.t, err)
}

// tells waits until alerts of these rules, and no others, were told since the last time.
func (h *ruledHost) tells(want ...string) {
	h.t.Helper()
	h.waitFor(fmt.Sprint("alerts of ", want), time.Minute, func() bool { return len(h.rules()) >= len(want) })
	require.ElementsMatch(h.t, want, h.rules())
	require.NoError(h.t, os.Truncate(h.told, 0))
}

func keywordRule(id, word string, more ...string) string {
	return fmt.Sprintf("# As it was written.\nid: %s\nname: Rule %s\ntype: keyword\nquery: %s\nquiet: 1s\ngroup_by: [logcenter.position]\n%s", id, id, word, strings.Join(more, ""))
}

// TestRules: a rule is written, sees a line, survives kills, and goes back to what it was; rules of files and of plugins
// beside it, and what a detector remembers of them.
func TestRules(t *testing.T) {
	h := newRuledHost(t)
	file := func(name, text string) string {
		path := filepath.Join(h.own, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	file("own.yaml", "rules:\n  - {id: thrice, name: Three times, query: slow, threshold: 2}\n")
	h.start()
	require.Regexp(t, `(?m)^login-failures +on +correlation +1 +Error +frequency `, h.does("rule", "list"))
	require.Regexp(t, `(?m)^thrice +on +\S+/own\.yaml +1 +Warn +frequency +Three times`, h.does("rule", "list", "--wide"))
	mine := filepath.Join(t.TempDir(), "mine.yaml")
	put := func(text string, more ...string) (string, error) {
		require.NoError(t, os.WriteFile(mine, []byte(text), 0o600))
		return h.cli(append([]string{"rule", "put", mine}, more...)...)
	}
	h.ingest("slow one")
	out, err := put(keywordRule("mine", "alpha"), "--note", "ticket 7", "--new")
	require.NoError(t, err)
	require.Equal(t, "rule mine is on, version 1, from api\n", out)
	h.ingest("alpha", "slow two", "slow three")
	h.tells("mine", "thrice") // the first slow one came before the detector was swapped

	// What is no rule, and what the detector refuses, changes nothing and has its place in the file.
	out, err = put(keywordRule("mine", "no.such.field:1"))
	require.Error(t, err)
	require.Contains(t, out, mine+":5: query: ")
	require.Contains(t, out, "plugin correlation says so")
	out, err = put("rules:\n  - id: fine\n    name: Fine\n    query: fine\n\n  - id: other\n    name: Other\n    query: other\n    group_by: [no.such.field]\n")
	require.Error(t, err)
	require.NotContains(t, out, "rule fine is on", "all or none")
	require.Contains(t, out, mine+":9: group_by[0]: ")
	out, err = put(keywordRule("mine", "beta"), "--if-version", "7")
	require.Error(t, err)
	require.Contains(t, out, "version 7 of the rule mine was expected, it has version 1 by admin")
	out, err = put(keywordRule("login-failures", "beta"))
	require.Error(t, err)
	require.Contains(t, out, "say `replaces: correlation`")
	require.Equal(t, keywordRule("mine", "alpha"), h.yaml("mine"))

	// Switched, changed, killed.
	h.does("rule", "silence", "thrice", "--note", "noisy")
	out, err = h.cli("rule", "disable", "mine", "nobody-has-it")
	require.Error(t, err)
	require.Contains(t, out, `there is no such rule: "nobody-has-it"`)
	require.NotContains(t, h.does("rule", "list", "--state", "off"), "mine", "all or none")
	h.does("rule", "disable", "mine")
	_, err = put(keywordRule("mine", "beta"))
	require.NoError(t, err)
	h.does("rule", "enable", "mine")
	_, err = put(keywordRule("login-failures", "login", "replaces: correlation\n"))
	require.NoError(t, err)
	require.Regexp(t, `(?m)^login-failures +on +api for correlation +2 `, h.does("rule", "list"))
	h.kill(syscall.SIGKILL)
	h.start()
	require.Equal(t, keywordRule("mine", "beta"), h.yaml("mine"))
	h.ingest("alpha beta", "login")
	h.tells("mine", "login-failures")
	require.Regexp(t, `(?s)^version +at +by +action +state +note\n +4 .* admin +enable +on *\n +3 .* put +off *\n +2 .* disable +off *\n +1 .* put +ticket 7\n$`, h.does("rule", "history", "mine"))
	require.Contains(t, h.does("rule", "diff", "mine", "1"), "\n-query: alpha\n+query: beta\n")
	require.Contains(t, h.does("rule", "rollback", "mine", "1", "--note", "it was better"), "rule mine is on, version 5, from api")
	require.Equal(t, keywordRule("mine", "alpha"), h.yaml("mine"))
	require.Contains(t, h.does("rule", "delete", "login-failures"), "rule login-failures is on, version 3, from correlation")
	h.ingest("alpha", "beta", "login")
	h.tells("mine")
	require.Contains(t, h.metrics(), "\nlogcenter_rules{source=\"directory\",state=\"silent\"} 1\n")

	// Files are read again, as a whole or not at all.
	file("own.yaml", "rules:\n  - {id: thrice, name: Three times, query: slow, threshold: 2}\n  - {id: gamma, name: Gamma, type: keyword, query: gamma, group_by: [logcenter.position]}\n")
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGHUP))
	h.waitFor("the rule gamma", time.Minute, func() bool { _, err := h.client().Rule(t.Context(), "gamma"); return err == nil })
	h.ingest("gamma")
	h.tells("gamma")
	h.kill(syscall.SIGTERM)
	file("own.yaml", "rules:\n  - {id: gamma, name: Gamma, type: keyword, query: delta, group_by: [logcenter.position]}\n")
	file("wrong.yaml", "rules:\n  - {id: wrong, name: Wrong, query: 'a AND'}\n  - {id: refused, name: Refused, query: 'no.such.field:1'}\n")
	h.start()
	require.Regexp(t, `(?m)^ +2 .*/own\.yaml +edit`, h.does("rule", "history", "gamma", "--wide"))
	require.Regexp(t, `(?m)^ +3 .*/own\.yaml +vanish +gone`, h.does("rule", "history", "thrice", "--wide"))
	h.waitFor("what is wrong", time.Minute, func() bool {
		return strings.Contains(h.does("rule", "list"), "\nrefused ") && strings.Contains(h.does("rule", "list"), "note: rule refused: in ")
	})
	health := h.does("health")
	require.Contains(t, health, "wrong.yaml:2:")
	out, err = h.program("rule", "validate", h.own)
	require.Error(t, err)
	require.Contains(t, out, "wrong.yaml:2:")
	h.ingest("delta")
	h.tells("gamma")
}

func (h *ruledHost) yaml(id string) string {
	h.t.Helper()
	r, err := h.client().Rule(h.t.Context(), id)
	require.NoError(h.t, err)
	return r.Text
}

// TestRulesUnderKills: whenever the host is killed while a rule is changed, it has the old text or the new one, and its
// detector looks for that.
func TestRulesUnderKills(t *testing.T) {
	kills := 1
	if long() {
		kills = 25
	}
	h := newRuledHost(t, "correlation", "file")
	h.start()
	c := h.client()
	n := 0 // of the last change that was acknowledged
	for range kills {
		var timer *time.Timer
		for {
			if _, err := c.PutRule(t.Context(), "mine", keywordRule("mine", fmt.Sprintf("word%d", n+1)), client.RuleChange{Version: int64(n), New: n == 0}); err != nil {
				break
			}
			if n++; timer == nil {
				timer = time.AfterFunc(time.Duration(rand.IntN(500))*time.Millisecond, func() { _ = h.cmd.Process.Signal(syscall.SIGKILL) })
			}
		}
		require.NotNil(t, timer, "one was acknowledged")
		timer.Stop()
		h.kill(syscall.SIGKILL)
		h.start()
		r, err := h.client().Rule(t.Context(), "mine")
		require.NoError(t, err)
		require.Contains(t, []int64{int64(n), int64(n) + 1}, r.Version)
		n = int(r.Version)
		require.Equal(t, keywordRule("mine", fmt.Sprintf("word%d", n)), r.Text)
		h.ingest(fmt.Sprintf("word%d", n-1), fmt.Sprintf("word%d", n))
		h.tells("mine")
	}
}
