package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/logcenter/logcenter/host/bench"
	"github.com/logcenter/logcenter/host/service"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/sdk/gc"
)

// benchPrefix is that of what benchmarks keep in a cluster.
const benchPrefix = "logcenter-bench"

// benchStore says which store a benchmark is about.
type benchStore struct {
	kind      string
	addresses []string
	dir       string
}

func (b *benchStore) flags(f *pflag.FlagSet) {
	f.StringVar(&b.kind, "kind", "embedded", "embedded or elasticsearch")
	f.StringSliceVar(&b.addresses, "address", nil, "`URLs` of the cluster's nodes, for --kind elasticsearch")
	f.StringVar(&b.dir, "dir", filepath.Join(os.TempDir(), "logcenter-bench"), "`folder` for what a run writes")
}

func (b *benchStore) check() error {
	switch {
	case b.kind != "embedded" && b.kind != "elasticsearch":
		return usagef("--kind is embedded or elasticsearch, not %q", b.kind)
	case b.kind == "elasticsearch" && len(b.addresses) == 0:
		return usagef("--kind elasticsearch needs --address, e.g. http://127.0.0.1:9200")
	case b.kind == "embedded" && len(b.addresses) > 0:
		return usagef("--address goes with --kind elasticsearch")
	}
	return nil
}

// open opens the store as it was left.
func (b *benchStore) open(o embedded.Options) (store.Store, error) {
	if b.kind == "embedded" {
		return embedded.Open(b.path(), o)
	}
	return elastic.Open(elastic.Options{Addresses: b.addresses, Prefix: benchPrefix})
}

func (b *benchStore) path() string { return filepath.Join(b.dir, "store") }

// openEmpty removes what an earlier run has left.
func (b *benchStore) openEmpty(ctx context.Context) (store.Store, error) {
	if b.kind == "embedded" {
		if err := os.RemoveAll(b.path()); err != nil {
			return nil, err
		}
		return b.open(embedded.Options{})
	}
	st, err := b.open(embedded.Options{})
	if err != nil {
		return nil, err
	}
	parts, err := st.Partitions(ctx)
	for _, p := range parts {
		if err == nil {
			err = st.DropPartition(ctx, p.ID)
		}
	}
	if err != nil {
		_ = st.Close()
		return nil, err
	}
	return st, nil
}

func newBenchStoreCommand() *cobra.Command {
	var (
		b                    benchStore
		input, size, profile string
		dirs, plugins        []string
		jsonLines            bool
	)
	cmd := &cobra.Command{
		Use:   "store",
		Short: "measure writing into a store, the way there left out",
		Long: `Parse a file of lines, and print what it costs to write the events: the processor time of this process while it
writes, and beside it that of Elasticsearch's nodes. Parsing and writing take turns, 64 MB at a time.

What an earlier run wrote is removed first: in --dir, or in the cluster the indices logcenter-bench-*. What this one
writes stays, for "bench queries".

CPU milliseconds per MB is the figure to compare; MB is 1,000,000 bytes of raw log.`,
		Example: `  logcenter bench store
  logcenter bench store --kind elasticsearch --address http://127.0.0.1:9200 --input firewall.log --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := b.check(); err != nil {
				return err
			}
			if err := os.MkdirAll(b.dir, 0o700); err != nil {
				return err
			}
			if input == "" {
				if input, err = makeTraffic(b.dir, size); err != nil {
					return err
				}
			}
			if len(dirs) == 0 {
				if dirs, err = pluginsBeside(); err != nil {
					return err
				}
			}
			gc.Tune(service.Garbage)
			st, err := b.openEmpty(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = st.Close() }()
			stop, err := startProfile(profile)
			if err != nil {
				return err
			}
			defer stop()
			r, err := bench.Store(cmd.Context(), bench.Options{Name: "write " + b.kind, Input: input, Dirs: dirs, Plugins: plugins, Dir: b.dir, Store: st})
			if err != nil {
				return err
			}
			return r.Print(cmd.OutOrStdout(), jsonLines)
		},
	}
	f := cmd.Flags()
	b.flags(f)
	f.StringVar(&input, "input", "", "`file` of lines; without it made-up traffic is written to --dir")
	f.StringVar(&size, "size", "288MB", "how much traffic to make up")
	f.StringSliceVar(&plugins, "plugins", bench.WritePlugins, "plugins that make the events")
	f.StringSliceVar(&dirs, "plugin-dir", nil, "`folders` with plugins; default: plugins beside this program")
	f.BoolVar(&jsonLines, "json", false, "print JSON")
	f.StringVar(&profile, "profile", "", "write this process's CPU profile, parsing included, to `file`, for go tool pprof")
	return cmd
}

func pluginsBeside() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return []string{filepath.Join(filepath.Dir(self), "plugins")}, nil
}

func newBenchQueriesCommand() *cobra.Command {
	var b benchStore
	var profile string
	var o bench.QueryOptions
	cmd := &cobra.Command{
		Use:   "queries",
		Short: "measure searches and aggregations on a store that is already filled",
		Long: `Ask a store every kind of question and print, for each, how long the first time took, and the median time and processor
time of this process of those after it, when a cluster may answer from memory.
The store is the one that "bench store", or "bench pipeline --store embedded", left in --dir or in the cluster; it is
only read, so this can be repeated.`,
		Example: `  logcenter bench store --size 3050MB
  logcenter bench queries
  logcenter bench queries --only regex --repeat 5
  logcenter bench queries --kind elasticsearch --address http://127.0.0.1:9200`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
			defer func() { _ = st.Close() }()
			gc.Tune(service.Garbage)
			stop, err := startProfile(profile)
			if err != nil {
				return err
			}
			defer stop()
			return bench.Queries(cmd.Context(), st, cmd.OutOrStdout(), o)
		},
	}
	f := cmd.Flags()
	b.flags(f)
	f.StringVar(&o.Only, "only", "", "ask only questions whose names contain this `text`")
	f.IntVar(&o.Repeat, "repeat", 3, "how often to ask each after the first time")
	f.BoolVar(&o.JSON, "json", false, "print JSON")
	f.StringVar(&profile, "profile", "", "write the CPU profile to `file`, for go tool pprof")
	return cmd
}
