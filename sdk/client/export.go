package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ExportRequest says what to take out.
type ExportRequest struct {
	Selection
	Format  string   `json:"format,omitempty"`  // csv or ndjson; empty means ndjson
	Content string   `json:"content,omitempty"` // raw (the message), parsed (all else) or both; empty means both
	Fields  []string `json:"fields,omitempty"`  // only these, instead of Content
}

// Export is an export of any size that is taken in parts.
type Export struct {
	ID      string    `json:"id"`
	Owner   string    `json:"owner"`
	Query   string    `json:"query"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Format  string    `json:"format"`
	Content string    `json:"content"`
	Fields  []string  `json:"fields"`
	Columns []string  `json:"columns"` // of a CSV file
	Total   int64     `json:"total"`   // events when it was made; -1 if they were not counted
	Created time.Time `json:"created"`
	Rows    int64     `json:"rows"` // up to the end of the part that was made last
	Done    bool      `json:"done"`
	Reading bool      `json:"reading"` // a part is being made
	Asked   time.Time `json:"asked"`   // when a part was asked for last; zero: never
}

// CreateExport makes an export. It is not made twice by a lost answer, but may then be there without its id
// being known; the host removes what nobody asks for.
func (c *Client) CreateExport(ctx context.Context, r ExportRequest) (*Export, error) {
	q, err := request{method: http.MethodPost, path: []string{"exports"}, once: true}.json(r)
	if err != nil {
		return nil, err
	}
	return call[Export](ctx, c, q)
}

// Exports lists the exports of the caller, newest first; admins see all.
func (c *Client) Exports(ctx context.Context) ([]Export, error) {
	a, err := call[struct {
		Exports []Export `json:"exports"`
	}](ctx, c, get("exports"))
	if err != nil {
		return nil, err
	}
	return a.Exports, nil
}

// GetExport returns one export.
func (c *Client) GetExport(ctx context.Context, id string) (*Export, error) {
	return call[Export](ctx, c, get("exports", id))
}

// DeleteExport forgets an export.
func (c *Client) DeleteExport(ctx context.Context, id string) error {
	return c.nothing(ctx, request{method: http.MethodDelete, path: []string{"exports", id}})
}

// ExportPart is one part of an export.
type ExportPart struct {
	Data     []byte
	Resume   string // asks for the next part
	Done     bool   // there is no next part
	Rows     int64  // in this part
	RowsDone int64  // up to its end
	Total    int64  // as Export.Total
	Skipped  int64  // CSV: values of fields that have no column because they came up later
}

// ExportPart takes the part behind resume, the empty one being the first, of mb megabytes; 0 means 4. The same
// resume always gives the same rows. The part is whole or an error.
func (c *Client) ExportPart(ctx context.Context, id, resume string, mb int) (*ExportPart, error) {
	var buf bytes.Buffer
	return c.exportPart(ctx, id, resume, mb, &buf)
}

func (c *Client) exportPart(ctx context.Context, id, resume string, mb int, buf *bytes.Buffer) (*ExportPart, error) {
	p := url.Values{}
	setInt(p, "part_mb", mb)
	q := get("exports", id, "data").with(p)
	if resume != "" {
		q.header = http.Header{"Logcenter-Resume": {resume}} // a URL may be too short for it
	}
	var part *ExportPart
	err := c.do(ctx, q, func(res *http.Response) error {
		buf.Reset()
		if n := res.ContentLength; n > 0 && n < 1<<30 {
			buf.Grow(int(n) + bytes.MinRead)
		}
		if _, err := buf.ReadFrom(res.Body); err != nil {
			return err
		}
		h := res.Header
		if h.Get("Logcenter-Resume") == "" || h.Get("Logcenter-Done") == "" {
			return &answerError{fmt.Errorf("the answer is not Logcenter's: it has no Logcenter-Resume")}
		}
		part = &ExportPart{
			Data: buf.Bytes(), Resume: h.Get("Logcenter-Resume"), Done: h.Get("Logcenter-Done") == "true",
			Rows: count(h, "Logcenter-Rows"), RowsDone: count(h, "Logcenter-Rows-Done"),
			Total: count(h, "Logcenter-Total"), Skipped: count(h, "Logcenter-Skipped-Values"),
		}
		return nil
	})
	return part, err
}

func count(h http.Header, name string) int64 {
	n, _ := strconv.ParseInt(h.Get(name), 10, 64) // 0 if it is missing
	return n
}

// Progress is how far a download is. Whoever keeps it beside the file can go on after a crash: cut the file to
// Bytes and download from Resume.
type Progress struct {
	ID      string `json:"id"`
	Resume  string `json:"resume"`
	Rows    int64  `json:"rows"`
	Total   int64  `json:"total"`   // -1: not known
	Bytes   int64  `json:"bytes"`   // written, with those of an earlier download
	Skipped int64  `json:"skipped"` // see [ExportPart]
	Done    bool   `json:"done"`
}

// Download writes the parts of an export behind from.Resume to w, one at a time, so that w always ends with a
// whole row. from names the export; the rest of it is the zero value or where an earlier download ended. After
// each part that was written, progress, if not nil, is told how far it is; its error ends the download.
func (c *Client) Download(ctx context.Context, from Progress, w io.Writer, progress func(Progress) error) (Progress, error) {
	var buf bytes.Buffer
	for !from.Done {
		part, err := c.exportPart(ctx, from.ID, from.Resume, 0, &buf)
		if err != nil {
			return from, err
		}
		if _, err := w.Write(part.Data); err != nil {
			return from, fmt.Errorf("write export: %w", err)
		}
		from.Resume, from.Rows, from.Total, from.Done = part.Resume, part.RowsDone, part.Total, part.Done
		from.Bytes += int64(len(part.Data))
		from.Skipped += part.Skipped
		if progress != nil {
			if err := progress(from); err != nil {
				return from, err
			}
		}
	}
	return from, nil
}

// Export makes an export, downloads it whole and deletes it. If it fails, the Progress says how to go on with
// [Client.Download], if its ID is not empty.
func (c *Client) Export(ctx context.Context, r ExportRequest, w io.Writer, progress func(Progress) error) (Progress, error) {
	e, err := c.CreateExport(ctx, r)
	if err != nil {
		return Progress{}, err
	}
	p, err := c.Download(ctx, Progress{ID: e.ID, Total: e.Total}, w, progress)
	if err != nil {
		return p, err
	}
	if err := c.DeleteExport(ctx, e.ID); err != nil && !IsCode(err, CodeNotFound) { // gone: the first answer got lost
		return p, err
	}
	return p, nil
}

// OnlineRequest asks for a file of the newest events.
type OnlineRequest struct {
	ExportRequest      // Format: empty means csv
	Limit         int  // rows, 1 to 10,000; 0 means 10,000
	Sheet         bool // CSV for spreadsheets: a byte order mark, no formulas
}

// Online is what is known of an online export.
type Online struct {
	Total  int64  // events that the query selects
	Notice string // says that the file does not hold all of them; empty if it does
}

// ExportOnline writes a file of the newest events to w. After an error, w has a part of it.
func (c *Client) ExportOnline(ctx context.Context, r OnlineRequest, w io.Writer) (Online, error) {
	p := r.params()
	setText(p, "format", r.Format)
	setText(p, "content", r.Content)
	setList(p, "fields", r.Fields)
	setInt(p, "limit", r.Limit)
	setFlag(p, "sheet", r.Sheet)
	var o Online
	err := c.do(ctx, get("export").with(p), func(res *http.Response) error {
		o = Online{Total: count(res.Header, "Logcenter-Total"), Notice: res.Header.Get("Logcenter-Notice")}
		if _, err := io.Copy(w, res.Body); err != nil {
			return &answerError{fmt.Errorf("the export broke off: %w", err)}
		}
		return nil
	})
	return o, err
}
