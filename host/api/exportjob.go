package api

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/store"
)

const (
	maxExports  = 100                // kept at once
	keepExports = 7 * 24 * time.Hour // without being asked for a part
	maxReaders  = 3                  // parts made at once
	keepReader  = time.Minute        // between two parts
)

var errNoExport = fmt.Errorf("export %w: it was deleted, or expired because nobody asked for a part in %d days", ErrNotFound, keepExports/(24*time.Hour))

// exportJob is what an export is. It never changes, and lies in a file of its own, so that a client can go on
// after the host was killed.
type exportJob struct {
	ID      string    `json:"id"`
	Owner   string    `json:"owner"`
	Query   string    `json:"query"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Format  string    `json:"format"`
	Content string    `json:"content"`
	Fields  []string  `json:"fields,omitempty"`
	Columns []string  `json:"columns,omitempty"` // CSV
	Total   int64     `json:"total"`             // events when it was made; -1: not counted
	Created time.Time `json:"created"`
}

// export is a job and how far it is.
type export struct {
	job exportJob

	reading chan struct{} // full while a part is made; guards reader
	reader  *reader       // nil: no scan waits for its next part

	mu    sync.Mutex // guards what is below
	rows  int64
	done  bool
	busy  bool
	asked time.Time // zero: not since the host started
}

func newExport(job exportJob) *export { return &export{job: job, reading: make(chan struct{}, 1)} }

func (e *export) tryLock() bool {
	select {
	case e.reading <- struct{}{}:
		return true
	default:
		return false
	}
}

func (e *export) unlock() { <-e.reading }

// note changes the export's progress.
func (e *export) note(change func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change()
}

func (e *export) answer() exportAnswer {
	e.mu.Lock()
	defer e.mu.Unlock()
	return exportAnswer{exportJob: e.job, Rows: e.rows, Done: e.done, Reading: e.busy, Asked: e.asked}
}

// exports are all exports of the host. Safe for concurrent use.
type exports struct {
	dir     string
	store   store.Store
	log     *logrus.Entry
	slots   chan struct{} // one for each part that is made
	buffers sync.Pool     // *[]byte, for parts
	started time.Time
	stop    context.CancelFunc
	base    context.Context //nolint:containedctx // scans outlive the requests that begin them

	mu   sync.Mutex
	byID map[string]*export
}

// openExports reads the exports kept in dir.
func openExports(dir string, st store.Store, log *logrus.Entry) (*exports, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	x := &exports{
		dir: dir, store: st, log: log, slots: make(chan struct{}, maxReaders), started: time.Now(), byID: map[string]*export{},
	}
	x.base, x.stop = context.WithCancel(context.Background())
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		var job exportJob
		if json.Unmarshal(b, &job) != nil || job.ID+".json" != filepath.Base(f) {
			// The host was killed before it answered the request for this export.
			log.WithField("file", f).Warn("api: remove an export that was not finished being made")
			if err := os.Remove(f); err != nil {
				return nil, err
			}
			continue
		}
		x.byID[job.ID] = newExport(job)
	}
	return x, nil
}

// lastUse is when an export was made or asked for, or the host started.
func (x *exports) lastUse(e *export) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	last := x.started
	for _, t := range []time.Time{e.job.Created, e.asked} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// add keeps a new job. It makes room by removing what nobody has asked for in a long time.
func (x *exports) add(job exportJob) error {
	b, err := json.Marshal(job)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, e := range x.byID {
		if time.Since(x.lastUse(e)) > keepExports {
			if err := x.forget(id, e); err != nil {
				return err
			}
		}
	}
	if len(x.byID) >= maxExports {
		return &Error{
			Code: "conflict", Message: fmt.Sprintf("there are %d exports already", maxExports), Hint: "DELETE those that are not needed", status: 409,
		}
	}
	if err := writeNew(x.file(job.ID), b); err != nil {
		return fmt.Errorf("keep export: %w", err)
	}
	x.byID[job.ID] = newExport(job)
	return nil
}

func (x *exports) file(id string) string { return filepath.Join(x.dir, id+".json") }

func (x *exports) get(id string) (*export, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.byID[id]
	if e == nil {
		return nil, errNoExport
	}
	return e, nil
}

// list returns all exports, newest first.
func (x *exports) list() []*export {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := make([]*export, 0, len(x.byID))
	for _, e := range x.byID {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *export) int {
		if c := b.job.Created.Compare(a.job.Created); c != 0 {
			return c
		}
		return strings.Compare(a.job.ID, b.job.ID)
	})
	return all
}

func (x *exports) remove(e *export) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.forget(e.job.ID, e)
}

// forget removes an export; x.mu is held. A part that is being made is still handed out.
func (x *exports) forget(id string, e *export) error {
	if x.byID[id] != e {
		return errNoExport
	}
	if err := os.Remove(x.file(id)); err != nil && !os.IsNotExist(err) {
		return err
	}
	delete(x.byID, id)
	if e.tryLock() {
		e.closeReader()
		e.unlock()
	}
	return nil
}

// close ends all scans; parts that are being made fail.
func (x *exports) close() {
	x.stop()
	for _, e := range x.list() {
		e.reading <- struct{}{}
		e.closeReader()
		e.unlock()
	}
}
