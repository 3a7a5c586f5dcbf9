// Package hold keeps the unmasked bytes of events that could not be handled: encrypted, never served,
// expiring. They are what a redrive needs once the fault is mended.
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
	dir   string
	aead  cipher.AEAD
	mu    sync.Mutex
	file  *os.File
	day   string
	bytes int64
}

// Record is what was kept of one event.
type Record struct {
	EventID string    `json:"event.id"`
	Reason  string    `json:"reason"`
	Time    time.Time `json:"time"`
	Line    []byte    `json:"line"`
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
	return h, h.Expire(time.Now())
}

func loadKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key = make([]byte, keyBytes)
		if _, err := rand.Read(key); err != nil {
			return nil, err
		}
		return key, os.WriteFile(path, key, 0o600)
	}
	if err == nil && len(key) != keyBytes {
		return nil, fmt.Errorf("%s has %d bytes, want %d: restore it from a backup, or move the directory away", path, len(key), keyBytes)
	}
	return key, err
}

// Keep stores line under its event id, durably.
func (h *Hold) Keep(eventID, reason string, line []byte) error {
	now := time.Now().UTC()
	plain, err := json.Marshal(Record{eventID, reason, now, line})
	if err != nil {
		return err
	}
	if len(plain) > maxRecord {
		return fmt.Errorf("%d bytes are too many to hold", len(line))
	}
	nonce := make([]byte, h.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return err
	}
	sealed := h.aead.Seal(nonce, nonce, plain, nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bytes+int64(len(sealed)) > MaxBytes {
		return ErrFull
	}
	if err := h.today(now); err != nil {
		return err
	}
	n, err := h.file.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(sealed))), sealed...))
	h.bytes += int64(n)
	return errors.Join(err, h.file.Sync())
}

func (h *Hold) today(now time.Time) (err error) {
	day := now.Format(fileTimeForm)
	if h.file != nil && h.day == day {
		return nil
	}
	if h.file != nil {
		if err := h.file.Close(); err != nil {
			return err
		}
		if err := h.expire(now); err != nil {
			return err
		}
	}
	h.file, err = os.OpenFile(filepath.Join(h.dir, filePrefix+day), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	h.day = day
	return err
}

// Expire removes the days that are older than Retention and counts what is left.
func (h *Hold) Expire(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.expire(now)
}

func (h *Hold) expire(now time.Time) error {
	h.bytes = 0
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
	for _, name := range files {
		if err := h.eachOf(name, f); err != nil {
			return err
		}
	}
	return nil
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
