package elastic

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	elasticsearch "github.com/elastic/go-elasticsearch/v8"

	"github.com/logcenter/logcenter/host/store"
)

// client speaks JSON to the cluster. It tries nothing twice by itself: writers retry for ever, queries are asked
// again by whoever asked.
type client struct {
	es      *elasticsearch.Client
	where   string // for messages
	timeout time.Duration
}

// dialTimeout is short, because a query waits for it at every node that is down.
const dialTimeout = 5 * time.Second

func newClient(o *Options) (*client, error) {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("the process has replaced http.DefaultTransport by a %T", http.DefaultTransport)
	}
	t = t.Clone()
	t.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	t.MaxIdleConnsPerHost = 16
	t.ResponseHeaderTimeout = o.Timeout
	t.TLSHandshakeTimeout = dialTimeout
	var err error
	if t.TLSClientConfig, err = o.tls(); err != nil {
		return nil, err
	}
	es, err := elasticsearch.NewClient(elasticsearch.Config{
		Addresses: o.Addresses, Username: o.Username, Password: o.Password, APIKey: o.APIKey,
		CompressRequestBody: o.Gzip, PoolCompressor: o.Gzip, CompressRequestBodyLevel: 1,
		Transport: t, DisableMetaHeader: true,
		MaxRetries: max(1, len(o.Addresses)-1), RetryOnStatus: []int{http.StatusBadGateway},
	})
	if err != nil {
		return nil, err
	}
	return &client{es: es, where: fmt.Sprint(o.Addresses), timeout: o.Timeout}, nil
}

// tls reads the files anew for each client, so that a new certificate needs a restart only.
func (o *Options) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM", o.CAFile)
		}
	}
	if o.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// Error is an answer of Elasticsearch that is not a success.
type Error struct {
	Status int
	Type   string
	Reason string
}

func (e *Error) Error() string {
	if e.Type == "" {
		return fmt.Sprintf("Elasticsearch answers %d %s%s", e.Status, http.StatusText(e.Status), e.advice())
	}
	return fmt.Sprintf("Elasticsearch answers %d %s: %s%s", e.Status, e.Type, e.Reason, e.advice())
}

func (e *Error) advice() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return " (check username, password_file or api_key_file of store.elasticsearch)"
	case e.Type == "cluster_block_exception":
		return " (make space on its disks or lift the block; events wait in the journal)"
	case e.Status == http.StatusForbidden:
		return " (the user lacks privileges; README.md lists those it needs)"
	default:
		return ""
	}
}

// Unwrap makes refusals of a cluster that is not well, or not ours to use, those of a store that is not there.
func (e *Error) Unwrap() error {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return store.ErrUnavailable
	default:
		return nil
	}
}

func (e *Error) is(status int) bool { return e.Status == status }

// errorBody is the JSON of a failure; error is an object, or a text where the path is not known.
type errorBody struct {
	Error json.RawMessage `json:"error"`
}

type errorCause struct {
	Type      string      `json:"type"`
	Reason    string      `json:"reason"`
	CausedBy  *errorCause `json:"caused_by"`
	RootCause []errorCause
	Failed    []struct {
		Reason errorCause `json:"reason"`
	} `json:"failed_shards"`
}

// deepest is what really went wrong: the outer errors only say that something did.
func (c *errorCause) deepest() *errorCause {
	if len(c.Failed) > 0 {
		return c.Failed[0].Reason.deepest()
	}
	if c.CausedBy != nil && c.CausedBy.Reason != "" {
		return c.CausedBy.deepest()
	}
	return c
}

func newError(status int, body []byte) *Error {
	e := &Error{Status: status}
	var b errorBody
	var c errorCause
	if json.Unmarshal(body, &b) == nil && json.Unmarshal(b.Error, &c) == nil {
		d := c.deepest()
		e.Type, e.Reason = d.Type, d.Reason
		if d != &c && d.Reason != c.Reason && c.Type != "search_phase_execution_exception" {
			e.Type, e.Reason = c.Type, c.Reason+": "+d.Reason
		}
	}
	return e
}

// isStatus says whether err is an answer with that status.
func isStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.is(status)
}

// do sends body, JSON or nil, and decodes the answer into out, which may be nil.
func (c *client) do(ctx context.Context, method, path string, body any, out any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	return c.send(ctx, method, path, "application/json", raw, out)
}

func (c *client) send(ctx context.Context, method, path, contentType string, body []byte, out any) error {
	answer, err := c.call(ctx, method, path, contentType, body)
	if err != nil || out == nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("Elasticsearch's answer to %s %s is not as expected: %w", method, path, err) //nolint:staticcheck // a name
	}
	return nil
}

// call sends body, which may be nil, and returns the answer if it is a success.
func (c *client) call(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, path, r)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := c.es.Perform(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: Elasticsearch at %s cannot be reached: %w", store.ErrUnavailable, c.where, err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: Elasticsearch at %s broke off its answer: %w", store.ErrUnavailable, c.where, err)
	}
	if res.StatusCode >= 300 {
		return nil, newError(res.StatusCode, answer)
	}
	return answer, nil
}
