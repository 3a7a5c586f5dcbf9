package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newHealthCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "health",
		Short: "show how the host is, and what to do where it is not well",
		Long:  "Show how each part of the host is, and what to do where it is not well. The exit code is 1 if any part has failed.",
		Example: `  logcenter health
  logcenter health -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			h, err := cl.Health(cmd.Context())
			if err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), healthTable(h), h); err != nil {
				return err
			}
			failed := func(p client.Component) bool { return p.Status == "failed" }
			if h.Status == "failed" || slices.ContainsFunc(h.Components, failed) {
				return &quietError{exitFailed}
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func healthTable(h *client.Health) *table {
	t := newTable("part", "status", "reason", "what to do")
	for _, p := range h.Components {
		t.add(p.Name, p.Status, p.Reason, p.Advice)
	}
	t.add("host "+h.Version, h.Status, "", "")
	return t
}
