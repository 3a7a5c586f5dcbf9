// Package metadata is the store of what the host knows beside events: rules and their history, alerts and what became
// of them, deliveries that are still to be made. It is one SQLite file; every package that keeps something in it brings
// the tables of its own as a [Schema].
//
// A transaction is durable when [Store.Update] has returned: the file is in WAL mode with synchronous=FULL, so that a
// kill of the host or of its machine leaves the old state or the new one. One transaction writes at a time, in the
// order in which they asked, and none waits for those that read. Each of those sees one state for as long as it lasts.
//
// Conventions of tables: they are named after their package (rule_version), STRICT, with instants as integers of
// nanoseconds since 1970 UTC, and documents as JSON text.
package metadata

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/logcenter/logcenter/host/durable"
)

var (
	// ErrDamaged is a file that is no database, or not the one that was written.
	ErrDamaged = errors.New("the metadata store is damaged")
	// ErrNewer is a file that a newer program has written.
	ErrNewer = errors.New("the metadata store was written by a newer program")
)

const (
	readers = 4 // transactions that read at a time; others wait
	// busyMillis is how long a lock of another process is waited for, such as an admin's sqlite3.
	busyMillis = 10_000
	// statements is how many each connection keeps prepared: preparing them is half of what recording an alert takes.
	statements = 128
	// checkedBytes is the size up to which a file is read whole and checked when it is opened, which takes about a
	// second. That of a larger one is checked by what is read of it, and by each [Store.Copy].
	checkedBytes = 256 << 20
	// walBytes is what is left of the write-ahead log once it was larger.
	walBytes = 64 << 20
)

// Store is an open metadata store. It is safe for concurrent use.
type Store struct {
	path    string
	writer  *sql.DB // one connection
	readers *sql.DB

	reads, writes, failures atomic.Int64
}

// Stats are the figures of a store since it was opened.
type Stats struct {
	Bytes    int64         // of the file
	WALBytes int64         // of the log in front of it
	Reads    int64         // transactions that read
	Writes   int64         // transactions that were committed
	Failures int64         // transactions of either kind that failed, those that their function ended included
	Waited   time.Duration // spent by transactions that waited for the one that wrote
}

// Open opens the file, makes it (0600, and its folder 0700) if there is none, and brings it to the newest state of the
// schemas, in their order and in one transaction. program is the version that is written down beside it. A file that
// has more than these schemas know is refused with [ErrNewer].
func Open(ctx context.Context, path, program string, schemas ...Schema) (*Store, error) {
	if err := create(path); err != nil {
		return nil, fmt.Errorf("metadata store: %w", err)
	}
	s := &Store{path: path}
	var err error
	if s.writer, err = connect(path, 1, "_journal_mode=WAL", "_txlock=immediate", "_fk=1"); err != nil {
		return nil, fmt.Errorf("metadata store: %w", err)
	}
	if s.readers, err = connect(path, readers, "_query_only=1"); err == nil {
		err = s.prepare(ctx, program, schemas)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// create makes an empty file, which SQLite takes for an empty database: its mode is that of the log beside it, too.
func create(path string) error {
	if err := durable.MakeDir(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return err
	}
	return durable.Sync(filepath.Dir(path))
}

func connect(path string, connections int, options ...string) (*sql.DB, error) {
	// A path may have what a URI gives a meaning to.
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + fmt.Sprintf("?_sync=FULL&_stmt_cache_size=%d&_busy_timeout=%d", statements, busyMillis)
	for _, o := range options {
		dsn += "&" + o
	}
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func (s *Store) prepare(ctx context.Context, program string, schemas []Schema) error {
	if _, err := s.writer.ExecContext(ctx, fmt.Sprintf("PRAGMA journal_size_limit = %d", walBytes)); err != nil {
		return s.explain(err)
	}
	if st := s.Stats(); st.Bytes+st.WALBytes <= checkedBytes {
		if err := check(ctx, s.readers); err != nil {
			return s.explain(err)
		}
	}
	return s.Update(ctx, func(tx *sql.Tx) error { return migrate(ctx, tx, program, schemas) })
}

// Update calls change with a transaction that may write, once no other one does, and commits it if change returns nil.
// What finds no room on the disk is ENOSPC.
// After an error nothing is changed, whether it is that of change, of the disk, or of ctx. change must not call Update
// of the same store, which would wait for itself; a [Store.View] in it sees what was before.
func (s *Store) Update(ctx context.Context, change func(tx *sql.Tx) error) error {
	err := within(ctx, s.writer, change)
	if err != nil {
		s.failures.Add(1)
		return s.explain(err)
	}
	s.writes.Add(1)
	return nil
}

// View calls read with a transaction that sees one state of the store, from the first statement on; writing in it is an
// error. It should be short: the log grows for as long as somebody reads an old state.
func (s *Store) View(ctx context.Context, read func(tx *sql.Tx) error) error {
	err := within(ctx, s.readers, read)
	if err != nil {
		s.failures.Add(1)
		return s.explain(err)
	}
	s.reads.Add(1)
	return nil
}

func within(ctx context.Context, db *sql.DB, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // behind a commit it does nothing; it is for errors and panics of f
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Copy writes all that is committed now to a new file, which is checked and can be opened as a store. Those who write
// do not wait for it.
func (s *Store) Copy(ctx context.Context, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	from, err := connect(s.path, 1) // VACUUM is refused where nothing may be written
	if err != nil {
		return err
	}
	_, err = from.ExecContext(ctx, "VACUUM INTO ?", to)
	if err := errors.Join(s.explain(err), from.Close()); err != nil {
		return err
	}
	db, err := connect(to, 1, "_query_only=1")
	if err != nil {
		return err
	}
	if err := errors.Join(check(ctx, db), db.Close()); err != nil {
		return fmt.Errorf("the copy %s: %w", to, s.explain(err))
	}
	return errors.Join(os.Chmod(to, 0o600), durable.Sync(to))
}

// Check reads the whole file and compares its tables and indexes with each other: [ErrDamaged] if they differ.
func (s *Store) Check(ctx context.Context) error { return s.explain(check(ctx, s.readers)) }

func check(ctx context.Context, db *sql.DB) error {
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, found)
	}
	return nil
}

// explain says of an error of SQLite what to do about it.
func (s *Store) explain(err error) error {
	var e sqlite3.Error
	switch errors.As(err, &e); {
	case err == nil:
		return nil
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("%s: %w: bring it back from a backup (`logcenter restore`), or move it away to start with an empty one", s.path, err)
	case e.Code == sqlite3.ErrCorrupt, e.Code == sqlite3.ErrNotADB:
		return s.explain(fmt.Errorf("%w: %w", ErrDamaged, err))
	case e.Code == sqlite3.ErrFull:
		return fmt.Errorf("%s: %w: %w", s.path, syscall.ENOSPC, err)
	case e.Code == sqlite3.ErrBusy:
		return fmt.Errorf("%s: another program has held it locked for %d s: end that one: %w", s.path, busyMillis/1000, err)
	}
	return err
}

// Stats are the figures of now.
func (s *Store) Stats() Stats {
	size := func(path string) int64 {
		st, err := os.Stat(path)
		if err != nil {
			return 0 // there is no log where nothing was written
		}
		return st.Size()
	}
	return Stats{
		Bytes: size(s.path), WALBytes: size(s.path + "-wal"), Reads: s.reads.Load(), Writes: s.writes.Load(),
		Failures: s.failures.Load(), Waited: s.writer.Stats().WaitDuration,
	}
}

// Close waits for the transactions under way, and leaves one file without a log beside it.
func (s *Store) Close() error {
	var err error
	if s.readers != nil {
		err = s.readers.Close()
	}
	return errors.Join(err, s.writer.Close())
}
