package pipeline

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Entry is one entry of the event journal: what became of a run of raw entries. Every raw entry is in exactly
// one, so that after a crash work goes on behind the last.
type Entry struct {
	Journal  string // id of the raw journal
	From, To uint64 // its entries
	Batch    *wire.Batch
	Dead     []deadletter.Letter
}

// entryMagic begins every entry; the digit is the version of the layout:
// magic, u64 from, u64 to, u32 length of the batch, batch, dead letters as JSON.
const entryMagic = "LCE1"

const entryHeader = len(entryMagic) + 8 + 8 + 4

// AppendEntry encodes what a raw run became. Columns get their names, as field handles mean nothing to
// another process.
func AppendEntry(dst []byte, raw *Raw, f *Finished) ([]byte, error) {
	for _, c := range f.Batch.Columns {
		if c.Field != 0 {
			c.Name = ecs.Field(c.Field).Name()
		}
	}
	n := f.Batch.SizeVT()
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

// DecodeEntry decodes an entry of the event journal; it aliases body.
func DecodeEntry(body []byte) (*Entry, error) {
	if len(body) < entryHeader || string(body[:len(entryMagic)]) != entryMagic {
		return nil, errors.New("not an entry of this version's event journal")
	}
	e := &Entry{Batch: &wire.Batch{}}
	e.From = binary.LittleEndian.Uint64(body[4:])
	e.To = binary.LittleEndian.Uint64(body[12:])
	n := int(binary.LittleEndian.Uint32(body[20:]))
	rest := body[entryHeader:]
	if n > len(rest) {
		return nil, fmt.Errorf("event journal entry is cut: %d bytes of %d", len(rest), n)
	}
	if err := decodeBatch(e.Batch, rest[:n]); err != nil {
		return nil, fmt.Errorf("event journal entry: %w", err)
	}
	e.Journal = e.Batch.Journal
	if len(rest) > n {
		if err := json.Unmarshal(rest[n:], &e.Dead); err != nil {
			return nil, fmt.Errorf("event journal entry: dead letters: %w", err)
		}
	}
	return e, nil
}
