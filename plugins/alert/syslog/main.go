// Command syslog sends alerts to other systems by syslog: RFC 5424 messages over UDP (RFC 5426) or TCP
// (RFC 6587).
//
// Syslog has no receipts: over UDP nothing tells whether a message arrived, over TCP what was written while the
// other side went away is lost. What is known to have failed is tried again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Address is where to send, as host:port.
	Address string `yaml:"address" required:"true"`
	// Protocol is udp or tcp.
	Protocol string `yaml:"protocol" default:"udp" enum:"udp,tcp"`
	// Framing is how messages are parted over TCP: octet puts their length in front, newline ends each with one.
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
	MaxBytes int `yaml:"max_bytes" default:"8192" min:"480" max:"65000"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error {
	if _, port, err := net.SplitHostPort(c.Address); err != nil || port == "" {
		return &schema.Error{Path: "address", Msg: fmt.Sprintf("%q is not an address", c.Address), Hint: "host:port, e.g. 10.2.0.9:514"}
	}
	if !printable(c.AppName, 48) {
		return &schema.Error{Path: "app_name", Msg: "want 1 to 48 printable ASCII characters without blanks"}
	}
	if c.Hostname != "" && !printable(c.Hostname, 255) {
		return &schema.Error{Path: "hostname", Msg: "want at most 255 printable ASCII characters without blanks"}
	}
	return nil
}

type notifier struct {
	c    Config
	head header

	mu   sync.Mutex
	conn *connection
}

// New returns a notifier; it connects when there is something to send.
func New(c Config) (sdk.Notifier, error) {
	host := c.Hostname
	if host == "" {
		host, _ = os.Hostname()
	}
	if !printable(host, 255) {
		host = "-"
	}
	return &notifier{c: c, head: header{facility: facilities[c.Facility], host: host, app: c.AppName, pid: os.Getpid()}}, nil
}

// Notify sends one alert.
func (n *notifier) Notify(ctx context.Context, a sdk.Alert) error {
	b := n.head.message(a, time.Now(), n.c.MaxBytes)
	if n.c.Protocol == "tcp" {
		b = frame(b, n.c.Framing)
	}
	ctx, cancel := context.WithTimeout(ctx, n.c.Timeout)
	defer cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.send(ctx, b); err != nil {
		return sdk.RetryAfter(n.c.Retry, fmt.Errorf("syslog to %s over %s: %w", n.c.Address, n.c.Protocol, err))
	}
	return nil
}

// send writes a message. A connection that has been idle may have died unseen, so its failure is followed by one
// try on a fresh one.
func (n *notifier) send(ctx context.Context, b []byte) error {
	if n.conn != nil {
		err := n.conn.write(ctx, b)
		if err == nil {
			return nil
		}
		// Also when time is up: half a message may be on its way, and the next one must not follow it.
		n.conn.close()
		n.conn = nil
		if ctx.Err() != nil {
			return err
		}
	}
	conn, err := dial(ctx, n.c.Protocol, n.c.Address)
	if err != nil {
		return err
	}
	if err := conn.write(ctx, b); err != nil {
		conn.close()
		return err
	}
	n.conn = conn
	return nil
}

// Close ends the connection.
func (n *notifier) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn != nil {
		n.conn.close()
		n.conn = nil
	}
	return nil
}

// connection notices that the other side has closed it before something is written into the void.
type connection struct {
	net.Conn
	gone chan struct{}
}

func dial(ctx context.Context, protocol, address string) (*connection, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, protocol, address)
	if err != nil {
		return nil, err
	}
	conn := &connection{c, make(chan struct{})}
	go func() {
		defer close(conn.gone)
		_, _ = io.Copy(io.Discard, c) // ends when either side closes; over UDP, at a refused port
	}()
	return conn, nil
}

var errGone = errors.New("the other side has closed the connection")

func (c *connection) write(ctx context.Context, b []byte) error {
	select {
	case <-c.gone:
		return errGone
	default:
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetWriteDeadline(deadline); err != nil {
			return err
		}
	}
	_, err := c.Write(b)
	return err
}

// close waits for the reader, so that nothing outlives the notifier.
func (c *connection) close() {
	_ = c.Conn.Close()
	<-c.gone
}

func main() { sdk.ServeNotifier(New) }
