package api

import "github.com/gin-gonic/gin"

// Routes lets tests compare what is served with what is documented.
func (s *Server) Routes() gin.RoutesInfo { return s.engine.Routes() }
