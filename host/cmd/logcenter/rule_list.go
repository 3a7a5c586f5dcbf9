package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newRuleListCommand(c *connection) *cobra.Command {
	var out output
	var filter client.RuleFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the rules, where they come from and how they are switched",
		Long: `List the rules, where they come from and how they are switched: on, silent (alerts are recorded, and nobody is told) or off.

What does not count, such as a second rule with an id that is taken, or is not looked for because a detector refuses it, is
told behind the table.`,
		Example: `  logcenter rule list
  logcenter rule list --source api -o json
  logcenter rule list --state off`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			all, err := allRules(cmd, cl, filter)
			if err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), ruleTable(all.Rules), all); err != nil {
				return err
			}
			for _, p := range all.Problems {
				tell(cmd.ErrOrStderr(), "note: %s\n", problemText(p))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&filter.Source, "source", "", "those of this `source`: plugin, directory or api")
	cmd.Flags().StringVar(&filter.State, "state", "", "those in this `state`: on, silent or off")
	complete(cmd, "source", "plugin", "directory", "api")
	complete(cmd, "state", "on", "silent", "off")
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

// allRules are the rules of all pages.
func allRules(cmd *cobra.Command, cl *client.Client, f client.RuleFilter) (*client.RuleList, error) {
	var all *client.RuleList
	for {
		page, err := cl.Rules(cmd.Context(), f)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = page
		} else {
			all.Rules = append(all.Rules, page.Rules...)
		}
		if len(page.Rules) == 0 || len(all.Rules) >= page.Total {
			return all, nil
		}
		f.After = page.Rules[len(page.Rules)-1].ID
	}
}

func ruleTable(rules []client.Rule) *table {
	t := newTable("id", "state", "from", "version", "severity", "type", "name").numbers("version")
	for _, r := range rules {
		state := r.State
		if r.Problem != "" {
			state += ", refused"
		}
		t.add(r.ID, state, fromText(r), fmt.Sprint(r.Version), r.Severity, r.Type, r.Name)
	}
	return t
}

// fromText says in short where a rule comes from.
func fromText(r client.Rule) string {
	from := r.Origin.Source
	switch {
	case r.Origin.Plugin != "":
		from = r.Origin.Plugin
	case r.Origin.File != "":
		from = r.Origin.File
	}
	if r.Replaces != nil {
		from += " for " + r.Replaces.Plugin
	}
	return from
}

func problemText(p client.RuleProblem) string {
	text := p.Message
	if p.Place != "" {
		text = p.Place + ": " + text
	}
	if p.Rule != "" {
		text = "rule " + p.Rule + ": " + text
	}
	return text
}
