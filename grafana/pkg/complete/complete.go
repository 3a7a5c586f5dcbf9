// Package complete says how a query can go on at the caret: with which fields, values, operators and words.
//
// Where the caret stands is the language's matter ([query.At]); what occurs there is asked of the host, for the same time
// range and, for the values of a field, within the rest of the query: behind host.name:fw1 only values of that host are
// offered.
package complete

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/grafana/pkg/builder"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// maxItems is how many things are offered at once.
const maxItems = 100

// Item is one thing to go on with.
type Item struct {
	Label         string `json:"label"`
	Insert        string `json:"insert"` // what is written in the place's stead
	Kind          string `json:"kind"`   // field, value, operator, keyword, stream or list
	Detail        string `json:"detail,omitempty"`
	Documentation string `json:"documentation,omitempty"`
}

// Source is where what occurs is asked for.
type Source struct {
	Client *client.Client
	// Fields lists the fields that occur; nil: [Fields].
	Fields func(ctx context.Context, c *client.Client, sel client.Selection) ([]client.Field, error)
}

// At says how text can go on at caret, a byte's offset, and what is replaced then. The selection's time range and stream
// count, its query does not.
func At(ctx context.Context, s Source, sel client.Selection, text string, caret int) (query.Place, []Item, error) {
	if s.Fields == nil {
		s.Fields = Fields
	}
	p := query.At(text, caret)
	sel.Query = ""
	var (
		items []Item
		err   error
	)
	switch p.Kind {
	case query.AtNothing:
	case query.AtClause:
		items = words(p)
		if p.Field != "" { // among values of one field no other stands
			break
		}
		var fields []Item
		fields, err = s.fields(ctx, sel, p)
		items = append(items, fields...)
	case query.AtName:
		items, err = s.fields(ctx, sel, p)
	case query.AtValue, query.AtBound:
		if p.Field == "_exists_" {
			p.Kind = query.AtName
			items, err = s.fields(ctx, sel, p)
			break
		}
		items, err = s.values(ctx, sel, p, text)
	case query.AtList:
		items, err = s.lists(ctx, p, text)
	}
	if err != nil {
		return p, nil, err
	}
	if items == nil {
		items = []Item{}
	}
	return p, items[:min(len(items), maxItems)], nil
}

// words are the operators between clauses.
func words(p query.Place) []Item {
	all := []Item{{Label: "NOT", Insert: "NOT ", Kind: "keyword", Documentation: "Events that the next clause does not match, those without the field included."}}
	if p.After {
		all = append([]Item{
			{Label: "AND", Insert: "AND ", Kind: "keyword", Documentation: "Both clauses match; the same as a space."},
			{Label: "OR", Insert: "OR ", Kind: "keyword", Documentation: "One of the clauses matches."},
		}, all...)
	}
	return slices.DeleteFunc(all, func(i Item) bool { return !hasPrefixFold(i.Label, p.Prefix) })
}

// rank orders names for what was typed: those that begin with it, those one of whose parts does, those that have it; -1 is none.
func rank(name, typed string) int {
	name, typed = strings.ToLower(name), strings.ToLower(typed)
	switch i := strings.Index(name, typed); {
	case i < 0:
		return -1
	case i == 0:
		return 0
	case strings.Contains(name, "."+typed):
		return 1
	default:
		return 2
	}
}

// fields are the fields that occur.
func (s Source) fields(ctx context.Context, sel client.Selection, p query.Place) ([]Item, error) {
	all, err := s.Fields(ctx, s.Client, sel)
	if err != nil {
		return nil, err
	}
	fields := slices.DeleteFunc(slices.Clone(all), func(f client.Field) bool { return rank(f.Name, p.Prefix) < 0 })
	slices.SortStableFunc(fields, func(a, b client.Field) int {
		return cmp.Or(cmp.Compare(rank(a.Name, p.Prefix), rank(b.Name, p.Prefix)), cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
	})
	var items []Item
	for _, f := range fields {
		i := Item{Label: f.Name, Insert: f.Name + ":", Kind: "field", Detail: f.Type + ", " + events(f.Count), Documentation: f.Description}
		if f.List {
			i.Detail = "list of " + i.Detail
		}
		if p.Kind == query.AtName {
			i.Insert = f.Name
		}
		items = append(items, i)
	}
	return items, nil
}

func events(n int64) string {
	if n == 1 {
		return "1 event"
	}
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits + " events"
}

// values are what the field of the place holds, and how it can be compared.
func (s Source) values(ctx context.Context, sel client.Selection, p query.Place, text string) ([]Item, error) {
	if p.Field == "" { // words of the text are not counted
		return nil, nil
	}
	var items []Item
	if p.Kind == query.AtValue && !p.Quoted {
		items = operators(p)
	}
	if p.Field == "logcenter.stream" {
		streams, err := s.streams(ctx, p)
		return append(streams, items...), err
	}
	for _, w := range dates(p) {
		items = append(items, Item{Label: w, Insert: w, Kind: "value"})
	}
	rest, _ := p.Rest(text)
	sel.Query = query.Format(rest)
	values, _, err := Values(ctx, s.Client, sel, p.Field, p.Prefix, maxItems/2)
	if refused(err) && sel.Query != "" { // what is being written need not be right yet
		sel.Query = ""
		values, _, err = Values(ctx, s.Client, sel, p.Field, p.Prefix, maxItems/2)
	}
	if refused(err) {
		return items, nil
	}
	if err != nil {
		return nil, err
	}
	found := make([]Item, 0, len(values)+len(items))
	for _, v := range values {
		found = append(found, Item{Label: v.Text, Insert: written(v.Text, p.Quoted), Kind: "value", Detail: events(v.Count)})
	}
	return append(found, items...), nil
}

// refused says whether the host has not taken the query.
func refused(err error) bool {
	var host *client.Error
	return errors.As(err, &host) && host.Status == http.StatusBadRequest
}

func (s Source) streams(ctx context.Context, p query.Place) ([]Item, error) {
	streams, err := s.Client.Streams(ctx)
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, one := range streams {
		if hasPrefixFold(one.Name, p.Prefix) {
			items = append(items, Item{Label: one.Name, Insert: written(one.Name, p.Quoted), Kind: "stream", Detail: one.Query, Documentation: one.Description})
		}
	}
	return items, nil
}

// lists are the names of lists that a field can be compared with.
func (s Source) lists(ctx context.Context, p query.Place, text string) ([]Item, error) {
	all, err := s.Client.Watchlists(ctx)
	if err != nil {
		return nil, fmt.Errorf("lists: %w", err)
	}
	end := ")"
	if strings.HasPrefix(strings.TrimSpace(text[p.End:]), ")") {
		end = ""
	}
	t, known := query.TypeOf(query.Field{Name: p.Field}, nil)
	var items []Item
	for _, l := range all.Watchlists {
		typ, err := query.ParseListType(l.Type)
		fits := !known || err == nil && typ.Fits(t)
		if fits && hasPrefixFold(l.Name, p.Prefix) {
			items = append(items, Item{Label: l.Name, Insert: l.Name + end, Kind: "list", Detail: fmt.Sprintf("%s, %d entries", l.Type, l.Entries), Documentation: l.Description})
		}
	}
	return items, nil
}

// written is a value as it is written in a query.
func written(value string, quoted bool) string {
	t := &query.Term{Value: value, Quoted: quoted || builder.NeedsQuotes(value)}
	if t.Quoted {
		return query.Format(t)
	}
	return value
}

var inList = Item{Label: "list( )", Insert: "list(", Kind: "operator", Documentation: "Values that are in a list which is kept apart: list(scanners)."}

// operators are how the field of a place can be compared, by its type as far as it is known here.
func operators(p query.Place) []Item {
	all := []Item{{Label: "*", Insert: "*", Kind: "operator", Documentation: "Events that have the field."}}
	t, known := query.TypeOf(query.Field{Name: p.Field}, nil)
	kind := t.String()
	if p.Prefix != "" { // a word is being written, which may be this one
		if known && (kind == "ip" || kind == "keyword") && strings.HasPrefix(inList.Insert, p.Prefix) {
			return []Item{inList}
		}
		return nil
	}
	switch {
	case !known:
	case kind == "long" || kind == "double" || kind == "date":
		all = append(all,
			Item{Label: ">", Insert: ">", Kind: "operator", Documentation: "More, or later, than a value; >= with it."},
			Item{Label: "<", Insert: "<", Kind: "operator", Documentation: "Less, or earlier, than a value; <= with it."},
			Item{Label: "[ TO ]", Insert: "[", Kind: "operator", Documentation: "From a value to another one, both included: [1 TO 5]."})
	case kind == "ip":
		all = append(all, Item{Label: "10.0.0.0/8", Insert: "10.0.0.0/8", Kind: "operator", Documentation: "Addresses of a network."}, inList)
	case kind == "keyword" || kind == "text":
		all = append(all, Item{Label: "/ /", Insert: "/", Kind: "operator", Documentation: "A regular expression: /app[0-2][0-9]/, in any case with /i behind it."})
		if kind == "keyword" {
			all = append(all, inList)
		}
	}
	return append(all, Item{Label: "( OR )", Insert: "(", Kind: "operator", Documentation: "One of several values: (a OR b)."})
}

// dates are the usual points in time, for date fields.
func dates(p query.Place) []string {
	if t, _ := query.TypeOf(query.Field{Name: p.Field}, nil); t.String() != "date" {
		return nil
	}
	return slices.DeleteFunc([]string{"now", "now-5m", "now-1h", "now-24h", "now-7d", "now/d", "now-1d/d", "now/w"}, func(s string) bool {
		return !strings.HasPrefix(s, p.Prefix)
	})
}
