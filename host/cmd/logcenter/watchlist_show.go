package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

// entriesOfCall is how many entries are asked for, or sent, at once.
const entriesOfCall = 10_000

func newWatchlistShowCommand(c *connection) *cobra.Command {
	var out output
	var prefix string
	var limit int
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "show the entries of a list",
		Long:  "Show the entries of a list by value. With -o csv they can be imported again.",
		Example: `  logcenter watchlist show scanners
  logcenter watchlist show scanners --prefix 192.0.2. -o csv`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeWatchlists(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			all := client.WatchlistPage{Entries: []client.WatchlistEntry{}}
			for after := ""; ; {
				size := entriesOfCall
				if limit > 0 {
					size = min(size, limit-len(all.Entries))
				}
				page, err := cl.WatchlistEntries(cmd.Context(), args[0], prefix, after, size)
				if err != nil {
					return err
				}
				all.Entries = append(all.Entries, page.Entries...)
				if all.Next = page.Next; page.Next == "" || limit > 0 && len(all.Entries) >= limit {
					break
				}
				after = page.Next
			}
			if err := out.print(cmd.OutOrStdout(), entryTable(all.Entries, out.format == "csv"), all); err != nil {
				return err
			}
			if all.Next != "" {
				tell(cmd.ErrOrStderr(), "note: there are more; --limit 0 shows all\n")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only `values` that begin so")
	cmd.Flags().IntVar(&limit, "limit", 1000, "at most so many `entries`; 0 is all")
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

// entryTable shows entries; as they can be imported again, their times have a zone.
func entryTable(entries []client.WatchlistEntry, again bool) *table {
	t := newTable("value", "note", "source", "author", "expires", "state")
	for _, e := range entries {
		expires, state := "", ""
		if e.Expires != nil {
			if expires = moment(*e.Expires); again {
				expires = e.Expires.UTC().Format(time.RFC3339Nano)
			}
		}
		if e.Expired {
			state = "expired"
		}
		t.add(e.Value, e.Note, e.Source, e.Author, expires, state)
	}
	return t
}
