package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

// exportOptions are the flags of export.
type exportOptions struct {
	selection
	format, content string
	fields          []string
	file            string
	resume          bool
	overwrite       bool
	quiet           bool
}

func newExportCommand(c *connection) *cobra.Command {
	o := &exportOptions{}
	cmd := &cobra.Command{
		Use:   "export [QUERY]",
		Short: "write events into a file, however many",
		Long: `Write events into a file or to standard output, however many, the oldest day first.

An export into a file that was interrupted, on either side, goes on with --resume: every event is in the file
once. What is needed for that lies beside the file in FILE.progress until the export is done. The host forgets an
export that nobody asks for in seven days.

` + queryHelp + "\n\n" + timesHelp,
		Example: `  logcenter export 'event.dataset:nginx.access' --from -24h -f access.ndjson
  logcenter export --resume -f access.ndjson
  logcenter export --from 2026-10-01 --to 2026-10-02 --format csv --fields @timestamp,source.ip,event.action -f day.csv
  logcenter export --content raw --from -1h --format ndjson | gzip > raw.ndjson.gz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			patient := *c
			patient.retries = manyRetries // an export may run all night
			return o.run(cmd, &patient, args)
		},
	}
	o.selection.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "ndjson", "`form` of the file: ndjson (one event a line) or csv")
	f.StringVar(&o.content, "content", "both", "raw for the lines as received, masked; parsed for all but them; both")
	f.StringSliceVar(&o.fields, "fields", nil, "only these `fields`, in place of --content")
	f.StringVarP(&o.file, "file", "f", "", "write into this `file`; without it to standard output")
	f.BoolVar(&o.resume, "resume", false, "go on with an interrupted export into --file")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace --file if it exists")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	complete(cmd, "format", "ndjson", "csv")
	complete(cmd, "content", "raw", "parsed", "both")
	return cmd
}

func (o *exportOptions) run(cmd *cobra.Command, c *connection, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	r := client.ExportRequest{Selection: o.of(queryOf(args)), Format: o.format, Content: o.content, Fields: o.fields}
	shown := newExportProgress(cmd.ErrOrStderr(), o.quiet)
	var done client.Progress
	switch {
	case o.file == "":
		done, err = cl.Export(cmd.Context(), r, cmd.OutOrStdout(), shown.tell)
	default:
		done, err = o.intoFile(cmd, cl, r, shown)
	}
	if err != nil {
		if o.file != "" && done.ID != "" {
			shown.p.end("%s rows are in %s; go on with: logcenter export --resume -f %s", grouped(done.Rows), o.file, o.file)
		}
		return inQuery(err, r.Query)
	}
	shown.end(done)
	return nil
}

func (o *exportOptions) check(args []string) error {
	switch {
	case o.format != "ndjson" && o.format != "csv":
		return usagef("--format %s is not possible: use ndjson or csv", o.format)
	case o.content != "raw" && o.content != "parsed" && o.content != "both":
		return usagef("--content %s is not possible: use raw, parsed or both", o.content)
	case o.resume && o.file == "":
		return usagef("--resume needs --file: standard output cannot be gone on with")
	case o.resume && len(args) > 0:
		return usagef("--resume goes on with the query of the interrupted export: leave QUERY out")
	}
	_, err := o.location()
	return err
}

// intoFile exports into a file, whose progress is kept beside it.
func (o *exportOptions) intoFile(cmd *cobra.Command, cl *client.Client, r client.ExportRequest, shown *exportProgress) (client.Progress, error) {
	state := o.file + ".progress"
	at, err := o.begin(cmd, cl, r, state)
	if err != nil {
		return client.Progress{}, err
	}
	f, err := os.OpenFile(o.file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return at, err
	}
	defer f.Close() //nolint:errcheck // closed below where all went well
	// What was written behind the progress that is known is written again.
	if err := f.Truncate(at.Bytes); err != nil {
		return at, err
	}
	if _, err := f.Seek(at.Bytes, io.SeekStart); err != nil {
		return at, err
	}
	at, err = cl.Download(cmd.Context(), at, f, func(p client.Progress) error {
		if err := f.Sync(); err != nil {
			return err
		}
		if err := keep(state, p); err != nil {
			return err
		}
		return shown.tell(p)
	})
	if err != nil {
		return at, err
	}
	if err := f.Close(); err != nil {
		return at, err
	}
	if err := cl.DeleteExport(cmd.Context(), at.ID); err != nil && !client.IsCode(err, client.CodeNotFound) {
		tell(cmd.ErrOrStderr(), "note: the host could not forget the export: %s\n", message(err))
	}
	return at, os.Remove(state)
}

// begin makes an export, or reads where an earlier one ended.
func (o *exportOptions) begin(cmd *cobra.Command, cl *client.Client, r client.ExportRequest, state string) (client.Progress, error) {
	var at client.Progress
	if info, err := os.Stat(o.file); err == nil && info.IsDir() {
		return at, usagef("%s is a folder: name a file in it", o.file)
	}
	b, err := os.ReadFile(state)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return at, err
	case o.resume && err != nil:
		return at, usagef("there is no %s: %s is whole or was never begun", state, o.file)
	case o.resume:
		if err := json.Unmarshal(b, &at); err != nil || at.ID == "" {
			return at, fmt.Errorf("%s is damaged: remove it and %s, and export again", state, o.file)
		}
		if info, err := os.Stat(o.file); err != nil || info.Size() < at.Bytes {
			return client.Progress{}, fmt.Errorf("%s has less than the %d bytes it had: remove %s and export again", o.file, at.Bytes, state)
		}
		return at, nil
	case err == nil && !o.overwrite:
		return at, usagef("an export into %s was interrupted: go on with --resume, or begin again with --overwrite", o.file)
	}
	if _, err := os.Stat(o.file); err == nil && !o.overwrite {
		return at, usagef("%s exists: name another file, or replace it with --overwrite", o.file)
	}
	e, err := cl.CreateExport(cmd.Context(), r)
	if err != nil {
		return at, err
	}
	at = client.Progress{ID: e.ID, Total: e.Total}
	return at, keep(state, at)
}

// keep replaces the file at path by p, so that it is always whole.
func keep(path string, p client.Progress) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".tmp", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// exportProgress shows how far an export is.
type exportProgress struct {
	p     *progress
	begun time.Time
	first *client.Progress // the first part of this run, by which speed is measured
}

func newExportProgress(w io.Writer, quiet bool) *exportProgress {
	return &exportProgress{p: newProgress(w, quiet), begun: time.Now()}
}

func (e *exportProgress) tell(at client.Progress) error {
	if e.first == nil {
		e.first = &at
	}
	e.p.tell(func() string {
		s := grouped(at.Rows) + " rows"
		if at.Total > 0 {
			s = fmt.Sprintf("%s of %s rows, %.0f%%", grouped(at.Rows), grouped(at.Total), 100*float64(min(at.Rows, at.Total))/float64(at.Total))
		}
		s += ", " + megabytes(at.Bytes)
		took := time.Since(e.begun)
		if rows := at.Rows - e.first.Rows; rows > 0 && at.Total > at.Rows {
			left := time.Duration(float64(took) / float64(rows) * float64(at.Total-at.Rows))
			s += ", " + left.Round(time.Second).String() + " left"
		}
		return s
	})
	return nil
}

func (e *exportProgress) end(at client.Progress) {
	took := max(time.Since(e.begun).Seconds(), 1e-3)
	e.p.end("%s rows, %s in %.1f s", grouped(at.Rows), megabytes(at.Bytes), took)
	if at.Skipped > 0 {
		e.p.end("note: %s values were left out, because their fields came up when the columns were fixed already; use --format ndjson, or name them in --fields", grouped(at.Skipped))
	}
}
