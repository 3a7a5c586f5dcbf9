// Package post sends bodies by HTTP POST, and says of an answer whether another try may help.
//
// Requests go to the host of their URL and to no other: redirects are followed on the same scheme, host and port only, and
// only if the method and the body stay. URLs may hold secrets, so no error shows more of one than scheme and host.
package post

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk/clienttls"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Options say how to send.
type Options struct {
	TLS clienttls.Config
	// Proxy is the URL of a proxy, http or https; empty is none. That of the environment is not used.
	Proxy string
}

// Bounds of an answer: what of its body is read, and redirects that are followed.
const (
	maxAnswer    = 64 << 10
	maxRedirects = 3
)

// Client sends. It is safe for concurrent use and keeps connections for a minute.
type Client struct {
	http      *http.Client
	transport *http.Transport
}

// CheckURL says what is wrong with a URL to post to, or of a proxy; hint says what it should be like.
func CheckURL(key, text, hint string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Fragment != "" {
		return &schema.Error{Path: key, Msg: "is not a URL to send to", Hint: hint} // not shown: it may hold a secret
	}
	if u.User != nil {
		return &schema.Error{Path: key, Msg: "must not have a user or password in it", Hint: "there are keys for files of secrets"}
	}
	return nil
}

// New makes a client. Errors are *schema.Error, for the admin.
func New(o Options) (*Client, error) {
	config, err := o.TLS.Load("")
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		TLSClientConfig: config, ForceAttemptHTTP2: true, MaxIdleConns: 4, MaxConnsPerHost: 8, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: maxAnswer,
	}
	if o.Proxy != "" {
		if err := CheckURL("proxy", o.Proxy, "http://HOST:PORT"); err != nil {
			return nil, err
		}
		u, err := url.Parse(o.Proxy)
		if err != nil {
			return nil, &schema.Error{Path: "proxy", Msg: "is not a URL"}
		}
		t.Proxy = http.ProxyURL(u)
	}
	return &Client{transport: t, http: &http.Client{Transport: t, CheckRedirect: follow}}, nil
}

// follow stays on the host, and keeps the method: a redirect that makes a GET of a POST delivers nothing.
func follow(to *http.Request, via []*http.Request) error {
	if from := via[0]; len(via) > maxRedirects || to.Method != from.Method || to.URL.Scheme != from.URL.Scheme || to.URL.Host != from.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// Answer is what the other side said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // the first 64 KiB of it
}

// Post sends a body; ctx bounds all of it. An error means that there was no answer, so that another try may help.
func (c *Client) Post(ctx context.Context, to string, header http.Header, body []byte) (*Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, bare(err)
	}
	r.Header = header
	a, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Host(to), bare(err))
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(a.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Host(to), bare(err))
	}
	return &Answer{a.StatusCode, a.Header, b}, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// bare is an error without the URL.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Host is scheme and host of a URL, which may be shown.
func Host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "a URL that cannot be read"
	}
	return u.Scheme + "://" + u.Host
}

// maxWait is the longest that is waited because the other side says so.
const maxWait = time.Hour

// Delivered says whether the other side took the body.
func (a *Answer) Delivered() bool { return a.Status/100 == 2 }

// Again says whether another try may help, and how long to wait for it: what Retry-After says, usual at least, an hour at
// most. 0 is never: the other side will not take this.
func (a *Answer) Again(usual time.Duration, now time.Time) time.Duration {
	switch {
	case a.Status/100 == 5 && a.Status != http.StatusNotImplemented && a.Status != http.StatusHTTPVersionNotSupported,
		a.Status == http.StatusTooManyRequests, a.Status == http.StatusRequestTimeout, a.Status == http.StatusTooEarly:
	default:
		return 0
	}
	wait := usual
	if s := a.Header.Get("Retry-After"); s != "" {
		if n, err := strconv.ParseUint(s, 10, 31); err == nil {
			wait = time.Duration(n) * time.Second
		} else if at, err := http.ParseTime(s); err == nil {
			wait = at.Sub(now)
		}
	}
	return min(max(wait, usual), maxWait)
}

// Err says what the other side answered that is no delivery.
func (a *Answer) Err() error {
	said := http.StatusText(a.Status)
	switch {
	case a.Status/100 == 3:
		return fmt.Errorf("answers %d %s: redirects are not followed to other hosts, nor where they make a GET of it; set url to where it leads, at %s", a.Status, said, Host(a.Header.Get("Location")))
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		return fmt.Errorf("answers %d %s: see to the token or password%s", a.Status, said, a.excerpt())
	}
	return fmt.Errorf("answers %d %s%s", a.Status, said, a.excerpt())
}

// excerpt is the beginning of what the other side says.
func (a *Answer) excerpt() string {
	if len(a.Body) == 0 {
		return ""
	}
	return fmt.Sprintf(": %.200q", a.Body)
}
