package api

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
)

const ingestPath = "/api/v1/ingest/:input"

func (s *Server) listInputs(c *gin.Context) error {
	all, err := s.o.Inputs.List(c.Request.Context())
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"inputs": list(all)})
	return nil
}

// ingest hands a request to an HTTP input. A sender's token opens its input and nothing else.
func (s *Server) ingest(c *gin.Context) error {
	name := c.Param("input")
	token := bearer(c.Request)
	if token == "" || s.o.Ingest == nil || !s.o.Ingest.Authorized(name, token) {
		who, err := s.identify(c)
		switch {
		case err != nil:
			s.metrics.refused.Inc()
			return err
		case !who.Admin:
			return errForbidden
		}
	}
	var h http.Handler
	if s.o.Ingest != nil {
		h = s.o.Ingest.Handler(name)
	}
	if h == nil {
		return fmt.Errorf("%w: no HTTP input is named %.80q; GET /api/v1/inputs lists all", ErrNotFound, name)
	}
	h.ServeHTTP(c.Writer, c.Request)
	return nil
}
