package datasource

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/grafana/pkg/frame"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/panics"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

const (
	flushEvery  = 100 * time.Millisecond // lines wait so long for others to share a frame
	framesLines = 1000                   // of one frame
	gapLines    = 10_000                 // that are searched for after a lost connection; the rest counts as dropped
	rememberIDs = 50_000                 // of lines sent, in each of two generations
	rememberFor = 3 * time.Minute        // of one generation
	// behind is how long before the last sign of the host lines may have been received that were on their way when the
	// connection was lost: a host under load is that far behind.
	behind = time.Minute
)

// gapWaits are the times after a new connection at which the gap is searched: at once, and again for stores that show
// events some seconds after they took them.
var gapWaits = []time.Duration{0, 2 * time.Second, 10 * time.Second}

// tail follows one query.
type tail struct {
	c     *client.Client
	q     model.Query
	sel   client.Selection
	level string
	send  func(f *data.Frame, include data.FrameInclude) error

	mu      sync.Mutex // of all below, and held while a frame is sent
	lines   *frame.Logs
	dropped uint64
	warn    string // to be told with the next frame
	failed  error  // of send: nobody takes lines any more
	sent    seen

	began  time.Time // host's time of the first connection
	beat   time.Time // host's time of the last sign of it
	beatAt time.Time // ours then
	lost   bool      // the connection is new, and the gap before it not searched for yet
	gap    time.Time // where the gap begins, by the host's time
}

func (t *tail) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel(nil) // before the wait
	t.lines = frame.NewLogs(t.level, 0)
	beside := func(do func() error) {
		work.Go(func() {
			if err := panics.Catch(do); err != nil {
				cancel(err)
			}
		})
	}
	beside(func() error { return t.flushNowAndThen(ctx) })
	r := client.TailRequest{
		Query: t.sel.Query, Stream: t.sel.Stream, Fields: t.fields(),
		OnDropped: func(n uint64) {
			t.mu.Lock()
			t.dropped += n
			t.mu.Unlock()
		},
		OnReconnect: func(time.Time, error) { t.reconnected() },
		OnHeartbeat: func(host time.Time) {
			if from, ok := t.heard(host); ok {
				beside(func() error { t.fill(ctx, from); return nil })
			}
		},
	}
	err := t.c.TailEach(ctx, r, t.add)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return &internalError{cause}
	}
	return err
}

// fields are what lines need beside those asked for; nil for all.
func (t *tail) fields() []string {
	if len(t.q.Fields) == 0 {
		return nil
	}
	return append(slices.Clone(t.q.Fields), messageField, t.level)
}

// add takes a line that is not sent yet.
func (t *tail) add(raw []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed != nil {
		return t.failed
	}
	if err := t.lines.Add(raw); err != nil {
		return err
	}
	ids := t.lines.IDs()
	if !t.sent.first(ids[len(ids)-1], t.now()) {
		t.lines.Drop()
		return nil
	}
	if t.lines.Len() >= framesLines {
		t.flush()
	}
	return t.failed
}

// flushNowAndThen sends what there is until ctx ends, or nobody takes it any more.
func (t *tail) flushNowAndThen(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	flush := func() error {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.flush()
		return t.failed
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := flush(); err != nil {
			return err
		}
	}
}

// flush sends what there is. The caller holds mu.
func (t *tail) flush() {
	if t.failed != nil || t.lines.Len() == 0 && t.dropped == 0 && t.warn == "" {
		return
	}
	var notices []data.Notice
	if t.warn != "" {
		notices = append(notices, frame.Warn("%s", t.warn))
	}
	if t.dropped > 0 {
		notices = append(notices, frame.Warn("%d lines came faster than they can be shown and are left out: they are stored, a search finds them.", t.dropped))
	}
	f := t.lines.Frame(frame.Custom{Dropped: t.dropped}, t.sel.Query, notices...)
	t.lines, t.dropped, t.warn = frame.NewLogs(t.level, 0), 0, ""
	t.failed = t.send(f, data.IncludeAll)
}

// now is the host's time, as far as it is known; the caller holds mu.
func (t *tail) now() time.Time {
	if t.beat.IsZero() {
		return time.Now()
	}
	return t.beat.Add(time.Since(t.beatAt))
}

// reconnected notes where the gap begins, as long as the last sign of the connection before is known.
func (t *tail) reconnected() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.beat.IsZero() {
		t.lost, t.gap = true, latest(t.beat.Add(-behind), t.began, t.sent.since())
	}
}

// heard takes a sign of the host. If it is the first of a new connection, it says from when on lines may be missing.
func (t *tail) heard(host time.Time) (from time.Time, gap bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.began.IsZero() {
		t.began = host
		t.sent.begin(host)
	}
	t.beat, t.beatAt = host, time.Now()
	gap, t.lost = t.lost, false
	return t.gap, gap
}

func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}

// fill sends the lines that were received from a time on and that nobody was sent. It looks for them by the time of receipt
// at any time of their own, since devices' clocks are not to be trusted.
func (t *tail) fill(ctx context.Context, from time.Time) {
	since := client.At(from)
	sel, err := selection.Narrow(t.sel, &query.Range{Field: query.Field{Name: "event.ingested"}, Min: &since, IncludeMin: true})
	if err != nil {
		return // the selection's own query was read before
	}
	sel.From, sel.To = "1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z"
	began := time.Now()
	for i, wait := range gapWaits {
		pause := time.NewTimer(time.Until(began.Add(wait)))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		r := client.SearchRequest{Selection: sel, Limit: gapLines, OldestFirst: true, Fields: t.fields(), Count: true}
		page, err := t.c.SearchEach(ctx, r, t.add)
		if i < len(gapWaits)-1 || ctx.Err() != nil {
			continue
		}
		t.mu.Lock()
		if err != nil {
			t.warn = "Lines that came while the connection to Logcenter was lost may be missing: " + explain(err, sel.Query).text
		} else if page.Total != nil && *page.Total > gapLines {
			t.dropped += uint64(*page.Total - gapLines) //nolint:gosec // it is positive
		}
		t.mu.Unlock()
	}
}

// seen remembers ids, the newest ones: those of the last minutes, if there are not too many.
type seen struct {
	new, old   map[string]struct{}
	newFrom    time.Time // when the first of new was added, by the host's time
	oldFrom    time.Time
	everything time.Time // since when all are remembered while there is no old
}

func (s *seen) begin(at time.Time) { s.everything, s.newFrom = at, at }

// since is from when on all ids are remembered.
func (s *seen) since() time.Time {
	if s.old == nil {
		return s.everything
	}
	return s.oldFrom
}

// first says whether an id is new, and remembers it.
func (s *seen) first(id string, now time.Time) bool {
	if _, ok := s.new[id]; ok {
		return false
	}
	if _, ok := s.old[id]; ok {
		return false
	}
	if s.new == nil || len(s.new) >= rememberIDs || now.Sub(s.newFrom) > rememberFor {
		if s.new != nil {
			s.old, s.oldFrom = s.new, s.newFrom
		}
		s.new, s.newFrom = map[string]struct{}{}, now
	}
	s.new[id] = struct{}{}
	return true
}
