package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// viewer decides what a scope may see.
//
// An alert says what is in its events. So a limited scope sees it if it has evidence, and all events of the evidence are
// within the scope; the first and the last of its events always are among them. What has none (alerts of what did not
// happen, summaries of many, and each alert for the moment until its events were found) is for unlimited scopes alone,
// and so are missed attacks. A recovery or a repeat is seen by its own evidence. A case is seen by who sees all of its
// alerts, one at least.
type viewer struct {
	all     bool
	matcher *query.Matcher // nil: nothing is seen, unless all
	bits    []uint64
}

func newViewer(s store.Scope) (*viewer, error) {
	n := s.Narrow(nil)
	if n == nil {
		return &viewer{}, nil
	}
	if _, all := n.(*query.All); all {
		return &viewer{all: true}, nil
	}
	m, err := query.Compile(n, query.Options{})
	if err != nil {
		return nil, fmt.Errorf("scope: %w", err)
	}
	return &viewer{matcher: m}, nil
}

// sees says whether an alert may be seen.
func (v *viewer) sees(ctx context.Context, tx *sql.Tx, seq int64) (bool, error) {
	if v.all || v.matcher == nil {
		return v.all, nil
	}
	batches, err := evidenceOf(ctx, tx, seq)
	if err != nil || len(batches) == 0 {
		return false, err
	}
	for _, b := range batches {
		if !v.matches(b) {
			return false, nil
		}
	}
	return true, nil
}

// matches says whether all rows of a batch are in the scope.
func (v *viewer) matches(b *wire.Batch) bool {
	v.bits = v.matcher.Match(b, v.bits)
	for row := range int(b.Rows) {
		if v.bits[row>>6]>>(row&63)&1 == 0 {
			return false
		}
	}
	return true
}

// find is the alert with an id, or the one that it repeats, if it may be seen.
func (v *viewer) find(ctx context.Context, tx *sql.Tx, id string) (seq int64, err error) {
	none := missing("there is no alert %.130s", id)
	var own int64
	err = tx.QueryRowContext(ctx, "SELECT seq, CASE WHEN kind = '' THEN coalesce(head, seq) ELSE seq END FROM record WHERE id = ?", id).Scan(&own, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, none
	}
	if err != nil {
		return 0, err
	}
	for _, one := range []int64{own, seq} {
		ok, err := v.sees(ctx, tx, one)
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, none
		}
		if own == seq {
			break
		}
	}
	return seq, nil
}
