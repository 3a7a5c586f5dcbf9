package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/deadletter"
)

const (
	maxLetters     = 1000
	defaultLetters = 100
	maxRedriveIDs  = 1000
	defaultCounts  = 100
)

// letterSelection is how a request says which letters it is about; all of them if it does not.
type letterSelection struct {
	Query    string `json:"query"`
	From     moment `json:"from"`
	To       moment `json:"to"`
	TimeZone string `json:"time_zone"`
}

func (q *letterSelection) read(p *params) {
	q.Query, q.From, q.To, q.TimeZone = p.text("query"), moment(p.text("from")), moment(p.text("to")), p.text("time_zone")
}

// filter checks the selection. The notices tell what the query's writer may have meant otherwise.
func (q *letterSelection) filter() (f deadletter.Filter, notices []string, err error) {
	zone, err := timeZone(q.TimeZone)
	if err != nil {
		return f, nil, err
	}
	now := time.Now()
	if q.From != "" {
		if f.From, err = parseMoment("from", q.From, now, zone); err != nil {
			return f, nil, err
		}
	}
	if q.To != "" {
		if f.To, err = parseMoment("to", q.To, now, zone); err != nil {
			return f, nil, err
		}
	}
	if q.From != "" && q.To != "" && !f.From.Before(f.To) {
		return f, nil, badRequest("from is inclusive and to is exclusive", "the time range from %s to %s is empty", q.From, q.To)
	}
	if q.Query != "" {
		f.Query, notices, err = deadletter.ParseQuery(q.Query, zone)
	}
	return f, notices, err
}

func (s *Server) listDeadLetters(c *gin.Context) error {
	p := urlParams(c)
	var q letterSelection
	q.read(p)
	limit, cursor := p.number("limit", defaultLetters, 1, maxLetters), p.text("cursor")
	if err := p.done(); err != nil {
		return err
	}
	f, notices, err := q.filter()
	if err != nil {
		return err
	}
	page, err := s.o.DeadLetters.List(c.Request.Context(), f, cursor, limit)
	if err != nil {
		return err
	}
	page.Letters, page.Notices = list(page.Letters), notices
	s.writeJSON(c, http.StatusOK, page)
	return nil
}

// countDeadLetters says how many letters there are of each plugin, reason and so on.
func (s *Server) countDeadLetters(c *gin.Context) error {
	p := urlParams(c)
	var q letterSelection
	q.read(p)
	names, limit := p.text("by"), p.number("limit", defaultCounts, 1, maxLetters)
	if err := p.done(); err != nil {
		return err
	}
	hint := "any of " + strings.Join(deadletter.Grouping, ", ") + ", e.g. plugin,reason"
	if names == "" {
		return badRequest(hint, "by is missing: what to count by")
	}
	by := strings.Split(names, ",")
	for i, name := range by {
		if !slices.Contains(deadletter.Grouping, name) {
			return badRequest(hint, "by: letters are not counted by %.40q", name)
		}
		if slices.Contains(by[:i], name) {
			return badRequest(hint, "by: %s is there twice", name)
		}
	}
	f, notices, err := q.filter()
	if err != nil {
		return err
	}
	counts, err := s.o.DeadLetters.Count(c.Request.Context(), f, by)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"counts": list(counts[:min(len(counts), limit)]), "total_counts": len(counts), "notices": list(notices)})
	return nil
}

func (s *Server) redrive(c *gin.Context) error {
	var r struct {
		letterSelection
		IDs    []string `json:"ids"`
		DryRun bool     `json:"dry_run"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	const hint = "give ids, or any of query, from and to; the query * is all of them"
	selects := r.Query != "" || r.From != "" || r.To != ""
	switch {
	case len(r.IDs) > maxRedriveIDs:
		return badRequest(fmt.Sprintf("%d at most; or select them otherwise", maxRedriveIDs), "there are %d ids", len(r.IDs))
	case len(r.IDs) == 0 && !selects:
		return badRequest(hint, "nothing is selected")
	case len(r.IDs) > 0 && selects:
		return badRequest(hint, "the letters are selected in two ways")
	}
	f, notices, err := r.filter()
	if err != nil {
		return err
	}
	res, err := s.o.DeadLetters.Redrive(c.Request.Context(), RedriveRequest{IDs: r.IDs, Filter: f, DryRun: r.DryRun})
	if err != nil {
		return err
	}
	res.Notices = notices
	s.writeJSON(c, http.StatusOK, res)
	return nil
}
