package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newPluginCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "show, switch and test plugins",
		Example: `  logcenter plugin list
  logcenter plugin test examples/acmevpn
  logcenter plugin info geoip
  logcenter plugin disable geoip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPluginNewCommand(), newPluginListCommand(c), newPluginInfoCommand(c), newPluginTestCommand(),
		newPluginSwitchCommand(c, "enable", "start a plugin, also one in quarantine", (*client.Client).EnablePlugin),
		newPluginSwitchCommand(c, "disable", "stop a plugin; events go on without it", (*client.Client).DisablePlugin))
	return cmd
}

func newPluginListCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the plugins, how they are and what they cost",
		Example: `  logcenter plugin list
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
			plugins, err := cl.Plugins(cmd.Context())
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), pluginTable(plugins), plugins)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func pluginTable(plugins []client.Plugin) *table {
	t := newTable("id", "kind", "version", "state", "rows", "errors", "restarts", "ms/MB", "reason").numbers("rows", "errors", "restarts", "ms/MB")
	for _, p := range plugins {
		t.add(p.ID, p.Kind, p.Version, p.State, fmt.Sprint(p.Rows), fmt.Sprint(p.Errors), fmt.Sprint(p.Restarts), fmt.Sprintf("%.2f", p.MsPerMB), p.Reason)
	}
	return t
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
	var walk func(prefix string, raw json.RawMessage)
	walk = func(prefix string, raw json.RawMessage) {
		var s struct {
			Properties json.RawMessage `json:"properties"`
		}
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		for _, key := range keysOf(s.Properties) {
			var p struct {
				Type        any             `json:"type"`
				Default     json.RawMessage `json:"default"`
				Description string          `json:"description"`
				Enum        []any           `json:"enum"`
				Items       json.RawMessage `json:"items"`
			}
			if json.Unmarshal(key.value, &p) != nil {
				continue
			}
			kind := cell(p.Type)
			if p.Enum != nil {
				kind = cell(p.Enum)
			}
			t.add("  "+prefix+key.name, kind, compactJSON(p.Default), p.Description)
			walk(prefix+key.name+".", key.value)
			walk(prefix+key.name+"[].", p.Items)
		}
	}
	walk("", raw)
	if len(t.rows) == 0 {
		return nil
	}
	return t
}

type member struct {
	name  string
	value json.RawMessage
}

// keysOf are the members of a JSON object in their order.
func keysOf(raw json.RawMessage) (list []member) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return list
		}
		m := member{}
		m.name, _ = name.(string) // keys are strings
		if d.Decode(&m.value) != nil {
			return list
		}
		list = append(list, m)
	}
	return list
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
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", p.ID, p.State)
			return err
		},
		ValidArgsFunction: completePlugins(c),
	}
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
