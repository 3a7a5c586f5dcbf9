package drift

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// state is the file of what was learned.
type state struct {
	Version int           `json:"version"`
	Offset  uint64        `json:"offset"` // of the event journal, the last entry that is in it
	At      int64         `json:"at"`
	Plugins []savedPlugin `json:"plugins"`
	Keys    []savedKey    `json:"keys"`
	Drifts  []*Drift      `json:"drifts"` // oldest first
}

const stateVersion = 1

type savedPlugin struct {
	ID      string   `json:"id"`
	Version string   `json:"version"`
	Config  string   `json:"config,omitempty"`
	Fields  []string `json:"fields"`
	Active  bool     `json:"active,omitempty"`
}

type savedKey struct {
	Kind    string             `json:"kind"`
	Plugin  string             `json:"plugin,omitempty"`
	Device  string             `json:"device"`
	Hosts   []string           `json:"hosts,omitempty"`
	Input   string             `json:"input,omitempty"`
	Dataset string             `json:"dataset,omitempty"`
	First   int64              `json:"first"`
	Seen    int64              `json:"seen"`
	Epoch   int                `json:"epoch,omitempty"`
	Rates   map[string]rate    `json:"rates"` // by field
	Prior   map[string]float64 `json:"prior,omitempty"`
	Cause   string             `json:"cause,omitempty"`
	Before  []Sample           `json:"before,omitempty"`
	After   []Sample           `json:"after,omitempty"`
	Open    string             `json:"open,omitempty"` // id of a drift
	Back    backlog            `json:"back,omitzero"`
}

// expected says whether a parser is in service, or was not long ago.
func (t *Tracker) expected(p *parser) bool {
	_, missing := t.missing[p.ID]
	return p.active || missing
}

// saveSoon saves, unless that takes long and was done lately: then the next entry does.
func (t *Tracker) saveSoon() {
	if t.cost < cheapSave || time.Since(t.wrote) >= savePart*t.cost {
		t.save()
	}
}

// save writes what is known. What cannot be written is tried again later.
func (t *Tracker) save() {
	t.saved, t.changed = t.at, false
	if t.o.Path == "" {
		return
	}
	begun := time.Now()
	st := state{Version: stateVersion, Offset: t.offset, At: t.at, Plugins: []savedPlugin{}, Keys: []savedKey{}, Drifts: t.drifts}
	for _, p := range t.plugins {
		st.Plugins = append(st.Plugins, savedPlugin{p.ID, p.Version, p.Config, p.names, t.expected(p)})
	}
	for _, k := range t.keys {
		s := savedKey{
			Kind: kindNames[k.kind], Device: k.device, Hosts: k.hosts, Input: k.input, Dataset: k.dataset, First: k.first, Seen: k.seen,
			Epoch: k.epoch, Rates: map[string]rate{}, Cause: k.cause, Before: k.before.list(), After: k.after.list(), Back: k.back,
		}
		if k.parser != nil {
			s.Plugin = k.parser.ID
		}
		if k.open != nil {
			s.Open = k.open.ID
		}
		if k.prior != nil {
			s.Prior = map[string]float64{}
		}
		for i, name := range k.names() {
			s.Rates[name] = k.rates[i]
			if k.prior != nil {
				s.Prior[name] = k.prior[i]
			}
		}
		st.Keys = append(st.Keys, s)
	}
	b, err := json.Marshal(&st)
	if err == nil {
		err = durable.Replace(t.o.Path, b)
	}
	t.wrote, t.cost = time.Now(), time.Since(begun)
	if err != nil {
		t.o.Log.WithError(err).Warn("what was learned of the devices' lines is not saved; it is tried again")
	}
}

// Save writes what is known, at the end of a run.
func (t *Tracker) Save() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.save()
}

// load reads what was saved; a missing file is no error. After an error nothing of it is used.
func (t *Tracker) load() error {
	if t.o.Path == "" {
		return nil
	}
	b, err := os.ReadFile(t.o.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var st state
	if err := json.Unmarshal(b, &st); err != nil {
		return fmt.Errorf("%s: %w", t.o.Path, err)
	}
	if st.Version != stateVersion {
		return fmt.Errorf("%s has version %d, this host reads version %d", t.o.Path, st.Version, stateVersion)
	}
	t.offset, t.at, t.saved = st.Offset, st.At, st.At
	byID, drifts := map[string]*parser{}, map[string]*Drift{}
	for _, s := range st.Plugins {
		p := newParser(Plugin{ID: s.ID, Version: s.Version, Config: s.Config})
		p.active, p.names = s.Active, s.Fields
		for i, name := range s.Fields { // by name only: Plugins brings the handles
			if f, ok := ecs.Lookup(name); ok {
				p.setSlot(f, i)
			}
		}
		t.plugins, byID[s.ID] = append(t.plugins, p), p
	}
	for _, d := range st.Drifts {
		if d != nil && len(d.Changes) > 0 {
			t.drifts, drifts[d.ID] = append(t.drifts, d), d
		}
	}
	for i := range st.Keys {
		t.restore(&st.Keys[i], byID, drifts)
	}
	for _, d := range t.drifts {
		if d.State == StateOpen && d.key == nil { // its key is gone
			d.over(StateSuperseded, t.at)
		}
	}
	return nil
}

// restore makes a key of what was saved. One that makes no sense is left out.
func (t *Tracker) restore(s *savedKey, byID map[string]*parser, drifts map[string]*Drift) {
	kind := kind(slices.Index(kindNames[:], s.Kind))
	p := byID[s.Plugin]
	if kind >= kinds || (p == nil) != (kind == unrecognised) || len(t.keys) >= t.o.MaxKeys {
		return
	}
	k := &key{
		kind: kind, parser: p, device: s.Device, hosts: s.Hosts, input: s.Input, dataset: s.Dataset, first: s.First, seen: s.Seen,
		epoch: s.Epoch, cause: s.Cause, back: s.Back,
	}
	k.resize()
	for _, line := range s.Before {
		k.before.add(line)
	}
	for _, line := range s.After {
		k.after.add(line)
	}
	if s.Prior != nil {
		k.prior = make([]float64, len(k.rates))
	}
	for i, name := range k.names() {
		k.rates[i] = s.Rates[name]
		if k.prior != nil {
			k.prior[i] = s.Prior[name]
		}
	}
	if d := drifts[s.Open]; d != nil && d.State == StateOpen {
		k.open, d.key = d, k
		for _, c := range d.Changes {
			d.at = append(d.at, max(0, slices.Index(k.names(), c.Field)))
		}
	}
	device := nonZero([]byte(s.Device))
	id := mix(uint64(kind), device)
	switch kind {
	case unparsed:
		id = mix(id, p.hash)
	case fields:
		id = mix(mix(id, p.hash), nonZero([]byte(s.Dataset)))
	default:
		id = mix(id, nonZero([]byte(s.Input)))
	}
	t.keys[id] = k
}
