package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newStreamCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stream",
		Short: "show and change streams, the named selections of events",
		Example: `  logcenter stream list
  logcenter stream set ips-errors 'observer.type:ips AND log.level:(Error OR Fatal)'
  logcenter search --stream ips-errors --from -24h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newStreamListCommand(c), newStreamSetCommand(c), newStreamDeleteCommand(c))
	return cmd
}

func newStreamListCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the streams",
		Example: "  logcenter stream list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			streams, err := cl.Streams(cmd.Context())
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), streamTable(streams), streams)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func streamTable(streams []client.Stream) *table {
	t := newTable("name", "from", "query", "description")
	for _, s := range streams {
		t.add(s.Name, s.Origin, s.Query, s.Description)
	}
	return t
}

func newStreamSetCommand(c *connection) *cobra.Command {
	var description string
	cmd := &cobra.Command{
		Use:     "set NAME QUERY",
		Short:   "make a stream or change it",
		Long:    "Make a stream or change it. It selects events that come in from now on; streams of the configuration file only change there.\n\n" + queryHelp,
		Example: `  logcenter stream set ips-errors 'observer.type:ips AND log.level:(Error OR Fatal)' --description 'for the night shift'`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			s, err := cl.PutStream(cmd.Context(), args[0], args[1], description)
			if err != nil {
				return inQuery(err, args[1])
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "stream %s selects %s\n", s.Name, printable(s.Query))
			return err
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	return cmd
}

func newStreamDeleteCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:               "delete NAME",
		Short:             "delete a stream; its events stay",
		Example:           "  logcenter stream delete ips-errors",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeStreams(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			if err := cl.DeleteStream(cmd.Context(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "stream %s is deleted\n", args[0])
			return err
		},
	}
}
