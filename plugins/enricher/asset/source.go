package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/schema"
)

// maxFile bounds a list, bytes.
const maxFile = 256 << 20

// Source is one list of assets: a file, or what a service answers.
type Source struct {
	// Path is a .csv, .yaml, .yml or .json file. A path that is not absolute counts from the plugin's folder.
	Path string `yaml:"path"`
	// URL of a service that answers GET with a list in JSON. HTTPS only. A source has either a path or a url.
	URL string `yaml:"url"`
	// Columns are the list's own names of columns or keys, by ours, such as {id: 资产编号} or {owner: assigned_to.name};
	// of objects in JSON, names with dots reach into those within. Only what stands here is read then. Without it the
	// list has our names; other columns of files are faults, other keys of JSON are left out.
	Columns map[string]string `yaml:"columns"`
	// List is where in JSON the list lies: names of keys with dots between them, such as result. Empty is the whole.
	List string `yaml:"list"`
	// Lenient takes a list without those of its entries that have faults. Otherwise such a list is not taken, and the
	// one before stays.
	Lenient bool `yaml:"lenient"`
	// TokenFile is the file with the bearer token for the url, read at each request. Empty sends none.
	TokenFile string `yaml:"token_file"`
	// CAFile is a file of certificates, PEM, by which the url's is checked. Empty means those of this machine.
	CAFile string `yaml:"ca_file"`
	// Interval is how often the url is asked, a tenth more or less by chance. After a failure it is asked again after
	// ten seconds, then ever more rarely, up to the interval.
	Interval time.Duration `yaml:"interval" default:"5m" min:"10s" max:"1d"`
	// Timeout bounds one request.
	Timeout time.Duration `yaml:"timeout" default:"30s" min:"1s" max:"10m"`
	// MaxBytes bounds the answer.
	MaxBytes schema.Bytes `yaml:"max_bytes" default:"64MiB" min:"1KiB" max:"256MiB"`
}

// Validate says what the tags cannot.
func (s *Source) Validate() error {
	if (s.Path == "") == (s.URL == "") {
		return &schema.Error{Msg: "must have either a path or a url", Hint: "path: /etc/logcenter/assets.csv, or url: https://cmdb.bank.example/api/assets"}
	}
	for ours, theirs := range s.Columns {
		if !slices.Contains(columns, ours) {
			hint := "columns are " + strings.Join(columns, ", ")
			if near := schema.Nearest(ours, columns); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return &schema.Error{Path: schema.Key("columns", ours), Msg: "is no column of assets", Hint: hint}
		}
		if theirs == "" {
			return &schema.Error{Path: schema.Key("columns", ours), Msg: "must not be empty"}
		}
	}
	if len(s.Columns) > 0 && s.Columns[columns[colID]] == "" {
		return &schema.Error{Path: "columns", Msg: "does not name what is the id", Hint: "id: the name of a column whose values are all different"}
	}
	if s.Path != "" {
		return s.validateFile()
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return &schema.Error{Path: "url", Msg: fmt.Sprintf("%q is no address of a service", s.name()), Hint: "https://HOST[:PORT]/PATH"}
	}
	if u.User != nil {
		return &schema.Error{Path: "url", Msg: "must not have a password in it", Hint: "token_file is for secrets"}
	}
	return nil
}

func (s *Source) validateFile() error {
	if ext := filepath.Ext(s.Path); s.form() == "" {
		return &schema.Error{Path: "path", Msg: fmt.Sprintf("%q is no form of lists", ext), Hint: "a .csv, .yaml, .yml or .json file"}
	}
	for _, f := range []struct{ key, value string }{{"token_file", s.TokenFile}, {"ca_file", s.CAFile}} {
		if f.value != "" {
			return &schema.Error{Path: f.key, Msg: "is of no use for a file"}
		}
	}
	if s.List != "" && s.form() != formJSON {
		return &schema.Error{Path: "list", Msg: "is for JSON only"}
	}
	return nil
}

// form is the form of the list, empty if it is none.
func (s *Source) form() string {
	if s.URL != "" {
		return formJSON
	}
	switch ext := strings.ToLower(filepath.Ext(s.Path)); ext {
	case ".yml":
		return formYAML
	case formCSV, formYAML, formJSON:
		return ext
	}
	return ""
}

// name is what messages call the source: without the part of a URL that may have secrets.
func (s *Source) name() string {
	if s.Path != "" {
		return s.Path
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return "the url"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// readFile reads the list of a file; see read.
func (s *Source) readFile() (*list, error) {
	f, err := os.Open(s.Path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d MiB", s.Path, maxFile>>20)
	}
	return s.read(data)
}
