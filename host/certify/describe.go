package certify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// manifest checks what plugin.yaml says of the plugin in words; its form was checked when it was read.
func (t *tester) manifest(_ context.Context, c *check) {
	if len(t.m.Description) < 10 {
		c.fault("description: say in a sentence what the plugin is for")
	}
	for _, d := range t.m.Declared {
		if what := schema.Poor(d.Name, d.Description); what != "" {
			c.fault("%s: description %q %s", d.Name, d.Description, what)
		}
		if f, ok := ecs.Lookup(d.Name); ok && d.Description != "" && f.Info().Description != d.Description {
			c.fault("%s is %q elsewhere, here %q: one field has one meaning", d.Name, f.Info().Description, d.Description)
		}
	}
	c.note("%s %s, %s", t.m.ID, t.m.Version, manifest.KindName(t.m.Kind))
	if t.m.Runtime != "" {
		c.note("%s", t.m.Runtime)
	}
	if t.m.ReadsAll {
		c.note("reads every field")
	} else {
		c.note("reads %s", counted(len(t.m.Reads), "field"))
	}
	c.note("writes %d", len(t.m.Writes))
}

// start starts the plugin and looks at what it says of itself. A plugin that cannot do without a configuration is
// right to refuse the default one, where no sample has another.
func (t *tester) start(ctx context.Context, c *check) {
	p, err := t.open(ctx, t.setup)
	var refused *plugin.ConfigError
	if errors.As(err, &refused) && t.setup.Config == nil && t.m.Kind == wire.Kind_NOTIFIER {
		c.note("needs configuration: %s", refused.Msg)
		t.schemaOf = refused.Schema()
		undescribed(c, t.schemaOf)
		t.readme(c)
		return
	}
	if err != nil {
		c.fault("%v", err)
		return
	}
	defer func() { _ = p.Close() }() // its folder is below a temporary one
	t.starts, t.cert.SDK, t.schemaOf = true, p.SDK(), p.ConfigSchema()
	c.note("%s", p.SDK())
	n := undescribed(c, p.ConfigSchema())
	c.note("%s of configuration", counted(n, "key"))
	if t.m.Kind == wire.Kind_NOTIFIER {
		t.readme(c) // of the others golden does it, which has the example
	}
}

// undescribed complains of keys without a description in a JSON Schema, and counts the keys.
func undescribed(c *check, config []byte) (keys int) {
	for _, k := range schema.Settings(config) {
		if k.Description == "" {
			c.fault("config: %s: no description: say what it is for, in which unit, and what zero means", k.Path)
		} else if what := schema.Poor(k.Path[strings.LastIndexByte(k.Path, '.')+1:], k.Description); what != "" {
			c.fault("config: %s: its description %s", k.Path, what)
		}
		keys++
	}
	return keys
}

// golden compares what the plugin makes of each sample with its golden file.
func (t *tester) golden(ctx context.Context, c *check) {
	lines := 0
	for i := range t.files {
		f := &t.files[i]
		t.tell("golden", i, len(t.files))
		setup, err := f.Setup()
		if err != nil {
			c.fault("%v", err)
			continue
		}
		t.with(ctx, c, setup, func(p *plugin.Single) {
			got, s, err := answers(ctx, p, t.m.Kind, f)
			if err != nil {
				c.fault("%v", err)
				return
			}
			t.seen[i] = s
			if f == sample.Usual(t.files) {
				t.example = exampleOf(f.Lines[0], got[0])
			}
			lines += len(got)
			if t.o.Update {
				if err := f.Write(got); err != nil {
					c.fault("%v", err)
				}
				return
			}
			different, err := f.Compare(got)
			if err != nil {
				c.fault("%v; write it with --update and read it", err)
			}
			for _, d := range different {
				c.fault("%s:%d: %s\n     got %s\n    want %s", t.path(f.Path), d.Line, quote(f.Lines[d.Line-1]), d.Got, d.Want)
			}
		})
	}
	t.readme(c)
	c.note("%s of %s", counted(lines, "line"), counted(len(t.files), "file"))
	if t.o.Update {
		c.note("golden files written: read the difference")
	}
}

func exampleOf(line, result []byte) *manifest.Example {
	var pretty bytes.Buffer
	if json.Indent(&pretty, result, "", "  ") != nil {
		return nil // it was JSON when it was made
	}
	return &manifest.Example{Line: string(line), Result: pretty.String()}
}

// readme checks that the generated part of the plugin's README.md, if it has one, says what is true now.
func (t *tester) readme(c *check) {
	path := filepath.Join(t.m.Dir, "README.md")
	have, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.fault("%v", err)
		return
	}
	if len(t.m.Accepts) == 0 {
		t.example = nil
	}
	want := t.m.Readme(have, t.schemaOf, t.example)
	switch {
	case bytes.Equal(have, want):
	case t.o.Update:
		if err := os.WriteFile(path, want, 0o644); err != nil { //nolint:gosec // a document
			c.fault("%v", err)
		}
	case bytes.Contains(have, []byte(manifest.ReferenceMark)):
		c.fault("README.md does not say what plugin.yaml, the config and the samples say now; write it with --update")
	}
}

// path is how a report names a file of the plugin's folder.
func (t *tester) path(abs string) string {
	if rel, err := filepath.Rel(t.m.Dir, abs); err == nil {
		return rel
	}
	return abs
}

// schema compares the fields that came of the samples with those that are declared.
func (t *tester) schema(_ context.Context, c *check) {
	written, bad, failed := map[ecs.Field]bool{}, 0, 0
	ordinary, parsed := 0, 0
	for i := range t.files {
		path, s := t.path(t.files[i].Path), t.seen[i]
		for field := range s.fields {
			written[field] = true
		}
		bad += int(s.counters["bad_values"])
		failed += s.errors
		if t.files[i].Ordinary() {
			ordinary += len(t.files[i].Lines)
			parsed += len(t.files[i].Lines) - s.noted
		}
		if n := s.counters["undeclared_fields"]; n > 0 {
			c.fault("%s: %d values were set of fields that plugin.yaml does not list under writes, or with another type or in lists", path, n)
		}
		if n := s.counters["drops_refused"]; n > 0 {
			c.fault("%s: %d events are dropped, which needs permissions: {drop: true}", path, n)
		}
		if n := s.counters["panics"]; n > 0 {
			c.fault("%s: the plugin panicked %d times", path, n)
		}
	}
	t.cert.Fields = len(written)
	for _, w := range t.m.Writes {
		if !written[w] {
			c.fault("writes: %s: no sample has it; add a line that does", w.Name())
		}
	}
	t.recognised(c)
	c.note("%s written as declared", counted(len(written), "field"))
	c.note("%s not understood", counted(failed, "line"))
	if t.m.Kind == wire.Kind_PARSER && ordinary > 0 {
		t.cert.Parsed = float64(parsed) / float64(ordinary)
		c.note("%.1f%% of %s fully parsed", 100*t.cert.Parsed, counted(ordinary, "ordinary line"))
	}
	c.note("%s not of their field's type", counted(bad, "value"))
}

// recognised checks that each way by which plugin.yaml recognises lines recognises one of the samples.
func (t *tester) recognised(c *check) {
	for i, r := range t.m.Accepts {
		used := len(r.AppName)+len(r.Input) > 0 // not told by the line
		for f := range t.files {
			used = used || slices.ContainsFunc(t.files[f].Lines, r.Takes)
		}
		if !used {
			c.fault("accepts[%d] recognises no line of any sample", i)
		}
	}
}
