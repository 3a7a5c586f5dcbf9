package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
)

func (s *Server) listPlugins(c *gin.Context) error {
	all, err := s.o.Plugins.List(c.Request.Context())
	if err != nil {
		return err
	}
	for i := range all {
		all[i] = shown(all[i])
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"plugins": list(all)})
	return nil
}

func (s *Server) getPlugin(c *gin.Context) error { return s.plugin(c, s.o.Plugins.Info) }

func (s *Server) enablePlugin(c *gin.Context) error { return s.plugin(c, by(c, s.o.Plugins.Enable)) }

func (s *Server) disablePlugin(c *gin.Context) error {
	p := urlParams(c)
	unmasked := p.flag("unmasked")
	if err := p.done(); err != nil {
		return err
	}
	return s.plugin(c, by(c, func(ctx context.Context, id, by string) (PluginInfo, error) {
		return s.o.Plugins.Disable(ctx, id, by, unmasked)
	}))
}

// by gives do the caller's name.
func by(c *gin.Context, do func(ctx context.Context, id, by string) (PluginInfo, error)) func(context.Context, string) (PluginInfo, error) {
	return func(ctx context.Context, id string) (PluginInfo, error) { return do(ctx, id, caller(c).Name) }
}

func (s *Server) plugin(c *gin.Context, do func(context.Context, string) (PluginInfo, error)) error {
	p, err := do(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, shown(p))
	return nil
}

// shown is p with what a manifest says only if it is JSON.
func shown(p PluginInfo) PluginInfo {
	p.Accepts, p.ConfigSchema = rawOrNull(p.Accepts), rawOrNull(p.ConfigSchema)
	return p
}

// list is all, which is [] in JSON if it is empty.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
