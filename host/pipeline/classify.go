package pipeline

import (
	"context"

	"github.com/logcenter/logcenter/sdk/wire"
)

// classify sets what the admin's rules say of events. It comes behind masking, so that a rule can ask for what is stored
// and for nothing else, and before routing, so that streams, alerts and the retention class go by what it sets.
func (w *work) classify(context.Context) error {
	if w.rows == 0 {
		return nil
	}
	for _, c := range w.plan.Rules.Match(&w.batch) {
		if have := w.batch.Column(c.Field); have != nil {
			c = wire.Overlay(have, c, w.rows, w.message())
		}
		w.set(c)
	}
	return nil
}
