// Package migrate moves the events of one store into another while no host runs.
//
// It goes partition by partition, each of which is an import of the other store: whole or not at all. What is done is
// written down behind every partition, so that a migration that was killed goes on with the partition it was at. In the
// end the counts and hashes of all partitions are compared, and only then the other store adopts the offset of the event
// journal up to which it has everything: a host that is started on it goes on exactly behind.
package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Options of a migration. All are required but Restart and Progress.
type Options struct {
	From, To         store.Store
	FromName, ToName string // kinds of the stores, for the state and for messages
	State            string // file in which is kept what is done
	Restart          bool   // drop what an earlier migration has brought and begin anew
	// Progress is told now and then how far it is, from the goroutine of Run.
	Progress func(Progress)
}

// Progress is how far a migration is.
type Progress struct {
	Partition     string // being moved or compared
	Comparing     bool
	Events, Total int64 // moved, or compared, in this and earlier runs
	RawBytes      int64 // of message, of the events moved by this run
	Elapsed       time.Duration
}

// Row compares one partition in both stores.
type Row struct {
	Partition string
	From, To  Digest
}

// Equal says that both stores have the same events.
func (r Row) Equal() bool { return r.From == r.To }

// Report is what a migration has done.
type Report struct {
	Rows   []Row // sorted by partition
	Offset uint64
}

// state is what is kept of a migration.
type state struct {
	Version  int               `json:"version"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	Offset   uint64            `json:"offset"`            // of the event journal, up to which the first store has all
	Current  string            `json:"current,omitempty"` // partition being moved
	Done     map[string]Digest `json:"done"`
	Finished bool              `json:"finished"`
}

// Unfinished returns the kind of store that a migration recorded in a file is under way to, empty if none is.
func Unfinished(file string) (string, error) {
	st, err := readState(file)
	if err != nil || st == nil || st.Finished {
		return "", err
	}
	return st.To, nil
}

func readState(file string) (*state, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	st := &state{}
	if err := json.Unmarshal(b, st); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): remove it and the events in the store migrated to, and begin anew", file, err)
	}
	if st.Version != 1 {
		return nil, fmt.Errorf("%s has format %d, this version of Logcenter reads format 1", file, st.Version)
	}
	if st.Done == nil {
		st.Done = map[string]Digest{}
	}
	return st, nil
}

func (st *state) save(file string) error {
	b, err := json.MarshalIndent(st, "", " ")
	if err != nil {
		return err
	}
	return durable.Replace(file, append(b, '\n'))
}

// migration is one run.
type migration struct {
	Options
	state *state
	begun time.Time
	at    Progress
}

var messageName = ecs.Message.Name()

// ErrDiffers means that the stores do not have the same events; the report says where.
var ErrDiffers = errors.New("the stores differ")

// Run migrates. It may be called again after an error or a crash, with the same stores.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	m := &migration{Options: o, begun: time.Now()}
	if err := m.From.Flush(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", o.FromName, err)
	}
	parts, err := m.From.Partitions(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.FromName, err)
	}
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	for _, p := range parts {
		m.at.Total += p.Events
	}
	for _, p := range parts {
		if d, ok := m.state.Done[p.ID]; ok {
			m.at.Events += d.Events
			continue
		}
		if err := m.move(ctx, p); err != nil {
			return nil, fmt.Errorf("partition %s: %w", p.ID, err)
		}
	}
	return m.finish(ctx)
}

// begin reads what is done already and sees that the other store has nothing else.
func (m *migration) begin(ctx context.Context) error {
	st, err := readState(m.State)
	if err != nil {
		return err
	}
	offset := m.From.Durable()
	fresh := &state{Version: 1, From: m.FromName, To: m.ToName, Offset: offset, Done: map[string]Digest{}}
	switch {
	case st == nil, st.Finished && (st.From != m.FromName || st.To != m.ToName):
		m.state = fresh
	case st.From != m.FromName || st.To != m.ToName:
		return fmt.Errorf("a migration from %s to %s is not finished: finish it first, or remove %s and what it brought", st.From, st.To, m.State)
	case m.Restart:
		if d := m.To.Durable(); st.Finished && d > st.Offset {
			return fmt.Errorf("the migration to the %s store is finished, and a host has run on it since: it has entries of the event journal up to %d, the migration brought those up to %d: "+
				"--restart would drop events that are nowhere else; choose another store, or remove %s and empty the %s store yourself", m.ToName, d, st.Offset, m.State, m.ToName)
		}
		m.state = st
	case st.Offset != offset:
		return fmt.Errorf("a host has run since the migration was begun: the %s store now has events up to entry %d of the event journal, and had them up to %d: "+
			"begin anew with --restart, which drops what was moved", m.FromName, offset, st.Offset)
	default:
		m.state = st
	}
	there, err := m.To.Partitions(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", m.ToName, err)
	}
	for _, p := range there {
		if _, done := m.state.Done[p.ID]; !done && p.ID != m.state.Current {
			return fmt.Errorf("the %s store is not empty: it has %d events of %s that this migration did not bring: "+
				"choose another one (for Elasticsearch another store.elasticsearch.prefix), or remove them", m.ToName, p.Events, p.ID)
		}
	}
	if d := m.To.Durable(); d > offset {
		return fmt.Errorf("the %s store is ahead: it has entries of the event journal up to %d, the %s store up to %d", m.ToName, d, m.FromName, offset)
	}
	if m.Restart && m.state == st && st != nil { // all of it is what the earlier migration brought
		if err := m.drop(ctx, there); err != nil {
			return err
		}
		m.state = fresh
	}
	return m.state.save(m.State)
}

// drop removes what an earlier migration brought.
func (m *migration) drop(ctx context.Context, brought []store.Partition) error {
	for _, p := range brought {
		if err := m.To.DropPartition(ctx, p.ID); err != nil {
			return fmt.Errorf("%s: %w", m.ToName, err)
		}
	}
	return nil
}

// move imports one partition and writes down that it is done.
func (m *migration) move(ctx context.Context, p store.Partition) error {
	r := store.ImportRequest{Class: p.Class, Day: p.Day, Restored: p.Restored, Expires: p.Expires}
	if m.state.Current == p.ID { // it may have been killed between the commit and the note of it
		err := m.To.DropPartition(ctx, p.ID)
		if err != nil && !errors.Is(err, store.ErrRequest) {
			return fmt.Errorf("%s: %w", m.ToName, err)
		}
	}
	m.state.Current = p.ID
	if err := m.state.save(m.State); err != nil {
		return err
	}
	im, err := m.To.Import(ctx, r)
	if err != nil {
		return fmt.Errorf("%s: %w", m.ToName, err)
	}
	var d Digest
	m.at.Partition = p.ID
	err = m.scan(ctx, m.From, p.ID, func(b store.ScanBatch) error {
		d.add(b.Batch)
		for _, c := range b.Batch.Columns {
			if c.Name == messageName {
				m.at.RawBytes += int64(len(c.Data))
			}
		}
		if err := im.Add(ctx, b.Batch); err != nil {
			return fmt.Errorf("%s: %w", m.ToName, err)
		}
		return nil
	})
	if err == nil && p.Events > 0 && d.Events == 0 {
		err = fmt.Errorf("the %s store counts %d events and hands out none: nothing of it was moved", m.FromName, p.Events)
	}
	if err != nil {
		return errors.Join(err, im.Abort())
	}
	if _, err := im.Commit(ctx); err != nil {
		return fmt.Errorf("%s: %w", m.ToName, err)
	}
	m.state.Current = ""
	m.state.Done[p.ID] = d
	return m.state.save(m.State)
}

// scan hands out a partition and tells how far it is.
func (m *migration) scan(ctx context.Context, s store.Store, id string, f func(store.ScanBatch) error) error {
	for b, err := range s.Scan(ctx, store.Everything(), store.ScanRequest{Partition: id}) {
		if err != nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
		m.at.Events += int64(b.Batch.Rows)
		m.at.Elapsed = time.Since(m.begun)
		m.Progress(m.at)
	}
	return nil
}

// finish compares, and has the other store go on behind what it was brought.
func (m *migration) finish(ctx context.Context) (*Report, error) {
	out := &Report{Offset: m.state.Offset}
	total := int64(0)
	for id, d := range m.state.Done {
		out.Rows = append(out.Rows, Row{Partition: id, From: d})
		total += d.Events
	}
	slices.SortFunc(out.Rows, byPartition)
	m.at = Progress{Comparing: true, Total: total, RawBytes: m.at.RawBytes}
	differ := false
	for i := range out.Rows {
		r := &out.Rows[i]
		m.at.Partition = r.Partition
		err := m.scan(ctx, m.To, r.Partition, func(b store.ScanBatch) error { r.To.add(b.Batch); return nil })
		if err != nil {
			return out, fmt.Errorf("comparing %s: %s: %w", r.Partition, m.ToName, err)
		}
		differ = differ || !r.Equal()
	}
	if differ {
		return out, fmt.Errorf("%w: the %s store stays in use; begin anew with --restart", ErrDiffers, m.FromName)
	}
	if err := m.To.Adopt(ctx, m.state.Offset); err != nil {
		return out, fmt.Errorf("%s: %w", m.ToName, err)
	}
	m.state.Finished = true
	return out, m.state.save(m.State)
}
