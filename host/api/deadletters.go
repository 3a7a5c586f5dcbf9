package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	maxLetters     = 1000
	defaultLetters = 100
	maxRedriveIDs  = 1000
)

func (s *Server) listDeadLetters(c *gin.Context) error {
	p := urlParams(c)
	f := DeadLetterFilter{
		Stage: p.text("stage"), Plugin: p.text("plugin"), Reason: p.text("reason"), Text: p.text("text"),
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

func (s *Server) redrive(c *gin.Context) error {
	var r struct {
		IDs      []string `json:"ids"`
		Stage    string   `json:"stage"`
		Plugin   string   `json:"plugin"`
		Reason   string   `json:"reason"`
		From     moment   `json:"from"`
		To       moment   `json:"to"`
		TimeZone string   `json:"time_zone"`
		All      bool     `json:"all"`
		DryRun   bool     `json:"dry_run"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	const hint = "give ids, or any of stage, plugin, reason, from and to, or all: true"
	selects := r.Stage != "" || r.Plugin != "" || r.Reason != "" || r.From != "" || r.To != ""
	switch {
	case len(r.IDs) > maxRedriveIDs:
		return badRequest(fmt.Sprintf("%d at most; or select them otherwise", maxRedriveIDs), "there are %d ids", len(r.IDs))
	case len(r.IDs) == 0 && !selects && !r.All:
		return badRequest(hint, "nothing is selected")
	case len(r.IDs) > 0 && (selects || r.All) || selects && r.All:
		return badRequest(hint, "the letters are selected in two ways")
	}
	q := RedriveRequest{IDs: r.IDs, Stage: r.Stage, Plugin: r.Plugin, Reason: r.Reason, DryRun: r.DryRun}
	zone, err := timeZone(r.TimeZone)
	if err != nil {
		return err
	}
	now := time.Now()
	if r.From != "" {
		if q.From, err = parseMoment("from", r.From, now, zone); err != nil {
			return err
		}
	}
	if r.To != "" {
		if q.To, err = parseMoment("to", r.To, now, zone); err != nil {
			return err
		}
	}
	if r.From != "" && r.To != "" && !q.From.Before(q.To) {
		return badRequest("from is inclusive and to is exclusive", "the time range from %s to %s is empty", r.From, r.To)
	}
	res, err := s.o.DeadLetters.Redrive(c.Request.Context(), q)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, res)
	return nil
}
