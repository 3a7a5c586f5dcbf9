package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/retention"
)

// keeper is what moves partitions on.
func (s *Server) keeper() (*lifecycle.Keeper, error) {
	if s.o.Lifecycle == nil {
		return nil, fmt.Errorf("%w: this host has no retention", ErrConflict)
	}
	return s.o.Lifecycle, nil
}

type policyAnswer struct {
	Rows []policyRow `json:"rows"`
	Gaps []string    `json:"gaps"` // where it keeps shorter than the log standard
}

type policyRow struct {
	DeviceType   string `json:"device_type"`
	LogType      string `json:"log_type"`
	Class        string `json:"class"`
	OnlineDays   int    `json:"online_days"`
	ArchiveYears int    `json:"archive_years"`
	Changed      bool   `json:"changed"` // from the log standard, or not in it
}

func (s *Server) getPolicy(c *gin.Context) error {
	if err := urlParams(c).done(); err != nil {
		return err
	}
	k, err := s.keeper()
	if err != nil {
		return err
	}
	a := policyAnswer{Rows: []policyRow{}, Gaps: []string{}}
	for _, r := range k.Policy().Rows() {
		a.Rows = append(a.Rows, policyRow{r.ObserverType, r.LogType, r.Class().Name, r.OnlineDays, r.ArchiveYears, retention.Changed(r)})
	}
	for _, g := range k.Policy().Gaps() {
		a.Gaps = append(a.Gaps, g.String())
	}
	s.writeJSON(c, http.StatusOK, a)
	return nil
}

func (s *Server) getPlan(c *gin.Context) error {
	if err := urlParams(c).done(); err != nil {
		return err
	}
	k, err := s.keeper()
	if err != nil {
		return err
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	p, err := k.Plan(ctx, s.o.DataDir, s.o.ArchiveHere)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, p)
	return nil
}

func (s *Server) getRetention(c *gin.Context) error {
	if err := urlParams(c).done(); err != nil {
		return err
	}
	k, err := s.keeper()
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, k.Status())
	return nil
}

type runRequest struct {
	Before string `json:"before"`
}

func (s *Server) runRetention(c *gin.Context) error {
	var r runRequest
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	k, err := s.keeper()
	if err != nil {
		return err
	}
	return s.follow(c, func(ctx context.Context, tell func(any)) (any, error) {
		err := k.Round(ctx, lifecycle.RoundRequest{Before: r.Before, Progress: func(st lifecycle.Status) { tell(st) }})
		return k.Status(), err
	})
}

// followEvery is how often somebody who follows a long work is told of it, at most.
const followEvery = 500 * time.Millisecond

// follow does a long work and tells the client of it, a line of JSON each: {"progress": …} now and then, and at last
// {"result": …} or {"error": …}. An error before the first line is answered as always. The work ends with the client.
func (s *Server) follow(c *gin.Context, work func(ctx context.Context, tell func(any)) (any, error)) error {
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	var (
		mu     sync.Mutex
		latest any
		result any
		err    error
	)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { // as in recovered, which only sees the goroutine of the request
			if v := recover(); v != nil {
				_ = s.panicked(v)
				err = &Error{Code: "internal", Message: "the host failed to answer", Hint: "the host's log says why", status: http.StatusInternalServerError}
			}
		}()
		result, err = work(ctx, func(v any) {
			mu.Lock()
			defer mu.Unlock()
			latest = v
		})
	}()
	t := time.NewTicker(followEvery)
	defer t.Stop()
	for {
		select {
		case <-done:
			if err == nil {
				s.writeLine(c, "result", result)
				return nil
			}
			e := asError(err)
			if e == nil { // an admin started it, and is to know why it failed
				e = &Error{Code: "failed", Message: err.Error(), status: http.StatusInternalServerError}
			}
			if !c.Writer.Written() {
				return e
			}
			s.writeLine(c, "error", e)
			return nil
		case <-t.C:
			mu.Lock()
			v := latest
			mu.Unlock()
			if v != nil && !s.writeLine(c, "progress", v) {
				cancel()
			}
		}
	}
}

// writeLine says whether the client is still there.
func (s *Server) writeLine(c *gin.Context, kind string, v any) bool {
	b, err := json.Marshal(map[string]any{kind: v})
	if err != nil {
		s.o.Log.WithError(err).WithField("route", c.FullPath()).Error("api: answer is no JSON")
		return false
	}
	if !c.Writer.Written() {
		c.Header("Content-Type", "application/x-ndjson; charset=utf-8")
		c.Status(http.StatusOK)
	}
	s.writeWithin(c, writeTimeout)
	if _, err := c.Writer.Write(append(b, '\n')); err != nil {
		return false
	}
	c.Writer.Flush()
	return true
}
