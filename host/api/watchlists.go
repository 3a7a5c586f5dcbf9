package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/watchlist"
	"github.com/logcenter/logcenter/sdk/query"
)

// Watchlists are the lists that queries ask for by name.
type Watchlists interface {
	Library() *watchlist.Library
	// Users are what asks for a list: streams and rules, as "rule ID".
	Users(name string) []string
}

const (
	watchlistPath    = "/api/v1/watchlists/:name"
	entriesOfPage    = 1000
	mostEntries      = 10_000 // of a page, and of a change
	maxImports       = 2
	lookupValueBytes = 1024
)

type watchlistAnswer struct {
	Name        string    `json:"name"`
	Type        string    `json:"type"`
	Description string    `json:"description,omitempty"`
	Version     int64     `json:"version"`
	Entries     int       `json:"entries"`
	Bytes       int64     `json:"bytes"`
	Duplicates  int       `json:"duplicates,omitempty"` // of a file
	Updated     time.Time `json:"updated"`
	By          string    `json:"by,omitempty"`
	Origin      string    `json:"origin"`
	File        string    `json:"file,omitempty"`
	UsedBy      []string  `json:"used_by,omitempty"` // of one list
}

func answerWatchlist(l *watchlist.List) watchlistAnswer {
	return watchlistAnswer{
		Name: l.Name, Type: l.Type.String(), Description: l.Description, Version: l.Version, Entries: l.Entries, Bytes: l.Bytes, Duplicates: l.Duplicates,
		Updated: l.Updated, By: l.By, Origin: string(l.Origin), File: l.File,
	}
}

type watchlistEntry struct {
	Value   string     `json:"value"`
	Note    string     `json:"note,omitempty"`
	Source  string     `json:"source,omitempty"`
	Author  string     `json:"author,omitempty"`
	Added   *time.Time `json:"added,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
	Expired bool       `json:"expired,omitempty"`
}

type watchlistChange struct {
	Watchlist  watchlistAnswer `json:"watchlist"`
	Created    bool            `json:"created"`
	Added      int             `json:"added"`
	Updated    int             `json:"updated"`
	Removed    int             `json:"removed"`
	Duplicates int             `json:"duplicates"`
}

var errNoWatchlists = fmt.Errorf("%w: this host has no lists", ErrConflict)

// watchlists is the library of lists.
func (s *Server) watchlists() (*watchlist.Library, error) {
	if s.o.Watchlists == nil {
		return nil, errNoWatchlists
	}
	return s.o.Watchlists.Library(), nil
}

// watchlistFault is the answer to a file that is no list.
func watchlistFault(err error) error {
	if errors.Is(err, watchlist.ErrInvalid) {
		if e := faulty("bad_list", err); e != nil {
			return e
		}
	}
	return err
}

func (s *Server) listWatchlists(c *gin.Context) error {
	lists, err := s.watchlists()
	if err != nil {
		return err
	}
	out := []watchlistAnswer{}
	for _, l := range lists.Lists() {
		out = append(out, answerWatchlist(l))
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"watchlists": out, "problems": list(lists.Problems())})
	return nil
}

func (s *Server) getWatchlist(c *gin.Context) error {
	lists, err := s.watchlists()
	if err != nil {
		return err
	}
	l, err := lists.Get(c.Param("name"))
	if err != nil {
		return err
	}
	a := answerWatchlist(l)
	a.UsedBy = s.o.Watchlists.Users(l.Name)
	s.writeJSON(c, http.StatusOK, a)
	return nil
}

// watchlistEntries answers entries by value.
func (s *Server) watchlistEntries(c *gin.Context) error {
	p := urlParams(c)
	prefix, after := p.text("prefix"), p.text("after")
	limit := p.number("limit", entriesOfPage, 1, mostEntries)
	if err := p.done(); err != nil {
		return err
	}
	lists, err := s.watchlists()
	if err != nil {
		return err
	}
	entries, more, err := lists.Entries(c.Request.Context(), c.Param("name"), prefix, after, limit)
	if err != nil {
		return watchlistFault(err)
	}
	out, now := make([]watchlistEntry, len(entries)), time.Now()
	for i, e := range entries {
		out[i] = watchlistEntry{Value: e.Value, Note: e.Note, Source: e.Source, Author: e.Author, Expired: e.Expired(now)}
		if !e.Added.IsZero() {
			out[i].Added = &e.Added
		}
		if !e.Expires.IsZero() {
			out[i].Expires = &e.Expires
		}
	}
	answer := map[string]any{"entries": out}
	if more {
		answer["next"] = out[len(out)-1].Value
	}
	s.writeJSON(c, http.StatusOK, answer)
	return nil
}

// importWatchlist makes a list of a CSV file, or adds one to it.
func (s *Server) importWatchlist(c *gin.Context) error {
	p := urlParams(c)
	i := watchlist.Import{File: p.text("file"), Try: p.flag("try"), Source: p.text("source"), By: caller(c).Name}
	typ, expires := p.choice("type", append([]string{""}, query.ListTypes()...)...), p.text("expires")
	i.Add = p.choice("mode", "replace", "replace", "add") == "add"
	if _, given := c.GetQuery("description"); given {
		d := p.text("description")
		i.Description = &d
	}
	if err := p.done(); err != nil {
		return err
	}
	lists, err := s.watchlists()
	if err != nil {
		return err
	}

	if typ != "" {
		if i.Type, err = query.ParseListType(typ); err != nil {
			return err
		}
	}
	if i.Expires, err = watchlist.ParseExpiry(expires, time.Now()); err != nil {
		return badRequest("write e.g. 2026-12-31 or now+30d", "expires: %s", err)
	}
	if i.File == "" {
		i.File = "line"
	}
	release, err := take(c.Request.Context(), s.imports, "imports of lists")
	if err != nil {
		return err
	}
	defer release()
	body := &piecewise{s: s, c: c, r: http.MaxBytesReader(c.Writer, c.Request.Body, watchlist.MaxFile+1)}
	body.renew()
	out, err := lists.Import(c.Request.Context(), c.Param("name"), body, i)
	s.writeWithin(c, writeTimeout)
	if err != nil {
		return watchlistFault(err)
	}
	return s.changedWatchlist(c, out, i.Try)
}

func (s *Server) changedWatchlist(c *gin.Context, o *watchlist.Outcome, tried bool) error {
	status := http.StatusOK
	if o.Created && !tried {
		status = http.StatusCreated
	}
	s.writeJSON(c, status, watchlistChange{
		Watchlist: answerWatchlist(o.List), Created: o.Created, Added: o.Added, Updated: o.Updated, Removed: o.Removed, Duplicates: o.Duplicates,
	})
	return nil
}

type entriesRequest struct {
	Entries []struct {
		Value   string `json:"value"`
		Note    string `json:"note"`
		Source  string `json:"source"`
		Expires string `json:"expires"`
	} `json:"entries"`
}

func (s *Server) addWatchlistEntries(c *gin.Context) error {
	lists, err := s.watchlists()
	if err != nil {
		return err
	}
	var r entriesRequest
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	if len(r.Entries) == 0 || len(r.Entries) > mostEntries {
		return badRequest("PUT takes a CSV file with a million", "entries: there are %d, want 1 to %d", len(r.Entries), mostEntries)
	}
	entries := make([]watchlist.Entry, len(r.Entries))
	for i, e := range r.Entries {
		until, err := watchlist.ParseExpiry(e.Expires, time.Now())
		if err != nil {
			return badRequest("write e.g. 2026-12-31 or now+30d", "entries[%d].expires: %s", i, err)
		}
		entries[i] = watchlist.Entry{Value: e.Value, Note: e.Note, Source: e.Source, Expires: until}
	}
	out, err := lists.Add(c.Request.Context(), c.Param("name"), entries, caller(c).Name)
	if err != nil {
		return err
	}
	return s.changedWatchlist(c, out, false)
}

func (s *Server) removeWatchlistEntries(c *gin.Context) error {
	lists, err := s.watchlists()
	if err != nil {
		return err
	}
	var r struct {
		Values []string `json:"values"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	if len(r.Values) == 0 || len(r.Values) > mostEntries {
		return badRequest("send as many again", "values: there are %d, want 1 to %d", len(r.Values), mostEntries)
	}
	out, err := lists.Remove(c.Request.Context(), c.Param("name"), r.Values, caller(c).Name)
	if err != nil {
		return err
	}
	return s.changedWatchlist(c, out, false)
}

// deleteWatchlist refuses to take a list from those who ask for it, unless it is forced to.
func (s *Server) deleteWatchlist(c *gin.Context) error {
	p := urlParams(c)
	force := p.flag("force")
	if err := p.done(); err != nil {
		return err
	}
	lists, err := s.watchlists()
	if err != nil {
		return err
	}
	name := c.Param("name")
	if users := s.o.Watchlists.Users(name); len(users) > 0 && !force {
		return fmt.Errorf("%w: %s is used by %s", watchlist.ErrUsed, name, strings.Join(users[:min(len(users), 5)], ", "))
	}
	if err := lists.Delete(c.Request.Context(), name); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// lookUpWatchlists names the lists that a value is in now.
func (s *Server) lookUpWatchlists(c *gin.Context) error {
	p := urlParams(c)
	value := p.text("value")
	if err := p.done(); err != nil {
		return err
	}
	if value == "" || len(value) > lookupValueBytes {
		return badRequest("e.g. value=192.0.2.7", "value: is required, with at most %d bytes", lookupValueBytes)
	}
	lists, err := s.watchlists()
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"value": value, "watchlists": list(lists.Lookup(value))})
	return nil
}
