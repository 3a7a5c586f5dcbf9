package httpin

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/journal"
)

// refusal is an answer other than 200, in the API's shape of errors.
type refusal struct {
	status  int
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (r *refusal) Error() string { return r.Message }

// retryAfter is the Retry-After of 429 and 503, in seconds.
const retryAfter = "1"

// ServeHTTP implements [http.Handler].
func (in *Input) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	accepted, duplicate, err := in.serve(w, req)
	if err == nil {
		write(w, http.StatusOK, map[string]any{"accepted": accepted, "duplicate": duplicate})
		return
	}
	r := in.refuse(err)
	in.count.Fail(err)
	if r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	write(w, r.status, map[string]any{"error": r})
}

func write(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // an error means that the sender is gone; it will ask again
}

func (in *Input) serve(w http.ResponseWriter, req *http.Request) (accepted int, duplicate bool, err error) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return 0, false, &refusal{http.StatusMethodNotAllowed, "method_not_allowed", req.Method + " is not possible here", "send records with POST"}
	}
	b, leave := in.enter()
	if b == nil {
		return 0, false, &refusal{http.StatusServiceUnavailable, "unavailable", "input " + in.cfg.Name + " is not running", "send the request again"}
	}
	defer leave()
	r := request{peer: req.RemoteAddr, key: req.Header.Get("Idempotency-Key")}
	r.scope = in.cfg.Name + "\x00" + req.Header.Get("Authorization")
	if _, err := input.NewKey(r.scope, r.key, 0); err != nil {
		return 0, false, &refusal{http.StatusBadRequest, "bad_request", err.Error(), "use up to 256 bytes without control characters, new for each request"}
	}
	if r.ndjson, err = format(req); err != nil {
		return 0, false, err
	}
	buf := in.buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= 1<<20 { // one huge request is no reason to keep its memory
			buf.Reset()
			in.buffers.Put(buf)
		}
	}()
	reserved, err := in.read(buf, w, req)
	defer in.inFlight.Add(-reserved)
	if err != nil {
		return 0, false, err
	}
	r.body = buf.Bytes()
	return in.store(req.Context(), b, r)
}

// format says whether the lines are JSON objects.
func format(req *http.Request) (ndjson bool, err error) {
	switch f := req.URL.Query().Get("format"); f {
	case "raw":
		return false, nil
	case "ndjson":
		return true, nil
	case "":
		t, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
		return err == nil && (t == "application/x-ndjson" || t == "application/ndjson" || t == "application/jsonl"), nil
	default:
		return false, &refusal{http.StatusBadRequest, "bad_request", fmt.Sprintf("there is no format %.40q", f), "use raw or ndjson"}
	}
}

// readStep is how much is reserved of the bytes in flight before it is read.
const readStep = 64 << 10

// read reads the whole body into buf. reserved is what it holds of the bytes in flight, also on an error.
func (in *Input) read(buf *bytes.Buffer, w http.ResponseWriter, req *http.Request) (reserved int64, err error) {
	tooLarge := &refusal{
		http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("the body has more than %d bytes", in.cfg.MaxBodyBytes),
		"send fewer records a request, or raise max_body_bytes of the input",
	}
	if req.ContentLength > in.cfg.MaxBodyBytes {
		return 0, tooLarge
	}
	var body io.Reader = http.MaxBytesReader(w, req.Body, in.cfg.MaxBodyBytes)
	switch enc := strings.ToLower(req.Header.Get("Content-Encoding")); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return 0, badBody(err, tooLarge)
		}
		body = z
	default:
		return 0, &refusal{http.StatusUnsupportedMediaType, "unsupported_encoding", fmt.Sprintf("Content-Encoding %.40q is not supported", enc), "use gzip or none"}
	}
	for {
		if in.inFlight.Add(readStep) > in.cfg.MaxInFlightBytes+readStep {
			in.inFlight.Add(-readStep)
			return reserved, &refusal{http.StatusTooManyRequests, "busy", "too many records are on their way", "send the request again later"}
		}
		reserved += readStep
		n, err := io.CopyN(buf, body, readStep)
		switch {
		case int64(buf.Len()) > in.cfg.MaxBodyBytes:
			return reserved, tooLarge
		case errors.Is(err, io.EOF) && n < readStep:
			return reserved, nil
		case err != nil:
			return reserved, badBody(err, tooLarge)
		}
	}
}

func badBody(err error, tooLarge *refusal) error {
	var limit *http.MaxBytesError
	if errors.As(err, &limit) {
		return tooLarge
	}
	return &refusal{http.StatusBadRequest, "bad_request", "the body cannot be read: " + err.Error(), "send the request again; with Content-Encoding: gzip the body is a gzip stream"}
}

// refuse makes an answer of an error.
func (in *Input) refuse(err error) *refusal {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, journal.ErrFull):
		return &refusal{http.StatusTooManyRequests, "journal_full", err.Error(), "send the request again later; an admin sees under consumers what lags"}
	case errors.Is(err, input.ErrUnavailable):
		return &refusal{http.StatusServiceUnavailable, "unavailable", err.Error(), "send the request again later; an admin frees disk space or repairs the disk"}
	case errors.Is(err, journal.ErrTooLarge):
		return &refusal{http.StatusRequestEntityTooLarge, "body_too_large", err.Error(), "send fewer records a request, or raise journal.raw.max_bytes"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, input.ErrClosed), errors.Is(err, journal.ErrClosed):
		return &refusal{http.StatusServiceUnavailable, "unavailable", err.Error(), "send the request again"}
	}
	return &refusal{http.StatusInternalServerError, "internal", err.Error(), "send the request again; the host's log says more"}
}
