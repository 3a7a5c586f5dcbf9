// Package watchlist carries lists of values from the host to all processes that ask them: each list is a file in a
// folder, which the host writes and everybody reads.
//
// A file is text: a line that says what it is, a line for each entry (its value, and behind a tab until when it counts, in
// nanoseconds since 1970, unless that is for ever), and a checksum:
//
//	logcenter-list 1 ip 7 2 27
//	192.0.2.0/24
//	198.51.100.7	1798761600000000000
//	end 89abcdef
//
// It is replaced as a whole, so that whoever opens it reads one version of it. What is added to it and removed from it later may
// stand in a file beside it for a while, see [More].
package watchlist

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"github.com/logcenter/logcenter/sdk/query"
)

// Extension is what the names of files end with; before it stands the name of the list.
const Extension = ".list"

// Env names the environment variable by which a plugin is told the folder.
const Env = "LOGCENTER_LISTS"

// ErrDamaged is a file that is not as it was written.
var ErrDamaged = errors.New("damaged")

// Head is the first line of a file.
type Head struct {
	Type    query.ListType
	Version int64 // ascending
	Entries int
	Bytes   int // of the values
}

// Entry is a line of a file.
type Entry struct {
	Value   string // as [query.ParseListValue] returns it
	Expires int64  // nanoseconds since 1970, 0 never, [Removed] in More
}

// Removed instead of an expiry says that a value is no entry of the list's file any more.
const Removed = -1 << 63

func path(dir, name string) string { return filepath.Join(dir, name+Extension) }

// Write replaces the file of a list. The entries must be as many, and as long, as h says; an error that they end with ends
// the writing, and the file stays as it was.
func Write(dir, name string, h Head, entries iter.Seq2[Entry, error]) error {
	if err := query.CheckListName(name); err != nil {
		return err
	}
	head := fmt.Sprintf("logcenter-list 1 %s %d %d %d\n", h.Type, h.Version, h.Entries, h.Bytes)
	if err := replace(dir, path(dir, name), head, h, entries); err != nil {
		return fmt.Errorf("list %s: %w", name, err)
	}
	return remove(morePath(dir, name)) // it is in it
}

// replace writes a file of entries in the place of the one that is there.
func replace(dir, path, head string, h Head, entries iter.Seq2[Entry, error]) (err error) {
	f, err := os.CreateTemp(dir, ".list-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	sum := crc32.NewIEEE()
	line := []byte(head)
	_, _ = sum.Write(line) // never fails
	if _, err = w.Write(line); err != nil {
		return err
	}
	n, size := 0, 0
	for e, fault := range entries {
		if fault != nil {
			return fault
		}
		n, size = n+1, size+len(e.Value)
		line = append(line[:0], e.Value...)
		switch e.Expires {
		case 0:
		case Removed:
			line = append(line, "\t-"...)
		default:
			line = strconv.AppendInt(append(line, '\t'), e.Expires, 10)
		}
		line = append(line, '\n')
		_, _ = sum.Write(line)
		if _, err = w.Write(line); err != nil {
			return err
		}
	}
	if n != h.Entries || size != h.Bytes {
		return fmt.Errorf("%d entries of %d bytes were written, not %d of %d", n, size, h.Entries, h.Bytes)
	}
	if _, err = fmt.Fprintf(w, "end %08x\n", sum.Sum32()); err != nil {
		return err
	}
	if err = w.Flush(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Remove removes the files of a list; those that are not there are removed already.
func Remove(dir, name string) error {
	return errors.Join(remove(path(dir, name)), remove(morePath(dir, name)))
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// ReadHead is what the files of a list say of it: that of all entries, but the bytes, which are those of the list's own file.
// base is the version of that.
func ReadHead(dir, name string) (h Head, base int64, err error) {
	if h, err = readFirst(dir, name); err != nil {
		return h, 0, err
	}
	base = h.Version
	if m, err := ReadMore(dir, name); err == nil && m.Base == base {
		h.Version, h.Entries = m.Version, m.Total
	}
	return h, base, nil
}

func readFirst(dir, name string) (Head, error) {
	f, err := os.Open(path(dir, name))
	if err != nil {
		return Head{}, err
	}
	defer func() { _ = f.Close() }() // it is only read
	line, err := bufio.NewReader(f).ReadSlice('\n')
	if err != nil {
		return Head{}, fmt.Errorf("%s: %w: no first line", f.Name(), ErrDamaged)
	}
	return parseHead(line)
}

func parseHead(line []byte) (h Head, err error) {
	var typ string
	if _, err := fmt.Sscanf(string(line), "logcenter-list 1 %s %d %d %d\n", &typ, &h.Version, &h.Entries, &h.Bytes); err != nil {
		return h, fmt.Errorf("%w: the first line is %.80q", ErrDamaged, line)
	}
	h.Type, err = query.ParseListType(typ)
	return h, err
}

// read reads the file of a list.
func read(dir, name string) (*query.List, Head, error) {
	f, err := os.Open(path(dir, name))
	if err != nil {
		return nil, Head{}, err
	}
	defer func() { _ = f.Close() }() // it is only read
	l, h, err := parse(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return nil, h, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return l, h, nil
}

func parse(r *bufio.Reader) (*query.List, Head, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return nil, Head{}, fmt.Errorf("%w: no first line", ErrDamaged)
	}
	h, err := parseHead(line)
	if err != nil {
		return nil, h, err
	}
	b := query.NewListBuilder(h.Type, h.Entries, h.Bytes)
	err = lines(r, line, h.Entries, func(value []byte, expires int64) error {
		if expires == Removed {
			return fmt.Errorf("%w: %q is removed from where it stands", ErrDamaged, value)
		}
		_, err := b.Add(value, expires)
		return err
	})
	if err != nil {
		return nil, h, err
	}
	return b.Build(), h, nil
}

// lines reads the lines behind the first one, and the checksum of all.
func lines(r *bufio.Reader, first []byte, n int, each func(value []byte, expires int64) error) (err error) {
	sum, line := crc32.ChecksumIEEE(first), first
	for range n {
		if line, err = r.ReadSlice('\n'); err != nil {
			return fmt.Errorf("%w: it ends too early", ErrDamaged)
		}
		sum = crc32.Update(sum, crc32.IEEETable, line)
		value, until, expires := bytes.Cut(line[:len(line)-1], []byte{'\t'})
		at := int64(0)
		switch {
		case !expires:
		case string(until) == "-":
			at = Removed
		default:
			if at, err = strconv.ParseInt(string(until), 10, 64); err != nil {
				return fmt.Errorf("%w: %q is no time", ErrDamaged, until)
			}
		}
		if err = each(value, at); err != nil {
			return err
		}
	}
	last, err := io.ReadAll(io.LimitReader(r, 64))
	if want := fmt.Sprintf("end %08x\n", sum); err != nil || string(last) != want {
		return fmt.Errorf("%w: it ends with %q, not %q", ErrDamaged, last, want)
	}
	return nil
}
