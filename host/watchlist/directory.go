package watchlist

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/query"
	files "github.com/logcenter/logcenter/sdk/watchlist"
)

// stamp tells versions of a file apart.
type stamp struct {
	changed time.Time
	size    int64
}

// lookEvery is how often the admin's folder is looked at.
const lookEvery = 2 * time.Second

// Run reads files of the admin's folder again when they change, until ctx is done.
func (l *Library) Run(ctx context.Context) error {
	if l.o.Directory == "" {
		return nil
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		l.changing.Lock()
		changed := l.readDirectory()
		l.changing.Unlock()
		if changed {
			if err := l.folder.Look(); err != nil {
				l.o.Log.WithError(err).Error("a list cannot be read; it stays as it was")
			}
		}
	}
}

// fileName is the name and type of the list that a file NAME.TYPE.csv has.
func fileName(file string) (name string, t query.ListType, err error) {
	rest, _ := strings.CutSuffix(file, ".csv")
	i := strings.LastIndexByte(rest, '.')
	if i < 0 {
		return "", 0, fmt.Errorf("the name says no type: write NAME.TYPE.csv, e.g. %s.ip.csv, where TYPE is one of %s", rest, strings.Join(query.ListTypes(), ", "))
	}
	if t, err = query.ParseListType(rest[i+1:]); err != nil {
		return "", 0, fmt.Errorf("%w: write NAME.TYPE.csv, e.g. %s.ip.csv", err, rest[:i])
	}
	return rest[:i], t, query.CheckListName(rest[:i])
}

// readDirectory reads what has changed in the admin's folder since it was called before. A file with faults leaves its
// list as it was, or does not make one.
func (l *Library) readDirectory() (changed bool) {
	entries, err := os.ReadDir(l.o.Directory)
	if err != nil {
		l.problem(l.o.Directory, err)
		return false
	}
	l.problem(l.o.Directory, nil)
	there := map[string]bool{}
	for _, e := range entries {
		if !isList(e) {
			continue
		}
		there[e.Name()] = true
		info, err := e.Info()
		if err != nil {
			continue // it has just gone
		}
		now := stamp{info.ModTime(), info.Size()}
		if l.stamps[e.Name()] == now {
			continue
		}
		l.stamps[e.Name()] = now
		err = l.readFile(e.Name(), now)
		l.problem(e.Name(), err)
		changed = changed || err == nil
	}
	for file := range maps.Clone(l.stamps) {
		if !there[file] {
			delete(l.stamps, file)
			l.problem(file, nil)
			changed = l.dropFile(file) || changed
		}
	}
	return changed
}

// problem notes what is wrong with a file; nil is nothing.
func (l *Library) problem(file string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		delete(l.problems, file)
		return
	}
	if text := err.Error(); l.problems[file] != text {
		l.problems[file] = text
		l.o.Log.WithError(err).Error("a file of watchlists.directory is not read; its list stays as it was")
	}
}

// dropFile removes the list of a file that has gone.
func (l *Library) dropFile(file string) bool {
	name, _, err := fileName(file)
	if err != nil {
		return false
	}
	list, err := l.Get(name)
	if err != nil || list.Origin != FromDirectory || filepath.Base(list.File) != file {
		return false
	}
	l.put(name, nil)
	if err := files.Remove(l.o.Files, name); err != nil {
		l.problem(file, err)
	}
	return true
}

// readFile makes a file a list.
func (l *Library) readFile(file string, s stamp) error {
	path := filepath.Join(l.o.Directory, file)
	name, t, err := fileName(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if have, err := l.Get(name); err == nil && (have.Origin != FromDirectory || filepath.Base(have.File) != file) {
		return fmt.Errorf("%s: there is a list %s already, from %s: use another name", path, name, cmp.Or(have.File, "the API"))
	}
	list := &List{Name: name, Type: t, Version: s.changed.UnixNano(), Updated: s.changed.UTC(), Origin: FromDirectory, File: path}
	if err := list.copy(l.o.Files); err != nil {
		return err
	}
	l.put(name, list)
	return nil
}

// copy writes what is in the file of a list for those who match, and counts it.
func (l *List) copy(into string) error {
	entries, duplicates, err := readWhole(l.File, l.Type)
	if err != nil {
		return err
	}
	l.Entries, l.Duplicates = len(entries), duplicates
	for _, e := range entries {
		l.Bytes += int64(len(e.Value))
	}
	h := files.Head{Type: l.Type, Version: l.Version, Entries: l.Entries, Bytes: int(l.Bytes)}
	return files.Write(into, l.Name, h, func(yield func(files.Entry, error) bool) {
		for _, e := range entries {
			at := int64(0)
			if !e.Expires.IsZero() {
				at = e.Expires.UnixNano()
			}
			if !yield(files.Entry{Value: e.Value, Expires: at}, nil) {
				return
			}
		}
	})
}

// Publish writes all lists of a folder of CSV files for those who match, once, without a library. The error tells what is
// wrong in all files.
func Publish(directory, into string) (lists []*List, err error) {
	found, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var errs []error
	names := map[string]string{}
	for _, e := range found {
		if !isList(e) {
			continue
		}
		path := filepath.Join(directory, e.Name())
		name, t, err := fileName(e.Name())
		if err == nil && names[name] != "" {
			err = fmt.Errorf("there is a list %s already, from %s: use another name", name, names[name])
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
			continue
		}
		names[name] = path
		list := &List{Name: name, Type: t, Version: 1, Origin: FromDirectory, File: path}
		errs = append(errs, list.copy(into))
		lists = append(lists, list)
	}
	return lists, errors.Join(errs...)
}

// isList says whether a file of the folder is to be a list.
func isList(e os.DirEntry) bool {
	return filepath.Ext(e.Name()) == ".csv" && !e.IsDir() && !strings.HasPrefix(e.Name(), ".")
}

// readWhole reads a file: its entries by value, each once with the latest expiry, and how many said the same again.
func readWhole(path string, t query.ListType) (out []Entry, duplicates int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = f.Close() }() // it is only read
	if info, err := f.Stat(); err == nil && info.Size() > MaxFile {
		return nil, 0, fmt.Errorf("%s has %d bytes, the limit is %d", path, info.Size(), MaxFile)
	}
	var faults []error
	for e, err := range readCSV(path, bufio.NewReaderSize(io.LimitReader(f, MaxFile), 1<<16), t, time.Now()) {
		if err != nil {
			if faults = append(faults, err); len(faults) == mostFaults {
				break
			}
			continue
		}
		e.Value = strings.Clone(e.Value)
		if out = append(out, e); len(out) > 2*query.MaxListEntries {
			return nil, 0, fmt.Errorf("%s has more than %d entries", path, query.MaxListEntries)
		}
	}
	if len(faults) > 0 {
		return nil, 0, errors.Join(faults...)
	}
	lines := len(out)
	slices.SortStableFunc(out, func(a, b Entry) int {
		return cmp.Or(strings.Compare(a.Value, b.Value), cmp.Compare(latest(b), latest(a)))
	})
	out = slices.CompactFunc(out, func(a, b Entry) bool { return a.Value == b.Value })
	if len(out) > query.MaxListEntries {
		return nil, 0, fmt.Errorf("%s has %d entries, the limit is %d", path, len(out), query.MaxListEntries)
	}
	return out, lines - len(out), nil
}

// latest orders by expiry, never being the latest.
func latest(e Entry) int64 {
	if e.Expires.IsZero() {
		return 1<<63 - 1
	}
	return e.Expires.UnixNano()
}

// fileEntries is Entries of a file.
func (l *Library) fileEntries(list *List, prefix, after string, limit int) (out []Entry, more bool, err error) {
	all, _, err := readWhole(list.File, list.Type)
	if err != nil {
		return nil, false, err
	}
	for _, e := range all {
		switch {
		case !strings.HasPrefix(e.Value, prefix) || after != "" && e.Value <= after:
		case len(out) == limit:
			return out, true, nil
		default:
			out = append(out, e)
		}
	}
	return out, false, nil
}
