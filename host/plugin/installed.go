package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/logcenter/logcenter/sdk/manifest"
)

// Package is what a registry knows of the package that a plugin's folder was installed from.
type Package struct {
	Digest string // SHA-256 of the package's file, in hexadecimal
	Signer string // as the admin calls the key; empty: unsigned, or the key is not one of the admin's
	// Trusted says that the admin lets plugins under this key share memory with the host. What is not from a package
	// was put there by the admin, and is trusted if its manifest says so.
	Trusted bool
}

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
		socketDir: r.socketDir, pack: r.packageOf(m), shm: m.Trusted && m.Runtime == "" && !r.o.Socket && !s.Socket, log: newLog(r.o.Log, m.ID),
		severity: s.Severity,
	}
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

// Remove takes away a plugin that was installed from a package and is out of service; [ErrInService] otherwise. A
// folder of the same id in Options.Dirs, which the package was put before, takes its place, disabled.
func (r *Registry) Remove(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.plugins[id]
	if p == nil || p.launch.pack == nil {
		return nil
	}
	if p.inUse() {
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
		return err
	}
	r.plugins[id] = newPlugin(m, r.launchWith(m, r.o.Plugins[id])) // the lock is held
	delete(r.shadowed, id)
	return nil
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

// shadow notes that a folder in Options.Dirs is not used because a package of its id is installed.
func (r *Registry) shadow(m *Manifest) error {
	if other, taken := r.shadowed[m.ID]; taken {
		return fmt.Errorf("%s: plugin id %s is taken by %s: remove one of the two folders", filepath.Join(m.Dir, manifest.Name), m.ID, other)
	}
	r.shadowed[m.ID] = m.Dir
	return nil
}
