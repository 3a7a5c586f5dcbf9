package rollout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"

	"github.com/logcenter/logcenter/host/durable"
)

// Versions is the record of which folders plugins run from that were upgraded, and from which before. Safe for
// concurrent use.
type Versions struct {
	path string
	mu   sync.Mutex
	of   map[string]version
}

type version struct {
	Folder   string `json:"folder"`
	Previous string `json:"previous"`
}

// OpenVersions reads the record in a file, which need not exist.
func OpenVersions(path string) (*Versions, error) {
	v := &Versions{path: path, of: map[string]version{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &v.of)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: the record of upgraded plugins: %w; without it the versions in plugins.dirs run", path, err)
	}
	return v, nil
}

// Folders are the folders of upgraded plugins, by their ids.
func (v *Versions) Folders() map[string]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := map[string]string{}
	for id, f := range v.of {
		out[id] = f.Folder
	}
	return out
}

// Previous is the folder that a plugin ran from before its last upgrade, "" if it had none.
func (v *Versions) Previous(id string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.of[id].Previous
}

// Put records durably that a plugin runs from a folder, and from which before.
func (v *Versions) Put(id, folder, previous string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	next := maps.Clone(v.of)
	next[id] = version{folder, previous}
	return v.write(next)
}

// Forget removes durably what is recorded of a plugin.
func (v *Versions) Forget(id string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.of[id]; !ok {
		return nil
	}
	next := maps.Clone(v.of)
	delete(next, id)
	return v.write(next)
}

func (v *Versions) write(next map[string]version) error {
	data, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.Replace(v.path, data); err != nil {
		return err
	}
	v.of = next
	return nil
}
