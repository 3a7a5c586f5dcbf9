package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/document"
	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Bounds of what is read.
const (
	MaxText  = 256 << 10 // bytes of one rule
	maxFile  = 4 << 20   // bytes of a file with rules
	maxFiles = MaxRules  // files with rules in one folder: each rule may have its own
	MaxRules = 10_000    // rules of a library
)

// Document is one rule as it is written. It does not change.
type Document struct {
	rule.Rule
	// Text is the rule by itself in YAML, with its comments as they were written.
	Text string
	File string // as it was given to Read; may be empty
	Line int    // in File, from 1

	data map[string]any // without what stands at its default
	in   *document.Document
	path string // of the rule in it
}

// Read returns the rules of a file: a list under the key rules, or a single one, whose keys are those of the file. name is
// that of the file in errors. The error tells everything that is wrong, with file, line and column; the rules beside it
// are those that are right.
func Read(name string, text []byte) ([]*Document, error) {
	if len(text) > maxFile {
		return nil, document.Empty(name).At(fmt.Sprintf("has more than %d bytes", maxFile), "rules can be in several files")
	}
	docs, err := document.Read(name, text)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 {
		return nil, document.Empty(name).At(fmt.Sprintf("has %d documents", len(docs)), "one, with all rules under the key rules")
	}
	in := docs[0]
	top, _ := in.Data.(map[string]any)
	if _, several := top["rules"]; !several {
		d, err := read(in, "", in.Data)
		if err != nil {
			return nil, err
		}
		d.Text = string(text)
		return []*Document{d}, d.bounded()
	}
	var errs []error
	list, ok := top["rules"].([]any)
	if !ok || len(list) == 0 {
		errs = append(errs, in.Locate(&schema.Error{Path: "rules", Msg: "there are none", Hint: "rules: [{id: …, name: …, query: …}]"}))
	}
	for _, key := range slices.Sorted(maps.Keys(top)) {
		if key != "rules" {
			errs = append(errs, in.Locate(&schema.Error{Path: key, Msg: "unknown key", Hint: "beside rules there is none", AtKey: true}))
		}
	}
	out := make([]*Document, 0, len(list))
	for i, data := range list {
		d, err := read(in, schema.Index("rules", i), data)
		if err == nil {
			d.Text = excerpt(text, in, i, len(list), data)
			err = d.bounded()
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, d)
	}
	return out, errors.Join(errs...)
}

func read(in *document.Document, path string, data any) (*Document, error) {
	d := &Document{File: in.File(), in: in, path: path}
	if err := schema.Decode(data, &d.Rule); err != nil {
		return nil, d.locate(err)
	}
	id := "id"
	if path != "" {
		id = path + ".id"
	}
	d.Line = in.Line(id)
	d.data, _ = data.(map[string]any) // else it would not have been decoded
	return d, nil
}

func (d *Document) bounded() error {
	if len(d.Text) > MaxText {
		return d.Fault("", fmt.Sprintf("has %d bytes, of which %d are allowed", len(d.Text), MaxText), "")
	}
	return nil
}

// Fault is an error about a path of the rule, with file, line and column.
func (d *Document) Fault(path, msg, hint string) error {
	return d.locate(&schema.Error{Path: path, Msg: msg, Hint: hint})
}

func (d *Document) locate(err error) error { return d.in.Locate(schema.Under(d.path, err)) }

// excerpt is the text of one rule of a list, by itself.
func excerpt(text []byte, in *document.Document, i, n int, data any) string {
	lines := bytes.SplitAfter(text, []byte("\n"))
	at := func(i int) int { // the first line of an element, from 0, with the comments above it
		line := max(0, in.Line(schema.Index("rules", i))-1)
		for line > 0 && bytes.HasPrefix(bytes.TrimSpace(lines[line-1]), []byte("#")) {
			line--
		}
		return line
	}
	end := len(lines)
	if i+1 < n {
		end = at(i + 1)
	}
	if own := outdented(lines[at(i):max(at(i), end)]); same(own, data) {
		return own
	}
	made, err := yaml.Marshal(data) // a list in braces, or with aliases
	if err != nil {
		return "" // what was read can be written
	}
	return string(made)
}

// outdented takes the dash of a list's element off, and the indent that its keys have.
func outdented(lines [][]byte) string {
	indent := -1
	var b strings.Builder
	for _, l := range lines {
		s := string(l)
		body := strings.TrimLeft(s, " ")
		if indent < 0 && strings.HasPrefix(body, "- ") {
			keys := strings.TrimLeft(body[1:], " ")
			indent = len(s) - len(keys)
			b.WriteString(keys)
			continue
		}
		cut := len(s) - len(body)
		if indent >= 0 {
			cut = min(cut, indent)
		}
		b.WriteString(s[cut:])
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func same(text string, data any) bool {
	docs, err := document.Read("", []byte(text))
	return err == nil && len(docs) == 1 && reflect.DeepEqual(docs[0].Data, data)
}

// Data is the rule as plain data, without what stands at its default. The map is the caller's, what is in it is not.
func (d *Document) Data() map[string]any { return maps.Clone(d.data) }

// notGiven are keys that are not for detectors.
var notGiven = []string{"disabled", "replaces", "examples", "author", "references", "false_positives"}

// given is Data as detectors get it.
func (d *Document) given() map[string]any {
	data := d.Data()
	for _, key := range notGiven {
		delete(data, key)
	}
	return data
}

// Given is the list, in JSON, that detectors get of rules, in their order and as their texts switch them.
func Given(docs []*Document) ([]byte, error) {
	list := make([]map[string]any, 0, len(docs))
	for _, d := range docs {
		list = append(list, d.given())
	}
	return json.Marshal(list)
}
