package embedded

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
)

// A data directory holds
//
//	LOCK                        held while a process has the store open
//	manifest.json               which segments there are, up to which journal offset
//	segments/CLASS/DAY/ID.parquet   rows; those of a restore in segments/restored.NAME/CLASS/DAY
//	segments/CLASS/DAY/ID.index     what is known of them: columns, counts, words of message
//
// Files are written under a .tmp name, synced, renamed, and their directory synced, before a manifest names them.
// What the manifest does not name is left over from a crash and removed when the store is opened.
const (
	manifestName = "manifest.json"
	segmentsDir  = "segments"
)

type manifest struct {
	Version  int            `json:"version"`
	Durable  uint64         `json:"durable"` // event journal offset that the segments include
	NextID   uint64         `json:"next_id"`
	Imports  uint64         `json:"imports,omitempty"` // number of the last committed import
	Segments []*segmentInfo `json:"segments"`
}

// segmentInfo is what the manifest says of a segment.
type segmentInfo struct {
	ID          uint64 `json:"id"`
	Class       string `json:"class"`
	Day         string `json:"day"`
	Rows        int64  `json:"rows"`
	Raw         int64  `json:"raw"`   // bytes of message
	Bytes       int64  `json:"bytes"` // on disk, index included
	MinTime     int64  `json:"min_time"`
	MaxTime     int64  `json:"max_time"`
	MinIngested int64  `json:"min_ingested"`
	MaxIngested int64  `json:"max_ingested"`
	MinOffset   uint64 `json:"min_offset"`
	MaxOffset   uint64 `json:"max_offset"`
	Merged      bool   `json:"merged,omitempty"`
	Import      uint64 `json:"import,omitempty"`   // number of the import it came with; 0: from the journal
	Restored    string `json:"restored,omitempty"` // name of the restore
	Expires     int64  `json:"expires,omitempty"`  // of a restored one, unix nanoseconds; 0 is never
}

// segmentIndex is the content of an index file.
type segmentIndex struct {
	Columns    map[string]columnInfo `json:"columns"`
	Undeclared map[string]int64      `json:"undeclared,omitempty"` // events that have the field
	Sources    []string              `json:"sources"`
	Positions  map[string]span       `json:"positions,omitempty"` // of each source; missing in segments of before they were kept
	Spans      []timeSpan            `json:"spans,omitempty"`     // in order
	words      *bloom
}

type columnInfo struct {
	Kind  kind  `json:"kind"`
	List  bool  `json:"list,omitempty"`
	Count int64 `json:"count"` // events that have a value
}

// segment is a segment in use. Its files go when it is dropped and the last snapshot with it is released.
type segment struct {
	segmentInfo
	segmentIndex
	path string    // of the rows, absolute
	kept wordsFile // where the words are once they are written; those of the index are nil then
	refs atomic.Int64
	drop atomic.Bool
}

func (s *segmentInfo) partition() string { return store.PartitionID(s.Restored, s.Class, s.Day) }

func (s *segmentInfo) file(dir string) string {
	return filepath.Join(dir, segmentsDir, filepath.FromSlash(s.partition()), fmt.Sprintf("%010d.parquet", s.ID))
}

func indexFile(rows string) string { return strings.TrimSuffix(rows, ".parquet") + ".index" }

func (g *segment) acquire() { g.refs.Add(1) }

// cover adds positions of a source.
func (x *segmentIndex) cover(source string, of span) {
	if known, ok := x.Positions[source]; ok {
		of = span{min(known.First, of.First), max(known.Last, of.Last)}
	} else if x.Positions == nil {
		x.Positions = map[string]span{}
	}
	x.Positions[source] = of
}

// release removes the files of a dropped segment after its last use.
func (g *segment) release() {
	if g.refs.Add(-1) == 0 && g.drop.Load() {
		g.remove()
	}
}

func (g *segment) remove() {
	_ = os.Remove(g.path)
	_ = os.Remove(indexFile(g.path))
	_ = os.Remove(filepath.Dir(g.path)) // fails while others are there
}

// Index file: magic, length and CRC-32C of the JSON, the JSON, length and CRC of the words, the words.
const indexMagic = "LCIDX1\r\n"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (x *segmentIndex) encode() ([]byte, error) {
	head, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(indexMagic)+len(head)+8*len(x.words.blocks)+16), indexMagic...)
	for _, part := range [][]byte{head, x.words.encode()} {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(part)))
		out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(part, castagnoli))
		out = append(out, part...)
	}
	return out, nil
}

func decodeIndex(b []byte) (*segmentIndex, error) {
	if !bytes.HasPrefix(b, []byte(indexMagic)) {
		return nil, errors.New("not an index file of this version")
	}
	b = b[len(indexMagic):]
	var parts [2][]byte
	for i := range parts {
		if len(b) < 8 || uint64(len(b)-8) < uint64(binary.LittleEndian.Uint32(b)) {
			return nil, errors.New("index file is cut off")
		}
		n := int(binary.LittleEndian.Uint32(b))
		parts[i] = b[8 : 8+n]
		if crc32.Checksum(parts[i], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
			return nil, errors.New("index file is damaged: checksum differs")
		}
		b = b[8+n:]
	}
	x := &segmentIndex{}
	if err := json.Unmarshal(parts[0], x); err != nil {
		return nil, fmt.Errorf("index file: %w", err)
	}
	var err error
	x.words, err = decodeBloom(parts[1])
	return x, err
}

// finish writes the index beside the rows and takes the store's reference.
func (g *segment) finish() error {
	b, err := g.encode()
	if err == nil {
		err = durable.Replace(indexFile(g.path), b)
	}
	if err != nil {
		return err
	}
	st, err := os.Stat(g.path)
	if err != nil {
		return err
	}
	g.Bytes = st.Size() + int64(len(b))
	g.leaveWords(len(b))
	g.acquire()
	return nil
}

// leaveWords leaves the words in the index file of so many bytes, which ends with them.
func (g *segment) leaveWords(size int) {
	n := len(g.words.blocks)
	g.kept = wordsFile{path: indexFile(g.path), at: int64(size - 8*n), blocks: n}
	g.words = nil
}

// mayHold says whether an event of the segment may match, as far as its words tell.
func (g *segment) mayHold(n query.Node) bool {
	if g.words != nil {
		return mayHold(n, g.words)
	}
	r := wordsReader{wordsFile: g.kept}
	defer r.close()
	return mayHold(n, &r)
}

// loadManifest reads the manifest and its segments; an empty directory has an empty one.
func loadManifest(dir string) (*manifest, []*segment, error) {
	m := &manifest{Version: 1, NextID: 1}
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, nil, nil
	case err != nil:
		return nil, nil, err
	}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, manifestName), err)
	}
	if m.Version != 1 {
		return nil, nil, fmt.Errorf("%s has version %d, this program reads version 1", filepath.Join(dir, manifestName), m.Version)
	}
	segs := make([]*segment, 0, len(m.Segments))
	for _, info := range m.Segments {
		s := &segment{segmentInfo: *info, path: info.file(dir)}
		if _, err := os.Stat(s.path); err != nil {
			return nil, nil, fmt.Errorf("the manifest names a segment that is not there: %w", err)
		}
		b, err := os.ReadFile(indexFile(s.path))
		if err != nil {
			return nil, nil, err
		}
		x, err := decodeIndex(b)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", indexFile(s.path), err)
		}
		s.segmentIndex = *x
		s.leaveWords(len(b))
		segs = append(segs, s)
	}
	return m, segs, nil
}

func (m *manifest) save(dir string) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(dir, manifestName), b)
}

// sweep removes what a crash left: files that the manifest does not name, and empty directories.
func sweep(dir string, segs []*segment) error {
	known := map[string]bool{}
	for _, s := range segs {
		known[s.path] = true
		known[indexFile(s.path)] = true
	}
	_ = os.Remove(filepath.Join(dir, manifestName+durable.Suffix))
	var dirs []string
	err := filepath.WalkDir(filepath.Join(dir, segmentsDir), func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir():
			dirs = append(dirs, path)
		case !known[path]:
			return os.Remove(path)
		}
		return nil
	})
	for i := len(dirs) - 1; i > 0; i-- {
		_ = os.Remove(dirs[i]) // fails unless empty
	}
	return err
}
