package store

import (
	"fmt"

	"github.com/logcenter/logcenter/sdk/query"
)

// MaxListed is how many different values of a field a query may find in a list ([query.InList]): stores look in the
// list for the values that events have, instead of in events for the entries, and then ask for those that are in it.
const MaxListed = 100_000

// TooManyListed is the error of a query that finds more.
func TooManyListed(n *query.InList) error {
	return fmt.Errorf("%w: more than %d different values of %s are in list %s: narrow the time range, or use a shorter list",
		ErrRequest, MaxListed, query.FieldName(n.Field), n.List)
}
