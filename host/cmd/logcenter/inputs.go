package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newInputsCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "inputs",
		Short: "show where records come in, and how many",
		Example: `  logcenter inputs
  logcenter inputs -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			inputs, err := cl.Inputs(cmd.Context())
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), inputTable(inputs), inputs)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func inputTable(inputs []client.Input) *table {
	t := newTable("name", "kind", "address", "state", "records", "bytes", "dropped", "truncated", "last record", "last error").
		numbers("records", "bytes", "dropped", "truncated")
	for _, in := range inputs {
		t.add(in.Name, in.Kind, strings.Join(in.Address, " "), in.State, fmt.Sprint(in.Records), fmt.Sprint(in.Bytes),
			losses(in.Dropped), fmt.Sprint(in.Truncated), moment(in.LastRecord), in.LastError)
	}
	return t
}

// losses is what was dropped with its reasons.
func losses(dropped map[string]int64) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(dropped)) {
		if n := dropped[reason]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, reason))
		}
	}
	if len(parts) == 0 {
		return "0"
	}
	return strings.Join(parts, ", ")
}

// moment is a time here, empty for none.
func moment(t time.Time) string { return momentIn(t, localZone()) }

// momentIn is a time in a zone, as of --time-zone, empty for none.
func momentIn(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(shownTime)
}
