package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/backup"
	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/service"
	"github.com/logcenter/logcenter/sdk/client"
)

type backupOptions struct {
	run      runOptions
	to       string
	keep     int
	secrets  bool
	location string
	offline  bool
	quiet    bool
}

const backupHelp = `A backup directory holds any number of copies. What one copy has in common with those before is there once, so that
each copy only costs what is new; none needs another one.

A copy has everything that was acknowledged when it was begun: stored events, journals, streams, what detectors know,
dead letters with their held bytes, keys of idempotent requests, and the configuration. It has what was not masked yet,
so keep it as safe as the host. Left out, and listed, are the admin's token and the keys, certificates and passwords that
the configuration names. With --secrets the token is copied; without it, requests that were sent with it and are sent
again after a restore are not recognised by their idempotency keys. Keep the key files of journals elsewhere: without
them an encrypted journal cannot be read.`

func newBackupCommand(c *connection) *cobra.Command {
	o := &backupOptions{}
	cmd := &cobra.Command{
		Use:   "backup [DIRECTORY]",
		Short: "copy all that the host keeps, while it runs",
		Long: `Copy all that the host keeps into a directory of its machine, while it runs.

` + backupHelp + `

Events in Elasticsearch stay with the cluster: it makes a snapshot into a folder that --es-location names, which must lie
below path.repo in elasticsearch.yml of every node. The user needs the cluster privilege manage.

With --offline the data of a host that is stopped is copied, without asking it.`,
		Example: `  logcenter backup /backups/logcenter --keep 14
  logcenter backup --to /backups/logcenter --es-location /mnt/es-backups/logcenter
  logcenter backup --offline --config logcenter.yaml /backups/logcenter
  logcenter backup list /backups/logcenter
  logcenter backup verify /backups/logcenter`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := o.directory(args)
			if err != nil {
				return err
			}
			if o.offline {
				return o.copyOffline(cmd, dir)
			}
			return o.copyOnline(cmd, c, dir)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "the backup `directory`, in place of the argument")
	f.IntVar(&o.keep, "keep", 0, "keep so many `copies`, the new one included, and remove older ones; 0 keeps all")
	f.BoolVar(&o.secrets, "secrets", false, "copy the admin's token, too")
	f.StringVar(&o.location, "es-location", "", "`folder` of the nodes for the snapshots of Elasticsearch")
	f.BoolVar(&o.offline, "offline", false, "the host is stopped: copy the data folder of --config or --data")
	f.StringVarP(&o.run.config, "config", "c", "", "with --offline: configuration `file`")
	f.StringVar(&o.run.data, "data", "", "with --offline: `folder` of the data, in place of the configuration's data_dir")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	markFile(cmd, "config", "yaml", "yml")
	cmd.AddCommand(newBackupListCommand(), newBackupVerifyCommand())
	return cmd
}

func (o *backupOptions) directory(args []string) (string, error) {
	dir := o.to
	switch {
	case len(args) == 1 && dir != "":
		return "", usagef("name the backup directory once: as the argument or with --to")
	case len(args) == 1:
		dir = args[0]
	case dir == "":
		return "", usagef("name a directory for the backup, e.g. logcenter backup /backups/logcenter")
	}
	if o.keep < 0 {
		return "", usagef("--keep %d is not possible: use 0 to keep all copies, or how many to keep", o.keep)
	}
	return filepath.Abs(dir)
}

// backupPoll is how often the host is asked how far it is.
const backupPoll = 200 * time.Millisecond

func (o *backupOptions) copyOnline(cmd *cobra.Command, c *connection, dir string) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	st, err := cl.StartBackup(ctx, client.BackupRequest{Directory: dir, Keep: o.keep, Secrets: o.secrets, Location: o.location})
	if err != nil {
		return err
	}
	shown := newProgress(cmd.ErrOrStderr(), o.quiet)
	for st.State == client.BackupRunning {
		shown.tell(func() string { return backupText(st.Step, st.Files, st.TotalFiles, st.Bytes, st.TotalBytes) })
		select {
		case <-time.After(backupPoll):
			st, err = cl.Backup(ctx)
		case <-ctx.Done():
			undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			_, err = cl.CancelBackup(undo)
			return errors.Join(errors.New("the backup is cancelled; what it had copied serves the next one"), err)
		}
		if err != nil {
			return err
		}
	}
	if st.State != client.BackupDone {
		return fmt.Errorf("the backup is %s: %s", st.State, st.Error)
	}
	shown.end("%s, %s of them new, in %s", megabytes(st.TotalBytes), megabytes(st.Copied), st.Ended.Sub(st.Started).Round(time.Millisecond))
	var left []backup.Excluded
	for _, l := range st.Left {
		left = append(left, backup.Excluded(l))
	}
	return tellCopy(cmd.OutOrStdout(), dir, st.Name, st.Events, left)
}

func (o *backupOptions) copyOffline(cmd *cobra.Command, dir string) error {
	cfg, log, err := o.run.quietly(cmd)
	if err != nil {
		return err
	}
	shown := newProgress(cmd.ErrOrStderr(), o.quiet)
	c, err := service.BackupStopped(cmd.Context(), cfg, log, version, service.BackupOptions{
		Dir: dir, Keep: o.keep, Secrets: o.secrets, Location: o.location,
		Progress: func(p backup.Progress, step string) {
			shown.tell(func() string { return backupText(step, p.Files, p.TotalFiles, p.Bytes, p.TotalBytes) })
		},
	})
	if err != nil {
		return err
	}
	shown.end("%s", megabytes(c.Bytes))
	return tellCopy(cmd.OutOrStdout(), dir, c.Name, c.Store.Events, c.Left)
}

// quietly loads the configuration of a host that is stopped; its parts tell warnings only.
func (o *runOptions) quietly(cmd *cobra.Command) (*config.Config, *logrus.Logger, error) {
	cfg, err := o.load()
	if err != nil {
		return nil, nil, err
	}
	log, err := newLog(cfg.Log, cmd.ErrOrStderr())
	if err != nil {
		return nil, nil, &configError{err}
	}
	log.SetLevel(min(log.Level, logrus.WarnLevel))
	return cfg, log, nil
}

func backupText(step string, files, totalFiles int, bytes, totalBytes int64) string {
	s := step
	if totalFiles > 0 {
		s += fmt.Sprintf(", %s of %s files", grouped(int64(files)), grouped(int64(totalFiles)))
	}
	if totalBytes > 0 {
		s += fmt.Sprintf(", %s of %s, %.0f%%", megabytes(bytes), megabytes(totalBytes), 100*float64(bytes)/float64(totalBytes))
	}
	return s
}

func tellCopy(w io.Writer, dir, name string, events int64, left []backup.Excluded) error {
	if _, err := fmt.Fprintf(w, "%s is in %s: %s events and what waits in the journals\n", name, dir, grouped(events)); err != nil {
		return err
	}
	for _, l := range left {
		if _, err := fmt.Fprintf(w, "not included: %s (%s)\n", l.Path, l.Reason); err != nil {
			return err
		}
	}
	return nil
}

func newBackupListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list DIRECTORY",
		Short:   "list the copies in a backup directory",
		Example: "  logcenter backup list /backups/logcenter",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := backup.List(args[0])
			if err != nil {
				return err
			}
			t := newTable("copy", "files", "size", "store", "events", "host").numbers("files", "size", "events")
			for _, name := range names {
				c, err := backup.Read(args[0], name)
				if err != nil {
					t.add(name, "", "", err.Error(), "", "")
					continue
				}
				t.add(name, grouped(int64(len(c.Files))), megabytes(c.Bytes), c.Store.Kind, grouped(c.Store.Events), c.Host)
			}
			return t.print(cmd.OutOrStdout(), terminalColumns(cmd.OutOrStdout()))
		},
	}
}

func newBackupVerifyCommand() *cobra.Command {
	var name string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "verify DIRECTORY",
		Short: "read copies whole and compare them with their checksums",
		Long: `Read every file of all copies in a backup directory, or of one, and compare it with its SHA-256.

Snapshots of Elasticsearch are not read: the cluster checks them when it restores them.`,
		Example: "  logcenter backup verify /backups/logcenter\n  logcenter backup verify /backups/logcenter --copy 2026-11-25T22-50-00.000Z",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			names := []string{name}
			if name == "" {
				var err error
				if names, err = backup.List(args[0]); err != nil {
					return err
				}
			}
			var errs []error
			for _, name := range names {
				shown := newProgress(cmd.ErrOrStderr(), quiet)
				c, err := backup.Read(args[0], name)
				if err == nil {
					err = c.Verify(cmd.Context(), args[0], func(p backup.Progress) {
						shown.tell(func() string { return backupText("reading "+name, p.Files, p.TotalFiles, p.Bytes, p.TotalBytes) })
					})
				}
				if err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", name, err))
					continue
				}
				shown.end("%s is whole: %s files, %s", c.Name, grouped(int64(len(c.Files))), megabytes(c.Bytes))
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().StringVar(&name, "copy", "", "only this `copy`")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress")
	return cmd
}

func newRestoreCommand() *cobra.Command {
	var (
		run        runOptions
		from, name string
		quiet      bool
	)
	cmd := &cobra.Command{
		Use:   "restore --from DIRECTORY",
		Short: "bring a backup back into an empty data folder",
		Long: `Bring a copy that logcenter backup made back into the data folder of --config or --data, which must be empty or missing.

The whole copy is read and checked before anything is written. Events of Elasticsearch are restored into the cluster of
--config, which must have no indices of the prefix. The host then goes on where the copy was made: what was acknowledged
before it is there once, and what came later is lost. A restore that was interrupted is run again.`,
		Example: `  logcenter restore --from /backups/logcenter --config logcenter.yaml
  logcenter restore --from /backups/logcenter --copy 2026-11-25T22-50-00.000Z --data /srv/logcenter`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == "" {
				return usagef("name the backup directory, e.g. logcenter restore --from /backups/logcenter")
			}
			cfg, _, err := run.quietly(cmd)
			if err != nil {
				return err
			}
			return restore(cmd, cfg, &run, from, name, quiet)
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "the backup `directory`")
	f.StringVar(&name, "copy", "", "this `copy` in place of the newest; logcenter backup list shows them")
	f.StringVarP(&run.config, "config", "c", "", "configuration `file` of the host to be")
	f.StringVar(&run.data, "data", "", "`folder` for the data, in place of the configuration's data_dir")
	f.BoolVarP(&quiet, "quiet", "q", false, "no progress")
	markFile(cmd, "config", "yaml", "yml")
	return cmd
}

func restore(cmd *cobra.Command, cfg *config.Config, run *runOptions, from, name string, quiet bool) error {
	c, err := backup.Read(from, name)
	if err != nil {
		return err
	}
	data := cfg.Path(cfg.DataDir)
	shown := newProgress(cmd.ErrOrStderr(), quiet)
	done, err := c.Restore(cmd.Context(), from, data, func(p backup.Progress) {
		shown.tell(func() string { return backupText("restoring", p.Files, p.TotalFiles, p.Bytes, p.TotalBytes) })
	})
	if err != nil {
		return err
	}
	if err := service.RestoreElasticsearch(cmd.Context(), cfg, c); err != nil {
		return fmt.Errorf("%w; then run this command again", err)
	}
	if err := done(); err != nil {
		return err
	}
	shown.end("%s files, %s", grouped(int64(len(c.Files))), megabytes(c.Bytes))
	out := cmd.OutOrStdout()
	start := "logcenter run --data " + data
	if run.config != "" {
		start = "logcenter run --config " + run.config
	}
	_, err = fmt.Fprintf(out, "%s is restored into %s: %s events and what waits in the journals.\nNext: see that the configuration is the one of then (%s),\nthen start the host with: %s\n",
		c.Name, data, grouped(c.Store.Events), filepath.Join(data, "logcenter.yaml.backup"), start)
	for _, l := range c.Left {
		if err == nil {
			_, err = fmt.Fprintf(out, "not in the copy: %s (%s)\n", l.Path, l.Reason)
		}
	}
	return err
}
