package main

import "github.com/spf13/cobra"

func newRuleCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rule",
		Short: "rules that raise alerts: test them, and run them over what is stored",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRuleTestCommand(), newRuleBacktestCommand(c), newRuleExplainCommand(c), newRuleHealthCommand(c), newRuleCoverageCommand(c))
	return cmd
}
