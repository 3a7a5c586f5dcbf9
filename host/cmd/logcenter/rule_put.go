package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

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
new text, and stays on, silent or off as somebody has switched it. All are written or none: the host asks its detectors first, and a
rule that one of them refuses changes nothing. Running alerts go on: what a detector remembers of other rules stays.

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
			list, err := putRules(cmd.Context(), cl, docs, change)
			if err != nil {
				return err
			}
			for i := range list {
				if err := tellRule(cmd, &list[i], change.Try); err != nil {
					return err
				}
			}
			return tellChannels(cmd, cl, docs)
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
	var (
		one  *document.Error
		path *fs.PathError
	)
	if errors.As(err, &one) || errors.As(err, &path) {
		return &configError{err}
	}
	return err
}

// putRules writes rules in one change.
func putRules(ctx context.Context, cl *client.Client, docs []*rule.Document, change client.RuleChange) ([]client.Rule, error) {
	texts := make([]client.RuleText, len(docs))
	for i, d := range docs {
		texts[i] = client.RuleText{ID: d.ID, Text: d.Text}
		if change.New || change.Version > 0 {
			texts[i].Version = &change.Version
		}
	}
	list, err := cl.PutRules(ctx, texts, client.RuleChange{Note: change.Note, Try: change.Try})
	if err != nil {
		return nil, inRules(err, docs)
	}
	return list, nil
}

// inRules makes faults that the host finds in rules such of their files.
func inRules(err error, docs []*rule.Document) error {
	var answer *client.Error
	if !errors.As(err, &answer) || len(answer.Faults) == 0 {
		if len(docs) == 1 {
			return fmt.Errorf("rule %s: %w", docs[0].ID, err)
		}
		return err
	}
	var errs []error
	for _, f := range answer.Faults {
		errs = append(errs, inRule(f, docs))
	}
	return &configError{errors.Join(errs...)}
}

func inRule(f client.RuleFault, docs []*rule.Document) *document.Error {
	e := &document.Error{File: f.File, Line: f.Line, Path: f.Path, Msg: f.Message, Hint: f.Hint}
	i := slices.IndexFunc(docs, func(d *rule.Document) bool { return d.ID == f.File })
	if i < 0 { // of a rule that was there
		return e
	}
	d := docs[i]
	e.File, e.Line = d.File, d.Line
	if f.Line > 0 {
		e.Line = f.Line
		if alone, err := rule.Read("", []byte(d.Text)); err == nil { // the text begins in a line of the file
			e.Line += d.Line - alone[0].Line
		}
	}
	return e
}

// tellRule says what became of a rule.
// tellChannels notes which channels of rules there are not: they may come later, and until then nobody is told.
func tellChannels(cmd *cobra.Command, cl *client.Client, docs []*rule.Document) error {
	var named []string
	for _, d := range docs {
		named = append(named, d.Rule.Channels...)
	}
	if len(named) == 0 {
		return nil
	}
	slices.Sort(named)
	a, err := cl.TestRoute(cmd.Context(), client.RouteRequest{Channels: slices.Compact(named)})
	if err != nil {
		return err
	}
	for _, s := range a.Stops {
		if s.Unknown != "" {
			tell(cmd.ErrOrStderr(), "note: nothing can be told by %s now: %s; `logcenter channel list` lists all\n", s.Channel, s.Unknown)
		}
	}
	return nil
}

func tellRule(cmd *cobra.Command, r *client.Rule, tried bool) error {
	w := cmd.OutOrStdout()
	if tried {
		_, err := fmt.Fprintf(w, "rule %s is right; nothing was changed\n", r.ID)
		return err
	}
	_, err := fmt.Fprintf(w, "rule %s is %s, version %d, from %s\n", r.ID, r.State, r.Version, fromText(*r))
	return err
}
