package file

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// checkpoint is a saved position.
type checkpoint struct {
	Path        string    `json:"path"` // when it was last seen
	Device      uint64    `json:"device"`
	Inode       uint64    `json:"inode"`
	Fingerprint []byte    `json:"fingerprint"` // SHA-256 of the first bytes
	Length      int       `json:"length"`      // how many those are
	Offset      int64     `json:"offset"`
	Seen        time.Time `json:"seen"`
}

// load reads saved positions. first is true if there are none: the input has never run.
func load(path string) (m map[identity]checkpoint, first bool, err error) {
	m = map[identity]checkpoint{}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	var all []checkpoint
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, false, fmt.Errorf("positions in %s cannot be read: %w; move the file away to start anew", path, err)
	}
	for _, c := range all {
		m[identity{c.Device, c.Inode}] = c
	}
	return m, false, nil
}

// save writes the durable positions, if they have changed.
func (in *Input) save() error {
	now := time.Now().UTC()
	changed := in.first
	var all []checkpoint
	for id, f := range in.files {
		durable, err := in.batcher.Durable(f.source)
		if err == nil && durable > f.durable {
			f.durable, changed = durable, true
		}
		if f.length != f.savedLength {
			f.savedLength, changed = f.length, true
		}
		all = append(all, checkpoint{f.path, id.Device, id.Inode, f.print[:], f.length, f.durable, now})
	}
	for id, c := range in.old {
		if now.Sub(c.Seen) > forgetAfter {
			delete(in.old, id)
			changed = true
			continue
		}
		all = append(all, c)
	}
	if !changed && !in.dirty {
		return nil
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Path < all[j].Path })
	b, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	err = durable.MakeDir(filepath.Dir(in.saved))
	if err == nil {
		err = durable.Replace(in.saved, append(b, '\n'))
	}
	if err != nil {
		in.dirty = true
		return fmt.Errorf("saving positions: %w", err)
	}
	in.first, in.dirty = false, false
	return nil
}
