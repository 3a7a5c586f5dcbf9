package embedded

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/logcenter/logcenter/host/store"
)

// Segment is a file of events that other programs can read, too: Parquet, compressed with zstd. Beside it, under
// the same name but for the ending .index, lies what is known of it; [OpenSegments] needs both.
type Segment struct {
	Path       string // of the rows; ends in .parquet
	Class, Day string // its partition
	Rows       int64
	RawBytes   int64 // of message
	MinTime    int64 // of @timestamp, nanoseconds since 1970
	MaxTime    int64
}

// Index is the path of the file beside a segment's rows.
func (g Segment) Index() string { return indexFile(g.Path) }

// Segments lists the files of what was flushed, oldest first. They stay until their partition is dropped or merged.
func (s *Store) Segments() []Segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Segment, 0, len(s.segments))
	for _, g := range s.segments {
		out = append(out, Segment{g.path, g.Class, g.Day, g.Rows, g.Raw, g.MinTime, g.MaxTime})
	}
	return out
}

// OpenSegments opens files that another store wrote, to be searched only: nothing is written into their folders.
// spill is a folder for what does not fit into memory; it is removed when the store is closed. A segment whose rows are
// not there may be opened as long as nobody searches it: see MayHold.
func OpenSegments(spill string, segments []Segment, o Options) (*Store, error) {
	o.FlushInterval, o.MergeInterval = -1, -1
	o.defaults()
	dir, err := filepath.Abs(spill)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, opts: o, readOnly: true, wake: make(chan struct{}, 1)}
	s.space = sync.NewCond(&s.mu)
	s.appended, s.durable = math.MaxInt64, math.MaxInt64 // all that is there is in every snapshot
	for _, file := range segments {
		g, err := openSegment(file)
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		s.segments = append(s.segments, g)
	}
	if err := s.openEngines(); err != nil {
		return nil, errors.Join(err, s.free())
	}
	s.ctx, s.stop = newContext()
	return s, nil
}

func openSegment(file Segment) (*segment, error) {
	if !strings.HasSuffix(file.Path, ".parquet") {
		return nil, fmt.Errorf("%s is no segment: its name ends in .parquet", file.Path)
	}
	path, err := filepath.Abs(file.Path)
	if err != nil {
		return nil, err
	}
	g := &segment{path: path}
	b, err := os.ReadFile(indexFile(path))
	if err != nil {
		return nil, err
	}
	x, err := decodeIndex(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", indexFile(path), err)
	}
	g.segmentIndex = *x
	g.leaveWords(len(b))
	g.Class, g.Day, g.Rows, g.Raw, g.MinTime, g.MaxTime = file.Class, file.Day, file.Rows, file.RawBytes, file.MinTime, file.MaxTime
	g.acquire() // by the store
	return g, nil
}

// MayHold says which segments of a store opened by OpenSegments can have events of a selection, by their order then.
// It reads indexes only.
func (s *Store) MayHold(scope store.Scope, sel store.Selection) ([]int, error) {
	p, err := s.snapshot()
	if err != nil {
		return nil, err
	}
	defer p.release()
	q, ok, err := s.selection(scope, sel, p)
	if err != nil || !ok {
		return nil, err
	}
	var out []int
	for i, g := range p.segments {
		one, err := q.segment(g, nil, nil)
		if err != nil {
			return nil, err
		}
		if one != nil {
			out = append(out, i)
		}
	}
	return out, nil
}
