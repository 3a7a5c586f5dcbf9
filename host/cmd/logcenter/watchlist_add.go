package main

import (
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newWatchlistAddCommand(c *connection) *cobra.Command {
	var e client.NewWatchlistEntry
	cmd := &cobra.Command{
		Use:   "add NAME VALUE...",
		Short: "add values to a list, or write their entries anew",
		Example: `  logcenter watchlist add scanners 192.0.2.7 198.51.100.0/24 --note 'ticket 4711' --expires now+30d
  logcenter watchlist add leavers alice --expires 2026-12-31`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: completeWatchlists(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			var entries []client.NewWatchlistEntry
			for _, value := range args[1:] {
				e.Value = value
				entries = append(entries, e)
			}
			a, err := cl.AddToWatchlist(cmd.Context(), args[0], entries)
			if err != nil {
				return err
			}
			return tellWatchlist(cmd, a, false)
		},
	}
	cmd.Flags().StringVar(&e.Note, "note", "", "why they are in it")
	cmd.Flags().StringVar(&e.Source, "source", "", "where they are from")
	cmd.Flags().StringVar(&e.Expires, "expires", "", "`time` from which they do not count, e.g. 2026-12-31 or now+30d; empty is never")
	return cmd
}
