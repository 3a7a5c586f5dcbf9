package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newRuleEnableCommand(c *connection) *cobra.Command {
	return newRuleSwitchCommand(c, &cobra.Command{
		Use:     "enable ID...",
		Short:   "have rules looked for, and their alerts told",
		Long:    "Have rules looked for, and their alerts told, whatever their documents say.",
		Example: "  logcenter rule enable login-failures",
	}, (*client.Client).EnableRule)
}

func newRuleSilenceCommand(c *connection) *cobra.Command {
	return newRuleSwitchCommand(c, &cobra.Command{
		Use:     "silence ID...",
		Short:   "have rules looked for, and tell nobody of their alerts",
		Long:    "Have rules looked for, with their alerts recorded and nobody told: for a rule that is being tried. `logcenter rule enable` ends it.",
		Example: "  logcenter rule silence many-not-found --note 'counting first'",
	}, (*client.Client).SilenceRule)
}

func newRuleDisableCommand(c *connection) *cobra.Command {
	return newRuleSwitchCommand(c, &cobra.Command{
		Use:     "disable ID...",
		Short:   "have rules not looked for",
		Long:    "Have rules not looked for, whatever their documents say. What a detector remembers of them is forgotten.",
		Example: "  logcenter rule disable error-burst --note 'not for this site'",
	}, (*client.Client).DisableRule)
}

func newRuleSwitchCommand(c *connection, cmd *cobra.Command, do func(*client.Client, context.Context, string, client.RuleChange) (*client.Rule, error)) *cobra.Command {
	var change client.RuleChange
	cmd.Long += " Of several rules none is switched if one cannot be."
	cmd.Args = cobra.MinimumNArgs(1)
	cmd.ValidArgsFunction = completeRules(c)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := c.client()
		if err != nil {
			return err
		}
		if len(args) > 1 { // all or none
			asked := change
			asked.Try = true
			for _, id := range args {
				if _, err := do(cl, cmd.Context(), id, asked); err != nil {
					return err
				}
			}
		}
		for _, id := range args {
			r, err := do(cl, cmd.Context(), id, change)
			if err != nil {
				return err
			}
			if err := tellRule(cmd, r, false); err != nil {
				return err
			}
		}
		return nil
	}
	ruleChangeFlags(cmd.Flags(), &change)
	return cmd
}
