// Package httpin is the input that takes records from HTTP requests.
//
// The one idea: an answer of 200 is a receipt. All records of the request are durable then; any other
// answer means that the sender sends the request again, and with an Idempotency-Key nothing is stored
// twice. Without one, records of a request that was answered 429 or 503 may be stored all the same. A
// request is read as a whole before any of it is stored.
//
//	POST …/NAME            Content-Type: text/plain            a record a line
//	POST …/NAME            Content-Type: application/x-ndjson  a JSON object a line
//
// With application/x-ndjson, or ?format=ndjson, a record is the string under "message" of each object; a
// line that is no object, or has no such string, is a record as it stands, so that nothing is lost. The
// object's other members are dropped then: senders whose objects matter as a whole say ?format=raw, and a
// JSON parser plugin takes them apart. Everything else is raw. Bodies may be compressed with gzip.
//
// The input is mounted by the API, which has checked who sends.
package httpin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/input"
)

// What a zero in Config means.
const (
	defaultMaxBodyBytes     = 16 << 20
	defaultMaxInFlightBytes = 64 << 20
	defaultMaxWait          = 10 * time.Second
)

// Config of an HTTP input.
type Config struct {
	input.Common
	// MaxBodyBytes bounds a body, also after decompression; what is longer is answered 413. 0 means 16 MiB.
	MaxBodyBytes int64
	// MaxInFlightBytes bounds the bodies of all requests that are being handled; beyond, requests are
	// answered 429. 0 means 64 MiB, or MaxBodyBytes if that is more.
	MaxInFlightBytes int64
	// MaxWait is how long a request waits for a journal that is full or cannot write, before it is answered
	// 429 or 503. 0 means 10 s.
	MaxWait time.Duration
	// Path is where the API serves the input, for Stats.
	Path string
}

// Input is an [input.Input] and the [net/http.Handler] that feeds it. Made by New.
type Input struct {
	cfg      Config
	env      input.Env
	count    input.Counters
	inFlight atomic.Int64
	buffers  sync.Pool // *bytes.Buffer

	mu       sync.Mutex
	batcher  *input.Batcher // nil while it takes no requests
	requests *sync.WaitGroup
}

var (
	_ input.Input  = (*Input)(nil)
	_ input.Opener = (*Input)(nil)
)

// New checks a configuration.
func New(cfg Config, env input.Env) (*Input, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.MaxBodyBytes == 0 {
		cfg.MaxBodyBytes = defaultMaxBodyBytes
	}
	if cfg.MaxInFlightBytes == 0 {
		cfg.MaxInFlightBytes = max(defaultMaxInFlightBytes, cfg.MaxBodyBytes)
	}
	if cfg.MaxWait == 0 {
		cfg.MaxWait = defaultMaxWait
	}
	if cfg.MaxBodyBytes < 1 || cfg.MaxInFlightBytes < cfg.MaxBodyBytes || cfg.MaxWait < 0 {
		return nil, fmt.Errorf("input %s: bodies of %d bytes, %d in flight, %s of waiting: want positive numbers, the second not below the first",
			cfg.Name, cfg.MaxBodyBytes, cfg.MaxInFlightBytes, cfg.MaxWait)
	}
	in := &Input{cfg: cfg, env: env}
	in.buffers.New = func() any { return new(bytes.Buffer) }
	return in, nil
}

// Name implements [input.Input].
func (in *Input) Name() string { return in.cfg.Name }

// Stats implements [input.Input].
func (in *Input) Stats() input.Stats { return in.count.Snapshot("http", &in.cfg.Common, in.cfg.Path) }

// Open implements [input.Opener]: from now on requests are taken, so that who is told that the host runs is not
// refused by an input that is about to.
func (in *Input) Open() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.batcher == nil {
		in.batcher, in.requests = input.NewBatcher(in.env, &in.cfg.Common, &in.count, false), new(sync.WaitGroup)
	}
	return nil
}

// Run implements [input.Input]. Requests are answered 503 before Open or it, and after it; it ends when all that
// were begun are answered.
func (in *Input) Run(ctx context.Context) (err error) {
	in.count.Begin()
	defer func() { in.count.End(err) }()
	if err := in.Open(); err != nil {
		return err
	}
	<-ctx.Done()
	in.mu.Lock()
	b, requests := in.batcher, in.requests
	in.batcher, in.requests = nil, nil
	in.mu.Unlock()
	return b.Shutdown(requests)
}

// enter returns the batcher for a request, which calls leave when it is answered; nil when the input is
// not open.
func (in *Input) enter() (b *input.Batcher, leave func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.batcher == nil {
		return nil, nil
	}
	requests := in.requests
	requests.Add(1)
	in.count.Connections.Add(1)
	in.count.Accepted.Add(1)
	return in.batcher, func() {
		in.count.Connections.Add(-1)
		requests.Done()
	}
}

// request is what is to be stored.
type request struct {
	peer string
	// scope is who the key belongs to: the input and the token that was sent, which only a digest is kept of.
	scope  string
	key    string
	ndjson bool
	body   []byte
}

// store makes all records of a request durable.
func (in *Input) store(ctx context.Context, b *input.Batcher, r request) (accepted int, duplicate bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, in.cfg.MaxWait)
	defer cancel()
	source := b.Source(r.peer, "")
	if r.key != "" {
		parts, feed := b.NewParts(ctx, r.scope, r.key)
		defer parts.Close()
		if _, err := feedLines(feed, source, r); err != nil {
			return 0, false, err
		}
		return parts.Finish()
	}
	stop := context.AfterFunc(ctx, func() { b.Abandon(source, in.blocked(ctx.Err())) })
	defer stop()
	feed := b.NewFeed(true)
	accepted, err = feedLines(feed, source, r)
	if err == nil {
		err = b.Wait(source)
	}
	return accepted, false, err
}

// blocked says why a request's time ran out.
func (in *Input) blocked(err error) error {
	if block := in.env.Intake.Blocked(); block != nil {
		return errors.Join(block, err)
	}
	return err
}

// feedLines feeds the lines of a request's body and returns how many records they are.
func feedLines(feed *input.Feed, source *input.Source, r request) (records int, err error) {
	var (
		body    = r.body
		at      = time.Now().UnixNano()
		scratch []byte
	)
	for len(body) > 0 {
		var line []byte
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line, body = body[:i], body[i+1:]
		} else {
			line, body = body, nil
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if r.ndjson {
			if m, ok := message(&scratch, line); ok {
				line = m
			}
		}
		if err := feed.Line(source, line, false, at, 0); err != nil {
			return 0, err
		}
	}
	err = feed.Flush()
	return feed.Records(), err
}
