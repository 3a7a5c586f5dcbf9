package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newWatchlistDeleteCommand(c *connection) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "delete a list",
		Long: `Delete a list with all that is in it. One that streams or rules ask for is only deleted with --force; it then has nothing in
it for them. Lists of watchlists.directory go with their files.`,
		Example:           "  logcenter watchlist delete scanners",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeWatchlists(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			if err := cl.DeleteWatchlist(cmd.Context(), args[0], force); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "list %s is deleted\n", args[0])
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "also if streams or rules ask for it")
	return cmd
}
