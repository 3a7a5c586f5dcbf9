// Package explain tells an event's history: its stored line, which plugins and versions made it what it is, and field
// by field who wrote a value and from which bytes of the line.
//
// Nothing of that is stored with events. The stored line goes once more through the very plugins that handled it
// (package lineage knows which, package plugin keeps their programs) and the classification rules of that time, by the
// pipeline's own code, and what comes out is compared with what is stored. It can differ: the stored line is masked, and plugins read tables that change. What
// differs is said.
package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/host/classification"
	"github.com/logcenter/logcenter/host/lineage"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// ErrNotFound means that there is no such event, or that the caller may not see it.
var ErrNotFound = errors.New("there is no such event")

// Explainer explains events. Safe for concurrent use.
type Explainer struct {
	Store   Searcher
	Lineage *lineage.Log
	Plugins *plugin.Registry
	Rules   func() *classification.Classifier // those in effect; may be nil
}

// Searcher is the part of a store that finds events.
type Searcher interface {
	Search(ctx context.Context, s store.Scope, r store.SearchRequest) (*store.Page, error)
}

// Explanation is an event's history.
type Explanation struct {
	EventID string   `json:"event_id"`
	Line    string   `json:"line"` // as it is stored, masked
	Plugins []Plugin `json:"plugins"`
	Fields  []Field  `json:"fields"` // sorted by name
	Notes   []string `json:"notes,omitempty"`
}

// Plugin is one that handled the event, in the order it did.
type Plugin struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Version string `json:"version,omitempty"` // empty: not known
	Sum     string `json:"sha256,omitempty"`  // of its program
	// Ran is the version that ran for this explanation; empty if none could.
	Ran  string `json:"ran,omitempty"`
	Note string `json:"note,omitempty"` // why another version ran, or none
}

// Field is one field of the event.
type Field struct {
	Name  string `json:"name"`
	Value any    `json:"value,omitempty"` // as it is stored; nil if it is not
	// By is who wrote the value: the id of a plugin, "rule NAME" (of classification), "host", or "input NAME"; empty if
	// nobody wrote it this time.
	By string `json:"by,omitempty"`
	// How a plugin came by it: "line" (a part of the line), "made" (made from a part of the line, or by its rules),
	// "constant" (of its manifest). Empty for the host's.
	How string `json:"how,omitempty"`
	// Bytes is the part of the line the value comes from; nil if nobody said.
	Bytes *Range `json:"bytes,omitempty"`
	// Now is what came out this time, if that is another value than the stored one; Differs says so, as nothing may have
	// come out.
	Now     any  `json:"now,omitempty"`
	Differs bool `json:"differs,omitempty"`
}

// Range is a part of the line in bytes.
type Range struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
	// Found says that the plugin did not tell the place: this is the only one where the value stands in the line.
	Found bool `json:"found,omitempty"`
}

// Explain tells the history of an event within a scope.
func (x *Explainer) Explain(ctx context.Context, scope store.Scope, eventID string) (*Explanation, error) {
	id, err := store.ParseEventID(eventID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrRequest, err)
	}
	ev, err := x.find(ctx, scope, eventID)
	if err != nil {
		return nil, err
	}
	out := &Explanation{EventID: eventID, Plugins: []Plugin{}, Fields: []Field{}}
	out.Line, _ = ev[ecs.Message.Name()].(string)
	r := replay{x: x, id: id, ev: ev, out: out, written: map[string]write{}}
	defer r.close()
	plan, err := r.plan(ctx)
	if err != nil {
		return nil, err
	}
	again, err := r.again(ctx, plan)
	if err != nil {
		return nil, err
	}
	r.compare(again)
	return out, nil
}

// find is the event, whenever it was. Its id is of this host or of one it was moved or restored from.
func (x *Explainer) find(ctx context.Context, scope store.Scope, eventID string) (store.Event, error) {
	n, err := query.Parse(ecs.EventID.Name() + ":" + strconv.Quote(eventID)) // it has passed ParseEventID
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrRequest, err)
	}
	page, err := x.Store.Search(ctx, scope, store.SearchRequest{
		Selection: store.Selection{Query: n, From: time.Unix(0, math.MinInt64).UTC(), To: time.Unix(0, math.MaxInt64).UTC()},
		Limit:     1,
	})
	if err != nil {
		return nil, err
	}
	if len(page.Events) == 0 {
		return nil, fmt.Errorf("%w: %s is not in the store, or you may not see it", ErrNotFound, eventID)
	}
	return page.Events[0], nil
}

// hosts are the fields that are the host's alone; what comes out of them this time says nothing.
var hosts = map[ecs.Field]bool{
	ecs.EventID: true, ecs.LogcenterParser: true, ecs.LogcenterStream: true, ecs.LogcenterFlags: true,
	ecs.ErrorCode: true, ecs.ErrorMessage: true, ecs.ErrorType: true,
}

// inputs are the fields that an input sets when it takes a record in.
var inputs = map[ecs.Field]bool{
	ecs.EventIngested: true, ecs.EventTimezone: true, ecs.LogcenterInput: true, ecs.LogSourceAddress: true, ecs.LogFilePath: true,
	ecs.Tags: true, ecs.LogcenterRedrivenFrom: true,
}

// compare fills in the fields: what is stored, beside what came out.
func (r *replay) compare(again store.Event) {
	names := map[string]bool{}
	for name := range r.ev {
		names[name] = true
	}
	for name := range again {
		names[name] = true
	}
	delete(names, ecs.Message.Name())
	delete(names, ecs.LogcenterPosition.Name()) // event.id is made of it
	differ := false
	for name := range names {
		f := r.field(name, again)
		differ = differ || f.Differs
		r.out.Fields = append(r.out.Fields, f)
	}
	slices.SortFunc(r.out.Fields, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
	if differ {
		r.note("what differs came out otherwise this time: the stored line is masked, and what plugins look up may have changed")
	}
}

func (r *replay) field(name string, again store.Event) Field {
	f := Field{Name: name, Value: inJSON(r.ev[name])}
	known, _ := ecs.Lookup(name)
	w, wrote := r.written[name]
	switch {
	case wrote && !hosts[known]:
		f.By, f.How, f.Bytes = w.by, w.how, w.bytes
	case inputs[known]:
		f.By = "input"
		if in, _ := r.ev[ecs.LogcenterInput.Name()].(string); in != "" {
			f.By += " " + in
		}
		return f
	case again[name] != nil || hosts[known] || known == ecs.Timestamp:
		f.By = "host"
	}
	if now := inJSON(again[name]); !hosts[known] && again != nil && !reflect.DeepEqual(now, f.Value) {
		f.Now, f.Differs = now, true
	}
	return f
}

// inJSON is a value as JSON can have it: what is no number is a text.
func inJSON(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = inJSON(v[i])
		}
		return out
	}
	return v
}
