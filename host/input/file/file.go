// Package file is the input that follows log files.
//
// The one idea: a position is saved only when the lines before it are durable, and it belongs to the file,
// not to its name. A file is known by device, inode and a fingerprint of its first bytes, so that a file
// renamed by logrotate is read to its end, one that was truncated in place (copytruncate) or that reuses an
// inode is read from its beginning, and nothing is read under two names. After a crash the lines since the
// last saved position, at most a second's, are read again.
//
// Two things a reader of files cannot see: a file truncated in place that grows beyond its old size within
// one interval and begins with the same 1024 bytes, and that a copy is one. So with copytruncate the
// patterns must not match the copies, or these are read as well.
//
// Files are polled: it works on every file system and costs an fstat a file and interval.
package file

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/input"
)

// What a zero in Config means, and what need not be configured.
const (
	defaultPoll     = 250 * time.Millisecond
	defaultMaxFiles = 1024

	// searchEvery is how often the patterns are looked up for new files.
	searchEvery = time.Second
	// saveEvery is how often positions are saved.
	saveEvery = time.Second
	// unfinishedAfter is how long a line without a newline waits for its rest before it counts as a line.
	unfinishedAfter = 5 * time.Second
	// rotatedAfter is how long a file that has lost its name is kept open after it last grew: the writer may
	// not have noticed yet.
	rotatedAfter = 30 * time.Second
	// forgetAfter is how long the position of a file that is gone is kept.
	forgetAfter = 7 * 24 * time.Hour
)

// Config of a file input.
type Config struct {
	input.Common
	// Paths are files or patterns as of [filepath.Match], e.g. /var/log/nginx/*.log. Names that end in .gz,
	// .bz2, .xz or .zst are left out.
	Paths []string
	// FromStart reads files that are found when the input first runs from their beginning. Otherwise they
	// are followed from their end. Files that appear later are always read from their beginning.
	FromStart bool
	// Poll is how often files are looked at. 0 means 250 ms.
	Poll time.Duration
	// MaxFiles bounds the files followed at once; more are reported and not read. 0 means 1024.
	MaxFiles int

	unfinishedAfter, rotatedAfter time.Duration // for tests
}

// Input follows files. Made by New.
type Input struct {
	cfg   Config
	env   input.Env
	count input.Counters
	saved string // file of the saved positions

	running atomic.Bool

	// what follows belongs to Run
	batcher *input.Batcher
	files   map[identity]*tail
	old     map[identity]checkpoint // saved positions of files that are not open
	first   bool                    // nothing was ever saved: files found now are there already
	dirty   bool                    // something else than a position has changed since the last save
	refused int                     // files beyond MaxFiles at the last search
	// reported are files that cannot be opened and have been told of.
	reported map[string]bool
	piece    []byte // what is read at once
}

var _ input.Input = (*Input)(nil)

// New checks a configuration.
func New(cfg Config, env input.Env) (*Input, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if len(cfg.Paths) == 0 {
		return nil, fmt.Errorf("input %s: no paths: name files or patterns such as /var/log/nginx/*.log", cfg.Name)
	}
	for _, p := range cfg.Paths {
		if _, err := filepath.Match(p, ""); err != nil {
			return nil, fmt.Errorf("input %s: path %q is no pattern: %w; a bracket that is meant as such is written \\[", cfg.Name, p, err)
		}
	}
	if env.Dir == "" {
		return nil, fmt.Errorf("input %s: has no folder for its positions", cfg.Name)
	}
	setDefault(&cfg.Poll, defaultPoll)
	setDefault(&cfg.MaxFiles, defaultMaxFiles)
	setDefault(&cfg.unfinishedAfter, unfinishedAfter)
	setDefault(&cfg.rotatedAfter, rotatedAfter)
	if cfg.Poll < time.Millisecond || cfg.MaxFiles < 1 {
		return nil, fmt.Errorf("input %s: %d files every %s: want at least one, and 1 ms", cfg.Name, cfg.MaxFiles, cfg.Poll)
	}
	return &Input{cfg: cfg, env: env, saved: filepath.Join(env.Dir, cfg.Name+".positions.json")}, nil
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Name implements [input.Input].
func (in *Input) Name() string { return in.cfg.Name }

// Stats implements [input.Input].
func (in *Input) Stats() input.Stats {
	return in.count.Snapshot("file", &in.cfg.Common, in.cfg.Paths...)
}

// Run implements [input.Input]. Positions are saved when it returns. One Run at a time.
func (in *Input) Run(ctx context.Context) (err error) {
	if !in.running.CompareAndSwap(false, true) {
		return fmt.Errorf("input %s is running already", in.cfg.Name)
	}
	defer in.running.Store(false)
	in.count.Begin()
	defer func() { in.count.End(err) }()
	in.files, in.reported = map[identity]*tail{}, map[string]bool{}
	in.piece = make([]byte, readPiece)
	if in.old, in.first, err = load(in.saved); err != nil {
		return fmt.Errorf("input %s: %w", in.cfg.Name, err)
	}
	in.batcher = input.NewBatcher(in.env, &in.cfg.Common, &in.count, true)
	var reader sync.WaitGroup
	reader.Go(func() { in.follow(ctx) })
	<-ctx.Done()
	if err := in.batcher.Shutdown(&reader); err != nil {
		in.env.Log("%v; it is read again when the input runs next", err)
	}
	err = in.save()
	for _, f := range in.files {
		in.close(f)
	}
	return err
}

// follow reads until ctx is done.
func (in *Input) follow(ctx context.Context) {
	in.search(true)
	tick := time.NewTicker(in.cfg.Poll)
	defer tick.Stop()
	searched, saved := time.Now(), time.Now()
	for ctx.Err() == nil {
		more := in.poll(ctx)
		if time.Since(searched) >= min(searchEvery, 4*in.cfg.Poll) {
			in.search(false)
			searched = time.Now()
		}
		if time.Since(saved) >= saveEvery {
			if err := in.save(); err != nil {
				in.count.Fail(err)
				in.env.Log("input %s: %v", in.cfg.Name, err)
			}
			saved = time.Now()
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// poll gives every file a turn. more says that at least one has bytes left.
func (in *Input) poll(ctx context.Context) (more bool) {
	for id, f := range in.files {
		if ctx.Err() != nil {
			return false
		}
		left, err := f.turn()
		switch {
		case errors.Is(err, input.ErrClosed):
			return false
		case err != nil:
			in.fail(f, err)
		case f.done():
			if err := f.finish(); err != nil {
				in.fail(f, err)
				continue
			}
			in.retire(id, f)
		}
		more = more || left
	}
	return more
}

// fail reports an error once a minute and file.
func (in *Input) fail(f *tail, err error) {
	in.count.Fail(fmt.Errorf("%s: %w", f.path, err))
	if time.Since(f.failed) > time.Minute {
		f.failed = time.Now()
		in.env.Log("input %s: %s: %v; trying again", in.cfg.Name, f.path, err)
	}
}
