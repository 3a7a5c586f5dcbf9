// Package hold keeps the records of events that could not be handled, as they came and so unmasked: encrypted, never
// served, expiring. They are what a redrive needs once the fault is mended.
package hold

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// Bounds. What is beyond them is not kept, and Keep says so.
const (
	Retention    = 7 * 24 * time.Hour
	MaxBytes     = 256 << 20 // on disk, all days together
	maxRecord    = 2 << 20
	keyBytes     = 32
	filePrefix   = "hold-"
	fileTimeForm = "2006-01-02"
)

// ErrFull means that MaxBytes is reached.
var ErrFull = errors.New("the hold is full")

// Hold is one directory of kept bytes: a file a day of AES-256-GCM records, u32 length and nonce in front of
// each. Safe for concurrent use.
type Hold struct {
	dir     string
	aead    cipher.AEAD
	mu      sync.Mutex
	file    *os.File
	day     string          // of file
	days    map[string]bool // that have a file
	bytes   int64
	refused int64
}

// Record is what was kept of one event.
type Record struct {
	EventID string    `json:"event.id"`
	Reason  string    `json:"reason"`
	Time    time.Time `json:"time"`  // set by Keep; zero: it is not kept
	Batch   []byte    `json:"batch"` // a [wire.Batch] of one row, as the raw journal had it
}

// Open opens the hold in dir, which is made if missing, as is the key (0600) beside it.
func Open(dir string) (*Hold, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key, err := loadKey(filepath.Join(dir, "hold.key"))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	h := &Hold{dir: dir}
	if h.aead, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	if err := h.mend(now.Format(fileTimeForm)); err != nil {
		return nil, err
	}
	return h, h.Expire(now)
}

// mend cuts what a crash left half written at the end of a day that is written to again.
func (h *Hold) mend(day string) error {
	f, err := os.OpenFile(h.name(day), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	whole := int64(0)
	for {
		var size [4]byte
		if _, err := f.ReadAt(size[:], whole); err != nil {
			break
		}
		n := int64(binary.LittleEndian.Uint32(size[:]))
		if n < int64(h.aead.NonceSize()) || n > 2*maxRecord || whole+4+n > st.Size() {
			break
		}
		whole += 4 + n
	}
	if whole < st.Size() {
		err = f.Truncate(whole)
	}
	return errors.Join(err, f.Close())
}

func (h *Hold) name(day string) string { return filepath.Join(h.dir, filePrefix+day) }

func loadKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key = make([]byte, keyBytes)
		if _, err := rand.Read(key); err != nil {
			return nil, err
		}
		return key, durable.Replace(path, key)
	}
	if err == nil && len(key) != keyBytes {
		return nil, fmt.Errorf("%s has %d bytes, want %d: restore it from a backup, or move the directory away", path, len(key), keyBytes)
	}
	return key, err
}

// Keep stores records durably, all by one write, and sets Time of those that it keeps. The error says why others are
// not kept.
func (h *Hold) Keep(rs []Record) error {
	now := time.Now().UTC()
	var refused error
	var out []byte
	kept := make([]int, 0, len(rs))
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.today(now); err != nil {
		h.refused += int64(len(rs))
		return err
	}
	for i := range rs {
		r := rs[i]
		r.Time = now
		sealed, err := h.seal(&r)
		if err == nil && h.bytes+int64(len(out)+4+len(sealed)) > MaxBytes {
			err = ErrFull
		}
		if err != nil {
			h.refused++
			refused = err
			continue
		}
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(sealed))), sealed...)
		kept = append(kept, i)
	}
	if len(kept) == 0 {
		return refused
	}
	if err := h.write(out); err != nil {
		h.refused += int64(len(kept))
		return err
	}
	for _, i := range kept {
		rs[i].Time = now
	}
	return refused
}

func (h *Hold) seal(r *Record) ([]byte, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(plain) > maxRecord {
		return nil, fmt.Errorf("%d bytes are too many to hold", len(r.Batch))
	}
	nonce := make([]byte, h.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return h.aead.Seal(nonce, nonce, plain, nil), nil
}

// write appends to the day's file. What is written in part is cut off again, or else hides what comes behind it.
func (h *Hold) write(b []byte) error {
	st, err := h.file.Stat()
	if err != nil {
		return err
	}
	_, err = h.file.Write(b)
	if err == nil {
		err = h.file.Sync()
	}
	if err != nil {
		return errors.Join(err, h.file.Truncate(st.Size()))
	}
	h.bytes += int64(len(b))
	return nil
}

// Has says whether what was kept at a time is still there.
func (h *Hold) Has(at time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !at.IsZero() && h.days[at.UTC().Format(fileTimeForm)]
}

// Refused counts records that were not kept since the hold was opened.
func (h *Hold) Refused() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refused
}

func (h *Hold) today(now time.Time) error {
	day := now.Format(fileTimeForm)
	if h.file != nil && h.day == day {
		return nil
	}
	if h.file != nil {
		_ = h.file.Close() // each write was synced
		h.file = nil
		_ = h.expire(now) // it is tried again every hour, and must not keep the newest out
	}
	f, err := os.OpenFile(h.name(day), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := durable.Sync(h.dir); err != nil { // the name of a new file
		return errors.Join(err, f.Close())
	}
	h.file, h.day, h.days[day] = f, day, true
	return nil
}

// Expire removes the days that are older than Retention and counts what is left.
func (h *Hold) Expire(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.expire(now)
}

func (h *Hold) expire(now time.Time) error {
	h.bytes, h.days = 0, map[string]bool{}
	files, err := h.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		day, err := time.Parse(fileTimeForm, strings.TrimPrefix(filepath.Base(f), filePrefix))
		if err == nil && now.Sub(day) > Retention+24*time.Hour {
			if err := os.Remove(f); err != nil {
				return err
			}
			continue
		}
		if st, err := os.Stat(f); err == nil {
			h.bytes += st.Size()
			h.days[strings.TrimPrefix(filepath.Base(f), filePrefix)] = true
		}
	}
	return nil
}

func (h *Hold) files() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(h.dir, filePrefix+"*"))
	slices.Sort(files)
	return files, err
}

// Bytes is what the hold takes on disk.
func (h *Hold) Bytes() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bytes
}

// Each calls f for every record, oldest first, until f returns an error. A record torn by a crash ends its day.
func (h *Hold) Each(f func(Record) error) error {
	files, err := h.files()
	if err != nil {
		return err
	}
	var damaged []error
	for _, name := range files {
		var stop error
		err := h.eachOf(name, func(r Record) error {
			stop = f(r)
			return stop
		})
		if stop != nil {
			return stop
		}
		if err != nil { // of one day's file; the others can be read
			damaged = append(damaged, err)
		}
	}
	return errors.Join(damaged...)
}

func (h *Hold) eachOf(name string, f func(Record) error) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	r := bufio.NewReader(in)
	for {
		var size [4]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return nil //nolint:nilerr // the end, clean or torn
		}
		n := binary.LittleEndian.Uint32(size[:])
		if n > 2*maxRecord || int(n) < h.aead.NonceSize() {
			return fmt.Errorf("%s is damaged: a record of %d bytes", name, n)
		}
		sealed := make([]byte, n)
		if _, err := io.ReadFull(r, sealed); err != nil {
			return nil //nolint:nilerr // torn by a crash
		}
		nonce := sealed[:h.aead.NonceSize()]
		plain, err := h.aead.Open(nil, nonce, sealed[len(nonce):], nil)
		if err != nil {
			return fmt.Errorf("%s: a record does not decrypt: the key is another, or the file is damaged: %w", name, err)
		}
		var rec Record
		if err := json.Unmarshal(plain, &rec); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := f(rec); err != nil {
			return err
		}
	}
}

// Close closes the file at hand.
func (h *Hold) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file == nil {
		return nil
	}
	err := h.file.Close()
	h.file = nil
	return err
}
