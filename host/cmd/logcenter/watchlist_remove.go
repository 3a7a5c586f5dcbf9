package main

import "github.com/spf13/cobra"

func newWatchlistRemoveCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:               "remove NAME VALUE...",
		Short:             "remove values from a list",
		Long:              "Remove values from a list. It is an error if it has none of them.",
		Example:           "  logcenter watchlist remove scanners 192.0.2.7",
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: completeWatchlists(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			a, err := cl.RemoveFromWatchlist(cmd.Context(), args[0], args[1:])
			if err != nil {
				return err
			}
			return tellWatchlist(cmd, a, false)
		},
	}
}
