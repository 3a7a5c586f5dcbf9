package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

// actOnAlerts does something to alerts and tells how they are then.
func actOnAlerts(cmd *cobra.Command, c *connection, a client.AlertAction) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	alerts, err := cl.ActOnAlerts(cmd.Context(), a)
	if err != nil {
		return err
	}
	for i := range alerts {
		one := &alerts[i]
		who := ""
		if one.Assignee != "" {
			who = ", assigned to " + one.Assignee
		}
		tell(cmd.OutOrStdout(), "%s is %s%s\n", one.ID, alertState(one), who)
	}
	return nil
}

// newAlertActionCommand completes a command that does something to the alerts whose ids are its arguments. ready says what
// is wrong with its flags, or sets what follows from them.
func newAlertActionCommand(c *connection, a *client.AlertAction, ready func(*cobra.Command) error, cmd *cobra.Command) *cobra.Command {
	cmd.Args = cobra.MinimumNArgs(1)
	cmd.ValidArgsFunction = completeAlerts(c, true, actable[a.Action]...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := ready(cmd); err != nil {
			return err
		}
		a.IDs = args
		return actOnAlerts(cmd, c, *a)
	}
	cmd.Flags().StringVar(&a.Note, "note", "", "`text` for the history")
	return cmd
}

// actable are the states of alerts that the shell suggests for an action.
var actable = map[string][]string{
	"acknowledge": {"open"}, "assign": {"open", "acknowledged"}, "close": {"open", "acknowledged"}, "reopen": {"closed"},
}

func newAlertAckCommand(c *connection) *cobra.Command {
	return newAlertActionCommand(c, &client.AlertAction{Action: "acknowledge"}, func(*cobra.Command) error { return nil }, &cobra.Command{
		Use:     "ack ID...",
		Short:   "acknowledge alerts: somebody has taken them up",
		Long:    "Acknowledge alerts: somebody has taken them up, so that they are not escalated. All of them are, or none.",
		Example: "  logcenter alert ack 7d9f0c21aa35be10c4f2d6180e9b7a53 --note 'looking at it'",
	})
}

func newAlertAssignCommand(c *connection) *cobra.Command {
	a := client.AlertAction{Action: "assign"}
	cmd := newAlertActionCommand(c, &a, func(cmd *cobra.Command) error {
		if !cmd.Flags().Changed("to") {
			return usagef("say to whom: --to NAME; --to '' is nobody")
		}
		return nil
	}, &cobra.Command{
		Use:   "assign ID...",
		Short: "give alerts to somebody",
		Example: `  logcenter alert assign 7d9f0c21aa35be10c4f2d6180e9b7a53 --to alice
  logcenter alert assign 7d9f0c21aa35be10c4f2d6180e9b7a53 --to ''`,
	})
	cmd.Flags().StringVar(&a.Assignee, "to", "", "`name` of who has them from now on; empty is nobody")
	return cmd
}

func newAlertCloseCommand(c *connection) *cobra.Command {
	a := client.AlertAction{Action: "close"}
	cmd := newAlertActionCommand(c, &a, func(*cobra.Command) error {
		if a.Verdict == "" {
			return usagef("say how the alert is judged: --verdict true-positive, false-positive or benign")
		}
		a.Verdict = spelt(a.Verdict)[0]
		if !slices.Contains(spelt(verdicts...), a.Verdict) {
			return usagef("--verdict %s is not possible: use true-positive, false-positive or benign", a.Verdict)
		}
		return nil
	}, &cobra.Command{
		Use:   "close ID...",
		Short: "close alerts with a verdict",
		Long: `Close alerts with a verdict: true-positive (an attack or fault, as the alert says), false-positive (nothing of the kind:
the rule or the device is wrong) or benign (as the alert says, and permitted, such as a test). Closing a closed alert
again judges it anew.`,
		Example: `  logcenter alert close 7d9f0c21aa35be10c4f2d6180e9b7a53 --verdict true-positive --note 'blocked at the firewall'
  logcenter alert list --storm 3 --limit 1000 -o json | jq -r '.alerts[].id' | xargs logcenter alert close --verdict benign`,
	})
	cmd.Flags().StringVar(&a.Verdict, "verdict", "", "true-positive, false-positive or benign")
	complete(cmd, "verdict", verdicts...)
	return cmd
}

func newAlertReopenCommand(c *connection) *cobra.Command {
	return newAlertActionCommand(c, &client.AlertAction{Action: "reopen"}, func(*cobra.Command) error { return nil }, &cobra.Command{
		Use:     "reopen ID...",
		Short:   "open closed alerts again; their verdict is void",
		Example: "  logcenter alert reopen 7d9f0c21aa35be10c4f2d6180e9b7a53 --note 'it was no test'",
	})
}

func newAlertNoteCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:               "note ID TEXT",
		Short:             "write something into the history of an alert",
		Example:           "  logcenter alert note 7d9f0c21aa35be10c4f2d6180e9b7a53 'the host is a scanner of the audit'",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeAlerts(c, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			return actOnAlerts(cmd, c, client.AlertAction{Action: "note", IDs: args[:1], Note: args[1]})
		},
	}
}

func newAlertMissedCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "missed",
		Short: "attacks that no alert told of",
		Long:  "Record and list attacks that no alert told of. They are the false negatives of `alert rates`.",
		Example: `  logcenter alert missed add 'SQL injection in a cookie' --time '2026-10-11 12:00:00' --device waf01 --device-rule 942100
  logcenter alert missed list --from -30d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newMissedAddCommand(c), newMissedListCommand(c), newMissedRemoveCommand(c))
	return cmd
}

func newMissedAddCommand(c *connection) *cobra.Command {
	var (
		m    client.NewMissedAttack
		zone selection
	)
	cmd := &cobra.Command{
		Use:     "add DESCRIPTION",
		Short:   "record an attack that no alert told of",
		Example: "  logcenter alert missed add 'SQL injection in a cookie' --time '2026-10-11 12:00:00' --device waf01 --device-rule 942100",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := zone.location()
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			m.Description, m.TimeZone = args[0], zone.zone
			kept, err := cl.AddMissed(cmd.Context(), m)
			if err != nil {
				return err
			}
			tell(cmd.OutOrStdout(), "missed attack %d of %s is recorded\n", kept.ID, momentIn(kept.Time, at))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&m.Time, "time", "", "`time` of the attack")
	f.StringVar(&m.Device, "device", "", "`name` of the device that should have seen it")
	f.StringVar(&m.Dataset, "dataset", "", "event.dataset of its events, e.g. acme.waf")
	f.StringVar(&m.Rule, "rule", "", "`rule` that should have found it; leave it out if there is none")
	f.StringVar(&m.DeviceRule, "device-rule", "", "rule.`id` of the device's own rule that should have")
	f.StringSliceVar(&m.EventIDs, "event", nil, "event.`id` of events that show it")
	zone.zoneFlag(cmd)
	return cmd
}

func newMissedListCommand(c *connection) *cobra.Command {
	var (
		out      output
		from, to string
	)
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list missed attacks, the newest first",
		Example: "  logcenter alert missed list --from -30d -o csv",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			list, err := cl.Missed(cmd.Context(), from, to)
			if err != nil {
				return err
			}
			t := newTable("id", "time", "device", "dataset", "rule", "device rule", "description", "by")
			for _, m := range list {
				t.add(strconv.FormatInt(m.ID, 10), moment(m.Time), m.Device, m.Dataset, m.Rule, m.DeviceRule, m.Description, m.By)
			}
			return out.print(cmd.OutOrStdout(), t, list)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	cmd.Flags().StringVar(&from, "from", "", "`time` from which on the attacks were")
	cmd.Flags().StringVar(&to, "to", "", "`time` before which they were")
	completeOutput(cmd)
	return cmd
}

func newMissedRemoveCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:     "remove NUMBER",
		Short:   "take back a missed attack that was recorded by mistake",
		Example: "  logcenter alert missed remove 3",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := numberOf(args[0])
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			if err := cl.DeleteMissed(cmd.Context(), n); err != nil {
				return err
			}
			tell(cmd.OutOrStdout(), "missed attack %d is removed\n", n)
			return nil
		},
	}
}

// numberOf reads the number of a case or of a missed attack.
func numberOf(arg string) (int64, error) {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || n < 1 {
		return 0, usagef("%q is no number: `list` shows them", arg)
	}
	return n, nil
}

// interrupted makes the usual end of a command that follows something none that is an error.
func interrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func printJSONLine(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}
