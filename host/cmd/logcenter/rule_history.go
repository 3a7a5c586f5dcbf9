package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newRuleHistoryCommand(c *connection) *cobra.Command {
	var out output
	limit := 100
	cmd := &cobra.Command{
		Use:   "history ID",
		Short: "tell who changed a rule, when and why",
		Long: `Tell who changed a rule, when and why, the newest version first. Changes of files are in it, too, also of those that were
changed while no host ran. The state is what somebody switched the rule to; without one it is what its document says.`,
		Example: `  logcenter rule history login-failures
  logcenter rule history login-failures -o json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeRules(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			list, err := cl.RuleHistory(cmd.Context(), args[0], 0, limit)
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), historyTable(list), list)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most this `number` of versions")
	out.flags(cmd.Flags(), "a list of versions")
	completeOutput(cmd)
	return cmd
}

func historyTable(list []client.RuleVersion) *table {
	t := newTable("version", "at", "by", "action", "state", "note").numbers("version")
	for _, v := range list {
		state := v.State
		if v.Gone {
			state = "gone"
		}
		t.add(fmt.Sprint(v.Version), v.At.In(localZone()).Format(shownTime), v.By, v.Action, state, v.Note)
	}
	return t
}
