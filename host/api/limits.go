package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
)

// limited bounds the body of a request and the time it may take to arrive and be answered. Connections serve
// several requests, so every request sets its own deadlines.
func limited(c *gin.Context) {
	rc := http.NewResponseController(c.Writer)
	if c.FullPath() == ingestPath { // inputs have bounds of their own, but for a sender who never gets done
		_ = rc.SetReadDeadline(time.Now().Add(ingestTimeout)) // not supported: a test without a connection, here and below
		_ = rc.SetWriteDeadline(time.Now().Add(ingestTimeout + writeTimeout))
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
	if c.FullPath() == filesPath || c.FullPath() == packagesPath || c.FullPath() == watchlistPath && c.Request.Method == http.MethodPut { // bounded by its handler, piece by piece
		_ = rc.SetReadDeadline(time.Now().Add(pieceTimeout))
		_ = rc.SetWriteDeadline(time.Now().Add(pieceTimeout + writeTimeout))
		return
	}
	limit := int64(maxBody)
	if c.FullPath() == rulesPath && c.Request.Method == http.MethodPut || c.FullPath() == backtestPath {
		limit = maxRulesBody
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit)
	_ = rc.SetWriteDeadline(time.Now().Add(readTimeout + writeTimeout))
	if c.Request.ContentLength != 0 {
		_ = rc.SetReadDeadline(time.Now().Add(readTimeout))
	}
}

// bodyRead lifts the deadline of reading: net/http takes a late one for a client that is gone.
func bodyRead(c *gin.Context) {
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Time{})
}

// metrics are the API's own.
type metrics struct {
	requests *prometheus.HistogramVec
	searches prometheus.Gauge
	tails    prometheus.Gauge
	dropped  prometheus.Counter
	exported prometheus.Counter
	refused  prometheus.Counter
	panics   prometheus.Counter
}

func newMetrics(r *prometheus.Registry) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "logcenter_api_request_seconds", Help: "Time until a request was answered, by route, method and status.",
			Buckets: []float64{.001, .005, .02, .1, .5, 1, 2, 5, 10, 60},
		}, []string{"route", "method", "status"}),
		searches: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "logcenter_api_searches", Help: "Searches, aggregations and exports that run now.",
		}),
		tails: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "logcenter_api_tails", Help: "Clients that follow new events now.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "logcenter_api_tail_dropped_total", Help: "Events that slow followers missed.",
		}),
		exported: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "logcenter_api_exported_bytes_total", Help: "Bytes of exports handed out.",
		}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "logcenter_api_refused_total", Help: "Requests without a valid token.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "logcenter_api_panics_total", Help: "Requests that failed by a fault of the host.",
		}),
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.requests, m.searches, m.tails, m.dropped, m.exported, m.refused, m.panics} {
		errs = append(errs, r.Register(c))
	}
	return m, errors.Join(errs...)
}

// observe counts requests, and logs them at level debug.
func (s *Server) observe(c *gin.Context) {
	start := time.Now()
	defer func() {
		took := time.Since(start)
		route := c.FullPath()
		if route == "" {
			route = "none"
		}
		method := c.Request.Method
		switch method {
		case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete:
		default:
			method = "other" // clients must not invent labels
		}
		s.metrics.requests.WithLabelValues(route, method, strconv.Itoa(c.Writer.Status())).Observe(took.Seconds())
		s.o.Log.WithFields(logrus.Fields{"route": route, "method": method, "status": c.Writer.Status(), "took": took}).Debug("api: request")
	}()
	c.Next()
}
