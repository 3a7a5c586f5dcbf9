// Package client speaks to Logcenter's REST API, with the standard library alone.
//
// A [Client] has one method for each thing the API can do; /api/v1/openapi.json describes them. Requests that
// may safely be sent again are, after an answer "try again later" (429, 503) or a lost connection. Errors of
// the API are of type [*Error].
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Options say where Logcenter is and who asks.
type Options struct {
	// URL of the host, e.g. https://logs.example.com or http://127.0.0.1:8080. A path is put before /api/v1.
	URL string
	// Token of the API. If it is empty, the one in TokenFile is used.
	Token string
	// TokenFile holds a token in one line. It is read by New.
	TokenFile string
	// HTTPClient sends the requests. It should have no timeout of its own: tails and exports take as long as
	// they take, and contexts bound the rest. nil means one with sensible limits on connecting.
	HTTPClient *http.Client
	// UserAgent names the program in the host's log. Empty means logcenter-client.
	UserAgent string
	// Retries is how often a request is sent again. 0 means 4, negative never.
	Retries int
	// Unanswered is called when a request has had no answer for ten seconds after all of it was sent, once for each try, by a
	// goroutine of its own. The client waits on. nil: nobody is told.
	Unanswered func()
}

// The backoff between two tries; the host's Retry-After comes first.
const (
	firstPause = 200 * time.Millisecond
	longPause  = 10 * time.Second
)

const (
	maxErrorBody   = 64 << 10 // bytes of an error's text that are read
	maxToken       = 4 << 10
	defaultRetries = 4
	headerTimeout  = 2 * time.Hour // parts of exports may need a scan of everything
)

// unanswered is after how long [Options.Unanswered] is called.
var unanswered = 10 * time.Second

// Client is safe for concurrent use. It has no state of its own but connections.
type Client struct {
	base    string // without a slash at its end
	token   string
	agent   string
	http    *http.Client
	retries int
	waiting func() // may be nil
}

// New checks the options. It does not connect.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the URL of a host: write e.g. http://127.0.0.1:8080", o.URL)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the URL %s://%s has more than a host and a path: give the token as such", u.Scheme, u.Host)
	}
	c := &Client{base: strings.TrimRight(u.String(), "/"), token: o.Token, agent: o.UserAgent, http: o.HTTPClient, retries: o.Retries, waiting: o.Unanswered}
	if c.token == "" && o.TokenFile != "" {
		if c.token, err = readToken(o.TokenFile); err != nil {
			return nil, err
		}
	}
	if strings.ContainsAny(c.token, " \r\n\t") {
		return nil, errors.New("the token has white space in it")
	}
	if c.agent == "" {
		c.agent = "logcenter-client"
	}
	switch {
	case c.retries == 0:
		c.retries = defaultRetries
	case c.retries < 0:
		c.retries = 0
	}
	if c.http == nil {
		c.http = &http.Client{Transport: transport()}
	}
	return c, nil
}

func transport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: headerTimeout,
		ExpectContinueTimeout: 5 * time.Second,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   8,
	}
}

func readToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	token := string(bytes.TrimSpace(b))
	if token == "" || len(b) > maxToken {
		return "", fmt.Errorf("token file %s: it must hold one line with a token", path)
	}
	return token, nil
}

// request is one call of the API.
type request struct {
	method string
	path   []string // below /api/v1, not escaped
	params url.Values
	body   []byte                               // may be sent several times
	stream func() (io.ReadCloser, int64, error) // instead of body: opens it for each try, with its size; nil: there is none
	header http.Header
	once   bool // must not be sent again once it may have arrived
	always bool // sent again until it is answered
}

func get(path ...string) request { return request{method: http.MethodGet, path: path} }

func (r request) with(p url.Values) request { r.params = p; return r }

// json makes v the body.
func (r request) json(v any) (request, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return r, fmt.Errorf("request: %w", err)
	}
	r.body, r.header = b, http.Header{"Content-Type": {"application/json"}}
	return r, nil
}

// send sends a request once. An answer other than 2xx is an *Error.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	u := c.base + "/api/v1"
	for _, p := range r.path {
		u += "/" + url.PathEscape(p)
	}
	if len(r.params) > 0 {
		u += "?" + r.params.Encode()
	}
	var body io.Reader
	size := int64(len(r.body))
	switch {
	case r.stream != nil:
		opened, n, err := r.stream()
		if err != nil {
			return nil, &answerError{err}
		}
		body, size = opened, n
		if n == 0 { // else it would be one of unknown size
			body = http.NoBody
			defer opened.Close() //nolint:errcheck // nothing was read
		}
	case r.body != nil:
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	for k, v := range r.header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", c.agent)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.waiting != nil {
		var answered func()
		req, answered = c.impatient(req)
		defer answered()
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		defer res.Body.Close() //nolint:errcheck // the error answer is what counts
		return nil, readError(res)
	}
	return res, nil
}

// impatient returns req so that c.waiting is called when it is sent and answered is not called in time.
func (c *Client) impatient(req *http.Request) (patched *http.Request, answered func()) {
	var over atomic.Bool
	var timer atomic.Pointer[time.Timer]
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) {
		t := time.AfterFunc(unanswered, func() {
			if !over.Swap(true) {
				c.waiting()
			}
		})
		if old := timer.Swap(t); old != nil {
			old.Stop() // a connection that was kept had been closed by the host: the request went out again
		}
	}}
	return req.WithContext(httptrace.WithClientTrace(req.Context(), trace)), func() {
		over.Store(true)
		if t := timer.Load(); t != nil {
			t.Stop()
		}
	}
}

// do sends a request, as often as it takes and is allowed. read takes the answer; an error of reading counts
// as a lost connection unless it is an answerError.
func (c *Client) do(ctx context.Context, r request, read func(*http.Response) error) error {
	for try := 0; ; try++ {
		res, err := c.send(ctx, r)
		if err == nil {
			err = read(res)
			if cerr := res.Body.Close(); err == nil && cerr != nil {
				err = cerr
			}
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if !again(err, r) || try >= c.retries && !r.always {
			return err
		}
		if err := pause(ctx, try, err); err != nil {
			return err
		}
	}
}

// answerError is an answer that will not get better by asking again.
type answerError struct{ err error }

func (e *answerError) Error() string { return e.err.Error() }
func (e *answerError) Unwrap() error { return e.err }

// again says whether r, which failed with err, may be sent again.
func again(err error, r request) bool {
	var (
		api *Error
		bad *answerError
		u   *url.Error
	)
	switch {
	case errors.As(err, &bad):
		return false
	case errors.As(err, &api):
		switch api.Status {
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			return true
		case http.StatusBadGateway, http.StatusGatewayTimeout:
			return r.always || !r.once && api.Code == codeHTTP // a proxy's answer; the host's own timeout would come again
		}
		return r.always && api.Status >= 500
	case r.once:
		return false
	case errors.As(err, &u):
		var cert *tls.CertificateVerificationError
		return !errors.As(err, &cert)
	default:
		return true
	}
}

// pause waits before the next try.
func pause(ctx context.Context, try int, err error) error {
	d := min(firstPause<<min(try, 10), longPause)
	d = d/2 + rand.N(d) // so that many clients do not come back at once
	var api *Error
	if errors.As(err, &api) && api.RetryAfter > 0 {
		d = max(d, min(api.RetryAfter, longPause))
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), err)
	}
}

// call sends a request and decodes the JSON answer.
func call[T any](ctx context.Context, c *Client, r request) (*T, error) {
	var answer *T
	err := c.do(ctx, r, func(res *http.Response) error {
		answer = new(T)
		d := json.NewDecoder(res.Body)
		d.UseNumber()
		return decodeError(d.Decode(answer))
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// nothing sends a request whose answer has no body.
func (c *Client) nothing(ctx context.Context, r request) error {
	return c.do(ctx, r, func(*http.Response) error { return nil })
}

// decodeError tells broken connections from answers that are not what they should be.
func decodeError(err error) error {
	var (
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	if errors.As(err, &syntax) || errors.As(err, &kind) {
		return &answerError{fmt.Errorf("the answer is not Logcenter's: %w", err)}
	}
	return err
}

func setInt(p url.Values, name string, v int) {
	if v != 0 {
		p.Set(name, strconv.Itoa(v))
	}
}

func setText(p url.Values, name, v string) {
	if v != "" {
		p.Set(name, v)
	}
}

func setList(p url.Values, name string, v []string) { setText(p, name, strings.Join(v, ",")) }

func setFlag(p url.Values, name string, v bool) {
	if v {
		p.Set(name, "true")
	}
}
