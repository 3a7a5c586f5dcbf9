package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Package is what a registry knows of the package that a plugin's folder was installed from.
type Package struct {
	Digest string // SHA-256 of the package's file, in hexadecimal
	Signer string // as the admin calls the key; empty: unsigned, or the key is not one of the admin's
	// Trusted says that the admin lets plugins under this key share memory with the host. What is not from a package
	// was put there by the admin, and is trusted if its manifest says so.
	Trusted bool
	// Check says whether the folder's files are still those of the package, and may be used. It is asked whenever the
	// plugin is started by an admin; nil: it is not asked.
	Check func() error
}

// Active is an installed package that is to run under its id. What is said of it here was kept apart from its files, which
// may be damaged or gone.
type Active struct {
	ID, Version string
	Kind        wire.Kind
	Digest      string // as in [Package]
	Hold        bool   // an enricher that events wait for
	// Find checks the package and returns its folder, or why it must not run. It is asked when the registry is opened,
	// and again when an admin enables what must not run.
	Find func() (dir string, err error)
}

// Holds says whether events wait for a plugin while it does not work: for maskers always, since what they are to hide
// would be stored, and for enrichers if their manifest says so. Of no such plugin another version than the one that an
// admin chose takes the place.
func Holds(m *Manifest) bool { return m.Kind == wire.Kind_MASKER || m.Hold }

// ErrInService means that a plugin must be disabled before something is done to it.
var ErrInService = errors.New("the plugin is in service: disable it first")

// Package is the package that the plugin was installed from; false: the admin put its folder into a directory.
func (p *Plugin) Package() (Package, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.launch.pack == nil {
		return Package{}, false
	}
	return *p.launch.pack, true
}

// launch is how a plugin's processes are started, but for the program and its config.
func (r *Registry) launch(m *Manifest) launch { return r.launchWith(m, r.settings(m.ID)) }

// launchWith is launch under other settings than those that the plugin has now.
func (r *Registry) launchWith(m *Manifest, s Settings) launch {
	l := launch{
		manifest: m, mode: cmp.Or(r.o.Sandbox, SandboxOn), spin: cmp.Or(r.o.SpinWindow, spinWindow), deadline: cmp.Or(r.o.CallDeadline, callDeadline),
		socketDir: r.sockets.dir, pack: r.packageOf(m), lists: listsFor(m, r.o.Lists), shm: m.Trusted && m.Runtime == "" && !r.o.Socket && !s.Socket, severity: s.Severity, words: &discretion{r: r, kind: m.Kind},
	}
	l.log = newLog(r.o.Log, m.ID, l.words)
	l.shm = l.shm && (l.pack == nil || l.pack.Trusted)
	return l
}

// packageOf is the package that a plugin was installed from, nil for none.
func (r *Registry) packageOf(m *Manifest) *Package {
	if r.o.PackageOf == nil {
		return nil
	}
	if of, ok := r.o.PackageOf(m.Dir); ok {
		return &of
	}
	return nil
}

// Add makes the folder of an installed package a plugin of this registry, not enabled yet. It takes the place of one
// with the same id, which must be out of service; [ErrInService] otherwise.
func (r *Registry) Add(dir string) (*Plugin, error) {
	m, err := manifest.Read(dir)
	if err != nil {
		return nil, r.NameOther(err)
	}
	p := newPlugin(m, r.launch(m))
	r.mu.Lock()
	defer r.mu.Unlock()
	have := r.plugins[m.ID]
	switch {
	case have == nil:
		r.order = slices.Sorted(slices.Values(append(slices.Clone(r.order), m.ID)))
	case have.inUse():
		return nil, fmt.Errorf("%s: %w", m.ID, ErrInService)
	case have.launch.pack == nil:
		r.shadowed[m.ID] = have.m.Dir
	}
	r.plugins[m.ID] = p
	return p, nil
}

// Remove takes away a plugin that was installed from a package and is out of service, by an admin's will if it [Holds];
// [ErrInService] otherwise. A folder of the same id in Options.Dirs, which the package was put before, takes its place,
// disabled.
func (r *Registry) Remove(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.plugins[id]
	if p == nil {
		return nil
	}
	if p.launch.pack == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.leftOut = ""
		return nil
	}
	// Nobody but an admin decides that events go on without a plugin that they wait for.
	if state, _ := p.State(); p.inUse() || Holds(p.m) && state != Disabled {
		return fmt.Errorf("%s: %w", id, ErrInService)
	}
	dir, other := r.shadowed[id]
	if !other {
		delete(r.plugins, id)
		r.order = slices.DeleteFunc(slices.Clone(r.order), func(have string) bool { return have == id })
		return nil
	}
	m, err := manifest.Read(dir)
	if err != nil {
		return fmt.Errorf("the folder that would take its place: %w", err)
	}
	r.plugins[id] = newPlugin(m, r.launchWith(m, r.o.Plugins[id])) // the lock is held
	delete(r.shadowed, id)
	return nil
}

// activate makes an active package a plugin. One that must not run is there as well, with the reason, and does not start.
func (r *Registry) activate(a Active) {
	dir, err := a.Find()
	var m *Manifest
	if err == nil {
		m, err = r.readVersion(&Manifest{ID: a.ID, Kind: a.Kind}, dir)
	}
	if err == nil {
		r.plugins[a.ID] = newPlugin(m, r.launch(m))
	} else {
		p := r.standIn(&Manifest{ID: a.ID, Kind: a.Kind, Version: a.Version, Hold: a.Hold, Dir: dir}, err, a.Find)
		p.launch.pack = cmp.Or(p.launch.pack, &Package{Digest: a.Digest})
		r.plugins[a.ID] = p
	}
	r.order = append(r.order, a.ID)
}

// standIn is a plugin in the place of one that must not run, for a reason; find is asked whether it may by now.
func (r *Registry) standIn(m *Manifest, reason error, find func() (string, error)) *Plugin {
	p := newPlugin(m, r.launch(m))
	p.refusal, p.find = reason, find
	return p
}

// readmit returns the plugin that another one stands in for, if it may run by now; other plugins as they are.
func (r *Registry) readmit(p *Plugin) (*Plugin, error) {
	if p.find == nil {
		return p, nil
	}
	dir, err := p.find()
	if err != nil {
		return p, err
	}
	m, err := r.readVersion(p.m, dir)
	if err != nil {
		return p, err
	}
	next := newPlugin(m, r.launch(m))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plugins[m.ID] = next
	return next, nil
}

// unusable says why no process may be started from the plugin's folder as it is now.
func (p *Plugin) unusable() error {
	if p.refusal != nil {
		return p.refusal
	}
	if of, ok := p.Package(); ok && of.Check != nil {
		return of.Check()
	}
	return nil
}

// LeftOut is why the package of this id is not what runs, but this plugin, from a folder in Options.Dirs; empty if there
// is none.
func (p *Plugin) LeftOut() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leftOut
}

// inUse says whether a process of the plugin runs or is about to.
func (p *Plugin) inUse() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stop != nil
}

// Shadowed is the folder in Options.Dirs that a package of this id was put before; empty if there is none.
func (r *Registry) Shadowed(id string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.shadowed[id]
}

// behind takes note of a folder in Options.Dirs whose id an installed package has. It is used only in place of a package
// that must not run, and that no event waits for.
func (r *Registry) behind(have *Plugin, m *Manifest) error {
	if have.refusal != nil && !Holds(have.m) && !Holds(m) {
		p := newPlugin(m, r.launch(m))
		p.leftOut = oneLine(have.refusal)
		r.plugins[m.ID] = p
		return nil
	}
	if other, taken := r.shadowed[m.ID]; taken {
		return fmt.Errorf("%s: plugin id %s is taken by %s: remove one of the two folders", filepath.Join(m.Dir, manifest.Name), m.ID, other)
	}
	r.shadowed[m.ID] = m.Dir
	return nil
}
