package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/journal"
)

type journalAnswer struct {
	Name      string        `json:"name"`
	Partition int           `json:"partition"`
	ID        string        `json:"id"`
	First     uint64        `json:"first"`
	Last      uint64        `json:"last"`
	Bytes     int64         `json:"bytes"`
	MaxBytes  int64         `json:"max_bytes"`
	Full      bool          `json:"full"`
	Error     string        `json:"error,omitempty"`
	Groups    []groupAnswer `json:"groups"`
}

type groupAnswer struct {
	Name      string    `json:"name"`
	Committed uint64    `json:"committed"`
	Lag       uint64    `json:"lag"`
	LagBytes  int64     `json:"lag_bytes"`
	Required  bool      `json:"required"`
	Detached  bool      `json:"detached"`
	LastRead  time.Time `json:"last_read,omitzero"`
	Read      uint64    `json:"read"` // the last entry handed out
}

func (s *Server) listConsumers(c *gin.Context) error {
	all, err := s.o.Consumers.List(c.Request.Context())
	if err != nil {
		return err
	}
	out := []journalAnswer{}
	for _, j := range all {
		out = append(out, journalAnswer{
			Name: j.Name, Partition: j.Partition, ID: j.ID, First: j.Stats.First, Last: j.Stats.Last, Bytes: j.Stats.Bytes,
			MaxBytes: j.Stats.MaxBytes, Full: j.Stats.Full, Error: j.Stats.Err, Groups: groupAnswers(j.Stats.Groups),
		})
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"journals": out})
	return nil
}

func groupAnswers(in []journal.GroupStats) []groupAnswer {
	out := []groupAnswer{}
	for _, g := range in {
		out = append(out, groupAnswer(g))
	}
	return out
}
