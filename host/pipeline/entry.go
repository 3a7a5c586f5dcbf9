package pipeline

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Entry is one entry of the event journal: what became of a run of raw entries. Every raw entry is in exactly
// one, so that after a crash work goes on behind the last.
//
// An entry may instead tell the time: the host had done all that had come in by then. It records that time passed
// without events, for those who act on it and must act alike when the journal is read again. Such an entry has no
// events, and its run of raw entries is the empty one behind To.
type Entry struct {
	Journal  string // id of the raw journal
	From, To uint64 // its entries
	Batch    *wire.Batch
	Dead     []deadletter.Letter
	Clock    time.Time // zero: the entry is of raw entries
	// Start is when a host began to take in what follows: an entry of the one raw entry that says so, see [StartOf]. Nobody
	// knows what would have been received since the entry before. Zero: it is no such entry.
	Start time.Time
}

// entryMagic begins every entry of raw entries; the digit is the version of the layout:
// magic, u64 from, u64 to, u32 length of the batch, batch, dead letters as JSON.
const entryMagic = "LCE1"

// clockMagic begins an entry that tells the time: magic, u64 from, u64 to, i64 nanoseconds, id of the raw journal.
const clockMagic = "LCT1"

// startMagic begins an entry that tells of a start, which is else as one that tells the time; and, with i64 nanoseconds behind
// it and no more, a raw entry.
const startMagic = "LCS1"

const (
	startRaw    = len(startMagic) + 8
	entryHeader = len(entryMagic) + 8 + 8 + 4
	clockHeader = len(clockMagic) + 8 + 8 + 8
)

// AppendEntry encodes what a raw run became. Columns get their names, as field handles mean nothing to
// another process.
func AppendEntry(dst []byte, raw *Raw, f *Finished) ([]byte, error) {
	for _, c := range f.Batch.Columns {
		if c.Field != 0 {
			c.Name = ecs.Field(c.Field).Name()
		}
	}
	n := f.Batch.SizeVT() // with the names
	if dst == nil {
		dst = make([]byte, 0, entryHeader+n)
	}
	dst = append(dst, entryMagic...)
	dst = binary.LittleEndian.AppendUint64(dst, raw.From)
	dst = binary.LittleEndian.AppendUint64(dst, raw.To)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	if _, err := f.Batch.MarshalToSizedBufferVT(dst[at:]); err != nil {
		return nil, err
	}
	if len(f.Dead) == 0 {
		return dst, nil
	}
	dead, err := json.Marshal(f.Dead)
	return append(dst, dead...), err
}

// appendClock encodes an entry that tells the time, behind raw entry to.
func appendClock(dst []byte, journal string, to uint64, at time.Time) []byte {
	return appendTold(dst, clockMagic, journal, to+1, to, at)
}

func appendTold(dst []byte, magic, journal string, from, to uint64, at time.Time) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint64(dst, from)
	dst = binary.LittleEndian.AppendUint64(dst, to)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(at.UnixNano()))
	return append(dst, journal...)
}

// StartOf is the raw entry by which a host says when it begins to take in. It is appended before the first record that is
// received, so that what was received before and since follows from the order of the raw journal, whatever was left undone
// and however often the host is killed.
func StartOf(at time.Time) []byte {
	return binary.LittleEndian.AppendUint64([]byte(startMagic), uint64(at.UnixNano()))
}

// startIn is when the host has started, if a raw entry is about that.
func startIn(body []byte) (at time.Time, ok bool) {
	if len(body) != startRaw || string(body[:len(startMagic)]) != startMagic {
		return at, false
	}
	return nanos(body[len(startMagic):]), true
}

func nanos(b []byte) time.Time { return time.Unix(0, int64(binary.LittleEndian.Uint64(b))).UTC() }

// DecodeEntry decodes an entry of the event journal; it aliases body.
func DecodeEntry(body []byte) (*Entry, error) {
	if isTold(body) {
		e := &Entry{From: binary.LittleEndian.Uint64(body[4:]), To: binary.LittleEndian.Uint64(body[12:]), Journal: string(body[clockHeader:]), Batch: &wire.Batch{}}
		if at := nanos(body[20:]); string(body[:len(startMagic)]) == startMagic {
			e.Start = at
		} else {
			e.Clock = at
		}
		return e, nil
	}
	e := &Entry{Batch: &wire.Batch{}}
	batch, dead, err := e.parts(body)
	if err != nil {
		return nil, err
	}
	if err := decodeBatch(e.Batch, batch); err != nil {
		return nil, fmt.Errorf("event journal entry: %w", err)
	}
	e.Journal = e.Batch.Journal
	return e, e.bury(dead)
}

// DecodeDead reads an entry's dead letters, and leaves out its events, which cost much more. Batch is empty then.
func DecodeDead(body []byte) (*Entry, error) {
	e := &Entry{Batch: &wire.Batch{}}
	if isTold(body) {
		return e, nil
	}
	_, dead, err := e.parts(body)
	if err != nil {
		return nil, err
	}
	return e, e.bury(dead)
}

// isTold says whether an entry only tells how far time has come, or of a start.
func isTold(body []byte) bool {
	return len(body) >= clockHeader && (string(body[:len(clockMagic)]) == clockMagic || string(body[:len(startMagic)]) == startMagic)
}

// parts takes an entry apart; it reads which raw entries it is of.
func (e *Entry) parts(body []byte) (batch, dead []byte, err error) {
	if len(body) < entryHeader || string(body[:len(entryMagic)]) != entryMagic {
		return nil, nil, errors.New("not an entry of this version's event journal")
	}
	e.From = binary.LittleEndian.Uint64(body[4:])
	e.To = binary.LittleEndian.Uint64(body[12:])
	n := int(binary.LittleEndian.Uint32(body[20:]))
	rest := body[entryHeader:]
	if n > len(rest) {
		return nil, nil, fmt.Errorf("event journal entry is cut: %d bytes of %d", len(rest), n)
	}
	return rest[:n], rest[n:], nil
}

// bury reads dead letters.
func (e *Entry) bury(dead []byte) error {
	if len(dead) == 0 {
		return nil
	}
	if err := json.Unmarshal(dead, &e.Dead); err != nil {
		return fmt.Errorf("event journal entry: dead letters: %w", err)
	}
	return nil
}
