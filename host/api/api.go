// Package api is the REST API: HTTP in, calls to the other parts of the host, JSON out. It decides nothing
// by itself but who may ask, how much at once, and how answers look.
//
// Each resource has a file with its handlers and the JSON they speak; openapi.yaml describes all of them
// and a test holds both together. What the API asks of the other parts is in deps.go.
package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/alert/health"
	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/classification"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/outbox"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/coverage"
	"github.com/logcenter/logcenter/host/store"
)

// Limits on requests. Sizes are bytes.
const (
	maxBody          = 1 << 20       // a JSON request
	maxRulesBody     = rule.MaxGiven // one with many rules: detectors are not given more
	readTimeout      = 30 * time.Second
	writeTimeout     = 30 * time.Second // of one piece of an answer
	ingestTimeout    = 10 * time.Minute // for a request to an input, until it is answered
	headerTimeout    = 10 * time.Second
	idleTimeout      = 2 * time.Minute
	slotWait         = 2 * time.Second // for one of the searches or exports that may run at once
	defaultSearches  = 8
	defaultSearchFor = time.Minute
)

// Options are the parts that the API speaks for. All are required but those that say otherwise.
type Options struct {
	Store       store.Store
	Scoper      Scoper
	Plugins     Plugins
	Streams     Streams
	Inputs      Inputs
	Consumers   Consumers
	DeadLetters DeadLetters
	Tail        Tail
	Health      Health
	Ingest      Ingest           // nil: there are no HTTP inputs
	Files       Files            // nil: this host keeps no files
	Packages    Packages         // nil: plugins cannot be installed
	Backups     Backups          // nil: this host cannot be backed up
	Replicas    store.Replicated // nil: the store keeps no copies
	Drift       Drift            // nil: nobody watches whether devices change their lines
	Explainer   Explainer        // nil: this host cannot explain events
	Backtests   Backtests        // nil: rules cannot be run over stored events
	Alerts      *record.Ledger   // nil: this host keeps no alerts
	Outbox      *outbox.Outbox   // nil: this host tells nobody of alerts

	Library    Rules // nil: there is no library of rules
	Watchlists Watchlists

	Reasons    Reasons                         // nil: this host cannot say why alerts were raised
	RuleHealth *health.Tracker                 // nil: nobody keeps how rules fare
	Coverage   func() coverage.Input           // what rules can see, rules and live events left out; nil: that is not known
	Rules      func() []classification.Counted // of classification; nil: there are none

	Lifecycle   *lifecycle.Keeper // nil: nothing is said of retention and archive
	DataDir     string            // whose disk a retention plan is about
	ArchiveHere bool              // the archive fills the same disk
	// ArchiveVerified is told how each verification of the archive ended; nil: nobody wants to know.
	ArchiveVerified func(error)
	ArchiveCache    int64 // bytes that a search of the archive may bring here

	Metrics     *prometheus.Registry // served at /metrics; the API adds its own
	OpenMetrics bool                 // /metrics needs no token
	ExportDir   string               // where exports are remembered; created if missing
	Log         *logrus.Entry
	Version     string // of the host

	Searches      int           // searches, aggregations and online exports at once; 0 means 8
	SearchTimeout time.Duration // of one; 0 means a minute
}

// Server answers the API's requests. It is an http.Handler, safe for concurrent use.
type Server struct {
	o       Options
	engine  *gin.Engine
	exports *exports
	metrics *metrics
	slots   chan struct{} // one for each running search
	archive chan struct{} // one for each running search of the archive

	imports   chan struct{} // one for each list that is imported
	installs  chan struct{} // one for each package that is unpacked
	backtests chan struct{} // one for each that runs
	files     transfers
	tails     atomic.Int64 // clients that follow
}

// New checks the options and readies all routes.
func New(o Options) (*Server, error) {
	for name, missing := range map[string]bool{
		"Store": o.Store == nil, "Scoper": o.Scoper == nil, "Plugins": o.Plugins == nil, "Streams": o.Streams == nil,
		"Inputs": o.Inputs == nil, "Consumers": o.Consumers == nil, "DeadLetters": o.DeadLetters == nil,
		"Tail": o.Tail == nil, "Health": o.Health == nil, "Metrics": o.Metrics == nil, "Log": o.Log == nil,
		"ExportDir": o.ExportDir == "",
	} {
		if missing {
			return nil, fmt.Errorf("api: Options.%s is not set", name)
		}
	}
	if o.Searches == 0 {
		o.Searches = defaultSearches
	}
	if o.SearchTimeout == 0 {
		o.SearchTimeout = defaultSearchFor
	}
	if o.Backups == nil {
		o.Backups = noBackups{}
	}
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	ex, err := openExports(o.ExportDir, o.Store, o.Log)
	if err != nil {
		return nil, fmt.Errorf("api: exports: %w", err)
	}
	gin.SetMode(gin.ReleaseMode)
	s := &Server{
		o: o, engine: gin.New(), exports: ex, metrics: m, files: newTransfers(),
		slots: make(chan struct{}, o.Searches), archive: make(chan struct{}, archiveSearches), installs: make(chan struct{}, maxInstalls), imports: make(chan struct{}, maxImports),
		backtests: make(chan struct{}, 1),
	}
	if err := s.routes(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Close ends the exports that are being read. Requests that still run fail.
func (s *Server) Close() { s.exports.close() }

// routes registers every path. What is not below /api/v1 is for machines that watch the host.
func (s *Server) routes() error {
	e := s.engine
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	if err := e.SetTrustedProxies(nil); err != nil {
		return err
	}
	e.Use(s.observe, s.recovered, limited)
	e.NoRoute(s.handle(noRoute))
	e.NoMethod(s.handle(noMethod))

	e.GET("/healthz", s.handle(s.healthz))
	e.GET("/readyz", s.handle(s.readyz))
	if s.o.OpenMetrics {
		e.GET("/metrics", s.serveMetrics())
	} else {
		e.GET("/metrics", s.authenticated, s.admins, s.serveMetrics())
	}

	// The path of an event begins here, and its senders have tokens of their own.
	e.POST("/api/v1/ingest/:input", s.handle(s.ingest))
	e.POST(filesPath, s.handle(s.putFile))

	v1 := e.Group("/api/v1", s.authenticated)
	v1.GET("/openapi.json", s.handle(s.openAPI))
	v1.GET("/search", s.handle(s.getSearch))
	v1.POST("/search", s.handle(s.postSearch))
	v1.POST("/aggregate", s.handle(s.aggregate))
	v1.GET("/events/:id/explain", s.handle(s.explain))
	v1.GET("/fields", s.handle(s.fields))
	v1.GET("/fields/:name/values", s.handle(s.fieldValues))
	v1.GET("/query/validate", s.handle(s.validate))
	v1.GET("/tail", s.handle(s.tail))
	v1.POST("/backtest", s.handle(s.backtest))
	v1.GET("/alerts/:id/explain", s.handle(s.alertReason))
	v1.GET("/rule-health", s.handle(s.ruleHealth))
	v1.GET("/rule-coverage", s.handle(s.ruleCoverage))
	v1.GET("/export", s.handle(s.exportOnline))
	v1.GET("/exports", s.handle(s.listExports))
	v1.POST("/exports", s.handle(s.createExport))
	v1.GET("/exports/:id", s.handle(s.getExport))
	v1.DELETE("/exports/:id", s.handle(s.deleteExport))
	v1.GET("/exports/:id/data", s.handle(s.exportData))
	v1.GET("/files/:sha256", s.handle(s.getFile))
	v1.GET("/alerts", s.handle(s.listAlerts))
	v1.POST("/alerts/actions", s.handle(s.actOnAlerts))
	v1.GET("/alerts/changes", s.handle(s.followAlerts))
	v1.GET("/alerts/rates", s.handle(s.alertRates))
	v1.GET("/alerts/missed", s.handle(s.listMissed))
	v1.POST("/alerts/missed", s.handle(s.addMissed))
	v1.DELETE("/alerts/missed/:id", s.handle(s.deleteMissed))
	v1.GET("/alerts/:id", s.handle(s.getAlert))
	v1.GET("/cases", s.handle(s.listCases))
	v1.POST("/cases", s.handle(s.createCase))
	v1.GET("/cases/:id", s.handle(s.getCase))
	v1.POST("/cases/:id/actions", s.handle(s.actOnCase))
	v1.GET("/streams", s.handle(s.listStreams))
	v1.GET("/streams/:name", s.handle(s.getStream))
	v1.GET("/watchlists", s.handle(s.listWatchlists))
	v1.GET("/watchlists/:name", s.handle(s.getWatchlist))
	v1.GET("/rules", s.handle(s.listAlertRules))
	v1.GET("/rules/:id", s.handle(s.getAlertRule))
	v1.GET("/rules/:id/history", s.handle(s.ruleHistory))
	v1.GET("/rules/:id/diff", s.handle(s.ruleDiff))

	a := v1.Group("", s.admins)
	a.GET("/classification", s.handle(s.listRules))
	a.PUT("/streams/:name", s.handle(s.putStream))
	a.DELETE("/streams/:name", s.handle(s.deleteStream))
	a.PUT("/rules", s.handle(s.putAlertRules))
	a.PUT("/watchlists/:name", s.handle(s.importWatchlist))
	a.DELETE("/watchlists/:name", s.handle(s.deleteWatchlist))
	a.GET("/watchlists/:name/entries", s.handle(s.watchlistEntries))
	a.POST("/watchlists/:name/entries", s.handle(s.addWatchlistEntries))
	a.POST("/watchlists/:name/entries/remove", s.handle(s.removeWatchlistEntries))
	a.GET("/watchlist-lookup", s.handle(s.lookUpWatchlists))
	a.PUT("/rules/:id", s.handle(s.putAlertRule))
	a.DELETE("/rules/:id", s.handle(s.deleteAlertRule))
	a.POST("/rules/:id/enable", s.handle(s.switchAlertRule(rule.Enable)))
	a.POST("/rules/:id/silence", s.handle(s.switchAlertRule(rule.Silence)))
	a.POST("/rules/:id/disable", s.handle(s.switchAlertRule(rule.Disable)))
	a.POST("/rules/:id/rollback", s.handle(s.rollbackAlertRule))
	a.GET("/plugins", s.handle(s.listPlugins))
	a.GET("/plugins/:id", s.handle(s.getPlugin))
	a.POST("/plugins/:id/enable", s.handle(s.enablePlugin))
	a.POST("/plugins/:id/disable", s.handle(s.disablePlugin))
	a.POST("/plugins/:id/reconfigure", s.handle(s.reconfigurePlugin))
	a.POST("/plugins/:id/upgrade", s.handle(s.upgradePlugin))
	a.POST("/plugins/:id/rollback", s.handle(s.rollbackPlugin))
	a.GET("/plugins/:id/rollout", s.handle(s.getRollout))
	a.POST("/plugins/:id/rollout/promote", s.handle(s.promotePlugin))
	a.POST("/plugins/:id/rollout/abort", s.handle(s.abortRollout))
	a.POST("/plugins/packages", s.handle(s.installPackage))
	a.GET("/plugins/packages", s.handle(s.listPackages))
	a.GET("/plugins/packages/:digest", s.handle(s.getPackage))
	a.DELETE("/plugins/packages/:digest", s.handle(s.deletePackage))
	a.GET("/inputs", s.handle(s.listInputs))
	a.GET("/consumers", s.handle(s.listConsumers))
	a.GET("/dead-letters", s.handle(s.listDeadLetters))
	a.GET("/dead-letters/counts", s.handle(s.countDeadLetters))
	a.POST("/dead-letters/redrive", s.handle(s.redrive))
	a.GET("/drift", s.handle(s.listDrift))
	a.POST("/drift/:id/accept", s.handle(s.acceptDrift))
	a.GET("/channels", s.handle(s.listChannels))
	a.POST("/channels/test", s.handle(s.testChannel))
	a.POST("/routes/test", s.handle(s.testRoute))
	a.GET("/outbox", s.handle(s.listDeliveries))
	a.GET("/outbox/:id", s.handle(s.getDelivery))
	a.POST("/outbox/redrive", s.handle(s.redriveDeliveries))
	a.POST("/outbox/drop", s.handle(s.dropDeliveries))
	a.GET("/health", s.handle(s.health))
	a.POST("/backup", s.handle(s.startBackup))
	a.GET("/backup", s.handle(s.getBackup))
	a.DELETE("/backup", s.handle(s.cancelBackup))
	a.GET("/retention/policy", s.handle(s.getPolicy))
	a.GET("/retention/plan", s.handle(s.getPlan))
	a.GET("/retention/status", s.handle(s.getRetention))
	a.POST("/retention/run", s.handle(s.runRetention))
	a.GET("/archive", s.handle(s.listArchive))
	a.POST("/archive/verify", s.handle(s.verifyArchive))
	a.POST("/archive/search", s.handle(s.searchArchive))
	a.POST("/archive/restore", s.handle(s.restoreArchive))
	a.GET("/archive/partitions/:name", s.handle(s.getArchived))
	a.DELETE("/archive/partitions/:name", s.handle(s.deleteArchived))
	a.POST("/archive/partitions/:name/hold", s.handle(s.holdArchived))
	a.POST("/archive/partitions/:name/release", s.handle(s.releaseArchived))
	a.GET("/store/replicas", s.handle(s.getReplicas))
	a.PUT("/store/replicas", s.handle(s.putReplicas))
	return nil
}

// NewHTTPServer returns a server for h with the time limits that keep slow clients from holding it.
// Where it listens is the caller's decision.
func NewHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
	}
}

// handle makes a gin handler of one that returns its error.
func (s *Server) handle(f func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := f(c); err != nil {
			s.fail(c, err)
		}
	}
}

// search waits for one of the slots for expensive requests and bounds its time. The caller calls done.
func (s *Server) search(c *gin.Context) (ctx context.Context, done func(), err error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.o.SearchTimeout)
	release, err := take(ctx, s.slots, "searches")
	if err != nil {
		cancel()
		return nil, nil, err
	}
	s.metrics.searches.Inc()
	// The answer may begin as late as the search's end.
	s.writeWithin(c, s.o.SearchTimeout+writeTimeout)
	return ctx, func() { release(); s.metrics.searches.Dec(); cancel() }, nil
}

// take waits a little for one of the slots of what.
func take(ctx context.Context, slots chan struct{}, what string) (release func(), err error) {
	wait := time.NewTimer(slotWait)
	defer wait.Stop()
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-wait.C:
		return nil, fmt.Errorf("%w: %d %s are running already", ErrBusy, cap(slots), what)
	}
}

// writeWithin moves the deadline of what is written to the client.
func (s *Server) writeWithin(c *gin.Context, d time.Duration) {
	err := http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(d))
	if err != nil && !errors.Is(err, http.ErrNotSupported) { // as in tests without a connection
		s.o.Log.WithError(err).Debug("api: set write deadline")
	}
}
