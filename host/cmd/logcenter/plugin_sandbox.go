package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/sdk/client"
)

func newPluginSandboxCommand() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "show how far this machine's kernel can confine plugins",
		Long: `Show what of a plugin's bounds is enforced on this machine, each with the means, and what is not and why. It is the
report of a plugin that asks for nothing; ` + "`logcenter plugin info ID`" + ` has that of a running one. No host needs to run.

The exit code is 1 if the kernel lacks what ` + "`plugins.sandbox: required`" + ` asks for.`,
		Example: `  logcenter plugin sandbox
  logcenter plugin sandbox -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			r := sandbox.Expect(sandbox.Policy{})
			t := newTable("bound", "enforced by", "lacking")
			add := func(list []string, row func(bound, why string) []string) {
				for _, s := range list {
					bound, why, _ := strings.Cut(strings.TrimSuffix(s, ")"), " (")
					t.add(row(bound, why)...)
				}
			}
			add(r.Enforced, func(bound, why string) []string { return []string{bound, why, ""} })
			add(r.Missing, func(bound, why string) []string { return []string{bound, "", why} })
			if err := out.print(cmd.OutOrStdout(), t, r); err != nil {
				return err
			}
			if lacks := sandbox.Probe().Lacks(); len(lacks) > 0 {
				return fmt.Errorf("this kernel lacks %s", strings.Join(lacks, " and "))
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the report")
	completeOutput(cmd)
	return cmd
}

// permissionNote is a permission on one line.
func permissionNote(id string, g client.Permission) string {
	s := g.Kind + " " + g.Value
	switch {
	case g.Granted == "":
		return s + ": not granted; plugins.settings." + id + ".grant." + g.Kind + " gives it"
	case g.Granted == g.Value:
		return s + ": granted"
	}
	return s + ": granted " + g.Granted
}

// sandboxNote is a report on one line.
func sandboxNote(s client.Sandbox) string {
	return sandbox.Report{Off: s.Off, Enforced: s.Enforced, Missing: s.Missing}.String()
}
