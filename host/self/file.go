package self

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// state is the file of what is open.
type state struct {
	Version int       `json:"version"`
	Running bool      `json:"running"` // the host has not ended in order
	Alive   time.Time `json:"alive"`   // about when it was last seen to run
	Open    []open    `json:"open"`    // parts that were told to be in trouble
}

type open struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	State  string `json:"state"`
	Status string `json:"status"`
}

const stateVersion = 1

// load reads the file; that there is none is no error.
func (in *Input) load() error {
	b, err := os.ReadFile(in.o.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var st state
	if err := json.Unmarshal(b, &st); err != nil {
		return fmt.Errorf("%s: %w", in.o.Path, err)
	}
	if st.Version != stateVersion {
		return fmt.Errorf("%s has version %d, this host reads version %d", in.o.Path, st.Version, stateVersion)
	}
	if st.Running {
		in.watcher.lastAlive = st.Alive
	}
	for _, o := range st.Open[:min(len(st.Open), mostParts)] {
		told := is{o.State, o.Status}
		in.watcher.parts[key{o.Kind, o.ID}] = &watched{name: o.Name, told: told, seen: told}
	}
	return nil
}

// save writes the file. What cannot be written is tried again with the next change.
func (in *Input) save(running bool) {
	st := state{Version: stateVersion, Running: running, Alive: time.Now().UTC(), Open: []open{}}
	for k, x := range in.watcher.parts {
		if x.told.status != OK {
			st.Open = append(st.Open, open{k.kind, k.id, x.name, x.told.state, x.told.status})
		}
	}
	b, err := json.Marshal(st)
	if err == nil {
		err = durable.Replace(in.o.Path, b)
	}
	if err != nil {
		in.o.Log.WithError(err).Warn("what is open about the host itself is not saved; it is tried again")
	}
}

// line is a record as it is written. The parser plugin logcenter has the counterpart.
type line struct {
	Time      string       `json:"@timestamp"`
	Level     ecs.Severity `json:"log.level"`
	Kind      string       `json:"event.kind"`
	Module    string       `json:"event.module"`
	Action    string       `json:"event.action"`
	Type      string       `json:"event.type"`
	Reason    string       `json:"event.reason,omitempty"`
	Host      string       `json:"host.name"`
	Component string       `json:"logcenter.component.kind"`
	Name      string       `json:"logcenter.component.name,omitempty"`
	State     string       `json:"logcenter.component.state,omitempty"`
	Status    string       `json:"logcenter.component.status,omitempty"`
	Was       string       `json:"logcenter.component.previous,omitempty"`
	Advice    string       `json:"logcenter.component.advice,omitempty"`
	Count     int          `json:"logcenter.component.count,omitempty"`
	File      string       `json:"file.path,omitempty"`
}

// mostText bounds a reason or an advice, in bytes.
const mostText = 2048

// record is an event as a line.
func (in *Input) record(e *event) []byte {
	b, _ := json.Marshal(line{ // it has nothing that JSON has not
		Time: e.at.UTC().Format("2006-01-02T15:04:05.000000Z"), Level: e.level, Kind: "event", Module: Parser, Action: e.action, Type: e.how,
		Reason: bounded(e.reason), Host: in.o.Host, Component: e.kind, Name: e.name, State: e.state, Status: e.status, Was: e.was,
		Advice: bounded(e.advice), Count: e.count, File: e.file,
	})
	return b
}

func bounded(s string) string {
	if len(s) <= mostText {
		return s
	}
	for n := mostText; ; n-- {
		if s[n]&0xc0 != 0x80 { // a character begins here
			return s[:n] + "…"
		}
	}
}
