// Package deadletter keeps the list of events that could not be handled, with their reasons. What it keeps
// is masked; the unmasked bytes, where there are any, lie in the hold.
package deadletter

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// MaxLetters is how many are kept; the oldest go first, counted.
const MaxLetters = 20000

const maxLine = 4 << 20

// Letter is one event that could not be handled.
type Letter struct {
	EventID string    `json:"event_id"`
	Time    time.Time `json:"time"`  // when it was received
	Stage   string    `json:"stage"` // parser, enricher, masker, store
	Plugin  string    `json:"plugin,omitempty"`
	Version string    `json:"version,omitempty"`
	Reason  string    `json:"reason"` // a code
	Message string    `json:"message"`
	Input   string    `json:"input,omitempty"`
	Text    string    `json:"text,omitempty"` // masked
}

// List is the letters of one host, in a file of JSON lines. Safe for concurrent use.
type List struct {
	path    string
	mu      sync.RWMutex
	file    *os.File
	letters []Letter // oldest first
	ids     map[string]bool
	written int // lines in the file
	total   int64
	dropped int64
}

// Open opens the list in a file, which is made if missing (0600). A last line torn by a crash is cut.
func Open(path string) (*List, error) {
	l := &List{path: path, ids: map[string]bool{}}
	if err := l.load(); err != nil {
		return nil, err
	}
	return l, l.rewrite()
}

func (l *List) load() error {
	f, err := os.Open(l.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	s := bufio.NewScanner(f)
	s.Buffer(make([]byte, 64<<10), maxLine)
	var torn error
	for line := 1; s.Scan(); line++ {
		if torn != nil {
			return torn
		}
		var d Letter
		if err := json.Unmarshal(s.Bytes(), &d); err != nil {
			torn = fmt.Errorf("%s, line %d: %w", l.path, line, err) // only the last line may be
			continue
		}
		l.take(d)
	}
	return s.Err()
}

func (l *List) take(d Letter) bool {
	if l.ids[d.EventID] {
		return false
	}
	l.ids[d.EventID] = true
	l.letters = append(l.letters, d)
	if n := len(l.letters) - MaxLetters; n > 0 {
		for _, old := range l.letters[:n] {
			delete(l.ids, old.EventID)
		}
		l.letters = append([]Letter(nil), l.letters[n:]...)
		l.dropped += int64(n)
	}
	return true
}

// rewrite brings the file to what is kept.
func (l *List) rewrite() error {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	for i := range l.letters {
		err = errors.Join(err, e.Encode(&l.letters[i]))
	}
	if err = errors.Join(err, w.Flush(), f.Sync()); err == nil {
		err = os.Rename(l.path+".tmp", l.path)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if l.file != nil {
		err = l.file.Close()
	}
	l.file, l.written = f, len(l.letters)
	return err
}

// Add appends letters durably. One whose event is in the list is not added again, so a replay adds nothing.
func (l *List) Add(ds []Letter) error {
	if len(ds) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []byte
	for _, d := range ds {
		if !l.take(d) {
			continue
		}
		line, err := json.Marshal(d)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
		l.written++
		l.total++
	}
	if l.written > 2*MaxLetters {
		return l.rewrite()
	}
	_, err := l.file.Write(lines)
	return errors.Join(err, l.file.Sync())
}

// Filter selects letters; empty fields select all. Text is a part of message or text, without regard to case.
type Filter struct{ Plugin, Reason, Text string }

func (f *Filter) match(d *Letter) bool {
	if f.Plugin != "" && f.Plugin != d.Plugin || f.Reason != "" && f.Reason != d.Reason {
		return false
	}
	text := strings.ToLower(f.Text)
	return text == "" || strings.Contains(strings.ToLower(d.Message), text) || strings.Contains(strings.ToLower(d.Text), text)
}

// Page returns up to limit letters newest first, from behind the one whose event id is after ("" starts).
// ok is false when that one is gone. next continues, "" means there are no more.
func (l *List) Page(f Filter, after string, limit int) (page []Letter, next string, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	i := len(l.letters) - 1
	if after != "" {
		if !l.ids[after] {
			return nil, "", false
		}
		for ; l.letters[i].EventID != after; i-- {
		}
		i--
	}
	for ; i >= 0; i-- {
		if !f.match(&l.letters[i]) {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].EventID, true
		}
		page = append(page, l.letters[i])
	}
	return page, "", true
}

// Counts says how many letters are kept, came since the host started, and went because of MaxLetters.
func (l *List) Counts() (kept int, added, dropped int64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.letters), l.total, l.dropped
}

// Close closes the file.
func (l *List) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
