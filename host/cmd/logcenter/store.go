package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newStoreCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "store",
		Short:   "look after the events that are kept",
		Example: "  logcenter store replicas 1",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newStoreReplicasCommand(c))
	return cmd
}

func newStoreReplicasCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "replicas [N]",
		Short: "show how many copies of the events there are, or change it",
		Long: `Show how many copies of its events a store in Elasticsearch is to keep besides the first, and how many are missing.
With N, change it for all events, those to come included: copies are made or removed in the background, while events
come in and are searched.

It counts until the host is started again. Write it to store.elasticsearch.replicas of the configuration, too.`,
		Example: `  logcenter store replicas
  logcenter store replicas 2`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			wanted := -1
			if len(args) == 1 {
				n, err := strconv.Atoi(args[0])
				if err != nil || n < 0 {
					return usagef("%q is no number of replicas: use 0, 1, 2…", args[0])
				}
				wanted = n
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			var r *client.Replicas
			if wanted < 0 {
				r, err = cl.Replicas(cmd.Context())
			} else {
				r, err = cl.SetReplicas(cmd.Context(), wanted)
			}
			if err != nil {
				return err
			}
			t := newTable("wanted", "making", "missing").numbers("wanted", "making", "missing")
			t.add(fmt.Sprint(r.Wanted), fmt.Sprint(r.Making), fmt.Sprint(r.Missing))
			return out.print(cmd.OutOrStdout(), t, r)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}
