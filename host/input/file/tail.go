package file

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"time"

	"github.com/logcenter/logcenter/host/input"
)

const (
	// readPiece is how much is read at once, and so a file's turn.
	readPiece = 256 << 10
	// byteOrder is UTF-8's byte order mark, which some programs put at the start of a file.
	byteOrder = "\xEF\xBB\xBF"
)

// tail follows one file.
type tail struct {
	in     *Input
	file   *os.File
	path   string // newest name
	feed   *input.Feed
	source *input.Source
	named  bool // a pattern still finds it

	offset   int64  // behind what was read
	rest     []byte // read, and not yet a whole line
	skipping bool   // the rest of a line that was too long is to be dropped
	grew     time.Time
	failed   time.Time

	print       [sha256.Size]byte // of the first length bytes
	length      int
	durable     int64 // newest position known to be durable
	savedLength int
}

// start makes the source for what is read from offset on.
func (f *tail) start() {
	f.source = f.in.batcher.Source(f.path, f.path)
	f.durable = f.offset
	f.rest, f.skipping = f.rest[:0], false
}

// turn reads a piece of what is new. left says that there is more.
func (f *tail) turn() (left bool, err error) {
	info, err := f.file.Stat()
	if err != nil {
		return false, err
	}
	if err := f.lost(); err != nil {
		return false, err
	}
	size := info.Size()
	if size == f.offset {
		return false, f.idle()
	}
	if truncated, err := f.truncated(size); err != nil || truncated {
		return err == nil, err
	}
	if f.length < maxPrint {
		f.print, f.length = fingerprint(f.file, maxPrint)
	}
	f.grew = time.Now()
	n, err := f.file.ReadAt(f.in.piece, f.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return f.offset+int64(n) < size, f.lines(f.in.piece[:n])
}

// lost goes back to what is durable if records of this file were lost behind it.
func (f *tail) lost() error {
	durable, err := f.in.batcher.Durable(f.source)
	if err == nil {
		return nil
	}
	f.offset = max(f.durable, durable)
	f.feed = f.in.batcher.NewFeed(true)
	f.start()
	return err
}

// truncated begins anew if the file has: it is shorter than what was read, or starts with other bytes.
func (f *tail) truncated(size int64) (bool, error) {
	if size > f.offset {
		if sum, n := fingerprint(f.file, f.length); n == f.length && sum == f.print {
			return false, nil
		}
	}
	if err := f.finish(); err != nil { // what was read of it is still good
		return false, err
	}
	if err := f.in.batcher.Wait(f.source); err != nil {
		return false, err
	}
	f.offset = 0
	f.print, f.length = fingerprint(f.file, maxPrint)
	f.start()
	f.in.dirty = true
	return true, nil
}

// lines feeds the lines in b, which was read at f.offset.
func (f *tail) lines(b []byte) error {
	at := time.Now().UnixNano()
	if f.offset == 0 && bytes.HasPrefix(b, []byte(byteOrder)) {
		b = b[len(byteOrder):]
		f.offset += int64(len(byteOrder))
	}
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			f.keep(b)
			f.offset += int64(len(b))
			return nil
		}
		line := b[:i]
		if len(f.rest) > 0 || f.skipping {
			f.keep(line)
			line = f.rest
		}
		if err := f.line(line, f.offset+int64(i)+1, at); err != nil {
			return err
		}
		f.offset += int64(i) + 1
		b = b[i+1:]
	}
	return nil
}

// keep puts b behind the unfinished line, up to the size of a record.
func (f *tail) keep(b []byte) {
	if room := f.in.cfg.MaxRecordBytes - len(f.rest); len(b) > room {
		f.skipping = true
		b = b[:room]
	}
	f.rest = append(f.rest, b...)
}

// line feeds a line that ends at offset end.
func (f *tail) line(line []byte, end, at int64) error {
	cut := f.skipping
	if !cut {
		line = bytes.TrimSuffix(line, []byte("\r"))
	}
	err := f.feed.Line(f.source, line, cut, at, end)
	if err == nil {
		f.rest, f.skipping = f.rest[:0], false
		if cap(f.rest) > readPiece {
			f.rest = nil
		}
	}
	return err
}

// idle does what waiting does: lines that nothing was added to are finished.
func (f *tail) idle() error {
	if (len(f.rest) > 0 || f.skipping) && time.Since(f.grew) >= f.in.cfg.unfinishedAfter {
		if err := f.line(f.rest, f.offset, time.Now().UnixNano()); err != nil {
			return err
		}
	}
	if wait, ok := f.feed.Due(); ok && wait == 0 {
		return f.feed.Flush()
	}
	return nil
}

// done says that the file has lost its name and has been read to its end, long ago.
func (f *tail) done() bool {
	return !f.named && time.Since(f.grew) >= f.in.cfg.rotatedAfter
}

// finish feeds what is left of a file that nothing will be added to. When the input stops that is left
// undone: what is unfinished is read again when it runs next.
func (f *tail) finish() error {
	if len(f.rest) > 0 || f.skipping {
		if err := f.line(f.rest, f.offset, time.Now().UnixNano()); err != nil {
			return err
		}
	}
	return f.feed.Flush()
}
