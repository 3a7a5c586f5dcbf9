package disk

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// meta is the content of meta.json.
type meta struct {
	Version  int       `json:"version"`
	ID       string    `json:"id"`
	Created  time.Time `json:"created"`
	KeyCheck string    `json:"key_check,omitempty"` // of the key that entries may be encrypted with
}

// newID is a random one of 128 bits. It does not begin with -, by which a command would take an event's id for a flag.
func newID() (string, error) {
	for {
		var b [16]byte
		if _, err := rand.Read(b[:]); err != nil {
			return "", err
		}
		if id := base64.RawURLEncoding.EncodeToString(b[:]); id[0] != '-' {
			return id, nil
		}
	}
}

// loadMeta reads meta.json, or makes it for a new journal, and checks the key (nil = none) against it.
func loadMeta(dir string, key []byte) (meta, error) {
	path := filepath.Join(dir, "meta.json")
	var m meta
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if segments, err := listSegments(dir); err != nil || len(segments) > 0 {
			return m, errors.Join(fmt.Errorf("%w: %s is missing though there are entries; restore it from a copy, or move the directory away", ErrDamaged, path), err)
		}
		id, err := newID()
		if err != nil {
			return m, err
		}
		m = meta{Version: 1, ID: id, Created: time.Now().UTC()}
	case err != nil:
		return m, err
	default:
		if err := json.Unmarshal(data, &m); err != nil || len(m.ID) != 22 {
			return m, errors.Join(fmt.Errorf("%w: %s is not readable; restore it from a copy, or move the directory away", ErrDamaged, path), err)
		}
		if m.Version != 1 {
			return m, fmt.Errorf("%s has version %d; this program knows version 1", path, m.Version)
		}
	}
	if key == nil && m.KeyCheck != "" {
		return m, fmt.Errorf("%w file is missing from the options: this journal is encrypted; name the file, or move the directory away", ErrKey)
	}
	check := m.KeyCheck
	if key != nil {
		if check, err = keyCheck(key, m.ID); err != nil {
			return m, err
		}
		if m.KeyCheck != "" && m.KeyCheck != check {
			return m, fmt.Errorf("%w file holds another key than the one this journal was written with; give the old file, or move the directory away", ErrKey)
		}
	}
	if data != nil && m.KeyCheck == check {
		return m, nil
	}
	m.KeyCheck = check
	return m, replaceFile(path, m)
}

// state is the content of state.json.
type state struct {
	Last   uint64       `json:"last"` // was durable when this was written
	Groups []groupState `json:"groups"`
}

type groupState struct {
	Name        string `json:"name"`
	Committed   uint64 `json:"committed"`
	DetachAfter int64  `json:"detach_after_bytes,omitempty"`
	Detached    bool   `json:"detached,omitempty"`
}

func (j *Journal) statePath() string { return filepath.Join(j.dir, "state.json") }

// readState reads state.json; nothing is a state too.
func (j *Journal) readState() (s state, err error) {
	data, err := os.ReadFile(j.statePath())
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("%w: %s: %w; restore it from a copy, or remove it: every consumer group then begins at the oldest entry", ErrDamaged, j.statePath(), err)
	}
	return s, nil
}

// takeState holds what state.json says against the entries found.
func (j *Journal) takeState(s state) error {
	if s.Last > j.last {
		tail := j.segments[len(j.segments)-1]
		if !j.o.NoSync {
			return j.damage(tail.first, tail.size, j.last+1, fmt.Errorf("the entries end here, though %d was acknowledged", s.Last))
		}
		j.o.Logf("journal %s: entries %d to %d, appended without sync, are lost; their offsets are given again", j.dir, j.last+1, s.Last)
	}
	for _, g := range s.Groups {
		g.Committed = min(g.Committed, j.last)
		j.groups[g.Name] = &group{
			name: g.Name, committed: g.Committed, saved: g.Committed,
			detachAfter: g.DetachAfter, detached: g.Detached,
		}
	}
	return nil
}

// saveState writes state.json if it is behind. Only what it says may be trimmed: after a crash, groups
// go on from there.
func (j *Journal) saveState() error {
	j.stateMu.Lock()
	defer j.stateMu.Unlock()
	j.mu.Lock()
	if !j.dirty && !j.closing {
		j.mu.Unlock()
		return nil
	}
	s := state{Last: j.last, Groups: make([]groupState, 0, len(j.groups))}
	for _, g := range j.groups {
		s.Groups = append(s.Groups, groupState{g.name, g.committed, g.detachAfter, g.detached})
	}
	j.dirty = false
	j.mu.Unlock()

	sort.Slice(s.Groups, func(a, b int) bool { return s.Groups[a].Name < s.Groups[b].Name })
	err := replaceFile(j.statePath(), s)
	if err != nil {
		err = fmt.Errorf("journal %s: save state: %w", j.dir, err)
	}

	j.mu.Lock()
	defer j.mu.Unlock()
	if (err != nil) != (j.stateErr != nil) {
		j.o.Logf("%s", stateNews(j.dir, err))
	}
	j.stateErr = err
	if err != nil {
		j.dirty = true
		return err
	}
	for _, saved := range s.Groups {
		if g := j.groups[saved.Name]; g != nil {
			g.saved = saved.Committed
		}
	}
	return nil
}

func stateNews(dir string, err error) string {
	if err == nil {
		return "journal " + dir + ": state.json is written again"
	}
	return err.Error() + "; trying again every second"
}

// replaceFile writes v as JSON, so that after a crash either the old or the new content is there.
func replaceFile(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(path, append(data, '\n'))
}

// cutFile gives a file this size and makes all of it durable.
func cutFile(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = f.Truncate(size)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// makeDir makes dir for the owner only, and durable in its parent.
func makeDir(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return errors.New("is not a directory")
	}
	if err == nil {
		if info.Mode().Perm()&0o077 == 0 {
			return nil
		}
		return os.Chmod(dir, 0o700)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return durable.Sync(filepath.Dir(dir))
}
