package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/sdk/manifest"
)

func newRuleValidateCommand() *cobra.Command {
	var run runOptions
	var extra []string
	cmd := &cobra.Command{
		Use:   "validate FILE|DIR...",
		Short: "check rules without a host",
		Long: `Check the rules of files, - being standard input, or of all *.yaml of folders, without a host: first by themselves, and then by
the detectors that take rules, of which a process is started. Of a plugin's folder its rules are checked. Every fault is told
with file, line, column, key and what would be right, and the exit code is 5 if there is any.

Plugins are those beside this program, or those of --config, and of --plugins.

Whether an id is taken by a rule that the host has, and what plugins that are installed on the host only know, is told by
` + "`logcenter rule put --try`" + `.`,
		Example: `  logcenter rule validate many-not-found.yaml
  logcenter rule validate plugins/alert/correlation/rules`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			docs, err := rulesToCheck(cmd, args)
			if err != nil {
				return ruleFileError(err)
			}
			if err := askDetectors(cmd, &run, extra, docs); err != nil {
				return ruleFileError(err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s right\n", are(len(docs), "rule"))
			return err
		},
	}
	cmd.Flags().StringVar(&run.config, "config", "", "configuration `file` of the host that the rules are for")
	cmd.Flags().StringArrayVar(&extra, "plugins", nil, "`folder` with more plugins, or of one; can be given again")
	markFile(cmd, "config", "yaml", "yml")
	_ = cmd.MarkFlagDirname("plugins") // fails only for a flag that there is not
	return cmd
}

// are is a number of things with the verb that goes with it.
func are(n int, noun string) string {
	if n == 1 {
		return counted(n, noun) + " is"
	}
	return counted(n, noun) + " are"
}

// rulesToCheck reads all rules that are named. No two may have the same id.
func rulesToCheck(cmd *cobra.Command, args []string) (docs []*rule.Document, err error) {
	var errs []error
	first := map[string]*rule.Document{}
	for _, name := range args {
		var list []*rule.Document
		if name == "-" {
			list, err = readRuleFile(cmd, name)
		} else {
			list, err = readRulesOf(name)
		}
		errs = append(errs, err)
		for _, d := range list {
			if other := first[d.ID]; other != nil {
				errs = append(errs, d.Fault("id", fmt.Sprintf("%q is used twice", d.ID), fmt.Sprintf("the first is in %s:%d", other.File, other.Line)))
				continue
			}
			first[d.ID] = d
			docs = append(docs, d)
		}
	}
	return docs, errors.Join(errs...)
}

// askDetectors starts every detector that takes rules with docs. The manifests of all plugins make their fields known.
func askDetectors(cmd *cobra.Command, run *runOptions, extra []string, docs []*rule.Document) (err error) {
	work, err := os.MkdirTemp("", "logcenter-rules-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	log := logrus.New()
	log.SetOutput(io.Discard)
	_, options, registry, err := openPlugins(run, extra, work, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, registry.Close()) }()
	asked := 0
	for _, p := range registry.All() {
		if m := p.Manifest(); m.TakesRules {
			asked++
			if err := opensWith(cmd.Context(), m, docs); err != nil {
				return err
			}
		}
	}
	if asked == 0 {
		tell(cmd.ErrOrStderr(), "note: in %s is no detector that takes rules; the fields that they ask for are not checked\n", strings.Join(options.Dirs, ", "))
	}
	return nil
}

// opensWith starts a detector with rules.
func opensWith(ctx context.Context, m *manifest.Manifest, docs []*rule.Document) (err error) {
	rules, err := rule.Given(docs)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "logcenter-rules-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	log := logrus.New()
	log.SetOutput(io.Discard)
	one, err := plugin.StartSingle(ctx, m, plugin.SingleOptions{RunDir: dir, Rules: rules, Log: logrus.NewEntry(log)})
	var refused *plugin.ConfigError
	if errors.As(err, &refused) && len(refused.Rules()) > 0 {
		var errs []error
		for _, f := range refused.Rules() {
			errs = append(errs, docs[f.Rule].Fault(f.Path, f.Msg, ""))
		}
		return errors.Join(errs...)
	}
	if err != nil {
		return fmt.Errorf("plugin %s: %w", m.Label(), err)
	}
	return one.Close()
}
