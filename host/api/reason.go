package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	why "github.com/logcenter/logcenter/host/rule/reason"
	"github.com/logcenter/logcenter/host/store"
)

// Reasons say why alerts were raised.
type Reasons interface {
	// Reason returns record.ErrNotFound for an alert that is not there or not in scope.
	Reason(ctx context.Context, s store.Scope, alertID string) (*why.Reason, error)
}

func (s *Server) alertReason(c *gin.Context) error {
	if s.o.Reasons == nil {
		return noRoute(c)
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	r, err := s.o.Reasons.Reason(ctx, caller(c).Scope, c.Param("id"))
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, r)
	return nil
}
