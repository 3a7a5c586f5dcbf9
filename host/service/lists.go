package service

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/watchlist"
	"github.com/logcenter/logcenter/sdk/query"
)

// listsFolder is where lists lie for those who match, below the data directory.
const listsFolder = "watchlists"

// listsDir is the absolute path of that folder, as detectors are told it.
func (s *Service) listsDir() (string, error) { return filepath.Abs(s.path(listsFolder)) }

// openLists comes before all that has queries.
func (s *Service) openLists(ctx context.Context) (err error) {
	s.lists, err = watchlist.Open(ctx, watchlist.Options{
		Store: s.metadata, Directory: s.cfg.Path(s.cfg.Watchlists.Directory), Files: s.path(listsFolder), Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("watchlists: %w", err)
	}
	return nil
}

// listsAPI is the library, with who uses a list.
type listsAPI struct{ s *Service }

func (a listsAPI) Library() *watchlist.Library { return a.s.lists }

func (a listsAPI) Users(name string) (users []string) {
	uses := func(kind, id, text string) {
		if n, err := query.Parse(text); err == nil && slices.Contains(query.ListsOf(n), name) {
			users = append(users, kind+" "+id)
		}
	}
	for _, st := range a.s.streams.List() {
		uses("stream", st.Name, st.Query)
	}
	for _, c := range a.s.currentRules().Rules() {
		uses("classification rule", c.Name, c.Query)
	}
	for _, r := range a.s.library.List() {
		if strings.Contains(r.Text, "list("+name+")") || strings.Contains(r.Text, `list("`+name+`")`) {
			users = append(users, "rule "+r.ID)
		}
	}
	return users
}

// listsHealth tells of files that are not read.
func (s *Service) listsHealth() api.Component {
	c := api.Component{Name: "watchlists", Status: api.StatusOK}
	if problems := s.lists.Problems(); len(problems) > 0 {
		c.Status, c.Reason, c.Advice = api.StatusDegraded, firstLine(problems[0]), "mend the file; it is read again when it changes"
		if n := len(problems) - 1; n > 0 {
			c.Reason += fmt.Sprintf("; and %d more", n)
		}
	}
	return c
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

func listMetrics(l *watchlist.Library, counter, gauge sender) {
	for _, list := range l.Lists() {
		gauge("watchlist_entries", "Entries of a list, those included that have expired.", float64(list.Entries), "list", list.Name)
		gauge("watchlist_version", "Version of a list, which grows with each change.", float64(list.Version), "list", list.Name)
	}
	entries, size := l.Loaded()
	gauge("watchlists_loaded_entries", "Entries of lists that the host has in memory, because a query asked for them.", float64(entries))
	gauge("watchlists_loaded_bytes", "Bytes that they take there.", float64(size))
	gauge("watchlists_problems", "Files of watchlists.directory that are not read, because something is wrong with them.", float64(len(l.Problems())))
	counter("watchlist_changes_total", "Changes of lists.", float64(l.Changes()))
}
