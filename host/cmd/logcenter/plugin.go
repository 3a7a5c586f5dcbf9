package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/schema"
)

func newPluginCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "show, switch, test, install, upgrade and package plugins",
		Example: `  logcenter plugin list
  logcenter plugin test examples/acmevpn
  logcenter plugin info geoip
  logcenter plugin disable geoip
  logcenter plugin install acmefw-1.0.0.lcp
  logcenter plugin upgrade acmefw --canary 5%`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPluginNewCommand(), newPluginListCommand(c), newPluginInfoCommand(c), newPluginSeverityCommand(c), newPluginSandboxCommand(), newPluginTestCommand(),
		newPluginSwitchCommand(c, "enable", "start a plugin, also one in quarantine", (*client.Client).EnablePlugin),
		newPluginDisableCommand(c),
		newPluginUpgradeCommand(c), newPluginRolloutCommand(c), newPluginRollbackCommand(c), newPluginReconfigureCommand(c),
		newPluginInstallCommand(c), newPluginRemoveCommand(c), newPluginVerifyCommand(), newPluginPackageCommand(), newPluginKeyCommand())
	return cmd
}

func newPluginListCommand(c *connection) *cobra.Command {
	var (
		out       output
		installed bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the plugins, how they are and what they cost",
		Example: `  logcenter plugin list
  logcenter plugin list --installed
  logcenter plugin list -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			if installed {
				packages, err := cl.Packages(cmd.Context())
				if err != nil {
					return err
				}
				return out.print(cmd.OutOrStdout(), packageTable(packages), packages)
			}
			plugins, err := cl.Plugins(cmd.Context())
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), pluginTable(plugins), plugins)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	cmd.Flags().BoolVar(&installed, "installed", false, "the packages that are installed instead, active or not")
	completeOutput(cmd)
	return cmd
}

func pluginTable(plugins []client.Plugin) *table {
	t := newTable("id", "kind", "version", "state", "rows", "errors", "restarts", "ms/MB", "memory MB", "lag", "reason").numbers("rows", "errors", "restarts", "ms/MB", "memory MB", "lag")
	for _, p := range plugins {
		t.add(p.ID, p.Kind, p.Version, p.State, fmt.Sprint(p.Rows), fmt.Sprint(p.Errors), fmt.Sprint(p.Restarts), fmt.Sprintf("%.2f", p.MsPerMB), fmt.Sprintf("%.0f", float64(p.MemoryBytes)/1e6), lagText(p), p.Reason)
	}
	return t
}

// lagText is how far a plugin is behind; empty where that is not known.
func lagText(p client.Plugin) string {
	if p.LagSeconds == nil {
		return ""
	}
	return time.Duration(*p.LagSeconds * float64(time.Second)).Round(time.Second).String()
}

func newPluginInfoCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "info ID",
		Short: "show everything about a plugin, including what can be configured",
		Example: `  logcenter plugin info geoip
  logcenter plugin info geoip -o json | jq .config_schema`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			p, err := cl.Plugin(cmd.Context(), args[0])
			if client.IsCode(err, client.CodeNotFound) {
				return inactiveInfo(cmd, cl, &out, args[0], err)
			}
			if err != nil {
				return err
			}
			if out.format != "table" {
				return out.print(cmd.OutOrStdout(), pluginTable([]client.Plugin{*p}), p)
			}
			return pluginInfo(cmd.OutOrStdout(), p)
		},
		ValidArgsFunction: completePlugins(c),
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

// inactiveInfo shows the packages of a plugin that is installed and was never enabled; unknown is the error if there are
// none.
func inactiveInfo(cmd *cobra.Command, cl *client.Client, out *output, id string, unknown error) error {
	all, err := cl.Packages(cmd.Context())
	if err != nil {
		return unknown
	}
	packages := slices.DeleteFunc(all, func(p client.Package) bool { return p.ID != id })
	if len(packages) == 0 {
		return unknown
	}
	if out.format != "table" {
		return out.print(cmd.OutOrStdout(), packageTable(packages), packages)
	}
	for i := range packages {
		if err := packageText(cmd.OutOrStdout(), &packages[i]); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "it is installed, but not active: `logcenter plugin enable %s` starts it\n", id)
	return err
}

// pluginInfo prints a plugin for people.
func pluginInfo(w io.Writer, p *client.Plugin) error {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s  %s\n", name, printable(value))
		}
	}
	line("id", p.ID)
	line("kind", p.Kind)
	line("version", p.Version)
	line("description", p.Description)
	line("state", p.State)
	line("reason", p.Reason)
	if p.PID != 0 {
		line("process", fmt.Sprintf("%d, since %s, %s", p.PID, moment(p.Started), counted(int(p.Restarts), "restart")))
	}
	line("work", fmt.Sprintf("%s rows in %s calls, %s errors, %.1f s of CPU, %.2f ms/MB",
		grouped(int64(p.Rows)), grouped(int64(p.Calls)), grouped(int64(p.Errors)), p.CPUSeconds, p.MsPerMB))
	line("of these", ofNote(p))
	if p.MemoryBytes > 0 {
		line("memory", fmt.Sprintf("%.1f MB", float64(p.MemoryBytes)/1e6))
	}
	line("lag", lagText(*p))
	originText(line, p)
	if p.LastFailure != "" {
		line("last failure", moment(p.FailedAt)+": "+p.LastFailure)
	}
	for _, g := range p.Permissions {
		line("permission", permissionNote(p.ID, g))
	}
	if p.Sandbox != nil {
		line("sandbox", sandboxNote(*p.Sandbox))
	}
	for _, r := range p.Refused {
		line("refused", fmt.Sprintf("to %s, %s", r.What, counted(int(r.Count), "time")))
	}
	line("accepts", compactJSON(p.Accepts))
	line("reads", strings.Join(p.Reads, ", "))
	line("writes", strings.Join(p.Writes, ", "))
	if settings := settingsOf(p.ConfigSchema); settings != nil {
		b.WriteString("\nplugins.settings." + p.ID + ".config:\n")
		if err := settings.print(&b, 0); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// originText says where a plugin comes from, who answers for it, and what it may do beyond reading and writing fields.
func originText(line func(name, value string), p *client.Plugin) {
	switch p.Origin {
	case "folder":
		line("from", p.Folder+", which the admin keeps")
	case "package":
		from := "package " + p.Digest
		if p.InstalledBy != "" {
			from += ", installed " + moment(p.InstalledAt) + " by " + p.InstalledBy
		}
		line("from", from)
		line("in", p.Folder)
		line("instead of", p.Instead)
		line("signed by", signerText(p.Signer))
		line("certificate", certificateText(p.Certificate))
	}
	var may []string
	for _, one := range p.May { // its lines, fields and what is granted stand elsewhere
		switch first, _, _ := strings.Cut(one, " "); first {
		case "parse", "read", "write", "set", "connect", "keep":
		default:
			may = append(may, one)
		}
	}
	line("may", strings.Join(may, "; "))
	if on := p.EnabledInConfig; on != nil {
		line("enabled", fmt.Sprintf("%v by the configuration, at every start", *on))
	}
}

// ofNote is what an admin should know of a plugin's events, empty if there is nothing.
func ofNote(p *client.Plugin) string {
	var said []string
	for _, n := range [...]struct {
		n    uint64
		what string
	}{
		{p.Retries, "sent again because it asked"},
		{p.Poisoned, "it does not survive"},
		{p.BadValues, "values that did not fit their field"},
		{p.Dropped, "dropped"},
		{p.Undeclared, "values thrown away, as plugin.yaml does not list their fields under writes"},
		{p.DropsRefused, "kept although it dropped them, as plugin.yaml does not say permissions: {drop: true}"},
	} {
		if n.n > 0 {
			said = append(said, grouped(int64(n.n))+" "+n.what)
		}
	}
	return strings.Join(said, "; ")
}

func compactJSON(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return ""
	}
	return b.String()
}

// settingsOf is a table of the keys in a plugin's JSON Schema, nil if there are none.
func settingsOf(raw json.RawMessage) *table {
	t := newTable("  key", "type", "default", "description")
	for _, k := range schema.Settings(raw) {
		t.add("  "+k.Path, k.Type, k.Default, k.Description)
	}
	if len(t.rows) == 0 {
		return nil
	}
	return t
}

func newPluginSwitchCommand(c *connection, verb, short string, do func(*client.Client, context.Context, string) (*client.Plugin, error)) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " ID",
		Short:   short,
		Example: "  logcenter plugin " + verb + " geoip",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			p, err := do(cl, cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if on := p.EnabledInConfig; on != nil && *on != (verb == "enable") {
				tell(cmd.ErrOrStderr(), "note: until the host is started again: plugins.settings.%s.enabled in its configuration is %v, which wins\n", p.ID, *on)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", p.ID, p.State)
			return err
		},
		ValidArgsFunction: completePlugins(c),
	}
}

func newPluginDisableCommand(c *connection) *cobra.Command {
	var unmasked bool
	cmd := newPluginSwitchCommand(c, "disable", "stop a plugin; events go on without it", func(cl *client.Client, ctx context.Context, id string) (*client.Plugin, error) {
		p, err := cl.DisablePlugin(ctx, id, unmasked)
		if client.IsCode(err, client.CodeConflict) && !unmasked {
			return nil, fmt.Errorf("%w\nTo put another version or configuration in its place without a gap, use plugin upgrade or plugin reconfigure; --unmasked disables it all the same", err)
		}
		return p, err
	})
	cmd.Long = `Stop a plugin. Events go on without it, also when the host is started again.

The last masking plugin is not disabled unless --unmasked says that secrets may be stored as they come from then on. One
that is broken holds events back until it works again, which loses none.`
	cmd.Flags().BoolVar(&unmasked, "unmasked", false, "disable the last masking plugin, too")
	return cmd
}

// completePlugins tells the shell the ids of the host's plugins.
func completePlugins(c *connection) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		cl, err := c.client()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		plugins, err := cl.Plugins(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []string
		for _, p := range plugins {
			ids = append(ids, p.ID)
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
