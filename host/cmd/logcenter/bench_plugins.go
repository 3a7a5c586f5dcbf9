package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/bench"
	"github.com/logcenter/logcenter/host/certify"
	"github.com/logcenter/logcenter/sdk/manifest"
)

type benchPluginsOptions struct {
	output
	programs, floor string
	cpu             time.Duration
}

func newBenchPluginsCommand() *cobra.Command {
	o := &benchPluginsOptions{}
	cmd := &cobra.Command{
		Use:   "plugins DIR...",
		Short: "measure what plugins cost, beside one that does nothing",
		Long: `Measure the processor time of plugins' processes on the samples in their folders, one after the other: on the first ordinary
sample of each configuration. With --floor a plugin of the same kind that does nothing gets the same batches in turn, so that
what every plugin costs, and what the machine was busy with, can be told from what this one does.

ms/MB is CPU milliseconds per MB of raw log; MB is 1,000,000 bytes. bar is what plugins of this tree may cost: 3 for parsers,
8 for formats of several lines, XML or JSON, and those of enrichers and masking. Short lines cost more a MB; ns/line is for them.`,
		Example: `  logcenter bench plugins plugins/parser/* --programs bin/plugins --floor build/floor
  logcenter bench plugins ./acmefw --cpu 10s -o json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.programs, "programs", "", "`folder` in which programs lie as FOLDER/ID/ID, where make puts them; without it Go sources are built")
	f.StringVar(&o.floor, "floor", "", "`folder` with programs parser, enricher and masker that do nothing")
	f.DurationVar(&o.cpu, "cpu", 2*time.Second, "processor `time` to measure each for")
	o.flags(f, "a list of figures")
	completeOutput(cmd)
	return cmd
}

func (o *benchPluginsOptions) run(cmd *cobra.Command, dirs []string) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.cpu < 100*time.Millisecond {
		return usagef("--cpu %v is too short: at least 100ms", o.cpu)
	}
	all := []certify.Cost{}
	t := newTable("plugin", "kind", "sample", "bytes/line", "ms/MB", "floor", "bar", "ns/line", "").
		numbers("bytes/line", "ms/MB", "floor", "bar", "ns/line")
	for _, dir := range dirs {
		costs, err := o.measure(cmd, dir)
		if err != nil {
			return err
		}
		for _, c := range costs {
			all = append(all, c)
			floor, bar, over := "", "", ""
			if c.Floor > 0 {
				floor = fmt.Sprintf("%.2f", c.Floor)
			}
			if most := bench.Bar(c.Kind, c.Plugin, c.Configured); most > 0 {
				bar = number(most)
				if c.MsPerMB > most {
					over = "over"
				}
			}
			t.add(c.Plugin, c.Kind, c.Sample, fmt.Sprintf("%.0f", c.LineBytes), fmt.Sprintf("%.2f", c.MsPerMB), floor, bar, fmt.Sprintf("%.0f", c.NsPerLine), over)
		}
	}
	return o.print(cmd.OutOrStdout(), t, all)
}

func (o *benchPluginsOptions) measure(cmd *cobra.Command, dir string) ([]certify.Cost, error) {
	m, err := manifest.Read(dir)
	if err != nil {
		return nil, &wrongError{err}
	}
	p := newProgress(cmd.ErrOrStderr(), o.format != "table")
	options := certify.CostOptions{Floor: o.floor, CPU: o.cpu, Progress: func(sample string, done, total time.Duration) {
		p.tell(func() string { return fmt.Sprintf("%s: %s %d%%", m.ID, sample, 100*done/total) })
	}}
	if o.programs != "" && m.Runtime == "" {
		options.Program = filepath.Join(o.programs, m.ID, m.ID)
	}
	costs, err := certify.Costs(cmd.Context(), dir, options)
	p.clear()
	return costs, err
}
