package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/sdk/syslog"
)

const handshakeTimeout = 10 * time.Second

// accept takes connections until the listener is closed.
func (in *Input) accept(b *input.Batcher, readers *sync.WaitGroup) {
	wait := time.Millisecond
	for {
		c, err := in.tcp.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors, or a connection that ended before it began
			in.count.Fail(err)
			time.Sleep(wait)
			wait = min(2*wait, time.Second)
			continue
		}
		wait = time.Millisecond
		if !in.enter(c) {
			in.count.Drop(input.DropConnections, 1)
			_ = c.Close() // refused; nothing was read or written
			continue
		}
		readers.Go(func() {
			defer in.leave(c)
			if err := in.read(b, c); err != nil {
				in.count.Fail(err)
			}
		})
	}
}

// enter registers a connection, unless there are too many or the input stops.
func (in *Input) enter(c net.Conn) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.conns) >= in.cfg.MaxConnections || in.stopping.Load() {
		return false
	}
	in.conns[c] = struct{}{}
	in.count.Connections.Add(1)
	in.count.Accepted.Add(1)
	return true
}

func (in *Input) leave(c net.Conn) {
	in.mu.Lock()
	delete(in.conns, c)
	in.mu.Unlock()
	in.count.Connections.Add(-1)
	_ = c.Close() // what could fail, sending, was not done
}

// read takes records off a connection until it ends. nil when the peer or the input ended it.
func (in *Input) read(b *input.Batcher, c net.Conn) error {
	if t, ok := c.(*tls.Conn); ok {
		ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
		defer cancel()
		if err := t.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("TLS with %s: %w", c.RemoteAddr(), err)
		}
	}
	var (
		feed   = b.NewFeed(true)
		source = b.Source(c.RemoteAddr().String(), "")
		r      = &reader{in: in, conn: c, feed: feed, heard: time.Now()}
		frames = syslog.NewFrameReader(r, in.cfg.MaxRecordBytes)
	)
	for {
		frame, cut, err := frames.Next()
		if err == nil {
			err = feed.Line(source, trim(frame), cut, r.at, 0)
			if errors.Is(err, input.ErrClosed) {
				in.count.Drop(input.DropShutdown, 1)
				return nil
			}
			if err != nil {
				return err
			}
			continue
		}
		ended := !errors.Is(err, os.ErrDeadlineExceeded) || in.stopping.Load() || r.idle()
		if ferr := r.flush(ended); ferr != nil {
			return ferr
		}
		switch {
		case !ended:
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
			return nil
		default:
			return err
		}
	}
}

// reader reads a connection in large pieces once it turns out to be busy, and gives up waiting when a
// record that is being joined is due or the connection is idle.
type reader struct {
	in    *Input
	conn  net.Conn
	feed  *input.Feed
	at    int64     // ns; when the last piece was received
	heard time.Time // the same
	buf   []byte    // nil while the connection is slow
	rest  []byte    // of buf: read and not handed out
}

const readPiece = 64 << 10

// Read implements [io.Reader].
func (r *reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		r.deadline()
		if r.buf == nil || len(p) >= len(r.buf) {
			n, err := r.conn.Read(p)
			r.stamp(n)
			if n == len(p) && r.buf == nil {
				r.buf = make([]byte, readPiece)
			}
			return n, err
		}
		n, err := r.conn.Read(r.buf)
		r.stamp(n)
		if n == 0 {
			return 0, err
		}
		r.rest = r.buf[:n] // an error will come again
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *reader) stamp(n int) {
	if n > 0 {
		r.heard = time.Now()
		r.at = r.heard.UnixNano()
	}
}

// deadline bounds the next read. Without joining and idle timeout there is none to set.
func (r *reader) deadline() {
	idle := r.in.cfg.IdleTimeout
	if idle == 0 && !r.in.cfg.Multiline.On() {
		return
	}
	var t time.Time
	if idle > 0 {
		t = r.heard.Add(idle)
	}
	if wait, ok := r.feed.Due(); ok {
		if due := time.Now().Add(wait); t.IsZero() || due.Before(t) {
			t = due
		}
	}
	_ = r.conn.SetReadDeadline(t) // fails on a closed connection, as the read will
	if r.in.stopping.Load() {     // stop may have set its deadline just before
		_ = r.conn.SetReadDeadline(time.Now().Add(drain))
	}
}

func (r *reader) idle() bool {
	idle := r.in.cfg.IdleTimeout
	return idle > 0 && time.Since(r.heard) >= idle
}

// flush adds the record that is being joined if it is due or the connection has ended.
func (r *reader) flush(ended bool) error {
	if wait, ok := r.feed.Due(); !ok || wait > 0 && !ended {
		return nil
	}
	err := r.feed.Flush()
	if errors.Is(err, input.ErrClosed) {
		r.in.count.Drop(input.DropShutdown, 1)
		return nil
	}
	return err
}
