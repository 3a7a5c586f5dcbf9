package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/document"
)

func newRulePutCommand(c *connection) *cobra.Command {
	var change client.RuleChange
	cmd := &cobra.Command{
		Use:   "put FILE...",
		Short: "write the rules of files",
		Long: `Write the rules of files, - being standard input: a single one, or a list under the key rules. A rule that is there gets the
new text, and stays on, silent or off as somebody has switched it. The host asks its detectors first; a rule that one of them
refuses changes nothing, and those before it are written. Running alerts go on: what a detector remembers of other rules stays.

A rule that a plugin ships is not changed: one of the same id that says ` + "`replaces: PLUGIN`" + ` stands in for it, and deleting that one
brings it back. Rules of the folder alerts.rules are changed there.`,
		Example: `  logcenter rule put many-not-found.yaml --note 'ticket 4711'
  logcenter rule put many-not-found.yaml --try
  logcenter rule show many-not-found | sed 's/threshold: 50/threshold: 80/' | logcenter rule put - --if-version 1`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var docs []*rule.Document
			for _, name := range args {
				list, err := readRuleFile(cmd, name)
				if err != nil {
					return ruleFileError(err)
				}
				docs = append(docs, list...)
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			for _, d := range docs {
				r, err := cl.PutRule(cmd.Context(), d.ID, d.Text, change)
				if err != nil {
					return inRule(err, d)
				}
				if err := tellRule(cmd, r, change.Try); err != nil {
					return err
				}
			}
			return nil
		},
	}
	ruleChangeFlags(cmd.Flags(), &change)
	cmd.Flags().BoolVar(&change.New, "new", false, "only if there is no such rule")
	cmd.Flags().BoolVar(&change.Try, "try", false, "have the host check the rules, and change nothing")
	return cmd
}

// readRuleFile reads the rules of a file, or of standard input.
func readRuleFile(cmd *cobra.Command, name string) ([]*rule.Document, error) {
	if name != "-" {
		return rule.ReadFile(name)
	}
	text, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return nil, err
	}
	return rule.Read("standard input", text)
}

// ruleFileError gives what is wrong with rules the exit code of files that are wrong.
func ruleFileError(err error) error {
	var one *document.Error
	if errors.As(err, &one) {
		return &configError{err}
	}
	return err
}

// inRule makes faults that the host finds in a rule such of its file.
func inRule(err error, d *rule.Document) error {
	var answer *client.Error
	if !errors.As(err, &answer) || len(answer.Faults) == 0 {
		return fmt.Errorf("rule %s: %w", d.ID, err)
	}
	first := 0 // line of the file that the text begins in, from 0
	if alone, err := rule.Read("", []byte(d.Text)); err == nil {
		first = d.Line - alone[0].Line
	}
	var errs []error
	for _, f := range answer.Faults {
		e := &document.Error{File: d.File, Line: d.Line, Path: f.Path, Msg: f.Message, Hint: f.Hint}
		if f.Line > 0 {
			e.Line = f.Line + first
		}
		errs = append(errs, e)
	}
	return &configError{errors.Join(errs...)}
}

// tellRule says what became of a rule.
func tellRule(cmd *cobra.Command, r *client.Rule, tried bool) error {
	w := cmd.OutOrStdout()
	if tried {
		_, err := fmt.Fprintf(w, "rule %s is right; nothing was changed\n", r.ID)
		return err
	}
	_, err := fmt.Fprintf(w, "rule %s is %s, version %d, from %s\n", r.ID, r.State, r.Version, fromText(*r))
	return err
}
