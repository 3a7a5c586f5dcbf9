package api

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/drift"
)

const (
	maxDriftKeys     = 10000
	defaultDriftKeys = 1000
)

// watched is what knows of drifts, if this host watches for them.
func (s *Server) watched() (Drift, error) {
	if s.o.Drift == nil {
		return nil, fmt.Errorf("%w: this host does not watch for drifts; drift.enabled in its configuration does", ErrConflict)
	}
	return s.o.Drift, nil
}

func (s *Server) listDrift(c *gin.Context) error {
	p := urlParams(c)
	f := drift.Filter{Device: p.text("device"), Plugin: p.text("plugin"), Kind: p.text("kind")}
	limit := p.number("limit", defaultDriftKeys, 1, maxDriftKeys)
	if err := p.done(); err != nil {
		return err
	}
	d, err := s.watched()
	if err != nil {
		return err
	}
	keys := d.Keys(f)
	total := len(keys)
	s.writeJSON(c, http.StatusOK, map[string]any{"drifts": list(d.Drifts(f)), "keys": list(keys[:min(total, limit)]), "total_keys": total})
	return nil
}

func (s *Server) acceptDrift(c *gin.Context) error {
	d, err := s.watched()
	if err != nil {
		return err
	}
	if err := d.Accept(c.Param("id")); err != nil {
		return err
	}
	for _, one := range d.Drifts(drift.Filter{}) {
		if one.ID == c.Param("id") {
			s.writeJSON(c, http.StatusOK, one)
			return nil
		}
	}
	return ErrNotFound
}
