// Command files parses what the host writes down of the files and videos that are given to it: a JSON object a line.
//
//	{"kind":"video","name":"gate-3.mp4","type":"video/mp4","size":73400320,"sha256":"9f86…","source":"gate-3","sender":"branch","start":"2026-10-11T04:00:00Z","end":"2026-10-11T04:10:00Z"}
//
// source, sender, start and end may be missing.
package main

import (
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/timestamp"
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

// record is one line: its texts without their quotes, as they stand there. Times are RFC 3339.
type record struct{ kind, name, mime, size, sum, source, sender, start, end []byte }

// field is where the value of a key goes, and what it must be; nil for a key that is not known.
func (r *record) field(key []byte) (v *[]byte, kind jsonscan.Kind) {
	switch string(key) {
	case "kind":
		return &r.kind, jsonscan.String
	case "name":
		return &r.name, jsonscan.String
	case "type":
		return &r.mime, jsonscan.String
	case "size":
		return &r.size, jsonscan.Number
	case "sha256":
		return &r.sum, jsonscan.String
	case "source":
		return &r.source, jsonscan.String
	case "sender":
		return &r.sender, jsonscan.String
	case "start":
		return &r.start, jsonscan.String
	case "end":
		return &r.end, jsonscan.String
	}
	return nil, jsonscan.None
}

// flat does not open what values of keys that are not known may hold.
var flat = jsonscan.Scanner{Depth: 1}

// read is false for what is no such object.
func (r *record) read(line []byte) bool {
	it := flat.Scan(line)
	for it.Next() {
		switch v, kind := r.field(it.Path()); {
		case v == nil:
		case it.Kind() == kind:
			*v = it.Value()
		case it.Kind() != jsonscan.Null:
			return false
		}
	}
	return it.Err() == nil && line[0] == '{'
}

// Parse reads one line.
func (parser) Parse(line []byte, ev *sdk.Event) error {
	var r record
	if !r.read(line) {
		return errObject
	}
	text := func(f ecs.Field, v []byte) { ev.SetDecoded(f, v, jsonscan.AppendUnescaped) }
	text(ecs.FileName, r.name)
	text(ecs.FileMimeType, r.mime)
	text(ecs.HostName, r.source)
	text(ecs.AgentName, r.sender)
	ev.Set(ecs.FileSize, r.size)
	span(r.start, r.end, ev)
	switch string(r.kind) {
	case "file":
		ev.SetString(ecs.ObserverType, "file")
		ev.SetString(ecs.EventDataset, "files.file")
	case "video":
		ev.SetString(ecs.ObserverType, "video")
		ev.SetString(ecs.EventDataset, "files.video")
		text(ecs.ObserverName, r.source)
	default:
		return errKind
	}
	if !isSum(r.sum) {
		return errSum
	}
	ev.Set(ecs.FileHashSHA256, r.sum)
	return nil
}

var rfc3339 = timestamp.MustCompile(time.RFC3339Nano)

// span sets the time that a file is about.
func span(start, end []byte, ev *sdk.Event) {
	ev.SetTime(time.RFC3339Nano, time.UTC, start)
	ev.SetTimeField(ecs.EventStart, time.RFC3339Nano, time.UTC, start)
	ev.SetTimeField(ecs.EventEnd, time.RFC3339Nano, time.UTC, end)
	from, ok := rfc3339.Parse(start, time.UTC)
	if to, isTime := rfc3339.Parse(end, time.UTC); ok && isTime && to >= from {
		ev.SetInt(ecs.EventDuration, to-from)
	}
}

// isSum says whether b is a SHA-256 as the host writes it.
func isSum(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 && c-'a' > 5 {
			return false
		}
	}
	return len(b) == 64
}

func main() { sdk.ServeParser(New) }
