package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// chain is what the records say, together.
type chain struct {
	count   int
	sum     string // of the last record
	times   []time.Time
	live    map[string]*Partition
	gone    map[string]bool
	parts   map[string]int // CLASS.DAY → parts so far, deleted ones too
	unswept []string       // folders of deleted partitions
}

func (c *chain) head() int { return c.count }

var classPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*$`)

// decode reads a record.
func decode(b []byte) (*Record, error) {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, fmt.Errorf("%w: this is no record of a chain: %w", ErrDamaged, err)
	}
	if v.Version > Version {
		return nil, fmt.Errorf("it is of version %d of the archive's format, this program reads up to version %d: use a newer one", v.Version, Version)
	}
	if v.Version < 1 {
		return nil, fmt.Errorf("%w: this is no record of a chain: it says that it is of version %d of the format", ErrDamaged, v.Version)
	}
	r := &Record{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%w: this is no record of a chain: %w", ErrDamaged, err)
	}
	m := r.Manifest
	if m == nil {
		return r, nil
	}
	if _, err := time.Parse(time.DateOnly, m.Day); err != nil || !classPattern.MatchString(m.Class) || m.Part < 1 {
		return nil, fmt.Errorf("%w: part %d of class %.60q and day %.20q is no partition", ErrDamaged, m.Part, m.Class, m.Day)
	}
	for _, f := range m.Files {
		if err := m.checkFile(f.Name); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return r, nil
}

// add takes the next record, as its file has it.
func (c *chain) add(b []byte) error {
	r, err := c.next(b)
	if err == nil {
		c.take(r, b)
	}
	return err
}

// next reads the record that is to be taken next and checks that it follows from those before.
func (c *chain) next(b []byte) (*Record, error) {
	r, err := decode(b)
	switch {
	case err != nil:
		return nil, err
	case r.Number != c.count+1:
		return nil, fmt.Errorf("%w: the chain has record %d where number %d belongs: one is missing", ErrDamaged, r.Number, c.count+1)
	case r.Previous != c.sum:
		return nil, fmt.Errorf("%w: record %d does not continue record %d: one of them was changed", ErrDamaged, r.Number, c.count)
	}
	return r, c.follows(r)
}

// take takes what next returned.
func (c *chain) take(r *Record, b []byte) {
	c.apply(r)
	c.count, c.sum, c.times = r.Number, digest(b), append(c.times, r.Time)
}

// follows says whether a record can come after those before.
func (c *chain) follows(r *Record) error {
	there := c.live[r.Name] != nil
	switch {
	case r.Kind == Archived && r.Manifest != nil && r.Manifest.Name() == r.Name && !there:
	case (r.Kind == Deleted || r.Kind == Held || r.Kind == Released) && there:
	default:
		return fmt.Errorf("%w: record %d says that %.100q was %.20q, which does not follow from those before", ErrDamaged, r.Number, r.Name, r.Kind)
	}
	return nil
}

// apply changes what is in the archive by a record that follows.
func (c *chain) apply(r *Record) {
	if c.live == nil {
		c.live, c.gone, c.parts = map[string]*Partition{}, map[string]bool{}, map[string]int{}
	}
	p := c.live[r.Name]
	switch r.Kind {
	case Archived:
		m := *r.Manifest
		m.Fields, m.Datasets = nil, nil // thousands of them would be many
		c.live[r.Name] = &Partition{Manifest: m, Number: r.Number, Time: r.Time}
		delete(c.gone, r.Name)
		c.parts[name(m.Class, m.Day, 1)] = max(m.Part, c.parts[name(m.Class, m.Day, 1)])
	case Deleted:
		c.unswept = append(c.unswept, p.folder())
		delete(c.live, r.Name)
		c.gone[r.Name] = true
	case Held:
		p.Held = r.Reason
	case Released:
		p.Held = ""
	}
}

// load reads the host's copy: records, one a line. A line that a crash cut, or that is just being written, is not taken;
// its record is at the destination. mend removes it, which only the host that writes the file may do, when it starts.
func (c *chain) load(file string, mend bool) error {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	r := bufio.NewReaderSize(f, 1<<20)
	var at int64
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(line) > 0 && mend {
				return os.Truncate(file, at)
			}
			return nil
		}
		if err == nil {
			err = c.add(line)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		at += int64(len(line))
	}
}

// appendState adds a record to the host's copy of the chain.
func appendState(file string, b []byte) error {
	if bytes.IndexByte(b, '\n') != len(b)-1 {
		return fmt.Errorf("%w: a record of the chain is not one line", ErrDamaged)
	}
	_, err := os.Stat(file)
	fresh := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err != nil { // a half line would look like damage to what is appended behind it
		return errors.Join(err, f.Truncate(st.Size()), f.Close())
	}
	if err := f.Close(); err != nil || !fresh {
		return err
	}
	return durable.Sync(filepath.Dir(file))
}
