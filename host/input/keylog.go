package input

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/logcenter/logcenter/host/durable"
)

// keyLog is the file that keeps keys whose journal entries are trimmed. It is a header and records of 32
// bytes: key, offset of the entry, unix seconds, CRC-32C of those 28 bytes. A record with the zero key
// says that the keys of all entries up to its offset are in the file. One goroutine at a time.
type keyLog struct {
	path    string
	header  [keyRecord]byte
	f       *os.File
	size    int64 // of what is known to be good
	records int
	covered uint64
	skipped int // records that were damaged when the file was opened
}

const (
	keyRecord = 32
	keyMagic  = "LCKEYS1\n"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendKeyRecord(b []byte, e seen) []byte {
	from := len(b)
	b = append(b, e.key[:]...)
	b = binary.LittleEndian.AppendUint64(b, e.offset)
	b = binary.LittleEndian.AppendUint32(b, e.at)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[from:], castagnoli))
}

// openKeyLog opens or creates the key log of a journal in dir and gives each key in it to add. Offsets of
// another journal mean nothing: then the keys are kept, and nothing is covered.
func openKeyLog(dir, journalID string, add func(seen)) (*keyLog, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("key log: %w", err)
	}
	l := &keyLog{path: filepath.Join(dir, "keys")}
	copy(l.header[:], keyMagic)
	copy(l.header[len(keyMagic):], journalID)
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("key log: %w", err)
	}
	l.f = f
	if err := l.load(add); err != nil {
		return nil, errors.Join(fmt.Errorf("key log %s: %w", l.path, err), f.Close())
	}
	return l, nil
}

func (l *keyLog) load(add func(seen)) error {
	var head [keyRecord]byte
	n, err := io.ReadFull(l.f, head[:])
	switch {
	case err == nil && string(head[:len(keyMagic)]) == keyMagic:
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n < keyRecord:
		if err := l.f.Truncate(0); err != nil { // never got as far as its first sync
			return err
		}
		if _, err := l.f.WriteAt(l.header[:], 0); err != nil {
			return err
		}
		l.size = keyRecord
		return errors.Join(l.f.Sync(), durable.Sync(filepath.Dir(l.path)))
	case err != nil:
		return err
	default:
		return errors.New("is not a key log; move it away to start without the keys of the last 24 hours")
	}
	same := head == l.header
	l.size = keyRecord
	buf := make([]byte, 2048*keyRecord)
	for {
		n, err := io.ReadFull(l.f, buf)
		for b := buf[:n-n%keyRecord]; len(b) > 0; b = b[keyRecord:] {
			l.size += keyRecord
			l.records++
			l.take(b[:keyRecord], same, add)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if !same {
		if _, err := l.f.WriteAt(l.header[:], 0); err != nil {
			return err
		}
	}
	return l.f.Truncate(l.size) // an unfinished record at the end
}

func (l *keyLog) take(b []byte, same bool, add func(seen)) {
	if crc32.Checksum(b[:28], castagnoli) != binary.LittleEndian.Uint32(b[28:]) {
		l.skipped++
		return
	}
	e := seen{Key(b[:16]), binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint32(b[24:])}
	if !same {
		e.offset = 0
	}
	if e.key.IsZero() {
		l.covered = e.offset
		return
	}
	add(e)
}

// append writes records, made by appendKeyRecord, and syncs. On an error the file is as before.
func (l *keyLog) append(b []byte, covered uint64) error {
	_, err := l.f.WriteAt(b, l.size)
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("key log: %w", err), l.f.Truncate(l.size))
	}
	l.size += int64(len(b))
	l.records += len(b) / keyRecord
	l.covered = covered
	return nil
}

// replace writes the log anew, atomically.
func (l *keyLog) replace(b []byte, covered uint64) error {
	tmp := l.path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("key log: %w", err)
	}
	_, err = f.Write(l.header[:])
	if err == nil {
		_, err = f.Write(b)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(tmp, l.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("key log: %w", err), f.Close(), os.Remove(tmp))
	}
	err = errors.Join(l.f.Close(), durable.Sync(filepath.Dir(l.path)))
	l.f, l.size, l.records, l.covered = f, int64(keyRecord+len(b)), len(b)/keyRecord, covered
	return err
}

func (l *keyLog) close() error { return l.f.Close() }
