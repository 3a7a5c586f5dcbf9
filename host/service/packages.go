package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/install"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// InstalledDir is the folder of the plugins that were installed from packages.
func InstalledDir(cfg *config.Config) string {
	return filepath.Join(cfg.Path(cfg.DataDir), "plugins", "installed")
}

// openPackages opens the folder of installed packages and tells the registry of those that are active.
func (s *Service) openPackages(o *plugin.Options) error {
	trust, err := s.cfg.PluginTrust()
	if err != nil {
		return err
	}
	if s.packages, err = install.Open(InstalledDir(s.cfg), trust); err != nil {
		return fmt.Errorf("installed plugins: %w", err)
	}
	s.onClose(s.packages.Close)
	o.PackageOf, o.Inactive, o.Disabled = s.packageOf, map[string]bool{}, map[string]bool{}
	for _, p := range s.packages.List() {
		o.Inactive[p.ID] = true
	}
	for _, c := range s.packages.Chosen() {
		delete(o.Inactive, c.ID)
		o.Active = append(o.Active, plugin.Active{
			ID: c.ID, Version: c.Version, Kind: manifest.KindOf(c.Kind), Digest: c.Digest, Hold: c.Hold,
			Find: func() (string, error) { return s.packages.Usable(context.Background(), c.ID) },
		})
	}
	for id, on := range s.packages.Switched() {
		c, configured := s.cfg.Plugins.Settings[id]
		switch {
		case configured && c.Enabled != nil:
			if *c.Enabled != on {
				s.log.Warnf("plugins.settings.%s.enabled is %v in the configuration, which wins: an admin had it %s by the API", id, *c.Enabled, enabledWord(on))
			}
		case !on:
			o.Disabled[id] = true
		}
	}
	return nil
}

func enabledWord(on bool) string {
	if on {
		return "enabled"
	}
	return "disabled"
}

// packageOf is the package that a folder was installed from, as the registry wants to know it.
func (s *Service) packageOf(dir string) (plugin.Package, bool) {
	p, ok := s.packages.At(dir)
	if !ok {
		return plugin.Package{}, false
	}
	of := plugin.Package{Digest: p.Digest, Check: func() error { return p.Check(context.Background()) }}
	if p.Signer != nil {
		of.Signer, of.Trusted = p.Signer.Name, p.Signer.Trusted
	}
	return of, true
}

// tellSubstitutes says which folders run in place of packages that are left out.
func (s *Service) tellSubstitutes() {
	for _, p := range s.plugins.All() {
		if why := leftOut(p); why != "" {
			s.log.WithField("plugin", p.Manifest().ID).Error(why)
		}
	}
}

// leftOut says what runs in place of a plugin's package, and why; empty if it is the package, or there is none.
func leftOut(p *plugin.Plugin) string {
	why := p.LeftOut()
	if why == "" {
		return ""
	}
	m := p.Manifest()
	return fmt.Sprintf("version %s in %s is used, as its package is left out: %s", m.Version, m.Dir, why)
}

// enable starts a plugin. One that was installed and never enabled becomes active first, in its newest version.
func (s *Service) enable(ctx context.Context, id string) error {
	if _, err := s.plugins.Get(id); err != nil {
		p, ok := s.packages.Newest(id)
		if !ok {
			return fmt.Errorf("%w: %w", api.ErrNotFound, err)
		}
		if err := s.packages.Activate(id, p.Digest); err != nil {
			return fmt.Errorf("%w: %w", api.ErrConflict, err)
		}
		if _, err := s.plugins.Add(p.Dir); err != nil {
			return fmt.Errorf("%w: %w", api.ErrConflict, errors.Join(err, s.packages.Deactivate(id)))
		}
		s.log.Infof("plugin %s is active, %s", p.Label(), signedBy(p))
	}
	if err := s.plugins.Enable(ctx, id); err != nil {
		return fmt.Errorf("%w: %w", api.ErrConflict, err)
	}
	return nil
}

// signedBy says who answers for a package.
func signedBy(p *install.Installed) string {
	if p.Signer == nil {
		return "not signed"
	}
	return "signed by " + p.Signer.String()
}

type packagesAPI struct{ s *Service }

func (a packagesAPI) List(context.Context) (list []api.PackageInfo, err error) {
	for _, p := range a.s.packages.List() {
		list = append(list, a.info(p))
	}
	return list, nil
}

func (a packagesAPI) Info(_ context.Context, digest string) (api.PackageInfo, error) {
	p, ok := a.s.packages.Get(digest)
	if !ok {
		return api.PackageInfo{}, fmt.Errorf("%w: no package with the digest %.64q is installed", api.ErrNotFound, digest)
	}
	return a.info(p), nil
}

// Install checks a package as a whole before anything of it counts.
func (a packagesAPI) Install(ctx context.Context, body io.Reader, by string, dry bool) (api.PackageInfo, error) {
	s := a.s
	if dry {
		dir, err := os.MkdirTemp(InstalledDir(s.cfg), "look-*"+durable.Suffix)
		if err != nil {
			return api.PackageInfo{}, err
		}
		defer func() { _ = os.RemoveAll(dir) }() // the next start tries again
		p, err := s.packages.Inspect(ctx, body, dir)
		if err != nil {
			return api.PackageInfo{}, s.refusal(err)
		}
		return a.info(p), nil
	}
	p, err := s.packages.Install(ctx, body, by)
	if err != nil {
		err = s.refusal(err)
		s.log.WithError(err).Warnf("a plugin package that %s sent is refused", by)
		return api.PackageInfo{}, err
	}
	s.log.Infof("plugin %s is installed by %s, %s", p.Label(), by, signedBy(p))
	return a.info(p), nil
}

// refusal counts a package that is refused, and names the other plugin where two disagree on a field's type.
func (s *Service) refusal(err error) error {
	var refused *pack.Error
	if !errors.As(err, &refused) {
		return err
	}
	s.packagesRefused.Add(1)
	var conflict *ecs.ConflictError
	if errors.As(err, &conflict) {
		return &pack.Error{
			Place: refused.Place, Msg: s.plugins.NameOther(fmt.Errorf("%s: %w", refused.Msg, conflict)).Error(),
			Hint: "one of the two plugins has to call the field by another name", Err: err,
		}
	}
	return err
}

// Remove removes a package. One that is active goes when its plugin is disabled; then a folder of the same id in
// plugins.dirs takes its place.
func (a packagesAPI) Remove(_ context.Context, digest string) error {
	s := a.s
	s.switching.Lock()
	defer s.switching.Unlock()
	p, ok := s.packages.Get(digest)
	if !ok {
		return fmt.Errorf("%w: no package with the digest %.64q is installed", api.ErrNotFound, digest)
	}
	if r, err := s.rollouts.Status(p.ID); err == nil && r.State == rollout.Running && r.Folder == p.Dir {
		return fmt.Errorf("%w: a %s of %s is under way: `logcenter plugin upgrade %s --promote` or --abort first", api.ErrConflict, r.Mode, p.Label(), p.ID)
	}
	if active, ok := s.packages.Active(p.ID); ok && active.Digest == p.Digest {
		if err := s.plugins.Remove(p.ID); err != nil {
			return fmt.Errorf("%w: %s is active: `logcenter plugin disable %s` first: %w", api.ErrConflict, p.Label(), p.ID, err)
		}
		if err := errors.Join(s.packages.Deactivate(p.ID), s.versions.Forget(p.ID)); err != nil {
			return err
		}
	}
	if err := s.packages.Remove(p.ID, p.Digest); err != nil {
		return err
	}
	s.log.Infof("plugin %s is removed", p.Label())
	return nil
}

// info shows a package, and what it may do more and less than the plugin of its id that this host has.
func (a packagesAPI) info(p *install.Installed) api.PackageInfo {
	i := api.PackageInfo{
		ID: p.ID, Kind: p.Kind, Version: p.Version, Description: p.Description, Digest: p.Digest, Size: p.Size, Platforms: p.Platforms,
		Permissions: p.Permissions, InstalledAt: p.At, InstalledBy: p.By, Signer: signerInfo(p.Signer), Certificate: certificateInfo(p.Certificate),
	}
	if p.Refused != nil {
		i.Refused = p.Refused.Error()
	}
	is := func(other *install.Installed, ok bool) bool { return ok && other.Digest == p.Digest }
	i.Active = is(a.s.packages.Active(p.ID))
	i.Previous = is(a.s.packages.Previous(p.ID))
	if have, err := a.s.plugins.Get(p.ID); err == nil && !i.Active {
		m := have.Manifest()
		i.Compared = m.Version
		i.More, i.Fewer = plugin.ComparePermissions(plugin.Permissions(m), p.Permissions)
	}
	return i
}

func signerInfo(s *install.Signer) *api.SignerInfo {
	if s == nil {
		return nil
	}
	return &api.SignerInfo{Name: s.Name, KeyID: s.KeyID, PublicKey: s.PublicKey, Trusted: s.Trusted}
}

func certificateInfo(c *pack.Certificate) *api.CertificateInfo {
	if c == nil {
		return nil
	}
	return &api.CertificateInfo{
		TestedAt: c.TestedAt, Logcenter: c.Logcenter, Checks: len(c.Checks), Failed: c.Failed(), Lines: c.Lines, Fields: c.Fields, MsPerMB: c.MsPerMB,
		NsPerLine: c.NsPerLine, Parsed: c.Parsed,
	}
}

// origin adds to what is said of a plugin where it comes from, and who decides whether it runs.
func (s *Service) origin(i *api.PluginInfo, p *plugin.Plugin) {
	i.Origin = "folder"
	i.Folder = p.Manifest().Dir
	i.May = plugin.Permissions(p.Manifest())
	if c, ok := s.cfg.Plugins.Settings[i.ID]; ok {
		i.EnabledInConfig = c.Enabled
	}
	of, installed := p.Package()
	if !installed {
		return
	}
	i.Origin, i.Digest, i.Instead = "package", of.Digest, s.plugins.Shadowed(i.ID)
	if pk, ok := s.packages.Get(of.Digest); ok {
		i.Signer, i.Certificate, i.InstalledAt, i.InstalledBy = signerInfo(pk.Signer), certificateInfo(pk.Certificate), pk.At, pk.By
	}
}
