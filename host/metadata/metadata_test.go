package metadata_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/metadata"
)

var account = metadata.Schema{Package: "account", Migrations: []string{
	`CREATE TABLE account (name TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT;
	 INSERT INTO account VALUES ('a', 1000), ('b', 0)`,
}}

func open(t *testing.T, path string, schemas ...metadata.Schema) *metadata.Store {
	t.Helper()
	s, err := metadata.Open(t.Context(), path, "1.0.0", schemas...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// A full disk is one as of any file: who asks is told so.
func TestNoRoom(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "logcenter.db"), account)
	fill := func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), "PRAGMA max_page_count = 1"); err != nil { // as many as there are
			return err
		}
		_, err := tx.ExecContext(t.Context(), "UPDATE account SET name = name || ?", strings.Repeat("x", 1<<20))
		return err
	}
	err := s.Update(t.Context(), fill)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "logcenter.db: no space left on device: ")
}

// move moves one from a to b: a state in which their sum is another one was never committed.
func move(ctx context.Context, tx *sql.Tx) error {
	var a int
	if err := tx.QueryRowContext(ctx, "SELECT balance FROM account WHERE name = 'a'").Scan(&a); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE account SET balance = ? WHERE name = 'a'", a-1); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE account SET balance = ? WHERE name = 'b'", 1000-a+1)
	return err
}

func moved(t *testing.T, s *metadata.Store) (moved int) {
	t.Helper()
	require.NoError(t, s.View(t.Context(), func(tx *sql.Tx) error {
		var sum int
		if err := tx.QueryRowContext(t.Context(), "SELECT sum(balance) FROM account").Scan(&sum); err != nil {
			return err
		}
		assert.Equal(t, 1000, sum)
		return tx.QueryRowContext(t.Context(), "SELECT balance FROM account WHERE name = 'b'").Scan(&moved)
	}))
	return moved
}

func TestTransactions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta", "a file?#%20.db")
	s := open(t, path, account)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				assert.NoError(t, s.Update(t.Context(), func(tx *sql.Tx) error { return move(t.Context(), tx) }))
			}
		})
	}
	wg.Wait()
	require.Equal(t, 200, moved(t, s), "each read what the one before had written")

	mine := errors.New("mine")
	err := s.Update(t.Context(), func(tx *sql.Tx) error { return errors.Join(move(t.Context(), tx), mine) })
	require.ErrorIs(t, err, mine)
	require.Panics(t, func() {
		_ = s.Update(t.Context(), func(tx *sql.Tx) error { panic(move(t.Context(), tx)) })
	})
	ctx, cancel := context.WithCancel(t.Context())
	err = s.Update(ctx, func(tx *sql.Tx) error {
		require.NoError(t, move(ctx, tx))
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 200, moved(t, s), "nothing of what failed")

	require.NoError(t, s.View(t.Context(), func(tx *sql.Tx) error {
		var before, after int
		const question = "SELECT balance FROM account WHERE name = 'b'"
		require.NoError(t, tx.QueryRowContext(t.Context(), question).Scan(&before))
		require.NoError(t, s.Update(t.Context(), func(tx *sql.Tx) error { return move(t.Context(), tx) }), "a reader is not waited for")
		require.NoError(t, tx.QueryRowContext(t.Context(), question).Scan(&after))
		require.Equal(t, before, after, "one state")
		return nil
	}))
	require.Equal(t, 201, moved(t, s))
	err = s.View(t.Context(), func(tx *sql.Tx) error { return move(t.Context(), tx) })
	require.ErrorContains(t, err, "readonly")

	require.NoError(t, s.Update(t.Context(), func(*sql.Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, s.Update(ctx, func(*sql.Tx) error { return nil }), context.DeadlineExceeded, "who waits can give up")
		return nil
	}))
	st := s.Stats()
	assert.Positive(t, st.Bytes)
	assert.Positive(t, st.WALBytes)
	assert.Positive(t, st.Waited)
	assert.EqualValues(t, 200+1+1+1, st.Writes, "with the one that made the tables")
	assert.EqualValues(t, 1+1+1+1+1, st.Failures+1, "a panic is not one")
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode())
	}
}

func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	reopen := func(schemas ...metadata.Schema) error {
		s, err := metadata.Open(t.Context(), path, "2.0.0", schemas...)
		if err != nil {
			return err
		}
		return s.Close()
	}
	require.NoError(t, reopen(account))
	require.NoError(t, reopen(account), "they are applied once")
	longer := account
	longer.Migrations = append(longer.Migrations[:1:1], "ALTER TABLE account ADD COLUMN owner TEXT", "UPDATE account SET owner = 'nobody'")
	other := metadata.Schema{Package: "other", Migrations: []string{"CREATE TABLE other (x INTEGER REFERENCES account) STRICT"}}
	broken := metadata.Schema{Package: "broken", Migrations: []string{"CREATE TABLE whole (x INTEGER); CREATE TABLE half (x"}}
	require.ErrorContains(t, reopen(longer, broken), "migration 1 of package broken: ")
	require.NoError(t, reopen(account), "all or none")
	require.NoError(t, reopen(longer, other))

	err := reopen(account, other)
	require.ErrorIs(t, err, metadata.ErrNewer)
	require.ErrorContains(t, err, "of package account, by 2.0.0, which 2.0.0 does not know")
	require.ErrorIs(t, reopen(longer), metadata.ErrNewer, "a whole package")
	changed := longer
	changed.Migrations = append([]string{account.Migrations[0] + " "}, longer.Migrations[1:]...)
	require.ErrorContains(t, reopen(changed, other), "migration 1 of package account is not the one that 2.0.0 applied")
	require.NoError(t, reopen(longer, other))

	foreign := filepath.Join(t.TempDir(), "f.db")
	db, err := sql.Open("sqlite3", foreign)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE TABLE bookmarks (x)")
	require.NoError(t, errors.Join(err, db.Close()))
	_, err = metadata.Open(t.Context(), foreign, "1", account)
	require.ErrorContains(t, err, "database of another program")
}

func TestCopy(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "m.db"), account)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				assert.NoError(t, s.Update(t.Context(), func(tx *sql.Tx) error { return move(t.Context(), tx) }))
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	to := filepath.Join(t.TempDir(), "copy.db")
	for i := range 5 {
		before := moved(t, s)
		require.NoError(t, s.Copy(t.Context(), to), "copy %d", i)
		after := moved(t, s)
		c, err := metadata.Open(t.Context(), to, "1.0.0", account)
		require.NoError(t, err)
		n := moved(t, c)
		assert.True(t, before <= n && n <= after, "%d of %d to %d", n, before, after)
		require.NoError(t, c.Close())
		require.NoFileExists(t, to+"-wal")
	}
	require.NoError(t, s.Check(t.Context()))
}

// A file that is not what was written is told when it is opened, and by a copy.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	s := open(t, path, account)
	require.NoError(t, s.Update(t.Context(), func(tx *sql.Tx) error {
		for i := range 1000 {
			if _, err := tx.ExecContext(t.Context(), "INSERT INTO account VALUES (?, 0)", fmt.Sprintf("%0100d", i)); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, s.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, damage := range map[string]func(b []byte) []byte{
		"header":    func(b []byte) []byte { copy(b, "something else"); return b },
		"page":      func(b []byte) []byte { clear(b[4*4096 : 5*4096]); return b },
		"truncated": func(b []byte) []byte { return b[:len(b)/2] },
		"text": func([]byte) []byte {
			return []byte("this is not a database, but a text that is long enough to be looked at as one, of 100 bytes or more")
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "m.db")
			require.NoError(t, os.WriteFile(path, damage(append([]byte(nil), whole...)), 0o600))
			_, err := metadata.Open(t.Context(), path, "1.0.0", account)
			require.ErrorIs(t, err, metadata.ErrDamaged)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, "logcenter restore")
		})
	}
}

const killed = "LOGCENTER_TEST_METADATA"

// TestKilled kills a process that moves one at a time: what it said to have moved is there, and nothing by half.
func TestKilled(t *testing.T) {
	if path := os.Getenv(killed); path != "" {
		s, err := metadata.Open(t.Context(), path, "1.0.0", account)
		require.NoError(t, err)
		for {
			n := 0
			require.NoError(t, s.Update(t.Context(), func(tx *sql.Tx) error {
				if err := move(t.Context(), tx); err != nil {
					return err
				}
				return tx.QueryRowContext(t.Context(), "SELECT balance FROM account WHERE name = 'b'").Scan(&n)
			}))
			fmt.Println("moved", n)
		}
	}
	path := filepath.Join(t.TempDir(), "m.db")
	acknowledged := 0
	for range 5 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilled$")
		cmd.Env = append(os.Environ(), killed+"="+path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		left := 1 + rand.IntN(40)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text()[len("moved "):])
			require.NoError(t, err, lines.Text())
			acknowledged = n
			if left--; left == 0 {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait(), "it was killed")
		s, err := metadata.Open(t.Context(), path, "1.0.0", account)
		require.NoError(t, err)
		n := moved(t, s)
		require.GreaterOrEqual(t, n, acknowledged)
		require.LessOrEqual(t, n, acknowledged+1)
		require.NoError(t, s.Close())
	}
	require.Positive(t, acknowledged)
}
