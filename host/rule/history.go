package rule

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/logcenter/logcenter/host/metadata"
)

// Schema is the history of rules. Texts lie apart, each once: most versions only switch a rule.
var Schema = metadata.Schema{Package: "rule", Migrations: []string{
	`CREATE TABLE rule_text (
		sha256 TEXT PRIMARY KEY,
		text   TEXT NOT NULL
	) STRICT;
	CREATE TABLE rule_version (
		rule    TEXT NOT NULL,
		version INTEGER NOT NULL,
		at      INTEGER NOT NULL,
		by      TEXT NOT NULL,
		action  TEXT NOT NULL,
		note    TEXT NOT NULL,
		source  TEXT NOT NULL, -- plugin, directory, api
		plugin  TEXT NOT NULL, -- id, of a plugin's
		release TEXT NOT NULL, -- the plugin's version
		file    TEXT NOT NULL, -- of a plugin's or the directory's
		state   TEXT NOT NULL, -- as switched; empty: as the text says
		text    TEXT REFERENCES rule_text, -- NULL: there was no such rule any more
		PRIMARY KEY (rule, version)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX rule_version_text ON rule_version (text);`,
}}

// MaxVersions is how many versions of a rule are kept, the newest.
const MaxVersions = 1000

const columns = "rule, version, at, by, action, note, source, plugin, release, file, state, coalesce(rule_text.text, ''), rule_version.text IS NULL"

const versions = "SELECT " + columns + " FROM rule_version LEFT JOIN rule_text ON rule_text.sha256 = rule_version.text "

func scan(rows interface{ Scan(...any) error }) (*Version, error) {
	v := &Version{}
	var at int64
	err := rows.Scan(&v.Rule, &v.Number, &at, &v.By, &v.Action, &v.Note, &v.Origin.Source, &v.Origin.Plugin, &v.Origin.Release, &v.Origin.File, &v.State, &v.Text, &v.Gone)
	v.At = time.Unix(0, at).UTC()
	return v, err
}

func query(ctx context.Context, tx *sql.Tx, text string, args ...any) (list []*Version, err error) {
	rows, err := tx.QueryContext(ctx, versions+text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// newest returns the last version of each rule there ever was.
func newest(ctx context.Context, m *metadata.Store) (map[string]*Version, error) {
	heads := map[string]*Version{}
	err := m.View(ctx, func(tx *sql.Tx) error {
		list, err := query(ctx, tx, "WHERE (rule, version) IN (SELECT rule, max(version) FROM rule_version GROUP BY rule)")
		for _, v := range list {
			heads[v.Rule] = v
		}
		return err
	})
	return heads, err
}

// record writes versions down, all or none, and forgets the oldest of rules that have too many.
func record(ctx context.Context, m *metadata.Store, list []*Version) error {
	if len(list) == 0 {
		return nil
	}
	return m.Update(ctx, func(tx *sql.Tx) error {
		for _, v := range list {
			if err := v.insert(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (v *Version) insert(ctx context.Context, tx *sql.Tx) error {
	var text any
	if !v.Gone {
		sum := sha256.Sum256([]byte(v.Text))
		text = hex.EncodeToString(sum[:])
		if _, err := tx.ExecContext(ctx, "INSERT INTO rule_text VALUES (?, ?) ON CONFLICT DO NOTHING", text, v.Text); err != nil {
			return err
		}
	}
	o := v.Origin
	_, err := tx.ExecContext(ctx, "INSERT INTO rule_version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		v.Rule, v.Number, v.At.UnixNano(), v.By, v.Action, v.Note, o.Source, o.Plugin, o.Release, o.File, v.State, text)
	if err != nil || v.Number <= MaxVersions {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM rule_version WHERE rule = ? AND version <= ?", v.Rule, v.Number-MaxVersions); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM rule_text WHERE NOT EXISTS (SELECT 1 FROM rule_version WHERE rule_version.text = rule_text.sha256)")
	return err
}

// History returns versions of a rule, the newest first, without their texts: at most limit of those before a number, of
// all if that is 0. ErrNotFound if there never was such a rule.
func (l *Library) History(ctx context.Context, id string, before int64, limit int) (list []*Version, err error) {
	err = l.o.Store.View(ctx, func(tx *sql.Tx) error {
		list, err = query(ctx, tx, "WHERE rule = ? AND (version < ? OR ? = 0) ORDER BY version DESC LIMIT ?", id, before, before, limit)
		return err
	})
	if err == nil && len(list) == 0 && before == 0 {
		err = l.unknown(id)
	}
	for _, v := range list {
		v.Text = ""
	}
	return list, err
}

// Version returns one version of a rule; number 0 is the newest. [ErrNoVersion] if the rule has none with it,
// [ErrNotFound] if there never was such a rule.
func (l *Library) Version(ctx context.Context, id string, number int64) (v *Version, err error) {
	err = l.o.Store.View(ctx, func(tx *sql.Tx) error {
		list, err := query(ctx, tx, "WHERE rule = ? AND (version = ? OR ? = 0) ORDER BY version DESC LIMIT 1", id, number, number)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return l.noVersion(ctx, tx, id, number)
		}
		v = list[0]
		return nil
	})
	return v, err
}

// noVersion says what there is instead of a version.
func (l *Library) noVersion(ctx context.Context, tx *sql.Tx, id string, number int64) error {
	newest, err := query(ctx, tx, "WHERE rule = ? ORDER BY version DESC LIMIT 1", id)
	if err != nil {
		return err
	}
	if len(newest) == 0 {
		return l.unknown(id)
	}
	return fmt.Errorf("%w: rule %s has no version %d, or not any more; the newest is %d", ErrNoVersion, id, number, newest[0].Number)
}

// Diff is how a version of a rule differs from another, in the unified form; empty if their texts are the same. to 0 is the
// newest, from 0 the one before to.
func (l *Library) Diff(ctx context.Context, id string, from, to int64) (string, error) {
	b, err := l.Version(ctx, id, to)
	if err != nil {
		return "", err
	}
	if from == 0 && b.Number == 1 {
		from = -1
	} else if from == 0 {
		from = b.Number - 1
	}
	a := &Version{Rule: id}
	if from > 0 {
		if a, err = l.Version(ctx, id, from); err != nil {
			return "", err
		}
	}
	text := diff.Diff(a.label(), []byte(a.Text), b.label(), []byte(b.Text))
	if _, rest, ok := bytes.Cut(text, []byte("\n")); ok { // the line of the diff command
		text = rest
	}
	return string(text), nil
}

func (v *Version) label() string {
	if v.Number == 0 {
		return v.Rule + "@0"
	}
	return fmt.Sprintf("%s@%d %s %s", v.Rule, v.Number, v.At.Format(time.RFC3339), v.By)
}
