// Package lineage remembers which plugins handled which records: their versions, programs and configurations, by the
// place of a record in the raw journal. It is what an event's history is told from, long after a plugin was upgraded.
//
//	DIR/history.ndjson       an entry for each change of plan: the first record that it handled, and the plan's checksum
//	DIR/plans/SUM.json       a plan
//	DIR/manifests/SUM.yaml   the plugin.yaml of a plugin in it
//
// Its one idea: a plan of plugins seldom changes, so an entry is written only when it has. What an event went through is
// the last entry at or before its own record. While a canary runs, plans take turns: therefore an entry is short, and
// names its plan.
package lineage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// What is kept: of more than mostEntries, the last keptEntries. A plan that changes every hour fills them in ten years, a
// canary in half a day at the most batches that a host handles.
const (
	keptEntries = 100_000
	mostEntries = keptEntries * 5 / 4
)

// Plugin is a program with its manifest and its configuration, as it was in a plan.
type Plugin struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"` // parser, enricher or masker
	Version string `json:"version"`
	Dir     string `json:"dir"`    // folder it ran in, where its data lies
	Sum     string `json:"sum"`    // SHA-256 of the program, in hex
	Config  []byte `json:"config"` // JSON
	// Manifest is its plugin.yaml. The log keeps each once, in a file of its own.
	Manifest []byte `json:"-"`

	ManifestSum string `json:"manifest"` // SHA-256 of the manifest, in hex; the log sets it
}

// Same says whether p and q are one program with one configuration.
func (p Plugin) Same(q Plugin) bool {
	return p.ID == q.ID && p.Kind == q.Kind && p.Version == q.Version && p.Dir == q.Dir && p.Sum == q.Sum &&
		bytes.Equal(p.Config, q.Config) && sum(p.Manifest) == sum(q.Manifest)
}

// Plan is which plugins records go through, in this order.
type Plan struct {
	Plugins []Plugin
}

// entry is a line of the file.
type entry struct {
	Journal   string    `json:"journal"`
	Partition uint32    `json:"partition"`
	From      uint64    `json:"from"` // offset of the first raw entry the plan handled
	Time      time.Time `json:"time"`
	Plan      string    `json:"plan"` // SHA-256 of the plan's file, in hex
}

// Log is the history of plans. Safe for concurrent use.
type Log struct {
	dir string

	mu      sync.Mutex
	file    *os.File
	size    int64 // bytes of the entries in the file
	torn    bool  // there may be something behind them
	entries []entry
	plans   map[string][]Plugin // those of the entries, by their checksums; without manifests
}

const (
	fileName     = "history.ndjson"
	plansDir     = "plans"
	manifestsDir = "manifests"
)

// Open reads the history in a folder, which is made if it is missing. A last line that a crash cut is taken off; any
// other that cannot be read is an error that names it.
func Open(dir string) (l *Log, err error) {
	for _, d := range [...]string{plansDir, manifestsDir} {
		if err := durable.MakeDir(filepath.Join(dir, d)); err != nil {
			return nil, err
		}
	}
	l = &Log{dir: dir, plans: map[string][]Plugin{}}
	data, err := os.ReadFile(l.path(fileName))
	if errors.Is(err, fs.ErrNotExist) {
		err = durable.Replace(l.path(fileName), nil)
	}
	if err == nil {
		err = l.read(data)
	}
	if err != nil {
		return nil, err
	}
	if l.file, err = os.OpenFile(l.path(fileName), os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if err = l.trim(); err == nil {
		err = l.sweep()
	}
	if err != nil {
		return nil, errors.Join(err, l.file.Close())
	}
	return l, nil
}

func (l *Log) path(names ...string) string {
	return filepath.Join(append([]string{l.dir}, names...)...)
}

// read takes the entries of the file.
func (l *Log) read(data []byte) error {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if !bytes.HasSuffix(line, []byte("\n")) {
			l.torn = true
			break
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("%s:%d: %w", l.path(fileName), n, err)
		}
		if last := len(l.entries) - 1; last >= 0 && l.entries[last].Journal == e.Journal {
			e.Journal = l.entries[last].Journal // one text for all of them
		}
		if err := l.load(e.Plan); err != nil {
			return fmt.Errorf("%s:%d: %w", l.path(fileName), n, err)
		}
		l.entries, l.size = append(l.entries, e), l.size+int64(len(line))
	}
	return nil
}

// load reads a plan. One that is gone cannot be told of later, and hinders nobody.
func (l *Log) load(sum string) error {
	if _, ok := l.plans[sum]; ok {
		return nil
	}
	path := l.path(plansDir, sum+".json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var plugins []Plugin
	if err == nil {
		err = json.Unmarshal(data, &plugins)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	l.plans[sum] = plugins
	return nil
}

// trim drops the oldest entries when there are too many, and plans that no other one names.
func (l *Log) trim() error {
	if len(l.entries) <= mostEntries {
		return nil
	}
	kept := slices.Clone(l.entries[len(l.entries)-keptEntries:])
	var b bytes.Buffer
	plans := map[string][]Plugin{}
	for _, e := range kept {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
		plans[e.Plan] = l.plans[e.Plan]
	}
	if err := durable.Replace(l.path(fileName), b.Bytes()); err != nil {
		return err
	}
	file, err := os.OpenFile(l.path(fileName), os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = l.file.Close()
	l.file, l.size, l.torn, l.entries, l.plans = file, int64(b.Len()), false, kept, plans
	return err
}

// sweep removes plans and manifests that no entry names.
func (l *Log) sweep() (err error) {
	named := map[string]bool{}
	for _, e := range l.entries {
		named[e.Plan+".json"] = true
	}
	for _, plugins := range l.plans {
		for _, p := range plugins {
			named[p.ManifestSum+".yaml"] = true
		}
	}
	for _, dir := range [...]string{plansDir, manifestsDir} {
		files, failed := os.ReadDir(l.path(dir))
		err = errors.Join(err, failed)
		for _, f := range files {
			if !named[f.Name()] {
				err = errors.Join(err, os.Remove(l.path(dir, f.Name())))
			}
		}
	}
	return err
}

// Record says that records from the raw entry at offset from on go through a plan. It returns when that is durable. A
// plan that is the last one's same is not written again. With an error it is as if nobody had asked.
func (l *Log) Record(journal string, partition uint32, from uint64, p *Plan, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	plugins := slices.Clone(p.Plugins)
	for i := range plugins {
		plugins[i].ManifestSum = sum(plugins[i].Manifest)
	}
	plan, err := json.Marshal(plugins)
	if err != nil {
		return err
	}
	e := entry{Journal: journal, Partition: partition, From: from, Time: now.UTC(), Plan: sum(plan)}
	if last := l.last(journal, partition, from); last >= 0 && l.entries[last].Plan == e.Plan {
		return nil
	}
	if _, known := l.plans[e.Plan]; !known {
		for _, p := range plugins {
			if err := l.keep(l.manifest(p.ManifestSum), p.Manifest); err != nil {
				return err
			}
		}
		if err := l.keep(l.path(plansDir, e.Plan+".json"), plan); err != nil {
			return err
		}
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := l.append(append(line, '\n')); err != nil {
		return err
	}
	for i := range plugins {
		plugins[i].Manifest = nil
	}
	l.plans[e.Plan] = plugins
	l.entries = append(l.entries, e)
	return l.trim()
}

// append makes a line durable, in the place of what an append that failed may have left of its own.
func (l *Log) append(line []byte) error {
	if l.torn {
		if err := l.file.Truncate(l.size); err != nil {
			return err
		}
	}
	l.torn = true
	if _, err := l.file.Write(line); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.torn, l.size = false, l.size+int64(len(line))
	return nil
}

// keep writes a file that is named by its checksum, unless it is there.
func (l *Log) keep(path string, data []byte) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return durable.Replace(path, data)
}

func (l *Log) manifest(sum string) string { return l.path(manifestsDir, sum+".yaml") }

// last is the index of the entry that counts for a raw entry, -1 if there is none. What was written later counts for all
// from its offset on: if there are earlier ones of the same or a later offset, the host crashed before those were handled.
func (l *Log) last(journal string, partition uint32, offset uint64) int {
	for i, e := range slices.Backward(l.entries) {
		if e.From <= offset && e.Partition == partition && e.Journal == journal {
			return i
		}
	}
	return -1
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
	plugins, ok := l.plans[l.entries[i].Plan]
	if !ok {
		return nil, false, fmt.Errorf("%s is gone", l.path(plansDir, l.entries[i].Plan+".json"))
	}
	p = &Plan{Plugins: slices.Clone(plugins)}
	for i := range p.Plugins {
		q := &p.Plugins[i]
		if q.Manifest, err = os.ReadFile(l.manifest(q.ManifestSum)); err != nil {
			return nil, false, fmt.Errorf("the manifest of %s %s: %w", q.ID, q.Version, err)
		}
	}
	return p, true, nil
}

// Programs are the SHA-256 sums, in hex, of all programs that are remembered.
func (l *Log) Programs() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	sums := map[string]bool{}
	for _, plugins := range l.plans {
		for _, p := range plugins {
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
