package metadata

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Schema is what a package keeps in the store, as the steps that lead there.
type Schema struct {
	// Package is the name that the steps are recorded under. It never changes.
	Package string
	// Migrations are SQL, one or more statements each. That of index i has the number i+1. One that was released is
	// never changed or taken away: what follows is a new one behind it.
	Migrations []string
}

const migrations = `CREATE TABLE IF NOT EXISTS migration (
	package TEXT NOT NULL,
	number  INTEGER NOT NULL,
	sha256  TEXT NOT NULL, -- of the SQL
	applied INTEGER NOT NULL,
	program TEXT NOT NULL, -- the version that applied it
	PRIMARY KEY (package, number)
) STRICT`

// migrate brings the tables from where they are to where schemas want them.
func migrate(ctx context.Context, tx *sql.Tx, program string, schemas []Schema) error {
	if err := foreign(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, migrations); err != nil {
		return err
	}
	done, err := applied(ctx, tx)
	if err != nil {
		return err
	}
	for _, s := range schemas {
		for i, text := range s.Migrations {
			if sum, ok := done[step{s.Package, i + 1}]; ok {
				if sum.sha256 != checksum(text) {
					return fmt.Errorf("migration %d of package %s is not the one that %s applied: a released migration must stay as it is", i+1, s.Package, sum.program)
				}
				delete(done, step{s.Package, i + 1})
				continue
			}
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return fmt.Errorf("migration %d of package %s: %w", i+1, s.Package, err)
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO migration VALUES (?, ?, ?, ?, ?)", s.Package, i+1, checksum(text), time.Now().UnixNano(), program); err != nil {
				return err
			}
		}
	}
	for s, by := range done {
		return fmt.Errorf("%w: it has migration %d of package %s, by %s, which %s does not know: run that program, or restore a backup of before", ErrNewer, s.number, s.pkg, by.program, program)
	}
	return nil
}

// foreign refuses the database of another program.
func foreign(ctx context.Context, tx *sql.Tx) error {
	var tables, ours int
	err := tx.QueryRowContext(ctx, "SELECT count(*), count(*) FILTER (WHERE name = 'migration') FROM sqlite_schema WHERE type = 'table'").Scan(&tables, &ours)
	if err == nil && tables > 0 && ours == 0 {
		err = errors.New("the file is a database of another program: name another folder by data_dir")
	}
	return err
}

type step struct {
	pkg    string
	number int
}

type record struct{ sha256, program string }

func applied(ctx context.Context, tx *sql.Tx) (map[step]record, error) {
	rows, err := tx.QueryContext(ctx, "SELECT package, number, sha256, program FROM migration")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	out := map[step]record{}
	for rows.Next() {
		var s step
		var r record
		if err := rows.Scan(&s.pkg, &s.number, &r.sha256, &r.program); err != nil {
			return nil, err
		}
		out[s] = r
	}
	return out, rows.Err()
}

func checksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
