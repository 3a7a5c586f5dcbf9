// Package certify tests a plugin as the host would meet it: by its folder alone, in a process of its own, offline, in
// whatever language it is written.
//
// Its one idea: the samples in testdata (see package sample) are all that is known of a plugin. Their lines are
// compared with golden lines, are what fuzzing starts from, what speed is measured on and what is repeated a million
// times to find leaks. What came of it is a [Certificate].
package certify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Options say how a plugin is tested. The zero value is the whole test.
type Options struct {
	// Program is the plugin's binary; empty means the one that plugin.yaml names, or, where there is none but Go
	// sources, one that is built of these.
	Program string
	// Update writes golden files instead of comparing with them.
	Update bool
	// Quick makes fuzzing, measuring and the search for leaks a tenth as long.
	Quick bool
	// Logcenter is the version of the host, for the certificate.
	Logcenter string
	// Progress, if set, is told what goes on: done of total steps of a check. It is called often.
	Progress func(check string, done, total int)
}

// longest is how long what a plugin printed may be in a report.
const longest = 4 << 10

// tester is one plugin under test.
type tester struct {
	o       Options
	m       *plugin.Manifest
	files   []sample.File // none for notifiers
	seen    []seen        // of the files, beside golden lines
	config  []byte        // of the first sample that has one
	work    string        // temporary folder
	printed *tail
	cert    *Certificate
}

// check is one row of the report while it is being made.
type check struct {
	faults []string
	notes  []string
	left   int // faults that are not told
}

// maxFaults is how many faults of one check are told.
const maxFaults = 8

func (c *check) fault(format string, args ...any) {
	if len(c.faults) == maxFaults {
		c.left++
		return
	}
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *check) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

func (c *check) result(name string) Check {
	if len(c.faults) == 0 {
		return Check{Name: name, OK: true, Detail: strings.Join(c.notes, ", ")}
	}
	if c.left > 0 {
		c.faults = append(c.faults, fmt.Sprintf("and %d more", c.left))
	}
	return Check{Name: name, Detail: strings.Join(c.faults, "\n")}
}

// Test tests the plugin in a folder. An error means that there is nothing to test: a manifest that cannot be read, no
// samples, a program that cannot be built, or ctx is done. What is wrong with the plugin is in the certificate.
func Test(ctx context.Context, dir string, o Options) (*Certificate, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	m, err := plugin.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	t := &tester{o: o, m: m, printed: &tail{}}
	if t.work, err = os.MkdirTemp("", "logcenter-test-"); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(t.work) }() // what is left of it does no harm
	if err := t.program(ctx); err != nil {
		return nil, err
	}
	if m.Kind != wire.Kind_NOTIFIER {
		if t.files, err = sample.ReadAll(dir); err != nil {
			return nil, err
		}
	}
	if t.config, err = t.firstConfig(); err != nil {
		return nil, err
	}
	t.cert = &Certificate{
		Plugin: m.ID, Version: m.Version, Kind: plugin.KindName(m.Kind), TestedAt: time.Now().UTC().Truncate(time.Second), Logcenter: o.Logcenter,
	}
	t.seen = make([]seen, len(t.files))
	for i := range t.files {
		t.cert.Lines += len(t.files[i].Lines)
	}
	if err := t.all(ctx); err != nil {
		return nil, err
	}
	t.cert.Sums, err = t.sums() // behind the checks, which may have written golden files
	return t.cert, err
}

// all runs the checks, in the order in which an author wants to mend what they find.
func (t *tester) all(ctx context.Context) error {
	checks := []struct {
		name string
		run  func(context.Context, *check)
		of   func(wire.Kind) bool // nil is all kinds
	}{
		{"manifest", t.manifest, nil},
		{"start", t.start, nil},
		{"golden", t.golden, hasSamples},
		{"schema", t.schema, hasSamples},
		{"same", t.same, hasSamples},
		{"contract", t.contract, hasSamples},
		{"fuzz", t.fuzz, hasSamples},
		{"speed", t.speed, hasSamples},
		{"leak", t.leak, hasSamples},
	}
	for _, k := range checks {
		if k.of != nil && !k.of(t.m.Kind) {
			continue
		}
		t.tell(k.name, 0, 1)
		c := &check{}
		t.printed.reset()
		k.run(ctx, c)
		if err := ctx.Err(); err != nil {
			return err
		}
		if p := t.printed.String(); len(c.faults) > 0 && p != "" {
			c.faults = append(c.faults, "it printed: "+p)
		}
		t.cert.Checks = append(t.cert.Checks, c.result(k.name))
		if k.name == "start" && len(c.faults) > 0 {
			return nil // nothing else can be asked of it
		}
	}
	return nil
}

func hasSamples(k wire.Kind) bool { return k != wire.Kind_NOTIFIER }

func (t *tester) tell(check string, done, total int) {
	if t.o.Progress != nil {
		t.o.Progress(check, done, total)
	}
}

// program finds the plugin's program, or builds it.
func (t *tester) program(ctx context.Context) error {
	if t.o.Program != "" {
		abs, err := filepath.Abs(t.o.Program)
		t.m.Binary = abs
		return err
	}
	if _, err := os.Stat(t.m.Binary); err == nil || t.m.Runtime != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(t.m.Dir, "main.go")); err != nil {
		return fmt.Errorf("%s is not there, nor are Go sources that it could be built of: build the plugin, or say in plugin.yaml where it lies (binary: FILE)", t.m.Binary)
	}
	to := filepath.Join(t.work, t.m.ID)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", to, ".")
	cmd.Dir = t.m.Dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("%s is not there, and Go, which could build it, is not in the path", t.m.Binary)
		}
		return fmt.Errorf("go build in %s: %w\n%s", t.m.Dir, err, bytes.TrimSpace(out))
	}
	t.m.Binary = to
	return nil
}

func (t *tester) firstConfig() ([]byte, error) {
	for i := range t.files {
		if c, err := t.files[i].Config(); c != nil || err != nil {
			return c, err
		}
	}
	return nil, nil
}

// open starts a process of the plugin.
func (t *tester) open(ctx context.Context, config []byte) (*plugin.Single, error) {
	log := logrus.New()
	log.SetOutput(t.printed)
	log.SetFormatter(messages{})
	return plugin.StartSingle(ctx, t.m, plugin.SingleOptions{
		RunDir: filepath.Join(t.work, "run"), Config: config, Log: logrus.NewEntry(log),
	})
}

// with runs f on a process of its own.
func (t *tester) with(ctx context.Context, c *check, config []byte, f func(*plugin.Single)) {
	p, err := t.open(ctx, config)
	if err != nil {
		c.fault("%v", err)
		return
	}
	defer func() { _ = p.Close() }() // its folder is below a temporary one
	f(p)
}

// messages formats what a plugin prints as it printed it.
type messages struct{}

// Format implements logrus.Formatter.
func (messages) Format(e *logrus.Entry) ([]byte, error) { return []byte(e.Message + "\n"), nil }

// tail keeps the end of what was written to it. logrus has one writer at a time.
type tail struct{ b []byte }

var _ io.Writer = &tail{}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - longest; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) reset() { t.b = t.b[:0] }

func (t *tail) String() string { return strings.TrimSpace(strings.ToValidUTF8(string(t.b), "?")) }
