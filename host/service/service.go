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
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/backup"
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
	"github.com/logcenter/logcenter/host/migrate"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/install"
	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/host/redrive"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/host/tail"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/gc"
	"github.com/logcenter/logcenter/sdk/wire"
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
	alerts     *alert.Runner
	drift      *drift.Tracker   // nil: it is not enabled
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
	router         *pipeline.Router
	streamsVersion uint64            // of the streams in the plan
	faults         map[string]string // component → what is wrong now
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
		s.openData, s.openPlugins, s.openJournals, s.openStore, s.openPipeline, s.openInputs, s.openFiles, s.openAPI,
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

func (s *Service) openPlugins(ctx context.Context) (err error) {
	if err := os.MkdirAll(s.path("plugins"), 0o700); err != nil {
		return err
	}
	if s.versions, err = rollout.OpenVersions(s.path("plugins", "versions.json")); err != nil {
		return err
	}
	for _, d := range s.cfg.Plugins.Dirs {
		s.pluginDirs = append(s.pluginDirs, s.cfg.Path(d))
	}
	if len(s.pluginDirs) == 0 {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		s.pluginDirs = []string{filepath.Join(filepath.Dir(self), "plugins")}
	}
	o := plugin.Options{
		Dirs: s.pluginDirs, RunDir: s.path("plugins", "run"), Plugins: pluginSettings(s.cfg), Log: s.log,
		Sandbox: plugin.SandboxMode(s.cfg.Plugins.Sandbox), Guard: s.path(),
	}
	left := s.openPackages(ctx, &o)
	if s.packages == nil {
		return left
	}
	o.Versions = s.upgradedFolders()
	s.plugins, err = plugin.Open(o)
	if s.plugins == nil {
		return err
	}
	err = errors.Join(left, err)
	s.sandboxFaults()
	s.onClose(s.plugins.Close)
	s.tellSubstitutes()
	if err != nil && !s.hasMasker() {
		return fmt.Errorf("no masking plugin is left, so events would be stored with their secrets; mend this first: %w", err)
	}
	if err != nil { // the others run
		s.log.WithError(err).Error("some plugins are left out")
		s.fault("plugins", err)
	}
	return nil
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

// hasMasker says whether a masking plugin was found, enabled or not: disabling it is an admin's decision.
func (s *Service) hasMasker() bool {
	return slices.ContainsFunc(s.plugins.All(), func(p *plugin.Plugin) bool { return p.Manifest().Kind == maskerKind })
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

func (s *Service) openStore(context.Context) error {
	to, err := migrate.Unfinished(s.path(migrationFile))
	if err != nil {
		return err
	}
	if to == s.cfg.Store.Kind {
		return fmt.Errorf("store.kind: a migration to %s is not finished: run `logcenter migrate` again, or go back to the kind of before", to)
	}
	if s.engine, err = s.openKind(s.cfg.Store.Kind); err != nil {
		return err
	}
	return s.openLifecycle(s.engine)
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

// openKind opens the configuration's store of a kind. It is closed with the service.
func (s *Service) openKind(kind string) (store.Store, error) {
	c := s.cfg.Store
	gc.Tune(Garbage)
	if kind == "none" {
		return noStore{new(atomic.Uint64)}, nil
	}
	if kind == "elasticsearch" {
		return s.openElasticsearch()
	}
	st, err := embedded.Open(s.path("store"), embedded.Options{
		MemoryLimit: int64(c.Memory), Threads: c.Threads, FlushBytes: int64(c.FlushBytes),
		FlushInterval: c.FlushEvery, TailBytes: int64(c.TailBytes), QueryTimeout: s.cfg.Limits.SearchTimeout,
		Classify: s.policy.Classify, OldestOnline: oldestOnline(s.policy),
		Rejected: s.rejected, Failed: func(err error) { s.warn("store", err) },
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s.onClose(st.Close)
	return st, nil
}

// rejected makes a dead letter of a row that the store cannot keep, and holds what is there of its record.
func (s *Service) rejected(r store.Rejection) {
	d := deadletter.Letter{
		EventID: fmt.Sprintf("%s@%d.%d", r.Source, r.Offset, r.Row), Time: time.Now().UTC(), Stage: "store", Reason: "rejected", Message: r.Reason,
	}
	if eventID, ok := r.Event[ecs.EventID.Name()].(string); ok {
		d.EventID = eventID
	}
	if s.dead.Has(d.EventID) { // a replay, or its record is held as it came
		return
	}
	d.Input, _ = r.Event[ecs.LogcenterInput.Name()].(string)
	d.Text, _ = r.Event[ecs.Message.Name()].(string)
	d.Address, _ = r.Event[ecs.LogSourceAddress.Name()].(string)
	d.Host, _ = r.Event[ecs.HostName.Name()].(string)
	if received, ok := r.Event[ecs.EventIngested.Name()].(time.Time); ok {
		d.Time = received
	}
	if record, ok := redrive.Record(r.Event); ok {
		rs := []hold.Record{{EventID: d.EventID, Reason: "store: rejected", Batch: record}}
		if err := s.hold.Keep(rs); err != nil {
			d.Message += "; it cannot be redriven, as it could not be held: " + err.Error()
		}
		d.Held = rs[0].Time
	}
	if err := s.dead.Add([]deadletter.Letter{d}); err != nil {
		s.warn("dead letters", err)
	}
}

func (s *Service) openPipeline(context.Context) (err error) {
	var fixed []stream.Stream
	for _, c := range s.cfg.Streams {
		fixed = append(fixed, stream.Stream{Name: c.Name, Query: c.Query, Description: c.Description})
	}
	if s.streams, err = stream.Open(s.path("streams.json"), fixed); err != nil {
		return err
	}
	if s.lineage, err = lineage.Open(s.path("lineage")); err != nil {
		return fmt.Errorf("lineage: %w", err)
	}
	s.onClose(s.lineage.Close)
	s.processor = pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{}), s.hold)
	workers := s.cfg.Pipeline.Workers
	if workers == 0 {
		workers = runtime.NumCPU() + 1 // plugins work while the host does
	}
	s.runner, err = pipeline.NewRunner(s.processor, s.raw, s.events, s.intake, pipeline.RunnerOptions{
		Workers: workers, BatchBytes: int(s.cfg.Pipeline.BatchBytes), Lineage: s.lineage, OnError: func(err error) { s.warn("pipeline", err) },
	})
	if err != nil {
		return err
	}
	alerts := alert.Options{Dir: s.path("alert"), Log: s.log}
	if s.openDrift(); s.drift != nil {
		alerts.Builtin = s.drift
	}
	s.alerts, err = alert.NewRunner(s.plugins, s.events, alerts)
	s.rollouts = rollout.NewManager(s.plugins, record{s}, s.processor, s.plan, s.log)
	s.onClose(s.rollouts.Close)
	s.plugins.OnChange(s.plan)
	return err
}

func (s *Service) replan() { s.plan() }

// plan makes a plan of the plugins in service and of the streams as they are now. settled is closed when no batch goes
// by a plan of before any more.
func (s *Service) plan() (settled <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version, selectors := s.streams.Selectors()
	router, err := newRouter(selectors)
	if err != nil { // streams are checked when they are saved; a plugin's fields may have gone since
		s.log.WithError(err).Error("streams are not routed")
	}
	s.router, s.streamsVersion = router, version
	p := pipeline.Plan{
		Parsers: s.stages(parserKind), Enrichers: s.stages(enricherKind), Maskers: s.stages(maskerKind),
		Overrides: input.Parsers(s.allInputs()), Streams: router,
	}
	p.Lineage = remembered(p)
	if next, share := s.rollouts.Canary(); next != nil {
		canary := p.With(next)
		canary.Lineage = remembered(canary)
		p.Share, p.Canary = share, pipeline.NewPlan(canary)
	}
	s.watchParsers(s.plugins.InService(parserKind))
	return s.processor.SetPlan(pipeline.NewPlan(p))
}

// remembered is what of a plan the lineage keeps.
func remembered(p pipeline.Plan) *lineage.Plan {
	past := &lineage.Plan{}
	for _, s := range slices.Concat(p.Parsers, p.Enrichers, p.Maskers) {
		if s, ok := s.(interface{ Record() (lineage.Plugin, bool) }); ok {
			if rec, ok := s.Record(); ok {
				past.Plugins = append(past.Plugins, rec)
			}
		}
	}
	return past
}

// stages are the plugins of a kind that are in service, as stages of a plan.
func (s *Service) stages(k wire.Kind) (out []pipeline.Stage) {
	for _, p := range s.plugins.InService(k) {
		out = append(out, s.rollouts.Stage(p))
	}
	return out
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
		Explainer: &explain.Explainer{Store: s.store, Lineage: s.lineage, Plugins: s.plugins},
		Files:     s.filesAPI(), Backups: backupsAPI{s}, Replicas: replicated, Drift: s.driftAPI(),
		Lifecycle: s.keeper, DataDir: s.path(), ArchiveHere: s.archiveHere(), ArchiveCache: int64(s.cfg.Archive.CacheBytes),
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
	if s.files != nil {
		fatal("files", s.collectFiles)
	}

	intake, stopIntake := context.WithCancel(ctx)
	defer stopIntake()
	context.AfterFunc(work, stopIntake)
	server := api.NewHTTPServer(s.api)
	var inputs sync.WaitGroup
	inputs.Go(func() { input.RunAll(intake, s.allInputs(), s.log.Errorf) })
	inputs.Go(func() {
		if err := server.Serve(s.listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			stopWork(fmt.Errorf("http: %w", err))
		}
	})
	ready()
	<-intake.Done()
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

// feeds are the consumer groups of the event journal.
func (s *Service) feeds() []*pipeline.Feed {
	onError := func(group string) func(error) { return func(err error) { s.warn(group, err) } }
	feeds := []*pipeline.Feed{
		{Group: "alert", Journal: s.events, Durable: s.alerts.Durable, Handle: s.alerts.Handle, OnError: onError("alert")},
		{
			Group: "dead-letters", Journal: s.events, OnError: onError("dead letters"),
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

// followStreams replans when streams were changed by the API.
func (s *Service) followStreams(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		v, _ := s.streams.Selectors()
		s.mu.Lock()
		stale := v != s.streamsVersion
		s.mu.Unlock()
		if stale {
			s.replan()
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
