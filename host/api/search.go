package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/store"
)

type searchRequest struct {
	selection
	Limit  int      `json:"limit"`
	Order  string   `json:"order"` // newest or oldest first
	Cursor string   `json:"cursor"`
	Fields []string `json:"fields"`
	Count  bool     `json:"count"`
	Nested bool     `json:"nested"`
}

// searchHead is the answer without the events.
type searchHead struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Total   *int64    `json:"total,omitempty"`
	Cursor  string    `json:"cursor,omitempty"`
	Notices []string  `json:"notices,omitempty"`
	TookMs  int64     `json:"took_ms"`
}

func (s *Server) getSearch(c *gin.Context) error {
	p := urlParams(c)
	r := searchRequest{
		selection: p.selection(),
		Limit:     p.number("limit", 0, 1, store.MaxPage),
		Order:     p.choice("order", "newest", "oldest"),
		Cursor:    p.text("cursor"),
		Fields:    p.list("fields"),
		Count:     p.flag("count"),
		Nested:    p.flag("nested"),
	}
	if err := p.done(); err != nil {
		return err
	}
	return s.runSearch(c, r)
}

func (s *Server) postSearch(c *gin.Context) error {
	var r searchRequest
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	return s.runSearch(c, r)
}

// storeRequest checks r and says it in the store's words.
func (s *Server) storeRequest(r searchRequest) (q store.SearchRequest, notices []string, err error) {
	if r.Limit < 0 || r.Limit > store.MaxPage {
		return q, nil, badRequest("ask for the next page with the cursor of this one, or make an export", "limit: %d is not between 1 and %d", r.Limit, store.MaxPage)
	}
	switch r.Order {
	case "", "newest", "oldest":
	default:
		return q, nil, badRequest("write newest or oldest", "order: %.40q is not possible", r.Order)
	}
	if err := checkFields(r.Fields); err != nil {
		return q, nil, err
	}
	q = store.SearchRequest{Limit: r.Limit, OldestFirst: r.Order == "oldest", Fields: r.Fields, Count: r.Count}
	if q.Selection, notices, err = s.selected(r.selection); err != nil {
		return q, nil, err
	}
	if r.Cursor != "" {
		q.From, q.To, q.Cursor, err = decodeCursor(r.Cursor)
	}
	return q, notices, err
}

func (s *Server) runSearch(c *gin.Context, r searchRequest) error {
	q, notices, err := s.storeRequest(r)
	if err != nil {
		return err
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	start := time.Now()
	page, err := s.o.Store.Search(ctx, caller(c).Scope, q)
	if err != nil {
		return err
	}
	head := searchHead{
		From: q.From, To: q.To, Cursor: encodeCursor(q.From, q.To, page.Cursor),
		Notices: append(notices, page.Notices...), TookMs: time.Since(start).Milliseconds(),
	}
	if q.Count {
		head.Total = &page.Total
	}
	return s.writePage(c, head, page.Events, newEncoder(r.Nested, r.Fields))
}

// writePage streams the answer, so that its text is never in memory as a whole.
func (s *Server) writePage(c *gin.Context, head searchHead, events []store.Event, enc *encoder) error {
	b, err := json.Marshal(head)
	if err != nil {
		return err
	}
	c.Header("Content-Type", "application/json; charset=utf-8")
	c.Status(http.StatusOK)
	w := bufio.NewWriterSize(c.Writer, 64<<10)
	b = append(b[:len(b)-1], `,"events":[`...)
	for i, ev := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = enc.append(b, ev)
		if _, err := w.Write(b); err != nil {
			return nil //nolint:nilerr // the client is gone
		}
		if i%256 == 255 {
			s.writeWithin(c, writeTimeout)
		}
		b = b[:0]
	}
	_, _ = w.Write(append(b, "]}\n"...)) // Flush returns its error
	if err := w.Flush(); err != nil {
		s.o.Log.WithError(err).Debug("api: client is gone")
	}
	return nil
}
