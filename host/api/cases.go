package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/alert/record"
)

func (s *Server) listCases(c *gin.Context) error {
	p := urlParams(c)
	state, owner, before := p.text("state"), p.text("owner"), p.id("before")
	if err := p.done(); err != nil {
		return err
	}
	l, err := s.recorded()
	if err != nil {
		return err
	}
	cases, err := l.Cases(c.Request.Context(), caller(c).Scope, record.State(state), owner, before)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"cases": cases})
	return nil
}

func (s *Server) createCase(c *gin.Context) error {
	var r struct {
		Title string   `json:"title"`
		Owner string   `json:"owner"`
		Note  string   `json:"note"`
		IDs   []string `json:"ids"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	l, err := s.recorded()
	if err != nil {
		return err
	}
	who := caller(c)
	made, err := l.CreateCase(c.Request.Context(), who.Scope, r.Title, r.Owner, r.Note, r.IDs, who.Name)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusCreated, made)
	return nil
}

func (s *Server) getCase(c *gin.Context) error {
	l, err := s.recorded()
	if err != nil {
		return err
	}
	id, err := number(c)
	if err != nil {
		return err
	}
	one, err := l.Case(c.Request.Context(), caller(c).Scope, id)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, one)
	return nil
}

func (s *Server) actOnCase(c *gin.Context) error {
	var r struct {
		Action record.Action `json:"action"`
		IDs    []string      `json:"ids"`
		Owner  string        `json:"owner"`
		Note   string        `json:"note"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	l, err := s.recorded()
	if err != nil {
		return err
	}
	id, err := number(c)
	if err != nil {
		return err
	}
	who := caller(c)
	one, err := l.ActOnCase(c.Request.Context(), who.Scope, id, record.CaseRequest{Action: r.Action, IDs: r.IDs, Owner: r.Owner, Note: r.Note, By: who.Name})
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, one)
	return nil
}
