package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
)

const (
	archiveSearches   = 2 // at once
	archiveSearchTime = 4 * time.Hour
	archiveMemory     = 1 << 30 // of one search
)

type archiveAnswer struct {
	Where      string            `json:"where"`
	Records    int               `json:"records"` // of the chain
	Head       string            `json:"head"`    // SHA-256 of the last one
	Partitions []archivedSummary `json:"partitions"`
}

type archivedSummary struct {
	Name     string    `json:"name"`
	Class    string    `json:"class"`
	Day      string    `json:"day"`
	Part     int       `json:"part"`
	Format   string    `json:"format"`
	Events   int64     `json:"events"`
	RawBytes int64     `json:"raw_bytes"`
	Bytes    int64     `json:"bytes"`
	From     time.Time `json:"from"` // first and last @timestamp
	To       time.Time `json:"to"`
	Archived time.Time `json:"archived"`
	Until    time.Time `json:"until"` // when its years are over
	Held     string    `json:"held,omitempty"`
}

func summary(k *lifecycle.Keeper, p *archive.Partition) archivedSummary {
	return archivedSummary{
		Name: p.Name(), Class: p.Class, Day: p.Day, Part: p.Part, Format: p.Format, Events: p.Events, RawBytes: p.RawBytes, Bytes: p.Bytes(),
		From: p.From, To: p.To, Archived: p.Time, Until: p.Until(k.Policy().Class(p.Class).ArchiveYears), Held: p.Held,
	}
}

// opened is the keeper with its archive.
func (s *Server) opened(ctx context.Context) (*lifecycle.Keeper, *archive.Archive, error) {
	k, err := s.keeper()
	if err != nil {
		return nil, nil, err
	}
	a, err := k.Archive(ctx)
	if err != nil && asError(err) == nil { // it lies elsewhere: the admin is told what is wrong there
		err = &Error{Code: "unavailable", Message: err.Error(), Hint: "`logcenter health` says what to do", status: http.StatusServiceUnavailable}
	}
	return k, a, err
}

func (s *Server) listArchive(c *gin.Context) error {
	if err := urlParams(c).done(); err != nil {
		return err
	}
	k, a, err := s.opened(c.Request.Context())
	if err != nil {
		return err
	}
	out := archiveAnswer{Where: a.Where(), Partitions: []archivedSummary{}}
	out.Records, out.Head = a.Head()
	for _, p := range a.List() {
		out.Partitions = append(out.Partitions, summary(k, &p))
	}
	s.writeJSON(c, http.StatusOK, out)
	return nil
}

func (s *Server) getArchived(c *gin.Context) error {
	if err := urlParams(c).done(); err != nil {
		return err
	}
	_, a, err := s.opened(c.Request.Context())
	if err != nil {
		return err
	}
	m, err := a.Read(c.Request.Context(), c.Param("name"))
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, m)
	return nil
}

func (s *Server) deleteArchived(c *gin.Context) error {
	p := urlParams(c)
	early := p.flag("before_its_time")
	if err := p.done(); err != nil {
		return err
	}
	k, _, err := s.opened(c.Request.Context())
	if err != nil {
		return err
	}
	if err := k.Delete(c.Request.Context(), c.Param("name"), early); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

type reasonRequest struct {
	Reason string `json:"reason"`
}

// reason reads why something is held or released.
func reason(c *gin.Context) (string, error) {
	var r reasonRequest
	if err := decodeJSON(c, &r); err != nil {
		return "", err
	}
	if r.Reason == "" || len(r.Reason) > 1000 {
		return "", badRequest("say why, in up to 1000 bytes, e.g. the number of the case", "reason: %d bytes are not possible", len(r.Reason))
	}
	return r.Reason, nil
}

func (s *Server) holdArchived(c *gin.Context) error {
	return s.changeHold(c, (*lifecycle.Keeper).Hold)
}

func (s *Server) releaseArchived(c *gin.Context) error {
	return s.changeHold(c, (*lifecycle.Keeper).Release)
}

func (s *Server) changeHold(c *gin.Context, change func(*lifecycle.Keeper, context.Context, string, string) (archive.Partition, error)) error {
	why, err := reason(c)
	if err != nil {
		return err
	}
	k, _, err := s.opened(c.Request.Context())
	if err != nil {
		return err
	}
	p, err := change(k, c.Request.Context(), c.Param("name"), why)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, summary(k, &p))
	return nil
}

type verifyAnswer struct {
	Records    int               `json:"records"`
	Head       string            `json:"head"`
	Partitions int               `json:"partitions"`
	Files      int               `json:"files"`
	Bytes      int64             `json:"bytes"`
	Problems   []archive.Problem `json:"problems"`
	Notes      []string          `json:"notes"`
}

type bytesProgress struct {
	Done int64 `json:"done"` // bytes
	Of   int64 `json:"of"`
}

// verified notes how a verification ended, for who watches the host.
func (s *Server) verified(err error) {
	if s.o.ArchiveVerified != nil {
		s.o.ArchiveVerified(err)
	}
}

func (s *Server) verifyArchive(c *gin.Context) error {
	var none struct{}
	if err := decodeJSON(c, &none); err != nil {
		return err
	}
	k, err := s.keeper()
	if err != nil {
		return err
	}
	d, chain := k.Destination()
	if d == nil {
		return lifecycle.ErrNoArchive
	}
	return s.follow(c, func(ctx context.Context, tell func(any)) (any, error) {
		r, err := archive.Verify(ctx, d, chain, func(done, total int64) { tell(bytesProgress{done, total}) })
		if err == nil && len(r.Problems) > 0 {
			s.verified(fmt.Errorf("the archive has %d problems, the first one: %s: %s", len(r.Problems), r.Problems[0].File, r.Problems[0].Text))
		} else if ctx.Err() == nil {
			s.verified(err)
		}
		if err != nil {
			return nil, err
		}
		return verifyAnswer{r.Records, r.Head, r.Partitions, r.Files, r.Bytes, list(r.Problems), list(r.Notes)}, nil
	})
}

type restoreRequest struct {
	Name string `json:"name"`
	For  string `json:"for"` // e.g. 7d or 12h
}

type restoreAnswer struct {
	Partition string    `json:"partition"`
	Events    int64     `json:"events"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Expires   time.Time `json:"expires"`
}

func (s *Server) restoreArchive(c *gin.Context) error {
	var r restoreRequest
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	forTime, err := parseSpan(r.For)
	if err != nil {
		return err
	}
	k, _, err := s.opened(c.Request.Context())
	if err != nil {
		return err
	}
	return s.follow(c, func(ctx context.Context, tell func(any)) (any, error) {
		p, err := k.Restore(ctx, lifecycle.RestoreRequest{Name: r.Name, For: forTime, Progress: func(st lifecycle.Status) { tell(st) }})
		return restoreAnswer{p.ID, p.Events, p.From, p.To, p.Expires}, err
	})
}

// parseSpan reads a length of time such as 7d or 12h.
func parseSpan(text string) (time.Duration, error) {
	var n int
	var unit string
	if _, err := fmt.Sscanf(text, "%d%s", &n, &unit); err == nil && n > 0 && n < 1e6 {
		switch unit {
		case "d":
			return time.Duration(n) * 24 * time.Hour, nil
		case "h":
			return time.Duration(n) * time.Hour, nil
		case "m":
			return time.Duration(n) * time.Minute, nil
		}
	}
	return 0, badRequest("write e.g. 7d, 12h or 30m", "for: %.40q is no length of time", text)
}

type archiveSearchRequest struct {
	searchRequest
	Partitions []string `json:"partitions"` // only these
}

// searchArchive searches archived events where they are. The time range must be said.
func (s *Server) searchArchive(c *gin.Context) error {
	var r archiveSearchRequest
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	if r.From == "" || r.To == "" {
		return badRequest("give from and to; the archive may reach back for years", "a search of the archive needs a time range")
	}
	q, notices, err := s.storeRequest(r.searchRequest)
	if err != nil {
		return err
	}
	k, a, err := s.opened(c.Request.Context())
	if err != nil {
		return err
	}
	release, err := take(c.Request.Context(), s.archive, "searches of the archive")
	if err != nil {
		return err
	}
	defer release()
	scope := caller(c).Scope
	return s.follow(c, func(ctx context.Context, tell func(any)) (_ any, err error) {
		start := time.Now()
		cache, err := k.Folder("search-")
		if err != nil {
			return nil, err
		}
		rd, err := a.Open(ctx, archive.OpenRequest{
			Selection: q.Selection, Scope: scope, Names: r.Partitions, Cache: cache, CacheBytes: s.o.ArchiveCache,
			Options:  embedded.Options{MemoryLimit: archiveMemory, QueryTimeout: archiveSearchTime},
			Progress: func(p archive.Progress) { tell(p) },
		})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, rd.Close()) }()
		page, err := rd.Search(ctx, scope, q)
		if err != nil {
			return nil, err
		}
		head := searchHead{
			From: q.From, To: q.To, Cursor: encodeCursor(q.From, q.To, page.Cursor),
			Notices: append(notices, page.Notices...), TookMs: time.Since(start).Milliseconds(),
		}
		if q.Count {
			head.Total = &page.Total
		}
		return wholePage(head, page.Events, newEncoder(r.Nested, r.Fields))
	})
}

// wholePage is the answer to a search as one piece of JSON.
func wholePage(head searchHead, events []store.Event, enc *encoder) (json.RawMessage, error) {
	b, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	b = append(b[:len(b)-1], `,"events":[`...)
	for i, ev := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = enc.append(b, ev)
	}
	return append(b, "]}"...), nil
}
