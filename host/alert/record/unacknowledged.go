package record

import (
	"context"
	"database/sql"
)

// Unacknowledged says, as tx sees it, whether an alert is one that people are to take up and nobody has: it is open. It
// is not for repeats, whose first one is, nor for recoveries and summaries, which have no state.
func Unacknowledged(ctx context.Context, tx *sql.Tx, id string) (bool, error) {
	var is bool
	err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM record WHERE id = ? AND state = 'open')", id).Scan(&is)
	return is, err
}
