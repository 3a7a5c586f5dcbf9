package api

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/store"
)

const (
	maxOnline      = 10000   // rows of an online export: the log standard's bound
	onlinePage     = 200     // rows of its first page; later ones fit onlineBytes
	onlineBytes    = 4 << 20 // of a page
	sheetMark      = "\ufeff"
	headerTotal    = "Logcenter-Total"
	headerNotice   = "Logcenter-Notice"
	headerRows     = "Logcenter-Rows"
	headerRowsDone = "Logcenter-Rows-Done"
	headerResume   = "Logcenter-Resume"
	headerDone     = "Logcenter-Done"
	headerSkipped  = "Logcenter-Skipped-Values"
)

var contentTypes = map[string]string{
	formatCSV:    "text/csv; charset=utf-8",
	formatNDJSON: "application/x-ndjson",
}

// online is one export in one answer.
type online struct {
	format, content string
	fields          []string
	sheet           bool // for spreadsheets: a byte order mark, no formulas
	limit           int
	columns         []string // CSV
	enc             *encoder
}

// exportOnline answers with a file of the newest events, 10,000 at most. The header Logcenter-Notice and the
// file's name say when that is not all.
func (s *Server) exportOnline(c *gin.Context) error {
	p := urlParams(c)
	q := p.selection()
	o := online{
		format: p.choice("format", formatCSV, formatNDJSON), content: p.choice("content", contentBoth, contentRaw, contentParsed),
		fields: p.list("fields"), sheet: p.flag("sheet"), limit: p.number("limit", maxOnline, 1, maxOnline),
	}
	if err := p.done(); err != nil {
		return err
	}
	if err := checkFields(o.fields); err != nil {
		return err
	}
	sel, _, err := s.selected(q)
	if err != nil {
		return err
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	if o.format == formatCSV {
		if o.columns, err = s.csvColumns(ctx, caller(c).Scope, sel, o.content, o.fields); err != nil {
			return err
		}
	}
	o.enc = &encoder{only: map[string]bool{}}
	return s.sendOnline(ctx, c, o, sel)
}

// csvColumns are the columns of a CSV file: those asked for, or all fields that occur, the time and the
// identity first.
func (s *Server) csvColumns(ctx context.Context, scope store.Scope, sel store.Selection, content string, only []string) ([]string, error) {
	if len(only) > 0 {
		return only, nil
	}
	if content == contentRaw {
		return []string{"message"}, nil
	}
	infos, err := s.o.Store.Fields(ctx, scope, sel)
	if err != nil {
		return nil, err
	}
	first := []string{"@timestamp", "event.id"}
	var columns []string
	for _, f := range infos {
		if f.Name != positionField && wanted(f.Name, content, nil) && !slices.Contains(first, f.Name) {
			columns = append(columns, f.Name)
		}
	}
	return append(first, columns...), nil
}

func (s *Server) sendOnline(ctx context.Context, c *gin.Context, o online, sel store.Selection) error {
	q := store.SearchRequest{Selection: sel, Limit: min(onlinePage, o.limit), Fields: storeFields(o.content, o.fields), Count: true}
	page, err := s.o.Store.Search(ctx, caller(c).Scope, q)
	if err != nil {
		return err
	}
	o.head(c, page.Total)
	w := bufio.NewWriterSize(c.Writer, 64<<10)
	var b []byte
	if o.sheet && o.format == formatCSV {
		b = append(b, sheetMark...)
	}
	if o.format == formatCSV {
		b = appendCSVHeader(b, o.columns)
	}
	rows := 0
	for {
		bytes := 0
		for _, ev := range page.Events {
			b = o.append(b, ev)
			if _, err := w.Write(b); err != nil {
				return nil //nolint:nilerr // the client is gone
			}
			bytes += len(b)
			b = b[:0]
		}
		rows += len(page.Events)
		if page.Cursor == "" || rows >= o.limit {
			break
		}
		q.Cursor, q.Count = page.Cursor, false
		q.Limit = min(max(onlineBytes*len(page.Events)/max(bytes, 1), 1), 2000, o.limit-rows)
		if page, err = s.o.Store.Search(ctx, caller(c).Scope, q); err != nil {
			return s.breakOff(c, w, err)
		}
	}
	_, _ = w.Write(b) // Flush returns its error
	if err := w.Flush(); err != nil {
		s.o.Log.WithError(err).Debug("api: client is gone")
	}
	return nil
}

// breakOff ends a half-sent file so that the client sees it: the connection is cut.
func (s *Server) breakOff(c *gin.Context, w *bufio.Writer, err error) error {
	if ferr := w.Flush(); ferr == nil {
		s.o.Log.WithError(err).WithField("route", c.FullPath()).Error("api: export broke off")
	}
	return err
}

func (o *online) head(c *gin.Context, total int64) {
	rows := min(total, int64(o.limit))
	name := fmt.Sprintf("logcenter-%d.%s", rows, o.format)
	h := c.Writer.Header()
	if total > rows {
		name = fmt.Sprintf("logcenter-newest-%d-of-%d.%s", rows, total, o.format)
		h.Set(headerNotice, fmt.Sprintf("these are the newest %d of %d events; online exports end at %d, POST /api/v1/exports has no bound", rows, total, maxOnline))
	}
	h.Set(headerTotal, strconv.FormatInt(total, 10))
	h.Set("Content-Type", contentTypes[o.format])
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Status(http.StatusOK)
}

// append appends one row.
func (o *online) append(b []byte, ev store.Event) []byte {
	if o.format == formatCSV {
		return appendCSVEvent(b, ev, o.columns, o.sheet)
	}
	clear(o.enc.only)
	for name := range ev {
		if name != positionField && wanted(name, o.content, o.fields) {
			o.enc.only[name] = true
		}
	}
	return append(o.enc.append(b, ev), '\n')
}
