package main

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newChannelCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "channel",
		Short: "where alerts are told, and whether that works",
		Long: `Show where alerts can be told, and try it.

Each target of a notifier plugin is a channel PLUGIN/TARGET; a notifier without targets is the channel PLUGIN. Which alerts
go to which channels say the rules themselves, or else alerts.routes of the configuration; ` + "`route test`" + ` tells.`,
		Example: `  logcenter channel list
  logcenter channel test smtp/soc`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newChannelListCommand(c), newChannelTestCommand(c))
	return cmd
}

func newChannelListCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "list",
		Short: "show all channels and what waits for them",
		Long: `Show all channels and what waits for them. What was sent, retried and refused counts since the host started.

States: ready; paused, behind a failure or for its rate; cut_off, as it did not answer three times in a row: it is tried after
half a minute and then ever more rarely, up to every ten minutes, while the notifier's other targets go on; quiet, in quiet
hours; starting, disabled, failed or quarantined, as its notifier is; missing, where no notifier has the channel. What waits is told by itself once the channel is ready.`,
		Example: `  logcenter channel list
  logcenter channel list -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			list, err := cl.Channels(cmd.Context())
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), channelTable(list), list)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func channelTable(list []client.Channel) *table {
	t := newTable("channel", "state", "waiting", "oldest", "dead", "sent", "retried", "no answer", "refused", "rate", "last success", "last failure", "reason").
		numbers("waiting", "dead", "sent", "retried", "no answer", "refused")
	for _, ch := range list {
		t.add(ch.Name, ch.State, grouped(ch.Waiting), moment(ch.Oldest), grouped(ch.Dead), grouped(ch.Sent), grouped(ch.Retried), grouped(ch.Unanswered), grouped(ch.Refused),
			ch.Rate, moment(ch.LastSuccess), moment(ch.LastFailure), cmp.Or(ch.Reason, ch.LastReason))
	}
	return t
}

func newChannelTestCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "test CHANNEL",
		Short: "send a test by a channel and say whether it arrived",
		Long: `Send a message of kind test by a channel, and say what came of it.

It goes past the channel's queue, rate and pauses, and is tried once. A notifier with targets is tested at each of them. The
exit code is 1 if one was not delivered. Whether it arrived is what the receiver said, if its protocol has receipts: over UDP
nothing is known.`,
		Example: `  logcenter channel test smtp/soc
  logcenter channel test syslog`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeChannels(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			list, err := cl.TestChannel(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			t := newTable("channel", "outcome", "ms", "id", "reason").numbers("ms")
			failed := 0
			for _, one := range list {
				outcome := "delivered"
				if !one.Delivered {
					outcome = "failed"
					failed++
				}
				t.add(one.Channel, outcome, strconv.FormatFloat(1000*one.Seconds, 'f', 0, 64), one.Alert, one.Reason)
			}
			if err := out.print(cmd.OutOrStdout(), t, list); err != nil {
				return err
			}
			if failed > 0 {
				return &quietError{exitFailed}
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func newRouteCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "route",
		Short:   "which channels alerts go to",
		Long:    "Show which channels alerts go to: those that their rule names, or else those of alerts.routes in the configuration.",
		Example: `  logcenter route test --severity Error --field asset.owner=netops`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRouteTestCommand(c))
	return cmd
}

func newRouteTestCommand(c *connection) *cobra.Command {
	var (
		out    output
		r      client.RouteRequest
		fields []string
	)
	cmd := &cobra.Command{
		Use:   "test",
		Short: "say where an alert would be told",
		Long: `Say where an alert would be told, what sends it there, and who would be told when nobody acknowledges it. Nobody is told.

The alert is what the flags say. A route that asks for more, such as a rule's id, does not match without it.`,
		Example: `  logcenter route test --severity Fatal
  logcenter route test --rule login-brute-force --priority 2 --tag attack.t1110
  logcenter route test --severity Error --field asset.owner=netops --field host.name=web01
  logcenter route test --channel smtp/soc`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			for _, f := range fields {
				name, value, ok := strings.Cut(f, "=")
				if !ok || name == "" {
					return usagef("--field %s: write NAME=VALUE", f)
				}
				if r.Fields == nil {
					r.Fields = map[string]string{}
				}
				r.Fields[name] = value
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			a, err := cl.TestRoute(cmd.Context(), r)
			if err != nil {
				return err
			}
			return printRoute(cmd, &out, a)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	f := cmd.Flags()
	f.StringVar(&r.Rule, "rule", "", "`id` of the alert's rule")
	f.StringVar(&r.Severity, "severity", "", "`severity`: Debug, Info, Warn, Error or Fatal")
	f.IntVar(&r.Priority, "priority", 0, "`priority`, 1 at once to 5 whenever")
	f.StringVar(&r.Topic, "topic", "", "log `topic`")
	f.StringSliceVar(&r.Tags, "tag", nil, "`tag` of the alert; can be given again")
	f.StringArrayVar(&fields, "field", nil, "field of the alert as `NAME=VALUE`; can be given again")
	f.StringVar(&r.Kind, "kind", "", "`kind`: alert, recovery, summary, escalation or test")
	f.StringSliceVar(&r.Channels, "channel", nil, "`channel` that the rule names; can be given again")
	completeOutput(cmd)
	complete(cmd, "severity", "Debug", "Info", "Warn", "Error", "Fatal")
	complete(cmd, "kind", "alert", "recovery", "summary", "escalation", "test")
	completeFlag(cmd, "channel", completeChannels(c))
	completeFlag(cmd, "rule", completeRules(c))
	return cmd
}

func printRoute(cmd *cobra.Command, out *output, a *client.RouteAnswer) error {
	t := newTable("channel", "by", "when", "problem")
	for _, s := range a.Stops {
		t.add(s.Channel, s.By, "at once", s.Unknown)
	}
	for _, e := range a.Escalations {
		for _, to := range e.To {
			t.add(to, "escalation "+e.Name, "after "+e.After+", if nobody acknowledges it", "")
		}
	}
	if err := out.print(cmd.OutOrStdout(), t, a); err != nil {
		return err
	}
	if len(a.Stops) == 0 {
		tell(cmd.ErrOrStderr(), "nobody is told at once: a route says so, or there is no notifier\n")
	}
	return nil
}
