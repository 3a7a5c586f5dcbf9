package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newWatchlistCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watchlist",
		Short: "keep lists of values that queries ask for by name",
		Long: `Keep lists of values that queries ask for by name: of addresses and networks (ip), names of hosts (domain, which match with
their subdomains), digests (hash), names of users (user) and texts (keyword). ASCII letters count as equal in either case
but for keywords. A query asks by field:list(name), as in

  source.ip:list(scanners) AND NOT user.name:list(service-accounts)

wherever queries are written: searches, streams, rules, classification. A change is in effect at once, in rules within a
second; what has expired does not match any more and stays until it is removed. Lists are made of CSV files (import), or are
files NAME.TYPE.csv of the folder that watchlists.directory of the configuration names, and are changed there.`,
		Example: `  logcenter watchlist import scanners scanners.csv --type ip
  logcenter watchlist add scanners 192.0.2.7 --note 'ticket 4711' --expires now+30d
  logcenter search 'source.ip:list(scanners)' --from -24h
  logcenter watchlist lookup 192.0.2.7`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newWatchlistListCommand(c), newWatchlistShowCommand(c), newWatchlistImportCommand(c), newWatchlistAddCommand(c),
		newWatchlistRemoveCommand(c), newWatchlistDeleteCommand(c), newWatchlistLookupCommand(c),
	)
	return cmd
}

// completeWatchlists tells the shell the names of lists, as the first argument.
func completeWatchlists(c *connection) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		cl, err := c.client()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		all, err := cl.Watchlists(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, l := range all.Watchlists {
			names = append(names, l.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// tellWatchlist says what a change has changed.
func tellWatchlist(cmd *cobra.Command, a *client.WatchlistChange, tried bool) error {
	verb := "has"
	if tried {
		verb = "would have"
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "list %s %s %s (%d added, %d updated, %d removed, %d duplicates)\n",
		a.Watchlist.Name, verb, entries(a.Watchlist.Entries), a.Added, a.Updated, a.Removed, a.Duplicates)
	return err
}

// entries is a number of entries.
func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return grouped(int64(n)) + " entries"
}
