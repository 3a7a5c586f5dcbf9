// Command file appends alerts to a file, one JSON object a line, for people and programs that read files.
//
// An alert that Notify has answered is on the disk. The file is renamed before it grows too large:
// alerts.jsonl becomes alerts.jsonl.1, that one alerts.jsonl.2, and the oldest goes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/message"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/target"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Targets are the files. The channel of one is file/NAME.
	Targets []Target `yaml:"targets"`
}

// Target is a file.
type Target struct {
	// Name is what channels call the file.
	Name string `yaml:"name" required:"true"`
	// Path is the file, from the root on, as plugins run in folders of their own; its folder must be there.
	Path string `yaml:"path" required:"true"`
	// MaxSize is how large the file may grow before it is renamed; 0 means that it grows without end.
	MaxSize schema.Bytes `yaml:"max_size" default:"100MiB"`
	// Keep is how many renamed files stay beside it; 0 removes the file instead of renaming it.
	Keep int `yaml:"keep" default:"5" min:"0" max:"1000"`
	// MaxLine bounds the line of an alert; what is too large loses event ids first, then the ends of long values, and says
	// so by cut.
	MaxLine schema.Bytes `yaml:"max_line" default:"1MiB" min:"4KiB" max:"16MiB"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error {
	paths := map[string]int{}
	for i, t := range c.Targets {
		if other, ok := paths[filepath.Clean(t.Path)]; ok {
			return &schema.Error{Path: schema.Index("targets", i) + ".path", Msg: fmt.Sprintf("%q is the file of %s already", t.Path, schema.Index("targets", other))}
		}
		paths[filepath.Clean(t.Path)] = i
	}
	return target.Check(c.Targets, nameOf)
}

func nameOf(t *Target) string { return t.Name }

// Validate says what the tags cannot.
func (t *Target) Validate() error {
	if !filepath.IsAbs(t.Path) {
		return &schema.Error{Path: "path", Msg: fmt.Sprintf("%q does not say where", t.Path), Hint: "a path from the root on, e.g. /var/log/logcenter/alerts.jsonl"}
	}
	return nil
}

// retry is how long to wait after the disk refused a line: it may be full for now.
const retry = 5 * time.Second

type notifier struct{ target.Set[*output] }

// New opens the files, so that a path that cannot be written is known at once.
func New(c Config) (sdk.Notifier, error) {
	set, err := target.New(c.Targets, nameOf, func(t Target) (*output, error) {
		o := &output{c: t}
		if err := o.open(); err != nil {
			return nil, &schema.Error{Path: "path", Msg: err.Error()}
		}
		return o, nil
	})
	n := &notifier{set}
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// Notify appends one alert. A crash can leave an alert twice in the file, under one id.
func (n *notifier) Notify(_ context.Context, a sdk.Alert) error {
	name, o, err := n.Choose(&a)
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	b, err := message.Bounded(&a, "file/"+name, time.Now(), int(o.c.MaxLine))
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.append(append(b, '\n')); err != nil {
		return sdk.RetryAfter(retry, fmt.Errorf("file/%s: %w", name, err))
	}
	return nil
}

// output is one file.
type output struct {
	c Target

	mu   sync.Mutex
	file *os.File
	size int64
}

func (o *output) append(b []byte) error {
	if o.file == nil || o.moved() {
		if err := o.reopen(); err != nil {
			return err
		}
	}
	if most := int64(o.c.MaxSize); most > 0 && o.size > 0 && o.size+int64(len(b)) > most {
		if err := o.rotate(); err != nil {
			return err
		}
	}
	k, err := o.file.Write(b)
	if err != nil {
		// Half a line must not stay in front of the next one.
		if k > 0 {
			err = errors.Join(err, o.file.Truncate(o.size))
		}
		return err
	}
	o.size += int64(k)
	return o.file.Sync()
}

// moved says that somebody else renamed or removed the file, as logrotate does.
func (o *output) moved() bool {
	ours, err := o.file.Stat()
	if err != nil {
		return true
	}
	there, err := os.Stat(o.c.Path)
	return err != nil || !os.SameFile(ours, there)
}

func (o *output) reopen() error {
	if o.file != nil {
		_ = o.file.Close() // all that was answered is synced
		o.file = nil
	}
	return o.open()
}

// open opens the file for appending and repairs a last line without its end.
func (o *output) open() error {
	f, err := os.OpenFile(o.c.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	size, err := wholeLines(f)
	if err != nil {
		_ = f.Close()
		return err
	}
	o.file, o.size = f, size
	return syncDir(o.c.Path)
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
func (o *output) rotate() error {
	name := func(i int) string { return o.c.Path + "." + strconv.Itoa(i) }
	if o.c.Keep == 0 {
		if err := os.Remove(o.c.Path); err != nil {
			return err
		}
		return o.reopen()
	}
	for i := o.c.Keep; i > 1; i-- {
		if err := os.Rename(name(i-1), name(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(o.c.Path, name(1)); err != nil {
		return err
	}
	return o.reopen()
}

// syncDir makes a new name in path's folder last.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close lets go of the files.
func (n *notifier) Close() (err error) {
	n.Each(func(o *output) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.file != nil {
			err = errors.Join(err, o.file.Close())
			o.file = nil
		}
	})
	return err
}

func main() { sdk.ServeNotifier(New) }
