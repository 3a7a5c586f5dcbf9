package main

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/sigma"
)

type sigmaOptions struct {
	output
	run        runOptions
	out        string
	maps       []string
	extra      []string
	deprecated bool
	silent     bool
	all        bool
}

func newRuleSigmaCommand() *cobra.Command {
	o := &sigmaOptions{}
	cmd := &cobra.Command{
		Use:   "sigma FILE|DIR...",
		Short: "make rules of Sigma's",
		Long: `Make rules of those of the Sigma project: detections, and correlations of the types event_count, value_count, value_sum,
value_avg, temporal and temporal_ordered. No host needs to run.

Sigma's log sources and field names are translated by a table for the shipped parsers. --map adds to it, for the names of
your own devices; see host/sigma/mapping.yaml for the form. A placeholder (user|expand: '%admins%') becomes a watchlist of
its name, or of the one that --map gives it; which lists must be there before the rules is told at the end. What cannot be said exactly is not converted; the table says
how many rules that are and why, with --all or -o json for each rule. Fields must be written by a plugin: those beside
this program, or of --config and --plugins.

Rules are written to the folder of --out, one file for each of Sigma's; put it where alerts.rules points. Begin with
--silent: alerts are recorded and nobody is told, and "logcenter rule backtest" shows what they would have raised.
The exit code is 0 also if some rules cannot be converted.`,
		Example: `  logcenter rule sigma sigma/rules --out rules/sigma --silent
  logcenter rule sigma sigma/rules/windows -o csv --all > report.csv
  logcenter rule sigma my.yml --map names.yaml --out rules`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.convert(cmd, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "`folder` to write the rules to; without it nothing is written")
	f.StringArrayVar(&o.maps, "map", nil, "`file` with more log sources and names of fields; can be given again")
	f.BoolVar(&o.deprecated, "deprecated", false, "convert rules, too, whose status is deprecated or unsupported")
	f.BoolVar(&o.silent, "silent", false, "record the rules' alerts and tell nobody")
	f.BoolVar(&o.all, "all", false, "show each rule that was not converted")
	f.StringVar(&o.run.config, "config", "", "configuration `file` of the host that the rules are for")
	f.StringArrayVar(&o.extra, "plugins", nil, "`folder` with more plugins, or of one; can be given again")
	o.flags(f, "a list of results")
	completeOutput(cmd)
	markFile(cmd, "config", "yaml", "yml")
	markFile(cmd, "map", "yaml", "yml")
	return cmd
}

func (o *sigmaOptions) convert(cmd *cobra.Command, args []string) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := o.declareFields(); err != nil {
		return err
	}
	mapping := sigma.Builtin()
	for _, file := range o.maps {
		text, err := os.ReadFile(file)
		if err == nil {
			err = mapping.Add(file, text)
		}
		if err != nil {
			return &configError{err}
		}
	}
	files, err := sigmaFiles(args)
	if err != nil {
		return &configError{err}
	}
	results := sigma.Convert(files, sigma.Options{Mapping: mapping, Deprecated: o.deprecated, Silent: o.silent})
	written := 0
	if o.out != "" {
		if written, err = writeSigma(o.out, results); err != nil {
			return err
		}
	}
	if err := o.report(cmd, results); err != nil {
		return err
	}
	if o.out != "" {
		tell(cmd.ErrOrStderr(), "%s written to %s\n", counted(written, "file"), o.out)
	}
	return nil
}

// declareFields reads the manifests of all plugins, which make their fields known.
func (o *sigmaOptions) declareFields() error {
	work, err := os.MkdirTemp("", "logcenter-sigma-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // what is left of it does no harm
	log := logrus.New()
	log.SetOutput(os.Stderr)
	log.SetLevel(logrus.ErrorLevel)
	_, _, registry, err := openPlugins(&o.run, o.extra, work, log)
	if err != nil {
		return err
	}
	return registry.Close()
}

// maxSigmaFile bounds a file of Sigma rules, in bytes.
const maxSigmaFile = 1 << 20

// sigmaFiles are the files given, and all *.yml and *.yaml below folders, in the order of their names.
func sigmaFiles(paths []string) (files []sigma.File, err error) {
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			if ext := filepath.Ext(file); file != path && ext != ".yml" && ext != ".yaml" {
				return nil
			}
			info, err := e.Info()
			if err == nil && info.Size() > maxSigmaFile {
				err = fmt.Errorf("%s has %d bytes, at most %d", file, info.Size(), maxSigmaFile)
			}
			if err != nil {
				return err
			}
			text, err := os.ReadFile(file) //nolint:gosec // named by the user
			files = append(files, sigma.File{Name: file, Text: text})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no *.yml and *.yaml in %s", strings.Join(paths, ", "))
	}
	return files, nil
}

// writeSigma writes a file for each of Sigma's with rules that were converted. Two of one name are parted by their folders' names.
func writeSigma(folder string, results []sigma.Result) (written int, err error) {
	byFile := map[string][]sigma.Result{}
	for _, r := range results {
		if r.Rule != nil && !r.Part {
			byFile[r.File] = append(byFile[r.File], r)
		}
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return 0, err
	}
	taken := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		text, err := sigma.Write(byFile[file])
		if err != nil {
			return written, err
		}
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		for dir := filepath.Dir(file); taken[name] != "" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
			name = filepath.Base(dir) + "_" + name
		}
		if first := taken[name]; first != "" {
			return written, fmt.Errorf("%s and %s would both be %s.yaml in %s", first, file, name, folder)
		}
		taken[name] = file
		if err := os.WriteFile(filepath.Join(folder, name+".yaml"), text, 0o640); err != nil { //nolint:gosec // rules are no secrets
			return written, err
		}
		written++
	}
	return written, nil
}

// sigmaResult is a result in JSON.
type sigmaResult struct {
	File   string   `json:"file"`
	Line   int      `json:"line"`
	ID     string   `json:"id,omitempty"`
	Title  string   `json:"title,omitempty"`
	Rule   string   `json:"rule,omitempty"`
	Reason string   `json:"reason,omitempty"`
	Detail string   `json:"detail,omitempty"`
	Part   bool     `json:"part,omitempty"`
	Notes  []string `json:"notes,omitempty"`

	Lists []sigma.List `json:"lists,omitempty"`
}

func (o *sigmaOptions) report(cmd *cobra.Command, results []sigma.Result) error {
	var list []sigmaResult
	why := map[sigma.Reason]int{}
	converted, noted, listed := 0, 0, 0
	lists := map[sigma.List]int{}
	each := newTable("file", "line", "rule", "reason", "detail")
	for _, r := range results {
		one := sigmaResult{File: r.File, Line: r.Line, ID: r.ID, Title: r.Title, Reason: string(r.Reason), Detail: r.Detail, Part: r.Part, Notes: r.Notes, Lists: r.Lists}
		if r.Rule != nil {
			one.Rule = r.Rule.ID
			converted++
			if len(r.Notes) > 0 {
				noted++
			}
			if len(r.Lists) > 0 {
				listed++
			}
			for _, l := range r.Lists {
				lists[l]++
			}
		} else {
			why[r.Reason]++
			each.add(r.File, fmt.Sprint(r.Line), cmp.Or(r.ID, r.Title), one.Reason, one.Detail)
		}
		list = append(list, one)
	}
	defer tellLists(cmd.ErrOrStderr(), lists)
	if o.all || o.format == "json" {
		return o.print(cmd.OutOrStdout(), each, list)
	}
	share := func(n int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(1, len(results)))) }
	t := newTable("outcome", "rules", "share").numbers("rules", "share")
	t.add("converted", fmt.Sprint(converted), share(converted))
	t.add("of these with notes", fmt.Sprint(noted), share(noted))
	t.add("of these asking for lists", fmt.Sprint(listed), share(listed))
	reasons := slices.SortedFunc(maps.Keys(why), func(a, b sigma.Reason) int {
		return cmp.Or(cmp.Compare(why[b], why[a]), cmp.Compare(a, b))
	})
	for _, r := range reasons {
		t.add(string(r), fmt.Sprint(why[r]), share(why[r]))
	}
	t.add("all", fmt.Sprint(len(results)), share(len(results)))
	return o.print(cmd.OutOrStdout(), t, list)
}

// tellLists says which lists must be there before the rules.
func tellLists(w io.Writer, lists map[sigma.List]int) {
	for i, l := range slices.SortedFunc(maps.Keys(lists), func(a, b sigma.List) int { return cmp.Compare(a.Name, b.Name) }) {
		if i == 0 {
			tell(w, "lists that must be there before the rules:\n")
		}
		tell(w, "  logcenter watchlist import %s FILE --type %s  # %s\n", l.Name, l.Type, counted(lists[l], "rule"))
	}
}
