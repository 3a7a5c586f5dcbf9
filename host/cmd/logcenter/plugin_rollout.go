package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newPluginRolloutCommand(c *connection) *cobra.Command {
	return newRolloutCommand(c, &cobra.Command{
		Use:     "rollout ID",
		Aliases: []string{"shadow", "canary"},
		Short:   "tell how the upgrade of a plugin goes, field by field",
		Long: `Tell how the upgrade of a plugin goes, or how the last one since the host started went.

Of a shadow it shows in how many events a field was set by the old version only, by the new one only, or differently, with
lines as they are after masking. Fill is the part of a version's events that have the field, or in which a masker masked it.`,
		Example: `  logcenter plugin rollout acmefw
  logcenter plugin rollout acmefw -o json | jq '.fields[] | select(.changed > 0)'`,
	}, (*client.Client).Rollout)
}

func newPluginRollbackCommand(c *connection) *cobra.Command {
	return newRolloutCommand(c, &cobra.Command{
		Use:     "rollback ID",
		Short:   "put the version back that was there before the last upgrade",
		Long:    "Put the version of a plugin back that was there before the last upgrade, while events flow. A second rollback undoes the first.",
		Example: "  logcenter plugin rollback acmefw",
	}, (*client.Client).RollbackPlugin)
}

func newRolloutCommand(c *connection, cmd *cobra.Command, do func(*client.Client, context.Context, string) (*client.Rollout, error)) *cobra.Command {
	var out output
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := out.check(); err != nil {
			return err
		}
		cl, err := c.client()
		if err != nil {
			return err
		}
		r, err := do(cl, cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return printRollout(cmd, &out, r)
	}
	cmd.ValidArgsFunction = completePlugins(c)
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func newPluginReconfigureCommand(c *connection) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "reconfigure ID",
		Short: "bring a plugin's settings in the configuration file into effect, while events flow",
		Long: `Have the host read plugins.settings.ID of its configuration file again and bring it into effect while events flow.

The plugin says first whether it takes the settings, in a process beside the one in service; if it does not, nothing changes.
The file stays what counts: a restart has the same settings. SIGHUP does this for all plugins.`,
		Example: `  logcenter plugin reconfigure geoip --check
  logcenter plugin reconfigure geoip`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			r, err := cl.ReconfigurePlugin(cmd.Context(), args[0], check)
			if err != nil {
				return err
			}
			said := "has its new settings"
			switch {
			case check && r.Changed:
				said = "takes the settings in the configuration file; they are not in effect yet"
			case check:
				said = "takes the settings in the configuration file, which are in effect"
			case !r.Changed:
				said = "has these settings already"
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s; it is %s\n", r.Plugin.ID, said, r.Plugin.State)
			return err
		},
		ValidArgsFunction: completePlugins(c),
	}
	cmd.Flags().BoolVar(&check, "check", false, "only ask the plugin whether it takes them")
	return cmd
}

func printRollout(cmd *cobra.Command, out *output, r *client.Rollout) error {
	if out.format == "table" {
		if err := rolloutText(cmd.OutOrStdout(), r); err != nil {
			return err
		}
		if len(r.Fields) == 0 {
			return nil
		}
	}
	return out.print(cmd.OutOrStdout(), rolloutTable(r), r)
}

// rolloutText prints all but the fields' counts for people.
func rolloutText(w io.Writer, r *client.Rollout) error {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-8s  %s\n", name, printable(value))
		}
	}
	how := map[string]string{"direct": "upgrade", "shadow": "shadow", "canary": fmt.Sprintf("canary of %g %% of the batches", 100*r.Share)}[r.Mode]
	line("plugin", r.Plugin+" "+r.From+" → "+r.To)
	line("how", how+", "+strings.ReplaceAll(r.State, "_", " "))
	line("reason", r.Reason)
	when := "since " + moment(r.Started)
	switch {
	case !r.Ended.IsZero():
		when += " until " + moment(r.Ended)
	case r.Mode == "canary" && time.Now().After(r.Until):
		when += ", ends by itself when enough was seen to judge it"
	case !r.Until.IsZero():
		when += ", ends by itself at " + moment(r.Until)
	}
	line("time", when)
	if r.Mode == "shadow" {
		line("compared", fmt.Sprintf("%s events, %s skipped", grouped(r.Compared), counted(int(r.Skipped), "batch")))
	}
	if r.Mode != "direct" {
		for _, s := range [...]struct {
			name string
			of   client.RolloutSide
		}{{r.From, r.Old}, {r.To, r.New}} {
			line(s.name, fmt.Sprintf("%s events, %s errors, %s bad values, %s, %.2f ms/MB of CPU, %.2f ms/MB a call",
				grouped(s.of.Events), grouped(s.of.Errors), grouped(s.of.BadValues), counted(int(s.of.Restarts), "restart"), s.of.MsPerMB, s.of.Latency))
		}
	}
	if r.PauseMs > 0 {
		line("pause", fmt.Sprintf("%.1f ms", r.PauseMs))
	}
	for _, f := range r.Fields {
		for _, s := range f.Samples {
			fmt.Fprintf(&b, "\n%s, %s:\n  %s\n", printable(f.Name), strings.ReplaceAll(s.Way, "_", " "), printable(s.Line))
			for _, v := range [...]struct{ name, text string }{{r.From, s.Old}, {r.To, s.New}} {
				if v.text != "" {
					fmt.Fprintf(&b, "  %s: %s\n", printable(v.name), printable(v.text))
				}
			}
		}
	}
	if len(r.Fields) > 0 {
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func rolloutTable(r *client.Rollout) *table {
	t := newTable("field", "only old", "only new", "changed", "equal", "fill old", "fill new").numbers("only old", "only new", "changed", "equal", "fill old", "fill new")
	for _, f := range r.Fields {
		n := func(v int64) string {
			if r.Mode != "shadow" {
				return "-" // each event was handled by one version
			}
			return grouped(v)
		}
		t.add(f.Name, n(f.OnlyOld), n(f.OnlyNew), n(f.Changed), n(f.Equal), fmt.Sprintf("%.1f%%", 100*f.OldFill), fmt.Sprintf("%.1f%%", 100*f.NewFill))
	}
	return t
}
