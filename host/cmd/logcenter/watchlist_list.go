package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newWatchlistListCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the lists",
		Long:    "List the lists, and below the table what is wrong with files of watchlists.directory.",
		Example: "  logcenter watchlist list\n  logcenter watchlist list -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			all, err := cl.Watchlists(cmd.Context())
			if err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), watchlistTable(all.Watchlists), all); err != nil {
				return err
			}
			for _, p := range all.Problems {
				tell(cmd.ErrOrStderr(), "note: %s\n", p)
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func watchlistTable(lists []client.Watchlist) *table {
	t := newTable("name", "type", "entries", "version", "updated", "from", "description").numbers("entries", "version")
	for _, l := range lists {
		from := l.By
		if l.File != "" {
			from = l.File
		}
		t.add(l.Name, l.Type, fmt.Sprint(l.Entries), fmt.Sprint(l.Version), moment(l.Updated), from, l.Description)
	}
	return t
}
