// Package reveal writes down which masked values were told again, by whom and why.
//
// Its one idea: the file is a chain. Each line has the SHA-256 of the line before it, so that no line can be changed or taken
// out without that being seen, but for the last ones.
package reveal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Entry is one line.
type Entry struct {
	Time     time.Time `json:"time"`
	User     string    `json:"user"`    // of the operating system
	Holders  []string  `json:"holders"` // of the shares
	Key      string    `json:"key"`
	Reason   string    `json:"reason"`
	Tokens   []string  `json:"tokens"`
	Previous string    `json:"previous"` // SHA-256 of the line before, in hexadecimal digits; empty in the first
}

// Append writes an entry behind the others, and returns when it is on the disk. Its Previous is set. A chain that is broken
// is not gone on with. It is safe for concurrent use by several processes.
func Append(path string, e Entry) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	_, last, err := read(path)
	if err != nil {
		return err
	}
	e.Previous = last
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return err
	}
	return f.Sync()
}

// Read returns all entries. Errors name the first line that was changed, or cannot be read. A file that is not there has
// none.
func Read(path string) ([]Entry, error) {
	entries, _, err := read(path)
	return entries, err
}

func read(path string) (entries []Entry, last string, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	for n := 1; len(text) > 0; n++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		var e Entry
		switch err := json.Unmarshal(line, &e); {
		case !whole || err != nil:
			return entries, "", fmt.Errorf("%s: line %d is cut or no record: keep the file as it is, and write into another (--audit)", path, n)
		case e.Previous != last:
			return entries, "", fmt.Errorf("%s: line %d does not follow line %d as it is now: one of them was changed, or lines are missing", path, n, n-1)
		}
		sum := sha256.Sum256(line)
		entries, last, text = append(entries, e), hex.EncodeToString(sum[:]), rest
	}
	return entries, last, nil
}
