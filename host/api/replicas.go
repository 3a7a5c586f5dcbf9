package api

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/store"
)

type replicasRequest struct {
	Wanted *int `json:"wanted"`
}

// replicated is the store, if it keeps copies.
func (s *Server) replicated() (store.Replicated, error) {
	if s.o.Replicas == nil {
		return nil, fmt.Errorf("%w: this host's store keeps no replicas; store.kind elasticsearch does", ErrConflict)
	}
	return s.o.Replicas, nil
}

func (s *Server) getReplicas(c *gin.Context) error {
	r, err := s.replicated()
	if err != nil {
		return err
	}
	n, err := r.Replicas(c.Request.Context())
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, n)
	return nil
}

func (s *Server) putReplicas(c *gin.Context) error {
	r, err := s.replicated()
	if err != nil {
		return err
	}
	var body replicasRequest
	if err := decodeJSON(c, &body); err != nil {
		return err
	}
	if body.Wanted == nil || *body.Wanted < 0 || *body.Wanted > store.MaxReplicas {
		return badRequest(fmt.Sprintf(`send e.g. {"wanted": 1}; at most %d`, store.MaxReplicas), "wanted is not a number of replicas")
	}
	if err := r.SetReplicas(c.Request.Context(), *body.Wanted); err != nil {
		return err
	}
	return s.getReplicas(c)
}
