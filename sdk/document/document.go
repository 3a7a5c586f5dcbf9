// Package document reads YAML into plain data and remembers where everything in it stands, so that whatever is found
// wrong later, by package schema or by whoever knows what the values mean, names file, line and column.
package document

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/schema"
)

// Error is one thing that is wrong with a file.
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

// Errors takes an error of this package apart: one for everything that is wrong, in the order of the file.
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

// Document is one document of a file as plain data: maps, lists, texts, int64, float64, booleans and nil. It is not
// changed once read.
type Document struct {
	Data any // what package schema decodes; nil for an empty document
	file string
	root *yaml.Node
	at   map[string]place
}

// Read returns the documents of a file, which lines of --- part. file is its name in errors. Aliases are unfolded, within
// bounds; merge keys, keys that are given twice and numbers that begin with 0 are refused. The error tells everything
// that is wrong, see [Errors].
func Read(file string, text []byte) ([]*Document, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	p := places{file: file}
	var list []*Document
	for {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return list, p.join()
		}
		if err != nil {
			p.syntax(text, err)
			return nil, p.join()
		}
		if len(doc.Content) == 0 {
			continue
		}
		p.at = map[string]place{}
		list = append(list, &Document{Data: p.plain("", nil, doc.Content[0], 0), file: file, root: &doc, at: p.at})
	}
}

// Empty is a document without anything in it.
func Empty(file string) *Document { return &Document{file: file} }

// File is the name of the file, as it was given.
func (d *Document) File() string { return d.file }

// Line is where a path of package schema stands, or what is around it; 0 if that is not known.
func (d *Document) Line(path string) int {
	n := d.node(path, false)
	if n == nil {
		return 0
	}
	return n.Line
}

// Decode replaces what dst points to, a struct, by its defaults and the document over them. Errors have places, see
// [Errors].
func (d *Document) Decode(dst any) error { return d.Locate(schema.Decode(d.Data, dst)) }

// Locate gives errors of package schema their places. nil stays nil.
func (d *Document) Locate(err error) error {
	p := places{file: d.file}
	for _, e := range schema.Errors(err) {
		p.fail(d.node(e.Path, e.AtKey), e.Path, e.Msg, e.Hint)
	}
	return p.join()
}

// At is an error about the document as a whole, with the place where it begins.
func (d *Document) At(msg, hint string) error {
	p := places{file: d.file}
	p.fail(d.root, "", msg, hint)
	return p.join()
}

// node is what stands at a path: the key, the value, or what is around a missing one.
func (d *Document) node(path string, atKey bool) *yaml.Node {
	at, known := d.at[path]
	for !known && path != "" {
		path = parent(path)
		at, known = d.at[path]
	}
	n := at.value
	if at.key != nil && (atKey || n == nil || n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) {
		n = at.key
	}
	return n
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
	if len(p.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(p.errs, func(a, b *Error) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	list := make([]error, len(p.errs))
	for i, e := range p.errs {
		list[i] = e
	}
	return errors.Join(list...)
}

// notUTF8 is where text stops to be UTF-8; -1 if it does not.
func notUTF8(text []byte) int {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size < 2 {
			return at
		}
		at += size
	}
	return -1
}

// syntaxLine is the line in an error of the YAML library.
var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (p *places) syntax(text []byte, err error) {
	if at := notUTF8(text); at >= 0 && !bytes.HasPrefix(text, []byte("\xff\xfe")) && !bytes.HasPrefix(text, []byte("\xfe\xff")) {
		p.errs = append(p.errs, &Error{
			File: p.file, Line: 1 + bytes.Count(text[:at], []byte("\n")), Msg: "is not UTF-8",
			Hint: "save it in UTF-8; other encodings, such as GBK, are not read",
		})
		return
	}
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
