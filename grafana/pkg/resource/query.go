package resource

import (
	"errors"
	"net/http"
	"regexp"
	"unicode/utf8"

	"github.com/logcenter/logcenter/grafana/pkg/builder"
	"github.com/logcenter/logcenter/grafana/pkg/complete"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// mark is something to be marked in a text, from start to end in UTF-16 code units.
type mark struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

type validation struct {
	Valid    bool   `json:"valid"`
	Error    *mark  `json:"error,omitempty"`
	Warnings []mark `json:"warnings"`
}

// variables are what Grafana puts its variables into texts by. A value that is one is known only later.
var variables = regexp.MustCompile(`\$\w+|\$\{[^}]+\}|\[\[[^\]]+\]\]`)

func (h *handler) validate(r *http.Request) (any, error) {
	q, err := body[struct {
		Query  string `json:"query"`
		Stream string `json:"stream"`
	}](r)
	if err != nil {
		return nil, err
	}
	answer := validation{Valid: true, Warnings: []mark{}}
	var wrong *selection.Error
	if _, err := selection.Parse(q.Query); errors.As(err, &wrong) {
		// What is no query needs no host to say so.
		answer.mark(q.Query, wrong.Err.Msg, wrong.Err.Hint, wrong.Err.Pos.Start, wrong.Err.Pos.End)
		return answer, nil
	}
	v, err := h.client.Validate(r.Context(), q.Query)
	if err != nil {
		return nil, err
	}
	if p := v.Error; p != nil {
		start, end := place(p.Position, q.Query)
		answer.mark(q.Query, p.Message, p.Hint, start, end)
	}
	for _, p := range v.Warnings {
		start, end := place(p.Position, q.Query)
		m := mark{Message: p.Message, Hint: p.Hint}
		m.Start, m.End = complete.Units(q.Query, start), complete.Units(q.Query, end)
		answer.Warnings = append(answer.Warnings, m)
	}
	return answer, nil
}

// mark notes an error, unless it is about a variable whose value is not known here.
func (v *validation) mark(text, message, hint string, start, end int) {
	for _, at := range variables.FindAllStringIndex(text, -1) {
		if at[0] < max(end, start+1) && start < at[1] {
			return
		}
	}
	v.Valid = false
	v.Error = &mark{message, hint, complete.Units(text, start), complete.Units(text, end)}
}

// place is a position in a text; without one it is all of it.
func place(p *client.Position, text string) (start, end int) {
	if p == nil {
		return 0, len(text)
	}
	return p.Start, p.End
}

type completeRequest struct {
	about
	Caret int `json:"caret"` // in UTF-16 code units
}

type completion struct {
	Start int             `json:"start"` // of what an item's text replaces
	End   int             `json:"end"`
	Items []complete.Item `json:"items"`
}

func (h *handler) complete(r *http.Request) (any, error) {
	q, err := body[completeRequest](r)
	if err != nil {
		return nil, err
	}
	if len(q.Query) > query.MaxText || !utf8.ValidString(q.Query) {
		return completion{Items: []complete.Item{}}, nil
	}
	sel, err := h.selection(about{"", q.Stream, q.From, q.To})
	if err != nil {
		return nil, err
	}
	source := complete.Source{Client: h.client, Fields: h.fields.of}
	place, items, err := complete.At(r.Context(), source, sel, q.Query, complete.Offset(q.Query, q.Caret))
	if err != nil {
		return nil, err
	}
	return completion{complete.Units(q.Query, place.Start), complete.Units(q.Query, place.End), items}, nil
}

func (h *handler) parse(r *http.Request) (any, error) {
	q, err := body[struct {
		Query string `json:"query"`
	}](r)
	if err != nil {
		return nil, err
	}
	return builder.Parse(q.Query)
}

func (h *handler) print(r *http.Request) (any, error) {
	f, err := body[builder.Form](r)
	if err != nil {
		return nil, err
	}
	text, err := builder.Print(f)
	if err != nil {
		return nil, err
	}
	return map[string]string{"query": text}, nil
}
