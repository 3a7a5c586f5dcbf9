package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newFilesCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "files",
		Short: "give files and videos to the host, and get them back",
		Long: `Files and videos are kept by their content, each with an event that tells of it: name, type, size, SHA-256,
source and time. Search finds them: logcenter search 'observer.type:(file OR video) AND file.name:gate*'.`,
		Example: `  logcenter files put core-switch.conf --source core-sw-01
  logcenter files put gate-3.mp4 --kind video --source gate-3 --start '2026-10-11 12:00:00' --end '2026-10-11 12:10:00'
  logcenter files get 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFilesPutCommand(c), newFilesGetCommand(c))
	return cmd
}

// filesPut are the flags of files put.
type filesPut struct {
	out   output
	zone  selection
	o     client.FileOptions
	quiet bool
}

func newFilesPutCommand(c *connection) *cobra.Command {
	p := &filesPut{}
	cmd := &cobra.Command{
		Use:   "put PATH...",
		Short: "give files to the host",
		Long: `Give files to the host. A file is told to be stored when it and its event are on the host's disk and the host
has what was read here. The same file sent again within a day, unchanged, is not stored twice: run it again after an
interruption.

Without --kind, what looks like a video is one; without --type, the host looks at the content.
Times of --start and --end: 2026-10-11, "2026-10-11 12:00:00", 2026-10-11T12:00:00+08:00, -15m, or milliseconds since 1970.`,
		Example: `  logcenter files put *.conf --source core-sw-01
  logcenter files put gate-3.mp4 --kind video --source gate-3 --start '2026-10-11 12:00:00' --end '2026-10-11 12:10:00'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			patient := *c
			patient.retries = manyRetries // a large file is worth waiting for
			return p.run(cmd, &patient, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.o.Kind, "kind", "", "file or video")
	f.StringVar(&p.o.Source, "source", "", "`name` of the host or camera that the files are from")
	f.StringVar(&p.o.Type, "type", "", "media `type`, e.g. video/mp4")
	f.StringVar(&p.o.Start, "start", "", "`time` at which what they show begins")
	f.StringVar(&p.o.End, "end", "", "`time` at which it ends")
	p.zone.zoneFlag(cmd)
	f.BoolVarP(&p.quiet, "quiet", "q", false, "no progress")
	p.out.flags(f, "what the host says of each file")
	completeOutput(cmd)
	complete(cmd, "kind", "file", "video")
	return cmd
}

func (p *filesPut) run(cmd *cobra.Command, c *connection, paths []string) error {
	if err := p.out.check(); err != nil {
		return err
	}
	if p.o.Kind != "" && p.o.Kind != "file" && p.o.Kind != "video" {
		return usagef("--kind %s is not possible: use file or video", p.o.Kind)
	}
	zone, err := p.zone.location()
	if err != nil {
		return err
	}
	p.o.TimeZone = zone.String()
	cl, err := c.client()
	if err != nil {
		return err
	}
	shown := newProgress(cmd.ErrOrStderr(), p.quiet)
	var stored []*client.StoredFile
	t := newTable("sha256", "size", "kind", "name", "note")
	for _, path := range paths {
		st, err := p.put(cmd, cl, path, shown)
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
			if len(stored) > 0 {
				err = errors.Join(p.out.print(cmd.OutOrStdout(), t, stored), err)
			}
			return err
		}
		stored = append(stored, st)
		note := ""
		switch {
		case st.Duplicate:
			note = "was sent before"
		case st.Existed:
			note = "content is kept once"
		}
		t.add(st.SHA256, grouped(st.Size), st.Kind, st.Name, note)
	}
	return p.out.print(cmd.OutOrStdout(), t, stored)
}

func (p *filesPut) put(cmd *cobra.Command, cl *client.Client, path string, shown *progress) (*client.StoredFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, usagef("it is no file; give the files in it one by one")
	}
	o := p.o
	o.Name = info.Name()
	o.Key = p.key(path, info)
	begun := time.Now()
	st, err := cl.PutFile(cmd.Context(), func() (io.ReadCloser, int64, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, 0, err
		}
		return &watched{File: f, size: info.Size(), name: o.Name, shown: shown}, info.Size(), nil
	}, o)
	if err == nil {
		shown.end("%s: %s in %.1f s", o.Name, megabytes(st.Size), time.Since(begun).Seconds())
	}
	return st, err
}

// key is the same for the same file under the same flags.
func (p *filesPut) key(path string, info fs.FileInfo) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	o := p.o
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %d %q %q %q %q %q %q",
		path, info.Size(), info.ModTime().UnixNano(), o.Kind, o.Type, o.Source, o.Start, o.End, o.TimeZone))
	return "files-put-" + hex.EncodeToString(sum[:16])
}

// watched is a file that tells how far it is read.
type watched struct {
	*os.File
	at, size int64
	name     string
	shown    *progress
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.File.Read(b)
	w.at += int64(n)
	w.shown.tell(func() string {
		return fmt.Sprintf("%s: %s of %s, %.0f%%", printable(w.name), megabytes(w.at), megabytes(w.size), 100*float64(w.at)/float64(max(w.size, 1)))
	})
	return n, err
}

// filesGet are the flags of files get.
type filesGet struct {
	file      string
	overwrite bool
	quiet     bool
}

func newFilesGetCommand(c *connection) *cobra.Command {
	g := &filesGet{}
	cmd := &cobra.Command{
		Use:   "get SHA256",
		Short: "get a file from the host",
		Long: `Get a file from the host by the value of file.hash.sha256 of an event that you may see. What comes is checked
against it before the file gets its name. Without --file it is saved in the current folder under the name that it
was sent with; --file - writes to standard output, where only the exit code says that all was right.`,
		Example: `  logcenter files get 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
  logcenter files get 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752 -o gate-3.mp4`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			return g.run(cmd, cl, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVarP(&g.file, "file", "o", "", "write into this `file`; - is standard output")
	f.BoolVar(&g.overwrite, "overwrite", false, "replace the file if it exists")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "no progress")
	return cmd
}

func (g *filesGet) run(cmd *cobra.Command, cl *client.Client, sha string) error {
	if g.file != "" && g.file != "-" {
		if err := g.free(g.file); err != nil {
			return err
		}
	}
	f, err := cl.File(cmd.Context(), sha)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	shown := newProgress(cmd.ErrOrStderr(), g.quiet)
	if g.file == "-" {
		_, err := io.Copy(cmd.OutOrStdout(), f)
		return err
	}
	to := g.file
	if to == "" {
		if to = filepath.Base(f.Name); f.Name == "" || to == "." || to == ".." || to == string(filepath.Separator) {
			to = sha
		}
		if err := g.free(to); err != nil {
			return err
		}
	}
	begun := time.Now()
	if err := save(to, f, shown); err != nil {
		return err
	}
	shown.end("%s: %s in %.1f s, as its SHA-256 says", to, megabytes(f.Size), time.Since(begun).Seconds())
	return nil
}

// free says whether a file may be written.
func (g *filesGet) free(path string) error {
	if _, err := os.Lstat(path); err == nil && !g.overwrite {
		return usagef("%s exists: name another file with --file, or replace it with --overwrite", path)
	}
	return nil
}

// save writes f beside its place, and renames it when it is whole.
func save(path string, f *client.File, shown *progress) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return err
	}
	done := int64(0)
	_, err = io.Copy(tmp, readerFunc(func(b []byte) (int, error) {
		n, err := f.Read(b)
		done += int64(n)
		shown.tell(func() string {
			return fmt.Sprintf("%s of %s, %.0f%%", megabytes(done), megabytes(f.Size), 100*float64(done)/float64(max(f.Size, 1)))
		})
		return n, err
	}))
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
