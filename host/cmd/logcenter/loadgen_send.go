package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/client"
)

// sink takes the lines that loadgen makes.
type sink interface {
	send(line []byte) error
	flush() error // hands out what was gathered
	close() error // after flush, or to give up
}

// open finds the sink that the flags name.
func (o *loadgenOptions) open(ctx context.Context) (sink, error) {
	switch {
	case o.file != "":
		f, err := os.Create(o.file)
		if err != nil {
			return nil, err
		}
		return &writerSink{w: bufio.NewWriterSize(f, 256<<10), c: f}, nil
	case o.to == "":
		return &writerSink{w: bufio.NewWriterSize(o.out, 64<<10)}, nil
	}
	if input, ok := strings.CutPrefix(o.to, "input:"); ok {
		cl, err := o.connection.client()
		if err != nil {
			return nil, err
		}
		return newInputSink(func(key string, body []byte) error {
			_, err := cl.Ingest(ctx, input, body, client.IngestOptions{Key: key})
			return err
		}), nil
	}
	u, err := url.Parse(o.to)
	if err != nil || u.Host == "" || u.Scheme != "udp" && u.Scheme != "tcp" || strings.Trim(u.Path, "/") != "" {
		return nil, usagef("--to %s is not possible: use udp://HOST:PORT, tcp://HOST:PORT or input:NAME", o.to)
	}
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, u.Scheme, u.Host)
	if err != nil {
		return nil, &unreachableError{fmt.Errorf("cannot reach %s: %w", o.to, err)}
	}
	if u.Scheme == "udp" {
		return &packetSink{conn: conn}, nil
	}
	return &writerSink{w: bufio.NewWriterSize(conn, 64<<10), c: conn, octets: o.framing == "octet"}, nil
}

// writerSink writes lines into a stream.
type writerSink struct {
	w      *bufio.Writer
	c      io.Closer // nil: stays open
	octets bool
	head   []byte
}

func (s *writerSink) send(line []byte) error {
	if s.octets { // RFC 6587, section 3.4.1
		s.head = append(strconv.AppendInt(s.head[:0], int64(len(line)), 10), ' ')
		_, _ = s.w.Write(s.head) // its error stays for the next write
		_, err := s.w.Write(line)
		return err
	}
	_, _ = s.w.Write(line)
	return s.w.WriteByte('\n')
}

func (s *writerSink) flush() error { return s.w.Flush() }

func (s *writerSink) close() error {
	err := s.w.Flush()
	if s.c != nil {
		if cerr := s.c.Close(); err == nil {
			err = cerr
		}
	}
	return err
}

// packetSink sends a datagram a line. Datagrams get lost; only a refused one is noticed.
type packetSink struct{ conn net.Conn }

func (s *packetSink) send(line []byte) error {
	_, err := s.conn.Write(line)
	return err
}

func (s *packetSink) flush() error { return nil }

func (s *packetSink) close() error { return s.conn.Close() }

// inputBatch is how many bytes of lines one request has.
const inputBatch = 512 << 10

// inputSink posts lines to an HTTP input of the host.
type inputSink struct {
	post func(key string, body []byte) error
	run  string // makes keys unique
	n    int
	buf  bytes.Buffer
}

func newInputSink(post func(key string, body []byte) error) *inputSink {
	return &inputSink{post: post, run: rand.Text()}
}

func (s *inputSink) send(line []byte) error {
	s.buf.Write(line)
	s.buf.WriteByte('\n')
	if s.buf.Len() < inputBatch {
		return nil
	}
	return s.flush()
}

func (s *inputSink) flush() error {
	if s.buf.Len() == 0 {
		return nil
	}
	key := s.run + "-" + strconv.Itoa(s.n)
	if err := s.post(key, s.buf.Bytes()); err != nil {
		return err
	}
	s.n++
	s.buf.Reset()
	return nil
}

func (s *inputSink) close() error { return nil }
