package main

import (
	"github.com/spf13/cobra"
)

func newWatchlistLookupCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:     "lookup VALUE...",
		Short:   "say which lists have a value",
		Long:    "Say which lists have a value now: have it itself, a network around it, or a domain above it.",
		Example: "  logcenter watchlist lookup 192.0.2.7 www.phish.example.com",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			t, found := newTable("value", "list"), map[string][]string{}
			for _, value := range args {
				if found[value], err = cl.LookUpWatchlists(cmd.Context(), value); err != nil {
					return err
				}
				if len(found[value]) == 0 {
					tell(cmd.ErrOrStderr(), "note: no list has %s\n", value)
				}
				for _, name := range found[value] {
					t.add(value, name)
				}
			}
			return out.print(cmd.OutOrStdout(), t, found)
		},
	}
	out.flags(cmd.Flags(), "lists by value")
	completeOutput(cmd)
	return cmd
}
