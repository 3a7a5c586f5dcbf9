package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// healthz says that the process answers.
func (s *Server) healthz(c *gin.Context) error {
	s.writeJSON(c, http.StatusOK, map[string]string{"status": StatusOK})
	return nil
}

// readyz says whether the host can do its work, or most of it. It names no reasons, because it asks for no token.
func (s *Server) readyz(c *gin.Context) error {
	all, err := s.o.Health.Components(c.Request.Context())
	if err != nil {
		return err
	}
	status := http.StatusOK
	if worst(all) == StatusFailed {
		status = http.StatusServiceUnavailable
	}
	s.writeJSON(c, status, map[string]string{"status": worst(all)})
	return nil
}

func (s *Server) health(c *gin.Context) error {
	all, err := s.o.Health.Components(c.Request.Context())
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"status": worst(all), "version": s.o.Version, "store": s.o.Store.Stats().Kind, "components": list(all)})
	return nil
}

// worst is the status of the whole host.
func worst(all []Component) string {
	status := StatusOK
	for _, c := range all {
		switch {
		case c.Status == StatusFailed && !c.Partial:
			return StatusFailed
		case c.Status != StatusOK:
			status = StatusDegraded
		}
	}
	return status
}

// serveMetrics is for Prometheus.
func (s *Server) serveMetrics() gin.HandlerFunc {
	h := promhttp.InstrumentMetricHandler(s.o.Metrics, promhttp.HandlerFor(s.o.Metrics, promhttp.HandlerOpts{
		ErrorLog: s.o.Log, MaxRequestsInFlight: 4, EnableOpenMetrics: true,
	}))
	return gin.WrapH(h)
}
