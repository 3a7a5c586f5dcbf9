package watchlist

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/sdk/query"
)

// Folder has the lists of a folder. A list is read when it is asked for first, and from then on each time its file is
// another one. It is safe for concurrent use.
type Folder struct {
	dir     string
	current atomic.Pointer[map[string]*file]
	looking sync.Mutex // one looks at a time
	stop    chan struct{}
	done    chan struct{} // nil before Watch
}

// file is one version of one file.
type file struct {
	info os.FileInfo
	once sync.Once
	list atomic.Pointer[query.List] // nil before it was asked for, and if it cannot be read
	err  error
}

// Open looks at a folder, which may be empty.
func Open(dir string) (*Folder, error) {
	f := &Folder{dir: dir, stop: make(chan struct{})}
	return f, f.Look()
}

// List implements [query.Lists].
func (f *Folder) List(name string) *query.List {
	v := (*f.current.Load())[name]
	if v == nil {
		return nil
	}
	return v.read(f.dir, name)
}

// Names implements [query.Lists].
func (f *Folder) Names() []string { return slices.Sorted(maps.Keys(*f.current.Load())) }

// Loaded is how many entries the lists in memory have, and about how many bytes they take there.
func (f *Folder) Loaded() (entries int, size int64) {
	for _, v := range *f.current.Load() {
		if l := v.list.Load(); l != nil {
			entries, size = entries+l.Len(), size+l.Bytes()
		}
	}
	return entries, size
}

func (v *file) read(dir, name string) *query.List {
	v.once.Do(func() {
		l, _, err := read(dir, name)
		if err != nil {
			v.err = err
			return
		}
		v.list.Store(l)
	})
	return v.list.Load()
}

// Look looks for files that have come, changed or gone. Lists that are in use are read before they take the place of
// those before; one that cannot be read stays as it was, and is told in the error.
func (f *Folder) Look() error {
	f.looking.Lock()
	defer f.looking.Unlock()
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	before := map[string]*file{}
	if m := f.current.Load(); m != nil {
		before = *m
	}
	next := make(map[string]*file, len(entries))
	var errs []error
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), Extension)
		if !ok || query.CheckListName(name) != nil {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		was := before[name]
		if was != nil && os.SameFile(was.info, info) && was.info.ModTime().Equal(info.ModTime()) && was.info.Size() == info.Size() {
			next[name] = was
			continue
		}
		v := &file{info: info}
		next[name] = v
		if was == nil || was.list.Load() == nil {
			continue
		}
		if v.read(f.dir, name) == nil {
			errs = append(errs, v.err)
			was.info = info // it is not tried again until it is another one
			next[name] = was
		}
	}
	f.current.Store(&next)
	return errors.Join(errs...)
}

// Watch looks every so often, until Close; failed is told what goes wrong.
func (f *Folder) Watch(every time.Duration, failed func(error)) {
	f.done = make(chan struct{})
	go func() {
		defer close(f.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-f.stop:
				return
			case <-tick.C:
			}
			if err := f.Look(); err != nil {
				failed(fmt.Errorf("lists: %w", err))
			}
		}
	}()
}

// Close ends what Watch began, if it was called.
func (f *Folder) Close() {
	close(f.stop)
	if f.done != nil {
		<-f.done
	}
}
