package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/explain"
	"github.com/logcenter/logcenter/host/store"
)

// Explainer tells the history of an event; *[explain.Explainer] does.
type Explainer interface {
	// Explain returns explain.ErrNotFound for an event that is not there or not in scope.
	Explain(ctx context.Context, s store.Scope, eventID string) (*explain.Explanation, error)
}

func (s *Server) explain(c *gin.Context) error {
	if s.o.Explainer == nil {
		return noRoute(c)
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	x, err := s.o.Explainer.Explain(ctx, caller(c).Scope, c.Param("id"))
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, x)
	return nil
}
