package main

import "github.com/spf13/cobra"

func newRuleCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rule",
		Short: "rules that raise alerts: test them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRuleTestCommand(), newRuleSigmaCommand())
	return cmd
}
