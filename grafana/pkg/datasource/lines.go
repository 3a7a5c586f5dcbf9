package datasource

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/grafana/pkg/frame"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/sdk/client"
)

const (
	timeField    = "@timestamp"
	messageField = "message"
	idField      = "event.id"
	maxPage      = 10_000 // events that the host hands out at once
)

// rowBuilder makes a frame of events.
type rowBuilder interface {
	Add(raw []byte) error
	Len() int
	Frame(c frame.Custom, executed string, notices ...data.Notice) *data.Frame
}

// read takes rows of a search, page by page, straight from the answer into the frame, until there are limit of them or no
// more. more, if not nil, says after limit rows whether to go on all the same.
func (a *asking) read(ctx context.Context, r client.SearchRequest, into rowBuilder, limit int, more func() bool) (frame.Custom, []data.Notice, error) {
	c := frame.Custom{}
	var notices []data.Notice
	for ask := 0; ; {
		had := into.Len()
		ask = min(maxPage, max(limit-had, ask))
		r.Limit = ask
		page, err := a.client.SearchEach(ctx, r, into.Add)
		if err != nil {
			return c, nil, err
		}
		if page.Total != nil {
			c.Total = page.Total
		}
		c.TookMs += page.TookMs
		for _, n := range page.Notices {
			if w := frame.Warn("%s", n); !slices.Contains(notices, w) {
				notices = append(notices, w)
			}
		}
		if into.Len()-had < ask { // the builder left some out, and may leave out many more
			ask *= 4
		} else {
			ask = 0
		}
		r.Cursor, r.Count = page.Cursor, false
		if page.Cursor == "" {
			return c, notices, nil
		}
		if into.Len() >= limit {
			if more != nil && limit < model.MaxRows && more() {
				limit = min(model.MaxRows, limit+maxPage)
				continue
			}
			c.Cursor, c.Limited = page.Cursor, true
			return c, notices, nil
		}
	}
}

// cut is the notice that not all is shown.
func cut(c frame.Custom, shown int, oldest bool, what string) []data.Notice {
	if !c.Limited || c.Total == nil {
		return nil
	}
	which := "newest"
	if oldest {
		which = "oldest"
	}
	return []data.Notice{frame.Info("The %s %d of %d %s are shown.", which, shown, *c.Total, what)}
}

// lines answers with log lines.
//
// Grafana loads older lines by asking for the range up to the time of the oldest line that it has, in whole milliseconds, and
// leaves out lines whose ids it knows. So that none is lost, the end of the range includes its whole millisecond; so that it
// comes further than lines of one millisecond that are more than the limit, these do not count against it.
func (a *asking) lines(ctx context.Context) (data.Frames, error) {
	limit := a.rows(a.q.Limit)
	from, to := lineRange(a.in.TimeRange)
	a.sel.From, a.sel.To = client.At(from), client.At(to)
	logs := frame.NewLogs(a.level(), min(limit, maxPage))
	edge := to.Add(-time.Millisecond)
	if a.q.Oldest {
		edge = from
	}
	stuck := func() bool { return logs.Last().Truncate(time.Millisecond).Equal(edge.Truncate(time.Millisecond)) }
	c, notices, err := a.read(ctx, a.searchOf(), logs, limit, stuck)
	if err != nil {
		return nil, err
	}
	if c.Limited && stuck() {
		notices = append(notices, frame.Warn("More than %d lines have the time of the range's end, to the millisecond: the rest of them can only be found by a narrower query.", logs.Len()))
	}
	notices = append(notices, cut(c, logs.Len(), a.q.Oldest, "lines")...)
	return data.Frames{logs.Frame(c, a.executed(), notices...)}, nil
}

// lineRange is the host's range of a range of lines: the millisecond of its end is in it.
func lineRange(r backend.TimeRange) (from, to time.Time) {
	return r.From.UTC().Truncate(time.Millisecond), r.To.UTC().Truncate(time.Millisecond).Add(time.Millisecond)
}

// searchOf asks for the events of the query, and how many there are.
func (a *asking) searchOf() client.SearchRequest {
	r := client.SearchRequest{Selection: a.sel, OldestFirst: a.q.Oldest, Count: true}
	if len(a.q.Fields) > 0 {
		r.Fields = append(slices.Clone(a.q.Fields), messageField, a.level())
		slices.Sort(r.Fields)
		r.Fields = slices.Compact(r.Fields)
	}
	return r
}

// table answers with events as rows.
func (a *asking) table(ctx context.Context) (data.Frames, error) {
	limit := a.rows(a.q.Limit)
	t := frame.NewTable(a.q.Fields)
	r := client.SearchRequest{Selection: a.sel, OldestFirst: a.q.Oldest, Count: true, Fields: a.q.Fields}
	c, notices, err := a.read(ctx, r, t, limit, nil)
	if err != nil {
		return nil, err
	}
	notices = append(notices, cut(c, t.Len(), a.q.Oldest, "events")...)
	return data.Frames{t.Frame(c, a.executed(), notices...)}, nil
}

// aroundWithin is how far from a line its neighbours are looked for.
const aroundWithin = 24 * time.Hour

// around answers with the lines next to one, the nearest first, in the order of time and event.id: the line itself and what
// lies on its other side are left out, also at its own time. The dashboard's range does not count.
func (a *asking) around(ctx context.Context) (data.Frames, error) {
	limit := a.rows(a.q.Limit)
	at := a.q.Around.Time.UTC()
	a.q.Oldest = !a.q.Around.Before
	if a.q.Around.Before {
		a.sel.From, a.sel.To = client.At(at.Add(-aroundWithin)), client.At(at.Add(1))
	} else {
		a.sel.From, a.sel.To = client.At(at), client.At(at.Add(aroundWithin))
	}
	logs := frame.NewLogs(a.level(), min(limit, maxPage))
	r := a.searchOf()
	r.Count = false
	beyond := &onlyBeyond{Logs: logs, limit: limit, at: at, id: parseEventID(a.q.Around.ID), before: a.q.Around.Before}
	c, notices, err := a.read(ctx, r, beyond, limit, nil)
	if err != nil {
		return nil, err
	}
	return data.Frames{logs.Frame(c, a.executed(), notices...)}, nil
}

// onlyBeyond leaves out the lines at a line's time that do not lie beyond it, which come first and may be many, and what is
// more than the limit.
type onlyBeyond struct {
	*frame.Logs
	limit  int
	at     time.Time
	id     eventID
	before bool
}

func (b *onlyBeyond) Add(raw []byte) error {
	if b.Len() >= b.limit {
		return nil
	}
	if err := b.Logs.Add(raw); err != nil {
		return err
	}
	if !b.Last().Equal(b.at) {
		return nil
	}
	ids := b.IDs()
	order := parseEventID(ids[len(ids)-1]).compare(b.id)
	if b.before && order >= 0 || !b.before && order <= 0 {
		b.Drop()
	}
	return nil
}

// eventID is an event.id taken apart for its order: its source as text, then the numbers of its place. An id of another form
// is all source.
type eventID struct {
	source string
	place  [3]int64 // offset, row, ordinal
}

// journalID is how long the id of a journal is, in which there may be hyphens.
const journalID = 22

// parseEventID reads JOURNAL-PARTITION-OFFSET-ROW and, for the further events of a line, -ORDINAL.
func parseEventID(s string) eventID {
	if len(s) <= journalID || s[journalID] != '-' {
		return eventID{source: s}
	}
	parts := strings.Split(s[journalID+1:], "-")
	if len(parts) < 3 || len(parts) > 4 {
		return eventID{source: s}
	}
	id := eventID{source: s[:journalID+1] + parts[0]}
	for i, p := range parts[1:] {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			return eventID{source: s}
		}
		id.place[i] = n
	}
	return id
}

func (e eventID) compare(o eventID) int {
	if c := strings.Compare(e.source, o.source); c != 0 {
		return c
	}
	for i := range e.place {
		if c := cmp.Compare(e.place[i], o.place[i]); c != 0 {
			return c
		}
	}
	return 0
}
