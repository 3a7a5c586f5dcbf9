package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/alert/record"
)

// followAlerts hands out what becomes of alerts and cases as Server-Sent Events (WHATWG HTML, section 9.2): messages
// "change", each with the id of the change, "heartbeat" with the id of the last change looked at, and "gap" where changes
// behind the client's last one were removed with their alerts. The header Last-Event-ID, or the parameter after, says
// where to go on.
func (s *Server) followAlerts(c *gin.Context) error {
	p := urlParams(c)
	f, after := p.alertFilter(), p.id("after")
	if err := p.done(); err != nil {
		return err
	}
	if last := c.GetHeader("Last-Event-ID"); last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 0 {
			return badRequest("leave it out, or send the id of the last message", "Last-Event-ID: %.40q is none of this stream's", last)
		}
		after = n
	}
	l, err := s.recorded()
	if err != nil {
		return err
	}
	if s.tails.Add(1) > maxTails {
		s.tails.Add(-1)
		return fmt.Errorf("%w: %d clients follow already", ErrBusy, maxTails)
	}
	defer s.tails.Add(-1)
	s.metrics.tails.Inc()
	defer s.metrics.tails.Dec()
	ctx, cancel := context.WithCancel(c.Request.Context())
	w := &alertFollower{s: s, c: c, messages: make(chan message), at: after}
	ended, done := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		ended <- l.Follow(ctx, caller(c).Scope, f, after, func() error { return w.send(ctx, message{after, []byte("event: gap\ndata: {}\n\n")}) }, func(one *record.Followed, at int64) error {
			return w.change(ctx, one, at)
		})
	}()
	defer func() {
		cancel()
		<-done // it uses what is ours
	}()
	return w.run(ctx, ended)
}

// message is one of the stream, and the change up to which the client has seen all with it.
type message struct {
	at   int64
	text []byte
}

// alertFollower writes to one client. What it is given waits until the client has taken what was before.
type alertFollower struct {
	s        *Server
	c        *gin.Context
	messages chan message
	at       int64 // of the last message that was written
}

func (w *alertFollower) send(ctx context.Context, m message) error {
	select {
	case w.messages <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *alertFollower) change(ctx context.Context, one *record.Followed, at int64) error {
	if one == nil {
		return w.send(ctx, message{at, heartbeatAt(at)})
	}
	text, err := json.Marshal(one)
	if err != nil {
		return err
	}
	return w.send(ctx, message{at, fmt.Appendf(nil, "id: %d\nevent: change\ndata: %s\n\n", at, text)})
}

// heartbeatAt has an id, too, so that who comes back need not look again at changes that were not for it.
func heartbeatAt(at int64) []byte {
	b := fmt.Appendf(nil, "id: %d\nevent: heartbeat\ndata: {\"at\":%d,\"time\":\"", at, at)
	return append(appendTime(b, time.Now()), "\"}\n\n"...)
}

// run writes until the client is gone or the host stops. The answer begins with the first message, so that an error
// before it is answered as one.
func (w *alertFollower) run(ctx context.Context, ended chan error) error {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	begun := false
	for {
		var b []byte
		select {
		case m := <-w.messages:
			w.at, b = m.at, m.text
		case <-beat.C:
			b = heartbeatAt(w.at)
		case err := <-ended:
			if begun || err == nil {
				return nil //nolint:nilerr // a stream that has begun just ends: the client comes back
			}
			return err
		case <-ctx.Done():
			return nil
		}
		if !begun {
			begun = true
			h := w.c.Writer.Header()
			h.Set("Content-Type", "text/event-stream; charset=utf-8")
			h.Set("X-Accel-Buffering", "no") // nginx in front of the host would hold messages back
			w.c.Status(http.StatusOK)
		}
		w.s.writeWithin(w.c, writeTimeout)
		if _, err := w.c.Writer.Write(b); err != nil {
			return nil //nolint:nilerr // the client is gone
		}
		if err := http.NewResponseController(w.c.Writer).Flush(); err != nil {
			return nil //nolint:nilerr // the client is gone
		}
	}
}
