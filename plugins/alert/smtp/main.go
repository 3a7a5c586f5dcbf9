// Command smtp mails alerts: text and HTML, over STARTTLS or TLS, with authentication.
//
// A repeat is the same mail, with the same Message-ID, and all mails about one rule and its keys are one thread.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/clienttls"
	"github.com/logcenter/logcenter/sdk/message"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/secret"
	"github.com/logcenter/logcenter/sdk/target"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Targets are groups of recipients, each with the server that mails to it. The channel of one is smtp/NAME.
	Targets []Target `yaml:"targets"`
}

// Target is a group of recipients.
type Target struct {
	// Name is what channels call the group.
	Name string `yaml:"name" required:"true"`
	// Address is the mail server, as host:port. The usual port is 587 for starttls, 465 for tls, 25 for none.
	Address string `yaml:"address" required:"true"`
	// Security is starttls, tls (from the first byte) or none. A server without STARTTLS is refused, so that nobody on
	// the way can turn it off.
	Security string `yaml:"security" default:"starttls" enum:"starttls,tls,none"`
	// Username is who logs in to the server. Empty logs nobody in.
	Username string `yaml:"username"`
	// PasswordFile is the file with the user's password, read for each mail.
	PasswordFile string `yaml:"password_file"`
	// From is the sender, NAME <ADDRESS> or an address.
	From string `yaml:"from" required:"true"`
	// To are the recipients, each NAME <ADDRESS> or an address; at most 100.
	To []string `yaml:"to" required:"true"`
	// Hello is the name by which this machine greets the server. Empty means its host name.
	Hello string `yaml:"hello"`
	// Timeout bounds connecting and sending.
	Timeout time.Duration `yaml:"timeout" default:"9s" min:"10ms" max:"5m"`
	// Retry is how long to wait after a failure before the alert is sent again.
	Retry   time.Duration    `yaml:"retry" default:"30s" min:"100ms" max:"1h"`
	TLS     clienttls.Config `yaml:",inline"`
	Message message.Config   `yaml:",inline"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error { return target.Check(c.Targets, nameOf) }

func nameOf(t *Target) string { return t.Name }

// maxRecipients bounds a target: servers must take so many at once (RFC 5321, section 4.5.3.1.8).
const maxRecipients = 100

// Validate says what the tags cannot.
func (t *Target) Validate() error {
	if host, port, err := net.SplitHostPort(t.Address); err != nil || host == "" || port == "" {
		return &schema.Error{Path: "address", Msg: fmt.Sprintf("%q is not an address", t.Address), Hint: "host:port, e.g. mail.example.com:587"}
	}
	if len(t.To) > maxRecipients {
		return &schema.Error{Path: "to", Msg: fmt.Sprintf("%d are too many: at most %d", len(t.To), maxRecipients)}
	}
	for i, s := range append([]string{t.From}, t.To...) {
		at := "from"
		if i > 0 {
			at = schema.Index("to", i-1)
		}
		if a, err := mail.ParseAddress(s); err != nil || strings.ContainsFunc(a.Address, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return &schema.Error{Path: at, Msg: fmt.Sprintf("%q is not a mail address", s), Hint: "soc@example.com or SOC <soc@example.com>"}
		}
	}
	if (t.Username == "") != (t.PasswordFile == "") {
		return &schema.Error{Path: "username", Msg: "a user needs a password and a password its user", Hint: "username and password_file"}
	}
	if t.Security == "none" && (t.Username != "" || t.TLS.Used()) {
		return &schema.Error{Path: "security", Msg: "passwords and certificates are of use with starttls or tls only"}
	}
	if strings.ContainsFunc(t.Hello, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return &schema.Error{Path: "hello", Msg: fmt.Sprintf("%q is not the name of a machine", t.Hello)}
	}
	return nil
}

// group is one target.
type group struct {
	c        Target
	composer *message.Composer
	from     *mail.Address
	to       []*mail.Address

	mu    sync.Mutex
	taken map[string][]bool // by Message-ID: recipients who have the mail while others are still to get it
	order []string          // of taken, oldest first
}

type notifier struct{ target.Set[*group] }

// New returns a notifier; it connects when there is something to send. Secrets, certificates and templates are read at
// once, so that what is wrong with them is known.
func New(c Config) (sdk.Notifier, error) {
	set, err := target.New(c.Targets, nameOf, newGroup)
	return &notifier{set}, err
}

func newGroup(c Target) (g *group, err error) {
	g = &group{c: c, taken: map[string][]bool{}}
	if g.from, err = mail.ParseAddress(c.From); err != nil {
		return nil, &schema.Error{Path: "from", Msg: err.Error()}
	}
	for i, s := range c.To {
		a, err := mail.ParseAddress(s)
		if err != nil {
			return nil, &schema.Error{Path: schema.Index("to", i), Msg: err.Error()}
		}
		g.to = append(g.to, a)
	}
	if g.c.Hello == "" {
		g.c.Hello, _ = os.Hostname()
	}
	if g.composer, err = message.New(c.Message); err != nil {
		return nil, err
	}
	if _, err := c.TLS.Load(""); err != nil {
		return nil, err
	}
	if c.PasswordFile != "" {
		if _, err := secret.Read(c.PasswordFile); err != nil {
			return nil, &schema.Error{Path: "password_file", Msg: err.Error()}
		}
	}
	return g, nil
}

// Notify mails one alert.
func (n *notifier) Notify(ctx context.Context, a sdk.Alert) error {
	name, g, err := n.Choose(&a)
	if err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	m, id, err := g.compose(&a, name, time.Now())
	if err != nil {
		return fmt.Errorf("smtp/%s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, g.c.Timeout)
	defer cancel()
	later, err := g.deliver(ctx, m, id)
	if err == nil {
		return nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("not done within %v: %w", g.c.Timeout, err)
	}
	err = fmt.Errorf("smtp/%s: by %s: %w", name, g.c.Address, err)
	if later {
		return sdk.RetryAfter(g.c.Retry, err)
	}
	return err
}

// lasting says that a server will answer the same again (RFC 5321, section 4.2.1: 5yz).
func lasting(err error) bool {
	var e *textproto.Error
	return errors.As(err, &e) && e.Code/100 == 5
}

// rememberedMails bounds the mails of which only some recipients have been reached.
const rememberedMails = 1000

// reached are the recipients who have a mail already.
func (g *group) reached(id string) []bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.taken[id]; t != nil {
		return append([]bool(nil), t...)
	}
	return make([]bool, len(g.to))
}

// remember notes who has a mail, for when it is sent again to the others.
func (g *group) remember(id string, reached []bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.taken[id] == nil {
		if len(g.order) == rememberedMails {
			delete(g.taken, g.order[0])
			g.order = g.order[1:]
		}
		g.order = append(g.order, id)
	}
	g.taken[id] = reached
}

func main() { sdk.ServeNotifier(New) }
