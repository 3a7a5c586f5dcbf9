package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/service"
)

func newValidateCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "check a configuration file",
		Long: `Check a configuration file without starting anything.

Every fault is told with file, line, column, key and what would be right, all of them at once. The exit code
is 5 if there is any. Certificates, keys, tokens and folders that it names must be readable. Addresses that cannot
be listened on now, unless by the host that runs with this data, are told as notes, as is where events are kept
shorter than the log standard asks for. Classification rules are compared with the retention table, channels of alerts with
the plugins there are, and rules of alerts.rules are read; ` + "`logcenter rule validate`" + ` asks the detectors as well. What only
the running plugins know is not checked here: their own settings under
plugins.settings.ID.config, and whether the fields that streams ask for exist.`,
		Example: `  logcenter validate
  logcenter validate --config /etc/logcenter/logcenter.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(path)
			if err == nil {
				err = c.CheckFiles()
			}
			if err == nil && c.Alerts.Rules != "" {
				_, err = rule.ReadFolder(c.Path(c.Alerts.Rules))
			}
			if err == nil {
				err = checkChannels(cmd, c)
			}
			if err != nil {
				return &configError{err}
			}
			if err := tellGaps(cmd, c); err != nil {
				return err
			}
			if !disk.InUse(filepath.Join(c.Path(c.DataDir), "journal", "raw")) { // else the ports are that host's
				for _, refused := range service.TryPorts(c) {
					tell(cmd.ErrOrStderr(), "note: as things are now, %v\n", refused)
				}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is right: HTTP on %s, %s, %s, %s, data in %s\n", path, c.HTTP.Listen,
				counted(len(c.Inputs), "input"), counted(len(c.Classification), "classification rule"), counted(len(c.Streams), "stream"), c.Path(c.DataDir))
			return err
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "logcenter.yaml", "the configuration `file`")
	markFile(cmd, "config", "yaml", "yml")
	return cmd
}

// checkChannels compares the channels of alerts with the plugins of this machine, if it has any.
func checkChannels(cmd *cobra.Command, c *config.Config) error {
	if len(c.NamedChannels()) == 0 {
		return nil
	}
	notifiers := service.Notifiers(c)
	if len(notifiers) == 0 {
		tell(cmd.ErrOrStderr(), "note: there are no notifiers on this machine, so that the channels of alerts are not checked\n")
		return nil
	}
	return c.CheckChannels(notifiers)
}

// tellGaps says where the configuration keeps events shorter than the log standard asks for.
func tellGaps(cmd *cobra.Command, c *config.Config) error {
	p, err := c.RetentionPolicy()
	if err != nil {
		return err
	}
	for _, g := range p.Gaps() {
		tell(cmd.ErrOrStderr(), "note: a gap against the log standard: %s\n", g)
	}
	if c.Archive.Kind == "none" {
		tell(cmd.ErrOrStderr(), "note: a gap against the log standard: archive.kind is none, so that events are gone after their online days\n")
	}
	return nil
}

// markFile tells the shell that a flag is a file with one of the endings.
func markFile(cmd *cobra.Command, flag string, endings ...string) {
	if err := cmd.MarkFlagFilename(flag, endings...); err != nil {
		panic(err) // the flag does not exist
	}
}
