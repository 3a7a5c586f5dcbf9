package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

// suggestedMost bounds what the shell is shown of things that there are many of, the newest.
const suggestedMost = 100

// completeFirst completes the first argument, or with many all of them, by what the host lists and what is suggested of each
// thing in it, which may have a description behind a tab. Without an answer nothing is suggested, no files either.
func completeFirst[T any](c *connection, many bool, list func(context.Context, *client.Client) ([]T, error), suggested func(T) string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		const keepOrder = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		if len(args) > 0 && !many {
			return nil, keepOrder
		}
		cl, err := c.client()
		if err != nil {
			return nil, keepOrder
		}
		things, err := list(cmd.Context(), cl)
		if err != nil {
			return nil, keepOrder
		}
		var names []string
		for _, t := range things {
			names = append(names, suggested(t))
		}
		return names, keepOrder
	}
}

// completeAlerts completes ids of alerts in the states given, of all without any.
func completeAlerts(c *connection, many bool, states ...string) cobra.CompletionFunc {
	list := func(ctx context.Context, cl *client.Client) ([]client.Alert, error) {
		page, err := cl.Alerts(ctx, client.AlertFilter{States: states, Limit: suggestedMost})
		if err != nil {
			return nil, err
		}
		return page.Alerts, nil
	}
	return completeFirst(c, many, list, func(a client.Alert) string {
		return fmt.Sprintf("%s\t%s %s %s", a.ID, a.Severity, a.Rule, pairs(a.Keys))
	})
}

func completeCases(c *connection) cobra.CompletionFunc {
	list := func(ctx context.Context, cl *client.Client) ([]client.Case, error) {
		cases, err := cl.Cases(ctx, "", "", 0)
		return cases[:min(len(cases), suggestedMost)], err
	}
	return completeFirst(c, false, list, func(one client.Case) string { return fmt.Sprintf("%d\t%s, %s", one.ID, one.Title, one.State) })
}

func completeChannels(c *connection) cobra.CompletionFunc {
	list := func(ctx context.Context, cl *client.Client) ([]client.Channel, error) { return cl.Channels(ctx) }
	return completeFirst(c, false, list, func(ch client.Channel) string { return ch.Name + "\t" + ch.State })
}

func completeStreams(c *connection) cobra.CompletionFunc {
	list := func(ctx context.Context, cl *client.Client) ([]client.Stream, error) { return cl.Streams(ctx) }
	return completeFirst(c, false, list, func(s client.Stream) string { return s.Name + "\t" + s.Query })
}

// completeFlag has a flag completed as arguments are.
func completeFlag(cmd *cobra.Command, flag string, by cobra.CompletionFunc) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return by(cmd, nil, typed)
	})
	if err != nil {
		panic(err) // the flag does not exist
	}
}
