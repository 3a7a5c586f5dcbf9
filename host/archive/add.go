package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// AddRequest says what is to be archived.
type AddRequest struct {
	Class, Day string
	Years      int    // of the policy
	Format     string // Parquet or NDJSON
	Program    string // for the manifest
	// Events are those of the partition, as a store scans them. The same memory may come again with the next batch.
	Events iter.Seq2[*wire.Batch, error]
	// Staging is a folder for one file at a time, which needs about as much space as FileBytes; it is emptied before
	// and behind.
	Staging string
	// FileBytes of raw log make a file; 0 means 48 MiB.
	FileBytes int64
	// Progress is told how many events and bytes of files are written so far; nil is not.
	Progress func(events, bytes int64)
}

const fileBytes = 48 << 20

// writer makes files of events.
type writer interface {
	add(ctx context.Context, b *wire.Batch) error
	// cut hands out the files of what was added since the last cut. They may be removed when emit returns.
	cut(ctx context.Context, emit func(f staged) error) error
	close() error
}

// staged is a file on this machine that belongs into the archive.
type staged struct {
	path     string
	ending   string // of its name
	index    string // path of the file beside it; empty: none
	events   int64
	rawBytes int64
	from, to int64 // of @timestamp, nanoseconds
}

// Add archives events as the next part of a class and day. When it returns, all are in the archive and were read back;
// on an error nothing is. Without events it adds nothing and returns nil.
func (a *Archive) Add(ctx context.Context, r AddRequest) (*Manifest, error) {
	a.work.Lock()
	defer a.work.Unlock()
	if err := a.look(ctx); err != nil {
		return nil, err
	}
	m := &Manifest{
		Class: r.Class, Day: r.Day, Part: a.chain.parts[name(r.Class, r.Day, 1)] + 1, Format: r.Format, Program: r.Program, ArchiveYears: r.Years,
	}
	// What a crash left of the same part would lie there for ever.
	if err := a.clear(ctx, m.folder()); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(r.Staging); err != nil {
		return nil, err
	}
	w, err := newWriter(r)
	if err != nil {
		return nil, err
	}
	u := &upload{Archive: a, ctx: ctx, r: r, m: m, datasets: map[string]int64{}, fields: map[string]*Field{}}
	err = u.run(w)
	err = errors.Join(err, w.close(), os.RemoveAll(r.Staging))
	if err != nil {
		return nil, err
	}
	if u.events == 0 {
		return nil, nil //nolint:nilnil // nothing was there to archive
	}
	if err := u.finish(); err != nil {
		return nil, err
	}
	if err := a.write(ctx, Record{Kind: Archived, Name: m.Name(), Manifest: m}); err != nil {
		return nil, err
	}
	return m, nil
}

func newWriter(r AddRequest) (writer, error) {
	switch r.Format {
	case Parquet:
		return newParquetWriter(r.Staging, r.Class)
	case NDJSON:
		return newNDJSONWriter(r.Staging)
	default:
		return nil, fmt.Errorf("there is no format %q of archives: use %s or %s", r.Format, Parquet, NDJSON)
	}
}

// upload is one Add.
type upload struct {
	*Archive
	ctx      context.Context //nolint:containedctx // of one call
	r        AddRequest
	m        *Manifest
	events   int64 // taken
	raw      int64 // taken since the last cut
	bytes    int64 // in the archive
	datasets map[string]int64
	fields   map[string]*Field
}

func (u *upload) run(w writer) error {
	limit := u.r.FileBytes
	if limit == 0 {
		limit = fileBytes
	}
	for b, err := range u.r.Events {
		if err == nil {
			err = w.add(u.ctx, b)
		}
		if err != nil {
			return err
		}
		u.describe(b)
		if u.raw >= limit {
			if err := w.cut(u.ctx, u.ship); err != nil {
				return err
			}
			u.raw = 0
		}
	}
	return w.cut(u.ctx, u.ship)
}

// describe counts what is in a batch.
func (u *upload) describe(b *wire.Batch) {
	u.events += int64(b.Rows)
	message := b.Column(uint32(ecs.Message))
	if message != nil {
		u.raw += int64(len(message.Data))
	}
	without := int64(b.Rows)
	for _, c := range b.Columns {
		f, declared := ecs.Field(c.Field), c.Field != 0
		if !declared {
			f, declared = ecs.Lookup(c.Name)
		}
		name, typ := c.Name, "flattened"
		if declared {
			name, typ = f.Name(), f.Type().String()
		}
		if u.fields[name] == nil {
			u.fields[name] = &Field{Name: name, Type: typ}
		}
		c.Each(int(b.Rows), func(row, k int) {
			u.fields[name].Events++
			if name == "event.dataset" {
				if from, to := k, k+1; len(c.Lists) == 0 && from < to {
					u.datasets[string(c.Text(k, row, message))]++
					without--
				}
			}
		})
	}
	if without > 0 {
		u.datasets[""] += without
	}
}

// ship writes a file into the archive and reads it back.
func (u *upload) ship(f staged) error {
	base := fmt.Sprintf("%s%05d", u.m.folder(), len(u.m.Files)+1)
	if f.index != "" {
		base = fmt.Sprintf("%s%05d", u.m.folder(), len(u.m.Files)/2+1)
	}
	file, err := u.put(f.path, base+f.ending)
	if err != nil {
		return err
	}
	file.Events, file.RawBytes = f.events, f.rawBytes
	file.From, file.To = time.Unix(0, f.from).UTC(), time.Unix(0, f.to).UTC()
	u.m.Files = append(u.m.Files, file)
	if f.index != "" {
		index, err := u.put(f.index, base+indexEnding)
		if err != nil {
			return err
		}
		u.m.Files = append(u.m.Files, index)
	}
	if u.m.Events == 0 || file.From.Before(u.m.From) {
		u.m.From = file.From
	}
	if u.m.Events == 0 || file.To.After(u.m.To) {
		u.m.To = file.To
	}
	u.m.Events += f.events
	u.m.RawBytes += f.rawBytes
	if u.r.Progress != nil {
		u.r.Progress(u.m.Events, u.bytes)
	}
	return nil
}

func (u *upload) put(path, name string) (File, error) {
	in, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer in.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	n, err := io.Copy(h, in)
	if err == nil {
		_, err = in.Seek(0, io.SeekStart)
	}
	if err != nil {
		return File{}, err
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	if err := u.dest.Put(u.ctx, name, in, n, sum); err != nil {
		return File{}, err
	}
	f := File{Name: name, Bytes: n, SHA256: hex.EncodeToString(sum[:])}
	if what, err := check(u.ctx, u.dest, f); err != nil || what != "" {
		if err == nil {
			err = fmt.Errorf("%w: %s came back otherwise than it was written: %s", ErrDamaged, name, what)
		}
		return File{}, err
	}
	u.bytes += n
	return f, nil
}

// finish checks that nothing was lost on the way and fills the manifest.
func (u *upload) finish() error {
	if u.m.Events != u.events {
		return fmt.Errorf("%d events were read from the store, %d are in the files of the archive", u.events, u.m.Events)
	}
	for _, name := range slices.Sorted(maps.Keys(u.datasets)) {
		u.m.Datasets = append(u.m.Datasets, Dataset{name, u.datasets[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(u.fields)) {
		u.m.Fields = append(u.m.Fields, *u.fields[name])
	}
	return nil
}

func emptyDir(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Clean(dir), 0o700)
}
