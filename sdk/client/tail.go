package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

// TailRequest says which new events to follow.
type TailRequest struct {
	Query  string
	Stream string
	Fields []string // only these; empty means all
	Nested bool

	// OnDropped is told how many events were lost because this client was too slow. nil: nobody is.
	OnDropped func(n uint64)
	// OnReconnect is told why the connection was lost, once it is there again. Events that were stored in
	// between are not sent: search for them. nil: nobody is.
	OnReconnect func(lost time.Time, reason error)
	// OnHeartbeat is told the host's time once a connection is there, and every ten seconds. nil: nobody is.
	OnHeartbeat func(host time.Time)
}

// silence is how long a tail may be without a word, heartbeats included, before it is taken for dead.
const silence = 35 * time.Second

// maxSSELine bounds one line of a stream: the biggest event with its fields.
const maxSSELine = 64 << 20

// errEnded means that the host ended the stream.
var errEnded = errors.New("the host ended the stream")

// Tail hands each new event to f until ctx is done or f returns an error, which Tail returns. It connects again
// when the connection is lost.
func (c *Client) Tail(ctx context.Context, r TailRequest, f func(Event) error) error {
	return c.TailEach(ctx, r, func(raw []byte) error {
		var ev Event
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&ev); err != nil {
			return fmt.Errorf("the answer is not Logcenter's: %w", err)
		}
		return f(ev)
	})
}

// TailEach is [Client.Tail] with each event as the JSON object that the host wrote, which is valid until f returns.
func (c *Client) TailEach(ctx context.Context, r TailRequest, f func(raw []byte) error) error {
	p := url.Values{}
	setText(p, "query", r.Query)
	setText(p, "stream", r.Stream)
	setList(p, "fields", r.Fields)
	setFlag(p, "nested", r.Nested)
	q := get("tail").with(p)
	t := tail{r: r, f: f}
	st := sseStream{c: c, request: func() request { return q }, message: t.message, onReconnect: r.OnReconnect}
	return st.follow(ctx)
}

// sseStream is a stream of Server-Sent Events that is asked for again when the connection is lost.
type sseStream struct {
	c           *Client
	request     func() request // of the next connection
	message     func(event string, data []byte) error
	onReconnect func(lost time.Time, reason error) // nil: nobody is told
	connected   bool                               // ever
	lost        time.Time
	reason      error
}

// follow goes on until ctx is done, or until message or the host says something that another try would not change.
func (t *sseStream) follow(ctx context.Context) error {
	for try := 0; ; try++ {
		q := t.request()
		connected, err := t.once(ctx, q)
		var stop *answerError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &stop):
			return stop.err
		case !again(err, q), !t.connected && try >= t.c.retries:
			return err
		}
		if connected {
			try = 0
			t.lost, t.reason = time.Now(), err
		}
		if err := pause(ctx, try, err); err != nil {
			return err
		}
	}
}

// once follows one connection to its end.
func (t *sseStream) once(ctx context.Context, q request) (connected bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(silence, func() { cancel(fmt.Errorf("nothing came for %s", silence)) })
	defer quiet.Stop()
	res, err := t.c.send(ctx, q)
	if err == nil {
		defer res.Body.Close() //nolint:errcheck // a stream has no end to be proud of
		connected, t.connected = true, true
		if t.reason != nil && t.onReconnect != nil {
			t.onReconnect(t.lost, t.reason)
		}
		t.reason = nil
		err = readSSE(res.Body, func(event string, data []byte) error {
			quiet.Reset(silence)
			return t.message(event, data)
		})
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return connected, err
}

type tail struct {
	r TailRequest
	f func(raw []byte) error
}

func (t *tail) message(event string, data []byte) error {
	switch event {
	case "event":
		if err := t.f(data); err != nil {
			return &answerError{err}
		}
	case "dropped":
		var n struct {
			Dropped uint64 `json:"dropped"`
		}
		if err := json.Unmarshal(data, &n); err != nil {
			return &answerError{fmt.Errorf("the answer is not Logcenter's: %w", err)}
		}
		if t.r.OnDropped != nil {
			t.r.OnDropped(n.Dropped)
		}
	case "heartbeat":
		var beat struct {
			Time time.Time `json:"time"`
		}
		if err := json.Unmarshal(data, &beat); err != nil {
			return &answerError{fmt.Errorf("the answer is not Logcenter's: %w", err)}
		}
		if t.r.OnHeartbeat != nil {
			t.r.OnHeartbeat(beat.Time)
		}
	}
	return nil // also what later versions may send
}

// readSSE reads Server-Sent Events (WHATWG HTML, section 9.2.6) until the stream ends or f returns an error.
// data is valid until f returns.
func readSSE(r io.Reader, f func(event string, data []byte) error) error {
	b := bufio.NewReaderSize(r, 64<<10)
	var (
		event string
		data  []byte
		line  []byte
		some  bool
	)
	for {
		part, more, err := b.ReadLine()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return errEnded
			}
			return err
		}
		line = append(line, part...)
		if len(line)+len(data) > maxSSELine {
			return &answerError{fmt.Errorf("a message of the stream has more than %d bytes", maxSSELine)}
		}
		if more {
			continue
		}
		if len(line) == 0 {
			if some {
				if err := f(event, bytes.TrimSuffix(data, []byte{'\n'})); err != nil {
					return err
				}
			}
			event, data, some = "", data[:0], false
			continue
		}
		name, value, _ := bytes.Cut(line, []byte{':'})
		value = bytes.TrimPrefix(value, []byte{' '})
		switch string(name) {
		case "event":
			event = string(value)
		case "data":
			data, some = append(append(data, value...), '\n'), true
		}
		line = line[:0]
	}
}
