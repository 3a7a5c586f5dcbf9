package syslog

import (
	"bytes"
	"errors"
	"io"
)

// DefaultMaxFrame is the bound on a frame where none is given: 1 MiB. RFC 5424, section 6.1, asks
// receivers for 480 bytes and advises 2048; devices send far more.
const DefaultMaxFrame = 1 << 20

const (
	minBuffer = 4 << 10 // bytes; what an idle connection costs
	maxDigits = 9       // of a frame's count; ten may be a Unix time, and a count of that would swallow the next two gigabytes
)

// FrameReader cuts a TCP stream into syslog messages. How a message is framed is seen for each of them,
// so senders may mix the ways of RFC 6587:
//
//   - octet counting (section 3.4.1): a count of up to nine digits without leading zero, a space, and that
//     many bytes, the first of which is '<', as every message starts with its PRI;
//   - non-transparent framing (section 3.4.2): all else, up to LF or NUL. A CR before it is left out.
//
// LF, CR and NUL between frames, and at the end of a frame even if they are counted, are left out, and
// there are no empty frames. Next does not allocate,
// but for the buffer, which grows from 4 KiB to the size of the frames, at most the maximum and a little.
// A FrameReader is for one goroutine.
type FrameReader struct {
	r   io.Reader
	max int

	buf        []byte
	start, end int // what of buf has been read and not been handed out
	lf, nul    int // where the next LF and NUL at or behind start is, end if there is none yet

	skip     int64 // bytes of the last, counted, frame that are still to be dropped
	skipLine bool  // the last frame's line is still to be dropped up to its end
	dropped  int64
	err      error // of r; reported when the buffer is empty
}

// NewFrameReader reads frames of at most limit bytes from r; zero or less means DefaultMaxFrame.
func NewFrameReader(r io.Reader, limit int) *FrameReader {
	if limit <= 0 {
		limit = DefaultMaxFrame
	}
	return &FrameReader{r: r, max: limit}
}

// Dropped is the number of bytes that were cut off frames longer than the maximum, so far.
func (f *FrameReader) Dropped() int64 { return f.dropped }

// Next returns the next frame, which is valid until the next call. A truncated frame is the beginning of
// one that is longer than the maximum, the rest of which is dropped and counted, or of a counted one
// that the stream ends in.
//
// The error is that of the reader once all frames are handed out: io.EOF at the end, or
// io.ErrUnexpectedEOF if the stream ends within a counted frame. A line that the end of the stream ends
// is a frame. After an error of the reader that passes, such as a deadline, Next may be called again.
func (f *FrameReader) Next() (frame []byte, truncated bool, err error) {
	for {
		if !f.drop() || !f.passEmpty() {
			if err := f.fill(); err != nil {
				return nil, false, err
			}
			continue
		}
		if frame, truncated, ok := f.cut(); ok {
			return frame[:len(frame):len(frame)], truncated, nil // an append must not reach the next frame
		}
		if err := f.fill(); err != nil {
			if err != io.EOF { //nolint:errorlint // a stream's end is io.EOF itself, a wrapped one is a failure
				return nil, false, err
			}
			return f.last()
		}
	}
}

// drop drops what is left of a frame that was too long. It is false if the end of that is not here yet.
func (f *FrameReader) drop() bool {
	if f.skip > 0 {
		n := min(f.skip, int64(f.end-f.start))
		f.skip -= n
		f.dropped += n
		f.advance(int(n))
		if f.skip > 0 {
			return false
		}
	}
	if f.skipLine {
		n := f.lineEnd() - f.start
		f.dropped += int64(n)
		f.advance(n)
		if f.start == f.end {
			return false
		}
		f.skipLine = false
	}
	return true
}

// passEmpty passes over what ends frames. It is false if nothing else is here.
func (f *FrameReader) passEmpty() bool {
	i := f.start
	for i < f.end && (f.buf[i] == '\n' || f.buf[i] == '\r' || f.buf[i] == 0) {
		i++
	}
	f.advance(i - f.start)
	return i < f.end
}

// cut takes a frame off the buffer. It is false if more has to be read first.
func (f *FrameReader) cut() (frame []byte, truncated, ok bool) {
	b := f.buf[f.start:f.end]
	count, header, more := octetCount(b)
	if more {
		return nil, false, false
	}
	if header > 0 {
		n := int64(min(count, int64(f.max)))
		if int64(len(b)-header) < n {
			return nil, false, false
		}
		f.advance(header + int(n))
		if f.skip = count - n; f.skip > 0 {
			return b[header : header+int(n)], true, true
		}
		return trimEnd(b[header : header+int(n)]), false, true
	}
	n := f.lineEnd() - f.start
	switch {
	case n > f.max+1 || n > f.max && b[f.max] != '\r':
		f.advance(f.max)
		f.skipLine = true
		return b[:f.max], true, true
	case n == len(b):
		return nil, false, false
	}
	f.advance(n + 1)
	return trimEnd(b[:n]), false, true
}

// last hands out what the stream ended in.
func (f *FrameReader) last() ([]byte, bool, error) {
	b := f.buf[f.start:f.end]
	f.advance(len(b))
	if _, header, _ := octetCount(b); header > 0 {
		f.err = io.ErrUnexpectedEOF
		return b[header:], true, nil
	}
	b = trimEnd(b)
	if cut := len(b) - f.max; cut > 0 { // digits, which might have become a count
		f.dropped += int64(cut)
		return b[:f.max], true, nil
	}
	return b, false, nil
}

// trimEnd cuts off what ends lines. Some senders count it into the frame.
func trimEnd(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\r' || b[len(b)-1] == '\n' || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	return b
}

// octetCount reads the header of a counted frame: its count and its own length, 0 if b does not start
// with one. more says that this cannot be told yet.
func octetCount(b []byte) (count int64, header int, more bool) {
	if len(b) == 0 || b[0] < '1' || b[0] > '9' {
		return 0, 0, len(b) == 0
	}
	i := 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if i == maxDigits {
			return 0, 0, false
		}
		count = count*10 + int64(b[i]-'0')
	}
	switch {
	case i == len(b), b[i] == ' ' && i+1 == len(b):
		return 0, 0, true
	case b[i] == ' ' && b[i+1] == '<':
		return count, i + 1, false
	}
	return 0, 0, false
}

// lineEnd is where the line at start ends: at LF or NUL, or at end if that is not here yet. Each byte is
// looked at once for either, however long the line or short the lines.
func (f *FrameReader) lineEnd() int {
	if f.lf < f.start {
		f.lf = f.find('\n', f.start)
	}
	if f.nul < f.start {
		f.nul = f.find(0, f.start)
	}
	return min(f.lf, f.nul)
}

// find returns where c is in what has been read, from i on, or end.
func (f *FrameReader) find(c byte, i int) int {
	if k := bytes.IndexByte(f.buf[i:f.end], c); k >= 0 {
		return i + k
	}
	return f.end
}

func (f *FrameReader) advance(n int) { f.start += n }

var errNoProgress = errors.New("syslog: the connection's reader gives neither data nor an error")

// fill reads more.
func (f *FrameReader) fill() error {
	if f.err != nil {
		return f.err
	}
	switch {
	case f.start == f.end:
		f.start, f.end, f.lf, f.nul = 0, 0, 0, 0
	case f.end == len(f.buf) && f.start > 0:
		n := copy(f.buf, f.buf[f.start:f.end])
		f.lf, f.nul = max(f.lf-f.start, -1), max(f.nul-f.start, -1)
		f.start, f.end = 0, n
	}
	if f.end == len(f.buf) {
		grown := make([]byte, min(max(2*len(f.buf), minBuffer), f.max+maxDigits+16))
		copy(grown, f.buf[:f.end])
		f.buf = grown
	}
	for range 100 {
		n, err := f.r.Read(f.buf[f.end:])
		if n < 0 || n > len(f.buf)-f.end {
			return errNoProgress
		}
		old := f.end
		f.end += n
		if f.lf == old {
			f.lf = f.find('\n', old)
		}
		if f.nul == old {
			f.nul = f.find(0, old)
		}
		if err == io.EOF {
			f.err = err
		}
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return errNoProgress
}
