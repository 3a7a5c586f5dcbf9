package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newDriftCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "devices that write their lines differently, as after new firmware",
		Long: `Show devices that have begun to write their lines differently, as after new firmware, and what is usual for each.

For each sender the host knows what share of its lines no parser claims (unrecognised) and what share a parser rejects
(unparsed), and for each device, parser and event.dataset how many events have each field. A share that gets worse by
much and stays so is a drift: it is an alert, and health names it until the share is as it was, or is accepted: by
` + "`drift accept`" + ` or after a day. How much is much, and how long, is the section drift of the configuration.`,
		Example: `  logcenter drift list
  logcenter drift show 0f3c5a1e9b7d2c46`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDriftListCommand(c), newDriftShowCommand(c), newDriftAcceptCommand(c))
	return cmd
}

func newDriftListCommand(c *connection) *cobra.Command {
	var (
		out output
		f   client.DriftFilter
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "show what is usual for each device, and how it is now",
		Long: `Show what is usual for each device, and how it is now: one row for each sender or device, with the rate that differs most.

For unparsed and unrecognised the rate is that of such lines; for fields it is that of events that have the field. The
state is learning (too few lines yet), ok, or the id of an open drift, for ` + "`drift show`" + `.`,
		Example: `  logcenter drift list
  logcenter drift list --plugin nginx -o json
  logcenter drift list --device fw-vpn-01`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			l, err := cl.Drift(cmd.Context(), f)
			if err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), driftTable(l.Keys), l); err != nil {
				return err
			}
			if out.format == "table" && l.TotalKeys > len(l.Keys) {
				tell(cmd.ErrOrStderr(), "%s more: --limit shows them, --device, --plugin and --kind select\n", grouped(int64(l.TotalKeys-len(l.Keys))))
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer, all rates and drifts of before")
	flags := cmd.Flags()
	flags.StringVar(&f.Device, "device", "", "only this `name`: a host.name, a sender's address or an input")
	flags.StringVar(&f.Plugin, "plugin", "", "only those of the parser with this `id`")
	flags.StringVar(&f.Kind, "kind", "", "only this `kind`: unparsed, unrecognised or fields")
	flags.IntVar(&f.Limit, "limit", 1000, "at most so many rows, up to 10000")
	completeOutput(cmd)
	complete(cmd, "kind", "unparsed", "unrecognised", "fields")
	return cmd
}

func driftTable(keys []client.DriftKey) *table {
	t := newTable("device", "hosts", "plugin", "dataset", "rate of", "usual", "now", "seen", "state").numbers("usual", "now")
	for _, k := range keys {
		r, what := worstRate(k), k.Kind
		if r.Field != "" {
			what = r.Field
		}
		state := "ok"
		switch {
		case k.Drift != "":
			state = k.Drift
		case !k.Learned:
			state = "learning"
		}
		t.add(k.Device, strings.Join(k.Hosts, " "), k.Plugin, cmp.Or(k.Dataset, k.Input), what, share(r.Baseline), share(r.Current), moment(k.Seen), state)
	}
	return t
}

// worstRate is the rate that differs most from what is usual, those first whose change would be a drift.
func worstRate(k client.DriftKey) (worst client.DriftRate) {
	far := func(r client.DriftRate) float64 {
		d := math.Abs(r.Current - r.Baseline)
		if r.Judged {
			d++
		}
		return d
	}
	for i, r := range k.Rates {
		if i == 0 || far(r) > far(worst) {
			worst = r
		}
	}
	return worst
}

func share(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }

func newDriftShowCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "show one drift with lines from before and since, and what to do",
		Example: `  logcenter drift show 0f3c5a1e9b7d2c46
  logcenter drift show 0f3c5a1e9b7d2c46 -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			l, err := cl.Drift(cmd.Context(), client.DriftFilter{Limit: 1})
			if err != nil {
				return err
			}
			for i := range l.Drifts {
				if d := &l.Drifts[i]; d.ID == args[0] {
					if out.format == "table" {
						return printDrift(cmd.OutOrStdout(), d)
					}
					return out.print(cmd.OutOrStdout(), changeTable(d), d)
				}
			}
			return &wrongError{fmt.Errorf("no open drift has the id %s: `logcenter drift list` lists them", args[0])}
		},
	}
	out.flags(cmd.Flags(), "the drift as the API answers it")
	completeOutput(cmd)
	return cmd
}

func changeTable(d *client.Drift) *table {
	t := newTable("rate of", "before", "after").numbers("before", "after")
	for _, c := range d.Changes {
		t.add(cmp.Or(c.Field, d.Kind), share(c.Before), share(c.After))
	}
	return t
}

func printDrift(w io.Writer, d *client.Drift) error {
	t := newTable("", "")
	t.headless = true
	for _, row := range [][2]string{
		{"device", d.Device},
		{"hosts", strings.Join(d.Hosts, " ")},
		{"plugin", strings.TrimSpace(d.Plugin + " " + d.Version)},
		{"dataset", d.Dataset},
		{"input", d.Input},
		{"state", strings.TrimSpace(d.State + " " + momentOrNone(d.Ended))},
		{"since", moment(d.Since)},
		{"cause", d.Cause},
		{"lines", grouped(int64(d.Lines))},
		{"what to do", d.Advice},
	} {
		if row[1] != "" {
			t.add(row[0], row[1])
		}
	}
	for i, c := range d.Changes {
		name := ""
		if i == 0 {
			name = "rates"
		}
		t.add(name, fmt.Sprintf("%s: %s, %s before", cmp.Or(c.Field, d.Kind), share(c.After), share(c.Before)))
	}
	for _, part := range []struct {
		name  string
		lines []client.DriftLine
	}{{"lines before", d.Before}, {"lines since", d.After}} {
		for i, l := range part.lines {
			name := ""
			if i == 0 {
				name = part.name
			}
			t.add(name, l.Line)
		}
	}
	return t.print(w, 0)
}

func momentOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return moment(t)
}

func newDriftAcceptCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:     "accept ID",
		Short:   "take a drift for usual from now on",
		Long:    "Take a drift for usual from now on: it is over, and what is usual is learned again from the lines to come.",
		Example: `  logcenter drift accept 0f3c5a1e9b7d2c46`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			d, err := cl.AcceptDrift(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			tell(cmd.OutOrStdout(), "the lines of %s are as they should be; what is usual is learned again\n", d.Device)
			return nil
		},
	}
}
