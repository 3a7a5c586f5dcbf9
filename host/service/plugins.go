package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/host/rollout"
)

func (s *Service) openPlugins(context.Context) (err error) {
	if err := os.MkdirAll(s.path("plugins"), 0o700); err != nil {
		return err
	}
	if s.versions, err = rollout.OpenVersions(s.path("plugins", "versions.json")); err != nil {
		return err
	}
	o, err := PluginOptions(s.cfg, s.path("plugins", "run"), s.log)
	if err != nil {
		return err
	}
	s.pluginDirs, o.Guard, o.RulesRefused = o.Dirs, s.path(), s.leaveOut
	if o.Lists, err = s.listsDir(); err != nil {
		return err
	}
	if err := s.openPackages(&o); err != nil {
		return err
	}
	o.Versions = s.upgradedFolders()
	s.plugins, err = plugin.Open(o)
	if s.plugins == nil {
		return err
	}
	s.sandboxFaults()
	s.onClose(s.plugins.Close)
	s.tellSubstitutes()
	if err != nil && !s.hasMasker() {
		return fmt.Errorf("no masking plugin is left, so events would be stored with their secrets; mend this first: %w", err)
	}
	if errors.Is(err, plugin.ErrMaskerLeftOut) {
		return fmt.Errorf("events would be stored with what a masking plugin hides; mend this first: %w", err)
	}
	if err != nil { // the others run
		s.log.WithError(err).Error("some plugins are left out")
		s.fault("plugins", err)
	}
	return nil
}

// PluginOptions are what a configuration says of plugins in folders; runDir is for private copies of their programs.
func PluginOptions(cfg *config.Config, runDir string, log *logrus.Entry) (plugin.Options, error) {
	o := plugin.Options{RunDir: runDir, Plugins: pluginSettings(cfg), Log: log, Sandbox: plugin.SandboxMode(cfg.Plugins.Sandbox)}
	for _, d := range cfg.Plugins.Dirs {
		o.Dirs = append(o.Dirs, cfg.Path(d))
	}
	if len(o.Dirs) == 0 {
		self, err := os.Executable()
		if err != nil {
			return o, err
		}
		o.Dirs = []string{filepath.Join(filepath.Dir(self), "plugins")}
	}
	return o, nil
}

// sandboxFaults says in the log, and in the health, when plugins are less confined than they could be.
func (s *Service) sandboxFaults() {
	switch lacks := sandbox.Probe().Lacks(); {
	case s.cfg.Plugins.Sandbox == string(plugin.SandboxOff):
		s.fault("sandbox", errors.New("plugins.sandbox is off: plugins can read and do all that the host can"))
	case len(lacks) > 0:
		s.fault("sandbox", fmt.Errorf("plugins are confined in part only, as this kernel lacks %s; `logcenter plugin sandbox` says what is enforced", strings.Join(lacks, " and ")))
	default:
		return
	}
	s.log.Warn(s.faults["sandbox"])
}

// lastMasker says whether a plugin is the one masker that is enabled. While it is, events wait for it if it is broken.
func (s *Service) lastMasker(id string) bool {
	last := false
	for _, p := range s.plugins.All() {
		if state, _ := p.State(); p.Manifest().Kind != maskerKind || state == plugin.Disabled {
			continue
		}
		if p.Manifest().ID != id {
			return false
		}
		last = true
	}
	return last
}

// hasMasker says whether a masking plugin was found, enabled or not: disabling it is an admin's decision.
func (s *Service) hasMasker() bool {
	return slices.ContainsFunc(s.plugins.All(), func(p *plugin.Plugin) bool { return p.Manifest().Kind == maskerKind })
}

// handles says why a plugin lets events pass it by that it is meant to handle. One that is disabled or gone is so by an
// admin's will.
func (s *Service) handles(id string) error {
	p, err := s.plugins.Get(id)
	if err != nil {
		return nil //nolint:nilerr // gone
	}
	switch state, reason := p.State(); state {
	case plugin.Quarantined, plugin.Failed:
		return fmt.Errorf("plugin %s is %s: %s", id, state, reason)
	default:
		return nil
	}
}
