package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newRuleDeleteCommand(c *connection) *cobra.Command {
	var change client.RuleChange
	cmd := &cobra.Command{
		Use:   "delete ID",
		Short: "delete a rule that was put",
		Long: `Delete a rule that was put. A plugin's rule that it stood in for counts again. Its history stays, and ` + "`logcenter rule rollback`" + `
brings it back. Rules of plugins and of the folder alerts.rules go with their files; disable them instead.`,
		Example:           "  logcenter rule delete many-not-found",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeRules(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			r, err := cl.DeleteRule(cmd.Context(), args[0], change)
			if err != nil {
				return err
			}
			return tellGone(cmd, args[0], r)
		},
	}
	ruleChangeFlags(cmd.Flags(), &change)
	return cmd
}

// tellGone says that a rule is gone, or which one has its id now.
func tellGone(cmd *cobra.Command, id string, r *client.Rule) error {
	if r != nil {
		return tellRule(cmd, r, false)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "there is no rule %s any more\n", id)
	return err
}
