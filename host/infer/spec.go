// Package infer reads sample lines of a device and says how to parse them.
//
// Its one idea: a line is a header, a body of a well-known shape, and in it columns of values. What a column means
// follows from the name the device gives it, by a dictionary of the names devices use, and from what its values look
// like. Nothing is guessed by a model, nothing is asked of a network, and the same lines give the same answer.
//
// [Infer] returns a [Spec], from which package scaffold writes a parser plugin.
package infer

import (
	"fmt"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
)

// Format is the shape of the body of lines.
type Format string

// The shapes that are recognised.
const (
	KeyValue   Format = "kv"         // key=value pairs
	JSON       Format = "json"       // one object a line
	CEF        Format = "cef"        // Common Event Format
	LEEF       Format = "leef"       // Log Event Extended Format
	Delimited  Format = "delimited"  // columns
	Structured Format = "structured" // the structured data of RFC 5424
	Text       Format = "text"       // sentences with values in them
)

// Options are what the samples cannot say.
type Options struct {
	ID         string // of the plugin; fields of its own are ID.something
	Vendor     string // observer.vendor; empty if not known
	Product    string // observer.product; empty if not known
	DeviceType string // observer.type, a device type of the log standard; empty if not known
}

// Spec says how to parse the lines of a device. It is a value; nothing in it is shared.
type Spec struct {
	Options
	Format Format
	Header *Header // nil: no syslog header

	KV        kv.Scanner // of KeyValue
	Lead      *Template  // of KeyValue: what stands in front of the first pair; nil if nothing does
	Columns   *Columns   // of Delimited
	Templates []Template // of Text, tried in this order

	Head      []Field  // of CEF and LEEF: what stands in front of the pairs; Key is the name in package cef or leef
	Fields    []Field  // of the body, in order of appearance; keys of Text are names in Templates
	Own       []Own    // fields that ECS has no name for
	Writes    []string // all fields the samples give, sorted
	Accepts   []Accept
	Constants []Constant
	Time      TimeSource
	Blanks    []string // what the samples write for nothing, e.g. -

	Lines    int    // samples
	Sample   string // the longest line that is not too long to be shown
	Unparsed int    // samples that are not of the format
	Literal  string // of CEF and LEEF: what all events have
	Loose    bool   // Accepts has nothing but what other devices may write as well
}

// Header is what syslog headers of the lines have.
type Header struct {
	Priority, Host, App, Process, MessageID bool
	Modern                                  bool   // it is that of RFC 5424
	Layout                                  string // of the time; empty if there is none or it is not used
	Level                                   bool   // log.level is that of the header
	Program                                 bool   // the application is a process of the host
}

// As is what becomes of a value.
type As string

// What becomes of values.
const (
	AsValue     As = "value"     // set as it is, by the type of the field
	AsTime      As = "time"      // Layout
	AsDate      As = "date"      // first part of @timestamp, joined with a column AsClock
	AsClock     As = "clock"     // second part
	AsLevel     As = "level"     // log.level by words; event.severity and log.level by numbers
	AsAction    As = "action"    // event.action, event.type, event.outcome
	AsOutcome   As = "outcome"   // event.outcome
	AsDuration  As = "duration"  // event.duration in nanoseconds
	AsTransport As = "transport" // network.transport by number
	AsEndpoint  As = "endpoint"  // address and port
	AsRequest   As = "request"   // METHOD URL HTTP/VERSION
	AsURL       As = "url"       // url.original and its parts
	AsBlocked   As = "blocked"   // event.action, by whether the device stopped what it saw
	AsSignature As = "signature" // [rule.id]rule.name
	AsProtocol  As = "protocol"  // HTTP/1.1
)

// Field is a value of the body and what becomes of it.
type Field struct {
	Key    string // as the device writes it; the path of JSON; the column's name
	Index  int    // of a column
	Lead   bool   // it is a value of Spec.Lead
	As     As
	Name   string // the field; of several the first
	Second string // AsEndpoint: the field of the port
	Type   ecs.Type
	Layout string // AsTime
	Unit   string // AsDuration: one of ns, us, ms, s and clock
	Words  []Word // AsLevel, AsAction, AsOutcome: what is known of the values
	Number bool   // AsLevel: values are numbers
	Syslog bool   // AsLevel: 0 is the worst
	Max    int64  // AsLevel: the largest number of the samples
	First  bool   // lines may have several values, and the field has one: the first counts
}

// Word is what a value of an action, result or severity says.
type Word struct {
	Text    string
	Level   ecs.Severity
	Type    string // event.type
	Outcome string // event.outcome
}

// Own is a field that ECS has no name for.
type Own struct {
	Name        string
	Type        ecs.Type
	List        bool // a line may have several
	Description string
}

// Accept is an entry of accepts in plugin.yaml: all that is set must hold.
type Accept struct {
	Prefix, Contains, AppName, Input []string
}

// Constant is a field that the host sets on every event of the parser.
type Constant struct {
	Field  string
	Values []string
}

// TimeSource says where @timestamp comes from.
type TimeSource struct {
	Found bool
	Zone  bool   // the text has no zone, so the device's must be configured
	From  string // for readers: the key, or "syslog header"
}

// Columns says how a delimited line is cut.
type Columns struct {
	Sep    string
	Quotes string
	Names  []string // from a header line; empty if there is none
	Count  int

	Directives bool     // lines that start with # are no events
	HeaderLine string   // the line of names, which is no event; empty if there is none
	Words      []string // values of columns that have few, none of them the first or the last
	Methods    bool     // a column has the method of HTTP
	Target     string   // what all values behind the method begin with: "/" or nothing
	Constant   []string // values that all lines have in a column; empty where they differ
}

// ShapeError says why no parser can be made of samples.
type ShapeError struct{ Msg string }

func (e *ShapeError) Error() string { return e.Msg }

// Infer says how to parse the lines. The error is a [ShapeError].
func Infer(s *Samples, o Options) (*Spec, error) {
	spec := &Spec{Options: o, Lines: len(s.Lines)}
	heads := readHeaders(s.Lines)
	m := &mapper{spec: spec, own: map[string]bool{}, taken: map[string][]*column{}}
	for _, try := range []func(*mapper, *headers) bool{inferJSON, inferCEF, inferLEEF, inferStructured, inferKeyValue, inferDelimited, inferText} {
		if try(m, heads) {
			break
		}
	}
	if spec.Format == "" {
		return nil, &ShapeError{fmt.Sprintf("the %d lines have no shape in common: put lines of one device, or of one kind, into a file of their own", len(s.Lines))}
	}
	m.header(heads)
	m.finish(s.Lines, heads)
	return spec, nil
}
