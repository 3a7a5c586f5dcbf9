// Package lineage remembers which plugins handled which records: their versions, programs and configurations, and the
// classification rules of that time, by the place of a record in the raw journal. It is what an event's history is told
// from, long after a plugin was upgraded.
//
// Its one idea: a plan of plugins seldom changes, so an entry is written only when it has, with the first record the
// new plan handled. What an event went through is the last entry at or before its own record.
package lineage

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// maxEntries bounds what is kept: of a plan that changes every hour that is more than a year. There may be twice as many
// until the next trim. A plan that was there before the last change, as behind each batch of a canary, takes a line of
// some hundred bytes and no memory for its plugins.
const maxEntries = 10000

// Plugin is a program with its manifest and its configuration, as it was in a plan.
type Plugin struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"` // parser, enricher or masker
	Version string `json:"version"`
	Dir     string `json:"dir"`    // folder it ran in, where its data lies
	Sum     string `json:"sum"`    // SHA-256 of the program, in hex
	Config  []byte `json:"config"` // JSON
	// Severity is what an admin said in place of the manifest's table.
	Severity map[string]string `json:"severity,omitempty"`
	// Manifest is its plugin.yaml. The log keeps each once, in a file of its own.
	Manifest []byte `json:"-"`

	ManifestSum string `json:"manifest"` // SHA-256 of the manifest, in hex; the log sets it
}

// Same says whether p and q are one program with one configuration.
func (p Plugin) Same(q Plugin) bool {
	return p.ID == q.ID && p.Kind == q.Kind && p.Version == q.Version && p.Dir == q.Dir && p.Sum == q.Sum &&
		bytes.Equal(p.Config, q.Config) && maps.Equal(p.Severity, q.Severity) && sum(p.Manifest) == sum(q.Manifest)
}

// Plan is which plugins records go through, in this order, and which classification rules behind them.
type Plan struct {
	Plugins []Plugin
	Rules   []byte // as package classification writes them down; nil: none. The log keeps them in files of their own, too.
}

// entry is a line of the file.
type entry struct {
	Journal   string    `json:"journal"`
	Partition uint32    `json:"partition"`
	From      uint64    `json:"from"` // offset of the first raw entry the plan handled
	Time      time.Time `json:"time"`
	// Plugins and Rules are left out of a line if Back is set: then they are those of the line before the last one.
	Plugins []Plugin `json:"plugins,omitempty"`
	Rules   string   `json:"rules,omitempty"` // SHA-256 of the rules, in hex; empty: there were none
	Back    bool     `json:"back,omitempty"`
}

// same says whether two entries are of the same plan.
func (e entry) same(o entry) bool {
	return e.Rules == o.Rules && slices.EqualFunc(e.Plugins, o.Plugins, same)
}

// Log is the history of plans. Safe for concurrent use.
type Log struct {
	dir string

	mu      sync.Mutex
	file    *os.File
	entries []entry
	behind  bool // the file lacks entries, or ends in half of one
}

const (
	fileName     = "plans.ndjson"
	manifestsDir = "manifests"
	rulesDir     = "rules"
)

// Open reads the history in a folder, which is made if it is missing. A last line that a crash cut is taken off; any
// other that cannot be read is an error that names it.
func Open(dir string) (*Log, error) {
	for _, sub := range [...]string{manifestsDir, rulesDir} {
		if err := durable.MakeDir(filepath.Join(dir, sub)); err != nil {
			return nil, err
		}
	}
	l := &Log{dir: dir}
	path := filepath.Join(dir, fileName)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	scan := bufio.NewScanner(bytes.NewReader(data[:whole]))
	scan.Buffer(nil, len(data)+1)
	for n := 1; scan.Scan(); n++ {
		var e entry
		if err := json.Unmarshal(scan.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if e.Back {
			if len(l.entries) < 2 {
				return nil, fmt.Errorf("%s:%d: it goes back to a plan that is not there", path, n)
			}
			e.Plugins, e.Rules = l.entries[len(l.entries)-2].Plugins, l.entries[len(l.entries)-2].Rules
		}
		l.entries = append(l.entries, e)
	}
	if len(l.entries) > maxEntries || whole < len(data) || err != nil {
		return l, l.rewrite()
	}
	return l, l.open()
}

// open removes manifests and rules that nobody needs any more, and opens the file in place of what was open before.
func (l *Log) open() error {
	if err := l.sweep(); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path(), os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if l.file != nil {
		_ = l.file.Close() // what it had is in the new one
	}
	l.file, l.behind = f, false
	return nil
}

func (l *Log) path() string { return filepath.Join(l.dir, fileName) }

// rewrite trims the history and writes the file anew.
func (l *Log) rewrite() error {
	l.behind = true
	l.trim()
	var b bytes.Buffer
	for i := range l.entries {
		line, err := l.line(i)
		if err != nil {
			return err
		}
		b.Write(line)
	}
	if err := durable.Replace(l.path(), b.Bytes()); err != nil {
		return err
	}
	return l.open()
}

// line is an entry as the file has it.
func (l *Log) line(i int) ([]byte, error) {
	e := l.entries[i]
	if e.Back = l.back(i); e.Back {
		e.Plugins, e.Rules = nil, ""
	}
	b, err := json.Marshal(e)
	return append(b, '\n'), err
}

// back says whether an entry has the plan that was there before the last change.
func (l *Log) back(i int) bool {
	return i >= 2 && l.entries[i].same(l.entries[i-2])
}

// brief is how many raw entries an excursion has at most that is taken for a batch.
const brief = 4096

// trim drops what is over the bound. Brief excursions go first, from a plan to another and back, as the batches of a
// canary make them, the oldest first: what they handled then counts as the plan's around them. Then the oldest plans go.
func (l *Log) trim() {
	over := len(l.entries) - maxEntries
	kept := make([]entry, 0, len(l.entries))
	for _, e := range l.entries {
		if n := len(kept); over > 0 && n >= 2 && excursion(kept[n-2], kept[n-1], e) {
			kept, over = kept[:n-1], over-2
			continue
		}
		kept = append(kept, e)
	}
	l.entries = kept[max(0, len(kept)-maxEntries):]
}

// excursion says whether b is a brief one between a and c.
func excursion(a, b, c entry) bool {
	there := func(x, y entry) bool { return x.Journal == y.Journal && x.Partition == y.Partition }
	return there(a, b) && there(b, c) && c.From-b.From <= brief && a.same(c)
}

// sweep removes manifests and rules that no entry names.
func (l *Log) sweep() (err error) {
	named := map[string]bool{}
	for _, e := range l.entries {
		named[l.rules(e.Rules)] = true
		for _, p := range e.Plugins {
			named[l.manifest(p.ManifestSum)] = true
		}
	}
	for _, sub := range [...]string{manifestsDir, rulesDir} {
		files, failed := os.ReadDir(filepath.Join(l.dir, sub))
		err = errors.Join(err, failed)
		for _, f := range files {
			if path := filepath.Join(l.dir, sub, f.Name()); !named[path] {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}
	return err
}

// Record says that records from the raw entry at offset from on go through a plan. It returns when that is durable. A
// plan that is the last one's same is not written again.
func (l *Log) Record(journal string, partition uint32, from uint64, p *Plan, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := entry{Journal: journal, Partition: partition, From: from, Time: now.UTC(), Plugins: slices.Clone(p.Plugins)}
	for i := range e.Plugins {
		e.Plugins[i].ManifestSum = sum(e.Plugins[i].Manifest)
	}
	if len(p.Rules) > 0 {
		e.Rules = sum(p.Rules)
	}
	if last := l.last(journal, partition, from); last >= 0 && l.entries[last].same(e) {
		return nil
	}
	for _, p := range e.Plugins {
		if err := keep(l.manifest(p.ManifestSum), p.Manifest); err != nil {
			return err
		}
	}
	if e.Rules != "" {
		if err := keep(l.rules(e.Rules), p.Rules); err != nil {
			return err
		}
	}
	for i := range e.Plugins {
		e.Plugins[i].Manifest = nil
	}
	before := l.entries
	l.entries = append(l.entries, e)
	if err := l.append(); err != nil {
		l.entries = before
		return err
	}
	if len(l.entries) > 2*maxEntries {
		return l.rewrite()
	}
	return nil
}

// append writes the last entry behind the others. After an error the file is written anew by the next one.
func (l *Log) append() error {
	i := len(l.entries) - 1
	if l.back(i) {
		l.entries[i].Plugins = l.entries[i-2].Plugins
	}
	if l.behind {
		return l.rewrite()
	}
	line, err := l.line(i)
	if err != nil {
		return err
	}
	_, err = l.file.Write(line)
	if err == nil {
		err = l.file.Sync()
	}
	l.behind = err != nil
	return err
}

// same compares plugins of entries, whose manifests are in files.
func same(p, q Plugin) bool {
	p.Manifest, q.Manifest = nil, nil
	return p.ManifestSum == q.ManifestSum && p.Same(q)
}

// keep writes a file whose name is the sum of what it has, unless it is there.
func keep(path string, data []byte) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return durable.Replace(path, data)
}

func (l *Log) manifest(sum string) string { return filepath.Join(l.dir, manifestsDir, sum+".yaml") }

func (l *Log) rules(sum string) string { return filepath.Join(l.dir, rulesDir, sum+".json") }

// last is the index of the entry that counts for a raw entry, -1 if there is none. Of entries with the same offset
// the later one does: the one before was written down, but the host crashed before it had handled anything.
func (l *Log) last(journal string, partition uint32, offset uint64) int {
	found := -1
	for i, e := range l.entries {
		if e.Journal == journal && e.Partition == partition && e.From <= offset && (found < 0 || e.From >= l.entries[found].From) {
			found = i
		}
	}
	return found
}

// Find is the plan that handled the raw entry at an offset; ok is false if that is not known: the event came in before
// this host kept the history, or into another host.
func (l *Log) Find(journal string, partition uint32, offset uint64) (p *Plan, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.last(journal, partition, offset)
	if i < 0 {
		return nil, false, nil
	}
	p = &Plan{Plugins: slices.Clone(l.entries[i].Plugins)}
	for i := range p.Plugins {
		q := &p.Plugins[i]
		if q.Manifest, err = os.ReadFile(l.manifest(q.ManifestSum)); err != nil {
			return nil, false, fmt.Errorf("the manifest of %s %s: %w", q.ID, q.Version, err)
		}
	}
	if of := l.entries[i].Rules; of != "" {
		if p.Rules, err = os.ReadFile(l.rules(of)); err != nil {
			return nil, false, fmt.Errorf("the classification rules: %w", err)
		}
	}
	return p, true, nil
}

// Programs are the SHA-256 sums, in hex, of all programs that are remembered.
func (l *Log) Programs() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	sums := map[string]bool{}
	for _, e := range l.entries {
		for _, p := range e.Plugins {
			sums[p.Sum] = true
		}
	}
	return sums
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
