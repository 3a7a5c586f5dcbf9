package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// An export of any size: POST says what, then the client takes it in parts. Each part names the token that
// asks for the next; the same token always gives the same rows, so a part that got lost is asked for again
// and the parts written one behind the other are the file, each row once.

type exportRequest struct {
	selection
	Format  string   `json:"format"`
	Content string   `json:"content"`
	Fields  []string `json:"fields"`
}

type exportAnswer struct {
	exportJob
	Rows    int64     `json:"rows"`           // up to the end of the part that was made last
	Done    bool      `json:"done"`           // that was the last one
	Reading bool      `json:"reading"`        // a part is being made
	Asked   time.Time `json:"asked,omitzero"` // when a part was asked for last
}

const (
	defaultPart = 4  // MB
	maxPart     = 32 // MB
	countFor    = 20 * time.Second
)

func (s *Server) createExport(c *gin.Context) error {
	var r exportRequest
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	job, err := s.newJob(r)
	if err != nil {
		return err
	}
	sel, _, err := s.selected(r.selection)
	if err != nil {
		return err
	}
	if err := unmoving(sel.Query); err != nil {
		return err
	}
	ctx, done, err := s.search(c)
	if err != nil {
		return err
	}
	defer done()
	who := caller(c)
	// The stream may change while the export goes on, so its query goes into the export's.
	job.Owner, job.From, job.To, job.Query = who.Name, sel.From, sel.To, query.Format(sel.Query)
	if job.Format == formatCSV {
		if job.Columns, err = s.csvColumns(ctx, who.Scope, sel, job.Content, job.Fields); err != nil {
			return err
		}
	}
	if job.Total, err = s.count(ctx, who.Scope, sel); err != nil {
		return err
	}
	if err := s.exports.add(job); err != nil {
		return err
	}
	c.Header("Location", "/api/v1/exports/"+job.ID)
	s.writeJSON(c, http.StatusCreated, exportAnswer{exportJob: job})
	return nil
}

func (s *Server) newJob(r exportRequest) (exportJob, error) {
	job := exportJob{
		ID: rand.Text(), Format: r.Format, Content: r.Content, Fields: r.Fields,
		Created: time.Now().UTC().Truncate(time.Millisecond),
	}
	if job.Format == "" {
		job.Format = formatNDJSON
	}
	if job.Content == "" {
		job.Content = contentBoth
	}
	if contentTypes[job.Format] == "" {
		return job, badRequest("write csv or ndjson", "format: %.40q is not possible", job.Format)
	}
	switch job.Content {
	case contentRaw, contentParsed, contentBoth:
	default:
		return job, badRequest("write raw, parsed or both", "content: %.40q is not possible", job.Content)
	}
	return job, checkFields(job.Fields)
}

// unmoving refuses queries that mean something else an hour later: a resumed export would have other rows.
func unmoving(n query.Node) error {
	var wrong *query.Error
	query.Walk(n, func(leaf query.Node) {
		switch n := leaf.(type) {
		case *query.Term:
			if t, _ := query.TypeOf(n.Field, nil); t == ecs.Date && strings.HasPrefix(n.Value, "now") {
				wrong = &query.Error{Pos: n.Pos}
			}
		case *query.Range:
			for _, bound := range []*string{n.Min, n.Max} {
				if t, _ := query.TypeOf(n.Field, nil); t == ecs.Date && bound != nil && strings.HasPrefix(*bound, "now") {
					wrong = &query.Error{Pos: n.Pos}
				}
			}
		}
	})
	if wrong == nil {
		return nil
	}
	wrong.Msg, wrong.Hint = "the query of an export cannot be relative to now, because it goes on for long", "write a date, or use from and to"
	return wrong
}

// count counts the events of an export for its progress; -1 if that would take long.
func (s *Server) count(ctx context.Context, scope store.Scope, sel store.Selection) (int64, error) {
	short, cancel := context.WithTimeout(ctx, countFor)
	defer cancel()
	res, err := s.o.Store.Aggregate(short, scope, store.AggregateRequest{
		Selection: sel, Aggs: []store.Agg{{Name: "events", Kind: store.Count}},
	})
	switch {
	case err == nil:
		return res.Total, nil
	case short.Err() != nil && ctx.Err() == nil:
		return -1, nil
	default:
		return 0, err
	}
}

func (s *Server) listExports(c *gin.Context) error {
	out := []exportAnswer{}
	for _, e := range s.exports.list() {
		if mayRead(caller(c), e.job) {
			out = append(out, e.answer())
		}
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"exports": out})
	return nil
}

// export finds the export of a request; what belongs to others is not there.
func (s *Server) export(c *gin.Context) (*export, error) {
	e, err := s.exports.get(c.Param("id"))
	if err != nil {
		return nil, err
	}
	if !mayRead(caller(c), e.job) {
		return nil, errNoExport
	}
	return e, nil
}

func mayRead(who Caller, job exportJob) bool { return who.Admin || who.Name == job.Owner }

func (s *Server) getExport(c *gin.Context) error {
	e, err := s.export(c)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, e.answer())
	return nil
}

func (s *Server) deleteExport(c *gin.Context) error {
	e, err := s.export(c)
	if err != nil {
		return err
	}
	if err := s.exports.remove(e); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// exportData answers with one part. A part is whole or an error: its length is known before its first byte.
func (s *Server) exportData(c *gin.Context) error {
	p := urlParams(c)
	resume, mb := p.text("resume"), p.number("part_mb", defaultPart, 1, maxPart)
	if err := p.done(); err != nil {
		return err
	}
	if resume == "" {
		resume = c.GetHeader(headerResume) // where a URL would be too long
	}
	e, err := s.export(c)
	if err != nil {
		return err
	}
	release, err := take(c.Request.Context(), s.exports.slots, "exports")
	if err != nil {
		return err
	}
	defer release()
	s.writeWithin(c, partWait)
	sel, err := s.jobSelection(e.job)
	if err != nil {
		return err
	}
	pt, err := s.exports.part(c.Request.Context(), e, caller(c).Scope, sel, resume, mb<<20)
	if err != nil {
		return err
	}
	defer s.exports.reuse(pt.data)
	h := c.Writer.Header()
	h.Set("Content-Type", contentTypes[e.job.Format])
	h.Set("Content-Length", strconv.Itoa(len(pt.data)))
	h.Set(headerResume, pt.resume)
	h.Set(headerDone, strconv.FormatBool(pt.done))
	h.Set(headerRows, strconv.FormatInt(pt.rows, 10))
	h.Set(headerRowsDone, strconv.FormatInt(pt.total, 10))
	h.Set(headerTotal, strconv.FormatInt(e.job.Total, 10))
	if pt.skipped > 0 {
		h.Set(headerSkipped, strconv.FormatInt(pt.skipped, 10))
	}
	s.metrics.exported.Add(float64(len(pt.data)))
	c.Status(http.StatusOK)
	for data := pt.data; len(data) > 0; { // in pieces, so that a slow client is not taken for a dead one
		n := min(len(data), 1<<20)
		s.writeWithin(c, writeTimeout)
		if _, err := c.Writer.Write(data[:n]); err != nil {
			return nil //nolint:nilerr // the client is gone, and will ask for this part again
		}
		data = data[n:]
	}
	return nil
}

// jobSelection is the selection of a job. Its query was good when the job was made; plugins may have gone since.
func (s *Server) jobSelection(job exportJob) (store.Selection, error) {
	n, _, err := s.parseQuery(job.Query, "")
	if err != nil {
		return store.Selection{}, fmt.Errorf("%w: the export's query cannot be answered any more: %s", ErrConflict, err.Error())
	}
	return store.Selection{Query: n, From: job.From, To: job.To}, nil
}
