package record

import (
	"context"
	"database/sql"

	"github.com/logcenter/logcenter/sdk/wire"
)

// Deliveries takes down who is to be told of an alert.
type Deliveries interface {
	// Add plans the deliveries of an alert within the transaction that records it, so that there is a record if and only
	// if there are its deliveries. It is called once for each id, only for what is to be told: not for what is silent, for
	// repeats, nor for what a storm holds back; and for recoveries, summaries and reminders, which have ids of their own. It
	// must not keep a, nor call anything that waits for another transaction. An error undoes the whole transaction, which
	// is tried again; so what can never be delivered is no error.
	Add(ctx context.Context, tx *sql.Tx, a *wire.Alert) error
}
