package watchlist

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/document"
	"github.com/logcenter/logcenter/sdk/query"
	files "github.com/logcenter/logcenter/sdk/watchlist"
)

// Import is a file that becomes a list, or a part of one.
type Import struct {
	File        string         // what errors call it
	Type        query.ListType // 0: that of the list that is there
	Description *string        // nil: as it is
	Add         bool           // entries that are not in the file stay
	Try         bool           // nothing is changed
	Source      string         // of entries that name none
	By          string
	Expires     time.Time // of entries that say nothing else; zero: never

	few bool // it is looked at entry by entry
}

// Outcome is what a change has changed.
type Outcome struct {
	List       *List
	Created    bool
	Added      int // new entries
	Updated    int // entries that were there
	Removed    int
	Duplicates int // values that were given again
}

func has(l *query.List, text string, now int64) bool {
	if l.Type() != query.ListIP {
		return l.Has([]byte(text), now)
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return l.HasAddr(a, now)
	}
	p, err := netip.ParsePrefix(text)
	return err == nil && l.HasAddr(p.Addr(), now)
}

// editable is the list of the store that a change is about; nil if there is none yet.
func (l *Library) editable(name string) (*List, error) {
	if err := query.CheckListName(name); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	list, err := l.Get(name)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // it is new
	}
	if list.Origin == FromDirectory {
		return nil, fmt.Errorf("%w: %s comes from the file %s: change that", ErrConflict, name, list.File)
	}
	return list, nil
}

// Import makes a list of a CSV file, or adds a file to it. All of the file counts, or nothing: errors name up to 20 lines
// that are wrong, and hold errors of type [*document.Error].
func (l *Library) Import(ctx context.Context, name string, r io.Reader, i Import) (*Outcome, error) {
	// The file is read twice, as other changes of the metadata store wait for one that goes on, and r may be slow.
	spool, err := os.CreateTemp(l.o.Files, ".import-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = errors.Join(spool.Close(), os.Remove(spool.Name())) }() // the next start sweeps what stays
	switch n, err := io.Copy(spool, io.LimitReader(r, MaxFile+1)); {
	case err != nil:
		return nil, err
	case n > MaxFile:
		return nil, fmt.Errorf("%w: %s has more than %d MiB: a list has %d entries at most", ErrInvalid, i.File, MaxFile>>20, query.MaxListEntries)
	}
	l.changing.Lock()
	defer l.changing.Unlock()
	list, err := l.editable(name)
	if err != nil {
		return nil, err
	}
	if err := i.complete(name, list); err != nil {
		return nil, err
	}
	now := time.Now()
	rewind := func() iter.Seq2[Entry, error] {
		if _, err := spool.Seek(0, io.SeekStart); err != nil {
			return func(yield func(Entry, error) bool) { yield(Entry{}, err) }
		}
		return i.defaults(readCSV(i.File, bufio.NewReaderSize(spool, 1<<16), i.Type, now), now)
	}
	duplicates, err := checkEntries(i.Type, rewind())
	if err != nil {
		return nil, &invalid{err}
	}
	return l.change(ctx, name, i, duplicates, inRuns(rewind()), nil)
}

// runOf is how many entries of a file are brought into order before they are written.
const runOf = 1 << 16

// inRuns brings entries into the order of their values, so many at a time: the metadata store then goes through its pages and
// not to and fro, which takes more than half of the time. Those of equal values stay in theirs, as the last one counts.
func inRuns(entries iter.Seq2[Entry, error]) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		var run []Entry
		flush := func() bool {
			slices.SortStableFunc(run, func(a, b Entry) int { return strings.Compare(a.Value, b.Value) })
			for _, e := range run {
				if !yield(e, nil) {
					return false
				}
			}
			run = run[:0]
			return true
		}
		for e, err := range entries {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if run = append(run, e); len(run) == runOf && !flush() {
				return
			}
		}
		flush()
	}
}

// invalid is an [ErrInvalid] that is made of faults of a file and nothing else.
type invalid struct{ faults error }

func (e *invalid) Error() string        { return e.faults.Error() }
func (e *invalid) Unwrap() error        { return e.faults }
func (e *invalid) Is(target error) bool { return target == ErrInvalid }

// noEntry is an [ErrNotFound] of entries: there is such a list.
type noEntry struct{ list string }

func (e *noEntry) Error() string        { return fmt.Sprintf("list %s has none of these values", e.list) }
func (e *noEntry) Is(target error) bool { return target == ErrNotFound }

// complete checks an import, and takes what it does not say from the list that is there.
func (i *Import) complete(name string, list *List) error {
	switch {
	case list == nil && i.Type == 0:
		return fmt.Errorf("%w: list %s is new: say its type, one of %s", ErrInvalid, name, strings.Join(query.ListTypes(), ", "))
	case list != nil && i.Type == 0:
		i.Type = list.Type
	case list != nil && i.Type != list.Type && i.Add:
		return fmt.Errorf("%w: the entries of list %s are of type %s, not %s", ErrInvalid, name, list.Type, i.Type)
	}
	if i.Description != nil && (len(*i.Description) > MaxNote || !utf8.ValidString(*i.Description)) {
		return fmt.Errorf("%w: the description has %d bytes; at most %d of UTF-8", ErrInvalid, len(*i.Description), MaxNote)
	}
	if len(i.Source) > MaxNote || !utf8.ValidString(i.Source) {
		return fmt.Errorf("%w: the source has %d bytes; at most %d of UTF-8", ErrInvalid, len(i.Source), MaxNote)
	}
	return nil
}

// defaults fills in what entries do not say.
func (i *Import) defaults(entries iter.Seq2[Entry, error], now time.Time) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range entries {
			if e.Source == "" {
				e.Source = i.Source
			}
			if e.Author == "" {
				e.Author = i.By
			}
			if e.Expires.IsZero() {
				e.Expires = i.Expires
			}
			e.Added = now
			if !yield(e, err) {
				return
			}
		}
	}
}

// checkEntries goes through entries, and says what is wrong, or how many say again what one before says.
func checkEntries(t query.ListType, entries iter.Seq2[Entry, error]) (duplicates int, err error) {
	b := query.NewListBuilder(t, 0, 0)
	var faults []error
	n := 0
	for e, err := range entries {
		if err == nil {
			var fresh bool
			if fresh, err = b.Add([]byte(e.Value), 0); err == nil && fresh {
				n++
				continue
			}
			if err == nil {
				duplicates++
				continue
			}
			return 0, errors.Join(append(faults, err)...) // it is full
		}
		faults = append(faults, err)
		if len(faults) > mostFaults {
			return 0, errors.Join(append(faults[:mostFaults], document.Empty("").At("and more", "mend these first"))...)
		}
	}
	if len(faults) > 0 {
		return 0, errors.Join(faults...)
	}
	return duplicates + n - b.Build().Len(), nil
}

// Add adds entries to a list, or writes them anew. Their values are as somebody writes them.
func (l *Library) Add(ctx context.Context, name string, entries []Entry, by string) (*Outcome, error) {
	l.changing.Lock()
	defer l.changing.Unlock()
	list, err := l.editable(name)
	if err != nil {
		return nil, err
	}
	if list == nil {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	i := Import{Add: true, Type: list.Type, By: by, few: true}
	for k := range entries {
		e := &entries[k]
		if e.Value, err = query.ParseListValue(list.Type, e.Value); err != nil {
			return nil, fmt.Errorf("%w: entries[%d]: %w", ErrInvalid, k, err)
		}
		if len(e.Note) > MaxNote || len(e.Source) > MaxNote || !utf8.ValidString(e.Note) || !utf8.ValidString(e.Source) {
			return nil, fmt.Errorf("%w: entries[%d]: note and source have %d bytes of UTF-8 at most", ErrInvalid, k, MaxNote)
		}
	}
	all := i.defaults(func(yield func(Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}, time.Now())
	duplicates, err := checkEntries(list.Type, all)
	if err != nil {
		return nil, err
	}
	return l.change(ctx, name, i, duplicates, all, nil)
}

// Remove removes entries. [ErrNotFound] if the list has none of them.
func (l *Library) Remove(ctx context.Context, name string, values []string, by string) (*Outcome, error) {
	l.changing.Lock()
	defer l.changing.Unlock()
	list, err := l.editable(name)
	if err != nil {
		return nil, err
	}
	if list == nil {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	for i, v := range values {
		if values[i], err = query.ParseListValue(list.Type, v); err != nil {
			return nil, fmt.Errorf("%w: values[%d]: %w", ErrInvalid, i, err)
		}
	}
	return l.change(ctx, name, Import{Add: true, Type: list.Type, By: by, few: true}, 0, nil, values)
}

// Delete removes a list with all that is in it.
func (l *Library) Delete(ctx context.Context, name string) error {
	l.changing.Lock()
	defer l.changing.Unlock()
	list, err := l.editable(name)
	if err != nil {
		return err
	}
	if list == nil {
		return fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	err = l.o.Store.Update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM watchlist WHERE name = ?", name)
		return err
	})
	if err != nil {
		return err
	}
	l.put(name, nil)
	return errors.Join(files.Remove(l.o.Files, name), l.folder.Look())
}

// put makes a list, or none, the one of its name.
func (l *Library) put(name string, list *List) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if list == nil {
		delete(l.lists, name)
	} else {
		l.lists[name] = list
	}
	l.changes.Add(1)
}

// errTried ends a transaction of which nothing is to stay.
var errTried = errors.New("tried")

// change writes entries and removes values, in one transaction, and tells those who match.
func (l *Library) change(ctx context.Context, name string, i Import, duplicates int, entries iter.Seq2[Entry, error], remove []string) (*Outcome, error) {
	out := &Outcome{Duplicates: duplicates}
	err := l.o.Store.Update(ctx, func(tx *sql.Tx) error {
		c := changer{ctx: ctx, tx: tx, name: name, i: i, out: out}
		if err := c.run(entries, remove); err != nil {
			return err
		}
		if i.Try {
			return errTried
		}
		// Before it is committed: a list that cannot be written for others is not one that was changed.
		if c.only {
			if done, err := l.append(out.List, c.before, c.added); done || err != nil {
				return err
			}
		}
		return l.write(ctx, tx, out.List)
	})
	switch {
	case errors.Is(err, errTried):
		return out, nil
	case err != nil:
		return nil, errors.Join(err, l.restore(ctx, name))
	}
	l.put(name, out.List)
	return out, l.folder.Look()
}

// restore writes the file of a list whose change was not committed as it was.
func (l *Library) restore(ctx context.Context, name string) error {
	list, err := l.Get(name)
	if err != nil {
		return files.Remove(l.o.Files, name)
	}
	return l.publish(context.WithoutCancel(ctx), list)
}

// changer makes one change in one transaction.
type changer struct {
	ctx  context.Context
	tx   *sql.Tx
	name string
	i    Import
	out  *Outcome

	before int64         // version
	only   bool          // what changes for those who match is in added
	added  []files.Entry // new, or later to expire, or removed; nil unless i.few
	fresh  int           // entries of added that are new
	grown  int64         // bytes of their values
}

func (c *changer) run(entries iter.Seq2[Entry, error], remove []string) error {
	list, err := c.begin()
	if err != nil {
		return err
	}
	before := list.Entries
	if entries != nil {
		if err := c.write(entries, list.Version); err != nil {
			return err
		}
	}
	if err := c.remove(remove); err != nil {
		return err
	}
	if len(remove) > 0 && c.out.Removed == 0 {
		return &noEntry{c.name}
	}
	if entries != nil && !c.i.Add {
		if c.out.Removed, err = c.exec("DELETE FROM watchlist_entry WHERE list = ? AND version <> ?", c.name, list.Version); err != nil {
			return err
		}
	}
	if c.i.few {
		list.Entries, list.Bytes = before+c.fresh-c.out.Removed, list.Bytes+c.grown
	} else if err := c.count(list); err != nil {
		return err
	}
	if list.Entries > query.MaxListEntries {
		return fmt.Errorf("%w: list %s would have %d entries, the limit is %d", ErrInvalid, c.name, list.Entries, query.MaxListEntries)
	}
	c.out.Added = list.Entries - before + c.out.Removed
	c.out.Updated -= c.out.Added
	c.out.List = list
	_, err = c.exec("UPDATE watchlist SET entries = ?, bytes = ? WHERE name = ?", list.Entries, list.Bytes, c.name)
	return err
}

// remove removes values.
func (c *changer) remove(values []string) error {
	if len(values) == 0 {
		return nil
	}
	c.only = true
	for _, v := range values {
		n, err := c.exec("DELETE FROM watchlist_entry WHERE list = ? AND value = ?", c.name, v)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		c.out.Removed += n
		c.grown -= int64(len(v))
		c.added = append(c.added, files.Entry{Value: v, Expires: files.Removed})
	}
	for _, e := range c.added { // when all are gone: a network may be removed with an address in it
		if c.i.Type != query.ListIP || !c.only {
			break
		}
		if err := c.uncover(e.Value); err != nil {
			return err
		}
	}
	return nil
}

// uncover sees for how long a network still has an address that was removed. A network that was removed may have others in
// it, or parts of one that are listed by themselves: then the list is written anew.
func (c *changer) uncover(value string) error {
	a, err := netip.ParseAddr(value)
	if err != nil {
		c.only = false
		return nil //nolint:nilerr // it is a network
	}
	look, err := c.tx.PrepareContext(c.ctx, "SELECT expires FROM watchlist_entry WHERE list = ? AND value = ?")
	if err != nil {
		return err
	}
	defer func() { _ = look.Close() }() // the transaction ends it anyway
	still := files.Entry{Value: value, Expires: files.Removed}
	for _, p := range around(a) {
		switch until, known, err := c.expires(look, p.String()); {
		case err != nil:
			return err
		case known && (until == 0 || still.Expires != 0 && until > still.Expires):
			still.Expires = until
		}
	}
	if still.Expires != files.Removed {
		c.added = append(c.added, still)
	}
	return nil
}

// around are the networks that may have an address: of IPv4 also those of IPv6 that have its mapped form, such as ::/0.
func around(a netip.Addr) (list []netip.Prefix) {
	add := func(a netip.Addr, most int) {
		for bits := range most {
			if p, err := a.Prefix(bits); err == nil { // bits are within bounds
				list = append(list, p)
			}
		}
	}
	if a.Is4() {
		add(netip.AddrFrom16(a.As16()), 128-32)
	}
	add(a, a.BitLen())
	return list
}

// count counts a list.
func (c *changer) count(list *List) error {
	return c.tx.QueryRowContext(c.ctx, "SELECT count(*), coalesce(sum(octet_length(value)), 0) FROM watchlist_entry WHERE list = ?", c.name).Scan(&list.Entries, &list.Bytes)
}

func (c *changer) exec(text string, args ...any) (n int, err error) {
	r, err := c.tx.ExecContext(c.ctx, text, args...)
	if err != nil {
		return 0, err
	}
	rows, err := r.RowsAffected()
	return int(rows), err
}

// begin gives the list its next version, and makes it if there is none.
func (c *changer) begin() (*List, error) {
	list := &List{Name: c.name, Type: c.i.Type, Origin: FromAPI, By: c.i.By, Updated: time.Now().UTC()}
	if _, err := c.exec("UPDATE watchlist_number SET last = last + 1"); err != nil {
		return nil, err
	}
	if err := c.tx.QueryRowContext(c.ctx, "SELECT last FROM watchlist_number").Scan(&list.Version); err != nil {
		return nil, err
	}
	var typ string
	err := c.tx.QueryRowContext(c.ctx, "SELECT type, description, entries, bytes, version FROM watchlist WHERE name = ?", c.name).Scan(&typ, &list.Description, &list.Entries, &list.Bytes, &c.before)
	c.out.Created = errors.Is(err, sql.ErrNoRows)
	if err != nil && !c.out.Created {
		return nil, err
	}
	if c.out.Created {
		lists := 0
		if err := c.tx.QueryRowContext(c.ctx, "SELECT count(*) FROM watchlist").Scan(&lists); err != nil {
			return nil, err
		}
		if lists >= MaxLists {
			return nil, fmt.Errorf("%w: there are %d lists already, more are not kept", ErrInvalid, lists)
		}
	}
	if c.i.Description != nil {
		list.Description = *c.i.Description
	}
	_, err = c.exec(`INSERT INTO watchlist VALUES (?, ?, ?, ?, 0, 0, ?, ?) ON CONFLICT (name) DO UPDATE
		SET type = excluded.type, description = excluded.description, version = excluded.version, updated = excluded.updated, by = excluded.by`,
		c.name, list.Type.String(), list.Description, list.Version, list.Updated.UnixNano(), list.By)
	return list, err
}

func (c *changer) write(entries iter.Seq2[Entry, error], version int64) error {
	// Of a value that comes again the later expiry counts, for ever being the latest.
	put, err := c.tx.PrepareContext(c.ctx, `INSERT INTO watchlist_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (list, value) DO UPDATE
		SET note = excluded.note, source = excluded.source, author = excluded.author, version = excluded.version, expires = CASE
			WHEN version <> excluded.version THEN excluded.expires
			WHEN expires = 0 OR excluded.expires = 0 THEN 0
			ELSE max(expires, excluded.expires) END`)
	if err != nil {
		return err
	}
	defer func() { _ = put.Close() }() // the transaction ends it anyway
	look, err := c.tx.PrepareContext(c.ctx, "SELECT expires FROM watchlist_entry WHERE list = ? AND value = ?")
	if err != nil {
		return err
	}
	defer func() { _ = look.Close() }() // the transaction ends it anyway
	c.only = c.i.few
	seen := 0
	for e, err := range entries {
		if err != nil {
			return err
		}
		was, known := int64(0), false
		if c.i.few {
			if was, known, err = c.expires(look, e.Value); err != nil {
				return err
			}
		}
		expires := int64(0)
		if !e.Expires.IsZero() {
			expires = e.Expires.UnixNano()
		}
		if _, err := put.ExecContext(c.ctx, c.name, e.Value, e.Note, e.Source, e.Author, e.Added.UnixNano(), expires, version); err != nil {
			return err
		}
		seen++
		if c.i.few {
			is, _, err := c.expires(look, e.Value)
			if err != nil {
				return err
			}
			c.note(files.Entry{Value: e.Value, Expires: is}, was, known)
		}
	}
	c.out.Updated = seen - c.out.Duplicates // less those that are new
	return nil
}

// expires is when an entry expires now, and whether there is one.
func (c *changer) expires(look *sql.Stmt, value string) (at int64, known bool, err error) {
	err = look.QueryRowContext(c.ctx, c.name, value).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return at, err == nil, err
}

// note takes note of what became of an entry.
func (c *changer) note(e files.Entry, was int64, known bool) {
	switch {
	case !known:
		c.fresh, c.grown = c.fresh+1, c.grown+int64(len(e.Value))
	case e.Expires == was:
		return
	case was == 0 || e.Expires != 0 && e.Expires < was:
		c.only = false // it expires earlier
	}
	c.added = append(c.added, e)
}
