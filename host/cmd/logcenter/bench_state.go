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

func newBenchStateCommand() *cobra.Command {
	var (
		o    output
		dir  string
		dirs []string
	)
	cmd := &cobra.Command{
		Use:   "state",
		Short: "measure what correlation rules take that must remember much",
		Long: `Have the detector "correlation" remember much: a count of a million addresses with four events each, and ten thousand
groups of which the different values within ten minutes are counted. Each is a process of its own.

events/s is events per second of the process's CPU time; memory MB is the most that it had resident before the snapshot;
snapshot s and restore s are wall time of writing its state and of reading it again. Bars are what they may be: of snapshot and
restore together.`,
		Example: "  logcenter bench state",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := o.check(); err != nil {
				return err
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			if len(dirs) == 0 {
				if dirs, err = pluginsBeside(); err != nil {
					return err
				}
			}
			gc.Tune(service.Garbage)
			all := []bench.StateResult{}
			t := newTable("state", "events", "events/s", "bar", "memory MB", "bar", "snapshot MB", "snapshot s", "restore s", "bar", "").
				numbers("events", "events/s", "bar", "memory MB", "snapshot MB", "snapshot s", "restore s")
			err = bench.State(cmd.Context(), bench.Options{Dirs: dirs, Dir: dir}, func(r bench.StateResult) error {
				all = append(all, r)
				over := ""
				if r.PerCoreS < r.BarPerCore || r.BarMB > 0 && r.MemoryMB > r.BarMB || r.BarS > 0 && r.SnapshotS+r.RestoreS > r.BarS {
					over = "over"
				}
				t.add(r.Name, fmt.Sprint(r.Events), fmt.Sprintf("%.0f", r.PerCoreS), bar(r.BarPerCore), fmt.Sprintf("%.0f", r.MemoryMB), bar(r.BarMB),
					fmt.Sprintf("%.1f", r.SnapshotMB), fmt.Sprintf("%.2f", r.SnapshotS), fmt.Sprintf("%.2f", r.RestoreS), bar(r.BarS), over)
				return nil
			})
			if err != nil {
				return err
			}
			return o.print(cmd.OutOrStdout(), t, all)
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", filepath.Join(os.TempDir(), "logcenter-bench"), "`folder` for what a run writes")
	f.StringSliceVar(&dirs, "plugin-dir", nil, "`folders` with plugins; default: plugins beside this program")
	o.flags(f, "a list of figures")
	completeOutput(cmd)
	return cmd
}

// bar is what a figure may be, empty if nobody has said.
func bar(most float64) string {
	if most == 0 {
		return ""
	}
	return number(most)
}
