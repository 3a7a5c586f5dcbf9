package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/sdk/wire"
)

// OpenRequest says what of an archive is to be searched.
type OpenRequest struct {
	store.Selection
	Scope store.Scope
	Names []string // partitions; empty means all that have events in the range
	// Cache is a folder for what is not on this machine, or has to be converted. It is emptied before, and removed when
	// the store is closed.
	Cache string
	// CacheBytes bounds it; 0 means 20 GiB.
	CacheBytes int64
	Options    embedded.Options // of the store
	// Progress is told what was done so far; nil is not.
	Progress func(Progress)
}

// Progress of opening.
type Progress struct {
	Partitions int   `json:"partitions"` // that the range meets
	Files      int   `json:"files"`      // of events in them
	Needed     int   `json:"needed"`     // files that can have matching events, as far as is known
	Fetched    int64 `json:"fetched"`    // bytes brought to this machine
}

const cacheBytes = 20 << 30

// Reader is a part of an archive, open to be searched.
type Reader struct {
	*embedded.Store
	cache string
	// Notices tell what a reader must know, e.g. that the archive has nothing of the time.
	Notices []string
}

// Close releases everything and empties the cache.
func (r *Reader) Close() error {
	return errors.Join(r.Store.Close(), os.RemoveAll(r.cache))
}

// Open readies archived events to be searched where they are. Of an archive elsewhere, the indexes are fetched, and
// then those files that can have what is searched.
func (a *Archive) Open(ctx context.Context, r OpenRequest) (_ *Reader, err error) {
	if r.CacheBytes == 0 {
		r.CacheBytes = cacheBytes
	}
	if err := emptyDir(r.Cache); err != nil {
		return nil, err
	}
	o := opening{Archive: a, ctx: ctx, r: r}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(r.Cache))
		}
	}()
	if err := o.gather(); err != nil {
		return nil, err
	}
	if err := o.choose(); err != nil {
		return nil, err
	}
	st, err := embedded.OpenSegments(filepath.Join(r.Cache, "spill"), o.segments, r.Options)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return &Reader{Store: st, cache: r.Cache}, nil
}

type opening struct {
	*Archive
	ctx      context.Context //nolint:containedctx // of one call
	r        OpenRequest
	progress Progress
	segments []embedded.Segment
	rows     []rows // of segments
}

// rows say what is yet to be done for a segment's rows when they are needed.
type rows struct {
	File      // no name: nothing
	here bool // on this machine, only to be checked
}

func (o *opening) tell() {
	if o.r.Progress != nil {
		o.r.Progress(o.progress)
	}
}

// gather finds the files of the range and brings what is known of them to this machine.
func (o *opening) gather() error {
	named := map[string]bool{}
	for _, n := range o.r.Names {
		if _, err := o.Find(n); err != nil {
			return err
		}
		named[n] = true
	}
	for _, p := range o.List() {
		if len(named) > 0 && !named[p.Name()] || !p.meets(p.From, p.To, o.r.Selection) {
			continue
		}
		o.progress.Partitions++
		var err error
		if p.Format == NDJSON {
			err = o.convert(&p)
		} else {
			err = o.parquet(&p)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name(), err)
		}
		o.tell()
	}
	return nil
}

// meets says whether events between two times may be in a selection.
func (*Manifest) meets(from, to time.Time, sel store.Selection) bool {
	return from.Before(sel.To) && !to.Before(sel.From)
}

func (o *opening) parquet(p *Partition) error {
	for i, f := range p.Files {
		if !strings.HasSuffix(f.Name, parquetEnding) || !p.meets(f.From, f.To, o.r.Selection) {
			continue
		}
		o.progress.Files++
		g := embedded.Segment{
			Path: o.dest.Local(f.Name), Class: p.Class, Day: p.Day, Rows: f.Events, RawBytes: f.RawBytes, MinTime: f.From.UnixNano(), MaxTime: f.To.UnixNano(),
		}
		if i+1 == len(p.Files) {
			return fmt.Errorf("%w: %s has no index", ErrDamaged, f.Name)
		}
		here := g.Path != ""
		var err error
		if here {
			err = o.check(p.Files[i+1])
		} else {
			g.Path = filepath.Join(o.r.Cache, filepath.FromSlash(f.Name))
			err = o.fetch(p.Files[i+1], g.Index())
		}
		if err != nil {
			return err
		}
		o.segments, o.rows = append(o.segments, g), append(o.rows, rows{f, here})
	}
	return nil
}

// check refuses a file that is not as it was written.
func (o *opening) check(f File) error {
	what, err := check(o.ctx, o.dest, f)
	if err == nil && what != "" {
		err = fmt.Errorf("%w: %s %s", ErrDamaged, f.Name, what)
	}
	return err
}

func (o *opening) get(f File) (io.ReadCloser, error) {
	in, err := o.dest.Get(o.ctx, f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing", ErrDamaged, f.Name)
	}
	return in, err
}

// fetch brings a file to this machine and checks it.
func (o *opening) fetch(f File, path string) error {
	if o.progress.Fetched+f.Bytes > o.r.CacheBytes {
		return fmt.Errorf("%w: the search needs more than %d MB from %s on this machine: narrow the time range or the query", store.ErrRequest, o.r.CacheBytes/1e6, o.dest)
	}
	in, err := o.get(f)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), contextReader{o.ctx, in})
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	if hex.EncodeToString(h.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%w: %s was changed: its SHA-256 is not that of the manifest", ErrDamaged, f.Name)
	}
	o.progress.Fetched += f.Bytes
	o.tell()
	return nil
}

// choose leaves the segments that can have what is searched, and brings them here.
func (o *opening) choose() error {
	st, err := embedded.OpenSegments(filepath.Join(o.r.Cache, "spill"), o.segments, o.r.Options)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	needed, err := st.MayHold(o.r.Scope, o.r.Selection)
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	o.progress.Needed = len(needed)
	o.tell()
	var left []embedded.Segment
	for _, i := range needed {
		var err error
		switch f := o.rows[i]; {
		case f.Name == "":
		case f.here:
			err = o.check(f.File)
		default:
			err = o.fetch(f.File, o.segments[i].Path)
		}
		if err != nil {
			return err
		}
		left = append(left, o.segments[i])
	}
	o.segments = left
	return nil
}

// convert makes segments of lines.
func (o *opening) convert(p *Partition) error {
	dir := filepath.Join(o.r.Cache, "converted", p.Name())
	w, err := newParquetWriter(dir, p.Class)
	if err != nil {
		return err
	}
	for _, f := range p.Files {
		if !p.meets(f.From, f.To, o.r.Selection) {
			continue
		}
		o.progress.Files++
		if err = o.lines(f, w); err != nil {
			break
		}
		o.progress.Fetched += f.RawBytes // about what they take
		o.tell()
		if o.progress.Fetched > o.r.CacheBytes {
			err = fmt.Errorf("%w: the search needs more than %d MB on this machine: narrow the time range", store.ErrRequest, o.r.CacheBytes/1e6)
			break
		}
	}
	for _, g := range w.store.Segments() {
		o.segments, o.rows = append(o.segments, g), append(o.rows, rows{})
	}
	return errors.Join(err, w.close())
}

// lines adds a file's events to a writer. A file that was changed is refused; what was added of it is worth nothing.
func (o *opening) lines(f File, w *parquetWriter) error {
	in, err := o.get(f)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	whole := io.TeeReader(contextReader{o.ctx, in}, h)
	err = o.addLines(whole, w)
	if _, rest := io.Copy(io.Discard, whole); rest != nil {
		return fmt.Errorf("%s: %w", f.Name, errors.Join(err, rest))
	}
	if hex.EncodeToString(h.Sum(nil)) != f.SHA256 { // whatever came of reading it
		return fmt.Errorf("%w: %s was changed: its SHA-256 is not that of the manifest", ErrDamaged, f.Name)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	return nil
}

func (o *opening) addLines(r io.Reader, w *parquetWriter) error {
	var raw int
	for b, err := range readNDJSON(r) {
		if err == nil {
			raw += b.SizeVT()
			err = w.add(o.ctx, b)
		}
		if err == nil && raw > fileBytes {
			raw = 0
			err = w.store.Flush(o.ctx)
		}
		if err != nil {
			return err
		}
	}
	return w.store.Flush(o.ctx)
}

// Events hands out the events of a partition by source, @timestamp and position, in batches whose memory is valid until
// the next step. Files are checked before. cache is as in OpenRequest.
func (a *Archive) Events(ctx context.Context, name, cache string, progress func(done, total int64)) iter.Seq2[*wire.Batch, error] {
	return func(yield func(*wire.Batch, error) bool) {
		if err := a.events(ctx, name, cache, progress, func(b *wire.Batch) bool { return yield(b, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func (a *Archive) events(ctx context.Context, name, cache string, progress func(done, total int64), yield func(*wire.Batch) bool) error {
	p, err := a.Find(name)
	if err != nil {
		return err
	}
	all := store.Selection{From: time.Unix(0, math.MinInt64).UTC(), To: time.Unix(0, math.MaxInt64).UTC()}
	r, err := a.Open(ctx, OpenRequest{
		Selection: all, Scope: store.Everything(), Names: []string{name}, Cache: cache, CacheBytes: math.MaxInt64 / 2,
		Options: embedded.Options{MemoryLimit: 256 << 20, Threads: 1},
	})
	if err != nil {
		return err
	}
	for b, err := range r.Scan(ctx, store.Everything(), store.ScanRequest{Selection: all}) {
		if err != nil {
			return errors.Join(err, r.Close())
		}
		if progress != nil {
			progress(b.Done, p.Events)
		}
		if !yield(b.Batch) {
			break
		}
	}
	return r.Close()
}
