package plugin

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Change says what a plugin becomes. The zero value starts it anew as it is.
type Change struct {
	Dir      string    // folder of another version; "" keeps the present one
	Settings *Settings // nil keeps the present ones; Disabled is not looked at
	Rules    []byte    // JSON, for a detector that takes some; nil gives it those of SetRules
}

// Swap says how a plugin was replaced.
type Swap struct {
	From, To string        // versions
	Handover time.Duration // for which a detector stood still; 0 for other kinds, which never do
	Settled  time.Duration // until nothing used the old process any more
}

// Handover moves what a plugin remembers from one process to the one that takes its place, between two events. With an
// error the swap does not happen, and the old process must be as if nobody had asked.
type Handover func(ctx context.Context, from, to *Plugin) error

// OnHandover has f called in every swap of a detector.
func (r *Registry) OnHandover(f Handover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handovers = append(r.handovers, f)
}

// Prepare starts another version of a plugin, or the same with other settings, beside the one in service, which it
// leaves alone. The manifest is checked against the one in service, and the plugin itself checks its config; the error
// says what is wrong, and nothing runs then. What is prepared belongs to the caller until it is given to Swap or
// Disable is called on it; it is not among the registry's plugins, and does not end with it.
func (r *Registry) Prepare(ctx context.Context, id string, c Change) (*Plugin, error) {
	now, err := r.Get(id)
	if err != nil {
		return nil, err
	}
	m := now.m
	if c.Dir != "" {
		if m, err = r.readVersion(now.m, c.Dir); err != nil {
			return nil, err
		}
	} else if err := now.unusable(); err != nil {
		return nil, fmt.Errorf("plugin %s: %w", id, err)
	}
	s := r.settings(id)
	if c.Settings != nil {
		s = *c.Settings
	}
	next := newPlugin(m, r.launchWith(m, s))
	if err := r.ready(next, s); err != nil {
		return nil, err
	}
	next.change = s
	if c.Rules != nil {
		next.launch.rules = c.Rules
	}
	if err := next.Enable(ctx); err != nil {
		next.Disable()
		return nil, fmt.Errorf("plugin %s: %w", m.Label(), err)
	}
	return next, nil
}

// readVersion reads the manifest of another version of a plugin.
func (r *Registry) readVersion(now *Manifest, dir string) (*Manifest, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	m, err := manifest.Read(dir)
	if err != nil {
		return nil, r.NameOther(err)
	}
	path := filepath.Join(dir, manifest.Name)
	if m.ID != now.ID {
		return nil, fmt.Errorf("%s: id: this is plugin %s, not another version of %s", path, m.ID, now.ID)
	}
	if m.Kind != now.Kind {
		return nil, fmt.Errorf("%s: kind: %s is a %s, and a version of it cannot be a %s; give it an id of its own", path, m.ID, manifest.KindName(now.Kind), manifest.KindName(m.Kind))
	}
	return m, nil
}

// Swap puts a prepared plugin in the place of the one with its id. From the moment the listeners of OnChange have
// returned, events go through the new one; those on their way finish with the old one, which is stopped then, after
// settleMost at the latest. A plugin that was disabled stays so, as the new version. With an error nothing has changed
// but for the prepared plugin, which is stopped.
func (r *Registry) Swap(ctx context.Context, next *Plugin) (s Swap, err error) {
	defer func() {
		if err != nil {
			next.Disable()
		}
	}()
	done, err := r.lock(ctx)
	if err != nil {
		return s, err
	}
	defer done()
	old, err := r.Get(next.m.ID)
	if err != nil {
		return s, err
	}
	s = Swap{From: old.m.Version, To: next.m.Version}
	state, _ := old.State()
	begun := time.Now()
	if state == Disabled {
		next.Disable()
	} else {
		r.mu.RLock()
		handovers := r.handovers
		r.mu.RUnlock()
		for _, f := range handovers {
			if old.m.Kind != wire.Kind_DETECTOR {
				break
			}
			if err := f(ctx, old, next); err != nil {
				return s, err
			}
			s.Handover = time.Since(begun)
		}
	}
	r.mu.Lock()
	r.plugins[next.m.ID] = next
	if r.o.Plugins == nil {
		r.o.Plugins = map[string]Settings{}
	}
	r.o.Plugins[next.m.ID] = next.change
	switch {
	case next.launch.pack == nil:
		delete(r.shadowed, next.m.ID)
	case old.launch.pack == nil:
		r.shadowed[next.m.ID] = old.m.Dir
	}
	r.mu.Unlock()
	r.retire(old, state == Running)
	s.Settled = time.Since(begun)
	return s, nil
}

// lock waits for other swaps to end.
func (r *Registry) lock(ctx context.Context) (done func(), err error) {
	select {
	case r.changes <- struct{}{}:
		return func() { <-r.changes }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// retire tells the listeners that a plugin leaves, lets batches finish with it, and stops it. Who waits for a plugin
// that does not run would wait in vain.
func (r *Registry) retire(p *Plugin, finish bool) {
	p.leaving.Store(true)
	timeout := time.NewTimer(settleMost)
	defer timeout.Stop()
	for _, c := range r.tell() {
		if !finish {
			break
		}
		select {
		case <-c:
		case <-timeout.C:
			finish = false
		}
	}
	p.Disable()
	p.leaving.Store(false)
}

// Disable takes the plugin out of service. Batches on their way finish with it first.
func (r *Registry) Disable(id string) error {
	done, err := r.lock(context.Background())
	if err != nil {
		return err
	}
	defer done()
	p, err := r.Get(id)
	if err != nil {
		return err
	}
	state, _ := p.State()
	r.retire(p, state == Running)
	return nil
}

// Upgrade replaces a plugin by the version in a folder: Prepare and Swap.
func (r *Registry) Upgrade(ctx context.Context, id, dir string) (Swap, error) {
	return r.change(ctx, id, Change{Dir: dir})
}

// Reconfigure gives a plugin other settings. The plugin says first whether it takes them; with an error nothing has
// changed.
func (r *Registry) Reconfigure(ctx context.Context, id string, s Settings) (Swap, error) {
	return r.change(ctx, id, Change{Settings: &s})
}

func (r *Registry) change(ctx context.Context, id string, c Change) (Swap, error) {
	next, err := r.Prepare(ctx, id, c)
	if err != nil {
		return Swap{}, err
	}
	return r.Swap(ctx, next)
}

// CheckSettings has a plugin say whether it would take other settings; nothing changes.
func (r *Registry) CheckSettings(ctx context.Context, id string, s Settings) error {
	next, err := r.Prepare(ctx, id, Change{Settings: &s})
	if err != nil {
		return err
	}
	next.Disable()
	return nil
}

// Settings are an admin's words on a plugin as they are now.
func (r *Registry) Settings(id string) (Settings, error) {
	if _, err := r.Get(id); err != nil {
		return Settings{}, err
	}
	return r.settings(id), nil
}
