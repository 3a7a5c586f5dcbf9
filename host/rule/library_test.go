package rule_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/rule"
)

// watcher takes rules as a detector does, and refuses those whose query asks for a field called nothing.
type watcher struct {
	started bool
	rules   []byte
	given   int // how often it was given rules while it runs
}

func (w *watcher) Set(rules []byte) { w.rules = rules }

func (w *watcher) Check(_ context.Context, rules []byte) error {
	if !w.started {
		return nil
	}
	var list []struct{ Query string }
	if err := json.Unmarshal(rules, &list); err != nil {
		return err
	}
	refused := &rule.RefusedError{Detector: "watcher"}
	for i, r := range list {
		if strings.Contains(r.Query, "nothing:") {
			refused.Faults = append(refused.Faults, rule.RefusedFault{Rule: i, Path: "query", Msg: "nothing is not a field"})
		}
	}
	if len(refused.Faults) > 0 {
		return refused
	}
	return nil
}

func (w *watcher) Give(ctx context.Context, rules []byte) error {
	if err := w.Check(ctx, rules); err != nil {
		return err
	}
	w.rules = rules
	w.given++
	return nil
}

// ids are the rules that it looks for, silent ones in parentheses.
func (w *watcher) ids(t *testing.T) (ids []string) {
	t.Helper()
	var list []struct {
		ID     string
		Silent bool
	}
	require.NoError(t, json.Unmarshal(w.rules, &list))
	for _, r := range list {
		if r.Silent {
			r.ID = "(" + r.ID + ")"
		}
		ids = append(ids, r.ID)
	}
	return ids
}

// world is everything around a library.
type world struct {
	t       *testing.T
	dir     string
	plugins []rule.Plugin
	watcher *watcher
	library *rule.Library
	close   func()
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir()}
	for _, id := range []string{"acme", "zeta"} {
		w.plugins = append(w.plugins, rule.Plugin{ID: id, Version: "1.0.0", Dir: filepath.Join(w.dir, id)})
	}
	require.NoError(t, os.MkdirAll(filepath.Join(w.dir, "own"), 0o700))
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o600))
}

func (w *world) start() {
	w.t.Helper()
	m, err := metadata.Open(w.t.Context(), filepath.Join(w.dir, "meta.db"), "1.0.0", rule.Schema)
	require.NoError(w.t, err)
	w.close = func() { require.NoError(w.t, m.Close()) }
	log := logrus.New()
	log.SetOutput(io.Discard)
	w.watcher = &watcher{}
	w.library, err = rule.Open(w.t.Context(), rule.Options{
		Store: m, Directory: filepath.Join(w.dir, "own"), Plugins: func() []rule.Plugin { return slices.Clone(w.plugins) }, Detectors: w.watcher, Log: logrus.NewEntry(log),
	})
	require.NoError(w.t, err)
	// The watcher starts, as a plugin does behind the library.
	given := w.watcher.rules
	w.watcher.started = true
	if refused, ok := w.watcher.Check(w.t.Context(), given).(*rule.RefusedError); ok { //nolint:errorlint // it is not wrapped
		given = w.library.LeaveOut(given, refused)
	}
	require.NoError(w.t, w.watcher.Give(w.t.Context(), given))
}

func (w *world) stop() {
	if w.close != nil {
		w.close()
	}
	w.close = nil
}

func (w *world) problems() string {
	var lines []string
	for _, p := range w.library.Problems() {
		lines = append(lines, strings.ReplaceAll(p.String(), w.dir+"/", ""))
	}
	return strings.Join(lines, "\n")
}

// history is one line a version, the newest first.
func (w *world) history(id string) (lines []string) {
	w.t.Helper()
	list, err := w.library.History(w.t.Context(), id, 0, 100)
	require.NoError(w.t, err)
	for _, v := range list {
		line := fmt.Sprintf("%d %s by %s: %s", v.Number, v.Action, strings.ReplaceAll(v.By, w.dir+"/", ""), v.Origin.Source)
		if v.State != "" {
			line += " " + string(v.State)
		}
		if v.Gone {
			line += " gone"
		}
		if v.Note != "" {
			line += " (" + v.Note + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func one(id, query string, more ...string) string {
	return fmt.Sprintf("id: %s\nname: Rule %s\nquery: %s\n%s", id, id, query, strings.Join(more, ""))
}

const acmeRules = `# What ACME ships.
rules:
  # Passwords are tried.
  - id: logins
    name: Logins
    query: event.outcome:failure # not only of ACME
    group_by: [source.ip]
  - id: scans
    name: Scans
    description: |
      Somebody looks around.

      Block the address.
    query: event.action:scan
`

var me = rule.Change{By: "me"}

// A collection with a file for each rule is one folder, as "logcenter rule sigma" writes it.
func TestFolderOfACollection(t *testing.T) {
	dir := t.TempDir()
	const files = 1500
	for i := range files {
		text := one(fmt.Sprintf("rule-%d", i), "user.name:root")
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", i)), []byte(text), 0o600))
	}
	list, err := rule.ReadFolder(dir)
	require.NoError(t, err)
	require.Len(t, list, files)
}

func TestSources(t *testing.T) {
	w := newWorld(t)
	w.write("acme/rules/a.yaml", acmeRules)
	w.write("zeta/rules/z.yaml", "rules: [{id: scans, name: Mine, query: a}, {id: zeta, name: Zeta, query: a, silent: true}]\n")
	w.write("own/mine.yaml", "rules:\n  - "+strings.ReplaceAll(one("logins", "user.name:root"), "\n", "\n    ")+"\n  - {id: own, name: Own, query: b, disabled: true}\n")
	w.write("own/better.yaml", one("zeta", "zeta", "replaces: zeta\n"))
	w.write("own/broken.yaml", "rules:\n  - id: half\n    name: Half\n    query: a AND\n  - {id: whole, name: Whole, query: c}\n")
	w.start()
	require.Equal(t, []string{"logins", "scans", "whole", "zeta"}, w.watcher.ids(t))
	require.Equal(t, `own/broken.yaml:4:12: rules[0].query: column 3: AND has nothing on its right (put a word in quotes to search for it)
rule scans: of plugin zeta, zeta/rules/z.yaml:1: is left out, its id is taken by the rule of plugin acme, acme/rules/a.yaml:8: give one of the two another id, or remove it
rule logins: in own/mine.yaml:2: is left out, its id is taken by the rule of plugin acme, acme/rules/a.yaml:4: say `+"`replaces: acme`"+` to have it in that one's place, or give it another id`, w.problems())

	r, err := w.library.Get("logins")
	require.NoError(t, err)
	require.Equal(t, "# Passwords are tried.\nid: logins\nname: Logins\nquery: event.outcome:failure # not only of ACME\ngroup_by: [source.ip]\n", r.Text)
	r, err = w.library.Get("scans")
	require.NoError(t, err)
	require.Equal(t, "id: scans\nname: Scans\ndescription: |\n  Somebody looks around.\n\n  Block the address.\nquery: event.action:scan\n", r.Text)
	r, err = w.library.Get("zeta")
	require.NoError(t, err)
	require.Equal(t, rule.FromDirectory, r.Origin.Source)
	require.Equal(t, "zeta", r.Instead.Plugin)
	require.Equal(t, rule.On, r.State)
	r, err = w.library.Get("own")
	require.NoError(t, err)
	require.Equal(t, rule.Off, r.State)
	_, err = w.library.Get("login")
	require.ErrorIs(t, err, rule.ErrNotFound)
	require.ErrorContains(t, err, `is it "logins"?`)

	// What files become while no host runs is in the history, and so is what they become while one does.
	w.stop()
	w.write("acme/rules/a.yaml", strings.Replace(acmeRules, "event.action:scan", "event.action:probe", 1))
	w.plugins = w.plugins[:1]
	w.start()
	require.Equal(t, []string{"2 edit by plugin acme 1.0.0: plugin", "1 appear by plugin acme 1.0.0: plugin"}, w.history("scans"))
	require.Equal(t, []string{"1 appear by plugin acme 1.0.0: plugin"}, w.history("logins"))
	require.Equal(t, []string{"1 appear by own/better.yaml: directory"}, w.history("zeta"))
	text, err := w.library.Diff(t.Context(), "scans", 0, 0)
	require.NoError(t, err)
	require.Contains(t, text, "\n-query: event.action:scan\n+query: event.action:probe\n")
	require.NoError(t, os.Remove(filepath.Join(w.dir, "own", "better.yaml")))
	require.ErrorContains(t, w.library.Reload(t.Context()), "the rules stay as they are: ")
	w.write("own/broken.yaml", "rules:\n  - {id: whole, name: Whole, query: d}\n")
	require.NoError(t, w.library.Reload(t.Context()))
	require.Equal(t, []string{"2 vanish by " + "own/better.yaml: directory gone", "1 appear by own/better.yaml: directory"}, w.history("zeta"))
	require.Equal(t, "2 edit by own/broken.yaml: directory", w.history("whole")[0])
	require.Equal(t, []string{"logins", "scans", "whole"}, w.watcher.ids(t))
	w.write("own/more.yaml", "rules:\n  - {id: whole, name: Again, query: e}\n")
	require.ErrorContains(t, w.library.Reload(t.Context()), "whole: in "+w.dir+"/own/more.yaml:2: is left out, its id is taken by the rule in "+w.dir+"/own/broken.yaml:2")
}

func TestChanges(t *testing.T) {
	w := newWorld(t)
	w.write("acme/rules/a.yaml", acmeRules)
	w.start()
	ctx := t.Context()
	l := w.library
	text := "# Why.\n" + one("mine", "a")
	r, created, err := l.Put(ctx, "mine", text, rule.Change{By: "me", Note: "ticket 7", Expected: new(int64)})
	require.NoError(t, err)
	require.True(t, created)
	require.Equal(t, text, r.Text)
	require.EqualValues(t, 1, r.Latest.Number)
	require.Equal(t, []string{"logins", "mine", "scans"}, w.watcher.ids(t))
	_, _, err = l.Put(ctx, "mine", text, rule.Change{By: "me", Expected: new(int64)})
	require.EqualError(t, err, "there is a rule of this id already: mine, in version 1 by me")
	require.ErrorIs(t, err, rule.ErrExists)
	_, err = l.Version(ctx, "mine", 7)
	require.EqualError(t, err, "there is no such version: rule mine has no version 7, or not any more; the newest is 1")
	_, err = l.Version(ctx, "nowhere", 7)
	require.ErrorIs(t, err, rule.ErrNotFound)
	r, created, err = l.Put(ctx, "mine", text, me)
	require.NoError(t, err)
	require.False(t, created)
	require.EqualValues(t, 1, r.Latest.Number, "nothing has changed")
	second, number := one("mine", "b"), int64(1)
	_, _, err = l.Put(ctx, "mine", second, rule.Change{By: "you", Expected: &number})
	require.NoError(t, err)
	_, _, err = l.Put(ctx, "mine", text, rule.Change{By: "me", Expected: &number})
	require.ErrorContains(t, err, "version 1 of the rule mine was expected, it has version 2 by you")

	// Rules of a plugin are switched, and replaced by those that say so.
	_, err = l.Switch(ctx, "scans", rule.Silence, rule.Change{By: "me", Note: "noisy"})
	require.NoError(t, err)
	_, err = l.Switch(ctx, "mine", rule.Disable, me)
	require.NoError(t, err)
	require.Equal(t, []string{"logins", "(scans)"}, w.watcher.ids(t))
	_, _, err = l.Put(ctx, "scans", one("scans", "c"), me)
	require.ErrorContains(t, err, "scans:1:1: replaces: its id is taken by the rule of plugin acme, ")
	_, _, err = l.Put(ctx, "scans", one("scans", "c", "replaces: acme\n"), me)
	require.NoError(t, err)
	r, err = l.Get("scans")
	require.NoError(t, err)
	require.Equal(t, rule.Silent, r.State, "a text does not switch what somebody has switched")
	_, err = l.Delete(ctx, "logins", me)
	require.ErrorIs(t, err, rule.ErrConflict)
	r, err = l.Delete(ctx, "scans", me)
	require.NoError(t, err)
	require.Equal(t, rule.FromPlugin, r.Origin.Source)
	require.Equal(t, []string{"3 put by me: api silent", "2 silence by me: plugin silent (noisy)", "1 appear by plugin acme 1.0.0: plugin"}, w.history("scans")[1:])

	// What a detector refuses changes nothing, and names the place.
	before := w.watcher.rules
	_, _, err = l.Put(ctx, "mine", one("mine", "b"), me)
	require.NoError(t, err)
	_, _, err = l.Put(ctx, "other", "name: Other\nid: other\nquery: nothing:1\n", me)
	require.EqualError(t, err, "other:3:8: query: nothing is not a field (plugin watcher says so)")
	_, _, err = l.Put(ctx, "fine", one("fine", "a"), rule.Change{By: "me", Try: true})
	require.NoError(t, err)
	_, _, err = l.Put(ctx, "fine", one("mine", "a"), me)
	require.ErrorContains(t, err, `fine:1:5: id: "mine" is not the rule "fine"`)
	_, _, err = l.Put(ctx, "fine", "id: fine\nname: Fine\nqery: a\n", me)
	require.ErrorContains(t, err, `fine:3:1: qery: unknown key (did you mean "query"?)`)
	require.Equal(t, string(before), string(w.watcher.rules))
	_, err = l.Get("other")
	require.ErrorIs(t, err, rule.ErrNotFound)

	// Everything is there when the host comes back.
	history := w.history("mine")
	w.stop()
	w.start()
	l = w.library
	require.Equal(t, history, w.history("mine"))
	require.Equal(t, []string{"logins", "(scans)"}, w.watcher.ids(t))
	r, err = l.Rollback(ctx, "mine", 1, rule.Change{By: "me", Note: "it was better"})
	require.NoError(t, err)
	require.Equal(t, text, r.Text)
	require.Equal(t, rule.On, r.State)
	require.Equal(t, "4 rollback by me: api (it was better)", w.history("mine")[0])
	r, err = l.Rollback(ctx, "scans", 1, me)
	require.NoError(t, err)
	require.Equal(t, rule.On, r.State, "a plugin's text that is still there")
	_, err = l.Rollback(ctx, "scans", 3, me)
	require.NoError(t, err)
	require.Equal(t, []string{"logins", "mine", "(scans)"}, w.watcher.ids(t))
	r, err = l.Delete(ctx, "mine", me)
	require.NoError(t, err)
	require.Nil(t, r)
	_, err = l.Rollback(ctx, "mine", 2, me)
	require.NoError(t, err)
	require.Equal(t, "6 rollback by me: api", w.history("mine")[0])
	_, err = l.Rollback(ctx, "mine", 9, me)
	require.ErrorIs(t, err, rule.ErrNoVersion)

	// The plugin's rule of version 1 is not what it ships now.
	w.stop()
	w.write("acme/rules/a.yaml", strings.Replace(acmeRules, "event.action:scan", "event.action:probe", 1))
	w.start()
	_, err = w.library.Rollback(ctx, "scans", 1, me)
	require.ErrorContains(t, err, "version 1 of the rule scans is that of plugin acme 1.0.0, which is not there any more as it was")
}

// A rule that a detector refuses when it starts is left out, and the others run.
// TestManyAtOnce: rules that are put together are one change, of all or of none.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	w.write("acme/rules/acme.yaml", "rules: [{id: shipped, name: Shipped, query: a}]\n")
	w.start()
	w.watcher.started = true
	text := func(id, query string) rule.Text {
		return rule.Text{ID: id, Text: fmt.Sprintf("id: %s\nname: Rule %s\nquery: %s\n", id, id, query)}
	}
	none, first := int64(0), int64(1)
	put := func(texts ...rule.Text) ([]*rule.Rule, error) {
		return w.library.PutAll(t.Context(), texts, rule.Change{By: "ann", Note: "all of them"})
	}
	var many []rule.Text
	for i := range 50 {
		many = append(many, text(fmt.Sprintf("r%02d", i), "a"))
	}
	given := w.watcher.given
	list, err := put(many...)
	require.NoError(t, err)
	require.Len(t, list, 50)
	require.Equal(t, 1, w.watcher.given-given)
	require.Len(t, w.watcher.ids(t), 51)
	require.EqualValues(t, 1, list[49].Latest.Number)
	require.Equal(t, "all of them", list[49].Latest.Note)

	for name, tt := range map[string]struct {
		texts []rule.Text
		want  string
	}{
		"one is no rule":       {[]rule.Text{text("new", "a"), text("r01", "(")}, "r01:3:"},
		"two are none":         {[]rule.Text{text("r02", "("), text("r01", "(")}, "r02:3:"},
		"a detector refuses":   {[]rule.Text{text("new", "a"), text("r01", "nothing:1")}, "nothing is not a field"},
		"one is a plugin's":    {[]rule.Text{text("new", "a"), text("shipped", "a")}, "say `replaces: acme`"},
		"one is there twice":   {[]rule.Text{text("new", "a"), text("new", "b")}, `"new" is written twice`},
		"another id":           {[]rule.Text{{ID: "new", Text: text("other", "a").Text}}, `"other" is not the rule "new"`},
		"one is of before":     {[]rule.Text{text("new", "a"), {ID: "r01", Text: text("r01", "b").Text, Expected: &none}}, "there is a rule of this id already: r01, in version 1 by ann"},
		"one is not there yet": {[]rule.Text{{ID: "new", Text: text("new", "b").Text, Expected: &first}}, "there is no rule new"},
	} {
		given := w.watcher.given
		_, err := put(tt.texts...)
		require.ErrorContains(t, err, tt.want, name)
		require.Equal(t, given, w.watcher.given, name)
		_, err = w.library.Get("new")
		require.ErrorIs(t, err, rule.ErrNotFound, name)
	}

	given = w.watcher.given
	list, err = put(text("r00", "a"), text("r01", "b"))
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2}, []int64{list[0].Latest.Number, list[1].Latest.Number}, "what is as it was has no new version")
	require.Equal(t, 1, w.watcher.given-given)
	_, err = put(text("r00", "a"), text("r01", "b"))
	require.NoError(t, err)
	require.Equal(t, 1, w.watcher.given-given, "nothing is changed")
}

func TestRefusedAtStart(t *testing.T) {
	w := newWorld(t)
	w.write("acme/rules/a.yaml", acmeRules)
	w.write("own/b.yaml", "rules:\n  - {id: bad, name: Bad, query: 'nothing:1'}\n  - {id: good, name: Good, query: a}\n")
	w.start()
	require.Equal(t, []string{"good", "logins", "scans"}, w.watcher.ids(t))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.library.Run(ctx) }()
	require.Eventually(t, func() bool { return w.problems() != "" }, time.Minute, time.Millisecond)
	require.Equal(t, "rule bad: in own/b.yaml:2: plugin watcher refuses it: query: nothing is not a field", w.problems())
	_, _, err := w.library.Put(ctx, "mine", one("mine", "a"), me)
	require.NoError(t, err, "others can be changed")
	w.write("own/b.yaml", "rules:\n  - {id: bad, name: Bad, query: 'something:1'}\n  - {id: good, name: Good, query: a}\n")
	require.NoError(t, w.library.Reload(ctx))
	require.Equal(t, []string{"bad", "good", "logins", "mine", "scans"}, w.watcher.ids(t))
	require.Empty(t, w.problems())
	w.write("own/b.yaml", "rules:\n  - {id: bad, name: Bad, query: 'something:1'}\n  - {id: good, name: Good, query: 'nothing:2'}\n")
	require.ErrorContains(t, w.library.Reload(ctx), w.dir+"/own/b.yaml:3:35: rules[1].query: nothing is not a field (plugin watcher says so)")
	require.Equal(t, []string{"bad", "good", "logins", "mine", "scans"}, w.watcher.ids(t))
	cancel()
	<-done
}
