package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"github.com/gin-gonic/gin"
	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/drift"
	"github.com/logcenter/logcenter/host/explain"
	"github.com/logcenter/logcenter/host/filestore"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/upload"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/outbox"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/host/watchlist"
	"github.com/logcenter/logcenter/sdk/query"
)

// Error is what the API answers instead of a result. openapi.yaml lists the codes.
type Error struct {
	Code     string    `json:"code"`
	Message  string    `json:"message"`
	Hint     string    `json:"hint,omitempty"`     // what would be right
	Position *Position `json:"position,omitempty"` // in the query
	Faults   []Fault   `json:"faults,omitempty"`   // of a rule
	status   int
}

// Position is a range of bytes of a query's UTF-8.
type Position struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

func (e *Error) Error() string { return e.Message }

func badRequest(hint, format string, args ...any) *Error {
	return &Error{Code: "bad_request", Message: fmt.Sprintf(format, args...), Hint: hint, status: http.StatusBadRequest}
}

func badQuery(e *query.Error) *Error {
	own := &Error{Code: "bad_query", Message: e.Msg, Hint: e.Hint, status: http.StatusBadRequest}
	if e.Pos != (query.Pos{}) { // a node that was not parsed has no place
		own.Position = &Position{Start: e.Pos.Start, End: e.Pos.End}
	}
	return own
}

func noRoute(c *gin.Context) error {
	return &Error{
		Code: "not_found", Message: fmt.Sprintf("there is nothing at %.200s", c.Request.URL.Path),
		Hint: "GET /api/v1/openapi.json lists all paths", status: http.StatusNotFound,
	}
}

func noMethod(c *gin.Context) error {
	return &Error{
		Code: "method_not_allowed", Message: fmt.Sprintf("%.20s cannot be done to %.200s", c.Request.Method, c.Request.URL.Path),
		Hint: "the header Allow lists what can", status: http.StatusMethodNotAllowed,
	}
}

// classes says how errors of the other parts are answered; the first that matches counts.
var classes = []struct {
	is     error
	status int
	code   string
	text   string // empty: the error's own
	hint   string
}{
	{syscall.ENOSPC, http.StatusInsufficientStorage, "disk_full", "the host's disk is full", "an admin makes space on it; what needs no disk, such as searching, works"},
	{journal.ErrFull, http.StatusTooManyRequests, "journal_full", "", "send it again later; an admin sees under consumers what lags"},
	{input.ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "", "send it again later; an admin frees disk space or repairs the disk"},
	{input.ErrClosed, http.StatusServiceUnavailable, "unavailable", "", "send it again"},
	{upload.ErrClosed, http.StatusServiceUnavailable, "unavailable", "", "send it again"},
	{filestore.ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large", "", "send it in parts, or an admin raises files.max_bytes"},
	{filestore.ErrFull, http.StatusInsufficientStorage, "files_full", "", "an admin raises files.total_bytes or makes space on the disk; the oldest files go by themselves when their time is over"},
	{filestore.ErrNotFound, http.StatusNotFound, "not_found", "", ""},
	{filestore.ErrDamaged, http.StatusInternalServerError, "damaged", "", "whoever has the file gives it to the host again, which mends it"},
	{context.DeadlineExceeded, http.StatusGatewayTimeout, "timeout", "the answer took too long", "ask for a shorter time range or a more selective query"},
	{context.Canceled, http.StatusServiceUnavailable, "unavailable", "the request was cancelled", "the host is stopping, try again soon"},
	{ErrToken, http.StatusUnauthorized, "unauthorized", "", "send the header Authorization: Bearer TOKEN; the admin's token is in the file admin.token of the data directory"},
	{ErrBusy, http.StatusTooManyRequests, "busy", "", "try again in a moment"},
	{ErrNotFound, http.StatusNotFound, "not_found", "", ""},
	{ErrConflict, http.StatusConflict, "conflict", "", ""},
	{record.ErrNotFound, http.StatusNotFound, "not_found", "", ""},
	{record.ErrState, http.StatusConflict, "conflict", "", ""},
	{record.ErrInvalid, http.StatusBadRequest, "bad_request", "", ""},
	{outbox.ErrNoChannel, http.StatusNotFound, "not_found", "", "GET /api/v1/channels lists all"},
	{outbox.ErrUnknown, http.StatusNotFound, "not_found", "", ""},
	{drift.ErrUnknown, http.StatusNotFound, "not_found", "", "GET /api/v1/drift lists them"},
	{explain.ErrNotFound, http.StatusNotFound, "not_found", "", ""},
	{archive.ErrNotFound, http.StatusNotFound, "not_found", "", "GET /api/v1/archive lists what is"},
	{archive.ErrDamaged, http.StatusInternalServerError, "archive_damaged", "", "`logcenter archive verify` names every file that is not as it was written"},
	{archive.ErrRefused, http.StatusConflict, "conflict", "", ""},
	{lifecycle.ErrBusy, http.StatusConflict, "conflict", "", ""},
	{lifecycle.ErrNoArchive, http.StatusConflict, "conflict", "", "give the configuration an archive"},
	{store.ErrExists, http.StatusConflict, "conflict", "", ""},
	{stream.ErrNotFound, http.StatusNotFound, "not_found", "", "GET /api/v1/streams lists all"},
	{stream.ErrConfig, http.StatusConflict, "conflict", "", "change it in the configuration file"},
	{stream.ErrTooMany, http.StatusConflict, "conflict", "", "delete one that is not needed"},
	{rule.ErrNotFound, http.StatusNotFound, "not_found", "", "GET /api/v1/rules lists all"},
	{rule.ErrNoVersion, http.StatusNotFound, "not_found", "", "GET /api/v1/rules/ID/history lists them"},
	{rule.ErrExists, http.StatusPreconditionFailed, "stale", "", "write it anew without asking for none, or choose another id"},
	{rule.ErrStale, http.StatusPreconditionFailed, "stale", "", "read it again, and decide again"},
	{rule.ErrConflict, http.StatusConflict, "conflict", "", ""},
	{watchlist.ErrNotFound, http.StatusNotFound, "not_found", "", "GET /api/v1/watchlists lists all"},
	{watchlist.ErrInvalid, http.StatusBadRequest, "bad_request", "", ""},
	{watchlist.ErrConflict, http.StatusConflict, "conflict", "", ""},
	{watchlist.ErrUsed, http.StatusConflict, "conflict", "", "change these first, or force it: the list then has nothing in it for them"},
	{stream.ErrInvalid, http.StatusBadRequest, "bad_request", "", ""},
	{store.ErrCursor, http.StatusGone, "cursor_expired", "", "start again without it"},
	{store.ErrTooManyBuckets, http.StatusBadRequest, "too_many_buckets", "", "use a longer interval, a smaller size or a shorter time range"},
	{store.ErrRequest, http.StatusBadRequest, "bad_request", "", ""},
	{store.ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "the store does not answer or refuses", "`logcenter health` says why; what comes in waits in the journal"},
	{store.ErrClosed, http.StatusServiceUnavailable, "unavailable", "", "the host is stopping, try again soon"},
}

// asError finds the answer to an error; nil if it is the host's own fault.
func asError(err error) *Error {
	var (
		own   *Error
		wrong *query.Error
		large *http.MaxBytesError

		refused *pack.Error
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &wrong):
		return badQuery(wrong)
	case errors.As(err, &refused):
		text := refused.Msg
		if refused.Place != "" {
			text = refused.Place + ": " + text
		}
		return &Error{Code: "package_refused", Message: text, Hint: refused.Hint, status: http.StatusBadRequest}
	case badRule(err) != nil:
		return badRule(err)
	case errors.As(err, &large):
		return &Error{
			Code: "too_large", Message: fmt.Sprintf("the request has more than %d bytes", large.Limit), status: http.StatusRequestEntityTooLarge,
		}
	}
	for _, c := range classes {
		if errors.Is(err, c.is) {
			text := c.text
			if text == "" {
				text = strings.TrimPrefix(err.Error(), store.ErrRequest.Error()+": ")
			}
			return &Error{Code: c.code, Message: text, Hint: c.hint, status: c.status}
		}
	}
	return nil
}

// fail answers with an error. What is the host's own fault goes to its log; the client learns only where.
func (s *Server) fail(c *gin.Context, err error) {
	e := asError(err)
	if e == nil {
		id := rand.Text()[:10]
		s.o.Log.WithError(err).WithFields(logrus.Fields{"request": id, "route": c.FullPath()}).Error("api: request failed")
		e = &Error{
			Code: "internal", Message: "the host failed to answer", status: http.StatusInternalServerError,
			Hint: "the host's log says why under request " + id,
		}
	}
	c.Abort()
	if c.Writer.Written() {
		// Half of an answer must not look like a whole one: the connection breaks.
		panic(http.ErrAbortHandler)
	}
	switch e.status {
	case http.StatusUnauthorized:
		c.Header("WWW-Authenticate", `Bearer realm="logcenter"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		c.Header("Retry-After", "1")
	}
	s.writeJSON(c, e.status, map[string]*Error{"error": e})
}

// recovered turns panics into answers. The stack goes to the log.
func (s *Server) recovered(c *gin.Context) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it the same way
			panic(v)
		}
		s.fail(c, s.panicked(v))
	}()
	c.Next()
}

// panicked counts a panic and tells the log of it.
func (s *Server) panicked(v any) error {
	s.metrics.panics.Inc()
	s.o.Log.WithField("stack", string(debug.Stack())).Errorf("api: panic: %v", v)
	return fmt.Errorf("panic: %v", v)
}

// writeJSON answers with v. An error of writing means that the client is gone.
func (s *Server) writeJSON(c *gin.Context, status int, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		s.o.Log.WithError(err).WithField("route", c.FullPath()).Error("api: answer is no JSON")
		status = http.StatusInternalServerError
		b.Reset()
		b.WriteString(`{"error":{"code":"internal","message":"the host made an answer that is no JSON","hint":"its log says why"}}`)
	}
	s.writeWithin(c, readTimeout+writeTimeout) // what was asked for may have taken longer than a request has
	h := c.Writer.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	c.Status(status)
	if _, err := io.Copy(c.Writer, &b); err != nil {
		s.o.Log.WithError(err).Debug("api: client is gone")
	}
}
