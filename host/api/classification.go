package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/classification"
)

// listRules answers the rules in the order in which they are asked.
func (s *Server) listRules(c *gin.Context) error {
	rules := []classification.Counted{}
	if s.o.Rules != nil {
		rules = s.o.Rules()
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"rules": rules})
	return nil
}
