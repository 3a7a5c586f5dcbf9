package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/migrate"
	"github.com/logcenter/logcenter/host/service"
)

type migrateOptions struct {
	run      runOptions
	from, to string
	restart  bool
	quiet    bool
}

func newMigrateCommand() *cobra.Command {
	o := &migrateOptions{}
	cmd := &cobra.Command{
		Use:   "migrate --to KIND",
		Short: "move all events into the other kind of store",
		Long: `Move all events from the embedded store into Elasticsearch, or back. The host must be stopped.

Both stores are those of one configuration file: give it the key store.elasticsearch and leave store.kind as it is
until the migration is done. Partition by partition is copied; a migration that was interrupted, even killed, goes on
where it was when it is called again. At the end the events of both stores are compared, by their number and by a hash
of all their fields, and only when they are the same the other store is made ready for the host. The events that wait
in the journals are stored there when the host runs again. Nothing is removed from the store that the events come from.`,
		Example: `  logcenter migrate --config logcenter.yaml --to elasticsearch
  logcenter migrate --config logcenter.yaml --to embedded`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.migrate(cmd) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.run.config, "config", "c", "logcenter.yaml", "the configuration `file`")
	f.StringVar(&o.run.data, "data", "", "`folder` for all data, in place of the configuration's data_dir")
	f.StringVar(&o.from, "from", "", "`kind` of the store that has the events; without it the configuration's store.kind")
	f.StringVar(&o.to, "to", "", "`kind` of the store to fill: embedded or elasticsearch")
	f.BoolVar(&o.restart, "restart", false, "drop what an unfinished migration has brought, and begin anew")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	markFile(cmd, "config", "yaml", "yml")
	complete(cmd, "from", "embedded", "elasticsearch")
	complete(cmd, "to", "embedded", "elasticsearch")
	return cmd
}

func (o *migrateOptions) migrate(cmd *cobra.Command) error {
	if o.to != "embedded" && o.to != "elasticsearch" {
		return usagef("--to %q is not possible: use --to embedded or --to elasticsearch", o.to)
	}
	cfg, log, err := o.run.quietly(cmd)
	if err != nil {
		return err
	}
	if o.from == "" {
		o.from = cfg.Store.Kind
	}
	if o.from == o.to {
		return usagef("the events are in %s already, as store.kind says: if they are not, name where they are with --from", o.to)
	}
	shown := newProgress(cmd.ErrOrStderr(), o.quiet)
	report, err := service.Migrate(cmd.Context(), cfg, log, version, service.MigrateOptions{
		From: o.from, To: o.to, Restart: o.restart, Progress: migrateProgress(shown),
	})
	if report != nil && len(report.Rows) > 0 {
		shown.end("%s are compared", counted(len(report.Rows), "partition"))
		if err := printMigration(cmd.OutOrStdout(), o, report); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), `
All events are in the %s store, up to entry %d of the event journal. Now set store.kind: %s in %s
and start the host. When all is well, remove what the %s store has.
`, o.to, report.Offset, o.to, o.run.config, o.from)
	return err
}

// migrateProgress tells how far a migration is.
func migrateProgress(shown *progress) func(migrate.Progress) {
	var first *migrate.Progress
	return func(at migrate.Progress) {
		if first == nil || first.Comparing != at.Comparing {
			first = &at
		}
		shown.tell(func() string {
			what := "moved"
			if at.Comparing {
				what = "compared"
			}
			s := fmt.Sprintf("%s %s of %s events", what, grouped(at.Events), grouped(at.Total))
			took := at.Elapsed - first.Elapsed
			if !at.Comparing && took > 0 {
				s += fmt.Sprintf(", %.1f MB/s", float64(at.RawBytes-first.RawBytes)/1e6/took.Seconds())
			}
			if n := at.Events - first.Events; n > 0 && took > 0 && at.Total > at.Events {
				left := time.Duration(float64(took) / float64(n) * float64(at.Total-at.Events))
				s += ", " + left.Round(time.Second).String() + " left"
			}
			return s + " (" + at.Partition + ")"
		})
	}
}

func printMigration(w io.Writer, o *migrateOptions, report *migrate.Report) error {
	t := newTable("partition", o.from, o.to, "hash", "same").numbers(o.from, o.to)
	for _, r := range report.Rows {
		same := "yes"
		if !r.Equal() {
			same = "NO"
		}
		t.add(r.Partition, grouped(r.From.Events), grouped(r.To.Events), r.From.Hash(), same)
	}
	return t.print(w, 0)
}
