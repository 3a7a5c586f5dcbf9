package sdk

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Rows are the events of a batch, as a [BatchEnricher] sets fields of them. It is valid during the call it was handed
// to, and not for concurrent use.
type Rows worker

// At is the cursor of a row. The rows at which a field is set must ascend.
func (r *Rows) At(row int) *Event {
	w := (*worker)(r)
	w.enter(row)
	return &w.ev
}

// SetStrings sets f of all events at once: that of the row i to texts[codes[i]], which recurs as with
// [Event.SetString]; a negative code and an empty text set nothing. There are as many codes as rows, and f is set by
// nothing else in the batch. Texts that are used are sent once each, so equal ones should have one code. It costs a few nanoseconds a row and no more for a text that recurs, so what is known of
// few things that many events are about should be set by it.
func (r *Rows) SetStrings(f ecs.Field, codes []int32, texts []string) {
	w := (*worker)(r)
	if b := w.ev.typed(f, wire.Type_STRING); b != nil {
		b.Texts(codes, texts)
	}
}

// Numbers gives the values that occur in a batch numbers from 0 on, in the order in which they come, so that what
// must be known of each can be had once. The zero value must be Reset. Not for concurrent use.
type Numbers struct {
	Values []uint32 // by number
	number []int32  // by value, one more than its number; 0 is none
}

// Reset forgets all, and readies n for values below most. It keeps four bytes for each of these.
func (n *Numbers) Reset(most int) {
	for _, v := range n.Values {
		n.number[v] = 0
	}
	n.Values = n.Values[:0]
	if len(n.number) < most {
		n.number = make([]int32, most)
	}
}

// Of is the number of a value.
func (n *Numbers) Of(value uint32) int32 {
	if n.number[value] == 0 {
		n.Values = append(n.Values, value)
		n.number[value] = int32(len(n.Values))
	}
	return n.number[value] - 1
}
