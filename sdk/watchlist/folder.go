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

// file is one version of the file of a list, and of what was added to it.
type file struct {
	info, more os.FileInfo // more is nil if nothing was added
	once       sync.Once
	base       *query.List                // what is in the file, where that is known
	version    int64                      // of it
	list       atomic.Pointer[query.List] // nil before it was asked for, and if it cannot be read
	err        error
}

// same says whether two files are the same; nil is one that there is not.
func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == b
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
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
	v.once.Do(func() { v.err = v.load(dir, name) })
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
	more := map[string]os.FileInfo{}
	var errs []error
	for _, e := range entries {
		name, ok := NameOf(e.Name())
		if !ok || query.CheckListName(name) != nil {
			continue
		}
		info, err := e.Info()
		switch {
		case errors.Is(err, os.ErrNotExist): // it has just gone
		case err != nil:
			errs = append(errs, err)
		case strings.HasSuffix(e.Name(), Extension):
			next[name] = &file{info: info}
		default:
			more[name] = info
		}
	}
	for name, v := range next {
		v.more = more[name]
		was := before[name]
		unchanged := was != nil && same(was.info, v.info)
		if unchanged && same(was.more, v.more) {
			next[name] = was
			continue
		}
		if was == nil || was.list.Load() == nil { // nobody has asked for it
			continue
		}
		if unchanged {
			v.base, v.version = was.base, was.version
		}
		if v.read(f.dir, name) == nil {
			errs = append(errs, v.err)
			was.info, was.more = v.info, v.more // it is not tried again until it is another one
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
