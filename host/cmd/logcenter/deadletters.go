package main

import (
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
		Short: "show events that could not be handled, and why",
		Example: `  logcenter deadletters
  logcenter deadletters --plugin nginx --limit 20`,
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
	flags.StringVar(&f.Plugin, "plugin", "", "only those of the plugin with this `id`")
	flags.StringVar(&f.Reason, "reason", "", "only those with this `reason`, e.g. plugin_crashed")
	flags.StringVar(&f.Text, "text", "", "only those whose message or line contains this `text`")
	flags.IntVar(&f.Limit, "limit", 100, "at most so many, up to 1000")
	completeOutput(cmd)
	return cmd
}

func letterTable(letters []client.DeadLetter) *table {
	t := newTable("time", "stage", "plugin", "reason", "message", "line")
	for _, l := range letters {
		t.add(moment(l.Time), l.Stage, l.Plugin, l.Reason, l.Message, l.Text)
	}
	return t
}
