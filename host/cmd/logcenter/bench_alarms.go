package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/bench"
)

type benchAlarmsOptions struct {
	output
	dirs []string
	days int
	seed uint64
}

func newBenchAlarmsCommand() *cobra.Command {
	o := &benchAlarmsOptions{}
	cmd := &cobra.Command{
		Use:   "alarms FILE|DIR...",
		Short: "count how often rules fire under attack, and on an ordinary day",
		Long: `Run all rules of files, or of all *.yaml below folders, through the real plugins twice, with event times that are made up.

First over an attack script: the lines of all examples of all rules that must fire, one attack beside the other, and for a
rule whose examples are fields and no lines the events that these are. Then over
ordinary days of a bank with thirty kinds of devices, of which the last counts: what a rule raises there is a false alarm.
The days before are for rules that learn; one that learns longer is marked.

The exit code is 1 if a rule with an example that must fire does not, or raises more than one false alarm.`,
		Example: `  logcenter bench alarms plugins/alert/correlation/rules
  logcenter bench alarms rules/ --days 8 -o json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.dirs, "plugin-dir", nil, "`folders` with plugins; default: plugins beside this program")
	f.IntVar(&o.days, "days", 22, "ordinary days before the one that counts")
	f.Uint64Var(&o.seed, "seed", 1, "the same seed makes the same days")
	o.flags(f, "a list of figures")
	completeOutput(cmd)
	return cmd
}

func (o *benchAlarmsOptions) run(cmd *cobra.Command, paths []string) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.days < 0 || o.days > 90 {
		return usagef("--days %d: 0 to 90", o.days)
	}
	rules, err := readRules(paths)
	if err != nil {
		return &configError{err}
	}
	if len(o.dirs) == 0 {
		if o.dirs, err = pluginsBeside(); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "logcenter-alarms-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left of it does no harm
	list, events, err := bench.TryRules(cmd.Context(), bench.AlarmOptions{
		Dirs: o.dirs, Dir: dir, Rules: rules, Seed: o.seed, Days: o.days,
		Progress: func(what string) { tell(cmd.ErrOrStderr(), "%s\n", what) },
	})
	if err != nil {
		return err
	}
	t := newTable("rule", "type", "severity", "script", "false alarms", "").numbers("script", "false alarms")
	bad := 0
	for _, a := range list {
		note := ""
		switch {
		case a.Lines+a.Fields > 0 && a.Script == 0:
			note = "DOES NOT FIRE"
			bad++
		case a.False > 1:
			note = "NOISY"
			bad++
		case a.Learning:
			note = "still learning"
		case a.Lines+a.Fields == 0:
			note = "no example must fire"
		case a.Lines == 0:
			note = "by fields, no lines"
		}
		t.add(a.Rule, a.Type, a.Severity, strconv.Itoa(a.Script), strconv.Itoa(a.False), note)
	}
	if err := o.print(cmd.OutOrStdout(), t, list); err != nil {
		return err
	}
	tell(cmd.ErrOrStderr(), "%d rules; the ordinary day has %d events\n", len(list), events)
	if bad > 0 {
		return fmt.Errorf("%d of %d rules do not do what they should", bad, len(list))
	}
	return nil
}
