package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newFieldsCommand(c *connection) *cobra.Command {
	var (
		s     selection
		out   output
		query string
		size  int
	)
	cmd := &cobra.Command{
		Use:   "fields [FIELD]",
		Short: "list the fields that occur, or the values of one",
		Long:  "List the fields that occur in events, or the values of one field with their shares.\n\n" + timesHelp,
		Example: `  logcenter fields
  logcenter fields event.action --query 'observer.type:firewall' --size 20`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				fields, err := cl.Fields(cmd.Context(), s.of(query))
				if err != nil {
					return inQuery(err, query)
				}
				return out.print(cmd.OutOrStdout(), fieldTable(fields), fields)
			}
			values, err := cl.FieldValues(cmd.Context(), args[0], s.of(query), size)
			if err != nil {
				return inQuery(err, query)
			}
			if err := out.print(cmd.OutOrStdout(), valueTable(values), values); err != nil || out.format != "table" {
				return err
			}
			tell(cmd.ErrOrStderr(), "%s events have it, %s do not; %s different values\n",
				grouped(values.Count), grouped(values.Missing), grouped(values.Distinct))
			return nil
		},
	}
	s.flags(cmd)
	out.flags(cmd.Flags(), "the API's answer")
	cmd.Flags().StringVar(&query, "query", "*", "only in events that this `query` selects")
	cmd.Flags().IntVar(&size, "size", 10, "so many values")
	completeOutput(cmd)
	return cmd
}

func fieldTable(fields []client.Field) *table {
	t := newTable("field", "type", "events", "description").numbers("events")
	for _, f := range fields {
		kind := f.Type
		if f.List {
			kind += ", list"
		}
		t.add(f.Name, kind, fmt.Sprint(f.Count), f.Description)
	}
	return t
}

func valueTable(v *client.FieldValues) *table {
	t := newTable(v.Field, "events", "share").numbers("events", "share")
	for _, b := range v.Top {
		t.add(b.Text, fmt.Sprint(b.Count), fmt.Sprintf("%.1f%%", 100*float64(b.Count)/float64(max(v.Count, 1))))
	}
	return t
}
