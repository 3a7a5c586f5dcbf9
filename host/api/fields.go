package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

type fieldInfo struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	List        bool   `json:"list"`
	Declared    bool   `json:"declared"`
	Count       int64  `json:"count"`
	Description string `json:"description,omitempty"`
}

func (s *Server) fields(c *gin.Context) error {
	p := urlParams(c)
	q := p.selection()
	if err := p.done(); err != nil {
		return err
	}
	sel, _, err := s.selected(q)
	if err != nil {
		return err
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	fields, err := s.o.Store.Fields(ctx, caller(c).Scope, sel)
	if err != nil {
		return err
	}
	out := make([]fieldInfo, 0, len(fields))
	for _, f := range fields {
		one := fieldInfo{Name: f.Name, Type: f.Type, List: f.List, Declared: f.Declared, Count: f.Count}
		if known, ok := ecs.Lookup(f.Name); ok {
			one.Description = known.Info().Description
		}
		out = append(out, one)
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"fields": out, "from": sel.From, "to": sel.To})
	return nil
}

type fieldStats struct {
	Field    string    `json:"field"`
	Type     string    `json:"type"`
	Count    int64     `json:"count"`
	Missing  int64     `json:"missing"`
	Distinct int64     `json:"distinct"`
	Top      []bucket  `json:"top"`
	Min      jsonValue `json:"min,omitempty"`
	Max      jsonValue `json:"max,omitempty"`
}

const maxTop = 1000 // values of a field

func (s *Server) fieldValues(c *gin.Context) error {
	p := urlParams(c)
	q, size := p.selection(), p.number("size", 0, 1, maxTop)
	if err := p.done(); err != nil {
		return err
	}
	name := c.Param("name")
	if err := checkFields([]string{name}); err != nil {
		return err
	}
	sel, _, err := s.selected(q)
	if err != nil {
		return err
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	st, err := s.o.Store.FieldStats(ctx, caller(c).Scope, store.FieldStatsRequest{Selection: sel, Field: name, Size: size})
	if err != nil {
		return err
	}
	out := fieldStats{
		Field: st.Field, Type: st.Type, Count: st.Count, Missing: st.Missing, Distinct: st.Distinct, Top: bucketAnswers(st.Top),
	}
	if st.Min != nil {
		out.Min = appendValue(nil, st.Min)
	}
	if st.Max != nil {
		out.Max = appendValue(nil, st.Max)
	}
	s.writeJSON(c, http.StatusOK, out)
	return nil
}
