package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newRuleHealthCommand(c *connection) *cobra.Command {
	var (
		out   output
		order string
	)
	cmd := &cobra.Command{
		Use:   "health [RULE-ID]",
		Short: "show how rules fare: matches, alerts a day, cost, errors",
		Long: `Show how rules fare since the host was started, those first that make the most noise: alerts a day over the last week, or
since the start, times the share of false alarms among those that were judged.

  false      share of false alarms among the alerts of the last thirty days that were closed with a verdict
  matched    events that some query of the rule matches
  quieted    of these, in the quiet time behind an alert
  evicted    groups or events forgotten because there were too many: a rule with many may miss something
  no key     matching events without a field that ties them to others
  late       matching events that came later than two windows: they count only with what is still remembered of their time
  ahead      matching events of clocks more than five minutes ahead, which count as of their receipt
  excepted   matching events that an exception or the schedule leaves out
  ms, cost   processor time, and its share of that of all rules

A rule that no detector has run has a dash under last run; why is under note. Detectors tell every few seconds.`,
		Example: `  logcenter rule health
  logcenter rule health login-guessed -o json
  logcenter rule health --sort cost`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			by, ok := healthOrders[order]
			if !ok {
				return usagef("--sort %s is not possible: use noise, cost, match or rule", order)
			}
			id := ""
			if len(args) > 0 {
				id = args[0]
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			l, err := cl.RuleHealth(cmd.Context(), id)
			if err != nil {
				return err
			}
			slices.SortStableFunc(l.Rules, by)
			return out.print(cmd.OutOrStdout(), ruleHealthTable(l.Rules), l)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	cmd.Flags().StringVar(&order, "sort", "noise", "`order`: noise, cost, match (longest without first) or rule")
	completeOutput(cmd)
	complete(cmd, "sort", "noise", "cost", "match", "rule")
	return cmd
}

// healthOrders are the ways to sort.
var healthOrders = map[string]func(a, b client.RuleHealth) int{
	"noise": func(a, b client.RuleHealth) int { return cmp.Compare(b.Noise, a.Noise) },
	"cost":  func(a, b client.RuleHealth) int { return cmp.Compare(b.CostNS, a.CostNS) },
	"match": func(a, b client.RuleHealth) int { return a.LastMatch.Compare(b.LastMatch) },
	"rule":  func(a, b client.RuleHealth) int { return cmp.Compare(a.Rule, b.Rule) },
}

func ruleHealthTable(rules []client.RuleHealth) *table {
	t := newTable("rule", "state", "last run", "last match", "last alert", "a day", "false", "matched", "raised", "quieted", "evicted", "no key", "late", "ahead", "excepted", "ms", "cost", "note").
		numbers("a day", "false", "matched", "raised", "quieted", "evicted", "no key", "late", "ahead", "excepted", "ms", "cost")
	n := func(v uint64) string { return grouped(int64(v)) }
	for _, r := range rules {
		t.add(r.Rule, r.State, momentOrDash(r.LastRun), momentOrDash(r.LastMatch), momentOrDash(r.LastAlert), fmt.Sprintf("%.1f", r.PerDay), falseAlarms(r),
			n(r.Matched), n(r.Raised), n(r.Suppressed), n(r.Evicted), n(r.Ungrouped), n(r.Late), n(r.Ahead), n(r.Excepted),
			fmt.Sprintf("%.1f", float64(r.CostNS)/1e6), share(r.Share), cmp.Or(r.Error, r.Problem))
	}
	return t
}

// falseAlarms is which share of judged alerts were false.
func falseAlarms(r client.RuleHealth) string {
	if r.FalsePositives == nil {
		return "-"
	}
	return share(*r.FalsePositives)
}

func momentOrDash(t time.Time) string { return cmp.Or(momentOrNone(t), "-") }
