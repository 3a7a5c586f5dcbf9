package main

import (
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newRuleRollbackCommand(c *connection) *cobra.Command {
	var change client.RuleChange
	cmd := &cobra.Command{
		Use:   "rollback ID VERSION",
		Short: "bring a rule back to one of its versions",
		Long: `Bring a rule back to the text and the state of one of its versions, as a new version. A text that a file had can only come
back with that file; to have it all the same, put it as a rule of your own (` + "`logcenter rule show ID --version VERSION`" + `).`,
		Example: `  logcenter rule history login-failures
  logcenter rule rollback login-failures 3 --note 'the threshold was better'`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeRules(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := versionNumber(args[1])
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			r, err := cl.RollbackRule(cmd.Context(), args[0], n, change)
			if err != nil {
				return err
			}
			return tellGone(cmd, args[0], r)
		},
	}
	ruleChangeFlags(cmd.Flags(), &change)
	return cmd
}
