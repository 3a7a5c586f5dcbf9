package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

type ruleBacktestOptions struct {
	output
	selection
	query string
	only  []string
	most  int
}

func newRuleBacktestCommand(c *connection) *cobra.Command {
	o := &ruleBacktestOptions{}
	cmd := &cobra.Command{
		Use:   "backtest FILE|DIR|RULE-ID...",
		Short: "show what rules would have raised over stored events",
		Long: `Run rules of files or folders, or rules that the host has, over the events that it has stored, and show the alerts that
would have been raised, and of each rule how many, how noisy it is and what it costs. Nothing is recorded, and nobody is
told.

The rules are in a detector of their own, which is the real one, and sees the events in the order of their times. It
begins at --from without a memory: rules with long windows, and those that learn, need an earlier one. Alerts have the ids
that they would have had. The host's own work goes first; one backtest runs at a time. Ctrl-C ends it.

` + timesHelp,
		Example: `  logcenter rule backtest brute-force.yaml --from -30d
  logcenter rule backtest login-guessed --from 2026-10-01 --to 2026-11-01 -o csv > alerts.csv
  logcenter rule backtest rules/ --rule vpn-guessed --from -7d --query 'observer.type:firewall'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, c, args) },
	}
	o.selection.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.query, "query", "", "leave out events that this `query` does not select, before any rule sees them")
	f.StringSliceVar(&o.only, "rule", nil, "of files only the rules with these `ids`")
	f.IntVar(&o.most, "limit", 50, "of alerts show so many in a table; 0 shows all")
	o.output.flags(f, "the alerts, and the report with the figures of each rule")
	completeOutput(cmd)
	return cmd
}

// request is what to run: arguments that are no files are ids.
func (o *ruleBacktestOptions) request(args []string) (client.BacktestRequest, error) {
	r := client.BacktestRequest{Selection: o.of(o.query)}
	var files []string
	for _, arg := range args {
		_, err := os.Stat(arg)
		switch {
		case err == nil:
			files = append(files, arg)
		case strings.ContainsRune(arg, filepath.Separator) || filepath.Ext(arg) == ".yaml" || filepath.Ext(arg) == ".yml":
			return r, err
		default:
			r.IDs = append(r.IDs, arg)
		}
	}
	rules, err := readRules(files)
	if err != nil {
		return r, &configError{err}
	}
	if rules, err = (&ruleTestOptions{only: o.only}).wanted(rules); err != nil {
		return r, err
	}
	for _, d := range rules {
		data := d.Data()
		delete(data, "examples")
		r.Rules = append(r.Rules, data)
	}
	return r, nil
}

func (o *ruleBacktestOptions) run(cmd *cobra.Command, c *connection, args []string) error {
	if err := o.check(); err != nil {
		return err
	}
	zone, err := o.location()
	if err != nil {
		return err
	}
	r, err := o.request(args)
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	p := newProgress(cmd.ErrOrStderr(), false)
	alerts := []client.BacktestAlert{}
	r.OnProgress = func(now client.BacktestProgress) error {
		p.tell(func() string { return backtestProgress(now, zone) })
		return nil
	}
	r.OnAlert = func(a client.BacktestAlert) error {
		alerts = append(alerts, a)
		return nil
	}
	report, err := cl.Backtest(cmd.Context(), r)
	p.clear()
	if err != nil {
		return inQuery(err, o.query)
	}
	return o.show(cmd, alerts, report, zone)
}

func backtestProgress(p client.BacktestProgress, zone *time.Location) string {
	at := ""
	if !p.At.IsZero() {
		at = ", at " + p.At.In(zone).Format(shownTime)
	}
	return fmt.Sprintf("%d%%: %s events, %s a second, %s%s", 100*p.Scanned/max(1, p.Total, p.Scanned), grouped(p.Events), grouped(int64(p.PerSecond)), counted(int(p.Alerts), "alert"), at)
}

func (o *ruleBacktestOptions) show(cmd *cobra.Command, alerts []client.BacktestAlert, report *client.BacktestReport, zone *time.Location) error {
	out := cmd.OutOrStdout()
	shown := alerts
	if o.format == "table" && o.most > 0 {
		shown = alerts[:min(len(alerts), o.most)]
	}
	t := newTable("time", "rule", "severity", "keys", "events", "first", "id").numbers("events")
	for _, a := range shown {
		name := a.Rule
		if a.Kind != "" {
			name += " (" + a.Kind + ")"
		}
		t.add(a.Last.In(zone).Format(shownTime), name, a.Severity, keysText(a.Keys), grouped(int64(a.Events)), a.First.In(zone).Format(shownTime), a.ID)
	}
	if o.format != "table" {
		if err := o.print(out, t, map[string]any{"alerts": alerts, "report": report}); err != nil {
			return err
		}
		if n := report.Alerts - int64(len(alerts)); n > 0 {
			tell(cmd.ErrOrStderr(), "%s more are only counted\n", counted(int(n), "alert"))
		}
		return nil
	}
	if len(shown) > 0 {
		if err := t.print(out, o.limit(out)); err != nil {
			return err
		}
		if n := report.Alerts - int64(len(shown)); n > 0 {
			tell(cmd.ErrOrStderr(), "%s more: --limit shows them\n", counted(int(n), "alert"))
		}
		_, _ = fmt.Fprintln(out) // what follows tells of a closed pipe
	}
	if err := figuresTable(report).print(out, o.limit(out)); err != nil {
		return err
	}
	tell(cmd.ErrOrStderr(), "%s events in %.1f s, %s a second; %s, the detector took %.1f s\n",
		grouped(report.Events), report.Seconds, grouped(int64(report.PerSecond)), counted(int(report.Alerts), "alert"), report.CPUSeconds)
	return nil
}

// figuresTable has a row for each rule, the noisiest first.
func figuresTable(report *client.BacktestReport) *table {
	t := newTable("rule", "severity", "alerts", "a day", "groups", "matched", "quieted", "evicted", "ms", "most from").numbers("alerts", "a day", "groups", "matched", "quieted", "evicted", "ms")
	for _, r := range report.Rules {
		most := ""
		if len(r.Top) > 0 {
			most = fmt.Sprintf("%s (%s)", r.Top[0].Key, grouped(r.Top[0].Alerts))
		}
		if r.Error != "" {
			most = r.Error
		}
		t.add(r.Rule, r.Severity, grouped(r.Alerts), fmt.Sprintf("%.1f", r.PerDay), grouped(int64(r.Keys)), grouped(int64(r.Matched)),
			grouped(int64(r.Suppressed)), grouped(int64(r.Evicted)), fmt.Sprintf("%.1f", r.CostMS), most)
	}
	return t
}

// keysText is the keys of an alert in one line.
func keysText(keys map[string]string) string {
	parts := make([]string, 0, len(keys))
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		parts = append(parts, name+"="+keys[name])
	}
	return strings.Join(parts, " ")
}
