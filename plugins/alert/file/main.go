// Command file appends alerts to a file, one JSON object a line, for people and programs that read files.
//
// An alert that Notify has answered is on the disk. The file is renamed before it grows too large:
// alerts.jsonl becomes alerts.jsonl.1, that one alerts.jsonl.2, and the oldest goes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Path is the file, from the root on, as plugins run in folders of their own; its folder must be there.
	Path string `yaml:"path" required:"true"`
	// MaxSize is how large the file may grow before it is renamed; 0 means that it grows without end.
	MaxSize schema.Bytes `yaml:"max_size" default:"100MiB"`
	// Keep is how many renamed files stay beside it; 0 removes the file instead of renaming it.
	Keep int `yaml:"keep" default:"5" min:"0" max:"1000"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error {
	if !filepath.IsAbs(c.Path) {
		return &schema.Error{Path: "path", Msg: fmt.Sprintf("%q does not say where", c.Path), Hint: "a path from the root on, e.g. /var/log/logcenter/alerts.jsonl"}
	}
	return nil
}

// retry is how long to wait after the disk refused a line: it may be full for now.
const retry = 5 * time.Second

type notifier struct {
	c Config

	mu   sync.Mutex
	file *os.File
	size int64
}

// New opens the file, so that a path that cannot be written is known at once.
func New(c Config) (sdk.Notifier, error) {
	n := &notifier{c: c}
	if err := n.open(); err != nil {
		return nil, &schema.Error{Path: "path", Msg: err.Error()}
	}
	return n, nil
}

// line is what an alert looks like in the file. Names are the log standard's, times RFC 3339.
type line struct {
	Time        time.Time         `json:"time"` // of writing
	ID          string            `json:"id"`
	Rule        string            `json:"rule"`
	RuleVersion string            `json:"rule_version,omitempty"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Topic       string            `json:"topic,omitempty"`
	Type        string            `json:"type,omitempty"`
	Method      string            `json:"method,omitempty"`
	Frequency   string            `json:"frequency,omitempty"`
	Remarks     string            `json:"remarks,omitempty"`
	Severity    string            `json:"severity,omitempty"`
	Priority    int               `json:"priority,omitempty"`
	Keys        map[string]string `json:"keys,omitempty"`
	Fields      map[string]string `json:"fields,omitempty"`
	Count       uint64            `json:"count,omitempty"`
	First       time.Time         `json:"first,omitzero"`
	Last        time.Time         `json:"last,omitzero"`
	EventIDs    []string          `json:"events,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
}

// Notify appends one alert. A crash can leave an alert twice in the file, under one id.
func (n *notifier) Notify(_ context.Context, a sdk.Alert) error {
	b, err := json.Marshal(line{
		Time: time.Now().UTC(), ID: a.ID, Rule: a.Rule, RuleVersion: a.RuleVersion, Name: a.Name,
		Description: a.Description, Topic: a.Topic, Type: a.Type, Method: a.Method, Frequency: a.Frequency,
		Remarks: a.Remarks, Severity: a.Severity, Priority: a.Priority, Keys: a.Keys, Fields: a.Fields,
		Count: a.Count, First: a.First, Last: a.Last, EventIDs: a.EventIDs, Tags: a.Tags,
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.append(append(b, '\n')); err != nil {
		return sdk.RetryAfter(retry, fmt.Errorf("file: %w", err))
	}
	return nil
}

func (n *notifier) append(b []byte) error {
	if n.file == nil || n.moved() {
		if err := n.reopen(); err != nil {
			return err
		}
	}
	if most := int64(n.c.MaxSize); most > 0 && n.size > 0 && n.size+int64(len(b)) > most {
		if err := n.rotate(); err != nil {
			return err
		}
	}
	k, err := n.file.Write(b)
	if err != nil {
		// Half a line must not stay in front of the next one.
		if k > 0 {
			err = errors.Join(err, n.file.Truncate(n.size))
		}
		return err
	}
	n.size += int64(k)
	return n.file.Sync()
}

// moved says that somebody else renamed or removed the file, as logrotate does.
func (n *notifier) moved() bool {
	ours, err := n.file.Stat()
	if err != nil {
		return true
	}
	there, err := os.Stat(n.c.Path)
	return err != nil || !os.SameFile(ours, there)
}

func (n *notifier) reopen() error {
	if n.file != nil {
		_ = n.file.Close() // all that was answered is synced
		n.file = nil
	}
	return n.open()
}

// open opens the file for appending and repairs a last line without its end.
func (n *notifier) open() error {
	f, err := os.OpenFile(n.c.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	size, err := wholeLines(f)
	if err != nil {
		_ = f.Close()
		return err
	}
	n.file, n.size = f, size
	return syncDir(n.c.Path)
}

// wholeLines ends a line that a crash has cut, so that the next one starts on its own, and returns the size.
func wholeLines(f *os.File) (int64, error) {
	s, err := f.Stat()
	if err != nil || s.Size() == 0 {
		return 0, err
	}
	if !s.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is not a file", f.Name())
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, s.Size()-1); err != nil {
		return 0, err
	}
	if last[0] == '\n' {
		return s.Size(), nil
	}
	_, err = f.WriteString("\n")
	return s.Size() + 1, err
}

// rotate renames the file and its predecessors by one and opens a new one.
func (n *notifier) rotate() error {
	name := func(i int) string { return n.c.Path + "." + strconv.Itoa(i) }
	if n.c.Keep == 0 {
		if err := os.Remove(n.c.Path); err != nil {
			return err
		}
		return n.reopen()
	}
	for i := n.c.Keep; i > 1; i-- {
		if err := os.Rename(name(i-1), name(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(n.c.Path, name(1)); err != nil {
		return err
	}
	return n.reopen()
}

// syncDir makes a new name in path's folder last.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close lets go of the file.
func (n *notifier) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file == nil {
		return nil
	}
	err := n.file.Close()
	n.file = nil
	return err
}

func main() { sdk.ServeNotifier(New) }
