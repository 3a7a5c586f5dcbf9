package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Error is what the API, or something before it, answered instead of a result.
type Error struct {
	Status     int           // of HTTP
	Code       string        // e.g. bad_query; the constants below
	Message    string        // what is wrong
	Hint       string        // what would be right; may be empty
	Position   *Position     // in the query; nil if it is not about one
	Faults     []RuleFault   // of a rule's text; nil if it is not about one
	RetryAfter time.Duration // how long to wait before trying again; 0 if it does not say
}

// Position is a range of bytes of a query's UTF-8.
type Position struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// The values of Error.Code; /api/v1/openapi.json explains them.
const (
	CodeBadRequest       = "bad_request"
	CodeBadQuery         = "bad_query"
	CodeUnauthorized     = "unauthorized"
	CodeForbidden        = "forbidden"
	CodeNotFound         = "not_found"
	CodeMethodNotAllowed = "method_not_allowed"
	CodeConflict         = "conflict"
	CodeCursorExpired    = "cursor_expired"
	CodeTooManyBuckets   = "too_many_buckets"
	CodeBadRule          = "bad_rule"
	CodeBadList          = "bad_list"
	CodeStale            = "stale"
	CodeTooLarge         = "too_large"
	CodeBodyTooLarge     = "body_too_large"
	CodeEncoding         = "unsupported_encoding"
	CodeBusy             = "busy"
	CodeJournalFull      = "journal_full"
	CodeDiskFull         = "disk_full"
	CodeFilesFull        = "files_full"
	CodeDamaged          = "damaged"
	CodeTimeout          = "timeout"
	CodeUnavailable      = "unavailable"
	CodeInternal         = "internal"
	codeHTTP             = "http" // the answer came from something else, e.g. a proxy
)

// Error is one line with the hint in parentheses.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " (" + e.Hint + ")"
}

// IsCode says whether err is an [*Error] with a code.
func IsCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// readError makes an Error of an answer other than 2xx.
func readError(res *http.Response) error {
	e := &Error{Status: res.StatusCode}
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
		e.RetryAfter = time.Duration(min(s, 3600)) * time.Second
	}
	b, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorBody)) // what is there must do
	var answer struct {
		Error *struct {
			Code     string      `json:"code"`
			Message  string      `json:"message"`
			Hint     string      `json:"hint"`
			Position *Position   `json:"position"`
			Faults   []RuleFault `json:"faults"`
		} `json:"error"`
	}
	if json.Unmarshal(b, &answer) == nil && answer.Error != nil && answer.Error.Code != "" {
		e.Code, e.Message, e.Hint = answer.Error.Code, answer.Error.Message, answer.Error.Hint
		e.Position, e.Faults = answer.Error.Position, answer.Error.Faults
		return e
	}
	e.Code = codeHTTP
	e.Message = fmt.Sprintf("%s answered %s, which is not Logcenter's", res.Request.URL.Host, res.Status)
	if text := strings.TrimSpace(string(b)); text != "" {
		e.Message += fmt.Sprintf(": %.200q", text)
	}
	return e
}
