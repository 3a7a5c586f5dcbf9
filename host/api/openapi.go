package api

import (
	_ "embed"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var openapiYAML []byte

// document is the API's description (OpenAPI 3.0), new for each caller.
func document() (map[string]any, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(openapiYAML, &doc); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return doc, nil
}

func (s *Server) openAPI(c *gin.Context) error {
	doc, err := document()
	if err != nil {
		return err
	}
	if info, ok := doc["info"].(map[string]any); ok {
		info["version"] = s.o.Version
	}
	s.writeJSON(c, http.StatusOK, doc)
	return nil
}
