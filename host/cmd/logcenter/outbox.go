package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newOutboxCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "deliveries of alerts: what waits, what was given up, and why",
		Long: `Show and change the deliveries of alerts. An alert has one for each channel that it goes to.

States: waiting, it is tried until it succeeds; delivered; dead, it was given up, because the notifier said that another try
is in vain, its channel does not exist, or it waited longer than alerts.outbox.give_up. What is dead can be redriven once the
cause is mended. A receiver may see an alert twice, as when the host was killed; it knows it by its id.`,
		Example: `  logcenter outbox list
  logcenter outbox list --state dead
  logcenter outbox redrive --channel smtp/soc`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newOutboxListCommand(c), newOutboxShowCommand(c), newOutboxRedriveCommand(c), newOutboxDropCommand(c))
	return cmd
}

const deliveriesPage = 1000 // deliveries of one request

func newOutboxListCommand(c *connection) *cobra.Command {
	var (
		out   output
		f     client.DeliveryFilter
		limit int
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "show deliveries, newest first",
		Example: `  logcenter outbox list
  logcenter outbox list --state dead --channel smtp/soc
  logcenter outbox list --alert 0f3c5a1e9b7d2c460f3c5a1e9b7d2c46
  logcenter outbox list --state waiting --limit 0 -o csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			all := client.DeliveryPage{Deliveries: []client.Delivery{}}
			for {
				f.Limit = deliveriesPage
				if limit > 0 {
					f.Limit = min(deliveriesPage, limit-len(all.Deliveries))
				}
				page, err := cl.Deliveries(cmd.Context(), f)
				if err != nil {
					return err
				}
				all.Deliveries, all.Cursor = append(all.Deliveries, page.Deliveries...), page.Cursor
				if f.Cursor = page.Cursor; f.Cursor == "" || limit > 0 && len(all.Deliveries) >= limit {
					break
				}
			}
			if err := out.print(cmd.OutOrStdout(), deliveryTable(all.Deliveries), all); err != nil {
				return err
			}
			if all.Cursor != "" {
				tell(cmd.ErrOrStderr(), "there may be more: --limit 0 shows all; --state, --channel, --alert and --rule select\n")
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	fl := cmd.Flags()
	fl.StringVar(&f.State, "state", "", "those in this `state`: waiting, delivered or dead")
	fl.StringVar(&f.Channel, "channel", "", "those of this `channel`")
	fl.StringVar(&f.Alert, "alert", "", "those of the alert with this `id`")
	fl.StringVar(&f.Rule, "rule", "", "those of alerts of the rule with this `id`")
	fl.IntVar(&limit, "limit", 100, "at most so many; 0 is all")
	completeOutput(cmd)
	complete(cmd, "state", "waiting", "delivered", "dead")
	return cmd
}

func deliveryTable(list []client.Delivery) *table {
	t := newTable("id", "added", "channel", "state", "tries", "kind", "severity", "name", "alert", "routed", "reason").numbers("id", "tries")
	for _, d := range list {
		t.add(strconv.FormatInt(d.ID, 10), moment(d.Added), d.Channel, d.State, strconv.Itoa(d.Tries), cmp.Or(d.Kind, "alert"), d.Severity, d.Name, d.Alert, d.Routed, d.Reason)
	}
	return t
}

func newOutboxShowCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "show one delivery",
		Example: `  logcenter outbox show 17`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			id, err := deliveryID(args[0])
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			d, err := cl.Delivery(cmd.Context(), id)
			if err != nil {
				return err
			}
			if out.format != "table" {
				return out.print(cmd.OutOrStdout(), deliveryTable([]client.Delivery{*d}), d)
			}
			t := newTable("", "")
			t.headless = true
			for _, row := range [][2]string{
				{"id", strconv.FormatInt(d.ID, 10)},
				{"alert", d.Alert},
				{"name", d.Name},
				{"kind", cmp.Or(d.Kind, "alert")},
				{"rule", d.Rule},
				{"severity", d.Severity},
				{"channel", d.Channel},
				{"sent here by", d.Routed},
				{"state", d.State},
				{"tries", strconv.Itoa(d.Tries)},
				{"reason", d.Reason},
				{"added", moment(d.Added)},
				{"next try", moment(d.Due)},
				{"ended", moment(d.Ended)},
			} {
				if row[1] != "" {
					t.add(row[0], row[1])
				}
			}
			return t.print(cmd.OutOrStdout(), 0)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func deliveryID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usagef("%q is no id of a delivery: it is a number, as `outbox list` shows it", text)
	}
	return id, nil
}

func newOutboxRedriveCommand(c *connection) *cobra.Command {
	return newOutboxChangeCommand(c, outboxChange{
		use: "redrive", short: "have deliveries tried again that were given up",
		long: `Have deliveries tried again that were given up, once the cause is mended: from the first try on, in the order in which they
were added, under the ids that they had, so that a receiver that has one knows it.`,
		example: `  logcenter outbox redrive 17 18
  logcenter outbox redrive --channel smtp/soc
  logcenter outbox redrive --all --yes`,
		ask: "Tell %s again?", done: "%s tried again\n", change: (*client.Client).RedriveDeliveries,
	})
}

func newOutboxDropCommand(c *connection) *cobra.Command {
	return newOutboxChangeCommand(c, outboxChange{
		use: "drop", short: "forget deliveries that wait or were given up",
		long: `Forget deliveries that wait or were given up: nobody is told of them, but for one that is under way just now. The alerts
stay recorded.`,
		example: `  logcenter outbox drop 17
  logcenter outbox drop --channel smtp/soc --state waiting
  logcenter outbox drop --state dead --yes`,
		ask: "Forget %s?", done: "%s forgotten\n", change: (*client.Client).DropDeliveries, states: true,
	})
}

// outboxChange is a command that changes selected deliveries.
type outboxChange struct {
	use, short, long, example string
	ask, done                 string // with the number of deliveries
	change                    func(*client.Client, context.Context, client.DeliverySelection) (int64, error)
	states                    bool // it is for several states
}

func newOutboxChangeCommand(c *connection, o outboxChange) *cobra.Command {
	var (
		s   client.DeliverySelection
		yes bool
	)
	cmd := &cobra.Command{
		Use: o.use + " [ID]...", Short: o.short, Long: o.long, Example: o.example,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				id, err := deliveryID(arg)
				if err != nil {
					return err
				}
				s.IDs = append(s.IDs, id)
			}
			if len(args) == 0 && !s.All && s.State+s.Channel+s.Alert+s.Rule == "" {
				return usagef("say which: ids, --channel, --alert, --rule, or --all")
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			if !yes && len(args) == 0 {
				s.DryRun = true
				n, err := o.change(cl, cmd.Context(), s)
				if err != nil {
					return err
				}
				if n == 0 {
					tell(cmd.ErrOrStderr(), "there are none\n")
					return nil
				}
				if ok, err := confirmed(cmd, fmt.Sprintf(o.ask, deliveriesOf(n))); err != nil || !ok {
					return err
				}
				s.DryRun = false
			}
			n, err := o.change(cl, cmd.Context(), s)
			if err != nil {
				return err
			}
			tell(cmd.OutOrStdout(), o.done, deliveriesOf(n))
			return nil
		},
	}
	f := cmd.Flags()
	if o.states {
		f.StringVar(&s.State, "state", "", "those in this `state`: waiting or dead")
		complete(cmd, "state", "waiting", "dead")
	}
	f.StringVar(&s.Channel, "channel", "", "those of this `channel`")
	f.StringVar(&s.Alert, "alert", "", "those of the alert with this `id`")
	f.StringVar(&s.Rule, "rule", "", "those of alerts of the rule with this `id`")
	f.BoolVar(&s.All, "all", false, "all of them")
	f.BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func deliveriesOf(n int64) string {
	if n == 1 {
		return "1 delivery"
	}
	return grouped(n) + " deliveries"
}
