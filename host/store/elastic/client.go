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
	"strings"
	"sync/atomic"
	"time"

	elasticsearch "github.com/elastic/go-elasticsearch/v8"

	"github.com/logcenter/logcenter/host/store"
)

// client speaks JSON to the cluster. It tries nothing twice by itself: writers retry for ever, queries are asked
// again by whoever asked.
type client struct {
	es interface {
		Perform(*http.Request) (*http.Response, error)
	}
	product atomic.Int32 // a product
	where   string       // for messages
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
	// Only the transport is used: the rest refuses OpenSearch.
	return &client{es: es.Transport, where: fmt.Sprint(o.Addresses), timeout: o.Timeout}, nil
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
	Product string
	Status  int
	Type    string
	Reason  string
}

func (e *Error) Error() string {
	if e.Type == "" {
		return fmt.Sprintf("%s answers %d %s%s", e.Product, e.Status, http.StatusText(e.Status), e.advice())
	}
	return fmt.Sprintf("%s answers %d %s: %s%s", e.Product, e.Status, e.Type, e.Reason, e.advice())
}

// advice says what an admin can do.
func (e *Error) advice() string {
	blocked := func(by string) bool { return e.Type == "cluster_block_exception" && strings.Contains(e.Reason, by) }
	switch {
	case e.Status == http.StatusUnauthorized:
		return " (check username, password_file or api_key_file of store.elasticsearch)"
	// In the words of both: "read-only / allow delete" and "read-only-allow-delete".
	case blocked("read-only / allow delete"), blocked("read-only-allow-delete"), blocked("flood-stage"):
		return " (a disk of the cluster is full beyond its flood-stage watermark: make space, then the cluster lifts the block by itself)"
	case blocked("cluster read-only"):
		return " (the whole cluster is read-only: set cluster.blocks.read_only to null by PUT _cluster/settings)"
	case blocked("index write"), blocked("index read-only"):
		return " (somebody made the index read-only: set index.blocks.write and index.blocks.read_only to null by PUT INDEX/_settings)"
	case e.Type == "index_create_block_exception": // OpenSearch, in place of a shard that no node may hold
		return " (the disks of all nodes are over their high watermark, or somebody set cluster.blocks.create_index: make space, then the cluster lifts the block by itself)"
	case e.Type == "cluster_block_exception":
		return " (lift the block; events wait in the journal)"
	case e.Type == "unavailable_shards_exception":
		return " (no node holds this index's shard: GET _cluster/allocation/explain says why, often a disk over its high watermark or a node that is missing)"
	case e.Type == "index_closed_exception":
		return " (somebody closed the index: open it by POST INDEX/_open)"
	case e.Status == http.StatusForbidden:
		return " (the user lacks privileges; README.md lists those it needs)"
	case e.Status == http.StatusRequestEntityTooLarge:
		return " (raise http.max_content_length of the cluster, or the limit of the proxy before it)"
	case strings.Contains(e.Reason, "maximum normal shards open"), strings.Contains(e.Reason, "maximum shards open"):
		return " (raise cluster.max_shards_per_node, add a node, or keep events for less time)"
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

// ofIndex says whether a document was refused for what its index or the cluster is like, not for what is in it.
func (e *Error) ofIndex() bool {
	return e.Type == "index_closed_exception" || e.Type == "validation_exception" // of limits, as that of shards
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

func (c *client) newError(a *answer) *Error {
	e := &Error{Product: c.name(), Status: a.status}
	var b errorBody
	var outer errorCause
	if json.Unmarshal(a.body, &b) == nil && json.Unmarshal(b.Error, &outer) == nil {
		d := outer.deepest()
		e.Type, e.Reason = d.Type, d.Reason
		if d != &outer && d.Reason != outer.Reason && outer.Type != "search_phase_execution_exception" {
			e.Type, e.Reason = outer.Type, outer.Reason+": "+d.Reason
		}
	}
	return e
}

func (c *client) name() string { return product(c.product.Load()).String() }

// isStatus says whether err is an answer with that status.
func isStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.is(status)
}

// isMissing says whether the cluster answers that there is no such index or alias; a 404 of something before the
// cluster says nothing about what it has.
func isMissing(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.is(http.StatusNotFound) && e.Type == "index_not_found_exception"
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
	return c.decode(answer, method+" "+path, out)
}

// decode reads an answer; what names what it answers.
func (c *client) decode(answer []byte, what string, out any) error {
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("%w: the answer of %s to %s is not as expected: %w (is there something else at %s by now?)",
			store.ErrUnavailable, c.name(), what, err, c.where)
	}
	return nil
}

// call sends body, which may be nil, and returns the answer if it is a success.
func (c *client) call(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	a, err := c.exchange(ctx, method, path, contentType, body)
	if err != nil {
		return nil, err
	}
	if a.status >= 300 {
		return nil, c.newError(a)
	}
	return a.body, nil
}

// answer is what came back, whatever it is.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// exchange sends body, which may be nil. An error means that there is no whole answer.
func (c *client) exchange(ctx context.Context, method, path, contentType string, body []byte) (*answer, error) {
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
		return nil, fmt.Errorf("%w: %s at %s cannot be reached: %w%s", store.ErrUnavailable, c.name(), c.where, err, c.unreachable(err))
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	a := &answer{status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %s at %s broke off its answer: %w", store.ErrUnavailable, c.name(), c.where, err)
	}
	return a, nil
}

// unreachable says what to do about an error of a connection.
func (c *client) unreachable(err error) string {
	text, never := err.Error(), product(c.product.Load()) == unknown
	switch {
	case strings.Contains(text, "tls: certificate required"), strings.Contains(text, "tls: bad certificate"), strings.Contains(text, "tls: unknown certificate"):
		return " (the cluster asks for a client certificate that it trusts: set cert_file and key_file of store.elasticsearch)"
	case strings.Contains(text, "x509: certificate signed by unknown authority"):
		return " (set ca_file of store.elasticsearch to the authority that signed the cluster's certificates)"
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return " (it has no TLS: write http:// in store.elasticsearch.addresses)"
	case never && strings.Contains(text, "EOF"), strings.Contains(text, "malformed HTTP response"):
		return " (if it has TLS, write https:// in store.elasticsearch.addresses)"
	default:
		return " (check store.elasticsearch.addresses and that the cluster runs)"
	}
}
