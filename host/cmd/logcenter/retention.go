package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/sdk/client"
)

func newRetentionCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retention",
		Short: "show and carry out how long events are kept",
		Long: `Show and carry out how long events are kept.

Each device type and log type has a number of days online and of years in the archive, both counted from the day the
event came in (event.ingested, UTC). What is past its days is not shown by searches any more; it is archived, read back
and then dropped. The log standard's table is the default; retention.policy in the configuration changes it.`,
		Example: `  logcenter retention policy
  logcenter retention plan
  logcenter retention run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyCommand(c), newPlanCommand(c), newRetentionRunCommand(c))
	return cmd
}

func newPolicyCommand(c *connection) *cobra.Command {
	var out output
	var standard, yaml bool
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "show how long events of each type are kept",
		Long: `Show how long events of each type are kept, by the host or, with --standard, by the log standard.

With --yaml it is written as retention.policy of a configuration, to be changed there.`,
		Example: `  logcenter retention policy
  logcenter retention policy --standard --yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			p := standardPolicy()
			if !standard {
				cl, err := c.client()
				if err != nil {
					return err
				}
				if p, err = cl.RetentionPolicy(cmd.Context()); err != nil {
					return err
				}
			}
			if yaml {
				return printPolicy(cmd.OutOrStdout(), p)
			}
			if err := out.print(cmd.OutOrStdout(), policyTable(p), p); err != nil {
				return err
			}
			tellNotes(cmd, "gap against the log standard", p.Gaps)
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	cmd.Flags().BoolVar(&standard, "standard", false, "that of the log standard, without a host")
	cmd.Flags().BoolVar(&yaml, "yaml", false, "as a part of logcenter.yaml")
	completeOutput(cmd)
	return cmd
}

func standardPolicy() *client.RetentionPolicy {
	p := &client.RetentionPolicy{Gaps: []string{}}
	for _, r := range retention.Standard().Rows() {
		p.Rows = append(p.Rows, client.RetentionRow{
			DeviceType: r.ObserverType, LogType: r.LogType, Class: r.Class().Name, OnlineDays: r.OnlineDays, ArchiveYears: r.ArchiveYears,
		})
	}
	return p
}

func policyTable(p *client.RetentionPolicy) *table {
	t := newTable("device type", "log type", "online days", "archive years", "").numbers("online days", "archive years")
	for _, r := range p.Rows {
		changed := ""
		if r.Changed {
			changed = "changed"
		}
		t.add(r.DeviceType, r.LogType, strconv.Itoa(r.OnlineDays), strconv.Itoa(r.ArchiveYears), changed)
	}
	return t
}

func printPolicy(w io.Writer, p *client.RetentionPolicy) error {
	text := "retention:\n  policy:\n"
	for _, r := range p.Rows {
		text += fmt.Sprintf("    - {device_type: %s, log_type: %s, online_days: %d, archive_years: %d}\n", r.DeviceType, r.LogType, r.OnlineDays, r.ArchiveYears)
	}
	_, err := io.WriteString(w, text)
	return err
}

func tellNotes(cmd *cobra.Command, what string, notes []string) {
	for _, n := range notes {
		tell(cmd.ErrOrStderr(), "%s: %s\n", what, n)
	}
}

func newPlanCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "show what the policy takes on disk, as measured from what is stored",
		Long: `Show what the policy takes on disk, as measured from what is stored: bytes a day by class and source, what online
days and archive years come to, when the disk with the data is full, and where the policy is shorter than the log standard.`,
		Example: "  logcenter retention plan",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			p, err := cl.RetentionPlan(cmd.Context())
			if err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), planTable(p), p); err != nil || out.format != "table" {
				return err
			}
			return printPlan(cmd, p, &out)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func planTable(p *client.RetentionPlan) *table {
	t := newTable("class", "days", "years", "oldest", "events", "online", "a day", "archived", "online in the end", "archive in the end").
		numbers("days", "years", "events", "online", "a day", "archived", "online in the end", "archive in the end")
	for _, c := range p.Classes {
		t.add(c.Class, strconv.Itoa(c.OnlineDays), strconv.Itoa(c.ArchiveYears), c.Oldest, grouped(c.Events), amount(c.Bytes), amount(c.DayBytes),
			amount(c.ArchivedBytes), amount(c.OnlineNeed), amount(c.ArchiveNeed))
	}
	return t
}

func printPlan(cmd *cobra.Command, p *client.RetentionPlan, out *output) error {
	w := cmd.OutOrStdout()
	if len(p.Datasets) > 0 {
		t := newTable("source", "class", "events a day", "a day").numbers("events a day", "a day")
		for _, d := range p.Datasets {
			name := d.Dataset
			if name == "" {
				name = "(none)"
			}
			t.add(name, d.Class, grouped(d.DayEvents), amount(d.DayBytes))
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
		if err := t.print(w, out.limit(w)); err != nil {
			return err
		}
	}
	when := "is not full within ten years"
	if p.DaysLeft >= 0 {
		when = fmt.Sprintf("is full in %s", counted(p.DaysLeft, "day"))
	}
	where := "elsewhere"
	if p.ArchiveHere {
		where = "on the same disk"
	}
	_, err := fmt.Fprintf(w, "\nmeasured over %s; in the end %s online and %s in the archive, which is %s\nthe disk with the data has %s free and %s\n",
		counted(p.Days, "day"), amount(p.OnlineBytes), amount(p.ArchiveBytes), where, amount(p.FreeBytes), when)
	tellNotes(cmd, "gap against the log standard", p.Gaps)
	tellNotes(cmd, "note", p.Notes)
	return err
}

// amount writes bytes for people.
func amount(n int64) string {
	f, units := float64(n), []string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for f >= 999.5 && i+1 < len(units) {
		f /= 1000
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.3g %s", f, units[i])
}

func newRetentionRunCommand(c *connection) *cobra.Command {
	var before string
	var yes, quiet bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "archive, drop and delete what is due, now",
		Long: `Archive, drop and delete what is due, now instead of at the next look.

--before archives partitions whose online time is not over, too, e.g. because the disk is nearly full: those of the days
before the given one. They are not searchable any more then but in the archive; without one (archive.kind: none) they are
gone. That asks for --yes.`,
		Example: `  logcenter retention run
  logcenter retention run --before 2026-11-01 --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if before != "" && !yes {
				return usagef("--before %s archives what is still online, and searches do not show it any more; without an archive it is gone: add --yes", before)
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			was, err := cl.RetentionStatus(cmd.Context())
			if err != nil {
				return err
			}
			p := newProgress(cmd.ErrOrStderr(), quiet)
			is, err := cl.RunRetention(cmd.Context(), before, func(s client.RetentionStatus) {
				p.tell(func() string { return moving(s) })
			})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s archived (%s), %s dropped from the store, %s deleted from the archive, %s expired\n",
				counted(int(is.Archived-was.Archived), "partition"), amount(is.ArchivedBytes-was.ArchivedBytes), grouped(is.Dropped-was.Dropped),
				grouped(is.Deleted-was.Deleted), counted(int(is.Expired-was.Expired), "restored partition"))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&before, "before", "", "also archive partitions of the `days` before this one, yyyy-MM-dd")
	f.BoolVar(&yes, "yes", false, "do not ask")
	f.BoolVarP(&quiet, "quiet", "q", false, "no progress")
	return cmd
}

func moving(s client.RetentionStatus) string {
	return fmt.Sprintf("%s: %s of %s", s.Doing, grouped(s.Done), counted(int(s.Of), "event"))
}
