// Package watchlist keeps the lists of values that queries ask for by name (field:list(name)): addresses and networks,
// names of hosts, digests, names of users and plain texts.
//
// A list is either kept in the metadata store, and changed by the API, or is a CSV file NAME.TYPE.csv in the admin's
// folder, and changed there. Each has a version, which grows with every change. What counts of it is written into a file
// of [github.com/logcenter/logcenter/sdk/watchlist], from which the host and its detectors read it, and changes of a
// large list into one beside that: a change is in effect in the host when it is answered, and in detectors within a second.
// What has expired stays until it is removed, and does not match any more.
package watchlist

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/sdk/query"
	files "github.com/logcenter/logcenter/sdk/watchlist"
)

// Schema is what the library keeps in the metadata store.
var Schema = metadata.Schema{Package: "watchlist", Migrations: []string{
	`CREATE TABLE watchlist (
		name        TEXT PRIMARY KEY,
		type        TEXT NOT NULL,
		description TEXT NOT NULL,
		version     INTEGER NOT NULL,
		entries     INTEGER NOT NULL,
		bytes       INTEGER NOT NULL, -- of the values
		updated     INTEGER NOT NULL,
		by          TEXT NOT NULL
	) STRICT;
	CREATE TABLE watchlist_entry (
		list    TEXT NOT NULL REFERENCES watchlist ON DELETE CASCADE,
		value   TEXT NOT NULL,
		note    TEXT NOT NULL,
		source  TEXT NOT NULL,
		author  TEXT NOT NULL,
		added   INTEGER NOT NULL,
		expires INTEGER NOT NULL, -- 0: never
		version INTEGER NOT NULL, -- of the list, in which it was written
		PRIMARY KEY (list, value)
	) STRICT, WITHOUT ROWID;
	CREATE TABLE watchlist_number ( -- so that a list that is made again is not taken for the one before
		only INTEGER PRIMARY KEY CHECK (only = 1),
		last INTEGER NOT NULL
	) STRICT;
	INSERT INTO watchlist_number VALUES (1, 0);`,
}}

// MaxLists is how many lists there may be.
const MaxLists = 1000

var (
	// ErrNotFound is a list, or an entry, that there is not.
	ErrNotFound = errors.New("there is no such list")
	// ErrInvalid is a name, a value or a file that is none; with files it holds errors of type [*document.Error].
	ErrInvalid = errors.New("not a list")
	// ErrConflict is a change that cannot be made to this list.
	ErrConflict = errors.New("the list is changed elsewhere")
	// ErrUsed is a list that others ask for, and that is not deleted therefore.
	ErrUsed = errors.New("the list is in use")
)

// Origin says where a list is kept.
type Origin string

// The origins.
const (
	FromAPI       Origin = "api"
	FromDirectory Origin = "directory"
)

// List is what is known of a list beside its entries.
type List struct {
	Name        string
	Type        query.ListType
	Description string
	Version     int64 // grows with each change
	Entries     int   // different ones, expired ones included
	Bytes       int64 // of the values
	Updated     time.Time
	By          string // who changed it last; empty for files
	Origin      Origin
	File        string // FromDirectory
	Duplicates  int    // lines of the file that say again what one before says
}

// Options say where the lists are.
type Options struct {
	Store     *metadata.Store // with [Schema]
	Directory string          // the admin's folder of CSV files; empty: there is none
	Files     string          // folder that the library writes for those who match; it is made
	Log       *logrus.Entry
}

// Library keeps the lists. It is safe for concurrent use; changes are made one at a time.
type Library struct {
	o        Options
	folder   *files.Folder
	changing sync.Mutex

	mu       sync.RWMutex
	lists    map[string]*List
	problems map[string]string // of files, by their name
	stamps   map[string]stamp  // of the admin's files
	changes  atomic.Int64
}

// Open reads what there is, and makes these the lists of the process ([query.SetLists]).
func Open(ctx context.Context, o Options) (*Library, error) {
	l := &Library{o: o, lists: map[string]*List{}, problems: map[string]string{}, stamps: map[string]stamp{}}
	if err := durable.MakeDir(o.Files); err != nil {
		return nil, err
	}
	err := o.Store.View(ctx, func(tx *sql.Tx) error { return l.load(ctx, tx) })
	if err != nil {
		return nil, err
	}
	for _, list := range l.lists {
		if err := l.publish(ctx, list); err != nil {
			return nil, err
		}
	}
	if o.Directory != "" {
		if _, err := os.Stat(o.Directory); err != nil {
			return nil, fmt.Errorf("watchlists.directory: %w", err)
		}
		l.readDirectory()
	}
	if err := l.sweep(); err != nil {
		return nil, err
	}
	if l.folder, err = files.Open(o.Files); err != nil {
		return nil, err
	}
	query.SetLists(l.folder)
	return l, nil
}

// Folder is where the files are that others read.
func (l *Library) Folder() string { return l.o.Files }

func (l *Library) load(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT name, type, description, version, entries, bytes, updated, by FROM watchlist")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is that of Err
	for rows.Next() {
		list := &List{Origin: FromAPI}
		var typ string
		var updated int64
		if err := rows.Scan(&list.Name, &typ, &list.Description, &list.Version, &list.Entries, &list.Bytes, &updated, &list.By); err != nil {
			return err
		}
		if list.Type, err = query.ParseListType(typ); err != nil {
			return fmt.Errorf("list %s: %w", list.Name, err)
		}
		list.Updated = time.Unix(0, updated).UTC()
		l.lists[list.Name] = list
	}
	return rows.Err()
}

// publish writes the file of a list of the store, unless it is there.
func (l *Library) publish(ctx context.Context, list *List) error {
	if h, _, err := files.ReadHead(l.o.Files, list.Name); err == nil && h.Version == list.Version && h.Type == list.Type && h.Entries == list.Entries {
		return nil
	}
	return l.o.Store.View(ctx, func(tx *sql.Tx) error { return l.write(ctx, tx, list) })
}

func (l *Library) write(ctx context.Context, tx *sql.Tx, list *List) error {
	h := files.Head{Type: list.Type, Version: list.Version, Entries: list.Entries, Bytes: int(list.Bytes)}
	return files.Write(l.o.Files, list.Name, h, func(yield func(files.Entry, error) bool) {
		rows, err := tx.QueryContext(ctx, "SELECT value, expires FROM watchlist_entry WHERE list = ? ORDER BY value", list.Name)
		if err != nil {
			yield(files.Entry{}, err)
			return
		}
		defer func() { _ = rows.Close() }() // its error is that of Err
		var e files.Entry
		for rows.Next() {
			if err := rows.Scan(&e.Value, &e.Expires); !yield(e, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(files.Entry{}, err)
		}
	})
}

// What is changed of a list of at least largeList entries goes into a file beside it, which has mostMore at most.
const (
	largeList = 10_000
	mostMore  = 10_000
)

// append writes what was added to a large list of a version, and removed from it, without writing all of it again; false if that
// is to be done.
func (l *Library) append(list *List, before int64, changed []files.Entry) (bool, error) {
	if list.Entries < largeList {
		return false, nil
	}
	h, base, err := files.ReadHead(l.o.Files, list.Name)
	if err != nil || h.Version != before || h.Type != list.Type {
		return false, nil //nolint:nilerr // it is written anew
	}
	m, err := files.ReadMore(l.o.Files, list.Name)
	if err != nil || m.Base != base {
		m = files.More{Base: base}
	}
	removed := map[string]bool{}
	for _, e := range changed {
		removed[e.Value] = removed[e.Value] || e.Expires == files.Removed
	}
	m.Entries = append(slices.DeleteFunc(m.Entries, func(e files.Entry) bool { return removed[e.Value] }), changed...)
	if len(m.Entries) > mostMore {
		return false, nil
	}
	m.Version, m.Total = list.Version, list.Entries
	return true, files.WriteMore(l.o.Files, list.Name, list.Type, m)
}

// sweep removes files of lists that there are not.
func (l *Library) sweep() error {
	entries, err := os.ReadDir(l.o.Files)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, ok := files.NameOf(e.Name())
		if l.lists[name] == nil || !ok {
			if err := os.Remove(filepath.Join(l.o.Files, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Lists are the lists by name.
func (l *Library) Lists() []*List {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := make([]*List, 0, len(l.lists))
	for _, name := range slices.Sorted(maps.Keys(l.lists)) {
		out = append(out, l.lists[name])
	}
	return out
}

// Problems are what is wrong with files of the admin's folder, whose lists stay as they were.
func (l *Library) Problems() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := make([]string, 0, len(l.problems))
	for _, file := range slices.Sorted(maps.Keys(l.problems)) {
		out = append(out, l.problems[file])
	}
	return out
}

// Get is one list: [ErrNotFound] if there is none of that name.
func (l *Library) Get(name string) (*List, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if list := l.lists[name]; list != nil {
		return list, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
}

// Entries are up to limit entries behind one, by value, and whether there are more. Those of files have no time of adding.
func (l *Library) Entries(ctx context.Context, name, prefix, after string, limit int) (out []Entry, more bool, err error) {
	list, err := l.Get(name)
	if err != nil {
		return nil, false, err
	}
	if list.Origin == FromDirectory {
		return l.fileEntries(list, prefix, after, limit)
	}
	err = l.o.Store.View(ctx, func(tx *sql.Tx) error {
		for e, err := range stored(ctx, tx, name, max(prefix, after), limit+1) {
			if err != nil {
				return err
			}
			switch {
			case e.Value == after && after != "":
			case !strings.HasPrefix(e.Value, prefix):
				return nil
			case len(out) == limit:
				more = true
				return nil
			default:
				out = append(out, e)
			}
		}
		return nil
	})
	return out, more, err
}

// stored are entries of the store from one on, by value.
func stored(ctx context.Context, tx *sql.Tx, name, from string, limit int) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		rows, err := tx.QueryContext(ctx, `SELECT value, note, source, author, added, expires FROM watchlist_entry
			WHERE list = ? AND value >= ? ORDER BY value LIMIT ?`, name, from, limit+1)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer func() { _ = rows.Close() }() // its error is that of Err
		for rows.Next() {
			var e Entry
			var added, expires int64
			err := rows.Scan(&e.Value, &e.Note, &e.Source, &e.Author, &added, &expires)
			e.Added = time.Unix(0, added).UTC()
			if expires != 0 {
				e.Expires = time.Unix(0, expires).UTC()
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Entry{}, err)
		}
	}
}

// Lookup names the lists that a value is in now: that have it, a network around it, or a domain above it.
func (l *Library) Lookup(value string) (in []string) {
	now := time.Now().UnixNano()
	for _, list := range l.Lists() {
		text, err := query.ParseListValue(list.Type, value)
		if err != nil {
			continue
		}
		if have := l.folder.List(list.Name); have != nil && has(have, text, now) {
			in = append(in, list.Name)
		}
	}
	return in
}

// Changes is how many changes were made since the library was opened.
func (l *Library) Changes() int64 { return l.changes.Load() }

// Loaded is how many entries lists in memory have, and about how many bytes they take there.
func (l *Library) Loaded() (entries int, size int64) { return l.folder.Loaded() }
