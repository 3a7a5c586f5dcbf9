package input

import (
	"time"

	"github.com/logcenter/logcenter/host/input/decode"
)

// Feed is how one goroutine gives records to a Batcher: it decodes them to UTF-8, bounds them, and joins
// the lines of multi-line records. For one goroutine. Where lines are joined, a Feed serves one source.
type Feed struct {
	to     sink
	count  *Counters
	dec    *decode.Decoder
	buf    []byte
	max    int
	join   *joiner
	joined *Source
	n      int
}

// sink takes finished records: a Batcher or Parts.
type sink interface {
	add(s *Source, text []byte, mark Mark, at, pos int64) error
}

// NewFeed returns a feed. joining false is for senders that mark the bounds of their records themselves,
// as datagrams do: then the multiline configuration does not apply.
func (b *Batcher) NewFeed(joining bool) *Feed { return b.newFeed(b, joining) }

func (b *Batcher) newFeed(to sink, joining bool) *Feed {
	dec, err := decode.New(b.common.Encoding)
	if err != nil {
		panic("input: configuration was not checked: " + err.Error())
	}
	f := &Feed{to: to, count: b.count, dec: dec, max: b.common.MaxRecordBytes}
	if joining {
		f.join = newJoiner(&b.common.Multiline, f.max)
	}
	return f
}

// Line adds a line without its line end: a record, or a part of one where lines are joined. cut says that
// the end of the line was dropped for its length. at is when it was received, in ns; pos the source's
// position behind it, 0 where it has none. Waits while too much is in flight. An empty line is dropped,
// unless it lies within a record. line may be reused after return.
func (f *Feed) Line(s *Source, line []byte, cut bool, at, pos int64) error {
	text, mark := f.text(line, cut)
	if f.join == nil {
		if len(text) == 0 {
			f.count.Drop(DropEmpty, 1)
			return nil
		}
		return f.add(s, text, mark, at, pos)
	}
	if !f.join.continues(text) {
		if err := f.Flush(); err != nil {
			return err
		}
	}
	if len(text) == 0 && f.join.lines == 0 {
		f.count.Drop(DropEmpty, 1)
		return nil
	}
	f.joined = s
	f.join.add(text, mark, at, pos)
	return nil
}

// Records is how many records the feed has added.
func (f *Feed) Records() int { return f.n }

// add adds a finished record.
func (f *Feed) add(s *Source, text []byte, mark Mark, at, pos int64) error {
	err := f.to.add(s, text, mark, at, pos)
	if err == nil {
		f.n++
	}
	return err
}

// text decodes and bounds a line.
func (f *Feed) text(line []byte, cut bool) ([]byte, Mark) {
	if len(line) > f.max { // no decoder makes more characters than bytes
		line, cut = line[:f.max], true
	}
	text, converted := f.dec.Decode(f.buf, line, cut)
	var mark Mark
	if converted {
		f.buf = text
		mark = Decoded
	}
	if len(text) > f.max {
		text, cut = decode.Cut(text, f.max), true
	}
	if cut {
		mark |= Truncated
	}
	return text, mark
}

// Flush adds the record that is being joined, if any.
func (f *Feed) Flush() error {
	j := f.join
	if j == nil || j.lines == 0 {
		return nil
	}
	err := f.add(f.joined, j.buf, j.mark, j.at, j.pos)
	if err == nil {
		j.clear()
	}
	return err
}

// Due is how long the record that is being joined waits for another line; call Flush when it is 0. Without
// such a record ok is false.
func (f *Feed) Due() (wait time.Duration, ok bool) {
	j := f.join
	if j == nil || j.lines == 0 {
		return 0, false
	}
	return max(0, j.wait-time.Since(j.since)), true
}
