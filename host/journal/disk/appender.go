package disk

import (
	"encoding/binary"
	"io"
	"os"
)

// appender writes entries behind each other into the last segment's file. It is the committer's alone.
//
// Large bodies go from the caller's memory to the file as they are; the headers between them, and entries that are
// small, are gathered first. After an error nobody knows what reached the file, so that it must be cut and opened
// anew.
type appender struct {
	file   *os.File
	noSync bool
	small  []byte // gathered, not yet written
}

const (
	gatherBytes = 256 << 10 // written at once
	largeBody   = 16 << 10  // not worth a copy
)

// openAppender opens a segment's file to write behind its last byte. The file must exist.
func openAppender(path string, noSync bool) (*appender, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	return &appender{file: f, noSync: noSync}, nil
}

// add writes an entry, or gathers it: it is complete after sync.
func (a *appender) add(head, body []byte) error {
	a.small = binary.AppendUvarint(a.small, uint64(len(head)+len(body)))
	a.small = append(a.small, head...)
	if len(body) < largeBody {
		a.small = append(a.small, body...)
		if len(a.small) < gatherBytes {
			return nil
		}
		return a.flush()
	}
	if err := a.flush(); err != nil {
		return err
	}
	return writeAll(a.file, body)
}

func (a *appender) flush() error {
	err := writeAll(a.file, a.small)
	a.small = a.small[:0]
	return err
}

// sync makes durable what was added.
func (a *appender) sync() error {
	if err := a.flush(); err != nil || a.noSync {
		return err
	}
	return a.file.Sync()
}

func writeAll(f *os.File, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := f.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// close gives the file up; what was added since the last sync may be in it or not.
func (a *appender) close() error {
	if a == nil {
		return nil
	}
	return a.file.Close()
}
