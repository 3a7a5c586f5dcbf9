package plugin_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// scripted makes the folder of a plugin in Python below dir.
func scripted(t *testing.T, dir, id, kind, script string, lines ...string) string {
	t.Helper()
	folder := filepath.Join(dir, id)
	require.NoError(t, os.MkdirAll(folder, 0o755))
	text := trial.Manifest(id, kind, append([]string{"runtime: python3"}, lines...)...)
	require.NoError(t, os.WriteFile(filepath.Join(folder, manifest.Name), []byte(text), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.py"), []byte(script), 0o600))
	return folder
}

// pythonParser does what its line says.
const pythonParser = `
import os, sys
from dataclasses import dataclass
from typing import Annotated
import words
from logcenter import Error, Parser, Permanent, Skip, pairs, serve

@dataclass
class Config:
    greeting: Annotated[str, "What every event is told."] = "hello"

    def __post_init__(self):
        if self.greeting == "no":
            raise ValueError("greeting: say something kind")

class Trial(Parser):
    def __init__(self, config):
        self.config = config

    def parse(self, line, ev):
        print("printed", line)
        word = line.split(b" ")[0]
        if word == words.EXIT:
            os._exit(9)
        ev.set("event.action", word)
        for key, begin, end in pairs(line):
            if key == b"port":
                ev.span("source.port", begin, end)
        if word == b"error":
            raise Error("not mine")
        if word == b"dead":
            raise Permanent("never")
        if word == b"raise":
            raise KeyError(line)
        if word == b"skip":
            raise Skip

serve(Trial, Config)
`

func startPython(t *testing.T, id, kind, script string, config map[string]any, lines ...string) (*plugin.Plugin, error) {
	t.Helper()
	trial.Python(t)
	dir := t.TempDir()
	folder := scripted(t, dir, id, kind, script, lines...)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "words.py"), []byte("EXIT = b'exit'\n"), 0o600))
	r, err := trial.Open(t, dir, plugin.Options{Plugins: map[string]plugin.Settings{id: {Config: config}}})
	require.NoError(t, err)
	err = r.Start(t.Context())
	p, missing := r.Get(id)
	require.NoError(t, missing)
	return p, err
}

func TestPythonParser(t *testing.T) {
	p, err := startPython(t, "py", "parser", pythonParser, nil, "permissions: {drop: true}", "trusted: true")
	require.NoError(t, err)
	b := batch("open port=22", "error port=x", "dead", "raise port=7", "skip", "port=80 port=81", "")
	a, err := p.Process(t.Context(), b)
	require.NoError(t, err)
	defer a.Release()
	require.Len(t, a.Parts, 1)
	r := a.Parts[0].Reply
	action, port := r.Column(uint32(ecs.EventAction)), r.Column(uint32(ecs.SourcePort))
	assert.Equal(t, wire.Encoding_SPAN, action.Encoding)
	assert.Equal(t, []byte{0b0110111}, action.Present, "what was set before an exception is not kept, what was set before an error is")
	assert.Equal(t, []byte{0b0100001}, port.Present)
	assert.EqualValues(t, 22, port.Int(0))
	assert.EqualValues(t, 81, port.Int(1), "the last one counts")
	var said []string
	for _, e := range r.Errors {
		said = append(said, e.Code+" "+e.Message+" "+e.Disposition.String())
	}
	assert.Equal(t, []string{
		"error not mine KEEP", "error never DEAD_LETTER", "panic the plugin raised KeyError; its log has the traceback KEEP",
	}, said)
	assert.Equal(t, []byte{0b0010000}, r.Drop)
	assert.Equal(t, map[string]int64{"bad_values": 1, "panics": 1}, r.Counters)
	assert.Contains(t, string(p.ConfigSchema()), `"description": "What every event is told."`)
}

func TestPythonProcessIsSupervised(t *testing.T) {
	p, err := startPython(t, "py", "parser", pythonParser, nil)
	require.NoError(t, err)
	first := p.PID()
	require.NoError(t, syscall.Kill(first, syscall.SIGTERM), "whoever stops the group means the host")
	a, err := p.Process(t.Context(), batch("a", "exit", "b"))
	require.NoError(t, err)
	defer a.Release()
	assert.EqualValues(t, 1, p.Poisoned.Load(), "the line that ends the process is found")
	handled := 0
	for _, part := range a.Parts {
		if part.Reply != nil {
			handled += part.To - part.From
		}
	}
	assert.Equal(t, 2, handled)
	require.Eventually(t, func() bool { return p.PID() != 0 && p.PID() != first }, time.Minute, 10*time.Millisecond)
	p.Disable()
	require.Eventually(t, func() bool { return syscall.Kill(first, 0) == syscall.ESRCH }, time.Minute, 10*time.Millisecond)
}

const pythonEnricher = `
from logcenter import Enricher, serve

class Names(Enricher):
    def enrich(self, ev):
        ev.label("user.name", "user of " + ev.get("event.action").decode())
        ev.set("host.name", "undeclared")

serve(Names)
`

const pythonMasker = `
from logcenter import Masker, serve

class Digits(Masker):
    def mask(self, text, edits):
        if text == b"exit":
            raise ValueError
        at = text.find(b"secret")
        while at >= 0:
            edits.replace(at, at + 6, "***")
            at = text.find(b"secret", at + 1)

serve(Digits)
`

const pythonDetector = `
import json
from logcenter import Alert, Detector, serve

class Counts(Detector):
    def __init__(self):
        self.n = 0

    def detect(self, ev, emit):
        self.n += 1
        if self.n % 2 == 0:
            emit(Alert(rule="even", name="two more", event_count=self.n))

    def tick(self, watermark, emit):
        emit(Alert(rule="tick", first_ns=watermark))

    def snapshot(self):
        return json.dumps(self.n).encode()

    def restore(self, state):
        self.n = json.loads(state)

serve(Counts)
`

const pythonNotifier = `
from logcenter import Notifier, RetryAfter, serve

class Prints(Notifier):
    def notify(self, alert):
        if alert.name == "busy":
            raise RetryAfter(1.5, "not now")

serve(Prints)
`

func TestPythonKinds(t *testing.T) {
	enricher, err := startPython(t, "enricher", "enricher", pythonEnricher, nil)
	require.NoError(t, err)
	b := batch("login of li")
	b.Columns = append(b.Columns, &wire.Column{Field: uint32(ecs.EventAction), Type: wire.Type_STRING, Encoding: wire.Encoding_SPAN, Width: 4, Count: 1, Values: []byte{0, 0, 5, 0}})
	a, err := enricher.Process(t.Context(), b)
	require.NoError(t, err)
	r := a.Parts[0].Reply
	require.Len(t, r.Columns, 1)
	assert.Equal(t, "user of login", string(r.Columns[0].Bytes(0)))
	assert.Equal(t, map[string]int64{"undeclared_fields": 1}, r.Counters)
	a.Release()

	masker, err := startPython(t, "masker", "masker", pythonMasker, nil)
	require.NoError(t, err)
	a, err = masker.Process(t.Context(), batch("a secret secret", "none", "exit"))
	require.NoError(t, err)
	r = a.Parts[0].Reply
	require.Len(t, r.Edits, 1)
	assert.Equal(t, 2, r.Edits[0].Len())
	assert.Equal(t, []string{"***"}, r.Edits[0].Replacements)
	require.Len(t, r.Errors, 1)
	assert.EqualValues(t, 2, r.Errors[0].Row)
	a.Release()

	detector, err := startPython(t, "detector", "detector", pythonDetector, nil)
	require.NoError(t, err)
	b = batch("a", "b", "c")
	b.Offset = 7
	reply, err := detector.Detect(t.Context(), 1, b)
	require.NoError(t, err)
	require.Len(t, reply.Alerts, 1)
	assert.EqualValues(t, 2, reply.Alerts[0].EventCount)
	reply.Release()
	offset, state, err := detector.Snapshot(t.Context(), 1)
	require.NoError(t, err)
	assert.EqualValues(t, 7, offset)
	assert.Equal(t, "3", string(state))
	require.NoError(t, detector.Restore(t.Context(), 9, []byte("41")))
	result, err := detector.Tick(t.Context(), 1, &wire.TickRequest{WatermarkNs: 5e9, Offset: 9})
	require.NoError(t, err)
	require.Len(t, result.Alerts, 1)
	assert.Equal(t, 5*time.Second, time.Duration(result.Alerts[0].FirstNs))
	assert.NotEmpty(t, result.Alerts[0].Id)

	notifier, err := startPython(t, "notifier", "notifier", pythonNotifier, nil)
	require.NoError(t, err)
	err = notifier.Notify(t.Context(), &wire.Alert{Name: "busy"}, time.Minute)
	require.ErrorContains(t, err, "not now")
	var failed *plugin.NotifyError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 1500*time.Millisecond, failed.RetryAfter)
	require.NoError(t, notifier.Notify(t.Context(), &wire.Alert{Name: "fine"}, time.Minute))
}

func TestPythonPluginsThatDoNotStart(t *testing.T) {
	trial.Python(t)
	dir := t.TempDir()
	serve := "from logcenter import Parser, serve\nclass P(Parser):\n    pass\n"
	scripted(t, dir, "lacks", "parser", "import nowhere_to_be_found\n")
	scripted(t, dir, "broken", "parser", "def f(:\n")
	scripted(t, dir, "renamed", "parser", "from logcenter import Persar\n")
	scripted(t, dir, "binary", "parser", serve, "binary: /bin/true")
	scripted(t, dir, "missing", "parser", serve, "binary: other.py")
	writable := scripted(t, dir, "writable", "parser", serve)
	require.NoError(t, os.WriteFile(filepath.Join(writable, "words.py"), nil, 0o600))
	require.NoError(t, os.Chmod(filepath.Join(writable, "words.py"), 0o666))
	venv := scripted(t, dir, "venv", "parser", serve)
	require.NoError(t, os.MkdirAll(filepath.Join(venv, ".venv", "lib"), 0o755))
	require.NoError(t, os.Chmod(filepath.Join(venv, ".venv", "lib"), 0o777))
	linked := scripted(t, dir, "linked", "parser", serve)
	shared := filepath.Join(t.TempDir(), "shared")
	require.NoError(t, os.MkdirAll(filepath.Join(shared, "lib"), 0o755))
	require.NoError(t, os.Chmod(filepath.Join(shared, "lib"), 0o777))
	require.NoError(t, os.Symlink(shared, filepath.Join(linked, ".venv")))
	empty := scripted(t, dir, "empty", "parser", serve)
	require.NoError(t, os.Mkdir(filepath.Join(empty, ".venv"), 0o755))
	refuses := scripted(t, dir, "refuses", "parser", pythonParser)
	require.NoError(t, os.WriteFile(filepath.Join(refuses, "words.py"), nil, 0o600))
	key := scripted(t, dir, "key", "parser", pythonParser)
	require.NoError(t, os.WriteFile(filepath.Join(key, "words.py"), nil, 0o600))
	r, err := trial.Open(t, dir, plugin.Options{Plugins: map[string]plugin.Settings{
		"refuses": {Config: map[string]any{"greeting": "no"}}, "key": {Config: map[string]any{"greting": "no"}},
	}})
	require.NoError(t, err)
	require.Error(t, r.Start(t.Context()))
	for id, want := range map[string]string{
		"lacks":    "it needs python3 with nowhere_to_be_found (No module named 'nowhere_to_be_found'): python3 -m venv " + dir + "/lacks/.venv && ",
		"broken":   "its script cannot run: main.py:1: invalid syntax",
		"renamed":  "its script cannot run: cannot import name 'Persar' from 'logcenter'",
		"binary":   "with runtime: python3 it is a .py file in the plugin's folder",
		"missing":  "other.py: no such file",
		"writable": "words.py can be written by others",
		"venv":     ".venv/lib can be written by others",
		"linked":   "shared/lib can be written by others",
		"empty":    "is not there",
		"refuses":  "greeting: say something kind",
		"key":      "greting: no such key; nearest is greeting",
	} {
		p, err := r.Get(id)
		require.NoError(t, err)
		s, reason := p.State()
		assert.Equal(t, plugin.Failed, s, id)
		assert.Contains(t, reason, want, id)
	}
	t.Setenv("PATH", t.TempDir())
	err = r.Enable(t.Context(), "lacks")
	require.ErrorContains(t, err, "it needs python3, which is not in the path")
	assert.True(t, strings.HasPrefix(err.Error(), "plugin lacks: "))
}

// The scripts of the past are kept and run again, until they are swept.
func TestPythonOfThePast(t *testing.T) {
	trial.Python(t)
	dir, run := t.TempDir(), filepath.Join(t.TempDir(), "run")
	says := func(word string) string {
		return "from logcenter import Parser, serve\nclass P(Parser):\n    def parse(self, line, ev):\n        ev.label('event.action', '" + word + "')\nserve(P)\n"
	}
	folder := scripted(t, dir, "py", "parser", says("old"))
	r, err := plugin.Open(plugin.Options{Dirs: []string{dir}, RunDir: run, Log: trial.Quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	require.NoError(t, r.Enable(t.Context(), "py"))
	p, err := r.Get("py")
	require.NoError(t, err)
	old, ok := p.Record()
	require.True(t, ok)
	require.NoError(t, r.Disable("py"))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.py"), []byte(says("new")), 0o600))
	require.NoError(t, r.Enable(t.Context(), "py"))
	now, ok := p.Record()
	require.True(t, ok)
	require.NotEqual(t, old.Sum, now.Sum)

	action := func(p *plugin.Plugin) string {
		a, err := p.Process(t.Context(), batch("line"))
		require.NoError(t, err)
		defer a.Release()
		return string(a.Parts[0].Reply.Column(uint32(ecs.EventAction)).Bytes(0))
	}
	assert.Equal(t, "new", action(p))
	past, done, err := r.Revive(t.Context(), old)
	require.NoError(t, err)
	assert.Equal(t, "old", action(past))
	done()
	require.NoError(t, r.Sweep(nil))
	_, _, err = r.Revive(t.Context(), old)
	require.ErrorIs(t, err, plugin.ErrForgotten)
	same, done, err := r.Revive(t.Context(), now)
	require.NoError(t, err)
	defer done()
	assert.Same(t, p, same)
}
