package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/logcenter/logcenter/sdk/client"
)

func newRuleCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rule",
		Short: "show, write, test and switch the rules that raise alerts",
		Long: `Show, write, test and switch the rules that raise alerts. A rule is a document in YAML:

  id: many-not-found
  name: One address asks for many pages that are not there
  query: event.dataset:nginx.access AND http.response.status_code:404
  group_by: [source.ip]
  threshold: 50
  window: 5m

Rules come from plugins, which ship them in their folders, from the folder that alerts.rules of the configuration names, and
from this command. A rule of your own stands in for a plugin's if it has its id and says ` + "`replaces: PLUGIN`" + `. Every rule can be
enabled, silenced and disabled as it is, and every change is in its history.`,
		Example: `  logcenter rule list
  logcenter rule validate many-not-found.yaml
  logcenter rule put many-not-found.yaml --note 'scanners'
  logcenter rule silence many-not-found
  logcenter rule history many-not-found`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newRuleListCommand(c), newRuleShowCommand(c), newRulePutCommand(c), newRuleDeleteCommand(c),
		newRuleEnableCommand(c), newRuleSilenceCommand(c), newRuleDisableCommand(c),
		newRuleHistoryCommand(c), newRuleDiffCommand(c), newRuleRollbackCommand(c), newRuleKeysCommand(), newRuleValidateCommand(),
		newRuleTestCommand(), newRuleBacktestCommand(c), newRuleExplainCommand(c), newRuleHealthCommand(c), newRuleCoverageCommand(c),
		newRuleSigmaCommand(),
	)
	return cmd
}

// ruleChangeFlags are the flags of commands that change rules.
func ruleChangeFlags(f *pflag.FlagSet, r *client.RuleChange) {
	f.StringVar(&r.Note, "note", "", "why, for the history")
	f.Int64Var(&r.Version, "if-version", 0, "only if the rule still has this `version`")
}

// completeRules tells the shell the ids of rules.
func completeRules(c *connection) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		cl, err := c.client()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		rules, err := cl.Rules(cmd.Context(), client.RuleFilter{})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []string
		for _, r := range rules.Rules {
			ids = append(ids, r.ID)
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
