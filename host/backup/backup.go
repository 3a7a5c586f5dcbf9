// Package backup keeps copies of a host's data in a directory and brings them back.
//
// A backup directory holds the contents of files, each once however many copies have it, under the SHA-256 of what is in
// them, and a list for every copy:
//
//	copies/2026-11-25T22-50-00.000Z.json   files of one copy: path, size, SHA-256; its own SHA-256 in its second line
//	files/ab/abcdef…                   contents
//	lock                               held while a copy is made or removed
//
// A copy is there once its list is: what a killed backup left is used or removed by the next one. What is copied must not
// change meanwhile; package service sees to that.
package backup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

const (
	copiesDir  = "copies"
	filesDir   = "files"
	nameLayout = "2006-01-02T15-04-05.000Z"
	maxList    = 1 << 30
)

// Copy is the list of one copy.
type Copy struct {
	Version  int        `json:"version"` // of the format, 1
	Name     string     `json:"name"`
	Created  time.Time  `json:"created"`
	Host     string     `json:"host"` // version of Logcenter
	Store    Store      `json:"store"`
	Journals []Journal  `json:"journals"`
	Bytes    int64      `json:"bytes"` // of all files
	Files    []File     `json:"files"` // sorted by path
	Left     []Excluded `json:"left"`  // what was left out on purpose
}

// Store says what a copy has of the store.
type Store struct {
	Kind    string   `json:"kind"`
	Events  int64    `json:"events"`
	Durable uint64   `json:"durable"` // last entry of the event journal whose events are in it
	Elastic *Elastic `json:"elasticsearch,omitempty"`
}

// Elastic says where in a cluster the events of a copy are.
type Elastic struct {
	Prefix     string `json:"prefix"`
	Repository string `json:"repository"`
	Location   string `json:"location"`
	Snapshot   string `json:"snapshot"`
}

// Journal says what a copy has of a journal.
type Journal struct {
	Name  string `json:"name"`
	ID    string `json:"id"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// File is one file of a copy.
type File struct {
	Path   string `json:"path"` // with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Excluded is what a copy does not have.
type Excluded struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Source is a file to copy.
type Source struct {
	Path    string // in the copy, with slashes
	From    string // file; empty: Content
	Content []byte
	Size    int64 // only so many bytes of From; -1 means all
}

// Progress is how far a backup, a check or a restore is.
type Progress struct {
	Files, TotalFiles int
	Bytes, TotalBytes int64
	Copied            int64 // bytes that the directory did not have yet
}

// Dir is a backup directory that is locked for writing.
type Dir struct {
	path string
	lock *os.File
}

// ErrDamaged means that a backup is not as it was written.
var ErrDamaged = errors.New("the backup is damaged")

// OpenDir opens or makes a backup directory to write to. A directory that holds something else is refused.
func OpenDir(path string) (*Dir, error) {
	list, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range list {
		if n := e.Name(); n != copiesDir && n != filesDir && n != "lock" && n != "lost+found" {
			return nil, fmt.Errorf("%s is no backup directory: it holds %s; name an empty or new one", path, n)
		}
	}
	for _, sub := range []string{"", copiesDir, filesDir} {
		if err := os.MkdirAll(filepath.Join(path, sub), 0o700); err != nil {
			return nil, err
		}
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("another backup into %s is running", path)
		}
		return nil, errors.Join(err, lock.Close())
	}
	return &Dir{path, lock}, nil
}

// Close lets go of the directory.
func (d *Dir) Close() error { return d.lock.Close() }

// Create makes a copy of sources. c has what the caller knows of it; Create fills in the rest. A file whose content the
// directory has already is read, but not written again.
func (d *Dir) Create(ctx context.Context, c *Copy, sources []Source, progress func(Progress)) error {
	c.Version, c.Created = 1, time.Now().UTC().Truncate(time.Millisecond)
	if c.Name == "" {
		at := c.Created
		// Copies are in the order of their names. One that was made while the clock ran ahead must not make this the old one.
		if names, err := List(d.path); err == nil && len(names) > 0 {
			if last, err := time.Parse(nameLayout, names[len(names)-1]); err == nil && !at.After(last) {
				at = last.Add(time.Millisecond)
			}
		}
		c.Name = at.Format(nameLayout)
	}
	list := filepath.Join(d.path, copiesDir, c.Name+".json")
	if _, err := os.Stat(list); err == nil {
		return fmt.Errorf("%s exists", list)
	}
	at := Progress{TotalFiles: len(sources)}
	for i := range sources {
		s := &sources[i]
		if s.From == "" {
			s.Size = int64(len(s.Content))
		} else if s.Size < 0 {
			st, err := os.Stat(s.From)
			if err != nil {
				return err
			}
			s.Size = st.Size()
		}
		at.TotalBytes += s.Size
	}
	known := d.known()
	for _, s := range sources {
		f, copied, err := d.add(ctx, s, known[s.Path])
		if err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
		c.Files = append(c.Files, f)
		c.Bytes += f.Size
		at.Files++
		at.Bytes += f.Size
		if copied {
			at.Copied += f.Size
		}
		progress(at)
	}
	slices.SortFunc(c.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	for i := 1; i < len(c.Files); i++ {
		if c.Files[i].Path == c.Files[i-1].Path {
			return fmt.Errorf("%s is to be copied twice", c.Files[i].Path)
		}
	}
	b, err := c.encode()
	if err != nil {
		return err
	}
	if err := d.syncDirs(); err != nil {
		return err
	}
	return durable.Replace(list, b)
}

// known are the files of the newest copy, which most files of the next are the same as.
func (d *Dir) known() map[string]File {
	out := map[string]File{}
	names, err := List(d.path)
	if err != nil || len(names) == 0 {
		return out
	}
	c, err := Read(d.path, names[len(names)-1])
	if err != nil {
		return out // then everything is written
	}
	for _, f := range c.Files {
		out[f.Path] = f
	}
	return out
}

// add copies one file. before is what the newest copy has at its path.
func (d *Dir) add(ctx context.Context, s Source, before File) (f File, copied bool, err error) {
	f = File{Path: s.Path, Size: s.Size}
	if before.Path != "" && before.Size == s.Size && d.has(before) {
		if f.SHA256, err = s.read(ctx, io.Discard); err != nil || f.SHA256 == before.SHA256 {
			return f, false, err
		}
	}
	tmp, err := os.CreateTemp(filepath.Join(d.path, filesDir), "*"+durable.Suffix)
	if err != nil {
		return f, false, err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // it has another name where all went well
	f.SHA256, err = s.read(ctx, tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return f, false, err
	}
	if d.has(f) {
		return f, false, nil
	}
	path := object(d.path, f.SHA256)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return f, false, err
	}
	return f, true, os.Rename(tmp.Name(), path)
}

// has says whether a content is there, by its name and size.
func (d *Dir) has(f File) bool {
	st, err := os.Stat(object(d.path, f.SHA256))
	return err == nil && st.Size() == f.Size
}

// read writes the source's bytes to w and returns their SHA-256.
func (s *Source) read(ctx context.Context, w io.Writer) (string, error) {
	var r io.Reader = bytes.NewReader(s.Content)
	if s.From != "" {
		f, err := os.Open(s.From)
		if err != nil {
			return "", err
		}
		defer f.Close() //nolint:errcheck // it is only read
		r = io.LimitReader(f, s.Size)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), &interruptible{ctx, r})
	if err != nil {
		return "", err
	}
	if n != s.Size {
		return "", fmt.Errorf("%s has become shorter while it was read", s.From)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// interruptible ends reading with its context.
type interruptible struct {
	ctx context.Context //nolint:containedctx // of one copy
	r   io.Reader
}

func (i *interruptible) Read(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(b)
}

// syncDirs makes the names of contents durable.
func (d *Dir) syncDirs() error {
	dirs, err := filepath.Glob(filepath.Join(d.path, filesDir, "??"))
	if err != nil {
		return err
	}
	for _, dir := range append(dirs, filepath.Join(d.path, filesDir), d.path) {
		if err := durable.Sync(dir); err != nil {
			return err
		}
	}
	return nil
}

// Prune removes all but the newest copies, and contents that no copy has. It returns the copies removed.
func (d *Dir) Prune(keep int) (removed []*Copy, err error) {
	names, err := List(d.path)
	if err != nil {
		return nil, err
	}
	if keep <= 0 || keep > len(names) {
		keep = len(names)
	}
	used := map[string]bool{}
	for _, name := range names[len(names)-keep:] {
		c, err := Read(d.path, name)
		if err != nil {
			return nil, err // what it needs is not known, so nothing goes
		}
		for _, f := range c.Files {
			used[f.SHA256] = true
		}
	}
	for _, name := range names[:len(names)-keep] {
		c, err := Read(d.path, name)
		if err != nil {
			c = &Copy{Name: name}
		}
		if err := os.Remove(filepath.Join(d.path, copiesDir, name+".json")); err != nil {
			return removed, err
		}
		removed = append(removed, c)
	}
	if err := durable.Sync(filepath.Join(d.path, copiesDir)); err != nil {
		return removed, err
	}
	return removed, filepath.WalkDir(filepath.Join(d.path, filesDir), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || used[e.Name()] {
			return err
		}
		return os.Remove(path)
	})
}

// List returns the names of the copies in a backup directory, oldest first.
func List(dir string) ([]string, error) {
	list, err := os.ReadDir(filepath.Join(dir, copiesDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no backup directory: it has no folder %s", dir, copiesDir)
	}
	var names []string
	for _, e := range list {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			names = append(names, name)
		}
	}
	return names, err // ReadDir sorts, and names are times
}

// Read reads the list of a copy; an empty name means the newest.
func Read(dir, name string) (*Copy, error) {
	if name == "" {
		names, err := List(dir)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%s has no copy", dir)
		}
		name = names[len(names)-1]
	}
	if name != filepath.Base(name) {
		return nil, fmt.Errorf("%q is no name of a copy; one is e.g. %s", name, time.Unix(0, 0).UTC().Format(nameLayout))
	}
	path := filepath.Join(dir, copiesDir, name+".json")
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no copy %s: `logcenter backup list` shows those it has", dir, name)
	}
	if err != nil {
		return nil, err
	}
	if st.Size() > maxList {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrDamaged, path, maxList)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, path, err)
	}
	return c, nil
}

func (c *Copy) encode() ([]byte, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return append(append(b, '\n'), hex.EncodeToString(sum[:])+"\n"...), nil
}

func decode(b []byte) (*Copy, error) {
	text, sum, ok := bytes.Cut(b, []byte("\n"))
	have := sha256.Sum256(text)
	if !ok || string(sum) != hex.EncodeToString(have[:])+"\n" {
		return nil, errors.New("its checksum differs")
	}
	c := &Copy{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, err
	}
	if c.Version != 1 {
		return nil, fmt.Errorf("it has format %d, this version of Logcenter reads format 1", c.Version)
	}
	for _, f := range c.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) || len(f.SHA256) != 2*sha256.Size {
			return nil, fmt.Errorf("it names the file %q", f.Path)
		}
	}
	return c, nil
}

func object(dir, sum string) string { return filepath.Join(dir, filesDir, sum[:2], sum) }
