package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/watchlist"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/document"
	"github.com/logcenter/logcenter/sdk/query"
)

func newWatchlistImportCommand(c *connection) *cobra.Command {
	var i client.WatchlistImport
	var description string
	cmd := &cobra.Command{
		Use:   "import NAME FILE",
		Short: "make a list of a CSV file, or add a file to one",
		Long: `Make a list of a CSV file, - being standard input, or with --add add the file to one. The first line may name the columns
value, note, source, author and expires; without it the columns are these, or the first of them, so that a file with a value
a line is right. Lines that begin with # are comments. expires is a date, whose end counts, a time, or now+30d; empty is never.

All of the file counts, or nothing: what is wrong is told by line and column. Up to 1,000,000 entries and 256 MiB.`,
		Example: `  logcenter watchlist import scanners scanners.csv --type ip --description 'seen by the honeypot'
  logcenter watchlist import phish feed.csv --type domain --source feed-a --expires now+7d
  logcenter watchlist import iocs hashes.txt --type hash --add`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeWatchlists(c),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("description") {
				i.Description = &description
			}
			i.File = args[1]
			open, err := listSource(cmd, args[1])
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			a, err := cl.ImportWatchlist(cmd.Context(), args[0], open, i)
			if err != nil {
				return inList(err, args[1])
			}
			return tellWatchlist(cmd, a, i.Try)
		},
	}
	f := cmd.Flags()
	f.StringVar(&i.Type, "type", "", "`type` of a new list: ip, domain, hash, user or keyword")
	f.BoolVar(&i.Add, "add", false, "keep entries that are not in the file")
	f.StringVar(&description, "description", "", "what the list is for")
	f.StringVar(&i.Source, "source", "", "where entries are from that do not say it themselves")
	f.StringVar(&i.Expires, "expires", "", "`time` from which entries do not count that say nothing else, e.g. now+30d")
	f.BoolVar(&i.Try, "try", false, "have the host check the file, and change nothing")
	complete(cmd, "type", query.ListTypes()...)
	return cmd
}

// listSource opens a file for each try; standard input is read once, into memory.
func listSource(cmd *cobra.Command, name string) (func() (io.ReadCloser, int64, error), error) {
	if name == "-" {
		text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), watchlist.MaxFile+1))
		return func() (io.ReadCloser, int64, error) {
			return io.NopCloser(bytes.NewReader(text)), int64(len(text)), nil
		}, err
	}
	return func() (io.ReadCloser, int64, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, 0, err
		}
		info, err := f.Stat()
		if err == nil && info.IsDir() {
			err = &wrongError{fmt.Errorf("%s is a folder, not a file of a list", name)}
		}
		if err != nil {
			return nil, 0, errors.Join(err, f.Close())
		}
		return f, info.Size(), nil
	}, nil
}

// inList makes faults that the host finds in a file such of that file.
func inList(err error, file string) error {
	var answer *client.Error
	if !errors.As(err, &answer) || len(answer.Faults) == 0 {
		return err
	}
	if file == "-" {
		file = "standard input"
	}
	var errs []error
	for _, f := range answer.Faults {
		e := &document.Error{File: file, Line: f.Line, Column: f.Column, Msg: f.Message, Hint: f.Hint}
		if f.Line == 0 {
			e.File = ""
		}
		errs = append(errs, e)
	}
	return &configError{errors.Join(errs...)}
}
