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

func (v *Versions) previous(id string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.of[id].Previous
}

// put records a plugin's folder durably.
func (v *Versions) put(id, folder, previous string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	next := maps.Clone(v.of)
	next[id] = version{folder, previous}
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
