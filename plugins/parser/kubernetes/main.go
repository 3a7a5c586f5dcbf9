// Command kubernetes parses what containers in Kubernetes write, and the audit log of its API server.
//
// Formats:
//
//   - a line of a container by the Container Runtime Interface, as containerd and CRI-O keep it: TIME STREAM TAG TEXT
//     (Kubernetes documentation, "Logging Architecture");
//   - the same by Docker's json-file driver: {"log":"TEXT\n","stream":"stdout","time":"…"};
//   - either with what Fluent Bit's filter "kubernetes" adds (Fluent Bit manual 4.1): {"date":…,"log":"…","kubernetes":{…}};
//   - an audit event, {"kind":"Event","apiVersion":"audit.k8s.io/v1",…} ("kube-apiserver Audit Configuration (v1)"), and
//     a list of them, as the webhook backend sends it, of which every one becomes an event.
//
// A line may be an array of such objects, and have a syslog header in front.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin: nothing, as the lines say all.
type Config struct{}

type parser struct{}

// New returns a parser that is safe for concurrent use.
func New(Config) (sdk.Parser, error) { return parser{}, nil }

var (
	errForm  = errors.New("kubernetes: want TIME STREAM TAG TEXT, or a JSON object with log, or one of audit.k8s.io")
	errTime  = errors.New("kubernetes: want the time at which the container wrote the line")
	errText  = errors.New("kubernetes: want what the container wrote, as log or message")
	errAudit = errors.New("kubernetes: want auditID, verb and requestReceivedTimestamp in an audit event")
)

var (
	auditMark   = []byte(`"auditID":`)
	versionMark = []byte(`"audit.k8s.io/`)
	listMark    = []byte(`"EventList"`)
	objects     = jsonscan.Scanner{Depth: 3}
)

// How far into an object its kind is looked for: as far as recognisers look, for keys may be in any order; a list's is at
// the start, and its word may stand in what an event of it answers.
const (
	head     = 512
	listHead = 128
)

// Parse reads a line with one event.
func (parser) Parse(line []byte, ev *sdk.Event) error {
	rest := line
	if len(line) > 0 && line[0] == '<' {
		h, content, err := syslog.Parse(line)
		if err == nil {
			ev.SetSyslog(&h, nil)
			rest = content
		}
	}
	if len(rest) > 0 && rest[0] == '{' {
		return object(rest, ev)
	}
	return runtime(rest, ev)
}

// ParseMany reads a line with one event or with a list of them.
func (p parser) ParseMany(line []byte, next func() *sdk.Event) error {
	switch {
	case len(line) > 0 && line[0] == '[':
		return sdk.EachObject(line, "", next, object, errForm)
	case len(line) > 0 && line[0] == '{' && bytes.Contains(line[:min(len(line), listHead)], listMark):
		return sdk.EachObject(line, "items", next, object, errForm)
	}
	return p.Parse(line, next())
}

// object reads an object of any of the kinds.
func object(b []byte, ev *sdk.Event) error {
	if front := b[:min(len(b), head)]; bytes.Contains(front, auditMark) || bytes.Contains(front, versionMark) {
		return audit(b, ev)
	}
	return shipped(b, ev)
}

// runtime reads TIME STREAM TAG TEXT.
func runtime(b []byte, ev *sdk.Event) error {
	when, rest := word(b)
	name, rest := word(rest)
	tag, said := word(rest)
	if s := string(name); s != "stdout" && s != "stderr" || len(tag) == 0 || tag[0] != 'F' && tag[0] != 'P' {
		ev.SetString(ecs.LogcenterLogType, "run_state")
		return errForm
	}
	ev.SetTime(time.RFC3339Nano, nil, when)
	ev.Set(stream, name)
	ev.SetBool(partial, tag[0] == 'P')
	ev.Set(text, said)
	rate(said, ev)
	return nil
}

// word cuts b at the first blank.
func word(b []byte) (w, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i:i], b[i+1:]
	}
	return b, nil
}

func main() { sdk.ServeParser(New) }
