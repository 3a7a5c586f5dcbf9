package api

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/rollout"
)

func (s *Server) reconfigurePlugin(c *gin.Context) error {
	var r struct {
		Check bool `json:"check"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	out, err := s.o.Plugins.Reconfigure(c.Request.Context(), c.Param("id"), r.Check)
	if err != nil {
		return err
	}
	out.Plugin = shown(out.Plugin)
	s.writeJSON(c, http.StatusOK, out)
	return nil
}

func (s *Server) upgradePlugin(c *gin.Context) error {
	var r struct {
		Folder string  `json:"folder"`
		Digest string  `json:"digest"`
		Check  bool    `json:"check"`
		Mode   string  `json:"mode"`
		Share  float64 `json:"share"`
		For    string  `json:"for"`
		Events int64   `json:"events"`
		Limits struct {
			Errors    float64 `json:"errors"`
			Fill      float64 `json:"fill"`
			Cost      float64 `json:"cost"`
			Latency   float64 `json:"latency"`
			MinEvents int64   `json:"min_events"`
		} `json:"limits"`
		Samples int `json:"samples"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	if r.Folder != "" && r.Digest != "" {
		return badRequest("give the digest of an installed package, a folder, or neither for the package installed last", "there are both a digest and a folder")
	}
	if r.Folder != "" && !filepath.IsAbs(r.Folder) {
		return badRequest("a path on the host's machine, such as /opt/plugins/acmefw-1.3.0", "folder %q is no absolute path", r.Folder)
	}
	o := rollout.Options{
		Mode: rollout.Mode(r.Mode), Share: r.Share, Events: r.Events, Samples: r.Samples,
		Limits: rollout.Limits{Errors: r.Limits.Errors, Fill: r.Limits.Fill, Cost: r.Limits.Cost, Latency: r.Limits.Latency, MinEvents: r.Limits.MinEvents},
	}
	if r.For != "" {
		d, err := time.ParseDuration(r.For)
		if err != nil {
			return badRequest("a duration such as 10m or 24h", "for: %q is no duration", r.For)
		}
		o.For = d
	}
	if err := o.Valid(); err != nil {
		return badRequest("see the API's description of an upgrade", "%v", err)
	}
	o.Check = r.Check
	report, err := s.o.Plugins.Upgrade(c.Request.Context(), c.Param("id"), NewVersion{Digest: r.Digest, Folder: r.Folder}, o)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, report)
	return nil
}

func (s *Server) getRollout(c *gin.Context) error { return s.rollout(c, s.o.Plugins.Rollout) }

func (s *Server) promotePlugin(c *gin.Context) error { return s.rollout(c, s.o.Plugins.Promote) }

func (s *Server) abortRollout(c *gin.Context) error { return s.rollout(c, s.o.Plugins.Abort) }

func (s *Server) rollbackPlugin(c *gin.Context) error { return s.rollout(c, s.o.Plugins.Rollback) }

func (s *Server) rollout(c *gin.Context, do func(context.Context, string) (rollout.Report, error)) error {
	r, err := do(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, r)
	return nil
}
