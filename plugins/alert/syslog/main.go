// Command syslog sends alerts to other systems by syslog: RFC 5424 messages over UDP (RFC 5426), TCP (RFC 6587) or TLS
// (RFC 5425).
//
// Syslog has no receipts: over UDP nothing tells whether a message arrived, over TCP and TLS what was written while the
// other side went away is lost. What is known to have failed is tried again.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
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
	// Targets are the receivers. The channel of one is syslog/NAME.
	Targets []Target `yaml:"targets"`
}

// Target is a receiver.
type Target struct {
	// Name is what channels call the receiver.
	Name string `yaml:"name" required:"true"`
	// Address is where to send, as host:port. The usual port is 514, of TLS 6514.
	Address string `yaml:"address" required:"true"`
	// Protocol is udp, tcp or tls.
	Protocol string `yaml:"protocol" default:"udp" enum:"udp,tcp,tls"`
	// Framing is how messages are parted over TCP: octet puts their length in front, newline ends each with one. TLS has
	// octet (RFC 5425, section 4.3).
	Framing string `yaml:"framing" default:"octet" enum:"octet,newline"`
	// Facility is that of RFC 5424, section 6.2.1.
	Facility string `yaml:"facility" default:"local0" enum:"kern,user,mail,daemon,auth,syslog,lpr,news,uucp,cron,authpriv,ftp,ntp,audit,alert,clock,local0,local1,local2,local3,local4,local5,local6,local7"`
	// AppName is the application of the messages' header.
	AppName string `yaml:"app_name" default:"logcenter"`
	// Hostname is the host of the messages' header. Empty means this machine's name.
	Hostname string `yaml:"hostname"`
	// Timeout bounds connecting and sending.
	Timeout time.Duration `yaml:"timeout" default:"5s" min:"10ms" max:"1m"`
	// Retry is how long to wait after a failure before the alert is sent again.
	Retry time.Duration `yaml:"retry" default:"5s" min:"100ms" max:"10m"`
	// MaxBytes bounds a message; its text is cut. Receivers must take 480 bytes and should take 2048 (RFC 5424,
	// section 6.1).
	MaxBytes int              `yaml:"max_bytes" default:"8192" min:"480" max:"65000"`
	TLS      clienttls.Config `yaml:",inline"`
	Message  message.Config   `yaml:",inline"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error { return target.Check(c.Targets, nameOf) }

func nameOf(t *Target) string { return t.Name }

// Validate says what the tags cannot.
func (t *Target) Validate() error {
	if _, port, err := net.SplitHostPort(t.Address); err != nil || port == "" {
		return &schema.Error{Path: "address", Msg: fmt.Sprintf("%q is not an address", t.Address), Hint: "host:port, e.g. 10.2.0.9:514"}
	}
	if !printable(t.AppName, 48) {
		return &schema.Error{Path: "app_name", Msg: "want 1 to 48 printable ASCII characters without blanks"}
	}
	if t.Hostname != "" && !printable(t.Hostname, 255) {
		return &schema.Error{Path: "hostname", Msg: "want at most 255 printable ASCII characters without blanks"}
	}
	if t.Protocol != "tls" && t.TLS.Used() {
		return &schema.Error{Path: "protocol", Msg: "certificates are of use for tls only, not for " + t.Protocol}
	}
	if t.Protocol == "tls" && t.Framing != "octet" {
		return &schema.Error{Path: "framing", Msg: "over TLS messages are parted by their length", Hint: "octet, or leave it out"}
	}
	return nil
}

type receiver struct {
	c        Target
	head     header
	composer *message.Composer
	link     *link.Link
}

type notifier struct{ target.Set[*receiver] }

// New returns a notifier; it connects when there is something to send. Certificates and templates are read at once, so
// that what is wrong with them is known.
func New(c Config) (sdk.Notifier, error) {
	set, err := target.New(c.Targets, nameOf, newReceiver)
	return &notifier{set}, err
}

func newReceiver(c Target) (*receiver, error) {
	r := &receiver{c: c, head: header{facility: facilities[c.Facility], host: c.Hostname, app: c.AppName, pid: os.Getpid()}}
	if r.head.host == "" {
		r.head.host, _ = os.Hostname()
	}
	if !printable(r.head.host, 255) {
		r.head.host = "-"
	}
	var err error
	if r.composer, err = message.New(c.Message); err != nil {
		return nil, err
	}
	o := link.Options{Network: "tcp", Address: c.Address}
	switch c.Protocol {
	case "udp":
		o.Network = "udp"
	case "tls":
		host, _, _ := net.SplitHostPort(c.Address)
		o.TLS = func() (*tls.Config, error) { return c.TLS.Load(host) }
		if _, err := o.TLS(); err != nil {
			return nil, err
		}
	}
	r.link = link.New(o)
	return r, nil
}

// Notify sends one alert.
func (n *notifier) Notify(ctx context.Context, a sdk.Alert) error {
	name, r, err := n.Choose(&a)
	if err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	now := time.Now()
	m := r.composer.Message(&a, "syslog/"+name, now)
	b := r.head.message(m, now, r.c.MaxBytes)
	if err := m.Err(); err != nil {
		fmt.Fprintf(os.Stderr, "syslog/%s: %v\n", name, err)
	}
	if r.c.Protocol != "udp" {
		b = frame(b, r.c.Framing)
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.Timeout)
	defer cancel()
	if _, err := r.link.Send(ctx, b); err != nil {
		return sdk.RetryAfter(r.c.Retry, fmt.Errorf("syslog/%s: to %s over %s: %w", name, r.c.Address, r.c.Protocol, err))
	}
	return nil
}

// Close ends the connections.
func (n *notifier) Close() error {
	n.Each(func(r *receiver) { r.link.Close() })
	return nil
}

func main() { sdk.ServeNotifier(New) }
