// Package link keeps a connection to a receiver from one message to the next.
//
// TCP and UDP tell late, or never, that nobody takes what is written. So a link reads all the time, to notice that the
// other side has gone before something is written into the void, and to receive answers where there are any.
package link

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// ErrGone says that the other side has closed the connection.
var ErrGone = errors.New("the other side has closed the connection")

// refusal is how long a TLS receiver has to refuse a fresh connection: since TLS 1.3 a client believes that it is
// connected before the other side has looked at its certificate.
const refusal = 250 * time.Millisecond

// Options say where a link leads.
type Options struct {
	Network string // tcp or udp
	Address string // host:port
	// TLS is asked for each connection; nil is a link without TLS. It is for tcp only.
	TLS func() (*tls.Config, error)
	// Read reads what the other side sends until it fails; nil discards it. When it returns, the connection counts as gone.
	Read func(io.Reader)
}

// Link is a connection that is made when there is something to send, and again when it broke. It is safe for concurrent
// use.
type Link struct {
	o    Options
	turn chan struct{} // has room while nobody sends; guards conn
	conn *connection
}

// New makes a link and connects nothing.
func New(o Options) *Link {
	if o.Read == nil {
		o.Read = func(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
	}
	return &Link{o: o, turn: make(chan struct{}, 1)}
}

// Send writes a message, and returns a channel that is closed when the connection it was written to is gone. A connection
// that was idle may have died unseen, so its failure is followed by one try on a fresh one. Without an error the message
// was handed to the kernel, which is all that is known.
func (l *Link) Send(ctx context.Context, b []byte) (gone <-chan struct{}, err error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if c := l.conn; c != nil {
		err := c.write(ctx, b)
		if err == nil {
			return c.gone, nil
		}
		// Also when time is up: half a message may be on its way, and the next one must not follow it.
		c.close()
		l.conn = nil
		if ctx.Err() != nil {
			return nil, err
		}
	}
	c, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.write(ctx, b); err != nil {
		c.close()
		return nil, err
	}
	l.conn = c
	return c.gone, nil
}

// Gone says whether the last connection is known to have ended.
func (l *Link) Gone() bool {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.conn == nil {
		return true
	}
	select {
	case <-l.conn.gone:
		return true
	default:
		return false
	}
}

// Drop ends the connection if it is the one that gone is of, as Send returned it. The next Send makes a fresh one.
func (l *Link) Drop(gone <-chan struct{}) {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.conn != nil && l.conn.gone == gone {
		l.conn.close()
		l.conn = nil
	}
}

// Close ends the connection, and waits for Read.
func (l *Link) Close() {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.conn != nil {
		l.conn.close()
		l.conn = nil
	}
}

type connection struct {
	net.Conn
	gone chan struct{}
}

func (l *Link) dial(ctx context.Context) (*connection, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, l.o.Network, l.o.Address)
	if err != nil {
		return nil, err
	}
	conn := &connection{c, make(chan struct{})}
	if l.o.TLS != nil {
		config, err := l.o.TLS()
		if err != nil {
			_ = c.Close()
			return nil, err
		}
		over := tls.Client(c, config)
		if err := over.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, err
		}
		conn.Conn = over
	}
	go func() {
		defer close(conn.gone)
		l.o.Read(conn.Conn) // ends when either side closes; over UDP, at a refused port
	}()
	if l.o.TLS == nil {
		return conn, nil
	}
	select {
	case <-conn.gone:
		conn.close()
		return nil, errors.New("the other side has closed the connection at once: it may not accept the certificate of this side, or want one")
	case <-time.After(refusal):
	case <-ctx.Done():
	}
	return conn, nil
}

func (c *connection) write(ctx context.Context, b []byte) error {
	select {
	case <-c.gone:
		return ErrGone
	default:
	}
	deadline, _ := ctx.Deadline() // zero is none
	if err := c.SetWriteDeadline(deadline); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = c.SetWriteDeadline(time.Unix(1, 0)) })() // a cancelled call ends at once
	_, err := c.Write(b)
	return err
}

// close waits for the reader, so that nothing outlives the link.
func (c *connection) close() {
	_ = c.Conn.Close()
	<-c.gone
}
