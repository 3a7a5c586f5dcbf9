package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newConsumersCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:     "consumers",
		Short:   "show the journals and how far their readers are behind",
		Example: "  logcenter consumers",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			journals, err := cl.Consumers(cmd.Context())
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), consumerTable(journals), journals)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func consumerTable(journals []client.Journal) *table {
	t := newTable("journal", "group", "behind", "bytes behind", "of", "state").numbers("behind", "bytes behind", "of")
	for _, j := range journals {
		name := fmt.Sprintf("%s/%d", j.Name, j.Partition)
		state := "writing"
		switch {
		case j.Error != "":
			state = j.Error
		case j.Full:
			state = "full"
		}
		t.add(name, "", "", fmt.Sprint(j.Bytes), fmt.Sprint(j.MaxBytes), state)
		for _, g := range j.Groups {
			state := "detachable"
			switch {
			case g.Detached:
				state = "detached"
			case g.Required:
				state = "required"
			}
			t.add(name, g.Name, fmt.Sprint(g.Lag), fmt.Sprint(g.LagBytes), "", state)
		}
	}
	return t
}
