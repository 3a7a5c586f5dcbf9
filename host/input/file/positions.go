package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"time"
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
	if err := replace(in.saved, append(b, '\n')); err != nil {
		in.dirty = true
		return fmt.Errorf("saving positions: %w", err)
	}
	in.first, in.dirty = false, false
	return nil
}

// replace writes a file so that a crash leaves the old or the new one.
func replace(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = bytes.NewReader(b).WriteTo(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
