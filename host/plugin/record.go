package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/logcenter/logcenter/host/lineage"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// Record is the program that the plugin runs, with its manifest and config, for the history of plans. ok is false
// while it was never started.
func (p *Plugin) Record() (r lineage.Plugin, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return lineage.Plugin{
		ID: p.m.ID, Kind: manifest.KindName(p.m.Kind), Version: p.m.Version, Dir: p.m.Dir, Manifest: p.m.Source,
		Sum: hex.EncodeToString(p.launch.program.id), Config: p.launch.config,
	}, p.launch.program.id != nil
}

// ErrForgotten means that a program of the past is not there any more.
var ErrForgotten = errors.New("the program is not kept any more")

// Revive has a plugin of the past run again: the one in service if it is still the same, else another process from the
// program that was kept, which done ends. ErrForgotten if that is gone.
func (r *Registry) Revive(ctx context.Context, rec lineage.Plugin) (p *Plugin, done func(), err error) {
	if now, err := r.Get(rec.ID); err == nil {
		state, _ := now.State()
		if is, ok := now.Record(); ok && is.Same(rec) && state == Running {
			return now, func() {}, nil
		}
	}
	m, err := manifest.Parse(rec.Manifest)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %s as it was: %w", rec.ID, rec.Version, manifest.Name, err)
	}
	m.Dir = rec.Dir
	sum, err := hex.DecodeString(rec.Sum)
	if err != nil || len(sum) != sha256.Size {
		return nil, nil, fmt.Errorf("%s %s: checksum %q is none", rec.ID, rec.Version, rec.Sum)
	}
	l := r.launch(m)
	l.config = rec.Config
	if l.program, err = kept(m, r.o.RunDir, sum); err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", rec.ID, rec.Version, err)
	}
	p = newPlugin(m, l)
	may, err := r.policy(p, r.settings(rec.ID))
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", rec.ID, rec.Version, err)
	}
	p.launch.policy = l.program.confine(may)
	if err := p.Enable(ctx); err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", rec.ID, rec.Version, err)
	}
	return p, p.Disable, nil
}

// Sweep removes the copies of programs that no plugin runs and whose checksums, in hex, are not among those to keep, and
// what is left of copying when a host was killed. Nothing may be enabled meanwhile.
func (r *Registry) Sweep(keep map[string]bool) error {
	entries, err := os.ReadDir(r.o.RunDir)
	if err != nil {
		return err
	}
	short := map[string]bool{}
	for s := range keep {
		short[s[:min(len(s), 16)]] = true
	}
	for _, p := range r.All() {
		if rec, ok := p.Record(); ok {
			short[rec.Sum[:16]] = true
		}
	}
	for _, e := range entries {
		name, of, ok := cutLast(e.Name(), '-')
		if name != unfinished && (name == sdkCopy || !ok || len(of) != 16 || short[of]) {
			continue
		}
		err = errors.Join(err, os.RemoveAll(filepath.Join(r.o.RunDir, e.Name()))) // scripts are a folder
	}
	return err
}

// unfinished, and a dash, begin the names of copies that are not whole yet.
const unfinished = ".copy"

func cutLast(s string, sep byte) (before, after string, ok bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}
