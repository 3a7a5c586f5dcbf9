package file

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// search opens files that the patterns name and that are not followed yet, and notes new names. start is
// true at the first search of a run.
func (in *Input) search(start bool) {
	for _, f := range in.files {
		f.named = false
	}
	refused := 0
	for _, path := range in.matches() {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue // gone again, or a directory
		}
		id := identify(info)
		if f := in.files[id]; f != nil {
			f.named, f.path = true, path
			continue
		}
		if len(in.files) >= in.cfg.MaxFiles {
			refused++
			continue
		}
		in.open(path, start)
	}
	if refused > in.refused {
		in.count.Fail(errors.New("too many files"))
		in.env.Log("input %s: %d files match beyond the %d that are followed at once and are not read: raise max_files or narrow the paths",
			in.cfg.Name, refused, in.cfg.MaxFiles)
	}
	in.refused = refused
	if start {
		in.searchRenamed()
	}
	in.first = false
	in.dirty = in.dirty || start
}

func (in *Input) matches() []string {
	var all []string
	for _, p := range in.cfg.Paths {
		m, err := filepath.Glob(p)
		if err != nil {
			continue // checked by New
		}
		for _, path := range m {
			switch strings.ToLower(filepath.Ext(path)) {
			case ".gz", ".bz2", ".xz", ".zst":
			default:
				all = append(all, path)
			}
		}
	}
	return all
}

// searchRenamed finds files with unread bytes that were renamed while the input did not run: they are
// looked for in the directory where they were.
func (in *Input) searchRenamed() {
	lost := map[string]bool{}
	for _, c := range in.old {
		lost[filepath.Dir(c.Path)] = true
	}
	for dir := range lost {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // gone with its files
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			if c, ok := in.old[identify(info)]; ok && info.Size() > c.Offset && len(in.files) < in.cfg.MaxFiles {
				in.open(filepath.Join(dir, e.Name()), true)
			}
		}
	}
}

// open begins to follow a file, where it was left or else at its beginning or end.
func (in *Input) open(path string, start bool) {
	h, err := os.Open(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !in.reported[path] && len(in.reported) < 1000 {
			in.reported[path] = true
			in.count.Fail(err)
			in.env.Log("input %s: %v; trying again every second", in.cfg.Name, err)
		}
		return
	}
	info, err := h.Stat()
	if err != nil {
		_ = h.Close() // was only read
		return
	}
	delete(in.reported, path)
	id := identify(info)
	f := &tail{in: in, file: h, path: path, named: true, grew: time.Now(), feed: in.batcher.NewFeed(true)}
	f.print, f.length = fingerprint(h, maxPrint)
	was, known := in.old[id]
	switch {
	case known && f.same(was):
		f.offset, f.print, f.length = was.Offset, [sha256.Size]byte(was.Fingerprint), was.Length
	case start && in.first && !in.cfg.FromStart:
		f.offset = info.Size()
	}
	delete(in.old, id)
	f.start()
	in.files[id] = f
	in.count.Connections.Add(1)
	in.count.Accepted.Add(1)
}

// retire stops following a file that has lost its name and is read to its end. Its position is kept until
// it is durable, and long after.
func (in *Input) retire(id identity, f *tail) {
	if in.batcher.Wait(f.source) != nil {
		return // the host is stopping
	}
	in.old[id] = checkpoint{f.path, id.Device, id.Inode, f.print[:], f.length, f.offset, time.Now().UTC()}
	in.dirty = true
	in.close(f)
	delete(in.files, id)
}

func (in *Input) close(f *tail) {
	_ = f.file.Close() // was only read
	in.count.Connections.Add(-1)
}

// maxPrint is how many bytes tell files apart.
const maxPrint = 1024

// fingerprint is the SHA-256 of the first n bytes of a file, or of as many as there are.
func fingerprint(h *os.File, n int) (sum [sha256.Size]byte, length int) {
	b := make([]byte, n)
	length, err := h.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		length = 0
	}
	return sha256.Sum256(b[:length]), length
}

// same says whether the file is the one that a position was saved for.
func (f *tail) same(c checkpoint) bool {
	if len(c.Fingerprint) != sha256.Size || c.Length < 0 || c.Length > maxPrint {
		return false
	}
	sum, n := fingerprint(f.file, c.Length)
	info, err := f.file.Stat()
	return err == nil && n == c.Length && sum == [sha256.Size]byte(c.Fingerprint) && info.Size() >= c.Offset
}
