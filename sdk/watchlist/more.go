package watchlist

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk/query"
)

// moreExtension is what the names of files with changes end with.
const moreExtension = ".more"

// More is what was changed of a list since its file was written: entries that are new, or expire later than before, and values
// that were removed. It is a file of its own beside the list's, replaced as a whole, so that to change a list of a million costs
// no more than what was changed; a removed value has a line with "-" in the place of its expiry. It counts only for the version
// of the file that it names; that of another is left from before, and is ignored.
type More struct {
	Base    int64 // version of the list's file
	Version int64 // of the list with what was changed
	Total   int   // different entries of both
	// Entries are what was added, and what was removed from the list's file, with [Removed] for its expiry. A value may have both:
	// then it was added again, in whatever order they stand. Of a list of addresses single ones can be removed, which then are in
	// none of the file's networks either: an entry beside it says for how long one of these still has it.
	Entries []Entry
}

func morePath(dir, name string) string { return filepath.Join(dir, name+moreExtension) }

// NameOf is the name of the list that a file of the folder is of; false if it is of none.
func NameOf(file string) (string, bool) {
	if name, ok := strings.CutSuffix(file, Extension); ok {
		return name, true
	}
	return strings.CutSuffix(file, moreExtension)
}

// WriteMore replaces what was changed of a list of a type.
func WriteMore(dir, name string, t query.ListType, m More) error {
	size := 0
	for _, e := range m.Entries {
		size += len(e.Value)
	}
	head := fmt.Sprintf("logcenter-list-more 1 %s %d %d %d %d %d\n", t, m.Version, len(m.Entries), size, m.Base, m.Total)
	return replace(dir, morePath(dir, name), head, Head{Entries: len(m.Entries), Bytes: size}, func(yield func(Entry, error) bool) {
		for _, e := range m.Entries {
			if !yield(e, nil) {
				return
			}
		}
	})
}

// ReadMore reads what was changed of a list. [os.ErrNotExist]: nothing.
func ReadMore(dir, name string) (m More, err error) {
	_, m, err = readMore(dir, name, func(_ query.ListType, m *More, value []byte, expires int64) error {
		m.Entries = append(m.Entries, Entry{string(value), expires})
		return nil
	})
	m.Entries = slices.Clip(m.Entries)
	return m, err
}

func readMore(dir, name string, each func(t query.ListType, m *More, value []byte, expires int64) error) (h Head, m More, err error) {
	f, err := os.Open(morePath(dir, name))
	if err != nil {
		return h, m, err
	}
	defer func() { _ = f.Close() }() // it is only read
	r := bufio.NewReaderSize(f, 1<<16)
	line, err := r.ReadSlice('\n')
	if err != nil {
		return h, m, fmt.Errorf("%s: %w: no first line", f.Name(), ErrDamaged)
	}
	var typ string
	if _, err := fmt.Sscanf(string(line), "logcenter-list-more 1 %s %d %d %d %d %d\n", &typ, &m.Version, &h.Entries, &h.Bytes, &m.Base, &m.Total); err != nil {
		return h, m, fmt.Errorf("%s: %w: the first line is %.80q", f.Name(), ErrDamaged, line)
	}
	if h.Type, err = query.ParseListType(typ); err != nil {
		return h, m, err
	}
	err = lines(r, line, h.Entries, func(value []byte, expires int64) error { return each(h.Type, &m, value, expires) })
	if err != nil {
		err = fmt.Errorf("%s: %w", f.Name(), err)
	}
	return h, m, err
}

// changes are what was changed, ready to be matched.
type changes struct {
	typ        query.ListType
	more, gone *query.List // nil is nothing
}

func changed(dir, name string) (c changes, m More, err error) {
	var more, gone *query.ListBuilder
	h, m, err := readMore(dir, name, func(t query.ListType, _ *More, value []byte, expires int64) error {
		into, until := &more, expires
		if expires == Removed {
			into, until = &gone, 0
		}
		if *into == nil {
			*into = query.NewListBuilder(t, 0, 0)
		}
		_, err := (*into).Add(value, until)
		return err
	})
	if err != nil {
		return c, m, err
	}
	c.typ = h.Type
	if more != nil {
		c.more = more.Build()
	}
	if gone != nil {
		c.gone = gone.Build()
	}
	return c, m, nil
}

// readAgain is how often a list is read that is replaced meanwhile.
const readAgain = 4

// load reads a list, or only what was changed of the one that base is, and version its file's.
func (v *file) load(dir, name string) error {
	for range readAgain {
		known := v.base != nil
		if !known {
			l, h, err := read(dir, name)
			if err != nil {
				return err
			}
			v.base, v.version = l, h.Version
		}
		c, m, err := changed(dir, name)
		switch {
		case errors.Is(err, os.ErrNotExist):
			if !known || v.more == nil {
				v.list.Store(v.base)
				return nil
			}
		case err != nil:
			return err
		case m.Base == v.version && c.typ == v.base.Type():
			v.list.Store(v.base.With(c.more, c.gone, m.Total))
			return nil
		case m.Base < v.version:
			v.list.Store(v.base) // it is in it
			return nil
		}
		v.base = nil // its file has been replaced since
	}
	return fmt.Errorf("list %s: %w: it is replaced again and again", name, ErrDamaged)
}
