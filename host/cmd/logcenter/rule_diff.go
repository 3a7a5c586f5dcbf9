package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

func newRuleDiffCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "diff ID [FROM [TO]]",
		Short: "show how one version of a rule differs from another",
		Long: `Show how the text of version TO of a rule, the newest by default, differs from that of FROM, the one before by default: in
the unified form, as diff -u has it. Nothing is shown if only how the rule is switched has changed.`,
		Example: `  logcenter rule diff login-failures
  logcenter rule diff login-failures 2 5`,
		Args:              cobra.RangeArgs(1, 3),
		ValidArgsFunction: completeRules(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			var numbers [2]int64
			for i, text := range args[1:] {
				n, err := versionNumber(text)
				if err != nil {
					return err
				}
				numbers[i] = n
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			text, err := cl.RuleDiff(cmd.Context(), args[0], numbers[0], numbers[1])
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
}

func versionNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, usagef("%s is no version: `logcenter rule history ID` lists their numbers", text)
	}
	return n, nil
}
