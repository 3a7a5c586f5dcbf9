// Package service is one running Logcenter: it opens the parts in the order an event meets them, runs
// them, and closes them in the reverse order. It decides nothing about events.
package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/alert/health"
	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/backup"
	"github.com/logcenter/logcenter/host/classification"
	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/drift"
	"github.com/logcenter/logcenter/host/explain"
	"github.com/logcenter/logcenter/host/filestore"
	"github.com/logcenter/logcenter/host/hold"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/upload"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/lineage"
	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/outbox"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/install"
	"github.com/logcenter/logcenter/host/redrive"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/self"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/host/tail"
	"github.com/logcenter/logcenter/host/watchlist"
)

// Service is one running Logcenter. Made by Open, driven by Run.
type Service struct {
	cfg     *config.Config
	log     *logrus.Entry
	version string

	plugins    *plugin.Registry
	packages   *install.Store
	pluginDirs []string // where the machine's admin keeps plugins
	raw        *disk.Journal
	events     *disk.Journal
	intake     *input.Intake
	metadata   *metadata.Store
	library    *rule.Library
	lists      *watchlist.Library
	health     *health.Tracker // of rules
	hold       *hold.Hold
	dead       *deadletter.List
	redriver   *redrive.Redriver
	engine     store.Store // as configured
	store      store.Store // the same behind its keeper
	policy     *retention.Policy
	keeper     *lifecycle.Keeper
	streams    *stream.Set
	lineage    *lineage.Log
	processor  *pipeline.Processor
	rollouts   *rollout.Manager
	versions   *rollout.Versions
	runner     *pipeline.Runner
	ledger     *record.Ledger
	outbox     *outbox.Outbox
	alerts     *alert.Runner
	drift      *drift.Tracker // nil: it is not enabled
	self       *self.Input    // nil: it is not enabled
	watch      watch
	inputs     []input.Input    // as configured
	files      *filestore.Store // nil: without events there are none
	uploads    *upload.Input
	handlers   map[string]http.Handler // of HTTP inputs
	tokens     map[string]string       // of their senders
	tails      tail.Hub
	api        *api.Server
	backups    backups
	listener   net.Listener
	metrics    *prometheus.Registry

	switching       sync.Mutex   // one plugin is enabled, disabled or removed at a time
	packagesRefused atomic.Int64 // packages that were sent and not let in

	mu             sync.Mutex
	rules          []classification.Rule      // of the configuration
	classifier     *classification.Classifier // of the plan
	router         *pipeline.Router
	streamsVersion uint64             // of the streams in the plan
	named          []config.ChannelAt // of alerts
	faults         map[string]string  // component → what is wrong now
	closers        []func() error
}

// TokenFile is where the admin token lies, below the data directory.
const TokenFile = "admin.token"

// Garbage is how much a host lets gather before it is collected, for gc.Tune.
const Garbage = 64 << 20

// Open opens every part and binds every port, but takes nothing in yet. On error nothing stays open. An input that
// does not open is no error: Run tries it again.
func Open(ctx context.Context, cfg *config.Config, log *logrus.Logger, version string) (s *Service, err error) {
	s = &Service{
		cfg: cfg, log: logrus.NewEntry(log), version: version, metrics: prometheus.NewRegistry(),
		handlers: map[string]http.Handler{}, tokens: map[string]string{}, faults: map[string]string{},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
			s = nil
		}
	}()
	for _, open := range [...]func(context.Context) error{
		s.openData, s.openPlugins, s.openJournals, s.openMetadata, s.openLists, s.openStore, s.openOutbox, s.openAlerts, s.openPipeline, s.openRules, s.openInputs, s.openFiles, s.openSelf, s.openAPI,
	} {
		if err := open(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *Service) onClose(f func() error) { s.closers = append(s.closers, f) }

func (s *Service) path(names ...string) string {
	return filepath.Join(append([]string{s.cfg.Path(s.cfg.DataDir)}, names...)...)
}

func (s *Service) openData(context.Context) (err error) {
	if err = os.MkdirAll(s.path(), 0o700); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	if _, err := os.Stat(s.path(backup.Marker)); err == nil {
		return fmt.Errorf("data_dir: a restore into %s did not finish: run `logcenter restore` again", s.path())
	}
	if s.policy, err = s.cfg.RetentionPolicy(); err != nil {
		return fmt.Errorf("retention.policy: %w", err)
	}
	return nil
}

func (s *Service) openJournals(context.Context) (err error) {
	logf := func(format string, args ...any) { s.log.Warnf(format, args...) }
	open := func(name string, maxBytes int64, key string, sync bool) (*disk.Journal, error) {
		j, err := disk.Open(s.path("journal", name), disk.Options{MaxBytes: maxBytes, KeyFile: s.cfg.Path(key), NoSync: !sync, Logf: logf})
		if err != nil {
			return nil, fmt.Errorf("%s journal: %w", name, err)
		}
		s.onClose(j.Close)
		return j, nil
	}
	r, e := s.cfg.Journal.Raw, s.cfg.Journal.Event
	if s.raw, err = open("raw", int64(r.MaxBytes), r.KeyFile, r.Sync); err != nil {
		return err
	}
	if s.events, err = open("event", int64(e.MaxBytes), e.KeyFile, e.Sync); err != nil {
		return err
	}
	if s.intake, err = input.NewIntake(s.raw, s.path("journal", "keys"), input.IntakeOptions{Logf: logf}); err != nil {
		return err
	}
	s.onClose(s.intake.Close)
	if err := os.RemoveAll(s.path(stagingDir)); err != nil { // of a backup that was killed
		return err
	}
	if s.hold, err = hold.Open(s.path("hold")); err != nil {
		return err
	}
	s.onClose(s.hold.Close)
	if s.dead, err = deadletter.Open(s.path("deadletters.ndjson")); err != nil {
		return err
	}
	s.dead.Holds = s.hold.Has
	s.onClose(s.dead.Close)
	s.redriver = &redrive.Redriver{Letters: s.dead, Hold: s.hold, Intake: s.intake, Ready: s.handles}
	return nil
}

func (s *Service) openAPI(context.Context) (err error) {
	token, err := api.EnsureAdminToken(s.path(TokenFile))
	if err != nil {
		return err
	}
	admin, err := api.NewAdminToken(token)
	if err != nil {
		return err
	}
	s.register()
	replicated, _ := s.engine.(store.Replicated)
	s.api, err = api.New(api.Options{
		Store: s.store, Scoper: admin, Plugins: pluginsAPI{s}, Packages: packagesAPI{s}, Streams: s.streams, Inputs: inputsAPI{s},
		Consumers: consumersAPI{s}, DeadLetters: deadLettersAPI{s}, Tail: &s.tails, Health: healthAPI{s}, Ingest: ingestAPI{s},
		Explainer: &explain.Explainer{Store: s.store, Lineage: s.lineage, Plugins: s.plugins, Rules: s.currentRules},
		Backtests: backtestsAPI{s},
		Files:     s.filesAPI(), Backups: backupsAPI{s}, Replicas: replicated, Drift: s.driftAPI(), Alerts: s.ledger, Outbox: s.outbox,
		Reasons: reasonsAPI{s}, RuleHealth: s.health, Coverage: s.coverage,
		Library: s.library, Watchlists: listsAPI{s},
		Lifecycle: s.keeper, Rules: func() []classification.Counted { return s.currentRules().Rules() }, DataDir: s.path(), ArchiveHere: s.archiveHere(), ArchiveVerified: s.archiveVerified, ArchiveCache: int64(s.cfg.Archive.CacheBytes),
		Metrics: s.metrics, OpenMetrics: s.cfg.HTTP.OpenMetrics, ExportDir: s.path("exports"), Log: s.log, Version: s.version,
		Searches: s.cfg.Limits.Searches, SearchTimeout: s.cfg.Limits.SearchTimeout,
	})
	if err != nil {
		return err
	}
	s.onClose(func() error { s.api.Close(); return nil })
	s.onClose(s.backups.stop)
	s.listener, err = net.Listen("tcp", s.cfg.HTTP.Listen)
	if err != nil {
		return listenError(s.cfg, err)
	}
	if t := s.cfg.HTTP.TLS; t != nil {
		conf, err := loadTLS(s.cfg, t)
		if err != nil {
			return errors.Join(fmt.Errorf("http.tls: %w", err), s.listener.Close())
		}
		s.listener = tls.NewListener(s.listener, conf)
	}
	s.onClose(func() error {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return nil
}

// Addr is where the API listens.
func (s *Service) Addr() net.Addr { return s.listener.Addr() }

// Inputs are the inputs, for main to say where they listen.
func (s *Service) Inputs() []input.Input { return s.inputs }

// drain is how long what was received may take on its way when the host stops.
const drain = 10 * time.Second

// Run starts the plugins and works until ctx is done; ready is called once all runs. Then it stops taking in
// first and storing last. An error is something that cannot go on.
func (s *Service) Run(ctx context.Context, ready func()) error {
	if err := s.plugins.Start(ctx); err != nil {
		s.log.WithError(err).Error("some plugins did not start")
	}
	if err := s.plugins.Sweep(s.lineage.Programs()); err != nil {
		s.log.WithError(err).Warn("programs of plugins that nobody needs any more are left")
	}
	s.replan()
	if err := s.missingChannels(); err != nil {
		s.log.WithError(err).Error("the configuration names channels of alerts that there are not")
	}
	if len(s.plugins.InService(maskerKind)) == 0 {
		s.log.Warn("no masking plugin is enabled: passwords and card numbers are stored as they come")
	}
	work, stopWork := context.WithCancelCause(context.Background())
	defer stopWork(nil)
	var wg sync.WaitGroup
	fatal := func(what string, f func(context.Context) error) {
		wg.Go(func() {
			if err := f(work); err != nil {
				s.warn(what, err)
				stopWork(fmt.Errorf("%s: %w", what, err))
			}
		})
	}
	fatal("pipeline", s.runner.Run)
	for _, f := range s.feeds() {
		fatal(f.Group, f.Run)
	}
	fatal("streams", s.followStreams)
	fatal("hold", s.expireHold)
	fatal("retention", s.keeper.Run)
	fatal("rules", s.library.Run)
	fatal("watchlists", s.lists.Run)
	fatal("alerts", s.ledger.Run)
	fatal("outbox", s.outbox.Run)
	if s.files != nil {
		fatal("files", s.collectFiles)
	}

	intake, stopIntake := context.WithCancel(ctx)
	defer stopIntake()
	context.AfterFunc(work, stopIntake)
	server := api.NewHTTPServer(s.api)
	begun := s.begin(intake, beginMost) // before anything is received, if the raw journal has room
	var inputs sync.WaitGroup
	inputs.Go(func() {
		if !begun {
			s.begin(intake, 0)
		}
		input.RunAll(intake, s.allInputs(), s.log.Errorf)
	})
	inputs.Go(func() {
		if err := server.Serve(s.listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			stopWork(fmt.Errorf("http: %w", err))
		}
	})
	ready()
	<-intake.Done()
	s.ledger.EndFollows()
	s.tails.Close() // else those who follow would keep the server
	graceful, cancel := context.WithTimeout(context.Background(), drain)
	if err := server.Shutdown(graceful); err != nil {
		_ = server.Close() // those that still run are cut
	}
	cancel()
	inputs.Wait()
	stopWork(nil)
	wg.Wait()
	if cause := context.Cause(work); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	saved, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if s.drift != nil {
		s.drift.Save()
	}
	return s.alerts.Save(saved)
}

// beginMost is how long the API waits for the raw journal to take the host's start.
const beginMost = 2 * time.Second

// begin has the raw journal tell detectors that nobody received anything until now. It waits for room for a while, 0 is
// without end; false is that there was none.
func (s *Service) begin(ctx context.Context, most time.Duration) bool {
	if most > 0 {
		bounded, cancel := context.WithTimeout(ctx, most)
		defer cancel()
		ctx = bounded
	}
	for {
		at := time.Now().UTC()
		s.log.WithField("at", at.Format(time.RFC3339Nano)).Info("takes logs in")
		_, err := s.raw.Append(ctx, pipeline.StartOf(at))
		if err == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second):
			s.warn("raw journal", err)
		}
	}
}

// feeds are the consumer groups of the event journal.
func (s *Service) feeds() []*pipeline.Feed {
	onError := func(group string) func(error) { return func(err error) { s.warn(group, err) } }
	feeds := []*pipeline.Feed{
		{Group: alertGroup, Journal: s.events, Durable: s.alerts.Durable, Handle: s.alerts.Handle, OnError: onError("alert")},
		{
			Group: "dead-letters", Journal: s.events, Decode: pipeline.DecodeDead, OnError: onError("dead letters"),
			Handle: func(_ context.Context, _ uint64, e *pipeline.Entry) error { return s.dead.Add(e.Dead) },
		},
	}
	st := pipeline.StoreFeed(s.events, s.store, onError("store"))
	st.OnEntry = func(e *pipeline.Entry) { s.tails.Publish(e.Batch) }
	return append(feeds, st)
}

// expireHold keeps the promise that unmasked records are gone after some days, whether others come or not.
func (s *Service) expireHold(ctx context.Context) error {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := s.hold.Expire(time.Now()); err != nil {
			s.warn("hold", err)
		}
	}
}

// faultFor is how long a fault is shown after it was last seen.
const faultFor = 30 * time.Second

func (s *Service) fault(component string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[component] = err.Error()
}

// warn logs a fault and shows it in the health for a while.
func (s *Service) warn(component string, err error) {
	s.log.WithError(err).WithField("component", component).Error("a part of the host has trouble; it is tried again")
	s.fault(component, err)
	time.AfterFunc(faultFor, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.faults[component] == err.Error() {
			delete(s.faults, component)
		}
	})
}

// Close closes everything in the reverse order of opening.
func (s *Service) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}
