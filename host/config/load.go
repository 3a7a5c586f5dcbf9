package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/schema"
)

// maxFile bounds a configuration file.
const maxFile = 4 << 20

// Error is one thing that is wrong with a configuration file.
type Error struct {
	File   string // as it was given
	Line   int    // from 1; 0 if the place is not known
	Column int    // in characters from 1; 0 if the place is not known
	Path   string // e.g. inputs[0].syslog.udp; empty for the file as a whole
	Msg    string // without a final period
	Hint   string // what would be right; may be empty
}

// Error is one line: file:line:column: path: message (hint).
func (e *Error) Error() string {
	place := e.File
	if e.Line > 0 {
		place += ":" + strconv.Itoa(e.Line)
	}
	if e.Column > 0 {
		place += ":" + strconv.Itoa(e.Column)
	}
	return place + ": " + (&schema.Error{Path: e.Path, Msg: e.Msg, Hint: e.Hint}).Error()
}

// Errors takes the error of [Load] apart: one for everything that is wrong, in the order of the file.
// An error of another kind is returned as one without a place.
func Errors(err error) (list []*Error) {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			list = append(list, Errors(e)...)
		}
		return list
	}
	var one *Error
	if errors.As(err, &one) {
		return []*Error{one}
	}
	return []*Error{{Msg: err.Error()}}
}

// Load reads a configuration file. The error tells everything that is wrong with it, see [Errors].
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, &Error{File: path, Msg: fmt.Sprintf("is larger than %d MiB", maxFile>>20), Hint: "is it a configuration?"}
	}
	return Parse(path, text)
}

// Parse reads a configuration from text; file is its name in errors, and the folder of file is where
// relative paths start.
func Parse(file string, text []byte) (*Config, error) {
	p := places{file: file, at: map[string]place{}}
	data := p.read(text)
	if p.errs != nil {
		return nil, p.join()
	}
	c := &Config{}
	err := schema.Decode(data, c)
	if err == nil {
		c.dir, c.places = filepath.Dir(file), &p
		return c, nil
	}
	for _, e := range schema.Errors(err) {
		p.add(e)
	}
	return nil, p.join()
}

// place is where a key and its value stand.
type place struct{ key, value *yaml.Node }

// places turns YAML into plain data and remembers where everything stands.
type places struct {
	file  string
	at    map[string]place
	errs  []*Error
	nodes int // values made so far, those behind aliases each time they are used
}

// Bounds on what a file can unfold to.
const (
	maxNodes = 200_000
	maxDepth = 64
)

func (p *places) fail(n *yaml.Node, path, msg, hint string) {
	e := &Error{File: p.file, Path: path, Msg: msg, Hint: hint}
	if n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	p.errs = append(p.errs, e)
}

// add gives an error of package schema its place: that of the key, the value, or what is around a missing one.
func (p *places) add(e *schema.Error) {
	at, known := p.at[e.Path]
	for path := e.Path; !known && path != ""; at, known = p.at[path] {
		path = parent(path)
	}
	n := at.value
	if at.key != nil && (e.AtKey || n == nil || n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) {
		n = at.key
	}
	p.fail(n, e.Path, e.Msg, e.Hint)
}

// parent cuts the last key or index off a path.
func parent(path string) string {
	if strings.HasSuffix(path, `"]`) {
		if i := strings.LastIndex(path, `["`); i >= 0 {
			return path[:i]
		}
	}
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

func (p *places) join() error {
	slices.SortStableFunc(p.errs, func(a, b *Error) int { return a.Line - b.Line })
	list := make([]error, len(p.errs))
	for i, e := range p.errs {
		list[i] = e
	}
	return errors.Join(list...)
}

// syntaxLine is the line in an error of the YAML library.
var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// read returns the text's single document as plain data; nil for an empty one.
func (p *places) read(text []byte) any {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		p.syntax(err)
		return nil
	}
	var second yaml.Node
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			p.syntax(err)
		} else {
			p.fail(&second, "", "a second document", "everything stands in one document: remove the line ---")
		}
		return nil
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return p.plain("", nil, doc.Content[0], 0)
}

func (p *places) syntax(err error) {
	e := &Error{File: p.file, Msg: err.Error(), Hint: "this is not YAML; are indents, quotes and colons right?"}
	if m := syntaxLine.FindStringSubmatch(e.Msg); m != nil {
		e.Msg = strings.TrimPrefix(e.Msg, m[0])
		e.Line, _ = strconv.Atoi(m[1]) // without a line it stays 0
	}
	p.errs = append(p.errs, e)
}

func (p *places) plain(path string, key, n *yaml.Node, depth int) any {
	p.at[path] = place{key, n}
	p.nodes++
	if p.nodes > maxNodes || depth > maxDepth {
		if p.errs == nil {
			p.fail(n, path, "is too large or too deep", "are there aliases that contain each other?")
		}
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return p.plain(path, key, n.Alias, depth+1)
	case yaml.MappingNode:
		return p.mapping(path, n, depth)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for i, e := range n.Content {
			list = append(list, p.plain(schema.Index(path, i), nil, e, depth+1))
		}
		return list
	default:
		return p.scalar(path, n)
	}
}

func (p *places) mapping(path string, n *yaml.Node, depth int) any {
	m := make(map[string]any, len(n.Content)/2)
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			p.fail(key, path, "is no key", "keys are plain words; << is not supported")
			continue
		}
		at := schema.Key(path, key.Value)
		if line, twice := lines[key.Value]; twice {
			p.fail(key, at, "is given twice", fmt.Sprintf("the first stands in line %d", line))
			continue
		}
		lines[key.Value] = key.Line
		m[key.Value] = p.plain(at, key, value, depth+1)
	}
	return m
}

func (p *places) scalar(path string, n *yaml.Node) any {
	var value any
	var err error
	switch tag := n.ShortTag(); tag {
	case "!!null":
		return nil
	case "!!str", "!!timestamp":
		return n.Value
	case "!!bool":
		var b bool
		err = n.Decode(&b)
		value = b
	case "!!int":
		value, err = strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64)
		if octal(n.Value) {
			p.fail(n, path, n.Value+" begins with 0", "leave the 0 out, or put it in quotes if it is a text")
			return nil
		}
	case "!!float":
		var f float64
		err = n.Decode(&f)
		value = f
	default:
		p.fail(n, path, fmt.Sprintf("the tag %s is not supported", tag), "remove it")
		return nil
	}
	if err != nil {
		p.fail(n, path, fmt.Sprintf("cannot read %.60q", n.Value), "put it in quotes if it is a text")
	}
	return value
}

// octal says whether a number is octal without saying so: 0600, which people mean as 600.
func octal(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9'
}
