package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Options say where plugins are and how they run.
type Options struct {
	Dirs    []string // each holds plugin folders, or is one
	RunDir  string   // for private copies of binaries; made if missing, 0700
	Plugins map[string]Settings
	Socket  bool // no shared memory for anyone
	// CallDeadline is how long one call may take until the plugin counts as hung. 0 = 10 s.
	CallDeadline time.Duration
	Log          *logrus.Entry
}

// Settings are an admin's words on one plugin. The zero value: enabled, default config.
type Settings struct {
	Disabled bool
	Config   map[string]any
	Socket   bool // no shared memory even if trusted
}

// Registry holds all plugins found. Safe for concurrent use.
type Registry struct {
	o         Options
	socketDir string
	mu        sync.RWMutex
	plugins   map[string]*Plugin
	order     []string
	listeners []func()
}

// Open discovers plugins. Folders with a bad manifest do not keep the others out: their errors come joined,
// beside a usable registry. Nothing is started yet.
func Open(o Options) (*Registry, error) {
	if err := os.MkdirAll(o.RunDir, 0o700); err != nil {
		return nil, err
	}
	// Socket paths are short (108 bytes), data directories may not be.
	sockets, err := os.MkdirTemp("", "logcenter-plugins-")
	if err != nil {
		return nil, err
	}
	r := &Registry{o: o, socketDir: sockets, plugins: map[string]*Plugin{}}
	var errs []error
	for _, dir := range o.Dirs {
		errs = append(errs, r.discover(dir)...)
	}
	for id := range o.Plugins {
		if r.plugins[id] == nil {
			errs = append(errs, fmt.Errorf("plugins.%s: no such plugin in %s; nearest is %q", id, strings.Join(o.Dirs, ", "), schema.Nearest(id, r.order)))
		}
	}
	slices.Sort(r.order)
	return r, errors.Join(errs...)
}

func (r *Registry) discover(dir string) (errs []error) {
	if _, err := os.Stat(filepath.Join(dir, ManifestName)); err == nil {
		return append(errs, r.add(dir))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return append(errs, fmt.Errorf("plugin directory: %w", err))
	}
	for _, e := range entries {
		sub := filepath.Join(dir, e.Name())
		if _, err := os.Stat(filepath.Join(sub, ManifestName)); err == nil {
			if err := r.add(sub); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

func (r *Registry) add(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	m, err := ReadManifest(dir)
	if err != nil {
		return r.nameOther(err)
	}
	if have := r.plugins[m.ID]; have != nil {
		return fmt.Errorf("%s: plugin id %s is taken by %s", filepath.Join(dir, ManifestName), m.ID, have.m.Dir)
	}
	s := r.o.Plugins[m.ID]
	l := launch{manifest: m, deadline: cmp.Or(r.o.CallDeadline, callDeadline), socketDir: r.socketDir, shm: m.Trusted && m.Runtime == "" && !r.o.Socket && !s.Socket, log: newLog(r.o.Log, m.ID)}
	r.plugins[m.ID] = newPlugin(m, l)
	r.order = append(r.order, m.ID)
	return nil
}

// nameOther says which plugin declared the field first whose type err is about.
func (r *Registry) nameOther(err error) error {
	var conflict *ecs.ConflictError
	if !errors.As(err, &conflict) {
		return err
	}
	f, _ := ecs.Lookup(conflict.Name)
	for _, id := range r.order {
		if m := r.plugins[id].m; slices.Contains(m.Writes, f) || slices.Contains(m.Reads, f) {
			return fmt.Errorf("%w; plugin %s has it so (%s)", err, id, filepath.Join(m.Dir, ManifestName))
		}
	}
	return err
}

// Start enables every plugin that is not disabled. One that does not start has failed, with its reason; all
// reasons are returned, and the others run. A plugin that nobody configured and that cannot do without is left
// disabled, which is no error.
func (r *Registry) Start(ctx context.Context) error {
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	for _, id := range r.order {
		if r.o.Plugins[id].Disabled {
			continue
		}
		wg.Go(func() {
			err := r.Enable(ctx, id)
			var refused *ConfigError
			if _, configured := r.o.Plugins[id]; !configured && errors.As(err, &refused) {
				r.plugins[id].set(Disabled, "needs configuration: "+refused.Msg, nil)
				return
			}
			if err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Enable verifies the binary, starts the plugin and puts it into service.
func (r *Registry) Enable(ctx context.Context, id string) error {
	p, err := r.Get(id)
	if err != nil {
		return err
	}
	config, err := json.Marshal(r.o.Plugins[id].Config)
	if err != nil {
		return fmt.Errorf("plugins.%s.config: %w", id, err)
	}
	defer r.tell()
	prog, err := prepare(p.m, r.o.RunDir)
	if err != nil {
		p.unfit(err)
		return fmt.Errorf("plugin %s: %w", id, err)
	}
	p.mu.Lock()
	p.launch.program, p.launch.config = prog, config
	p.mu.Unlock()
	if err := p.Enable(ctx); err != nil {
		return fmt.Errorf("plugin %s: %w", id, err)
	}
	return nil
}

// Disable takes the plugin out of service.
func (r *Registry) Disable(id string) error {
	p, err := r.Get(id)
	if err != nil {
		return err
	}
	p.Disable()
	r.tell()
	return nil
}

// Get finds a plugin; the error names the nearest id.
func (r *Registry) Get(id string) (*Plugin, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if p := r.plugins[id]; p != nil {
		return p, nil
	}
	return nil, &UnknownError{ID: id, Nearest: schema.Nearest(id, r.order)}
}

// UnknownError says that there is no such plugin.
type UnknownError struct{ ID, Nearest string }

func (e *UnknownError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("no plugin %q", e.ID)
	}
	return fmt.Sprintf("no plugin %q; is it %q?", e.ID, e.Nearest)
}

// All returns every plugin, sorted by id.
func (r *Registry) All() []*Plugin {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]*Plugin, 0, len(r.order))
	for _, id := range r.order {
		all = append(all, r.plugins[id])
	}
	return all
}

// InService returns the plugins of a kind that are enabled, sorted by id. Of maskers it returns all that are
// not disabled, also those that failed to start or are quarantined: events must wait for them, not pass.
func (r *Registry) InService(k wire.Kind) []*Plugin {
	var out []*Plugin
	for _, p := range r.All() {
		st, _ := p.State()
		if p.m.Kind == k && (st == Running || st == Starting || k == wire.Kind_MASKER && st != Disabled) {
			out = append(out, p)
		}
	}
	return out
}

// OnChange has f called after a plugin was enabled or disabled.
func (r *Registry) OnChange(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, f)
}

func (r *Registry) tell() {
	r.mu.RLock()
	l := slices.Clone(r.listeners)
	r.mu.RUnlock()
	for _, f := range l {
		f()
	}
}

// Declared returns the fields that enabled plugins read or write, sorted by handle.
func (r *Registry) Declared() []ecs.Field {
	seen := map[ecs.Field]bool{}
	for _, p := range r.All() {
		if st, _ := p.State(); st == Disabled || st == Failed {
			continue
		}
		for _, f := range p.m.Writes {
			seen[f] = true
		}
		for _, c := range p.m.Constants {
			seen[c.Field] = true
		}
	}
	out := make([]ecs.Field, 0, len(seen))
	for f := range seen {
		out = append(out, f)
	}
	slices.Sort(out)
	return out
}

// Close stops all plugins.
func (r *Registry) Close() error {
	var wg sync.WaitGroup
	for _, p := range r.All() {
		wg.Go(p.Disable)
	}
	wg.Wait()
	return os.RemoveAll(r.socketDir)
}
