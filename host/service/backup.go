package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/backup"
	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/embedded"
)

// BackupOptions say what to back up where.
type BackupOptions struct {
	Dir      string // of the backups, as seen by the host
	Keep     int    // copies to keep, the new one included; 0 keeps all
	Secrets  bool   // also the admin's token
	Location string // of the repository of Elasticsearch, as seen by its nodes; only for that store
	Progress func(backup.Progress, string)
}

const (
	stagingDir = "backup.tmp" // below the data directory; gone when no backup runs
	configCopy = "logcenter.yaml.backup"
)

// Backup makes a copy of everything the host keeps, while it runs. All that was acknowledged when it began is in it.
func (s *Service) Backup(ctx context.Context, o BackupOptions) (*backup.Copy, error) {
	if !filepath.IsAbs(o.Dir) {
		return nil, fmt.Errorf("the backup directory %q must be an absolute path on the host's machine", o.Dir)
	}
	if rel, err := filepath.Rel(s.path(), o.Dir); err == nil && filepath.IsLocal(rel) {
		return nil, fmt.Errorf("the backup directory %s is inside the data folder %s, and would be lost with it", o.Dir, s.path())
	}
	if _, ok := s.engine.(*elastic.Store); ok && !path.IsAbs(o.Location) {
		return nil, errors.New("events in Elasticsearch need a folder that its nodes can write to: give --es-location, an absolute path below path.repo of elasticsearch.yml")
	}
	dir, err := backup.OpenDir(o.Dir)
	if err != nil {
		return nil, err
	}
	b := &backupRun{s: s, o: o, copy: &backup.Copy{Host: s.version}}
	defer b.release()
	err = b.freeze(ctx)
	if err == nil {
		err = dir.Create(ctx, b.copy, b.sources, func(p backup.Progress) { o.Progress(p, "copying") })
	}
	if err != nil {
		return nil, errors.Join(err, b.dropSnapshot(ctx), dir.Close())
	}
	gone, err := dir.Prune(o.Keep)
	for _, c := range gone {
		err = errors.Join(err, b.forget(ctx, c))
	}
	if err != nil {
		err = fmt.Errorf("copy %s is made, but what is not needed any more cannot be removed: %w", b.copy.Name, err)
	}
	return b.copy, errors.Join(err, dir.Close())
}

// backupRun is one backup.
type backupRun struct {
	s       *Service
	o       BackupOptions
	copy    *backup.Copy
	sources []backup.Source
	pinned  *embedded.Pinned
	pins    []*disk.Pin
}

func (b *backupRun) staging(names ...string) string {
	return b.s.path(append([]string{stagingDir}, names...)...)
}

// freeze takes hold of a state of all parts that belong together. The order is what makes it one: the journals are
// pinned before the store is, and linked after it, the event journal before the raw one. So each has what those behind
// it may still ask for.
func (b *backupRun) freeze(ctx context.Context) error {
	s := b.s
	if err := os.RemoveAll(b.staging()); err != nil {
		return err
	}
	if err := os.MkdirAll(b.staging(), 0o700); err != nil {
		return err
	}
	es, isElastic := s.engine.(*elastic.Store)
	if isElastic { // most is copied before the journals are held
		warm, err := b.warm(ctx, es)
		if err != nil {
			return err
		}
		defer func() { b.warn(es.DeleteSnapshot(context.WithoutCancel(ctx), warm)) }()
	}
	journals := []struct {
		name string
		j    *disk.Journal
	}{{"event", s.events}, {"raw", s.raw}}
	for _, j := range journals {
		p, err := j.j.Pin()
		if err != nil {
			return err
		}
		b.pins = append(b.pins, p)
	}
	if err := b.freezeStore(ctx); err != nil {
		return err
	}
	if err := b.walk(); err != nil {
		return err
	}
	// Behind the detectors' snapshots, so that it has the alerts of all entries that these include: what it has of later
	// ones is raised again under the same ids.
	meta := b.staging(filepath.FromSlash(metadataFile))
	if err := errors.Join(os.MkdirAll(filepath.Dir(meta), 0o700), s.metadata.Copy(ctx, meta)); err != nil {
		return err
	}
	b.add(metadataFile, meta, -1)
	for i, j := range journals {
		parts, first, last, err := b.pins[i].Link(b.staging("journal", j.name))
		if err != nil {
			return fmt.Errorf("%s journal: %w", j.name, err)
		}
		for _, p := range parts {
			b.add(path.Join("journal", j.name, p.Name), b.staging("journal", j.name, p.Name), p.Size)
		}
		b.copy.Journals = append(b.copy.Journals, backup.Journal{Name: j.name, ID: j.j.ID(), First: first, Last: last})
	}
	b.unpin()
	return b.config()
}

func (b *backupRun) add(name, from string, size int64) {
	b.sources = append(b.sources, backup.Source{Path: name, From: from, Size: size})
}

func (b *backupRun) leave(name, reason string) {
	b.copy.Left = append(b.copy.Left, backup.Excluded{Path: name, Reason: reason})
}

func (b *backupRun) freezeStore(ctx context.Context) (err error) {
	st := b.s.store.Stats()
	b.copy.Store = backup.Store{Kind: st.Kind, Events: st.Events, Durable: b.s.store.Durable()}
	switch st := b.s.engine.(type) {
	case *embedded.Store:
		if b.pinned, err = st.Pin(); err != nil {
			return err
		}
		b.copy.Store.Events, b.copy.Store.Durable = b.pinned.Events, b.pinned.Durable
		b.sources = append(b.sources, backup.Source{Path: "store/manifest.json", Content: b.pinned.Manifest})
		for _, name := range b.pinned.Files {
			b.add("store/"+name, b.s.path("store", filepath.FromSlash(name)), -1)
		}
	case *elastic.Store:
		n := b.snapshot(st, time.Now().UTC().Format("20060102-150405.000"))
		b.copy.Store.Elastic = &backup.Elastic{Prefix: st.Prefix(), Repository: n.Repository, Location: n.Location, Snapshot: n.Name}
		return st.Snapshot(ctx, n, func(done, total int64) error {
			if b.s.raw.Stats().Full || b.s.events.Stats().Full {
				return errors.New("the journals are full, because they are held while Elasticsearch makes its snapshot: raise journal.*.max_bytes, or back up when less comes in")
			}
			b.o.Progress(backup.Progress{Bytes: done, TotalBytes: total}, "snapshot of Elasticsearch")
			return nil
		})
	}
	return nil
}

func (b *backupRun) snapshot(st *elastic.Store, name string) elastic.Snapshot {
	return elastic.Snapshot{Repository: st.Prefix() + "-backup", Location: b.o.Location, Name: st.Prefix() + "-" + name}
}

// warm has the cluster copy what it has. The snapshot that counts then only copies what came since.
func (b *backupRun) warm(ctx context.Context, st *elastic.Store) (elastic.Snapshot, error) {
	n := b.snapshot(st, "warm-"+time.Now().UTC().Format("20060102-150405.000"))
	if err := st.Flush(ctx); err != nil {
		return n, err
	}
	return n, st.Snapshot(ctx, n, func(done, total int64) error {
		b.o.Progress(backup.Progress{Bytes: done, TotalBytes: total}, "snapshot of Elasticsearch")
		return nil
	})
}

func (b *backupRun) warn(err error) {
	if err != nil {
		b.s.log.WithError(err).Warn("something of a backup is left in Elasticsearch")
	}
}

// dropSnapshot removes the snapshot of a backup that failed.
func (b *backupRun) dropSnapshot(ctx context.Context) error { return b.forget(ctx, b.copy) }

// forget removes what a copy has in Elasticsearch.
func (b *backupRun) forget(ctx context.Context, c *backup.Copy) error {
	st, ok := b.s.engine.(*elastic.Store)
	if !ok || c.Store.Elastic == nil || c.Store.Elastic.Prefix != st.Prefix() {
		return nil
	}
	e := c.Store.Elastic
	return st.DeleteSnapshot(context.WithoutCancel(ctx), elastic.Snapshot{Repository: e.Repository, Location: e.Location, Name: e.Snapshot})
}

// left are the folders and files of the data directory that no copy has.
var left = map[string]string{
	stagingDir:    "",
	"plugins/run": "made anew at every start",
	"exports":     "downloads under way; ask for them again",
	"journal/raw": "", "journal/event": "", // linked by themselves
	path.Dir(metadataFile): "", // copied by itself
	archiveChain:           "", // linked first
	archiveWork:            "",
}

// walk links everything else in the data directory.
func (b *backupRun) walk() error {
	root, err := filepath.EvalSymlinks(b.s.path())
	if err != nil {
		return err
	}
	// A copy of the chain that is ahead of its archive would look as if somebody had cut the archive off.
	if err := b.link(archiveChain, filepath.Join(root, archiveChain)); err != nil {
		return err
	}
	return filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was there when its folder was read
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		reason, out := left[name]
		if name == "store" {
			reason, out = "of the embedded store, which is not in use", true
			if b.copy.Store.Kind == "embedded" {
				reason = "" // is pinned
			}
		}
		if out {
			if reason != "" {
				b.leave(name, reason)
			}
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.Type()&fs.ModeSymlink != 0 {
			b.leave(name, "a symbolic link: what it leads to is not copied")
			return nil
		}
		switch {
		case e.IsDir() && strings.HasSuffix(name, durable.Suffix): // is being made or removed
			return fs.SkipDir
		case e.IsDir(), !e.Type().IsRegular(), strings.HasSuffix(name, durable.Suffix), path.Base(name) == "lock", path.Base(name) == "LOCK":
			return nil
		case name == TokenFile && !b.o.Secrets:
			b.leave(name, "a secret: a new one is made at the next start, or ask for it with --secrets")
			return nil
		case name == configCopy:
			return nil
		}
		return b.link(name, file)
	})
}

func (b *backupRun) link(name, file string) error {
	to := b.staging(filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	size, err := disk.LinkOrCopy(file, to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone meanwhile
	}
	if err != nil {
		return err
	}
	b.add(name, to, size)
	return nil
}

// config adds the configuration, and tells which files it names are not in the copy.
func (b *backupRun) config() error {
	file := b.s.cfg.File()
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	b.sources = append(b.sources, backup.Source{Path: configCopy, Content: text})
	for _, f := range b.s.cfg.SecretFiles() {
		b.leave(f, "a key, certificate or password that the configuration names: keep it elsewhere")
	}
	return nil
}

func (b *backupRun) unpin() {
	for _, p := range b.pins {
		p.Release()
	}
}

func (b *backupRun) release() {
	b.unpin()
	if b.pinned != nil {
		b.pinned.Release()
	}
	if err := os.RemoveAll(b.staging()); err != nil {
		b.s.log.WithError(err).Warn("what a backup needed meanwhile cannot be removed; the next start tries again")
	}
}

// BackupStopped makes a copy of the data of a host that does not run.
func BackupStopped(ctx context.Context, cfg *config.Config, log *logrus.Logger, version string, o BackupOptions) (c *backup.Copy, err error) {
	s, err := openStopped(ctx, cfg, log, version)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := errors.Join(s.openMetadata(ctx), s.openStore(ctx)); err != nil {
		return nil, err
	}
	return s.Backup(ctx, o)
}

// RestoreElasticsearch brings the events of a copy back into an empty cluster.
func RestoreElasticsearch(ctx context.Context, cfg *config.Config, c *backup.Copy) error {
	e := c.Store.Elastic
	if e == nil {
		return nil
	}
	if cfg.Store.Elasticsearch == nil {
		return errors.New("the events of this copy are in Elasticsearch: name the configuration with store.elasticsearch by --config")
	}
	if cfg.Store.Elasticsearch.Prefix != e.Prefix {
		return fmt.Errorf("the copy was made with store.elasticsearch.prefix: %s, the configuration says %s", e.Prefix, cfg.Store.Elasticsearch.Prefix)
	}
	o, err := elasticOptions(cfg)
	if err != nil {
		return err
	}
	return elastic.Restore(ctx, o, elastic.Snapshot{Repository: e.Repository, Location: e.Location, Name: e.Snapshot}, c.Store.Durable)
}

// backups runs one backup at a time, for the API.
type backups struct {
	mu     sync.Mutex
	status *api.BackupStatus // nil: none was begun since the start
	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended
}

// stop cancels the backup that runs and waits for it.
func (b *backups) stop() error {
	b.mu.Lock()
	cancel, done := b.cancel, b.done
	b.mu.Unlock()
	if cancel != nil {
		cancel()
		<-done
	}
	return nil
}

type backupsAPI struct{ s *Service }

func (a backupsAPI) Start(r api.BackupRequest) (api.BackupStatus, error) {
	b := &a.s.backups
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status != nil && b.status.State == api.BackupRunning {
		return *b.status, fmt.Errorf("%w: a backup into %s is running", api.ErrConflict, b.status.Directory)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	b.cancel, b.done = cancel, done
	b.status = &api.BackupStatus{State: api.BackupRunning, Directory: r.Directory, Started: time.Now().UTC(), Step: "preparing"}
	go func() {
		defer close(done)
		defer cancel()
		c, err := a.s.Backup(ctx, BackupOptions{
			Dir: r.Directory, Keep: r.Keep, Secrets: r.Secrets, Location: r.Location,
			Progress: func(p backup.Progress, step string) {
				b.mu.Lock()
				defer b.mu.Unlock()
				st := b.status
				st.Step, st.Files, st.TotalFiles, st.Bytes, st.TotalBytes, st.Copied = step, p.Files, p.TotalFiles, p.Bytes, p.TotalBytes, p.Copied
			},
		})
		b.end(ctx, c, err)
		if err != nil {
			a.s.log.WithError(err).Error("a backup did not succeed")
		} else {
			a.s.log.WithField("copy", c.Name).WithField("directory", r.Directory).Info("a backup is done")
		}
	}()
	return *b.status, nil
}

func (b *backups) end(ctx context.Context, c *backup.Copy, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	st := b.status
	st.Ended, st.Step, st.State = time.Now().UTC(), "", api.BackupDone
	if err != nil {
		st.State, st.Error = api.BackupFailed, err.Error()
		if ctx.Err() != nil {
			st.State = api.BackupCancelled
		}
		return
	}
	st.Name, st.Events = c.Name, c.Store.Events
	for _, l := range c.Left {
		st.Left = append(st.Left, api.BackupLeft{Path: l.Path, Reason: l.Reason})
	}
}

func (a backupsAPI) Status() (api.BackupStatus, error) {
	b := &a.s.backups
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status == nil {
		return api.BackupStatus{}, fmt.Errorf("%w: no backup was begun since the host started", api.ErrNotFound)
	}
	return *b.status, nil
}

func (a backupsAPI) Cancel() (api.BackupStatus, error) {
	st, err := a.Status()
	if err == nil {
		err = a.s.backups.stop()
	}
	if err != nil {
		return st, err
	}
	return a.Status()
}
