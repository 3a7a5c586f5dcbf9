// Package deadletter keeps the list of events that could not be handled, with their reasons. What it keeps
// is masked; the records as they came lie in the hold.
package deadletter

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// MaxLetters is how many are kept; the oldest go first, counted.
const MaxLetters = 20000

const (
	maxLine    = 4 << 20
	maxText    = 256 << 10 // of a letter's text, in bytes; the hold has the whole
	maxMessage = 16 << 10
)

// Letter is one event that could not be handled. Those that a plugin does not survive or that could not be masked are
// stored all the same, marked.
type Letter struct {
	EventID string    `json:"event_id"`
	Time    time.Time `json:"time"`  // when it was received
	Stage   string    `json:"stage"` // parser, enricher, masker, store
	Plugin  string    `json:"plugin,omitempty"`
	Version string    `json:"version,omitempty"`
	Reason  string    `json:"reason"` // a code
	Message string    `json:"message"`
	Input   string    `json:"input,omitempty"`
	Address string    `json:"address,omitempty"` // of the sender, as log.source.address
	Host    string    `json:"host,omitempty"`    // host.name, if the parser found one
	Text    string    `json:"text,omitempty"`    // masked
	// Held is when its record was put into the hold; zero: it was not.
	Held time.Time `json:"held,omitzero"`
	// Redriven is when the record was given to the pipeline again; zero: it was not.
	Redriven time.Time `json:"redriven,omitzero"`
}

// List is the letters of one host, in a file of JSON lines. Safe for concurrent use.
type List struct {
	// Holds says whether a record that was put into the hold at a time is there still; nil is always. It is set before
	// the list is used.
	Holds func(at time.Time) bool

	path     string
	mu       sync.RWMutex
	file     *os.File
	letters  []*Letter // oldest first
	ids      map[string]*Letter
	written  int  // lines in the file
	behind   bool // the file lacks letters, or ends in half of one
	total    int64
	dropped  int64
	redriven int64
}

// Open opens the list in a file, which is made if missing (0600). What is no letter is left out, and
// counted as dropped unless it is the last line, which a crash may have torn.
func Open(path string) (*List, error) {
	l := &List{path: path, ids: map[string]*Letter{}}
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
	torn := int64(0)
	for s.Scan() {
		l.dropped += torn
		torn = 0
		var d Letter
		if json.Unmarshal(s.Bytes(), &d) != nil {
			torn = 1 // as the last line it is what a crash cut off, which comes again
			continue
		}
		if !l.take(d) { // the same again tells when it was redriven
			l.ids[d.EventID].Redriven = d.Redriven
		}
	}
	return s.Err()
}

func (l *List) take(d Letter) bool {
	if l.ids[d.EventID] != nil {
		return false
	}
	l.ids[d.EventID] = &d
	l.letters = append(l.letters, &d)
	if n := len(l.letters) - MaxLetters; n > 0 {
		for _, old := range l.letters[:n] {
			delete(l.ids, old.EventID)
		}
		l.letters = append([]*Letter(nil), l.letters[n:]...)
		l.dropped += int64(n)
	}
	return true
}

// rewrite brings the file to what is kept.
func (l *List) rewrite() error {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path+durable.Suffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	for i := range l.letters {
		err = errors.Join(err, e.Encode(l.letters[i]))
	}
	if err = errors.Join(err, w.Flush(), f.Sync()); err == nil {
		err = durable.Commit(l.path)
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
	var changed []*Letter
	for _, d := range ds {
		d.Text, d.Message = cut(d.Text, maxText), cut(d.Message, maxMessage)
		if l.take(d) {
			changed = append(changed, l.ids[d.EventID])
		}
	}
	l.total += int64(len(changed))
	return l.write(changed)
}

func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	return strings.ToValidUTF8(text[:size], "") + "…"
}

// write appends letters to the file. After an error the file is behind, and may end in half a letter: it is written
// anew at the next call, whatever that one is about.
func (l *List) write(ds []*Letter) error {
	if len(ds) == 0 && !l.behind {
		return nil
	}
	var lines []byte
	for _, d := range ds {
		line, err := json.Marshal(d)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
		l.written++
	}
	if l.behind || l.written > 2*MaxLetters {
		err := l.rewrite()
		l.behind = err != nil
		return err
	}
	_, err := l.file.Write(lines)
	err = errors.Join(err, l.file.Sync())
	l.behind = err != nil
	return err
}

// Has says whether an event has a letter.
func (l *List) Has(eventID string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.ids[eventID] != nil
}

// MarkRedriven notes durably that the records of letters were given to the pipeline again. Letters that are gone are
// passed over.
func (l *List) MarkRedriven(eventIDs []string, at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var changed []*Letter
	for _, id := range eventIDs {
		if d := l.ids[id]; d != nil {
			d.Redriven = at
			changed = append(changed, d)
		}
	}
	l.redriven += int64(len(changed))
	return l.write(changed)
}

// Filter selects letters; the zero value selects all.
type Filter struct {
	Query    *Query    // nil selects all
	From, To time.Time // when the event was received, in [From, To); zero is no bound
}

// snapshot is the letters that are kept, oldest first: those that came before the one of an event, or all for "". ok is
// false when that one is gone. What is in them is read under the lock.
func (l *List) snapshot(before string) (letters []*Letter, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if before == "" {
		return slices.Clone(l.letters), true
	}
	i := slices.IndexFunc(l.letters, func(d *Letter) bool { return d.EventID == before })
	return slices.Clone(l.letters[:max(i, 0)]), i >= 0
}

// Page returns up to limit letters newest first, from behind the one whose event id is after ("" starts).
// ok is false when that one is gone. next continues, "" means there are no more.
func (l *List) Page(f Filter, after string, limit int) (page []Letter, next string, ok bool) {
	letters, ok := l.snapshot(after)
	if !ok {
		return nil, "", false
	}
	slices.Reverse(letters)
	f.selector(l).each(letters, func(d *Letter) bool {
		if len(page) == limit {
			next = page[limit-1].EventID
			return false
		}
		page = append(page, *d)
		return true
	})
	return page, next, true
}

// Select returns the letters that a filter selects, oldest first.
func (l *List) Select(f Filter) (ds []Letter) {
	letters, _ := l.snapshot("")
	f.selector(l).each(letters, func(d *Letter) bool {
		ds = append(ds, *d)
		return true
	})
	return ds
}

// Count is a number of letters that have the same values.
type Count struct {
	Values  []string // of the fields asked for, "" where a letter has none
	Letters int
	Held    int       // of these, that can be redriven
	First   time.Time // when their events were received
	Last    time.Time
}

// CountBy counts the selected letters by some of [Grouping], most letters first.
func (l *List) CountBy(f Filter, by []string) []Count {
	groups := map[string]*Count{}
	letters, _ := l.snapshot("")
	f.selector(l).each(letters, func(d *Letter) bool {
		values := make([]string, len(by))
		for i, name := range by {
			values[i] = d.value(name, l)
		}
		key := strings.Join(values, "\x00")
		g := groups[key]
		if g == nil {
			g = &Count{Values: values, First: d.Time, Last: d.Time}
			groups[key] = g
		}
		g.Letters++
		if l.State(d) == StateHeld {
			g.Held++
		}
		if d.Time.Before(g.First) {
			g.First = d.Time
		}
		if d.Time.After(g.Last) {
			g.Last = d.Time
		}
		return true
	})
	out := make([]Count, 0, len(groups))
	for _, g := range groups {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(b.Letters-a.Letters, slices.Compare(a.Values, b.Values)) })
	return out
}

func (d *Letter) value(name string, l *List) string {
	switch name {
	case "stage":
		return d.Stage
	case "plugin":
		return d.Plugin
	case "version":
		return d.Version
	case "reason":
		return d.Reason
	case "input":
		return d.Input
	case "device":
		return d.Device()
	default:
		return l.State(d)
	}
}

// State is held, not_held or redriven.
func (l *List) State(d *Letter) string {
	switch {
	case !d.Redriven.IsZero():
		return StateRedriven
	case !d.Held.IsZero() && (l.Holds == nil || l.Holds(d.Held)):
		return StateHeld
	default:
		return StateNotHeld
	}
}

// Get returns the letters of events, in their order; unknown are those that have none.
func (l *List) Get(eventIDs []string) (ds []Letter, unknown []string) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, id := range eventIDs {
		if d := l.ids[id]; d != nil {
			ds = append(ds, *d)
		} else {
			unknown = append(unknown, id)
		}
	}
	return ds, unknown
}

// Redriven counts letters that were redriven since the host started.
func (l *List) Redriven() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.redriven
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
