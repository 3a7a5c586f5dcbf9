// Package sigma makes Logcenter's rules of Sigma's: detections and correlations of the Sigma specification 2.1
// (https://github.com/SigmaHQ/sigma-specification). What cannot be said exactly is not converted, and told with the reason;
// what is said a little differently is converted with a note.
//
// Sigma compares without regard to case, so that most of its values become /expressions/i. Its names of log sources and
// fields are translated by a table (mapping.yaml), to which an admin may add. Placeholders are watchlists.
package sigma

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
)

// File is one file of Sigma rules, which may hold several documents.
type File struct {
	Name string // as it is named in results
	Text []byte
}

// Options say how rules are converted.
type Options struct {
	// Mapping translates log sources and fields; nil is the one that comes with the program.
	Mapping *Mapping
	// TypeOf says of what type a field is, and whether any parser has it; nil asks package ecs.
	TypeOf func(name string) (ecs.Type, bool)
	// Deprecated has rules converted, too, whose status is deprecated or unsupported.
	Deprecated bool
	// Silent marks the rules as silent: their alerts are recorded, and nobody is told.
	Silent bool
}

// Result is what became of one Sigma rule.
type Result struct {
	File  string
	Line  int // of its document, from 1
	ID    string
	Title string
	// Rule is the rule that was made; nil with a Reason.
	Rule *rule.Rule
	// Reason is why none was made; Detail is about which key or value of it.
	Reason Reason
	Detail string
	// Part says that the rule is only there for a correlation that names it, which was made.
	Part bool
	// Lists are the watchlists that the rule made asks for.
	Lists []List
	// Notes are where the rule made differs from Sigma's meaning.
	Notes []string
}

// Reason is why a Sigma rule was not converted: a class to be counted.
type Reason string

// Reasons.
const (
	BadRule        Reason = "not a Sigma rule"
	Outdated       Reason = "deprecated or unsupported"
	NoLogSource    Reason = "log source is not known"
	NoField        Reason = "field is not known"
	NoValue        Reason = "value does not fit the field"
	NoModifier     Reason = "modifier is not supported"
	NoRegex        Reason = "regular expression is not supported"
	NoCondition    Reason = "condition is not supported"
	NoCorrelation  Reason = "correlation is not supported"
	TooLarge       Reason = "too large"
	Twice          Reason = "there is a rule of its id already"
	MissingRelated Reason = "a rule that it refers to is missing or not converted"
)

// refusal is why something is not converted.
type refusal struct {
	reason Reason
	detail string
}

func (r *refusal) Error() string { return string(r.reason) + ": " + r.detail }

func refuse(reason Reason, format string, args ...any) error {
	return &refusal{reason, fmt.Sprintf(format, args...)}
}

// document is one YAML document of a Sigma file.
type document struct {
	Title          string               `yaml:"title"`
	ID             string               `yaml:"id"`
	Name           string               `yaml:"name"`
	Status         string               `yaml:"status"`
	Description    string               `yaml:"description"`
	Author         string               `yaml:"author"`
	References     []string             `yaml:"references"`
	FalsePositives yaml.Node            `yaml:"falsepositives"`
	Level          string               `yaml:"level"`
	Tags           []string             `yaml:"tags"`
	Fields         []string             `yaml:"fields"`
	LogSource      Source               `yaml:"logsource"`
	Detection      map[string]yaml.Node `yaml:"detection"`
	Correlation    *correlation         `yaml:"correlation"`

	file string
	line int
	made *detection // once it is converted
	err  error
}

// detection is what a detection became: the events it selects, and how its names are translated.
type detection struct {
	node   query.Node
	source *logSource
	notes  []string
}

// Convert converts all rules of files, in their order. Correlations may name rules of other files.
func Convert(files []File, o Options) []Result {
	if o.Mapping == nil {
		o.Mapping = Builtin()
	}
	if o.TypeOf == nil {
		o.TypeOf = func(name string) (ecs.Type, bool) {
			f, ok := ecs.Lookup(name)
			if !ok {
				return 0, false
			}
			return f.Type(), true
		}
	}
	c := &converter{o: o, byName: map[string]*document{}, lists: map[string]claimed{}}
	var docs []*document
	var out []Result
	for _, f := range files {
		found, err := read(f)
		if err != nil {
			out = append(out, Result{File: f.Name, Reason: BadRule, Detail: err.Error()})
		}
		docs = append(docs, found...)
	}
	for _, d := range docs {
		for _, name := range []string{d.ID, d.Name} {
			if name != "" {
				c.byName[name] = d
			}
		}
		if d.Correlation == nil {
			d.made, d.err = c.detection(d)
		}
	}
	used := map[*document]bool{}
	results := make([]Result, len(docs))
	for i, d := range docs {
		if d.Correlation != nil {
			results[i] = c.withLists(c.correlate(d, used))
		}
	}
	for i, d := range docs {
		if d.Correlation == nil {
			results[i] = c.withLists(c.finish(d))
			results[i].Part = used[d]
		}
	}
	first := map[string]*Result{}
	for i := range results {
		r := &results[i]
		if r.Rule == nil || r.Part {
			continue
		}
		if other := first[r.Rule.ID]; other != nil {
			results[i] = docs[i].result().refused(refuse(Twice, "%s is that of %s, line %d", r.Rule.ID, other.File, other.Line))
			continue
		}
		first[r.Rule.ID] = r
	}
	return append(out, results...)
}

// read takes a file apart. Documents with action: global, of the first Sigma, are not rules of today.
func read(f File) ([]*document, error) {
	dec := yaml.NewDecoder(strings.NewReader(string(f.Text)))
	var docs []*document
	for {
		var n yaml.Node
		err := dec.Decode(&n)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return docs, nil
			}
			return docs, err
		}
		d := &document{file: f.Name, line: n.Line}
		if err := n.Decode(d); err != nil {
			return docs, err
		}
		if d.Detection == nil && d.Correlation == nil {
			return docs, fmt.Errorf("line %d: it has neither detection nor correlation", n.Line)
		}
		docs = append(docs, d)
	}
}

type converter struct {
	o      Options
	byName map[string]*document
	notes  []string           // of the rule at hand
	asked  map[string]string  // by it: types of lists
	lists  map[string]claimed // by rules that were made
}

func (c *converter) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(c.notes, n) {
		c.notes = append(c.notes, n)
	}
}

// detection converts what a rule detects.
func (c *converter) detection(d *document) (*detection, error) {
	if !c.o.Deprecated && (d.Status == "deprecated" || d.Status == "unsupported") {
		return nil, refuse(Outdated, "status: %s", d.Status)
	}
	c.notes, c.asked = nil, map[string]string{}
	source := c.o.Mapping.find(d.LogSource)
	if source == nil {
		return nil, refuse(NoLogSource, "%s", d.LogSource)
	}
	node, err := c.condition(d, source)
	if err == nil {
		err = c.claim(d)
	}
	if err != nil {
		return nil, err
	}
	return &detection{node: join(and, []query.Node{source.node, node}), source: source, notes: c.notes}, nil
}

// finish makes the result of a detection.
func (c *converter) finish(d *document) Result {
	r := d.result()
	if d.err != nil {
		return r.refused(d.err)
	}
	made := c.base(d)
	made.Type = "keyword"
	made.Query = query.Format(d.made.node)
	if p := d.LogSource.Product; p == "windows" || p == "linux" {
		made.GroupBy = []string{"host.name"} // an alert a host, not one for all
	}
	made.Fields = c.carried(d)
	r.Notes = d.made.notes
	return r.checked(made)
}

func (d *document) result() Result {
	return Result{File: d.file, Line: d.line, ID: d.ID, Title: d.Title}
}

func (r Result) refused(err error) Result {
	var why *refusal
	if !errors.As(err, &why) {
		why = &refusal{BadRule, err.Error()}
	}
	r.Reason, r.Detail = why.reason, why.detail
	return r
}

// checked refuses what the language of queries or of rules refuses.
func (r Result) checked(made *rule.Rule) Result {
	for _, q := range queriesOf(made) {
		if _, err := query.Parse(q); err != nil {
			return r.refused(refuse(TooLarge, "%v", err))
		}
	}
	if err := made.Validate(); err != nil {
		return r.refused(refuse(BadRule, "%v", err))
	}
	r.Rule = made
	return r
}

var (
	notID     = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
	technique = regexp.MustCompile(`^attack\.t[0-9]{4}(\.[0-9]{3})?$`)
)

// severities of levels, and how urgent they are.
var severities = map[string]struct {
	word     string
	priority int
}{
	"informational": {"Info", 5}, "low": {"Info", 4}, "medium": {"Warn", 3}, "high": {"Error", 2}, "critical": {"Fatal", 1},
}

// base is a rule with what is the same for all kinds.
func (c *converter) base(d *document) *rule.Rule {
	level := severities[cmp.Or(strings.ToLower(d.Level), "medium")]
	if level.word == "" {
		level = severities["medium"]
	}
	name := strings.Trim(notID.ReplaceAllString(cmp.Or(d.ID, d.Name, d.Title), "-"), "-")
	var r rule.Rule
	schema.Defaults(&r)
	r.ID = "sigma-" + name[:min(len(name), 90)]
	r.Name = cmp.Or(d.Title, r.ID)
	r.Description = strings.TrimSpace(d.Description)
	r.Severity, r.Priority = level.word, level.priority
	r.Author = d.Author
	r.References = d.References
	r.Silent = c.o.Silent
	if f := d.FalsePositives; f.Kind == yaml.SequenceNode {
		_ = f.Decode(&r.FalsePositives) // else they are told in another way, and nothing depends on them
	}
	for _, t := range d.Tags {
		if t = strings.ReplaceAll(strings.ToLower(t), "_", "-"); strings.HasPrefix(t, "attack.") && !technique.MatchString(t) &&
			!slices.Contains(rule.Tactics, strings.TrimPrefix(t, "attack.")) {
			continue // groups and software, and tactics of before
		}
		r.Tags = append(r.Tags, t)
	}
	return &r
}

// carried are fields that the rule's author wants to see, as far as they are known.
func (c *converter) carried(d *document) (names []string) {
	for _, name := range d.Fields {
		m, ok := d.made.source.field(name)
		if !ok || len(m.Fields) == 0 {
			continue
		}
		if _, known := c.o.TypeOf(m.Fields[0]); known && !slices.Contains(names, m.Fields[0]) && m.Fields[0] != "host.name" {
			names = append(names, m.Fields[0])
		}
	}
	return names
}

// timespan reads 15s, 30m, 8h or 7d.
func timespan(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if n, ok := strings.CutSuffix(s, "d"); ok {
		d, err := time.ParseDuration(n + "h")
		return 24 * d, err
	}
	return time.ParseDuration(s)
}
