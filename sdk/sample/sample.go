// Package sample reads the samples of a plugin and shows what it made of them.
//
// Its one idea: line N of a sample belongs to line N of its golden file. In the folder testdata beside plugin.yaml lie
//
//	NAME.log             lines as captured, one event each
//	NAME.events.jsonl    events with fields, one JSON object a line, for kinds that read more than the line
//	NAME.config.yaml     the plugin's config for NAME, or NAME.config.json; missing means defaults
//	NAME.rules.yaml      what a detector that takes rules looks for in NAME, as a file of rules says it; missing means nothing
//	NAME.golden.jsonl    what the plugin made of it, line by line
//
// Notifiers have no events: of them NAME.config.yaml stands alone.
//
// Golden files hold what the plugin wrote and nothing else: constants of plugin.yaml are the host's to set.
package sample

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/document"
	"github.com/logcenter/logcenter/sdk/rule"
)

// Received is the time of receipt of all samples, by which times without a year are read.
var Received = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// MaxBytes bounds one file of samples: they are kept in a repository and read by people.
const MaxBytes = 64 << 20

// File is one file of samples: events by line. Read makes it; one of lines alone can be made by hand.
type File struct {
	Name  string // path without .log or .events.jsonl
	Path  string
	Lines [][]byte

	fields []map[string]any // beside the line; nil for plain logs
}

const (
	logs      = ".log"
	withField = ".events.jsonl"
)

// ReadAll reads the samples of the plugin in dir, in the order of their names. That there are none is an error.
func ReadAll(dir string) ([]File, error) {
	var out []File
	for _, ext := range []string{logs, withField} {
		files, err := filepath.Glob(filepath.Join(escape(dir), "testdata", "*"+ext))
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			f, err := Read(path)
			if err != nil {
				return nil, err
			}
			out = append(out, *f)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s has no sample: put lines as captured into %s", filepath.Join(dir, "testdata"), filepath.Join(dir, "testdata", "NAME.log"))
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	for i := range out[1:] {
		if a, b := &out[i], &out[i+1]; a.Name == b.Name {
			return nil, fmt.Errorf("%s and %s would share %s: give one of them another name", a.Path, b.Path, a.Golden())
		}
	}
	return out, nil
}

// Ordinary says whether the file is of lines as a device usually sends them: its name does not start with "bad".
func (f *File) Ordinary() bool { return !strings.HasPrefix(filepath.Base(f.Path), "bad") }

// Usual is the first sample of ordinary lines, unless there are none. files must not
// be empty.
func Usual(files []File) *File {
	for i := range files {
		if files[i].Ordinary() {
			return &files[i]
		}
	}
	return &files[0]
}

// escape makes a pattern of a path that matches nothing else.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// Read reads one file of samples, whose name ends in .log or .events.jsonl.
func Read(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > MaxBytes {
		return nil, fmt.Errorf("%s has %d bytes, at most %d: some thousand lines are enough", path, info.Size(), MaxBytes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("%s is empty: put lines as captured into it", path)
	}
	f := &File{Path: path}
	text, ended := bytes.CutSuffix(data, []byte("\n"))
	lines := bytes.Split(text, []byte("\n"))
	var plain bool
	if f.Name, plain = strings.CutSuffix(path, logs); plain {
		return f, f.log(lines, ended)
	}
	f.Name = strings.TrimSuffix(path, withField)
	return f, f.events(lines)
}

// log takes the lines of a .log file. They end in LF or in CR LF, all alike: a file of both was joined from several,
// or mended by an editor, and is no longer what a device sent. The last line of a file that has not ended has no end.
func (f *File) log(lines [][]byte, ended bool) error {
	ends := func(l []byte) string {
		if bytes.HasSuffix(l, []byte("\r")) {
			return "CR LF"
		}
		return "LF"
	}
	for i, l := range lines {
		if first, this := ends(lines[0]), ends(l); first != this && (ended || i < len(lines)-1) {
			return fmt.Errorf("%s:%d: this line ends in %s, those before it in %s: put lines of different ends into files of their own, or make all ends alike (sed -i 's/\\r$//' FILE)", f.Path, i+1, this, first)
		}
		f.Lines = append(f.Lines, Clean(bytes.TrimSuffix(l, []byte("\r"))))
	}
	return nil
}

// Clean makes of any bytes what the host would send as a line: valid UTF-8 without a line end.
func Clean(line []byte) []byte {
	return bytes.ReplaceAll(bytes.ToValidUTF8(line, []byte("\uFFFD")), []byte("\n"), []byte(" "))
}

func (f *File) events(lines [][]byte) error {
	f.fields = []map[string]any{}
	for i, l := range lines {
		var e map[string]any
		d := json.NewDecoder(bytes.NewReader(l))
		d.UseNumber()
		if err := d.Decode(&e); err != nil {
			return fmt.Errorf("%s:%d: %w; want one JSON object a line", f.Path, i+1, err)
		}
		message, ok := e["message"].(string)
		if !ok && e["message"] != nil {
			return fmt.Errorf("%s:%d: message is not a text: it is the event's line, as the device sent it", f.Path, i+1)
		}
		delete(e, "message")
		f.Lines = append(f.Lines, []byte(message))
		f.fields = append(f.fields, e)
	}
	return nil
}

// Setup is what a plugin is opened with. The zero value is the default config and no rules.
type Setup struct {
	Config []byte // JSON; nil means defaults
	Rules  []byte // of a detector that takes some: a list in JSON, see package rule; nil means none
}

// IsZero says whether it is the default config and no rules.
func (s Setup) IsZero() bool { return s.Config == nil && s.Rules == nil }

// Setup is what the plugin is opened with for the sample.
func (f *File) Setup() (s Setup, err error) {
	if s.Config, err = f.config(); err != nil {
		return Setup{}, err
	}
	s.Rules, err = f.rules()
	return s, err
}

// rules are the rules of the sample as a list in JSON, nil if it has none.
func (f *File) rules() ([]byte, error) {
	path := f.Name + ".rules.yaml"
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	docs, err := document.Read(path, text)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 {
		return nil, fmt.Errorf("%s has %d documents: want one, with the rules under the key rules", path, len(docs))
	}
	var list rule.List
	if err := docs[0].Decode(&list); err != nil { // as it is told here, it has lines
		return nil, err
	}
	if len(list.Rules) == 0 {
		return nil, fmt.Errorf("%s has no rules: write them under the key rules, or remove it", path)
	}
	return json.Marshal(docs[0].Data.(map[string]any)["rules"])
}

// config is the plugin's config for the sample as JSON, nil if it has none.
func (f *File) config() ([]byte, error) {
	path := f.Name + ".config.json"
	data, err := os.ReadFile(path)
	if err == nil && !json.Valid(data) {
		return nil, fmt.Errorf("%s is not JSON", path)
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	path = f.Name + ".config.yaml"
	if data, err = os.ReadFile(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if data, err = json.Marshal(v); err != nil { // keys that are no texts
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// FirstConfig is the first config in the testdata of the plugin in dir as JSON, whether or not there are samples; nil
// if there is none. It is for plugins that handle no events.
func FirstConfig(dir string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(escape(dir), "testdata", "*.config.*"))
	for _, path := range files {
		for _, ext := range []string{".config.json", ".config.yaml"} {
			if name, ok := strings.CutSuffix(path, ext); ok {
				return (&File{Name: name}).config()
			}
		}
	}
	return nil, err
}

// Golden is the path of the sample's golden file.
func (f *File) Golden() string { return f.Name + ".golden.jsonl" }

// Write writes the golden file.
func (f *File) Write(got [][]byte) error {
	return os.WriteFile(f.Golden(), append(bytes.Join(got, []byte("\n")), '\n'), 0o644) //nolint:gosec // read by everybody who has the sources
}

// Difference is a line of a sample of which something else became than its golden line says.
type Difference struct {
	Line      int // from 1
	Got, Want []byte
}

// Compare compares with the golden file, line by line. An error says that there is none, or that it has another
// number of lines; the lines that both have are compared all the same.
func (f *File) Compare(got [][]byte) ([]Difference, error) {
	data, err := os.ReadFile(f.Golden())
	if err != nil {
		return nil, err
	}
	want := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	var out []Difference
	for i := range min(len(want), len(got)) {
		if !bytes.Equal(want[i], got[i]) {
			out = append(out, Difference{Line: i + 1, Got: got[i], Want: want[i]})
		}
	}
	if len(want) != len(got) {
		return out, fmt.Errorf("%s has %d lines, %s has %d: line N of one belongs to line N of the other", f.Golden(), len(want), f.Path, len(got))
	}
	return out, nil
}

// Events makes a file of events by hand: the fields of each beside its line, which may be empty. Values are as JSON or
// YAML has them.
func Events(lines [][]byte, fields []map[string]any) *File {
	return &File{Lines: lines, fields: fields}
}
