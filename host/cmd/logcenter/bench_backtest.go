package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/bench"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/backtest"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/sdk/manifest"
)

func newBenchBacktestCommand() *cobra.Command {
	var (
		b         benchStore
		rules     int
		dirs      []string
		profile   string
		jsonLines bool
	)
	cmd := &cobra.Command{
		Use:   "backtest",
		Short: "measure running rules over a store that is already filled",
		Long: `Run made-up rules over all events of a store, and print how many events a second that was. The store is the one that
"bench store" left in --dir or in the cluster; it is only read, so this can be repeated.`,
		Example: `  logcenter bench store --size 500MB
  logcenter bench backtest
  logcenter bench backtest --rules 1000 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := b.check(); err != nil {
				return err
			}
			if _, err := os.Stat(b.path()); b.kind == "embedded" && err != nil {
				return fmt.Errorf("there is no filled store, run `bench store --dir %s` first: %w", b.dir, err)
			}
			st, err := b.open(embedded.Options{MergeInterval: -1})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, st.Close()) }()
			if len(dirs) == 0 {
				if dirs, err = pluginsBeside(); err != nil {
					return err
				}
			}
			m, err := manifest.Read(filepath.Join(dirs[0], alert.RuleDetector))
			if err != nil {
				return err
			}
			list, err := madeUpRules(rules)
			if err != nil {
				return err
			}
			stop, err := startProfile(profile)
			if err != nil {
				return err
			}
			defer stop()
			log := logrus.New()
			r, err := backtest.Run(cmd.Context(), backtest.Options{
				Store: st, Scope: store.Everything(), Rules: list, Detector: m,
				Selection: store.Selection{From: time.Unix(0, 0), To: time.Unix(0, 1<<62)},
				Single:    plugin.SingleOptions{RunDir: filepath.Join(b.dir, "run"), Log: logrus.NewEntry(log)},
			})
			if err != nil {
				return err
			}
			if jsonLines {
				return printJSON(cmd.OutOrStdout(), r)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "backtest  %5d rules %12s events  wall %7.2f s  detector cpu %7.2f s  %9s events/s  %s\n",
				rules, grouped(r.Events), r.Seconds, r.CPUSeconds, grouped(int64(r.PerSecond)), counted(int(r.Alerts), "alert"))
			return err
		},
	}
	f := cmd.Flags()
	b.flags(f)
	f.IntVar(&rules, "rules", 200, "how many rules")
	f.StringSliceVar(&dirs, "plugin-dir", nil, "`folders` with plugins; default: plugins beside this program")
	f.BoolVar(&jsonLines, "json", false, "print JSON")
	f.StringVar(&profile, "profile", "", "write this process's CPU profile to `file`, for go tool pprof")
	return cmd
}

// madeUpRules are the rules that "bench rules" measures, as documents.
func madeUpRules(n int) ([]*rule.Document, error) {
	text, err := json.Marshal(map[string]any{"rules": bench.MadeUpRules(n)})
	if err != nil {
		return nil, err
	}
	return rule.Read("made-up rules", text)
}
