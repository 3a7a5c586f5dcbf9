package sdk

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Facts are texts that events of one kind have whatever else their lines say, such as event.action and event.category.
// They are made once, for package variables, and set by one call:
//
//	var denied = sdk.NewFacts(map[ecs.Field][]string{
//		ecs.EventAction:   {"denied"},
//		ecs.EventCategory: {"network"},
//		ecs.EventType:     {"connection", "denied"},
//	})
//
//	ev.SetFacts(denied)
//
// That costs half of what as many calls of SetString do, as a batch's facts are put into columns all at once. Facts are safe
// for concurrent use.
type Facts struct {
	id     uint16
	fields []ecs.Field
	texts  [][]string
}

// facts are all that were made, by their ids from 1.
var (
	factsMu sync.RWMutex
	facts   = []*Facts{nil}
)

// MaxFacts is how many facts a program can make.
const MaxFacts = math.MaxUint16

// NewFacts makes facts. Empty texts are left out. It panics for a field that is no string, for several texts of a field
// that is no list, for what is not UTF-8, and for more than [MaxFacts], as facts are made when the program starts.
func NewFacts(of map[ecs.Field][]string) *Facts {
	f := &Facts{}
	for field := range of {
		f.fields = append(f.fields, field)
	}
	slices.Sort(f.fields)
	for _, field := range f.fields {
		info := field.Info()
		texts := slices.DeleteFunc(slices.Clone(of[field]), func(s string) bool { return s == "" })
		switch {
		case WireType(info.Type) != wire.Type_STRING || info.Type == 0:
			panic(fmt.Sprintf("sdk: facts have texts, and %s is a %s", info.Name, info.Type))
		case len(texts) > 1 && !info.List:
			panic(fmt.Sprintf("sdk: facts have %d texts for %s, which is no list", len(texts), info.Name))
		case !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) }):
		default:
			panic("sdk: facts have a text for " + info.Name + " that is not UTF-8")
		}
		f.texts = append(f.texts, texts)
	}
	factsMu.Lock()
	defer factsMu.Unlock()
	if len(facts) > MaxFacts {
		panic(fmt.Sprintf("sdk: more than %d facts; make them once, when the program starts", MaxFacts))
	}
	f.id = uint16(len(facts))
	facts = append(facts, f)
	return f
}

// SetFacts gives the event facts. What is set on the event by itself counts more, whether before or behind; of a list field
// both are there, the facts first. Another call takes the place of the first; nil takes facts away.
func (e *Event) SetFacts(f *Facts) {
	if e.out == nil {
		return
	}
	id := uint16(0)
	if f != nil {
		id = f.id
	}
	e.facts.set(e.row, id)
}

// factRows are which facts the rows of a batch have, 0 for none.
type factRows struct {
	ids  []uint16
	used bool
}

// reset is for a batch of so many rows.
func (r *factRows) reset(rows int) {
	if r.used {
		clear(r.ids)
	}
	if r.used = false; cap(r.ids) < rows {
		r.ids = make([]uint16, rows)
	}
	r.ids = r.ids[:rows]
}

// grow adds a row.
func (r *factRows) grow() { r.ids = append(r.ids, 0) }

func (r *factRows) set(row int, id uint16) {
	r.ids[row] = id
	r.used = true
}

// spread puts the facts of rows into columns, and returns how many texts are of fields that the manifest does not list.
func (w *worker) spread(r *factRows, out []*wire.Builder) (undeclared int64) {
	if !r.used {
		return 0
	}
	factsMu.RLock()
	all := facts
	factsMu.RUnlock()
	if n := len(all); len(w.factCount) < n {
		w.factCount, w.factTexts = make([]int64, n), make([][]string, n)
	}
	clear(w.factCount)
	for _, id := range r.ids {
		w.factCount[id]++
	}
	clear(w.factFields)
	for id, n := range w.factCount[1:] {
		if n > 0 {
			for _, f := range all[id+1].fields {
				w.factFields[f] = true
			}
		}
	}
	for field := range w.factFields {
		clear(w.factTexts)
		texts := int64(0)
		for id, n := range w.factCount[1:] {
			if n == 0 {
				continue
			}
			if k, ok := slices.BinarySearch(all[id+1].fields, field); ok {
				w.factTexts[id+1] = all[id+1].texts[k]
				texts += n * int64(len(all[id+1].texts[k]))
			}
		}
		if int(field) < len(out) && out[field] != nil {
			out[field].Fill(r.ids, w.factTexts)
		} else {
			undeclared += texts
		}
	}
	return undeclared
}
