package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newCaseCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "case",
		Short: "cases: alerts that belong together",
		Long: `Group alerts that belong together, such as those of one attack. A case has a title, an owner and a timeline: what happened
to it and to its alerts. It is open or closed; closing it closes no alert.`,
		Example: `  logcenter case create 'stolen VPN account' --owner alice --alert 7d9f0c21aa35be10c4f2d6180e9b7a53
  logcenter case show 1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCaseCreateCommand(c), newCaseListCommand(c), newCaseShowCommand(c))
	for _, a := range caseActions {
		cmd.AddCommand(newCaseActionCommand(c, a))
	}
	return cmd
}

func newCaseCreateCommand(c *connection) *cobra.Command {
	var n client.NewCase
	cmd := &cobra.Command{
		Use:     "create TITLE",
		Short:   "make a case",
		Example: "  logcenter case create 'stolen VPN account' --owner alice --alert 7d9f0c21aa35be10c4f2d6180e9b7a53",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			n.Title = args[0]
			made, err := cl.CreateCase(cmd.Context(), n)
			if err != nil {
				return err
			}
			tell(cmd.OutOrStdout(), "case %d has %s\n", made.ID, counted(int(made.Alerts), "alert"))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&n.Owner, "owner", "", "`name` of who has it")
	f.StringVar(&n.Note, "note", "", "`text` for its timeline")
	f.StringSliceVar(&n.IDs, "alert", nil, "`ids` of alerts that it begins with")
	completeFlag(cmd, "alert", completeAlerts(c, false, "open", "acknowledged"))
	return cmd
}

func newCaseListCommand(c *connection) *cobra.Command {
	var (
		out          output
		state, owner string
		before       int64
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list cases, the newest first",
		Long:  "List cases, the newest first, up to 1,000; --before shows those that are older.",
		Example: `  logcenter case list --state open
  logcenter case list --owner alice -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			cases, err := cl.Cases(cmd.Context(), state, owner, before)
			if err != nil {
				return err
			}
			t := newTable("case", "title", "state", "owner", "alerts", "created", "by").numbers("case", "alerts")
			for _, one := range cases {
				t.add(strconv.FormatInt(one.ID, 10), one.Title, one.State, one.Owner, grouped(one.Alerts), moment(one.Created), one.By)
			}
			return out.print(cmd.OutOrStdout(), t, cases)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	f := cmd.Flags()
	f.StringVar(&state, "state", "", "only in this `state`: open or closed")
	f.StringVar(&owner, "owner", "", "only of this `person`")
	f.Int64Var(&before, "before", 0, "only those before the case with this `number`")
	completeOutput(cmd)
	complete(cmd, "state", "open", "closed")
	return cmd
}

func newCaseShowCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:               "show NUMBER",
		Short:             "show a case with its alerts and its timeline",
		Example:           "  logcenter case show 1",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeCases(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			n, err := numberOf(args[0])
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			one, err := cl.Case(cmd.Context(), n)
			if err != nil {
				return err
			}
			if out.format == "table" {
				return printCase(cmd.OutOrStdout(), one)
			}
			return out.print(cmd.OutOrStdout(), changeLog(one.Timeline), one)
		},
	}
	out.flags(cmd.Flags(), "the API's answer; csv is the timeline")
	completeOutput(cmd)
	return cmd
}

func printCase(w io.Writer, one *client.CaseDetail) error {
	t := newTable("", "")
	t.headless = true
	t.add("case", fmt.Sprintf("%d, %s", one.ID, one.State))
	t.add("title", one.Title)
	if one.Owner != "" {
		t.add("owner", one.Owner)
	}
	for i := range one.Members {
		a := &one.Members[i]
		t.add(once(i, "alerts"), fmt.Sprintf("%s %s %s %s [%s]", moment(a.First), a.ID, a.Severity, a.Name, alertState(a)))
	}
	for i, l := range one.Timeline {
		about := ""
		if l.Alert != "" && l.What != "added" && l.What != "removed" {
			about = "  " + l.Alert
		}
		t.add(once(i, "timeline"), changeText(l)+about)
	}
	return t.print(w, 0)
}

// caseAction is a command that changes a case.
type caseAction struct {
	use, action, short, example string
	alerts                      bool // behind the number
	note, owner                 bool // flags, or of note the argument
}

var caseActions = []caseAction{
	{"add NUMBER ALERT...", "add", "add alerts to a case", "  logcenter case add 1 7d9f0c21aa35be10c4f2d6180e9b7a53", true, false, false},
	{"remove NUMBER ALERT...", "remove", "take alerts out of a case", "  logcenter case remove 1 7d9f0c21aa35be10c4f2d6180e9b7a53", true, true, false},
	{"assign NUMBER", "assign", "give a case to somebody", "  logcenter case assign 1 --owner bob", false, true, true},
	{"close NUMBER", "close", "close a case; its alerts stay as they are", "  logcenter case close 1 --note 'the account is locked'", false, true, false},
	{"reopen NUMBER", "reopen", "open a closed case again", "  logcenter case reopen 1", false, true, false},
	{"note NUMBER TEXT", "note", "write something into the timeline of a case", "  logcenter case note 1 'the user was on leave'", false, false, false},
}

func newCaseActionCommand(c *connection, what caseAction) *cobra.Command {
	a := client.CaseAction{Action: what.action}
	cmd := &cobra.Command{Use: what.use, Short: what.short, Example: what.example, Args: cobra.ExactArgs(1)}
	switch {
	case what.alerts:
		cmd.Args = cobra.MinimumNArgs(2)
	case what.action == "note":
		cmd.Args = cobra.ExactArgs(2)
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if what.alerts && len(args) > 0 {
			return completeAlerts(c, true)(cmd, args, typed)
		}
		return completeCases(c)(cmd, args, typed)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		n, err := numberOf(args[0])
		if err != nil {
			return err
		}
		switch {
		case what.alerts:
			a.IDs = args[1:]
		case what.action == "note":
			a.Note = args[1]
		case what.owner && !cmd.Flags().Changed("owner"):
			return usagef("say to whom: --owner NAME; --owner '' is nobody")
		}
		cl, err := c.client()
		if err != nil {
			return err
		}
		one, err := cl.ActOnCase(cmd.Context(), n, a)
		if err != nil {
			return err
		}
		tell(cmd.OutOrStdout(), "case %d is %s, has %s%s\n", one.ID, one.State, counted(int(one.Alerts), "alert"), ownedBy(one.Owner))
		return nil
	}
	if what.note {
		cmd.Flags().StringVar(&a.Note, "note", "", "`text` for the timeline")
	}
	if what.owner {
		cmd.Flags().StringVar(&a.Owner, "owner", "", "`name` of who has it from now on; empty is nobody")
	}
	return cmd
}

func ownedBy(who string) string {
	if who == "" {
		return ""
	}
	return ", owner " + who
}
