package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

const (
	defaultRange = 15 * time.Minute
	maxFields    = 1000 // named in one request
)

const timeHint = "write 2026-10-11T12:00:00Z, 2026-10-11 12:00:00, epoch milliseconds, -1h, now-7d or now"

// moment is a point in time as a request writes it. In JSON, epoch milliseconds may also be a number.
type moment string

// UnmarshalJSON takes strings and numbers.
func (m *moment) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(m))
	}
	if string(b) == "null" {
		return nil
	}
	if _, err := strconv.ParseInt(string(b), 10, 64); err != nil {
		return badRequest(timeHint, "%.40s is not a time", b)
	}
	*m = moment(b)
	return nil
}

// parseMoment reads a point in time; dates stand for their beginning.
func parseMoment(name string, m moment, now time.Time, zone *time.Location) (time.Time, error) {
	text := strings.TrimSpace(string(m))
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") {
		text = "now" + text
	}
	t, _, err := query.ParseDate(text, now, zone)
	if err != nil {
		e := badRequest(timeHint, "%s: %s", name, err)
		var q *query.Error
		if errors.As(err, &q) {
			e.Message, e.Hint = name+": "+q.Msg, timeHint
		}
		return time.Time{}, e
	}
	return t.UTC(), nil
}

// selection is how a request says which events it is about.
type selection struct {
	Query    string `json:"query"`
	Stream   string `json:"stream"`
	From     moment `json:"from"`
	To       moment `json:"to"`
	TimeZone string `json:"time_zone"`
}

// timeZone reads the name of a zone; empty is UTC.
func timeZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, badRequest("write a name of the IANA database, e.g. Asia/Shanghai", "time_zone: %.80q is not a time zone", name)
	}
	return zone, nil
}

// selected reads a selection. The notices tell what the query's writer may have meant otherwise.
func (s *Server) selected(q selection) (sel store.Selection, notices []string, err error) {
	zone, err := timeZone(q.TimeZone)
	if err != nil {
		return sel, nil, err
	}
	now := time.Now()
	sel.To = now.UTC()
	if q.To != "" {
		if sel.To, err = parseMoment("to", q.To, now, zone); err != nil {
			return sel, nil, err
		}
	}
	sel.From = sel.To.Add(-defaultRange)
	if q.From != "" {
		if sel.From, err = parseMoment("from", q.From, now, zone); err != nil {
			return sel, nil, err
		}
	}
	if !sel.From.Before(sel.To) {
		return sel, nil, badRequest("from is inclusive and to is exclusive; leave to out for now",
			"the time range from %s to %s is empty", sel.From.Format(time.RFC3339Nano), sel.To.Format(time.RFC3339Nano))
	}
	sel.Query, notices, err = s.parseQuery(q.Query, q.Stream)
	return sel, notices, err
}

// parseQuery reads a query and narrows it to a stream if one is named.
func (s *Server) parseQuery(text, streamName string) (query.Node, []string, error) {
	n, err := query.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	if err := query.Check(n, nil); err != nil {
		return nil, nil, err
	}
	var notices []string
	for _, w := range query.Warnings(n, nil) {
		notices = append(notices, sentence(w))
	}
	if streamName != "" {
		st, err := s.o.Streams.Get(streamName)
		if err != nil {
			return nil, nil, err
		}
		in, err := query.Parse(st.Query)
		if err != nil {
			return nil, nil, fmt.Errorf("stream %s: %s", st.Name, err.Error()) // its place is not in the request
		}
		n = &query.And{Nodes: []query.Node{in, n}}
	}
	return n, notices, nil
}

func sentence(e *query.Error) string {
	if e.Hint == "" {
		return e.Msg
	}
	return e.Msg + " (" + e.Hint + ")"
}

func checkFields(names []string) error {
	if len(names) > maxFields {
		return badRequest("leave fields out for all of them", "fields: %d names, the limit is %d", len(names), maxFields)
	}
	for _, n := range names {
		if err := ecs.CheckName(n); err != nil {
			return badRequest("GET /api/v1/fields lists the fields that occur", "fields: %s", err)
		}
	}
	return nil
}

// decodeJSON reads a request's body into v, a pointer to a struct. Every error is the client's.
func decodeJSON(c *gin.Context, v any) error {
	defer bodyRead(c)
	d := json.NewDecoder(c.Request.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		var rest json.RawMessage
		if err = d.Decode(&rest); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			return badRequest("send one JSON object", "there is more behind the JSON object, at byte %d", d.InputOffset())
		}
	}
	var (
		own    *Error
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &own):
		return own
	case asError(err) != nil: // too large
		return err
	case errors.Is(err, io.EOF):
		return badRequest("send a JSON object, {} at least", "the request has no body")
	case errors.As(err, &syntax):
		return badRequest("", "the body is not JSON: %s, at byte %d", syntax, syntax.Offset)
	case errors.As(err, &kind):
		return badRequest("", "%s: %s does not belong here, want %s", orBody(kind.Field), withArticle(kind.Value), plainType(kind.Type))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return badRequest("known are "+strings.Join(jsonNames(reflect.TypeOf(v).Elem()), ", "), "there is no %.80s in this request", name)
	}
	return badRequest("", "the body cannot be read: %.200s", strings.TrimPrefix(err.Error(), "json: "))
}

func orBody(field string) string {
	if field == "" {
		return "the body"
	}
	return field
}

// withArticle is a kind of JSON value with its article; "number -1" has what it is behind it.
func withArticle(kind string) string {
	if strings.HasPrefix(kind, "array") || strings.HasPrefix(kind, "object") {
		return "an " + kind
	}
	return "a " + kind
}

// plainType names a Go type as JSON does.
func plainType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a number (" + t.Kind().String() + ")"
	}
}

// jsonNames lists the names of a struct's fields in JSON, sorted, those of nested structs' elements included.
func jsonNames(t reflect.Type) []string {
	seen := map[reflect.Type]bool{}
	var names []string
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				names = append(names, name)
			}
			add(f.Type)
		}
	}
	add(t)
	slices.Sort(names)
	return slices.Compact(names)
}

// params reads the parameters of a URL. The first error wins and is returned by done, which also refuses
// parameters that nobody asked for.
type params struct {
	values url.Values
	known  []string
	err    error
}

func urlParams(c *gin.Context) *params {
	v, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		err = badRequest("percent-encode the parameters, e.g. curl -G --data-urlencode", "the URL's parameters cannot be read: %s", err)
	}
	return &params{values: v, err: err}
}

func (p *params) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *params) text(name string) string {
	p.known = append(p.known, name)
	if all := p.values[name]; len(all) > 1 {
		p.fail(badRequest("send it once", "%s is given %d times", name, len(all)))
	}
	return p.values.Get(name)
}

// number is a whole number; what is outside of its bounds is an error.
func (p *params) number(name string, without, least, most int) int {
	v := p.text(name)
	if v == "" {
		return without
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		p.fail(badRequest(fmt.Sprintf("write a number from %d to %d", least, most), "%s: %.40q is not possible", name, v))
	}
	return n
}

func (p *params) flag(name string) bool {
	switch v := p.text(name); v {
	case "", "false", "0":
		return false
	case "true", "1":
		return true
	default:
		p.fail(badRequest("write true or false", "%s: %.40q is not possible", name, v))
		return false
	}
}

func (p *params) choice(name string, among ...string) string {
	v := p.text(name)
	if v == "" {
		return among[0]
	}
	if !slices.Contains(among, v) {
		named := slices.DeleteFunc(slices.Clone(among), func(s string) bool { return s == "" }) // empty leaves it open
		p.fail(badRequest("write one of "+strings.Join(named, ", "), "%s: %.40q is not possible", name, v))
	}
	return v
}

// list is a comma-separated list; nil if empty.
func (p *params) list(name string) []string {
	v := p.text(name)
	if v == "" {
		return nil
	}
	names := strings.Split(v, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

func (p *params) selection() selection {
	return selection{
		Query: p.text("query"), Stream: p.text("stream"), From: moment(p.text("from")), To: moment(p.text("to")), TimeZone: p.text("time_zone"),
	}
}

func (p *params) done() error {
	for name := range p.values {
		if !slices.Contains(p.known, name) {
			slices.Sort(p.known)
			hint := "this takes no parameters"
			if len(p.known) > 0 {
				hint = "known are " + strings.Join(p.known, ", ")
			}
			p.fail(badRequest(hint, "there is no parameter %.80q", name))
		}
	}
	return p.err
}

// rawOrNull keeps invalid JSON from a part of the host out of answers.
func rawOrNull(b json.RawMessage) json.RawMessage {
	if b = bytes.TrimSpace(b); len(b) > 0 && json.Valid(b) {
		return b
	}
	return nil
}
