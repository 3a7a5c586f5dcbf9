package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Watchlist is a list of values that queries ask for: field:list(name).
type Watchlist struct {
	Name        string    `json:"name"`
	Type        string    `json:"type"` // ip, domain, hash, user or keyword
	Description string    `json:"description,omitempty"`
	Version     int64     `json:"version"`              // grows with each change
	Entries     int       `json:"entries"`              // those included that have expired
	Bytes       int64     `json:"bytes"`                // of the values
	Duplicates  int       `json:"duplicates,omitempty"` // of a file: lines that say again what one before says
	Updated     time.Time `json:"updated"`
	By          string    `json:"by,omitempty"`
	Origin      string    `json:"origin"`            // api or directory
	File        string    `json:"file,omitempty"`    // on the host, of the directory's
	UsedBy      []string  `json:"used_by,omitempty"` // streams and rules that ask for it; not in lists
}

// Watchlists are all lists by name, and what is wrong with files of the host's directory.
type Watchlists struct {
	Watchlists []Watchlist `json:"watchlists"`
	Problems   []string    `json:"problems"`
}

// WatchlistEntry is one entry. Its Value is in its usual form when the host tells it.
type WatchlistEntry struct {
	Value   string     `json:"value"`
	Note    string     `json:"note,omitempty"`
	Source  string     `json:"source,omitempty"`
	Author  string     `json:"author,omitempty"`
	Added   *time.Time `json:"added,omitempty"`
	Expires *time.Time `json:"expires,omitempty"` // nil: never
	Expired bool       `json:"expired,omitempty"`
}

// WatchlistPage is a page of entries, by value.
type WatchlistPage struct {
	Entries []WatchlistEntry `json:"entries"`
	Next    string           `json:"next,omitempty"` // After of the next page; empty: there is none
}

// WatchlistChange is what a change has changed.
type WatchlistChange struct {
	Watchlist  Watchlist `json:"watchlist"`
	Created    bool      `json:"created"`
	Added      int       `json:"added"`
	Updated    int       `json:"updated"`
	Removed    int       `json:"removed"`
	Duplicates int       `json:"duplicates"` // values that were given more than once
}

// WatchlistImport says what a CSV file is. The zero value replaces the entries of a list that is there.
type WatchlistImport struct {
	Type        string  // of a list that is new
	Add         bool    // entries that are not in the file stay
	Description *string // nil: as it is
	Source      string  // of entries that name none
	Expires     string  // of entries that say nothing else, e.g. now+30d; empty: never
	File        string  // what errors call it
	Try         bool    // do everything but the change
}

// NewWatchlistEntry is an entry to add.
type NewWatchlistEntry struct {
	Value   string `json:"value"`
	Note    string `json:"note,omitempty"`
	Source  string `json:"source,omitempty"`
	Expires string `json:"expires,omitempty"` // e.g. 2026-12-31, an RFC 3339 time or now+30d; empty: never
}

// Watchlists lists the lists.
func (c *Client) Watchlists(ctx context.Context) (*Watchlists, error) {
	return call[Watchlists](ctx, c, get("watchlists"))
}

// Watchlist is one list without its entries.
func (c *Client) Watchlist(ctx context.Context, name string) (*Watchlist, error) {
	return call[Watchlist](ctx, c, get("watchlists", name))
}

// WatchlistEntries are entries whose values begin with prefix and are behind after, by value; a limit of 0 is 1000.
func (c *Client) WatchlistEntries(ctx context.Context, name, prefix, after string, limit int) (*WatchlistPage, error) {
	p := url.Values{}
	setText(p, "prefix", prefix)
	setText(p, "after", after)
	if limit > 0 {
		p.Set("limit", strconv.Itoa(limit))
	}
	return call[WatchlistPage](ctx, c, get("watchlists", name, "entries").with(p))
}

// ImportWatchlist makes a list of a CSV file, or adds it to one. open opens the file from its beginning, with its size in
// bytes, and is called again for each try; the file is closed. Faults of the file are in the [*Error].
func (c *Client) ImportWatchlist(ctx context.Context, name string, open func() (r io.ReadCloser, size int64, err error), i WatchlistImport) (*WatchlistChange, error) {
	p := url.Values{}
	setText(p, "type", i.Type)
	setText(p, "source", i.Source)
	setText(p, "expires", i.Expires)
	setText(p, "file", i.File)
	if i.Add {
		p.Set("mode", "add")
	}
	if i.Description != nil {
		p.Set("description", *i.Description)
	}
	if i.Try {
		p.Set("try", "true")
	}
	return call[WatchlistChange](ctx, c, request{
		method: http.MethodPut, path: []string{"watchlists", name}, params: p, stream: open,
		header: http.Header{"Content-Type": {"text/csv"}, "Expect": {"100-continue"}},
	})
}

// AddToWatchlist adds entries to a list, or writes them anew; up to 10,000 at once.
func (c *Client) AddToWatchlist(ctx context.Context, name string, entries []NewWatchlistEntry) (*WatchlistChange, error) {
	return postWatchlist(ctx, c, []string{"watchlists", name, "entries"}, map[string]any{"entries": entries})
}

// RemoveFromWatchlist removes entries; up to 10,000 at once.
func (c *Client) RemoveFromWatchlist(ctx context.Context, name string, values []string) (*WatchlistChange, error) {
	return postWatchlist(ctx, c, []string{"watchlists", name, "entries", "remove"}, map[string]any{"values": values})
}

// DeleteWatchlist deletes a list; force also one that streams or rules ask for.
func (c *Client) DeleteWatchlist(ctx context.Context, name string, force bool) error {
	p := url.Values{}
	if force {
		p.Set("force", "true")
	}
	return c.nothing(ctx, request{method: http.MethodDelete, path: []string{"watchlists", name}, params: p})
}

// LookUpWatchlists names the lists that a value is in now.
func (c *Client) LookUpWatchlists(ctx context.Context, value string) ([]string, error) {
	a, err := call[struct {
		Watchlists []string `json:"watchlists"`
	}](ctx, c, get("watchlist-lookup").with(url.Values{"value": {value}}))
	if err != nil {
		return nil, err
	}
	return a.Watchlists, nil
}

func postWatchlist(ctx context.Context, c *Client, path []string, body any) (*WatchlistChange, error) {
	q, err := request{method: http.MethodPost, path: path}.json(body)
	if err != nil {
		return nil, err
	}
	return call[WatchlistChange](ctx, c, q)
}
