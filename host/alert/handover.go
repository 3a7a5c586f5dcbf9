package alert

import (
	"context"
	"fmt"

	"github.com/logcenter/logcenter/host/plugin"
)

// handover has a prepared plugin go on where the detector in service is, between two entries: it gets the state and the
// next entry, and sees nothing twice. Where the old process cannot be asked, it gets the last snapshot and the entries
// since, as after a crash.
func (r *Runner) handover(ctx context.Context, from, to *plugin.Plugin) error {
	select {
	case r.between <- struct{}{}:
		defer func() { <-r.between }()
	case <-ctx.Done():
		return ctx.Err()
	}
	d := r.detectors[from.Manifest().ID]
	if d == nil { // no entry has come yet: detector will find the snapshot
		d = r.newDetector(from, 0)
	} else if d.offset > d.saved.Load() {
		if err := r.save(ctx, d); err != nil {
			r.o.Log.WithError(err).WithField("plugin", from.Manifest().ID).Warn("the detector does not say what it remembers; the new version begins at the last snapshot")
		}
	}
	d.restoreOnStart(to) // first, lest it dies between the two
	if state, at, _, err := readSnapshot(d.path); err == nil {
		if err := to.Restore(ctx, at, state); err != nil {
			return fmt.Errorf("%s does not take over what %s remembers: %w", to.Manifest().Label(), from.Manifest().Label(), err)
		}
	}
	g, err := to.Generation(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	d.p = to
	d.begin(g)
	return nil
}
