package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/certify"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/sdk/manifest"
)

type pluginTestOptions struct {
	output
	certify.Options
	programs    string
	certificate bool
	jobs        int
}

func newPluginTestCommand() *cobra.Command {
	o := &pluginTestOptions{}
	cmd := &cobra.Command{
		Use:   "test DIR...",
		Short: "test plugins by their folders, without a host",
		Long: `Test plugins by their folders alone, each in a process of its own, offline, in whatever language they are written.

A folder has plugin.yaml, Go sources, which are built, or the program, and samples in testdata:

  NAME.log             lines as captured, one event each
  NAME.events.jsonl    events with fields, one JSON object a line
  NAME.config.yaml     the plugin's configuration for NAME, or NAME.config.json; without it the default
  NAME.rules.yaml      the rules that a detector is given for NAME, as rule files have them; without it none
  NAME.golden.jsonl    what the plugin makes of it: line N of it belongs to line N of the sample; --update writes it

  manifest  descriptions are there and say something
  start     the program starts, is what plugin.yaml says, and describes its configuration
  golden    samples become what their golden files say
  schema    all that is written is declared, all that is declared occurs in a sample
  same      the answer depends on the sample alone: not on what was before, on other calls or on the process
  contract  bad and oversized batches are refused; odd lines, cancelled calls and tight deadlines are survived
  fuzz      no line made of the samples' crashes the plugin, has a span outside itself, or takes over 10 µs a byte
  speed     processor time a megabyte, of the plugin's process
  leak      files, sockets, threads and memory do not grow over a million lines
  deliver   a notifier answers alerts in time, odd ones and cancelled calls too, and leaks nothing. They go where the
            first NAME.config.yaml in testdata says: best where nobody listens

Of several folders a table of all comes, and what failed: how many lines were tried, which part of the ordinary ones, those of
samples whose names do not begin with bad, a parser takes apart fully, without an error or a bad value (error.message), and what a
megabyte and a line cost. The exit code is 1 if anything did, and 5 if a manifest or the
samples cannot be read.`,
		Example: `  logcenter plugin test .
  logcenter plugin test . --update                   # then read the difference
  logcenter plugin test . --only fuzz,leak
  logcenter plugin test acmevpn --certificate        # for the package
  logcenter plugin test plugins/parser/* --programs bin/plugins --quick --jobs 2`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.Update, "update", false, "write golden files instead of comparing with them")
	f.BoolVar(&o.Quick, "quick", false, "a tenth of the lines, for tests that run often")
	f.StringSliceVar(&o.Only, "only", nil, "`checks` to run, separated by commas, instead of all")
	f.BoolVar(&o.certificate, "certificate", false, "write "+pack.CertificateName+" into the folder of a plugin that passes")
	f.StringVar(&o.programs, "programs", "", "`folder` in which programs lie as FOLDER/ID/ID, where make puts them")
	f.IntVarP(&o.jobs, "jobs", "j", 1, "how many plugins are tested at a `time`; what one costs is measured best alone")
	o.flags(f, "the certificate, of several folders a list")
	completeOutput(cmd)
	complete(cmd, "only", append(certify.Checks("parser"), "deliver")...)
	return cmd
}

func (o *pluginTestOptions) run(cmd *cobra.Command, dirs []string) error {
	if err := o.check(); err != nil {
		return err
	}
	switch {
	case o.certificate && len(o.Only) > 0:
		return usagef("--certificate needs all checks: leave out --only")
	case o.certificate && o.Quick:
		return usagef("--certificate is for whole tests: leave out --quick")
	case o.certificate && o.Update:
		return usagef("--certificate compares with golden files that were read: run --update first, and read the difference")
	}
	if o.jobs < 1 {
		return usagef("--jobs %d: at least one plugin is tested at a time", o.jobs)
	}
	o.Logcenter = version
	all, err := o.tests(cmd, dirs)
	if err != nil {
		return err
	}
	if err := o.show(cmd.OutOrStdout(), all); err != nil {
		return err
	}
	for _, c := range all {
		if !c.OK() {
			return &quietError{exitFailed}
		}
	}
	return nil
}

// tests are the certificates of all, in the order of their folders. The first error ends those under way.
func (o *pluginTestOptions) tests(cmd *cobra.Command, dirs []string) ([]*certify.Certificate, error) {
	p := newProgress(cmd.ErrOrStderr(), o.format != "table")
	defer p.clear()
	all := make([]*certify.Certificate, len(dirs))
	ctx, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	free := make(chan struct{}, o.jobs)
	var wg sync.WaitGroup
	for i, dir := range dirs {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			var err error
			if all[i], err = o.test(ctx, dir, p); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return all, context.Cause(ctx)
}

func (o *pluginTestOptions) test(ctx context.Context, dir string, p *progress) (*certify.Certificate, error) {
	options := o.Options
	if o.programs != "" {
		m, err := manifest.Read(dir)
		if err != nil {
			return nil, &wrongError{err}
		}
		if m.Runtime == "" {
			options.Program = filepath.Join(o.programs, m.ID, m.ID)
		}
	}
	options.Progress = func(check string, done, total int) {
		p.tell(func() string { return fmt.Sprintf("%s: %s %d%%", dir, check, 100*done/max(1, total)) })
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := certify.Test(ctx, dir, options)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, &wrongError{err}
	}
	if o.certificate {
		if err := c.Write(dir); err != nil && c.OK() {
			return nil, err
		}
	}
	return c, nil
}

func (o *pluginTestOptions) show(w io.Writer, all []*certify.Certificate) error {
	if len(all) == 1 {
		return o.print(w, checkTable(all[0]), all[0])
	}
	if o.format != "table" {
		return o.print(w, pluginsTable(all), all)
	}
	var errs []error
	for _, c := range all {
		if !c.OK() {
			_, err := fmt.Fprintf(w, "%s %s\n", c.Plugin, c.Version)
			errs = append(errs, err, checkTable(c).print(w, o.limit(w)))
		}
	}
	return errors.Join(append(errs, pluginsTable(all).print(w, o.limit(w)))...)
}

// checkTable has a row for each check, and more for what does not fit into one line.
func checkTable(c *certify.Certificate) *table {
	t := newTable("check", "result", "detail")
	for _, k := range c.Checks {
		lines := strings.Split(k.Detail, "\n")
		t.add(k.Name, result(k.OK), lines[0])
		for _, l := range lines[1:] {
			t.add("", "", l)
		}
	}
	return t
}

// pluginsTable has a row for each plugin.
func pluginsTable(all []*certify.Certificate) *table {
	t := newTable("plugin", "kind", "sdk", "lines", "parsed", "fields", "ms/MB", "ns/line", "certificate").numbers("lines", "parsed", "fields", "ms/MB", "ns/line")
	for _, c := range all {
		parsed, speed, line := "", "", ""
		if c.Parsed > 0 {
			parsed = fmt.Sprintf("%.1f%%", 100*c.Parsed)
		}
		if c.MsPerMB > 0 {
			speed, line = fmt.Sprintf("%.2f", c.MsPerMB), fmt.Sprintf("%.0f", c.NsPerLine)
		}
		failed := ""
		for _, k := range c.Checks {
			if !k.OK {
				failed += " " + k.Name
			}
		}
		t.add(c.Plugin, c.Kind, c.SDK, fmt.Sprint(c.Lines), parsed, fmt.Sprint(c.Fields), speed, line, result(c.OK())+failed)
	}
	return t
}

func result(ok bool) string {
	if ok {
		return "ok"
	}
	return "FAILED"
}
