// Package archive keeps partitions of events (retention class × UTC day of event.ingested) behind their online time, in
// a folder or in a bucket of an S3-compatible store, so that nobody can change or remove one without being seen.
//
// # Layout
//
//	partitions/CLASS/DAY/PART/00001.parquet   events, 00001.index what is known of them
//	partitions/CLASS/DAY/PART/00001.ndjson.zst   or so, by the format
//	chain/00000001.json                       what was done, in order
//
// Each file of the chain is one [Record]: a partition was archived, with its manifest: the names, sizes and SHA-256 of
// its files, counts and fields; or one was deleted, held or released. A record has the SHA-256 of the record before. The
// host keeps a copy of the chain in its data folder, so that the end of it cannot be cut off unseen either.
//
// # What is promised
//
// A partition is in the archive once its record is in the chain, which is after its files were written and read back.
// What a crash leaves without a record is written over by the next try. A part is what of one class and day was archived
// at one time; usually there is one, and more when events came late.
//
// The format has a number, [Version]; what a later program wrote is refused.
package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// Version is that of the format this program writes; it reads all up to it.
const Version = 1

// The kinds of records.
const (
	Archived = "archived"
	Deleted  = "deleted"
	Held     = "held"
	Released = "released"
)

// The formats of files.
const (
	Parquet = "parquet" // with an index for searches beside each file
	NDJSON  = "ndjson"  // compressed with zstd
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrNotFound means that no such partition is in the archive.
	ErrNotFound = errors.New("not in the archive")
	// ErrRefused means that the archive keeps what somebody wants to delete; the text says why.
	ErrRefused = errors.New("refused")
	// ErrDamaged means that files or the chain are not as they were written.
	ErrDamaged = errors.New("the archive is damaged")
	// ErrOther means that the destination as a whole is not as this host left it: another disk, or another host wrote.
	ErrOther = errors.New("it is not as this host left it")
)

// Destination is where an archive lies. Names are slash-separated paths. Errors of missing names are fs.ErrNotExist.
type Destination interface {
	// Put writes a file of so many bytes, whole and durable or not at all.
	Put(ctx context.Context, name string, r io.Reader, size int64, sum [sha256.Size]byte) error
	// Get reads a file.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List lists the files below a folder, whose name ends with a slash, in the order of their names.
	List(ctx context.Context, folder string) ([]Object, error)
	// Remove removes a file; one that is not there is no error.
	Remove(ctx context.Context, name string) error
	// Local is where a file lies on this machine; empty if it does not.
	Local(name string) string
	// String says where the archive is, for people.
	String() string
}

// Object is a file at a destination.
type Object struct {
	Name  string
	Bytes int64
}

// Archive is an archive and its chain. Its methods are safe for concurrent use, but only one host writes to it.
type Archive struct {
	// Now is the clock of records; nil means time.Now. Set before the archive is used.
	Now func() time.Time

	dest  Destination
	state string // the host's copy of the chain; empty: read only

	work  sync.Mutex // held by what writes: one after the other
	mu    sync.Mutex
	chain chain           // changed under work and mu
	tried map[string]bool // digests of records that this host tried to write behind the last one; under work
}

// maxRecord bounds a record's file.
const maxRecord = 64 << 20

// Open opens an archive that this host writes to. state is the file with the host's copy of the chain; without one, the
// destination's is taken.
func Open(ctx context.Context, d Destination, state string) (*Archive, error) {
	a := &Archive{dest: d, state: state}
	if err := a.chain.load(state, true); err != nil {
		return nil, err
	}
	if err := a.lastThere(ctx); err != nil {
		return nil, err
	}
	if err := a.catchUp(ctx, func(string) bool { return true }); err != nil {
		return nil, err
	}
	return a, nil
}

// OpenReadOnly opens an archive without a host.
func OpenReadOnly(ctx context.Context, d Destination) (*Archive, error) {
	a := &Archive{dest: d}
	objects, err := d.List(ctx, "chain/")
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("there is no archive in %s: it has no folder chain", d)
	}
	for _, o := range objects {
		if strings.HasSuffix(o.Name, durable.Suffix) { // left by a write that did not end
			continue
		}
		b, err := read(ctx, d, o.Name)
		if err == nil {
			err = a.chain.add(b)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Name, err)
		}
	}
	return a, nil
}

func recordName(number int) string { return fmt.Sprintf("chain/%08d.json", number) }

// look makes sure, before something is written, that the destination still is the archive that this host left: its disk
// may have been unmounted since. It takes over a record of which this host does not know that it was written. a.work is
// held.
func (a *Archive) look(ctx context.Context) error {
	if a.state == "" {
		return errors.New("this archive is only read")
	}
	if err := a.lastThere(ctx); err != nil {
		return err
	}
	return a.catchUp(ctx, func(sum string) bool { return a.tried[sum] })
}

// lastThere looks whether the destination has the last record that this host wrote.
func (a *Archive) lastThere(ctx context.Context) error {
	n := a.chain.head()
	if n == 0 {
		return nil
	}
	b, err := read(ctx, a.dest, recordName(n))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w: %s does not have %s, which this host wrote: is the right disk mounted, the right bucket configured? If the archive is gone for good, move %s away to begin another",
			ErrDamaged, ErrOther, a.dest, recordName(n), a.state)
	case err != nil:
		return err
	case digest(b) != a.chain.sum:
		return fmt.Errorf("%w: %w: %s in %s is not what this host wrote", ErrDamaged, ErrOther, recordName(n), a.dest)
	}
	return nil
}

// catchUp takes records that are at the destination and not in the host's copy, if they are its own.
func (a *Archive) catchUp(ctx context.Context, own func(sum string) bool) error {
	for {
		at := recordName(a.chain.head() + 1)
		b, err := read(ctx, a.dest, at)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !own(digest(b)) {
			return a.foreign(at)
		}
		if err == nil {
			err = a.take(b)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
}

func (a *Archive) foreign(record string) error {
	return fmt.Errorf("%w: %s has a %s that this host did not write: only one host may write to an archive", ErrOther, a.dest, record)
}

// take adds a record that is at the destination to the host's copy and to the chain.
func (a *Archive) take(b []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.chain.next(b)
	if err != nil {
		return err
	}
	if err := appendState(a.state, b); err != nil { // first: the copy must not have a gap
		return err
	}
	a.chain.take(r, b)
	a.tried = nil
	return nil
}

// write adds a record to the chain. a.work is held.
func (a *Archive) write(ctx context.Context, r Record) error {
	if err := a.lastThere(ctx); err != nil {
		return err
	}
	r.Version, r.Number, r.Previous, r.Time = Version, a.chain.head()+1, a.chain.sum, a.now().UTC().Truncate(time.Millisecond)
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	at := recordName(r.Number)
	if have, err := read(ctx, a.dest, at); err == nil && digest(have) != digest(b) {
		return a.foreign(at)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if a.tried == nil {
		a.tried = map[string]bool{}
	}
	a.tried[digest(b)] = true
	if err := a.dest.Put(ctx, at, strings.NewReader(string(b)), int64(len(b)), sha256.Sum256(b)); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	back, err := read(ctx, a.dest, at)
	if err != nil {
		return err
	}
	if digest(back) != digest(b) {
		return fmt.Errorf("%w: %s came back from %s otherwise than it was written", ErrDamaged, at, a.dest)
	}
	return a.take(b)
}

// List returns the partitions that are in the archive, oldest day first.
func (a *Archive) List() []Partition {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]Partition, 0, len(a.chain.live))
	for _, p := range a.chain.live {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Partition) int {
		return strings.Compare(a.Day+"/"+a.Class+fmt.Sprintf("/%6d", a.Part), b.Day+"/"+b.Class+fmt.Sprintf("/%6d", b.Part))
	})
	return out
}

// Of returns the parts of a class and day, in order.
func (a *Archive) Of(class, day string) []Partition {
	var out []Partition
	for _, p := range a.List() {
		if p.Class == class && p.Day == day {
			out = append(out, p)
		}
	}
	return out
}

// Find returns a partition by its name, or ErrNotFound.
func (a *Archive) Find(name string) (Partition, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.chain.live[name]; p != nil {
		return *p, nil
	}
	if a.chain.gone[name] {
		return Partition{}, fmt.Errorf("%s is %w any more: it was deleted", name, ErrNotFound)
	}
	return Partition{}, fmt.Errorf("%s is %w", name, ErrNotFound)
}

// Read returns the whole manifest of a partition.
func (a *Archive) Read(ctx context.Context, name string) (*Manifest, error) {
	p, err := a.Find(name)
	if err != nil {
		return nil, err
	}
	b, err := read(ctx, a.dest, recordName(p.Number))
	if err != nil {
		return nil, err
	}
	r, err := decode(b)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", recordName(p.Number), err)
	case r.Manifest == nil:
		return nil, fmt.Errorf("%w: %s has no manifest", ErrDamaged, recordName(p.Number))
	}
	return r.Manifest, nil
}

// Head is the number and SHA-256 of the last record: what to write down elsewhere to see later that none is missing.
func (a *Archive) Head() (number int, sum string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.chain.head(), a.chain.sum
}

func (a *Archive) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}

// LastBefore is the time of the newest record of the chain that is not newer than t; zero if there is none.
func (a *Archive) LastBefore(t time.Time) (last time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, at := range a.chain.times {
		if !at.After(t) && at.After(last) {
			last = at
		}
	}
	return last
}

// Where says where the archive is.
func (a *Archive) Where() string { return a.dest.String() }

// Delete removes a partition and records why. One that is held is refused.
func (a *Archive) Delete(ctx context.Context, name, reason string) error {
	a.work.Lock() // before the look, so that nobody can hold it in between
	defer a.work.Unlock()
	if err := a.look(ctx); err != nil {
		return err
	}
	p, err := a.Find(name)
	if err != nil {
		return err
	}
	if p.Held != "" {
		return fmt.Errorf("%w: %s is held: %s (`logcenter archive release %s` lifts that)", ErrRefused, name, p.Held, name)
	}
	// The record first: files without one are swept, a record of files that are gone would look like damage.
	if err := a.write(ctx, Record{Kind: Deleted, Name: name, Reason: reason}); err != nil {
		return err
	}
	return a.clear(ctx, p.folder())
}

// Hold keeps a partition from being deleted, by anybody.
func (a *Archive) Hold(ctx context.Context, name, reason string) error {
	a.work.Lock()
	defer a.work.Unlock()
	if err := a.look(ctx); err != nil {
		return err
	}
	if _, err := a.Find(name); err != nil {
		return err
	}
	return a.write(ctx, Record{Kind: Held, Name: name, Reason: reason})
}

// Release ends a hold.
func (a *Archive) Release(ctx context.Context, name, reason string) error {
	a.work.Lock()
	defer a.work.Unlock()
	if err := a.look(ctx); err != nil {
		return err
	}
	p, err := a.Find(name)
	if err != nil {
		return err
	}
	if p.Held == "" {
		return fmt.Errorf("%w: %s is not held", ErrRefused, name)
	}
	return a.write(ctx, Record{Kind: Released, Name: name, Reason: reason})
}

// Sweep removes the files of partitions that were deleted, which a crash may have left.
func (a *Archive) Sweep(ctx context.Context) error {
	a.work.Lock()
	defer a.work.Unlock()
	if len(a.chain.unswept) == 0 {
		return nil
	}
	if err := a.look(ctx); err != nil {
		return err
	}
	for _, folder := range slices.Clone(a.chain.unswept) {
		if err := a.clear(ctx, folder); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.chain.unswept = nil
	return nil
}

// clear removes all files of a folder.
func (a *Archive) clear(ctx context.Context, folder string) error {
	objects, err := a.dest.List(ctx, folder)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := a.dest.Remove(ctx, o.Name); err != nil {
			return err
		}
	}
	return nil
}

func read(ctx context.Context, d Destination, name string) ([]byte, error) {
	r, err := d.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(io.LimitReader(r, maxRecord+1))
	if err == nil && len(b) > maxRecord {
		err = fmt.Errorf("%s has more than %d bytes", name, maxRecord)
	}
	return b, err
}

func digest(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
