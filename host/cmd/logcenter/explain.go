package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newExplainCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "explain EVENT_ID",
		Short: "tell where an event's fields come from",
		Long: `Tell the history of an event: which plugins, in which versions, handled its line, who wrote each field, and from
which bytes of the line, and which of your classification rules, as they were then, set one.

The stored line goes once more through the very plugins that handled it when it came in. Where the outcome differs from
what is stored, it is shown beside it: the stored line is masked, and plugins look things up that may have changed. A ~
before a range of bytes says that the plugin did not tell the place, but the value stands in the line just there.`,
		Example: `  logcenter explain v9qUkLtbQVfUXNPn1rgLDA-0-17-3
  logcenter explain v9qUkLtbQVfUXNPn1rgLDA-0-17-3 -o json
  logcenter search 'source.ip:192.0.2.7' --fields event.id --limit 1 -o csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			x, err := cl.Explain(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out.format != "table" {
				return out.print(cmd.OutOrStdout(), explainedFields(x), x)
			}
			return explanation(cmd.OutOrStdout(), x)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

// explanation prints a history for people.
func explanation(w io.Writer, x *client.Explanation) error {
	if _, err := fmt.Fprintf(w, "%s\n\n", printable(x.Line)); err != nil {
		return err
	}
	plugins := newTable("plugin", "kind", "version", "ran", "note")
	for _, p := range x.Plugins {
		plugins.add(p.ID, p.Kind, p.Version, p.Ran, p.Note)
	}
	fields := explainedFields(x)
	for _, t := range []*table{plugins, fields} {
		if len(t.rows) == 0 {
			continue
		}
		if err := t.print(w, 0); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	for _, n := range x.Notes {
		if _, err := fmt.Fprintf(w, "note: %s\n", printable(n)); err != nil {
			return err
		}
	}
	return nil
}

func explainedFields(x *client.Explanation) *table {
	t := newTable("field", "value", "by", "how", "bytes", "now")
	for _, f := range x.Fields {
		bytes, now := "", ""
		if r := f.Bytes; r != nil {
			bytes = fmt.Sprintf("%d-%d", r.Start, r.End)
			if r.Found {
				bytes = "~" + bytes
			}
		}
		if f.Differs {
			if now = cell(f.Now); now == "" {
				now = "(nothing)"
			}
		}
		t.add(f.Name, cell(f.Value), f.By, f.How, bytes, now)
	}
	return t
}
