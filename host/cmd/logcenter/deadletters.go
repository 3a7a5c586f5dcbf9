package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newDeadLettersCommand(c *connection) *cobra.Command {
	var (
		out output
		f   client.DeadLetterFilter
	)
	cmd := &cobra.Command{
		Use:   "deadletters",
		Short: "show events that could not be handled, and why; handle them again",
		Long: `Show events that could not be handled, and why.

Reasons: dead_letter, a plugin can make nothing of the event; poison, a plugin does not survive it; withheld, it could
not be masked; rejected, the store refuses it. Those of poison and withheld are stored all the same, marked. The state
held says that the record is kept, for seven days, so that it can be redriven once the cause is mended.`,
		Example: `  logcenter deadletters
  logcenter deadletters --plugin nginx --limit 20
  logcenter deadletters redrive --plugin nginx`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			page, err := cl.DeadLetters(cmd.Context(), f)
			if err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), letterTable(page.Letters), page); err != nil {
				return err
			}
			if out.format == "table" && page.Cursor != "" {
				tell(cmd.ErrOrStderr(), "there are more: --limit shows them, --plugin, --reason and --text select\n")
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	flags := cmd.Flags()
	flags.StringVar(&f.Stage, "stage", "", "only those of this `stage`: parser, enricher, masker or store")
	flags.StringVar(&f.Plugin, "plugin", "", "only those of the plugin with this `id`")
	flags.StringVar(&f.Reason, "reason", "", "only those with this `reason`, e.g. poison")
	flags.StringVar(&f.Text, "text", "", "only those whose message or line contains this `text`")
	flags.IntVar(&f.Limit, "limit", 100, "at most so many, up to 1000")
	completeOutput(cmd)
	completeLetters(cmd)
	cmd.AddCommand(newRedriveCommand(c))
	return cmd
}

func completeLetters(cmd *cobra.Command) {
	complete(cmd, "stage", "parser", "enricher", "masker", "store")
	complete(cmd, "reason", "dead_letter", "poison", "withheld", "rejected")
}

func letterTable(letters []client.DeadLetter) *table {
	t := newTable("time", "id", "stage", "plugin", "reason", "state", "message", "line")
	for _, l := range letters {
		t.add(moment(l.Time), l.ID, l.Stage, l.Plugin, l.Reason, letterState(l), l.Message, l.Text)
	}
	return t
}

func letterState(l client.DeadLetter) string {
	switch {
	case !l.Redriven.IsZero():
		return "redriven " + moment(l.Redriven)
	case l.Held:
		return "held"
	default:
		return "not held"
	}
}

func newRedriveCommand(c *connection) *cobra.Command {
	var (
		out output
		sel selection
		q   client.RedriveRequest
		yes bool
	)
	cmd := &cobra.Command{
		Use:   "redrive [ID...]",
		Short: "handle events again whose cause is mended",
		Long: `Handle events again whose cause is mended: a plugin, or what the store refused them for.

The record of each selected letter is given to the pipeline again, as it came and under the input it came by; what the
store refused, as it was masked. It becomes a new event, parsed and masked as any, with the old one's id in
logcenter.redriven_from. The old event stays, where it was stored. Each letter is redriven once: asking again, also
after an interruption, stores nothing twice. What fails again becomes a new letter.

` + timesHelp,
		Example: `  logcenter deadletters redrive --plugin nginx --reason poison
  logcenter deadletters redrive --stage store --from -2h --yes
  logcenter deadletters redrive --all
  logcenter deadletters redrive q0bXf3nXQXGk1hXo0f3zXw-0-17-3`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if err := out.check(); err != nil {
				return err
			}
			if _, err := sel.location(); err != nil {
				return err
			}
			q.IDs, q.From, q.To, q.TimeZone = ids, sel.from, sel.to, sel.zone
			if selects := q.Stage+q.Plugin+q.Reason+q.From+q.To != ""; !q.All && !selects && len(ids) == 0 {
				return usagef("say which: IDs, or --stage, --plugin, --reason, --from and --to, or --all")
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			if !yes {
				if ok, err := askRedrive(cmd, cl, q); err != nil || !ok {
					return err
				}
			}
			r, err := cl.Redrive(cmd.Context(), q)
			if err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), redriveTable(r), r); err != nil {
				return err
			}
			if r.Failed > 0 {
				return fmt.Errorf("%s could not be redriven; run this again: %s", counted(r.Failed, "letter"), r.Error)
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	f := cmd.Flags()
	f.StringVar(&q.Stage, "stage", "", "those of this `stage`: parser, enricher, masker or store")
	f.StringVar(&q.Plugin, "plugin", "", "those of the plugin with this `id`")
	f.StringVar(&q.Reason, "reason", "", "those with this `reason`, e.g. poison")
	f.StringVar(&sel.from, "from", "", "those whose event was received at this `time` or later")
	f.StringVar(&sel.to, "to", "", "those whose event was received before this `time`")
	sel.zoneFlag(cmd)
	f.BoolVar(&q.All, "all", false, "all of them")
	f.BoolVar(&yes, "yes", false, "do not ask")
	completeOutput(cmd)
	completeLetters(cmd)
	return cmd
}

// askRedrive shows what would be done and asks a person.
func askRedrive(cmd *cobra.Command, cl *client.Client, q client.RedriveRequest) (bool, error) {
	q.DryRun = true
	r, err := cl.Redrive(cmd.Context(), q)
	if err != nil {
		return false, err
	}
	tell(cmd.ErrOrStderr(), "%s selected: %s can be redriven, %s redriven before, %s not held, %s unknown\n", counted(r.Selected, "letter"),
		grouped(int64(r.Redriven)), grouped(int64(r.Already)), grouped(int64(r.NotHeld)), grouped(int64(r.Unknown)))
	if r.Redriven == 0 {
		return false, nil
	}
	return confirmed(cmd, fmt.Sprintf("Handle %s again?", counted(r.Redriven, "event")))
}

func redriveTable(r *client.RedriveResult) *table {
	t := newTable("redriven", "redriven before", "not held", "unknown", "failed").numbers("redriven", "redriven before", "not held", "unknown", "failed")
	t.add(strconv.Itoa(r.Redriven), strconv.Itoa(r.Already), strconv.Itoa(r.NotHeld), strconv.Itoa(r.Unknown), strconv.Itoa(r.Failed))
	return t
}
