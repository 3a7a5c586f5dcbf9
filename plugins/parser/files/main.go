// Command files parses what the host writes down of the files and videos that are given to it: a JSON object a line.
//
//	{"kind":"video","name":"gate-3.mp4","type":"video/mp4","size":73400320,"sha256":"9f86…","source":"gate-3","sender":"branch","start":"2026-10-11T04:00:00Z","end":"2026-10-11T04:10:00Z"}
//
// source, sender, start and end may be missing.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Config is what an admin may set for this plugin: nothing, as the lines say all.
type Config struct{}

type parser struct{}

// New returns a parser that is safe for concurrent use.
func New(Config) (sdk.Parser, error) { return parser{}, nil }

var (
	errObject = errors.New("files: want one JSON object")
	errKind   = errors.New(`files: want "kind" to be file or video`)
	errSum    = errors.New(`files: want "sha256" to be 64 hexadecimal digits`)
)

// record is one line. Times are RFC 3339.
type record struct {
	Kind   string       `json:"kind"`
	Name   string       `json:"name"`
	Type   string       `json:"type"`
	Size   *json.Number `json:"size"`
	SHA256 string       `json:"sha256"`
	Source string       `json:"source"`
	Sender string       `json:"sender"`
	Start  string       `json:"start"`
	End    string       `json:"end"`
}

// Parse reads one line.
func (parser) Parse(line []byte, ev *sdk.Event) error {
	var r record
	d := json.NewDecoder(bytes.NewReader(line))
	if err := d.Decode(&r); err != nil || d.More() {
		return errObject
	}
	text := func(f ecs.Field, v string) {
		if i := bytes.Index(line, []byte(`"`+v+`"`)); i >= 0 {
			ev.Set(f, line[i+1:i+1+len(v)])
		} else {
			ev.SetCopy(f, []byte(v), line) // it is written with escapes; masking anything in the line takes it, too
		}
	}
	text(ecs.FileName, r.Name)
	text(ecs.FileMimeType, r.Type)
	text(ecs.HostName, r.Source)
	text(ecs.AgentName, r.Sender)
	if r.Size != nil {
		ev.Set(ecs.FileSize, []byte(*r.Size))
	}
	span(r.Start, r.End, ev)
	switch r.Kind {
	case "file":
		ev.SetString(ecs.ObserverType, "file")
		ev.SetString(ecs.EventDataset, "files.file")
	case "video":
		ev.SetString(ecs.ObserverType, "video")
		ev.SetString(ecs.EventDataset, "files.video")
		text(ecs.ObserverName, r.Source)
	default:
		return errKind
	}
	if !sum(r.SHA256) {
		return errSum
	}
	text(ecs.FileHashSHA256, r.SHA256)
	return nil
}

// span sets the time that a file is about.
func span(start, end string, ev *sdk.Event) {
	from, to := []byte(start), []byte(end)
	ev.SetTime(time.RFC3339Nano, time.UTC, from)
	ev.SetTimeField(ecs.EventStart, time.RFC3339Nano, time.UTC, from)
	ev.SetTimeField(ecs.EventEnd, time.RFC3339Nano, time.UTC, to)
	a, err := time.Parse(time.RFC3339Nano, start)
	if err != nil {
		return
	}
	if b, err := time.Parse(time.RFC3339Nano, end); err == nil && !b.Before(a) {
		ev.SetInt(ecs.EventDuration, b.Sub(a).Nanoseconds())
	}
}

// sum says whether s is a SHA-256 as the host writes it.
func sum(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func main() { sdk.ServeParser(New) }
