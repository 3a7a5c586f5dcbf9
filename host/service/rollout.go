package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// pluginSettings are the admin's words on plugins in the configuration.
func pluginSettings(c *config.Config) map[string]plugin.Settings {
	settings := map[string]plugin.Settings{}
	for id, p := range c.Plugins.Settings {
		severity, _ := manifest.ParseSeverities(p.Severity) // the configuration has been checked
		settings[id] = plugin.Settings{
			Disabled: p.Enabled != nil && !*p.Enabled, Config: p.Config, Socket: p.Transport == "socket", Grant: plugin.Grant(p.Grant),
			Limits:   sandbox.Limits{Memory: int64(p.Limits.Memory), CPUs: p.Limits.CPU, Processes: p.Limits.Processes},
			Severity: severity,
		}
	}
	return settings
}

// Reconfigure reads the configuration's file and the rules of plugins and of alerts.rules again and brings its
// classification rules, the routes and channels of alerts and its plugins' settings into effect: plugins whose settings
// changed are swapped for processes with the new config, those that were enabled or disabled are started or stopped. What a plugin
// refuses leaves that plugin as it was; the error says why. Other keys need a restart and are not looked at.
func (s *Service) Reconfigure(ctx context.Context) error {
	c, err := s.reread()
	if err != nil {
		return err
	}
	if s.setRules(c.ClassificationRules()) {
		s.log.WithField("rules", len(c.Classification)).Info("other classification rules are in effect")
	}
	next := pluginSettings(c)
	errs := []error{s.setDelivery(c), s.library.Reload(ctx)}
	for _, p := range s.plugins.All() {
		id := p.Manifest().ID
		changed, err := s.reconfigure(ctx, id, next[id], false)
		switch {
		case err != nil:
			errs = append(errs, err)
		case changed:
			s.log.WithField("plugin", id).Info("its settings are in effect")
		}
	}
	for id := range next {
		if _, err := s.plugins.Get(id); err != nil {
			errs = append(errs, fmt.Errorf("plugins.settings.%s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// reread reads the configuration's file as it is now.
func (s *Service) reread() (*config.Config, error) {
	if s.cfg.File() == "" {
		return nil, fmt.Errorf("%w: the host was started without a configuration file, so that there is nothing to read again; start it with --config", api.ErrConflict)
	}
	c, err := config.Load(s.cfg.File())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", api.ErrConflict, err)
	}
	return c, nil
}

// reconfigure gives a plugin its settings, if they are others than it has.
func (s *Service) reconfigure(ctx context.Context, id string, next plugin.Settings, check bool) (changed bool, err error) {
	s.switching.Lock()
	defer s.switching.Unlock()
	now, err := s.plugins.Settings(id)
	if err != nil {
		return false, err
	}
	if check {
		return !reflect.DeepEqual(now, next), s.plugins.CheckSettings(ctx, id, next)
	}
	if reflect.DeepEqual(now, next) {
		return false, nil
	}
	if now.Disabled != next.Disabled && next.Disabled {
		if err := s.plugins.Disable(id); err != nil {
			return false, err
		}
	}
	if err := s.rollouts.Reconfigure(ctx, id, next); err != nil {
		return false, err
	}
	if now.Disabled != next.Disabled && !next.Disabled {
		return true, s.plugins.Enable(ctx, id)
	}
	return true, nil
}

func (a pluginsAPI) Reconfigure(ctx context.Context, id string, check bool) (out api.Reconfigured, err error) {
	if _, err := a.s.plugins.Get(id); err != nil {
		return out, fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	c, err := a.s.reread()
	if err != nil {
		return out, err
	}
	if out.Changed, err = a.s.reconfigure(ctx, id, pluginSettings(c)[id], check); err != nil {
		return out, fmt.Errorf("%w: %w", api.ErrConflict, err)
	}
	out.Checked = check
	out.Plugin, err = a.Info(ctx, id)
	return out, err
}

// upgrades are what a service remembers of upgrades: folders by itself, and of packages which is active.
type upgrades struct{ s *Service }

func (r upgrades) Previous(id string) string { return r.s.versions.Previous(id) }

func (r upgrades) Put(id, folder, previous string) error {
	err := r.s.versions.Put(id, folder, previous)
	if p, ok := r.s.packages.At(folder); ok {
		return errors.Join(err, r.s.packages.Activate(id, p.Digest))
	}
	if _, ok := r.s.packages.Active(id); ok {
		err = errors.Join(err, r.s.packages.Deactivate(id))
	}
	return err
}

// upgradedFolders are the folders of upgraded plugins that are not those of packages: of these it is known which is
// active.
func (s *Service) upgradedFolders() map[string]string {
	folders := s.versions.Folders()
	maps.DeleteFunc(folders, func(_, dir string) bool { _, ok := s.packages.At(dir); return ok })
	return folders
}

func (a pluginsAPI) Upgrade(ctx context.Context, id string, to api.NewVersion, o rollout.Options) (rollout.Report, error) {
	folder, err := a.s.folderOf(ctx, id, to)
	if err != nil {
		return rollout.Report{}, err
	}
	return rolled(a.s.rollouts.Upgrade(ctx, id, folder, o))
}

// folderOf finds the folder of a version. That of a package is checked file by file.
func (s *Service) folderOf(ctx context.Context, id string, to api.NewVersion) (string, error) {
	if to.Folder != "" {
		return s.ownFolder(ctx, to.Folder)
	}
	p, ok := s.packages.Newest(id)
	if to.Digest != "" {
		if p, ok = s.packages.Get(to.Digest); ok && p.ID != id {
			return "", fmt.Errorf("%w: the package with the digest %.12s is plugin %s, not %s", api.ErrConflict, to.Digest, p.ID, id)
		}
	}
	if !ok {
		return "", fmt.Errorf("%w: no package of %s with the digest %q is installed: `logcenter plugin install FILE` does so", api.ErrConflict, id, to.Digest)
	}
	if now, err := s.plugins.Get(id); err == nil && now.Manifest().Dir == p.Dir {
		if state, _ := now.State(); state != plugin.Failed {
			return "", fmt.Errorf("%w: %s is in service already: install the package of another version first", api.ErrConflict, p.Label())
		}
	}
	return p.Dir, s.intact(ctx, p.Dir)
}

// ownFolder is a folder that an upgrade names, without symbolic links on the way to it. It lies below a folder of
// plugins.dirs, or is that of an installed package: an admin's token starts no other program than those that the
// admin of the machine put there, or that plugins.trust let in.
func (s *Service) ownFolder(ctx context.Context, folder string) (string, error) {
	there, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return "", fmt.Errorf("%w: folder: %w", api.ErrConflict, err)
	}
	for _, dir := range s.pluginDirs {
		under, err := filepath.EvalSymlinks(dir)
		if err != nil {
			continue // it is told at the start
		}
		if rel, err := filepath.Rel(under, there); err == nil && filepath.IsLocal(rel) {
			return filepath.Join(dir, rel), nil
		}
	}
	if p, ok := s.packages.At(there); ok {
		return p.Dir, s.intact(ctx, p.Dir)
	}
	return "", fmt.Errorf("%w: folder %s lies in none of the folders of plugins.dirs (%s): put it below one of them, or make a package of it, which can be installed from anywhere: `logcenter plugin package %s`",
		api.ErrConflict, folder, strings.Join(s.pluginDirs, ", "), folder)
}

// intact says why a folder may not be run from, if it is that of a package: plugins.trust does not let it in any more, or
// it is not as it was signed.
func (s *Service) intact(ctx context.Context, folder string) error {
	p, ok := s.packages.At(folder)
	if !ok {
		return nil
	}
	if err := p.Check(ctx); err != nil {
		return fmt.Errorf("%w: %w", api.ErrConflict, err)
	}
	return nil
}

// Promote checks the package first: the end of a shadow may be long ago.
func (a pluginsAPI) Promote(ctx context.Context, id string) (rollout.Report, error) {
	if r, err := a.s.rollouts.Status(id); err == nil {
		if err := a.s.intact(ctx, r.Folder); err != nil {
			return rollout.Report{}, err
		}
	}
	return rolled(a.s.rollouts.Promote(ctx, id))
}

func (a pluginsAPI) Abort(ctx context.Context, id string) (rollout.Report, error) {
	return rolled(a.s.rollouts.Abort(ctx, id))
}

// Rollback checks the package first: its key may have been taken out of the configuration since.
func (a pluginsAPI) Rollback(ctx context.Context, id string) (rollout.Report, error) {
	if err := a.s.intact(ctx, a.s.versions.Previous(id)); err != nil {
		return rollout.Report{}, err
	}
	return rolled(a.s.rollouts.Rollback(ctx, id))
}

func (a pluginsAPI) Rollout(_ context.Context, id string) (rollout.Report, error) {
	return rolled(a.s.rollouts.Status(id))
}

// rolled gives an error the API's class: what does not concern an unknown plugin is about the present state.
func rolled(r rollout.Report, err error) (rollout.Report, error) {
	var unknown *plugin.UnknownError
	switch {
	case err == nil:
		return r, nil
	case errors.As(err, &unknown):
		return r, fmt.Errorf("%w: %w", api.ErrNotFound, err)
	default:
		return r, fmt.Errorf("%w: %w", api.ErrConflict, err)
	}
}

// rolloutHealth tells of canaries that were taken back.
func rolloutHealth(all []rollout.Report) (list []api.Component) {
	for _, r := range all {
		if slices.Contains([]rollout.State{rollout.RolledBack, rollout.Failed}, r.State) {
			list = append(list, api.Component{
				Name: "upgrade of " + r.Plugin, Kind: "upgrade", Object: r.Plugin, Status: api.StatusDegraded, Partial: true,
				Reason: fmt.Sprintf("the %s of version %s has ended, version %s is in service: %s", r.Mode, r.To, r.From, r.Reason),
				Advice: "see `logcenter plugin rollout " + r.Plugin + "`; another upgrade takes this away",
			})
		}
	}
	return list
}
