// Package resource answers what the editors of a datasource ask: fields, values, streams, lists, rules, assets, what is wrong with a
// query, how it can go on, and what it looks like in the builder.
//
// All answers are JSON; errors are {"error":{"message","hint","field"}}. Offsets in texts are in UTF-16 code units, as
// editors in a browser count them.
package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/panics"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

const (
	maxBody     = 256 << 10 // bytes of a request
	maxValues   = 1000      // of a field
	defaultTop  = 100       // values of a field
	slowest     = 30 * time.Second
	maxListed   = 10_000 // rules
	maxReported = 500    // bytes of an error that comes from a host's answer
)

// handler answers for one datasource.
type handler struct {
	client   *client.Client
	settings model.Settings
	fields   fieldCache
}

// New returns the handler of a datasource's resources. It is safe for concurrent use and owns nothing that must be closed.
func New(c *client.Client, s model.Settings) http.Handler {
	h := &handler{client: c, settings: s}
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(*http.Request) (any, error){
		"GET /fields":          h.listFields,
		"GET /field-values":    h.fieldValues,
		"GET /streams":         h.streams,
		"GET /watchlists":      h.watchlists,
		"GET /rules":           h.rules,
		"GET /assets":          h.assets,
		"POST /query/validate": h.validate,
		"POST /query/complete": h.complete,
		"POST /query/parse":    h.parse,
		"POST /query/print":    h.print,
		"POST /variable":       h.variable,
	} {
		mux.HandleFunc(pattern, h.serve(answer))
		_, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(path, wrongMethod(pattern))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		write(w, http.StatusNotFound, problem{Message: fmt.Sprintf("there is no resource %.80q", r.URL.Path)})
	})
	return mux
}

// problem is an error as editors show it.
type problem struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Field   string `json:"field,omitempty"`
}

func wrongMethod(pattern string) http.HandlerFunc {
	method, _, _ := strings.Cut(pattern, " ")
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", method)
		write(w, http.StatusMethodNotAllowed, problem{Message: r.Method + " is not possible here", Hint: "use " + method})
	}
}

func (h *handler) serve(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), slowest)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		var v any
		err := panics.Catch(func() (err error) {
			v, err = answer(r)
			return err
		})
		if err != nil {
			status, p := told(err)
			write(w, status, p)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

func write(w http.ResponseWriter, status int, p problem) {
	writeJSON(w, status, map[string]problem{"error": p})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":{"message":"the answer cannot be written as JSON"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b) // who asked may have gone
}

// told is an error as an answer. What the host refuses for the datasource's token is not the user's to mend, and a browser
// that saw 401 would ask for the password of Grafana: these are 502.
func told(err error) (int, problem) {
	var (
		own  *model.Error
		text *selection.Error
		host *client.Error
		big  *http.MaxBytesError
		ours *panics.Error
	)
	switch {
	case errors.As(err, &ours):
		backend.Logger.Error("the plugin panicked", "panic", ours.Value, "stack", string(ours.Stack))
		return http.StatusInternalServerError, problem{Message: fmt.Sprintf("A fault of Logcenter's plugin: %v", ours.Value), Hint: "its log has more"}
	case errors.As(err, &own):
		return http.StatusBadRequest, problem{own.Msg, own.Hint, own.Field}
	case errors.As(err, &text):
		return http.StatusBadRequest, problem{text.Err.Msg, text.Err.Hint, "query"}
	case errors.As(err, &big):
		return http.StatusRequestEntityTooLarge, problem{Message: fmt.Sprintf("the request has more than %d bytes", big.Limit)}
	case errors.As(err, &host):
		p := problem{Message: clip(host.Message), Hint: clip(host.Hint)}
		switch host.Status {
		case http.StatusBadRequest, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable:
			return host.Status, p
		case http.StatusUnauthorized, http.StatusForbidden:
			p.Hint = "ask the admin of Grafana: the token in the datasource's settings is not enough for this"
		}
		return http.StatusBadGateway, p
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, problem{Message: "Logcenter did not answer in time", Hint: "choose a shorter time range"}
	default:
		return http.StatusBadGateway, problem{Message: clip(err.Error())}
	}
}

func clip(s string) string {
	if len(s) <= maxReported {
		return s
	}
	return strings.ToValidUTF8(s[:maxReported], "") + "…"
}

// body reads a request's JSON.
func body[T any](r *http.Request) (v T, err error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, &model.Error{Msg: "the request is not as it should be: " + strings.TrimPrefix(err.Error(), "json: ")}
	}
	return v, nil
}

// about is how requests say which events they are about.
type about struct {
	Query  string `json:"query"`
	Stream string `json:"stream"`
	From   moment `json:"from"`
	To     moment `json:"to"`
}

// moment is epoch milliseconds, as a number or a string, or what else the host takes, e.g. -1h.
type moment string

// UnmarshalJSON takes strings and numbers.
func (m *moment) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(m))
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("%.40s is not a time: write milliseconds since 1970, or e.g. -1h", b)
	}
	*m = moment(n.String())
	return nil
}

func aboutOf(r *http.Request) about {
	v := r.URL.Query()
	return about{v.Get("query"), v.Get("stream"), moment(v.Get("from")), moment(v.Get("to"))}
}

// selection checks the text, so that what is wrong with it is said in one way, and knows the datasource's stream.
func (h *handler) selection(a about) (client.Selection, error) {
	if _, err := selection.Parse(a.Query); err != nil {
		return client.Selection{}, err
	}
	stream := selection.Stream(a.Stream, h.settings)
	return client.Selection{Query: a.Query, Stream: stream, From: string(a.From), To: string(a.To)}, nil
}

// field checks the name of a field.
func field(name string) error {
	n := &query.Exists{Field: query.Field{Name: name}}
	if again, err := query.Parse(query.Format(n)); err != nil || !query.Equal(n, again) {
		return &model.Error{Field: "field", Msg: fmt.Sprintf("%.80q is not the name of a field", name), Hint: "choose one of the list"}
	}
	return nil
}

// size reads how many values are wanted.
func size(n int) (int, error) {
	switch {
	case n == 0:
		return defaultTop, nil
	case n < 0 || n > maxValues:
		return 0, &model.Error{Field: "size", Msg: fmt.Sprintf("%d values are not possible: 1 to %d", n, maxValues), Hint: "narrow them by a prefix or a query"}
	default:
		return n, nil
	}
}

func number(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, &model.Error{Field: "size", Msg: fmt.Sprintf("%.40q is not a number", text)}
	}
	return n, nil
}
