package service

import (
	"context"
	"os"
	"time"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/drift"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/self"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// selfFile is what is open about the host itself, below the data directory.
const selfFile = "self.json"

// openSelf makes the input by which the host tells of itself.
func (s *Service) openSelf(context.Context) (err error) {
	c := s.cfg.Self
	if !c.Enabled {
		return nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "logcenter"
	}
	look := looker{s: s, plugins: map[string]pluginSeen{}}
	s.self, err = self.New(self.Options{
		Look: look.report, Path: s.path(selfFile), Host: host, Version: s.version, Every: c.CheckEvery, After: c.After, Over: c.Over, Log: s.log,
	}, input.Env{Intake: s.intake, Logf: s.log.Warnf})
	return err
}

// looker shows the host to the input. For one goroutine.
type looker struct {
	s       *Service
	plugins map[string]pluginSeen
}

// pluginSeen is a plugin as it was when it was looked at last.
type pluginSeen struct {
	version string
	crashes int64     // that were told
	told    time.Time // when
}

// crashesEvery is how often at most it is told that a plugin crashes: those in between are told together.
const crashesEvery = time.Minute

func (l *looker) report(ctx context.Context, now time.Time) (r self.Report) {
	l.s.observe(now)
	r.Moments = l.moments(now)
	list, err := healthAPI{l.s}.Components(ctx)
	if err != nil {
		return r
	}
	for i := range list {
		if list[i].Kind != driftPart { // each one by itself, below
			r.Parts = append(r.Parts, part(&list[i]))
		}
	}
	if l.s.drift == nil {
		return r
	}
	for _, d := range l.s.drift.Drifts(drift.Filter{}) {
		if d.State == drift.StateOpen {
			r.Parts = append(r.Parts, self.Part{
				Kind: driftPart, Name: d.Device, ID: d.ID, Status: self.Degraded, State: d.State, Reason: d.Title(),
				Advice: "see the lines and what to do: `logcenter drift show " + d.ID + "`", Sudden: true,
			})
		}
	}
	return r
}

const driftPart = "drift"

// observe has the watch note what is not to be seen at one moment.
func (s *Service) observe(now time.Time) {
	w, c := &s.watch, s.cfg.Self
	raw, events := s.raw.Stats(), s.events.Stats()
	var read []certificate
	stale := now.Sub(w.certsRead) >= certsEvery
	if stale {
		read = readCertificates(s.certificateFiles())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.observeJournals(now, c.JournalFull, raw, events)
	w.observeLetters(now, int64(c.DeadLetters), uint64(s.processor.DeadLetters.Load()))
	if stale {
		w.certificates, w.certsRead = read, now
	}
}

// part is a component of the health as a part that is told of.
func part(c *api.Component) self.Part {
	p := self.Part{Kind: c.Kind, Name: c.Object, Status: c.Status, State: c.State, Level: c.Level, Reason: c.Reason, Advice: c.Advice}
	switch {
	case c.Kind == "plugin":
		p.Sudden = c.State != string(plugin.Starting)
		if p.Level == "" && (c.State == string(plugin.Quarantined) || c.State == string(plugin.Failed)) {
			p.Level = ecs.Error
		}
	case c.Kind == "certificate", c.Kind == "backup", c.Kind == "archive":
		p.Sudden = true
	}
	if p.Level == "" && c.Status == api.StatusFailed && c.Partial {
		p.Level = ecs.Error
	}
	return p
}

// moments are what happened to plugins since the last look.
func (l *looker) moments(now time.Time) (list []self.Moment) {
	for _, p := range l.s.plugins.All() {
		m, crashes := p.Manifest(), p.Crashes.Load()
		was, known := l.plugins[m.ID]
		is := pluginSeen{m.Version, min(was.crashes, crashes), was.told} // a plugin that was swapped counts anew
		if n := crashes - is.crashes; n > 0 && now.Sub(was.told) >= crashesEvery {
			list = append(list, self.Moment{
				Kind: "plugin", Name: m.ID, Action: "plugin-crashed", Level: ecs.Warn, Reason: p.LastFailure().Reason, Count: int(n),
				Advice: "it is started again by itself; `logcenter plugin info " + m.ID + "`",
			})
			is.crashes, is.told = crashes, now
		}
		if known && was.version != is.version {
			list = append(list, self.Moment{
				Kind: "plugin", Name: m.ID, Action: "plugin-swapped", Level: ecs.Informational, Reason: "version " + is.version + " is in service in place of " + was.version,
			})
		}
		l.plugins[m.ID] = is
	}
	return list
}
