package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

// suggestedMost bounds what the shell is shown of things that there are many of, the newest.
const suggestedMost = 100

// completeFirst completes the first argument, or with many all of them, by what the host lists. Without an answer nothing is
// suggested, no files either. A suggestion may have a description behind a tab.
func completeFirst(c *connection, many bool, list func(context.Context, *client.Client) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		const keepOrder = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		if len(args) > 0 && !many {
			return nil, keepOrder
		}
		cl, err := c.client()
		if err != nil {
			return nil, keepOrder
		}
		names, err := list(cmd.Context(), cl)
		if err != nil {
			return nil, keepOrder
		}
		return names, keepOrder
	}
}

// completeAlerts completes ids of alerts in the states given, of all without any.
func completeAlerts(c *connection, many bool, states ...string) cobra.CompletionFunc {
	return completeFirst(c, many, func(ctx context.Context, cl *client.Client) (ids []string, err error) {
		page, err := cl.Alerts(ctx, client.AlertFilter{States: states, Limit: suggestedMost})
		if err != nil {
			return nil, err
		}
		for i := range page.Alerts {
			a := &page.Alerts[i]
			ids = append(ids, fmt.Sprintf("%s\t%s %s %s", a.ID, a.Severity, a.Rule, pairs(a.Keys)))
		}
		return ids, nil
	})
}

func completeCases(c *connection) cobra.CompletionFunc {
	return completeFirst(c, false, func(ctx context.Context, cl *client.Client) (numbers []string, err error) {
		cases, err := cl.Cases(ctx, "", "", 0)
		if err != nil {
			return nil, err
		}
		for _, one := range cases[:min(len(cases), suggestedMost)] {
			numbers = append(numbers, fmt.Sprintf("%d\t%s, %s", one.ID, one.Title, one.State))
		}
		return numbers, nil
	})
}

func completeChannels(c *connection) cobra.CompletionFunc {
	return completeFirst(c, false, func(ctx context.Context, cl *client.Client) (names []string, err error) {
		list, err := cl.Channels(ctx)
		if err != nil {
			return nil, err
		}
		for _, ch := range list {
			names = append(names, ch.Name+"\t"+ch.State)
		}
		return names, nil
	})
}

func completeStreams(c *connection) cobra.CompletionFunc {
	return completeFirst(c, false, func(ctx context.Context, cl *client.Client) (names []string, err error) {
		list, err := cl.Streams(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			names = append(names, s.Name+"\t"+s.Query)
		}
		return names, nil
	})
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
