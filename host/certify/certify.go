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
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Options say how a plugin is tested. The zero value is the whole test.
type Options struct {
	// Program is the plugin's binary; empty means one that is built of the folder's Go sources, or, where there are none
	// or no Go, the one that plugin.yaml names.
	Program string
	// Update writes golden files instead of comparing with them.
	Update bool
	// Quick makes fuzzing, measuring and the search for leaks a tenth as long.
	Quick bool
	// Only are the names of the checks to run, and of those they need; empty means all. A certificate needs all.
	Only []string
	// Logcenter is the version of the host, for the certificate.
	Logcenter string
	// Progress, if set, is told what goes on: done of total steps of a check. It is called often.
	Progress func(check string, done, total int)
}

// longest is how long what a plugin printed may be in a report.
const longest = 2 << 10

// tester is one plugin under test.
type tester struct {
	o      Options
	m      *manifest.Manifest
	files  []sample.File // none for notifiers
	seen   []seen        // of the files, beside golden lines
	starts bool
	// of the README: the JSON Schema of the config, and the first line with what is made of it
	schemaOf []byte
	example  *manifest.Example
	setup    sample.Setup // of the first sample that has one
	work     string       // temporary folder
	printed  *head
	cert     *Certificate
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
	m, err := manifest.Read(dir)
	if err != nil {
		return nil, err
	}
	t := &tester{o: o, m: m, printed: &head{}}
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
	if t.setup, err = t.firstSetup(); err != nil {
		return nil, err
	}
	t.cert = &Certificate{pack.Certificate{
		Plugin: m.ID, Version: m.Version, Kind: manifest.KindName(m.Kind), TestedAt: time.Now().UTC().Truncate(time.Second), Logcenter: o.Logcenter,
	}}
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

// kindOfCheck is a test and what it is called.
type kindOfCheck struct {
	name string
	run  func(*tester, context.Context, *check)
	of   subject
}

// subject is what of a plugin a check is about.
type subject uint8

const (
	ofAll    subject = iota
	ofEvents         // and so of all but notifiers, which have no samples
	ofAlerts         // and so of notifiers
)

// checks are in the order in which an author wants to mend what they find. What schema looks at, golden has gathered.
var checks = []kindOfCheck{
	{"manifest", (*tester).manifest, ofAll},
	{"start", (*tester).start, ofAll},
	{"golden", (*tester).golden, ofEvents},
	{"schema", (*tester).schema, ofEvents},
	{"same", (*tester).same, ofEvents},
	{"contract", (*tester).contract, ofEvents},
	{"fuzz", (*tester).fuzz, ofEvents},
	{"speed", (*tester).speed, ofEvents},
	{"leak", (*tester).leak, ofEvents},
	{"deliver", (*tester).deliver, ofAlerts},
}

// Checks are the names of all checks that a plugin of a kind is put to, in their order.
func Checks(kind string) (names []string) {
	notifier := kind == manifest.KindName(wire.Kind_NOTIFIER)
	for _, k := range checks {
		if k.of == ofAll || (k.of == ofAlerts) == notifier {
			names = append(names, k.name)
		}
	}
	return names
}

// wanted are the names of checks to run.
func (t *tester) wanted() ([]string, error) {
	names := Checks(t.cert.Kind)
	if len(t.o.Only) == 0 {
		return names, nil
	}
	for _, name := range t.o.Only {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("no check %q for a %s: there are %s", name, t.cert.Kind, strings.Join(names, ", "))
		}
	}
	return slices.DeleteFunc(names, func(n string) bool {
		needed := n == "start" || n == "golden" && slices.Contains(t.o.Only, "schema")
		return !needed && !slices.Contains(t.o.Only, n)
	}), nil
}

// all runs the checks that are wanted.
func (t *tester) all(ctx context.Context) error {
	names, err := t.wanted()
	if err != nil {
		return err
	}
	for _, k := range checks {
		if !slices.Contains(names, k.name) {
			continue
		}
		t.tell(k.name, 0, 1)
		c := &check{}
		t.printed.reset()
		k.run(t, ctx, c)
		if err := ctx.Err(); err != nil {
			return err
		}
		if p := t.printed.String(); len(c.faults) > 0 && p != "" {
			c.faults = append(c.faults, "it printed: "+p)
		}
		t.cert.Checks = append(t.cert.Checks, c.result(k.name))
		if k.name == "start" && !t.starts && len(c.faults) > 0 {
			return nil // nothing else can be asked of it
		}
	}
	return nil
}

func (t *tester) tell(check string, done, total int) {
	if t.o.Progress != nil {
		t.o.Progress(check, done, total)
	}
}

// program builds the plugin's program of its Go sources, as its package would be: one that lies beside them may be of
// what they were before. Without sources it is the one that is there.
func (t *tester) program(ctx context.Context) error {
	if t.o.Program != "" {
		abs, err := filepath.Abs(t.o.Program)
		t.m.Binary = abs
		return err
	}
	_, missing := os.Stat(t.m.Binary)
	if _, err := os.Stat(filepath.Join(t.m.Dir, "main.go")); t.m.Runtime != "" || err != nil && missing == nil {
		return nil
	} else if err != nil {
		return fmt.Errorf("%s is not there, nor are Go sources that it could be built of: build the plugin, or say in plugin.yaml where it lies (binary: FILE)", t.m.Binary)
	}
	to := filepath.Join(t.work, t.m.ID)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", to, ".")
	cmd.Dir = t.m.Dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		switch {
		case errors.Is(err, exec.ErrNotFound) && missing == nil:
			return nil
		case errors.Is(err, exec.ErrNotFound):
			return fmt.Errorf("%s is not there, and Go, which could build it, is not in the path", t.m.Binary)
		}
		return fmt.Errorf("go build in %s: %w\n%s", t.m.Dir, err, bytes.TrimSpace(out))
	}
	t.m.Binary = to
	return nil
}

// firstSetup is that of the first sample that has one. Notifiers have configs without samples.
func (t *tester) firstSetup() (sample.Setup, error) {
	if t.m.Kind == wire.Kind_NOTIFIER {
		config, err := sample.FirstConfig(t.m.Dir)
		return sample.Setup{Config: config}, err
	}
	for i := range t.files {
		if s, err := t.files[i].Setup(); !s.IsZero() || err != nil {
			return s, err
		}
	}
	return sample.Setup{}, nil
}

// open starts a process of the plugin.
func (t *tester) open(ctx context.Context, setup sample.Setup) (*plugin.Single, error) {
	return t.profiled(ctx, setup, nil)
}

// profiled is open with a file that the process is profiled into.
func (t *tester) profiled(ctx context.Context, setup sample.Setup, profile *os.File) (*plugin.Single, error) {
	log := logrus.New()
	log.SetOutput(t.printed)
	log.SetFormatter(messages{})
	return plugin.StartSingle(ctx, t.m, plugin.SingleOptions{
		RunDir: filepath.Join(t.work, "run"), Config: setup.Config, Rules: setup.Rules, Log: logrus.NewEntry(log), Profile: profile,
	})
}

// with runs f on a process of its own.
func (t *tester) with(ctx context.Context, c *check, setup sample.Setup, f func(*plugin.Single)) {
	p, err := t.open(ctx, setup)
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

// head keeps the beginning of what was written to it: of faults that come again and again the first is told. Safe for
// concurrent use.
type head struct {
	mu sync.Mutex
	b  []byte
}

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.b = append(h.b, p[:min(len(p), longest-len(h.b))]...)
	return len(p), nil
}

func (h *head) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.b = h.b[:0]
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(h.b), "?"))
}
