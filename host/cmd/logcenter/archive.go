package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/sdk/client"
)

func newArchiveCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "list, check, search, restore and delete archived events",
		Long: `List, check, search, restore and delete archived events.

A partition is the events of one retention class that came in on one day (UTC). It is named CLASS.DAY, e.g.
firewall.attack.2026-08-27; what came late of the same day is CLASS.DAY.2.`,
		Example: `  logcenter archive list
  logcenter archive verify
  logcenter archive search 'source.ip:192.0.2.7' --from 2025-03-01 --to 2025-03-08
  logcenter archive restore firewall.attack.2025-03-04 --for 7d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newArchiveListCommand(c), newArchiveShowCommand(c), newArchiveVerifyCommand(c), newArchiveSearchCommand(c), newArchiveRestoreCommand(c),
		newArchiveHoldCommand(c), newArchiveReleaseCommand(c), newArchiveDeleteCommand(c))
	return cmd
}

const dirHelp = "read the archive in this `folder`, without a host"

func newArchiveListCommand(c *connection) *cobra.Command {
	var out output
	var dir string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the archived partitions",
		Example: `  logcenter archive list
  logcenter archive list --dir /mnt/archive/logcenter`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			l, err := archiveList(cmd.Context(), c, dir)
			if err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), archiveTable(l), l); err != nil || out.format != "table" {
				return err
			}
			tell(cmd.ErrOrStderr(), "%s in %s; the chain has %s and ends with %s\n", counted(len(l.Partitions), "partition"), l.Where,
				counted(l.Records, "record"), short(l.Head))
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	cmd.Flags().StringVar(&dir, "dir", "", dirHelp)
	completeOutput(cmd)
	return cmd
}

func short(sum string) string {
	if sum == "" {
		return "nothing"
	}
	return sum[:12] + "…"
}

func archiveList(ctx context.Context, c *connection, dir string) (*client.ArchiveList, error) {
	if dir == "" {
		cl, err := c.client()
		if err != nil {
			return nil, err
		}
		return cl.Archive(ctx)
	}
	a, err := archive.OpenReadOnly(ctx, archive.Directory(dir))
	if err != nil {
		return nil, err
	}
	l := &client.ArchiveList{Where: a.Where(), Partitions: []client.ArchivedPartition{}}
	l.Records, l.Head = a.Head()
	for _, p := range a.List() {
		l.Partitions = append(l.Partitions, client.ArchivedPartition{
			Name: p.Name(), Class: p.Class, Day: p.Day, Part: p.Part, Format: p.Format, Events: p.Events, RawBytes: p.RawBytes, Bytes: p.Bytes(),
			From: p.From, To: p.To, Archived: p.Time, Until: p.Until(retention.Standard().Class(p.Class).ArchiveYears), Held: p.Held,
		})
	}
	return l, nil
}

func archiveTable(l *client.ArchiveList) *table {
	t := newTable("partition", "events", "lines", "files", "from", "to", "format", "kept until", "held").numbers("events", "lines", "files")
	for _, p := range l.Partitions {
		t.add(p.Name, grouped(p.Events), amount(p.RawBytes), amount(p.Bytes), moment(p.From), moment(p.To), p.Format, p.Until.Format(time.DateOnly), p.Held)
	}
	return t
}

func newArchiveShowCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "show the manifest of an archived partition",
		Example: "  logcenter archive show firewall.attack.2026-08-27",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			m, err := cl.ArchivedManifest(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), m)
		},
	}
}

func newArchiveVerifyCommand(c *connection) *cobra.Command {
	var dir string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "read the whole archive and tell every file that is not as it was written",
		Long: `Read the whole archive and tell every file that is not as it was written, is missing, or does not belong there.

Every record of the chain has the SHA-256 of the one before, and every partition's those of its files. The host also has
a copy of the chain, so that records cut off the end are seen; with --dir there is none: compare the end of the chain that
is printed with what was written down before. The exit code is 1 if anything is wrong.`,
		Example: `  logcenter archive verify
  logcenter archive verify --dir /mnt/archive/logcenter`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p := newProgress(cmd.ErrOrStderr(), quiet)
			r, err := verifyArchive(cmd.Context(), c, dir, func(done, of int64) {
				p.tell(func() string { return fmt.Sprintf("%s of %s", amount(done), amount(of)) })
			})
			if err != nil {
				return err
			}
			return reportVerified(cmd, r)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", dirHelp)
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress")
	return cmd
}

func verifyArchive(ctx context.Context, c *connection, dir string, progress func(done, of int64)) (*client.ArchiveReport, error) {
	if dir == "" {
		cl, err := c.client()
		if err != nil {
			return nil, err
		}
		return cl.VerifyArchive(ctx, progress)
	}
	r, err := archive.Verify(ctx, archive.Directory(dir), "", progress)
	if err != nil {
		return nil, err
	}
	out := &client.ArchiveReport{Records: r.Records, Head: r.Head, Partitions: r.Partitions, Files: r.Files, Bytes: r.Bytes, Notes: r.Notes}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, client.ArchiveProblem(p))
	}
	return out, nil
}

func reportVerified(cmd *cobra.Command, r *client.ArchiveReport) error {
	w := cmd.OutOrStdout()
	for _, p := range r.Problems {
		if _, err := fmt.Fprintf(w, "%s %s\n", p.File, p.Text); err != nil {
			return err
		}
	}
	tellNotes(cmd, "note", r.Notes)
	what := "everything is as it was written"
	if len(r.Problems) > 0 {
		what = counted(len(r.Problems), "problem")
	}
	_, err := fmt.Fprintf(w, "%s: %s, %s with %s; the chain has %s and ends with %s\n", what, counted(r.Partitions, "partition"),
		counted(r.Files, "file"), amount(r.Bytes), counted(r.Records, "record"), r.Head)
	if err == nil && len(r.Problems) > 0 {
		return &quietError{exitFailed}
	}
	return err
}

// archivePage is how many events of an archive are asked for at once: each page opens it anew.
const archivePage = 10000

func newArchiveSearchCommand(c *connection) *cobra.Command {
	o := &searchOptions{}
	var quiet bool
	cmd := &cobra.Command{
		Use:   "search [QUERY]",
		Short: "find archived events where they are",
		Long: `Find archived events where they are, the newest first; nothing is brought into the store. --from and --to are
required. Of an archive in a bucket, only the files that can have what is searched are fetched, to be searched on the host.

` + queryHelp + "\n\n" + timesHelp,
		Example: `  logcenter archive search 'source.ip:192.0.2.7' --from 2025-03-01 --to 2025-03-08
  logcenter archive search 登录失败 --from 2025-03-01 --to 2025-03-02 -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f := cmd.Flags()
			if !f.Changed("from") || !f.Changed("to") {
				return usagef("a search of the archive needs --from and --to: it may reach back for years")
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			p := newProgress(cmd.ErrOrStderr(), quiet)
			search := func(ctx context.Context, r client.SearchRequest) (*client.Page, error) {
				return cl.SearchArchive(ctx, r, func(a client.ArchiveProgress) {
					p.tell(func() string {
						return fmt.Sprintf("%s, %d of %s may have it, %s fetched", counted(a.Partitions, "partition"), a.Needed, counted(a.Files, "file"), amount(a.Fetched))
					})
				})
			}
			return o.pages(cmd, search, archivePage, queryOf(args))
		},
	}
	f := cmd.Flags()
	o.selection.flags(cmd)
	o.output.flags(f, "one event a line")
	f.IntVar(&o.limit, "limit", 100, "at most so many `events`")
	f.StringSliceVar(&o.fields, "fields", nil, "only these `fields`, parted by commas")
	f.BoolVar(&o.oldest, "oldest-first", false, "begin with the oldest event")
	f.BoolVar(&o.count, "count", false, "also count all events that match")
	f.BoolVarP(&quiet, "quiet", "q", false, "no progress")
	completeOutput(cmd)
	return cmd
}

func newArchiveRestoreCommand(c *connection) *cobra.Command {
	var forTime string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "restore NAME...",
		Short: "bring archived partitions back into the store for a while",
		Long: `Bring archived partitions back into the store for a while: they are searched, charted and exported like all others
until they leave again by themselves. They stay in the archive. All events of a partition are there at once, or none.`,
		Example: `  logcenter archive restore firewall.attack.2025-03-04 --for 7d
  logcenter archive list -o csv | grep ^firewall.attack.2025-03 | cut -d, -f1 | xargs logcenter archive restore --for 2d`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			p := newProgress(cmd.ErrOrStderr(), quiet)
			for _, name := range args {
				r, err := cl.RestoreArchived(cmd.Context(), name, forTime, func(s client.RetentionStatus) {
					p.tell(func() string { return moving(s) })
				})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is back until %s: %s from %s to %s\n", name, moment(r.Expires), counted(int(r.Events), "event"), moment(r.From), moment(r.To))
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&forTime, "for", "7d", "`time` after which they leave again, in d, h or m")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress")
	return cmd
}

func newArchiveHoldCommand(c *connection) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:     "hold NAME...",
		Short:   "keep archived partitions from being deleted, by anybody",
		Example: "  logcenter archive hold firewall.attack.2025-03-04 --reason 'case 2026-17'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeHolds(cmd, c, args, reason, (*client.Client).HoldArchived, "is held: "+reason)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`why`; required")
	return cmd
}

func newArchiveReleaseCommand(c *connection) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:     "release NAME...",
		Short:   "end a hold",
		Example: "  logcenter archive release firewall.attack.2025-03-04 --reason 'case 2026-17 is closed'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeHolds(cmd, c, args, reason, (*client.Client).ReleaseArchived, "is not held any more")
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`why`; required")
	return cmd
}

func changeHolds(cmd *cobra.Command, c *connection, names []string, reason string, change func(*client.Client, context.Context, string, string) (*client.ArchivedPartition, error), done string) error {
	if reason == "" {
		return usagef("say why: --reason 'case 2026-17'; it is recorded in the archive")
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := change(cl, cmd.Context(), name, reason); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", name, printable(done)); err != nil {
			return err
		}
	}
	return nil
}

func newArchiveDeleteCommand(c *connection) *cobra.Command {
	var yes, early bool
	cmd := &cobra.Command{
		Use:   "delete NAME...",
		Short: "delete archived partitions for good",
		Long: `Delete archived partitions for good. What is over its archive years is deleted without this. Before, it is refused
unless --before-its-time says that it is meant. The chain records who is gone and why.`,
		Example: "  logcenter archive delete firewall.attack.2025-03-04 --before-its-time --yes",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				ok, err := confirmed(cmd, fmt.Sprintf("Delete %s for good?", strings.Join(args, ", ")))
				if err != nil || !ok {
					return err
				}
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			for _, name := range args {
				if err := cl.DeleteArchived(cmd.Context(), name, early); err != nil {
					return err
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is deleted\n", name); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&early, "before-its-time", false, "although the archive years are not over")
	return cmd
}

// confirmed asks a person on a terminal; elsewhere it says what to add.
func confirmed(cmd *cobra.Command, question string) (bool, error) {
	in, ok := cmd.InOrStdin().(*os.File)
	if st, err := statOf(in); !ok || err != nil || st.Mode()&os.ModeCharDevice == 0 {
		return false, usagef("add --yes: there is nobody to ask")
	}
	tell(cmd.ErrOrStderr(), "%s [y/N] ", question)
	var answer string
	_, err := fmt.Fscanln(io.LimitReader(in, 16), &answer)
	if err != nil || strings.ToLower(answer) != "y" && strings.ToLower(answer) != "yes" {
		tell(cmd.ErrOrStderr(), "nothing is done\n")
		return false, nil
	}
	return true, nil
}

func statOf(f *os.File) (os.FileInfo, error) {
	if f == nil {
		return nil, os.ErrInvalid
	}
	return f.Stat()
}
