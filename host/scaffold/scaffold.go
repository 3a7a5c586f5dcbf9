package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/host/infer"
	"github.com/logcenter/logcenter/sdk/ecs"
)

//go:embed templates
var files embed.FS

// Kinds are the kinds of plugins, as plugin.yaml names them.
func Kinds() []string { return []string{"parser", "enricher", "masker", "detector", "notifier"} }

// Langs are the languages a plugin can be written in.
func Langs() []string { return []string{"go", "python"} }

// Options say what to write.
type Options struct {
	infer.Options                // ID is the plugin's name, too
	Kind          string         // one of Kinds
	Lang          string         // one of Langs; empty means go
	Samples       *infer.Samples // lines to write a parser from; nil has it read made-up ones
	SampleName    string         // of the file in testdata, without .log
	Dir           string         // folder in which the plugin's own is made
	SDK           string         // Logcenter's source; empty has it looked for
}

var deviceType = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Check says what of the options is not possible. The zero Lang is.
func (o *Options) Check() error {
	if err := CheckName(o.ID); err != nil {
		return err
	}
	switch {
	case !slices.Contains(Kinds(), o.Kind):
		return fmt.Errorf("%q is no kind of plugin: want one of %s", o.Kind, strings.Join(Kinds(), ", "))
	case o.Lang != "" && !slices.Contains(Langs(), o.Lang):
		return fmt.Errorf("%q is no language of plugins: want one of %s", o.Lang, strings.Join(Langs(), ", "))
	case o.Kind != "parser" && o.Samples != nil:
		return fmt.Errorf("samples are for parsers; a plugin of kind %s is not made from lines", o.Kind)
	case strings.ContainsFunc(o.Vendor+o.Product, unicode.IsControl):
		return fmt.Errorf("vendor %q and product %q are names: want no line ends and other control characters in them", o.Vendor, o.Product)
	case o.DeviceType != "" && !deviceType.MatchString(o.DeviceType):
		return fmt.Errorf("%q is no device type: want lower-case letters, digits and '_', as in observer.type, e.g. firewall", o.DeviceType)
	}
	return nil
}

// Folder is a plugin's folder before it is written.
type Folder struct {
	Path    string // of the folder
	Lang    string // one of Langs
	Module  bool   // it is a module of its own, outside of Logcenter's tree
	Spec    *infer.Spec
	Notices []string

	files map[string][]byte
}

// New makes a folder in memory. Errors are for the author: they name what is wrong and what would be right.
func New(o Options) (*Folder, error) {
	if o.Lang == "" {
		o.Lang = "go"
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{Path: filepath.Join(dir, o.ID), Lang: o.Lang, files: map[string][]byte{}}
	if o.Kind == "parser" {
		err = f.parser(o)
	} else {
		err = f.kind(o)
	}
	if err != nil {
		return nil, err
	}
	f.files[".gitignore"] = []byte("/" + o.ID + "\n")
	if o.Lang == "python" {
		f.files[".gitignore"] = []byte("/.venv/\n__pycache__/\n")
		return f, nil
	}
	return f, f.module(o, dir)
}

// Files are the names of the files, sorted.
func (f *Folder) Files() []string {
	var out []string
	for name := range f.files {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// parser adds the files of a parser.
func (f *Folder) parser(o Options) error {
	s := o.Samples
	if s == nil {
		text, err := files.ReadFile("templates/samples.log")
		if err != nil {
			return err
		}
		if s, err = infer.ParseSamples("samples.log", text); err != nil {
			return err
		}
		o.SampleName = "traffic"
	}
	spec, err := infer.Infer(s, o.Options)
	if err != nil {
		return err
	}
	f.Spec, f.Notices = spec, s.Notices
	v := newParserView(spec)
	if err := f.program(v); err != nil {
		return err
	}
	name := o.SampleName
	if name == "" || strings.HasPrefix(name, "bad") {
		name = "samples"
	}
	f.files["testdata/"+name+".log"] = append(bytes.Join(s.Lines, []byte("\n")), '\n')
	f.files["testdata/bad.log"] = bad(s.Lines[0])
	return nil
}

// program adds what is written in the plugin's language, and what goes with it.
func (f *Folder) program(v *parserView) error {
	type file struct{ name, tmpl string }
	list := []file{{"main.go", string(v.Format) + ".go.tmpl"}, {"main_test.go", "main_test.go.tmpl"}}
	if v.Helpers() {
		list = append(list, file{"values.go", "values.go.tmpl"})
	}
	var data any = v
	if f.Lang == "python" {
		data = &pythonView{v}
		list = []file{{"main.py", "python/main.py.tmpl"}, {"requirements.txt", "python/requirements.txt"}}
	}
	for _, t := range append(list, file{"plugin.yaml", "plugin.yaml.tmpl"}, file{"README.md", "README.md.tmpl"}) {
		if err := f.render(t.name, "templates/"+t.tmpl, data); err != nil {
			return err
		}
	}
	return nil
}

// bad are lines that the device does not write: one that was cut, and one of another shape.
func bad(line []byte) []byte {
	cut := len(line) * 2 / 3
	for cut > 0 && cut < len(line) && !utf8.RuneStart(line[cut]) {
		cut--
	}
	return append(bytes.Clone(line[:cut]), "\nthis is no line of the device\n"...)
}

// Lang is the language of the plugin.
func (v *parserView) Lang() string { return "go" }

// Verb is what the plugin does, for the names of its tests.
func (v *parserView) Verb() string { return verbs[v.Kind] }

// Unknown are the constants that nobody has said.
func (v *parserView) Unknown() (out []string) {
	for _, c := range [...][2]string{
		{"observer.vendor", "who makes the device"},
		{"observer.product", "its product name"},
		{"observer.type", "its device type of the log standard, e.g. firewall, ips, waf, server, middleware"},
	} {
		have := slices.ContainsFunc(v.Constants, func(k infer.Constant) bool { return k.Field == c[0] })
		if !have && !slices.Contains(v.Spec.Writes, c[0]) {
			out = append(out, fmt.Sprintf("TODO %s: %s", c[0], c[1]))
		}
	}
	return out
}

// render adds a file made from a template.
func (f *Folder) render(name, tmpl string, data any) error {
	t, err := template.New("").Funcs(functions).ParseFS(files, "templates/*.tmpl", "templates/python/*.tmpl", tmpl)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, path.Base(tmpl), data); err != nil {
		return fmt.Errorf("%s: %w", tmpl, err)
	}
	out := b.Bytes()
	if strings.HasSuffix(name, ".go") {
		if out, err = format.Source(withImports(out)); err != nil {
			return fmt.Errorf("%s: %w", tmpl, err)
		}
	}
	if strings.HasSuffix(name, ".py") {
		out = withPythonImports(out)
	}
	f.files[name] = out
	return nil
}

// packages are what the templates use, by the name they use it under.
var packages = []string{
	"bytes", "context", "encoding/json", "errors", "fmt", "io", "math", "net/http", "net/netip", "net/url", "slices", "strconv", "time", "sdk", "sdk/ecs", "sdk/cef", "sdk/delimited", "sdk/jsonscan", "sdk/kv", "sdk/leef", "sdk/schema", "sdk/syslog", "sdk/template", "sdk/timestamp",
}

// withImports puts in place of the line IMPORTS those packages that the source uses.
func withImports(source []byte) []byte {
	var std, ours []string
	for _, p := range packages {
		name := filepath.Base(p)
		if !uses(source, name+".") {
			continue
		}
		if p == "sdk" || strings.HasPrefix(p, "sdk/") {
			ours = append(ours, fmt.Sprintf("\t%q\n", "github.com/logcenter/logcenter/"+p))
		} else {
			std = append(std, fmt.Sprintf("\t%q\n", p))
		}
	}
	text := "import (\n" + strings.Join(std, "") + "\n" + strings.Join(ours, "") + ")\n"
	if len(std) == 0 {
		text = "import (\n" + strings.Join(ours, "") + ")\n"
	}
	return bytes.Replace(source, []byte("IMPORTS\n"), []byte(text), 1)
}

// uses says whether the source, comments and strings aside, has the name with no letter in front.
func uses(source []byte, name string) bool {
	for line := range bytes.SplitSeq(source, []byte("\n")) {
		line, _, _ = bytes.Cut(line, []byte("// "))
		for from := 0; ; {
			i := bytes.Index(line[from:], []byte(name))
			if i < 0 {
				break
			}
			i += from
			from = i + 1
			if inString := bytes.Count(line[:i], []byte(`"`))%2 == 1; inString {
				continue
			}
			if i == 0 || !isWordByte(line[i-1]) {
				return true
			}
		}
	}
	return false
}

func isWordByte(c byte) bool {
	return c == '_' || c == '.' || c-'0' <= 9 || (c|0x20)-'a' <= 'z'-'a'
}

// Pair is a key of a map in YAML with its values.
type Pair struct {
	Key    string
	Values []string
}

var functions = template.FuncMap{
	"join":    strings.Join,
	"quote":   quote,
	"pybytes": pythonBytes, "pyraw": pythonRaw, "pyword": pythonWord, "pystr": strconv.Quote,
	"docstring": func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"""`, `\"""`) },
	"title":     func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
	"yaml":      yamlScalar,
	"yamlList": func(list []string) string {
		var out []string
		for _, s := range list {
			out = append(out, yamlScalar(s))
		}
		return strings.Join(out, ", ")
	},
	"pairs": func(list ...any) (out []Pair, err error) {
		for i := 0; i+1 < len(list); i += 2 {
			key, _ := list[i].(string)
			values, ok := list[i+1].([]string)
			if !ok {
				return nil, fmt.Errorf("%s is no list", key)
			}
			if len(values) > 0 {
				out = append(out, Pair{key, values})
			}
		}
		return out, nil
	},
	"isList": func(field string) bool {
		f, _ := ecs.Lookup(field)
		return f.Info().List
	},
}

// quote is a Go string that is read easily: in backquotes where it has quotes.
func quote(s string) string {
	if strings.Contains(s, `"`) && strconv.CanBackquote(s) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// yamlScalar is a string as YAML writes it inside [] and {}, too.
func yamlScalar(s string) string {
	out, err := yaml.Marshal([]string{s})
	text := strings.TrimSuffix(strings.TrimPrefix(string(out), "- "), "\n")
	if err == nil && (text[0] == '\'' || text[0] == '"') && !strings.Contains(text, "\n") {
		return text
	}
	if err == nil && !strings.ContainsAny(text, ",[]{}:#\n|>") {
		return text
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		return fmt.Sprintf("%q", s)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// ExistsError says that there is something where the folder would go.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string {
	return fmt.Sprintf("%s: is there already; choose another name, or write over its files with --force", e.Path)
}

// Write writes the folder: as a whole, or nothing of it. With force it writes its files over those of a folder that is
// there; other files in it stay. The error is an [ExistsError], or the operating system's.
func (f *Folder) Write(force bool) error {
	_, err := os.Lstat(f.Path)
	switch {
	case err == nil && !force:
		return &ExistsError{f.Path}
	case err == nil:
		return f.fill(f.Path)
	case !os.IsNotExist(err):
		return err
	}
	parent := filepath.Dir(f.Path)
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // source files, for everybody to read
		return err
	}
	temporary, err := os.MkdirTemp(parent, "."+filepath.Base(f.Path)+"-")
	if err != nil {
		return err
	}
	if err = f.fill(temporary); err == nil {
		if err = os.Chmod(temporary, 0o755); err == nil { //nolint:gosec // as above
			err = os.Rename(temporary, f.Path)
		}
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(temporary))
	}
	return nil
}

func (f *Folder) fill(dir string) error {
	for _, name := range f.Files() {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // source files
			return err
		}
		if err := os.WriteFile(path, f.files[name], fs.FileMode(0o644)); err != nil { //nolint:gosec // source files
			return err
		}
	}
	return nil
}
