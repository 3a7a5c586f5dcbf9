// Command webhook posts alerts to other systems by HTTP, signed as the Standard Webhooks specification asks
// (https://www.standardwebhooks.com), as JSON or as a template of the admin's says.
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/clienttls"
	"github.com/logcenter/logcenter/sdk/message"
	"github.com/logcenter/logcenter/sdk/post"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/secret"
	"github.com/logcenter/logcenter/sdk/target"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Targets are the receivers. The channel of one is webhook/NAME.
	Targets []Target `yaml:"targets"`
}

// Target is a receiver.
type Target struct {
	// Name is what channels call the receiver.
	Name string `yaml:"name" required:"true"`
	// URL is where to post. Secrets do not belong in it, but into the files below.
	URL string `yaml:"url" required:"true"`
	// ContentType is that of the body. It decides how values are made harmless in the template body of template_file.
	ContentType string `yaml:"content_type" default:"application/json" enum:"application/json,text/plain,text/html,application/x-www-form-urlencoded"`
	// Headers are further headers of the request. Their values are templates as those of template_file.
	Headers map[string]string `yaml:"headers"`
	// SecretFile is the file with the secret by which requests are signed: its bytes, or base64 of them behind whsec_. Empty
	// signs none.
	SecretFile string `yaml:"secret_file"`
	// TokenFile is the file with the bearer token, read at each request. Empty sends none.
	TokenFile string `yaml:"token_file"`
	// Username is the user of basic authentication. Empty sends none.
	Username string `yaml:"username"`
	// PasswordFile is the file with the user's password, read at each request.
	PasswordFile string `yaml:"password_file"`
	// Proxy is the URL of a proxy, http://HOST:PORT. Empty is none.
	Proxy string `yaml:"proxy"`
	// Timeout bounds a request with its answer.
	Timeout time.Duration `yaml:"timeout" default:"8s" min:"10ms" max:"1m"`
	// Retry is how long to wait after a failure before the alert is sent again, if the receiver asks for no longer time.
	Retry time.Duration `yaml:"retry" default:"5s" min:"100ms" max:"10m"`
	// MaxBody bounds the body. Of JSON without a template event ids are left out first, then the ends of long values; a template
	// that makes more has failed.
	MaxBody schema.Bytes     `yaml:"max_body" default:"256KiB" min:"16KiB" max:"512KiB"`
	TLS     clienttls.Config `yaml:",inline"`
	Message message.Config   `yaml:",inline"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error { return target.Check(c.Targets, nameOf) }

func nameOf(t *Target) string { return t.Name }

// reserved are headers that the request has anyway.
var reserved = []string{
	"Authorization", "Connection", "Content-Length", "Content-Type", "Host", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Webhook-Id", "Webhook-Signature", "Webhook-Timestamp",
}

// Validate says what the tags cannot.
func (t *Target) Validate() error {
	if err := post.CheckURL("url", t.URL, "https://HOST[:PORT]/PATH"); err != nil {
		return err
	}
	if t.Proxy != "" {
		if err := post.CheckURL("proxy", t.Proxy, "http://HOST:PORT"); err != nil {
			return err
		}
	}
	if t.TokenFile != "" && t.Username != "" {
		return &schema.Error{Path: "token_file", Msg: "there is a user as well", Hint: "token_file or username and password_file"}
	}
	if (t.Username == "") != (t.PasswordFile == "") {
		return &schema.Error{Path: "username", Msg: "a user needs a password and a password its user", Hint: "username and password_file"}
	}
	for name := range t.Headers {
		at := schema.Key("headers", name)
		if !headerName(name) {
			return &schema.Error{Path: at, Msg: "is not the name of a header", Hint: "letters, digits and hyphens"}
		}
		if slices.Contains(reserved, http.CanonicalHeaderKey(name)) {
			return &schema.Error{Path: at, Msg: "is set by the plugin itself", Hint: "content_type, token_file, username and secret_file are for that"}
		}
	}
	return nil
}

func headerName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	})
}

type receiver struct {
	c        Target
	composer *message.Composer
	client   *post.Client
}

type notifier struct{ target.Set[*receiver] }

// New returns a notifier; it connects when there is something to send. Secrets, certificates and templates are read at
// once, so that what is wrong with them is known.
func New(c Config) (sdk.Notifier, error) {
	set, err := target.New(c.Targets, nameOf, newReceiver)
	return &notifier{set}, err
}

func newReceiver(c Target) (r *receiver, err error) {
	r = &receiver{c: c}
	if r.composer, err = message.New(c.Message); err != nil {
		return nil, err
	}
	for name, text := range c.Headers {
		if err := r.composer.Define(headerTemplate(name), text); err != nil {
			return nil, &schema.Error{Path: schema.Key("headers", name), Msg: err.Error(), Hint: "a text, in which {{.ID}} and the like stand for what the alert says"}
		}
	}
	if r.client, err = post.New(post.Options{TLS: c.TLS, Proxy: c.Proxy}); err != nil {
		return nil, err
	}
	_, err = r.credentials()
	return r, err
}

func headerTemplate(name string) string { return "header " + name }

// credentials are what a request proves who it is from by.
type credentials struct {
	key           []byte // to sign with; nil: there is none
	authorization string // the header; empty: there is none
	password      string // of it
}

// credentials reads the files of secrets.
func (r *receiver) credentials() (c credentials, err error) {
	if r.c.SecretFile != "" {
		if c.key, err = signingKey(r.c.SecretFile); err != nil {
			return c, &schema.Error{Path: "secret_file", Msg: err.Error()}
		}
	}
	if r.c.TokenFile != "" {
		if c.password, err = secret.Word(r.c.TokenFile); err != nil {
			return c, &schema.Error{Path: "token_file", Msg: err.Error()}
		}
		c.authorization = "Bearer " + c.password
	}
	if r.c.Username != "" {
		if c.password, err = secret.Read(r.c.PasswordFile); err != nil {
			return c, &schema.Error{Path: "password_file", Msg: err.Error()}
		}
		c.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(r.c.Username+":"+c.password))
	}
	return c, nil
}

// Notify posts one alert.
func (n *notifier) Notify(ctx context.Context, a sdk.Alert) error {
	name, r, err := n.Choose(&a)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	m := r.composer.Message(&a, "webhook/"+name, time.Now())
	header := r.headers(m)
	body, err := r.body(m)
	if err != nil {
		return fmt.Errorf("webhook/%s: %w", name, err)
	}
	if err := m.Err(); err != nil {
		fmt.Fprintf(os.Stderr, "webhook/%s: %v; the alert is told without it\n", name, err)
	}
	who, err := r.credentials()
	if err != nil { // the file may be there again soon
		return sdk.RetryAfter(r.c.Retry, fmt.Errorf("webhook/%s: %w", name, err))
	}
	if who.authorization != "" {
		header.Set("Authorization", who.authorization)
	}
	sign(header, who.key, messageID(&a), time.Now(), body)
	ctx, cancel := context.WithTimeout(ctx, r.c.Timeout)
	defer cancel()
	answer, err := r.client.Post(ctx, r.c.URL, header, body)
	if err != nil {
		return sdk.RetryAfter(r.c.Retry, fmt.Errorf("webhook/%s: %w", name, err))
	}
	if answer.Delivered() {
		return nil
	}
	// What is answered may repeat what was sent.
	err = secret.Hide(fmt.Errorf("webhook/%s: %s %w", name, post.Host(r.c.URL), answer.Err()), string(who.key), who.password, strings.TrimPrefix(who.authorization, "Basic "))
	if wait := answer.Again(r.c.Retry, time.Now()); wait > 0 {
		return sdk.RetryAfter(wait, err)
	}
	return err
}

// headers are those of the config. One whose template fails is left out.
func (r *receiver) headers(m *message.Message) http.Header {
	h := http.Header{"Content-Type": {r.c.ContentType}, "User-Agent": {"Logcenter"}}
	if r.c.ContentType != "application/x-www-form-urlencoded" && r.c.ContentType != "application/json" {
		h.Set("Content-Type", r.c.ContentType+"; charset=utf-8")
	}
	for name := range r.c.Headers {
		if value, err := m.Own(headerTemplate(name), message.Plain); err == nil {
			h.Set(name, strings.TrimSpace(message.Cut(message.Clean(value), maxHeader)))
		}
	}
	return h
}

// maxHeader bounds the value of a header, in bytes.
const maxHeader = 1024

// Close ends idle connections.
func (n *notifier) Close() error {
	n.Each(func(r *receiver) { r.client.Close() })
	return nil
}

func main() { sdk.ServeNotifier(New) }
