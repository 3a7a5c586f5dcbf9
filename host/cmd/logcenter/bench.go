package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/bench"
	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/host/service"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/sdk/gc"
	"github.com/logcenter/logcenter/sdk/schema"
)

func newBenchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "measure this machine's speed on made-up or your own logs",
		Example: "  logcenter bench pipeline --size 288MB",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchPipelineCommand(), newBenchStoreCommand(), newBenchQueriesCommand(), newBenchBacktestCommand(), newBenchPluginsCommand(), newBenchRulesCommand(), newBenchStateCommand(), newBenchAlarmsCommand())
	return cmd
}

type benchOptions struct {
	input, size, journal, store, transport, dir, sandbox string
	plugins, dirs                                        []string
	workers, rules                                       int
	jsonLines, queries, drift                            bool
	profile                                              string
}

func newBenchPipelineCommand() *cobra.Command {
	o := &benchOptions{}
	cmd := &cobra.Command{
		Use:   "pipeline",
		Short: "measure the way of lines through journals, plugins and store",
		Long: `Run a file of lines through the host once and print what it cost: the processor time of all processes, and of
each. Plugins run as processes of their own unless --transport is inprocess, which is the baseline.

CPU milliseconds per MB is the figure to compare; MB is 1,000,000 bytes of raw log.`,
		Example: `  logcenter bench pipeline
  logcenter bench pipeline --input firewall.log --journal disk --store embedded --json
  logcenter bench pipeline --transport socket --plugins nginx,masking`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.input, "input", "", "`file` of lines; without it made-up traffic is written to --dir")
	f.StringVar(&o.size, "size", "288MB", "how much traffic to make up")
	f.StringVar(&o.journal, "journal", "off", "off, or disk: both journals with fsync")
	f.StringVar(&o.store, "store", "none", "none or embedded")
	f.StringVar(&o.transport, "transport", "shm", "shm, socket or inprocess")
	f.StringVar(&o.sandbox, "sandbox", "on", "on, or off: plugins are not confined")
	f.StringSliceVar(&o.plugins, "plugins", bench.DefaultPlugins, "plugins to run")
	f.StringSliceVar(&o.dirs, "plugin-dir", nil, "`folders` with plugins; default: plugins beside this program")
	f.StringVar(&o.dir, "dir", filepath.Join(os.TempDir(), "logcenter-bench"), "`folder` for what a run writes")
	f.IntVar(&o.workers, "workers", 0, "batches in work at once; 0 is 3")
	f.IntVar(&o.rules, "rules", 0, "how many made-up rules the detector correlation has, as in bench rules")
	f.BoolVar(&o.jsonLines, "json", false, "print JSON")
	f.BoolVar(&o.drift, "drift", true, "have the drift alarm look at the events, as in a host")
	f.BoolVar(&o.queries, "queries", false, "with --store embedded: ask the filled store every kind of question")
	f.StringVar(&o.profile, "profile", "", "write the host's CPU profile to `file`, for go tool pprof")
	return cmd
}

func (o *benchOptions) run(cmd *cobra.Command) error {
	for _, c := range []struct{ flag, value, a, b, c string }{
		{"journal", o.journal, "off", "disk", "disk"},
		{"store", o.store, "none", "embedded", "embedded"},
		{"transport", o.transport, "shm", "socket", "inprocess"},
		{"sandbox", o.sandbox, "on", "off", "off"},
	} {
		if c.value != c.a && c.value != c.b && c.value != c.c {
			return usagef("--%s is %s or %s or %s, not %q", c.flag, c.a, c.b, c.c, c.value)
		}
	}
	if o.queries && (o.store != "embedded" || o.transport == "inprocess") {
		return usagef("--queries goes with --store embedded and processes")
	}
	self, err := os.Executable()
	if err != nil {
		return err
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
		o.dirs = []string{filepath.Join(filepath.Dir(self), "plugins")}
	}
	if o.transport == "inprocess" {
		return o.inProcess(cmd, self)
	}
	b := bench.Options{
		Name: o.transport + " sandbox=" + o.sandbox + " journal=" + o.journal + " store=" + o.store, Input: o.input, Dirs: o.dirs, Plugins: o.plugins,
		Journal: o.journal == "disk", Socket: o.transport == "socket", Workers: o.workers, Dir: o.dir, Unconfined: o.sandbox == "off", Drift: o.drift, Rules: bench.MadeUpRules(o.rules),
	}
	gc.Tune(service.Garbage)
	if o.store == "embedded" {
		dir := filepath.Join(o.dir, "store")
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		st, err := embedded.Open(dir, embedded.Options{})
		if err != nil {
			return err
		}
		defer func() { _ = st.Close() }()
		b.Store = st
	}
	stop, err := startProfile(o.profile)
	if err != nil {
		return err
	}
	defer stop()
	r, err := bench.Pipeline(cmd.Context(), b)
	if err != nil {
		return err
	}
	if err := r.Print(cmd.OutOrStdout(), o.jsonLines); err != nil || !o.queries {
		return err
	}
	return bench.Queries(cmd.Context(), b.Store, cmd.OutOrStdout(), bench.QueryOptions{JSON: o.jsonLines})
}

// startProfile writes this process's CPU profile to a file until stop is called; no path is no profile.
func startProfile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}

// inProcess hands over to the program in which the same plugins are linked.
func (o *benchOptions) inProcess(cmd *cobra.Command, self string) error {
	program := self + "-inprocess"
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("%w: `make bench` builds the program that has the plugins linked in", err)
	}
	args := []string{"-input", o.input, "-plugin-dir", o.dirs[0], "-plugins", strings.Join(o.plugins, ","), "-journal", o.journal, "-workers", strconv.Itoa(o.workers), "-dir", o.dir}
	if o.profile != "" {
		args = append(args, "-profile", o.profile)
	}
	if o.jsonLines {
		args = append(args, "-json")
	}
	c := exec.CommandContext(cmd.Context(), program, args...)
	c.Stdout, c.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	return c.Run()
}

func makeTraffic(dir, size string) (string, error) {
	n, err := schema.ParseBytes(size)
	if err != nil {
		return "", usagef("--size: %v", err)
	}
	path := filepath.Join(dir, fmt.Sprintf("traffic-%d.log", n))
	if st, err := os.Stat(path); err == nil && st.Size() >= int64(n) {
		return path, nil
	}
	_, err = loadgen.New(loadgen.Options{Seed: 1, PublicAddresses: true}).WriteFile(path, int64(n), nil)
	return path, err
}
