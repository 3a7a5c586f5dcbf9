package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newRuleExplainCommand(c *connection) *cobra.Command {
	var (
		out  output
		zone selection
	)
	cmd := &cobra.Command{
		Use:   "explain ALERT-ID",
		Short: "show why an alert was raised: its events in order, and what each matched",
		Long: `Show why an alert was raised: what its rule wants, with thresholds and windows, what there was of it, and the events
behind it in order, with the queries of the rule that each matches and the values that tie them together.

Queries are asked again of the events as they are stored, by the text that the rule had when the alert was raised.`,
		Example: `  logcenter rule explain 3996cde390d0b7ed4a4dfc91cb1f9a03
  logcenter rule explain 3996cde390d0b7ed4a4dfc91cb1f9a03 -o json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeAlerts(c, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			at, err := zone.location()
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			r, err := cl.ExplainAlert(cmd.Context(), args[0])
			switch {
			case err != nil:
				return err
			case out.format == "table":
				return printReason(cmd.OutOrStdout(), &out, r, at)
			}
			return out.print(cmd.OutOrStdout(), reasonEvents(r, at), r)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	zone.zoneFlag(cmd)
	completeOutput(cmd)
	return cmd
}

// printReason prints what was wanted and found, the queries, and the events.
func printReason(w io.Writer, out *output, r *client.AlertReason, zone *time.Location) error {
	t := newTable("", "")
	t.headless = true
	add := func(name string, lines ...string) {
		for _, l := range lines {
			if l != "" {
				t.add(name, l)
				name = ""
			}
		}
	}
	add("rule", strings.TrimSpace(r.Rule+"  "+r.Name), r.Type)
	add("of", keysText(r.Keys))
	add("from", r.First.In(zone).Format(shownTime))
	add("to", r.Last.In(zone).Format(shownTime))
	add("wanted", r.Wanted...)
	add("found", r.Found...)
	for _, p := range r.Parts {
		text := p.Query
		if p.Without {
			text = "must not be: " + text
		}
		if len(p.By) > 0 {
			text += "  (by " + strings.Join(p.By, ", ") + ")"
		}
		add(p.Name, fmt.Sprintf("%s: %s", text, counted(p.Matched, "event")))
	}
	add("note", r.Notes...)
	if err := t.print(w, out.limit(w)); err != nil || len(r.Events) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return reasonEvents(r, zone).print(w, out.limit(w))
}

func reasonEvents(r *client.AlertReason, zone *time.Location) *table {
	t := newTable("time", "matches", "by", "event.id", "message")
	for _, e := range r.Events {
		t.add(e.Time.In(zone).Format(shownTime), strings.Join(e.Parts, " "), keysText(e.Keys), e.ID, e.Message)
	}
	return t
}
