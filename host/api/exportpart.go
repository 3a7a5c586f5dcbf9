package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/store"
)

const (
	partTime = 20 * time.Second // a part that is slow to fill ends between two batches
	partWait = time.Hour        // for a part's first byte: one batch may need a scan of everything
)

// part is one piece of an export.
type part struct {
	data    []byte
	resume  string // token of the next part
	rows    int64  // in this part
	total   int64  // up to its end
	skipped int64  // values of fields that the file has no column for
	done    bool   // there is nothing behind it
}

// place is where a part ends: rows behind the token of a batch. As text it is the resume token.
type place struct {
	rows  int64  // handed out so far
	token string // of the last batch that was handed out whole; empty: none
	skip  int64  // rows handed out behind that batch
}

const placeVersion = 2

func (p place) encode(id string) string {
	b := binary.LittleEndian.AppendUint32([]byte{placeVersion}, idSum(id))
	b = binary.AppendUvarint(b, uint64(p.rows))
	b = binary.AppendUvarint(b, uint64(p.skip))
	return base64.RawURLEncoding.EncodeToString(append(b, p.token...))
}

// decodePlace reads a resume token of an export; the empty one is the beginning.
func decodePlace(id, s string) (place, error) {
	if s == "" {
		return place{}, nil
	}
	b, err := decodeToken(s, placeVersion, 6)
	if err != nil {
		return place{}, err
	}
	if binary.LittleEndian.Uint32(b) != idSum(id) {
		return place{}, fmt.Errorf("%w: it belongs to another export", store.ErrCursor)
	}
	rows, n := binary.Uvarint(b[4:])
	skip, m := binary.Uvarint(b[4+max(n, 0):])
	if n <= 0 || m <= 0 || int64(rows) < 0 || int64(skip) < 0 || skip > rows {
		return place{}, fmt.Errorf("%w: %.40q is none of this host's", store.ErrCursor, s)
	}
	return place{rows: int64(rows), skip: int64(skip), token: string(b[4+n+m:])}, nil
}

func idSum(id string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // a hash takes all
	return h.Sum32()
}

// reader is a scan that goes on from part to part, so that a part costs no new scan. It belongs to who holds
// the export's reading lock.
type reader struct {
	next   func() (store.ScanBatch, error, bool)
	stop   func()             // ends the scan, after
	cancel context.CancelFunc // breaks it off, at any time
	idle   *time.Timer
	enc    rowEncoder
	batch  store.ScanBatch
	row    int   // the next one of batch
	leave  int64 // rows to leave out after a resumption
	at     place
}

func (x *exports) newReader(e *export, scope store.Scope, sel store.Selection, from place) *reader {
	job := e.job
	ctx, cancel := context.WithCancel(x.base)
	r := &reader{cancel: cancel, leave: from.skip, at: from}
	r.enc = rowEncoder{csv: job.Format == formatCSV, content: job.Content, only: job.Fields, columns: job.Columns}
	r.next, r.stop = iter.Pull2(x.store.Scan(ctx, scope, store.ScanRequest{
		Selection: sel, Resume: from.token, Fields: storeFields(job.Content, job.Fields),
	}))
	r.idle = time.AfterFunc(keepReader, func() {
		if e.tryLock() {
			if e.reader == r {
				e.closeReader()
			}
			e.unlock()
		}
	})
	return r
}

// closeReader ends the export's scan, if there is one; the lock is held.
func (e *export) closeReader() {
	if e.reader != nil {
		e.reader.idle.Stop()
		e.reader.cancel()
		e.reader.stop()
		e.reader = nil
	}
}

// makeRoom ends the scans that have waited longest for their next part, so that there are not too many.
func (x *exports) makeRoom() {
	var waiting []*export
	for _, e := range x.list() {
		if !e.tryLock() {
			continue
		}
		if e.reader == nil {
			e.unlock()
			continue
		}
		waiting = append(waiting, e)
	}
	slices.SortFunc(waiting, func(a, b *export) int { return x.lastUse(a).Compare(x.lastUse(b)) })
	for i, e := range waiting {
		if len(waiting)-i >= maxReaders {
			e.closeReader()
		}
		e.unlock()
	}
}

// part makes the part behind a resume token, of about limit bytes. One at a time for each export.
func (x *exports) part(ctx context.Context, e *export, scope store.Scope, sel store.Selection, resume string, limit int) (*part, error) {
	from, err := decodePlace(e.job.ID, resume)
	if err != nil {
		return nil, err
	}
	unlock, err := take(ctx, e.reading, "requests for this export")
	if err != nil {
		return nil, err
	}
	defer unlock()
	e.note(func() { e.asked, e.busy = time.Now().UTC(), true })
	defer e.note(func() { e.busy = false })
	if e.reader == nil || e.reader.at != from {
		e.closeReader()
		x.makeRoom()
		e.reader = x.newReader(e, scope, sel, from)
	}
	r := e.reader
	r.idle.Stop()
	// A client that leaves must not leave a long scan behind.
	stay := context.AfterFunc(ctx, r.cancel)
	pt, err := r.fill(e.job, x.buffer(limit), limit)
	if !stay() || err != nil || pt.done {
		e.closeReader()
	} else {
		r.idle.Reset(keepReader)
	}
	if err != nil {
		return nil, err
	}
	e.note(func() { e.rows, e.done = pt.total, pt.done })
	return pt, nil
}

// buffer is memory for a part; reuse takes it back when the part was sent.
func (x *exports) buffer(limit int) []byte {
	if b, ok := x.buffers.Get().(*[]byte); ok && cap(*b) >= limit {
		return (*b)[:0]
	}
	return make([]byte, 0, limit+limit/16)
}

func (x *exports) reuse(b []byte) {
	if cap(b) <= 2*maxPart<<20 {
		x.buffers.Put(&b)
	}
}

// fill makes one part in buf. After an error the reader is not where it says.
func (r *reader) fill(job exportJob, buf []byte, limit int) (*part, error) {
	pt := &part{data: buf}
	if r.enc.csv && r.at == (place{}) {
		pt.data = appendCSVHeader(pt.data, job.Columns)
	}
	// Only a token fixes the snapshot, so the first part does not end before there is one.
	for began := time.Now(); len(pt.data) < limit || r.at.token == "" && r.at.skip > 0; {
		if r.row >= r.rows() {
			more, err := r.step(pt)
			if err != nil {
				return nil, err
			}
			if pt.done = !more; pt.done || time.Since(began) > partTime {
				break
			}
			continue
		}
		pt.data = r.enc.append(pt.data, r.row)
		pt.rows++
		r.at.rows++
		r.at.skip++
		if r.row++; r.row == r.rows() {
			r.at.token, r.at.skip = r.batch.Token, 0
		}
	}
	pt.total, pt.resume = r.at.rows, r.at.encode(job.ID)
	return pt, nil
}

func (r *reader) rows() int {
	if r.batch.Batch == nil {
		return 0
	}
	return int(r.batch.Batch.Rows)
}

// step goes on to the next batch, and says whether there is one.
func (r *reader) step(pt *part) (more bool, err error) {
	b, err, ok := r.next()
	if err != nil {
		return false, err
	}
	if !ok {
		if r.leave > 0 {
			return false, fmt.Errorf("%w: the export has fewer events than were handed out", store.ErrCursor)
		}
		return false, nil
	}
	r.batch, r.row = b, 0
	n := int64(r.rows())
	if r.leave >= n {
		r.leave -= n
		r.at.token, r.at.skip = b.Token, r.leave
		r.row = int(n)
		return true, nil
	}
	r.row, r.leave = int(r.leave), 0
	skipped := r.enc.begin(b.Batch)
	if r.row == 0 {
		pt.skipped += skipped
	}
	return true, nil
}
