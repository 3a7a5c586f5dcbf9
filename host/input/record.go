package input

import (
	"time"

	"github.com/logcenter/logcenter/sdk/wire"
)

// Record is one record as an input takes it, for those who give it to the Intake themselves.
type Record struct {
	Input    string // its name
	Timezone string // of the input; may be empty
	Tags     []string
	Address  string // of the sender
	Path     string // of the file; may be empty
	Text     string // UTF-8
	Mark     Mark
	Received time.Time
}

// Batch is the record as a batch of its own, as if the input had made it. Tags beyond what an input may put on its
// records are left out.
func (r *Record) Batch() *wire.Batch {
	c := Common{Name: r.Input, Timezone: r.Timezone, Tags: r.Tags[:min(len(r.Tags), mostTags)]}
	rows := newRows(&c, r.Path != "")
	rows.add(&Source{address: r.Address, path: r.Path}, []byte(r.Text), r.Mark, r.Received.UnixNano(), 0)
	return rows.finish()
}
