// Command tcp sends alerts to other systems over a lasting TCP or TLS connection, one JSON object a line.
//
// With acknowledgement the receiver answers each line with the alert's id in a line of its own, and an alert that was not
// answered is sent again. Without, what was written while the other side went away is lost.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/clienttls"
	"github.com/logcenter/logcenter/sdk/link"
	"github.com/logcenter/logcenter/sdk/message"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/target"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Targets are the receivers. The channel of one is tcp/NAME.
	Targets []Target `yaml:"targets"`
}

// Target is a receiver.
type Target struct {
	// Name is what channels call the receiver.
	Name string `yaml:"name" required:"true"`
	// Address is where to send, as host:port.
	Address string `yaml:"address" required:"true"`
	// Protocol is tcp or tls.
	Protocol string `yaml:"protocol" default:"tcp" enum:"tcp,tls"`
	// Acknowledge says that the receiver answers the line of each alert with the alert's id in a line of its own. An alert
	// that is not answered within timeout is sent again.
	Acknowledge bool `yaml:"acknowledge"`
	// Timeout bounds connecting, sending and the answer.
	Timeout time.Duration `yaml:"timeout" default:"5s" min:"10ms" max:"1m"`
	// Retry is how long to wait after a failure before the alert is sent again.
	Retry time.Duration `yaml:"retry" default:"5s" min:"100ms" max:"10m"`
	// MaxLine bounds the line of an alert; what is too large loses event ids first, then the ends of long values, and says
	// so by cut.
	MaxLine schema.Bytes     `yaml:"max_line" default:"256KiB" min:"4KiB" max:"16MiB"`
	TLS     clienttls.Config `yaml:",inline"`
	Message message.Config   `yaml:",inline"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error { return target.Check(c.Targets, nameOf) }

func nameOf(t *Target) string { return t.Name }

// Validate says what the tags cannot.
func (t *Target) Validate() error {
	if host, port, err := net.SplitHostPort(t.Address); err != nil || host == "" || port == "" {
		return &schema.Error{Path: "address", Msg: fmt.Sprintf("%q is not an address", t.Address), Hint: "host:port, e.g. siem.example.com:5170"}
	}
	if t.Protocol != "tls" && t.TLS.Used() {
		return &schema.Error{Path: "protocol", Msg: "certificates are of use for tls only"}
	}
	return nil
}

type notifier struct{ target.Set[*receiver] }

// New returns a notifier; it connects when there is something to send. Certificates and templates are read at once, so
// that what is wrong with them is known.
func New(c Config) (sdk.Notifier, error) {
	set, err := target.New(c.Targets, nameOf, newReceiver)
	return &notifier{set}, err
}

// receiver is one target.
type receiver struct {
	c        Target
	composer *message.Composer
	link     *link.Link

	mu      sync.Mutex
	waiting map[string]*waiter // by the id of the alert; as many as there are calls of Notify
}

// waiter waits for the answer to an alert.
type waiter struct {
	answered chan struct{}
	calls    int
}

func newReceiver(c Target) (*receiver, error) {
	r := &receiver{c: c, waiting: map[string]*waiter{}}
	var err error
	if r.composer, err = message.New(c.Message); err != nil {
		return nil, err
	}
	o := link.Options{Network: "tcp", Address: c.Address}
	if c.Protocol == "tls" {
		host, _, _ := net.SplitHostPort(c.Address)
		o.TLS = func() (*tls.Config, error) { return c.TLS.Load(host) }
		if _, err := o.TLS(); err != nil {
			return nil, err
		}
	}
	if c.Acknowledge {
		o.Read = r.answers
	}
	r.link = link.New(o)
	return r, nil
}

// Notify sends one alert.
func (n *notifier) Notify(ctx context.Context, a sdk.Alert) error {
	name, r, err := n.Choose(&a)
	if err != nil {
		return fmt.Errorf("tcp: %w", err)
	}
	m := r.composer.Message(&a, "tcp/"+name, time.Now())
	d := m.Document()
	d.Text = m.Line(message.Plain)
	if err := m.Err(); err != nil {
		fmt.Fprintf(os.Stderr, "tcp/%s: %v\n", name, err)
	}
	if len(d.ID) > message.MaxID || message.Clean(d.ID) != d.ID {
		return fmt.Errorf("tcp/%s: the id of the alert is not a line of at most %d bytes: %.40q", name, message.MaxID, d.ID)
	}
	b, err := d.JSON(int(r.c.MaxLine))
	if err != nil {
		return fmt.Errorf("tcp/%s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.Timeout)
	defer cancel()
	if err := r.send(ctx, d.ID, append(b, '\n')); err != nil {
		return sdk.RetryAfter(r.c.Retry, fmt.Errorf("tcp/%s: to %s over %s: %w", name, r.c.Address, r.c.Protocol, err))
	}
	return nil
}

// errNoAnswer says that the receiver took an alert and did not say so.
var errNoAnswer = errors.New("the alert was not answered with its id in time")

// send writes a line, and waits for its answer if there is to be one.
func (r *receiver) send(ctx context.Context, id string, line []byte) error {
	if !r.c.Acknowledge {
		_, err := r.link.Send(ctx, line)
		return err
	}
	w := r.wait(id)
	defer r.done(id, w)
	gone, err := r.link.Send(ctx, line)
	if err != nil {
		return err
	}
	select {
	case <-w.answered:
		return nil
	case <-ctx.Done():
		r.link.Drop(gone) // nobody knows what the other side is doing
		return errNoAnswer
	case <-gone:
	}
	select {
	case <-w.answered: // the last thing it said
		return nil
	default:
		return link.ErrGone
	}
}

func (r *receiver) wait(id string) *waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.waiting[id]
	if w == nil {
		w = &waiter{answered: make(chan struct{})}
		r.waiting[id] = w
	}
	w.calls++
	return w
}

func (r *receiver) done(id string, w *waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.calls--; w.calls == 0 && r.waiting[id] == w {
		delete(r.waiting, id)
	}
}

// maxAnswer is how long a line of the receiver may be.
const maxAnswer = 4 << 10

// answers reads the ids that a receiver sends. Ids that nobody waits for are late or none; a line that is too long ends the
// connection.
func (r *receiver) answers(from io.Reader) {
	s := bufio.NewScanner(from)
	s.Buffer(make([]byte, 0, 512), maxAnswer)
	for s.Scan() {
		id := strings.TrimSpace(s.Text())
		r.mu.Lock()
		if w := r.waiting[id]; w != nil {
			close(w.answered)
			delete(r.waiting, id)
		}
		r.mu.Unlock()
	}
}

// Close ends the connections.
func (n *notifier) Close() error {
	n.Each(func(r *receiver) { r.link.Close() })
	return nil
}

func main() { sdk.ServeNotifier(New) }
