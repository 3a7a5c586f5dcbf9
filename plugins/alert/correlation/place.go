package main

import (
	"slices"

	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
)

// at is the place of the rule's text that names a field, for errors.
func (r *rule) at(name string) string {
	for _, list := range []struct {
		key   string
		names []string
	}{{"group_by", r.GroupBy}, {"values", r.Values}, {"fields", r.Fields}, {"field", []string{r.Field}}} {
		if i := slices.Index(list.names, name); i >= 0 && list.key == "field" {
			return r.place + "." + list.key
		} else if i >= 0 {
			return r.place + "." + schema.Index(list.key, i)
		}
	}
	if asks(r.Query, name) {
		return r.place + ".query"
	}
	if r.Ends != "" && asks(r.Ends, name) {
		return r.place + ".ends"
	}
	for i, s := range r.Steps {
		path := r.place + "." + schema.Index("steps", i)
		switch k := slices.Index(s.By, name); {
		case k >= 0:
			return path + "." + schema.Index("by", k)
		case asks(s.Query, name):
			return path + ".query"
		case asks(s.Without, name):
			return path + ".without"
		}
	}
	for i, e := range r.Exceptions {
		if asks(e.Query, name) {
			return r.place + "." + schema.Index("exceptions", i) + ".query"
		}
	}
	return r.place
}

// asks says whether a query, which has been read before, is about a field.
func asks(text, name string) bool {
	n, err := query.Parse(text)
	return err == nil && slices.Contains(query.FieldsOf(n), name)
}
