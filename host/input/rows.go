package input

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Bounds of one batch. They are constants because a request that is sent again must fall into the same
// batches, see [NewKey].
const (
	// FlushBytes of message is when a batch is worth its sync.
	FlushBytes = 512 << 10
	// MaxBatchBytes of message is when a batch is closed, though one record may exceed it.
	MaxBatchBytes = 1 << 20
	// MaxBatchRows is the most records in a batch; logcenter.position has 16 bits for them.
	MaxBatchRows = 1<<16 - 1
)

// Mark is what was done to a record before anybody else saw it; it becomes logcenter.flags.
type Mark uint8

// The marks.
const (
	Truncated Mark = 1 << iota // cut at Common.MaxRecordBytes
	Decoded                    // was not valid UTF-8
)

// flagNames are the dictionary of logcenter.flags; entry i is of Mark 1<<i.
var flagNames = [...]string{"truncated", "decoded"}

// MarkOf is the mark of a value of logcenter.flags; 0 for what inputs do not set.
func MarkOf(flag string) Mark {
	for i, name := range flagNames {
		if name == flag {
			return 1 << i
		}
	}
	return 0
}

// Source is where records of an input come from: a connection, a peer, a file. Made by [Batcher.Source].
type Source struct {
	address string
	path    string
	limit   int // bytes in flight beyond which its feed waits

	// guarded by the Batcher's mutex
	generation uint64 // of the rows that code belongs to
	code       uint16
	pending    int // bytes not yet durable
	durable    int64
	err        error // records were lost for good
}

// use is what a batch holds of one source.
type use struct {
	source *Source
	bytes  int
	pos    int64 // the highest
}

var generations atomic.Uint64

// rows collects records into the columns of one batch. Its memory is reused. One goroutine at a time.
type rows struct {
	generation uint64
	n          int
	arena      []byte // messages, each followed by a newline
	offsets    []byte // u32, n+1 of them
	ingested   []byte // i64
	codes      []uint16
	uses       []use  // by code
	addresses  []byte // text of the dictionary
	paths      []byte
	addressEnd []byte // u32 offsets
	pathEnd    []byte
	marked     []marked

	batch                                                    wire.Batch
	columns                                                  []*wire.Column // those that every batch has
	message, input, address, received, zone, path, tag, flag wire.Column
	narrow, zeros, tags, tagLists                            []byte
	present, flagLists, flagCodes                            []byte
	hasPath                                                  bool
}

type marked struct {
	row  uint32
	mark Mark
}

// newRows readies rows for records of one input. hasPath adds log.file.path.
func newRows(c *Common, hasPath bool) *rows {
	r := &rows{hasPath: hasPath, columns: make([]*wire.Column, 0, 8)}
	column := func(to *wire.Column, f ecs.Field, t wire.Type, e wire.Encoding) {
		to.Field, to.Name, to.Type, to.Encoding = uint32(f), f.Name(), t, e
		r.columns = append(r.columns, to)
	}
	column(&r.message, ecs.Message, wire.Type_STRING, wire.Encoding_PLAIN)
	r.message.Separator = 1
	column(&r.input, ecs.LogcenterInput, wire.Type_STRING, wire.Encoding_DICT)
	dictionary(&r.input, c.Name)
	column(&r.address, ecs.LogSourceAddress, wire.Type_STRING, wire.Encoding_DICT)
	column(&r.received, ecs.EventIngested, wire.Type_TIMESTAMP, wire.Encoding_PLAIN)
	if c.Timezone != "" {
		column(&r.zone, ecs.EventTimezone, wire.Type_STRING, wire.Encoding_DICT)
		dictionary(&r.zone, c.Timezone)
	}
	if hasPath {
		column(&r.path, ecs.LogFilePath, wire.Type_STRING, wire.Encoding_DICT)
	}
	if len(c.Tags) > 0 {
		column(&r.tag, ecs.Tags, wire.Type_STRING, wire.Encoding_DICT)
		dictionary(&r.tag, c.Tags...)
	}
	r.flag.Field, r.flag.Name = uint32(ecs.LogcenterFlags), ecs.LogcenterFlags.Name()
	r.flag.Type, r.flag.Encoding = wire.Type_STRING, wire.Encoding_DICT
	dictionary(&r.flag, flagNames[:]...)
	r.reset()
	return r
}

// dictionary gives a DICT column its entries.
func dictionary(c *wire.Column, entries ...string) {
	c.Width = 1
	c.Dict = binary.LittleEndian.AppendUint32(c.Dict[:0], 0)
	for _, e := range entries {
		c.Data = append(c.Data, e...)
		c.Dict = binary.LittleEndian.AppendUint32(c.Dict, uint32(len(c.Data)))
	}
}

// reset empties r for the next batch.
func (r *rows) reset() {
	r.generation = generations.Add(1)
	r.n = 0
	r.arena, r.ingested, r.codes = r.arena[:0], r.ingested[:0], r.codes[:0]
	r.offsets = append(r.offsets[:0], 0, 0, 0, 0)
	clear(r.uses) // so that closed sources can go
	r.uses, r.marked = r.uses[:0], r.marked[:0]
	r.addresses, r.paths = r.addresses[:0], r.paths[:0]
	r.addressEnd = append(r.addressEnd[:0], 0, 0, 0, 0)
	r.pathEnd = append(r.pathEnd[:0], 0, 0, 0, 0)
}

// fits says whether a record of n bytes may be added.
func (r *rows) fits(n int) bool {
	return r.n == 0 || r.n < MaxBatchRows && len(r.arena)+n < MaxBatchBytes
}

// add appends a record: text, received at at (ns), ending at position pos of its source.
func (r *rows) add(s *Source, text []byte, mark Mark, at, pos int64) {
	if s.generation != r.generation {
		r.adopt(s)
	}
	r.arena = append(append(r.arena, text...), '\n')
	r.offsets = binary.LittleEndian.AppendUint32(r.offsets, uint32(len(r.arena)))
	r.ingested = binary.LittleEndian.AppendUint64(r.ingested, uint64(at))
	r.codes = append(r.codes, s.code)
	if mark != 0 {
		r.marked = append(r.marked, marked{uint32(r.n), mark})
	}
	u := &r.uses[s.code]
	u.bytes += len(text)
	u.pos = max(u.pos, pos)
	r.n++
}

// adopt gives a source its code in this batch.
func (r *rows) adopt(s *Source) {
	s.generation, s.code = r.generation, uint16(len(r.uses))
	r.uses = append(r.uses, use{source: s})
	r.addresses = append(r.addresses, s.address...)
	r.addressEnd = binary.LittleEndian.AppendUint32(r.addressEnd, uint32(len(r.addresses)))
	if r.hasPath {
		r.paths = append(r.paths, s.path...)
		r.pathEnd = binary.LittleEndian.AppendUint32(r.pathEnd, uint32(len(r.paths)))
	}
}

// halve copies the records to two other batches, for other than their sources' accounts.
func (r *rows) halve(first, second *rows) {
	k := 0
	for i, to := range []*rows{first, second} {
		sources := map[uint16]*Source{}
		for row := i * (r.n / 2); row < (i+1)*(r.n/2)+i*(r.n%2); row++ {
			code := r.codes[row]
			s := sources[code]
			if s == nil {
				was := r.uses[code].source
				s = &Source{address: was.address, path: was.path}
				sources[code] = s
			}
			var mark Mark
			if k < len(r.marked) && int(r.marked[k].row) == row {
				mark = r.marked[k].mark
				k++
			}
			from, end := binary.LittleEndian.Uint32(r.offsets[4*row:]), binary.LittleEndian.Uint32(r.offsets[4*row+4:])
			to.add(s, r.arena[from:end-1], mark, int64(binary.LittleEndian.Uint64(r.ingested[8*row:])), 0)
		}
	}
}

// finish returns the batch; it aliases r until reset. r must not be empty.
func (r *rows) finish() *wire.Batch {
	n := uint32(r.n)
	r.batch.Rows = n
	r.message.Count, r.message.Values, r.message.Data = n, r.offsets, r.arena
	if len(r.zeros) < r.n {
		r.zeros = make([]byte, max(r.n, 2*len(r.zeros)))
	}
	r.input.Count, r.input.Values = n, r.zeros[:n]
	r.zone.Count, r.zone.Values = n, r.zeros[:n]
	r.received.Count, r.received.Values = n, r.ingested
	r.finishSources(n)
	if r.tag.Field != 0 {
		r.finishTags()
	}
	r.batch.Columns = r.columns
	if len(r.marked) > 0 {
		r.finishFlags()
		r.batch.Columns = append(r.columns, &r.flag) // there is room
	}
	return &r.batch
}

func (r *rows) finishSources(n uint32) {
	r.narrow = r.narrow[:0]
	width := uint32(1)
	if len(r.uses) <= 1<<8 {
		for _, c := range r.codes {
			r.narrow = append(r.narrow, byte(c))
		}
	} else {
		width = 2
		for _, c := range r.codes {
			r.narrow = append(r.narrow, byte(c), byte(c>>8))
		}
	}
	r.address.Count, r.address.Values, r.address.Width = n, r.narrow, width
	r.address.Dict, r.address.Data = r.addressEnd, r.addresses
	r.path.Count, r.path.Values, r.path.Width = n, r.narrow, width
	r.path.Dict, r.path.Data = r.pathEnd, r.paths
}

func (r *rows) finishTags() {
	k := r.tag.Entries()
	for len(r.tags) < r.n*k {
		r.tags = append(r.tags, byte(len(r.tags)%k))
	}
	for i := len(r.tagLists) / 4; i <= r.n; i++ {
		r.tagLists = binary.LittleEndian.AppendUint32(r.tagLists, uint32(i*k))
	}
	r.tag.Count, r.tag.Values, r.tag.Lists = uint32(r.n), r.tags[:r.n*k], r.tagLists[:4*(r.n+1)]
}

func (r *rows) finishFlags() {
	if need := (r.n + 7) / 8; cap(r.present) < need {
		r.present = make([]byte, need)
	} else {
		r.present = r.present[:need]
		clear(r.present)
	}
	r.flagLists, r.flagCodes = r.flagLists[:0], r.flagCodes[:0]
	for _, m := range r.marked {
		r.present[m.row>>3] |= 1 << (m.row & 7)
		r.flagLists = binary.LittleEndian.AppendUint32(r.flagLists, uint32(len(r.flagCodes)))
		for i := range flagNames {
			if m.mark&(1<<i) != 0 {
				r.flagCodes = append(r.flagCodes, byte(i))
			}
		}
	}
	r.flagLists = binary.LittleEndian.AppendUint32(r.flagLists, uint32(len(r.flagCodes)))
	r.flag.Count, r.flag.Present, r.flag.Values, r.flag.Lists = uint32(len(r.marked)), r.present, r.flagCodes, r.flagLists
}
