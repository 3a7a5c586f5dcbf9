package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"

	"github.com/logcenter/logcenter/host/journal"
)

// segment is one file of entries. Which entries it holds follows from where the next one begins.
type segment struct {
	first uint64 // offset of the first entry, also where the file is empty
	size  int64  // durable bytes
}

func segmentName(first uint64) string { return fmt.Sprintf("%020d", first) }

func (j *Journal) segmentPath(first uint64) string {
	return filepath.Join(j.dir, segmentName(first))
}

// listSegments returns the segments of a directory, oldest first.
func listSegments(dir string) ([]segment, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var segments []segment
	for _, f := range files {
		name := f.Name()
		if len(name) < 20 {
			continue
		}
		first, err := strconv.ParseUint(name[:20], 10, 64)
		if err != nil || first == 0 {
			continue
		}
		if len(name) > 20 {
			return nil, fmt.Errorf("%s is not a journal's file; move it away", filepath.Join(dir, name))
		}
		info, err := f.Info()
		if err != nil {
			return nil, err
		}
		segments = append(segments, segment{first: first, size: info.Size()})
	}
	sort.Slice(segments, func(a, b int) bool { return segments[a].first < segments[b].first })
	return segments, nil
}

// loadSegments finds the segments and cuts what a crash left unfinished off the last one. Entries up to
// acknowledged are no unfinished write.
func (j *Journal) loadSegments(acknowledged uint64) error {
	segments, err := listSegments(j.dir)
	if err != nil {
		return err
	}
	if len(segments) == 0 {
		segments = []segment{{first: 1}}
		if err := createFile(j.segmentPath(1)); err != nil {
			return err
		}
	} else if err := j.repairTail(&segments[len(segments)-1], acknowledged); err != nil {
		return err
	}
	for _, s := range segments {
		j.bytes += s.size
	}
	j.segments = segments
	return nil
}

// repairTail reads the last segment, cuts it behind the last good entry and sets j.last.
func (j *Journal) repairTail(tail *segment, acknowledged uint64) error {
	path := j.segmentPath(tail.first)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	end, next, err := scanSegment(data, j.seed, tail.first)
	j.last = next - 1
	if err == nil {
		// A killed process may have written without syncing. What readers see must stay.
		return cutFile(path, tail.size)
	}
	if acknowledged >= next && !j.o.NoSync {
		return j.damage(tail.first, int64(end), next, fmt.Errorf("%w, but entries up to %d were acknowledged", err, acknowledged))
	}
	if proof := acknowledgedBehind(data[end:], j.seed, next); proof > 0 {
		return j.damage(tail.first, int64(end), next, fmt.Errorf("%w, but entry %d behind it proves that it was acknowledged", err, proof))
	}
	j.o.Logf("journal %s: cut %d bytes of an unfinished write off the end of %s at byte %d (entry %d: %v)",
		j.dir, len(data)-end, path, end, next, err)
	tail.size = int64(end)
	return cutFile(path, tail.size)
}

// scanSegment checks entry by entry. It returns the length of the good part, the offset of the entry
// that would come next, and why it stopped there, nil at the end of data.
func scanSegment(data []byte, seed uint32, first uint64) (end int, next uint64, err error) {
	next = first
	for end < len(data) {
		frame, n, err := splitRecord(data[end:])
		if err != nil {
			return end, next, err
		}
		if _, err := parseEntry(frame, seed, next); err != nil {
			return end, next, err
		}
		end += n
		next++
	}
	return end, next, nil
}

// acknowledgedBehind looks in the bytes behind a bad entry for an entry written after the bad one was
// durable, and returns its offset; 0 if there is none. The pages of one unfinished write may reach the
// disk in any order, so a good entry behind a bad one is no proof in itself.
func acknowledgedBehind(data []byte, seed uint32, bad uint64) uint64 {
	for {
		i := bytes.Index(data, magic)
		if i < 0 {
			return 0
		}
		data = data[i:]
		h, err := parseHeader(data, seed)
		if err == nil && h.offset > bad && h.durable >= bad && h.durable < h.offset && h.length <= len(data)-headerLen {
			if _, err := parseEntry(data[:headerLen+h.length], seed, h.offset); err == nil {
				return h.offset
			}
		}
		data = data[1:]
	}
}

// damage says what is wrong where, and what an admin can do.
func (j *Journal) damage(first uint64, at int64, offset uint64, err error) error {
	return fmt.Errorf("%w: %s, byte %d, entry %d: %w. Restore this file from a copy; or stop and move the directory %s away: "+
		"an empty journal is then begun, and what its consumers had not finished is lost",
		ErrDamaged, j.segmentPath(first), at, offset, err, j.dir)
}

// openLog opens the last segment, which is known to be good, for writing.
func (j *Journal) openLog() (err error) {
	j.mu.Lock() // the keeper may be trimming
	last := j.segments[len(j.segments)-1].first
	j.mu.Unlock()
	j.log, err = openAppender(j.segmentPath(last), j.o.NoSync)
	return err
}

// place is where to look for an entry on disk.
type place struct {
	segment
	end uint64 // offset behind the segment's last entry
}

// locateLocked finds the segment of an entry that is held.
func (j *Journal) locateLocked(offset uint64) place {
	i := sort.Search(len(j.segments), func(i int) bool { return j.segments[i].first > offset }) - 1
	return j.placeLocked(i)
}

func (j *Journal) placeLocked(i int) place {
	p := place{segment: j.segments[i], end: j.last + 1}
	if i < len(j.segments)-1 {
		p.end = j.segments[i+1].first
	}
	return p
}

// lagBytesLocked is what the entries behind done take on disk.
func (j *Journal) lagBytesLocked(done uint64) int64 {
	var lag int64
	for i := len(j.segments) - 1; i >= 0; i-- {
		p := j.placeLocked(i)
		if p.end <= done+1 {
			break
		}
		if p.first > done {
			lag += p.size
			continue
		}
		behind, all := float64(p.end-1-done), float64(p.end-p.first)
		lag += int64(float64(p.size) * behind / all)
		break
	}
	return lag
}

// trimmed tells whether an entry is gone by now.
func (j *Journal) trimmed(offset uint64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closing || errors.Is(j.heldLocked(offset), journal.ErrTrimmed)
}
