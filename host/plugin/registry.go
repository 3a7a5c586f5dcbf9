package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Options say where plugins are and how they run.
type Options struct {
	Dirs []string // each holds plugin folders, or is one
	// Active are the installed packages that are to run; they go before folders of Dirs with the same id.
	Active []Active
	// PackageOf says which package a plugin's folder was installed from; false: none. nil: there are no packages.
	PackageOf func(dir string) (Package, bool)
	// Inactive are ids of which packages are installed, none of them active.
	Inactive map[string]bool
	// Disabled are ids of plugins that Start leaves out, because an admin disabled them in an earlier run; there need
	// not be any of the id.
	Disabled map[string]bool
	RunDir   string // for private copies of binaries; made if missing, 0700
	Plugins  map[string]Settings
	// Versions are folders that are taken for plugins in Dirs, by their ids: versions that were put in service later. One
	// that cannot be read is left aside, with an error, unless the plugin [Holds]: then it has failed.
	Versions map[string]string
	Socket   bool // no shared memory for anyone
	// Sandbox says whether plugins are confined. The zero value confines them with what the kernel has.
	Sandbox SandboxMode
	// Lists is the folder of the lists that rules ask for, see package sdk/watchlist. Detectors that take rules may read it.
	// Empty is none.
	Lists string
	// Guard is a folder that no permission may open to a plugin: the host's data. Empty is none.
	Guard string
	// SpinWindow is how long a plugin that is asked nothing may use a processor until it counts as out of order. 0 = 30 s.
	SpinWindow time.Duration
	// CallDeadline is how long one call may take until the plugin counts as hung. 0 = 10 s.
	CallDeadline time.Duration
	// RulesRefused is asked when a detector that is being enabled refuses some of the rules it was given, which are JSON:
	// it returns those that it is to be tried with instead, or nil to leave it at the refusal. nil does so always.
	RulesRefused func(given []byte, refused *ConfigError) []byte
	Log          *logrus.Entry
}

// Settings are an admin's words on one plugin. The zero value: enabled, default config.
type Settings struct {
	Disabled bool
	Config   map[string]any
	Socket   bool // no shared memory even if trusted
	Grant    Grant
	Limits   sandbox.Limits      // in place of the manifest's, where not zero
	Severity manifest.Severities // word by word in place of the manifest's
}

// SandboxMode says whether plugins are confined.
type SandboxMode string

// The modes. The zero value is SandboxOn.
const (
	SandboxOn       SandboxMode = "on"       // with what the kernel has
	SandboxOff      SandboxMode = "off"      // not at all: to find out whether the sandbox is in the way
	SandboxRequired SandboxMode = "required" // or nothing is started, when the kernel lacks Landlock or seccomp
)

// Registry holds all plugins found. Safe for concurrent use.
type Registry struct {
	o       Options
	sockets *sockets
	changes chan struct{} // has room while nobody swaps or disables a plugin

	mu        sync.RWMutex // guards what follows, and o.Plugins
	plugins   map[string]*Plugin
	rules     []byte            // JSON, for detectors that take some and are started from now on
	started   bool              // Start has returned: who is disabled is not wanted
	order     []string          // of ids; replaced, not changed, once the registry is open
	shadowed  map[string]string // id → folder of Dirs that an installed package was put before
	listeners []func() (settled <-chan struct{})
	handovers []Handover
}

// Open discovers plugins. Folders with a bad manifest do not keep the others out: their errors come joined,
// beside a usable registry. Nothing is started yet.
func Open(o Options) (*Registry, error) {
	if err := os.MkdirAll(o.RunDir, 0o700); err != nil {
		return nil, err
	}
	sockets, err := openSockets()
	if err != nil {
		return nil, err
	}
	o.Plugins = maps.Clone(o.Plugins)
	r := &Registry{o: o, sockets: sockets, changes: make(chan struct{}, 1), plugins: map[string]*Plugin{}, shadowed: map[string]string{}}
	var errs []error
	for _, a := range o.Active {
		r.activate(a)
	}
	for _, dir := range o.Dirs {
		errs = append(errs, r.discover(dir)...)
	}
	for _, id := range slices.Sorted(maps.Keys(o.Versions)) {
		errs = append(errs, r.replace(id, o.Versions[id]))
	}
	for id := range o.Plugins {
		switch {
		case r.plugins[id] != nil:
		case o.Inactive[id]:
			errs = append(errs, fmt.Errorf("plugins.%s: it is installed, but not active: `logcenter plugin enable %s`", id, id))
		default:
			errs = append(errs, fmt.Errorf("plugins.%s: no such plugin in %s; nearest is %q", id, strings.Join(o.Dirs, ", "), schema.Nearest(id, r.order)))
		}
	}
	slices.Sort(r.order)
	return r, errors.Join(errs...)
}

func (r *Registry) discover(dir string) (errs []error) {
	if _, err := os.Stat(filepath.Join(dir, manifest.Name)); err == nil {
		return append(errs, r.add(dir))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return append(errs, fmt.Errorf("plugin directory: %w", err))
	}
	for _, e := range entries {
		sub := filepath.Join(dir, e.Name())
		if _, err := os.Stat(filepath.Join(sub, manifest.Name)); err == nil {
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
	m, err := manifest.Read(dir)
	if err != nil && r.leavesMaskerOut(dir) {
		return fmt.Errorf("%w: %w", ErrMaskerLeftOut, r.NameOther(err))
	}
	if err != nil {
		return r.NameOther(err)
	}
	if have := r.plugins[m.ID]; have != nil {
		if have.launch.pack != nil && r.packageOf(m) == nil {
			return r.behind(have, m)
		}
		if to := r.o.Versions[m.ID]; to != "" && (to == dir || to == have.m.Dir) {
			return nil // an upgrade has said which of the two runs
		}
		return fmt.Errorf("%s: plugin id %s is taken by %s: remove one of the two folders", filepath.Join(dir, manifest.Name), m.ID, have.m.Dir)
	}
	r.plugins[m.ID] = newPlugin(m, r.launch(m))
	r.order = append(r.order, m.ID)
	return nil
}

// ErrMaskerLeftOut means that the plugin.yaml of a masker cannot be used, so that nobody would hide what it hides.
var ErrMaskerLeftOut = errors.New("a masking plugin is left out")

// What a plugin.yaml says of itself although it cannot be used.
var (
	maskerLine = regexp.MustCompile(`(?m)^kind[ \t]*:[ \t]*["']?masker\b`)
	idLine     = regexp.MustCompile(`(?m)^id[ \t]*:[ \t]*["']?([a-z0-9_-]+)`)
)

// leavesMaskerOut says whether a plugin.yaml that cannot be used is meant to be a masker's, of which there is no package.
func (r *Registry) leavesMaskerOut(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, manifest.Name))
	if err != nil || !maskerLine.Match(text) {
		return false
	}
	id := idLine.FindSubmatch(text)
	return id == nil || r.plugins[string(id[1])] == nil
}

// replace takes the version of a plugin in a folder for the one that was discovered.
func (r *Registry) replace(id, dir string) error {
	found := r.plugins[id]
	if found == nil {
		if err := r.add(dir); err != nil {
			return fmt.Errorf("the upgrade of plugin %s is left aside, and there is no other version of it: %w", id, err)
		}
		return nil
	}
	if found.m.Dir == dir || found.refusal != nil { // a package that must not run stays the one that is active
		return nil
	}
	m, err := r.readVersion(found.m, dir)
	if err != nil && Holds(found.m) {
		m := &Manifest{ID: id, Kind: found.m.Kind, Version: found.m.Version, Hold: found.m.Hold, Dir: dir}
		r.plugins[id] = r.standIn(m, err, func() (string, error) {
			if _, err := r.readVersion(m, dir); err != nil {
				return dir, fmt.Errorf("the version that it was upgraded to: %w", err)
			}
			return dir, nil
		})
		return nil
	}
	if err != nil {
		return fmt.Errorf("the upgrade of plugin %s is left aside, version %s runs: %w", id, found.m.Version, err)
	}
	r.plugins[id] = newPlugin(m, r.launch(m))
	return nil
}

// settings are an admin's words on a plugin as they are now.
func (r *Registry) settings(id string) Settings {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.o.Plugins[id]
}

// NameOther adds to an error of [manifest.Read] which plugin declared the field first whose type the error is about.
// Other errors stay as they are.
func (r *Registry) NameOther(err error) error {
	var conflict *ecs.ConflictError
	if !errors.As(err, &conflict) {
		return err
	}
	f, _ := ecs.Lookup(conflict.Name)
	for _, p := range r.All() {
		if m := p.m; slices.Contains(m.Writes, f) || slices.Contains(m.Reads, f) {
			return fmt.Errorf("%w; plugin %s has it so (%s)", err, m.ID, filepath.Join(m.Dir, manifest.Name))
		}
	}
	return err
}

// Start enables every plugin that is not disabled. One that does not start has failed, with its reason; all
// reasons are returned, and the others run. A plugin that nobody configured and that cannot do without is left
// disabled, which is no error.
func (r *Registry) Start(ctx context.Context) error {
	done, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer done()
	configured := map[string]bool{}
	for id := range r.o.Plugins {
		configured[id] = true
	}
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	for _, p := range r.All() {
		id := p.m.ID
		if r.settings(id).Disabled || r.o.Disabled[id] {
			continue
		}
		wg.Go(func() {
			err := r.enable(ctx, id)
			var refused *ConfigError
			if !configured[id] && errors.As(err, &refused) {
				if p, err := r.Get(id); err == nil {
					p.set(Disabled, "needs configuration: "+refused.Msg, nil)
				}
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
	r.mu.Lock()
	r.started = true
	r.mu.Unlock()
	r.tell() // Wanted may be others now
	return errors.Join(errs...)
}

// Enable verifies the plugin's files, starts it and puts it into service.
func (r *Registry) Enable(ctx context.Context, id string) error {
	done, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer done()
	p, err := r.Get(id)
	if err != nil {
		return err
	}
	if p.refusal == nil { // else enable asks anew
		if err := p.unusable(); err != nil {
			p.unfit(err)
			r.tell()
			return fmt.Errorf("plugin %s: %w", id, err)
		}
	}
	return r.enable(ctx, id)
}

func (r *Registry) enable(ctx context.Context, id string) error {
	was, err := r.Get(id)
	if err != nil {
		return err
	}
	p := was
	defer func() {
		r.tell()
		if p != was {
			was.Disable() // so that who waits for it goes on with the other one
		}
	}()
	if p, err = r.readmit(was); err != nil {
		p.unfit(err)
		return fmt.Errorf("plugin %s: %w", id, err)
	}
	if err := r.ready(p, r.settings(id)); err != nil {
		p.unfit(err)
		return err
	}
	if err := r.withRules(ctx, p); err != nil {
		return fmt.Errorf("plugin %s: %w", id, err)
	}
	return nil
}

// policy is what a plugin may do under an admin's settings. What it asks for and was not granted is told, as it may be
// why it does not work.
func (r *Registry) policy(p *Plugin, s Settings) (sandbox.Policy, error) {
	all, unasked := permissions(p.m, s)
	for _, g := range all {
		if g.Granted == "" {
			p.log.Warn("the plugin runs without a permission that it asks for; `plugins.settings."+p.m.ID+".grant` gives it", "permission", g.Kind+" "+g.Value)
		}
	}
	for _, g := range unasked {
		p.log.Warn("plugins.settings."+p.m.ID+".grant has what the plugin does not ask for; it is not given", "permission", g)
	}
	guard := r.o.Guard
	if guard != "" {
		var err error
		if guard, err = filepath.Abs(guard); err != nil {
			return sandbox.Policy{}, err
		}
	}
	may, err := policy(p.m, s, guard)
	if err != nil {
		return may, err
	}
	if lists := listsFor(p.m, r.o.Lists); lists != "" {
		may.Read = append(may.Read, lists)
	}
	if lacks := sandbox.Probe().Lacks(); r.o.Sandbox == SandboxRequired && len(lacks) > 0 {
		return may, fmt.Errorf("plugins.sandbox is required, and this kernel lacks %s", strings.Join(lacks, " and "))
	}
	return may, nil
}

// Permissions are what the manifest of a plugin asks for, and what of it is granted.
func (r *Registry) Permissions(p *Plugin) []Permission {
	all, _ := permissions(p.m, r.settings(p.m.ID))
	return all
}

// ready gives a plugin a private copy of its program, which is verified, and its config.
func (r *Registry) ready(p *Plugin, s Settings) error {
	config, err := json.Marshal(s.Config)
	if err != nil {
		return fmt.Errorf("plugins.%s.config: %w", p.m.ID, err)
	}
	venv := ""
	if p.m.Runtime == manifest.Python {
		venv = venvName // prepare looks at it
	}
	if err := r.apart(p.m.Dir); err != nil {
		return fmt.Errorf("plugin %s: %w", p.m.ID, err)
	}
	if err := checkFolder(p.m.Dir, venv); err != nil {
		return fmt.Errorf("plugin %s: %w", p.m.ID, err)
	}
	prog, err := prepare(p.m, r.o.RunDir)
	if err != nil {
		return fmt.Errorf("plugin %s: %w", p.m.ID, err)
	}
	may, err := r.policy(p, s)
	if err != nil {
		return fmt.Errorf("plugin %s: %w", p.m.ID, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.launch.program, p.launch.config, p.launch.policy = prog, config, prog.confine(may)
	p.launch.rules = r.rulesFor(p.m)
	return nil
}

// apart refuses a plugin's folder with the host's data in it: a plugin may read all of its folder.
func (r *Registry) apart(dir string) error {
	data, err := filepath.Abs(r.o.RunDir)
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return err
	}
	if in, err := filepath.Rel(dir, data); err == nil && filepath.IsLocal(in) {
		return fmt.Errorf("its folder %s has the host's data in it (%s), which it could read: give the host another folder with --data", dir, in)
	}
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

// InService returns the plugins of a kind that are enabled, sorted by id. Of those that [Holds] it returns all that are
// not disabled, also those that failed to start or are quarantined: events must wait for them, not pass.
func (r *Registry) InService(k wire.Kind) []*Plugin {
	var out []*Plugin
	for _, p := range r.All() {
		st, _ := p.State()
		if !p.leaving.Load() && p.m.Kind == k && (st == Running || st == Starting || Holds(p.m) && st != Disabled) {
			out = append(out, p)
		}
	}
	return out
}

// OnChange has f called after a plugin was enabled, disabled or swapped: from when f returns, what is new goes through
// the plugins as they are then. settled is closed once nothing uses the plugins of before; nil is at once.
func (r *Registry) OnChange(f func() (settled <-chan struct{})) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, f)
}

// tell calls the listeners and returns what to wait for.
func (r *Registry) tell() (settled []<-chan struct{}) {
	r.mu.RLock()
	l := slices.Clone(r.listeners)
	r.mu.RUnlock()
	for _, f := range l {
		if c := f(); c != nil {
			settled = append(settled, c)
		}
	}
	return settled
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
	return r.sockets.Close()
}
