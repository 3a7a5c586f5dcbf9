package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/classification"
	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/example"
	"github.com/logcenter/logcenter/host/service"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
)

type ruleTestOptions struct {
	output
	run   runOptions
	only  []string
	extra []string
	lists string
}

func newRuleTestCommand() *cobra.Command {
	o := &ruleTestOptions{}
	cmd := &cobra.Command{
		Use:   "test FILE|DIR...",
		Short: "run the examples of rules, without a host",
		Long: `Run the examples of rules in files, or in the *.yaml of folders; of a plugin's folder, in its folder rules. No host
needs to run.

Each rule says under examples which events must fire it (alerts: 1) and which must not (alerts: 0): lines as devices
write them, which go through the real parsers, enrichers and maskers, or events as fields. The rules are in the real
detector, all at once; what it remembers is forgotten between two examples. One line is printed for each rule: ok and
its id, or what went wrong, with file and line, what was expected and what came, and which queries select which events.

Lists that rules ask for, as in user.name:list(admins), are those under lists of an example, else those of a folder with
a file NAME.TYPE.csv for each: --watchlists, or watchlists.directory of --config. A rule whose list is nowhere fails.

Plugins are those beside this program, or those of --config, and of --plugins; --config also says which streams,
classification rules and settings of plugins there are. Packages that a host has installed, and streams and lists that
were made by the API, are not known: give the packages' folders by --plugins (DATA/plugins/installed/ID/VERSION), streams
in the configuration, and lists as ` + "`logcenter watchlist show NAME -o csv`" + ` writes them. ` + "`logcenter rule put --try`" + ` asks
a host that runs. The exit code is 1 if anything fails, and 5 if a file cannot be read.`,
		Example: `  logcenter rule test rules/
  logcenter rule test brute-force.yaml --rule vpn-guessed
  logcenter rule test admins-only.yaml --watchlists lists/
  logcenter rule test plugins/parser/acme --plugins bin/plugins/acme
  logcenter rule test /etc/logcenter/rules --config /etc/logcenter/logcenter.yaml -o json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.test(cmd, args) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.only, "rule", nil, "only the rules with these `ids`")
	f.StringVar(&o.run.config, "config", "", "configuration `file` of the host that the rules are for")
	f.StringArrayVar(&o.extra, "plugins", nil, "`folder` with more plugins, or of one; can be given again")
	f.StringVar(&o.lists, "watchlists", "", "`folder` with lists as CSV files NAME.TYPE.csv; default: watchlists.directory of --config")
	o.flags(f, "a list of results with all examples")
	completeOutput(cmd)
	markFile(cmd, "config", "yaml", "yml")
	_ = cmd.MarkFlagDirname("watchlists") // fails only for a flag that there is not
	return cmd
}

func (o *ruleTestOptions) test(cmd *cobra.Command, args []string) error {
	if err := o.check(); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "logcenter-rules-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // what is left of it does no harm
	said := &strings.Builder{}
	x, done, err := o.engine(work, said)
	if err != nil {
		return err
	}
	defer done()
	rules, err := readRules(args)
	if err != nil {
		return &configError{err}
	}
	if rules, err = o.wanted(rules); err != nil {
		return err
	}
	results := []example.Result{}
	failed := 0
	out := cmd.OutOrStdout()
	var lost error // of what could not be printed
	err = example.Run(cmd.Context(), x, rules, func(r example.Result) {
		results = append(results, r)
		if !r.OK {
			failed++
		}
		if o.format == "table" {
			lost = cmp.Or(lost, printResult(out, r))
		}
	})
	if err != nil {
		if said.Len() > 0 {
			tell(cmd.ErrOrStderr(), "%s", said)
		}
		return err
	}
	if lost != nil {
		return lost
	}
	if o.format != "table" {
		if err := o.print(out, resultTable(results), results); err != nil {
			return err
		}
	} else if failed > 0 {
		tell(cmd.ErrOrStderr(), "%d of %s failed\n", failed, counted(len(results), "rule"))
	}
	if failed > 0 {
		return &quietError{exitFailed}
	}
	return nil
}

// openPlugins finds the plugins of a configuration, and those of further folders, without starting any. work is a folder
// for what runs; the caller closes the registry.
func openPlugins(run *runOptions, extra []string, work string, log *logrus.Logger) (*config.Config, plugin.Options, *plugin.Registry, error) {
	cfg, err := run.load()
	if err != nil {
		return nil, plugin.Options{}, nil, err
	}
	options, err := service.PluginOptions(cfg, filepath.Join(work, "run"), logrus.NewEntry(log))
	if err != nil {
		return nil, options, nil, err
	}
	options.Dirs = append(options.Dirs, extra...)
	registry, err := plugin.Open(options)
	if err != nil && registry != nil {
		err = errors.Join(err, registry.Close())
	}
	return cfg, options, registry, err
}

// engine is what examples are run with, and what ends it.
func (o *ruleTestOptions) engine(work string, said io.Writer) (x example.Options, done func(), err error) {
	log := logrus.New()
	log.SetOutput(said)
	log.SetLevel(logrus.WarnLevel)
	cfg, options, registry, err := openPlugins(&o.run, o.extra, work, log)
	if err != nil {
		return x, nil, err
	}
	done = func() { _ = registry.Close() } // its folder is a temporary one
	fail := func(err error) (example.Options, func(), error) { done(); return x, nil, err }
	d, err := registry.Get(alert.RuleDetector)
	if err != nil {
		return fail(fmt.Errorf("rules need the detector %s: %w", alert.RuleDetector, err))
	}
	lists, err := example.OpenLists(filepath.Join(work, "lists"), cmp.Or(o.lists, cfg.Path(cfg.Watchlists.Directory)))
	if err != nil {
		return fail(&configError{err})
	}
	var plan pipeline.Plan
	streams := map[string]query.Node{}
	for _, s := range cfg.Streams {
		if streams[s.Name], err = query.Parse(s.Query); err != nil {
			return fail(fmt.Errorf("stream %s: %w", s.Name, err))
		}
	}
	if plan.Streams, err = pipeline.NewRouter(streams); err != nil {
		return fail(err)
	}
	if plan.Rules, err = classification.New(cfg.ClassificationRules(), nil); err != nil {
		return fail(err)
	}
	plan.Overrides = map[string]string{}
	for _, in := range cfg.Inputs {
		if in.Parser != "" {
			plan.Overrides[in.Name] = in.Parser
		}
	}
	config, err := json.Marshal(options.Plugins[alert.RuleDetector].Config)
	if err != nil {
		return fail(err)
	}
	x = example.Options{
		Detector: d.Manifest(), Config: config, Lists: lists,
		Single:   plugin.SingleOptions{RunDir: options.RunDir, Log: options.Log},
		Pipeline: example.NewPipeline(registry, plan, func(id string) bool { return options.Plugins[id].Disabled }),
	}
	return x, done, nil
}

// wanted are the rules of --rule, all without it.
func (o *ruleTestOptions) wanted(rules []*rule.Document) ([]*rule.Document, error) {
	if len(o.only) == 0 {
		return rules, nil
	}
	var ids []string
	var out []*rule.Document
	for _, r := range rules {
		ids = append(ids, r.ID)
		if slices.Contains(o.only, r.ID) {
			out = append(out, r)
		}
	}
	for _, id := range o.only {
		if !slices.Contains(ids, id) {
			err := fmt.Errorf("there is no rule %q in these files", id)
			if near := schema.Nearest(id, ids); near != "" {
				err = fmt.Errorf("%w; did you mean %q?", err, near)
			}
			return nil, &wrongError{err}
		}
	}
	return out, nil
}

// readRules reads the rules of files, and of the YAML files in folders. The error tells all that is wrong in them.
func readRules(paths []string) (rules []*rule.Document, err error) {
	var errs []error
	for _, path := range paths {
		list, err := readRulesOf(path)
		errs = append(errs, err)
		rules = append(rules, list...)
	}
	return rules, errors.Join(errs...)
}

func readRulesOf(path string) ([]*rule.Document, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return rule.ReadFile(path)
	}
	if _, err := os.Stat(filepath.Join(path, manifest.Name)); err == nil {
		path = filepath.Join(path, rule.Folder)
	}
	list, err := rule.ReadFolder(path)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s has no file of rules (*.yaml)", path)
	}
	return list, err
}

// printResult is one line for a rule, and more where something is wrong.
func printResult(w io.Writer, r example.Result) error {
	var text strings.Builder
	if r.OK {
		note := ""
		for _, n := range r.Notes {
			note += "  (" + n + ")"
		}
		_, err := fmt.Fprintf(w, "ok %s%s\n", r.Rule, note)
		return err
	}
	for _, f := range r.Faults {
		of := ""
		if f.Example != "" {
			of = fmt.Sprintf("example %q: ", f.Example)
		}
		fmt.Fprintf(&text, "FAILED %s  %s:%d: %s%s\n", r.Rule, r.File, f.Line, of, printable(f.Message))
		for _, d := range f.Details {
			fmt.Fprintf(&text, "    %s\n", d)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func resultTable(results []example.Result) *table {
	t := newTable("rule", "result", "examples", "file", "line", "example", "message").numbers("examples", "line")
	for _, r := range results {
		n := fmt.Sprint(len(r.Examples))
		if r.OK {
			t.add(r.Rule, result(true), n, r.File, fmt.Sprint(r.Line), "", strings.Join(r.Notes, "; "))
		}
		for _, f := range r.Faults {
			t.add(r.Rule, result(false), n, r.File, fmt.Sprint(f.Line), f.Example, f.Message)
		}
	}
	return t
}
