package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Sizes of reads: small entries are read many at once, and looking for an entry only touches headers.
const (
	readChunk = 128 << 10
	hopChunk  = 4 << 10
)

// cursor reads entries from segment files, best one after the other. The bodies it returns alias buffers
// that it never writes to again. Not safe for concurrent use.
type cursor struct {
	j    *Journal
	f    *os.File
	seg  uint64 // first offset of the open segment
	next uint64 // offset of the entry at the front of buf
	pos  int64  // of buf[0] in the file
	buf  []byte
}

func (c *cursor) close() {
	if c.f != nil {
		_ = c.f.Close() // opened for reading: nothing to lose
	}
	*c = cursor{j: c.j}
}

// read returns the body of an entry that at holds. os.ErrNotExist if the segment was deleted meanwhile.
func (c *cursor) read(offset uint64, at place) ([]byte, error) {
	if c.f == nil || c.seg != at.first || c.next != offset {
		if err := c.moveTo(offset, at); err != nil {
			return nil, err
		}
	}
	frame, n, err := splitRecord(c.buf)
	for errors.Is(err, errTorn) {
		if err := c.fill(max(n, len(c.buf)+1), at); err != nil {
			return nil, err
		}
		frame, n, err = splitRecord(c.buf)
	}
	var h header
	if err == nil {
		h, err = parseEntry(frame, c.j.seed, offset)
	}
	if err != nil {
		return nil, c.j.damage(c.seg, c.pos, offset, err)
	}
	body := frame[headerLen:len(frame):len(frame)]
	c.buf, c.pos, c.next = c.buf[n:], c.pos+int64(n), offset+1
	if h.flags&flagEncrypted != 0 {
		if c.j.box == nil {
			return nil, fmt.Errorf("%w file is needed to read entry %d of %s: it is encrypted", ErrKey, offset, c.j.dir)
		}
		if body, err = c.j.box.open(body, offset); err != nil {
			return nil, fmt.Errorf("entry %d of %s: %w", offset, c.j.dir, err)
		}
	}
	return body, nil
}

// fill reads until buf holds at least need bytes.
func (c *cursor) fill(need int, at place) error {
	left := at.size - c.pos // from buf[0] to the durable end
	if int64(need) > left {
		return c.j.damage(c.seg, c.pos, c.next, fmt.Errorf("the entries end here, %d are missing", at.end-c.next))
	}
	buf := make([]byte, min(int64(max(need, readChunk)), left))
	n := copy(buf, c.buf)
	if _, err := c.f.ReadAt(buf[n:], c.pos+int64(n)); err != nil {
		if errors.Is(err, io.EOF) {
			return c.j.damage(c.seg, c.pos, c.next, fmt.Errorf("the file is shorter than the %d bytes it had", at.size))
		}
		return fmt.Errorf("journal entry %d: %w", c.next, err)
	}
	c.buf = buf
	return nil
}

func (c *cursor) moveTo(offset uint64, at place) error {
	c.close()
	f, err := os.Open(c.j.segmentPath(at.first))
	if err != nil {
		return err
	}
	c.f, c.seg, c.next = f, at.first, offset
	if offset != at.first {
		if c.pos, err = c.j.index.position(c.j, f, offset, at); err != nil {
			c.close()
		}
	}
	return err
}

// index remembers where the entries of one segment begin, so that reading them one by one in any order
// does not search the segment each time. 4 bytes an entry of one segment.
type index struct {
	mu    sync.Mutex
	first uint64 // of the segment; 0 = none
	pos   []uint32
	end   int64 // how far the segment is known
}

// position returns where the entry at offset begins. Only headers are read, hopping from one to the next.
func (x *index) position(j *Journal, f *os.File, offset uint64, at place) (int64, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.first != at.first {
		x.first, x.pos, x.end = at.first, x.pos[:0], 0
	}
	const peek = binary.MaxVarintLen64 + headerLen
	var buf []byte // bytes at x.end
	chunk := make([]byte, hopChunk)
	for offset-at.first >= uint64(len(x.pos)) {
		next, left := at.first+uint64(len(x.pos)), at.size-x.end
		if left <= 0 {
			return 0, j.damage(at.first, x.end, next, fmt.Errorf("the entries end here, %d are missing", at.end-next))
		}
		if int64(len(buf)) < min(peek, left) {
			buf = chunk[:min(hopChunk, left)]
			if _, err := f.ReadAt(buf, x.end); err != nil {
				return 0, fmt.Errorf("journal %s: look for entry %d: %w", j.dir, offset, err)
			}
		}
		n, err := recordAt(buf, j.seed, next)
		if err == nil && n > left {
			err = errTorn
		}
		if err != nil {
			return 0, j.damage(at.first, x.end, next, err)
		}
		x.pos = append(x.pos, uint32(x.end)) // a segment and one entry are at most 1 GiB each
		x.end += n
		buf = buf[min(n, int64(len(buf))):]
	}
	return int64(x.pos[offset-at.first]), nil
}

// recordAt returns the length of the record that begins with data, by its header alone.
func recordAt(data []byte, seed uint32, offset uint64) (int64, error) {
	size, p := binary.Uvarint(data)
	if p <= 0 {
		return 0, errors.New("no entry begins here")
	}
	h, err := parseHeader(data[p:], seed)
	if err == nil && (h.offset != offset || uint64(h.length)+headerLen != size) {
		err = errors.New("another entry begins here")
	}
	return int64(p + headerLen + h.length), err
}
