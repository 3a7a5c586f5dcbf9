package loadgen

import (
	"fmt"
	"io"
	"os"
)

// chunk is how much is made between two writes.
const chunk = 256 << 10

// WriteFile replaces the file at path with lines of at least size bytes, each ended by a newline, and
// returns the bytes written. progress, when not nil, is called with the bytes so far, about every
// 256 KiB and at the end.
func (g *Generator) WriteFile(path string, size int64, progress func(written int64)) (written int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, fmt.Errorf("log traffic: %w", err)
	}
	written, err = g.Write(f, size, progress)
	if cerr := f.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("log traffic: %w", cerr)
	}
	return written, err
}

// Write is WriteFile to any writer.
func (g *Generator) Write(w io.Writer, size int64, progress func(written int64)) (written int64, err error) {
	buf := make([]byte, 0, chunk+4096)
	for written < size {
		want := min(chunk, size-written)
		buf = buf[:0]
		for int64(len(buf)) < want {
			buf = append(g.Next(buf), '\n')
		}
		n, err := w.Write(buf)
		written += int64(n)
		if err != nil {
			return written, fmt.Errorf("log traffic: %w", err)
		}
		if progress != nil {
			progress(written)
		}
	}
	return written, nil
}

// LongLine appends one web line of size bytes, at least 400, for tests of bounds on lines. The excess is
// in the query.
func (g *Generator) LongLine(dst []byte, size int) []byte {
	g.tick()
	g.base, g.spanN = len(dst), 0
	g.line.Format, g.line.Attack, g.line.Malformed = Web, "", false
	const tail = ` HTTP/1.1" 414 177 "-" "curl/8.14.1" 0.002`
	dst = append(g.webHead(dst, g.client(), "GET"), "/upload?data="...)
	for len(dst)-g.base < size-len(tail) {
		dst = append(dst, 'a'+byte(g.rnd.below(26)))
	}
	dst = append(dst, tail...)
	if g.opt.OnLine != nil {
		g.report(dst)
	}
	return dst
}
