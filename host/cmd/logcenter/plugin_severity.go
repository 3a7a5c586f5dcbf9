package main

import (
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newPluginSeverityCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "severity [ID...]",
		Short: "show what the devices' severities mean in log.level",
		Long: `Show what devices write of how grave an event is, and which of the five severities that is in log.level: of all plugins,
or of those named. The table is in each plugin's plugin.yaml; plugins.settings.ID.severity in the configuration goes before
it, word by word:

  plugins:
    settings:
      nsfocus:
        severity: {'1': Info, '2': Warn}

` + "`logcenter plugin reconfigure`" + ` brings a change into effect.`,
		Example: `  logcenter plugin severity
  logcenter plugin severity nsfocus
  logcenter plugin severity -o csv > severities.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			plugins, err := severities(cmd, cl, args)
			if err != nil {
				return err
			}
			t := newTable("plugin", "device writes", "log.level", "by")
			for _, p := range plugins {
				for _, l := range p.Levels {
					t.add(p.Plugin, l.Word, l.Level, l.By)
				}
			}
			return out.print(cmd.OutOrStdout(), t, plugins)
		},
	}
	out.flags(cmd.Flags(), "a list of plugins with their tables")
	completeOutput(cmd)
	return cmd
}

// pluginLevels is the table of one plugin.
type pluginLevels struct {
	Plugin string         `json:"plugin"`
	Levels []client.Level `json:"severity"`
}

// severities are the tables of the plugins named, of all that have one if none is.
func severities(cmd *cobra.Command, cl *client.Client, ids []string) (list []pluginLevels, err error) {
	var plugins []client.Plugin
	if len(ids) == 0 {
		plugins, err = cl.Plugins(cmd.Context())
	}
	for _, id := range ids {
		p, err := cl.Plugin(cmd.Context(), id)
		if err != nil {
			return nil, err
		}
		plugins = append(plugins, *p)
	}
	list = []pluginLevels{}
	for _, p := range plugins {
		if len(p.Severity) > 0 {
			list = append(list, pluginLevels{p.ID, p.Severity})
		}
	}
	return list, err
}
