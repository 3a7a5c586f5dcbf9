package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

const (
	maxLetters     = 1000
	defaultLetters = 100
)

func (s *Server) listDeadLetters(c *gin.Context) error {
	p := urlParams(c)
	f := DeadLetterFilter{
		Plugin: p.text("plugin"), Reason: p.text("reason"), Text: p.text("text"),
		Limit: p.number("limit", defaultLetters, 1, maxLetters), Cursor: p.text("cursor"),
	}
	if err := p.done(); err != nil {
		return err
	}
	page, err := s.o.DeadLetters.List(c.Request.Context(), f)
	if err != nil {
		return err
	}
	page.Letters = list(page.Letters)
	s.writeJSON(c, http.StatusOK, page)
	return nil
}
