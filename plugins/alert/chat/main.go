// Command chat tells alerts in chats: DingTalk, WeCom, Feishu or Lark, Slack, and what takes Slack's messages (Mattermost,
// Rocket.Chat).
//
// Chats take few messages a minute, and some keep a robot that sends more silent for a while. So a target sends no more than
// its chat takes; an alert beyond that is asked for again when there is room.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
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
	// Targets are the chats. The channel of one is chat/NAME.
	Targets []Target `yaml:"targets"`
}

// Target is a chat.
type Target struct {
	// Name is what channels call the chat.
	Name string `yaml:"name" required:"true"`
	// Kind is dingtalk, wecom, feishu (Lark, too) or slack (also Mattermost and Rocket.Chat).
	Kind string `yaml:"kind" required:"true" enum:"dingtalk,wecom,feishu,slack"`
	// URL is the webhook's without its token: https://oapi.dingtalk.com/robot/send, https://qyapi.weixin.qq.com/cgi-bin/webhook/send,
	// https://open.feishu.cn/open-apis/bot/v2/hook or https://hooks.slack.com/services.
	URL string `yaml:"url" required:"true"`
	// TokenFile is the file with the rest of the webhook's URL, read for each alert: what stands behind access_token= for
	// DingTalk, behind key= for WeCom, and behind the last part of url above for Feishu and Slack.
	TokenFile string `yaml:"token_file" required:"true"`
	// SecretFile is the file with the secret by which DingTalk and Feishu have messages signed. Empty signs none.
	SecretFile string `yaml:"secret_file"`
	// PerMinute is how many messages a minute are sent at most. 0 is what the chat takes: 20 for DingTalk and WeCom, 100
	// for Feishu, 60 for Slack.
	PerMinute int `yaml:"per_minute" default:"0" min:"0" max:"1000"`
	// Proxy is the URL of a proxy, http://HOST:PORT. Empty is none.
	Proxy string `yaml:"proxy"`
	// Timeout bounds a request with its answer.
	Timeout time.Duration `yaml:"timeout" default:"8s" min:"10ms" max:"1m"`
	// Retry is how long to wait after a failure before the alert is sent again, if the chat asks for no longer time.
	Retry   time.Duration    `yaml:"retry" default:"5s" min:"100ms" max:"10m"`
	TLS     clienttls.Config `yaml:",inline"`
	Message message.Config   `yaml:",inline"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error { return target.Check(c.Targets, nameOf) }

func nameOf(t *Target) string { return t.Name }

// Validate says what the tags cannot.
func (t *Target) Validate() error {
	if err := post.CheckURL("url", t.URL, kinds[t.Kind].usual); err != nil {
		return err
	}
	if u, err := url.Parse(t.URL); err != nil || u.RawQuery != "" {
		return &schema.Error{Path: "url", Msg: "must not have a query in it", Hint: kinds[t.Kind].usual + ", and the token in token_file"}
	}
	if t.Proxy != "" {
		if err := post.CheckURL("proxy", t.Proxy, "http://HOST:PORT"); err != nil {
			return err
		}
	}
	if t.SecretFile != "" && !kinds[t.Kind].signs {
		return &schema.Error{Path: "secret_file", Msg: t.Kind + " has no signatures"}
	}
	return nil
}

// room is one target.
type room struct {
	c        Target
	kind     *kind
	composer *message.Composer
	client   *post.Client

	mu   sync.Mutex
	sent []time.Time // the newest messages, as many as a minute takes; oldest first
	hush time.Time   // the chat wants nothing before
}

type notifier struct{ target.Set[*room] }

// New returns a notifier; it connects when there is something to send. Secrets, certificates and templates are read at
// once, so that what is wrong with them is known.
func New(c Config) (sdk.Notifier, error) {
	set, err := target.New(c.Targets, nameOf, newRoom)
	return &notifier{set}, err
}

func newRoom(c Target) (r *room, err error) {
	r = &room{c: c, kind: kinds[c.Kind]}
	if r.c.PerMinute == 0 {
		r.c.PerMinute = r.kind.perMinute
	}
	if r.composer, err = message.New(c.Message); err != nil {
		return nil, err
	}
	if r.client, err = post.New(post.Options{TLS: c.TLS, Proxy: c.Proxy}); err != nil {
		return nil, err
	}
	_, _, err = r.secrets()
	return r, err
}

// secrets are the token, and the secret to sign with, which may be empty.
func (r *room) secrets() (token, key string, err error) {
	if token, err = secret.Word(r.c.TokenFile); err == nil && strings.ContainsAny(token, "?#%&") || strings.Contains(token, "://") {
		err = errors.New("it holds more than the token: only what stands behind the url")
	}
	if err != nil {
		return "", "", &schema.Error{Path: "token_file", Msg: err.Error()}
	}
	if r.c.SecretFile != "" {
		if key, err = secret.Word(r.c.SecretFile); err != nil {
			return "", "", &schema.Error{Path: "secret_file", Msg: err.Error()}
		}
	}
	return token, key, nil
}

// Notify tells one alert.
func (n *notifier) Notify(ctx context.Context, a sdk.Alert) error {
	name, r, err := n.Choose(&a)
	if err != nil {
		return fmt.Errorf("chat: %w", err)
	}
	token, key, err := r.secrets()
	if err != nil { // the file may be there again soon
		return sdk.RetryAfter(r.c.Retry, fmt.Errorf("chat/%s: %w", name, err))
	}
	if wait := r.turn(time.Now()); wait > 0 {
		return sdk.RetryAfter(wait, fmt.Errorf("chat/%s: %s takes %d messages a minute, and has room in %v", name, r.c.Kind, r.c.PerMinute, wait.Round(time.Second)))
	}
	m := r.composer.Message(&a, "chat/"+name, time.Now())
	title, text := m.Title(r.kind.escape), m.TextWithin(r.kind.escape, r.kind.most)
	if err := m.Err(); err != nil {
		fmt.Fprintf(os.Stderr, "chat/%s: %v\n", name, err)
	}
	to, body := r.kind.request(&call{base: strings.TrimRight(r.c.URL, "/"), token: token, key: key, title: title, text: text, chinese: r.c.Message.Language == "zh", now: time.Now()})
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("chat/%s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.Timeout)
	defer cancel()
	wait, err := r.post(ctx, to, b)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("chat/%s: %w", name, secret.Hide(err, token, key))
	if wait > 0 {
		return sdk.RetryAfter(wait, err)
	}
	return err
}

// post sends a message. An error comes with how long to wait for another try, 0 for never.
func (r *room) post(ctx context.Context, to string, body []byte) (wait time.Duration, err error) {
	a, err := r.client.Post(ctx, to, http.Header{"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"Logcenter"}}, body)
	if err != nil {
		return r.c.Retry, err
	}
	wait, err = a.Again(r.c.Retry, time.Now()), a.Err()
	// Feishu says why in the body of a 400; else a status that is no success says all.
	if a.Delivered() || a.Status == http.StatusBadRequest {
		switch said, why := r.kind.answer(a.Body); {
		case said == taken && a.Delivered():
			return 0, nil
		case said == busy, said == unreadable && a.Delivered():
			wait, err = r.c.Retry, why
		case said == tooMany:
			wait, err = max(r.c.Retry, r.kind.penalty), why
		case said == refused:
			wait, err = 0, why
		}
	}
	err = fmt.Errorf("%s %w", r.c.Kind, err)
	if wait > r.c.Retry { // until then every message would be refused, and may make it worse
		r.mu.Lock()
		r.hush = time.Now().Add(wait)
		r.mu.Unlock()
	}
	return wait, err
}

// turn takes the place of one message, or says how long there is none.
func (r *room) turn(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if wait := r.hush.Sub(now); wait > 0 {
		return wait
	}
	if len(r.sent) == r.c.PerMinute {
		if wait := r.sent[0].Add(time.Minute).Sub(now); wait > 0 {
			return wait
		}
		r.sent = append(r.sent[:0], r.sent[1:]...)
	}
	r.sent = append(r.sent, now)
	return 0
}

// Close ends idle connections.
func (n *notifier) Close() error {
	n.Each(func(r *room) { r.client.Close() })
	return nil
}

func main() { sdk.ServeNotifier(New) }
