// Package message says an alert in words: what notifiers tell people and other systems of it.
//
// A [Composer] makes titles, lines, texts and HTML from templates, English or Chinese, or the admin's own. Every text has
// the eight facts that the log standard asks for, and says whether it is an alert, a recovery, a summary, an escalation
// or a test. Values come from devices, and so from attackers: each is made harmless for the channel it goes to before
// a template sees it (see [Escape]), so that no template can forget to. [Document] is the alert for programs, as JSON.
package message

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/template"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Config is what an admin may set for messages. It is made to be embedded in the config of a notifier or its targets.
type Config struct {
	// Language is that of the messages: en is English, zh Chinese.
	Language string `yaml:"language" default:"en" enum:"en,zh"`
	// Timezone is the IANA zone in which messages tell times.
	Timezone string `yaml:"timezone" default:"UTC"`
	// TemplateFile is a file of templates that stand in for built-in ones of the same name, read when the plugin is opened.
	// Empty means the built-in ones.
	TemplateFile string `yaml:"template_file"`
}

// Bounds of what a template may make, in bytes, and of the file it comes from.
const (
	MaxText     = 512 << 10
	maxTemplate = 256 << 10
)

// ErrNoTemplate says that the admin's file has no template of a name, and neither has this package.
var ErrNoTemplate = errors.New("there is no such template")

// Composer makes messages. It is safe for concurrent use.
type Composer struct {
	words *words
	zone  *time.Location
	own   *template.Template // nil: none
	file  string
}

// New reads the template file, if there is one. Errors are *schema.Error, for the admin.
func New(c Config) (*Composer, error) {
	m := &Composer{words: languages[c.Language], file: c.TemplateFile}
	if m.words == nil {
		return nil, &schema.Error{Path: "language", Msg: fmt.Sprintf("%q is not known", c.Language), Hint: "en or zh"}
	}
	var err error
	if m.zone, err = time.LoadLocation(c.Timezone); err != nil {
		return nil, &schema.Error{Path: "timezone", Msg: fmt.Sprintf("%q is not a time zone", c.Timezone), Hint: "an IANA name, e.g. Asia/Shanghai"}
	}
	if c.TemplateFile == "" {
		return m, nil
	}
	text, err := readTemplate(c.TemplateFile)
	if err != nil {
		return nil, &schema.Error{Path: "template_file", Msg: err.Error()}
	}
	if err := m.add(c.TemplateFile, text); err != nil {
		return nil, &schema.Error{Path: "template_file", Msg: err.Error(), Hint: `{{define "title"}}…{{end}} and the like, in the language of Go's text/template`}
	}
	return m, nil
}

func readTemplate(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxTemplate+1))
	if err == nil && len(b) > maxTemplate {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxTemplate)
	}
	return string(b), err
}

// add reads templates of the admin's, name being that of the file in errors.
func (m *Composer) add(name, text string) (err error) {
	if m.own == nil {
		m.own = template.New("").Option("missingkey=error").Funcs(functions)
	}
	_, err = m.own.New(name).Parse(text)
	return err
}

// Define adds a template of the admin's that does not stand in the file, such as one in the config itself. It must not be
// called at the same time as another method. The error is for the admin.
func (m *Composer) Define(name, text string) error { return m.add(name, text) }

// Has says whether the admin has a template of that name.
func (m *Composer) Has(name string) bool { return m.own != nil && m.own.Lookup(name) != nil }

// functions are those a template may use besides the ones of text/template.
var functions = template.FuncMap{
	"join":  func(sep string, list []string) string { return strings.Join(list, sep) },
	"upper": strings.ToUpper,
	"lower": strings.ToLower,
	"cut":   func(n int, s string) string { return Cut(s, n) },
}

// Message makes the texts of one alert.
type Message struct {
	composer *Composer
	alert    *sdk.Alert
	channel  string
	now      time.Time
	faults   []string
}

// Message begins the message of an alert. Channel is how it is told, PLUGIN/TARGET, for rules that do not say it
// themselves; now is the time of telling.
func (m *Composer) Message(a *sdk.Alert, channel string, now time.Time) *Message {
	return &Message{composer: m, alert: a, channel: channel, now: now}
}

// Title is the alert in a line that is short enough for a subject.
func (m *Message) Title(e Escape) string { return m.oneLine("title", e, maxTitle) }

// Line is the alert in one line, with its description and keys.
func (m *Message) Line(e Escape) string { return m.oneLine("line", e, MaxText) }

// Text is all of the alert, a fact a line.
func (m *Message) Text(e Escape) string { return m.TextWithin(e, MaxText) }

// TextWithin is Text in at most most bytes, 1024 at least: values are cut until all facts have room. What an own template
// makes is cut at its end.
func (m *Message) TextWithin(e Escape, most int) string {
	text, own := m.text("text", e, most)
	note := Cut(m.note(e), most/4)
	if note != "" && !own {
		text = m.builtin("text", e, most-len(note))
	}
	return Cut(text, most-len(note)) + note
}

// HTML is all of the alert as a page.
func (m *Message) HTML() string {
	page, _ := m.text("html", HTML, MaxText)
	if note := m.note(HTML); note != "" {
		page += "<p>" + note + "</p>\n"
	}
	return page
}

// Err is what went wrong with templates of the admin's so far. The texts are whole all the same: the built-in template
// stood in, and Text and HTML say so.
func (m *Message) Err() error {
	if len(m.faults) == 0 {
		return nil
	}
	return errors.New(strings.Join(m.faults, "; "))
}

// Own is what the admin's template of that name makes; [ErrNoTemplate] if there is none. Its failure counts for Err.
func (m *Message) Own(name string, e Escape) (string, error) {
	if !m.composer.Has(name) {
		return "", ErrNoTemplate
	}
	text, err := m.execute(m.composer.own, name, e, maxValue)
	if err != nil {
		m.fault(name, err)
	}
	return text, err
}

// Fault notes that what a template of the admin's made cannot be used.
func (m *Message) Fault(name string, err error) { m.fault(name, err) }

func (m *Message) fault(name string, err error) {
	m.faults = append(m.faults, fmt.Sprintf("template %q of %s: %v", name, m.composer.source(), err))
}

func (m *Composer) source() string {
	if m.file == "" {
		return "the config"
	}
	return m.file
}

// text is what the admin's template makes, which is its own, or else the built-in one.
func (m *Message) text(name string, e Escape, most int) (text string, own bool) {
	if text, err := m.Own(name, e); err == nil {
		return text, true
	}
	return m.builtin(name, e, most), false
}

// oneLine is what a template makes as one line of at most most bytes.
func (m *Message) oneLine(name string, e Escape, most int) string {
	text, _ := m.text(name, e, MaxText)
	return Cut(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), " "), most)
}

// builtin is what a built-in template makes, with values cut so that it has at most most bytes.
func (m *Message) builtin(name string, e Escape, most int) string {
	for limit := maxValue; ; limit /= 2 {
		text, err := m.execute(builtin, name, e, limit)
		if err == nil && len(text) <= most || limit == 0 { // a built-in template only fails for being too long
			return text
		}
	}
}

// note says what went wrong with templates; empty is nothing.
func (m *Message) note(e Escape) string {
	err := m.Err()
	if err == nil {
		return ""
	}
	return "\n" + e.value(m.composer.words.templateFailed+": "+Cut(err.Error(), maxNote)) + "\n"
}

// execute runs a template on values of at most limit bytes, a panic in it being an error as any other.
func (m *Message) execute(set *template.Template, name string, e Escape, limit int) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	var b bounded
	err = set.ExecuteTemplate(&b, name, m.view(e, limit))
	return b.buffer.String(), err
}

// bounded takes up to MaxText bytes.
type bounded struct{ buffer bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if room := MaxText - b.buffer.Len(); len(p) > room {
		b.buffer.Write(p[:room])
		return room, fmt.Errorf("it makes more than %d bytes", MaxText)
	}
	return b.buffer.Write(p)
}
