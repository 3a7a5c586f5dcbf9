package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Stage is one plugin as the protocol sees it, apart from how it is reached: the gRPC server of a plugin
// process drives one, and so do tests and benchmarks that want a plugin's work without its process.
type Stage struct {
	kind   wire.Kind
	create func(config []byte) (any, error)
	schema func() []byte
	config func() any

	impl   any
	narrow *wire.ReadSet        // what the plugin wants of what it may read; nil is all
	reads  map[uint32]ecs.Field // host's id → ours
	toHost []uint32             // ours → host's id; 0 = not agreed
	types  []ecs.Type           // of fields that may be written
	lists  []bool
	// severity is what the device's word for how grave an event is means.
	severity severities
	workers  sync.Pool
	order    sync.Mutex // detectors see one batch at a time
	reported time.Time  // when a detector told how its rules fare
	offset   uint64     // of the last batch or tick a detector has seen
}

// Kind is the kind of plugin.
func (s *Stage) Kind() wire.Kind { return s.kind }

// Config is a config struct without values, for tools.
func (s *Stage) Config() any { return s.config() }

// Describe answers what the plugin is and can do.
func (s *Stage) Describe() *wire.DescribeResponse {
	d := &wire.DescribeResponse{Kind: s.kind, Sdk: "go/" + Version, ConfigSchema: s.schema()}
	d.Caps = []wire.Capability{wire.Capability_CAP_STREAM, wire.Capability_CAP_SHM, wire.Capability_CAP_FANOUT}
	if s.kind == wire.Kind_DETECTOR {
		d.Caps = append(d.Caps, wire.Capability_CAP_TICK, wire.Capability_CAP_STATE)
	}
	return d
}

// Open makes the plugin from its config and agrees on fields; a stage that is open starts anew. The error's
// text is for the admin.
func (s *Stage) Open(r *wire.OpenRequest) error {
	// Tests open one stage again and again; nothing of what was agreed before may stay.
	s.reads, s.toHost, s.types, s.lists = make(map[uint32]ecs.Field), nil, nil, nil
	s.workers = sync.Pool{New: func() any { return newWorker(s) }}
	s.offset = 0
	var reads []ecs.Field
	for _, d := range r.Reads {
		f, err := define(d)
		if err != nil {
			return err
		}
		reads = append(reads, f)
		s.reads[d.Id] = f
		s.agree(f, d)
	}
	for _, d := range r.Writes {
		f, err := define(d)
		if err != nil {
			return err
		}
		s.agree(f, d)
		for len(s.types) <= int(f) {
			s.types, s.lists = append(s.types, 0), append(s.lists, false)
		}
		s.types[f], s.lists[f] = f.Type(), d.List
	}
	s.severity = newSeverities(r.Severity)
	s.reads[r.MessageField] = ecs.Message
	s.agree(ecs.Message, &wire.FieldDecl{Id: r.MessageField})
	// Behind the fields, so that a plugin whose config names fields knows those of plugin.yaml.
	impl, err := s.create(r.ConfigJson)
	if err != nil {
		return err
	}
	if err := setRules(impl, r.RulesJson); err != nil {
		return err
	}
	if o, ok := impl.(Opener); ok {
		if err := o.Opened(reads); err != nil {
			return err
		}
	}
	s.narrow = nil
	if n, ok := impl.(Narrower); ok {
		s.narrow = &wire.ReadSet{}
		for _, f := range n.Reads() {
			if int(f) < len(s.toHost) && s.toHost[f] != 0 {
				s.narrow.Fields = append(s.narrow.Fields, s.toHost[f])
			}
		}
	}
	s.impl = impl
	return nil
}

// setRules gives a detector the host's rules.
func setRules(impl any, text []byte) error {
	t, ok := impl.(RuleTaker)
	if !ok || len(text) == 0 {
		return nil
	}
	var data any
	if err := json.Unmarshal(text, &data); err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	var rules rule.List
	if err := schema.Decode(map[string]any{"rules": data}, &rules); err != nil {
		return err
	}
	return schema.Under("rules", t.SetRules(append([]rule.Rule{}, rules.Rules...)))
}

// Targets are the names of the places that an open notifier tells alerts to.
func (s *Stage) Targets() []string {
	if t, ok := s.impl.(Targeter); ok {
		return t.Targets()
	}
	return nil
}

// Reads is what the open plugin wants to be sent, nil for all that was agreed.
func (s *Stage) Reads() *wire.ReadSet { return s.narrow }

func (s *Stage) agree(f ecs.Field, d *wire.FieldDecl) {
	for len(s.toHost) <= int(f) {
		s.toHost = append(s.toHost, 0)
	}
	s.toHost[f] = d.Id
}

func define(d *wire.FieldDecl) (ecs.Field, error) {
	t, err := fieldType(d.Type)
	if err != nil {
		return 0, fmt.Errorf("field %s: %w", d.Name, err)
	}
	if f, ok := ecs.Lookup(d.Name); ok && t == ecs.Keyword && f.Type() == ecs.Text {
		return f, nil
	}
	return ecs.Define(ecs.Info{Name: d.Name, Type: t, List: d.List, Description: d.Description})
}

func fieldType(t wire.Type) (ecs.Type, error) {
	switch t {
	case wire.Type_STRING:
		return ecs.Keyword, nil
	case wire.Type_INT64:
		return ecs.Long, nil
	case wire.Type_DOUBLE:
		return ecs.Double, nil
	case wire.Type_BOOL:
		return ecs.Boolean, nil
	case wire.Type_IP:
		return ecs.IP, nil
	case wire.Type_TIMESTAMP:
		return ecs.Date, nil
	case wire.Type_GEO:
		return ecs.GeoPoint, nil
	}
	return 0, fmt.Errorf("unknown type %d", t)
}

// WireType is the type that a field's values have in columns.
func WireType(t ecs.Type) wire.Type {
	switch t {
	case ecs.Long:
		return wire.Type_INT64
	case ecs.Double:
		return wire.Type_DOUBLE
	case ecs.Boolean:
		return wire.Type_BOOL
	case ecs.IP:
		return wire.Type_IP
	case ecs.Date:
		return wire.Type_TIMESTAMP
	case ecs.GeoPoint:
		return wire.Type_GEO
	default:
		return wire.Type_STRING
	}
}

// Process handles one batch and hands the result to use. The result aliases b and memory that is reused
// when use has returned. Safe for concurrent use.
func (s *Stage) Process(ctx context.Context, b *wire.Batch, use func(*wire.Result) error) error {
	if s.impl == nil {
		return errors.New("Process before Open")
	}
	w := s.workers.Get().(*worker)
	defer s.workers.Put(w)
	if err := b.ValidateBounds(s.toHost[ecs.Message]); err != nil {
		return fmt.Errorf("bad batch: %w", err)
	}
	if s.kind == wire.Kind_DETECTOR {
		s.order.Lock()
		defer s.order.Unlock()
	}
	r := w.process(ctx, b)
	if s.kind == wire.Kind_DETECTOR {
		s.offset = b.Offset
	}
	return use(r)
}

// Tick advances event time.
func (s *Stage) Tick(r *wire.TickRequest, use func(*wire.Result) error) error {
	t, ok := s.impl.(Ticker)
	if !ok {
		return use(&wire.Result{})
	}
	w := s.workers.Get().(*worker)
	defer s.workers.Put(w)
	s.order.Lock()
	defer s.order.Unlock()
	s.offset = max(s.offset, r.Offset)
	return use(w.tick(t, r))
}

// Snapshot writes the state as it is after the last batch or tick and returns its journal offset.
func (s *Stage) Snapshot(out io.Writer) (offset uint64, err error) {
	s.order.Lock()
	defer s.order.Unlock()
	if st, ok := s.impl.(Stateful); ok {
		err = st.Snapshot(out)
	}
	return s.offset, err
}

// Restore replaces the state by a snapshot that includes everything up to offset.
func (s *Stage) Restore(in io.Reader, offset uint64) error {
	s.order.Lock()
	defer s.order.Unlock()
	s.offset = offset
	if st, ok := s.impl.(Stateful); ok {
		return st.Restore(in)
	}
	_, err := io.Copy(io.Discard, in)
	return err
}

// Notify delivers one alert.
func (s *Stage) Notify(ctx context.Context, a *wire.Alert) (err error) {
	n, ok := s.impl.(Notifier)
	if !ok {
		return errors.New("not a notifier")
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return n.Notify(ctx, AlertFromWire(a))
}

// Close lets the plugin finish.
func (s *Stage) Close() error {
	if c, ok := s.impl.(Closer); ok {
		return c.Close()
	}
	return nil
}
