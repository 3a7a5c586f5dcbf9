package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/store"
)

const (
	heartbeat = 10 * time.Second
	maxTails  = 64
)

// tail follows new events as Server-Sent Events (WHATWG HTML, section 9.2): messages "event" with one event
// as JSON, "dropped" with how many the client was too slow for, "heartbeat" every ten seconds. There are no
// ids: a client that comes back goes on with what is new, whatever Last-Event-ID says, and searches for the gap.
func (s *Server) tail(c *gin.Context) error {
	p := urlParams(c)
	text, streamName := p.text("query"), p.text("stream")
	fields, nested := p.list("fields"), p.flag("nested")
	if err := p.done(); err != nil {
		return err
	}
	if err := checkFields(fields); err != nil {
		return err
	}
	n, _, err := s.parseQuery(text, streamName)
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
	events, dropped, err := s.o.Tail.Subscribe(c.Request.Context(), n, caller(c).Scope)
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // nginx in front of the host would hold events back
	c.Status(http.StatusOK)
	f := follower{s: s, c: c, enc: newEncoder(nested, fields), dropped: dropped}
	f.run(events)
	return nil
}

// follower writes to one client.
type follower struct {
	s       *Server
	c       *gin.Context
	enc     *encoder
	dropped func() uint64
	told    uint64 // of dropped
	buf     []byte
}

func (f *follower) run(events <-chan []store.Event) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	defer func() { f.s.metrics.dropped.Add(float64(f.dropped() - f.told)) }()
	f.beat()
	for f.flush() {
		select {
		case evs, open := <-events:
			if !open {
				return
			}
			for _, ev := range evs {
				f.buf = append(f.buf, "event: event\ndata: "...)
				f.buf = append(f.enc.append(f.buf, ev), "\n\n"...)
				if len(f.buf) > 256<<10 && !f.flush() {
					return
				}
			}
		case <-beat.C:
			f.beat()
		case <-f.c.Request.Context().Done():
			return
		}
		if n := f.dropped(); n > f.told {
			f.buf = fmt.Appendf(f.buf, "event: dropped\ndata: {\"dropped\":%d,\"total\":%d}\n\n", n-f.told, n)
			f.s.metrics.dropped.Add(float64(n - f.told))
			f.told = n
		}
	}
}

func (f *follower) beat() {
	f.buf = append(f.buf, `event: heartbeat`+"\n"+`data: {"time":"`...)
	f.buf = append(appendTime(f.buf, time.Now()), "\"}\n\n"...)
}

// flush sends what is in buf, and says whether the client is still there.
func (f *follower) flush() bool {
	f.s.writeWithin(f.c, writeTimeout)
	_, err := f.c.Writer.Write(f.buf)
	f.buf = f.buf[:0]
	if err == nil {
		err = http.NewResponseController(f.c.Writer).Flush()
	}
	return err == nil
}
