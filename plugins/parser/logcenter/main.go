// Command logcenter parses what the host tells of itself: a JSON object a line, whose keys are the names of fields.
//
//	{"@timestamp":"2026-11-30T04:00:00.000000Z","log.level":"Error","event.kind":"event","event.module":"logcenter","event.action":"plugin-quarantined","event.type":"error","event.reason":"crashed 5 times within 2m0s","host.name":"lc-01","logcenter.component.kind":"plugin","logcenter.component.name":"nginx","logcenter.component.state":"quarantined","logcenter.component.status":"degraded","logcenter.component.previous":"running"}
package main

import (
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
)

// Config is what an admin may set for this plugin: nothing, as the lines say all.
type Config struct{}

type parser struct{ texts map[string]ecs.Field }

// New returns a parser that is safe for concurrent use.
func New(Config) (sdk.Parser, error) {
	p := parser{texts: map[string]ecs.Field{}}
	for _, name := range []string{
		"event.action", "event.reason", "event.type", "file.path", "host.name", "log.level", "logcenter.component.advice",
		"logcenter.component.kind", "logcenter.component.name", "logcenter.component.previous", "logcenter.component.state",
		"logcenter.component.status", "logcenter.component.count",
	} {
		f, ok := ecs.Lookup(name)
		if !ok {
			return nil, errors.New("logcenter: plugin.yaml declares no field " + name)
		}
		p.texts[name] = f
	}
	return p, nil
}

var (
	errObject = errors.New("logcenter: want one JSON object")
	errAction = errors.New(`logcenter: want "event.action"`)
)

// flat does not open what values of keys that are not known may hold.
var flat = jsonscan.Scanner{Depth: 1}

// Parse reads one line.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	if len(line) == 0 || line[0] != '{' {
		return errObject
	}
	acts := false
	it := flat.Scan(line)
	for it.Next() {
		f, known := p.texts[string(it.Path())]
		switch {
		case string(it.Path()) == "@timestamp" && it.Kind() == jsonscan.String:
			ev.SetTime(time.RFC3339Nano, time.UTC, it.Value())
		case known && f == ecs.LogLevel:
			level(it.Value(), ev)
		case known && it.Kind() == jsonscan.Number:
			ev.Set(f, it.Value())
		case known && it.Kind() == jsonscan.String:
			ev.SetDecoded(f, it.Value(), jsonscan.AppendUnescaped)
			acts = acts || f == ecs.EventAction
		}
	}
	switch {
	case it.Err() != nil:
		return errObject
	case !acts:
		return errAction
	}
	return nil
}

// level sets a severity, which is one of the unified ones already.
func level(v []byte, ev *sdk.Event) {
	for _, s := range ecs.Severities {
		if string(v) == string(s) {
			ev.SetLevel(s)
			return
		}
	}
	ev.Bad(ecs.LogLevel, "want Debug, Info, Warn, Error or Fatal")
}

func main() { sdk.ServeParser(New) }
