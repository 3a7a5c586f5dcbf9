package api

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/sdk/query"
)

type validateAnswer struct {
	Valid    bool     `json:"valid"`
	Query    string   `json:"query,omitempty"`    // in canonical form
	Fields   []string `json:"fields,omitempty"`   // that it reads
	Notices  []string `json:"notices,omitempty"`  // what is likely a mistake
	Warnings []*Error `json:"warnings,omitempty"` // the same, each with its place
	Error    *Error   `json:"error,omitempty"`    // why it is not valid
	Rendered string   `json:"rendered,omitempty"` // the error with the place marked, for a monospaced font
}

// validate says what is wrong with a query, which is an answer and not an error.
func (s *Server) validate(c *gin.Context) error {
	p := urlParams(c)
	text, streamName := p.text("query"), p.text("stream")
	if err := p.done(); err != nil {
		return err
	}
	n, notices, err := s.parseQuery(text, streamName)
	var wrong *query.Error
	switch {
	case errors.As(err, &wrong):
		s.writeJSON(c, http.StatusOK, validateAnswer{Error: badQuery(wrong), Rendered: wrong.Render(text)})
	case err != nil:
		return err
	default:
		answer := validateAnswer{Valid: true, Query: query.Format(n), Fields: query.FieldsOf(n), Notices: notices}
		if own, err := query.Parse(text); err == nil { // without the stream's query, whose places are not in the text
			for _, w := range query.Warnings(own, nil) {
				answer.Warnings = append(answer.Warnings, badQuery(w))
			}
		}
		s.writeJSON(c, http.StatusOK, answer)
	}
	return nil
}
