package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/sdk/query"
)

type streamRequest struct {
	Description string `json:"description"`
	Query       string `json:"query"`
}

type streamAnswer struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Query       string    `json:"query"`
	Origin      string    `json:"origin"` // config or api
	Updated     time.Time `json:"updated,omitzero"`
}

func answerStream(s stream.Stream) streamAnswer {
	origin := "api"
	if s.FromConfig {
		origin = "config"
	}
	return streamAnswer{Name: s.Name, Description: s.Description, Query: s.Query, Origin: origin, Updated: s.Updated}
}

func (s *Server) listStreams(c *gin.Context) error {
	out := []streamAnswer{}
	for _, one := range s.o.Streams.List() {
		out = append(out, answerStream(one))
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"streams": out})
	return nil
}

func (s *Server) getStream(c *gin.Context) error {
	one, err := s.o.Streams.Get(c.Param("name"))
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, answerStream(one))
	return nil
}

func (s *Server) putStream(c *gin.Context) error {
	var r streamRequest
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	if n, err := query.Parse(r.Query); err == nil {
		if err := query.Check(n, nil); err != nil { // lists included, which a stream that is kept may miss
			return fmt.Errorf("stream %s: query: %w", c.Param("name"), err)
		}
	}
	kept, created, err := s.o.Streams.Put(stream.Stream{Name: c.Param("name"), Description: r.Description, Query: r.Query})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	s.writeJSON(c, status, answerStream(kept))
	return nil
}

func (s *Server) deleteStream(c *gin.Context) error {
	if err := s.o.Streams.Delete(c.Param("name")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
