package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newRuleShowCommand(c *connection) *cobra.Command {
	var format string
	var version int64
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "show a rule as it was written, or one of its versions",
		Long: `Show the document of a rule as it was written, with its comments; what it is and how it is switched goes to standard error.
What is shown can be changed and put:

  logcenter rule show logins > logins.yaml`,
		Example: `  logcenter rule show login-failures
  logcenter rule show login-failures --version 2
  logcenter rule show login-failures -o json | jq .rule.threshold`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeRules(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "yaml" && format != "json" {
				return usagef("--output %s is not possible: use yaml or json", format)
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if version > 0 {
				v, err := cl.RuleVersion(cmd.Context(), args[0], version)
				if err != nil {
					return err
				}
				return printRule(w, format, v.Text, v)
			}
			r, err := cl.Rule(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if format == "yaml" {
				tell(cmd.ErrOrStderr(), "rule %s is %s, version %d of %s by %s, from %s\n", r.ID, r.State, r.Version, r.Updated.In(localZone()).Format(shownTime), r.By, fromText(*r))
				if r.Problem != "" {
					tell(cmd.ErrOrStderr(), "note: %s\n", r.Problem)
				}
			}
			return printRule(w, format, r.Text, r)
		},
	}
	cmd.Flags().Int64Var(&version, "version", 0, "`number` of a version of its history")
	cmd.Flags().StringVarP(&format, "output", "o", "yaml", "`form` of the output: yaml (the document) or json (the API's answer)")
	complete(cmd, "output", "yaml", "json")
	return cmd
}

func printRule(w io.Writer, format, text string, answer any) error {
	if format == "json" {
		return printJSON(w, answer)
	}
	_, err := fmt.Fprint(w, text)
	return err
}
