package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/bench"
	"github.com/logcenter/logcenter/host/service"
	"github.com/logcenter/logcenter/sdk/gc"
)

type benchRulesOptions struct {
	output
	input, size, dir string
	dirs             []string
	numbers          []int
}

func newBenchRulesCommand() *cobra.Command {
	o := &benchRulesOptions{}
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "measure what correlation rules cost, the more of them there are",
		Long: `Run a file of lines through parsers and past the detector "correlation" with made-up rules, once for each number of them,
and print what its process cost. Half of the rules are about devices that the made-up traffic has.

ms/MB is CPU milliseconds of the detector's process per MB of raw log; MB is 1,000,000 bytes. us/MB/rule is what each rule
more has cost, against the row above, in microseconds. bar is what 200 rules may cost. Which rules there are is in
host/bench/rules.go.`,
		Example: `  logcenter bench rules
  logcenter bench rules --rules 200 --input firewall.log -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.input, "input", "", "`file` of lines; without it made-up traffic is written to --dir")
	f.StringVar(&o.size, "size", "96MB", "how much traffic to make up")
	f.StringVar(&o.dir, "dir", filepath.Join(os.TempDir(), "logcenter-bench"), "`folder` for what a run writes")
	f.StringSliceVar(&o.dirs, "plugin-dir", nil, "`folders` with plugins; default: plugins beside this program")
	f.IntSliceVar(&o.numbers, "rules", []int{0, 10, 100, 200, 1000}, "`numbers` of rules")
	o.flags(f, "a list of figures")
	completeOutput(cmd)
	return cmd
}

func (o *benchRulesOptions) run(cmd *cobra.Command) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	for _, n := range o.numbers {
		if n < 0 || n > 10000 {
			return usagef("--rules %d: 0 to 10000", n)
		}
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	if o.input == "" {
		if o.input, err = makeTraffic(o.dir, o.size); err != nil {
			return err
		}
	}
	if len(o.dirs) == 0 {
		if o.dirs, err = pluginsBeside(); err != nil {
			return err
		}
	}
	gc.Tune(service.Garbage)
	all := []bench.RulesResult{}
	t := newTable("rules", "events", "alerts", "ms/MB", "bar", "us/MB/rule", "ns/event", "memory MB", "").
		numbers("rules", "events", "alerts", "ms/MB", "bar", "us/MB/rule", "ns/event", "memory MB")
	err = bench.Rules(cmd.Context(), bench.Options{Input: o.input, Dirs: o.dirs, Dir: o.dir}, o.numbers, func(r bench.RulesResult) error {
		all = append(all, r)
		over := ""
		if r.BarMs > 0 && r.MsPerMB > r.BarMs {
			over = "over"
		}
		t.add(fmt.Sprint(r.Rules), fmt.Sprint(r.Events), fmt.Sprint(r.Alerts), fmt.Sprintf("%.2f", r.MsPerMB), bar(r.BarMs),
			fmt.Sprintf("%.1f", r.PerRule), fmt.Sprintf("%.0f", r.NsPer), fmt.Sprintf("%.0f", r.MemoryMB), over)
		return nil
	})
	if err != nil {
		return err
	}
	return o.print(cmd.OutOrStdout(), t, all)
}
